//! Reading: which record belongs to whom.
//!
//! For each record the names that its row may have are computed and looked up, the current form first. A row that stands
//! there in its current form for some record is not taken for an older form of another record's: `a-foo` is the row of `foo`
//! before it is an untyped row of a host called `a-foo`.

use super::TxtRegistry;
use super::former::Former;
use crate::Owned;
use crate::names::RowNames;
use crate::payload;
use crate::rows::{Obstacle, Obstacles, Row, RowSite, Rows, Users, Vouched};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use zonewright_planner::{
    ALIAS, DnsName, Labels, OWNER, Owner, Ownership, Record, RecordKey, RecordType, Shares, Target,
};

/// A listing in which records and rows are told apart.
pub(crate) struct Sorted {
    /// The records, labelled.
    pub(crate) records: Vec<Record>,
    /// The rows, of whomever.
    pub(crate) rows: Vec<Found>,
    /// Which row each record has.
    pub(crate) sources: Vec<Source>,
    obstacles: Obstacles,
    pub(crate) leftovers: BTreeSet<RowSite>,
    prunable: BTreeSet<RowSite>,
    pub(crate) claims: BTreeMap<RecordKey, Owner>,
    /// What owners say of the records that they share.
    shares: Shares,
    pub(crate) warnings: Vec<String>,
}

/// A record that is an ownership row, and what it says.
pub(crate) struct Found {
    /// Without its targets where `labels` say it all: the texts of a large zone are a fifth of its memory.
    pub(crate) record: Record,
    pub(crate) labels: Labels,
    is_implied: bool,
}

impl Found {
    fn new(mut record: Record, labels: Labels) -> Self {
        let is_implied = match record.targets.as_slice() {
            [Target::Text(text)] => payload::is_text_of(text, &labels),
            _ => false,
        };
        if is_implied {
            record.targets = Vec::new();
        }
        Self { record, labels, is_implied }
    }

    /// The row as it was read.
    pub(crate) fn into_record(self) -> Record {
        let Self { mut record, labels, is_implied } = self;
        if is_implied {
            record.targets = vec![Target::Text(payload::quoted(&payload::to_text(&labels)).into())];
        }
        record
    }

    /// What has to be remembered of it. `of` is the record of its own zone that it vouches for, when it is the only one it can.
    fn into_row(self, of: Option<Vouched<'_>>, users: Users) -> (DnsName, Row) {
        let implied_by = of.filter(|of| self.is_implied && users.is_empty() && *of.labels == self.labels);
        if let Some(row) = implied_by.and_then(|of| Row::implied(&self.record, of)) {
            return row;
        }
        Row::new(self.into_record(), of, users)
    }
}

/// How a record's row was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Under the name that this version writes.
    Current,
    /// Under a name that some other version or configuration wrote.
    Older,
    /// Under a name that this version would write with a former affix, or an older form of such a name.
    Former,
    /// Under the CNAME name of an alias, as versions before 0.22 wrote it.
    AliasAsCname,
}

/// For one record: which row, and in which form.
pub(crate) type Source = Option<(u32, Form)>;

/// Rows by name; rows of one name are chained in the order in which they were read.
pub(super) struct Index<'a> {
    pub(super) rows: &'a [Found],
    first: HashMap<&'a str, u32>,
    next: Vec<u32>,
}

const END: u32 = u32::MAX;

impl<'a> Index<'a> {
    fn new(rows: &'a [Found]) -> Self {
        let mut first = HashMap::with_capacity(rows.len());
        let mut next = vec![END; rows.len()];
        for (i, row) in (0..END).zip(rows) {
            if let Some(earlier) = first.insert(row.record.name.as_str(), i) {
                next[i as usize] = earlier;
            }
        }
        Self { rows, first, next }
    }

    fn at(&self, i: u32) -> &'a Found {
        &self.rows[i as usize]
    }

    /// Rows of a name and set identifier, the last read first.
    fn all<'i>(&'i self, name: &str, set_identifier: &'i str) -> impl Iterator<Item = u32> + 'i {
        let start = self.first.get(name).copied().unwrap_or(END);
        let chain = std::iter::successors(Some(start), |i| self.next.get(*i as usize).copied());
        chain.take_while(|i| *i != END).filter(move |i| *self.at(*i).record.set_identifier == *set_identifier)
    }

    pub(super) fn in_zone(&self, name: &str, record: &Record) -> Option<u32> {
        self.all(name, &record.set_identifier).find(|i| self.at(*i).record.zone == record.zone)
    }
}

impl TxtRegistry {
    /// See [`crate::Registry::read`].
    pub fn read(&self, records: Vec<Record>) -> Owned {
        let sorted = self.sort_out(records);
        let Sorted { records, rows, sources, obstacles, leftovers, prunable, claims, shares, warnings } =
            sorted;
        let rows = self.kept(rows, &records, &sources, obstacles);
        let rows =
            rows.with_leftovers(leftovers).with_prunable(prunable).with_shares(self.our_shares(&shares));
        Owned { records, rows, claims, shares, warnings }
    }

    /// Tells records from rows, and notes on each record what its row says.
    pub(crate) fn sort_out(&self, records: Vec<Record>) -> Sorted {
        // Room for every row at once: a list that grows by doubling would be the peak of the whole cycle.
        let texts_in_zone = records.iter().filter(|record| record.record_type == RecordType::Txt).count();
        let mut rows = Vec::with_capacity(texts_in_zone);
        let mut obstacles = Obstacles::new();
        let mut shares = Shares::new();
        let mut records: Vec<Record> = records
            .into_iter()
            .filter_map(|mut record| match self.row_labels(&record) {
                Some(labels) => {
                    rows.push(Found::new(record, labels));
                    None
                }
                None if let Some((key, share)) = self.share(&record) => {
                    shares.entry(key).or_default().push(share);
                    None
                }
                None => {
                    record.ownership = Ownership::default();
                    self.note_text(&record, &mut obstacles);
                    Some(record)
                }
            })
            .collect();
        records.shrink_to_fit();
        let index = Index::new(&rows);
        let mut former = self.former_of(&records, &index);
        let sources = self.sources(&records, &index, &mut former);
        let mut claims = self.claims(&records, &index, &sources);
        drop(index);
        let leftovers = self.leftover_sites(&records, &rows, &sources, &former);
        self.note_former(&former, &rows, &sources, &mut obstacles);
        let ours: Arc<str> = self.owner.as_str().into();
        let shared = self.shared_while_migrating(&sources);
        for (record, source) in records.iter_mut().zip(&sources) {
            let is_shared = source.is_some_and(|(row, _)| shared.contains(&row));
            self.label(record, *source, is_shared, &rows, &obstacles, &ours);
        }
        let prunable = self.prunable(&mut records, &rows, &sources, &former);
        shares
            .values_mut()
            .for_each(|all| all.sort_by(|a, b| (&a.owner, &a.row.name).cmp(&(&b.owner, &b.row.name))));
        self.label_shared(&mut records, &sources, &shares);
        self.share_claims(&records, &shares, &mut claims);
        self.note_unowned(&records, &mut obstacles);
        let mut warnings = warnings(&records, &sources);
        warnings.extend(former.warning(&rows));
        Sorted { records, rows, sources, obstacles, leftovers, prunable, claims, shares, warnings }
    }

    fn note_text(&self, record: &Record, obstacles: &mut Obstacles) {
        if record.record_type == RecordType::Txt
            && self.names.is_typed(record.name.as_str(), |t| self.managed.contains(t))
        {
            obstacles.insert((record.name.clone(), record.set_identifier.clone()), Obstacle::Text);
        }
    }

    /// A row that two records may share must not be written for one while the other is not ours: it would become ours.
    fn note_unowned(&self, records: &[Record], obstacles: &mut Obstacles) {
        let mut name = String::new();
        for record in records
            .iter()
            .filter(|r| !r.is_owned_by(Some(&self.owner)) || r.ownership.migrate_from.is_some())
            .filter(|r| self.managed.contains(&r.record_type))
        {
            self.names.typed_into(record.name.as_str(), &record.record_type, &mut name);
            if self.names.collisions().possible(&name)
                && self.names.records_of(&name, |t| self.managed.contains(t)).len() > 1
                && let Ok(row) = DnsName::parse(&name)
            {
                obstacles.entry((row, record.set_identifier.clone())).or_insert(Obstacle::Unowned);
            }
        }
    }

    /// Finds the row of every record.
    fn sources(&self, records: &[Record], index: &Index<'_>, former: &mut Former) -> Vec<Source> {
        if index.rows.is_empty() {
            return vec![None; records.len()];
        }
        let mut name = String::new();
        let mut is_used = vec![false; index.rows.len()];
        let mut sources: Vec<Source> = records
            .iter()
            .map(|record| {
                let has_row = self.names.typed_into(record.name.as_str(), &record.record_type, &mut name);
                let row = index.in_zone(&name, record).filter(|_| has_row)?;
                is_used[row as usize] = true;
                Some((row, Form::Current))
            })
            .collect();
        // Rows in other zones come second: of two zones with one name each has its own row. The row of an apex lies outside.
        let mut elsewhere = Vec::new();
        for (i, record) in records.iter().enumerate().filter(|(i, _)| sources[*i].is_none()) {
            if self.names.typed_into(record.name.as_str(), &record.record_type, &mut name) {
                let row = index.all(&name, &record.set_identifier).find(|row| !is_used[*row as usize]);
                elsewhere.extend(row.map(|row| (i, row)));
            }
        }
        for (i, row) in elsewhere {
            is_used[row as usize] = true;
            sources[i] = Some((row, Form::Current));
        }
        former.settle(&mut sources, &mut is_used);
        for (source, record) in sources.iter_mut().zip(records).filter(|(source, _)| source.is_none()) {
            *source = self.older_source(&self.names, record, index, &is_used, &mut name).or_else(|| {
                let mut former = self.former.iter();
                let (row, _) =
                    former.find_map(|names| self.older_source(names, record, index, &is_used, &mut name))?;
                Some((row, Form::Former))
            });
        }
        sources
    }

    /// Finds a row in one of the older forms of these names.
    fn older_source(
        &self,
        names: &RowNames,
        record: &Record,
        index: &Index<'_>,
        is_used: &[bool],
        name: &mut String,
    ) -> Source {
        let record_type = &record.record_type;
        if !record_type.is_known() {
            return None;
        }
        let find = |name: &str| {
            let free = |i: &u32| !is_used[*i as usize];
            let here = |i: &u32| index.at(*i).record.zone == record.zone;
            let mut rows = index.all(name, &record.set_identifier).filter(free);
            let first = rows.next()?;
            Some(if here(&first) { first } else { rows.find(here).unwrap_or(first) })
        };
        // What has the current form of a managed type is that and nothing older: ExternalDNS writes only that form now.
        let is_typed = |name: &str| {
            let mut all = std::iter::once(&self.names).chain(&self.former);
            all.any(|names| names.is_typed(name, |t| self.managed.contains(t)))
        };
        let find_older = |name: &str| find(name).filter(|_| !is_typed(name));
        let text = record.name.as_str();
        let older = |row: u32| Some((row, Form::Older));

        let row = names.international(&record.name, record_type).and_then(|name| find(name.as_str()));
        if let Some(row) = row {
            return older(row);
        }
        if names.placeholder_dropped_into(text, record_type, name)
            && let Some(row) = find_older(name)
        {
            return older(row);
        }
        if is_alias(record) {
            names.typed_into(text, &RecordType::Cname, name);
            if let Some(row) = find(name) {
                return Some((row, Form::AliasAsCname));
            }
        }
        // AAAA came with the typed form.
        if *record_type == RecordType::Aaaa {
            return None;
        }
        names.untyped_into(text, name);
        find_older(name).and_then(older)
    }

    /// Notes on a record what its row says.
    fn label(
        &self,
        record: &mut Record,
        source: Source,
        is_shared: bool,
        rows: &[Found],
        obstacles: &Obstacles,
        ours: &Arc<str>,
    ) {
        if let Some((row, _)) = source {
            let labels = &rows[row as usize].labels;
            if record.labels.is_empty() {
                record.labels = labels.clone();
            } else {
                labels.iter().for_each(|(key, value)| record.labels.set(key, value));
            }
        }
        if let Some(from) = self
            .migrate_from
            .as_ref()
            .filter(|from| !is_shared && record.labels.owner() == Some(from.as_str()))
        {
            record.ownership.migrate_from = Some(from.clone());
            record.labels.set(OWNER, ours.clone());
        }
        let is_current = matches!(source, Some((_, Form::Current)));
        if !is_current
            && !rows.is_empty()
            && self.managed.contains(&record.record_type)
            && record.is_owned_by(Some(&self.owner))
        {
            let row = self.row_name(&record.name, &record.record_type);
            let is_to_be_written = row.is_some_and(|row| {
                obstacles.is_empty() || !obstacles.contains_key(&(row, record.set_identifier.clone()))
            });
            record.ownership.row_moved = is_to_be_written && matches!(source, Some((_, Form::Former)));
            record.ownership.row_missing = is_to_be_written && !record.ownership.row_moved;
        }
    }

    /// Rows that several records use, while owners are migrated: rewriting one for a record that is asked for would take the
    /// others along.
    fn shared_while_migrating(&self, sources: &[Source]) -> HashSet<u32> {
        let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
        if self.migrate_from.is_some() && !self.names.collisions().are_impossible() {
            for (row, _) in sources.iter().flatten().filter(|(_, form)| *form == Form::Current) {
                if !seen.insert(*row) {
                    shared.insert(*row);
                }
            }
        }
        shared
    }

    /// Rows of other owners whose record does not exist.
    fn claims(
        &self,
        records: &[Record],
        index: &Index<'_>,
        sources: &[Source],
    ) -> BTreeMap<RecordKey, Owner> {
        let mut users: HashMap<u32, Vec<&Record>> = HashMap::new();
        let mut is_used = vec![false; index.rows.len()];
        for (record, source) in records.iter().zip(sources) {
            let Some((row, Form::Current)) = source else { continue };
            is_used[*row as usize] = true;
            if self.names.collisions().possible(index.at(*row).record.name.as_str()) {
                users.entry(*row).or_default().push(record);
            }
        }
        let mut claims = BTreeMap::new();
        for (i, row) in (0..END).zip(index.rows) {
            let name = row.record.name.as_str();
            let is_taken_over = || users.contains_key(&i).then(|| self.migrate_from.clone()).flatten();
            let former = || is_taken_over().filter(|from| row.labels.get(OWNER) == Some(from.as_str()));
            let Some(owner) = self.foreign_owner(&row.labels).or_else(former) else { continue };
            if is_used[i as usize] && !self.names.collisions().possible(name) {
                continue;
            }
            let users = users.get(&i).map_or(&[] as &[&Record], Vec::as_slice);
            for (name, record_type) in self.names.records_of(name, |t| self.managed.contains(t)) {
                if !users.iter().any(|record| record.name == name && record.record_type == record_type) {
                    let set_identifier = row.record.set_identifier.clone();
                    claims.insert(RecordKey { name, record_type, set_identifier }, owner.clone());
                }
            }
        }
        claims
    }

    fn foreign_owner(&self, labels: &Labels) -> Option<Owner> {
        let owner = labels.get(OWNER)?;
        let is_ours = owner == self.owner.as_str()
            || self.migrate_from.as_ref().is_some_and(|from| owner == from.as_str());
        if is_ours { None } else { Owner::new(owner) }
    }

    /// Boils the rows down to what has to be remembered.
    fn kept(&self, rows: Vec<Found>, records: &[Record], sources: &[Source], obstacles: Obstacles) -> Rows {
        let collisions = self.names.collisions();
        let mut only: Vec<u32> = vec![END; rows.len()];
        let mut shared: HashMap<u32, Users> = HashMap::new();
        for ((i, record), source) in (0..END).zip(records).zip(sources) {
            let Some((row, Form::Current)) = source else { continue };
            let of = &rows[*row as usize].record;
            if collisions.possible(of.name.as_str()) {
                shared.entry(*row).or_default().push((record.name.clone(), record.record_type.clone()));
            } else if of.zone == record.zone {
                only[*row as usize] = i;
            }
        }
        let kept = rows.into_iter().zip(only).enumerate().map(|(i, (row, only))| {
            let of = records.get(only as usize);
            let of = of.map(|record| Vouched { labels: &record.labels, properties: &record.properties });
            let users = u32::try_from(i).ok().and_then(|i| shared.remove(&i)).unwrap_or_default();
            row.into_row(of, users)
        });
        Rows::new(kept, obstacles, collisions.clone())
    }
}

/// Upstream's notion of an A that is an alias.
pub(crate) fn is_alias(record: &Record) -> bool {
    record.record_type == RecordType::A && matches!(record.properties.get(ALIAS), Some("true" | "A"))
}

fn warnings(records: &[Record], sources: &[Source]) -> Vec<String> {
    let mut aliases = records
        .iter()
        .zip(sources)
        .filter(|(record, source)| {
            matches!(source, Some((_, Form::AliasAsCname))) && record.ownership.row_missing
        })
        .map(|(record, _)| &record.name);
    let Some(first) = aliases.next() else { return Vec::new() };
    let count = aliases.count() + 1;
    vec![format!(
        "the ownership of {count} alias record(s), such as {first}, stands in cname- rows of an ExternalDNS before 0.22; \
         it is written anew with the next update"
    )]
}

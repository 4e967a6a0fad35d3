//! What has to be remembered about ownership rows between reading and writing.
//!
//! Most rows say exactly what would be written for their record. Of those only name and TTL are kept; the rest is made anew
//! from the record when it is needed. That halves the memory of a large zone.

use crate::names::Collisions;
use crate::payload::{is_text_of, quoted, to_text};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zonewright_planner::{
    Change, DeleteReason, DnsName, Endpoint, Labels, Ownership, Properties, Record, RecordKey, RecordType,
    Share, Shares, Target, Ttl, ZoneId,
};
use zonewright_provider_kit::{RowChange, ZoneChange};

/// The ownership rows of a listing, kept up to date with what is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// A tree, because half of a hash table of this size is empty.
    by_name: BTreeMap<DnsName, Slot>,
    obstacles: Obstacles,
    collisions: Collisions,
    /// Rows of ours that vouch for no record that exists.
    leftovers: BTreeSet<RowSite>,
    /// Rows of ours under former names that go as soon as their record has one under today's.
    prunable: BTreeSet<RowSite>,
    /// What we say of records that owners share. As it was read: such a record is written only right after that.
    shares: Shares,
    /// Records whose ownership stands elsewhere by now, with the row that is of no use any more.
    replaced: BTreeMap<(RecordKey, ZoneId), RowSite>,
}

/// Where a row stands: name, set identifier, zone.
pub(crate) type RowSite = (DnsName, Arc<str>, ZoneId);

/// What keeps rows from being written, by name and set identifier of the row.
pub(crate) type Obstacles = BTreeMap<(DnsName, Arc<str>), Obstacle>;

/// Why a row must not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// A TXT record that is no row stands there.
    Text,
    /// The row would make a record ours that is not: it could be the row of both.
    Unowned,
    /// The row that stands there is the one of another record, under a former name.
    Former,
}

/// The rows of one name: nearly always one.
#[derive(Debug, Clone, PartialEq)]
enum Slot {
    One(Row),
    Many(Vec<Row>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// `None` for plain record sets.
    set_identifier: Option<Arc<str>>,
    /// `None` for "where its record is".
    zone: Option<ZoneId>,
    ttl: Ttl,
    /// Where names collide: the records that this row vouches for.
    users: Option<Box<Users>>,
    content: Content,
}

#[derive(Debug, Clone, PartialEq)]
enum Content {
    /// What would be written for its record; `true` if the record's properties stand on the row, too.
    Regular(bool),
    /// Anything else, as it was read.
    Odd(Box<Record>),
}

/// What of a record shows on its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vouched<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) properties: &'a Properties,
}

/// Records that share a row. Empty for nearly every row.
pub(crate) type Users = Vec<(DnsName, RecordType)>;

impl Row {
    /// Keeps a row. `of` is the record of its own zone that it vouches for, when it is the only one it ever can.
    pub(crate) fn new(row: Record, of: Option<Vouched<'_>>, users: Users) -> (DnsName, Self) {
        let set_identifier = (!row.set_identifier.is_empty()).then(|| row.set_identifier.clone());
        let (name, zone, ttl) = (row.name.clone(), Some(row.zone.clone()), row.ttl);
        let of = of.filter(|of| match row.targets.as_slice() {
            [Target::Text(text)] => is_text_of(text, of.labels),
            _ => false,
        });
        let content = match of.and_then(|of| regular(&row, of)) {
            Some(content) => content,
            None => Content::Odd(Box::new(row)),
        };
        let users = (!users.is_empty()).then(|| Box::new(users));
        (name, Self { set_identifier, zone, ttl, users, content })
    }

    /// Keeps a row of which it is known that it says what the labels of its record make it say, its text being dropped already.
    /// `None` where it bears more than that.
    pub(crate) fn implied(row: &Record, of: Vouched<'_>) -> Option<(DnsName, Self)> {
        let content = regular(row, of)?;
        let set_identifier = (!row.set_identifier.is_empty()).then(|| row.set_identifier.clone());
        let (zone, ttl) = (Some(row.zone.clone()), row.ttl);
        Some((row.name.clone(), Self { set_identifier, zone, ttl, users: None, content }))
    }

    fn set_identifier(&self) -> &str {
        self.set_identifier.as_deref().unwrap_or_default()
    }

    /// The row as it was read, given the record it vouches for.
    pub(crate) fn record(&self, name: &DnsName, of: &Record) -> Record {
        let zone = self.zone.clone().unwrap_or_else(|| of.zone.clone());
        match &self.content {
            Content::Odd(row) => Record { zone, ..(**row).clone() },
            Content::Regular(with_properties) => Record {
                zone,
                name: name.clone(),
                record_type: RecordType::Txt,
                set_identifier: of.set_identifier.clone(),
                ttl: self.ttl,
                targets: vec![Target::Text(quoted(&to_text(&of.labels)).into())],
                labels: Labels::new(),
                properties: if *with_properties { of.properties.clone() } else { Properties::new() },
                spelling: None,
                ownership: Ownership::default(),
            },
        }
    }

    /// The row as it was read, unless it says what its record makes it say.
    pub(crate) fn odd(&self) -> Option<Record> {
        match &self.content {
            Content::Odd(row) => Some(Record {
                zone: self.zone.clone().unwrap_or_else(|| row.zone.clone()),
                ..(**row).clone()
            }),
            Content::Regular(_) => None,
        }
    }

    /// Whether it vouches for a record other than this one.
    pub(crate) fn has_other_users(&self, record: &Record) -> bool {
        let mut users = self.users.as_deref().into_iter().flatten();
        users.any(|(name, record_type)| *name != record.name || *record_type != record.record_type)
    }
}

/// What to keep of a row that says what it should, unless it bears anything else.
fn regular(row: &Record, of: Vouched<'_>) -> Option<Content> {
    let is_plain = row.labels.is_empty() && row.spelling.is_none();
    if !is_plain {
        return None;
    }
    if row.properties.is_empty() {
        return Some(Content::Regular(false));
    }
    (row.properties == *of.properties).then_some(Content::Regular(true))
}

impl Slot {
    fn rows(&self) -> &[Row] {
        match self {
            Self::One(row) => std::slice::from_ref(row),
            Self::Many(rows) => rows,
        }
    }

    fn add(&mut self, row: Row) {
        *self = match std::mem::replace(self, Self::Many(Vec::new())) {
            Self::One(first) => Self::Many(vec![first, row]),
            Self::Many(mut rows) => {
                rows.push(row);
                Self::Many(rows)
            }
        };
    }
}

impl Rows {
    /// Collects rows as read, and what keeps others from being written.
    pub(crate) fn new(
        rows: impl Iterator<Item = (DnsName, Row)>,
        obstacles: Obstacles,
        collisions: Collisions,
    ) -> Self {
        let mut rows: Vec<(DnsName, Row)> = rows.collect();
        // In order, so that the nodes of the tree are filled to the end.
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut rows = rows.into_iter().peekable();
        let slots = std::iter::from_fn(|| {
            let (name, first) = rows.next()?;
            let mut slot = Slot::One(first);
            while let Some((_, row)) = rows.next_if(|(other, _)| *other == name) {
                slot.add(row);
            }
            Some((name, slot))
        });
        Self { by_name: slots.collect(), obstacles, collisions, ..Self::default() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.by_name.values().map(|slot| slot.rows().len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// A row by name and set identifier, in one zone or in any. Of several the last read counts.
    pub(crate) fn find(&self, name: &DnsName, set_identifier: &str, zone: Option<&ZoneId>) -> Option<&Row> {
        let rows = self.by_name.get(name)?.rows();
        rows.iter().rev().find(|row| {
            let is_there = zone.is_none() || row.zone.is_none() || row.zone.as_ref() == zone;
            is_there && row.set_identifier() == set_identifier
        })
    }

    /// Whether any row may be written.
    pub(crate) fn has_no_obstacles(&self) -> bool {
        self.obstacles.is_empty()
    }

    /// What keeps a row from being written.
    pub(crate) fn obstacle(&self, name: &DnsName, set_identifier: &str) -> Option<Obstacle> {
        if self.has_no_obstacles() {
            return None;
        }
        self.obstacles.get(&(name.clone(), set_identifier.into())).copied()
    }

    /// The rows that may be those of several records.
    pub(crate) fn shareable(&self) -> Self {
        let kept = self.by_name.iter().filter(|(name, _)| self.collisions.possible(name.as_str()));
        let by_name = kept.map(|(name, slot)| (name.clone(), slot.clone())).collect();
        let (obstacles, collisions) = (Obstacles::new(), self.collisions.clone());
        Self { by_name, obstacles, collisions, ..Self::default() }
    }

    /// Notes which rows vouch for no record.
    pub(crate) fn with_leftovers(mut self, leftovers: BTreeSet<RowSite>) -> Self {
        self.leftovers = leftovers;
        self
    }

    /// Notes which rows under former names are to go.
    pub(crate) fn with_prunable(mut self, prunable: BTreeSet<RowSite>) -> Self {
        self.prunable = prunable;
        self
    }

    /// Notes which rows are of no use any more to which records.
    pub(crate) fn with_replaced(mut self, replaced: BTreeMap<(RecordKey, ZoneId), RowSite>) -> Self {
        self.replaced = replaced;
        self
    }

    /// The row that is of no use any more to a record, as it was read.
    pub(crate) fn replaced(&self, of: &Record) -> Vec<Record> {
        if self.replaced.is_empty() {
            return Vec::new();
        }
        let site = self.replaced.get(&(of.key(), of.zone.clone()));
        let row = site.and_then(|(name, set, zone)| self.find(name, set, Some(zone))?.odd());
        row.into_iter().collect()
    }

    /// A row under a former name that is to go, as it was read.
    pub(crate) fn prunable(&self, site: &RowSite) -> Option<Record> {
        let (name, set_identifier, zone) = self.prunable.get(site)?;
        self.find(name, set_identifier, Some(zone))?.odd()
    }

    /// Whether no row is to go because of its name.
    pub(crate) fn has_nothing_prunable(&self) -> bool {
        self.prunable.is_empty()
    }

    /// Notes what we say of records that owners share.
    pub(crate) fn with_shares(mut self, shares: Shares) -> Self {
        self.shares = shares;
        self
    }

    /// What we say of a record that owners share.
    pub(crate) fn our_shares(&self, key: &RecordKey) -> &[Share] {
        self.shares.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether we share no record.
    pub(crate) fn has_no_shares(&self) -> bool {
        self.shares.is_empty()
    }

    /// Whether there are rows of ours that vouch for no record.
    pub fn has_leftovers(&self) -> bool {
        !self.leftovers.is_empty()
    }

    /// Rows of ours that vouch for no record, as they were read.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = Record> {
        self.leftovers
            .iter()
            .filter_map(|(name, set_identifier, zone)| self.find(name, set_identifier, Some(zone))?.odd())
    }

    /// Notes a change that was written, rows included, so that the next one can be decorated without listing again.
    pub fn applied(&mut self, change: &ZoneChange) {
        if let Change::Delete { old, reason: DeleteReason::LeftoverRow } = &change.change {
            self.take(old);
            return;
        }
        if *change.change.record_type() == RecordType::Txt {
            self.note_text(&change.change);
        }
        for row in &change.rows {
            self.note_row(&change.change, row);
        }
    }

    /// Fills the nodes of the tree to the end, which rows that come in one by one leave half empty: worth its while after thousands.
    pub fn pack(&mut self) {
        self.by_name = std::mem::take(&mut self.by_name).into_iter().collect();
    }

    fn note_text(&mut self, change: &Change) {
        match change {
            // Whether a row would ever stand there does not matter: only names of rows are asked for.
            Change::Create { new, .. } => {
                self.obstacles.insert((new.name.clone(), new.set_identifier.clone()), Obstacle::Text);
            }
            Change::Update { .. } => {}
            Change::Delete { old, .. } => {
                self.obstacles.remove(&(old.name.clone(), old.set_identifier.clone()));
            }
        }
    }

    fn note_row(&mut self, change: &Change, row: &RowChange) {
        let earlier = row.read.as_ref().and_then(|read| self.take(read));
        let Some(write) = &row.write else { return };
        let (zone, mut users) = match (earlier, change) {
            (Some(earlier), _) => (earlier.zone, earlier.users.map_or_else(Users::new, |users| *users)),
            // A new row stands where its new record does. Unless that is one zone of several, it is known when it is read.
            (None, Change::Create { new, .. }) => (new.zone.clone(), Users::new()),
            (None, Change::Update { old, .. } | Change::Delete { old, .. }) => {
                (Some(old.zone.clone()), Users::new())
            }
        };
        let of = match change {
            Change::Create { new, .. } | Change::Update { new, .. } => Some(new),
            Change::Delete { .. } => None,
        };
        let shareable = self.collisions.possible(write.name.as_str());
        if shareable {
            users.retain(|user| (&user.0, &user.1) != (change.name(), change.record_type()));
            users.extend(of.map(|new| (new.name.clone(), new.record_type.clone())));
        }
        let of =
            of.filter(|_| !shareable).map(|new| Vouched { labels: &new.labels, properties: &new.properties });
        let (name, mut kept) = Row::new(written(row, write), of, users);
        kept.zone = zone;
        self.insert(name, kept);
    }

    fn insert(&mut self, name: DnsName, row: Row) {
        match self.by_name.entry(name) {
            Entry::Occupied(mut slot) => slot.get_mut().add(row),
            Entry::Vacant(slot) => {
                slot.insert(Slot::One(row));
            }
        }
    }

    fn take(&mut self, read: &Record) -> Option<Row> {
        if !(self.leftovers.is_empty() && self.prunable.is_empty()) {
            // Whatever is done to it, it is either gone or has a record now.
            let site = (read.name.clone(), read.set_identifier.clone(), read.zone.clone());
            self.leftovers.remove(&site);
            self.prunable.remove(&site);
        }
        let is_it = |row: &Row| {
            row.set_identifier() == &*read.set_identifier
                && row.zone.as_ref().is_none_or(|zone| *zone == read.zone)
        };
        match self.by_name.remove(&read.name)? {
            Slot::One(row) if is_it(&row) => Some(row),
            Slot::Many(mut rows) => {
                let taken = rows.iter().rposition(is_it).map(|at| rows.remove(at));
                let rest = if rows.len() == 1 { rows.pop().map(Slot::One) } else { Some(Slot::Many(rows)) };
                if let Some(rest) = rest {
                    self.by_name.insert(read.name.clone(), rest);
                }
                taken
            }
            other => {
                self.by_name.insert(read.name.clone(), other);
                None
            }
        }
    }
}

/// The row as it stands after a write. Its zone is kept apart from it.
fn written(row: &RowChange, write: &Endpoint) -> Record {
    match &row.read {
        Some(read) if row.operation().is_none() => read.clone(),
        read => {
            // Labels of rows are hints for providers; nobody stores them.
            let unlabelled = Endpoint { labels: Labels::new(), ..write.clone() };
            let written = Record::from_endpoint(ZoneId::new(""), &unlabelled);
            // A row asks for no TTL: what is there stays.
            Record { ttl: read.as_ref().map_or(written.ttl, |read| read.ttl), ..written }
        }
    }
}

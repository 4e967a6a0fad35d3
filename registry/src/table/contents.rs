//! What a table holds, and what a change means for it. Pure.
//!
//! A row has the key `name#TYPE#set identifier`, an owner, and labels: the form of ExternalDNS v0.22 (registry/dynamodb/registry.go).

use crate::payload::NONCE;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zonewright_planner::{
    Change, DeleteReason, DnsName, Endpoint, Labels, OWNER, Owner, Record, RecordKey, RecordType,
};

/// A row as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `name#TYPE#set identifier`, if all is well; `None` where it is no text.
    pub key: Option<String>,
    /// Whose row it is.
    pub owner: Option<String>,
    /// What else it says.
    pub labels: Labels,
    /// Whether there are labels that are no text: they are not among `labels`.
    pub has_odd_labels: bool,
    /// Whether it says that its record stands in its zone as it says itself. Always, where rows say nothing of their records.
    pub is_confirmed: bool,
}

/// Something to be done to one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Write a row, unless one has this key.
    Insert {
        /// Its key.
        key: Arc<str>,
        /// Its owner.
        owner: Owner,
        /// Its labels, without the owner.
        labels: Labels,
        /// The record that is about to be written, for tables that keep it ([`super::ReadTable::keeps_records`]).
        record: Option<Box<Endpoint>>,
    },
    /// Change a row, provided that it still is this owner's.
    Update {
        /// Its key.
        key: Arc<str>,
        /// Its owner until now.
        owner: Owner,
        /// Its owner from now on, where that changes.
        new_owner: Option<Owner>,
        /// Its labels from now on, without the owner.
        labels: Labels,
        /// As for an insert.
        record: Option<Box<Endpoint>>,
    },
    /// Note in a row what came of writing its record, provided that it still is this owner's. Only of tables that keep records.
    Mark {
        /// Its key.
        key: Arc<str>,
        /// Its owner.
        owner: Owner,
        /// Whether the record is as the row says, or why not.
        outcome: Result<(), Arc<str>>,
    },
    /// Remove a row, provided that it still is this owner's. That there is none is fine, too.
    Delete {
        /// Its key.
        key: Arc<str>,
        /// Its owner.
        owner: Owner,
    },
}

impl Statement {
    /// The key of the row that it is about.
    pub fn key(&self) -> &Arc<str> {
        match self {
            Self::Insert { key, .. }
            | Self::Update { key, .. }
            | Self::Mark { key, .. }
            | Self::Delete { key, .. } => key,
        }
    }
}

/// A row of ours, or of the owner that we take over from.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    /// The key where it is not the one that we would write.
    spelled: Option<Arc<str>>,
    owner: Owner,
    /// What it says, the owner included.
    labels: Labels,
    /// How many records it vouches for: more than one where a name has several zones. `None` while nobody has counted.
    records: Option<u32>,
    /// Whether it says that the record is as it says; see [`Item::is_confirmed`].
    is_confirmed: bool,
}

/// Whose rows matter.
#[derive(Debug, Clone)]
pub(super) struct Owners {
    pub(super) ours: Owner,
    pub(super) migrate_from: Option<Owner>,
}

/// What the table holds, as far as we know.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<RecordKey, Row>,
    /// Rows of others.
    others: Arc<BTreeMap<RecordKey, Owner>>,
    /// Keys that are taken by nobody knows whom.
    unknown: BTreeSet<RecordKey>,
    /// Whether rows say what their records are.
    keeps_records: bool,
}

/// A change that cannot be made because of the row that is in its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken(pub(super) Option<Owner>);

impl Table {
    /// Takes in what was read, and tells what makes no sense.
    pub(super) fn new(items: Vec<Item>, owners: &Owners, keeps_records: bool) -> (Self, Vec<String>) {
        let mut table = Self { keeps_records, ..Self::default() };
        let mut others = BTreeMap::new();
        let (mut bad_keys, mut bad_labels) = (Odd::default(), Odd::default());
        for item in items {
            let text = item.key.unwrap_or_default();
            let Some(key) = parse_key(&text) else {
                bad_keys.note(text);
                continue;
            };
            if item.has_odd_labels {
                bad_labels.note(text.clone());
            }
            let Some(owner) = item.owner.as_deref().and_then(Owner::new) else {
                table.unknown.insert(key);
                continue;
            };
            if owner != owners.ours && owners.migrate_from.as_ref() != Some(&owner) {
                others.insert(key, owner);
                continue;
            }
            let mut labels = item.labels;
            labels.set(OWNER, owner.as_str());
            let spelled = (row_key(&key) != text).then(|| text.as_str().into());
            let row = Row { spelled, owner, labels, records: None, is_confirmed: item.is_confirmed };
            // Of two spellings of one key the one that we write counts.
            let is_second = table.rows.get(&key).is_some_and(|first| first.spelled.is_none());
            match (is_second, table.rows.entry(key)) {
                (true, _) => bad_keys.note(text),
                (false, Entry::Vacant(place)) => drop(place.insert(row)),
                (false, Entry::Occupied(mut place)) => {
                    let first = place.insert(row);
                    bad_keys.note(first.spelled.as_deref().unwrap_or_default().to_owned());
                }
            }
        }
        table.others = Arc::new(others);
        let odd = [
            bad_keys
                .tell("rows are left alone because their keys are not of the form name#TYPE#set-identifier, or name a record twice"),
            bad_labels.tell("rows have labels that are no text; these are ignored"),
        ];
        (table, odd.into_iter().flatten().collect())
    }

    /// The names at which two tables say something else.
    pub(super) fn differs_at(&self, other: &Self) -> BTreeSet<DnsName> {
        let mut names = BTreeSet::new();
        let mut note = |key: &RecordKey| {
            names.insert(key.name.clone());
        };
        for (a, b) in [(self, other), (other, self)] {
            let is_there = |key: &RecordKey, row: &Row| {
                b.rows.get(key).is_some_and(|b| {
                    (&b.owner, &b.labels, b.is_confirmed) == (&row.owner, &row.labels, row.is_confirmed)
                })
            };
            a.rows.iter().filter(|(key, row)| !is_there(key, row)).for_each(|(key, _)| note(key));
            a.others
                .iter()
                .filter(|(key, owner)| b.others.get(key) != Some(owner))
                .for_each(|(key, _)| note(key));
            a.unknown.difference(&b.unknown).for_each(&mut note);
        }
        names
    }

    /// How many rows are ours.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The names that others have.
    pub(super) fn others(&self) -> &Arc<BTreeMap<RecordKey, Owner>> {
        &self.others
    }

    /// Whether any row has this key.
    pub(super) fn has(&self, key: &RecordKey) -> bool {
        self.rows.contains_key(key) || self.others.contains_key(key) || self.unknown.contains(key)
    }

    /// Whether the key is taken by nobody knows whom.
    pub(super) fn is_of_nobody(&self, key: &RecordKey) -> bool {
        self.unknown.contains(key)
    }

    /// The key of the row of a record, as it is spelled if the row is ours.
    pub(super) fn key_of(&self, record: &Record) -> Option<String> {
        let of = |key: RecordKey| match self.rows.get(&key) {
            Some(row) => Some(row.key(&key).to_string()),
            None => self.has(&key).then(|| row_key(&key)),
        };
        of(record.key()).or_else(|| of(alias_key(record)?))
    }

    /// What the row of a record says.
    pub(super) fn labels(&self, key: &RecordKey) -> Option<Labels> {
        match self.rows.get(key) {
            Some(row) => Some(row.labels.clone()),
            None => self.others.get(key).map(|owner| [(OWNER, owner.as_str())].into_iter().collect()),
        }
    }

    /// Whether the row of a record is ours and does not say that the record is as it says.
    pub(super) fn is_unconfirmed(&self, key: &RecordKey) -> bool {
        self.keeps_records && self.rows.get(key).is_some_and(|row| !row.is_confirmed)
    }

    /// Counts the records of each row anew.
    pub(super) fn count<'a>(&mut self, records: impl Iterator<Item = &'a Record>) {
        self.rows.values_mut().for_each(|row| row.records = Some(0));
        for record in records {
            let key = record.key();
            let key = match self.rows.contains_key(&key) {
                true => key,
                false => match alias_key(record) {
                    Some(key) => key,
                    None => continue,
                },
            };
            if let Some(count) = self.rows.get_mut(&key).and_then(|row| row.records.as_mut()) {
                *count += 1;
            }
        }
    }

    /// Rows of ours without a record.
    pub(super) fn leftovers<'a>(
        &'a self,
        owners: &'a Owners,
    ) -> impl Iterator<Item = (&'a RecordKey, &'a Labels)> + 'a {
        let idle = |row: &Row| row.records == Some(0) && row.owner == owners.ours;
        self.rows.iter().filter(move |(_, row)| idle(row)).map(|(key, row)| (key, &row.labels))
    }

    /// What has to be written before a change is made.
    pub(super) fn before(&self, change: &Change, owners: &Owners) -> Result<Option<Statement>, Taken> {
        let (Change::Create { new, .. } | Change::Update { new, .. }) = change else { return Ok(None) };
        let key = change.key();
        if let Some(owner) = self.others.get(&key) {
            return Err(Taken(Some(owner.clone())));
        }
        if self.unknown.contains(&key) {
            return Err(Taken(None));
        }
        let labels = labels_of(new);
        let record = self.keeps_records.then(|| new.clone());
        let Some(row) = self.rows.get(&key) else {
            let owner = owners.ours.clone();
            return Ok(Some(Statement::Insert { key: row_key(&key).into(), owner, labels, record }));
        };
        let new_owner = (row.owner != owners.ours).then(|| owners.ours.clone());
        if new_owner.is_none() && without_owner(&row.labels) == labels && record.is_none() {
            return Ok(None);
        }
        let key = row.key(&key);
        Ok(Some(Statement::Update { key, owner: row.owner.clone(), new_owner, labels, record }))
    }

    /// What has to be written after a change was made.
    pub(super) fn after(&self, change: &Change) -> Option<Statement> {
        let Change::Delete { old, reason } = change else { return None };
        let key = change.key();
        let row = self.rows.get(&key)?;
        let last = match reason {
            DeleteReason::LeftoverRow if is_of_table(old) => 0,
            DeleteReason::LeftoverRow => return None,
            _ => 1,
        };
        // Where nobody has counted, the row stays until somebody has.
        (row.records == Some(last))
            .then(|| Statement::Delete { key: row.key(&key), owner: row.owner.clone() })
    }

    /// What has to be noted in the row of a record that was written, or could not be. Nothing of the rows of one that goes.
    pub(super) fn mark(&self, change: &Change, outcome: Result<(), Arc<str>>) -> Option<Statement> {
        let is_kept = self.keeps_records && !matches!(change, Change::Delete { .. });
        let key = change.key();
        let row = self.rows.get(&key).filter(|_| is_kept)?;
        Some(Statement::Mark { key: row.key(&key), owner: row.owner.clone(), outcome })
    }

    /// Notes what was written before a change.
    pub(super) fn note_before(&mut self, change: &Change, statement: &Statement) {
        let key = change.key();
        let with_owner = |labels: &Labels, owner: &Owner| {
            let mut labels = labels.clone();
            labels.set(OWNER, owner.as_str());
            labels
        };
        match statement {
            Statement::Insert { owner, labels, .. } => {
                let records = matches!(change, Change::Create { .. }).then_some(0);
                let labels = with_owner(labels, owner);
                let is_confirmed = !self.keeps_records;
                self.rows
                    .insert(key, Row { spelled: None, owner: owner.clone(), labels, records, is_confirmed });
            }
            Statement::Update { owner, new_owner, labels, .. } => {
                if let Some(row) = self.rows.get_mut(&key) {
                    row.owner = new_owner.as_ref().unwrap_or(owner).clone();
                    row.labels = with_owner(labels, &row.owner);
                    row.is_confirmed = !self.keeps_records;
                }
            }
            Statement::Mark { .. } | Statement::Delete { .. } => {}
        }
    }

    /// Notes a change that was made.
    pub(super) fn note_made(&mut self, change: &Change) {
        let Some(count) = self.rows.get_mut(&change.key()).and_then(|row| row.records.as_mut()) else {
            return;
        };
        match change {
            Change::Create { .. } => *count += 1,
            Change::Delete { reason: DeleteReason::LeftoverRow, .. } | Change::Update { .. } => {}
            Change::Delete { .. } => *count = count.saturating_sub(1),
        }
    }

    /// Notes whether the row of a change says that its record is there.
    pub(super) fn note_marked(&mut self, change: &Change, is_confirmed: bool) {
        if let Some(row) = self.rows.get_mut(&change.key()) {
            row.is_confirmed = is_confirmed;
        }
    }

    /// Notes that the row of a change is gone.
    pub(super) fn note_gone(&mut self, change: &Change) {
        self.rows.remove(&change.key());
    }

    /// Notes that somebody else has the key of a change.
    pub(super) fn note_taken(&mut self, change: &Change) {
        self.rows.remove(&change.key());
        self.unknown.insert(change.key());
    }
}

impl Row {
    fn key(&self, key: &RecordKey) -> Arc<str> {
        self.spelled.clone().unwrap_or_else(|| row_key(key).into())
    }
}

/// Whether a left-over row stands in the table, and not in a zone: it has nothing that a zone could answer with.
pub(super) fn is_of_table(row: &Record) -> bool {
    row.targets.is_empty()
}

/// The key under which ExternalDNS before 0.22 kept an alias, which it took for a CNAME then.
pub(super) fn alias_key(record: &Record) -> Option<RecordKey> {
    crate::txt::is_alias(record).then(|| RecordKey { record_type: RecordType::Cname, ..record.key() })
}

/// The key of the row of a record, as this version and v0.22 write it.
pub fn row_key(key: &RecordKey) -> String {
    format!("{}#{}#{}", key.name, key.record_type, key.set_identifier)
}

/// Neither names nor types contain the separator; a set identifier may.
fn parse_key(text: &str) -> Option<RecordKey> {
    let mut parts = text.splitn(3, '#');
    let (name, record_type, set_identifier) = (parts.next()?, parts.next()?, parts.next()?);
    if record_type.is_empty() {
        return None;
    }
    let name = DnsName::parse(name).ok()?;
    Some(RecordKey {
        name,
        record_type: RecordType::from_text(record_type),
        set_identifier: set_identifier.into(),
    })
}

fn labels_of(new: &Endpoint) -> Labels {
    new.labels.iter().filter(|(key, _)| *key != OWNER && *key != NONCE).collect()
}

fn without_owner(labels: &Labels) -> Labels {
    labels.iter().filter(|(key, _)| *key != OWNER).collect()
}

/// Counts what is odd, with an example.
#[derive(Default)]
struct Odd {
    count: usize,
    first: Option<String>,
}

impl Odd {
    fn note(&mut self, text: String) {
        self.count += 1;
        self.first.get_or_insert(text);
    }

    fn tell(self, what: &str) -> Option<String> {
        let first = self.first?;
        Some(format!("{} {what}, such as {first:?}", self.count))
    }
}

//! Changes as providers get them: a record together with its ownership rows.

use zonewright_planner::{Change, Endpoint, Record};

/// One change of the plan and the ownership rows that travel with it, always in the same write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneChange {
    /// What happens to the record. New records carry the owner label.
    pub change: Change,
    /// What happens to its ownership rows.
    pub rows: Vec<RowChange>,
}

/// What happens to one ownership row (a TXT record).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// The row as it was read; `None` when there is none. Rows are only ever deleted if they were read.
    pub read: Option<Record>,
    /// The row as ExternalDNS v0.22 would compute it from the record's labels, whether or not it exists. Webhook providers
    /// are told this instead of `read`, because v0.22 tells them so; `None` for a create.
    pub expected: Option<Endpoint>,
    /// The row to write; `None` for a delete.
    pub write: Option<Endpoint>,
}

/// One record set to create, replace or remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Store a record set that does not exist.
    Create(&'a Endpoint),
    /// Replace a record set.
    Update(&'a Record, &'a Endpoint),
    /// Remove a record set.
    Delete(&'a Record),
}

impl ZoneChange {
    /// Everything there is to do, the record first. Rows that already are as they should be do not occur.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let record = match &self.change {
            Change::Create { new, .. } => Operation::Create(new),
            Change::Update { old, new, .. } => Operation::Update(old, new),
            Change::Delete { old, .. } => Operation::Delete(old),
        };
        std::iter::once(record).chain(self.rows.iter().filter_map(RowChange::operation)).collect()
    }
}

impl RowChange {
    /// What there is to do to the row itself; `None` when it already is as it should be.
    pub fn operation(&self) -> Option<Operation<'_>> {
        match (&self.read, &self.write) {
            (Some(old), Some(new)) if is_same_row(old, new) => None,
            (Some(old), Some(new)) => Some(Operation::Update(old, new)),
            (None, Some(new)) => Some(Operation::Create(new)),
            (Some(old), None) => Some(Operation::Delete(old)),
            (None, None) => None,
        }
    }
}

fn is_same_row(old: &Record, new: &Endpoint) -> bool {
    old.name == new.name
        && old.set_identifier == new.set_identifier
        && old.has_targets(&new.targets)
        && old.properties == new.properties
}

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
    /// are told this instead of `read`, because v0.22 tells them so; `None` for a create, and for rows that v0.22 knows nothing
    /// of (those under former names).
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
    /// Everything there is to do, in the order in which stopping half-way does the least harm: new rows stand before their
    /// record, and go after it. A row without its record is mended by the next cycle; a record without its row would look like
    /// somebody else's. Rows that already are as they should be do not occur.
    pub fn operations(&self) -> Vec<Operation<'_>> {
        let (record, is_last) = match &self.change {
            Change::Create { new, .. } => (Operation::Create(new), true),
            Change::Update { old, new, .. } => (Operation::Update(old, new), true),
            Change::Delete { old, .. } => (Operation::Delete(old), false),
        };
        let mut operations: Vec<_> = self.rows.iter().filter_map(RowChange::operation).collect();
        if self.change.leaves_record_alone() {
            return operations;
        }
        operations.insert(if is_last { operations.len() } else { 0 }, record);
        operations
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

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::{CreateReason, DeleteReason, Properties, RecordType, UpdateReason, ZoneId};

    fn endpoint(name: &str, record_type: RecordType, target: &str) -> Endpoint {
        Endpoint::new(name, record_type, &[target], Properties::new()).unwrap()
    }

    fn types(change: &ZoneChange) -> Vec<String> {
        let name = |operation: &Operation<'_>| match operation {
            Operation::Create(new) => format!("+{}", new.record_type),
            Operation::Update(_, new) => format!("~{}", new.record_type),
            Operation::Delete(old) => format!("-{}", old.record_type),
        };
        change.operations().iter().map(name).collect()
    }

    /// Wherever a service stops, no record stands without its row.
    #[test]
    fn rows_come_before_their_record_and_go_after_it() {
        let (record, row) = (
            endpoint("web.example.org", RecordType::A, "192.0.2.1"),
            endpoint("a-web.example.org", RecordType::Txt, "\"heritage=external-dns\""),
        );
        let stored = |endpoint: &Endpoint| Record::from_endpoint(ZoneId::new("z"), endpoint);
        let (old, read) = (stored(&record), stored(&row));
        let create = ZoneChange {
            change: Change::create(record.clone(), CreateReason::New),
            rows: vec![RowChange { read: None, expected: None, write: Some(row.clone()) }],
        };
        let update = ZoneChange {
            change: Change::update(old.clone(), record, vec![UpdateReason::OwnershipRow]),
            rows: vec![RowChange { read: None, expected: Some(row.clone()), write: Some(row.clone()) }],
        };
        let delete = ZoneChange {
            change: Change::delete(old, DeleteReason::NoLongerWanted),
            rows: vec![RowChange { read: Some(read), expected: Some(row), write: None }],
        };
        assert_eq!(types(&create), ["+TXT", "+A"]);
        assert_eq!(types(&update), ["+TXT", "~A"]);
        assert_eq!(types(&delete), ["-A", "-TXT"]);
    }
}

//! The `aws-sd` registry: ownership stands in the descriptions of Cloud Map services. The provider reads labels from them and writes
//! labels to them, so records come with their labels and there are no rows. What is left is whose they are. Compatible with ExternalDNS
//! v0.22 (registry/awssd).

use crate::Owned;
use crate::names::Collisions;
use crate::rows::{Obstacles, Row, RowSite, Rows, Users};
use std::collections::BTreeSet;
use zonewright_planner::{Change, Endpoint, Labels, Leftover, OWNER, Owner, Record};
use zonewright_provider_kit::ZoneChange;

/// The longest description of a service (`ResourceDescription` of the API).
const LONGEST: usize = 1024;

/// Ownership in the descriptions of services.
#[derive(Debug)]
pub struct AwsSdRegistry {
    owner: Owner,
    migrate_from: Option<Owner>,
    cleanup: bool,
}

impl AwsSdRegistry {
    /// The registry of an owner. `migrate_from` is the one whose records are taken over, `cleanup` whether services of ours that hold
    /// nothing are to go.
    pub fn new(owner: Owner, migrate_from: Option<Owner>, cleanup: bool) -> Self {
        // Taking over from oneself would never come to an end.
        let migrate_from = migrate_from.filter(|from| *from != owner);
        Self { owner, migrate_from, cleanup }
    }

    /// In whose name records are owned.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Finds out whose records are, and sets aside services of ours that hold nothing: nothing stands at their names, but where it is
    /// wanted they go. Those of others stay among the records: their names are taken.
    pub fn read(&self, records: Vec<Record>) -> Owned {
        let (mut read, mut empty) = (Vec::with_capacity(records.len()), Vec::new());
        for mut record in records {
            if record.targets.is_empty() && record.labels.owner() == Some(self.owner.as_str()) {
                empty.push(record);
                continue;
            }
            if let Some(from) =
                self.migrate_from.as_ref().filter(|from| record.labels.owner() == Some(from.as_str()))
            {
                record.ownership.migrate_from = Some(from.clone());
                record.labels.set(OWNER, self.owner.as_str());
            }
            read.push(record);
        }
        if !self.cleanup {
            empty.clear();
        }
        let sites: BTreeSet<RowSite> = empty
            .iter()
            .map(|row| (row.name.clone(), row.set_identifier.clone(), row.zone.clone()))
            .collect();
        let rows = empty.into_iter().map(|row| Row::new(row, None, Users::new()));
        let rows = Rows::new(rows, Obstacles::new(), Collisions::default()).with_leftovers(sites);
        Owned { records: read, rows, ..Owned::default() }
    }

    /// See [`crate::Registry::leftovers`].
    pub fn leftovers(&self, rows: &Rows) -> Vec<Leftover> {
        let leftover = |row: Record| Leftover {
            of: vec![(row.name.clone(), row.record_type.clone())],
            row,
            is_exact: true,
        };
        rows.leftovers().map(leftover).collect()
    }

    /// See [`crate::Registry::decorate`].
    pub fn decorate(&self, mut change: Change) -> ZoneChange {
        if let Change::Create { new, .. } | Change::Update { new, .. } = &mut change {
            // That an updated record is ours was decided when the change was planned.
            new.labels.set(OWNER, self.owner.as_str());
        }
        ZoneChange { change, rows: Vec::new() }
    }

    /// See [`crate::Registry::writable`].
    ///
    /// # Errors
    /// When the description of a service could not hold the labels.
    pub fn writable(&self, endpoint: &Endpoint) -> Result<(), String> {
        let mut labels: Labels = endpoint.labels.clone();
        labels.set(OWNER, self.owner.as_str());
        let length = labels.to_ownership_text().chars().count();
        match length <= LONGEST {
            true => Ok(()),
            false => Err(format!(
                "its labels take {length} characters, and the description of a service has {LONGEST}"
            )),
        }
    }
}

#[cfg(test)]
mod tests;

//! Reading: which record belongs to whom, by the table, and by rows of registry `txt` where it knows nothing.

use super::TableRegistry;
use super::contents::alias_key;
use crate::Owned;
use crate::rows::{Row, Rows, Users};
use crate::txt::Sorted;
use std::collections::HashMap;
use tracing::info;
use zonewright_planner::{Labels, OWNER, Ownership, Record, RecordType, Shares};

/// What the table says of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It has a row.
    Row,
    /// It is an alias with a row of a version that took it for a CNAME.
    AliasRow,
    /// It has none.
    None,
}

impl TableRegistry {
    /// See [`crate::Registry::read`].
    pub fn read(&self, mut records: Vec<Record>) -> Owned {
        // What a provider says about ownership does not count here.
        records.iter_mut().for_each(|record| record.labels = Labels::new());
        // A TXT record that the table knows is a record, whatever it says.
        let known = self.known.read();
        let (texts, records): (Vec<Record>, Vec<Record>) = records
            .into_iter()
            .partition(|record| record.record_type == RecordType::Txt && known.table.has(&record.key()));
        drop(known);
        let mut sorted = self.txt.sort_out(records);
        sorted.records.extend(texts);
        sorted.sources.resize(sorted.records.len(), None);
        let found: Vec<Found> = sorted.records.iter_mut().map(|record| self.label(record)).collect();
        for ((record, found), source) in sorted.records.iter_mut().zip(&found).zip(&sorted.sources) {
            self.note_what_is_missing(record, *found, source.is_some());
        }
        let warnings = std::mem::take(&mut sorted.warnings);
        let claims = std::mem::take(&mut sorted.claims);
        let (records, rows) = self.kept(sorted, &found);
        // Owners that share a name say so in rows, which only the TXT registry writes.
        Owned { records, rows, claims, shares: Shares::new(), warnings }
    }

    /// Notes on a record what its row says.
    fn label(&self, record: &mut Record) -> Found {
        let known = self.known.read();
        let own = known.table.labels(&record.key()).map(|labels| (labels, Found::Row));
        let alias = || Some((known.table.labels(&alias_key(record)?)?, Found::AliasRow));
        let Some((labels, found)) = own.or_else(alias) else { return Found::None };
        drop(known);
        record.labels = labels;
        record.ownership = Ownership::default();
        if let Some(from) = &self.owners.migrate_from
            && record.labels.owner() == Some(from.as_str())
        {
            record.ownership.migrate_from = Some(from.clone());
            record.labels.set(OWNER, self.owners.ours.as_str());
        }
        found
    }

    /// A record that is ours by anything but its own row gets one. The record itself stays as it is.
    fn note_what_is_missing(&self, record: &mut Record, found: Found, has_txt: bool) {
        let is_in_our_care =
            self.managed.contains(&record.record_type) && record.is_owned_by(Some(&self.owners.ours));
        record.ownership.row_missing = false;
        record.ownership.former_rows = false;
        record.ownership.row_moved = found == Found::AliasRow && is_in_our_care;
        let is_in_zone = found == Found::None && has_txt;
        // What was cut short between the record and the word for it in its row is made good in the same way.
        let is_unsaid = found == Found::Row && self.known.read().table.is_unconfirmed(&record.key());
        let is_to_be_written = is_in_our_care && (is_in_zone || is_unsaid);
        record.ownership.into_table = is_to_be_written.then(|| self.shown_name.clone());
    }

    /// What has to be remembered of rows of registry `txt`: that they are there, and which go with which record.
    fn kept(&self, sorted: Sorted, found: &[Found]) -> (Vec<Record>, Rows) {
        let Sorted { mut records, rows, sources, leftovers, .. } = sorted;
        if !self.managed.contains(&RecordType::Txt) {
            if !rows.is_empty() {
                info!(
                    "{} ownership records of registry txt stay because TXT is not among the managed record types",
                    rows.len()
                );
            }
            return (records, Rows::default());
        }
        let mut users: HashMap<u32, Vec<usize>> = HashMap::new();
        for (i, (row, _)) in sources.iter().enumerate().filter_map(|(i, source)| Some((i, (*source)?))) {
            users.entry(row).or_default().push(i);
        }
        let mut replaced = Vec::new();
        for (row, users) in users {
            let Some(text) = rows.get(row as usize) else { continue };
            let is_ours = text.labels.get(OWNER) == Some(self.owners.ours.as_str());
            // One that several records need stays until all of them have their own.
            let is_free = users.len() == 1 || users.iter().all(|&i| found.get(i) == Some(&Found::Row));
            let Some(record) = users.first().and_then(|&i| records.get_mut(i)) else { continue };
            let is_in_our_care =
                self.managed.contains(&record.record_type) && record.is_owned_by(Some(&self.owners.ours));
            if self.prunes_txt && is_ours && is_free && is_in_our_care {
                record.ownership.former_rows = true;
                let row = &text.record;
                let site = (row.name.clone(), row.set_identifier.clone(), row.zone.clone());
                replaced.push(((record.key(), record.zone.clone()), site));
            }
        }
        // As they were read: what their records say is no longer what they say.
        let rows = rows.into_iter().map(|row| Row::new(row.into_record(), None, Users::new()));
        let rows = Rows::new(rows, Default::default(), Default::default());
        (records, rows.with_leftovers(leftovers).with_replaced(replaced.into_iter().collect()))
    }
}

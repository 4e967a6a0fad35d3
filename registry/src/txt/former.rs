//! Rows under former names (`--txt-prefix-read`, `--txt-suffix-read`): read like those of today, never written.
//!
//! A row may have a former name of one record and today's name of another: `a-own.web.example.org` is the one of `web` under the
//! prefix `%{record_type}-own.`, and of `own.web` without a prefix. Where both exist and have no other row, it counts for neither:
//! whoever is right, the other record is not ours, and would be deleted.

use super::TxtRegistry;
use super::read::{Form, Found, Index, Source};
use crate::rows::{Obstacle, Obstacles, RowSite, Rows};
use std::collections::{BTreeSet, HashMap};
use zonewright_planner::{DnsName, OWNER, Record};
use zonewright_provider_kit::RowChange;

/// Which rows stand under former names of records that exist.
#[derive(Default)]
pub(super) struct Former {
    /// Record, row.
    pairs: Vec<(u32, u32)>,
    /// Rows that may be those of two records.
    contested: BTreeSet<u32>,
}

impl Former {
    /// Rows that stand under a former name of some record.
    pub(super) fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        self.pairs.iter().map(|(_, row)| *row)
    }

    /// Gives records without a row of today's name the one under a former name.
    pub(super) fn settle(&mut self, sources: &mut [Source], is_used: &mut [bool]) {
        let mut claimants: HashMap<u32, Vec<u32>> = HashMap::new();
        for (record, row) in &self.pairs {
            if sources[*record as usize].is_none() {
                claimants.entry(*row).or_default().push(*record);
            }
        }
        self.contested = claimants
            .iter()
            .filter(|(row, records)| is_used[**row as usize] || records.len() > 1)
            .map(|(row, _)| *row)
            .collect();
        if !self.contested.is_empty() {
            for source in sources.iter_mut() {
                *source = source.filter(|(row, _)| !self.contested.contains(row));
            }
        }
        for (record, row) in &self.pairs {
            let source = &mut sources[*record as usize];
            // Of several former names the first given counts.
            if source.is_none() && claimants.contains_key(row) && !self.contested.contains(row) {
                *source = Some((*row, Form::Former));
            }
        }
        claimants.keys().for_each(|row| is_used[*row as usize] = true);
    }

    /// What to say about rows that count for nobody.
    pub(super) fn warning(&self, rows: &[Found]) -> Option<String> {
        let first = rows.get(*self.contested.first()? as usize)?;
        Some(format!(
            "{} ownership record(s), such as {}, may be those of two records: of one under today's name, of another under one from \
             --txt-prefix-read or --txt-suffix-read; they count for neither",
            self.contested.len(),
            first.record.name
        ))
    }
}

impl TxtRegistry {
    /// Finds what stands under former names in the zones of the records.
    pub(super) fn former_of(&self, records: &[Record], index: &Index<'_>) -> Former {
        let mut former = Former::default();
        if index.rows.is_empty() {
            return former;
        }
        let mut name = String::new();
        for names in &self.former {
            for (i, record) in (0..).zip(records) {
                if !names.typed_into(record.name.as_str(), &record.record_type, &mut name) {
                    continue;
                }
                former.pairs.extend(index.in_zone(&name, record).map(|row| (i, row)));
            }
        }
        former
    }

    /// A row that stands under a former name of one record must not become the one of another.
    pub(super) fn note_former(
        &self,
        former: &Former,
        rows: &[Found],
        sources: &[Source],
        obstacles: &mut Obstacles,
    ) {
        if former.pairs.is_empty() {
            return;
        }
        let current = used_as_current(sources);
        for row in former.rows().filter(|row| !current.contains(row)) {
            let Some(Found { record, .. }) = rows.get(row as usize) else { continue };
            if self.names.is_typed(record.name.as_str(), |t| self.managed.contains(t)) {
                let site = (record.name.clone(), record.set_identifier.clone());
                obstacles.entry(site).or_insert(Obstacle::Former);
            }
        }
    }

    /// Rows of ours that go as soon as their record, which is ours, has one under today's name; and notes on records that have it
    /// that there are such rows.
    pub(super) fn prunable(
        &self,
        records: &mut [Record],
        rows: &[Found],
        sources: &[Source],
        former: &Former,
    ) -> BTreeSet<RowSite> {
        let mut prunable = BTreeSet::new();
        if !self.prune_former || former.pairs.is_empty() {
            return prunable;
        }
        let current = used_as_current(sources);
        for (i, row) in &former.pairs {
            let (Some(record), Some(found)) = (records.get_mut(*i as usize), rows.get(*row as usize)) else {
                continue;
            };
            let has_todays = matches!(sources.get(*i as usize), Some(Some((_, Form::Current))));
            let will_have = record.ownership.row_moved && self.can_replace(record, &found.record.name);
            let is_ours = record.is_owned_by(Some(&self.owner))
                && self.managed.contains(&record.record_type)
                && found.labels.get(OWNER) == Some(self.owner.as_str());
            let may_be_needed = current.contains(row) || former.contested.contains(row);
            if (has_todays || will_have) && is_ours && !may_be_needed && self.is_of_one(&found.record.name) {
                record.ownership.former_rows = true;
                let row = &found.record;
                prunable.insert((row.name.clone(), row.set_identifier.clone(), row.zone.clone()));
            }
        }
        prunable
    }

    /// Whether today's row certainly can be written where the former one stands. If not (above the name of an apex is outside of the
    /// zone, and the provider would leave the row out) the former one stays until today's was read.
    fn can_replace(&self, record: &Record, former: &DnsName) -> bool {
        let is_below = |name: &DnsName| {
            name.as_str().strip_suffix(record.name.as_str()).is_some_and(|rest| rest.ends_with('.'))
        };
        let todays = self.row_name(&record.name, &record.record_type);
        todays.is_some_and(|todays| is_below(&todays) || !is_below(former))
    }

    /// Whether a row under a former name can be the one of a single record only.
    fn is_of_one(&self, row: &DnsName) -> bool {
        let records = self.former.iter().map(|names| names.records_of(row.as_str(), |_| true).len());
        records.sum::<usize>() == 1
    }

    /// The removal of the rows that a record has under former names.
    pub(super) fn former_changes(&self, old: &Record, rows: &Rows) -> Vec<RowChange> {
        if rows.has_nothing_prunable() {
            return Vec::new();
        }
        let names = self.former.iter();
        let names = names.filter_map(|names| names.typed(&old.name, &old.record_type)?.ok());
        let sites = names.map(|name| (name, old.set_identifier.clone(), old.zone.clone()));
        sites
            .filter_map(|site| {
                Some(RowChange { read: Some(rows.prunable(&site)?), expected: None, write: None })
            })
            .collect()
    }
}

/// The rows that stand under today's name of a record.
fn used_as_current(sources: &[Source]) -> BTreeSet<u32> {
    let current = sources.iter().flatten().filter(|(_, form)| *form == Form::Current);
    current.map(|(row, _)| *row).collect()
}

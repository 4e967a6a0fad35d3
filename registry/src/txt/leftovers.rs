//! Rows of ours without a record: which of them may be tidied up.
//!
//! Told apart from rows that only look left over: those of another prefix or suffix (of an earlier configuration, of another
//! instance with our owner id) can look like the row of some other name. `a-own.web.example.org` belongs to `web.example.org`
//! under `--txt-prefix=%{record_type}-own.`, and without a prefix to `own.web.example.org`.

use super::TxtRegistry;
use super::former::Former;
use super::read::{Form, Found, Source};
use crate::names::RowNames;
use crate::rows::{RowSite, Rows};
use std::collections::{BTreeSet, HashMap};
use zonewright_planner::{Leftover, OWNED_RECORD, OWNER, Record};

impl TxtRegistry {
    /// See [`crate::Registry::leftovers`].
    pub fn leftovers(&self, rows: &Rows) -> Vec<Leftover> {
        let leftover = |mut row: Record| {
            let names = std::iter::once(&self.names).chain(&self.former);
            let of: Vec<_> = names.flat_map(|names| names.records_of(row.name.as_str(), |_| true)).collect();
            row.labels = self.row_labels(&row)?;
            if let Some((name, _)) = of.first() {
                row.labels.set(OWNED_RECORD, name.as_str());
            }
            Some(Leftover { row, of, is_exact: false })
        };
        rows.leftovers().filter_map(leftover).collect()
    }

    /// Rows in the current form of a managed type, ours by name (not of the owner that we take over from), that no record uses.
    /// The row that an alias used before 0.22 counts: once its record goes, nothing else would ever remove it.
    pub(super) fn leftover_sites(
        &self,
        records: &[Record],
        rows: &[Found],
        sources: &[Source],
        former: &Former,
    ) -> BTreeSet<RowSite> {
        let mut is_used = vec![false; rows.len()];
        // A row that a record may have under a former name is its own, whether the record has another by now or not.
        former.rows().for_each(|row| is_used[row as usize] = true);
        for (row, form) in sources.iter().flatten() {
            is_used[*row as usize] |= *form != Form::AliasAsCname;
        }
        let unused = rows.iter().zip(is_used).filter(|(_, is_used)| !is_used).map(|(row, _)| row);
        let mut candidates = unused
            .filter(|row| row.labels.get(OWNER) == Some(self.owner.as_str()) && self.is_to_be_tidied(row))
            .peekable();
        if candidates.peek().is_none() {
            return BTreeSet::new();
        }
        let unowned = Unowned::of(records.iter().zip(sources).filter_map(|(record, source)| {
            (source.is_none() && self.managed.contains(&record.record_type)).then_some(record)
        }));
        candidates
            .filter(|row| !unowned.may_have_lost(row.record.name.as_str()))
            .map(|Found { record, .. }| {
                (record.name.clone(), record.set_identifier.clone(), record.zone.clone())
            })
            .collect()
    }

    /// What may be a row under a former name is tidied up only where that is asked for.
    fn is_to_be_tidied(&self, row: &Found) -> bool {
        let is_of = |names: &RowNames| names.is_typed(row.record.name.as_str(), |t| self.managed.contains(t));
        match self.former.iter().any(is_of) {
            true => self.prune_former,
            false => is_of(&self.names),
        }
    }
}

/// Records without a row: first labels by what follows them.
struct Unowned<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Unowned<'a> {
    fn of(records: impl Iterator<Item = &'a Record>) -> Self {
        let mut by_tail: HashMap<&str, Vec<&str>> = HashMap::new();
        for record in records {
            let (head, tail) = split(record.name.as_str());
            by_tail.entry(tail).or_default().push(head);
        }
        Self(by_tail)
    }

    /// Whether one of them could have this row under some prefix, suffix or wildcard replacement.
    fn may_have_lost(&self, row: &str) -> bool {
        let ends = row.match_indices('.').map(|(at, _)| at).chain([row.len()]);
        ends.into_iter().any(|end| {
            let tail = row.get(end + 1..).unwrap_or_default();
            let heads = self.0.get(tail).map_or(&[] as &[&str], Vec::as_slice);
            heads.iter().any(|head| *head == "*" || row[..end].contains(head))
        })
    }
}

fn split(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or((name, ""))
}

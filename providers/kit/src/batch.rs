//! Cutting a list of changes into writes.

use crate::ZoneChange;
use std::num::NonZeroUsize;
use zonewright_planner::DnsName;

/// Cuts changes into writes of at most `limit` changes each. A change is never cut: a record and its ownership rows stay
/// together. A record that gives way to another type of the same name stays in one write with it where it fits.
pub fn batches(changes: &[ZoneChange], limit: Option<NonZeroUsize>) -> Vec<&[ZoneChange]> {
    let names: Vec<&DnsName> = changes.iter().map(|change| change.change.name()).collect();
    let mut rest = changes;
    let cut = |length| {
        let (batch, tail) = rest.split_at(length);
        rest = tail;
        batch
    };
    batch_lengths(&names, limit).into_iter().map(cut).collect()
}

/// How many changes go into each write, as [`batches`] cuts them, when only their names are at hand.
pub fn batch_lengths<N: AsRef<DnsName>>(names: &[N], limit: Option<NonZeroUsize>) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut rest = names;
    while !rest.is_empty() {
        let length = limit.map_or(rest.len(), |limit| cut(rest, limit.get()));
        lengths.push(length);
        rest = rest.get(length..).unwrap_or_default();
    }
    lengths
}

/// Where to cut: at the limit, or before it where the limit would part changes of one name.
fn cut<N: AsRef<DnsName>>(names: &[N], limit: usize) -> usize {
    if names.len() <= limit {
        return names.len();
    }
    let name = |i: usize| names.get(i).map(AsRef::as_ref);
    (1..=limit).rev().find(|&i| name(i) != name(i - 1)).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::{Change, CreateReason, Endpoint, Properties, RecordType};

    fn change(name: &str) -> ZoneChange {
        let new = Endpoint::new(name, RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
        ZoneChange { change: Change::create(new, CreateReason::New), rows: Vec::new() }
    }

    fn sizes(names: &[&str], limit: usize) -> Vec<usize> {
        let changes: Vec<ZoneChange> = names.iter().map(|name| change(name)).collect();
        batches(&changes, NonZeroUsize::new(limit)).iter().map(|batch| batch.len()).collect()
    }

    #[test]
    fn changes_of_one_name_stay_together_where_they_fit() {
        assert_eq!(sizes(&["a.org", "b.org", "b.org", "c.org"], 2), [1, 2, 1]);
        assert_eq!(sizes(&["a.org", "b.org", "c.org"], 2), [2, 1]);
        assert_eq!(sizes(&["a.org", "a.org", "a.org"], 2), [2, 1]);
    }

    #[test]
    fn without_a_limit_there_is_one_write() {
        assert_eq!(sizes(&["a.org", "b.org"], 0), [2]);
        assert!(batches(&[], None).is_empty());
    }
}

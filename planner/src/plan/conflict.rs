//! Which of several wishes for one name wins. The rules are ExternalDNS's (plan/conflict.go at v0.22): per type the wish
//! with the fewest targets, then the lowest; on update the holder of the name keeps it.

use crate::{Endpoint, Record, RecordType};
use std::cmp::Ordering;

/// Fewer targets first, then target by target in the order of [`crate::Target`]; ties by resource label, so that the
/// order of the input never matters.
fn by_weight(a: &Endpoint, b: &Endpoint) -> Ordering {
    a.targets.len().cmp(&b.targets.len()).then_with(|| a.targets.cmp(&b.targets))
}

/// The wish that gets a name where nothing of its type exists: the lightest, of equals the first given.
pub(super) fn winner_for_create<'a>(candidates: &[&'a Endpoint]) -> Option<&'a Endpoint> {
    candidates.iter().copied().min_by(|a, b| by_weight(a, b))
}

/// The wish that gets a name where a record exists: one from the object that holds it, else the lightest.
pub(super) fn winner_for_update<'a>(current: &Record, candidates: &[&'a Endpoint]) -> Option<&'a Endpoint> {
    let holder = current.labels.resource();
    let from_holder: Vec<&Endpoint> =
        candidates.iter().copied().filter(|candidate| candidate.labels.resource() == holder).collect();
    winner_for_create(&from_holder).or_else(|| winner_for_create(candidates))
}

/// The type that pushes CNAME wishes aside: a CNAME cannot stand beside other data (RFC 1034 section 3.6.2).
pub(super) fn type_that_beats_cname(candidates: &[&Endpoint]) -> Option<RecordType> {
    if candidates.iter().all(|candidate| candidate.record_type != RecordType::Cname) {
        return None;
    }
    candidates
        .iter()
        .filter(|candidate| candidate.record_type != RecordType::Cname)
        .map(|c| c.record_type.clone())
        .min()
}

//! What is left alone, without burying the rare under the many.

use std::collections::BTreeMap;
use zonewright_planner::{Skip, SkipKind, SkipReason};

/// How many of one reason people are shown where nobody has to do anything.
const SHOWN_OF_EXPECTED: usize = 3;
/// How many of one reason people are shown where somebody may want to know each.
pub(super) const SHOWN_OF_NEWS: usize = 20;

/// What people are shown of all that is left alone.
pub(super) struct Shown<'a> {
    /// In the order of the plan.
    pub(super) skips: Vec<&'a Skip>,
    /// How many more there are, by reason.
    pub(super) more: Vec<(usize, String)>,
}

/// How many are left alone, without those that the delete guard withholds: they are shown by themselves.
pub(super) fn count(skips: &[Skip]) -> usize {
    listed(skips).count()
}

fn listed(skips: &[Skip]) -> impl Iterator<Item = &Skip> {
    skips.iter().filter(|skip| skip.reason.kind() != SkipKind::Withheld)
}

/// Leaves out, of each reason, what is beyond its limit.
pub(super) fn shown(skips: &[Skip]) -> Shown<'_> {
    let mut totals: BTreeMap<String, usize> = BTreeMap::new();
    for skip in listed(skips) {
        *totals.entry(skip.reason.to_string()).or_default() += 1;
    }
    let mut more = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut shown = Vec::new();
    for skip in listed(skips) {
        let reason = skip.reason.to_string();
        let (total, limit) = (totals.get(&reason).copied().unwrap_or_default(), limit(&skip.reason));
        // A line that says "1 more" would take the place of that one.
        let limit = if total == limit + 1 { total } else { limit };
        let seen = seen.entry(reason.clone()).or_default();
        *seen += 1;
        if *seen <= limit {
            shown.push(skip);
        } else if *seen == total {
            more.push((total - limit, reason));
        }
    }
    Shown { skips: shown, more }
}

fn limit(reason: &SkipReason) -> usize {
    match (reason.kind(), reason) {
        (SkipKind::Filtered | SkipKind::Policy, _) | (_, SkipReason::NotMigrated { .. }) => SHOWN_OF_EXPECTED,
        _ => SHOWN_OF_NEWS,
    }
}

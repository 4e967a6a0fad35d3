//! Ownership rows that outlived their record.
//!
//! A row of ours without a record is not just clutter: whatever somebody creates at that name by hand would count as ours, and be
//! deleted. But rows are what ownership hangs on, and a row may belong to a record in a way that is not seen here: the clean-up
//! proposed for ExternalDNS (its pull request 6688) took live owners along. So a row goes only when nothing speaks for it.

use super::diff::{settle, sort};
use super::{Change, DeleteReason, Plan, PlanInput, Scope};
use crate::{DnsName, Endpoint, Record, RecordType};
use std::collections::HashSet;

/// An ownership row of ours for which no record exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The row, labelled with what it says.
    pub row: Record,
    /// Every record that it may vouch for, of whatever type.
    pub of: Vec<(DnsName, RecordType)>,
    /// It bears the very name, type and set identifier of its record (registries that keep rows outside of DNS), so that it can be that
    /// of no other: only a wish for that record speaks for it, or a hold.
    pub is_exact: bool,
}

impl Plan {
    /// Adds the deletion of left-over rows, each unless something speaks for it: a record that will stand at its name (of any
    /// type), a wish for the name, a hold, an incomplete source, or records that the object it names still has.
    ///
    /// Looks at what the plan leaves behind, so it comes after [`super::plan`] and before anything is withheld; `desired` are
    /// the wishes that were planned. A plan of some names only does nothing here.
    pub fn tidy(&mut self, input: &PlanInput<'_>, leftovers: impl IntoIterator<Item = Leftover>) {
        if !matches!(input.scope, Scope::All) {
            return;
        }
        let mut leftovers = leftovers.into_iter().peekable();
        if leftovers.peek().is_none() {
            return;
        }
        let living = Living::after(self, input);
        let idle: Vec<Leftover> = leftovers.filter(|leftover| !living.speaks_for(leftover)).collect();
        drop(living);
        for leftover in idle {
            tidy_one(input, leftover, self);
        }
        sort(self);
    }
}

/// What is there once a plan is carried out, and what is wanted.
struct Living<'a> {
    wishes: HashSet<(&'a DnsName, &'a RecordType, &'a str)>,
    names: HashSet<&'a DnsName>,
    resources: HashSet<&'a str>,
}

impl<'a> Living<'a> {
    fn after(plan: &'a Plan, input: &PlanInput<'a>) -> Self {
        let deleted: HashSet<_> = plan
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Delete { old, .. } => Some(site(old)),
                _ => None,
            })
            .collect();
        let staying = || input.current.iter().copied().filter(|record| !deleted.contains(&site(record)));
        let wished = input.desired.iter().map(|endpoint: &Endpoint| &endpoint.name);
        let key = |wish: &'a Endpoint| (&wish.name, &wish.record_type, &*wish.set_identifier);
        Self {
            wishes: input.desired.iter().map(key).collect(),
            names: staying().map(|record| &record.name).chain(wished).collect(),
            resources: staying().filter_map(|record| record.labels.resource()).collect(),
        }
    }

    fn speaks_for(&self, leftover: &Leftover) -> bool {
        if leftover.is_exact {
            let row = &leftover.row;
            return self.wishes.contains(&(&row.name, &row.record_type, &*row.set_identifier));
        }
        leftover.of.iter().any(|(name, _)| self.names.contains(name))
            || leftover.row.labels.resource().is_some_and(|resource| self.resources.contains(resource))
    }
}

fn site(record: &Record) -> (&crate::ZoneId, &DnsName, &RecordType, &str) {
    (&record.zone, &record.name, &record.record_type, &record.set_identifier)
}

fn tidy_one(input: &PlanInput<'_>, leftover: Leftover, plan: &mut Plan) {
    let Leftover { row, of, .. } = leftover;
    let is_in_reach = |name| input.filters.iter().all(|filter| filter.matches(name));
    // Where a row points at a PTR record its targets would say whether it is held; a row does not know them.
    let may_be_held_ptr = of.iter().any(|(_, record_type)| *record_type == RecordType::Ptr)
        && input.holds.names().next().is_some();
    if of.is_empty() || may_be_held_ptr || !of.iter().all(|(name, _)| is_in_reach(name)) {
        return;
    }
    let kept = of.iter().find_map(|(name, _)| {
        let vouched_for = Record { name: name.clone(), ..row.clone() };
        input.holds.keeps(&vouched_for, |_| false)
    });
    settle(input, &row, DeleteReason::LeftoverRow, kept, plan);
}

//! Taking changes out of a plan that has been made: by the guard, by quarantine, while a zone is left alone.

use super::{Change, CreateReason, DeleteReason, Plan, Skip, SkipReason, diff};
use crate::DnsName;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Plan {
    /// Takes out every change for which `why` gives a reason, and lists it among what was left undone. A record that gives way to
    /// one of another type stays if the other cannot come, and the other waits if the first cannot go: otherwise the name
    /// would be without an answer, or the provider would refuse the pair.
    ///
    /// Gives back what was taken out.
    pub fn withhold(&mut self, mut why: impl FnMut(&Change) -> Option<SkipReason>) -> Vec<Change> {
        let mut reasons: Vec<Option<SkipReason>> = self.changes.iter().map(&mut why).collect();
        if reasons.iter().all(Option::is_none) {
            return Vec::new();
        }
        let mut pairs: BTreeMap<(DnsName, Arc<str>), SkipReason> = BTreeMap::new();
        for (change, reason) in self.changes.iter().zip(&reasons) {
            if let (true, Some(reason)) = (is_half(change), reason) {
                pairs.entry(row(change)).or_insert_with(|| reason.clone());
            }
        }
        for (change, reason) in self.changes.iter().zip(&mut reasons) {
            if reason.is_none() && is_half(change) {
                *reason = pairs.get(&row(change)).cloned();
            }
        }
        let mut withheld = Vec::new();
        for (change, reason) in std::mem::take(&mut self.changes).into_iter().zip(reasons) {
            match reason {
                None => self.changes.push(change),
                Some(reason) => {
                    self.skips.push(Skip::of_change(&change, reason));
                    withheld.push(change);
                }
            }
        }
        diff::sort(self);
        withheld
    }
}

impl Skip {
    /// A change that is not made.
    pub fn of_change(change: &Change, reason: SkipReason) -> Self {
        match change {
            Change::Create { new, .. } | Change::Update { new, .. } => Self::of_wish(new, reason),
            Change::Delete { old, .. } => Self::of_record(old, reason),
        }
    }
}

/// Half of a change of type.
fn is_half(change: &Change) -> bool {
    matches!(
        change,
        Change::Create { reason: CreateReason::TypeChanged { .. }, .. }
            | Change::Delete { reason: DeleteReason::TypeChanged { .. }, .. }
    )
}

fn row(change: &Change) -> (DnsName, Arc<str>) {
    (change.name().clone(), change.set_identifier().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, Properties, Record, RecordType, ZoneId};

    fn create(name: &str, record_type: RecordType, target: &str, reason: CreateReason) -> Change {
        Change::create(Endpoint::new(name, record_type, &[target], Properties::new()).unwrap(), reason)
    }

    fn delete(name: &str, reason: DeleteReason) -> Change {
        let old = Record::from_text(ZoneId::new("z"), name, RecordType::A, &["192.0.2.1"]).unwrap();
        Change::delete(old, reason)
    }

    fn reason() -> SkipReason {
        SkipReason::Guarded { zone: "z".to_owned(), hash: "h".to_owned() }
    }

    #[test]
    fn what_is_withheld_is_listed_with_its_reason() {
        let mut plan = Plan {
            changes: vec![
                create("a.org", RecordType::A, "192.0.2.1", CreateReason::New),
                delete("b.org", DeleteReason::NoLongerWanted),
            ],
            skips: Vec::new(),
        };
        let withheld = plan.withhold(|change| (change.action() == "delete").then(reason));
        assert_eq!(withheld.len(), 1);
        assert_eq!(plan.count("create"), 1);
        assert_eq!((plan.skips[0].name.as_str(), plan.skips[0].reason.code()), ("b.org", "guard"));
    }

    #[test]
    fn both_halves_of_a_change_of_type_wait_together() {
        let changes = || {
            vec![
                delete("a.org", DeleteReason::TypeChanged { to: RecordType::Cname }),
                create(
                    "a.org",
                    RecordType::Cname,
                    "b.org",
                    CreateReason::TypeChanged { from: RecordType::A },
                ),
            ]
        };
        for action in ["create", "delete"] {
            let mut plan = Plan { changes: changes(), skips: Vec::new() };
            assert_eq!(plan.withhold(|change| (change.action() == action).then(reason)).len(), 2);
            assert!(plan.is_empty());
            assert_eq!(plan.skips.len(), 2);
        }
    }
}

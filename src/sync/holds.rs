//! How long names have been held (`--hold-max-age`).
//!
//! Ages are those that this process has seen: after a restart they begin again, so that a restart never deletes anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::warn;
use zonewright_planner::{DnsName, Hold, HoldReason, ObjectRef, Scope};

/// An object's claim to a name (`None` where the name is unknown) and set identifier.
type Claim = (Arc<ObjectRef>, Option<DnsName>, Arc<str>);

/// When each hold began.
#[derive(Debug, Default)]
pub struct HoldAges {
    max_age: Duration,
    begun: BTreeMap<Claim, Began>,
}

#[derive(Debug, Clone, Copy)]
struct Began {
    at: Instant,
    is_over: bool,
}

impl HoldAges {
    /// Holds end at this age; zero for never.
    pub fn new(max_age: Duration) -> Self {
        Self { max_age, ..Self::default() }
    }

    /// Leaves out the holds that have lasted too long; what they kept is then planned like anything else. `holds` must be all holds
    /// of the names in `scope`: a hold that is missing has ended, and begins anew if it comes back. Malformed objects hold for as
    /// long as they are malformed, refused ones for as long as they are refused.
    pub fn expire(&mut self, mut holds: Vec<Hold>, scope: Scope<'_>, now: Instant) -> Vec<Hold> {
        if self.max_age.is_zero() {
            return holds;
        }
        let mut before = std::mem::take(&mut self.begun);
        let max_age = self.max_age;
        holds.retain(|hold| {
            if matches!(hold.reason, HoldReason::Invalid(_) | HoldReason::Refused(_)) {
                return true;
            }
            let claim = (hold.object.clone(), hold.name.clone(), hold.set_identifier.clone());
            let known = before.remove(&claim).or_else(|| self.begun.get(&claim).copied());
            let mut began = known.unwrap_or(Began { at: now, is_over: false });
            if !began.is_over && now.duration_since(began.at) >= max_age {
                began.is_over = true;
                warn!("{}", describe(hold, max_age));
            }
            self.begun.insert(claim, began);
            !began.is_over
        });
        let is_full = matches!(scope, Scope::All);
        before.retain(|(_, name, _), _| name.as_ref().map_or(!is_full, |name| !scope.covers(name)));
        self.begun.append(&mut before);
        holds
    }

    /// When the next hold will have lasted too long.
    pub fn next_expiry(&self) -> Option<Instant> {
        let running = self.begun.values().filter(|began| !began.is_over);
        running.map(|began| began.at + self.max_age).min()
    }

    /// The names whose holds have lasted too long by now, to be planned.
    pub fn due(&self, now: Instant) -> impl Iterator<Item = &DnsName> {
        let is_due = move |began: &Began| !began.is_over && now.duration_since(began.at) >= self.max_age;
        self.begun
            .iter()
            .filter(move |(_, began)| is_due(began))
            .filter_map(|((_, name, _), _)| name.as_ref())
    }
}

fn describe(hold: &Hold, max_age: Duration) -> String {
    let name = hold.name.as_ref().map_or("unknown names", DnsName::as_str);
    let (object, reason) = (&hold.object, &hold.reason);
    format!(
        "{name} is not held any more: for {max_age:?} (--hold-max-age) of {object} it has been true that {reason}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const HOUR: Duration = Duration::from_secs(3600);

    fn hold(object: &str, name: &str, reason: HoldReason) -> Hold {
        Hold {
            object: Arc::new(ObjectRef {
                source: "ingress",
                kind: "Ingress",
                api_version: "networking.k8s.io/v1",
                namespace: "x".into(),
                name: object.into(),
                uid: "".into(),
            }),
            name: Some(DnsName::parse(name).unwrap()),
            set_identifier: Arc::default(),
            resource: None,
            reason,
        }
    }

    fn web() -> Vec<Hold> {
        vec![hold("web", "web.example.org", HoldReason::NoTarget)]
    }

    #[test]
    fn a_hold_ends_at_its_age_and_not_before() {
        let (mut ages, t0) = (HoldAges::new(HOUR), Instant::now());
        assert_eq!(ages.expire(web(), Scope::All, t0), web());
        assert_eq!(ages.next_expiry(), Some(t0 + HOUR));
        let just_before = t0 + HOUR - Duration::from_nanos(1);
        assert_eq!(ages.expire(web(), Scope::All, just_before), web());
        assert_eq!(ages.due(just_before).count(), 0);
        assert_eq!(ages.due(t0 + HOUR).map(DnsName::as_str).collect::<Vec<_>>(), ["web.example.org"]);
        assert_eq!(ages.expire(web(), Scope::All, t0 + HOUR), []);
        assert_eq!((ages.next_expiry(), ages.due(t0 + HOUR).count()), (None, 0));
        assert_eq!(ages.expire(web(), Scope::All, t0 + HOUR * 9), [], "and stays ended");
    }

    #[test]
    fn a_target_in_between_starts_the_clock_again() {
        let (mut ages, t0) = (HoldAges::new(HOUR), Instant::now());
        ages.expire(web(), Scope::All, t0);
        ages.expire(Vec::new(), Scope::All, t0 + HOUR / 2);
        assert_eq!(ages.next_expiry(), None);
        assert_eq!(ages.expire(web(), Scope::All, t0 + HOUR), web());
        assert_eq!(ages.next_expiry(), Some(t0 + HOUR * 2));
    }

    #[test]
    fn the_reason_may_change_while_the_clock_runs_but_malformed_objects_hold_for_ever() {
        let (mut ages, t0) = (HoldAges::new(HOUR), Instant::now());
        let with = |reason| vec![hold("web", "web.example.org", reason)];
        ages.expire(with(HoldReason::NotAccepted), Scope::All, t0);
        assert_eq!(ages.expire(web(), Scope::All, t0 + HOUR), []);
        let invalid = with(HoldReason::Invalid("broken".into()));
        ages.expire(invalid.clone(), Scope::All, t0);
        assert_eq!(ages.expire(invalid.clone(), Scope::All, t0 + HOUR * 1000), invalid);
        assert_eq!(ages.next_expiry(), None);
    }

    #[test]
    fn each_object_has_its_own_clock() {
        let (mut ages, t0) = (HoldAges::new(HOUR), Instant::now());
        let other = hold("other", "web.example.org", HoldReason::NoTarget);
        ages.expire(web(), Scope::All, t0);
        let both = [web(), vec![other.clone()]].concat();
        ages.expire(both.clone(), Scope::All, t0 + HOUR / 2);
        assert_eq!(ages.expire(both, Scope::All, t0 + HOUR), [other]);
        assert_eq!(ages.next_expiry(), Some(t0 + HOUR / 2 + HOUR));
    }

    #[test]
    fn a_plan_of_some_names_leaves_the_clocks_of_others_alone() {
        let (mut ages, t0) = (HoldAges::new(HOUR), Instant::now());
        let api = hold("api", "api.example.org", HoldReason::NoTarget);
        ages.expire([web(), vec![api.clone()]].concat(), Scope::All, t0);
        let names = BTreeSet::from([DnsName::parse("api.example.org").unwrap()]);
        ages.expire(Vec::new(), Scope::Names(&names), t0 + HOUR / 2);
        assert_eq!(ages.expire([web(), vec![api.clone()]].concat(), Scope::All, t0 + HOUR), [api]);
    }

    #[test]
    fn without_a_limit_nothing_ends() {
        let (mut ages, t0) = (HoldAges::new(Duration::ZERO), Instant::now());
        ages.expire(web(), Scope::All, t0);
        assert_eq!(ages.expire(web(), Scope::All, t0 + HOUR * 100_000), web());
        assert_eq!(ages.next_expiry(), None);
    }
}

//! Records that the provider refuses: each waits alone, longer and longer, while the others go on.

use super::Site;
use super::pause::{Jitter, doubled};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{Change, DnsName, Properties, SkipReason, Target, Ttl, ZoneId};
use zonewright_provider_kit::{ErrorClass, ProviderError};

/// The first wait; doubled with every refusal.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// A change that the provider refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// What was refused. Anything else that is wanted for the record is tried at once.
    pub change: Change,
    /// What the provider said.
    pub why: ProviderError,
    /// How many times in a row.
    pub refusals: u32,
    /// When it was refused first.
    pub since: Instant,
    /// When it is tried again.
    pub next_try: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Quarantine(BTreeMap<Site, Refused>);

impl Quarantine {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Site, &Refused)> {
        self.0.iter()
    }

    /// Forgets what nobody wants any more, or what has come about by itself. `covered` tells what the plan is about.
    pub fn compare(&mut self, planned: &BTreeSet<&Site>, covered: impl Fn(&Site) -> bool) {
        self.0.retain(|site, _| planned.contains(site) || !covered(site));
    }

    /// Names at which something else is wanted than what was refused. A change of type is two changes, of which one may be as
    /// before: the whole name is tried.
    pub fn renewed<'a>(&self, changes: impl Iterator<Item = (&'a Site, &'a Change)>) -> BTreeSet<Site> {
        let differs = |site: &Site, change: &Change| {
            self.0.get(site).is_some_and(|refused| !is_same(&refused.change, change))
        };
        let names = changes.filter(|(site, change)| differs(site, change)).map(|(site, _)| site.name_only());
        names.collect()
    }

    pub fn reason(&self, site: &Site, renewed: &BTreeSet<Site>, now: Instant) -> Option<SkipReason> {
        let refused = self.0.get(site).filter(|refused| refused.next_try > now)?;
        let waits = !renewed.contains(&site.name_only());
        waits.then(|| SkipReason::Quarantined { why: refused.why.to_string(), refusals: refused.refusals })
    }

    pub fn succeeded(&mut self, site: &Site) {
        self.0.remove(site);
    }

    pub fn refused(
        &mut self,
        site: Site,
        change: &Change,
        why: &ProviderError,
        now: Instant,
        jitter: &mut Jitter,
    ) {
        let before = self.0.get(&site);
        let refusals =
            before.filter(|b| is_same(&b.change, change)).map_or(1, |b| b.refusals.saturating_add(1));
        let wait = match why.class() {
            // What exists was not what we thought. The zone is listed again before the next try, which may well be right.
            ErrorClass::Conflict if refusals == 1 => Duration::ZERO,
            _ => jitter.around(doubled(FIRST_WAIT, refusals - 1, LONGEST_WAIT)),
        };
        let since = before.map_or(now, |before| before.since);
        let refused =
            Refused { change: change.clone(), why: why.clone(), refusals, since, next_try: now + wait };
        self.0.insert(site, refused);
    }

    /// The names of a zone that are here.
    pub fn names(&self, zone: &ZoneId) -> BTreeSet<DnsName> {
        self.0.keys().filter(|site| site.zone == *zone).map(|site| site.key.name.clone()).collect()
    }
}

type Content<'a> = (&'a [Target], Ttl, &'a Properties);

/// Whether two changes of a record set do the same: from the same, to the same. Labels do not count; what was sent has the owner
/// among them, what is planned has not.
fn is_same(one: &Change, other: &Change) -> bool {
    from_and_to(one) == from_and_to(other)
}

fn from_and_to(change: &Change) -> (Option<Content<'_>>, Option<Content<'_>>) {
    let (old, new) = match change {
        Change::Create { new, .. } => (None, Some(new)),
        Change::Update { old, new, .. } => (Some(old), Some(new)),
        Change::Delete { old, .. } => (Some(old), None),
    };
    (
        old.map(|old| (old.targets.as_slice(), old.ttl, &old.properties)),
        new.map(|new| (new.targets.as_slice(), new.ttl, &new.properties)),
    )
}

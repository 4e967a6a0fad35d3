//! Records that somebody else keeps changing after we wrote them: two daemons with one owner id, a provider that stores something
//! else than it was told. Writing at every turn would be a war without end; so the third undone write is the last for a
//! while, and each while is twice as long.

use super::Site;
use super::pause::{Jitter, doubled};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{Change, SkipReason};

/// How soon after our write it must be undone to count. Somebody who changes a record by hand once an hour is no fight.
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// This many undone writes are a fight.
const PATIENCE: u32 = 3;
const FIRST_HOLD_OFF: Duration = Duration::from_secs(2 * 60);
/// Whoever ends a fight has the record right within this time.
const LONGEST_HOLD_OFF: Duration = Duration::from_secs(60 * 60);

/// A record that was changed back after we wrote it.
#[derive(Debug, Clone)]
pub struct Fight {
    /// How many of our writes were undone, each soon after the one before.
    pub undone: u32,
    /// When that was first seen.
    pub since: Instant,
    /// When we write again; in the past while it is no fight yet.
    pub next_try: Instant,
    state: u64,
    wrote: bool,
    last: Instant,
}

impl Fight {
    /// How long nothing must happen for the fight to be over.
    fn quiet_time(&self) -> Duration {
        WINDOW.max(hold_off(self.undone) * 2)
    }
}

fn hold_off(undone: u32) -> Duration {
    match undone.checked_sub(PATIENCE) {
        None => Duration::ZERO,
        Some(doublings) => doubled(FIRST_HOLD_OFF, doublings, LONGEST_HOLD_OFF),
    }
}

#[derive(Debug, Default)]
pub(super) struct Fights {
    written: Written,
    fights: BTreeMap<Site, Fight>,
}

/// What we wrote lately where, both as hashes: a first cycle writes everything, and that must not cost a copy of it. Two that collide
/// make at worst a write count as undone that was not.
#[derive(Debug, Default)]
struct Written {
    /// By site. The hash of what was written is cut short: with the site's it has to match by chance as well.
    states: BTreeMap<u64, (u32, Seconds)>,
    /// What seconds are counted from.
    begun: Option<Instant>,
}

/// Since the first write that is remembered.
type Seconds = u32;

impl Written {
    fn add(&mut self, site: &Site, state: u64, now: Instant) {
        let at = seconds_since(*self.begun.get_or_insert(now), now);
        self.states.insert(hash(site), (state as u32, at));
    }

    /// Takes out a write within the window that led to this.
    fn take(&mut self, site: &Site, state: u64, now: Instant) -> bool {
        let (site, now) = (hash(site), self.seconds(now));
        let is_it = |&(written, at): &(u32, Seconds)| written == state as u32 && is_recent(at, now);
        let is_it = self.states.get(&site).is_some_and(is_it);
        if is_it {
            self.states.remove(&site);
        }
        is_it
    }

    fn forget_old(&mut self, now: Instant) {
        let now = self.seconds(now);
        self.states.retain(|_, (_, at)| is_recent(*at, now));
        if self.states.is_empty() {
            self.begun = None;
        }
    }

    fn seconds(&self, now: Instant) -> Seconds {
        self.begun.map_or(0, |begun| seconds_since(begun, now))
    }
}

fn seconds_since(begun: Instant, now: Instant) -> Seconds {
    Seconds::try_from(now.duration_since(begun).as_secs()).unwrap_or(Seconds::MAX)
}

fn is_recent(at: Seconds, now: Seconds) -> bool {
    u64::from(now.saturating_sub(at)) <= WINDOW.as_secs()
}

impl Fights {
    pub fn iter(&self) -> impl Iterator<Item = (&Site, &Fight)> {
        self.fights.iter().filter(|(_, fight)| fight.undone >= PATIENCE)
    }

    pub fn is_empty(&self) -> bool {
        self.written.states.is_empty() && self.fights.is_empty()
    }

    /// A change has been written.
    pub fn wrote(&mut self, site: &Site, change: &Change, now: Instant) {
        if !is_fightable(change) {
            return;
        }
        let state = wanted_state(change);
        match self.fights.get_mut(site) {
            Some(fight) => (fight.state, fight.wrote, fight.last) = (state, true, now),
            None => self.written.add(site, state, now),
        }
    }

    /// A plan made after listing wants this change. Was it made before? Then somebody undid it.
    pub fn planned(&mut self, site: &Site, change: &Change, now: Instant, jitter: &mut Jitter) {
        if !is_fightable(change) {
            return;
        }
        let state = wanted_state(change);
        if let Some(fight) = self.fights.get_mut(site) {
            if !fight.wrote || fight.state != state {
                return;
            }
            let soon = now.duration_since(fight.last) <= fight.quiet_time();
            fight.undone = if soon { fight.undone.saturating_add(1) } else { 1 };
            (fight.wrote, fight.last) = (false, now);
            fight.next_try = now + jitter.around(hold_off(fight.undone));
            return;
        }
        if self.written.take(site, state, now) {
            let fight = Fight { undone: 1, since: now, next_try: now, state, wrote: false, last: now };
            self.fights.insert(site.clone(), fight);
        }
    }

    /// Why a change has to wait. One that wants something else than what was undone does not.
    pub fn reason(&self, site: &Site, change: &Change, now: Instant) -> Option<SkipReason> {
        let fight = self.fights.get(site).filter(|fight| fight.next_try > now)?;
        (fight.state == wanted_state(change)).then_some(SkipReason::Fought { undone: fight.undone })
    }

    /// Forgets what has been quiet for long enough. `covered` tells what the plan is about.
    pub fn forget(&mut self, planned: &BTreeSet<&Site>, covered: impl Fn(&Site) -> bool, now: Instant) {
        self.written.forget_old(now);
        self.fights.retain(|site, fight| {
            let quiet = covered(site) && !planned.contains(site);
            !quiet || now.duration_since(fight.last) < fight.quiet_time()
        });
    }
}

/// Whether a change can undo or be undone. The row of a record that owners share is changed by its owner alone, before and after the
/// record and without it. (That others of these owners change the record is no fight: then something else is wanted of it.)
fn is_fightable(change: &Change) -> bool {
    !(change.is_shared() && change.leaves_record_alone())
}

/// What a change leads to; the same whether it takes a create or an update to get there.
fn wanted_state(change: &Change) -> u64 {
    match change {
        Change::Create { new, .. } | Change::Update { new, .. } => {
            hash(&(&new.targets, new.ttl, &new.properties))
        }
        Change::Delete { .. } => 0,
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;

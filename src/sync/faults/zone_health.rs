//! Zones that cannot be read or written: each waits alone, a little longer after every failure.

use super::pause::{Jitter, doubled};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::ZoneId;
use zonewright_provider_kit::{ErrorClass, ProviderError};

/// The first pause after a failure; doubled up to the interval.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A service that wants to be left alone for longer than this is asked again all the same.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// Every third failed write in a row that was answered leads to a search for a single change that is to blame.
const HUNT_EVERY: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct ZoneHealth {
    zones: BTreeMap<ZoneId, State>,
    longest_pause: Duration,
}

#[derive(Debug, Default)]
struct State {
    read: Trouble,
    write: Trouble,
    /// Writes in a row that were answered with `Unavailable`.
    unavailable_answers: u32,
}

#[derive(Debug, Default)]
struct Trouble {
    failures: u32,
    last: Option<(Instant, ProviderError)>,
}

impl Trouble {
    fn waits(&self, now: Instant) -> Option<&ProviderError> {
        self.last.as_ref().filter(|(until, _)| *until > now).map(|(_, why)| why)
    }

    fn failed(&mut self, why: &ProviderError, longest: Duration, now: Instant, jitter: &mut Jitter) {
        let pause = jitter.below(doubled(FIRST_PAUSE, self.failures, longest));
        self.failures = self.failures.saturating_add(1);
        let asked_for = retry_after(why).unwrap_or_default().min(LONGEST_RETRY_AFTER);
        self.last = Some((now + pause.max(asked_for), why.clone()));
    }
}

fn retry_after(error: &ProviderError) -> Option<Duration> {
    match error.class() {
        ErrorClass::Throttled { retry_after } => retry_after,
        _ => None,
    }
}

impl ZoneHealth {
    pub fn new(longest_pause: Duration) -> Self {
        Self { zones: BTreeMap::new(), longest_pause }
    }

    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    /// Why a zone is not to be listed now.
    pub fn read_waits(&self, zone: &ZoneId, now: Instant) -> Option<&ProviderError> {
        self.zones.get(zone)?.read.waits(now)
    }

    /// Why nothing is to be written to a zone now.
    pub fn write_waits(&self, zone: &ZoneId, now: Instant) -> Option<&ProviderError> {
        let state = self.zones.get(zone)?;
        state.write.waits(now).or_else(|| state.read.waits(now))
    }

    /// Whether the next write to a zone should look for single changes to blame. A service that is down answers 5xx as one does
    /// that stumbles over one record; the former gets over it, and most often before the third attempt.
    pub fn hunts(&self, zone: &ZoneId) -> bool {
        self.zones.get(zone).is_some_and(|state| state.unavailable_answers % HUNT_EVERY == HUNT_EVERY - 1)
    }

    pub fn was_read(
        &mut self,
        zone: &ZoneId,
        result: Result<(), &ProviderError>,
        now: Instant,
        jitter: &mut Jitter,
    ) {
        let longest = self.longest_pause;
        match result {
            Ok(()) => {
                let Some(state) = self.zones.get_mut(zone) else { return };
                state.read = Trouble::default();
                if state.write.failures == 0 && state.unavailable_answers == 0 {
                    self.zones.remove(zone);
                }
            }
            Err(why) => {
                let state = self.zones.entry(zone.clone()).or_default();
                state.read.failed(why, longest, now, jitter);
            }
        }
    }

    /// Everything that was written to a zone has gone through, apart from changes that were refused on their own.
    pub fn was_written(&mut self, zone: &ZoneId) {
        if let Some(state) = self.zones.get_mut(zone) {
            state.write = Trouble::default();
            state.unavailable_answers = 0;
        }
    }

    /// A write failed, for a reason that is the zone's.
    pub fn failed(&mut self, zone: &ZoneId, why: &ProviderError, now: Instant, jitter: &mut Jitter) {
        let longest = self.longest_pause;
        let state = self.zones.entry(zone.clone()).or_default();
        state.write.failed(why, longest, now, jitter);
        if retry_after(why).is_some() {
            // Listing costs calls, too.
            state.read.failed(why, longest, now, jitter);
        }
        state.unavailable_answers = match why.class() {
            ErrorClass::Unavailable if !why.is_outcome_unknown() => state.unavailable_answers + 1,
            _ => 0,
        };
    }

    /// Every zone with a pause, until when and why: the longer of its two.
    pub fn resting(&self) -> impl Iterator<Item = (&ZoneId, Instant, &ProviderError)> {
        self.zones.iter().filter_map(|(zone, state)| {
            let pauses = [&state.read, &state.write].into_iter().filter_map(|trouble| trouble.last.as_ref());
            pauses.max_by_key(|(until, _)| *until).map(|(until, why)| (zone, *until, why))
        })
    }

    /// When the pauses end.
    pub fn dues(&self) -> impl Iterator<Item = Instant> {
        let troubles = self.zones.values().flat_map(|state| [&state.read, &state.write]);
        troubles.filter_map(|trouble| trouble.last.as_ref().map(|(until, _)| *until))
    }
}

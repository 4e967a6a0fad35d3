//! When the next run is due: a full one, or one for the names that changed.

use std::time::Duration;
use tokio::time::Instant;

/// After so long without an event the next one is acted on at once.
const QUIET: Duration = Duration::from_millis(50);
/// No event waits longer than this for quiet, so that a steady stream of them starves nobody.
const MAX_WAIT: Duration = Duration::from_millis(300);
/// First pause after a failed run; doubled up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// Decides when to run. Full runs: at the start, at every interval, sooner after a failure. Runs for what changed: at once after a quiet
/// time, else when it is quiet again or has waited long enough.
#[derive(Debug)]
pub struct Schedule {
    interval: Duration,
    least_gap: Option<Duration>,
    next_full: Instant,
    failures: u32,
    last_start: Option<Instant>,
    last_end: Option<Instant>,
    first_event: Option<Instant>,
    last_event: Option<Instant>,
}

impl Schedule {
    /// A schedule whose first full run is due now. `least_gap` (`--min-event-sync-interval`, where it is given) lies between the start
    /// of any run and that of one for what changed.
    pub fn new(interval: Duration, least_gap: Option<Duration>, now: Instant) -> Self {
        Self {
            interval,
            least_gap,
            next_full: now,
            failures: 0,
            last_start: None,
            last_end: None,
            first_event: None,
            last_event: None,
        }
    }

    /// When the next full run is due.
    pub fn next_full(&self) -> Instant {
        self.next_full
    }

    /// When the next run for what changed is due; `None` while nothing has.
    pub fn next_partial(&self) -> Option<Instant> {
        let (first, last) = (self.first_event?, self.last_event?);
        if let Some(gap) = self.least_gap {
            return Some(self.last_start.map_or(first, |start| first.max(start + gap)));
        }
        let was_quiet = self.last_end.is_none_or(|end| end + QUIET <= first);
        // The first of many goes out alone, so that a single change never waits.
        Some(if was_quiet { first } else { (last + QUIET).min(first + MAX_WAIT) })
    }

    /// A full run starts; it covers all that changed so far.
    pub fn full_started(&mut self, now: Instant) {
        self.next_full = now + self.interval;
        self.partial_started(now);
    }

    /// A run for what changed starts.
    pub fn partial_started(&mut self, now: Instant) {
        self.last_start = Some(now);
        self.first_event = None;
    }

    /// A full run ended.
    pub fn full_ended(&mut self, now: Instant, succeeded: bool) {
        self.last_end = Some(now);
        match succeeded {
            true => self.failures = 0,
            false => self.failed(now),
        }
    }

    /// A run for what changed ended.
    pub fn partial_ended(&mut self, now: Instant, succeeded: bool) {
        self.last_end = Some(now);
        if !succeeded {
            self.failed(now);
        }
    }

    /// The next full run comes sooner than the interval, with a pause that doubles.
    fn failed(&mut self, now: Instant) {
        let pause = FIRST_RETRY.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.next_full = self.next_full.min(now + pause.min(self.interval));
    }

    /// A full run is due now, whatever failed before: this replica leads since just now.
    pub fn full_anew(&mut self, now: Instant) {
        self.next_full = now;
        self.failures = 0;
    }

    /// A full run is wanted now, or when it is due after a failure.
    pub fn full_soon(&mut self, now: Instant) {
        if self.failures == 0 {
            self.next_full = self.next_full.min(now);
        }
    }

    /// A zone that rested after a failure may be tried again.
    pub fn full_now(&mut self, now: Instant) {
        self.next_full = self.next_full.min(now);
    }

    /// An object changed.
    pub fn event(&mut self, now: Instant) {
        self.first_event.get_or_insert(now);
        self.last_event = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);

    fn schedule(interval: u32, least_gap: Option<Duration>) -> (Schedule, Instant) {
        let t0 = Instant::now();
        (Schedule::new(SECOND * interval, least_gap, t0), t0)
    }

    /// Runs whatever is due until `end`, with an event every `step`; the starts of partial runs, in ms.
    fn partial_starts(schedule: &mut Schedule, t0: Instant, step: Duration, events: u32) -> Vec<u128> {
        let mut starts = Vec::new();
        let mut run = |schedule: &mut Schedule, until: Instant| {
            while let Some(due) = schedule.next_partial().filter(|due| *due <= until) {
                starts.push((due - t0).as_millis());
                schedule.partial_started(due);
                schedule.partial_ended(due, true);
            }
        };
        for event in 0..events {
            let now = t0 + step * event;
            run(schedule, now);
            schedule.event(now);
        }
        run(schedule, t0 + step * events + SECOND);
        starts
    }

    #[test]
    fn the_interval_counts_from_start_to_start() {
        let (mut schedule, t0) = schedule(60, None);
        assert_eq!(schedule.next_full(), t0);
        schedule.full_started(t0);
        schedule.full_ended(t0 + SECOND * 5, true);
        assert_eq!(schedule.next_full(), t0 + SECOND * 60);
        assert_eq!(schedule.next_partial(), None);
    }

    #[test]
    fn a_single_event_is_acted_on_at_once() {
        let (mut schedule, t0) = schedule(60, None);
        schedule.full_started(t0);
        schedule.full_ended(t0, true);
        schedule.event(t0 + SECOND);
        assert_eq!(schedule.next_partial(), Some(t0 + SECOND));
    }

    #[test]
    fn a_burst_is_two_runs() {
        let (mut schedule, t0) = schedule(60, None);
        assert_eq!(partial_starts(&mut schedule, t0, MS, 100), [0, 99 + 50]);
    }

    #[test]
    fn a_steady_stream_starves_nobody() {
        let (mut schedule, t0) = schedule(60, None);
        let starts = partial_starts(&mut schedule, t0, MS * 20, 500);
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] <= 320), "{starts:?}");
        let (mut schedule, t0) = super::tests::schedule(60, None);
        assert_eq!(
            partial_starts(&mut schedule, t0, MS * 100, 100).len(),
            100,
            "slow ones go out one by one"
        );
    }

    #[test]
    fn events_keep_the_distance_that_is_asked_for() {
        let (mut schedule, t0) = schedule(600, Some(SECOND * 15));
        schedule.full_started(t0);
        schedule.full_ended(t0 + SECOND, true);
        schedule.event(t0 + SECOND * 10);
        schedule.event(t0 + SECOND * 14);
        assert_eq!(schedule.next_partial(), Some(t0 + SECOND * 15));
        schedule.partial_started(t0 + SECOND * 15);
        assert_eq!(schedule.next_partial(), None);
        schedule.event(t0 + SECOND * 100);
        assert_eq!(schedule.next_partial(), Some(t0 + SECOND * 100));
    }

    #[test]
    fn a_failed_run_is_tried_again_sooner_and_sooner_rarely() {
        let (mut schedule, t0) = schedule(60, None);
        let mut pauses = Vec::new();
        let mut now = t0;
        for _ in 0..8 {
            schedule.full_started(now);
            schedule.full_ended(now, false);
            pauses.push((schedule.next_full() - now).as_secs());
            now = schedule.next_full();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        schedule.full_started(now);
        schedule.full_ended(now, true);
        assert_eq!(schedule.next_full(), now + SECOND * 60);
    }
}

//! When the next full cycle is due.

use std::time::Duration;
use tokio::time::Instant;

/// How long the first event is waited on, so that one run serves a burst (ExternalDNS: hard-coded five seconds).
const EVENT_WINDOW: Duration = Duration::from_secs(5);
/// First pause after a failed cycle; doubled up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// Decides when to run: at the start, at every interval, sooner after an event (`--events`), sooner after a failure.
#[derive(Debug)]
pub struct Schedule {
    interval: Duration,
    min_event_interval: Duration,
    last_start: Option<Instant>,
    next: Instant,
    failures: u32,
}

impl Schedule {
    /// A schedule whose first run is due now.
    pub fn new(interval: Duration, min_event_interval: Duration, now: Instant) -> Self {
        Self { interval, min_event_interval, last_start: None, next: now, failures: 0 }
    }

    /// When the next run is due.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// A run starts.
    pub fn started(&mut self, now: Instant) {
        self.last_start = Some(now);
        self.next = now + self.interval;
    }

    /// A run ended. After a failure the next one comes sooner than the interval, with a pause that doubles.
    pub fn ended(&mut self, now: Instant, succeeded: bool) {
        if succeeded {
            self.failures = 0;
            return;
        }
        let pause = FIRST_RETRY.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.next = self.next.min(now + pause.min(self.interval));
    }

    /// Somebody waits for a run.
    pub fn at_once(&mut self, now: Instant) {
        self.next = self.next.min(now);
    }

    /// An object changed. As in ExternalDNS: five seconds are waited for more, at least `--min-event-sync-interval` lies
    /// between two starts, and further events do not extend the wait.
    pub fn event(&mut self, now: Instant) {
        let soon = (now + EVENT_WINDOW).min(self.next);
        let earliest = self.last_start.map(|start| start + self.min_event_interval);
        self.next = earliest.map_or(soon, |earliest| earliest.max(soon));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn schedule(interval: u64, min_event: u64) -> (Schedule, Instant) {
        let t0 = Instant::now();
        (Schedule::new(SECOND * interval as u32, SECOND * min_event as u32, t0), t0)
    }

    #[test]
    fn the_interval_counts_from_start_to_start() {
        let (mut schedule, t0) = schedule(60, 5);
        assert_eq!(schedule.next(), t0);
        schedule.started(t0);
        assert_eq!(schedule.next(), t0 + SECOND * 60);
    }

    #[test]
    fn events_keep_their_distance() {
        let (mut schedule, t0) = schedule(600, 15);
        schedule.started(t0);
        schedule.event(t0 + SECOND * 10);
        assert_eq!(schedule.next(), t0 + SECOND * 15);
        schedule.event(t0 + SECOND * 14);
        assert_eq!(schedule.next(), t0 + SECOND * 15);
        schedule.started(t0 + SECOND * 15);
        schedule.event(t0 + SECOND * 15);
        assert_eq!(schedule.next(), t0 + SECOND * 30);
    }

    #[test]
    fn an_event_is_served_after_five_seconds() {
        let (mut schedule, t0) = schedule(600, 5);
        schedule.started(t0);
        schedule.event(t0 + SECOND * 100);
        assert_eq!(schedule.next(), t0 + SECOND * 105);
    }

    #[test]
    fn a_failed_run_is_tried_again_sooner_and_sooner_rarely() {
        let (mut schedule, t0) = schedule(60, 5);
        let mut pauses = Vec::new();
        let mut now = t0;
        for _ in 0..8 {
            schedule.started(now);
            schedule.ended(now, false);
            pauses.push((schedule.next() - now).as_secs());
            now = schedule.next();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        schedule.started(now);
        schedule.ended(now, true);
        assert_eq!(schedule.next(), now + SECOND * 60);
    }
}

//! When to run, and whether for real.

use super::names::EmittedEvent;
use super::values;
use clap::Args;
use std::time::Duration;

/// ExternalDNS looks at the clock once a second, so that an interval of zero is one of a second.
const ZERO_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(next_help_heading = "Loop")]
pub(super) struct ScheduleArgs {
    /// Time from the start of one full run to the start of the next
    #[arg(long, default_value = "1m", value_parser = values::duration)]
    interval: Duration,
    /// Least time from the start of one run to the start of a run that an event asks for [default: none; a burst of events is one
    /// run]
    #[arg(long, value_parser = values::duration)]
    min_event_sync_interval: Option<Duration>,
    /// Act on changed objects at once, not only at the interval [default: true]
    #[arg(long, action = clap::ArgAction::Set)]
    events: Option<bool>,
    /// Least time between two listings of a zone; in between what we wrote is remembered [default: the interval, longer where a
    /// listing takes long]
    #[arg(long, value_parser = values::duration)]
    drift_interval: Option<Duration>,
    /// Run once, then exit
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    once: bool,
    /// Say what would change, and change nothing
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    dry_run: bool,
    /// Kubernetes Event to write on objects when their records come, go, fail or are left alone (repeatable)
    #[arg(long, value_name = "EVENT")]
    events_emit: Vec<EmittedEvent>,
}

/// When runs take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleConfig {
    /// Between the starts of full runs; never zero.
    pub interval: Duration,
    /// Between the start of a run and that of one caused by an event; `None` for no more than a burst of events needs.
    pub min_event_sync_interval: Option<Duration>,
    /// Whether changed objects cause runs.
    pub events: bool,
    /// Between two listings of a zone; `None` for the interval, stretched where a listing takes long.
    pub drift_interval: Option<Duration>,
    /// Whether to exit after the first run.
    pub once: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// The Kubernetes Events that are written.
    pub events_emit: Vec<EmittedEvent>,
}

impl ScheduleArgs {
    pub(super) fn dry_run(&self) -> bool {
        self.dry_run
    }

    pub(super) fn once(&self) -> bool {
        self.once
    }

    pub(super) fn check(self) -> ScheduleConfig {
        let Self { interval, min_event_sync_interval, events, drift_interval, once, dry_run, events_emit } =
            self;
        let events = events.unwrap_or(true);
        let interval = if interval.is_zero() { ZERO_INTERVAL } else { interval };
        ScheduleConfig {
            interval,
            min_event_sync_interval,
            events,
            drift_interval,
            once,
            dry_run,
            events_emit,
        }
    }
}

//! When to run, and whether for real.

use super::names::EmittedEvent;
use super::values;
use clap::Args;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Loop")]
pub(super) struct ScheduleArgs {
    /// Time from the start of one full run to the start of the next
    #[arg(long, default_value = "1m", value_parser = values::duration)]
    interval: Duration,
    /// Least time from the start of one run to the start of a run that an event asks for
    #[arg(long, default_value = "5s", value_parser = values::duration)]
    min_event_sync_interval: Duration,
    /// Run also when an object changes
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    events: bool,
    /// Run once, then exit
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    once: bool,
    /// Say what would change, and change nothing
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    dry_run: bool,
    /// Kubernetes Event to write on objects whose records changed or failed (repeatable)
    #[arg(long, value_name = "EVENT")]
    events_emit: Vec<EmittedEvent>,
}

/// When runs take place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleConfig {
    /// Between the starts of full runs; zero for as often as possible.
    pub interval: Duration,
    /// Between the start of a run and that of one caused by an event.
    pub min_event_sync_interval: Duration,
    /// Whether changed objects cause runs.
    pub events: bool,
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
        let Self { interval, min_event_sync_interval, events, once, dry_run, events_emit } = self;
        ScheduleConfig { interval, min_event_sync_interval, events, once, dry_run, events_emit }
    }
}

//! Provider `google`.

use crate::cli::names::ZoneVisibility;
use crate::cli::non_empty;
use crate::cli::values::{self, Optional};
use clap::Args;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider google")]
pub(in crate::cli) struct GoogleArgs {
    /// Project of the zones; needed outside Google Cloud
    #[arg(long, default_value = "", value_name = "ID")]
    google_project: String,
    /// Most changes in one request
    #[arg(long, default_value = "1000", value_parser = values::count, value_name = "N")]
    google_batch_change_size: u32,
    /// Pause between requests with changes
    #[arg(long, default_value = "1s", value_parser = values::duration)]
    google_batch_change_interval: Duration,
    /// Which zones are managed, if not all: public or private ones
    #[arg(long, default_value = "", value_parser = values::optional::<ZoneVisibility>(), value_name = "TYPE")]
    google_zone_visibility: Optional<ZoneVisibility>,
}

/// Settings of Google Cloud DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoogleConfig {
    /// Project of the zones; `None` for the one we run in.
    pub project: Option<String>,
    /// Most changes in one request.
    pub batch_change_size: u32,
    /// Pause between requests with changes.
    pub batch_change_interval: Duration,
    /// Which zones are managed; `None` for all.
    pub zone_visibility: Option<ZoneVisibility>,
}

impl GoogleArgs {
    pub(super) fn check(self) -> GoogleConfig {
        let Self {
            google_project,
            google_batch_change_size,
            google_batch_change_interval,
            google_zone_visibility,
        } = self;
        GoogleConfig {
            project: non_empty(google_project),
            batch_change_size: google_batch_change_size,
            batch_change_interval: google_batch_change_interval,
            zone_visibility: google_zone_visibility.0,
        }
    }
}

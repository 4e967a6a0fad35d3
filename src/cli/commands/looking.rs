//! What the subcommands have in common that only look: they log little, print one result, and may be ended at any moment.

use super::output;
use crate::cli::Config;
use crate::telemetry::logs;
use std::error::Error;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// An exit status, or why there is none of its own.
pub(super) type Outcome = Result<u8, Box<dyn Error + Send + Sync>>;

/// Something went wrong.
pub(super) const FAILED: u8 = 1;

/// Runs what only looks until it is done or `stop` fires, and gives the exit status.
pub(super) async fn look(
    config: &Config,
    stop: &CancellationToken,
    work: impl Future<Output = Outcome>,
) -> u8 {
    logs::start_preview(config.telemetry.log_format, config.telemetry.log_level);
    config.warnings.iter().for_each(|warning| warn!("{warning}"));
    let outcome = stop.run_until_cancelled(work).await;
    // Nothing was shown and nothing can be left half done.
    status(outcome.unwrap_or_else(|| Err("ended by a signal".into())))
}

/// The exit status of an outcome, whose error is told.
pub(super) fn status(outcome: Outcome) -> u8 {
    outcome.unwrap_or_else(|error| {
        output::message(&format!("error: {error}"), false);
        FAILED
    })
}

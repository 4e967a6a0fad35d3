//! `zonewright plan`: what a cycle would do.

use super::output;
use super::prepare::prepare;
use crate::cli::plan_output::{Format, Preview, render};
use crate::cli::{Config, PlanFormat, PlanOptions};
use crate::telemetry::logs;
use tokio_util::sync::CancellationToken;
use tracing::error;

/// Nothing to do.
const NOTHING_TO_DO: u8 = 0;
/// Something went wrong; what could be planned is shown all the same.
const FAILED: u8 = 1;
/// There are changes.
const CHANGES: u8 = 2;

pub(super) async fn run(config: &Config, options: PlanOptions, stop: &CancellationToken) -> u8 {
    logs::start(config.telemetry.log_format, config.telemetry.log_level);
    config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut prepared = match prepare(config, false, None, stop).await {
        Ok(prepared) => prepared,
        Err(error) => {
            output::message(&format!("error: {error}"), false);
            return FAILED;
        }
    };
    prepared.settle(true).await;
    for problem in &prepared.manifest_problems {
        error!("{problem}");
    }
    let (report, world) = match prepared.daemon.preview().await {
        Ok(preview) => preview,
        Err(failure) => {
            output::message(&format!("error: {failure}"), false);
            return FAILED;
        }
    };
    report.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let format = match options.format {
        PlanFormat::Text => Format::Text,
        PlanFormat::Json => Format::Json,
        PlanFormat::Markdown => Format::Markdown,
    };
    output::coloured(&render(Preview { report: &report, world: &world }, format), options.color);
    match (report.succeeded(), report.plan.is_empty()) {
        (false, _) => FAILED,
        (true, true) => NOTHING_TO_DO,
        (true, false) => CHANGES,
    }
}

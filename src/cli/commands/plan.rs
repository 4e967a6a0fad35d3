//! `zonewright plan`: what a cycle would do.

use super::looking::{FAILED, Outcome, look};
use super::output;
use super::prepare::{Prepared, approvals_were_met, prepare};
use crate::cli::plan_output::{Format, Preview, render};
use crate::cli::{Config, PlanFormat, PlanOptions};
use tokio_util::sync::CancellationToken;
use zonewright_provider_kit::ZoneChange;

/// Nothing to do.
const NOTHING_TO_DO: u8 = 0;
/// There are changes.
const CHANGES: u8 = 2;
/// There are deletes that the guard withholds.
pub(super) const WITHHELD: u8 = 3;

pub(super) async fn run(config: &Config, options: PlanOptions, stop: &CancellationToken) -> u8 {
    look(config, stop, preview(config, options, stop)).await
}

async fn preview(config: &Config, options: PlanOptions, stop: &CancellationToken) -> Outcome {
    let mut prepared = prepare(config, false, None, stop).await?;
    prepared.settle(true).await;
    show(&mut prepared, options).await
}

/// Shows what a run would do; the exit status says what kind of thing that is.
pub(super) async fn show(prepared: &mut Prepared, options: PlanOptions) -> Outcome {
    let (report, world) = prepared.daemon.preview().await.map_err(|failure| failure.to_string())?;
    let pipeline = &prepared.daemon.pipeline;
    let changes = pipeline.decorate(&world, report.plan.changes.clone());
    let changes: Vec<ZoneChange> = changes.into_iter().map(|(_, change)| change).collect();
    let preview = Preview {
        report: &report,
        world: &world,
        changes: &changes,
        policy: pipeline.settings.policy,
        manifest_problems: &prepared.manifest_problems,
    };
    let written = match options.format {
        PlanFormat::Text => output::coloured(&render(preview, Format::Text), options.color),
        PlanFormat::Json => output::text(&render(preview, Format::Json)),
        PlanFormat::Markdown => output::text(&render(preview, Format::Markdown)),
    };
    if let Err(message) = approvals_were_met(&prepared.daemon.guard) {
        output::message(&format!("error: {message}"), false);
        return Ok(FAILED);
    }
    Ok(match (written && preview.succeeded(), preview.withheld(), report.plan.is_empty()) {
        (false, ..) => FAILED,
        (true, 1.., _) => WITHHELD,
        (true, 0, true) => NOTHING_TO_DO,
        (true, 0, false) => CHANGES,
    })
}

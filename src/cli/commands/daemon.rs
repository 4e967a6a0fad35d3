//! The daemon: everything bound, filled and turned until a signal comes.

use super::output;
use super::prepare::prepare;
use crate::cli::{Config, LogFormat};
use crate::sync::Schedule;
use crate::telemetry::{AdminServer, Metrics, logs};
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub(super) async fn run(config: &Config, stop: CancellationToken) -> u8 {
    logs::start(config.telemetry.log_format, config.telemetry.log_level);
    match run_until_stopped(config, &stop).await {
        Ok(code) => code,
        Err(error) => {
            match config.telemetry.log_format {
                LogFormat::Text => output::message(&format!("error: {error}"), false),
                // What reads JSON lines can read nothing else.
                LogFormat::Json => error!("{error}"),
            }
            1
        }
    }
}

async fn run_until_stopped(
    config: &Config,
    stop: &CancellationToken,
) -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
    info!(version = env!("CARGO_PKG_VERSION"), "zonewright starts");
    config.warnings.iter().for_each(|warning| warn!("{warning}"));
    let metrics = Arc::new(Metrics::new(&config.registry.owner)?);
    // Bound before anything slow, so that probes get an answer while caches fill.
    let admin = AdminServer::bind(&config.telemetry.metrics_address).await?;
    // Background work ends with the daemon, however it ends.
    let background = stop.child_token();
    let _end = background.clone().drop_guard();
    tokio::spawn(admin.serve(metrics.clone(), background.clone()));
    if config.schedule.dry_run {
        info!("running in dry-run mode. No changes to DNS records will be made.");
    }
    let once = config.schedule.once;
    let mut prepared = tokio::select! {
        () = stop.cancelled() => return Ok(stopped(once)),
        prepared = prepare(config, !config.schedule.dry_run, Some(&metrics), &background) => prepared?,
    };
    prepared.daemon.observers.push(metrics);
    for problem in &prepared.manifest_problems {
        error!("{problem}");
    }
    tokio::select! {
        () = stop.cancelled() => return Ok(stopped(once)),
        () = prepared.settle(once) => {}
    }
    if once {
        let report = prepared.daemon.cycle(stop).await;
        if stop.is_cancelled() {
            return Ok(stopped(once));
        }
        return Ok(u8::from(!report.succeeded() || !prepared.manifest_problems.is_empty()));
    }
    let schedule =
        Schedule::new(config.schedule.interval, config.schedule.min_event_sync_interval, Instant::now());
    prepared.daemon.run(schedule, config.schedule.events, stop).await;
    Ok(stopped(once))
}

/// The exit status after a signal. The daemon is meant to end that way; a single run is not, and whoever started it has to know
/// that something may be left to do.
fn stopped(once: bool) -> u8 {
    if once {
        error!("ended by a signal before the run was complete");
    } else {
        info!("zonewright stops");
    }
    u8::from(once)
}

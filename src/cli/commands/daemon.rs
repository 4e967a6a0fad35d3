//! The daemon: everything bound, filled and turned until a signal comes.

use super::output;
use super::prepare::{approvals_were_met, prepare};
use crate::cli::Config;
use crate::kubernetes::ApprovalConfigMap;
use crate::sync::{Schedule, guard};
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
            output::message(&format!("error: {error}"), false);
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
    let (handle, approvals) = guard::approvals();
    tokio::spawn(admin.serve(metrics.clone(), handle.clone(), background.clone()));
    if config.schedule.dry_run {
        info!("running in dry-run mode. No changes to DNS records will be made.");
    }
    let mut prepared = prepare(config, !config.schedule.dry_run, Some(&metrics), &background).await?;
    prepared.daemon.observers.push(metrics);
    for problem in &prepared.manifest_problems {
        error!("{problem}");
    }
    tokio::select! {
        () = stop.cancelled() => return Ok(0),
        () = prepared.settle(config.schedule.once) => {}
    }
    if config.schedule.once {
        let report = prepared.daemon.cycle(stop).await;
        let approved = approvals_were_met(&prepared.daemon.guard);
        if let Err(message) = &approved {
            error!("{message}");
        }
        let is_all_done = report.succeeded()
            && report.withheld.is_empty()
            && approved.is_ok()
            && prepared.manifest_problems.is_empty();
        return Ok(u8::from(!is_all_done));
    }
    prepared.daemon.approvals = Some(approvals);
    if let (Some(map), Some(client), false) =
        (&config.guard.configmap, prepared.client.clone(), config.schedule.dry_run)
    {
        let map = ApprovalConfigMap::new(client, map.namespace.as_deref(), &map.name, handle);
        tokio::spawn(map.run(background));
    }
    let schedule =
        Schedule::new(config.schedule.interval, config.schedule.min_event_sync_interval, Instant::now());
    prepared.daemon.run(schedule, config.schedule.events, stop).await;
    info!("zonewright stops");
    Ok(0)
}

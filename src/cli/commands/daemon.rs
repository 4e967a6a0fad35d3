//! The daemon: everything bound, filled and turned until a signal comes.

use super::output;
use super::prepare::{approvals_were_met, prepare};
use super::serve;
use crate::cli::{Config, LogFormat, ProviderName};
use crate::kubernetes::ApprovalConfigMap;
use crate::sync::{Schedule, guard};
use crate::telemetry::{AdminServer, Health, Metrics, Status, logs};
use std::sync::Arc;
use std::time::Duration;
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
    let (handle, approvals) = guard::approvals();
    let health = Health::new(Health::patience(config.schedule.interval, longest_call(config)));
    let page = Status::default();
    tokio::spawn(admin.serve(
        metrics.clone(),
        health.clone(),
        handle.clone(),
        page.clone(),
        background.clone(),
    ));
    if config.schedule.dry_run {
        info!("running in dry-run mode. No changes to DNS records will be made.");
    }
    if config.providers.webhook.server {
        // Apart: what is not used for the loop need not be on its stack.
        Box::pin(serve::run(config, &metrics, &health, stop)).await?;
        return Ok(stopped(false));
    }
    let once = config.schedule.once;
    let mut prepared = tokio::select! {
        () = stop.cancelled() => return Ok(stopped(once)),
        prepared = prepare(config, !config.schedule.dry_run, Some(&metrics), &background) => prepared?,
    };
    health.watch_caches(&prepared.caches);
    health.watch_leadership(&prepared.leadership);
    metrics.watch_leadership(&prepared.leadership);
    page.show(prepared.status_parts(config));
    prepared.daemon.observers.push(metrics);
    prepared.daemon.observers.push(Arc::new(health));
    for problem in &prepared.manifest_problems {
        error!("{problem}");
    }
    tokio::select! {
        () = stop.cancelled() => return Ok(stopped(once)),
        () = prepared.settle(once) => {}
    }
    if once {
        let report = prepared.daemon.cycle(stop).await;
        stop.run_until_cancelled(prepared.telling.finish()).await;
        if stop.is_cancelled() {
            return Ok(stopped(once));
        }
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
        tokio::spawn(map.run(background.clone()));
    }
    prepared.follow_manifests(&background);
    prepared.follow_policy(&background);
    prepared.run_for_leader();
    let schedule =
        Schedule::new(config.schedule.interval, config.schedule.min_event_sync_interval, Instant::now());
    prepared.daemon.run(schedule, config.schedule.events, stop).await;
    // After the last write.
    prepared.leadership.release().await;
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

/// The most that one call, to whomever, may take.
fn longest_call(config: &Config) -> Duration {
    let webhook = &config.providers.webhook;
    let provider = match config.providers.general.name {
        // Four requests a second make a million records in this time.
        ProviderName::Aws => Duration::from_secs(15 * 60),
        _ => webhook.read_timeout + webhook.write_timeout,
    };
    config.kubernetes.request_timeout.unwrap_or_default().max(provider)
}

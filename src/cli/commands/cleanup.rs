//! `zonewright cleanup`: what an owner has that is gone for good goes, too. A run without a wish, in that owner's name. The owner's
//! daemon would make it all again; so it can be stopped first.

use super::carrying_out::{carry_out, chosen_or_all, start_log};
use super::looking::{Outcome, look, status};
use super::plan;
use super::prepare::{cluster_access, prepare};
use crate::cli::{CleanupOptions, Config, RegistryName};
use crate::kubernetes::stop_deployment;
use crate::wiring::StartError;
use tokio_util::sync::CancellationToken;

pub(super) async fn run(config: &Config, options: &CleanupOptions, stop: &CancellationToken) -> u8 {
    let work = clean_up(config, options, stop);
    if config.schedule.dry_run {
        return look(config, stop, work).await;
    }
    start_log(config);
    status(work.await)
}

async fn clean_up(config: &Config, options: &CleanupOptions, stop: &CancellationToken) -> Outcome {
    if config.registry.name == RegistryName::Noop {
        return Err(
            "--registry=noop: there it is not known who owns a record, so nothing can be cleaned up".into()
        );
    }
    let dry_run = config.schedule.dry_run;
    if let (Some(deployment), false) = (&options.stop_deployment, dry_run) {
        let client = cluster_access(config).connect(None).await.map_err(StartError::of)?;
        let stopped = stop.run_until_cancelled(stop_deployment(&client, deployment)).await;
        stopped.unwrap_or_else(|| Err("ended by a signal before anything was deleted".into()))?;
    }
    let mut prepared = prepare(config, !dry_run, None, stop).await?;
    prepared.settle(true).await;
    if !options.zones.is_empty() {
        let all = prepared.daemon.pipeline.reader.zones().await?;
        prepared.daemon.only_zones = chosen_or_all(&all, &options.zones)?;
    }
    if dry_run {
        return plan::show(&mut prepared, options.plan).await;
    }
    carry_out(&mut prepared, "cleanup", stop).await
}

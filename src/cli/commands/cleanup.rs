//! `zonewright cleanup`: what an owner has that is gone for good goes, too. A run without a wish, in that owner's name. The owner's
//! daemon would make it all again; so it can be stopped first.

use super::looking::{FAILED, Outcome, look, status};
use super::plan;
use super::prepare::{Prepared, approvals_were_met, cluster_access, prepare};
use crate::cli::{CleanupOptions, Config, RegistryName};
use crate::kubernetes::stop_deployment;
use crate::telemetry::logs;
use crate::wiring::StartError;
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use zonewright_planner::{DnsName, ZoneId};
use zonewright_provider_kit::Zone;

const DONE: u8 = 0;

/// A record that owners share is left in two steps: first the targets go, then what was said of them.
const MOST_RUNS: usize = 3;

pub(super) async fn run(config: &Config, options: &CleanupOptions, stop: &CancellationToken) -> u8 {
    let work = clean_up(config, options, stop);
    if config.schedule.dry_run {
        return look(config, stop, work).await;
    }
    logs::start(config.telemetry.log_format, config.telemetry.log_level);
    config.warnings.iter().for_each(|warning| warn!("{warning}"));
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
        prepared.daemon.only_zones = Some(chosen(&all, &options.zones)?);
    }
    if dry_run {
        return plan::show(&mut prepared, options.plan).await;
    }
    delete(&mut prepared, stop).await
}

async fn delete(prepared: &mut Prepared, stop: &CancellationToken) -> Outcome {
    for _ in 0..MOST_RUNS {
        let report = prepared.daemon.cycle(stop).await;
        if stop.is_cancelled() {
            return Err("ended by a signal before everything was deleted; it can be run again".into());
        }
        approvals_were_met(&prepared.daemon.guard)?;
        if !report.succeeded() {
            error!("not everything could be deleted; cleanup can be run again");
            return Ok(FAILED);
        }
        if !report.withheld.is_empty() {
            return Ok(plan::WITHHELD);
        }
        if report.planned == 0 {
            break;
        }
    }
    Ok(DONE)
}

/// The zones of these names or ids. A name may be that of several (split horizon).
fn chosen(all: &[Zone], wanted: &[String]) -> Result<BTreeSet<ZoneId>, String> {
    let mut chosen = BTreeSet::new();
    for text in wanted {
        let name = DnsName::parse(text).ok();
        let is_it = |zone: &&Zone| zone.id.as_str() == text || (name.is_some() && zone.name == name);
        let before = chosen.len();
        chosen.extend(all.iter().filter(is_it).map(|zone| zone.id.clone()));
        if chosen.len() == before && !all.iter().any(|zone| is_it(&zone)) {
            let known: Vec<String> = all.iter().map(shown).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("--zone={text}: the provider has no such zone; it has {known}"));
        }
    }
    Ok(chosen)
}

fn shown(zone: &Zone) -> String {
    match &zone.name {
        Some(name) if name.as_str() != zone.id.as_str() => format!("{name} ({})", zone.id),
        _ => zone.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_chosen_by_name_or_id() {
        let zone = |id: &str, name: &str| Zone { id: ZoneId::new(id), name: DnsName::parse(name).ok() };
        let all = [zone("Z1", "example.org"), zone("Z2", "example.org"), zone("Z3", "example.net")];
        let ids = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
            chosen(&all, &wanted).map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(ids(&["Example.org."]).unwrap(), "Z1 Z2");
        assert_eq!(ids(&["Z3", "example.org", "Z1"]).unwrap(), "Z1 Z2 Z3");
        assert_eq!(
            ids(&["Z4"]).unwrap_err(),
            "--zone=Z4: the provider has no such zone; it has example.org (Z1), example.org (Z2), example.net (Z3)"
        );
    }
}

//! `zonewright restore`: the zones hold again what a snapshot says. A run in which the snapshot is what is wanted.

use super::carrying_out::{carry_out, chosen_or_all, start_log};
use super::looking::{Outcome, look, status};
use super::output;
use super::plan;
use super::prepare::{ownership, prepare};
use crate::cli::{Config, Policy, ProviderName, RegistryName, RestoreOptions};
use crate::snapshot::restore::{Restoration, Whose};
use crate::snapshot::zone_file::{self, ZoneFile};
use crate::snapshot::{Kept, Listed, Snapshot, json, take};
use crate::wiring;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use zonewright_planner::{DnsName, Owner, Record, RecordKey, RecordType, ZoneId};
use zonewright_provider_kit::{Zone, zone_for};
use zonewright_registry::Registry;

type Failure = Box<dyn Error + Send + Sync>;

pub(super) async fn run(config: &Config, options: &RestoreOptions, stop: &CancellationToken) -> u8 {
    let work = restore(config, options, stop);
    if config.schedule.dry_run {
        return look(config, stop, work).await;
    }
    start_log(config);
    status(work.await)
}

async fn restore(config: &Config, options: &RestoreOptions, stop: &CancellationToken) -> Outcome {
    let file = read_file(&options.file, &options.zones)?;
    let registry = ownership(config, &wiring::ProviderRecorders::default(), None).await?.registry;
    let settings = settings(config, options)?;
    let dry_run = config.schedule.dry_run;
    let mut prepared = prepare(&settings, !dry_run, None, stop).await?;
    prepared.settle(true).await;
    let zones = prepared.daemon.pipeline.reader.zones().await?;
    let only = chosen_or_all(&zones, &options.zones)?;
    registry.refresh(Instant::now()).await?;
    let snapshot = match file {
        ZoneFile::Snapshot(snapshot) => snapshot,
        ZoneFile::Plain { records, not_understood } => {
            not_understood
                .iter()
                .for_each(|what| output::message(&format!("warning: left out: {what}"), false));
            of_plain(&registry, &zones, records)
        }
    };
    let whose = whose(config, options, &registry, &zones, &snapshot);
    let restoration = Restoration::new(snapshot, &zones, only.as_ref(), whose)?;
    prepared.daemon.only_zones = Some(restoration.zones());
    prepared.daemon.errand = Some(Arc::new(restoration));
    if dry_run {
        return plan::show(&mut prepared, options.plan).await;
    }
    carry_out(&mut prepared, "restore", stop).await
}

fn whose(
    config: &Config,
    options: &RestoreOptions,
    registry: &Registry,
    zones: &[Zone],
    snapshot: &Snapshot,
) -> Whose {
    if !options.all_owners {
        let owner = Owner::new(&config.registry.owner).filter(|_| config.registry.name != RegistryName::Noop);
        return Whose::Owner(owner);
    }
    let records = || snapshot.zones.iter().flat_map(|zone| zone.records.iter().cloned()).collect();
    Whose::Everybody { table: registry.table_name().map(|_| owners_by(registry, zones, records())) }
}

/// Whose records will be once they are there, by the table as it is now and by the ownership records among them.
fn owners_by(registry: &Registry, zones: &[Zone], records: Vec<Kept>) -> BTreeMap<RecordKey, Owner> {
    let contents = of_plain(registry, zones, records).zones;
    let records = contents.into_iter().flat_map(|zone| zone.records);
    records.filter_map(|kept| Some((kept.key(), kept.owner?))).collect()
}

/// With `--all-owners` each record set is put back as it is, whatever it says: nobody owns anything, and every type is managed.
fn settings(config: &Config, options: &RestoreOptions) -> Result<Config, Failure> {
    let mut settings = config.clone();
    if !options.all_owners {
        return Ok(settings);
    }
    if config.providers.general.name == ProviderName::AwsSd {
        return Err("--all-owners cannot be used with provider aws-sd, whose services belong to one owner each: restore the records of each \
                    with --owner"
            .into());
    }
    settings.registry.name = RegistryName::Noop;
    settings.planning.managed_types = RecordType::ALL.to_vec();
    settings.planning.excluded_types = Vec::new();
    settings.planning.policy = if options.overwrite { Policy::UpsertOnly } else { Policy::CreateOnly };
    Ok(settings)
}

/// JSON begins with a brace, which no zone file does.
fn read_file(path: &Path, zones: &[String]) -> Result<ZoneFile, Failure> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    match path == Path::new("-") {
        true => std::io::stdin().read_to_end(&mut bytes).map(drop),
        false => std::fs::read(path).map(|read| bytes = read),
    }
    .map_err(|error| told(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let read = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = read.iter().filter(|byte| **byte == b'\n').count() + 1;
        told(&format!("line {line}: not UTF-8"))
    })?;
    if text.trim().is_empty() {
        return Err(told(&"line 1: the file is empty").into());
    }
    if text.trim_start().starts_with('{') {
        return Ok(ZoneFile::Snapshot(json::read(&text).map_err(|error| told(&error))?));
    }
    // A name server is told the zone of a file elsewhere.
    let origin = match zones {
        [zone] => DnsName::parse(zone).ok(),
        _ => None,
    };
    zone_file::read(&text, origin.as_ref()).map_err(|error| told(&error).into())
}

/// A snapshot of what a zone file of others says: whose its records are, the ownership records among them tell.
fn of_plain(registry: &Registry, zones: &[Zone], records: Vec<Kept>) -> Snapshot {
    let mut listed: BTreeMap<Option<ZoneId>, Vec<Record>> = BTreeMap::new();
    for kept in records {
        let zone = zone_for(zones, &kept.name).map(|zone| zone.id.clone());
        let id = zone.clone().unwrap_or_else(|| ZoneId::new(""));
        listed.entry(zone).or_default().push(Record::from_endpoint(id, &kept.wish()));
    }
    let zone = |id: Option<ZoneId>| match id.and_then(|id| zones.iter().find(|zone| zone.id == id)) {
        Some(zone) => zone.clone(),
        None => Zone { id: ZoneId::new(""), name: None },
    };
    let listed = listed.into_iter().map(|(id, records)| Listed {
        zone: zone(id),
        records,
        not_understood: Vec::new(),
    });
    Snapshot { zones: take(registry, listed.collect()), ..Snapshot::default() }
}

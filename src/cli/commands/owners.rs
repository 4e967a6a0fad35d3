//! `zonewright owners`: who owns how many records in which zone.

use super::looking::{FAILED, Outcome, look};
use super::output;
use super::prepare::prepare;
use crate::cli::{Config, ReportFormat};
use crate::sync::World;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use tokio_util::sync::CancellationToken;
use unicode_width::UnicodeWidthStr;
use zonewright_planner::{Change, DeleteReason, DnsName, Owner, Record, Share, ZoneId};
use zonewright_provider_kit::{Zone, zone_for};

const DONE: u8 = 0;

/// One zone.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ZoneRow {
    /// Its name; empty where the provider does not say it.
    zone: String,
    zone_id: String,
    /// By name.
    owners: Vec<OwnerRow>,
    /// Records without an owner, made by hand or by another tool.
    unowned: usize,
}

/// One owner in one zone.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnerRow {
    owner: String,
    /// Its records, those included that it shares with others.
    records: usize,
    /// Ownership rows of it whose record does not exist.
    claims: usize,
}

pub(super) async fn run(config: &Config, format: ReportFormat, stop: &CancellationToken) -> u8 {
    look(config, stop, tell(config, format, stop)).await
}

async fn tell(config: &Config, format: ReportFormat, stop: &CancellationToken) -> Outcome {
    let mut prepared = prepare(config, false, None, stop).await?;
    prepared.settle(true).await;
    let (report, world) = prepared.daemon.preview().await.map_err(|failure| failure.to_string())?;
    let registry = &prepared.daemon.pipeline.registry;
    let of_table = registry.claims();
    let claims = world.parts.iter().map(|part| &part.owned.claims).chain(of_table.as_deref());
    // Our own are not claims, but something to tidy up.
    let is_leftover =
        |change: &&Change| matches!(change, Change::Delete { reason: DeleteReason::LeftoverRow, .. });
    let leftovers = report.plan.changes.iter().filter(is_leftover).map(Change::name);
    let ours =
        registry.owner().into_iter().flat_map(|owner| leftovers.clone().map(move |name| (name, owner)));
    let claims = claims.flatten().map(|(key, owner)| (&key.name, owner)).chain(ours);
    let rows = rows(&world, claims);
    let written = match format {
        ReportFormat::Text => output::text(&text(&rows)),
        ReportFormat::Json => output::text(&(serde_json::to_string_pretty(&rows)? + "\n")),
    };
    for (zone, error) in &world.unreadable {
        output::message(&format!("error: zone {} could not be read: {error}", zone.id), false);
    }
    Ok(if written && world.unreadable.is_empty() { DONE } else { FAILED })
}

fn rows<'a>(world: &World, claims: impl Iterator<Item = (&'a DnsName, &'a Owner)>) -> Vec<ZoneRow> {
    let mut owners: BTreeMap<(ZoneId, String), OwnerRow> = BTreeMap::new();
    let mut unowned: BTreeMap<&ZoneId, usize> = BTreeMap::new();
    for part in &world.parts {
        for record in &part.owned.records {
            let all = owners_of(record, part.owned.shares.get(&record.key()).map(Vec::as_slice));
            if all.is_empty() {
                *unowned.entry(&record.zone).or_default() += 1;
            }
            for owner in all {
                owners.entry((record.zone.clone(), owner)).or_default().records += 1;
            }
        }
    }
    for (name, owner) in claims {
        if let Some(zone) = zone_for(&world.zones, name) {
            owners.entry((zone.id.clone(), owner.to_string())).or_default().claims += 1;
        }
    }
    let row = |zone: &Zone| ZoneRow {
        zone: zone.name.as_ref().map(ToString::to_string).unwrap_or_default(),
        zone_id: zone.id.to_string(),
        owners: owners
            .iter()
            .filter(|((id, _), _)| *id == zone.id)
            .map(|((_, owner), row)| OwnerRow { owner: owner.clone(), ..*row })
            .collect(),
        unowned: unowned.get(&zone.id).copied().unwrap_or_default(),
    };
    world.zones.iter().map(row).collect()
}

/// Everybody to whom a record belongs.
fn owners_of(record: &Record, shares: Option<&[Share]>) -> BTreeSet<String> {
    let shares = shares.unwrap_or_default().iter().map(|share| share.owner.to_string());
    record.labels.owner().map(str::to_owned).into_iter().chain(shares).collect()
}

fn text(rows: &[ZoneRow]) -> String {
    let mut out = String::new();
    for row in rows {
        let zone = match row.zone.as_str() {
            "" => row.zone_id.clone(),
            zone if zone == row.zone_id => zone.to_owned(),
            zone => format!("{zone} ({})", row.zone_id),
        };
        let nobody = (row.unowned > 0).then(|| ("(nobody)".to_owned(), row.unowned, 0));
        let lines: Vec<(String, usize, usize)> =
            row.owners.iter().map(|o| (o.owner.clone(), o.records, o.claims)).chain(nobody).collect();
        let width = lines.iter().map(|(owner, ..)| owner.width()).max().unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = writeln!(out, "Zone {zone}");
        if lines.is_empty() {
            out.push_str("  no records\n");
        }
        for (owner, records, claims) in lines {
            let blanks = " ".repeat(width - owner.width());
            let more = match claims {
                0 => String::new(),
                1 => ", 1 ownership record without its record".to_owned(),
                claims => format!(", {claims} ownership records without their records"),
            };
            let noun = if records == 1 { "record" } else { "records" };
            let _ = writeln!(out, "  {owner}{blanks}  {records:>6} {noun}{more}");
        }
        out.push('\n');
    }
    if out.is_empty() { "The provider has no zones.\n".to_owned() } else { out.trim_end().to_owned() + "\n" }
}

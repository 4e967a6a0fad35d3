//! `zonewright snapshot`: what the zones hold, as a file.

use super::carrying_out::chosen_or_all;
use super::looking::{FAILED, Outcome, look};
use super::output;
use super::prepare::prepare;
use crate::cli::{Config, SnapshotFormat, SnapshotOptions};
use crate::snapshot::{Listed, Snapshot, ZoneContents, json, take, zone_file};
use std::path::Path;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use zonewright_provider_kit::ReadZones;
use zonewright_registry::Registry;

const DONE: u8 = 0;

pub(super) async fn run(config: &Config, options: &SnapshotOptions, stop: &CancellationToken) -> u8 {
    look(config, stop, write(config, options, stop)).await
}

async fn write(config: &Config, options: &SnapshotOptions, stop: &CancellationToken) -> Outcome {
    let prepared = prepare(config, false, None, stop).await?;
    prepared.settle(true).await;
    let pipeline = &prepared.daemon.pipeline;
    let snapshot = Snapshot {
        provider: config.providers.general.name.to_string(),
        registry: config.registry.name.to_string(),
        zones: contents(pipeline.reader.as_ref(), &pipeline.registry, &options.zones).await?,
    };
    let text = match options.format {
        SnapshotFormat::Json => json::write(&snapshot),
        SnapshotFormat::Bind => zone_file::write(&snapshot),
    };
    for zone in &snapshot.zones {
        for what in &zone.not_understood {
            output::message(
                &format!(
                    "warning: not in the snapshot, because it is not understood: zone {}: {what}",
                    zone.shown()
                ),
                false,
            );
        }
    }
    let written = match &options.file {
        None => output::text(&text),
        Some(path) => {
            save(path, &text).map_err(|error| format!("--output={}: {error}", path.display()))?;
            let (records, zones) = (snapshot.len(), snapshot.zones.len());
            output::message(&format!("{}: zones {zones}, record sets {records}", path.display()), false);
            true
        }
    };
    Ok(if written { DONE } else { FAILED })
}

/// What zones hold. All of it or an error: a snapshot that lacks a zone in silence would be found out when it is needed.
async fn contents(
    reader: &dyn ReadZones,
    registry: &Registry,
    wanted: &[String],
) -> Result<Vec<ZoneContents>, Box<dyn std::error::Error + Send + Sync>> {
    let zones = reader.zones().await?;
    let chosen = chosen_or_all(&zones, wanted)?;
    registry.refresh(Instant::now()).await?;
    let mut listed = Vec::new();
    for zone in zones {
        // Ownership records of one zone may stand in another.
        let listing = reader.records(&zone).await.map_err(|error| format!("zone {}: {error}", zone.id))?;
        listed.push(Listed { zone, records: listing.records, not_understood: listing.unreadable });
    }
    let mut contents = take(registry, listed);
    contents
        .retain(|zone| chosen.as_ref().is_none_or(|chosen| chosen.iter().any(|id| id.as_str() == zone.id)));
    Ok(contents)
}

/// Writes beside the file and renames, so that what was there before is there until the new one is complete.
fn save(path: &Path, text: &str) -> std::io::Result<()> {
    let name = path.file_name().ok_or(std::io::ErrorKind::InvalidFilename)?;
    let beside = path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // An unfinished one would only puzzle.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

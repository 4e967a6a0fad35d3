//! Carrying out a plan: changes go to their zones, in writes that the provider can take.

use super::Pipeline;
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use zonewright_planner::ZoneId;
use zonewright_provider_kit::{ErrorClass, ProviderError, WriteZone, Zone, ZoneChange, batches};

/// A change and what became of it.
#[derive(Debug)]
pub struct Applied {
    /// The zone it went to.
    pub zone: ZoneId,
    /// The change with its ownership rows.
    pub change: ZoneChange,
    /// What the provider said.
    pub outcome: Result<(), ProviderError>,
}

impl Pipeline {
    /// Sends every change to its zone. Zones fail alone. When `stop` fires, what has been sent is waited for and nothing more
    /// is sent; the rest is missing in the result.
    pub async fn carry_out(
        &self,
        changes: Vec<(Zone, ZoneChange)>,
        stop: &CancellationToken,
    ) -> Vec<Applied> {
        let Some(writer) = &self.writer else { return Vec::new() };
        let mut by_zone: BTreeMap<ZoneId, (Zone, Vec<ZoneChange>)> = BTreeMap::new();
        for (zone, change) in changes {
            let change = in_zone(&zone, change);
            by_zone.entry(zone.id.clone()).or_insert_with(|| (zone, Vec::new())).1.push(change);
        }
        let mut applied = Vec::new();
        for (zone, changes) in by_zone.into_values() {
            self.write(writer.as_ref(), &zone, changes, stop, &mut applied).await;
        }
        applied
    }

    async fn write(
        &self,
        writer: &dyn WriteZone,
        zone: &Zone,
        changes: Vec<ZoneChange>,
        stop: &CancellationToken,
        applied: &mut Vec<Applied>,
    ) {
        let limit = self.reader.capabilities().changes_per_write;
        let mut all = Vec::with_capacity(changes.len());
        for batch in batches(&changes, limit) {
            if stop.is_cancelled() {
                break;
            }
            let outcomes = writer.apply(zone, batch).await;
            // A provider that answers for fewer changes than it got has not said what became of the others.
            let unanswered = || {
                let message = "the provider did not say what became of this change";
                Err(ProviderError::new(ErrorClass::Unavailable, message))
            };
            all.extend(outcomes.into_iter().chain(std::iter::repeat_with(unanswered)).take(batch.len()));
        }
        let sent = changes.into_iter().zip(all);
        applied.extend(sent.map(|(change, outcome)| Applied { zone: zone.id.clone(), change, outcome }));
    }
}

/// Leaves out ownership rows whose names lie outside the record's zone: with the default affixes that is the case for the
/// apex, whose row would be `a-example.org`.
fn in_zone(zone: &Zone, mut change: ZoneChange) -> ZoneChange {
    let name = change.change.name().clone();
    change.rows.retain(|row| {
        let outside = row.write.as_ref().filter(|row| !zone.contains(&row.name));
        if let Some(row) = outside {
            warn!(
                record.name = %name,
                "ownership record {} lies outside zone {}, so {name} stays without one and will not be changed again; \
                 a --txt-prefix such as \"%{{record_type}}.\" keeps it inside",
                row.name,
                zone.id
            );
        }
        outside.is_none()
    });
    change
}

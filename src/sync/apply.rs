//! Carrying out a plan: changes go to their zones, in writes that the provider can take.

mod search;

pub use search::Manner;

use super::Pipeline;
use search::{Fate, Search, suspects_last};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use zonewright_planner::ZoneId;
use zonewright_provider_kit::{ErrorClass, ProviderError, WriteZone, Zone, ZoneChange};

/// A change and what became of it.
#[derive(Debug)]
pub struct Applied {
    /// The zone it went to.
    pub zone: ZoneId,
    /// The change with its ownership rows.
    pub change: ZoneChange,
    /// What the provider said.
    pub outcome: Result<(), ProviderError>,
    /// The failure is about this very change: it was refused on its own. Otherwise it is one of the zone.
    pub own_fault: bool,
}

impl Pipeline {
    /// Sends every change to its zone. Zones fail alone, and within a zone so do changes, as far as `manner` and the class of the
    /// failure allow. When `stop` fires, what has been sent is waited for and nothing more is sent; the rest is missing in the
    /// result, as is what was not sent because its zone waits.
    pub async fn carry_out(
        &self,
        changes: Vec<(Zone, ZoneChange)>,
        manner: impl Fn(&ZoneId) -> Manner,
        stop: &CancellationToken,
    ) -> Vec<Applied> {
        let Some(writer) = &self.writer else { return Vec::new() };
        let mut by_zone: BTreeMap<ZoneId, (Zone, Vec<ZoneChange>)> = BTreeMap::new();
        for (zone, change) in changes {
            let change = in_zone(&zone, change);
            by_zone.entry(zone.id.clone()).or_insert_with(|| (zone, Vec::new())).1.push(change);
        }
        let limit = self.reader.capabilities().changes_per_write;
        let mut applied = Vec::new();
        for (zone, changes) in by_zone.into_values() {
            let manner = manner(&zone.id);
            let written = write(writer.as_ref(), &zone, changes, limit, &manner, stop).await;
            applied.extend(written.map(|(change, fate)| Applied {
                zone: zone.id.clone(),
                change,
                outcome: fate.outcome,
                own_fault: fate.own_fault,
            }));
        }
        applied
    }
}

/// Writes to one zone until everything is settled. What is not in the result was not sent.
async fn write(
    writer: &dyn WriteZone,
    zone: &Zone,
    changes: Vec<ZoneChange>,
    limit: Option<NonZeroUsize>,
    manner: &Manner,
    stop: &CancellationToken,
) -> impl Iterator<Item = (ZoneChange, Fate)> + use<> {
    let (changes, unsuspected) = suspects_last(changes, manner);
    let mut search = Search::new(&changes, unsuspected, limit, manner.hunt);
    while !stop.is_cancelled() {
        let Some(part) = search.next() else { break };
        let outcomes = writer.apply(zone, &part).await.into_iter();
        // A provider that answers for fewer changes than it got has not said what became of the others.
        let unanswered = || {
            let message = "the provider did not say what became of this change";
            Err(ProviderError::new(ErrorClass::Unavailable, message).with_unknown_outcome())
        };
        search.answered(outcomes.chain(std::iter::repeat_with(unanswered)).take(part.len()).collect());
    }
    let fates = search.finish(unsuspected);
    let unsent = fates.iter().filter(|fate| fate.is_none()).count();
    if unsent > 0 {
        warn!(zone.id = %zone.id, "{unsent} further changes to zone {} have to wait", zone.id);
    }
    changes.into_iter().zip(fates).filter_map(|(change, fate)| Some((change, fate?)))
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

#[cfg(test)]
mod tests;

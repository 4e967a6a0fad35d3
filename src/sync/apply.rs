//! Carrying out a plan: changes go to their zones, in writes that the provider can take.

mod search;

pub use search::Manner;

use super::{Pipeline, World};
use search::{Search, suspects_last};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use zonewright_planner::{Change, ZoneId};
use zonewright_provider_kit::{ErrorClass, ProviderError, WriteZone, Zone, ZoneChange};

/// A change and what became of it.
#[derive(Debug)]
pub struct Applied {
    /// The zone it went to.
    pub zone: ZoneId,
    /// The change, with its ownership rows while it is on its way: of thousands that are done they would take as much memory as the
    /// changes themselves.
    pub change: ZoneChange,
    /// What the provider said.
    pub outcome: Result<(), ProviderError>,
    /// The failure is about this very change: it was refused on its own. Otherwise it is one of the zone.
    pub own_fault: bool,
}

impl Pipeline {
    /// Sends every change to its zone, and notes in `world` what comes of each write. Zones fail alone, and within a zone so do
    /// changes, as far as `manner` and the class of the failure allow. When `stop` fires, what has been sent is waited for and
    /// nothing more is sent; the rest is missing in the result, as is what was not sent because its zone waits.
    pub async fn carry_out(
        &self,
        changes: Vec<Change>,
        world: &RwLock<World>,
        manner: impl Fn(&ZoneId) -> Manner,
        stop: &CancellationToken,
    ) -> Vec<Applied> {
        let Some(writer) = &self.writer else { return Vec::new() };
        let limit = self.reader.capabilities().changes_per_write;
        let mut applied = Vec::new();
        // Not in the loop's head, where the lock would last as long as the loop.
        let by_zone = by_zone(&read(world), changes);
        for (zone, changes) in by_zone {
            let manner = manner(&zone.id);
            let books = WorldBooks { pipeline: self, world };
            let written = write(writer.as_ref(), &zone, changes, limit, &manner, &books, stop).await;
            // Those of a single zone are taken over as they are.
            if applied.is_empty() {
                applied = written;
            } else {
                applied.extend(written);
            }
        }
        applied
    }
}

/// Changes by zone, in the order of the zones. A change whose zone is unknown is left out.
fn by_zone(world: &World, changes: Vec<Change>) -> Vec<(Zone, Vec<Applied>)> {
    // Counted first: a list that grows by doubling is up to twice as long.
    let mut counts: BTreeMap<ZoneId, usize> = BTreeMap::new();
    for zone in changes.iter().filter_map(|change| world.zone_of(change)) {
        *counts.entry(zone.id.clone()).or_default() += 1;
    }
    let mut by_zone: BTreeMap<ZoneId, (Zone, Vec<Applied>)> = BTreeMap::new();
    for change in changes {
        let Some(zone) = world.zone_of(&change) else { continue };
        let count = counts.get(&zone.id).copied().unwrap_or_default();
        let new = || (zone.clone(), Vec::with_capacity(count));
        let (zone, list) = by_zone.entry(zone.id.clone()).or_insert_with(new);
        let change = ZoneChange { change, rows: Vec::new() };
        list.push(Applied { zone: zone.id.clone(), change, outcome: Ok(()), own_fault: false });
    }
    by_zone.into_values().collect()
}

/// What is known of ownership rows, and kept up to date.
trait Books {
    /// Changes with their ownership rows, one for one.
    fn decorate(&self, changes: Vec<Change>) -> Vec<ZoneChange>;
    /// Takes note of what was written.
    fn absorb(&self, written: &[Applied]);
}

struct WorldBooks<'a> {
    pipeline: &'a Pipeline,
    world: &'a RwLock<World>,
}

impl Books for WorldBooks<'_> {
    fn decorate(&self, changes: Vec<Change>) -> Vec<ZoneChange> {
        let decorated = self.pipeline.decorate(&read(self.world), changes);
        decorated.into_iter().map(|(zone, change)| in_zone(&zone, change)).collect()
    }

    fn absorb(&self, written: &[Applied]) {
        self.world.write().unwrap_or_else(PoisonError::into_inner).absorb(written);
    }
}

fn read(world: &RwLock<World>) -> std::sync::RwLockReadGuard<'_, World> {
    world.read().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to one zone until everything is settled. What is not in the result was not sent. Ownership rows exist for the changes of
/// one write at a time.
async fn write(
    writer: &dyn WriteZone,
    zone: &Zone,
    mut changes: Vec<Applied>,
    limit: Option<NonZeroUsize>,
    manner: &Manner,
    books: &(dyn Books + Sync),
    stop: &CancellationToken,
) -> Vec<Applied> {
    let unsuspected = suspects_last(&mut changes, manner);
    let names = changes.iter().map(|change| change.change.change.name().clone()).collect();
    let mut search = Search::new(names, unsuspected, limit, manner.hunt);
    let mut is_first = true;
    while !stop.is_cancelled() {
        let Some(part) = search.next().map(<[usize]>::to_vec) else { break };
        let plain = part.iter().filter_map(|&i| changes.get(i)).map(|change| change.change.change.clone());
        let mut decorated = books.decorate(plain.collect());
        let fitting = writer.fitting(zone, &decorated).max(1);
        let part = if fitting < decorated.len() { search.only(fitting) } else { part };
        decorated.truncate(fitting);
        // What is tried again is no further load of its own, and somebody waits for it.
        let pause = if is_first || search.tries_again() { Duration::ZERO } else { writer.interval() };
        if !pause.is_zero() && stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            break;
        }
        is_first = false;
        let outcomes = writer.apply(zone, &decorated).await.into_iter();
        // A provider that answers for fewer changes than it got has not said what became of the others.
        let unanswered = || {
            let message = "the provider did not say what became of this change";
            Err(ProviderError::new(ErrorClass::Unavailable, message).with_unknown_outcome())
        };
        let outcomes: Vec<_> = outcomes.chain(std::iter::repeat_with(unanswered)).take(part.len()).collect();
        let zone = &zone.id;
        let told = |(change, outcome)| Applied { zone: zone.clone(), change, outcome, own_fault: false };
        let written: Vec<Applied> = decorated.into_iter().zip(outcomes.iter().cloned()).map(told).collect();
        books.absorb(&written);
        for (&i, written) in part.iter().zip(written) {
            if let Some(change) = changes.get_mut(i) {
                change.change.change = written.change.change;
            }
        }
        search.answered(outcomes);
    }
    settle(changes, search, unsuspected, zone)
}

/// Gives each change its fate, and leaves out those that were not sent.
fn settle(mut changes: Vec<Applied>, search: Search, unsuspected: usize, zone: &Zone) -> Vec<Applied> {
    let mut fates = search.finish(unsuspected).into_iter();
    let total = changes.len();
    changes.retain_mut(|change| match fates.next().flatten() {
        Some(fate) => {
            (change.outcome, change.own_fault) = (fate.outcome, fate.own_fault);
            true
        }
        None => false,
    });
    let unsent = total - changes.len();
    if unsent > 0 {
        warn!(zone.id = %zone.id, "{unsent} further changes to zone {} have to wait", zone.id);
    }
    changes
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

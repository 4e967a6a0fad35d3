//! Carrying out a plan: changes go to their zones, in writes that the provider can take.

mod search;

pub use search::Manner;

use super::world::{self, read};
use super::{Pipeline, World};
use search::{Fate, Search, suspects_last};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::RwLock;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use zonewright_planner::{Change, RecordKey, ZoneId};
use zonewright_provider_kit::{ErrorClass, ProviderError, ReadZones, RowChange, WriteZone, Zone, ZoneChange};

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
    /// Sends every change to its zone, and notes in `world` what comes of each write. Zones fail alone, and within a zone so do
    /// changes, as far as `manners` and the class of the failure allow. When `stop` fires, what has been sent is waited for and
    /// nothing more is sent.
    ///
    /// `tell` hears of every change that was sent, as soon as it is settled: nobody keeps the thousands of a first run. It does not
    /// hear of what was not sent, because of `stop` or because its zone waits.
    pub async fn carry_out(
        &self,
        changes: Vec<Change>,
        world: &RwLock<World>,
        manners: &BTreeMap<ZoneId, Manner>,
        tell: &mut (dyn FnMut(Vec<Applied>) + Send),
        stop: &CancellationToken,
    ) {
        let Some(writer) = &self.writer else { return };
        let limit = self.reader.capabilities().changes_per_write;
        // Not in the loop's head, where the lock would last as long as the loop.
        let by_zone = by_zone(&read(world), changes);
        for (zone, changes) in by_zone {
            let manner = manners.get(&zone.id).cloned().unwrap_or_default();
            let books = WorldBooks { pipeline: self, world };
            let delivery = Delivery {
                writer: writer.as_ref(),
                zone: &zone,
                limit,
                manner: &manner,
                books: &books,
                stop,
            };
            delivery.write(changes, tell).await;
        }
    }
}

/// Writes changes of which somebody else has made the ownership rows to one zone: in writes that the provider can take, and searching
/// for those that make one fail. Each change is a record set of its own. What has been begun is brought to its end.
pub(crate) async fn deliver(
    reader: &dyn ReadZones,
    writer: &dyn WriteZone,
    zone: &Zone,
    changes: Vec<ZoneChange>,
) -> Vec<Applied> {
    let rows = changes.iter().filter(|change| !change.rows.is_empty());
    let books = GivenRows(rows.map(|change| (change.change.key(), change.rows.clone())).collect());
    let (manner, stop) = (Manner::default(), CancellationToken::new());
    let limit = reader.capabilities().changes_per_write;
    let delivery = Delivery { writer, zone, limit, manner: &manner, books: &books, stop: &stop };
    let mut applied = Vec::with_capacity(changes.len());
    let changes = changes.into_iter().map(|change| change.change).collect();
    delivery.write(changes, &mut |settled| applied.extend(settled)).await;
    applied
}

/// Rows that were given together with their changes.
struct GivenRows(BTreeMap<RecordKey, Vec<RowChange>>);

impl Books for GivenRows {
    fn decorate(&self, changes: Vec<Change>) -> Vec<ZoneChange> {
        let with_rows = |change: Change| {
            let rows = self.0.get(&change.key()).cloned().unwrap_or_default();
            ZoneChange { change, rows }
        };
        changes.into_iter().map(with_rows).collect()
    }

    /// Whoever gave them does.
    fn absorb(&self, _: &[Applied]) {}
}

/// Changes by zone, in the order of the zones. A change whose zone is unknown is left out.
fn by_zone(world: &World, changes: Vec<Change>) -> Vec<(Zone, Vec<Change>)> {
    let mut by_zone: BTreeMap<ZoneId, (Zone, Vec<Change>)> = BTreeMap::new();
    for change in changes {
        let Some(zone) = world.zone_of(&change) else { continue };
        let new = || (zone.clone(), Vec::new());
        by_zone.entry(zone.id.clone()).or_insert_with(new).1.push(change);
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
        world::write(self.world).absorb(written);
    }
}

/// Changes on their way into one zone.
struct Delivery<'a> {
    writer: &'a dyn WriteZone,
    zone: &'a Zone,
    /// Changes that one write may have.
    limit: Option<NonZeroUsize>,
    manner: &'a Manner,
    books: &'a (dyn Books + Sync),
    stop: &'a CancellationToken,
}

impl Delivery<'_> {
    /// Writes until everything is settled. Ownership rows exist for the changes of one write at a time, and a change that has been made
    /// is let go of.
    async fn write(&self, mut changes: Vec<Change>, tell: &mut (dyn FnMut(Vec<Applied>) + Send)) {
        let unsuspected = suspects_last(&mut changes, self.manner);
        let names = changes.iter().map(|change| change.name().clone()).collect();
        let mut search = Search::new(names, unsuspected, self.limit, self.manner.hunt);
        let mut open: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
        let mut is_first = true;
        while !self.stop.is_cancelled() {
            let Some(mut part) = search.next().map(<[usize]>::to_vec) else { break };
            // What is tried again is no further load of its own, and somebody waits for it.
            let pause =
                if is_first || search.tries_again() { Duration::ZERO } else { self.writer.interval() };
            if !pause.is_zero() && self.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
            is_first = false;
            let sent = part.iter().filter_map(|&i| open.get_mut(i)?.take()).collect();
            let mut decorated = self.books.decorate(sent);
            let fitting = self.writer.fitting(self.zone, &decorated).max(1);
            if fitting < decorated.len() {
                search.only(fitting);
                for (i, left) in part.split_off(fitting).into_iter().zip(decorated.drain(fitting..)) {
                    if let Some(open) = open.get_mut(i) {
                        *open = Some(left.change);
                    }
                }
            }
            let outcomes = self.writer.apply(self.zone, &decorated).await.into_iter();
            // A provider that answers for fewer changes than it got has not said what became of the others.
            let unanswered = || {
                let message = "the provider did not say what became of this change";
                Err(ProviderError::new(ErrorClass::Unavailable, message).with_unknown_outcome())
            };
            let outcomes: Vec<_> =
                outcomes.chain(std::iter::repeat_with(unanswered)).take(part.len()).collect();
            let applied =
                |(change, outcome)| Applied { zone: self.zone.id.clone(), change, outcome, own_fault: false };
            let written: Vec<Applied> =
                decorated.into_iter().zip(outcomes.iter().cloned()).map(applied).collect();
            self.books.absorb(&written);
            let mut made = Vec::with_capacity(written.len());
            for (&i, done) in part.iter().zip(written) {
                if done.outcome.is_ok() {
                    made.push(done);
                } else if let Some(open) = open.get_mut(i) {
                    // It may be sent once more. Whether it is, and what it means that it failed, turns out in the end.
                    *open = Some(done.change.change);
                }
            }
            search.answered(outcomes);
            tell(made);
        }
        let failed = failed(open, search, unsuspected, self.zone);
        if !failed.is_empty() {
            tell(failed);
        }
    }
}

/// The changes that were sent and not made, each with its fate.
fn failed(open: Vec<Option<Change>>, search: Search, unsuspected: usize, zone: &Zone) -> Vec<Applied> {
    let mut unsent = 0;
    let mut failed = Vec::new();
    for (change, fate) in open.into_iter().zip(search.finish(unsuspected)) {
        match (change, fate) {
            (Some(change), Some(Fate { outcome, own_fault })) => {
                let change = ZoneChange { change, rows: Vec::new() };
                failed.push(Applied { zone: zone.id.clone(), change, outcome, own_fault });
            }
            (Some(_), None) => unsent += 1,
            (None, _) => {}
        }
    }
    if unsent > 0 {
        warn!(zone.id = %zone.id, "{unsent} further changes to zone {} have to wait", zone.id);
    }
    failed
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

//! What exists, as far as it could be read, and how long it may be trusted.

use super::Applied;
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{Change, DomainFilter, Endpoint, Record, ZoneId};
use zonewright_provider_kit::{ProviderError, Zone, ZoneChange};
use zonewright_registry::Owned;

/// What exists.
#[derive(Debug)]
pub struct World {
    /// The zones that were read.
    pub zones: Vec<Zone>,
    /// The zones that could not be read, and why. Nothing is planned there.
    pub unreadable: Vec<(Zone, ProviderError)>,
    /// The names that the provider is responsible for.
    pub filter: DomainFilter,
    /// Records with ownership, and what the registry has to remember.
    pub owned: Owned,
    /// Records and ownership rows that could not be made sense of.
    pub odd: Vec<String>,
}

impl World {
    /// Notes what was written, so that the next plan need not list again.
    fn absorb(&mut self, applied: &[Applied]) {
        for done in applied {
            self.owned.rows.applied(&done.change);
            self.absorb_record(&done.zone, &done.change);
        }
    }

    fn absorb_record(&mut self, zone: &ZoneId, change: &ZoneChange) {
        let records = &mut self.owned.records;
        match &change.change {
            Change::Create { new, .. } => records.push(Record::from_endpoint(zone.clone(), new)),
            Change::Update { old, new, .. } => match records.iter_mut().find(|r| *r == old) {
                Some(record) => *record = written(zone, old, new),
                None => records.push(written(zone, old, new)),
            },
            Change::Delete { old, .. } => records.retain(|record| record != old),
        }
    }
}

/// An update that asks for no TTL leaves the one that is there.
fn written(zone: &ZoneId, old: &Record, new: &Endpoint) -> Record {
    let mut record = Record::from_endpoint(zone.clone(), new);
    if record.ttl.configured().is_none() {
        record.ttl = old.ttl;
    }
    record
}

/// How long a listing may be used again.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListingCache {
    /// `--txt-cache-interval`: this long, kept up to date with what we write.
    pub across_writes: Duration,
    /// `--provider-cache-time`: this long, but not beyond a write.
    pub until_write: Duration,
}

/// The last listing, while it may be used.
#[derive(Debug, Default)]
pub struct Remembered {
    world: Option<(Instant, World)>,
    written: bool,
}

impl Remembered {
    /// The listing, if it is young enough. It has to be given back with [`Remembered::keep`].
    pub fn take(&mut self, rules: &ListingCache, now: Instant) -> Option<(Instant, World)> {
        let (read_at, world) = self.world.take()?;
        let age = now.duration_since(read_at);
        let usable = age < rules.across_writes || (age < rules.until_write && !self.written);
        usable.then_some((read_at, world))
    }

    /// Keeps a listing after a cycle. After a failed or missing write nobody knows what exists, so it is forgotten.
    pub fn keep(&mut self, read_at: Instant, mut world: World, applied: &[Applied], planned: usize) {
        let all_written = applied.len() == planned && applied.iter().all(|done| done.outcome.is_ok());
        if !all_written || !world.unreadable.is_empty() {
            self.world = None;
            return;
        }
        self.written = !applied.is_empty();
        world.absorb(applied);
        self.world = Some((read_at, world));
    }
}

//! What the zones hold, one shelf per zone. A shelf is locked while its zone is read or written: one write at a time, and nobody sees
//! half of one.
//!
//! A listing stays after it was handed out, because the next change needs to know what it changes; what we write is noted in it. It is
//! handed out again only for as long as `--provider-cache-time` says, and not at all after a write.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use tracing::warn;
use zonewright_planner::{Record, RecordKey, ZoneId};
use zonewright_provider_kit::{Operation, ProviderError, ReadZones, Zone, ZoneChange};

/// How long a listing is kept for the client that asked for it and did not wait: it asks again.
const KEPT_FOR_THE_IMPATIENT: Duration = Duration::from_secs(60);

pub(super) struct Shelves {
    shelves: Mutex<BTreeMap<ZoneId, Arc<AsyncMutex<Shelf>>>>,
    cache_time: Duration,
}

/// What is known of a zone.
#[derive(Debug, Default)]
pub(super) struct Shelf(Option<Listing>);

#[derive(Debug)]
struct Listing {
    records: BTreeMap<RecordKey, Record>,
    read_at: Instant,
    is_written: bool,
    is_handed_out: HandedOut,
}

/// To be set once a client has got it.
pub(super) type HandedOut = Arc<AtomicBool>;

impl Shelves {
    pub(super) fn new(cache_time: Duration) -> Self {
        Self { shelves: Mutex::default(), cache_time }
    }

    /// The shelf of a zone.
    pub(super) fn of(&self, zone: &Zone) -> Arc<AsyncMutex<Shelf>> {
        // Every change of the map is one call, so that a panic elsewhere leaves nothing half-done.
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.entry(zone.id.clone()).or_default().clone()
    }

    /// Forgets zones that are gone.
    pub(super) fn keep(&self, zones: &[Zone]) {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.retain(|id, _| zones.iter().any(|zone| zone.id == *id));
    }

    pub(super) fn cache_time(&self) -> Duration {
        self.cache_time
    }
}

impl Shelf {
    /// Reads the zone unless what is known of it may be handed out.
    pub(super) async fn refresh(
        &mut self,
        reader: &dyn ReadZones,
        zone: &Zone,
        cache_time: Duration,
    ) -> Result<(), ProviderError> {
        let is_fresh = |listing: &Listing| {
            let age = listing.read_at.elapsed();
            let is_young = age < cache_time
                || (!listing.is_handed_out.load(Ordering::Relaxed) && age < KEPT_FOR_THE_IMPATIENT);
            is_young && !listing.is_written
        };
        if self.0.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        self.read(reader, zone).await
    }

    /// Reads the zone if nothing is known of it.
    pub(super) async fn fill(&mut self, reader: &dyn ReadZones, zone: &Zone) -> Result<(), ProviderError> {
        match self.0 {
            Some(_) => Ok(()),
            None => self.read(reader, zone).await,
        }
    }

    async fn read(&mut self, reader: &dyn ReadZones, zone: &Zone) -> Result<(), ProviderError> {
        self.0 = None;
        let listing = reader.records(zone).await?;
        for what in &listing.unreadable {
            warn!(zone.id = %zone.id, "a record is left out because it cannot be understood: {what}");
        }
        let records = listing.records.into_iter().map(|record| (record.key(), record)).collect();
        let (read_at, is_handed_out) = (Instant::now(), HandedOut::default());
        self.0 = Some(Listing { records, read_at, is_written: false, is_handed_out });
        Ok(())
    }

    /// Every record.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.iter().flat_map(|listing| listing.records.values())
    }

    /// Where it is noted that they have been handed out.
    pub(super) fn handed_out(&self) -> Option<HandedOut> {
        self.0.as_ref().map(|listing| listing.is_handed_out.clone())
    }

    /// A record.
    pub(super) fn get(&self, key: &RecordKey) -> Option<&Record> {
        self.0.as_ref()?.records.get(key)
    }

    /// Notes a change that was made.
    pub(super) fn note(&mut self, zone: &Zone, change: &ZoneChange) {
        let Some(listing) = &mut self.0 else { return };
        listing.is_written = true;
        for operation in change.operations() {
            if let Operation::Update(old, _) | Operation::Delete(old) = operation {
                listing.records.remove(&old.key());
            }
            if let Operation::Create(new) | Operation::Update(_, new) = operation {
                let new = Record::from_endpoint(zone.id.clone(), new);
                listing.records.insert(new.key(), new);
            }
        }
    }

    /// Forgets everything: what exists is not what was thought.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

//! What was deleted a short while ago.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{RecordKey, ZoneId};

/// Records deleted within the window that have not come back.
#[derive(Debug, Default)]
pub(super) struct Recent {
    window: Duration,
    zones: BTreeMap<ZoneId, BTreeMap<RecordKey, Instant>>,
}

impl Recent {
    pub(super) fn new(window: Duration) -> Self {
        Self { window, ..Self::default() }
    }

    /// How many records of a zone are missing because of deletes within the window. Forgets older ones.
    pub(super) fn count(&mut self, zone: &ZoneId, now: Instant) -> usize {
        let Some(deleted) = self.zones.get_mut(zone) else { return 0 };
        deleted.retain(|_, at| now.duration_since(*at) < self.window);
        let count = deleted.len();
        if count == 0 {
            self.zones.remove(zone);
        }
        count
    }

    pub(super) fn deleted(&mut self, zone: &ZoneId, key: RecordKey, now: Instant) {
        self.zones.entry(zone.clone()).or_default().insert(key, now);
    }

    pub(super) fn created(&mut self, zone: &ZoneId, key: &RecordKey) {
        if let Some(deleted) = self.zones.get_mut(zone) {
            deleted.remove(key);
        }
    }
}

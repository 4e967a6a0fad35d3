//! What exists, as far as it could be read, and how long it may be trusted.
//!
//! ```text
//! World ── Part ── zones whose records and ownership rows may stand in each other
//!       └─ Part ── …
//! ```
//!
//! A part is read, trusted and read again as a whole. What we write is noted in it, so that the next plan needs no listing.

use super::Applied;
use crate::sources::merge::sort;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{
    Change, DeleteReason, DnsName, DomainFilter, Endpoint, Owner, Record, RecordKey, RecordType, Share,
    ZoneId,
};
use zonewright_provider_kit::{ProviderError, Zone, ZoneChange, zone_of_new};
use zonewright_registry::{Owned, Rows};

/// What exists.
#[derive(Debug)]
pub struct World {
    /// The zones that were read, in the order of the provider.
    pub zones: Vec<Zone>,
    /// The zones that could not be read, and why. Nothing is planned there.
    pub unreadable: Vec<(Zone, ProviderError)>,
    /// The names that the provider is responsible for.
    pub filter: DomainFilter,
    /// What the zones hold.
    pub parts: Vec<Part>,
}

/// Zones that are read together, because an ownership row of one may stand in another: zones inside each other, and zones of one
/// name.
#[derive(Debug)]
pub struct Part {
    /// Its zones.
    pub zones: Vec<Zone>,
    /// Records with ownership, sorted by name, and what the registry has to remember.
    pub owned: Owned,
    /// Records and ownership rows that could not be made sense of.
    pub odd: Vec<String>,
    /// Tells two listings apart, whatever the order of their records.
    pub fingerprint: u64,
    /// When the run that read it began.
    pub read_at: Instant,
    /// How long reading took.
    pub read_took: Duration,
    /// Whether something was written since.
    pub is_written: bool,
    /// Whether a write failed or its outcome is unknown: what exists has to be read again.
    pub is_stale: bool,
    /// Names that other owners write, too, and that have to be read again before they are planned.
    pub unsettled: BTreeSet<DnsName>,
    /// Whether nothing is ours here and nobody wants anything: reading it again would be of no use to anybody.
    pub is_unused: bool,
}

/// Two worlds of which this is equal hold the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    zones: Vec<Zone>,
    filter: String,
    odd: Vec<String>,
    fingerprints: Vec<u64>,
}

impl Default for World {
    fn default() -> Self {
        Self { zones: Vec::new(), unreadable: Vec::new(), filter: DomainFilter::All, parts: Vec::new() }
    }
}

impl World {
    /// Every record.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.parts.iter().flat_map(|part| &part.owned.records)
    }

    /// The records of one name.
    pub fn records_at<'a>(&'a self, name: &'a DnsName) -> impl Iterator<Item = &'a Record> {
        self.parts.iter().flat_map(move |part| part.records_at(name))
    }

    /// Everything that could not be made sense of.
    pub fn odd(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().flat_map(|part| &part.odd)
    }

    /// The zone that a new record goes to.
    pub fn zone_of_new(&self, new: &Endpoint) -> Option<&Zone> {
        zone_of_new(&self.zones, new)
    }

    /// The zone that a change goes to: a record that exists stays where it is.
    pub fn zone_of(&self, change: &Change) -> Option<&Zone> {
        match change {
            Change::Create { new, .. } => self.zone_of_new(new),
            Change::Update { old, .. } | Change::Delete { old, .. } => {
                self.zones.iter().find(|zone| zone.id == old.zone)
            }
        }
    }

    /// The ownership rows among which those of a zone's records stand.
    pub fn rows_of(&self, zone: &ZoneId) -> Option<&Rows> {
        Some(&self.part_of(zone)?.owned.rows)
    }

    fn part_of(&self, zone: &ZoneId) -> Option<&Part> {
        self.parts.iter().find(|part| part.has(zone))
    }

    /// Whether what exists at a name has to be read again before it can be planned.
    pub fn is_unsure_of(&self, name: &DnsName) -> bool {
        let is_in = |zone: &Zone| zone.contains(name);
        self.unreadable.iter().any(|(zone, _)| is_in(zone))
            || self.parts.iter().any(|part| part.is_stale && part.zones.iter().any(is_in))
            || self.parts.iter().any(|part| part.unsettled.contains(name))
    }

    /// Who says what of the records of a name that owners share.
    pub fn shares_at<'a>(&'a self, name: &'a DnsName) -> impl Iterator<Item = (&'a RecordKey, &'a Share)> {
        // A is the first of the types, the empty set identifier the first of those.
        let first =
            RecordKey { name: name.clone(), record_type: RecordType::A, set_identifier: Default::default() };
        let parts = self.parts.iter();
        let at_name = parts.flat_map(move |part| {
            part.owned.shares.range(first.clone()..).take_while(|(key, _)| key.name == *name)
        });
        at_name.flat_map(|(key, shares)| shares.iter().map(move |share| (key, share)))
    }

    /// Whether any of these names is that of a shared record that has to be read again.
    pub fn has_unsettled(&self, names: &BTreeSet<DnsName>) -> bool {
        self.parts.iter().any(|part| !part.unsettled.is_disjoint(names))
    }

    /// Notes names of shared records that have to be read again before they are planned.
    pub fn distrust(&mut self, names: &BTreeSet<DnsName>) {
        for name in names {
            for part in &mut self.parts {
                if part.zones.iter().any(|zone| zone.contains(name)) {
                    part.unsettled.insert(name.clone());
                }
            }
        }
    }

    /// Whether every zone was read, and all of it may still be trusted.
    pub fn is_covered_by(&self, rules: &ListingCache, now: Instant) -> bool {
        let is_read = self.unreadable.is_empty() && !self.parts.is_empty();
        is_read && self.parts.iter().all(|part| rules.covers(part, now))
    }

    /// What was read, in short; `None` where it is not what stands there now: something could not be read, or was written since.
    pub fn seen(&self) -> Option<Seen> {
        let is_as_read = |part: &Part| !part.is_written && !part.is_stale;
        let is_known = self.unreadable.is_empty() && self.parts.iter().all(is_as_read);
        is_known.then(|| Seen {
            zones: self.zones.clone(),
            filter: self.filter.describe(),
            odd: self.odd().cloned().collect(),
            fingerprints: self.parts.iter().map(|part| part.fingerprint).collect(),
        })
    }

    /// Notes which parts are of no use: those without a record or row of ours, and without a wish. A part that is all there is stays in
    /// use.
    pub fn note_unused(&mut self, owner: Option<&Owner>, wishes: &[Endpoint]) {
        if self.parts.len() < 2 {
            return;
        }
        for part in &mut self.parts {
            let records = &part.owned.records;
            let has_ours =
                || records.iter().any(|record| record.is_owned_by(owner)) || part.owned.rows.has_leftovers();
            part.is_unused = !has_ours() && !part.has_wish(wishes);
        }
    }

    /// Ends the rest of unused parts that somebody wants something of. Returns whether one of them has to be read again first, because
    /// what is known of it is older than `rules` allow.
    pub fn wake(&mut self, wishes: &[Endpoint], rules: &ListingCache, now: Instant) -> bool {
        let mut is_old = false;
        for part in self.parts.iter_mut().filter(|part| part.is_unused) {
            if part.has_wish(wishes) {
                part.is_unused = false;
                is_old |= !rules.covers(part, now);
            }
        }
        is_old
    }

    /// Notes what was written. Of what failed nobody knows how it stands now, and of `unsent` changes neither.
    pub fn absorb(&mut self, applied: &[Applied]) {
        for part in &mut self.parts {
            part.absorb(applied);
        }
    }
}

/// Looks at a world that others look at, too. A panic elsewhere does not make what is stored there wrong: every write is one call.
pub(super) fn read(world: &RwLock<World>) -> RwLockReadGuard<'_, World> {
    world.read().unwrap_or_else(PoisonError::into_inner)
}

/// The same, to change it.
pub(super) fn write(world: &RwLock<World>) -> RwLockWriteGuard<'_, World> {
    world.write().unwrap_or_else(PoisonError::into_inner)
}

impl Part {
    /// What was read from zones that belong together.
    pub fn new(
        zones: Vec<Zone>,
        mut owned: Owned,
        odd: Vec<String>,
        fingerprint: u64,
        read_at: Instant,
        read_took: Duration,
    ) -> Self {
        sort(&mut owned.records, |a, b| order(a).cmp(&order(b)));
        let unsettled = BTreeSet::new();
        Self {
            zones,
            owned,
            odd,
            fingerprint,
            read_at,
            read_took,
            is_written: false,
            is_stale: false,
            unsettled,
            is_unused: false,
        }
    }

    fn has_wish(&self, wishes: &[Endpoint]) -> bool {
        wishes.iter().any(|wish| self.zones.iter().any(|zone| zone.contains(&wish.name)))
    }

    pub(super) fn has(&self, zone: &ZoneId) -> bool {
        self.zones.iter().any(|other| other.id == *zone)
    }

    fn records_at(&self, name: &DnsName) -> &[Record] {
        let records = &self.owned.records;
        let start = records.partition_point(|record| record.name < *name);
        let length = records.get(start..).unwrap_or_default().partition_point(|record| record.name == *name);
        records.get(start..start + length).unwrap_or_default()
    }

    /// What others say of a shared record is known only from reading.
    fn note_shared(&mut self, change: &Change) {
        if change.is_shared() {
            self.unsettled.insert(change.name().clone());
        }
        if let (Change::Delete { old, reason: DeleteReason::LeftoverRow }, false) =
            (change, self.owned.shares.is_empty())
        {
            for shares in self.owned.shares.values_mut() {
                shares.retain(|share| share.row.name != old.name || share.row.zone != old.zone);
            }
            self.owned.shares.retain(|_, shares| !shares.is_empty());
        }
    }

    /// One pass over all records, however many changes there are.
    fn absorb(&mut self, applied: &[Applied]) {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for done in applied {
            if !self.has(&done.zone) {
                continue;
            }
            self.is_written = true;
            if done.outcome.is_err() {
                self.is_stale = true;
                continue;
            }
            self.owned.rows.applied(&done.change);
            self.note_shared(&done.change.change);
            let (old, new) = before_and_after(&done.zone, &done.change);
            gone.extend(old);
            come.extend(new);
        }
        if gone.is_empty() && come.is_empty() {
            return;
        }
        gone.sort_by(|a, b| order(a).cmp(&order(b)));
        let records = &mut self.owned.records;
        if !gone.is_empty() {
            records.retain(|record| {
                let candidates = gone.partition_point(|old| order(old) < order(record));
                let mut same = gone.iter().skip(candidates).take_while(|old| order(old) == order(record));
                !same.any(|old| *old == record)
            });
        }
        // Growing by doubling would leave nearly half of it empty; a little room spares copying everything for each record.
        records.reserve_exact(come.len().max(records.len() / 32));
        if come.len() >= PACKED_FROM {
            self.owned.rows.pack();
        }
        records.extend(come);
        // Nearly sorted, which this sort is fast at.
        sort(records, |a, b| order(a).cmp(&order(b)));
    }
}

/// After this many new records at once their ownership rows are packed.
const PACKED_FROM: usize = 1000;

/// Everything that tells records of one part apart.
fn order(record: &Record) -> (&DnsName, &str, &zonewright_planner::RecordType, &ZoneId) {
    (&record.name, &record.set_identifier, &record.record_type, &record.zone)
}

fn before_and_after<'a>(zone: &ZoneId, change: &'a ZoneChange) -> (Option<&'a Record>, Option<Record>) {
    match &change.change {
        Change::Create { new, .. } => (None, Some(Record::from_endpoint(zone.clone(), new))),
        Change::Update { old, new, .. } => (Some(old), Some(written(zone, old, new))),
        Change::Delete { old, .. } => (Some(old), None),
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

/// The sum of a number for each record: providers may list them in any order. Two listings that are not the same get the same
/// one with a chance of 2^-64.
pub(super) fn fingerprint(records: &[Record]) -> u64 {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    records.iter().fold(0, |sum, record| sum.wrapping_add(hasher.hash_one(record)))
}

/// Parts zones into groups that have to be read together. The order of zones is kept.
pub(super) fn groups(zones: Vec<Zone>) -> Vec<Vec<Zone>> {
    let touch = |a: &Zone, b: &Zone| match (&a.name, &b.name) {
        (Some(a), Some(b)) => a.is_in(b) || b.is_in(a),
        // A zone without a name takes every name.
        _ => true,
    };
    let mut groups: Vec<Vec<Zone>> = Vec::new();
    for zone in zones {
        let (mut joined, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(|other| touch(other, &zone)));
        groups = apart;
        let mut group: Vec<Zone> = joined.drain(..).flatten().collect();
        group.push(zone);
        groups.push(group);
    }
    groups
}

/// How long a listing may be used again.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListingCache {
    /// `--drift-interval`, or `--txt-cache-interval` where that is longer: this long, kept up to date with what we write.
    pub across_writes: Duration,
    /// `--provider-cache-time`: this long, but not beyond a write.
    pub until_write: Duration,
    /// How many times as long as reading a zone took it is trusted at least; zero where `--drift-interval` says how long.
    pub stretch: u32,
}

impl ListingCache {
    /// The stretch for a service that takes only so many requests: listing then takes at most a fifth of them, because a listing
    /// lasts as long as its requests have to wait for each other.
    pub const OF_LIMITED_SERVICE: u32 = 5;
    /// The stretch for a service that names no limit: listing takes at most a three-hundredth of the time, ours and the service's,
    /// and an idle daemon with it at most half a percent of a core, planning now and then included.
    pub const OF_UNLIMITED_SERVICE: u32 = 300;

    /// How long zones are left alone in which nothing is ours and nobody wants anything: a wish ends it at once, so that this is only
    /// for rows of ours that somebody else puts there.
    const UNUSED: Duration = Duration::from_secs(60 * 60);

    /// Whether a part need not be read again.
    pub fn covers(&self, part: &Part, now: Instant) -> bool {
        let age = now.duration_since(part.read_at);
        let unused = if part.is_unused { Self::UNUSED } else { Duration::ZERO };
        let is_trusted = age < self.across_writes.max(part.read_took * self.stretch).max(unused);
        let is_sure = !part.is_stale && part.unsettled.is_empty();
        is_sure && (is_trusted || (age < self.until_write && !part.is_written))
    }
}

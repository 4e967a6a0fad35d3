//! One cycle at a time, for what a provider's own tests claim beside the battery: read, plan, write, plan again. Whatever is no
//! claim of such a test and goes wrong all the same ends it.

use super::zone_of;
use crate::{ProviderError, ReadZones, RowChange, WriteZone, Zone, ZoneChange};
use std::sync::atomic::{AtomicUsize, Ordering};
use zonewright_planner::{
    Change, Claims, DnsName, DomainFilter, Endpoint, Holds, Homes, Leftover, ManagedTypes, Owner, Plan,
    PlanInput, Policy, Record, RecordType, Scope, Target, plan,
};

/// How ownership is kept, as far as a cycle needs to know. A registry is one way, [`PlainRows`] another.
pub trait Ownership {
    /// What writing needs to know of the rows of a zone.
    type Rows;

    /// Tells the records of a zone from the rows of ownership.
    fn read(&self, records: Vec<Record>) -> Held<Self::Rows>;

    /// Adds to changes of one zone those of their rows.
    fn decorate(&self, zone: &Zone, changes: Vec<Change>, rows: &Self::Rows) -> Vec<ZoneChange>;

    /// In whose name; `None` where everything is ours.
    fn owner(&self) -> Option<&Owner> {
        None
    }

    /// Rows without a record, which go.
    fn leftovers(&self, rows: &Self::Rows) -> Vec<Leftover> {
        let _ = rows;
        Vec::new()
    }
}

/// What a zone holds.
pub struct Held<R> {
    /// Records without rows.
    pub records: Vec<Record>,
    /// What others have claimed.
    pub claims: Claims,
    /// The rows.
    pub rows: R,
}

/// A provider with somebody who keeps ownership.
pub struct Cycle<R, W, O> {
    /// Reads.
    pub reader: R,
    /// Writes.
    pub writer: W,
    /// Keeps ownership.
    pub ownership: O,
    /// The types that are planned.
    pub managed: ManagedTypes,
}

/// What a cycle found and did.
#[derive(Debug)]
pub struct Done {
    /// What was to be done.
    pub plan: Plan,
    /// What was not done, by name.
    pub failures: Vec<(String, ProviderError)>,
}

impl<R: ReadZones, W: WriteZone, O: Ownership> Cycle<R, W, O> {
    /// Reads, plans and writes.
    pub async fn run(&self, wishes: &[Endpoint]) -> Done {
        let (plan, zones, parts) = self.plan(wishes).await;
        let failures = self.apply(&plan, &zones, &parts).await;
        Done { plan, failures }
    }

    /// The plan, the zones and what each of them holds.
    pub async fn plan(&self, wishes: &[Endpoint]) -> (Plan, Vec<Zone>, Vec<Held<O::Rows>>) {
        let zones = self.reader.zones().await.unwrap();
        let mut parts = Vec::new();
        for zone in &zones {
            parts.push(self.ownership.read(self.reader.records(zone).await.unwrap().records));
        }
        let adjusted = self.reader.adjust(wishes.to_vec()).await.unwrap();
        assert_eq!(adjusted.rejected, []);
        let homes: Homes = adjusted
            .endpoints
            .iter()
            .filter_map(|wish| Some((wish.name.clone(), self.reader.homes(&zones, &wish.name)?)))
            .collect();
        let input = PlanInput {
            desired: &adjusted.endpoints,
            current: parts.iter().flat_map(|part| &part.records).collect(),
            holds: &Holds::default(),
            claims: parts.iter().map(|part| &part.claims).collect(),
            filters: &[DomainFilter::All],
            managed: &self.managed,
            policy: Policy::Sync,
            owner: self.ownership.owner(),
            scope: Scope::All,
            homes: &homes,
            shared: Default::default(),
        };
        let mut plan = plan(&input);
        plan.tidy(&input, parts.iter().flat_map(|part| self.ownership.leftovers(&part.rows)));
        (plan, zones, parts)
    }

    /// Writes zone by zone, as much at once as fits, and tells what failed.
    pub async fn apply(
        &self,
        plan: &Plan,
        zones: &[Zone],
        parts: &[Held<O::Rows>],
    ) -> Vec<(String, ProviderError)> {
        assert_eq!(zones.len(), parts.len());
        let homeless = plan.changes.iter().find(|change| zone_of(zones, change).is_none());
        assert_eq!(homeless, None, "no zone takes it");
        let mut failures = Vec::new();
        for (zone, part) in zones.iter().zip(parts) {
            let is_here = |change: &&Change| zone_of(zones, change) == Some(zone);
            let changes = plan.changes.iter().filter(is_here).cloned().collect();
            let changes = self.ownership.decorate(zone, changes, &part.rows);
            let mut rest = changes.as_slice();
            while !rest.is_empty() {
                let (now, later) = rest.split_at(self.writer.fitting(zone, rest));
                let outcomes = self.writer.apply(zone, now).await;
                assert_eq!(outcomes.len(), now.len());
                for (change, outcome) in now.iter().zip(outcomes) {
                    failures.extend(outcome.err().map(|error| (change.change.name().to_string(), error)));
                }
                rest = later;
            }
        }
        failures
    }

    /// One run is enough: nothing fails, and nothing is left to do.
    pub async fn converge(&self, wishes: &[Endpoint]) {
        let done = self.run(wishes).await;
        assert!(done.failures.is_empty(), "{:?}", done.failures);
        self.expect_nothing(wishes).await;
    }

    /// There is nothing to do.
    pub async fn expect_nothing(&self, wishes: &[Endpoint]) {
        let (left, ..) = self.plan(wishes).await;
        assert_eq!(left.changes, [], "a second plan is empty");
    }
}

/// Ownership rows as a registry would make them of TXT records, one for each record, with its properties. What would stand outside of
/// the zone is left out.
pub struct PlainRows {
    name: fn(&str, &str) -> String,
    written: Option<AtomicUsize>,
}

impl PlainRows {
    /// Rows whose names are made of the record's type, in lower case, and its name, with `any` for `*`.
    pub fn named(name: fn(&str, &str) -> String) -> Self {
        Self { name, written: None }
    }

    /// Rows that say how many there were before them, so that none is written twice.
    #[must_use]
    pub fn numbered(self) -> Self {
        Self { written: Some(AtomicUsize::new(1)), ..self }
    }

    fn row_change(&self, zone: &Zone, change: &Change, rows: &[Record]) -> Option<RowChange> {
        let kind = change.record_type().as_str().to_ascii_lowercase();
        let name = (self.name)(&kind, &change.name().as_str().replace('*', "any"));
        let name = DnsName::parse(&name).unwrap();
        if !zone.contains(&name) {
            return None;
        }
        let is_it = |row: &&Record| {
            row.zone == zone.id && row.name == name && row.set_identifier == *change.set_identifier()
        };
        let read = rows.iter().find(is_it).cloned();
        let write = match change {
            Change::Create { new, .. } | Change::Update { new, .. } => {
                let text = vec![Target::Text(self.text().into())];
                let row = Endpoint::from_parts(name, RecordType::Txt, text, new.properties.clone());
                Some(row.with_set_identifier(new.set_identifier.clone()))
            }
            Change::Delete { .. } => None,
        };
        Some(RowChange { read, expected: None, write })
    }

    fn text(&self) -> String {
        let number = self.written.as_ref().map(|written| written.fetch_add(1, Ordering::Relaxed));
        let number = number.map_or_else(String::new, |number| format!(",external-dns/row={number}"));
        format!("\"heritage=external-dns,external-dns/owner=me{number}\"")
    }
}

impl Ownership for PlainRows {
    type Rows = Vec<Record>;

    fn read(&self, records: Vec<Record>) -> Held<Self::Rows> {
        let is_row =
            |record: &Record| record.targets.iter().any(|target| target.to_string().contains("heritage="));
        let (rows, records) = records.into_iter().partition(is_row);
        Held { records, claims: Claims::new(), rows }
    }

    fn decorate(&self, zone: &Zone, changes: Vec<Change>, rows: &Self::Rows) -> Vec<ZoneChange> {
        let with_row = |change| {
            let rows = self.row_change(zone, &change, rows).into_iter().collect();
            ZoneChange { change, rows }
        };
        changes.into_iter().map(with_row).collect()
    }
}

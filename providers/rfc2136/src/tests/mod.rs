//! Against real servers: BIND and Knot.

mod battery;
mod clocks_and_keys;
mod convergence;
mod incremental;
mod no_gap;
mod refusals;
mod servers;
mod tls;
mod values;
mod wire;

use super::*;
use std::num::NonZeroUsize;
use std::time::Duration;
use zonewright_planner::{Change, Holds, Homes, ManagedTypes, Plan, PlanInput, Policy, Record, Scope, plan};
use zonewright_provider_kit::zone_for;
use zonewright_testing::{Make, NameServer, NameServerSetup};

const ZONE: &str = "example.org";

/// A server with the zone, and nothing in it.
async fn start(make: Make) -> NameServer {
    start_with(make, NameServerSetup::zones(&[ZONE])).await
}

async fn start_with(make: Make, setup: NameServerSetup) -> NameServer {
    NameServer::start(make, setup).await.unwrap()
}

/// Settings for servers that share key and zones.
fn config(server: &NameServer) -> Rfc2136Config {
    let secret = server.secret().to_owned().into();
    let key = TsigKey::from_flags(Some(server.key_name()), Some(&secret), Some(server.algorithm())).unwrap();
    Rfc2136Config {
        hosts: vec!["127.0.0.1".to_owned()],
        port: server.port(),
        zones: vec![ZONE.to_owned()],
        key: Some(key),
        reads: true,
        min_ttl: Duration::ZERO,
        batch_changes: NonZeroUsize::new(50),
        balancing: Balancing::Disabled,
        tls: None,
        requests_per_second: None,
        clock: system_clock(),
    }
}

/// `name type target|target`, with a TTL of 300.
fn wish(text: &str) -> Endpoint {
    let mut words = text.splitn(3, ' ');
    let (name, record_type, targets) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let targets: Vec<&str> = targets.split('|').collect();
    let record_type = RecordType::from_text(record_type);
    Endpoint::new(name, record_type, &targets, Properties::new()).unwrap().with_ttl(Ttl::from_seconds(300))
}

fn wishes(texts: &[&str]) -> Vec<Endpoint> {
    texts.iter().map(|text| wish(text)).collect()
}

/// What the daemon does, in small.
struct Cycle {
    reader: Rfc2136Reader,
    writer: Rfc2136Writer,
    zones: Vec<Zone>,
}

impl Cycle {
    fn new(config: Rfc2136Config) -> Self {
        let provider = Rfc2136::new(config).unwrap();
        Self { reader: provider.reader(), writer: provider.writer(), zones: provider.0.zones.all() }
    }

    async fn adjust(&self, wishes: &[Endpoint]) -> Vec<Endpoint> {
        self.reader.adjust(wishes.to_vec()).await.unwrap().endpoints
    }

    async fn records(&self) -> Vec<Record> {
        let mut all = Vec::new();
        for zone in &self.zones {
            all.extend(self.reader.records(zone).await.unwrap().records);
        }
        // What every zone has.
        all.retain(|record| {
            !(record.record_type == RecordType::Ns && record.spelled_targets() == ["ns.invalid"])
        });
        all
    }

    fn plan(wishes: &[Endpoint], records: &[Record]) -> Plan {
        plan(&PlanInput {
            desired: wishes,
            current: records.iter().collect(),
            holds: &Holds::default(),
            claims: Vec::new(),
            filters: &[],
            managed: &ManagedTypes::new(RECORD_TYPES, &[]),
            policy: Policy::Sync,
            owner: None,
            scope: Scope::All,
            shared: Default::default(),
            homes: &Homes::new(),
        })
    }

    /// Changes that lead from the records to the wishes.
    async fn changes(&self, wishes: &[Endpoint], records: &[Record]) -> Vec<ZoneChange> {
        let plan = Self::plan(&self.adjust(wishes).await, records);
        plan.changes.into_iter().map(|change| ZoneChange { change, rows: Vec::new() }).collect()
    }

    async fn write(&self, changes: &[ZoneChange]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for batch in changes.chunk_by(|a, b| self.zone_of(&a.change) == self.zone_of(&b.change)) {
            outcomes.extend(self.writer.apply(self.zone_of(&batch[0].change), batch).await);
        }
        outcomes
    }

    fn zone_of(&self, change: &Change) -> &Zone {
        zone_for(&self.zones, change.name()).unwrap()
    }

    /// One run, after which a second one has nothing to do.
    async fn converge(&self, wishes: &[Endpoint]) {
        let changes = self.changes(wishes, &self.records().await).await;
        for (change, outcome) in changes.iter().zip(self.write(&changes).await) {
            outcome.unwrap_or_else(|error| panic!("{:?}: {error}", change.change));
        }
        let left = self.changes(wishes, &self.records().await).await;
        assert!(left.is_empty(), "{left:?}");
    }
}

/// What is there, as another client sees it: `name ttl type value`.
async fn lines(server: &NameServer) -> Vec<String> {
    let lines = server.lines(ZONE).await.unwrap();
    lines.into_iter().map(|line| line.replace(". ", " ").replace(" IN ", " ")).collect()
}

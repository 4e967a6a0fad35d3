//! The provider against a double that refuses what the service refuses, and holds everything that is said against the published
//! description of the API.

mod adjust;
mod battery;
mod calls;
mod convergence;
mod credentials;
mod hostnames;
mod lists;
mod refusals;
mod writes;
mod zones;

use super::*;
use std::collections::BTreeMap;
use zonewright_cloudflare_double::{CloudflareDouble, Exchange, Fault, Operation, When};
use zonewright_planner::{
    Change, DnsName, DomainFilter, Holds, Homes, ManagedTypes, Plan, PlanInput, Policy, Properties, Record,
    RecordType, Scope, Target, Ttl, plan,
};
use zonewright_provider_kit::{ErrorClass, RowChange, zone_of_new};

const PREFIX: &str = "external-dns.kubernetes.io/cloudflare-";

/// A double and a zone in it. Whatever was said there must be as the API has it.
pub(super) struct Service {
    pub(super) double: CloudflareDouble,
    pub(super) zone: String,
}

impl Service {
    /// With one zone, `example.org`.
    pub(super) async fn with_plan(plan: &str) -> Self {
        let double = CloudflareDouble::start().await.unwrap();
        let zone = double.add_zone("example.org", plan);
        Self { double, zone }
    }

    pub(super) async fn free() -> Self {
        Self::with_plan("free").await
    }

    /// Settings without any waiting.
    pub(super) fn config(&self) -> CloudflareConfig {
        self.config_with("CF_API_TOKEN", self.double.token())
    }

    pub(super) fn config_with(&self, variable: &str, value: &str) -> CloudflareConfig {
        let read = |name: &str| match name {
            "CLOUDFLARE_BASE_URL" => Some(self.double.url().to_owned()),
            name => (name == variable).then(|| value.to_owned()),
        };
        let mut access = Access::from_environment(read).unwrap();
        access.requests_per_second = Some(0.0);
        CloudflareConfig { batch_interval: Duration::ZERO, ..CloudflareConfig::new(access) }
    }

    pub(super) fn cycle(&self) -> Cycle {
        Cycle::new(self.config())
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.double.lines(&self.zone)
    }

    /// What was asked, without lists.
    pub(super) fn writes(&self) -> Vec<Exchange> {
        let exchanges = self.double.exchanges().into_iter();
        exchanges.filter(|exchange| exchange.method != "GET").collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.double.violations(), Vec::<String>::new());
        }
    }
}

/// What a cycle does with the provider: ownership rows of the plainest kind, named after type and name.
pub(super) struct Cycle {
    pub(super) reader: CloudflareReader,
    pub(super) writer: CloudflareWriter,
}

/// What a cycle could not do.
pub(super) struct Done {
    pub(super) failures: Vec<(String, ProviderError)>,
}

impl Cycle {
    pub(super) fn new(config: CloudflareConfig) -> Self {
        let provider = Cloudflare::new(config).unwrap();
        Self { reader: provider.reader(), writer: provider.writer() }
    }

    /// Reads, plans and writes.
    pub(super) async fn run(&self, wishes: &[Endpoint]) -> Done {
        let (plan, zones, rows) = self.plan(wishes).await;
        let failures = self.apply(&plan, &zones, &rows).await;
        Done { failures }
    }

    /// The plan, the zones and the rows that it was made with.
    pub(super) async fn plan(&self, wishes: &[Endpoint]) -> (Plan, Vec<Zone>, Vec<Record>) {
        let zones = self.reader.zones().await.unwrap();
        let (mut records, mut rows) = (Vec::new(), Vec::new());
        for zone in &zones {
            let listing = self.reader.records(zone).await.unwrap();
            for record in listing.records {
                let is_row = record.targets.iter().any(|target| target.to_string().contains("heritage="));
                if is_row { rows.push(record) } else { records.push(record) }
            }
        }
        let plan = self.plan_with(wishes, &records).await;
        (plan, zones, rows)
    }

    pub(super) async fn plan_with(&self, wishes: &[Endpoint], records: &[Record]) -> Plan {
        let adjusted = self.reader.adjust(wishes.to_vec()).await.unwrap();
        assert_eq!(adjusted.rejected, []);
        plan(&PlanInput {
            desired: &adjusted.endpoints,
            current: records.iter().collect(),
            holds: &Holds::default(),
            claims: Vec::new(),
            filters: &[DomainFilter::All],
            managed: &ManagedTypes::new(RECORD_TYPES, &[]),
            policy: Policy::Sync,
            owner: None,
            scope: Scope::All,
            homes: &Homes::new(),
            shared: Default::default(),
        })
    }

    /// Writes zone by zone, as much at once as fits.
    pub(super) async fn apply(
        &self,
        plan: &Plan,
        zones: &[Zone],
        rows: &[Record],
    ) -> Vec<(String, ProviderError)> {
        let mut by_zone: BTreeMap<&Zone, Vec<ZoneChange>> = BTreeMap::new();
        for change in &plan.changes {
            let zone = match change {
                Change::Create { new, .. } => zone_of_new(zones, new).unwrap(),
                Change::Update { old, .. } | Change::Delete { old, .. } => {
                    zones.iter().find(|zone| zone.id == old.zone).unwrap()
                }
            };
            let row = row_change(zone, change, rows);
            let rows = row.into_iter().collect();
            by_zone.entry(zone).or_default().push(ZoneChange { change: change.clone(), rows });
        }
        let mut failures = Vec::new();
        for (zone, changes) in by_zone {
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

    /// Runs until nothing is left to do, which is at once.
    pub(super) async fn converge(&self, wishes: &[Endpoint]) {
        let done = self.run(wishes).await;
        assert!(done.failures.is_empty(), "{:?}", done.failures);
        self.expect_nothing(wishes).await;
    }

    /// A second plan is empty.
    pub(super) async fn expect_nothing(&self, wishes: &[Endpoint]) {
        let (left, ..) = self.plan(wishes).await;
        assert_eq!(left.changes, [], "a second plan is empty");
    }
}

/// The change of the row that goes with a change, as the registry would make it: with the properties of its record. No row is outside
/// of its zone.
fn row_change(zone: &Zone, change: &Change, rows: &[Record]) -> Option<RowChange> {
    let kind = change.record_type().as_str().to_ascii_lowercase();
    let name = format!("{kind}-{}", change.name().as_str().replace('*', "any"));
    let name = DnsName::parse(&name).unwrap();
    if !zone.contains(&name) {
        return None;
    }
    let read = rows.iter().find(|row| row.zone == zone.id && row.name == name).cloned();
    let write = match change {
        Change::Create { new, .. } | Change::Update { new, .. } => {
            let text = Target::Text("\"heritage=external-dns,external-dns/owner=me\"".into());
            Some(Endpoint::from_parts(name, RecordType::Txt, vec![text], new.properties.clone()))
        }
        Change::Delete { .. } => None,
    };
    Some(RowChange { read, expected: None, write })
}

/// `NAME TYPE TARGETS`, targets with `|` between, and properties without `…/cloudflare-`.
pub(super) fn wish(line: &str, properties: &[(&str, &str)]) -> Endpoint {
    let mut words = line.splitn(3, ' ');
    let (name, record_type) = (words.next().unwrap(), RecordType::from_text(words.next().unwrap()));
    let targets: Vec<&str> = words.next().unwrap().split('|').collect();
    let all: Properties = properties
        .iter()
        .filter(|(name, _)| *name != "ttl")
        .map(|(name, value)| (format!("{PREFIX}{name}"), (*value).to_owned()))
        .collect();
    let ttl = properties.iter().find(|(name, _)| *name == "ttl");
    let ttl = ttl.map_or(Ttl::UNSET, |(_, seconds)| Ttl::from_seconds(seconds.parse().unwrap()));
    Endpoint::new(name, record_type, &targets, all).unwrap().with_ttl(ttl)
}

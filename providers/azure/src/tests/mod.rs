//! The provider against a double that refuses what the services refuse.

mod battery;
mod calls;
mod convergence;
mod credentials;
mod records;
mod refusals;
mod zones;

use super::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use zonewright_azure_double::{AzureDouble, NewZone};
use zonewright_planner::{
    Change, DomainFilter, Holds, Homes, ManagedTypes, Plan, PlanInput, Policy, Properties, Record,
    RecordType, Scope, Target, Ttl, plan,
};
use zonewright_provider_kit::{ErrorClass, RequestRecorder, RowChange, zone_of_new};

pub(super) const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";

/// A double, and the file that leads to it.
pub(super) struct World {
    pub(super) azure: AzureDouble,
    folder: tempfile::TempDir,
}

impl World {
    /// One with a service principal and no zones.
    pub(super) async fn new() -> Self {
        let azure = AzureDouble::start().await.unwrap();
        azure.add_principal("tenant", "client", "secret");
        azure.expect_audience("https://management.example");
        let world = Self { azure, folder: tempfile::tempdir().unwrap() };
        world.write_file(r#""tenantId": "tenant", "aadClientId": "client", "aadClientSecret": "secret""#);
        world
    }

    /// One with a zone `example.org`, and a reverse zone for the battery.
    pub(super) async fn with_zone(service: Service) -> (Self, String) {
        let world = Self::new().await;
        let zone = world.zone(service, "group", "example.org");
        (world, zone)
    }

    /// Makes a zone with room for what the battery puts into a record set.
    pub(super) fn zone(&self, service: Service, group: &str, name: &str) -> String {
        let new = match service {
            Service::Public => NewZone::public(SUBSCRIPTION, group, name),
            Service::Private => NewZone::private(SUBSCRIPTION, group, name),
        };
        self.azure.create_zone(new.limited(50, 100_000))
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("azure.json")
    }

    /// Writes the file with these fields about who we are.
    pub(super) fn write_file(&self, identity: &str) {
        let url = self.azure.url();
        let text = format!(
            r#"{{"cloud": "AzureStackCloud", "resourceManagerEndpoint": "{url}",
                 "resourceManagerAudience": "https://management.example", "activeDirectoryAuthorityHost": "{url}",
                 "subscriptionId": "{SUBSCRIPTION}", "resourceGroup": "group", {identity}}}"#
        );
        std::fs::write(self.file(), text).unwrap();
    }

    pub(super) fn config(&self, service: Service) -> AzureConfig {
        AzureConfig {
            service,
            file: self.file(),
            overrides: Overrides::default(),
            environment: Environment::default(),
            zones: ZoneFilter { domains: DomainFilter::All, ids: Vec::new(), names: None },
            zones_cache: Duration::ZERO,
            retries: 3,
            requests_per_second: None,
            recorder: RequestRecorder::default(),
        }
    }

    pub(super) fn provider(&self, service: Service) -> Azure {
        provider(self.config(service))
    }
}

impl Drop for World {
    /// Every test is one of the published API, too.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.azure.violations(), Vec::<String>::new());
        }
    }
}

/// A provider that does not wait between attempts.
pub(super) fn provider(config: AzureConfig) -> Azure {
    let mut provider = Azure::new(config.clone()).unwrap();
    let shared = Arc::get_mut(&mut provider.0).unwrap();
    shared.account = Account::open(config).unwrap().without_pauses();
    provider
}

/// What a cycle does with the provider: ownership rows of the plainest kind, named after type and name.
pub(super) struct Cycle {
    pub(super) reader: AzureReader,
    pub(super) writer: AzureWriter,
}

/// What a cycle found and did.
pub(super) struct Done {
    pub(super) plan: Plan,
    pub(super) failures: Vec<(String, ProviderError)>,
}

impl Cycle {
    pub(super) fn new(provider: &Azure) -> Self {
        Self { reader: provider.reader(), writer: provider.writer() }
    }

    /// Reads, plans and writes.
    pub(super) async fn run(&self, wishes: &[Endpoint]) -> Done {
        let (plan, zones, rows) = self.plan(wishes).await;
        let mut by_zone: BTreeMap<&Zone, Vec<ZoneChange>> = BTreeMap::new();
        for change in &plan.changes {
            let zone = match change {
                Change::Create { new, .. } => zone_of_new(&zones, new).unwrap(),
                Change::Update { old, .. } | Change::Delete { old, .. } => {
                    zones.iter().find(|zone| zone.id == old.zone).unwrap()
                }
            };
            let row = row_change(zone, change, &rows);
            by_zone.entry(zone).or_default().push(ZoneChange { change: change.clone(), rows: vec![row] });
        }
        let mut failures = Vec::new();
        for (zone, changes) in by_zone {
            let outcomes = self.writer.apply(zone, &changes).await;
            assert_eq!(outcomes.len(), changes.len());
            for (change, outcome) in changes.iter().zip(outcomes) {
                failures.extend(outcome.err().map(|error| (change.change.name().to_string(), error)));
            }
        }
        Done { plan, failures }
    }

    /// The plan, the zones and the rows that it was made with.
    pub(super) async fn plan(&self, wishes: &[Endpoint]) -> (Plan, Vec<Zone>, Vec<Record>) {
        let zones = self.reader.zones().await.unwrap();
        let (mut records, mut rows) = (Vec::new(), Vec::new());
        for zone in &zones {
            for record in self.reader.records(zone).await.unwrap().records {
                let is_row = record.targets.iter().any(|target| target.to_string().contains("heritage="));
                if is_row { rows.push(record) } else { records.push(record) }
            }
        }
        let adjusted = self.reader.adjust(wishes.to_vec()).await.unwrap();
        assert_eq!(adjusted.rejected, []);
        let homes: Homes = adjusted
            .endpoints
            .iter()
            .filter_map(|wish| Some((wish.name.clone(), self.reader.homes(&zones, &wish.name)?)))
            .collect();
        let types = [RecordType::A, RecordType::Aaaa, RecordType::Cname, RecordType::Txt, RecordType::Mx];
        let managed = ManagedTypes::new(types.into_iter().chain([RecordType::Srv]), &[]);
        let plan = plan(&PlanInput {
            desired: &adjusted.endpoints,
            current: records.iter().collect(),
            holds: &Holds::default(),
            claims: Vec::new(),
            filters: &[DomainFilter::All],
            managed: &managed,
            policy: Policy::Sync,
            owner: None,
            scope: Scope::All,
            homes: &homes,
            shared: Default::default(),
        });
        (plan, zones, rows)
    }

    /// Runs until nothing is left to do, which is at once.
    pub(super) async fn converge(&self, wishes: &[Endpoint]) {
        let done = self.run(wishes).await;
        assert!(done.failures.is_empty(), "{:?}", done.failures);
        let (left, ..) = self.plan(wishes).await;
        assert_eq!(left.changes, [], "a second plan is empty");
    }
}

/// The change of the row that goes with a change, as the registry would make it.
fn row_change(zone: &Zone, change: &Change, rows: &[Record]) -> RowChange {
    let kind = change.record_type().as_str().to_ascii_lowercase();
    // As with a prefix that ends in a dot: the row of the apex is inside, too.
    let name = format!("own-{kind}.{}", change.name().as_str().replace('*', "any"));
    let is_it = |row: &&Record| row.zone == zone.id && row.name.as_str() == name;
    let read = rows.iter().find(is_it).cloned();
    let write = match change {
        Change::Create { new, .. } | Change::Update { new, .. } => {
            let text = Target::Text("\"heritage=external-dns,external-dns/owner=me\"".into());
            let name = DnsName::parse(&name).unwrap();
            Some(Endpoint::from_parts(name, RecordType::Txt, vec![text], new.properties.clone()))
        }
        Change::Delete { .. } => None,
    };
    RowChange { read, expected: None, write }
}

/// `NAME TYPE TARGETS`, with properties; `ttl` is the TTL.
pub(super) fn wish(line: &str, properties: &[(&str, &str)]) -> Endpoint {
    let mut words = line.splitn(3, ' ');
    let (name, record_type) = (words.next().unwrap(), RecordType::from_text(words.next().unwrap()));
    let targets: Vec<&str> = words.next().unwrap().split(',').collect();
    let all: Properties = properties.iter().filter(|(name, _)| *name != "ttl").copied().collect();
    let ttl = properties.iter().find(|(name, _)| *name == "ttl").map(|(_, ttl)| ttl.parse().unwrap());
    Endpoint::new(name, record_type, &targets, all)
        .unwrap()
        .with_ttl(ttl.map_or(Ttl::UNSET, Ttl::from_seconds))
}

pub(super) fn create(new: Endpoint) -> ZoneChange {
    let change = Change::create(new, zonewright_planner::CreateReason::New);
    ZoneChange { change, rows: Vec::new() }
}

pub(super) async fn zone_of(provider: &Azure) -> Zone {
    provider.reader().zones().await.unwrap().remove(0)
}

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
use zonewright_planner::{Change, DomainFilter, ManagedTypes, Properties, Record, RecordType, Ttl};
use zonewright_provider_kit::battery::{Cycle, PlainRows};
use zonewright_provider_kit::{ErrorClass, RequestRecorder, RowChange};

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

/// What a cycle does. Its rows are named as with a prefix that ends in a dot: the row of the apex is inside, too.
pub(super) fn cycle_of(provider: &Azure) -> Cycle<AzureReader, AzureWriter, PlainRows> {
    let types = [
        RecordType::A,
        RecordType::Aaaa,
        RecordType::Cname,
        RecordType::Txt,
        RecordType::Mx,
        RecordType::Srv,
    ];
    Cycle {
        reader: provider.reader(),
        writer: provider.writer(),
        ownership: PlainRows::named(|kind, name| format!("own-{kind}.{name}")),
        managed: ManagedTypes::new(types, &[]),
    }
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

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
use zonewright_cloudflare_double::{CloudflareDouble, Exchange, Fault, Operation, When};
use zonewright_planner::{
    Change, DnsName, DomainFilter, ManagedTypes, Properties, Record, RecordType, Target, Ttl,
};
use zonewright_provider_kit::battery::PlainRows;
use zonewright_provider_kit::{ErrorClass, RowChange};

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
        cycle_of(self.config())
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

pub(super) type Cycle =
    zonewright_provider_kit::battery::Cycle<CloudflareReader, CloudflareWriter, PlainRows>;

/// Its rows are named after type and name.
pub(super) fn cycle_of(config: CloudflareConfig) -> Cycle {
    let provider = Cloudflare::new(config).unwrap();
    Cycle {
        reader: provider.reader(),
        writer: provider.writer(),
        ownership: PlainRows::named(|kind, name| format!("{kind}-{name}")),
        managed: ManagedTypes::new(RECORD_TYPES, &[]),
    }
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

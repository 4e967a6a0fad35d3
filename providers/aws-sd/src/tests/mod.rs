//! The provider against a double that refuses what the service refuses, with the registry that it is made for.

mod battery;
mod calls;
mod convergence;
mod dual_stack;
mod faults;
mod moto;
mod namespaces;
mod ownership;
mod records;
mod waiting;

use super::*;
use crate::endpoint::BareHost;
use crate::operations::Pace;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::config::{BehaviorVersion, Region};
use aws_smithy_types::retry::RetryConfig;
use std::sync::Mutex;
use zonewright_aws_config::{Connection, budgeted, http_client};
use zonewright_aws_double::{AwsDouble, CloudService, NamespaceKind};
use zonewright_planner::{Change, Leftover, ManagedTypes, Record, Ttl};
use zonewright_provider_kit::battery::{Held, Ownership};
use zonewright_registry::{AwsSdRegistry, Owned, Registry, Rows};

/// Time that passes when somebody waits, and only then.
#[derive(Clone, Default)]
pub(super) struct Clock(Arc<Mutex<Duration>>);

impl Clock {
    pub(super) fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn pace(&self) -> Pace {
        let clock = self.clone();
        Pace::new(move |time| {
            *clock.0.lock().unwrap() += time;
            Box::pin(async {})
        })
    }
}

/// A provider that talks to some address.
pub(super) fn provider_at(url: &str, config: CloudMapConfig, clock: &Clock) -> CloudMap {
    let rate = config.access.requests_per_second.unwrap_or(DEFAULT_REQUESTS_PER_SECOND);
    let credentials =
        SharedCredentialsProvider::new(Credentials::new("AKIATEST", "secret", None, None, "test"));
    let sdk = aws_sdk_servicediscovery::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(credentials.clone())
        .retry_config(RetryConfig::standard().with_max_attempts(config.access.attempts))
        .interceptor(BareHost)
        .http_client(budgeted(http_client(), RequestBudget::new(Some(rate))))
        .build();
    let connection = Connection { client: Client::from_conf(sdk), credentials: Some(credentials) };
    let api = Api::connected(&config, connection);
    let mut provider = CloudMap::new(config);
    let shared = Arc::get_mut(&mut provider.0).unwrap();
    shared.api = api;
    shared.waiter = Waiter::new(clock.pace());
    provider
}

pub(super) fn provider(aws: &AwsDouble, config: CloudMapConfig) -> CloudMap {
    let clock = Clock::default();
    let time = clock.clone();
    aws.set_clock(move || time.now());
    provider_at(&aws.url(), config, &clock)
}

/// Settings for owner `me`, without waiting for turns, and with a single attempt.
pub(super) fn swift() -> CloudMapConfig {
    let defaults = CloudMapConfig::default();
    let access = Access { requests_per_second: Some(0.0), attempts: 1, ..defaults.access };
    CloudMapConfig { access, owners: vec![Owner::new("me").unwrap()], ..defaults }
}

/// A double with one private namespace.
pub(super) async fn aws() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let namespace = aws.create_namespace("example.org", NamespaceKind::Private);
    (aws, namespace)
}

pub(super) type Cycle = zonewright_provider_kit::battery::Cycle<CloudMapReader, CloudMapWriter, ByRegistry>;

/// Ownership as the registry keeps it.
pub(super) struct ByRegistry(pub(super) Registry);

impl Ownership for ByRegistry {
    type Rows = Rows;

    fn read(&self, records: Vec<Record>) -> Held<Rows> {
        let Owned { records, claims, rows, .. } = self.0.read(records);
        Held { records, claims, rows }
    }

    fn decorate(&self, _: &Zone, changes: Vec<Change>, rows: &Rows) -> Vec<ZoneChange> {
        self.0.decorate_all(changes, rows)
    }

    fn owner(&self) -> Option<&Owner> {
        self.0.owner()
    }

    fn leftovers(&self, rows: &Rows) -> Vec<Leftover> {
        self.0.leftovers(rows)
    }
}

/// With registry aws-sd, for owner `me`.
pub(super) fn cycle_of(provider: &CloudMap) -> Cycle {
    let registry = AwsSdRegistry::new(Owner::new("me").unwrap(), None, provider.0.cleanup);
    cycle_with(provider, Registry::AwsSd(registry))
}

pub(super) fn cycle_with(provider: &CloudMap, registry: Registry) -> Cycle {
    Cycle {
        reader: provider.reader(),
        writer: provider.writer(),
        ownership: ByRegistry(registry),
        managed: ManagedTypes::default(),
    }
}

/// `NAME TYPE TARGETS [TTL]`, from the Service `web`.
pub(super) fn wish(line: &str) -> Endpoint {
    let words: Vec<&str> = line.split_whitespace().collect();
    let targets: Vec<&str> = words[2].split(',').collect();
    let record_type = RecordType::from_text(words[1]);
    let wish = Endpoint::new(words[0], record_type, &targets, Properties::new()).unwrap();
    let ttl = words.get(3).map_or(Ttl::UNSET, |ttl| Ttl::from_seconds(ttl.parse().unwrap()));
    wish.with_ttl(ttl).with_label("resource", "service/default/web")
}

pub(super) const OURS: &str =
    "heritage=external-dns,external-dns/owner=me,external-dns/resource=service/default/web";

/// A service as ExternalDNS v0.22 leaves it: `NAME TYPE ROUTING TTL`, with an instance per target.
pub(super) fn service(line: &str, description: &str, key: &str, targets: &[&str]) -> CloudService {
    let words: Vec<&str> = line.split_whitespace().collect();
    let instance =
        |target: &&str| ((*target).to_ascii_lowercase(), [(key.to_owned(), (*target).to_owned())].into());
    CloudService {
        name: words[0].to_owned(),
        description: Some(description.to_owned()).filter(|text| text != "none"),
        routing: Some(words[2].to_owned()),
        records: vec![(words[1].to_owned(), words[3].parse().unwrap())],
        instances: targets.iter().map(instance).collect(),
        ..CloudService::default()
    }
}

/// What a service publishes: `NAME TYPES ROUTING: ATTRIBUTES`.
pub(super) fn shown(service: &CloudService) -> String {
    let types: Vec<String> = service.records.iter().map(|(kind, ttl)| format!("{kind}/{ttl}")).collect();
    let instance = |attributes: &BTreeMap<String, String>| {
        attributes.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("+")
    };
    let instances: Vec<String> = service.instances.values().map(instance).collect();
    let routing = service.routing.as_deref().unwrap_or("none");
    format!("{} {} {routing}: {}", service.name, types.join("+"), instances.join(" "))
}

pub(super) fn all_shown(aws: &AwsDouble, namespace: &str) -> Vec<String> {
    aws.services(namespace).iter().map(shown).collect()
}

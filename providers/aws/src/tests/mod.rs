//! The provider against a double that refuses what the service refuses.

mod battery;
mod calls;
mod convergence;
mod moto;
mod refusals;
mod zones;

use super::*;
use crate::account::Connection;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_route53::Client;
use aws_sdk_route53::config::{BehaviorVersion, Region};
use aws_smithy_types::retry::RetryConfig;
use std::cell::Cell;
use std::collections::BTreeMap;
use zonewright_aws_config::{NameOperation, budgeted, http_client, recorded};
use zonewright_aws_double::{AwsDouble, NewZone};
use zonewright_planner::{
    Change, DomainFilter, Holds, Homes, ManagedTypes, Plan, PlanInput, Policy, Properties, Record, Scope,
    Target, Ttl, plan,
};
use zonewright_provider_kit::{RowChange, zone_of_new};

/// A provider whose accounts use these access keys, all against one double.
pub(super) fn provider_of(aws: &AwsDouble, config: AwsConfig, keys: &[&str]) -> Route53 {
    provider_at(&aws.url(), config, keys)
}

/// The same for any service at an address.
fn provider_at(url: &str, config: AwsConfig, keys: &[&str]) -> Route53 {
    let rate = config.access.requests_per_second.unwrap_or(DEFAULT_REQUESTS_PER_SECOND);
    let attempts = config.access.attempts;
    let recorder = config.access.recorder.clone();
    let mut provider = Route53::new(config);
    let shared = Arc::get_mut(&mut provider.0).unwrap();
    shared.accounts = keys
        .iter()
        .map(|key| {
            let budget = RequestBudget::new(Some(rate));
            let credentials =
                SharedCredentialsProvider::new(Credentials::new(*key, "secret", None, None, "test"));
            let config = aws_sdk_route53::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .endpoint_url(url)
                .credentials_provider(credentials.clone())
                .retry_config(RetryConfig::standard().with_max_attempts(attempts))
                .http_client(budgeted(recorded(http_client(), recorder.clone()), budget))
                .interceptor(NameOperation)
                .build();
            Account::connected(Connection {
                client: Client::from_conf(config),
                credentials: Some(credentials),
            })
        })
        .collect();
    let cache = shared.zones.cache();
    shared.zones = Zones::new(shared.zones.filter().clone(), cache, keys.len());
    provider
}

pub(super) fn provider(aws: &AwsDouble, config: AwsConfig) -> Route53 {
    provider_of(aws, config, &["AKIATEST"])
}

/// Settings without any waiting.
pub(super) fn swift() -> AwsConfig {
    let defaults = AwsConfig::default();
    let access = Access { requests_per_second: Some(0.0), ..defaults.access };
    AwsConfig { access, batch_interval: Duration::ZERO, ..defaults }
}

/// A double with one public zone.
pub(super) async fn aws() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let zone = aws.create_zone(NewZone::public("example.org")).unwrap();
    (aws, zone)
}

/// What a cycle does with the provider: ownership rows of the plainest kind, named after type and name.
pub(super) struct Cycle {
    pub(super) reader: Route53Reader,
    pub(super) writer: Route53Writer,
    /// Rows say how many there were before: moto does not make anew what was there before and is gone.
    written: Cell<usize>,
}

/// What a cycle found and did.
pub(super) struct Done {
    pub(super) plan: Plan,
    pub(super) failures: Vec<(String, ProviderError)>,
}

impl Cycle {
    pub(super) fn new(provider: &Route53) -> Self {
        Self { reader: provider.reader(), writer: provider.writer(), written: Cell::new(0) }
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
            self.written.set(self.written.get() + 1);
            let row = row_change(zone, change, &rows, self.written.get());
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
    async fn plan(&self, wishes: &[Endpoint]) -> (Plan, Vec<Zone>, Vec<Record>) {
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
        let managed = ManagedTypes::new(
            [RecordType::A, RecordType::Aaaa, RecordType::Cname, RecordType::Txt, RecordType::Mx],
            &[],
        );
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
fn row_change(zone: &Zone, change: &Change, rows: &[Record], number: usize) -> RowChange {
    let row_name = |name: &DnsName, record_type: &RecordType| {
        format!("{}-{}", record_type.as_str().to_ascii_lowercase(), name.as_str().replace('*', "any"))
    };
    let name = row_name(change.name(), change.record_type());
    let is_it = |row: &&Record| {
        row.zone == zone.id && row.name.as_str() == name && row.set_identifier == *change.set_identifier()
    };
    let read = rows.iter().find(is_it).cloned();
    let write = match change {
        Change::Create { new, .. } | Change::Update { new, .. } => {
            let text = format!("\"heritage=external-dns,external-dns/owner=me,external-dns/row={number}\"");
            let text = Target::Text(text.into());
            let name = DnsName::parse(&name).unwrap();
            let row = Endpoint::from_parts(name, RecordType::Txt, vec![text], new.properties.clone());
            Some(row.with_set_identifier(new.set_identifier.clone()))
        }
        Change::Delete { .. } => None,
    };
    RowChange { read, expected: None, write }
}

/// `NAME TYPE TARGETS`, with properties without their `aws/`.
pub(super) fn wish(line: &str, properties: &[(&str, &str)]) -> Endpoint {
    let words: Vec<&str> = line.split_whitespace().collect();
    let named = |(name, value): &(&str, &str)| match *name {
        "alias" => ((*name).to_owned(), (*value).to_owned()),
        name => (format!("aws/{name}"), (*value).to_owned()),
    };
    let all: Properties =
        properties.iter().filter(|(name, _)| *name != "set" && *name != "ttl").map(named).collect();
    let get = |wanted: &str| properties.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let targets: Vec<&str> = words[2].split(',').collect();
    let wish = Endpoint::new(words[0], RecordType::from_text(words[1]), &targets, all).unwrap();
    let ttl = get("ttl").map_or(Ttl::UNSET, |ttl| Ttl::from_seconds(ttl.parse().unwrap()));
    wish.with_set_identifier(get("set").unwrap_or_default()).with_ttl(ttl)
}

//! The provider against a double that refuses what the service refuses.

mod battery;
mod calls;
mod convergence;
mod moto;
mod refusals;
mod zones;

use super::*;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_route53::Client;
use aws_sdk_route53::config::{BehaviorVersion, Region};
use aws_smithy_types::retry::RetryConfig;
use zonewright_aws_config::{Connection, NameOperation, budgeted, http_client, recorded};
use zonewright_aws_double::{AwsDouble, NewZone};
use zonewright_planner::{Change, ManagedTypes, Properties, Record, Ttl};
use zonewright_provider_kit::RowChange;
use zonewright_provider_kit::battery::PlainRows;

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

pub(super) type Cycle = zonewright_provider_kit::battery::Cycle<Route53Reader, Route53Writer, PlainRows>;

/// Its rows are named after type and name, and numbered: moto does not make anew what was there before and is gone.
pub(super) fn cycle_of(provider: &Route53) -> Cycle {
    let types = [RecordType::A, RecordType::Aaaa, RecordType::Cname, RecordType::Txt, RecordType::Mx];
    Cycle {
        reader: provider.reader(),
        writer: provider.writer(),
        ownership: PlainRows::named(|kind, name| format!("{kind}-{name}")).numbered(),
        managed: ManagedTypes::new(types, &[]),
    }
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

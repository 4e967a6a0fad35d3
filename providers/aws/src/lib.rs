//! Amazon Route 53 (`--provider=aws`).
//!
//! API: <https://docs.aws.amazon.com/Route53/latest/APIReference/>. Its oddities:
//!
//! - A batch of changes is carried out as a whole or not at all, so a name may change its type or its routing policy without a moment
//!   in between (`changes`).
//! - What is deleted has to be named exactly: values, TTL, routing, and the hosted zone of an alias target. An alias record is therefore
//!   read with the zone of its target wherever that does not follow from the target (`convert`).
//! - Five requests a second are all that an account gets, pages of lists included (`connection`).
//! - Several zones may have one name: a public one and private ones. A record goes to all of them and is compared in each
//!   (`zones`).
//! - AWS host names have hosted zones that an alias has to name (`canonical`).
//!
//! ```text
//! wishes ── adjust ──> wishes as they are read back          records <── convert <── pages ── account
//! changes ── to_wire, in_order ──> batches within the limits ── account ──> outcomes, by refusal
//! ```

mod account;
mod adjust;
mod canonical;
mod canonical_zones;
mod changes;
mod config;
mod convert;
mod escape;
mod limits;
mod mixture;
mod properties;
mod refusal;
mod writing;
mod zones;

pub use config::{AwsConfig, DEFAULT_REQUESTS_PER_SECOND, ZoneFilter, ZoneType};
pub use zonewright_aws_config::Access;

use account::Account;
use adjust::AliasRules;
use async_trait::async_trait;
use limits::Limits;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use zones::Zones;
use zonewright_planner::{DnsName, Endpoint, RecordType, ZoneId};
use zonewright_provider_kit::{
    Adjusted, Capabilities, ErrorClass, Listing, ProviderError, ReadZones, RequestBudget, WriteZone, Zone,
    ZoneChange,
};

/// The provider. Clones, readers and writers share accounts, budgets and what is known of the zones.
#[derive(Clone)]
pub struct Route53(Arc<Shared>);

struct Shared {
    accounts: Vec<Account>,
    zones: Zones,
    rules: AliasRules,
    limits: Limits,
    interval: Duration,
    capabilities: Capabilities,
}

/// Reads zones.
pub struct Route53Reader(Arc<Shared>);

/// Changes zones.
pub struct Route53Writer(Arc<Shared>);

impl Route53 {
    /// Sets everything up. Nothing is read, let alone asked, before it is needed; [`Route53::check`] does so at once.
    pub fn new(config: AwsConfig) -> Self {
        let access = config.access;
        let profiles = match access.profiles.is_empty() {
            true => vec![None],
            false => access.profiles.iter().cloned().map(Some).collect(),
        };
        let rate = access.requests_per_second.unwrap_or(DEFAULT_REQUESTS_PER_SECOND);
        // Each account has its own five requests a second.
        let account = |profile| Account::new(profile, access.clone(), RequestBudget::new(Some(rate)));
        let accounts: Vec<Account> = profiles.into_iter().map(account).collect();
        let limits = Limits::new(config.batch_changes, config.batch_bytes, config.batch_values);
        Self(Arc::new(Shared {
            zones: Zones::new(config.zones, config.zones_cache, accounts.len()),
            accounts,
            rules: AliasRules {
                prefer_cname: config.prefer_cname,
                evaluate_target_health: config.evaluate_target_health,
            },
            limits,
            interval: config.batch_interval,
            capabilities: Capabilities {
                record_types: RECORD_TYPES.to_vec(),
                changes_per_write: NonZeroUsize::new(limits.changes),
                requests_per_second: Some(rate).filter(|rate| *rate > 0.0),
                ..Capabilities::everything()
            },
        }))
    }

    /// The half that can only read.
    pub fn reader(&self) -> Route53Reader {
        Route53Reader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> Route53Writer {
        Route53Writer(self.0.clone())
    }

    /// Looks for a region and credentials, and says what is missing, account by account. All of it is looked for again when it is
    /// needed, so that nothing has to end because of this.
    pub async fn check(&self) -> Vec<ProviderError> {
        let mut problems = Vec::new();
        for account in &self.0.accounts {
            problems.extend(account.check().await.err());
        }
        problems
    }
}

/// Every plannable type but DNAME, which the service does not have.
const RECORD_TYPES: [RecordType; 9] = [
    RecordType::A,
    RecordType::Aaaa,
    RecordType::Cname,
    RecordType::Txt,
    RecordType::Srv,
    RecordType::Ns,
    RecordType::Ptr,
    RecordType::Mx,
    RecordType::Naptr,
];

impl Shared {
    fn account_of(&self, zone: &Zone) -> Result<&Account, ProviderError> {
        let account = self.zones.account_of(&zone.id).and_then(|i| self.accounts.get(i));
        account.ok_or_else(|| {
            ProviderError::new(ErrorClass::Permanent, format!("AWS: no account has a zone {}", zone.id))
        })
    }
}

#[async_trait]
impl ReadZones for Route53Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        self.0.zones.list(&self.0.accounts).await
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        self.0.account_of(zone)?.records(zone).await
    }

    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        let zones = &self.0.zones;
        Ok(adjust::adjust(self.0.rules, endpoints, |zone, endpoint| zones.is_home(zone, &endpoint.name)))
    }

    fn homes(&self, zones: &[Zone], name: &DnsName) -> Option<Vec<ZoneId>> {
        self.0.zones.homes(zones, name)
    }
}

#[async_trait]
impl WriteZone for Route53Writer {
    fn fitting(&self, zone: &Zone, changes: &[ZoneChange]) -> usize {
        self.0.limits.fitting(zone, changes)
    }

    fn interval(&self) -> Duration {
        self.0.interval
    }

    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let account = match self.0.account_of(zone) {
            Ok(account) => account,
            Err(error) => return vec![Err(error); changes.len()],
        };
        let mut outcomes = Vec::with_capacity(changes.len());
        let mut rest = changes;
        while !rest.is_empty() {
            let (batch, tail) = rest.split_at(self.fitting(zone, rest));
            outcomes.extend(writing::write(account, zone, batch).await);
            rest = tail;
            if !rest.is_empty() {
                tokio::time::sleep(self.0.interval).await;
            }
        }
        outcomes
    }
}

#[cfg(test)]
mod tests;

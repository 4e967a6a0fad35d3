//! Cloudflare (`--provider=cloudflare`).
//!
//! API: <https://developers.cloudflare.com/api/resources/dns/>. Its oddities:
//!
//! - A record has one value. A record set of several values is several records, each with an id, a TTL, a comment and tags of its
//!   own (`convert`), and it takes the ids to change them (`books`).
//! - A batch of operations is carried out as a whole or not at all, deletes first; how many it may have depends on what is paid for the
//!   zone (`zones`, `writing`).
//! - Lists have numbered pages, without a promise that nothing moves between them (`account`).
//! - A record that Cloudflare stands in for ("proxied") has no TTL of its own; one without a TTL says 1, "automatic" (`adjust`).
//! - TXT values come back with quotes or without (`text`).
//! - Custom hostnames and regions are lists of their own beside the records, and are shown as properties of records (`hostnames`).
//!
//! ```text
//! wishes ── adjust ──> wishes as they are read back          records <── convert <── pages ── account
//!                                                               └──> books (ids)
//! changes ── operations (books) ──> batches within the plan's limit ── account ──> outcomes
//! ```

mod account;
mod adjust;
mod books;
mod config;
mod convert;
mod envelope;
mod hostnames;
mod operations;
mod properties;
mod text;
mod wire;
mod writing;
mod zones;

pub use config::{
    Access, CloudflareConfig, Credentials, CustomHostnames, DEFAULT_REQUESTS_PER_SECOND, EnvironmentError,
    LARGEST_PAGE,
};

use account::Account;
use adjust::{Rules, can_be_regional, can_have_custom_hostnames};
use async_trait::async_trait;
use books::{Books, Hostname};
use convert::{Group, RECORD_TYPES, group};
use hostnames::{Hostnames, Regions};
use operations::Operations;
use properties::sorted_words;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use writing::{Writing, fitting_sizes};
use zones::Zones;
use zonewright_planner::{Endpoint, Record};
use zonewright_provider_kit::{
    Adjusted, Capabilities, Listing, ProviderError, ReadZones, WriteZone, Zone, ZoneChange,
};

/// The provider. Clones, readers and writers share connections, budget and what is known of the zones.
#[derive(Clone)]
pub struct Cloudflare(Arc<Shared>);

struct Shared {
    account: Account,
    zones: Zones,
    books: Books,
    rules: Rules,
    records_per_page: u32,
    custom_hostnames: Option<CustomHostnames>,
    has_regions: bool,
    no_batches: AtomicBool,
    interval: Duration,
    capabilities: Capabilities,
}

/// Reads zones.
pub struct CloudflareReader(Arc<Shared>);

/// Changes zones.
pub struct CloudflareWriter(Arc<Shared>);

impl Cloudflare {
    /// Sets everything up. Nothing is asked yet.
    ///
    /// # Errors
    /// When the machine has no CA certificates and the service needs them.
    pub fn new(config: CloudflareConfig) -> Result<Self, ProviderError> {
        let rules = Rules::new(&config);
        let account = Account::new(config.access)?;
        Ok(Self(Arc::new(Shared {
            capabilities: Capabilities {
                record_types: RECORD_TYPES.to_vec(),
                set_identifiers: false,
                requests_per_second: account.requests_per_second(),
                ..Capabilities::everything()
            },
            account,
            zones: Zones::new(config.zone_ids, config.domains, config.batch_changes),
            books: Books::default(),
            rules,
            records_per_page: config.records_per_page.clamp(1, LARGEST_PAGE),
            custom_hostnames: config.custom_hostnames,
            has_regions: config.regional_services.is_some(),
            no_batches: AtomicBool::new(false),
            interval: config.batch_interval,
        })))
    }

    /// The half that can only read.
    pub fn reader(&self) -> CloudflareReader {
        CloudflareReader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> CloudflareWriter {
        CloudflareWriter(self.0.clone())
    }

    /// Looks whether there are credentials. Those in files are looked for again when they are needed.
    ///
    /// # Errors
    /// Of class `Auth`, naming variable and file.
    pub async fn check(&self) -> Result<(), ProviderError> {
        self.0.account.check().await
    }
}

impl Shared {
    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        if let Some(error) = self.zones.error_of(zone) {
            return Err(error);
        }
        let (groups, unreadable) = group(self.account.records(zone, self.records_per_page).await?);
        let hostnames = self.list_hostnames(zone).await?;
        let regions = self.list_regions(zone, &groups).await?;
        let mut listing = Listing { records: Vec::with_capacity(groups.len()), unreadable };
        for group in &groups {
            match group.to_record(zone.id.clone(), &self.rules.names) {
                Ok(mut record) => {
                    self.add_hostnames(&mut record, &hostnames, &regions);
                    listing.records.push(record);
                }
                Err(error) => listing.unreadable.push(format!("{}: {error}", group.record_type)),
            }
        }
        self.books.replace(&zone.id, &groups, hostnames, regions);
        Ok(listing)
    }

    async fn list_hostnames(&self, zone: &Zone) -> Result<BTreeMap<String, Hostname>, ProviderError> {
        if self.custom_hostnames.is_none() {
            return Ok(BTreeMap::new());
        }
        let listed = self.account.custom_hostnames(zone).await.map_err(|error| {
            let hint = "custom hostnames need Cloudflare for SaaS on the zone, and the permission SSL and Certificates: Edit";
            ProviderError::new(error.class(), format!("{error}; {hint}"))
        })?;
        let hostname = |wire: wire::WireHostname| {
            let origin = wire.custom_origin_server.unwrap_or_default();
            (
                wire.hostname.to_ascii_lowercase(),
                Hostname { id: wire.id, origin: origin.to_ascii_lowercase() },
            )
        };
        Ok(listed.into_iter().map(hostname).collect())
    }

    /// Where nothing could have a region, nobody is asked.
    async fn list_regions(
        &self,
        zone: &Zone,
        groups: &[Group],
    ) -> Result<BTreeMap<String, String>, ProviderError> {
        if !self.has_regions || !groups.iter().any(|group| can_be_regional(&group.record_type)) {
            return Ok(BTreeMap::new());
        }
        let listed = self.account.regional_hostnames(zone).await.map_err(|error| {
            let hint = "regions need Regional Services on the zone, and the permission DNS: Edit";
            ProviderError::new(error.class(), format!("{error}; {hint}"))
        })?;
        Ok(listed.into_iter().map(|wire| (wire.hostname.to_ascii_lowercase(), wire.region_key)).collect())
    }

    fn add_hostnames(
        &self,
        record: &mut Record,
        hostnames: &BTreeMap<String, Hostname>,
        regions: &BTreeMap<String, String>,
    ) {
        let names = &self.rules.names;
        if can_have_custom_hostnames(&record.record_type) {
            let leading = hostnames.iter().filter(|(_, hostname)| hostname.origin == record.name.as_str());
            if let Some(list) = sorted_words(leading.map(|(name, _)| name.as_str())) {
                record.properties.set(names.custom_hostname.clone(), list);
            }
        }
        if self.has_regions && can_be_regional(&record.record_type) {
            let region = regions.get(record.name.as_str()).map_or("", String::as_str);
            record.properties.set(names.region.clone(), region);
        }
    }

    fn operations(&self) -> Operations<'_> {
        Operations { books: &self.books, names: &self.rules.names }
    }
}

#[async_trait]
impl ReadZones for CloudflareReader {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        self.0.zones.list(&self.0.account).await
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        self.0.records(zone).await
    }

    async fn adjust(&self, mut endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        let plans = self.0.zones.plans();
        for endpoint in &mut endpoints {
            let plan = plans.of(&endpoint.name, endpoint.zone.as_ref());
            self.0.rules.adjust(endpoint, plan);
        }
        let rejected =
            if self.0.has_regions { self.0.rules.take_out_other_regions(&mut endpoints) } else { Vec::new() };
        Ok(Adjusted { endpoints, rejected })
    }
}

#[async_trait]
impl WriteZone for CloudflareWriter {
    fn fitting(&self, zone: &Zone, changes: &[ZoneChange]) -> usize {
        if self.0.no_batches.load(Ordering::Relaxed) {
            return changes.len();
        }
        let operations = self.0.operations();
        let size =
            |change: &ZoneChange| operations.of_change(&zone.id, change).map_or(0, |planned| planned.len());
        let fitting = fitting_sizes(changes.iter().map(size), self.0.zones.operations(zone));
        whole_names(changes, fitting)
    }

    fn interval(&self) -> Duration {
        self.0.interval
    }

    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let Shared { account, books, rules, .. } = &*self.0;
        let names = &rules.names;
        let hostnames =
            self.0.custom_hostnames.as_ref().map(|settings| Hostnames { account, books, names, settings });
        let writing = Writing {
            account,
            zones: &self.0.zones,
            operations: self.0.operations(),
            hostnames,
            regions: self.0.has_regions.then_some(Regions { account, books, names }),
            no_batches: &self.0.no_batches,
            interval: self.0.interval,
            zone,
        };
        writing.write(changes).await
    }
}

/// No more than so many changes, and not parted within a name where that can be helped.
fn whole_names(changes: &[ZoneChange], most: usize) -> usize {
    let name = |i: usize| changes.get(i).map(|change| change.change.name());
    if most >= changes.len() {
        return changes.len();
    }
    (1..=most).rev().find(|&i| name(i) != name(i - 1)).unwrap_or(most)
}

#[cfg(test)]
mod tests;

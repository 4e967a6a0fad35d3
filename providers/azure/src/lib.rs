//! Azure DNS (`--provider=azure`, `--provider=azure-dns`) and Azure Private DNS (`--provider=azure-private-dns`).
//!
//! APIs: <https://learn.microsoft.com/en-us/rest/api/dns/>, <https://learn.microsoft.com/en-us/rest/api/dns/privatedns/>. Their oddities:
//!
//! - Each record set is a resource of its own and takes a request of its own; there are no batches (`writing`).
//! - Record sets have versions. A change names the version that was read, so that what somebody else did meanwhile is noticed (`etags`).
//! - Names of zones are unique in a resource group only, so a zone is called by its resource id, and twins get the same records
//!   (`place`, `zones`).
//! - The two services spell the same fields differently, and refusals come in two forms (`wire`, `account`).
//! - Quotes in TXT values are characters like others (`convert`).
//! - Record sets that point at an Azure resource have no values, and still take up their name (`convert`).
//!
//! ```text
//! azure.json, flags, environment ── file, identity ──> account ── tokens, pages, refusals
//! wishes ── adjust ──> wishes as they are read back       records <── convert <── wire <── account
//! changes ── writing: groups, steps, conditions ──> account ──> outcomes, versions
//! ```

mod account;
mod adjust;
mod cloud;
mod config;
mod convert;
mod etags;
mod file;
mod identity;
mod operations;
mod place;
mod wire;
mod writing;
mod zones;

pub use config::{AzureConfig, Environment, Overrides, Service, ZoneFilter};
pub use file::FileError;
pub use identity::MissingIdentity;

use account::{Account, Call};
use async_trait::async_trait;
use etags::Etags;
use std::num::NonZeroUsize;
use std::sync::Arc;
use wire::RecordSet;
use writing::Writing;
use zones::Zones;
use zonewright_planner::{DnsName, Endpoint, ZoneId};
use zonewright_provider_http::Method;
use zonewright_provider_kit::{
    Adjusted, Capabilities, Listing, ProviderError, ReadZones, WriteZone, Zone, ZoneChange,
};

/// The provider. Clones, readers and writers share tokens, the budget and what is known of zones and versions.
#[derive(Debug, Clone)]
pub struct Azure(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    service: Service,
    account: Account,
    zones: Zones,
    etags: Etags,
    capabilities: Capabilities,
}

/// Reads zones.
#[derive(Debug)]
pub struct AzureReader(Arc<Shared>);

/// Changes zones.
#[derive(Debug)]
pub struct AzureWriter(Arc<Shared>);

/// Each record set is a request, so there is nothing to gain from more at once; and between writes the loop sees whether it may still
/// write.
const CHANGES_PER_WRITE: Option<NonZeroUsize> = NonZeroUsize::new(200);

impl Azure {
    /// Reads the file. Nothing is asked of Azure before it is needed; [`Azure::check`] does so at once.
    ///
    /// # Errors
    /// When the file cannot be read or makes no sense. Later on that changes nothing: what it said before holds.
    pub fn new(config: AzureConfig) -> Result<Self, FileError> {
        let service = config.service;
        let capabilities = Capabilities {
            record_types: service.record_types().to_vec(),
            set_identifiers: false,
            changes_per_write: CHANGES_PER_WRITE,
            requests_per_second: config.requests_per_second.filter(|rate| *rate > 0.0),
            ..Capabilities::everything()
        };
        let zones = Zones::new(service, config.zones.clone(), config.zones_cache);
        let account = Account::open(config)?;
        Ok(Self(Arc::new(Shared { service, account, zones, etags: Etags::default(), capabilities })))
    }

    /// The half that can only read.
    pub fn reader(&self) -> AzureReader {
        AzureReader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> AzureWriter {
        AzureWriter(self.0.clone())
    }

    /// Gets a token, or says for whom there is none and why. It is tried again when it is needed, so that nothing has to end because of
    /// this.
    ///
    /// # Errors
    /// When there is none.
    pub async fn check(&self) -> Result<(), ProviderError> {
        self.0.account.check().await
    }
}

#[async_trait]
impl ReadZones for AzureReader {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        self.0.zones.list(&self.0.account).await
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        let Shared { service, account, zones, etags, .. } = &*self.0;
        let place = zones.place(zone)?;
        let call = Call {
            operation: service.operations().list_records,
            what: &format!("Azure: listing zone {}", zone.id),
            method: Method::GET,
            url: place.records_url(&account.settings().cloud.endpoint),
            headers: Vec::new(),
            body: None,
        };
        let sets: Vec<RecordSet> = account.list(call).await?;
        let (mut listing, mut versions) = (Listing::default(), Vec::with_capacity(sets.len()));
        for mut set in sets {
            let (etag, kind) = (set.etag.take(), set.kind.clone());
            match convert::to_record(&zone.id, &place.name, set) {
                Some(Ok(record)) => {
                    let key = (record.name.clone(), record.record_type.clone());
                    versions.extend(etag.map(|etag| (key, etag)));
                    listing.records.push(record);
                }
                Some(Err(error)) => listing.unreadable.push(format!("{kind}: {error}")),
                None => {}
            }
        }
        etags.listed(&zone.id, versions);
        Ok(listing)
    }

    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        Ok(adjust::adjust(self.0.service, endpoints))
    }

    fn homes(&self, zones: &[Zone], name: &DnsName) -> Option<Vec<ZoneId>> {
        self.0.zones.homes(zones, name)
    }
}

#[async_trait]
impl WriteZone for AzureWriter {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let Shared { service, account, zones, etags, .. } = &*self.0;
        match zones.place(zone) {
            Ok(place) => Writing { service: *service, account, etags, zone, place }.apply(changes).await,
            Err(error) => vec![Err(error); changes.len()],
        }
    }
}

#[cfg(test)]
mod tests;

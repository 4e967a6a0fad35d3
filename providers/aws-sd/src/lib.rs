//! AWS Cloud Map (`--provider=aws-sd`).
//!
//! API: <https://docs.aws.amazon.com/cloud-map/latest/api/>. Its oddities:
//!
//! - There are no records but services, which have instances. A service is a name; its instances are the targets. What types of records it
//!   has is settled when it is created (`service.rs`).
//! - A name has one service. A name with addresses of both kinds is one service of both types, each instance of which needs an address of
//!   each kind; ExternalDNS cannot have them.
//! - The list of services does not show instances; each service takes a request of its own. What is known is therefore kept, and looked at
//!   again only where that is old or something speaks against it (`books.rs`).
//! - Registering and removing take effect later; nothing is reported as done before it is (`operations.rs`).
//! - Who owns a service stands in its description, in the words of the ownership records.
//!
//! ```text
//! namespaces, services, instances ── books ──> records        changes by name ── writing ──> requests, operations
//! ```

mod api;
mod books;
mod config;
mod endpoint;
mod operations;
mod service;
mod writing;

pub use config::{CloudMapConfig, DEFAULT_REQUESTS_PER_SECOND, NamespaceType};
pub use zonewright_aws_config::Access;

use api::Api;
use async_trait::async_trait;
use books::{Books, Namespace};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use operations::Waiter;
use service::{Content, Service};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{DnsName, DomainFilter, Endpoint, Owner, Properties, RecordType, ZoneId};
use zonewright_provider_kit::{
    Adjusted, Capabilities, ErrorClass, Listing, ProviderError, ReadZones, RequestBudget, WriteZone, Zone,
    ZoneChange,
};

/// How many services are looked into or written at the same time. The budget says how often requests go out; this is for waiting on answers.
const AT_ONCE: usize = 32;

/// Changes in one write. What they came to is told when all of them are done, which takes as long as the slowest.
const CHANGES_PER_WRITE: usize = 100;

type Outcome = Result<(), ProviderError>;

/// The provider. Clones, readers and writers share the connection, its budget and what is known of the services.
#[derive(Clone)]
pub struct CloudMap(Arc<Shared>);

struct Shared {
    api: Api,
    books: Books,
    waiter: Waiter,
    namespace_type: Option<NamespaceType>,
    domains: DomainFilter,
    owners: Vec<Owner>,
    cleanup: bool,
    trust: Duration,
    capabilities: Capabilities,
}

/// Reads namespaces.
pub struct CloudMapReader(Arc<Shared>);

/// Changes services.
pub struct CloudMapWriter(Arc<Shared>);

impl CloudMap {
    /// Sets everything up. Nothing is read, let alone asked, before it is needed; [`CloudMap::check`] does so at once.
    pub fn new(config: CloudMapConfig) -> Self {
        let rate = config.access.requests_per_second.unwrap_or(DEFAULT_REQUESTS_PER_SECOND);
        Self(Arc::new(Shared {
            api: Api::new(&config, RequestBudget::new(Some(rate))),
            books: Books::default(),
            waiter: Waiter::default(),
            namespace_type: config.namespace_type,
            domains: config.domains,
            owners: config.owners,
            cleanup: config.cleanup,
            trust: config.trust,
            capabilities: Capabilities {
                record_types: vec![RecordType::A, RecordType::Aaaa, RecordType::Cname],
                set_identifiers: false,
                wildcards: false,
                apex: false,
                changes_per_write: NonZeroUsize::new(CHANGES_PER_WRITE),
                requests_per_second: Some(rate).filter(|rate| *rate > 0.0),
            },
        }))
    }

    /// The half that can only read.
    pub fn reader(&self) -> CloudMapReader {
        CloudMapReader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> CloudMapWriter {
        CloudMapWriter(self.0.clone())
    }

    /// Looks for a region and credentials, and says what is missing. All of it is looked for again when it is needed, so that nothing has
    /// to end because of this.
    ///
    /// # Errors
    /// What is missing.
    pub async fn check(&self) -> Result<(), ProviderError> {
        self.0.api.check().await
    }
}

impl Shared {
    fn namespace(&self, zone: &Zone) -> Result<Namespace, ProviderError> {
        self.books.namespace(&zone.id).ok_or_else(|| {
            ProviderError::new(ErrorClass::Permanent, format!("Cloud Map: there is no namespace {}", zone.id))
        })
    }

    /// Lists the services of a namespace; gives those with names that are none of the DNS, described.
    async fn list(
        &self,
        zone: &Zone,
        namespace: &Namespace,
    ) -> Result<(BTreeMap<DnsName, Service>, Vec<String>), ProviderError> {
        let (mut listed, mut odd) = (Vec::new(), Vec::new());
        for summary in self.api.services(zone.id.as_str()).await? {
            match DnsName::parse(&format!("{}.{}", summary.name, namespace.name)) {
                Ok(name) => listed.push((name, summary)),
                Err(error) => odd.push(format!("service {} ({}): {error}", summary.name, summary.id)),
            }
        }
        Ok((self.books.merged(&zone.id, listed, self.trust), odd))
    }

    /// Whether it matters what is in a service.
    fn is_of_interest(&self, service: &Service) -> bool {
        let owner = service.labels.owner();
        self.owners.is_empty() || self.owners.iter().any(|ours| owner == Some(ours.as_str()))
    }

    /// Looks into the services that are of interest and not known yet; says how many these were.
    async fn look(
        &self,
        namespace: &Namespace,
        services: &mut BTreeMap<DnsName, Service>,
    ) -> Result<usize, ProviderError> {
        let mut looks: Vec<BoxFuture<'_, Outcome>> = Vec::new();
        for service in services.values_mut() {
            if service.content.is_none() && self.is_of_interest(service) {
                looks.push(self.look_into(namespace, service).boxed());
            }
        }
        let count = looks.len();
        let mut looks = futures::stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some(looked) = looks.next().await {
            looked?;
        }
        Ok(count)
    }

    async fn look_into(&self, namespace: &Namespace, service: &mut Service) -> Result<(), ProviderError> {
        let instances = self.api.instances(&namespace.http_name, service).await?;
        service.content = Some(Content { instances, known_at: Instant::now() });
        Ok(())
    }

    fn listing(
        &self,
        zone: &ZoneId,
        services: &BTreeMap<DnsName, Service>,
        mut unreadable: Vec<String>,
    ) -> Listing {
        let mut records = Vec::with_capacity(services.len());
        for (name, service) in services {
            let odd = service.instances().iter().filter(|instance| instance.published.is_empty());
            unreadable.extend(odd.map(|instance| {
                format!(
                    "instance {} of service {name}: its attributes are not for records of this service",
                    instance.id
                )
            }));
            let is_empty = service.content.is_some() && service.instances().is_empty();
            // Whose it is only the registry can tell.
            if !(is_empty && self.owners.is_empty()) {
                records.extend(service.records(zone, name));
            }
        }
        Listing { records, unreadable }
    }
}

#[async_trait]
impl ReadZones for CloudMapReader {
    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        let shared = &self.0;
        let listed = shared.api.namespaces(shared.namespace_type).await?;
        let namespace = |found: &aws_sdk_servicediscovery::types::NamespaceSummary| {
            let name = DnsName::parse(found.name()?).ok().filter(|name| shared.domains.matches(name))?;
            let http = found.properties().and_then(|properties| properties.http_properties());
            let http_name = http.and_then(|http| http.http_name()).or(found.name())?.to_owned();
            Some((ZoneId::new(found.id()?), Namespace { name, http_name }))
        };
        let found: Vec<(ZoneId, Namespace)> = listed.iter().filter_map(namespace).collect();
        let zone = |(id, namespace): &(ZoneId, Namespace)| Zone {
            id: id.clone(),
            name: Some(namespace.name.clone()),
        };
        let zones = found.iter().map(zone).collect();
        shared.books.set_namespaces(found);
        Ok(zones)
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        let namespace = self.0.namespace(zone)?;
        let (mut services, odd) = self.0.list(zone, &namespace).await?;
        let (begun, of_interest) =
            (Instant::now(), services.values().filter(|s| self.0.is_of_interest(s)).count());
        let looks = self.0.look(&namespace, &mut services).await?;
        // Some were empty, or known from a moment ago.
        if 2 * looks >= of_interest {
            self.0.books.note_look(&zone.id, begun.elapsed());
        }
        let listing = self.0.listing(&zone.id, &services, odd);
        self.0.books.set_services(&zone.id, services);
        Ok(listing)
    }

    /// Namespaces of one name, a public one and private ones, get the same records, as in ExternalDNS.
    fn homes(&self, zones: &[Zone], name: &DnsName) -> Option<Vec<ZoneId>> {
        let closest = zonewright_provider_kit::zone_for(zones, name)?;
        let homes = zones.iter().filter(|zone| zone.name == closest.name);
        let homes: Vec<ZoneId> = homes.map(|zone| zone.id.clone()).collect();
        (homes.len() > 1).then_some(homes)
    }

    /// A service has nothing to hold properties in: a wish that has some would differ for ever.
    async fn adjust(&self, mut endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        for endpoint in endpoints.iter_mut().filter(|endpoint| !endpoint.properties.is_empty()) {
            endpoint.properties = Properties::new();
        }
        Ok(Adjusted { endpoints, rejected: Vec::new() })
    }
}

#[async_trait]
impl WriteZone for CloudMapWriter {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        match self.0.apply(zone, changes).await {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Err(error); changes.len()],
        }
    }
}

impl Shared {
    /// Writes name by name, several at once. Each fails alone.
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Result<Vec<Outcome>, ProviderError> {
        let namespace = self.namespace(zone)?;
        if !self.books.is_complete(&zone.id) {
            let (services, _) = self.list(zone, &namespace).await?;
            self.books.set_services(&zone.id, services);
        }
        let mut writes: Vec<BoxFuture<'_, (Vec<usize>, Outcome)>> = Vec::new();
        for (name, places) in writing::by_name(changes) {
            let of_name: Vec<&ZoneChange> = places.iter().filter_map(|&i| changes.get(i)).collect();
            let write = self.apply_to(zone, &namespace, name, of_name);
            writes.push(write.map(|outcome| (places, outcome)).boxed());
        }
        let mut outcomes = vec![Ok(()); changes.len()];
        let mut writes = futures::stream::iter(writes).buffer_unordered(AT_ONCE);
        while let Some((places, outcome)) = writes.next().await {
            for i in places {
                if let Some(place) = outcomes.get_mut(i) {
                    *place = outcome.clone();
                }
            }
        }
        Ok(outcomes)
    }

    async fn apply_to(
        &self,
        zone: &Zone,
        namespace: &Namespace,
        name: &DnsName,
        changes: Vec<&ZoneChange>,
    ) -> Result<(), ProviderError> {
        match writing::write(self, zone, namespace, name, &changes).await {
            Ok(service) => {
                self.books.set_service(&zone.id, name, service);
                Ok(())
            }
            Err(error) => {
                self.books.forget(&zone.id, name);
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;

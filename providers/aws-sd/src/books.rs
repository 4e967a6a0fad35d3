//! What is known of namespaces and services, so that a change needs no list.
//!
//! Reading fills it, writing keeps it up to date. A service that a write failed on is forgotten, and with it that the list is complete:
//! it is made again before the next write.

use crate::service::{Content, Service, Summary};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{DnsName, ZoneId};

/// A namespace.
#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    pub(crate) name: DnsName,
    /// As discovery calls it: several namespaces may share a name, but not this one.
    pub(crate) http_name: String,
}

#[derive(Debug)]
struct Page {
    namespace: Namespace,
    /// Whether these are all of its services.
    is_complete: bool,
    /// How long it took to look into everything.
    look_took: Duration,
    services: BTreeMap<DnsName, Service>,
}

/// Everything that is known.
#[derive(Debug, Default)]
pub(crate) struct Books(Mutex<BTreeMap<ZoneId, Page>>);

impl Books {
    /// Takes note of which namespaces there are.
    pub(crate) fn set_namespaces(&self, namespaces: impl IntoIterator<Item = (ZoneId, Namespace)>) {
        let mut pages = self.pages();
        let mut before = std::mem::take(&mut *pages);
        for (id, namespace) in namespaces {
            let new = || Page {
                namespace: namespace.clone(),
                is_complete: false,
                look_took: Duration::ZERO,
                services: BTreeMap::new(),
            };
            let page = before.remove(&id).unwrap_or_else(new);
            pages.insert(id, Page { namespace, ..page });
        }
    }

    pub(crate) fn namespace(&self, zone: &ZoneId) -> Option<Namespace> {
        Some(self.pages().get(zone)?.namespace.clone())
    }

    pub(crate) fn is_complete(&self, zone: &ZoneId) -> bool {
        self.pages().get(zone).is_some_and(|page| page.is_complete)
    }

    /// The services of a list, with their instances where nothing speaks against what was known of them a short while ago.
    pub(crate) fn merged(
        &self,
        zone: &ZoneId,
        listed: impl IntoIterator<Item = (DnsName, Summary)>,
        trust: Duration,
    ) -> BTreeMap<DnsName, Service> {
        let now = Instant::now();
        let mut pages = self.pages();
        let trust = trust_of(pages.get(zone), trust);
        let mut before =
            pages.get_mut(zone).map(|page| std::mem::take(&mut page.services)).unwrap_or_default();
        let merge = |(name, summary): (DnsName, Summary)| {
            let mut service = Service::new(summary);
            let known = before.remove(&name).filter(|known| known.summary == service.summary);
            service.content = known.and_then(|known| known.content).filter(|content| {
                now.duration_since(content.known_at) < trust
                    && Some(content.instances.len()) == service.summary.instances
            });
            if service.summary.instances == Some(0) {
                service.content = Some(Content { instances: Vec::new(), known_at: now });
            }
            (name, service)
        };
        listed.into_iter().map(merge).collect()
    }

    /// Takes note of how long it took to look into all services of a namespace.
    pub(crate) fn note_look(&self, zone: &ZoneId, took: Duration) {
        if let Some(page) = self.pages().get_mut(zone) {
            page.look_took = took;
        }
    }

    /// Takes note of all services of a namespace.
    pub(crate) fn set_services(&self, zone: &ZoneId, services: BTreeMap<DnsName, Service>) {
        if let Some(page) = self.pages().get_mut(zone) {
            page.services = services;
            page.is_complete = true;
        }
    }

    pub(crate) fn service(&self, zone: &ZoneId, name: &DnsName) -> Option<Service> {
        self.pages().get(zone)?.services.get(name).cloned()
    }

    /// Takes note of what became of a service.
    pub(crate) fn set_service(&self, zone: &ZoneId, name: &DnsName, service: Option<Service>) {
        let mut pages = self.pages();
        let Some(page) = pages.get_mut(zone) else { return };
        match service {
            Some(service) => page.services.insert(name.clone(), service),
            None => page.services.remove(name),
        };
    }

    /// Nobody knows what became of a service.
    pub(crate) fn forget(&self, zone: &ZoneId, name: &DnsName) {
        if let Some(page) = self.pages().get_mut(zone) {
            page.services.remove(name);
            page.is_complete = false;
        }
    }

    fn pages(&self) -> MutexGuard<'_, BTreeMap<ZoneId, Page>> {
        // Nothing here leaves it half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where looking takes long it is done less often. Listings that are made because it is time for them come after five times as long as they
/// took, so that they take a fifth of the time (`ListingCache` of the daemon); those look at everything.
const LOOKS: u32 = 4;

fn trust_of(page: Option<&Page>, trust: Duration) -> Duration {
    match page {
        Some(page) if !trust.is_zero() => trust.max(page.look_took * LOOKS),
        _ => trust,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        Summary {
            id: "srv-1".into(),
            name: "a".into(),
            description: String::new(),
            types: BTreeMap::new(),
            is_weighted: false,
            health_check: None,
            instances: Some(1),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_to_look_at_is_believed_for_longer() {
        let zone = ZoneId::new("ns-1");
        let name = DnsName::parse("a.example.org").unwrap();
        let second = Duration::from_secs(1);
        for (trust, took, age, is_believed) in [
            (30, 0, 20, true),
            (30, 0, 40, false),
            (30, 50, 190, true),
            (30, 50, 210, false),
            (0, 50, 1, false),
        ] {
            let books = Books::default();
            let namespace = Namespace { name: name.clone(), http_name: String::new() };
            books.set_namespaces([(zone.clone(), namespace)]);
            let instance = crate::service::Instance { id: "x".into(), published: Vec::new() };
            let content = Some(Content { instances: vec![instance], known_at: Instant::now() });
            let service = Service { content, ..Service::new(summary()) };
            books.set_services(&zone, [(name.clone(), service)].into());
            books.note_look(&zone, second * took);
            tokio::time::advance(second * age).await;
            let merged = books.merged(&zone, [(name.clone(), summary())], second * trust);
            assert_eq!(merged[&name].content.is_some(), is_believed, "{trust} {took} {age}");
        }
    }
}

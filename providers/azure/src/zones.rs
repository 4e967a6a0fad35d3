//! Zones: which there are, which are managed, and where they are.

use crate::account::{Account, Call};
use crate::config::{Service, ZoneFilter};
use crate::place::{Place, zones_url};
use crate::wire::ListedZone;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{DnsName, ZoneId};
use zonewright_provider_http::Method;
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone};

/// What is known of the zones.
#[derive(Debug, Default)]
struct Known {
    places: BTreeMap<ZoneId, Place>,
    /// Some of them have one name.
    has_twins: bool,
    since: Option<Instant>,
}

/// The managed zones.
#[derive(Debug)]
pub(crate) struct Zones {
    service: Service,
    filter: ZoneFilter,
    cache: Duration,
    known: Mutex<Known>,
}

impl Zones {
    pub(crate) fn new(service: Service, filter: ZoneFilter, cache: Duration) -> Self {
        Self { service, filter, cache, known: Mutex::default() }
    }

    /// Lists the zones, or takes those that were listed not long ago. Those that the filter names by their whole ids need no list.
    pub(crate) async fn list(&self, account: &Account) -> Result<Vec<Zone>, ProviderError> {
        account.reload();
        if self.known().since.is_none_or(|since| since.elapsed() >= self.cache) {
            let begun = Instant::now();
            let mut places = self.named();
            if self.filter.needs_a_list() {
                places.extend(self.of_resource_group(account).await?);
            }
            *self.known() = Known::new(places, begun);
        }
        let known = self.known();
        let zone = |(id, place): (&ZoneId, &Place)| Zone { id: id.clone(), name: Some(place.name.clone()) };
        Ok(known.places.iter().map(zone).collect())
    }

    /// The zones that the filter names by their whole ids.
    fn named(&self) -> Vec<Place> {
        let places = self.filter.ids.iter().filter_map(|id| Place::parse(id));
        let is_wanted =
            |place: &Place| place.service == self.service && self.filter.domains.matches(&place.name);
        places.filter(is_wanted).collect()
    }

    async fn of_resource_group(&self, account: &Account) -> Result<Vec<Place>, ProviderError> {
        let settings = account.settings();
        let (subscription, group) = (settings.subscription, settings.resource_group);
        let call = Call {
            operation: self.service.operations().list_zones,
            what: &format!("Azure: listing the zones of resource group {group}"),
            method: Method::GET,
            url: zones_url(&settings.cloud.endpoint, self.service, &subscription, &group),
            headers: Vec::new(),
            body: None,
        };
        let listed: Vec<ListedZone> = account.list(call).await?;
        let place = |zone: ListedZone| {
            let name = DnsName::parse(&zone.name).ok()?;
            let place = Place::parse(&zone.id).unwrap_or(Place {
                service: self.service,
                subscription: subscription.clone(),
                resource_group: group.clone(),
                name,
            });
            self.takes(&place).then_some(place)
        };
        Ok(listed.into_iter().filter_map(place).collect())
    }

    /// Domain and id have to pass; or else the name, where there is a filter for it. So ExternalDNS does it.
    fn takes(&self, place: &Place) -> bool {
        let key = place.key();
        let mut ids = self.filter.ids.iter().filter(|id| !id.is_empty()).peekable();
        let passes_by_id = ids.peek().is_none()
            || ids.any(|id| key.ends_with(&id.trim_end_matches('/').to_ascii_lowercase()));
        (passes_by_id && self.filter.domains.matches(&place.name))
            || self.filter.names.as_ref().is_some_and(|names| names.matches(&place.name))
    }

    /// Where a zone is.
    pub(crate) fn place(&self, zone: &Zone) -> Result<Place, ProviderError> {
        let known = self.known().places.get(&zone.id).cloned();
        // A writer may be asked before anything was listed.
        let place = known.or_else(|| Place::parse(zone.id.as_str()));
        place.ok_or_else(|| {
            ProviderError::new(
                ErrorClass::Permanent,
                format!("Azure: {} is no resource id of a zone", zone.id),
            )
        })
    }

    /// The zones of one name that a name belongs to, where there are several: records stand in each of them.
    pub(crate) fn homes(&self, zones: &[Zone], name: &DnsName) -> Option<Vec<ZoneId>> {
        if !self.known().has_twins {
            return None;
        }
        let apex = zonewright_provider_kit::zone_for(zones, name)?.name.as_ref();
        let mut homes: Vec<ZoneId> =
            zones.iter().filter(|zone| zone.name.as_ref() == apex).map(|zone| zone.id.clone()).collect();
        homes.sort();
        (homes.len() > 1).then_some(homes)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing here leaves it half-done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn new(all: Vec<Place>, since: Instant) -> Self {
        // The same zone may be spelled in two ways.
        let by_key: BTreeMap<String, Place> = all.into_iter().map(|place| (place.key(), place)).collect();
        let mut names: Vec<&DnsName> = by_key.values().map(|place| &place.name).collect();
        names.sort();
        let has_twins = names.windows(2).any(|pair| pair.first() == pair.last());
        let places = by_key.into_values().map(|place| (place.id(), place)).collect();
        Self { places, has_twins, since: Some(since) }
    }
}

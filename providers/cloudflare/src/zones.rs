//! The zones in reach, and what is known of each: its plan, and how much it takes at once.

use crate::account::Account;
use crate::config::Plan;
use crate::wire::{WirePlan, WireZone};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::warn;
use zonewright_planner::{DnsName, DomainFilter, ZoneId};
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone, zone_for};

/// Finds and remembers zones.
pub(crate) struct Zones {
    ids: Vec<String>,
    domains: DomainFilter,
    /// `--batch-change-size`.
    batch: Option<usize>,
    known: Mutex<BTreeMap<ZoneId, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    zone: Zone,
    plan: Plan,
    /// What a batch was found to be limited to where that is less than the plan says.
    limit: Option<usize>,
    /// Why nothing could be learned about a zone that somebody named.
    error: Option<ProviderError>,
}

impl Zones {
    pub(crate) fn new(ids: Vec<String>, domains: DomainFilter, batch: Option<u32>) -> Self {
        let ids = ids.into_iter().filter(|id| !id.is_empty()).collect();
        let batch = batch.map(|size| size.max(1) as usize);
        Self { ids, domains, batch, known: Mutex::default() }
    }

    /// Exactly the zones that were named, or all that pass the domain filter.
    pub(crate) async fn list(&self, account: &Account) -> Result<Vec<Zone>, ProviderError> {
        let mut found = BTreeMap::new();
        if self.ids.is_empty() {
            for wire in account.zones().await? {
                match Known::new(&wire) {
                    Some(known) if known.is_wanted(&self.domains) => {
                        found.insert(known.zone.id.clone(), known);
                    }
                    Some(_) => {}
                    None => warn!("zone {}: {:?} is not a name", wire.id, wire.name),
                }
            }
        }
        for id in &self.ids {
            let known = self.named(account, id).await?;
            found.insert(known.zone.id.clone(), known);
        }
        let mut known = self.lock();
        for (id, new) in &mut found {
            new.limit = known.get(id).and_then(|old| old.limit);
        }
        *known = found;
        Ok(known.values().map(|known| known.zone.clone()).collect())
    }

    /// A zone that somebody named. One that could be read before is kept when it cannot be now: reading its records will say why, and
    /// its names must not fall to a zone above. One that there is not, or that is not ours to see, takes no names and is told of like a
    /// zone that cannot be read, so that the others go on.
    async fn named(&self, account: &Account, id: &str) -> Result<Known, ProviderError> {
        let error = match account.zone(id).await {
            Ok(wire) => match Known::new(&wire) {
                Some(known) => return Ok(known),
                None => {
                    let message = format!("Cloudflare: zone {id}: {:?} is not a name", wire.name);
                    ProviderError::new(ErrorClass::Permanent, message)
                }
            },
            Err(error) => error,
        };
        let before = self.lock().get(&ZoneId::new(id)).filter(|known| known.error.is_none()).cloned();
        if let Some(known) = before {
            warn!("zone {id} is taken for what it was before: {error}");
            return Ok(known);
        }
        match error.class() {
            ErrorClass::Auth | ErrorClass::Permanent | ErrorClass::InvalidRecord => {
                Ok(Known::unreadable(id, error))
            }
            _ => Err(error),
        }
    }

    /// Why nothing is known of a zone.
    pub(crate) fn error_of(&self, zone: &Zone) -> Option<ProviderError> {
        self.lock().get(&zone.id)?.error.clone()
    }

    /// The plans of all zones, to ask by name.
    pub(crate) fn plans(&self) -> Plans {
        let known = self.lock();
        Plans {
            zones: known.values().map(|known| known.zone.clone()).collect(),
            plans: known.values().map(|known| (known.zone.id.clone(), known.plan)).collect(),
        }
    }

    /// How many operations one batch may have.
    pub(crate) fn operations(&self, zone: &Zone) -> usize {
        let known = self.lock();
        let known = known.get(&zone.id);
        let by_plan = known.map_or(Plan::Free, |known| known.plan).operations();
        let found = known.and_then(|known| known.limit);
        by_plan.min(found.unwrap_or(usize::MAX)).min(self.batch.unwrap_or(usize::MAX))
    }

    /// Notes that a zone does not take batches of this size, whatever its plan.
    pub(crate) fn was_too_much(&self, zone: &Zone, operations: usize) {
        if let Some(known) = self.lock().get_mut(&zone.id) {
            // That of the smallest plan first, then halves.
            let smallest = Plan::Free.operations();
            let limit = if operations > smallest { smallest } else { (operations / 2).max(1) };
            warn!(
                "zone {} takes fewer than {operations} operations at once, although its plan is {}; trying {limit}",
                zone.id, known.plan
            );
            known.limit = Some(limit);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ZoneId, Known>> {
        // Nothing here leaves it half-done.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn new(wire: &WireZone) -> Option<Self> {
        let name = DnsName::parse(&wire.name).ok()?;
        let zone = Zone { id: ZoneId::new(wire.id.as_str()), name: Some(name) };
        Some(Self { zone, plan: plan(wire.plan.as_ref()), limit: None, error: None })
    }

    /// No name lies in a zone below `invalid` (RFC 2606 section 2).
    fn unreadable(id: &str, error: ProviderError) -> Self {
        let zone = Zone { id: ZoneId::new(id), name: DnsName::parse("unknown.invalid").ok() };
        Self { zone, plan: Plan::Free, limit: None, error: Some(error) }
    }

    fn is_wanted(&self, domains: &DomainFilter) -> bool {
        self.zone.name.as_ref().is_some_and(|name| domains.matches(name))
    }
}

/// What is not known is taken for the smallest.
fn plan(wire: Option<&WirePlan>) -> Plan {
    let Some(wire) = wire else { return Plan::Free };
    match (wire.legacy_id.as_deref(), wire.is_subscribed) {
        (Some("enterprise"), _) => Plan::Enterprise,
        (Some("free"), _) => Plan::Free,
        (Some("pro" | "business"), _) | (_, Some(true)) => Plan::Paid,
        _ => Plan::Free,
    }
}

/// Which plan the zone of a name has.
pub(crate) struct Plans {
    zones: Vec<Zone>,
    plans: BTreeMap<ZoneId, Plan>,
}

impl Plans {
    pub(crate) fn of(&self, name: &DnsName, zone: Option<&ZoneId>) -> Plan {
        let zone = zone.or_else(|| zone_for(&self.zones, name).map(|zone| &zone.id));
        zone.and_then(|zone| self.plans.get(zone)).copied().unwrap_or(Plan::Free)
    }
}

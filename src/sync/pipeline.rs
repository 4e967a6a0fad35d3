//! One provider with its registry and policy: what exists, what should change.

use super::World;
use super::guard::Stock;
use crate::sources::pipeline::Desired;
use std::collections::BTreeMap;
use std::sync::Arc;
use zonewright_planner::{
    DnsName, DomainFilter, Endpoint, Hold, HoldReason, Holds, Incomplete, ManagedTypes, Plan, PlanInput,
    Policy, Record, Scope, Skip, SkipReason, ZoneId, plan,
};
use zonewright_provider_kit::{
    ProviderError, ReadZones, Rejected, WriteZone, Zone, normalize_aliases, zone_for,
};
use zonewright_registry::{Owned, Registry};

/// What a plan depends on beside wishes and records.
#[derive(Debug, Clone)]
pub struct PlanSettings {
    /// `--policy`.
    pub policy: Policy,
    /// `--managed-record-types` without `--exclude-record-types`.
    pub managed: ManagedTypes,
    /// `--domain-filter` and its siblings.
    pub filter: DomainFilter,
    /// `--hold-missing-targets` (default true): objects that lost their target keep their records.
    pub hold_missing_targets: bool,
}

/// A provider, its registry, and the rules.
pub struct Pipeline {
    /// Reads zones.
    pub reader: Arc<dyn ReadZones>,
    /// Writes zones; absent in previews and dry runs, which therefore cannot write.
    pub writer: Option<Arc<dyn WriteZone>>,
    /// Knows who owns what.
    pub registry: Registry,
    /// The rules.
    pub settings: PlanSettings,
}

/// What should change, with everything needed to explain it.
#[derive(Debug)]
pub struct Proposal {
    /// What to do, and what was left undone.
    pub plan: Plan,
    /// Wishes that the provider's adjust step returned malformed.
    pub rejected: Vec<Rejected>,
}

impl Pipeline {
    /// Reads every zone. A zone that cannot be read is noted and left out; that no zone can be listed at all is an error.
    ///
    /// # Errors
    /// When the provider does not say which names or zones it is responsible for.
    pub async fn survey(&self) -> Result<World, ProviderError> {
        let filter = self.reader.domain_filter().await?;
        let mut world = World {
            zones: Vec::new(),
            unreadable: Vec::new(),
            filter,
            owned: Owned::default(),
            odd: Vec::new(),
        };
        let mut records = Vec::new();
        for zone in self.reader.zones().await? {
            match self.reader.records(&zone).await {
                Ok(listing) => {
                    world.odd.extend(listing.unreadable.into_iter().map(|what| {
                        format!(
                            "record left alone because it cannot be understood: {what} (zone {})",
                            zone.id
                        )
                    }));
                    // A single zone's list is taken over as it is: a copy would be the peak of the whole cycle.
                    if records.is_empty() {
                        records = listing.records;
                    } else {
                        records.extend(listing.records);
                    }
                    world.zones.push(zone);
                }
                Err(error) => world.unreadable.push((zone, error)),
            }
        }
        if let (true, Some((_, error))) = (world.zones.is_empty(), world.unreadable.first()) {
            return Err(error.clone());
        }
        world.owned = self.registry.read(records);
        world.odd.append(&mut world.owned.warnings);
        Ok(world)
    }

    /// Compares wishes with what exists.
    ///
    /// # Errors
    /// When the provider's adjust step fails.
    pub async fn propose(&self, world: &World, desired: Desired) -> Result<Proposal, ProviderError> {
        let adjusted = self.reader.adjust(desired.endpoints).await?;
        let endpoints = normalize_aliases(adjusted.endpoints);
        let Spoiled { rest, skips: mut skipped, mut holds, incomplete } =
            set_aside(&adjusted.rejected, endpoints);
        let (endpoints, unstorable, unstorable_holds) = self.storable(world, rest);
        skipped.extend(unstorable);
        holds.extend(unstorable_holds);
        let incomplete = desired.incomplete.into_iter().chain(incomplete).collect();
        let holds = self.holds(desired.holds, holds, incomplete);
        let mut plan = plan(&PlanInput {
            desired: &endpoints,
            current: &world.owned.records,
            holds: &holds,
            claims: &world.owned.claims,
            filters: &[self.settings.filter.clone(), world.filter.clone()],
            managed: &self.settings.managed,
            policy: self.settings.policy,
            owner: self.registry.owner(),
            scope: Scope::All,
        });
        plan.add_skips(skipped);
        Ok(Proposal { plan, rejected: adjusted.rejected })
    }

    /// Parts the wishes that can be stored from those that cannot: no zone, a zone that could not be read, a type that the
    /// provider does not know, a name that leaves no room for its ownership row. The last two keep what they had.
    fn storable(&self, world: &World, mut endpoints: Vec<Endpoint>) -> (Vec<Endpoint>, Vec<Skip>, Vec<Hold>) {
        let all_zones: Vec<Zone> =
            world.zones.iter().chain(world.unreadable.iter().map(|(zone, _)| zone)).cloned().collect();
        let is_unreadable =
            |zone: &Zone| world.unreadable.iter().any(|(unreadable, _)| unreadable.id == zone.id);
        let (mut skips, mut holds) = (Vec::new(), Vec::new());
        // In place: nearly all stay, and a second list of them would be the peak of the whole cycle.
        endpoints.retain(|endpoint| {
            // What is not ours to plan anyway is left for the planner to say.
            let is_ours = self.settings.managed.contains(&endpoint.record_type)
                && self.settings.filter.matches(&endpoint.name)
                && world.filter.matches(&endpoint.name);
            let reason = match zone_for(&all_zones, &endpoint.name) {
                _ if !is_ours => None,
                None => Some(SkipReason::NoZone),
                Some(zone) if is_unreadable(zone) => {
                    Some(SkipReason::ZoneUnreadable { zone: zone.id.to_string() })
                }
                Some(_) => self.why_unsupported(world, endpoint).map(|why| SkipReason::Unsupported { why }),
            };
            let Some(reason) = reason else { return true };
            holds.extend(hold_of(endpoint, &reason));
            skips.push(Skip::of_wish(endpoint, reason));
            false
        });
        (endpoints, skips, holds)
    }

    fn why_unsupported(&self, world: &World, endpoint: &Endpoint) -> Option<String> {
        let by_provider = self.reader.capabilities().check(endpoint).err().map(|error| error.to_string());
        by_provider
            .or_else(|| self.registry.writable(endpoint).err())
            .or_else(|| self.registry.keeps_clear(endpoint, &world.owned.rows).err())
    }

    fn holds(&self, holds: Vec<Hold>, unstorable: Vec<Hold>, incomplete: Vec<Incomplete>) -> Holds {
        let wanted = holds.into_iter().filter(|hold| {
            // What an object owned while even its names are unknown is kept in any case.
            self.settings.hold_missing_targets || hold.name.is_none()
        });
        Holds::new(wanted.chain(unstorable), incomplete)
    }

    /// Every zone, with the number of records in it that a plan could delete. Ownership records are not among them.
    pub fn stock(&self, world: &World) -> Vec<Stock> {
        let mut counts: BTreeMap<&ZoneId, usize> = BTreeMap::new();
        for record in &world.owned.records {
            let is_ours = record.is_owned_by(self.registry.owner())
                && self.settings.managed.contains(&record.record_type)
                && self.settings.filter.matches(&record.name)
                && world.filter.matches(&record.name);
            if is_ours {
                *counts.entry(&record.zone).or_default() += 1;
            }
        }
        let readable = world.zones.iter().map(|zone| Stock {
            zone: zone.clone(),
            owned: Some(counts.get(&zone.id).copied().unwrap_or_default()),
        });
        let unreadable = world.unreadable.iter().map(|(zone, _)| Stock { zone: zone.clone(), owned: None });
        readable.chain(unreadable).collect()
    }

    /// The zone that a new record belongs to.
    pub(super) fn zone_of_new<'a>(world: &'a World, endpoint: &Endpoint) -> Option<&'a Zone> {
        zone_for(&world.zones, &endpoint.name)
    }

    /// The zone that a record was read from.
    pub(super) fn zone_of_record<'a>(world: &'a World, record: &Record) -> Option<&'a Zone> {
        world.zones.iter().find(|zone| zone.id == record.zone)
    }
}

/// Wishes parted by what the adjust step did to them.
#[derive(Default)]
struct Spoiled {
    rest: Vec<Endpoint>,
    skips: Vec<Skip>,
    holds: Vec<Hold>,
    incomplete: Option<Incomplete>,
}

/// What the adjust step spoiled is still wanted: its whole name stays as it is, and while it is not even known which name that
/// is, nothing is deleted.
fn set_aside(rejected: &[Rejected], mut endpoints: Vec<Endpoint>) -> Spoiled {
    let mut spoiled = Spoiled::default();
    let mut names: BTreeMap<&DnsName, HoldReason> = BTreeMap::new();
    for row in rejected {
        let reason = format!("the provider's adjust step returned it malformed: {}", row.text);
        let (Some(name), Some(object)) = (&row.name, row.objects.first()) else {
            spoiled.incomplete.get_or_insert(Incomplete {
                source: "provider".to_owned(),
                // Every label begins with this.
                resource_prefixes: vec![String::new()],
                reason,
            });
            continue;
        };
        let reason = HoldReason::Invalid(reason);
        spoiled.holds.push(Hold {
            object: object.clone(),
            name: Some(name.clone()),
            set_identifier: Arc::default(),
            resource: None,
            reason: reason.clone(),
        });
        names.entry(name).or_insert(reason);
    }
    endpoints.retain(|endpoint| {
        let reason = names.get(&endpoint.name);
        let skip = reason.map(|reason| Skip::of_wish(endpoint, SkipReason::Held(reason.clone())));
        spoiled.skips.extend(skip);
        reason.is_none()
    });
    Spoiled { rest: endpoints, ..spoiled }
}

fn hold_of(endpoint: &Endpoint, reason: &SkipReason) -> Option<Hold> {
    let SkipReason::Unsupported { why } = reason else { return None };
    Some(Hold {
        object: endpoint.objects.first()?.clone(),
        name: Some(endpoint.name.clone()),
        set_identifier: endpoint.set_identifier.clone(),
        resource: endpoint.labels.resource().map(str::to_owned),
        reason: HoldReason::Invalid(why.clone()),
    })
}

#[cfg(test)]
mod tests;

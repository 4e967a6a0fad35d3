//! One provider with its registry and policy: what exists, what should change.

use super::guard::Stock;
use super::world::{Part, fingerprint, groups};
use super::{Faults, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::time::Instant;
use zonewright_planner::{
    Change, DnsName, DomainFilter, Endpoint, Hold, HoldReason, Holds, Homes, Incomplete, Leftover,
    ManagedTypes, Ownership, Plan, PlanInput, Policy, Record, SHARED, Scope, SharedInput, Skip, SkipReason,
    ZoneId, plan,
};
use zonewright_provider_kit::{
    Adjusted, ProviderError, ReadZones, Rejected, WriteZone, Zone, ZoneChange, normalize_aliases, zone_for,
    zone_of_new,
};
use zonewright_registry::Registry;

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
    pub registry: Arc<Registry>,
    /// The rules.
    pub settings: PlanSettings,
}

/// What is wanted, in the provider's own form.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The wishes, and what the provider's adjust step spoiled.
    pub adjusted: Adjusted,
    /// Names that stay as they are.
    pub holds: Vec<Hold>,
    /// Sources that could not be read completely.
    pub incomplete: Vec<Incomplete>,
    /// Wishes that were not let through.
    pub refused: Vec<Skip>,
    /// Whether what was taken out of shared records may still come back.
    pub keep_leaving: bool,
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
    /// Reads the zones that are not among the parts that `known` gives. A zone that cannot be read, or rests after a failure, is
    /// noted and left out; that no
    /// zone can be listed at all is an error. `known` is called once it is known which zones there are, and should let go
    /// of everything else: the old and the new together would be the peak of the whole cycle.
    ///
    /// # Errors
    /// When the provider does not say which names or zones it is responsible for, or no zone can be read.
    pub async fn survey(
        &self,
        faults: &mut Faults,
        now: Instant,
        known: impl FnOnce() -> Vec<Part>,
    ) -> Result<World, ProviderError> {
        let mut world = World { filter: self.reader.domain_filter().await?, ..World::default() };
        let zones = self.reader.zones().await?;
        // Last of what can fail: its news is told once, and what was known of those names counts no more.
        let news = self.registry.refresh(now.into_std()).await?;
        let mut known = known();
        known.retain(|part| !news.iter().any(|name| part.zones.iter().any(|zone| zone.contains(name))));
        for zones in groups(zones) {
            let part = match known.iter().position(|part| part.zones == zones) {
                Some(at) => Some(known.swap_remove(at)),
                None => self.read(zones, faults, now, &mut world.unreadable).await,
            };
            world.zones.extend(part.iter().flat_map(|part| part.zones.clone()));
            world.parts.extend(part);
        }
        self.registry.count(world.records());
        match world.unreadable.first() {
            Some((_, error)) if world.zones.is_empty() => Err(error.clone()),
            _ => Ok(world),
        }
    }

    /// Reads zones that belong together; `None` if none of them could be read.
    async fn read(
        &self,
        zones: Vec<Zone>,
        faults: &mut Faults,
        read_at: Instant,
        unreadable: &mut Vec<(Zone, ProviderError)>,
    ) -> Option<Part> {
        let begun = Instant::now();
        let (mut records, mut odd, mut read) = (Vec::new(), Vec::new(), Vec::new());
        for zone in zones {
            let listing = match faults.may_read(&zone.id, read_at) {
                Ok(()) => {
                    let listing = self.reader.records(&zone).await;
                    faults.note_read(&zone.id, listing.as_ref().map(drop), read_at);
                    listing
                }
                Err(rests) => Err(rests),
            };
            match listing {
                Ok(listing) => {
                    odd.extend(listing.unreadable.into_iter().map(|what| {
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
                    read.push(zone);
                }
                Err(error) => unreadable.push((zone, error)),
            }
        }
        if read.is_empty() {
            return None;
        }
        let fingerprint = fingerprint(&records).wrapping_add(self.registry.revision());
        let mut owned = self.registry.read(records);
        self.give_up_rows_outside(&read, &mut owned.records);
        odd.append(&mut owned.warnings);
        Some(Part::new(read, owned, odd, fingerprint, read_at, begun.elapsed()))
    }

    /// A row of today's form that would lie outside its record's zone (that of an apex, as a rule) is never written. A record that is
    /// known by an older row would otherwise be updated in every cycle, in vain.
    fn give_up_rows_outside(&self, zones: &[Zone], records: &mut [Record]) {
        let to_mend = |record: &&mut Record| record.ownership != Ownership::default();
        for record in records.iter_mut().filter(to_mend) {
            let zone = zones.iter().find(|zone| zone.id == record.zone);
            let row = self.registry.row_name(record);
            if row.zip(zone).is_some_and(|(row, zone)| !zone.contains(&row)) {
                record.ownership = Ownership { shared: record.ownership.shared, ..Ownership::default() };
            }
        }
    }

    /// Gives wishes the provider's own form.
    ///
    /// # Errors
    /// When the provider's adjust step fails.
    pub async fn adjust(&self, mut wishes: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        // No setting of the provider, and no secret of one wish of a name either.
        let mut marks: BTreeMap<DnsName, bool> = BTreeMap::new();
        for wish in wishes.iter_mut().filter(|wish| !wish.properties.is_empty()) {
            if let Some(mark) = wish.properties.remove(SHARED) {
                *marks.entry(wish.name.clone()).or_default() |= &*mark == "true";
            }
        }
        let adjusted = self.reader.adjust(wishes).await?;
        let mut endpoints = normalize_aliases(adjusted.endpoints);
        endpoints.iter_mut().for_each(|wish| self.registry.mark_shared(wish, marks.get(&wish.name).copied()));
        Ok(Adjusted { endpoints, ..adjusted })
    }

    /// Compares adjusted wishes with what exists. `scope` must cover the names of all wishes.
    pub fn propose(&self, world: &World, wanted: Wanted, scope: Scope<'_>) -> Proposal {
        let Wanted { adjusted, holds, incomplete, refused, keep_leaving } = wanted;
        let Adjusted { endpoints, rejected } = adjusted;
        let Spoiled { rest, skips: mut skipped, holds: mut spoiled, incomplete: unknown } =
            set_aside(&rejected, endpoints);
        let (endpoints, unstorable, unstorable_holds) = self.storable(world, rest);
        skipped.extend(unstorable);
        spoiled.extend(unstorable_holds);
        let incomplete = incomplete.into_iter().chain(unknown).collect();
        let holds = self.holds(holds, spoiled, incomplete);
        let homes = self.homes(world, &endpoints);
        let taken = self.registry.claims();
        let input = PlanInput {
            desired: &endpoints,
            current: match scope {
                Scope::All => world.records().collect(),
                Scope::Names(names) => names.iter().flat_map(|name| world.records_at(name)).collect(),
            },
            holds: &holds,
            claims: world.parts.iter().map(|part| &part.owned.claims).chain(taken.as_deref()).collect(),
            filters: &[self.settings.filter.clone(), world.filter.clone()],
            managed: &self.settings.managed,
            policy: self.settings.policy,
            owner: self.registry.owner(),
            scope,
            shared: SharedInput {
                shares: world.parts.iter().map(|part| &part.owned.shares).collect(),
                keep_leaving,
            },
            homes: &homes,
        };
        let mut plan = plan(&input);
        plan.tidy(&input, self.leftovers(world).chain(self.leftovers_beside(world)));
        skipped.extend(refused.into_iter().map(|skip| self.narrowed(world, skip)));
        plan.add_skips(skipped);
        Proposal { plan, rejected }
    }

    /// Parts the wishes that can be stored from those that cannot: no zone, a zone that could not be read, a type that the
    /// provider does not know, a name that leaves no room for its ownership row. The last two keep what they had.
    fn storable(&self, world: &World, mut endpoints: Vec<Endpoint>) -> (Vec<Endpoint>, Vec<Skip>, Vec<Hold>) {
        let all_zones = every_zone(world);
        let is_unreadable =
            |zone: &Zone| world.unreadable.iter().any(|(unreadable, _)| unreadable.id == zone.id);
        let (mut skips, mut holds) = (Vec::new(), Vec::new());
        // In place: nearly all stay, and a second list of them would be the peak of the whole cycle.
        endpoints.retain(|endpoint| {
            // What is not ours to plan anyway is left for the planner to say.
            let is_ours = self.settings.managed.contains(&endpoint.record_type)
                && self.settings.filter.matches(&endpoint.name)
                && world.filter.matches(&endpoint.name);
            let zones = self.zones_for(&all_zones, endpoint);
            let reason = match (zones.first(), zones.iter().find(|zone| !is_unreadable(zone))) {
                _ if !is_ours => None,
                (None, _) => Some(SkipReason::NoZone),
                (Some(zone), None) => Some(SkipReason::ZoneUnreadable { zone: zone.id.to_string() }),
                (_, Some(zone)) => {
                    let why = self.why_unsupported(world, zone, endpoint);
                    let why = why.or_else(|| why_not_shared_in(&zones, endpoint));
                    why.map(|why| SkipReason::Unsupported { why })
                }
            };
            let Some(reason) = reason else { return true };
            holds.extend(hold_of(endpoint, &reason));
            skips.push(Skip::of_wish(endpoint, reason));
            false
        });
        (endpoints, skips, holds)
    }

    /// The zones in which a wish is to stand: nearly always one.
    fn zones_for<'a>(&self, zones: &'a [Zone], wish: &Endpoint) -> Vec<&'a Zone> {
        match self.reader.homes(zones, &wish.name) {
            Some(homes) if wish.zone.is_none() => {
                zones.iter().filter(|zone| homes.contains(&zone.id)).collect()
            }
            _ => zone_of_new(zones, wish).into_iter().collect(),
        }
    }

    /// The names that have several zones, and those of wishes that are for one zone alone, with the zones of all others. What cannot
    /// be read is not completed either.
    fn homes(&self, world: &World, endpoints: &[Endpoint]) -> Homes {
        let zones = every_zone(world);
        let pinned: BTreeSet<&DnsName> =
            endpoints.iter().filter(|wish| wish.zone.is_some()).map(|wish| &wish.name).collect();
        let mut homes = Homes::new();
        for name in endpoints.iter().map(|wish| &wish.name) {
            if homes.contains_key(name) {
                continue;
            }
            let found = self.reader.homes(&zones, name);
            if let Some(mut found) = found.or_else(|| pinned.contains(name).then(|| closest(&zones, name))) {
                found.retain(|id| world.zones.iter().any(|zone| zone.id == *id));
                homes.insert(name.clone(), found);
            }
        }
        homes
    }

    /// The zones in which records of a name stand.
    fn homes_of(&self, zones: &[Zone], name: &DnsName) -> Vec<ZoneId> {
        self.reader.homes(zones, name).unwrap_or_else(|| closest(zones, name))
    }

    /// What is refused at names that are not ours to plan anyway is no news.
    fn narrowed(&self, world: &World, skip: Skip) -> Skip {
        if !self.settings.filter.matches(&skip.name) || !world.filter.matches(&skip.name) {
            Skip { reason: SkipReason::DomainFilter, ..skip }
        } else if !self.settings.managed.contains(&skip.record_type) {
            Skip { reason: SkipReason::UnmanagedType, ..skip }
        } else {
            skip
        }
    }

    /// Ownership rows without their records, where the zone in which such a record would stand is the one they stand in.
    fn leftovers<'a>(&'a self, world: &'a World) -> impl Iterator<Item = Leftover> + 'a {
        let zones = every_zone(world);
        let leftovers = world.parts.iter().flat_map(|part| self.registry.leftovers(&part.owned.rows));
        leftovers.filter(move |leftover| {
            let is_here = |name| self.homes_of(&zones, name).contains(&leftover.row.zone);
            leftover.of.iter().all(|(name, _)| is_here(name))
        })
    }

    /// Ownership rows beside the zones without their records, where every zone in which such a record would stand was read.
    fn leftovers_beside(&self, world: &World) -> Vec<Leftover> {
        let leftovers = self.registry.rows_without_record();
        if leftovers.is_empty() {
            return leftovers;
        }
        let zones = every_zone(world);
        let placed = leftovers.into_iter().filter_map(|mut leftover| {
            let homes = self.homes_of(&zones, &leftover.row.name);
            let is_read = |id: &ZoneId| world.zones.iter().any(|zone| zone.id == *id);
            leftover.row.zone = homes.first().filter(|_| homes.iter().all(is_read))?.clone();
            Some(leftover)
        });
        placed.collect()
    }

    fn why_unsupported(&self, world: &World, zone: &Zone, endpoint: &Endpoint) -> Option<String> {
        let by_provider =
            self.reader.capabilities().check_in(zone, endpoint).err().map(|error| error.to_string());
        let is_shared = endpoint.properties.get(SHARED).is_some();
        by_provider
            .or_else(|| self.registry.writable(endpoint).err())
            .or_else(|| if is_shared { self.registry.sharable(endpoint, zone).err() } else { None })
            .or_else(|| self.registry.keeps_clear(endpoint, world.rows_of(&zone.id)?).err())
    }

    fn holds(&self, holds: Vec<Hold>, unstorable: Vec<Hold>, incomplete: Vec<Incomplete>) -> Holds {
        let wanted = holds.into_iter().filter(|hold| {
            // What an object owned while even its names are unknown is kept in any case, and so is what the rules refuse it now.
            let is_refused = matches!(hold.reason, HoldReason::Refused(_));
            self.settings.hold_missing_targets || hold.name.is_none() || is_refused
        });
        Holds::new(wanted.chain(unstorable), incomplete)
    }

    /// Every zone, with the number of records in it that a plan could delete. Ownership records are not among them.
    pub fn stock(&self, world: &World) -> Vec<Stock> {
        let mut counts: BTreeMap<&ZoneId, usize> = BTreeMap::new();
        for record in world.records() {
            // Of the owner that is taken over from nothing is deleted.
            let is_ours = record.is_owned_by(self.registry.owner())
                && record.ownership.migrate_from.is_none()
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

    /// Changes of a plan with their ownership rows, in order. A change whose zone is unknown is left out.
    pub fn decorate(&self, world: &World, changes: Vec<Change>) -> Vec<(Zone, ZoneChange)> {
        let mut by_part: Vec<Vec<Change>> = world.parts.iter().map(|_| Vec::new()).collect();
        for change in changes {
            let zone = world.zone_of(&change);
            let part = zone.and_then(|zone| world.parts.iter().position(|part| part.has(&zone.id)));
            if let Some(changes) = part.and_then(|part| by_part.get_mut(part)) {
                changes.push(change);
            }
        }
        let decorated = by_part
            .into_iter()
            .zip(&world.parts)
            .flat_map(|(changes, part)| self.registry.decorate_all(changes, &part.owned.rows));
        decorated.filter_map(|change| Some((world.zone_of(&change.change)?.clone(), change))).collect()
    }
}

/// All zones there are, readable or not.
fn every_zone(world: &World) -> Vec<Zone> {
    world.zones.iter().chain(world.unreadable.iter().map(|(zone, _)| zone)).cloned().collect()
}

/// The zone that a name belongs to, if any.
fn closest(zones: &[Zone], name: &DnsName) -> Vec<ZoneId> {
    zone_for(zones, name).map(|zone| zone.id.clone()).into_iter().collect()
}

/// Owners meet in one record; of a name in several zones each has one.
fn why_not_shared_in(zones: &[&Zone], endpoint: &Endpoint) -> Option<String> {
    let cannot = zones.len() > 1 && endpoint.properties.get(SHARED).is_some();
    cannot.then(|| format!("its name stands in {} zones at once, and so owners cannot share it", zones.len()))
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
        let reason = format!("the provider does not take it: {}", row.text);
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

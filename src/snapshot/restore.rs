//! Restoring: which records of a snapshot are wanted where, and what of it is left alone.
//!
//! | whose | what is wanted | what else stands there |
//! |---|---|---|
//! | an owner's | its records, by way of the registry, which writes their ownership records | that of the owner goes, if the policy says so |
//! | everybody's | every record set as it is in the snapshot, ownership records being record sets like others | stays |
//!
//! In both cases a record and its ownership record come back together or not at all.

use super::{Kept, Snapshot, ZoneContents};
use crate::sync::{Errand, Pipeline, World};
use std::collections::{BTreeMap, BTreeSet};
use zonewright_planner::{
    Change, DnsName, Endpoint, Labels, Owner, Plan, RESOURCE, Record, RecordKey, RecordType, SHARED, Skip,
    SkipReason, ZoneId,
};
use zonewright_provider_kit::{Zone, zone_for};

/// Whose records are restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Those of one owner; `None` where nobody owns anything (registry `noop`), so that all are ours.
    Owner(Option<Owner>),
    /// Everybody's, and nobody's.
    Everybody {
        /// For a registry that keeps ownership in a table beside the zones: whose records will be once they are there. The table is not
        /// written here, so that only records come back whose rows are still in it.
        table: Option<BTreeMap<RecordKey, Owner>>,
    },
}

/// A record of the snapshot and where it belongs now.
#[derive(Debug)]
struct Placed {
    zone: Zone,
    kept: Kept,
}

/// What is to be put back.
#[derive(Debug)]
pub struct Restoration {
    whose: Whose,
    /// The zones that it is about.
    zones: Vec<Zone>,
    wanted: Vec<Placed>,
    left: Vec<(Placed, SkipReason)>,
    /// Records that belong to no zone there is.
    homeless: Vec<Kept>,
}

/// Where a zone of a snapshot goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Into this zone.
    Zone(Zone),
    /// Each record into the zone of its name: providers that do not name their zones have one for everything.
    ByName,
}

impl Restoration {
    /// Finds the place of everything in a snapshot. With `only`, what belongs to other zones is not looked at.
    ///
    /// # Errors
    /// A zone of the snapshot has no place, or more than one.
    pub fn new(
        snapshot: Snapshot,
        zones: &[Zone],
        only: Option<&BTreeSet<ZoneId>>,
        whose: Whose,
    ) -> Result<Self, String> {
        let is_chosen = |zone: &Zone| only.is_none_or(|only| only.contains(&zone.id));
        let mut restoration =
            Self { whose, zones: Vec::new(), wanted: Vec::new(), left: Vec::new(), homeless: Vec::new() };
        for (contents, place) in places(snapshot, zones, is_chosen)? {
            let apex = contents.name;
            for kept in contents.records {
                let zone = match &place {
                    Place::Zone(zone) => Some(zone),
                    Place::ByName => zone_for(zones, &kept.name),
                };
                match zone.cloned() {
                    Some(zone) if is_chosen(&zone) => restoration.put(kept, zone, apex.as_ref()),
                    Some(_) => {}
                    None if only.is_none() => restoration.homeless.push(kept),
                    None => {}
                }
            }
            if let Place::Zone(zone) = place {
                restoration.zones.push(zone);
            }
        }
        restoration.zones.extend(restoration.wanted.iter().map(|placed| placed.zone.clone()));
        restoration.zones.extend(restoration.left.iter().map(|(placed, _)| placed.zone.clone()));
        restoration.zones.sort();
        restoration.zones.dedup();
        if let Some(id) =
            only.into_iter().flatten().find(|id| !restoration.zones.iter().any(|zone| zone.id == **id))
        {
            return Err(format!("--zone: the snapshot has nothing of zone {id}"));
        }
        Ok(restoration)
    }

    /// The zones that it is about: nothing is changed in others.
    pub fn zones(&self) -> BTreeSet<ZoneId> {
        self.zones.iter().map(|zone| zone.id.clone()).collect()
    }

    fn put(&mut self, kept: Kept, zone: Zone, apex: Option<&DnsName>) {
        let reason = self.why_left(&kept, zone.name.as_ref().or(apex));
        let placed = Placed { zone, kept };
        match reason {
            None => self.wanted.push(placed),
            Some(reason) => self.left.push((placed, reason)),
        }
    }

    /// Why a record of the snapshot is none that is to be restored.
    fn why_left(&self, kept: &Kept, apex: Option<&DnsName>) -> Option<SkipReason> {
        let left_out = |why: &str| Some(SkipReason::LeftOut { why: why.to_owned() });
        if kept.is_of_zone(apex) {
            return left_out("it belongs to the zone itself, and the provider keeps it");
        }
        match &self.whose {
            Whose::Owner(Some(_)) if kept.is_row() => left_out("the registry writes it"),
            Whose::Owner(Some(us)) if kept.shares.iter().any(|share| share.owner == *us) => None,
            Whose::Owner(Some(_)) if !kept.shares.is_empty() => {
                left_out("other owners share it, and put their parts back themselves")
            }
            Whose::Owner(Some(us)) => match &kept.owner {
                Some(owner) if owner == us => None,
                Some(owner) => Some(SkipReason::ForeignOwner { owner: owner.clone() }),
                None => left_out("nobody owned it; --all-owners puts back what is missing"),
            },
            Whose::Owner(None) => None,
            Whose::Everybody { table } => match (table, &kept.owner) {
                (Some(table), Some(owner)) if table.get(&kept.key()) != Some(owner) => {
                    Some(SkipReason::LeftOut {
                        why: format!(
                            "its row in the table is not there any more; --owner={owner} instead of --all-owners writes it, too"
                        ),
                    })
                }
                _ => None,
            },
        }
    }

    fn wish(&self, placed: &Placed) -> Endpoint {
        let mut wish = placed.kept.wish();
        if let Whose::Owner(owner) = &self.whose {
            let share = placed.kept.shares.iter().find(|share| Some(&share.owner) == owner.as_ref());
            if let Some(share) = share {
                wish.set_targets(share.targets.clone());
                wish.ttl = share.ttl;
                let resource = share.resource.iter().map(|resource| (RESOURCE, resource));
                wish.labels = resource.collect::<Labels>();
            }
            // Whatever the flags say of its domain today.
            wish.properties.set(SHARED, if share.is_some() { "true" } else { "false" });
        }
        wish.with_zone(placed.zone.id.clone())
    }

    /// What of the snapshot is left alone, unless it stands there as it is in the snapshot anyway.
    fn left_alone<'a>(&'a self, there: &'a There<'a>) -> impl Iterator<Item = Skip> + 'a {
        let is_news = |(placed, _): &&(Placed, SkipReason)| {
            let is_serial = matches!(placed.kept.record_type, RecordType::Other(_));
            let is_of_registry = placed.kept.is_row() && matches!(self.whose, Whose::Owner(Some(_)));
            !is_serial && !is_of_registry && !there.is_as_kept(placed)
        };
        let left =
            self.left.iter().filter(is_news).map(|(placed, reason)| skip(&placed.kept, reason.clone()));
        left.chain(self.homeless.iter().map(|kept| skip(kept, SkipReason::NoZone)))
    }

    /// Takes out of a plan the ownership records whose records are neither put back with them nor there as they were: they would give
    /// something else to their owner.
    fn keep_together(&self, there: &There<'_>, plan: &mut Plan) {
        let changed: BTreeSet<RecordKey> = plan.changes.iter().map(Change::key).collect();
        let wanted: BTreeMap<(RecordKey, &ZoneId), &Placed> =
            self.wanted.iter().map(|placed| ((placed.kept.key(), &placed.zone.id), placed)).collect();
        let mut alone = Vec::new();
        plan.changes.retain(|change| {
            let Some(zone) = zone_of(change) else { return true };
            let Some(row) = wanted.get(&(change.key(), zone)) else { return true };
            let super::Vouches::For(name, record_type) = &row.kept.vouches else { return true };
            let of = RecordKey {
                name: name.clone(),
                record_type: record_type.clone(),
                set_identifier: change.set_identifier().clone(),
            };
            let is_there = wanted.get(&(of.clone(), zone)).is_some_and(|of| there.is_as_kept(of));
            let stays = is_there || changed.contains(&of);
            if !stays {
                let why = format!("its record {name} {record_type} is not put back");
                alone.push(skip(&row.kept, SkipReason::LeftOut { why }));
            }
            stays
        });
        plan.skips.extend(alone);
    }
}

impl Errand for Restoration {
    fn wishes(&self) -> Vec<Endpoint> {
        self.wanted.iter().map(|placed| self.wish(placed)).collect()
    }

    fn revise(&self, _: &Pipeline, world: &World, mut plan: Plan) -> Plan {
        let there = There(world.records().map(|record| ((record.key(), &record.zone), record)).collect());
        plan.skips.retain(|skip| self.zones.iter().any(|zone| zone.contains(&skip.name)));
        if matches!(self.whose, Whose::Everybody { .. }) {
            // What has come since is nobody's business here.
            plan.skips.retain(|skip| !matches!(skip.reason, SkipReason::PolicyKeeps(_)));
            self.keep_together(&there, &mut plan);
        }
        plan.skips.extend(self.left_alone(&there));
        plan.sort();
        plan
    }
}

/// What stands there.
struct There<'a>(BTreeMap<(RecordKey, &'a ZoneId), &'a Record>);

impl There<'_> {
    fn is_as_kept(&self, placed: &Placed) -> bool {
        let Placed { zone, kept } = placed;
        self.0.get(&(kept.key(), &zone.id)).is_some_and(|record| {
            record.has_targets(&kept.targets)
                && (kept.ttl.configured().is_none() || kept.ttl == record.ttl)
                && record.properties == kept.settings()
        })
    }
}

fn zone_of(change: &Change) -> Option<&ZoneId> {
    match change {
        Change::Create { new, .. } => new.zone.as_ref(),
        Change::Update { old, .. } | Change::Delete { old, .. } => Some(&old.zone),
    }
}

fn skip(kept: &Kept, reason: SkipReason) -> Skip {
    let key = kept.key();
    Skip {
        name: key.name,
        record_type: key.record_type,
        set_identifier: key.set_identifier,
        reason,
        objects: Vec::new(),
    }
}

/// Where the zones of a snapshot go. Zones that were made anew have another id; those of one name (split horizon) are told apart by it.
fn places(
    snapshot: Snapshot,
    zones: &[Zone],
    is_chosen: impl Fn(&Zone) -> bool,
) -> Result<Vec<(ZoneContents, Place)>, String> {
    let is_all = zones.iter().all(&is_chosen);
    let kept_ids: BTreeSet<String> = snapshot.zones.iter().map(|zone| zone.id.clone()).collect();
    let mut places = Vec::new();
    for contents in snapshot.zones {
        match place(&contents, zones, &kept_ids) {
            Ok(Place::Zone(zone)) if !is_chosen(&zone) => {}
            Ok(place) => places.push((contents, place)),
            // Whoever names zones has named others.
            Err(_) if !is_all => {}
            Err(why) => return Err(why),
        }
    }
    let mut taken = BTreeSet::new();
    for (contents, place) in &places {
        if let Place::Zone(Zone { id, name: Some(name) }) = place
            && !taken.insert(id.clone())
        {
            return Err(format!(
                "the snapshot has several zones {name}, and the provider has one: change the \"id\" of {} in the snapshot to that of the \
                 zone that it is for, or choose with --zone",
                contents.shown()
            ));
        }
    }
    Ok(places)
}

fn place(contents: &ZoneContents, zones: &[Zone], kept_ids: &BTreeSet<String>) -> Result<Place, String> {
    let same_id = zones.iter().find(|zone| zone.id.as_str() == contents.id && zone.name == contents.name);
    if let Some(zone) = same_id {
        return Ok(Place::Zone(zone.clone()));
    }
    let Some(name) = &contents.name else { return Ok(Place::ByName) };
    let same_name: Vec<&Zone> = zones
        .iter()
        .filter(|zone| zone.name.as_ref() == Some(name) && !kept_ids.contains(zone.id.as_str()))
        .collect();
    match (same_name.as_slice(), zones) {
        ([zone], _) => Ok(Place::Zone((*zone).clone())),
        // It has one zone for everything.
        ([], [only]) if only.name.is_none() => Ok(Place::Zone(only.clone())),
        ([], _) => Err(format!(
            "the provider has no zone {}: make it first, or choose others with --zone",
            contents.shown()
        )),
        (several, _) => {
            let ids: Vec<&str> = several.iter().map(|zone| zone.id.as_str()).collect();
            Err(format!(
                "the provider has several zones {name} ({}), and none with the id {}: change the \"id\" in the snapshot to that of the \
                 zone that it is for",
                ids.join(", "),
                contents.id
            ))
        }
    }
}

#[cfg(test)]
mod tests;

//! Change batches: all or nothing, judged change by change in the order in which they were sent.
//!
//! That order counts is known from users' reports: a CNAME created before the A of its name is deleted is a conflict, and the
//! other way round it is not (cookpad/roadworker#89).

use crate::alias_zones::AliasZones;
use crate::error::ApiError;
use crate::name::Name;
use crate::record::{Alias, RecordSet};
use crate::zone::{Key, Zone};
use crate::{rules, values, wire};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Delete,
    Upsert,
}

impl Action {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "CREATE" => Some(Action::Create),
            "DELETE" => Some(Action::Delete),
            "UPSERT" => Some(Action::Upsert),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Action::Create => "CREATE",
            Action::Delete => "DELETE",
            Action::Upsert => "UPSERT",
        }
    }

    /// An UPSERT counts as the two changes that it may stand for.
    fn cost(self) -> usize {
        if self == Action::Upsert { 2 } else { 1 }
    }
}

pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) set: RecordSet,
}

/// What a batch may refer to outside its zone.
pub(crate) struct Surroundings<'a> {
    pub(crate) alias_zones: &'a AliasZones,
    pub(crate) health_checks: &'a BTreeSet<String>,
    /// Names that a test wants refused, with what is said then.
    pub(crate) refused: &'a BTreeMap<Name, String>,
}

/// Record sets, and characters of values, in one request (Developer Guide, "Quotas").
const MOST_RECORDS: usize = 1000;
const MOST_CHARACTERS: usize = 32_000;
/// Values of one record set.
const MOST_VALUES: usize = 400;
/// Record sets of one name and type: of geoproximity sets, and of all others.
const MOST_NEAR: usize = 30;
const MOST_MEMBERS: usize = 100;

/// Makes all changes, or none and says why.
pub(crate) fn apply(
    zone: &mut Zone,
    changes: Vec<Change>,
    around: &Surroundings<'_>,
) -> Result<(), ApiError> {
    limits(&changes)?;
    for change in &changes {
        rules::check(change.action.word(), &change.set)?;
        let check = change.set.health_check.as_deref();
        if let Some(id) = check.filter(|id| !around.health_checks.contains(*id)) {
            let message = format!("A health check with id {id} does not exist.");
            return Err(ApiError::new(404, "NoSuchHealthCheck", message));
        }
    }
    let changes = normalised(changes)?;
    sequences(&changes)?;
    let last_upserts = last_upserts(&changes);
    let (mut undo, mut messages) = (Vec::new(), Vec::new());
    for (index, (name, change)) in changes.into_iter().enumerate() {
        let target_comes_later = change.set.alias.as_ref().is_some_and(|alias| {
            last_upserts.get(&(alias.name.clone(), change.set.kind.clone())).is_some_and(|last| *last > index)
        });
        match step(zone, &name, change, around, target_comes_later) {
            Ok(step) => undo.push(step),
            Err(problems) => messages.extend(problems),
        }
    }
    messages.extend(missing_own_records(zone));
    if messages.is_empty() {
        return Ok(());
    }
    for (key, before) in undo.into_iter().rev() {
        match before {
            Some(set) => zone.records.insert(key, set),
            None => zone.records.remove(&key),
        };
    }
    Err(ApiError::invalid_batch(messages))
}

fn limits(changes: &[Change]) -> Result<(), ApiError> {
    // An alias has no values, and is taken to count like one.
    let records: usize =
        changes.iter().map(|change| change.set.values.len().max(1) * change.action.cost()).sum();
    if records > MOST_RECORDS {
        let message = format!("Number of records limit of {MOST_RECORDS} exceeded.");
        return Err(ApiError::invalid_batch(vec![message]));
    }
    let length = |change: &Change| change.set.values.iter().map(|value| value.chars().count()).sum::<usize>();
    if changes.iter().map(|change| length(change) * change.action.cost()).sum::<usize>() > MOST_CHARACTERS {
        let message = format!("Number of characters limit of {MOST_CHARACTERS} exceeded.");
        return Err(ApiError::invalid_batch(vec![message]));
    }
    Ok(())
}

fn normalised(changes: Vec<Change>) -> Result<Vec<(Name, Change)>, ApiError> {
    let (mut found, mut messages) = (Vec::with_capacity(changes.len()), Vec::new());
    for change in changes {
        match (wire::normalised(change.set.clone()), Name::parse(&change.set.name)) {
            (Ok(set), Ok(name)) => found.push((name, Change { set, ..change })),
            (Err(problem), _) => messages.push(problem),
            (_, Err(fatal)) => messages.push(fatal.in_text(&change.set.name)),
        }
    }
    if messages.is_empty() { Ok(found) } else { Err(ApiError::invalid_batch(messages)) }
}

/// One record set may be changed once in a batch, or deleted and then created; anything else is refused whatever the zone holds
/// (kubernetes-sigs/external-dns#4241, DNSControl/dnscontrol#3493).
fn sequences(changes: &[(Name, Change)]) -> Result<(), ApiError> {
    let mut seen: HashMap<Key, Vec<Action>> = HashMap::new();
    let mut messages = Vec::new();
    for (name, change) in changes {
        let actions = seen.entry(Key::of(name, &change.set)).or_default();
        actions.push(change.action);
        if actions.len() > 1 && actions.as_slice() != [Action::Delete, Action::Create] {
            let described = match &change.set.set_identifier {
                None => format!("{} {}", change.set.kind, change.set.name),
                Some(id) => format!("{} {} {id}", change.set.kind, change.set.name),
            };
            messages.push(format!(
                "The request contains an invalid set of changes for a resource record set '{described}'"
            ));
        }
    }
    if messages.is_empty() { Ok(()) } else { Err(ApiError::invalid_batch(messages)) }
}

/// Where in the batch a name and type is last upserted. An alias may not come before that, even where its target already exists
/// (octodns/octodns#366).
fn last_upserts(changes: &[(Name, Change)]) -> HashMap<(String, String), usize> {
    let upserts = changes.iter().enumerate().filter(|(_, (_, change))| change.action == Action::Upsert);
    upserts.map(|(index, (_, change))| ((change.set.name.clone(), change.set.kind.clone()), index)).collect()
}

/// Makes one change, and tells what was there before.
fn step(
    zone: &mut Zone,
    name: &Name,
    change: Change,
    around: &Surroundings<'_>,
    target_comes_later: bool,
) -> Result<(Key, Option<RecordSet>), Vec<String>> {
    let Change { action, set } = change;
    if let Some(message) = around.refused.get(name) {
        return Err(vec![message.clone()]);
    }
    let key = Key::of(name, &set);
    let before = zone.records.get(&key);
    match (action, before) {
        (Action::Delete, None) => {
            let described = set.described();
            return Err(vec![format!(
                "Tried to delete resource record set {described} but it was not found"
            )]);
        }
        (Action::Delete, Some(before)) if !same(before, &set) => {
            let described = set.described();
            return Err(vec![format!(
                "Tried to delete resource record set {described} but the values provided do not match the current values"
            )]);
        }
        (Action::Delete, Some(_)) => {
            let before = zone.records.remove(&key);
            return Ok((key, before));
        }
        (Action::Create, Some(_)) => {
            let described = set.described();
            return Err(vec![format!(
                "Tried to create resource record set {described} but it already exists"
            )]);
        }
        (Action::Create | Action::Upsert, _) => {}
    }
    let mut problems: Vec<String> = content(zone, name, &set);
    problems.extend(conflict(zone, name, &set));
    problems.extend(routing(zone, name, &key, &set));
    if let Some(alias) = &set.alias {
        problems.extend(alias_target(zone, &set, alias, around, target_comes_later));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let before = zone.records.insert(key.clone(), set);
    Ok((key, before))
}

/// Every field counts, but not the order of the values; a bias of zero is none.
fn same(before: &RecordSet, set: &RecordSet) -> bool {
    let comparable = |set: &RecordSet| {
        let mut set = set.clone();
        set.values.sort();
        if let Some(place) = &mut set.geo_proximity {
            place.bias = place.bias.filter(|bias| *bias != 0);
        }
        set
    };
    comparable(before) == comparable(set)
}

/// What is wrong with a record set by itself.
fn content(zone: &Zone, name: &Name, set: &RecordSet) -> Vec<String> {
    let RecordSet { kind, values, .. } = set;
    let mut problems: Vec<String> = values.iter().filter_map(|value| values::problem(kind, value)).collect();
    if !name.is_within(&zone.name) {
        problems.push(format!("RRSet with DNS name {name} is not permitted in zone {}", zone.name));
    }
    if matches!(&**kind, "CNAME" | "SOA") && values.len() > 1 {
        problems.push(format!("RRSet of type {kind} with DNS name {name} must have exactly one value"));
    }
    if values.len() > MOST_VALUES {
        problems
            .push(format!("RRSet of type {kind} with DNS name {name} has more than {MOST_VALUES} values"));
    }
    let mut seen = BTreeSet::new();
    let doubles = values.iter().filter(|value| !seen.insert(*value));
    problems.extend(doubles.map(|value| format!("Duplicate Resource Record: '{value}'")));
    if kind == "SOA" && *name != zone.name {
        problems.push(format!("RRSet of type SOA with DNS name {name} is not permitted below the apex"));
    }
    // Developer Guide, "Using an asterisk (*) in the names of hosted zones and records".
    if kind == "NS" && name.is_wildcard() {
        problems.push(format!("RRSet of type NS with DNS name {name} is not permitted as a wildcard"));
    }
    problems
}

/// A CNAME is alone at its name, and not at the apex.
fn conflict(zone: &Zone, name: &Name, set: &RecordSet) -> Option<String> {
    let (kind, zone_name) = (&set.kind, &zone.name);
    if kind == "CNAME" && name == zone_name {
        return Some(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone_name}"
        ));
    }
    if kind == "CNAME" && zone.at(name).any(|(_, other)| other.kind != "CNAME") {
        return Some(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the same \
             DNS name in zone {zone_name}"
        ));
    }
    // The two spaces are the service's.
    (kind != "CNAME" && zone.at(name).any(|(_, other)| other.kind == "CNAME")).then(|| {
        format!(
            "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type  CNAME with the \
             same DNS name already exists in zone {zone_name}"
        )
    })
}

/// Record sets of one name and type follow one policy, and do not contradict each other.
fn routing(zone: &Zone, name: &Name, key: &Key, set: &RecordSet) -> Option<String> {
    let members = || zone.at(name).filter(|(_, other)| other.kind == set.kind);
    let Some(policy) = set.policies().first().copied() else {
        return members().any(|(_, other)| other.set_identifier.is_some()).then(|| {
            format!(
                "RRSet with DNS name {name}, type {} cannot be created as other RRSets exist with the same name and type.",
                set.kind
            )
        });
    };
    let identifier = set.set_identifier.as_deref().unwrap_or_default();
    let described = format!("RRSet with DNS name {name}, type {}, SetIdentifier {identifier}", set.kind);
    // An UPSERT that would change the policy of a record set is refused as well, even where that is the only one.
    if members().any(|(_, other)| other.policies().first() != Some(&policy)) {
        return Some(format!(
            "{described} cannot be created as a non-{policy} set exists with the same name and type."
        ));
    }
    let most = if policy == "geoproximity" { MOST_NEAR } else { MOST_MEMBERS };
    let others = || members().filter(|(other, _)| *other != key).map(|(_, other)| other);
    if others().count() >= most {
        return Some(format!(
            "{described} cannot be created as there are {most} with the same name and type."
        ));
    }
    if policy == "weighted"
        && others().any(|other| set.ttl.is_some() && other.ttl.is_some() && set.ttl != other.ttl)
    {
        return Some(format!("{described} cannot be created as weighted sets must contain the same TTL."));
    }
    let place = others().find_map(|other| same_place(set, other))?;
    Some(format!(
        "{described}, and {place} cannot be created because a {policy} RRSet with the same name, type and {} already exists.",
        place.split_once([' ', '=']).map_or(&*place, |(field, _)| field).to_lowercase()
    ))
}

/// What two members of a routing set have in common that only one may have.
fn same_place(set: &RecordSet, other: &RecordSet) -> Option<String> {
    if set.region.is_some() && set.region == other.region {
        return set.region.as_ref().map(|region| format!("Region Name={region}"));
    }
    if set.failover.is_some() && set.failover == other.failover {
        return set.failover.as_ref().map(|role| format!("Failover={role}"));
    }
    if set.geo_location.is_some() && set.geo_location == other.geo_location {
        let geo = set.geo_location.clone().unwrap_or_default();
        let parts = [geo.continent, geo.country, geo.subdivision].map(Option::unwrap_or_default);
        return Some(format!("Location={}", parts.join(",")));
    }
    let (near, other) = (set.geo_proximity.as_ref()?, other.geo_proximity.as_ref()?);
    let place = |near: &crate::record::GeoProximity| {
        (near.region.clone(), near.local_zone_group.clone(), near.coordinates.clone())
    };
    (place(near) == place(other)).then(|| "Location".to_owned())
}

/// An alias points into its own zone, at something of its own type, or at a service that has a zone of its own for that.
fn alias_target(
    zone: &Zone,
    set: &RecordSet,
    alias: &Alias,
    around: &Surroundings<'_>,
    target_comes_later: bool,
) -> Vec<String> {
    let tried = format!(
        "Tried to create an alias that targets {}, type {} in zone {}",
        alias.name, set.kind, alias.zone
    );
    let outside = format!("{tried}, but the alias target name does not lie within the target zone");
    let missing = format!("{tried}, but that target was not found");
    let Ok(target) = Name::parse(&alias.name) else { return vec![outside, missing] };
    if alias.zone != zone.id {
        return match around.alias_zones.serves(&alias.zone, &target) {
            true if matches!(&*set.kind, "A" | "AAAA" | "HTTPS" | "SVCB") => Vec::new(),
            true => vec![missing],
            false => vec![outside, missing],
        };
    }
    if !target.is_within(&zone.name) {
        return vec![outside, missing];
    }
    let exists = zone.at(&target).any(|(_, other)| other.kind == set.kind);
    match exists && target.as_str() != set.name && !target_comes_later {
        true => Vec::new(),
        false => vec![missing],
    }
}

fn missing_own_records(zone: &Zone) -> Vec<String> {
    let has = |kind: &str| zone.at(&zone.name).any(|(_, set)| set.kind == kind);
    let mut problems = Vec::new();
    if !has("NS") {
        problems.push("A HostedZone must contain at least one NS record for the zone itself.".to_owned());
    }
    if !has("SOA") {
        problems.push("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests;

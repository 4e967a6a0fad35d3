//! One namespace for each name (`--refuse-names-across-namespaces`).
//!
//! Who has a name is written in DNS, in the `resource` label of its ownership record; so the same one has it after a restart, in
//! another replica, and whatever the order in which objects are seen. A name nobody has yet goes to the first namespace by name.

use super::hold_of;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zonewright_planner::{
    DnsName, Endpoint, Hold, HoldReason, ObjectRef, RecordType, Refusal, Skip, SkipReason,
};

/// Says who has which name now.
pub trait NameHolders: std::fmt::Debug + Send + Sync {
    /// The `resource` labels of our records of this name.
    fn labels_at(&self, name: &DnsName) -> BTreeSet<String>;
}

/// A record set that objects of several namespaces share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedName {
    /// The name.
    pub name: DnsName,
    /// The type of the records.
    pub record_type: RecordType,
    /// The set identifier.
    pub set_identifier: Arc<str>,
    /// The objects.
    pub objects: Vec<Arc<ObjectRef>>,
}

impl SharedName {
    pub(super) fn of(endpoint: &Endpoint) -> Option<Self> {
        let (first, others) = endpoint.objects.split_first()?;
        others.iter().any(|other| other.namespace != first.namespace).then(|| Self {
            name: endpoint.name.clone(),
            record_type: endpoint.record_type.clone(),
            set_identifier: endpoint.set_identifier.clone(),
            objects: endpoint.objects.clone(),
        })
    }
}

impl std::fmt::Display for SharedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let objects: Vec<String> = self.objects.iter().map(ToString::to_string).collect();
        write!(
            f,
            "objects of several namespaces ask for it and share the record: {} \
             (--refuse-names-across-namespaces keeps them apart)",
            objects.join(", ")
        )
    }
}

/// An object that asks for a name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Claim<'a> {
    name: &'a DnsName,
    namespace: &'a str,
    /// Those who can be published come first.
    has_no_target: bool,
    object: &'a Arc<ObjectRef>,
    label: Option<&'a str>,
}

/// Who has a name.
#[derive(Debug, PartialEq, Eq)]
struct Winner {
    namespace: String,
    object: String,
}

/// Takes out what other namespaces wish at a name than the one that has it.
pub(super) fn part(
    wishes: &mut [Vec<Endpoint>],
    holds: &mut Vec<Hold>,
    holders: Option<&dyn NameHolders>,
) -> Vec<Skip> {
    let winners = winners(wishes, holds, holders);
    if winners.is_empty() {
        return Vec::new();
    }
    let has_lost = |name: &DnsName, object: Option<&Arc<ObjectRef>>| {
        let winner = winners.get(name)?;
        (*object?.namespace != *winner.namespace).then_some(winner)
    };
    // A record set that the winner does not ask for stays: it may be one of several with weights, set up on purpose.
    let mut of_winners: BTreeSet<(DnsName, Arc<str>)> = BTreeSet::new();
    let sets = wishes.iter().flatten().map(|w| (Some(&w.name), &w.set_identifier, w.objects.first()));
    let held_sets = holds.iter().map(|h| (h.name.as_ref(), &h.set_identifier, Some(&h.object)));
    for (name, set_identifier, object) in sets.chain(held_sets) {
        if let Some(name) = name.filter(|name| winners.contains_key(*name))
            && has_lost(name, object).is_none()
        {
            of_winners.insert((name.clone(), set_identifier.clone()));
        }
    }
    let mut skips = Vec::new();
    for wishes in wishes {
        wishes.retain(|wish| {
            let Some(winner) = has_lost(&wish.name, wish.objects.first()) else { return true };
            let refusal = Refusal::OtherNamespace { winner: winner.object.clone() };
            if !of_winners.contains(&(wish.name.clone(), wish.set_identifier.clone())) {
                holds.extend(hold_of(wish, &refusal));
            }
            skips.push(Skip::of_wish(wish, SkipReason::Refused(refusal)));
            false
        });
    }
    skips
}

/// For each name that somebody may not have, who has it.
fn winners(
    wishes: &[Vec<Endpoint>],
    holds: &[Hold],
    holders: Option<&dyn NameHolders>,
) -> BTreeMap<DnsName, Winner> {
    let wished = wishes.iter().flatten().filter_map(|wish| {
        let object = wish.objects.first()?;
        let label = wish.labels.resource();
        Some(Claim::new(&wish.name, object, wish.targets.is_empty(), label))
    });
    // Who is refused by the domain policy has no claim.
    let held =
        holds.iter().filter(|hold| !matches!(hold.reason, HoldReason::Refused(_))).filter_map(|hold| {
            Some(Claim::new(hold.name.as_ref()?, &hold.object, true, hold.resource.as_deref()))
        });
    let mut claims: Vec<Claim<'_>> = wished.chain(held).collect();
    claims.sort_unstable();
    // Objects that are there without anybody knowing what they ask for.
    let opaque: BTreeSet<&str> =
        holds.iter().filter(|hold| hold.name.is_none()).filter_map(|hold| hold.resource.as_deref()).collect();
    let mut winners = BTreeMap::new();
    for claims in claims.chunk_by(|a, b| a.name == b.name) {
        let [first, ..] = claims else { continue };
        let is_contested = claims.iter().any(|claim| claim.namespace != first.namespace);
        if !is_contested && opaque.is_empty() {
            continue;
        }
        let labels = holders.map(|holders| holders.labels_at(first.name)).unwrap_or_default();
        if let Some(winner) = incumbent(claims, &labels, &opaque).or_else(|| newcomer(claims))
            && claims.iter().any(|claim| claim.namespace != winner.namespace)
        {
            winners.insert(first.name.clone(), winner);
        }
    }
    winners
}

impl<'a> Claim<'a> {
    fn new(
        name: &'a DnsName,
        object: &'a Arc<ObjectRef>,
        has_no_target: bool,
        label: Option<&'a str>,
    ) -> Self {
        Self { name, namespace: &object.namespace, has_no_target, object, label }
    }

    fn as_winner(&self) -> Winner {
        Winner { namespace: self.namespace.to_owned(), object: self.object.to_string() }
    }
}

/// Who has the name now: the object that the ownership record names, or else another one of its namespace.
fn incumbent(claims: &[Claim<'_>], labels: &BTreeSet<String>, opaque: &BTreeSet<&str>) -> Option<Winner> {
    let object_of = |label: &String| {
        let is_it = |claim: &&Claim<'_>| claim.label.is_some_and(|own| own.eq_ignore_ascii_case(label));
        let of_opaque = || {
            let label = opaque.iter().find(|own| own.eq_ignore_ascii_case(label))?;
            Some(Winner { namespace: namespace_of(label)?.to_owned(), object: (*label).to_owned() })
        };
        claims.iter().find(is_it).map(Claim::as_winner).or_else(of_opaque)
    };
    let neighbour_of = |label: &String| {
        let namespace = namespace_of(label)?;
        claims.iter().find(|claim| claim.namespace == namespace).map(Claim::as_winner)
    };
    labels.iter().find_map(object_of).or_else(|| labels.iter().find_map(neighbour_of))
}

/// Who gets a name that nobody has: the first namespace that can publish it.
fn newcomer(claims: &[Claim<'_>]) -> Option<Winner> {
    let first = claims.iter().min_by_key(|claim| (claim.has_no_target, claim.namespace, claim.object))?;
    Some(first.as_winner())
}

/// `shop` of `ingress/shop/web`; nothing of `node/n1`.
fn namespace_of(label: &str) -> Option<&str> {
    let (_, path) = label.split_once('/')?;
    path.split_once('/').map(|(namespace, _)| namespace)
}

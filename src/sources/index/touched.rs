//! The memory of the index: for each object its names and a fingerprint, and for each name its objects. Small, because there
//! are tens of thousands of both: texts are shared, and positions stand for objects.

use super::{Dirty, key_of};
use crate::sources::object::Key;
use crate::sources::outcome::Outcome;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use zonewright_planner::{DnsName, Endpoint, Hold};

/// Position of an object.
type Id = u32;

/// What is remembered of one object.
#[derive(Debug)]
struct Entry {
    key: Key,
    fingerprint: u64,
    names: Names,
    source: u16,
    seen: bool,
    has_problems: bool,
}

impl Entry {
    /// Whether it touches no name, so that only a full answer tells what is wrong with it.
    fn only_has_problems(&self) -> bool {
        self.has_problems && self.names.as_slice().is_empty()
    }
}

/// The names of one object, in order: nearly always one.
#[derive(Debug, PartialEq, Eq)]
enum Names {
    One(DnsName),
    Other(Box<[DnsName]>),
}

impl Names {
    fn as_slice(&self) -> &[DnsName] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Other(names) => names,
        }
    }
}

impl From<BTreeSet<DnsName>> for Names {
    fn from(mut names: BTreeSet<DnsName>) -> Self {
        match names.pop_first() {
            Some(only) if names.is_empty() => Self::One(only),
            first => Self::Other(first.into_iter().chain(names).collect()),
        }
    }
}

/// Who touches what.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Places are used again.
    entries: Vec<Option<Entry>>,
    free: Vec<Id>,
    /// In order of source and key; found by bisection.
    by_key: Vec<Id>,
    by_name: BTreeSet<(DnsName, Id)>,
    /// The holds without a name of each object that has some.
    unnamed: BTreeMap<Id, Box<[Hold]>>,
}

impl Touched {
    /// Begins to look at everything: see [`Touched::remove_unseen`].
    pub(super) fn begin(&mut self) {
        self.entries.iter_mut().flatten().for_each(|entry| entry.seen = false);
    }

    /// Forgets the objects of a source that were not observed since [`Touched::begin`].
    pub(super) fn remove_unseen(&mut self, source: usize, dirty: &mut Dirty) {
        let unseen = |entry: &&Entry| usize::from(entry.source) == source && !entry.seen;
        let gone: Vec<Key> =
            self.entries.iter().flatten().filter(unseen).map(|entry| entry.key.clone()).collect();
        gone.iter().for_each(|key| self.remove(source, key, dirty));
    }

    /// Notes what an object comes to now, and lets it share texts with what is known. Where it differs, its names before and now are dirty. Of an object that asks for
    /// nothing, as most Services and Pods do, nothing is remembered.
    pub(super) fn observe(&mut self, source: usize, outcome: &mut Outcome, dirty: &mut Dirty) {
        let key = key_of(outcome);
        if outcome.endpoints.is_empty() && outcome.holds.is_empty() && outcome.problems.is_empty() {
            return self.remove(source, &key, dirty);
        }
        let fingerprint = fingerprint(outcome);
        let place = self.place(source, &key);
        let known = place.ok().and_then(|place| self.by_key.get(place).copied());
        if let Some(entry) = known.and_then(|id| self.entry_mut(id)) {
            entry.seen = true;
            if entry.fingerprint == fingerprint {
                share_names(entry.names.as_slice(), outcome);
                return;
            }
        }
        let names = names(outcome);
        dirty.names.extend(names.iter().cloned());
        let entry = Entry {
            key,
            fingerprint,
            names: names.into(),
            source: source_number(source),
            seen: true,
            has_problems: !outcome.problems.is_empty(),
        };
        dirty.everything |= entry.only_has_problems();
        let id = match (known, place) {
            (Some(id), _) => {
                self.forget(id, dirty);
                id
            }
            (None, Ok(place) | Err(place)) => {
                let id = self.free.pop().unwrap_or_else(|| {
                    self.entries.push(None);
                    Id::try_from(self.entries.len() - 1).unwrap_or(Id::MAX)
                });
                self.by_key.insert(place, id);
                id
            }
        };
        self.by_name.extend(entry.names.as_slice().iter().map(|name| (name.clone(), id)));
        let unnamed: Box<[Hold]> = outcome.holds.iter().filter(|hold| hold.name.is_none()).cloned().collect();
        if !unnamed.is_empty() {
            self.unnamed.insert(id, unnamed);
        }
        if let Some(slot) = self.entries.get_mut(id as usize) {
            *slot = Some(entry);
        }
    }

    /// Forgets an object.
    pub(super) fn remove(&mut self, source: usize, key: &Key, dirty: &mut Dirty) {
        if let Ok(place) = self.place(source, key) {
            let id = self.by_key.remove(place);
            self.forget(id, dirty);
            self.free.push(id);
        }
    }

    /// Empties a place; its names are dirty.
    fn forget(&mut self, id: Id, dirty: &mut Dirty) {
        let entry = self.entries.get_mut(id as usize).and_then(Option::take);
        let Some(entry) = entry else { return };
        for name in entry.names.as_slice() {
            dirty.names.insert(name.clone());
            self.by_name.remove(&(name.clone(), id));
        }
        dirty.everything |= entry.only_has_problems();
        // What it held may be at names that only the ownership rows know.
        dirty.everything |= self.unnamed.remove(&id).is_some();
    }

    /// Gives back the room that growing left over.
    pub(super) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        self.by_key.shrink_to_fit();
    }

    /// The objects that touch some of these names, by the place of their source.
    pub(super) fn objects_at(&self, sources: usize, names: &BTreeSet<DnsName>) -> Vec<BTreeSet<Key>> {
        let mut keys = vec![BTreeSet::new(); sources];
        for name in names {
            for (_, id) in self.by_name.range((name.clone(), 0)..=(name.clone(), Id::MAX)) {
                if let Some(entry) = self.entry(*id)
                    && let Some(keys) = keys.get_mut(usize::from(entry.source))
                {
                    keys.insert(entry.key.clone());
                }
            }
        }
        keys
    }

    /// The holds without a name, of all objects.
    pub(super) fn unnamed_holds(&self) -> impl Iterator<Item = &Hold> {
        self.unnamed.values().flatten()
    }

    fn entry(&self, id: Id) -> Option<&Entry> {
        self.entries.get(id as usize)?.as_ref()
    }

    fn entry_mut(&mut self, id: Id) -> Option<&mut Entry> {
        self.entries.get_mut(id as usize)?.as_mut()
    }

    /// Where an object is in `by_key`, or belongs.
    fn place(&self, source: usize, key: &Key) -> Result<usize, usize> {
        let wanted = (source_number(source), key);
        let order = |id: &Id| self.entry(*id).map(|entry| (entry.source, &entry.key)).cmp(&Some(wanted));
        match self.by_key.last().map(order) {
            // Objects come in this order when everything is looked at.
            Some(std::cmp::Ordering::Less) | None => Err(self.by_key.len()),
            Some(_) => self.by_key.binary_search_by(order),
        }
    }
}

/// There are a few dozen sources at most.
fn source_number(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}

/// Puts the names that are remembered in the place of those that are read anew each time: tens of thousands of them, and what becomes
/// of wishes stays.
fn share_names(known: &[DnsName], outcome: &mut Outcome) {
    for endpoint in &mut outcome.endpoints {
        if let Some(name) = known.binary_search(&endpoint.name).ok().and_then(|at| known.get(at)) {
            endpoint.name = name.clone();
        }
    }
}

/// Every name that an object asks for.
fn names(outcome: &Outcome) -> BTreeSet<DnsName> {
    let wished = outcome.endpoints.iter().map(|endpoint| &endpoint.name);
    let held = outcome.holds.iter().filter_map(|hold| hold.name.as_ref());
    wished.chain(held).cloned().collect()
}

/// Differs when anything of an outcome does, but for one chance in 2^64.
fn fingerprint(outcome: &Outcome) -> u64 {
    let mut hasher = DefaultHasher::new();
    outcome.object.hash(&mut hasher);
    outcome.endpoints.len().hash(&mut hasher);
    outcome.endpoints.iter().for_each(|endpoint| hash_endpoint(endpoint, &mut hasher));
    for Hold { object: _, name, set_identifier, resource, reason } in &outcome.holds {
        (name, set_identifier, resource, reason).hash(&mut hasher);
    }
    for problem in &outcome.problems {
        (&problem.message, problem.severity as u8, &problem.invalid).hash(&mut hasher);
    }
    hasher.finish()
}

fn hash_endpoint(endpoint: &Endpoint, hasher: &mut DefaultHasher) {
    // Taken apart so that a new field cannot be forgotten. The objects are the one of the outcome.
    let Endpoint { name, record_type, set_identifier, ttl, targets, labels, properties, zone, objects: _ } =
        endpoint;
    (name, record_type, set_identifier, ttl, targets, labels, properties, zone).hash(hasher);
}

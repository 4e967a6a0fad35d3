//! What was seen of each zone and is needed to change it: ids of records, custom hostnames, regions.
//!
//! A change names a record by its id, but what is planned with knows only names and values. The books are written when a zone is
//! listed and kept up to date with every write that succeeded; after one that failed the zone is listed again before anything else
//! is planned. A record set that is not in them is a conflict, never a guess. Values are kept as numbers: there may be tens of
//! thousands, and they only have to be told apart.

use crate::convert::Group;
use crate::properties::Attributes;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zonewright_planner::{DnsName, RecordType, Target, ZoneId};

/// The books of all zones.
#[derive(Debug, Default)]
pub(crate) struct Books {
    hasher: RandomState,
    zones: Mutex<HashMap<ZoneId, ZoneBook>>,
}

/// What was seen of one zone.
#[derive(Debug, Default)]
pub(crate) struct ZoneBook {
    /// By name and type.
    sets: HashMap<u64, Vec<Entry>>,
    /// Custom hostnames.
    pub(crate) hostnames: BTreeMap<String, Hostname>,
    /// The regions of hostnames that have one.
    pub(crate) regions: BTreeMap<String, String>,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) value: u64,
    pub(crate) attributes: u64,
}

/// A custom hostname.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hostname {
    pub(crate) id: String,
    /// The record that it leads to; empty for the zone's fallback.
    pub(crate) origin: String,
}

/// The id of a record: 32 hexadecimal digits, so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Id {
    Number(u128),
    Text(Box<str>),
}

impl Id {
    pub(crate) fn new(text: &str) -> Self {
        let is_number =
            text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u128::from_str_radix(text, 16) {
            Ok(number) if is_number => Self::Number(number),
            _ => Self::Text(text.into()),
        }
    }

    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Number(number) => format!("{number:032x}"),
            Self::Text(text) => text.to_string(),
        }
    }
}

impl Books {
    /// The number of a record set.
    pub(crate) fn set(&self, name: &DnsName, record_type: &RecordType) -> u64 {
        self.number(&(name, record_type))
    }

    /// The number of a value, which has to be in its one form.
    pub(crate) fn value(&self, target: &Target) -> u64 {
        self.number(target)
    }

    /// The number of attributes.
    pub(crate) fn attributes(&self, attributes: &Attributes) -> u64 {
        self.number(attributes)
    }

    fn number(&self, what: &impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    /// Puts down what was listed.
    pub(crate) fn replace(
        &self,
        zone: &ZoneId,
        groups: &[Group],
        hostnames: BTreeMap<String, Hostname>,
        regions: BTreeMap<String, String>,
    ) {
        let entries = |group: &Group| {
            let members = group.members.iter().map(|member| Entry {
                id: Id::new(&member.id),
                value: self.value(&member.target),
                attributes: self.attributes(&member.attributes),
            });
            (self.set(&group.name, &group.record_type), members.collect())
        };
        let sets = groups.iter().map(entries).collect();
        self.lock().insert(zone.clone(), ZoneBook { sets, hostnames, regions });
    }

    /// Looks at a zone's book, or changes it.
    pub(crate) fn with<R>(&self, zone: &ZoneId, look: impl FnOnce(&mut ZoneBook) -> R) -> R {
        look(self.lock().entry(zone.clone()).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ZoneId, ZoneBook>> {
        // Nothing here leaves it half-done.
        self.zones.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ZoneBook {
    pub(crate) fn entries(&self, set: u64) -> &[Entry] {
        self.sets.get(&set).map_or(&[], Vec::as_slice)
    }

    /// Notes a record that is new or has changed.
    pub(crate) fn put(&mut self, set: u64, entry: Entry) {
        let entries = self.sets.entry(set).or_default();
        match entries.iter_mut().find(|known| known.id == entry.id) {
            Some(known) => *known = entry,
            None => entries.push(entry),
        }
    }

    /// Notes that a record is gone.
    pub(crate) fn remove(&mut self, set: u64, id: &Id) {
        let Some(entries) = self.sets.get_mut(&set) else { return };
        entries.retain(|entry| entry.id != *id);
        if entries.is_empty() {
            self.sets.remove(&set);
        }
    }

    /// Nothing is known of a record set any more: what was said of its new records was not understood.
    pub(crate) fn forget(&mut self, set: u64) {
        self.sets.remove(&set);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_out_as_they_went_in() {
        for text in ["372e67954025e0ba6aaa6d586b9e0b59", "00000000000000000000000000000001", "r1", "", "+7"] {
            assert_eq!(Id::new(text).to_text(), text);
        }
        assert!(matches!(Id::new("372e67954025e0ba6aaa6d586b9e0b59"), Id::Number(_)));
        let upper = "372E67954025E0BA6AAA6D586B9E0B59";
        assert_eq!(Id::new(upper).to_text(), upper);
    }
}

//! A hosted zone and its record sets, in the order of the lists.

use crate::name::Name;
use crate::record::RecordSet;
use std::collections::BTreeMap;

/// Where a record set stands in its zone's list: the name with its labels reversed, the type, the set identifier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) identifier: String,
}

impl Key {
    pub(crate) fn of(name: &Name, set: &RecordSet) -> Key {
        Key {
            name: name.sort_key(),
            kind: set.kind.clone(),
            identifier: set.set_identifier.clone().unwrap_or_default(),
        }
    }
}

pub(crate) struct Zone {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) name: Name,
    pub(crate) private: bool,
    pub(crate) comment: Option<String>,
    pub(crate) caller_reference: String,
    /// Region and id of the networks that a private zone serves.
    pub(crate) networks: Vec<(String, String)>,
    pub(crate) name_servers: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) records: BTreeMap<Key, RecordSet>,
    /// A change batch is being worked on.
    pub(crate) busy: bool,
}

impl Zone {
    /// All record sets of one name.
    pub(crate) fn at(&self, name: &Name) -> impl Iterator<Item = (&Key, &RecordSet)> {
        let first = Key { name: name.sort_key(), kind: String::new(), identifier: String::new() };
        let wanted = first.name.clone();
        self.records.range(first..).take_while(move |(key, _)| key.name == wanted)
    }

    /// The record sets that every zone has from the beginning.
    pub(crate) fn add_own_records(&mut self) {
        let name_servers: Vec<String> = self.name_servers.iter().map(|server| format!("{server}.")).collect();
        let first = name_servers.first().cloned().unwrap_or_default();
        let authority = format!("{first} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
        let name_servers: Vec<&str> = name_servers.iter().map(String::as_str).collect();
        for set in [
            RecordSet::new(self.name.as_str(), "NS", 172_800, &name_servers),
            RecordSet::new(self.name.as_str(), "SOA", 900, &[&authority]),
        ] {
            self.records.insert(Key::of(&self.name, &set), set);
        }
    }

    /// Whether this is one of the two that a zone cannot be without.
    pub(crate) fn is_own(&self, set: &RecordSet) -> bool {
        set.name == self.name.as_str() && matches!(&*set.kind, "NS" | "SOA")
    }
}

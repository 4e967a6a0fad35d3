//! Which version of each record set is known. A change names it, so that one that somebody else made meanwhile is noticed and not
//! overwritten.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zonewright_planner::{DnsName, RecordType, ZoneId};

/// What a record set is called in its zone.
pub(crate) type Key = (DnsName, RecordType);

/// The versions, by zone.
#[derive(Debug, Default)]
pub(crate) struct Etags(Mutex<HashMap<ZoneId, HashMap<Key, Etag>>>);

/// A version. There are as many as there are records, and they are UUIDs: a number, not a text each.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Etag {
    Uuid(u128),
    Text(Box<str>),
}

impl Etag {
    fn new(text: &str) -> Self {
        let digits: String = text.chars().filter(|character| *character != '-').collect();
        match u128::from_str_radix(&digits, 16).map(Self::Uuid) {
            Ok(uuid) if uuid.text() == text => uuid,
            _ => Self::Text(text.into()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Uuid(number) => {
                let all = format!("{number:032x}");
                let parts =
                    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| all.get(part).unwrap_or_default());
                parts.join("-")
            }
        }
    }
}

impl Etags {
    /// All that a list of a zone says; what it does not mention is not there any more.
    pub(crate) fn listed(&self, zone: &ZoneId, all: impl IntoIterator<Item = (Key, String)>) {
        let all = all.into_iter().map(|(key, etag)| (key, Etag::new(&etag))).collect();
        self.all().insert(zone.clone(), all);
    }

    /// A record set was written.
    pub(crate) fn written(&self, zone: &ZoneId, key: Key, etag: Option<&str>) {
        let mut all = self.all();
        let known = all.entry(zone.clone()).or_default();
        match etag {
            Some(etag) => drop(known.insert(key, Etag::new(etag))),
            // Written, and nobody said which version it has now.
            None => drop(known.remove(&key)),
        }
    }

    /// A record set was deleted, or nobody knows what became of it.
    pub(crate) fn forget(&self, zone: &ZoneId, key: &Key) {
        if let Some(known) = self.all().get_mut(zone) {
            known.remove(key);
        }
    }

    /// The version that is known.
    pub(crate) fn get(&self, zone: &ZoneId, key: &Key) -> Option<String> {
        Some(self.all().get(zone)?.get(key)?.text())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ZoneId, HashMap<Key, Etag>>> {
        // Nothing here leaves it half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_back_letter_for_letter() {
        let texts = [
            "3f1c0d5e-0000-4000-8000-00000000000a",
            "3F1C0D5E-0000-4000-8000-00000000000A",
            "W/\"datetime'2026'\"",
            "",
            "00000000000000000000000000000001",
        ];
        for text in texts {
            assert_eq!(Etag::new(text).text(), text);
        }
        assert!(matches!(Etag::new(texts[0]), Etag::Uuid(_)));
    }

    #[test]
    fn a_list_replaces_what_was_known() {
        let (etags, zone) = (Etags::default(), ZoneId::new("z"));
        let key = |name: &str| (DnsName::parse(name).unwrap(), RecordType::A);
        etags.written(&zone, key("a.org"), Some("1"));
        etags.listed(&zone, [(key("b.org"), "2".to_owned())]);
        assert_eq!(
            (etags.get(&zone, &key("a.org")), etags.get(&zone, &key("b.org"))),
            (None, Some("2".into()))
        );
        etags.forget(&zone, &key("b.org"));
        assert_eq!(etags.get(&zone, &key("b.org")), None);
    }
}

//! What a record has beside name, type, TTL and targets, and what it is called among properties: the full name of its annotation.

use crate::wire::WireRecord;
use std::sync::Arc;
use zonewright_planner::{Properties, RecordType};

/// Ours alone, and only ever read: the records of a set differ in these. Nobody can wish for it, so that the next update evens them
/// out.
pub(crate) const MIXED: &str = "cloudflare/mixed";

/// The names of the properties.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) proxied: Arc<str>,
    pub(crate) comment: Arc<str>,
    pub(crate) tags: Arc<str>,
    pub(crate) custom_hostname: Arc<str>,
    pub(crate) region: Arc<str>,
    /// Values that thousands of records share.
    yes: Arc<str>,
    no: Arc<str>,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        let name = |suffix| Arc::from(format!("{prefix}cloudflare-{suffix}"));
        Self {
            proxied: name("proxied"),
            comment: name("record-comment"),
            tags: name("tags"),
            custom_hostname: name("custom-hostname"),
            region: name("region-key"),
            yes: "true".into(),
            no: "false".into(),
        }
    }

    /// Whether a property means anything to this provider.
    pub(crate) fn has(&self, property: &str) -> bool {
        [&self.proxied, &self.comment, &self.tags, &self.custom_hostname, &self.region]
            .into_iter()
            .any(|name| **name == *property)
    }

    pub(crate) fn set_proxied(&self, properties: &mut Properties, proxied: bool) {
        properties.set(self.proxied.clone(), if proxied { self.yes.clone() } else { self.no.clone() });
    }

    /// The custom hostnames that a record has or is to have.
    pub(crate) fn custom_hostnames<'a>(&self, properties: &'a Properties) -> Vec<&'a str> {
        properties.get(&self.custom_hostname).map(|list| words(list).collect()).unwrap_or_default()
    }

    /// The region of its name; empty for none.
    pub(crate) fn region_of<'a>(&self, properties: &'a Properties) -> &'a str {
        properties.get(&self.region).unwrap_or_default()
    }
}

/// What stands between commas.
pub(crate) fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Sorted, each once, with commas between; `None` for none.
pub(crate) fn sorted_words<'a>(list: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut all: Vec<&str> = list.collect();
    all.sort_unstable();
    all.dedup();
    (!all.is_empty()).then(|| all.join(","))
}

/// What each record of a set has of its own at Cloudflare, and a record set has once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Attributes {
    /// Seconds; 1 leaves it to Cloudflare.
    pub(crate) ttl: i64,
    pub(crate) proxied: bool,
    /// Empty for none.
    pub(crate) comment: String,
    /// Sorted.
    pub(crate) tags: Vec<String>,
}

impl Attributes {
    pub(crate) fn of_record(record: &WireRecord) -> Self {
        let mut tags = record.tags.clone().unwrap_or_default();
        tags.sort();
        Self {
            ttl: record.ttl.map_or(1, |ttl| ttl as i64),
            proxied: record.proxied == Some(true),
            comment: record.comment.clone().unwrap_or_default(),
            tags,
        }
    }

    /// What properties say. Only names of hosts can be proxied, and what is proxied has no TTL of its own.
    pub(crate) fn of_properties(
        names: &Names,
        record_type: &RecordType,
        properties: &Properties,
        ttl: Option<i64>,
    ) -> Self {
        let proxied = can_be_proxied(record_type) && properties.get(&names.proxied) == Some("true");
        let tags = properties.get(&names.tags).map(|list| words(list).map(str::to_owned).collect());
        let mut tags: Vec<String> = tags.unwrap_or_default();
        tags.sort();
        Self {
            ttl: if proxied { 1 } else { ttl.unwrap_or(1) },
            proxied,
            comment: properties.get(&names.comment).unwrap_or_default().to_owned(),
            tags,
        }
    }

    pub(crate) fn to_properties(&self, names: &Names) -> Properties {
        let mut properties = Properties::new();
        names.set_proxied(&mut properties, self.proxied);
        if !self.comment.is_empty() {
            properties.set(names.comment.clone(), &*self.comment);
        }
        if let Some(tags) = sorted_words(self.tags.iter().map(String::as_str)) {
            properties.set(names.tags.clone(), &*tags);
        }
        properties
    }

    /// In what these differ, if they do.
    pub(crate) fn differences(all: &[Self]) -> Option<String> {
        let (first, rest) = all.split_first()?;
        let differs = |is_same: &dyn Fn(&Self) -> bool| !rest.iter().all(is_same);
        let fields = [
            ("ttl", differs(&|other| other.ttl == first.ttl)),
            ("proxied", differs(&|other| other.proxied == first.proxied)),
            ("comment", differs(&|other| other.comment == first.comment)),
            ("tags", differs(&|other| other.tags == first.tags)),
        ];
        let differing: Vec<&str> =
            fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
        (!differing.is_empty()).then(|| differing.join(","))
    }
}

/// Cloudflare can stand in for these alone (<https://developers.cloudflare.com/dns/proxy-status/>).
pub(crate) fn can_be_proxied(record_type: &RecordType) -> bool {
    matches!(record_type, RecordType::A | RecordType::Aaaa | RecordType::Cname)
}

//! What the double knows.

use crate::faults::Faults;
use crate::log::Log;
use crate::record::{RecordSet, Spelling};
use crate::tokens::Tokens;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A zone to be made.
#[derive(Debug, Clone)]
pub struct NewZone {
    spelling: Spelling,
    subscription: String,
    group: String,
    name: String,
    max_records: usize,
    max_sets: usize,
}

impl NewZone {
    /// One of Azure DNS: 10,000 record sets of 20 records.
    pub fn public(subscription: &str, group: &str, name: &str) -> Self {
        Self {
            spelling: Spelling::Public,
            subscription: subscription.to_owned(),
            group: group.to_owned(),
            name: name.to_owned(),
            max_records: 20,
            max_sets: 10_000,
        }
    }

    /// One of Azure Private DNS: 25,000 record sets of 20 records.
    pub fn private(subscription: &str, group: &str, name: &str) -> Self {
        Self { spelling: Spelling::Private, max_sets: 25_000, ..Self::public(subscription, group, name) }
    }

    /// Other limits, as the support of Azure grants them: records in a record set, record sets.
    #[must_use]
    pub fn limited(self, max_records: usize, max_sets: usize) -> Self {
        Self { max_records, max_sets, ..self }
    }
}

/// A zone.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) kind: Spelling,
    pub(crate) group: String,
    pub(crate) subscription: String,
    pub(crate) name: String,
    pub(crate) max_records: usize,
    pub(crate) max_sets: usize,
    /// By name in lower case and type.
    pub(crate) sets: BTreeMap<(String, String), Stored>,
}

/// A record set.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) etag: String,
    pub(crate) properties: Map<String, Value>,
}

impl Zone {
    fn new(zone: NewZone) -> Self {
        let NewZone { spelling: kind, subscription, group, name, max_records, max_sets } = zone;
        Self { kind, group, subscription, name, max_records, max_sets, sets: BTreeMap::new() }
    }

    pub(crate) fn spelling(&self) -> Spelling {
        self.kind
    }

    /// Its resource id, in the spelling of the service's answers.
    pub(crate) fn id(&self) -> String {
        let kind = if self.kind == Spelling::Public { "dnszones" } else { "privateDnsZones" };
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/{kind}/{}",
            self.subscription, self.group, self.name
        )
    }

    /// As the list of zones shows it.
    pub(crate) fn document(&self) -> Value {
        let (kind, mut properties) = match self.kind {
            Spelling::Public => (
                "dnszones",
                json!({ "maxNumberOfRecordsPerRecordSet": self.max_records, "zoneType": "Public" }),
            ),
            Spelling::Private => ("privateDnsZones", json!({ "provisioningState": "Succeeded" })),
        };
        properties["maxNumberOfRecordSets"] = self.max_sets.into();
        properties["numberOfRecordSets"] = self.sets.len().into();
        json!({
            "id": self.id(),
            "name": self.name,
            "type": format!("Microsoft.Network/{kind}"),
            "etag": "00000002-0000-0000-0000-000000000000",
            "location": "global",
            "tags": {},
            "properties": properties,
        })
    }

    /// As lists and writes show a record set.
    pub(crate) fn set_document(&self, record_type: &str, set: &Stored) -> Value {
        let kind = if self.kind == Spelling::Public { "dnszones" } else { "privateDnsZones" };
        let mut properties = set.properties.clone();
        let fqdn =
            if set.name == "@" { format!("{}.", self.name) } else { format!("{}.{}.", set.name, self.name) };
        properties.insert("fqdn".to_owned(), fqdn.into());
        if self.kind == Spelling::Public {
            properties.insert("provisioningState".to_owned(), "Succeeded".into());
            properties.entry("targetResource").or_insert_with(|| json!({}));
        } else {
            properties.entry("isAutoRegistered").or_insert(false.into());
        }
        json!({
            "id": format!("{}/{record_type}/{}", self.id(), set.name),
            "name": set.name,
            "type": format!("Microsoft.Network/{kind}/{record_type}"),
            "etag": set.etag,
            "properties": properties,
        })
    }
}

/// Everything.
pub(crate) struct State {
    /// By resource id in lower case.
    pub(crate) zones: BTreeMap<String, Zone>,
    pub(crate) tokens: Tokens,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    /// Refusals without the `error` around them.
    pub(crate) bare: bool,
    versions: u128,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            zones: BTreeMap::new(),
            tokens: Tokens::default(),
            faults: Faults::default(),
            log: Log::default(),
            bare: false,
            versions: 0,
        }
    }

    /// A version that nothing had before.
    pub(crate) fn new_etag(&mut self) -> String {
        self.versions += 1;
        let number = format!("{:032x}", self.versions | (0x4000_8000_u128 << 64));
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| number.get(part).unwrap_or_default());
        parts.join("-")
    }

    /// Makes a zone with what every zone has, and gives its id.
    pub(crate) fn add_zone(&mut self, zone: NewZone) -> String {
        let mut zone = Zone::new(zone);
        let mut own = vec![RecordSet::new(
            "@",
            "SOA",
            3600,
            &["ns1-01.azure-dns.com. azuredns-hostmaster.microsoft.com"],
        )];
        if zone.kind == Spelling::Public {
            own.push(RecordSet::new("@", "NS", 172_800, &["ns1-01.azure-dns.com.", "ns2-01.azure-dns.net."]));
        }
        for set in own {
            let etag = self.new_etag();
            put(&mut zone, &set, etag);
        }
        let id = zone.id();
        self.zones.insert(id.to_ascii_lowercase(), zone);
        id
    }

    /// Puts a record set into a zone as it is.
    pub(crate) fn seed(&mut self, zone: &str, set: &RecordSet) -> bool {
        let etag = self.new_etag();
        match self.zones.get_mut(&zone.to_ascii_lowercase()) {
            Some(zone) => {
                put(zone, set, etag);
                true
            }
            None => false,
        }
    }
}

fn put(zone: &mut Zone, set: &RecordSet, etag: String) {
    let stored = Stored { name: set.name.clone(), etag, properties: set.properties(zone.kind) };
    zone.sets.insert((set.name.to_ascii_lowercase(), set.record_type.clone()), stored);
}

/// What everybody looks at.
pub(crate) type Shared = zonewright_double::Shared<State>;

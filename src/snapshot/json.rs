//! Snapshots as JSON. `docs/reference/snapshot.schema.json` says what each field means.
//!
//! Each record has a line of its own, so that two snapshots can be compared line by line, and a mistake has a line to name.

use super::{Kept, KeptShare, Snapshot, Vouches, ZoneContents};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use zonewright_planner::{ALIAS, DnsName, Owner, RecordType, Target, TargetError, Ttl};

/// What stands in the field `format`.
pub const FORMAT: &str = "zonewright-snapshot";
/// The version that this program writes, and the only one that it reads.
pub const VERSION: u64 = 1;

/// Why a text is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not of the form that the schema describes; the message names the line.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
    /// Something else in JSON.
    #[error("line 1: this is not a snapshot: its field \"format\" is {0:?} and not {FORMAT:?}")]
    Format(String),
    /// Of a version to come.
    #[error(
        "line {line}: this is a snapshot of version {version}, and this program reads version {VERSION} only"
    )]
    Version {
        /// Where it says so.
        line: usize,
        /// What it says.
        version: u64,
    },
    /// A record that cannot be where it is.
    #[error("line {line}: {message}")]
    Record {
        /// Its line.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

/// Renders a snapshot.
pub fn write(snapshot: &Snapshot) -> String {
    let head = |value: &str| serde_json::to_string(value).unwrap_or_default();
    let mut out = format!(
        "{{\n  \"format\": {},\n  \"version\": {VERSION},\n  \"provider\": {},\n  \"registry\": {},\n  \"zones\": [",
        head(FORMAT),
        head(&snapshot.provider),
        head(&snapshot.registry)
    );
    for (i, zone) in snapshot.zones.iter().enumerate() {
        // Writing to a text cannot fail, and neither can texts, numbers and lists of them.
        let name = serde_json::to_string(&zone.name.as_ref().map(DnsName::as_str)).unwrap_or_default();
        let _ = write!(
            out,
            "{}\n    {{\n      \"name\": {name},\n      \"id\": {},\n      \"records\": [",
            comma(i),
            head(&zone.id)
        );
        for (i, kept) in zone.records.iter().enumerate() {
            let record = serde_json::to_string(&WireRecord::from(kept)).unwrap_or_default();
            let _ = write!(out, "{}\n        {record}", comma(i));
        }
        out.push_str(if zone.records.is_empty() { "]" } else { "\n      ]" });
        if !zone.not_understood.is_empty() {
            let texts = serde_json::to_string(&zone.not_understood).unwrap_or_default();
            let _ = write!(out, ",\n      \"notUnderstood\": {texts}");
        }
        out.push_str("\n    }");
    }
    out.push_str(if snapshot.zones.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" });
    out
}

fn comma(place: usize) -> &'static str {
    if place == 0 { "" } else { "," }
}

/// Reads what [`write()`] has rendered, edited or not.
///
/// # Errors
/// What is wrong, with its line.
pub fn read(text: &str) -> Result<Snapshot, JsonError> {
    // Before anything else is looked at: what another version means by a field is not known.
    let head: Head = serde_json::from_str(text)?;
    if head.format != FORMAT {
        return Err(JsonError::Format(head.format));
    }
    if head.version != VERSION {
        let line = text.lines().position(|line| line.contains("\"version\"")).unwrap_or_default() + 1;
        return Err(JsonError::Version { line, version: head.version });
    }
    let wire: Wire = serde_json::from_str(text)?;
    let mut snapshot = Snapshot {
        provider: wire.provider,
        registry: wire.registry,
        zones: wire.zones.into_iter().map(ZoneContents::from).collect(),
    };
    snapshot.zones.iter().try_for_each(|zone| check_zone(zone, text))?;
    snapshot.sort();
    Ok(snapshot)
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    format: String,
    #[serde(default)]
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u64,
    provider: String,
    registry: String,
    zones: Vec<WireZone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireZone {
    id: String,
    // Not left out by mistake: `null` says that the provider does not name its zones.
    #[serde(deserialize_with = "zone_name")]
    name: Option<DnsName>,
    records: Vec<CheckedRecord>,
    #[serde(default)]
    not_understood: Vec<String>,
}

impl From<WireZone> for ZoneContents {
    fn from(zone: WireZone) -> Self {
        let WireZone { id, name, records, not_understood } = zone;
        let records = records.into_iter().map(|CheckedRecord(kept)| kept).collect();
        Self { id, name, records, not_understood }
    }
}

fn zone_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DnsName>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    name.map(|name| DnsName::parse(&name)).transpose().map_err(D::Error::custom)
}

/// What no record can be by itself: in another zone, or the second of its kind. Its line is the one that has its name.
fn check_zone(zone: &ZoneContents, text: &str) -> Result<(), JsonError> {
    let mistake = |kept: &Kept, is_last: bool, message: String| {
        let name = format!("\"{}\"", kept.name);
        let mut lines =
            text.lines().enumerate().filter(|(_, line)| line.to_ascii_lowercase().contains(&name));
        let found = if is_last { lines.last() } else { lines.next() };
        JsonError::Record { line: found.map_or(1, |(i, _)| i + 1), message }
    };
    if let Some(apex) = &zone.name
        && let Some(outside) = zone.records.iter().find(|kept| !kept.name.is_in(apex))
    {
        return Err(mistake(outside, false, format!("{} is not in zone {apex}", outside.name)));
    }
    let mut keys = BTreeSet::new();
    match zone.records.iter().find(|kept| !keys.insert(kept.order())) {
        Some(kept) => {
            let what = format!("{} {} stands twice in zone {}", kept.name, kept.record_type, zone.shown());
            Err(mistake(kept, true, what))
        }
        None => Ok(()),
    }
}

/// A record, checked while its line is known: what its map is found to be wrong about is told with the place of the map.
struct CheckedRecord(Kept);

impl<'de> Deserialize<'de> for CheckedRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Record;
        impl<'de> Visitor<'de> for Record {
            type Value = CheckedRecord;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CheckedRecord, A::Error> {
                let record = WireRecord::deserialize(MapAccessDeserializer::new(map))?;
                record.check().map(CheckedRecord).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_map(Record)
    }
}

/// A record set as it is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct WireRecord {
    name: String,
    #[serde(rename = "type")]
    record_type: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    set_identifier: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    ttl: i64,
    targets: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shares: Vec<WireShare>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ownership_record: Option<WireRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireShare {
    owner: String,
    targets: Vec<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    ttl: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
}

/// An ownership record, and of which record where that is sure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<WireOf>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireOf {
    name: String,
    #[serde(rename = "type")]
    record_type: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl From<&Kept> for WireRecord {
    fn from(kept: &Kept) -> Self {
        let texts = |targets: &[Target]| targets.iter().map(ToString::to_string).collect();
        let share = |share: &KeptShare| WireShare {
            owner: share.owner.to_string(),
            targets: texts(&share.targets),
            ttl: share.ttl.seconds(),
            resource: share.resource.clone(),
        };
        Self {
            name: kept.name.to_string(),
            record_type: kept.record_type.to_string(),
            set_identifier: kept.set_identifier.clone(),
            ttl: kept.ttl.seconds(),
            targets: texts(&kept.targets),
            properties: kept.properties.clone(),
            owner: kept.owner.as_ref().map(ToString::to_string),
            labels: kept.labels.clone(),
            shares: kept.shares.iter().map(share).collect(),
            ownership_record: match &kept.vouches {
                Vouches::No => None,
                Vouches::Somehow => Some(WireRow::default()),
                Vouches::For(name, record_type) => Some(WireRow {
                    of: Some(WireOf { name: name.to_string(), record_type: record_type.to_string() }),
                }),
            },
        }
    }
}

impl WireRecord {
    /// What it means.
    pub(super) fn check(self) -> Result<Kept, String> {
        let Self {
            name,
            record_type,
            set_identifier,
            ttl,
            targets,
            properties,
            owner,
            labels,
            shares,
            ownership_record,
        } = self;
        let name = DnsName::parse(&name).map_err(|error| error.to_string())?;
        let record_type = RecordType::from_text(&record_type);
        let alias = properties.get(ALIAS).is_some_and(|alias| alias == "true");
        let told = |error: &dyn std::fmt::Display| format!("{name} {record_type}: {error}");
        if targets.is_empty() {
            return Err(told(&"it has no targets"));
        }
        let parse = |texts: &[String]| -> Result<Vec<Target>, String> {
            let parsed = texts.iter().map(|text| parse_target(&record_type, text, alias));
            parsed.collect::<Result<_, _>>().map_err(|error| told(&error))
        };
        let owner_of = |owner: &str| {
            Owner::new(owner).ok_or_else(|| told(&"the owner is empty; leave it out for nobody"))
        };
        let share = |share: WireShare| -> Result<KeptShare, String> {
            let WireShare { owner, targets, ttl, resource } = share;
            let targets = parse(&targets)?;
            Ok(KeptShare { owner: owner_of(&owner)?, targets, ttl: Ttl::from_seconds(ttl), resource })
        };
        let vouches = match ownership_record {
            None => Vouches::No,
            Some(WireRow { of: None }) => Vouches::Somehow,
            Some(WireRow { of: Some(WireOf { name: of, record_type }) }) => {
                let of = DnsName::parse(&of).map_err(|error| told(&error))?;
                Vouches::For(of, RecordType::from_text(&record_type))
            }
        };
        Ok(Kept {
            set_identifier,
            properties,
            owner: owner.as_deref().map(owner_of).transpose()?,
            labels,
            shares: shares.into_iter().map(share).collect::<Result<_, _>>()?,
            vouches,
            ..Kept::plain(name.clone(), record_type.clone(), Ttl::from_seconds(ttl), parse(&targets)?)
        })
    }
}

/// A host name behind an address type is an alias: providers report such with and without the property.
pub(super) fn parse_target(record_type: &RecordType, text: &str, alias: bool) -> Result<Target, TargetError> {
    Target::parse(record_type, text, alias).or_else(|error| match record_type {
        RecordType::A | RecordType::Aaaa => Target::parse(record_type, text, true)
            .ok()
            .filter(|_| text.parse::<std::net::IpAddr>().is_err() && !looks_like_address(text))
            .ok_or(error),
        _ => Err(error),
    })
}

/// Digits and dots alone are a mistyped address, and no host name.
fn looks_like_address(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ':'))
}

/// What more there is about a record set than its lines in a zone file say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SetNote {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    targets: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shares: Vec<WireShare>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ownership_record: Option<WireRow>,
}

impl SetNote {
    /// What `read` lacks of `whole`. `notes_ttl` where the lines leave the TTL open.
    pub(super) fn difference(read: &WireRecord, whole: &WireRecord, notes_ttl: bool) -> Self {
        Self {
            ttl: (notes_ttl || read.ttl != whole.ttl).then_some(whole.ttl),
            targets: (read.targets != whole.targets).then(|| whole.targets.clone()),
            properties: whole.properties.clone(),
            owner: whole.owner.clone(),
            labels: whole.labels.clone(),
            shares: whole.shares.clone(),
            ownership_record: whole.ownership_record.clone(),
        }
    }

    /// Whether there is nothing more.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl WireRecord {
    /// What lines say together with what was noted about them.
    pub(super) fn with(self, note: SetNote) -> Self {
        let SetNote { ttl, targets, properties, owner, labels, shares, ownership_record } = note;
        Self {
            ttl: ttl.unwrap_or(self.ttl),
            targets: targets.unwrap_or(self.targets),
            properties,
            owner,
            labels,
            shares,
            ownership_record,
            ..self
        }
    }
}

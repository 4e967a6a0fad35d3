//! Writing. What is written is read again at once: whatever does not come back that way is noted in a comment.

use super::read::{ZoneFile, read};
use super::{END, EndNote, RECORD, SET, SNAPSHOT, SnapshotNote, ZONE, ZoneNote, data};
use crate::snapshot::json::{SetNote, VERSION, WireRecord};
use crate::snapshot::{Kept, Snapshot};
use serde::Serialize;
use std::fmt::Write;
use zonewright_planner::DnsName;

/// For records without a TTL of their own: a zone file cannot leave open what the provider takes then.
const DEFAULT_TTL: i64 = 300;

/// The largest there is (RFC 2181, section 8).
const LARGEST_TTL: i64 = 0x7fff_ffff;

/// Renders a snapshot.
pub fn write(snapshot: &Snapshot) -> String {
    let head = SnapshotNote {
        version: VERSION,
        provider: snapshot.provider.clone(),
        registry: snapshot.registry.clone(),
    };
    let mut out = note(SNAPSHOT, &head);
    for zone in &snapshot.zones {
        let about = ZoneNote {
            name: zone.name.as_ref().map(ToString::to_string),
            id: zone.id.clone(),
            not_understood: zone.not_understood.clone(),
        };
        let origin = zone.name.as_ref().map_or_else(|| ".".to_owned(), |name| format!("{name}."));
        // Writing to a text cannot fail.
        let _ = write!(out, "\n{}$ORIGIN {origin}\n$TTL {DEFAULT_TTL}\n", note(ZONE, &about));
        zone.records.iter().for_each(|kept| out.push_str(&record(kept, zone.name.as_ref())));
    }
    out.push('\n');
    out.push_str(&note(END, &EndNote { records: snapshot.len() }));
    out
}

fn note(kind: &str, contents: &impl Serialize) -> String {
    // Texts, numbers and lists of them cannot fail to be written.
    format!("; {kind} {}\n", serde_json::to_string(contents).unwrap_or_default())
}

fn record(kept: &Kept, origin: Option<&DnsName>) -> String {
    let wire = WireRecord::from(kept);
    let said = lines(kept, origin).and_then(|lines| Some((understood(&lines, origin)?, lines)));
    let said = said.filter(|(understood, _)| {
        (&understood.name, &understood.record_type) == (&kept.name, &kept.record_type)
    });
    let Some((understood, lines)) = said else { return note(RECORD, &wire) };
    let about = SetNote::difference(&WireRecord::from(&understood), &wire, ttl(kept).is_none());
    if about.is_nothing() { lines } else { note(SET, &about) + &lines }
}

/// The record set in lines; `None` if there are none for it.
fn lines(kept: &Kept, origin: Option<&DnsName>) -> Option<String> {
    // Name servers know one record set of a name and type.
    if !kept.set_identifier.is_empty() {
        return None;
    }
    let name = relative(&kept.name, origin);
    let ttl = ttl(kept).map_or_else(String::new, |ttl| format!("{ttl} "));
    let line = |target| {
        Some(format!("{name} {ttl}IN {} {}\n", kept.record_type, data::words(&kept.record_type, target)?))
    };
    kept.targets.iter().map(line).collect()
}

fn ttl(kept: &Kept) -> Option<i64> {
    kept.ttl.configured().filter(|seconds| *seconds <= LARGEST_TTL)
}

fn relative(name: &DnsName, origin: Option<&DnsName>) -> String {
    let Some(origin) = origin else { return format!("{name}.") };
    match name.as_str().strip_suffix(origin.as_str()) {
        Some("") => "@".to_owned(),
        Some(rest) if rest.ends_with('.') => rest.trim_end_matches('.').to_owned(),
        _ => format!("{name}."),
    }
}

/// What somebody would read there who does not look at comments.
fn understood(lines: &str, origin: Option<&DnsName>) -> Option<Kept> {
    match read(lines, origin) {
        Ok(ZoneFile::Plain { mut records, not_understood })
            if records.len() == 1 && not_understood.is_empty() =>
        {
            records.pop()
        }
        _ => None,
    }
}

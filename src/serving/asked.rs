//! What a change set asks for, record set by record set. Pure.
//!
//! The four lists of the protocol are one list here: what a record set should be afterwards, and what the client thinks it is now. What
//! contradicts itself is no request (400); a wish that no provider could store is one, and fails on its own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, Labels, RecordKey, RecordType};
use zonewright_provider_kit::wire::{WireChanges, WireEndpoint};

/// Label of an ownership row: the name of its record.
const OWNED_RECORD: &str = "ownedRecord";
/// Property of a record whose ownership row is to be written anew.
const FORCE_UPDATE: &str = "txt/force-update";

/// What is asked for at one record set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) wanted: Wanted,
    /// What the client thinks that it replaces or removes, as far as it can be read.
    pub(super) old: Option<Endpoint>,
    /// The labels that came with that.
    pub(super) old_labels: Labels,
    /// The name of the record whose ownership row this is.
    pub(super) row_of: Option<DnsName>,
}

/// What a record set should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted {
    /// New.
    Created(Endpoint),
    /// There, whatever is there now.
    Replaced(Endpoint),
    /// Not there.
    Gone,
    /// Something that cannot be stored anywhere.
    Impossible(String),
}

impl Wanted {
    pub(super) fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::Created(new) | Self::Replaced(new) => Some(new),
            Self::Gone | Self::Impossible(_) => None,
        }
    }
}

/// Record sets in the order of their keys.
pub(super) type AllAsked = BTreeMap<RecordKey, Asked>;

/// Reads the lists.
///
/// # Errors
/// What in them makes no sense.
pub(super) fn read(changes: &WireChanges<WireEndpoint<'_>>) -> Result<AllAsked, String> {
    let WireChanges { create, update_old, update_new, delete } = changes;
    if update_old.len() != update_new.len() {
        return Err(format!(
            "updateOld has {} entries and updateNew {}: they belong together one by one",
            update_old.len(),
            update_new.len()
        ));
    }
    let mut all = AllAsked::new();
    for (i, old) in delete.iter().enumerate() {
        let at = || format!("delete[{i}]");
        add(
            &mut all,
            key(old).map_err(|why| format!("{}: {why}", at()))?,
            asked(Wanted::Gone, Some(old), old),
            at,
        )?;
    }
    for (i, (old, new)) in update_old.iter().zip(update_new).enumerate() {
        let at = |list: &str| format!("{list}[{i}]");
        let old_key = key(old).map_err(|why| format!("{}: {why}", at("updateOld")))?;
        let new_key = key(new).map_err(|why| format!("{}: {why}", at("updateNew")))?;
        if old_key != new_key {
            let [old, new] = [&old_key, &new_key].map(|key| format!("{} {}", key.name, key.record_type));
            return Err(format!("updateOld[{i}] is about {old} and updateNew[{i}] about {new}"));
        }
        add(&mut all, new_key, asked(wanted(new, Wanted::Replaced), Some(old), new), || at("updateNew"))?;
    }
    for (i, new) in create.iter().enumerate() {
        let at = || format!("create[{i}]");
        add(
            &mut all,
            key(new).map_err(|why| format!("{}: {why}", at()))?,
            asked(wanted(new, Wanted::Created), None, new),
            at,
        )?;
    }
    Ok(all)
}

fn key(row: &WireEndpoint<'_>) -> Result<RecordKey, String> {
    if row.record_type.is_empty() {
        return Err(format!("{} has no recordType", row.describe()));
    }
    Ok(RecordKey {
        name: DnsName::parse(&row.dns_name).map_err(|error| error.to_string())?,
        record_type: RecordType::from_text(&row.record_type),
        set_identifier: Arc::from(&*row.set_identifier),
    })
}

/// An entry without what ExternalDNS says to itself, or of its record: its ownership rows carry the properties of their records, `alias`
/// included, which no TXT record can be, and what is to be written anew is marked on its old side (registry/txt at v0.22).
fn plain<'a>(row: &WireEndpoint<'a>) -> WireEndpoint<'a> {
    let mut plain = row.clone();
    let can_be_alias = matches!(&*row.record_type, "A" | "AAAA" | "CNAME");
    plain.provider_specific.retain(|property| {
        property.name != FORCE_UPDATE && (can_be_alias || property.name != zonewright_planner::ALIAS)
    });
    plain
}

fn wanted(new: &WireEndpoint<'_>, make: fn(Endpoint) -> Wanted) -> Wanted {
    match plain(new).to_endpoint() {
        Ok(endpoint) => make(endpoint),
        Err(error) => Wanted::Impossible(format!("{}: {error}", new.describe())),
    }
}

fn asked(wanted: Wanted, old: Option<&WireEndpoint<'_>>, row: &WireEndpoint<'_>) -> Asked {
    let owned = row.labels.get(OWNED_RECORD).filter(|_| row.record_type == RecordType::Txt.as_str());
    let labels = old.iter().flat_map(|old| &old.labels).map(|(key, value)| (&**key, &**value));
    Asked {
        wanted,
        old: old.and_then(|old| plain(old).to_endpoint().ok()),
        old_labels: labels.collect(),
        row_of: owned.and_then(|name| DnsName::parse(name).ok()),
    }
}

/// Two entries for one record set are one if they say the same, as split-horizon clients have it, or if one removes what the other
/// makes.
fn add(all: &mut AllAsked, key: RecordKey, new: Asked, at: impl Fn() -> String) -> Result<(), String> {
    let mut place = match all.entry(key) {
        Entry::Vacant(place) => {
            place.insert(new);
            return Ok(());
        }
        Entry::Occupied(place) => place,
    };
    let first = place.get();
    match (&first.wanted, &new.wanted) {
        (a, b) if a == b => Ok(()),
        (Wanted::Gone, Wanted::Created(endpoint)) => {
            let (old, old_labels) = (first.old.clone(), first.old_labels.clone());
            place.insert(Asked { wanted: Wanted::Replaced(endpoint.clone()), old, old_labels, ..new });
            Ok(())
        }
        _ => {
            let key = place.key();
            Err(format!("{}: {} {} is asked for twice, and not the same", at(), key.name, key.record_type))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read_json(text: &str) -> Result<AllAsked, String> {
        read(&serde_json::from_str(text).unwrap())
    }

    const WEB: &str =
        r#"{"dnsName":"Web.example.org","recordType":"A","targets":["192.0.2.1"],"labels":{"owner":"me"}}"#;
    const OTHER: &str = r#"{"dnsName":"web.example.org.","recordType":"A","targets":["192.0.2.2"]}"#;
    const ROW: &str = r#"{"dnsName":"a-web.example.org","recordType":"TXT","targets":["\"x\""],"labels":{"ownedRecord":"web.example.org"}}"#;

    #[test]
    fn every_list_is_read() {
        let all = read_json(&format!(
            r#"{{"create":[{ROW}],"updateOld":[{WEB}],"updateNew":[{OTHER}],"delete":[{{"dnsName":"gone.example.org","recordType":"CNAME","setIdentifier":"eu"}}]}}"#
        ))
        .unwrap();
        let told: Vec<String> = all
            .iter()
            .map(|(key, asked)| {
                let what = match &asked.wanted {
                    Wanted::Created(_) => "+",
                    Wanted::Replaced(_) => "~",
                    Wanted::Gone => "-",
                    Wanted::Impossible(why) => why,
                };
                let row_of = asked.row_of.as_ref().map_or("", DnsName::as_str);
                format!("{what}{} {} {} {row_of}", key.name, key.record_type, key.set_identifier)
            })
            .collect();
        assert_eq!(
            told,
            [
                "+a-web.example.org TXT  web.example.org",
                "-gone.example.org CNAME eu ",
                "~web.example.org A  "
            ]
        );
        let web = all.values().last().unwrap();
        assert_eq!(web.old_labels.owner(), Some("me"));
        assert_eq!(web.old.as_ref().unwrap().targets.len(), 1);
    }

    #[test]
    fn what_is_removed_and_made_is_replaced() {
        let all = read_json(&format!(r#"{{"create":[{OTHER}],"delete":[{WEB},{WEB}]}}"#)).unwrap();
        let asked = all.values().next().unwrap();
        assert!(matches!(&asked.wanted, Wanted::Replaced(new) if new.targets[0].to_string() == "192.0.2.2"));
        assert_eq!(asked.old_labels.owner(), Some("me"));
    }

    #[test]
    fn rows_may_carry_what_is_said_of_their_records() {
        let row = r#"{"dnsName":"cname-web.example.org","recordType":"TXT","targets":["\"x\""],"setIdentifier":"eu","labels":{"ownedRecord":"web.example.org"},
            "providerSpecific":[{"name":"alias","value":"true"},{"name":"aws/weight","value":"10"},{"name":"txt/force-update","value":"true"}]}"#;
        let all = read_json(&format!(r#"{{"updateOld":[{row}],"updateNew":[{row}]}}"#)).unwrap();
        let asked = all.values().next().unwrap();
        for endpoint in [asked.wanted.endpoint(), asked.old.as_ref()] {
            let names: Vec<&str> = endpoint.unwrap().properties.iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["aws/weight"]);
        }
    }

    #[test]
    fn a_wish_that_cannot_be_stored_fails_on_its_own() {
        let bad = r#"{"dnsName":"web.example.org","recordType":"A","targets":["not an address"]}"#;
        let all = read_json(&format!(r#"{{"create":[{bad},{ROW}]}}"#)).unwrap();
        let impossible = all.values().filter(|asked| matches!(asked.wanted, Wanted::Impossible(_))).count();
        assert_eq!((all.len(), impossible), (2, 1));
    }

    #[rstest]
    #[case::no_pair(format!(r#"{{"updateNew":[{WEB}]}}"#), "updateOld has 0 entries and updateNew 1")]
    #[case::odd_pair(format!(r#"{{"updateOld":[{WEB}],"updateNew":[{ROW}]}}"#), "updateOld[0] is about web.example.org A and updateNew[0] about a-web.example.org TXT")]
    #[case::twice(format!(r#"{{"create":[{WEB},{OTHER}]}}"#), "create[1]: web.example.org A is asked for twice")]
    #[case::both(format!(r#"{{"updateOld":[{WEB}],"updateNew":[{OTHER}],"delete":[{WEB}]}}"#), "updateNew[0]: web.example.org A is asked for twice")]
    #[case::no_name(r#"{"delete":[{"recordType":"A"}]}"#.to_owned(), "delete[0]: ")]
    #[case::no_type(r#"{"create":[{"dnsName":"a.org"}]}"#.to_owned(), "create[0]: \"a.org\" has no recordType")]
    fn what_contradicts_itself_is_no_request(#[case] text: String, #[case] expected: &str) {
        let why = read_json(&text).unwrap_err();
        assert!(why.starts_with(expected), "{why}");
    }

    #[test]
    fn nothing_is_a_request_for_nothing() {
        assert!(read_json("null").unwrap().is_empty());
        assert!(read_json(r#"{"create":null,"unknown":[1]}"#).unwrap().is_empty());
    }
}

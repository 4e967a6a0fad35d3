//! Taking, writing and reading.

use super::testing::{any_snapshot, kept, name, owned, snapshot, zone};
use super::{Kept, Listed, Snapshot, Vouches, json, take};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use zonewright_planner::{Owner, Record, RecordType, ZoneId};
use zonewright_provider_kit::Zone;
use zonewright_registry::{NonceSource, Registry, TxtRegistry, TxtSettings};

const SCHEMA: &str = include_str!("../../docs/reference/snapshot.schema.json");

fn example() -> Snapshot {
    let mut weighted = owned("me", kept("w.example.org", "A", 60, &["192.0.2.3"]));
    weighted.set_identifier = "a".into();
    weighted.properties = [("aws/weight".into(), "10".into())].into();
    let row = Kept {
        vouches: Vouches::For(name("www.example.org"), RecordType::A),
        ..kept("a-www.example.org", "TXT", 0, &["\"heritage=external-dns,external-dns/owner=me\""])
    };
    let records = vec![
        row,
        owned("me", kept("www.example.org", "A", 300, &["192.0.2.1", "192.0.2.2"])),
        weighted,
        kept("example.org", "MX", 3600, &["10 mail.example.org", "20 mail.example.net"]),
    ];
    snapshot(vec![zone("Z2", "example.net", Vec::new()), zone("Z1", "example.org", records)])
}

fn complaints(text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let document: Value = serde_json::from_str(text).unwrap();
    validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

proptest! {
    #[test]
    fn what_is_written_as_json_is_read_as_the_same(snapshot in any_snapshot()) {
        let text = json::write(&snapshot);
        prop_assert_eq!(complaints(&text), Vec::<String>::new());
        let read = json::read(&text).unwrap();
        prop_assert_eq!(json::write(&read), text);
        prop_assert_eq!(read, snapshot);
    }
}

#[test]
fn the_schema_can_complain() {
    let document: Value = serde_json::from_str(&json::write(&example())).unwrap();
    let spoiled = |pointer: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        complaints(&document.to_string())
    };
    assert_eq!(complaints(&document.to_string()), Vec::<String>::new());
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/format", json!("other")),
        ("/zones/0/name", json!(5)),
        ("/zones/1/records/0/targets", json!([])),
        (
            "/zones/1/records/0",
            json!({"name": "a.example.org", "type": "A", "targets": ["192.0.2.1"], "tll": 5}),
        ),
    ] {
        assert!(!spoiled(pointer, value).is_empty(), "{pointer}");
    }
}

#[test]
fn each_record_has_a_line() {
    let text = json::write(&example());
    let line = text.lines().find(|line| line.contains("\"www.example.org\",\"type\":\"A\",\"ttl\"")).unwrap();
    assert_eq!(
        line.trim().trim_end_matches(','),
        r#"{"name":"www.example.org","type":"A","ttl":300,"targets":["192.0.2.1","192.0.2.2"],"owner":"me","labels":{"resource":"ingress/web/www.example.org"}}"#
    );
}

/// Each mistake with its line.
#[rstest]
#[case(
    "\"version\": 1",
    "\"version\": 2",
    "line 3: this is a snapshot of version 2, and this program reads version 1 only"
)]
#[case("zonewright-snapshot", "zonewright-plan", "line 1: this is not a snapshot")]
#[case("192.0.2.2", "192.0.2.256", "is not an IPv4 address, as record type A needs at line 19")]
#[case("\"ttl\":300", "\"tll\":300", "unknown field `tll`")]
#[case("\"ttl\":300", "\"ttl\":\"5m\"", "expected i64 at line 19")]
#[case(
    "\"name\":\"www.example.org\",\"type\":\"A\",\"ttl\"",
    "\"name\":\"www.example.com\",\"type\":\"A\",\"ttl\"",
    "line 19: www.example.com is not in zone example.org"
)]
#[case("\"name\":\"w.example.org\"", "\"name\":\"a b.example.org\"", "contains ' ' at line 18")]
#[case("[\"192.0.2.3\"]", "[]", "it has no targets at line 18")]
#[case(
    "\"owner\":\"me\",\"labels\":{\"resource\":\"ingress/web/www",
    "\"owner\":\"\",\"labels\":{\"resource\":\"ingress/web/www",
    "the owner is empty; leave it out for nobody at line 19"
)]
#[case("\"setIdentifier\":\"a\",", "", "missing")]
fn mistakes_in_json_are_named(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
    let text = json::write(&example());
    let spoiled = text.replacen(from, to, 1);
    assert_ne!(spoiled, text, "{from}");
    match json::read(&spoiled) {
        Err(error) => assert!(error.to_string().contains(expected), "{error}\n{spoiled}"),
        // Without its set identifier it is another record, and that is no mistake.
        Ok(_) => assert_eq!(expected, "missing"),
    }
}

#[test]
fn a_record_that_stands_twice_is_a_mistake() {
    let mut twice = example();
    let again = twice.zones[1].records[1].clone();
    twice.zones[1].records.push(again);
    let error = json::read(&json::write(&twice)).unwrap_err().to_string();
    assert!(error.contains("line 20: example.org MX stands twice in zone example.org (Z1)"), "{error}");
}

#[test]
fn a_cut_file_is_noticed_wherever_it_is_cut() {
    let text = json::write(&example());
    for (at, _) in text.trim_end().char_indices() {
        let error = json::read(&text[..at]).unwrap_err().to_string();
        assert!(error.contains("line "), "{error}");
    }
}

fn registry(owner: &str) -> Registry {
    let nonces = NonceSource::from_system().unwrap();
    Registry::Txt(Box::new(TxtRegistry::new(TxtSettings::new(owner, nonces)).unwrap()))
}

fn record(zone: &str, name: &str, record_type: &str, targets: &[&str]) -> Record {
    Record::from_text(ZoneId::new(zone), name, RecordType::from_text(record_type), targets).unwrap()
}

fn listed() -> Listed {
    let row = |owner: &str, what: &str| {
        let text =
            format!("\"heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/x/y\"");
        record("Z", what, "TXT", &[&text])
    };
    let records = vec![
        record("Z", "WWW.example.org", "A", &["192.0.2.2", "192.0.2.1"]),
        row("blue", "a-www.example.org"),
        row("green", "old.example.org"),
        record("Z", "old.example.org", "A", &["192.0.2.3"]),
        record("Z", "mail.example.org", "MX", &["10 mx.example.org."]),
        record("Z", "odd.example.org", "MX", &["mail without a number"]),
    ];
    let zone = Zone { id: ZoneId::new("Z"), name: Some(name("example.org")) };
    Listed { zone, records, not_understood: vec!["a\\.b A".into()] }
}

#[test]
fn a_snapshot_says_whose_records_are_and_which_are_ownership_records() {
    let zones = take(&registry("me"), vec![listed()]);
    let shown: Vec<String> = zones[0]
        .records
        .iter()
        .map(|kept| {
            format!(
                "{} {} {:?} {:?}",
                kept.name,
                kept.record_type,
                kept.owner.as_ref().map(Owner::as_str),
                kept.vouches
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "a-www.example.org TXT None For(\"www.example.org\", A)",
            "mail.example.org MX None No",
            "old.example.org A Some(\"green\") No",
            // In an older form.
            "old.example.org TXT None Somehow",
            "www.example.org A Some(\"blue\") No",
        ]
    );
    assert_eq!(zones[0].not_understood, ["a\\.b A", "odd.example.org MX: mail without a number"]);
}

#[test]
fn a_snapshot_is_the_same_for_whoever_takes_it_and_in_whatever_order_records_are_listed() {
    let mut reversed = listed();
    reversed.records.reverse();
    let text = |registry: Registry, listed: Listed| json::write(&snapshot(take(&registry, vec![listed])));
    let expected = text(registry("me"), listed());
    assert_eq!(text(registry("blue"), reversed), expected);
    assert_eq!(text(registry("green"), listed()), expected);
}

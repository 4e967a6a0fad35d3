//! `zonewright owners` and `zonewright cleanup`.

use super::{Ended, run};
use serde_json::{Value, json};
use std::fmt::Write;

const ZONES: [&str; 2] = ["example.org", "example.net"];

/// Two zones with records of several owners.
struct Records(tempfile::NamedTempFile);

impl Records {
    /// So many of owner `old` in example.org, one more in example.net, one of `new`, one of nobody, and a row of `old` without record.
    fn new(count: usize) -> Self {
        let mut text = String::new();
        let owned = |text: &mut String, name: &str, owner: &str| {
            writeln!(text, "- {{dnsName: {name}, recordType: A, targets: [192.0.2.1]}}").unwrap();
            row(text, name, owner);
        };
        for n in 0..count {
            owned(&mut text, &format!("n{n}.example.org"), "old");
        }
        owned(&mut text, "other.example.net", "old");
        owned(&mut text, "new.example.org", "new");
        row(&mut text, "gone.example.org", "old");
        writeln!(text, "- {{dnsName: hand.example.org, recordType: A, targets: [192.0.2.7]}}").unwrap();
        let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Self(file)
    }

    fn run(&self, words: &[&str]) -> Ended {
        let zones = ZONES.map(|zone| format!("--inmemory-zone={zone}"));
        let file = format!("--inmemory-records={}", self.0.path().display());
        let flags = ["--provider=inmemory", &zones[0], &zones[1], &file];
        run(&[words, &flags].concat())
    }

    fn owners(&self) -> Value {
        let ended = self.run(&["owners", "-o", "json"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        serde_json::from_str(&ended.stdout).unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.0.path()).unwrap()
    }
}

fn row(text: &mut String, name: &str, owner: &str) {
    let row =
        format!("heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/x/{name}");
    writeln!(text, "- {{dnsName: a-{name}, recordType: TXT, targets: ['\"{row}\"']}}").unwrap();
}

fn zone(zone: &str, owners: Value, unowned: usize) -> Value {
    json!({ "zone": zone, "zoneId": zone, "owners": owners, "unowned": unowned })
}

fn owner(owner: &str, records: usize, claims: usize) -> Value {
    json!({ "owner": owner, "records": records, "claims": claims })
}

#[test]
fn owners_are_counted_by_zone() {
    let records = Records::new(5);
    let expected = json!([
        zone("example.net", json!([owner("old", 1, 0)]), 0),
        zone("example.org", json!([owner("new", 1, 0), owner("old", 5, 1)]), 1),
    ]);
    assert_eq!(records.owners(), expected);
    let ended = records.run(&["owners", "--txt-owner-id=old", "--source=ingress", "--policy=upsert-only"]);
    let expected = "\
Zone example.net
  old       1 record

Zone example.org
  new            1 record
  old            5 records, 1 ownership record without its record
  (nobody)       1 record
";
    assert_eq!(ended.stdout, expected, "whoever asks");
    assert_eq!(ended.code, Some(0));
}

#[test]
fn everything_of_an_owner_goes_and_nothing_else() {
    let records = Records::new(5);
    let before = records.text();
    let shown = records.run(&["cleanup", "--owner=old", "--dry-run"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    assert!(
        shown.stdout.ends_with("Plan: none to create, none to update, 7 to delete.\n"),
        "{}",
        shown.stdout
    );
    assert_eq!(records.text(), before, "shown, not done");
    let done = records.run(&["cleanup", "--owner=old"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let left =
        json!([zone("example.net", json!([]), 0), zone("example.org", json!([owner("new", 1, 0)]), 1),]);
    assert_eq!(records.owners(), left);
    assert_eq!(records.run(&["cleanup", "--owner=old", "--dry-run"]).code, Some(0), "nothing is left");
}

#[test]
fn one_zone_alone() {
    let records = Records::new(5);
    assert_eq!(records.run(&["cleanup", "--owner=old", "--zone=example.net"]).code, Some(0));
    let left = json!([
        zone("example.net", json!([]), 0),
        zone("example.org", json!([owner("new", 1, 0), owner("old", 5, 1)]), 1),
    ]);
    assert_eq!(records.owners(), left);
}

/// The flags of the daemon may be repeated as they are.
#[test]
fn flags_about_objects_are_ignored() {
    let records = Records::new(3);
    let flags = [
        "--source=service",
        "--policy=upsert-only",
        "--txt-owner-id=new",
        "--events",
        "--leader-elect",
        "--fqdn-template={{.Name}}.example.org",
        "--manifests=/nonexistent",
    ];
    let ended = records.run(&[&["cleanup", "--owner=old"][..], &flags].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(records.owners()[1]["owners"], json!([owner("new", 1, 0)]));
}

#[test]
fn the_delete_guard_has_its_say() {
    let records = Records::new(40);
    let ended = records.run(&["cleanup", "--owner=old"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let left = json!([owner("new", 1, 0), owner("old", 40, 0)]);
    assert_eq!(records.owners()[1]["owners"], left, "a row without a record is nobody's loss");
    let shown = records.run(&["cleanup", "--owner=old", "--dry-run", "-o", "json"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    let plan: Value = serde_json::from_str(&shown.stdout).unwrap();
    let hash = plan["withheld"][0]["hash"].as_str().unwrap();
    assert!(ended.stderr.contains(hash), "{}", ended.stderr);
    let ended = records.run(&["cleanup", "--owner=old", &format!("--approve-hash={hash}")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(records.owners()[1]["owners"], json!([owner("new", 1, 0)]));
}

#[test]
fn mistakes_are_named() {
    let records = Records::new(3);
    let before = records.text();
    let refused = |words: &[&str], text: &str| {
        let ended = records.run(words);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(text), "{}", ended.stderr);
    };
    refused(&["cleanup"], "required flag(s) '--owner' not provided: cleanup deletes what this owner has");
    refused(&["cleanup", "--owner="], "'--owner' not provided");
    refused(
        &["cleanup", "--owner=old", "--registry=noop"],
        "--registry=noop: there it is not known who owns a record",
    );
    let zone = ["cleanup", "--owner=old", "--zone=example.com"];
    refused(&zone, "--zone=example.com: the provider has no such zone; it has example.net, example.org");
    refused(&["cleanup", "--owner=old", "--approve-hash=0123456789ab"], "no withheld plan has this hash");
    assert!(records.text().contains("hand.example.org") && before.contains("hand.example.org"));
}

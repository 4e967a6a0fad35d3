//! `zonewright adopt`.

use super::{Ended, run, run_with_stdin};
use serde_json::Value;

/// Records of nobody, of us, of another, of another type, and at the zone's own name.
const RECORDS: &str = "\
- {dnsName: www.shop.example.org, recordType: A, targets: [192.0.2.1], recordTTL: 300}
- {dnsName: www.shop.example.org, recordType: AAAA, targets: ['2001:db8::1']}
- {dnsName: api.shop.example.org, recordType: CNAME, targets: [lb.example.net]}
- {dnsName: geo.shop.example.org, recordType: A, targets: [192.0.2.3], setIdentifier: eu, providerSpecific: [{name: webhook/geo, value: EU}]}
- {dnsName: mail.shop.example.org, recordType: MX, targets: [10 mail.example.net]}
- {dnsName: '*.shop.example.org', recordType: A, targets: [192.0.2.4]}
- {dnsName: ours.shop.example.org, recordType: A, targets: [192.0.2.5]}
- {dnsName: a-ours.shop.example.org, recordType: TXT, targets: ['\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/x/y\"']}
- {dnsName: theirs.shop.example.org, recordType: A, targets: [192.0.2.6]}
- {dnsName: a-theirs.shop.example.org, recordType: TXT, targets: ['\"heritage=external-dns,external-dns/owner=blue,external-dns/resource=ingress/x/z\"']}
- {dnsName: example.org, recordType: A, targets: [192.0.2.7]}
- {dnsName: other.example.org, recordType: A, targets: [192.0.2.8]}
";

struct Stage(tempfile::TempDir);

impl Stage {
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        std::fs::write(stage.path("records.yaml"), RECORDS).unwrap();
        stage
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path("records.yaml")).unwrap()
    }

    fn flags(&self) -> Vec<String> {
        let records = format!("--inmemory-records={}", self.path("records.yaml"));
        ["--provider=inmemory", "--inmemory-zone=example.org", "--txt-owner-id=me", &records]
            .map(str::to_owned)
            .to_vec()
    }

    fn run(&self, words: &[&str]) -> Ended {
        let flags = self.flags();
        run(&words.iter().copied().chain(flags.iter().map(String::as_str)).collect::<Vec<_>>())
    }

    fn owners(&self) -> Value {
        serde_json::from_str(&self.run(&["owners", "-o", "json"]).stdout).unwrap()
    }
}

fn words(ended: &Ended) -> String {
    ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines that are there now and were not before.
fn added(before: &str, after: &str) -> usize {
    after.matches("dnsName").count() - before.matches("dnsName").count()
}

#[test]
fn records_of_nobody_become_ours_by_ownership_records_alone() {
    let stage = Stage::new();
    // What a run would write, but for the order and the form of the file.
    assert_eq!(stage.run(&["adopt", "ours.shop.example.org"]).code, Some(0));
    let shown = stage.run(&["adopt", "*.shop.example.org", "--dry-run"]);
    assert_eq!(shown.code, Some(2), "{shown:?}");
    let told = words(&shown);
    for line in [
        "~ A *.shop.example.org 192.0.2.4 adopted: nobody owned it",
        "~ CNAME api.shop.example.org lb.example.net adopted: nobody owned it",
        "~ A geo.shop.example.org [eu] 192.0.2.3",
        "~ AAAA www.shop.example.org",
        "! MX mail.shop.example.org record type is not managed",
        "! A theirs.shop.example.org belongs to owner \"blue\"",
        "Plan: none to create, 5 to update, none to delete, 2 left alone.",
    ] {
        assert!(told.contains(line), "{line}\n{}", shown.stdout);
    }
    assert!(!told.contains("other.example.org") && !told.contains("A example.org"), "{told}");
    assert!(shown.stderr.contains("1 record set belongs to owner \"me\" already"), "{}", shown.stderr);
    assert!(shown.stderr.contains("note: what no object asks for"), "{}", shown.stderr);
    assert_eq!(stage.text(), RECORDS, "shown, not done");

    let done = stage.run(&["adopt", "*.shop.example.org"]);
    assert_eq!((done.code, &*done.stdout), (Some(0), ""), "{done:?}");
    let after = stage.text();
    assert_eq!(added(RECORDS, &after), 5, "{after}");
    for row in ["a-www.shop", "aaaa-www.shop", "cname-api.shop", "a-geo.shop", "a-*.shop"] {
        assert!(after.contains(&format!("{row}.example.org")), "{row}\n{after}");
    }
    assert_eq!(stage.owners()[0]["owners"][1]["records"], 6, "{:#}", stage.owners());
    // With its settings, and once.
    let again = stage.run(&["adopt", "*.shop.example.org"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(stage.text(), after);
    // The daemon takes them for its own: without an object they would go.
    let plan = stage.run(&["plan", "--source=empty", "--policy=sync", "--no-delete-guard"]);
    assert!(words(&plan).contains("6 to delete"), "{}", plan.stdout);
}

#[test]
fn names_come_from_a_file_too() {
    let stage = Stage::new();
    let list = stage.path("names");
    std::fs::write(&list, "# by hand\nwww.shop.example.org\n\n  other.example.org   # the shop's\n").unwrap();
    let ended = stage.run(&["adopt", &format!("--from={list}")]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(added(RECORDS, &stage.text()), 3);
    let flags = stage.flags();
    let input: Vec<&str> = ["adopt", "--from=-", "--dry-run", "-o", "json"]
        .into_iter()
        .chain(flags.iter().map(String::as_str))
        .collect();
    let shown = run_with_stdin(&input, "api.shop.example.org\n");
    let plan: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(plan["changes"][0]["codes"], serde_json::json!(["adopted"]));
    let row = serde_json::json!([{"action": "create", "name": "cname-api.shop.example.org"}]);
    assert_eq!(plan["changes"][0]["ownershipRecords"], row);
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/reference/plan.schema.json")).unwrap();
    assert!(jsonschema::is_valid(&schema, &plan), "{plan:#}");
}

#[test]
fn each_record_that_stays_as_it_is_has_a_reason() {
    let stage = Stage::new();
    let left = |words_: &[&str], expected: &str| {
        let shown = stage.run(&[&["adopt"], words_, &["--dry-run"]].concat());
        assert_eq!(shown.code, Some(0), "{shown:?}");
        assert!(words(&shown).contains(expected), "{expected}\n{}", shown.stdout);
    };
    left(&["theirs.shop.example.org"], "A theirs.shop.example.org belongs to owner \"blue\"");
    left(&["mail.shop.example.org"], "MX mail.shop.example.org record type is not managed");
    left(
        &["other.example.org", "--domain-filter=shop.example.org"],
        "A other.example.org outside the domain filter",
    );
    left(&["example.org"], "A example.org its ownership record a-example.org would lie outside of its zone");
    left(&["other.example.org", "--txt-shared-names=example.org"], "its name is among --txt-shared-names");
    left(
        &["other.example.org", "--from-owner=blue"],
        "nobody owns it; it can be adopted without --from-owner",
    );
    // A text record stands where the ownership record would.
    let text = RECORDS.to_owned() + "- {dnsName: a-other.example.org, recordType: TXT, targets: [hello]}\n";
    std::fs::write(stage.path("records.yaml"), text).unwrap();
    left(&["other.example.org"], "but a TXT record of that name exists that is none");
}

#[test]
fn records_of_another_owner_are_adopted_when_that_is_said() {
    let stage = Stage::new();
    let ended = stage.run(&["adopt", "theirs.shop.example.org", "--from-owner=blue"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let after = stage.text();
    assert_eq!(added(RECORDS, &after), 0);
    assert!(
        !after.contains("owner=blue") && after.contains("owner=me,external-dns/resource=ingress/x/z"),
        "{after}"
    );
}

#[test]
fn mistakes_are_named_and_nothing_is_done() {
    let stage = Stage::new();
    let refused = |words: &[&str], text: &str| {
        let ended = stage.run(words);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(text), "{text}\n{}", ended.stderr);
    };
    let list = stage.path("names");
    std::fs::write(&list, "www.shop.example.org\na b\n").unwrap();
    refused(&["adopt"], "adopt needs names right behind it, or a file of them");
    refused(&["adopt", "a b"], "\"a b\" contains ' '");
    refused(&["adopt", &format!("--from={list}")], "line 2: \"a b\" contains ' '");
    refused(&["adopt", "--from=/nonexistent"], "--from=/nonexistent: No such file");
    refused(
        &["adopt", "other.example.org", "nosuch.example.org", "x*.example.org"],
        "nothing is adopted, because no record is called nosuch.example.org, x*.example.org",
    );
    refused(
        &["adopt", "other.example.org", "--registry=noop"],
        "--registry=noop: there nobody owns a record",
    );
    refused(&["adopt", "other.example.org", "--from-owner=me"], "--from-owner is the owner that adopts");
    refused(
        &["adopt", "other.example.org", "--zone=example.com"],
        "--zone=example.com: the provider has no such zone",
    );
    assert_eq!(stage.text(), RECORDS);
}

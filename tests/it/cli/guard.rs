//! The delete guard, as met at the command line.

use super::{Ended, run};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

/// A zone full of records of ours, and a folder in which nobody asks for any of them.
struct Zone {
    folder: tempfile::TempDir,
}

impl Zone {
    fn with_records(count: usize) -> Self {
        let zone = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(zone.folder.path().join("manifests")).unwrap();
        zone.write("manifests/new.yaml", NEW);
        let mut records = String::new();
        for index in 0..count {
            let name = format!("n{index:05}.example.org");
            let row = format!(
                "heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/x/{index}"
            );
            writeln!(records, "- {{dnsName: {name}, recordType: A, targets: [192.0.2.1]}}").unwrap();
            writeln!(records, "- {{dnsName: a-{name}, recordType: TXT, targets: ['\"{row}\"']}}").unwrap();
        }
        zone.write("records.yaml", &records);
        zone
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, words: &[&str], more: &[&str]) -> Ended {
        let own = [
            format!("--manifests={}", self.path("manifests").display()),
            format!("--inmemory-records={}", self.path("records.yaml").display()),
        ];
        let fixed = [
            "--provider=inmemory",
            "--inmemory-zone=example.org",
            "--source=ingress",
            "--policy=sync",
            "--txt-owner-id=me",
        ];
        let own = own.iter().map(String::as_str);
        run(&words.iter().copied().chain(fixed).chain(own).chain(more.iter().copied()).collect::<Vec<_>>())
    }

    fn plan(&self, more: &[&str]) -> Ended {
        self.run(&["plan"], more)
    }

    fn once(&self, more: &[&str]) -> Ended {
        self.run(&[], &[&["--once", "--metrics-address=127.0.0.1:0"], more].concat())
    }

    fn document(&self) -> Value {
        let ended = self.plan(&["-o", "json"]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        let document: Value = serde_json::from_str(&ended.stdout).unwrap();
        let schema: Value =
            serde_json::from_str(include_str!("../../../docs/reference/plan.schema.json")).unwrap();
        assert!(jsonschema::is_valid(&schema, &document));
        document
    }

    fn hash(&self) -> String {
        self.document()["withheld"][0]["hash"].as_str().unwrap().to_owned()
    }

    /// How many of the records are there.
    fn records(&self) -> usize {
        let text = std::fs::read_to_string(self.path("records.yaml")).unwrap();
        // The program writes the file in another style than we do; addresses end where digits end.
        text.split("192.0.2.1").skip(1).filter(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())).count()
    }

    fn has_new(&self) -> bool {
        std::fs::read_to_string(self.path("records.yaml")).unwrap().contains("192.0.2.99")
    }
}

const NEW: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: new, namespace: x}
spec: {rules: [{host: new.example.org}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.99}]}}
";

/// mitodl/ol-infrastructure PR#5865: a change of prefix planned CREATE=0 DELETE=8764.
#[test]
fn the_run_that_would_delete_8764_records_deletes_none() {
    let zone = Zone::with_records(8764);
    zone.write("manifests/new.yaml", &NEW.replace("host: new.example.org", "http: {paths: []}"));
    let before = std::fs::read(zone.path("records.yaml")).unwrap();
    let ended = zone.once(&[]);
    assert_eq!(ended.code, Some(1), "somebody has to look");
    assert_eq!(std::fs::read(zone.path("records.yaml")).unwrap(), before);
    let said = "8764 of the 8764 records of ours in zone example.org would be deleted, more than 30 %";
    assert_eq!(ended.stderr.matches(said).count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.lines().count() < 10, "{}", ended.stderr);
}

#[test]
fn creates_go_on_while_deletes_wait_and_a_hash_lets_them_through() {
    let zone = Zone::with_records(40);
    let document = zone.document();
    assert_eq!(document["summary"]["create"], 1);
    assert_eq!(
        (&document["withheld"][0]["count"], &document["withheld"][0]["owned"]),
        (&40.into(), &40.into())
    );
    assert_eq!(document["skips"].as_array().unwrap().len(), 40);
    let ended = zone.once(&[]);
    assert_eq!((ended.code, zone.records(), zone.has_new()), (Some(1), 40, true), "{ended:?}");
    let hash = zone.hash();
    assert!(ended.stderr.contains(&format!("zonewright approve {hash}")), "{}", ended.stderr);

    let preview = zone.plan(&[&format!("--approve-hash={hash}")]);
    assert_eq!(preview.code, Some(2), "what it would let through is a change: {preview:?}");
    assert_eq!(zone.records(), 40);
    let ended = zone.once(&[&format!("--approve-hash={hash}")]);
    assert_eq!((ended.code, zone.records(), zone.has_new()), (Some(0), 0, true), "{ended:?}");
}

#[test]
fn a_hash_that_nothing_has_is_refused_and_nothing_is_deleted() {
    let zone = Zone::with_records(40);
    let ended = zone.once(&["--approve-hash=0123456789ab"]);
    assert_eq!((ended.code, zone.records(), zone.has_new()), (Some(1), 40, true));
    let hash = zone.hash();
    let message =
        format!("--approve-hash=0123456789ab: no withheld plan has this hash; withheld now: {hash}");
    assert!(ended.stderr.contains(&message), "{}", ended.stderr);
    let preview = zone.plan(&["--approve-hash=0123456789ab"]);
    assert_eq!(preview.code, Some(1));
    assert!(preview.stderr.contains(&message), "{}", preview.stderr);
    // What was approved is another plan by now.
    let text = std::fs::read_to_string(zone.path("records.yaml")).unwrap();
    zone.write("records.yaml", &text.replacen("192.0.2.1", "192.0.2.2", 1));
    let ended = zone.once(&[&format!("--approve-hash={hash}")]);
    assert_eq!((ended.code, zone.records()), (Some(1), 39));
}

#[test]
fn people_are_told_what_and_why_and_how() {
    let zone = Zone::with_records(40);
    let ended = zone.plan(&[]);
    assert_eq!(ended.code, Some(3));
    let flat = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let hash = zone.hash();
    for part in [
        "Withheld by the delete guard 40 of the 40 records of ours in zone example.org would be deleted, more than 30 %.",
        &format!("`zonewright approve {hash}`"),
        "! A n00000.example.org 192.0.2.1 it was made for ingress/x/0",
        "and 20 more",
        "Plan: 1 to create, none to update, none to delete, 40 withheld.",
    ] {
        assert!(flat.contains(part), "{part:?} is missing in\n{}", ended.stdout);
    }
    let markdown = zone.plan(&["-o", "markdown"]).stdout;
    for part in [
        "**40 withheld**",
        "#### Withheld by the delete guard",
        &hash,
        "| A | `n00019.example.org` | `192.0.2.1` |",
    ] {
        assert!(markdown.contains(part), "{part:?} is missing in\n{markdown}");
    }
}

#[test]
fn it_is_as_wide_as_the_flags_say() {
    let deleted = |flags: &[&str]| {
        let zone = Zone::with_records(20);
        zone.once(flags);
        20 - zone.records()
    };
    assert_eq!(deleted(&["--no-delete-guard"]), 20);
    assert_eq!(deleted(&["--delete-guard-share=100"]), 20);
    assert_eq!(deleted(&["--delete-guard-floor=21"]), 20);
    assert_eq!(deleted(&["--delete-guard-floor=21", "--delete-guard-max=19"]), 0);
    assert_eq!(deleted(&["--delete-guard-zone=example.org=100"]), 20);
    assert_eq!(deleted(&["--delete-guard-zone=example.net=100"]), 0);
}

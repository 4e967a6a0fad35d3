//! `truth-table.txt`, cell by cell. Every cell is one cycle; a second one must find nothing to do, and whatever the table says, nothing of
//! others is touched.

use super::{Instance, RESOURCE, Shared, record, wish};
use rstest::rstest;
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, Hold, HoldReason, Holds, ObjectRef, Policy, Uid};
use zonewright_registry::{NonceSource, TxtSettings};

const TABLE: &str = include_str!("truth-table.txt");
const POLICIES: [Policy; 3] = [Policy::Sync, Policy::UpsertOnly, Policy::CreateOnly];

#[rstest]
#[case::plain("web.example.org", "A", "")]
#[case::cname("web.example.org", "CNAME", "")]
#[case::wildcard("*.example.org", "A", "")]
#[case::apex("example.org", "A", "")]
#[case::set_identifier("web.example.org", "A", "eu#west")]
fn every_cell(#[case] name: &str, #[case] record_type: &str, #[case] set_identifier: &str) {
    let site = Site { name, record_type, set_identifier };
    let (mut cells, mut failures) = (0, Vec::new());
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [exists, row, wish, expected @ ..] = columns.as_slice() else { panic!("{line}") };
        for (policy, expected) in POLICIES.into_iter().zip(expected) {
            let found = site.play(exists, row, wish, policy);
            if found != *expected {
                let policy = policy.as_str();
                failures.push(format!(
                    "{exists} | {row} | {wish} | {policy}: expected {expected:?}, found {found:?}"
                ));
            }
            cells += 1;
        }
    }
    assert!(failures.is_empty(), "{} of {cells} cells\n{}", failures.len(), failures.join("\n"));
    // Two states of the record, three of the row; three wishes without record, four with.
    assert_eq!(cells, 3 * (3 + 4) * 3);
}

struct Site<'a> {
    name: &'a str,
    record_type: &'a str,
    set_identifier: &'a str,
}

impl Site<'_> {
    fn play(&self, exists: &str, row: &str, wish: &str, policy: Policy) -> String {
        let key = format!("{}#{}#{}", self.name, self.record_type, self.set_identifier);
        let rows = [(key.as_str(), row)];
        let rows = if row == "none" { &[] } else { &rows[..] };
        let mut existing = record(self.name, self.record_type, self.target(false));
        existing.set_identifier = self.set_identifier.into();
        let zone = if exists == "present" { vec![existing] } else { Vec::new() };
        let service = Shared::with(rows, zone);
        let before = (service.rows(), service.zone());
        let settings = TxtSettings::new("me", NonceSource::from_seed([5; 32]));
        let mut me = Instance::new(&service, settings, policy);
        let (wishes, holds) = self.wish(wish);
        let told = me.cycle(&wishes, &holds);
        let what = format!("{exists} | {row} | {wish} | {}", policy.as_str());
        assert!(told.failures.is_empty(), "{what}: {:?}", told.failures);
        if row == "them" || (row == "none" && exists == "present") {
            assert_eq!((service.rows(), service.zone()), before, "{what}: not ours");
        }
        let again = me.cycle(&wishes, &holds);
        assert!(again.done.is_empty(), "{what}: a second cycle does {:?}", again.done);
        let codes = told.codes().join(", ");
        let record = format!("{} {}", self.record_type, self.name);
        let mut words = told.done.join(" ").replace(&key, "").replace(&record, "record");
        if !codes.is_empty() {
            words = format!("{words} ({codes})");
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn target(&self, other: bool) -> &'static str {
        match (self.record_type, other) {
            ("CNAME", false) => "one.example.net",
            ("CNAME", true) => "two.example.net",
            (_, false) => "192.0.2.1",
            (_, true) => "192.0.2.2",
        }
    }

    fn wish(&self, text: &str) -> (Vec<Endpoint>, Holds) {
        let endpoint = |other| {
            wish(self.name, self.record_type, self.target(other)).with_set_identifier(self.set_identifier)
        };
        match text {
            "wanted" => (vec![endpoint(false)], Holds::default()),
            "changed" => (vec![endpoint(true)], Holds::default()),
            "unwanted" => (Vec::new(), Holds::default()),
            "held" => (Vec::new(), Holds::new([self.hold()], Vec::new())),
            other => panic!("{other}"),
        }
    }

    fn hold(&self) -> Hold {
        let none: fn() -> Arc<str> = Arc::default;
        let object = ObjectRef {
            source: "crd",
            kind: "DNSEndpoint",
            api_version: "",
            namespace: none(),
            name: none(),
            uid: Uid::default(),
        };
        Hold {
            object: object.into(),
            name: Some(DnsName::parse(self.name).unwrap()),
            set_identifier: self.set_identifier.into(),
            resource: Some(RESOURCE.to_owned()),
            reason: HoldReason::NoTarget,
        }
    }
}

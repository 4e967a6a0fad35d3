//! `truth-table.txt`, cell by cell, for several types, affixes and set identifiers. Every cell is one cycle; a second one must find
//! nothing to do, and whatever the table says, nothing of others is touched.

use super::{Stage, record, settings, signs};
use rstest::rstest;
use std::sync::Arc;
use zonewright_planner::{
    DnsName, Endpoint, Hold, HoldReason, Holds, ObjectRef, Policy, Properties, Record, RecordType, Uid,
};

const TABLE: &str = include_str!("truth-table.txt");
const POLICIES: [Policy; 3] = [Policy::Sync, Policy::UpsertOnly, Policy::CreateOnly];
const RESOURCE: &str = "crd/default/web";

/// How records and rows of a run are called.
struct Names {
    record_type: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    set_identifier: &'static str,
    current: &'static str,
    older: &'static str,
}

#[rstest]
#[case::plain("A", "", "", "", "a-web.example.org", "web.example.org")]
#[case::prefix("A", "own.", "", "", "own.a-web.example.org", "own.web.example.org")]
#[case::template("A", "%{record_type}-own.", "", "", "a-own.web.example.org", "-own.web.example.org")]
#[case::suffix("A", "", "-own", "", "a-web-own.example.org", "web-own.example.org")]
#[case::cname("CNAME", "own-", "", "", "own-cname-web.example.org", "own-web.example.org")]
#[case::set_identifier("A", "", "", "eu", "a-web.example.org", "web.example.org")]
fn every_cell(
    #[case] record_type: &'static str,
    #[case] prefix: &'static str,
    #[case] suffix: &'static str,
    #[case] set_identifier: &'static str,
    #[case] current: &'static str,
    #[case] older: &'static str,
) {
    let names = Names { record_type, prefix, suffix, set_identifier, current, older };
    let (mut cells, mut failures) = (0, Vec::new());
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [exists, rows, wish, expected @ ..] = columns.as_slice() else { panic!("{line}") };
        assert_eq!(expected.len(), POLICIES.len(), "{line}");
        for (policy, expected) in POLICIES.into_iter().zip(expected) {
            let found = names.play(exists, rows, wish, policy);
            if found != *expected {
                failures.push(format!(
                    "{exists} | {rows} | {wish} | {}: expected {expected:?}, found {found:?}",
                    policy.as_str()
                ));
            }
            cells += 1;
        }
    }
    assert!(failures.is_empty(), "{} of {cells} cells\n{}", failures.len(), failures.join("\n"));
    // Two states of the record, eight of the rows; three wishes without record, four with.
    assert_eq!(cells, 8 * (3 + 4) * 3);
}

impl Names {
    /// What happens in one cell: the signs of what is sent, then the codes of what is left undone.
    fn play(&self, exists: &str, rows: &str, wish: &str, policy: Policy) -> String {
        let mut settings = settings();
        (settings.prefix, settings.suffix) = (self.prefix.to_owned(), self.suffix.to_owned());
        let zone = self.zone(exists, rows);
        let mut stage = Stage::new(settings, policy, zone.clone());
        let (wishes, holds) = self.wish(wish);
        let (changes, skips) = stage.cycle(&wishes, &holds);
        let what = format!("{exists} | {rows} | {wish} | {}", policy.as_str());
        for row in zone.iter().filter(|row| row.targets.iter().any(|t| t.to_string().contains("owner=them")))
        {
            assert!(stage.zone.contains(row), "{what}: {} is not ours", row.name);
        }
        let ours = |name: &str| {
            zone.iter().any(|r| r.name.as_str() == name && r.record_type == RecordType::Txt && is_ours(r))
        };
        let is_owned = ours(self.current) || (!self.is_taken(&zone) && ours(self.older));
        if exists == "present" && !is_owned {
            assert_eq!(stage.zone, zone, "{what}: not ours");
        }
        let (again, _) = stage.cycle(&wishes, &holds);
        assert!(again.is_empty(), "{what}: a second cycle sends {:?}", signs(&again));
        let mut words = signs(&changes).join(" ").replace(self.record_type, "record").replace("TXT", "row");
        let mut codes: Vec<&str> = skips.iter().map(|skip| skip.reason.code()).collect();
        codes.dedup();
        if !codes.is_empty() {
            words = format!("{words} ({})", codes.join(", "));
        }
        words.trim().to_owned()
    }

    fn is_taken(&self, zone: &[Record]) -> bool {
        zone.iter()
            .any(|r| r.name.as_str() == self.current && r.record_type == RecordType::Txt && !is_ours(r))
    }

    fn target(&self, other: bool) -> &'static str {
        match (self.record_type, other) {
            ("CNAME", false) => "one.example.net",
            ("CNAME", true) => "two.example.net",
            (_, false) => "192.0.2.1",
            (_, true) => "192.0.2.2",
        }
    }

    fn zone(&self, exists: &str, rows: &str) -> Vec<Record> {
        let mut zone = Vec::new();
        match exists {
            "absent" => {}
            "present" => zone.push(record("web.example.org", self.record_type, self.target(false))),
            other => panic!("{other}"),
        }
        for row in rows.split(", ").filter(|row| *row != "none") {
            let (owner, name) = match row.split_once(' ') {
                Some((owner, "old")) => (owner, self.older),
                None => (row, self.current),
                Some(_) => panic!("{row}"),
            };
            let text = format!(
                "\"heritage=external-dns,external-dns/owner={owner},external-dns/resource={RESOURCE}\""
            );
            zone.push(record(name, "TXT", &text));
        }
        zone.iter_mut().for_each(|record| record.set_identifier = self.set_identifier.into());
        zone
    }

    fn wish(&self, wish: &str) -> (Vec<Endpoint>, Holds) {
        let endpoint = |other| {
            let record_type = RecordType::from_text(self.record_type);
            Endpoint::new("web.example.org", record_type, &[self.target(other)], Properties::new())
                .unwrap()
                .with_set_identifier(self.set_identifier)
                .with_label("resource", RESOURCE)
        };
        match wish {
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
            name: Some(DnsName::parse("web.example.org").unwrap()),
            set_identifier: self.set_identifier.into(),
            resource: Some(RESOURCE.to_owned()),
            reason: HoldReason::NoTarget,
        }
    }
}

fn is_ours(row: &Record) -> bool {
    row.targets.iter().any(|target| target.to_string().contains("owner=me"))
}

//! Writes that end half-way, at every point: the next cycle brings about what an undisturbed one would have, and at no moment
//! does a record of ours stand there without an owner. That is what the order of `ZoneChange::operations` is for.

use super::{Stage, record, settings};
use rstest::rstest;
use zonewright_planner::{Endpoint, Holds, Owner, Policy, Properties, Record, RecordType};
use zonewright_registry::TxtSettings;

const ME: &str = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=crd/default/web\"";
const OLD: &str = "\"heritage=external-dns,external-dns/owner=old,external-dns/resource=crd/default/web\"";
const WEB: &str = "web.example.org";
const TWO: &str = "two.example.org";

type Line = (&'static str, &'static str, &'static str);

#[rstest]
#[case::create(&[], &[(WEB, "A", "192.0.2.1"), (WEB, "AAAA", "2001:db8::1"), (TWO, "A", "192.0.2.2")])]
#[case::create_beside_a_left_over_row(&[("a-web.example.org", "TXT", ME)], &[(WEB, "A", "192.0.2.1")])]
#[case::create_beside_an_older_row(&[(WEB, "TXT", ME)], &[(WEB, "A", "192.0.2.1")])]
#[case::create_on_a_row_to_be_taken_over(&[("a-web.example.org", "TXT", OLD)], &[(WEB, "A", "192.0.2.1")])]
#[case::update(&[(WEB, "A", "192.0.2.1"), ("a-web.example.org", "TXT", ME)], &[(WEB, "A", "192.0.2.2")])]
#[case::update_with_an_older_row(&[(WEB, "A", "192.0.2.1"), (WEB, "TXT", ME)], &[(WEB, "A", "192.0.2.2")])]
#[case::take_over(&[(WEB, "A", "192.0.2.1"), ("a-web.example.org", "TXT", OLD)], &[(WEB, "A", "192.0.2.2")])]
#[case::change_of_type(
    &[(WEB, "A", "192.0.2.1"), ("a-web.example.org", "TXT", ME)],
    &[(WEB, "CNAME", "lb.example.net")]
)]
#[case::delete(
    &[(WEB, "A", "192.0.2.1"), ("a-web.example.org", "TXT", ME), (TWO, "A", "192.0.2.2"), ("a-two.example.org", "TXT", ME)],
    &[]
)]
#[case::tidy(&[("a-web.example.org", "TXT", ME), ("a-two.example.org", "TXT", ME)], &[])]
fn the_next_cycle_completes_what_was_left_half_done(#[case] zone: &[Line], #[case] wishes: &[Line]) {
    let zone: Vec<Record> = zone.iter().map(|(name, kind, target)| record(name, kind, target)).collect();
    let wishes: Vec<Endpoint> = wishes.iter().map(wish).collect();
    let stage = |zone: &[Record]| {
        let settings = TxtSettings { migrate_from: Owner::new("old"), ..settings() };
        Stage::new(settings, Policy::Sync, zone.to_vec())
    };
    let mut clean = stage(&zone);
    clean.cycle(&wishes, &Holds::default());
    let mut emptied = stage(&clean.zone);
    emptied.cycle(&[], &Holds::default());
    let mut operations = 0;
    loop {
        let mut stage = stage(&zone);
        let is_half = stage.interrupted_cycle(&wishes, operations);
        let owned = stage.registry.read(stage.zone.clone()).records;
        let orphan = owned.iter().find(|record| record.labels.owner() != Some("me"));
        assert_eq!(orphan, None, "after {operations} operations");
        stage.cycle(&wishes, &Holds::default());
        assert_eq!(records(&stage), records(&clean), "after {operations} operations");
        assert!(stage.cycle(&wishes, &Holds::default()).0.is_empty(), "after {operations} operations");
        // A row may stay while another type stands at its name; it goes with the name.
        stage.cycle(&[], &Holds::default());
        assert_eq!(contents(&stage.zone), contents(&emptied.zone), "after {operations} operations");
        if !is_half {
            break;
        }
        operations += 1;
    }
    assert!(operations > 0);
}

fn wish((name, record_type, target): &Line) -> Endpoint {
    let record_type = RecordType::from_text(record_type);
    let endpoint = Endpoint::new(name, record_type, &[*target], Properties::new()).unwrap();
    endpoint.with_label("resource", "crd/default/web")
}

/// Without rows, and with what the rows say.
fn records(stage: &Stage) -> Vec<String> {
    let records = stage.registry.read(stage.zone.clone()).records;
    assert!(
        records.iter().all(|record| record.labels.owner() == Some("me") && !record.ownership.row_missing)
    );
    contents(&records)
}

fn contents(zone: &[Record]) -> Vec<String> {
    let line = |record: &Record| format!("{} {} {:?}", record.name, record.record_type, record.targets);
    let mut lines: Vec<String> = zone.iter().map(line).collect();
    lines.sort();
    lines
}

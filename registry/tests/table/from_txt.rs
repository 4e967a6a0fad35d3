//! Records that have rows of registry `txt`: read, taken into the table without touching the record, and the old rows removed where TXT
//! records are managed.

use super::{Instance, Shared, item, none, record, wish};
use rstest::rstest;
use zonewright_planner::{Endpoint, ManagedTypes, Policy, Record, RecordType};
use zonewright_registry::{NonceSource, TxtSettings};

const WEB: &str = "web.example.org";

fn settings(types: &[&str]) -> TxtSettings {
    let managed = ManagedTypes::new(types.iter().map(|t| RecordType::from_text(t)), &[]);
    TxtSettings { managed, ..TxtSettings::new("me", NonceSource::from_seed([5; 32])) }
}

fn with_txt() -> TxtSettings {
    settings(&["A", "AAAA", "CNAME", "TXT"])
}

fn row(name: &str, owner: &str) -> Record {
    let text =
        format!("\"heritage=external-dns,external-dns/owner={owner},external-dns/resource=crd/default/txt\"");
    record(name, "TXT", &text)
}

fn zone() -> Vec<Record> {
    vec![
        record(WEB, "A", "192.0.2.1"),
        row("a-web.example.org", "me"),
        record("two.example.org", "CNAME", "lb.example.net"),
        row("cname-two.example.org", "me"),
        record("theirs.example.org", "A", "192.0.2.3"),
        row("a-theirs.example.org", "them"),
        // Of another instance with another prefix.
        row("own.a-theirs.example.org", "them"),
        record("text.example.org", "TXT", "\"hello\""),
    ]
}

fn wishes() -> Vec<Endpoint> {
    vec![wish(WEB, "A", "192.0.2.1"), wish("two.example.org", "CNAME", "lb.example.net")]
}

#[test]
fn rows_move_into_the_table_and_records_stay_as_they_are() {
    let service = Shared::with(&[], zone());
    let before = service.zone();
    let mut me = Instance::new(&service, settings(&["A", "AAAA", "CNAME"]), Policy::Sync);
    let told = me.cycle(&wishes(), &none());
    assert_eq!(told.done, ["+row two.example.org#CNAME#", "+row web.example.org#A#"]);
    assert_eq!(service.zone(), before, "TXT records are not managed");
    // As v0.22 does: the labels of the wish, not those of the former row.
    assert_eq!(
        service.0.lock().unwrap().rows["web.example.org#A#"].labels.resource(),
        Some("crd/default/web")
    );
    assert!(me.cycle(&wishes(), &none()).done.is_empty());
    // Nothing needs the old rows any more.
    service.0.lock().unwrap().zone.retain(|record| record.record_type != RecordType::Txt);
    assert!(Instance::new(&service, with_txt(), Policy::Sync).cycle(&wishes(), &none()).done.is_empty());
}

#[test]
fn our_old_rows_go_with_the_move_and_those_of_others_stay() {
    let service = Shared::with(&[], zone());
    let mut me = Instance::new(&service, with_txt(), Policy::Sync);
    let told = me.cycle(&wishes(), &none());
    assert_eq!(
        told.done,
        [
            "+row two.example.org#CNAME#",
            "+row web.example.org#A#",
            "-TXT cname-two.example.org",
            "-TXT a-web.example.org"
        ]
    );
    let zone = service.zone().join("\n");
    assert!(zone.contains("a-theirs") && zone.contains("own.a-theirs") && zone.contains("hello"), "{zone}");
    assert!(me.cycle(&wishes(), &none()).done.is_empty());
}

#[test]
fn where_the_policy_deletes_nothing_old_rows_stay() {
    let service = Shared::with(&[], zone());
    let mut me = Instance::new(&service, with_txt(), Policy::UpsertOnly);
    assert_eq!(me.cycle(&wishes(), &none()).done, ["+row two.example.org#CNAME#", "+row web.example.org#A#"]);
    assert!(me.cycle(&wishes(), &none()).done.is_empty());
    // Later they go.
    let mut me = Instance::new(&service, with_txt(), Policy::Sync);
    assert_eq!(me.cycle(&wishes(), &none()).done, ["-TXT cname-two.example.org", "-TXT a-web.example.org"]);
    assert!(me.cycle(&wishes(), &none()).done.is_empty());
}

#[test]
fn a_record_that_is_not_wanted_any_more_goes_with_its_old_row() {
    let service = Shared::with(&[], zone());
    let mut me = Instance::new(&service, with_txt(), Policy::Sync);
    let told = me.cycle(&wishes()[..1], &none());
    assert_eq!(
        told.done,
        [
            "+row web.example.org#A#",
            "-CNAME two.example.org",
            "-TXT cname-two.example.org",
            "-TXT a-web.example.org"
        ]
    );
    assert!(me.cycle(&wishes()[..1], &none()).done.is_empty());
}

#[test]
fn a_row_that_several_records_share_stays_until_all_have_their_own() {
    let shared = vec![
        record(WEB, "A", "192.0.2.1"),
        record(WEB, "MX", "10 mail.example.net"),
        // Without a type, as versions up to 0.11 wrote it.
        row("own.web.example.org", "me"),
    ];
    let service = Shared::with(&[], shared);
    let mut settings = settings(&["A", "MX", "TXT"]);
    settings.prefix = "own.".to_owned();
    let mut me = Instance::new(&service, settings, Policy::Sync);
    let wishes = [wish(WEB, "A", "192.0.2.1"), wish(WEB, "MX", "10 mail.example.net")];
    assert_eq!(me.cycle(&wishes, &none()).done, ["+row web.example.org#A#", "+row web.example.org#MX#"]);
    assert_eq!(me.cycle(&wishes, &none()).done, ["-TXT own.web.example.org"]);
    assert!(me.cycle(&wishes, &none()).done.is_empty());
}

#[rstest]
#[case::ours("me", &[], &["+row web.example.org#A#"])]
#[case::theirs("them", &["foreign-owner"], &[])]
fn the_table_counts_more_than_a_row_in_the_zone(
    #[case] txt: &str,
    #[case] codes: &[&str],
    #[case] done: &[&str],
) {
    let listing = || vec![record(WEB, "A", "192.0.2.1"), row("a-web.example.org", txt)];
    let told = |service: &Shared| {
        Instance::new(service, settings(&["A"]), Policy::Sync).cycle(&[wish(WEB, "A", "192.0.2.1")], &none())
    };
    let by_txt = told(&Shared::with(&[], listing()));
    assert_eq!(
        (by_txt.codes().as_slice(), by_txt.done.as_slice()),
        (codes, &*done.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>())
    );
    let known = told(&Shared::with(&[("web.example.org#A#", "me")], listing()));
    assert!(known.done.is_empty() && known.skips.is_empty());
    let theirs = told(&Shared::with(&[("web.example.org#A#", "them")], listing()));
    assert_eq!(theirs.codes(), ["foreign-owner"]);
}

#[test]
fn an_old_row_without_its_record_goes_if_nothing_speaks_for_it() {
    let service =
        Shared::with(&[], vec![row("a-gone.example.org", "me"), row("a-theirs.example.org", "them")]);
    let mut me = Instance::new(&service, with_txt(), Policy::Sync);
    assert_eq!(me.cycle(&[], &none()).done, ["-TXT a-gone.example.org"]);
    let service = Shared::with(&[], vec![row("a-gone.example.org", "me")]);
    let mut me = Instance::new(&service, settings(&["A"]), Policy::Sync);
    assert!(me.cycle(&[], &none()).done.is_empty(), "TXT records are not managed");
}

#[test]
fn a_txt_record_without_values_does_no_harm() {
    let mut empty = row("a-web.example.org", "me");
    empty.targets.clear();
    let service = Shared::with(&[], vec![record(WEB, "A", "192.0.2.1"), empty]);
    assert_eq!(
        Instance::new(&service, with_txt(), Policy::Sync).cycle(&wishes()[..1], &none()).codes(),
        ["unowned"]
    );
    assert_eq!(item("k", "").owner, None);
}

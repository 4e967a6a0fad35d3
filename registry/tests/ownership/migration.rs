//! `--migrate-from-txt-owner`, while another cluster still works under the former owner id in the same zone.

use super::{Stage, record, settings, signs};
use rstest::rstest;
use zonewright_planner::{Endpoint, Holds, Owner, Policy, Properties, Record, RecordType};
use zonewright_registry::TxtSettings;

fn wish(name: &str, record_type: &str, target: &str, resource: &str) -> Endpoint {
    Endpoint::new(name, RecordType::from_text(record_type), &[target], Properties::new())
        .unwrap()
        .with_label("resource", resource)
}

fn cluster_a() -> Vec<Endpoint> {
    vec![
        wish("web.example.org", "A", "192.0.2.1", "ingress/shop/web"),
        wish("api.example.org", "CNAME", "a.example.net", "ingress/shop/api"),
    ]
}

fn cluster_b() -> Vec<Endpoint> {
    vec![
        wish("blog.example.org", "A", "192.0.2.7", "ingress/blog/blog"),
        wish("blog.example.org", "AAAA", "2001:db8::7", "ingress/blog/blog"),
        wish("*.blog.example.org", "CNAME", "b.example.net", "ingress/blog/blog"),
    ]
}

fn of_owner(owner: &str, migrate_from: Option<&str>) -> TxtSettings {
    TxtSettings { owner: Owner::new(owner), migrate_from: migrate_from.and_then(Owner::new), ..settings() }
}

/// What two clusters made that share one owner id. (Under `sync` they would have deleted each other's records.)
fn shared_zone() -> Vec<Record> {
    let mut stage = Stage::new(of_owner("default", None), Policy::UpsertOnly, Vec::new());
    stage.cycle(&cluster_a(), &Holds::default());
    stage.cycle(&cluster_b(), &Holds::default());
    assert_eq!(stage.zone.len(), 10);
    stage.zone
}

fn text_of<'a>(zone: &'a [Record], name: &str) -> Option<&'a Record> {
    zone.iter().find(|record| record.name.as_str() == name && record.record_type == RecordType::Txt)
}

/// A's rows are rewritten though its records are as they should be; B's records and rows stay as they are, under every policy.
#[rstest]
#[case::sync(Policy::Sync)]
#[case::upsert_only(Policy::UpsertOnly)]
fn of_two_clusters_with_one_owner_id_one_can_leave(#[case] policy: Policy) {
    let before = shared_zone();
    let mut a = Stage::new(of_owner("a", Some("default")), policy, before.clone());
    let (changes, skips) = a.cycle(&cluster_a(), &Holds::default());
    let signs = signs(&changes);
    assert!(signs.iter().all(|sign| sign.starts_with('~')), "{signs:?}");
    assert_eq!(signs.iter().filter(|sign| *sign == "~TXT").count(), 2);
    let mut left: Vec<String> = skips
        .iter()
        .map(|skip| format!("{} {} {}", skip.name, skip.record_type, skip.reason.code()))
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "*.blog.example.org CNAME not-migrated",
            "blog.example.org A not-migrated",
            "blog.example.org AAAA not-migrated"
        ]
    );
    for row in ["a-web.example.org", "cname-api.example.org"] {
        assert!(text_of(&a.zone, row).unwrap().targets[0].to_string().contains("owner=a,"), "{row}");
    }
    let is_of_a =
        |record: &&Record| record.name.as_str().contains("web") || record.name.as_str().contains("api");
    for record in before.iter().filter(|record| !is_of_a(record)) {
        assert!(a.zone.contains(record), "{} is the one of B", record.name);
    }
    assert!(a.cycle(&cluster_a(), &Holds::default()).0.is_empty(), "each row is rewritten once");

    // B goes on as before, and does not touch what is A's now.
    let mut b = Stage::new(of_owner("default", None), Policy::Sync, a.zone.clone());
    assert!(b.cycle(&cluster_b(), &Holds::default()).0.is_empty());
    // Without the flag, A deletes what is its own, and B's is B's.
    let mut later = Stage::new(of_owner("a", None), Policy::Sync, a.zone);
    later.cycle(&[], &Holds::default());
    assert_eq!(later.zone.len(), 6);
}

/// What is not taken over stays ours for nobody: even an A that gives way to a wish for a CNAME.
#[rstest]
#[case::another_type("CNAME", "a.example.net")]
#[case::beside("AAAA", "2001:db8::9")]
fn a_record_that_is_asked_for_in_another_type_only_is_left_alone(
    #[case] record_type: &str,
    #[case] target: &str,
) {
    let zone = vec![
        record("web.example.org", "A", "192.0.2.1"),
        record("a-web.example.org", "TXT", "\"heritage=external-dns,external-dns/owner=default\""),
    ];
    let mut stage = Stage::new(of_owner("a", Some("default")), Policy::Sync, zone.clone());
    let wishes = [wish("web.example.org", record_type, target, "ingress/shop/web")];
    let (changes, skips) = stage.cycle(&wishes, &Holds::default());
    assert!(changes.is_empty(), "{:?}", signs(&changes));
    let codes: Vec<&str> = skips.iter().map(|skip| skip.reason.code()).collect();
    assert_eq!(codes, ["not-migrated", "foreign-owner"]);
    assert_eq!(stage.zone, zone);
}

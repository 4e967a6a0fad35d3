use super::*;
use rstest::rstest;
use zonewright_planner::{CreateReason, Properties, RecordKey, RecordType, UpdateReason, ZoneId};

fn wish(target: &[&str]) -> Endpoint {
    Endpoint::new("web.example.org", RecordType::A, target, Properties::new()).unwrap()
}

/// A record as the provider reads it from a service with this description.
fn record(description: &str, targets: &[&str]) -> Record {
    let labels = Labels::from_ownership_text(description).unwrap_or_default();
    Record { labels, ..Record::from_endpoint(ZoneId::new("ns-1"), &wish(targets)) }
}

fn registry(cleanup: bool) -> AwsSdRegistry {
    AwsSdRegistry::new(Owner::new("me").unwrap(), Owner::new("before"), cleanup)
}

/// Descriptions as ExternalDNS writes them (registry/awssd and endpoint/labels at v0.22), and what others write there.
#[rstest]
#[case("heritage=external-dns,external-dns/owner=me,external-dns/resource=service/default/web", Some("me"))]
#[case("\"heritage=external-dns,external-dns/owner=me\"", Some("me"))]
#[case("heritage=external-dns,external-dns/owner=mean", Some("mean"))]
#[case("heritage=external-dns,external-dns/owner=", None)]
#[case("heritage=other,external-dns/owner=me", None)]
#[case("external-dns/owner=me", None)]
#[case("the web shop", None)]
#[case("", None)]
fn descriptions_say_who_owns(#[case] description: &str, #[case] owner: Option<&str>) {
    let read = registry(false).read(vec![record(description, &["192.0.2.1"])]);
    assert_eq!(read.records[0].labels.owner(), owner);
    assert_eq!(read.records[0].is_owned_by(Some(registry(false).owner())), owner == Some("me"));
}

#[test]
fn what_is_written_carries_our_name_and_no_rows() {
    let new = Box::new(wish(&["192.0.2.1"]).with_label("resource", "service/default/web"));
    let create = Change::Create { new: new.clone(), reason: CreateReason::New };
    let old = Box::new(record("heritage=external-dns,external-dns/owner=me", &["192.0.2.9"]));
    let update = Change::Update { old, new, reasons: vec![UpdateReason::Targets] };
    for change in [create, update] {
        let decorated = registry(false).decorate(change);
        assert_eq!(decorated.rows, []);
        let (Change::Create { new, .. } | Change::Update { new, .. }) = decorated.change else {
            unreachable!()
        };
        // Byte for byte what ExternalDNS writes.
        assert_eq!(
            new.labels.to_ownership_text(),
            "heritage=external-dns,external-dns/owner=me,external-dns/resource=service/default/web"
        );
    }
}

#[test]
fn records_of_the_former_owner_are_taken_over() {
    let read =
        registry(false).read(vec![record("heritage=external-dns,external-dns/owner=before", &["192.0.2.1"])]);
    let record = &read.records[0];
    assert_eq!(record.ownership.migrate_from, Owner::new("before"));
    assert_eq!(record.labels.owner(), Some("me"));
}

#[rstest]
#[case::ours_to_stay("heritage=external-dns,external-dns/owner=me", false, 0, 0)]
#[case::ours_to_go("heritage=external-dns,external-dns/owner=me", true, 0, 1)]
#[case::one_letter_more("heritage=external-dns,external-dns/owner=mean", true, 1, 0)]
#[case::of_nobody("", true, 1, 0)]
fn empty_services_are_no_records_if_they_are_ours(
    #[case] description: &str,
    #[case] cleanup: bool,
    #[case] records: usize,
    #[case] leftovers: usize,
) {
    let registry = registry(cleanup);
    let read = registry.read(vec![record(description, &[])]);
    assert_eq!(read.records.len(), records);
    let left = registry.leftovers(&read.rows);
    assert_eq!(left.len(), leftovers);
    if let Some(left) = left.first() {
        let key = RecordKey { name: wish(&[]).name, record_type: RecordType::A, set_identifier: "".into() };
        assert_eq!((&left.row.key(), &left.of[0].0), (&key, &key.name));
    }
}

#[test]
fn what_no_description_could_hold_is_not_written() {
    let fits = wish(&["192.0.2.1"]).with_label("resource", "x".repeat(900));
    assert_eq!(registry(false).writable(&fits), Ok(()));
    let long = wish(&["192.0.2.1"]).with_label("resource", "x".repeat(1000));
    let why = registry(false).writable(&long).unwrap_err();
    assert!(why.contains("1024"), "{why}");
}

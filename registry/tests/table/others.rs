//! Several owners in one table, and rows that change behind our back.

use super::{Instance, RESOURCE, Shared, item, none, record, wish};
use zonewright_planner::{ManagedTypes, Owner, Policy, RecordType};
use zonewright_provider_kit::ErrorClass;
use zonewright_registry::{NonceSource, TxtSettings};

const WEB: &str = "web.example.org";
const KEY: &str = "web.example.org#A#";

fn settings(owner: &str) -> TxtSettings {
    TxtSettings::new(owner, NonceSource::from_seed([5; 32]))
}

#[test]
fn two_owners_share_a_table_and_leave_each_others_rows_alone() {
    let service = Shared::default();
    let (mut a, mut b) = (Instance::of(&service, "a"), Instance::of(&service, "b"));
    let of_a = [wish("a.example.org", "A", "192.0.2.1"), wish(WEB, "A", "192.0.2.1")];
    let of_b = [wish("b.example.org", "A", "192.0.2.2"), wish(WEB, "A", "192.0.2.2")];
    assert_eq!(a.cycle(&of_a, &none()).done.len(), 4);
    let told = b.cycle(&of_b, &none());
    assert_eq!(told.done, ["+row b.example.org#A#", "+A b.example.org"]);
    assert_eq!(told.codes(), ["foreign-owner"]);
    assert!(a.cycle(&of_a, &none()).done.is_empty());
    assert_eq!(a.cycle(&[], &none()).done.len(), 4);
    assert_eq!(service.rows(), [("b.example.org#A#".to_owned(), "b".to_owned())]);
    assert_eq!(service.zone().len(), 1);
}

#[test]
fn a_name_that_another_owner_takes_meanwhile_is_left_to_it() {
    let service = Shared::default();
    let mut me = Instance::of(&service, "me");
    me.cycle(&[], &none());
    service.0.lock().unwrap().rows.insert(KEY.to_owned(), item(KEY, "them"));
    let wishes = [wish(WEB, "A", "192.0.2.1"), wish("two.example.org", "A", "192.0.2.2")];
    let told = me.cycle(&wishes, &none());
    assert_eq!(told.done, ["+row two.example.org#A#", "+A two.example.org"]);
    assert_eq!(told.failures.len(), 1);
    assert_eq!(told.failures[0].class(), ErrorClass::Conflict);
    assert!(
        told.failures[0]
            .to_string()
            .contains("web.example.org A in table external-dns was written by somebody else")
    );
    // The failure makes the table be read again, and then it is known.
    let told = me.cycle(&wishes, &none());
    assert!(told.done.is_empty() && told.failures.is_empty());
    assert_eq!(told.codes(), ["claimed"]);
    assert_eq!(service.0.lock().unwrap().scans, 2);
}

#[test]
fn a_row_that_another_owner_takes_over_meanwhile_is_neither_changed_nor_removed() {
    for (wishes, expected) in
        [(vec![wish(WEB, "A", "192.0.2.1").with_label("resource", "crd/default/other")], 0), (vec![], 1)]
    {
        let service = Shared::with(&[(KEY, "me")], vec![record(WEB, "A", "192.0.2.1")]);
        let mut me = Instance::of(&service, "me");
        me.cycle(&[wish(WEB, "A", "192.0.2.1")], &none());
        service.0.lock().unwrap().rows.insert(KEY.to_owned(), item(KEY, "them"));
        let changed: Vec<_> =
            wishes.into_iter().map(|w| w.with_ttl(zonewright_planner::Ttl::from_seconds(300))).collect();
        let told = me.cycle(&changed, &none());
        // An update is refused; of a delete it is noticed after the record is gone.
        assert_eq!(told.done.len(), expected, "{told:?}");
        assert_eq!(service.rows(), [(KEY.to_owned(), "them".to_owned())]);
        assert!(me.cycle(&changed, &none()).done.is_empty());
    }
}

#[test]
fn a_row_that_vanishes_meanwhile_is_noticed_by_the_next_write() {
    let service = Shared::with(&[(KEY, "me")], vec![record(WEB, "A", "192.0.2.1")]);
    let mut me = Instance::of(&service, "me");
    me.cycle(&[wish(WEB, "A", "192.0.2.1")], &none());
    service.0.lock().unwrap().rows.clear();
    let changed = [wish(WEB, "A", "192.0.2.2").with_label("resource", "crd/default/other")];
    let told = me.cycle(&changed, &none());
    assert_eq!((told.done.len(), told.failures.len()), (0, 1));
    assert_eq!(me.cycle(&changed, &none()).codes(), ["unowned"]);
    assert_eq!(service.zone().len(), 1);
}

#[test]
fn labels_are_written_with_an_update_and_never_cause_one() {
    let service = Shared::with(&[(KEY, "me")], vec![record(WEB, "A", "192.0.2.1")]);
    let mut me = Instance::of(&service, "me");
    let other = |target| wish(WEB, "A", target).with_label("resource", "crd/default/other");
    assert!(me.cycle(&[other("192.0.2.1")], &none()).done.is_empty());
    assert_eq!(
        me.cycle(&[other("192.0.2.2")], &none()).done,
        ["~row web.example.org#A#", "~A web.example.org"]
    );
    assert_eq!(service.0.lock().unwrap().rows[KEY].labels.resource(), Some("crd/default/other"));
    assert_ne!(RESOURCE, "crd/default/other");
}

#[test]
fn records_of_a_former_owner_are_taken_over_where_they_are_asked_for() {
    let rows = [(KEY, "old"), ("idle.example.org#A#", "old"), ("gone.example.org#A#", "old")];
    let zone = vec![record(WEB, "A", "192.0.2.1"), record("idle.example.org", "A", "192.0.2.2")];
    let service = Shared::with(&rows, zone);
    let settings = TxtSettings { migrate_from: Owner::new("old"), ..settings("me") };
    let mut me = Instance::new(&service, settings, Policy::Sync);
    let wishes = [wish(WEB, "A", "192.0.2.1"), wish("gone.example.org", "A", "192.0.2.3")];
    let told = me.cycle(&wishes, &none());
    assert_eq!(
        told.done,
        ["~row gone.example.org#A#", "~row web.example.org#A#", "+A gone.example.org", "~A web.example.org"]
    );
    assert_eq!(told.codes(), ["not-migrated"]);
    assert!(me.cycle(&wishes, &none()).done.is_empty());
    let owners: Vec<String> = service.rows().into_iter().map(|(_, owner)| owner).collect();
    assert_eq!(owners, ["me", "old", "me"]);
}

#[test]
fn the_table_is_read_once_an_hour_and_when_it_was_forgotten() {
    let service = Shared::with(&[(KEY, "me")], vec![record(WEB, "A", "192.0.2.1")]);
    let mut me = Instance::of(&service, "me");
    for _ in 0..59 {
        me.cycle(&[wish(WEB, "A", "192.0.2.1")], &none());
    }
    assert_eq!(service.0.lock().unwrap().scans, 1);
    me.cycle(&[], &none());
    me.cycle(&[], &none());
    assert_eq!(service.0.lock().unwrap().scans, 2);
    me.registry.forget();
    me.cycle(&[], &none());
    assert_eq!(service.0.lock().unwrap().scans, 3);
}

#[test]
fn an_alias_that_an_older_version_took_for_a_cname_stays_ours() {
    let mut alias = record(WEB, "A", "lb.example.net");
    alias.properties = [("alias", "true")].into_iter().collect();
    let service = Shared::with(&[("web.example.org#CNAME#", "me")], vec![alias.clone()]);
    let mut me = Instance::of(&service, "me");
    let wishes =
        [zonewright_planner::Endpoint::new(WEB, RecordType::A, &["lb.example.net"], alias.properties)
            .unwrap()
            .with_label("resource", RESOURCE)];
    assert_eq!(me.cycle(&wishes, &none()).done, ["+row web.example.org#A#"]);
    // The older row goes once the new one is there.
    assert_eq!(me.cycle(&wishes, &none()).done, ["-row web.example.org#CNAME#"]);
    assert!(me.cycle(&wishes, &none()).done.is_empty());
    assert!(ManagedTypes::default().contains(&RecordType::A));
}

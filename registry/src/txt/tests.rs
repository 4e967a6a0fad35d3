//! What the recorded cases do not show: where upstream errs, several zones, collisions, encryption, size.

use super::*;
use crate::{Owned, Registry, Rows};
use proptest::prelude::*;
use rstest::rstest;
use std::collections::BTreeMap;
use zonewright_planner::{
    Change, CreateReason, DeleteReason, Endpoint, Hold, HoldReason, Holds, Homes, ObjectRef, Plan, PlanInput,
    Policy, Properties, Scope, Skip, SkipReason, Uid, UpdateReason, ZoneId, plan,
};
use zonewright_provider_kit::{Operation, ZoneChange};

const KEY: &str = "orchard-lantern-copper-meadow-07";

fn settings() -> TxtSettings {
    TxtSettings::new("me", NonceSource::from_seed([3; 32]))
}

fn registry(change: impl FnOnce(&mut TxtSettings)) -> Registry {
    let mut settings = settings();
    change(&mut settings);
    Registry::Txt(Box::new(TxtRegistry::new(settings).unwrap()))
}

fn plain() -> Registry {
    registry(|_| {})
}

fn in_zone(zone: &str, name: &str, record_type: &str, target: &str) -> Record {
    Record::from_text(ZoneId::new(zone), name, RecordType::from_text(record_type), &[target]).unwrap()
}

fn record(name: &str, record_type: &str, target: &str) -> Record {
    in_zone("z", name, record_type, target)
}

fn row(name: &str, owner: &str) -> Record {
    record(name, "TXT", &format!("\"heritage=external-dns,external-dns/owner={owner}\""))
}

fn wish(name: &str, record_type: &str, target: &str) -> Endpoint {
    Endpoint::new(name, RecordType::from_text(record_type), &[target], Properties::new()).unwrap()
}

/// A plan in which refused wishes hold their names, as in the daemon.
fn planned(registry: &Registry, owned: &Owned, wishes: &[Endpoint], refused: &[Endpoint]) -> Plan {
    let object = |name: &str| ObjectRef { source: "crd", kind: "DNSEndpoint", name: name.into(), ..object() };
    let holds = refused.iter().map(|wish| Hold {
        object: object(wish.name.as_str()).into(),
        name: Some(wish.name.clone()),
        set_identifier: wish.set_identifier.clone(),
        resource: None,
        reason: HoldReason::Invalid("refused".into()),
    });
    let input = PlanInput {
        desired: wishes,
        current: owned.records.iter().collect(),
        holds: &Holds::new(holds, Vec::new()),
        claims: vec![&owned.claims],
        filters: &[],
        managed: &ManagedTypes::default(),
        policy: Policy::Sync,
        owner: registry.owner(),
        scope: Scope::All,
        shared: Default::default(),
        homes: &Homes::new(),
    };
    let mut plan = plan(&input);
    plan.tidy(&input, registry.leftovers(&owned.rows));
    plan
}

/// A cycle against a zone that applies what built-in providers apply.
fn cycle(registry: &Registry, zone: &mut Vec<Record>, wishes: &[Endpoint]) -> (Vec<ZoneChange>, Vec<Skip>) {
    let owned = registry.read(zone.clone());
    let (wishes, refused): (Vec<Endpoint>, Vec<Endpoint>) =
        wishes.iter().cloned().partition(|wish| registry.keeps_clear(wish, &owned.rows).is_ok());
    let plan = planned(registry, &owned, &wishes, &refused);
    let changes = registry.decorate_all(plan.changes, &owned.rows);
    for operation in changes.iter().flat_map(ZoneChange::operations) {
        match operation {
            Operation::Create(new) => {
                let new = stored("z", new);
                assert!(!zone.iter().any(|r| r.key() == new.key()), "{} exists", new.name);
                zone.push(new);
            }
            Operation::Update(old, new) => {
                remove(zone, old);
                zone.push(stored("z", new));
            }
            Operation::Delete(old) => remove(zone, old),
        }
    }
    (changes, plan.skips)
}

fn stored(zone: &str, endpoint: &Endpoint) -> Record {
    Record { labels: Labels::new(), ..Record::from_endpoint(ZoneId::new(zone), endpoint) }
}

fn remove(zone: &mut Vec<Record>, old: &Record) {
    let before = zone.len();
    zone.retain(|r| r.key() != old.key() || r.targets != old.targets);
    assert_eq!(zone.len(), before - 1, "{} is not there", old.name);
}

fn object() -> ObjectRef {
    let none = std::sync::Arc::default;
    ObjectRef { source: "", kind: "", api_version: "", namespace: none(), name: none(), uid: Uid::default() }
}

fn names(zone: &[Record]) -> Vec<String> {
    let mut names: Vec<String> = zone.iter().map(|r| format!("{} {}", r.name, r.record_type)).collect();
    names.sort();
    names
}

fn owner_of<'a>(owned: &'a Owned, name: &str) -> Option<&'a str> {
    owned.records.iter().find(|r| r.name.as_str() == name).and_then(|r| r.labels.owner())
}

#[rstest]
#[case::no_owner(|s: &mut TxtSettings| s.owner = None, "needs an owner id")]
#[case::comma(|s: &mut TxtSettings| s.owner = Owner::new("me,too"), "contains a comma")]
#[case::both(|s: &mut TxtSettings| (s.prefix, s.suffix) = ("a".into(), "b".into()), "exclude each other")]
#[case::dots(|s: &mut TxtSettings| s.prefix = "own..".into(), "empty label")]
#[case::no_key(|s: &mut TxtSettings| s.encrypt = true, "needs a key")]
#[case::empty_key(|s: &mut TxtSettings| (s.encrypt, s.key) = (true, Some("".into())), "needs a key")]
#[case::bad_key(|s: &mut TxtSettings| s.key = Some("hunter2".into()), "neither 32 bytes nor")]
fn settings_that_cannot_work_are_refused(
    #[case] change: impl FnOnce(&mut TxtSettings),
    #[case] expected: &str,
) {
    let mut settings = settings();
    change(&mut settings);
    assert!(!format!("{settings:?}").contains("hunter2"));
    let error = TxtRegistry::new(settings).unwrap_err().to_string();
    assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
}

#[test]
fn noop_owns_everything_and_writes_no_rows() {
    let listing = vec![record("web.example.org", "A", "192.0.2.1"), row("a-web.example.org", "them")];
    let owned = Registry::Noop.read(listing.clone());
    assert_eq!(owned.records, listing);
    assert_eq!(Registry::Noop.owner(), None);
    let change = Change::delete(listing[0].clone(), DeleteReason::NoLongerWanted);
    assert!(Registry::Noop.decorate(change, &owned.rows).rows.is_empty());
}

#[test]
fn an_update_under_noop_carries_an_empty_owner() {
    let old = record("web.example.org", "A", "192.0.2.1");
    let new = Endpoint::new("web.example.org", RecordType::A, &["192.0.2.2"], Properties::new()).unwrap();
    let change = Change::update(old, new, Vec::new());
    let written = Registry::Noop.decorate(change, &Rows::default());
    let Change::Update { new, .. } = written.change else { panic!("{:?}", written.change) };
    assert_eq!(new.labels.get("owner"), Some(""));
}

#[rstest]
#[case::upper_case("Web.Example.org", "A-Web.Example.ORG")]
#[case::trailing_dot("web.example.org.", "a-web.example.org")]
fn spelling_costs_no_ownership(#[case] name: &str, #[case] row_name: &str) {
    let owned = plain().read(vec![record(name, "A", "192.0.2.1"), row(row_name, "me")]);
    assert_eq!(owner_of(&owned, "web.example.org"), Some("me"));
    assert!(!owned.records[0].ownership.row_missing);
}

#[test]
fn a_row_written_for_a_name_in_unicode_is_known_and_written_anew() {
    let owned =
        plain().read(vec![record("brød.example.org", "A", "192.0.2.1"), row("a-brød.example.org", "me")]);
    assert_eq!(owned.records[0].labels.owner(), Some("me"));
    assert!(owned.records[0].ownership.row_missing);
}

#[test]
fn a_host_may_be_called_like_a_type_that_is_not_managed() {
    let mut zone = vec![record("mx-1.example.org", "A", "192.0.2.1"), row("mx-1.example.org", "me")];
    let (changes, _) = cycle(&plain(), &mut zone, &[wish("mx-1.example.org", "A", "192.0.2.2")]);
    assert_eq!(changes.len(), 1);
    assert!(names(&zone).contains(&"a-mx-1.example.org TXT".to_owned()), "{zone:?}");
}

#[rstest]
#[case::its_record_exists(&[("foo.example.org", "192.0.2.1"), ("a-foo.example.org", "192.0.2.2")])]
#[case::its_record_is_gone(&[("a-foo.example.org", "192.0.2.2")])]
fn a_typed_row_is_never_taken_for_the_untyped_row_of_a_host_of_that_name(#[case] hosts: &[(&str, &str)]) {
    let mut listing: Vec<Record> = hosts.iter().map(|(name, ip)| record(name, "A", ip)).collect();
    listing.push(row("a-foo.example.org", "me"));
    let owned = plain().read(listing);
    assert_eq!(owner_of(&owned, "a-foo.example.org"), None);
    assert_eq!(owner_of(&owned, "foo.example.org").is_some(), hosts.len() == 2);
}

#[test]
fn an_aaaa_record_has_no_untyped_row() {
    let owned =
        plain().read(vec![record("web.example.org", "AAAA", "2001:db8::1"), row("web.example.org", "me")]);
    assert_eq!(owner_of(&owned, "web.example.org"), None);
}

#[test]
fn a_placeholder_without_separator_keeps_ownership() {
    let registry = registry(|s| s.prefix = "%{record_type}".into());
    let mut zone = Vec::new();
    let wishes = [wish("web.example.org", "AAAA", "2001:db8::1")];
    cycle(&registry, &mut zone, &wishes);
    assert_eq!(names(&zone), ["aaaaweb.example.org TXT", "web.example.org AAAA"]);
    assert!(cycle(&registry, &mut zone, &wishes).0.is_empty());
    cycle(&registry, &mut zone, &[]);
    assert!(zone.is_empty());
}

#[test]
fn a_prefix_may_gain_a_placeholder() {
    let owned = registry(|s| s.prefix = "%{record_type}own.".into())
        .read(vec![record("web.example.org", "A", "192.0.2.1"), row("own.a-web.example.org", "me")]);
    assert_eq!(owner_of(&owned, "web.example.org"), Some("me"));
    assert!(owned.records[0].ownership.row_missing);
}

#[test]
fn a_left_over_row_of_another_owner_holds_the_name() {
    let mut zone = vec![row("a-web.example.org", "them")];
    let (changes, skips) = cycle(&plain(), &mut zone, &[wish("web.example.org", "A", "192.0.2.1")]);
    assert!(changes.is_empty());
    assert_eq!(skips[0].reason, SkipReason::Claimed { owner: Owner::new("them").unwrap() });
}

#[test]
fn a_row_that_names_nobody_is_replaced_when_its_record_is_created() {
    let registry = plain();
    let mut zone = vec![record("a-web.example.org", "TXT", "\"heritage=external-dns\"")];
    let wishes = [wish("web.example.org", "A", "192.0.2.1")];
    cycle(&registry, &mut zone, &wishes);
    assert_eq!(owner_of(&registry.read(zone.clone()), "web.example.org"), Some("me"));
    assert_eq!(zone.len(), 2);
    assert!(cycle(&registry, &mut zone, &wishes).0.is_empty());
}

#[test]
fn the_replaced_wildcard_and_the_host_of_that_name_share_a_row_until_both_are_gone() {
    let registry = registry(|s| s.wildcard_replacement = "any".into());
    let both = [wish("*.example.org", "A", "192.0.2.1"), wish("any.example.org", "A", "192.0.2.2")];
    let mut zone = Vec::new();
    cycle(&registry, &mut zone, &both);
    assert_eq!(names(&zone), ["*.example.org A", "a-any.example.org TXT", "any.example.org A"]);
    assert!(cycle(&registry, &mut zone, &both).0.is_empty());
    cycle(&registry, &mut zone, &both[1..]);
    assert_eq!(names(&zone), ["a-any.example.org TXT", "any.example.org A"]);
    cycle(&registry, &mut zone, &both);
    assert_eq!(zone.len(), 3);
    let changed = [wish("*.example.org", "A", "192.0.2.3"), wish("any.example.org", "A", "192.0.2.4")];
    cycle(&registry, &mut zone, &changed.map(|w| w.with_label("resource", "crd/x/y")));
    assert_eq!(zone.len(), 3);
    cycle(&registry, &mut zone, &[]);
    assert!(zone.is_empty(), "{zone:?}");
}

#[test]
fn a_shared_row_makes_no_record_ours_that_was_not() {
    let registry = registry(|s| s.wildcard_replacement = "any".into());
    let mut zone = vec![record("*.example.org", "A", "192.0.2.1")];
    let (changes, _) = cycle(&registry, &mut zone, &[wish("any.example.org", "A", "192.0.2.2")]);
    assert!(changes.is_empty());
}

#[test]
fn a_row_of_another_owner_that_we_would_share_holds_the_name() {
    let registry = registry(|s| s.wildcard_replacement = "any".into());
    let mut zone = vec![record("any.example.org", "A", "192.0.2.1"), row("a-any.example.org", "them")];
    let (changes, skips) = cycle(&registry, &mut zone, &[wish("*.example.org", "A", "192.0.2.2")]);
    assert!(changes.is_empty());
    assert_eq!(skips[0].reason.code(), "claimed");
}

#[rstest]
#[case::no_room("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg.example.org", "A", false)]
#[case::just_fits("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg.example.org", "A", true)]
#[case::not_ours_to_say(
    "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgg.example.org",
    "TXT",
    true
)]
fn a_name_needs_room_for_its_row(#[case] name: &str, #[case] record_type: &str, #[case] fits: bool) {
    let result = plain().writable(&wish(name, record_type, "192.0.2.1"));
    assert_eq!(result.is_ok(), fits);
    if let Err(why) = result {
        assert!(why.contains("64 octets") && why.contains("--txt-prefix"), "{why}");
    }
}

#[test]
fn wishes_keep_clear_of_rows_and_rows_of_texts() {
    let managed = || ManagedTypes::new([RecordType::A, RecordType::Txt], &[]);
    let registry = registry(|s| s.managed = managed());
    let listing = vec![
        record("web.example.org", "A", "192.0.2.1"),
        row("a-web.example.org", "me"),
        record("a-two.example.org", "TXT", "\"v=spf1 -all\""),
    ];
    let owned = registry.read(listing);
    let clear = |wish: Endpoint| registry.keeps_clear(&wish, &owned.rows);
    assert!(
        clear(wish("a-web.example.org", "TXT", "hello"))
            .unwrap_err()
            .contains("ownership record has this name")
    );
    assert!(clear(wish("two.example.org", "A", "192.0.2.2")).unwrap_err().contains("a-two.example.org"));
    assert!(clear(wish("web.example.org", "A", "192.0.2.2")).is_ok());
    assert!(clear(wish("a-two.example.org", "TXT", "hello")).is_ok());
    let forged = wish("x.example.org", "TXT", "\"heritage=external-dns,external-dns/owner=me\"");
    assert!(registry.writable(&forged).unwrap_err().contains("ownership record"));
}

#[test]
fn only_what_is_not_yet_migrated_is_rewritten_and_only_once() {
    let registry = registry(|s| s.migrate_from = Owner::new("old"));
    let mut zone = vec![
        record("web.example.org", "A", "192.0.2.1"),
        row("a-web.example.org", "old"),
        record("two.example.org", "A", "192.0.2.2"),
        row("a-two.example.org", "me"),
        record("three.example.org", "A", "192.0.2.3"),
        row("a-three.example.org", "them"),
    ];
    let wishes = [
        wish("web.example.org", "A", "192.0.2.1"),
        wish("two.example.org", "A", "192.0.2.2"),
        wish("three.example.org", "A", "192.0.2.3"),
    ];
    let (changes, _) = cycle(&registry, &mut zone, &wishes);
    let [ZoneChange { change: Change::Update { old, reasons, .. }, .. }] = changes.as_slice() else {
        panic!("{changes:?}");
    };
    assert_eq!(old.name.as_str(), "web.example.org");
    assert_eq!(*reasons, [UpdateReason::OwnerMigration(Owner::new("old").unwrap())]);
    assert!(cycle(&registry, &mut zone, &wishes).0.is_empty());
    let owned = plain().read(zone);
    assert_eq!(owner_of(&owned, "web.example.org"), Some("me"));
    assert_eq!(owner_of(&owned, "three.example.org"), Some("them"));
}

#[test]
fn each_of_two_zones_of_one_name_has_its_own_rows() {
    let mut listing = vec![
        in_zone("public", "web.example.org", "A", "192.0.2.1"),
        in_zone("private", "web.example.org", "A", "10.0.0.1"),
        in_zone("public", "a-web.example.org", "TXT", "\"heritage=external-dns,external-dns/owner=me\""),
    ];
    let owned = plain().read(listing.clone());
    assert_eq!(owned.records[0].labels.owner(), Some("me"));
    assert_eq!(owned.records[1].labels.owner(), None);
    listing.push(in_zone(
        "private",
        "a-web.example.org",
        "TXT",
        "\"heritage=external-dns,external-dns/owner=them\"",
    ));
    let owned = plain().read(listing);
    assert_eq!(owned.records[1].labels.owner(), Some("them"));
    assert_eq!(owned.records[0].labels.owner(), Some("me"));
    let change = Change::delete(owned.records[0].clone(), DeleteReason::NoLongerWanted);
    let change = plain().decorate(change, &owned.rows);
    assert_eq!(change.rows[0].read.as_ref().unwrap().zone.as_str(), "public");
}

#[test]
fn the_row_of_an_apex_may_stand_in_the_parent_zone_and_is_left_there() {
    let listing = vec![
        in_zone("child", "k8s.example.org", "A", "192.0.2.1"),
        in_zone("parent", "a-k8s.example.org", "TXT", "\"heritage=external-dns,external-dns/owner=me\""),
    ];
    let owned = plain().read(listing);
    assert_eq!(owned.records[0].labels.owner(), Some("me"));
    let change = Change::delete(owned.records[0].clone(), DeleteReason::NoLongerWanted);
    assert_eq!(plain().decorate(change, &owned.rows).operations().len(), 1);
}

#[test]
fn encrypted_rows_get_a_new_nonce_with_every_write_and_are_read_back() {
    let registry = registry(|s| (s.encrypt, s.key) = (true, Some(KEY.into())));
    let mut zone = Vec::new();
    let nonce = |changes: &[ZoneChange]| match &changes[0].change {
        Change::Create { new, .. } | Change::Update { new, .. } => {
            new.labels.get(payload::NONCE).unwrap().to_owned()
        }
        Change::Delete { old, .. } => old.labels.get(payload::NONCE).unwrap().to_owned(),
    };
    let foreign_nonce =
        wish("web.example.org", "A", "192.0.2.1").with_label(payload::NONCE, "AAAAAAAAAAAAAAAA");
    let (created, _) = cycle(&registry, &mut zone, &[foreign_nonce]);
    assert!(!format!("{zone:?}").contains("heritage"));
    let (updated, _) = cycle(&registry, &mut zone, &[wish("web.example.org", "A", "192.0.2.2")]);
    assert_ne!(nonce(&created), nonce(&updated));
    assert_ne!(nonce(&created), "AAAAAAAAAAAAAAAA");
    let row = &updated[0].rows[0];
    assert_eq!(row.read.as_ref().unwrap().targets, row.expected.as_ref().unwrap().targets);
    let (deleted, _) = cycle(&registry, &mut zone, &[]);
    assert_eq!(nonce(&updated), nonce(&deleted));
    assert!(zone.is_empty());
}

#[test]
fn a_label_that_would_forge_others_is_dropped() {
    let new = wish("web.example.org", "A", "192.0.2.1").with_label("note", "x,external-dns/owner=evil");
    let change = plain().decorate(Change::create(new, CreateReason::New), &crate::Rows::default());
    let row = change.rows[0].write.as_ref().unwrap();
    assert_eq!(row.targets[0].to_string(), "\"heritage=external-dns,external-dns/owner=me\"");
}

fn is_delete_of_text(operation: &Operation<'_>) -> bool {
    matches!(operation, Operation::Delete(old) if old.record_type == RecordType::Txt)
}

/// Names, types, owners and set identifiers of a small world, so that they meet often.
fn listings() -> impl Strategy<Value = Vec<Record>> {
    let name = prop::sample::select(vec![
        "web",
        "a-web",
        "cname-web",
        "*",
        "any",
        "two",
        "a-any",
        "a-a-web",
        "aweb",
        "aany",
        "own.web",
        "a-own.web",
        "own.a-web",
    ]);
    let entry = (
        name,
        0..4usize,
        prop::sample::select(vec!["me", "them", "old"]),
        prop::sample::select(vec!["", "eu"]),
    );
    prop::collection::vec(entry, 0..12).prop_map(|entries| {
        let mut records = BTreeMap::new();
        for (name, kind, owner, set_identifier) in entries {
            let name = format!("{name}.example.org");
            let mut record = match kind {
                0 => record(&name, "A", "192.0.2.1"),
                1 => record(&name, "CNAME", "lb.example.net"),
                _ => row(&name, owner),
            };
            record.set_identifier = set_identifier.into();
            records.insert(record.key(), record);
        }
        records.into_values().collect()
    })
}

proptest! {
    /// Whatever stands in the zone: nothing of others is touched, no operation fails, and the second cycle has nothing to do.
    #[test]
    fn cycles_settle_and_leave_others_alone(
        listing in listings(),
        wanted in prop::collection::btree_set((prop::sample::select(vec!["web", "a-web", "*", "any", "two"]), 0..2usize), 0..5),
        wildcard in prop::sample::select(vec!["", "any"]),
        prefix in prop::sample::select(vec!["", "%{record_type}", "%{record_type}-", "own."]),
        former in prop::collection::vec(prop::sample::select(vec!["", "own.", "%{record_type}-own.", "%{record_type}"]), 0..3),
        prune in any::<bool>(),
    ) {
        let registry = registry(|s| {
            s.migrate_from = Owner::new("old");
            (s.prefix, s.wildcard_replacement) = (prefix.to_owned(), wildcard.to_owned());
            (s.former_prefixes, s.prune_former) = (former.iter().map(|f| (*f).to_owned()).collect(), prune);
        });
        let wishes: Vec<Endpoint> = wanted.iter().map(|(name, kind)| match kind {
            0 => wish(&format!("{name}.example.org"), "A", "192.0.2.9"),
            _ => wish(&format!("{name}.example.org"), "CNAME", "other.example.net"),
        }).collect();
        let before = registry.read(listing.clone());
        let mut zone = listing.clone();
        cycle(&registry, &mut zone, &wishes);
        let (changes, _) = cycle(&registry, &mut zone, &wishes);
        let is_migrating = before.records.iter().any(|record| record.ownership.migrate_from.is_some());
        if prune || is_migrating {
            // A former row may wait until today's was read, and a record for the row that it will share to be taken over.
            let is_expected = |change: &ZoneChange| match &change.change {
                Change::Create { .. } => is_migrating,
                _ => prune && change.operations().iter().all(is_delete_of_text),
            };
            prop_assert!(changes.iter().all(is_expected), "{changes:?}");
            cycle(&registry, &mut zone, &wishes);
            let (changes, _) = cycle(&registry, &mut zone, &wishes);
            prop_assert!(changes.is_empty(), "{changes:?}");
        } else {
            prop_assert!(changes.is_empty(), "{changes:?}");
        }
        let is_wanted = |r: &Record| wishes.iter().any(|w| w.name == r.name && w.record_type == r.record_type);
        let is_left = |r: &&Record| r.ownership.migrate_from.is_some() && !is_wanted(r);
        for record in before.records.iter().filter(|r| r.labels.owner() != Some("me") || is_left(r)) {
            prop_assert!(zone.iter().any(|r| r.key() == record.key() && r.targets == record.targets), "{record:?}");
        }
        let foreign = |r: &&Record| r.targets.iter().any(|t| t.to_string().contains("owner=them"));
        for row in listing.iter().filter(foreign) {
            prop_assert!(zone.contains(row), "{row:?}");
        }
    }

    /// What is remembered after a write is what a new listing would tell.
    #[test]
    fn remembered_rows_are_those_of_a_new_listing(
        listing in listings(),
        wanted in prop::collection::btree_set(prop::sample::select(vec!["web", "a-web", "*", "any", "two"]), 0..5),
        wildcard in prop::sample::select(vec!["", "any"]),
    ) {
        let registry = registry(|s| s.wildcard_replacement = wildcard.to_owned());
        let wishes: Vec<Endpoint> = wanted.iter().map(|name| wish(&format!("{name}.example.org"), "A", "192.0.2.9")).collect();
        let mut zone = listing.clone();
        let mut rows = registry.read(listing).rows;
        let (changes, _) = cycle(&registry, &mut zone, &wishes);
        changes.iter().for_each(|change| rows.applied(change));
        let listed = registry.read(zone);
        prop_assert_eq!(rows.len(), listed.rows.len());
        prop_assert_eq!(registry.leftovers(&rows), registry.leftovers(&listed.rows));
        for record in listed.records.iter().filter(|r| r.labels.owner() == Some("me")) {
            let delete = || Change::delete(record.clone(), DeleteReason::NoLongerWanted);
            prop_assert_eq!(registry.decorate(delete(), &rows), registry.decorate(delete(), &listed.rows));
        }
    }
}

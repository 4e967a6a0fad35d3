//! Rows of ours without a record: what speaks for them, and what does not. A row that is deleted wrongly makes a record an orphan
//! for ever, so the list of what keeps it is long.

use super::{Stage, record, settings, signs};
use rstest::rstest;
use zonewright_planner::{
    DnsName, DomainFilter, Endpoint, Hold, HoldReason, Holds, Homes, Incomplete, ManagedTypes, ObjectRef,
    Owner, PlanInput, Policy, Properties, Record, RecordType, Scope, Uid, plan,
};
use zonewright_registry::TxtSettings;

fn row(name: &str, owner: &str, resource: &str) -> Record {
    let resource =
        if resource.is_empty() { String::new() } else { format!(",external-dns/resource={resource}") };
    record(name, "TXT", &format!("\"heritage=external-dns,external-dns/owner={owner}{resource}\""))
}

fn ours(name: &str) -> Record {
    row(name, "me", "ingress/shop/gone")
}

fn a(name: &str) -> Record {
    record(name, "A", "192.0.2.1")
}

fn wish(name: &str, record_type: &str, target: &str) -> Endpoint {
    Endpoint::new(name, RecordType::from_text(record_type), &[target], Properties::new()).unwrap()
}

/// The names of rows that a cycle deletes; a second cycle deletes none.
fn tidied(settings: TxtSettings, zone: Vec<Record>, wishes: &[Endpoint], holds: &Holds) -> Vec<String> {
    let before = zone.clone();
    let mut stage = Stage::new(settings, Policy::Sync, zone);
    stage.cycle(wishes, holds);
    let (again, _) = stage.cycle(wishes, holds);
    assert!(again.is_empty(), "a second cycle sends {:?}", signs(&again));
    let is_row = |record: &&Record| record.targets.iter().any(|t| t.to_string().contains("heritage="));
    let mut gone: Vec<String> = before
        .iter()
        .filter(is_row)
        .filter(|row| !stage.zone.iter().any(|left| left.key() == row.key()))
        .map(|row| row.name.to_string())
        .collect();
    gone.sort();
    gone
}

#[test]
fn every_row_of_a_name_that_nobody_uses_goes() {
    let zone = vec![ours("a-web.example.org"), ours("aaaa-web.example.org"), ours("cname-*.example.org")];
    assert_eq!(tidied(settings(), zone.clone(), &[], &Holds::default()).len(), zone.len());
}

#[rstest]
#[case::of_another_owner(row("a-web.example.org", "them", ""))]
#[case::of_nobody(record("a-web.example.org", "TXT", "\"heritage=external-dns\""))]
#[case::of_an_unmanaged_type(ours("mx-web.example.org"))]
#[case::in_an_older_form(ours("web.example.org"))]
#[case::of_another_prefix(ours("own.a-web.example.org"))]
#[case::no_row_at_all(record("a-web.example.org", "TXT", "\"v=spf1 -all\""))]
fn what_is_not_certainly_ours_stays(#[case] row: Record) {
    assert!(tidied(settings(), vec![row], &[], &Holds::default()).is_empty());
}

#[test]
fn rows_of_the_owner_we_take_over_from_stay() {
    let settings = TxtSettings { migrate_from: Owner::new("old"), ..settings() };
    let zone = vec![row("a-web.example.org", "old", ""), row("a-two.example.org", "me", "")];
    assert_eq!(tidied(settings, zone, &[], &Holds::default()), ["a-two.example.org"]);
}

/// A record that will stand at the name keeps the rows of all its types: the next change of type may need them.
#[rstest]
#[case::another_type_stands_there(Some(record("web.example.org", "CNAME", "lb.example.net")), None)]
#[case::an_unmanaged_type_stands_there(Some(record("web.example.org", "MX", "10 mx.example.net")), None)]
#[case::another_type_is_wanted(None, Some(wish("web.example.org", "CNAME", "lb.example.net")))]
#[case::a_set_is_wanted(None, Some(wish("web.example.org", "A", "192.0.2.1").with_set_identifier("eu")))]
#[case::an_unmanaged_type_is_wanted(None, Some(wish("web.example.org", "MX", "10 mx.example.net")))]
fn a_name_in_use_keeps_its_rows(#[case] exists: Option<Record>, #[case] wish: Option<Endpoint>) {
    let zone = exists.into_iter().chain([ours("aaaa-web.example.org")]).collect();
    let wishes: Vec<Endpoint> = wish.into_iter().collect();
    assert!(tidied(settings(), zone, &wishes, &Holds::default()).is_empty());
}

/// The state from which the clean-up proposed for ExternalDNS (pull request 6688) lost live owners: a CNAME with the rows of
/// three types that is to become an A.
#[test]
fn a_change_of_type_among_left_over_rows_keeps_the_new_owner() {
    let zone = vec![
        record("web.example.org", "CNAME", "lb.example.net"),
        ours("cname-web.example.org"),
        ours("a-web.example.org"),
        ours("aaaa-web.example.org"),
    ];
    let wishes = [wish("web.example.org", "A", "192.0.2.1").with_label("resource", "ingress/shop/web")];
    let mut stage = Stage::new(settings(), Policy::Sync, zone);
    let (changes, _) = stage.cycle(&wishes, &Holds::default());
    assert_eq!(signs(&changes), ["-CNAME", "-TXT", "+A"]);
    let mut owned = stage.registry.read(stage.zone.clone()).records;
    assert_eq!(owned.remove(0).labels.owner(), Some("me"));
    assert!(stage.cycle(&wishes, &Holds::default()).0.is_empty());
    // With the name goes everything that it ever left behind.
    stage.cycle(&[], &Holds::default());
    assert!(stage.zone.is_empty(), "{:?}", stage.zone);
}

#[test]
fn the_row_that_an_alias_used_goes_with_it() {
    let mut alias = a("web.example.org");
    alias.properties.set("alias", "true");
    let zone = vec![alias, ours("cname-web.example.org")];
    assert_eq!(tidied(settings(), zone, &[], &Holds::default()), ["cname-web.example.org"]);
}

/// An object that still has records may still want this one: its source may be half-way, or the row may be the one of another of
/// its records under an earlier prefix.
#[rstest]
#[case::it_still_has_records("ingress/shop/web", false)]
#[case::it_has_none("ingress/shop/gone", true)]
fn an_object_with_records_keeps_its_rows(#[case] resource: &str, #[case] goes: bool) {
    let zone = vec![
        a("web.example.org"),
        row("a-web.example.org", "me", "ingress/shop/web"),
        row("a-two.example.org", "me", resource),
    ];
    let wishes = [wish("web.example.org", "A", "192.0.2.1").with_label("resource", "ingress/shop/web")];
    assert_eq!(!tidied(settings(), zone, &wishes, &Holds::default()).is_empty(), goes);
}

/// After a prefix, suffix or wildcard replacement was taken away, or for an instance without one: the rows of live records look
/// like those of names that never were.
#[rstest]
#[case::template("web.example.org", "a-own.web.example.org", false)]
#[case::suffix("web.example.org", "a-web-own.example.org", false)]
#[case::dotted_suffix("web.example.org", "a-web.own.example.org", false)]
#[case::wildcard("*.example.org", "a-any.example.org", false)]
#[case::untyped("a-web.example.org", "a-web.example.org", false)]
#[case::apex("example.org", "a-own.example.org", false)]
#[case::of_something_else("mail.example.org", "a-web.example.org", true)]
fn a_record_without_a_row_keeps_the_row_that_it_may_have_had(
    #[case] name: &str,
    #[case] row: &str,
    #[case] goes: bool,
) {
    let zone = vec![a(name), ours(row)];
    assert_eq!(!tidied(settings(), zone, &[], &Holds::default()).is_empty(), goes);
}

#[rstest]
#[case::its_source("ingress/", "ingress/shop/gone", false)]
#[case::another_source("service/", "ingress/shop/gone", true)]
#[case::nobody_knows_whose("service/", "", false)]
fn an_incomplete_source_keeps_its_rows(#[case] prefix: &str, #[case] resource: &str, #[case] goes: bool) {
    let source = Incomplete {
        source: "ingress".to_owned(),
        resource_prefixes: vec![prefix.to_owned()],
        reason: "away".to_owned(),
    };
    let holds = Holds::new([], vec![source]);
    let zone = vec![row("a-web.example.org", "me", resource)];
    assert_eq!(!tidied(settings(), zone, &[], &holds).is_empty(), goes);
}

/// A PTR record stays while a name that it points at is held. Its row does not say where it points.
#[rstest]
#[case::something_is_held(true, false)]
#[case::nothing_is_held(false, true)]
fn rows_of_ptr_records_wait_for_every_hold(#[case] held: bool, #[case] goes: bool) {
    let settings =
        TxtSettings { managed: ManagedTypes::new([RecordType::A, RecordType::Ptr], &[]), ..settings() };
    let hold = || {
        let none = std::sync::Arc::default;
        let (source, kind, api_version) = ("ingress", "Ingress", "");
        let object =
            ObjectRef { source, kind, api_version, namespace: none(), name: none(), uid: Uid::default() };
        Hold {
            object: object.into(),
            name: DnsName::parse("web.example.org").ok(),
            set_identifier: none(),
            resource: None,
            reason: HoldReason::NoTarget,
        }
    };
    let holds = Holds::new(held.then(hold), Vec::new());
    let zone = vec![ours("ptr-7.2.0.192.in-addr.arpa")];
    assert_eq!(!tidied(settings, zone, &[], &holds).is_empty(), goes);
}

/// With a replaced wildcard a row may be that of two names; with a placeholder that nothing ends, of two types.
#[rstest]
#[case::wildcard("", "any", "a-any.example.org", "*.example.org")]
#[case::its_host("", "any", "a-any.example.org", "any.example.org")]
#[case::placeholder("%{record_type}", "", "aaaaweb.example.org", "aaaweb.example.org")]
fn every_name_that_a_row_may_be_of_counts(
    #[case] prefix: &str,
    #[case] wildcard: &str,
    #[case] row: &str,
    #[case] wanted: &str,
) {
    let settings =
        || TxtSettings { prefix: prefix.to_owned(), wildcard_replacement: wildcard.to_owned(), ..settings() };
    let wishes = [wish(wanted, "CNAME", "lb.example.net")];
    assert!(tidied(settings(), vec![ours(row)], &wishes, &Holds::default()).is_empty());
    assert_eq!(tidied(settings(), vec![ours(row)], &[], &Holds::default()), [row]);
}

#[rstest]
#[case::everything(Scope::All, DomainFilter::All, 1)]
#[case::some_names(Scope::Names(&std::collections::BTreeSet::new()), DomainFilter::All, 0)]
#[case::out_of_reach(Scope::All, DomainFilter::from_suffixes(&["other.org"], &[]).unwrap(), 0)]
fn only_a_full_plan_tidies_and_only_within_reach(
    #[case] scope: Scope<'_>,
    #[case] filter: DomainFilter,
    #[case] changes: usize,
) {
    let stage = Stage::new(settings(), Policy::Sync, vec![ours("a-web.example.org")]);
    let owned = stage.registry.read(stage.zone.clone());
    let input = PlanInput {
        desired: &[],
        current: Vec::new(),
        holds: &Holds::default(),
        claims: Vec::new(),
        filters: &[filter],
        managed: &ManagedTypes::default(),
        policy: Policy::Sync,
        owner: stage.registry.owner(),
        scope,
        shared: Default::default(),
        homes: &Homes::new(),
    };
    let mut plan = plan(&input);
    plan.tidy(&input, stage.registry.leftovers(&owned.rows));
    assert_eq!(plan.changes.len(), changes);
}

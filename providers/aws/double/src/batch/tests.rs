//! One test per rule, each with a change that keeps it and one that breaks it.

use super::*;
use crate::record::{GeoLocation, GeoProximity};

const ELB_ZONE: &str = "Z35SXDOTRQ7X7K";
const ELB: &str = "lb-1.us-east-1.elb.amazonaws.com";

fn zone(seeds: &[RecordSet]) -> Zone {
    let mut zone = Zone {
        id: "ZONE".to_owned(),
        account: "1".to_owned(),
        name: Name::parse("example.com").unwrap(),
        private: false,
        comment: None,
        caller_reference: String::new(),
        networks: Vec::new(),
        name_servers: vec!["ns-1.awsdns-00.com".to_owned()],
        tags: Default::default(),
        records: Default::default(),
        busy: false,
    };
    zone.add_own_records();
    for seed in seeds {
        let set = wire::normalised(seed.clone()).unwrap();
        zone.records.insert(Key::of(&Name::parse(&set.name).unwrap(), &set), set);
    }
    zone
}

fn run(zone: &mut Zone, changes: &[(Action, RecordSet)]) -> Result<(), ApiError> {
    let alias_zones = AliasZones::default();
    let health_checks = BTreeSet::from(["hc-1".to_owned()]);
    let refused = BTreeMap::from([(Name::parse("cursed.example.com").unwrap(), "not this one".to_owned())]);
    let around = Surroundings { alias_zones: &alias_zones, health_checks: &health_checks, refused: &refused };
    let changes = changes.iter().map(|(action, set)| Change { action: *action, set: set.clone() });
    apply(zone, changes.collect(), &around)
}

fn accepted(seeds: &[RecordSet], changes: &[(Action, RecordSet)]) {
    if let Err(error) = run(&mut zone(seeds), changes) {
        panic!("{changes:?}: {error:?}");
    }
}

/// Refuses with this code and message, and leaves the zone as it was.
fn refused(seeds: &[RecordSet], changes: &[(Action, RecordSet)], code: &str, message: &str) {
    let mut zone = zone(seeds);
    let before = zone.records.clone();
    match run(&mut zone, changes) {
        Ok(()) => panic!("{changes:?} should be refused with: {message}"),
        Err(error) => {
            assert_eq!(error.code, code, "{}", error.message);
            assert!(error.message.contains(message), "{}\nshould contain\n{message}", error.message);
        }
    }
    assert_eq!(zone.records, before, "nothing may be left of a refused batch");
}

fn invalid_batch(seeds: &[RecordSet], changes: &[(Action, RecordSet)], message: &str) {
    refused(seeds, changes, "InvalidChangeBatch", message);
}

fn invalid_input(set: RecordSet, message: &str) {
    for action in [Create, Upsert, Delete] {
        refused(&[], &[(action, set.clone())], "InvalidInput", message);
    }
}

use Action::{Create, Delete, Upsert};

fn a(name: &str) -> RecordSet {
    RecordSet::new(name, "A", 300, &["192.0.2.1"])
}

fn cname(name: &str) -> RecordSet {
    RecordSet::new(name, "CNAME", 300, &["target.example.net"])
}

fn txt(name: &str) -> RecordSet {
    RecordSet::new(name, "TXT", 300, &["\"text\""])
}

fn elb(name: &str) -> RecordSet {
    RecordSet::alias(name, "A", ELB_ZONE, ELB)
}

fn in_place(identifier: &str, geo: GeoLocation) -> RecordSet {
    RecordSet { set_identifier: Some(identifier.into()), geo_location: Some(geo), ..a("a.example.com") }
}

fn continent(code: &str) -> GeoLocation {
    GeoLocation { continent: Some(code.into()), ..GeoLocation::default() }
}

fn country(code: &str) -> GeoLocation {
    GeoLocation { country: Some(code.into()), ..GeoLocation::default() }
}

fn near(identifier: &str, place: GeoProximity) -> RecordSet {
    RecordSet { set_identifier: Some(identifier.into()), geo_proximity: Some(place), ..a("a.example.com") }
}

fn region(name: &str) -> GeoProximity {
    GeoProximity { region: Some(name.into()), ..GeoProximity::default() }
}

fn failover(identifier: &str, role: &str) -> RecordSet {
    RecordSet { set_identifier: Some(identifier.into()), failover: Some(role.into()), ..a("a.example.com") }
}

fn multi_value(identifier: &str) -> RecordSet {
    RecordSet { set_identifier: Some(identifier.into()), multi_value: true, ..a("a.example.com") }
}

#[test]
fn create_needs_a_free_place() {
    accepted(&[], &[(Create, a("a.example.com"))]);
    accepted(&[a("b.example.com")], &[(Create, a("a.example.com"))]);
    let exists =
        "Tried to create resource record set [name='a.example.com.', type='A'] but it already exists";
    invalid_batch(&[a("a.example.com")], &[(Create, a("A.example.com."))], exists);
    let weighted = a("a.example.com").weighted("one", 1);
    invalid_batch(
        std::slice::from_ref(&weighted),
        &[(Create, weighted.clone())],
        "[name='a.example.com.', type='A', set-identifier='one'] but it already exists",
    );
    accepted(&[weighted], &[(Create, a("a.example.com").weighted("two", 1))]);
}

#[test]
fn delete_needs_the_very_same_record_set() {
    let set = RecordSet { health_check: Some("hc-1".into()), ..a("a.example.com").weighted("one", 1) };
    let values = vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()];
    let set = RecordSet { values: values.clone(), ..set };
    let mismatch = "but the values provided do not match the current values";
    accepted(std::slice::from_ref(&set), &[(Delete, set.clone())]);
    let reversed = values.iter().rev().cloned().collect();
    accepted(std::slice::from_ref(&set), &[(Delete, RecordSet { values: reversed, ..set.clone() })]);
    for other in [
        RecordSet { ttl: Some(301), ..set.clone() },
        RecordSet { weight: Some(2), ..set.clone() },
        RecordSet { health_check: None, ..set.clone() },
        RecordSet { values: vec!["192.0.2.1".to_owned()], ..set.clone() },
        RecordSet { weight: None, region: Some("us-east-1".into()), ..set.clone() },
    ] {
        invalid_batch(std::slice::from_ref(&set), &[(Delete, other)], mismatch);
    }
    let alias = elb("a.example.com");
    accepted(std::slice::from_ref(&alias), &[(Delete, alias.clone())]);
    let target = alias.alias.clone().unwrap();
    for other in [
        Alias { evaluate_target_health: false, ..target.clone() },
        Alias { zone: "ZOTHER".into(), ..target.clone() },
        Alias { name: "lb-2.us-east-1.elb.amazonaws.com".into(), ..target },
    ] {
        let other = RecordSet { alias: Some(other), ..alias.clone() };
        invalid_batch(std::slice::from_ref(&alias), &[(Delete, other)], mismatch);
    }
}

#[test]
fn delete_needs_something_to_delete() {
    let missing =
        "Tried to delete resource record set [name='a.example.com.', type='A'] but it was not found";
    invalid_batch(&[], &[(Delete, a("a.example.com"))], missing);
    invalid_batch(&[a("a.example.com").weighted("one", 1)], &[(Delete, a("a.example.com"))], "not found");
}

#[test]
fn upsert_creates_or_replaces() {
    let mut zone = zone(&[]);
    run(&mut zone, &[(Upsert, a("a.example.com"))]).unwrap();
    let changed = RecordSet { ttl: Some(60), ..a("a.example.com.") };
    run(&mut zone, &[(Upsert, changed.clone())]).unwrap();
    assert_eq!(zone.records.values().filter(|set| !zone.is_own(set)).collect::<Vec<_>>(), [&changed]);
}

#[test]
fn a_batch_is_done_wholly_or_not_at_all() {
    let seeds = [a("old.example.com"), txt("old.example.com")];
    invalid_batch(
        &seeds,
        &[
            (Create, a("new.example.com")),
            (Upsert, RecordSet { ttl: Some(1), ..a("old.example.com") }),
            (Delete, txt("old.example.com")),
            (Create, cname("old.example.com")),
        ],
        "CNAME",
    );
}

#[test]
fn what_was_deleted_and_created_comes_back_as_it_was() {
    let changed = RecordSet { ttl: Some(60), ..a("x.example.com") };
    let batch = [(Delete, a("x.example.com")), (Create, changed), (Create, cname("example.com"))];
    invalid_batch(&[a("x.example.com")], &batch, "at apex");
}

#[test]
fn every_failing_change_is_named() {
    let error = run(
        &mut zone(&[]),
        &[
            (Delete, a("a.example.com")),
            (Create, a("b.example.com")),
            (Create, RecordSet::new("c.example.com", "A", 300, &["nonsense"])),
        ],
    )
    .unwrap_err();
    assert_eq!(error.messages.len(), 2, "{:?}", error.messages);
    assert!(error.messages[0].contains("name='a.example.com.'"));
    assert!(error.messages[1].contains("ARRDATAIllegalIPv4Address"));
}

#[test]
fn changes_are_judged_in_their_order() {
    let seeds = [a("x.example.com")];
    accepted(&seeds, &[(Delete, a("x.example.com")), (Create, cname("x.example.com"))]);
    invalid_batch(
        &seeds,
        &[(Create, cname("x.example.com")), (Delete, a("x.example.com"))],
        "RRSet of type CNAME with DNS name x.example.com. is not permitted as it conflicts with other records",
    );
}

#[test]
fn a_record_set_is_changed_once_or_deleted_and_created() {
    let changed = RecordSet { ttl: Some(60), ..a("x.example.com") };
    let seeds = [a("x.example.com")];
    accepted(&seeds, &[(Delete, a("x.example.com")), (Create, changed.clone())]);
    for (first, second) in [
        ((Delete, a("x.example.com")), (Delete, a("x.example.com"))),
        ((Upsert, changed.clone()), (Delete, changed.clone())),
        ((Create, changed.clone()), (Delete, a("x.example.com"))),
        ((Upsert, changed.clone()), (Upsert, a("x.example.com"))),
    ] {
        invalid_batch(
            &seeds,
            &[first, second],
            "invalid set of changes for a resource record set 'A x.example.com.'",
        );
    }
}

#[test]
fn a_cname_is_alone() {
    let conflict = "because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone example.com.";
    invalid_batch(&[cname("x.example.com")], &[(Create, txt("x.example.com"))], conflict);
    invalid_batch(&[cname("x.example.com")], &[(Upsert, elb("x.example.com"))], conflict);
    let conflicts = "is not permitted as it conflicts with other records with the same DNS name";
    invalid_batch(&[txt("x.example.com")], &[(Upsert, cname("x.example.com"))], conflicts);
    accepted(&[txt("x-x.example.com")], &[(Create, cname("x.example.com"))]);
    accepted(&[cname("x.example.com")], &[(Upsert, RecordSet { ttl: Some(1), ..cname("x.example.com") })]);
    invalid_batch(&[], &[(Create, cname("example.com"))], "is not permitted at apex in zone example.com.");
    let two = RecordSet::new("x.example.com", "CNAME", 300, &["a.example.net", "b.example.net"]);
    invalid_batch(&[], &[(Create, two)], "exactly one value");
}

#[test]
fn names_belong_to_the_zone() {
    for name in ["x.example.net", "xexample.com", "com"] {
        invalid_batch(&[], &[(Create, a(name))], "is not permitted in zone example.com.");
    }
    invalid_batch(&[], &[(Create, a(&format!("{}.example.com", "a".repeat(64))))], "DomainLabelTooLong");
    invalid_batch(&[], &[(Create, a("a..example.com"))], "DomainLabelEmpty");
    accepted(&[], &[(Create, a("*.example.com"))]);
    invalid_batch(&[a(r"\052.example.com")], &[(Create, a("*.example.com"))], "already exists");
    let servers = RecordSet::new("*.example.com", "NS", 300, &["ns.example.net"]);
    invalid_batch(&[], &[(Create, servers)], "as a wildcard");
}

#[test]
fn the_zones_own_records_stay() {
    let zone = zone(&[]);
    let own: Vec<RecordSet> = zone.records.values().cloned().collect();
    for (kind, message) in [
        ("NS", "A HostedZone must contain at least one NS record for the zone itself."),
        ("SOA", "A HostedZone must contain exactly one SOA record."),
    ] {
        let set = own.iter().find(|set| set.kind == kind).unwrap().clone();
        invalid_batch(&[], &[(Delete, set.clone())], message);
        accepted(&[], &[(Upsert, RecordSet { ttl: Some(60), ..set.clone() })]);
        accepted(&[], &[(Delete, set.clone()), (Create, RecordSet { ttl: Some(60), ..set })]);
    }
    let authority =
        RecordSet::new("x.example.com", "SOA", 300, &["ns.example.com. h.example.com. 1 2 3 4 5"]);
    invalid_batch(&[], &[(Create, authority)], "below the apex");
    accepted(&[], &[(Create, RecordSet::new("x.example.com", "NS", 300, &["ns.example.net"]))]);
}

#[test]
fn values_are_read() {
    let bad = RecordSet::new("x.example.com", "TXT", 300, &["unquoted"]);
    invalid_batch(&[], &[(Upsert, bad)], "InvalidCharacterString");
    let twice = RecordSet::new("x.example.com", "A", 300, &["192.0.2.1", "192.0.2.1"]);
    invalid_batch(&[], &[(Create, twice)], "Duplicate Resource Record: '192.0.2.1'");
    let many: Vec<String> = (0..401).map(|n| format!("10.0.{}.{}", n / 256, n % 256)).collect();
    let many = RecordSet { values: many, ..a("x.example.com") };
    invalid_batch(&[], &[(Create, many.clone())], "more than 400 values");
    let fewer = RecordSet { values: many.values[..400].to_vec(), ..many };
    accepted(&[], &[(Create, fewer)]);
}

#[test]
fn a_record_set_is_an_alias_or_has_ttl_and_values() {
    let content = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]";
    let alias = elb("x.example.com");
    invalid_input(RecordSet { ttl: Some(300), ..alias.clone() }, content);
    invalid_input(RecordSet { values: vec!["192.0.2.1".into()], ..alias.clone() }, content);
    invalid_input(RecordSet { alias: None, ..alias }, "but found none in Change with [Action=");
    invalid_input(RecordSet { ttl: None, ..a("x.example.com") }, "Missing field 'TTL'");
    invalid_input(RecordSet { values: Vec::new(), ..a("x.example.com") }, "Missing field 'ResourceRecords'");
}

#[test]
fn a_policy_and_a_set_identifier_belong_together() {
    let weighted = a("x.example.com").weighted("one", 1);
    invalid_input(RecordSet { set_identifier: None, ..weighted.clone() }, "Missing field 'SetIdentifier'");
    invalid_input(
        RecordSet { weight: None, ..weighted.clone() },
        "Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or \
         CidrRoutingConfig], but found none in Change with",
    );
    invalid_input(RecordSet { multi_value: true, ..weighted }, "but found more than one");
    let servers = RecordSet::new("x.example.com", "NS", 300, &["ns.example.net"]);
    invalid_input(servers.weighted("one", 1), "NS supports neither");
    let multi = RecordSet { set_identifier: Some("one".into()), multi_value: true, ..cname("x.example.com") };
    invalid_input(multi, "MultiValueAnswer supports neither");
    let multi = RecordSet { set_identifier: Some("one".into()), multi_value: true, ..elb("x.example.com") };
    invalid_input(multi, "MultiValueAnswer supports neither");
}

#[test]
fn one_policy_for_a_name_and_type() {
    let members = [
        a("a.example.com").weighted("w", 1),
        a("a.example.com").in_region("r", "eu-west-1"),
        failover("f", "PRIMARY"),
        in_place("g", continent("EU")),
        near("p", region("eu-west-1")),
        multi_value("m"),
    ];
    for (index, there) in members.iter().enumerate() {
        for (other, new) in members.iter().enumerate() {
            let seeds = std::slice::from_ref(there);
            // The same under another identifier, so that nothing but the policy stands in the way.
            let new = RecordSet { set_identifier: Some("new".into()), ..new.clone() };
            if index != other {
                for action in [Create, Upsert] {
                    invalid_batch(seeds, &[(action, new.clone())], "set exists with the same name and type.");
                }
                // As is an UPSERT that changes the policy of the only member.
                let same = RecordSet { set_identifier: there.set_identifier.clone(), ..new.clone() };
                invalid_batch(seeds, &[(Upsert, same)], "set exists with the same name and type.");
                accepted(seeds, &[(Delete, there.clone()), (Create, new)]);
            }
        }
        let simple = [(Create, a("a.example.com"))];
        invalid_batch(std::slice::from_ref(there), &simple, "cannot be created as other RRSets exist");
        invalid_batch(
            &[a("a.example.com")],
            &[(Upsert, there.clone())],
            "set exists with the same name and type.",
        );
        accepted(&[txt("a.example.com")], &[(Create, there.clone())]);
    }
    invalid_batch(
        &[a("a.example.com")],
        &[(Create, a("a.example.com").weighted("b", 1))],
        "RRSet with DNS name a.example.com., type A, SetIdentifier b cannot be created as a non-weighted set exists with \
         the same name and type.",
    );
}

#[test]
fn weighted_sets_have_one_ttl() {
    let one = a("a.example.com").weighted("one", 1);
    let two = RecordSet { ttl: Some(60), ..a("a.example.com").weighted("two", 1) };
    let message = "cannot be created as weighted sets must contain the same TTL.";
    invalid_batch(std::slice::from_ref(&one), &[(Create, two.clone())], message);
    accepted(std::slice::from_ref(&one), &[(Upsert, RecordSet { ttl: Some(60), ..one.clone() })]);
    accepted(&[elb("a.example.com").weighted("alias", 1)], &[(Create, one.clone())]);
    let latency = [a("a.example.com").in_region("one", "eu-west-1")];
    let other = RecordSet { ttl: Some(60), ..a("a.example.com").in_region("two", "eu-west-2") };
    accepted(&latency, &[(Create, other)]);
}

#[test]
fn a_place_in_a_routing_set_is_taken_once() {
    let latency = [a("a.example.com").in_region("one", "eu-west-1")];
    invalid_batch(
        &latency,
        &[(Create, a("a.example.com").in_region("two", "eu-west-1"))],
        "SetIdentifier two, and Region Name=eu-west-1 cannot be created because a latency RRSet with the same name, type \
         and region already exists.",
    );
    accepted(&latency, &[(Upsert, a("a.example.com").in_region("one", "eu-west-1"))]);
    invalid_batch(&[failover("one", "PRIMARY")], &[(Create, failover("two", "PRIMARY"))], "a failover RRSet");
    accepted(&[failover("one", "PRIMARY")], &[(Create, failover("two", "SECONDARY"))]);
    let texas = GeoLocation { subdivision: Some("TX".into()), ..country("US") };
    let geo = [in_place("eu", continent("EU")), in_place("us", country("US")), in_place("tx", texas.clone())];
    for place in [continent("EU"), country("US"), texas] {
        invalid_batch(&geo, &[(Create, in_place("new", place))], "a geolocation RRSet");
    }
    for place in [continent("AS"), country("DE"), country("*")] {
        accepted(&geo, &[(Create, in_place("new", place))]);
    }
    let twice = [(Create, near("two", region("eu-west-1")))];
    invalid_batch(&[near("one", region("eu-west-1"))], &twice, "a geoproximity RRSet");
    accepted(&[near("one", region("eu-west-1"))], &[(Create, near("two", region("eu-west-2")))]);
    accepted(&[multi_value("one")], &[(Create, multi_value("two"))]);
}

#[test]
fn geolocations_make_sense() {
    invalid_input(in_place("x", GeoLocation::default()), "GeoLocation is empty");
    let both = GeoLocation { country: Some("DE".into()), ..continent("EU") };
    invalid_input(in_place("x", both), "ContinentCode cannot be combined");
    invalid_input(in_place("x", continent("XX")), "'XX' is not a continent");
    invalid_input(in_place("x", country("de")), "'de' is not a country");
    let part = GeoLocation { subdivision: Some("BY".into()), ..country("DE") };
    invalid_input(in_place("x", part), "SubdivisionCode is not supported for 'DE'");
    let part = GeoLocation { subdivision: Some("TX".into()), ..GeoLocation::default() };
    invalid_input(in_place("x", part), "Missing field 'CountryCode'");
}

#[test]
fn geoproximity_is_one_place() {
    invalid_input(near("x", GeoProximity { bias: Some(1), ..GeoProximity::default() }), "but found none");
    let both = GeoProximity { local_zone_group: Some("us-west-2-lax-1".into()), ..region("us-west-2") };
    invalid_input(near("x", both), "but found more than one");
    let coordinates = Some(("48.1".to_owned(), "11.5".to_owned()));
    accepted(&[], &[(Create, near("x", GeoProximity { coordinates, ..GeoProximity::default() }))]);
    let biased = |bias| near("x", GeoProximity { bias, ..region("us-west-2") });
    accepted(&[biased(None)], &[(Delete, biased(Some(0)))]);
    invalid_batch(&[biased(None)], &[(Delete, biased(Some(1)))], "do not match");
}

#[test]
fn a_routing_set_has_so_many_members() {
    let members: Vec<RecordSet> = (0..100).map(|n| a("a.example.com").weighted(&n.to_string(), 1)).collect();
    invalid_batch(&members, &[(Create, a("a.example.com").weighted("new", 1))], "there are 100");
    accepted(&members[1..], &[(Create, a("a.example.com").weighted("new", 1))]);
    accepted(&members, &[(Upsert, a("a.example.com").weighted("7", 2))]);
}

#[test]
fn an_alias_into_its_own_zone_needs_a_target_of_its_type() {
    let alias = RecordSet::alias("x.example.com", "A", "/hostedzone/ZONE", "t.example.com");
    accepted(&[a("t.example.com")], &[(Create, alias.clone())]);
    accepted(&[a("t.example.com").weighted("w", 1)], &[(Create, alias.clone())]);
    accepted(&[], &[(Create, a("t.example.com")), (Create, alias.clone())]);
    let missing = "Tried to create an alias that targets t.example.com., type A in zone ZONE, but that target was not found";
    invalid_batch(&[], &[(Create, alias.clone())], missing);
    invalid_batch(&[], &[(Create, alias.clone()), (Create, a("t.example.com"))], missing);
    invalid_batch(&[txt("t.example.com")], &[(Create, alias.clone())], missing);
    let itself = RecordSet::alias("x.example.com", "A", "ZONE", "x.example.com");
    invalid_batch(&[a("x.example.com")], &[(Upsert, itself)], "that target was not found");
    let outside = RecordSet::alias("x.example.com", "A", "ZONE", "t.example.net");
    invalid_batch(&[], &[(Create, outside)], "but the alias target name does not lie within the target zone");
    let upsert = (Upsert, a("t.example.com"));
    accepted(&[a("t.example.com")], &[upsert.clone(), (Create, alias.clone())]);
    invalid_batch(&[a("t.example.com")], &[(Create, alias), upsert], missing);
}

#[test]
fn an_alias_elsewhere_points_at_a_service() {
    accepted(&[], &[(Create, elb("x.example.com"))]);
    accepted(
        &[],
        &[(Create, RecordSet::alias("example.com", "AAAA", ELB_ZONE, &format!("dualstack.{ELB}")))],
    );
    let outside = "but the alias target name does not lie within the target zone";
    for (id, target) in [
        (ELB_ZONE, "lb-1.eu-west-1.elb.amazonaws.com"),
        (ELB_ZONE, "lb-1.xus-east-1.elb.amazonaws.com"),
        ("ZELSEWHERE", ELB),
        ("ZELSEWHERE", "t.example.com"),
    ] {
        invalid_batch(
            &[a("t.example.com")],
            &[(Create, RecordSet::alias("x.example.com", "A", id, target))],
            outside,
        );
    }
    let text = RecordSet::alias("x.example.com", "TXT", ELB_ZONE, ELB);
    invalid_batch(&[], &[(Create, text)], "that target was not found");
}

#[test]
fn health_checks_exist() {
    let checked =
        |id: &str| RecordSet { health_check: Some(id.into()), ..a("x.example.com").weighted("one", 1) };
    accepted(&[], &[(Create, checked("hc-1"))]);
    refused(&[], &[(Create, checked("hc-2"))], "NoSuchHealthCheck", "hc-2");
}

#[test]
fn a_name_is_refused_at_a_tests_wish() {
    let both = [(Upsert, a("x.example.com")), (Upsert, a("cursed.example.com"))];
    invalid_batch(&[], &both, "[not this one]");
}

#[test]
fn a_request_has_a_thousand_records_and_an_upsert_counts_twice() {
    let sets = |count: u32| (0..count).map(|n| a(&format!("x{n}.example.com")));
    let changes = |action: Action, count| sets(count).map(|set| (action, set)).collect::<Vec<_>>();
    accepted(&[], &changes(Create, 1000));
    invalid_batch(&[], &changes(Create, 1001), "Number of records limit of 1000 exceeded.");
    accepted(&[], &changes(Upsert, 500));
    invalid_batch(&[], &changes(Upsert, 501), "Number of records limit of 1000 exceeded.");
    let aliases =
        |count: u32| (0..count).map(|n| (Upsert, elb(&format!("x{n}.example.com")))).collect::<Vec<_>>();
    accepted(&[], &aliases(500));
    invalid_batch(&[], &aliases(501), "Number of records limit of 1000 exceeded.");
    let values: Vec<String> = (0..251).map(|n| format!("10.0.0.{n}")).collect();
    let large = |n: u32| (Create, RecordSet { values: values.clone(), ..a(&format!("x{n}.example.com")) });
    accepted(&[], &[large(1), large(2), large(3)]);
    invalid_batch(&[], &[large(1), large(2), large(3), large(4)], "Number of records limit");
}

#[test]
fn a_request_has_32000_characters_and_an_upsert_counts_twice() {
    // 250 characters each, with the quotation marks.
    let text = format!("\"{}\"", "a".repeat(248));
    let set = |n: u32| RecordSet::new(&format!("x{n}.example.com"), "TXT", 300, &[&text]);
    let changes = |action: Action, count: u32| (0..count).map(|n| (action, set(n))).collect::<Vec<_>>();
    accepted(&[], &changes(Create, 128));
    invalid_batch(&[], &changes(Create, 129), "Number of characters limit of 32000 exceeded.");
    accepted(&[], &changes(Upsert, 64));
    invalid_batch(&[], &changes(Upsert, 65), "Number of characters limit of 32000 exceeded.");
}

//! The transition matrix: from every kind of record set to every other, in one batch that the service takes.

use super::*;
use crate::adjust::{AliasRules, adjust};
use crate::convert::to_record;
use rstest::rstest;
use zonewright_planner::{Change, CreateReason, DeleteReason, Properties, RecordType, UpdateReason, ZoneId};
use zonewright_provider_kit::RowChange;

fn zone() -> Zone {
    Zone { id: ZoneId::new("Z1"), name: None }
}

fn wish(record_type: RecordType, target: &str, set: &str, properties: &[(&str, &str)]) -> Endpoint {
    let properties: Properties = properties.iter().copied().collect();
    let wish = Endpoint::new("www.example.org", record_type, &[target], properties).unwrap();
    let rules = AliasRules { prefer_cname: false, evaluate_target_health: true };
    let adjusted = adjust(rules, vec![wish.with_set_identifier(set)], |_, _| false);
    assert_eq!(adjusted.rejected, []);
    adjusted.endpoints.into_iter().next().unwrap()
}

fn stored(wish: &Endpoint) -> Record {
    to_record(&zone().id, &wanted(&zone().id, wish, Ttl::UNSET).unwrap()).unwrap().unwrap()
}

fn actions(changes: &[ZoneChange]) -> Vec<String> {
    let wire = changes.iter().flat_map(|change| to_wire(&zone(), change).unwrap()).collect();
    let show = |change: &WireChange| {
        let set = change.resource_record_set().unwrap();
        format!("{} {}", change.action(), set.r#type())
    };
    in_order(wire).iter().map(show).collect()
}

fn update(old: &Endpoint, new: &Endpoint) -> ZoneChange {
    let change = Change::update(stored(old), new.clone(), vec![UpdateReason::Targets]);
    ZoneChange { change, rows: Vec::new() }
}

fn routed(properties: &[(&str, &str)]) -> Endpoint {
    wish(RecordType::A, "192.0.2.1", "blue", properties)
}

#[rstest]
#[case(&[("aws/weight", "1")])]
#[case(&[("aws/region", "us-east-1")])]
#[case(&[("aws/failover", "PRIMARY")])]
#[case(&[("aws/multi-value-answer", "true")])]
#[case(&[("aws/geolocation-continent-code", "EU")])]
#[case(&[("aws/geolocation-country-code", "US")])]
#[case(&[("aws/geoproximity-region", "us-east-1")])]
#[case(&[("aws/geoproximity-local-zone-group", "us-east-1-bue-1")])]
#[case(&[("aws/geoproximity-coordinates", "1,1")])]
fn another_policy_or_place_is_another_record_set(#[case] new: &[(&str, &str)]) {
    let policies: [&[(&str, &str)]; 9] = [
        &[("aws/weight", "9")],
        &[("aws/region", "eu-west-1")],
        &[("aws/failover", "SECONDARY")],
        &[("aws/multi-value-answer", "")],
        &[("aws/geolocation-continent-code", "AS")],
        &[("aws/geolocation-country-code", "FR")],
        &[("aws/geoproximity-region", "eu-west-1")],
        &[("aws/geoproximity-local-zone-group", "us-east-1-atl-1")],
        &[("aws/geoproximity-coordinates", "2,2")],
    ];
    for old in policies {
        let stays = old[0].0 == new[0].0 && ["aws/weight", "aws/multi-value-answer"].contains(&new[0].0);
        let expected = if stays { &["UPSERT A"][..] } else { &["DELETE A", "CREATE A"] };
        assert_eq!(actions(&[update(&routed(old), &routed(new))]), expected, "{old:?} to {new:?}");
    }
}

#[test]
fn aliases_come_and_go_as_other_record_sets() {
    let plain = wish(RecordType::A, "192.0.2.1", "", &[]);
    let alias = wish(RecordType::A, "lb.us-east-1.elb.amazonaws.com", "", &[("alias", "true")]);
    assert_eq!(actions(&[update(&plain, &alias)]), ["DELETE A", "CREATE A"]);
    assert_eq!(actions(&[update(&alias, &plain)]), ["DELETE A", "CREATE A"]);
    let other = wish(RecordType::A, "lb.eu-west-1.elb.amazonaws.com", "", &[("alias", "true")]);
    assert_eq!(actions(&[update(&alias, &other)]), ["UPSERT A"]);
}

/// The planner gives a change of type as a delete and a create, in whatever order they are sorted.
#[test]
fn everything_is_removed_before_anything_is_created() {
    let (cname, a) =
        (wish(RecordType::Cname, "b.example.net", "", &[]), wish(RecordType::A, "192.0.2.1", "", &[]));
    let row = |name: &str| {
        Endpoint::new(name, RecordType::Txt, &["\"heritage=external-dns\""], Properties::new()).unwrap()
    };
    let create = ZoneChange {
        change: Change::create(a, CreateReason::New),
        rows: vec![RowChange { read: None, expected: None, write: Some(row("a-www.example.org")) }],
    };
    let delete = ZoneChange {
        change: Change::delete(stored(&cname), DeleteReason::TypeNotWanted),
        rows: vec![RowChange {
            read: Some(stored(&row("cname-www.example.org"))),
            expected: None,
            write: None,
        }],
    };
    let expected = ["DELETE CNAME", "DELETE TXT", "CREATE TXT", "CREATE A"];
    assert_eq!(actions(&[delete.clone(), create.clone()]), expected);
    assert_eq!(actions(&[create, delete]), expected);
}

#[test]
fn the_row_of_a_routed_record_is_routed_alike() {
    let (old, new) = (routed(&[("aws/weight", "1")]), routed(&[("aws/region", "us-east-1")]));
    let row = |of: &Endpoint| {
        let text = "\"heritage=external-dns\"";
        let row =
            Endpoint::new("a-www.example.org", RecordType::Txt, &[text], of.properties.clone()).unwrap();
        row.with_set_identifier("blue")
    };
    let mut change = update(&old, &new);
    change.rows.push(RowChange { read: Some(stored(&row(&old))), expected: None, write: Some(row(&new)) });
    assert_eq!(actions(&[change]), ["DELETE TXT", "DELETE A", "CREATE TXT", "CREATE A"]);
}

#[test]
fn aliases_come_after_their_targets_and_go_before_them() {
    let alias = |name: &str, target: &str| {
        let properties: Properties = [("alias", "true")].into_iter().collect();
        Endpoint::new(name, RecordType::A, &[target], properties).unwrap()
    };
    let plain = Endpoint::new("c.org", RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
    let all = [alias("a.org", "b.org"), alias("b.org", "c.org"), plain];
    let names = |wire: Vec<WireChange>| {
        let name = |change: &WireChange| change.resource_record_set().unwrap().name().to_owned();
        in_order(wire).iter().map(name).collect::<Vec<_>>()
    };
    let wire = |change: Change| to_wire(&zone(), &ZoneChange { change, rows: Vec::new() }).unwrap();
    let create = |new: &Endpoint| wire(Change::create(new.clone(), CreateReason::New));
    assert_eq!(names(all.iter().flat_map(create).collect()), ["c.org", "b.org", "a.org"]);
    let delete = |old: &Endpoint| wire(Change::delete(stored(old), DeleteReason::NoLongerWanted));
    assert_eq!(names(all.iter().rev().flat_map(delete).collect()), ["b.org", "a.org", "c.org"]);
}

//! What is read, and that it is written back exactly.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn zone() -> ZoneId {
    ZoneId::new("ZOWN")
}

fn plain(name: &str, record_type: &str, values: &[&str]) -> ResourceRecordSet {
    let values = values.iter().map(|value| ResourceRecord::builder().value(*value).build().unwrap());
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::from(record_type)).ttl(60);
    set.set_resource_records(Some(values.collect())).build().unwrap()
}

fn alias(name: &str, target: &str, lies_in: &str) -> ResourceRecordSet {
    let target =
        AliasTarget::builder().dns_name(target).hosted_zone_id(lies_in).evaluate_target_health(false);
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::A);
    set.alias_target(target.build().unwrap()).build().unwrap()
}

fn read(set: &ResourceRecordSet) -> Record {
    to_record(&zone(), set).unwrap().unwrap()
}

fn properties_of(set: &ResourceRecordSet) -> Vec<String> {
    read(set).properties.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[rstest]
#[case(plain("www.example.org", "A", &["192.0.2.1", "192.0.2.9"]))]
#[case(plain("*.example.org", "AAAA", &["2001:DB8::1"]))]
#[case(plain("www.example.org", "CNAME", &["Host.Example.NET."]))]
#[case(plain("www.example.org", "TXT", &["\"a\" \"b\"", "\"c\""]))]
#[case(plain("www.example.org", "MX", &["10 Mail.example.org."]))]
#[case(plain("_sip._tcp.example.org", "SRV", &["1 2 5060 host.example.org"]))]
#[case(plain("2.0.192.in-addr.arpa", "NS", &["ns1.example.org."]))]
#[case(plain("0\\05725.2.0.192.in-addr.arpa", "PTR", &["host.example.org."]))]
fn what_is_read_is_named_exactly(#[case] set: ResourceRecordSet) {
    assert_eq!(existing(&read(&set)).unwrap(), set);
}

#[test]
fn names_come_escaped_and_with_a_dot() {
    let record = read(&plain("\\052.Example.org.", "A", &["192.0.2.1"]));
    assert_eq!(record.name.as_str(), "*.example.org");
    assert_eq!(existing(&record).unwrap().name(), "*.example.org");
}

#[test]
fn aliases_tell_where_their_target_lies_if_that_is_news() {
    let alb = "lb.us-east-1.elb.amazonaws.com";
    let known = ["alias=true", "aws/evaluate-target-health=false"];
    assert_eq!(properties_of(&alias("a.example.org.", alb, "Z35SXDOTRQ7X7K")), known);
    assert_eq!(properties_of(&alias("a.example.org.", "b.example.org.", "ZOWN")), known);
    let unknown = alias("a.example.org", "search.example.net", "ZELSE");
    assert_eq!(properties_of(&unknown)[2], "aws/target-hosted-zone=ZELSE");
    assert_eq!(existing(&read(&unknown)).unwrap(), unknown, "so that it can be deleted");
    let record = read(&unknown);
    assert_eq!((record.ttl.seconds(), record.targets.len()), (300, 1));
}

#[test]
fn a_same_zone_alias_lies_in_the_zone_that_it_is_written_to() {
    let alias: Properties = [("alias", "true")].into_iter().collect();
    let wish = Endpoint::new("a.example.org", RecordType::A, &["b.example.org"], alias).unwrap();
    for id in ["ZPRIVATE", "ZPUBLIC"] {
        let set = wanted(&ZoneId::new(id), &wish, Ttl::UNSET).unwrap();
        assert_eq!(set.alias_target().unwrap().hosted_zone_id(), id);
        assert_eq!(set.ttl(), None);
    }
}

#[rstest]
#[case(|set: &mut ResourceRecordSet| set.weight = Some(0), &["aws/weight=0"])]
#[case(|set: &mut ResourceRecordSet| set.region = Some("eu-west-1".into()), &["aws/region=eu-west-1"])]
#[case(|set: &mut ResourceRecordSet| set.failover = Some("PRIMARY".into()), &["aws/failover=PRIMARY"])]
#[case(|set: &mut ResourceRecordSet| set.multi_value_answer = Some(true), &["aws/multi-value-answer=true"])]
#[case(|set: &mut ResourceRecordSet| set.health_check_id = Some("hc".into()), &["aws/health-check-id=hc"])]
#[case(|set: &mut ResourceRecordSet| set.geo_location = Some(GeoLocation::builder().continent_code("EU").build()), &["aws/geolocation-continent-code=EU"])]
#[case(|set: &mut ResourceRecordSet| set.geo_location = Some(GeoLocation::builder().country_code("US").subdivision_code("NY").build()), &["aws/geolocation-country-code=US", "aws/geolocation-subdivision-code=NY"])]
#[case(|set: &mut ResourceRecordSet| set.geo_proximity_location = Some(GeoProximityLocation::builder().aws_region("us-east-1").bias(-5).build()), &["aws/geoproximity-bias=-5", "aws/geoproximity-region=us-east-1"])]
#[case(|set: &mut ResourceRecordSet| set.geo_proximity_location = Some(GeoProximityLocation::builder().local_zone_group("us-east-1-bue-1").bias(0).build()), &["aws/geoproximity-bias=0", "aws/geoproximity-local-zone-group=us-east-1-bue-1"])]
#[case(|set: &mut ResourceRecordSet| set.geo_proximity_location = Some(GeoProximityLocation::builder().coordinates(Coordinates::builder().latitude("49.22").longitude("-74.01").build().unwrap()).bias(0).build()), &["aws/geoproximity-bias=0", "aws/geoproximity-coordinates=49.22,-74.01"])]
#[case(|set: &mut ResourceRecordSet| set.cidr_routing_config = Some(CidrRoutingConfig::builder().collection_id("c").location_name("l").build().unwrap()), &["aws/cidr-collection-id=c", "aws/cidr-location-name=l"])]
fn routing_is_read_and_named_exactly(#[case] route: fn(&mut ResourceRecordSet), #[case] expected: &[&str]) {
    let mut set = plain("www.example.org", "A", &["192.0.2.1"]);
    set.set_identifier = Some("blue".into());
    route(&mut set);
    assert_eq!(properties_of(&set), expected);
    assert_eq!(existing(&read(&set)).unwrap(), set);
}

#[test]
fn a_cname_says_that_it_is_no_alias() {
    assert_eq!(properties_of(&plain("www.example.org", "CNAME", &["b.example.net"])), ["alias=false"]);
}

#[test]
fn what_is_never_planned_is_not_listed() {
    assert!(to_record(&zone(), &plain("example.org", "SOA", &["x"])).is_none());
    assert!(to_record(&zone(), &plain("example.org", "CAA", &["0 issue \"x\""])).is_none());
}

#[test]
fn long_texts_are_whole_here_and_cut_there() {
    let cut = format!("\"{}\" \"{}\"", "x".repeat(255), "y".repeat(10));
    let set = plain("www.example.org", "TXT", &[&cut]);
    let record = read(&set);
    assert_eq!(record.targets[0].to_string(), format!("\"{}{}\"", "x".repeat(255), "y".repeat(10)));
    assert_eq!(existing(&record).unwrap(), set);
}

#[test]
fn rows_of_aliases_are_no_aliases() {
    let properties: Properties =
        [("aws/evaluate-target-health", "true"), ("aws/weight", "5")].into_iter().collect();
    let mut row =
        Endpoint::new("a-www.example.org", RecordType::Txt, &["\"heritage=x\""], properties).unwrap();
    row.properties.set(ALIAS, "true");
    row.set_identifier = "blue".into();
    let set = wanted(&zone(), &row, Ttl::UNSET).unwrap();
    assert!(set.alias_target().is_none());
    assert_eq!((set.ttl(), set.weight()), (Some(300), Some(5)));
}

#[test]
fn what_was_written_without_a_ttl_is_deleted_with_the_default() {
    let wish = Endpoint::new("www.example.org", RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
    let written = wanted(&zone(), &wish, Ttl::UNSET).unwrap();
    assert_eq!(existing(&Record::from_endpoint(zone(), &wish)).unwrap(), written);
    assert_eq!(
        wanted(&zone(), &wish, Ttl::from_seconds(60)).unwrap().ttl(),
        Some(60),
        "an update keeps what is there"
    );
}

proptest! {
    /// The mirror that is kept after a write equals what a listing would show.
    #[test]
    fn what_is_written_is_what_is_read(text in "[ -~]{1,600}", ttl in 1i64..100_000) {
        let wish = Endpoint::new("www.example.org", RecordType::Txt, &[canonical_text(&text)], Properties::new()).unwrap();
        let wish = wish.with_ttl(Ttl::from_seconds(ttl));
        let record = read(&wanted(&zone(), &wish, Ttl::UNSET).unwrap());
        prop_assert_eq!(&record, &Record::from_endpoint(zone(), &wish));
        prop_assert_eq!(existing(&record).unwrap(), wanted(&zone(), &wish, Ttl::UNSET).unwrap());
    }
}

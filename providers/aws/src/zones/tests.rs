//! Which zones count, and where records go.

use super::*;
use aws_sdk_route53::types::HostedZoneConfig;
use rstest::rstest;
use zonewright_planner::DomainFilter;

fn hosted(id: &str, name: &str, is_private: bool) -> HostedZone {
    let config = HostedZoneConfig::builder().private_zone(is_private).build();
    let zone = HostedZone::builder().id(format!("/hostedzone/{id}")).name(name).caller_reference("x");
    zone.config(config).build().unwrap()
}

fn filter() -> ZoneFilter {
    crate::AwsConfig::default().zones
}

fn zones(filter: ZoneFilter, hosted: &[HostedZone]) -> Zones {
    let zones = Zones::new(filter, Duration::ZERO, 1);
    let found: Vec<Found> = hosted.iter().filter_map(|zone| zones.take(zone)).collect();
    {
        let mut known = zones.known();
        known.private = Arc::new(
            found.iter().filter(|found| found.is_private).map(|found| found.zone.id.clone()).collect(),
        );
        known.by_account = vec![Some(found)];
    }
    zones
}

fn all() -> Vec<HostedZone> {
    vec![
        hosted("Z1", "example.org.", false),
        hosted("Z2", "k8s.example.org.", false),
        hosted("Z3", "example.org.", true),
        hosted("Z4", "circus-k8s.example.org.", true),
        hosted("Z5", "example.org.", true),
    ]
}

fn ids(zones: &Zones) -> Vec<String> {
    zones.all().iter().map(|zone| zone.id.to_string()).collect()
}

#[rstest]
#[case(filter(), &["Z1", "Z2", "Z3", "Z4", "Z5"])]
#[case(ZoneFilter { zone_type: Some(ZoneType::Private), ..filter() }, &["Z3", "Z4", "Z5"])]
#[case(ZoneFilter { zone_type: Some(ZoneType::Public), ..filter() }, &["Z1", "Z2"])]
#[case(ZoneFilter { ids: vec!["2".into(), "/hostedzone/Z3".into()], ..filter() }, &["Z2", "Z3"])]
#[case(ZoneFilter { domains: domains("k8s.example.org"), ..filter() }, &["Z2"])]
#[case(ZoneFilter { domains: domains("a.k8s.example.org"), ..filter() }, &[])]
#[case(ZoneFilter { domains: domains("a.k8s.example.org"), match_parent: true, ..filter() }, &["Z1", "Z2", "Z3", "Z5"])]
fn filters_choose_zones(#[case] filter: ZoneFilter, #[case] expected: &[&str]) {
    assert_eq!(ids(&zones(filter, &all())), expected);
}

fn domains(suffix: &str) -> DomainFilter {
    DomainFilter::from_suffixes(&[suffix], &[]).unwrap()
}

#[rstest]
#[case("www.example.org", &["Z1", "Z3", "Z5"])]
#[case("a.k8s.example.org", &["Z2", "Z3", "Z5"])]
#[case("a.circus-k8s.example.org", &["Z1", "Z3", "Z4", "Z5"])]
fn records_go_to_every_private_zone_and_the_closest_public_one(
    #[case] name: &str,
    #[case] expected: &[&str],
) {
    let zones = zones(filter(), &all());
    let homes = zones.homes(&zones.all(), &DnsName::parse(name).unwrap()).unwrap();
    assert_eq!(homes.iter().map(ZoneId::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn without_private_zones_the_closest_zone_it_is() {
    let zones = zones(filter(), &all()[..2]);
    let name = DnsName::parse("a.k8s.example.org").unwrap();
    assert_eq!(zones.homes(&zones.all(), &name), None);
    assert!(zones.is_home(&ZoneId::new("Z2"), &name));
    assert!(!zones.is_home(&ZoneId::new("Z1"), &name));
}

#[rstest]
#[case(&["team=dns"], true)]
#[case(&["team"], true)]
#[case(&[" team = dns "], true)]
#[case(&["team=ops"], false)]
#[case(&["team", "missing"], false)]
#[case(&["=dns", ""], true)]
#[case(&["note=a=b"], true)]
fn tags_must_all_hold(#[case] wanted: &[&str], #[case] admitted: bool) {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let wanted: Vec<String> = wanted.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(TagFilter::parse(&wanted).admits(&[tag("team", "dns"), tag("note", "a=b")]), admitted);
}

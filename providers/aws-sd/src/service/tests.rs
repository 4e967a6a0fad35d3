use super::*;
use aws_sdk_servicediscovery::types::{DnsConfig, DnsRecord};
use rstest::rstest;

fn target(record_type: &RecordType, text: &str) -> Target {
    Target::parse(record_type, text, false).unwrap()
}

fn sets(lines: &[&str]) -> Sets {
    let set = |line: &&str| {
        let (record_type, targets) = line.split_once(' ').unwrap();
        let record_type = RecordType::from_text(record_type);
        let targets = targets.split(',').map(|text| target(&record_type, text)).collect();
        (record_type, (targets, None))
    };
    lines.iter().map(set).collect()
}

/// `ROUTING TYPE…`
fn service(text: &str) -> Service {
    let mut words = text.split(' ');
    let routing = RoutingPolicy::from(words.next().unwrap());
    let record = |word: &str| DnsRecord::builder().r#type(word.into()).ttl(60).build().unwrap();
    let dns = DnsConfig::builder().routing_policy(routing).set_dns_records(Some(words.map(record).collect()));
    let summary = ServiceSummary::builder().id("srv-1").name("web").dns_config(dns.build().unwrap()).build();
    Service::new(Summary::read(&summary))
}

fn described(shape: &Shape) -> String {
    let types: Vec<&str> = shape.types.iter().map(RecordType::as_str).collect();
    format!("{} {}", shape.routing().as_str(), types.join(" "))
}

const LB: &str = "lb.eu-west-1.elb.amazonaws.com";

#[rstest]
#[case::addresses(&["A 192.0.2.1"], None, "MULTIVALUE A")]
#[case::both_kinds(&["A 192.0.2.1", "AAAA 2001:db8::1"], None, "MULTIVALUE A AAAA")]
#[case::host(&["CNAME web.example.net"], None, "WEIGHTED CNAME")]
#[case::load_balancer(&["CNAME lb.eu-west-1.elb.amazonaws.com"], None, "WEIGHTED A")]
#[case::one_of_them_is_none(&["CNAME lb.eu-west-1.elb.amazonaws.com,web.example.net"], None, "WEIGHTED CNAME")]
#[case::addresses_after_an_alias(&["A 192.0.2.1"], Some("WEIGHTED A"), "WEIGHTED A")]
#[case::an_alias_after_addresses(&["CNAME lb.eu-west-1.elb.amazonaws.com"], Some("MULTIVALUE A"), "WEIGHTED A")]
#[case::a_load_balancer_in_a_cname(&["CNAME lb.eu-west-1.elb.amazonaws.com"], Some("WEIGHTED CNAME"), "WEIGHTED CNAME")]
#[case::host_after_an_alias(&["CNAME web.example.net"], Some("WEIGHTED A"), "WEIGHTED CNAME")]
#[case::a_second_kind(&["A 192.0.2.1", "AAAA 2001:db8::1"], Some("MULTIVALUE A"), "MULTIVALUE A AAAA")]
#[case::a_kind_less(&["A 192.0.2.1"], Some("MULTIVALUE A AAAA"), "MULTIVALUE A")]
fn the_shape_that_is_there_is_kept_where_it_will_do(
    #[case] lines: &[&str],
    #[case] current_text: Option<&str>,
    #[case] expected: &str,
) {
    let current = current_text.map(service);
    let shape = Shape::of(&sets(lines), current.as_ref()).unwrap().unwrap();
    assert_eq!(described(&shape), expected);
    let is_kept = current.as_ref().is_some_and(|service| shape.fits(service));
    assert_eq!(is_kept, current_text == Some(expected));
}

#[test]
fn a_cname_goes_with_nothing() {
    assert!(Shape::of(&sets(&["A 192.0.2.1", "CNAME web.example.net"]), None).is_err());
    assert_eq!(Shape::of(&Sets::new(), None), Ok(None));
}

/// The names that ExternalDNS v0.22 takes for those of load balancers.
#[rstest]
#[case("lb.eu-west-1.elb.amazonaws.com", true)]
#[case("a.b.eu-west-1.elb.amazonaws.com", true)]
#[case("lb.elb.eu-west-1.amazonaws.com", true)]
#[case("eu-west-1.elb.amazonaws.com", false)]
#[case("elb.eu-west-1.amazonaws.com", false)]
#[case("lb.elb.cn-north-1.amazonaws.com.cn", false)]
#[case("d111.cloudfront.net", false)]
#[case("lb.eu-west-1.elb.amazonaws.com.example.org", false)]
fn load_balancers_are_told_by_their_names(#[case] name: &str, #[case] expected: bool) {
    assert_eq!(is_load_balancer(&target(&RecordType::Cname, name)), expected);
}

/// ExternalDNS removes an instance by the id that it would give it.
#[rstest]
#[case(RecordType::A, "192.0.2.1", "192.0.2.1")]
#[case(RecordType::Aaaa, "2001:DB8::1", "2001:db8::1")]
#[case(RecordType::Cname, "Web.Example.net", "web.example.net")]
#[case(
    RecordType::Cname,
    "a-rather-long-name-for-a-load-balancer.internal.services.example.net",
    // printf %s NAME | sha256sum
    "1a9d2f68600b9ff51fabc248c11011f417e5b0104d2f290e4c99aba355918068"
)]
fn ids_of_instances_are_those_of_external_dns(
    #[case] record_type: RecordType,
    #[case] text: &str,
    #[case] id: &str,
) {
    let target = target(&record_type, text);
    assert_eq!(instance_id(&vec![(record_type, target)]), id);
}

#[test]
fn every_address_of_both_kinds_is_in_some_instance() {
    let sets = sets(&["A 192.0.2.1,192.0.2.2", "AAAA 2001:db8::1,2001:db8::2,2001:db8::3"]);
    let instances = instances_for(&sets);
    let ids: Vec<String> = instances.iter().map(instance_id).collect();
    assert_eq!(ids, ["192.0.2.1/2001:db8::1", "192.0.2.2/2001:db8::2", "192.0.2.1/2001:db8::3"]);
    let types = [RecordType::A, RecordType::Aaaa];
    let expected = [("AWS_INSTANCE_IPV4", "192.0.2.1"), ("AWS_INSTANCE_IPV6", "2001:db8::1")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    assert_eq!(attributes(&instances[0], &types), expected);
}

#[rstest]
#[case("MULTIVALUE A", &[("AWS_INSTANCE_IPV4", "192.0.2.1"), ("AWS_INSTANCE_IPV6", "2001:db8::1")], "A 192.0.2.1")]
#[case("MULTIVALUE A AAAA", &[("AWS_INSTANCE_IPV4", "192.0.2.1"), ("AWS_INSTANCE_IPV6", "2001:db8::1")], "A 192.0.2.1, AAAA 2001:db8::1")]
#[case("WEIGHTED CNAME", &[("AWS_INSTANCE_CNAME", "web.example.net")], "CNAME web.example.net")]
#[case("WEIGHTED A", &[("AWS_ALIAS_DNS_NAME", LB)], "CNAME lb.eu-west-1.elb.amazonaws.com")]
#[case("MULTIVALUE A", &[("AWS_INSTANCE_CNAME", "web.example.net")], "")]
#[case("MULTIVALUE A", &[("AWS_INSTANCE_IPV4", "nonsense")], "")]
#[case("MULTIVALUE A", &[("version", "1")], "")]
#[case("MULTIVALUE SRV", &[("AWS_INSTANCE_IPV4", "192.0.2.1"), ("AWS_INSTANCE_PORT", "80")], "")]
fn what_an_instance_publishes_depends_on_its_service(
    #[case] of: &str,
    #[case] attributes: &[(&str, &str)],
    #[case] expected: &str,
) {
    let attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let published = service(of).published(&attributes);
    let found: Vec<String> =
        published.iter().map(|(record_type, target)| format!("{record_type} {target}")).collect();
    assert_eq!(found.join(", "), expected);
}

#[rstest]
#[case("web", true)]
#[case("_tcp.a-b.web", true)]
#[case("*.web", false)]
#[case("-web", false)]
#[case("", false)]
#[case("a..b", false)]
fn names_of_services_are_checked_before_anything_is_asked(#[case] name: &str, #[case] expected: bool) {
    assert_eq!(check_name(name).is_ok(), expected);
}

#[test]
fn names_of_services_have_their_length() {
    let long = ["a".repeat(63), "b".repeat(63)].join(".");
    assert!(check_name(&long).is_ok());
    assert!(check_name(&format!("{long}.c")).is_err());
    assert!(check_name(&"a".repeat(64)).is_err());
}

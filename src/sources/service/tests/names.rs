//! Where names come from and, by type of the Service, where they point.

use super::*;
use crate::sources::outcome::Severity;
use crate::sources::store::{Caches, Retention};
use crate::sources::testing::{fill, templates};
use rstest::rstest;
use std::collections::BTreeMap;
use zonewright_planner::Ttl;

const HOST: (&str, &str) = ("hostname", "a.example.org");
const INTERNAL: (&str, &str) = ("internal-hostname", "i.example.org");

#[rstest]
#[case::ip(&["192.0.2.1"], &["a.example.org A 192.0.2.1"])]
#[case::both_families(&["192.0.2.1", "2001:db8::1"], &["a.example.org A 192.0.2.1", "a.example.org AAAA 2001:db8::1"])]
#[case::ip_and_host(&["192.0.2.1", "lb.example.net"], &["a.example.org A 192.0.2.1", "a.example.org CNAME lb.example.net"])]
#[case::hosts(&["b.example.net", "a.example.net"], &["a.example.org CNAME a.example.net,b.example.net"])]
fn a_load_balancer_is_reached_at_its_status(#[case] status: &[&str], #[case] expected: &[&str]) {
    let answer = default_answer(&[load_balancer("web", &[HOST], status)]);
    assert_eq!(answer.records(), expected);
    assert_eq!(answer.endpoints[0].labels.resource(), Some("service/default/web"));
}

#[test]
fn external_ips_replace_the_load_balancer_status() {
    let mut service = load_balancer("web", &[HOST], &["192.0.2.1", "lb.example.net"]);
    service["spec"]["externalIPs"] = json!(["198.51.100.1"]);
    assert_eq!(default_answer(&[service]).records(), ["a.example.org A 198.51.100.1"]);
}

#[rstest]
#[case::pending(load_balancer("web", &[HOST], &[]), &[], &["a.example.org"])]
#[case::internal_name_needs_no_load_balancer(load_balancer("web", &[HOST, INTERNAL], &[]), &["i.example.org A 10.1.2.3"], &["a.example.org"])]
#[case::target_needs_none_either(
    load_balancer("web", &[HOST, INTERNAL, ("target", "cdn.example.net.")], &[]),
    &["a.example.org CNAME cdn.example.net", "i.example.org CNAME cdn.example.net"], &[]
)]
#[case::cluster_ip_asks_for_nothing(service("web", &[HOST], json!({"clusterIP": "10.1.2.3"})), &[], &[])]
#[case::cluster_ip_by_internal_name(service("web", &[HOST, INTERNAL], json!({"clusterIP": "10.1.2.3"})), &["i.example.org A 10.1.2.3"], &[])]
#[case::cluster_ip_by_target(service("web", &[HOST, ("target", "192.0.2.9")], json!({"clusterIP": "10.1.2.3"})), &["a.example.org A 192.0.2.9"], &[])]
#[case::external_name(service("web", &[HOST], json!({"type": "ExternalName", "externalName": "b.example.net."})), &["a.example.org CNAME b.example.net"], &[])]
#[case::external_name_is_an_ip(service("web", &[INTERNAL], json!({"type": "ExternalName", "externalName": "192.0.2.8"})), &["i.example.org A 192.0.2.8"], &[])]
#[case::external_name_with_ips(
    service("web", &[HOST], json!({"type": "ExternalName", "externalName": "b.example.net", "externalIPs": ["192.0.2.7"]})),
    &["a.example.org A 192.0.2.7"], &[]
)]
#[case::unannotated(load_balancer("web", &[], &["192.0.2.1"]), &[], &[])]
#[case::empty_items(load_balancer("web", &[("hostname", "a.example.org,,"), ("target", "")], &["192.0.2.1"]), &["a.example.org A 192.0.2.1"], &[])]
fn types_and_names(#[case] service: Value, #[case] records: &[&str], #[case] held: &[&str]) {
    let answer = default_answer(&[service]);
    assert_eq!(answer.records(), records);
    assert_eq!(answer.held(), held);
    assert!(answer.problems.is_empty(), "{:?}", answer.messages());
}

#[test]
fn cluster_ips_are_published_when_asked() {
    let publish = |spec: Value| {
        answer(settings(|s| s.service.publish_internal = true), &[service("web", &[HOST], spec)])
    };
    let with_external = publish(json!({"clusterIP": "10.1.2.3", "externalIPs": ["192.0.2.7"]}));
    assert_eq!(with_external.records(), ["a.example.org A 10.1.2.3"]);
    assert_eq!(publish(json!({})).held(), ["a.example.org"]);
}

#[test]
fn a_bad_name_is_left_out_and_its_neighbour_published() {
    let hostnames = format!("{}.example.org,b.example.org", "a".repeat(64));
    let answer = default_answer(&[load_balancer("web", &[("hostname", &hostnames)], &["192.0.2.1"])]);
    assert_eq!(answer.records(), ["b.example.org A 192.0.2.1"]);
    assert_eq!(answer.problems.len(), 1);
}

#[test]
fn the_type_filter_decides_what_is_seen_and_what_is_read() {
    let objects = [
        load_balancer("lb", &[("hostname", "lb.example.org")], &["192.0.2.1"]),
        service("ip", &[INTERNAL], json!({"clusterIP": "10.1.2.3"})),
    ];
    let kinds_and_records = |types: &[&str]| {
        let settings = settings(|s| s.service.types = types.iter().map(ToString::to_string).collect());
        let mut caches = Caches::new(Retention::default());
        ServiceSource::new(settings.clone(), &mut caches, Arc::default());
        (
            caches.all().map(|cache| cache.kind().plural).collect::<Vec<_>>(),
            answer(settings, &objects).records(),
        )
    };
    let (lb, ip) = ("lb.example.org A 192.0.2.1".to_owned(), "i.example.org A 10.1.2.3".to_owned());
    assert_eq!(kinds_and_records(&["LoadBalancer", "ExternalName"]), (vec!["services"], vec![lb.clone()]));
    assert_eq!(
        kinds_and_records(&["ClusterIP"]),
        (vec!["services", "endpointslices", "pods"], vec![ip.clone()])
    );
    let all = (vec!["services", "endpointslices", "pods", "nodes"], vec![ip, lb]);
    assert_eq!(kinds_and_records(&["ExternalName", ""]), all);
    assert_eq!(kinds_and_records(&[]), all);
}

#[rstest]
#[case::fills_in(&["{{.Name}}.t.org"], &[], false, &["a.example.org A 192.0.2.1", "web.t.org A 192.0.2.2"])]
#[case::combined(&["{{.Name}}.t.org"], &[], true, &["a.example.org A 192.0.2.1", "noted.t.org A 192.0.2.1", "web.t.org A 192.0.2.2"])]
#[case::pairs_first(&["{{.Name}}.t.org"], &["p.t.org:192.0.2.3"], false, &["a.example.org A 192.0.2.1", "p.t.org A 192.0.2.3"])]
#[case::all_three(
    &["{{.Name}}.t.org"], &["p.t.org:192.0.2.3"], true,
    &["a.example.org A 192.0.2.1", "noted.t.org A 192.0.2.1", "p.t.org A 192.0.2.3", "web.t.org A 192.0.2.2"]
)]
fn templates_and_annotations(
    #[case] fqdn: &[&str],
    #[case] pairs: &[&str],
    #[case] combine: bool,
    #[case] expected: &[&str],
) {
    let settings = settings(|s| s.templates = templates(fqdn, pairs, combine));
    let objects =
        [load_balancer("noted", &[HOST], &["192.0.2.1"]), load_balancer("web", &[], &["192.0.2.2"])];
    assert_eq!(answer(settings, &objects).records(), expected);
}

#[test]
fn templates_alone_when_hostname_annotations_are_ignored() {
    let settings = settings(|s| {
        s.templates = templates(&["{{.Name}}.t.org"], &[], false);
        s.ignore_hostname_annotation = true;
    });
    let answer = answer(settings, &[load_balancer("noted", &[HOST, INTERNAL], &["192.0.2.1"])]);
    assert_eq!(answer.records(), ["noted.t.org A 192.0.2.1"]);
}

#[test]
fn ttl_and_label_go_with_template_names_but_not_with_pairs() {
    let settings = settings(|s| s.templates = templates(&["n.t.org"], &["p.t.org:192.0.2.3"], true));
    let answer =
        answer(settings, &[load_balancer("web", &[("ttl", "60"), ("set-identifier", "x")], &["192.0.2.1"])]);
    let details: Vec<_> =
        answer.endpoints.iter().map(|e| (e.ttl, &*e.set_identifier, e.labels.resource())).collect();
    assert_eq!(details, [(Ttl::from_seconds(60), "x", Some("service/default/web")), (Ttl::UNSET, "", None)]);
}

#[test]
fn a_failing_template_fails_one_service_only() {
    let template = "{{if eq .Name \"bad\"}}{{.Nope}}{{end}}{{.Name}}.t.org";
    let objects = [load_balancer("bad", &[HOST], &["192.0.2.1"]), load_balancer("web", &[], &["192.0.2.2"])];
    let with =
        |pairs: &[&str]| answer(settings(|s| s.templates = templates(&[template], pairs, true)), &objects);
    let failed = with(&[]);
    assert_eq!(failed.records(), ["web.t.org A 192.0.2.2"]);
    assert_eq!(failed.problems[0].severity, Severity::Error);
    let resources = |answer: &Answer| answer.holds.iter().map(|h| h.resource.clone()).collect::<Vec<_>>();
    assert_eq!(resources(&failed), [Some("service/default/bad".to_owned())]);
    // Pairs carry no label, so what the Service owned cannot be told from its label alone.
    assert_eq!(resources(&with(&["p.t.org:192.0.2.3"])), [Some("service/default/bad".to_owned()), None]);
}

#[test]
fn load_balancer_host_names_are_replaced_by_their_addresses() {
    let settings = settings(|s| s.service.resolve_load_balancer_hostname = true);
    let objects = [
        load_balancer("web", &[HOST], &["lb.example.net", "192.0.2.1", "nowhere.example.net"]),
        load_balancer("gone", &[("hostname", "gone.example.org")], &["nowhere.example.net"]),
    ];
    let resolved = Arc::new(Resolved::default());
    let addresses = vec!["192.0.2.5".parse().unwrap(), "2001:db8::5".parse().unwrap()];
    resolved.replace(BTreeMap::from([("lb.example.net".to_owned(), addresses)]));
    let answer = run(|caches| ServiceSource::new(settings, caches, resolved), &objects);
    assert_eq!(answer.records(), ["a.example.org A 192.0.2.1,192.0.2.5", "a.example.org AAAA 2001:db8::5"]);
    assert_eq!(answer.held(), ["gone.example.org"]);
    assert_eq!(answer.problems.len(), 2);
}

#[test]
fn only_host_names_that_matter_are_looked_up() {
    let mut fixed = load_balancer("fixed", &[HOST], &["unused.example.net"]);
    fixed["spec"]["externalIPs"] = json!(["192.0.2.7"]);
    let objects = [
        fixed,
        load_balancer("b", &[HOST], &["b.example.net", "192.0.2.1"]),
        load_balancer("a", &[HOST], &["a.example.net", "b.example.net"]),
        load_balancer("other", &[HOST, ("controller", "else")], &["foreign.example.net"]),
    ];
    let names = |resolve: bool| {
        let mut caches = Caches::new(Retention::default());
        let settings = settings(|s| s.service.resolve_load_balancer_hostname = resolve);
        let source = ServiceSource::new(settings, &mut caches, Arc::default());
        fill(&caches, &objects);
        source.names_to_resolve()
    };
    assert_eq!(names(true), ["a.example.net", "b.example.net"]);
    assert_eq!(names(false), Vec::<String>::new());
}

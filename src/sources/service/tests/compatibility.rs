//! Annotations of older tools.

use super::*;
use crate::sources::settings::Compatibility;
use crate::sources::testing::templates;
use rstest::rstest;

use Compatibility::{KopsDnsController, Mate, Molecule};

const MATE: (&str, &str) = ("zalando.org/dnsname", "m.example.org.");
const EXTERNAL: (&str, &str) = ("dns.alpha.kubernetes.io/external", "e1.example.org, e2.example.org");
const INTERNAL: (&str, &str) = ("dns.alpha.kubernetes.io/internal", "i.example.org");

fn in_mode(mode: Compatibility, objects: &[Value]) -> Answer {
    answer(settings(|s| s.compatibility = Some(mode)), objects)
}

fn with_annotation(annotation: (&str, &str), reached_at: &[&str]) -> Value {
    let mut service = load_balancer("old", &[], reached_at);
    service["metadata"]["annotations"] = json!({annotation.0: annotation.1});
    service
}

fn molecule(names: &str) -> Value {
    let mut service = with_annotation(("domainName", names), &["192.0.2.1"]);
    service["metadata"]["labels"] = json!({"dns": "route53"});
    service
}

#[rstest]
#[case::mate(Mate, with_annotation(MATE, &["192.0.2.1", "lb.example.net"]), &["m.example.org A 192.0.2.1", "m.example.org CNAME lb.example.net"])]
#[case::mate_ipv6(Mate, with_annotation(MATE, &["2001:db8::1"]), &["m.example.org AAAA 2001:db8::1"])]
#[case::other_mode(Molecule, with_annotation(MATE, &["192.0.2.1"]), &[])]
#[case::molecule(Molecule, molecule("a.example.org., b.example.org"), &["a.example.org A 192.0.2.1", "b.example.org A 192.0.2.1"])]
#[case::molecule_apex(Molecule, molecule(".example.org"), &["example.org A 192.0.2.1"])]
#[case::molecule_without_label(Molecule, with_annotation(("domainName", "a.example.org"), &["192.0.2.1"]), &[])]
#[case::kops(
    KopsDnsController, load_balancer("old", &[EXTERNAL, INTERNAL], &["192.0.2.1"]),
    &["e1.example.org A 192.0.2.1", "e2.example.org A 192.0.2.1", "i.example.org A 192.0.2.1"]
)]
#[case::kops_other_types(KopsDnsController, service("old", &[EXTERNAL], json!({"clusterIP": "10.1.2.3"})), &[])]
#[case::todays_annotation_wins(Mate, load_balancer("old", &[MATE, ("hostname", "new.example.org")], &["192.0.2.1"]), &["new.example.org A 192.0.2.1"])]
fn load_balancers(#[case] mode: Compatibility, #[case] service: Value, #[case] expected: &[&str]) {
    let answer = in_mode(mode, &[service]);
    assert_eq!(answer.records(), expected);
    assert!(answer.holds.is_empty() && answer.problems.is_empty());
}

#[test]
fn without_the_flag_nothing_is_read() {
    assert!(default_answer(&[load_balancer("old", &[MATE, EXTERNAL], &["192.0.2.1"])]).endpoints.is_empty());
}

#[test]
fn neither_ttl_nor_label_nor_target_counts() {
    let annotations = [MATE, ("ttl", "60"), ("target", "192.0.2.9"), ("set-identifier", "x")];
    let answer = in_mode(Mate, &[load_balancer("old", &annotations, &["192.0.2.1"])]);
    assert_eq!(answer.records(), ["m.example.org A 192.0.2.1"]);
    let endpoint = &answer.endpoints[0];
    assert_eq!(
        (endpoint.ttl.configured(), endpoint.labels.resource(), &*endpoint.set_identifier),
        (None, None, "")
    );
}

#[test]
fn names_come_before_templates() {
    let settings = settings(|s| {
        s.compatibility = Some(Mate);
        s.templates = templates(&["{{.Name}}.t.org"], &[], false);
    });
    let answer = answer(settings, &[load_balancer("old", &[MATE], &["192.0.2.1"])]);
    assert_eq!(answer.records(), ["m.example.org A 192.0.2.1"]);
}

#[test]
fn names_are_held_while_the_load_balancer_is_pending() {
    assert_eq!(in_mode(Mate, &[load_balancer("old", &[MATE], &[])]).held(), ["m.example.org"]);
    assert!(in_mode(Mate, &[service("old", &[MATE], json!({"clusterIP": "10.1.2.3"}))]).holds.is_empty());
}

#[rstest]
#[case::external(&[EXTERNAL], false, &["e1.example.org A 203.0.113.1", "e2.example.org A 203.0.113.1"])]
#[case::external_exposed(&[EXTERNAL], true, &[
    "e1.example.org A 203.0.113.1", "e1.example.org AAAA 2001:db8::1", "e2.example.org A 203.0.113.1", "e2.example.org AAAA 2001:db8::1",
])]
#[case::internal(&[INTERNAL], false, &["i.example.org A 10.0.0.1", "i.example.org AAAA 2001:db8::1"])]
#[case::both(&[EXTERNAL, INTERNAL], false, &[])]
fn kops_publishes_nodes_of_its_role(
    #[case] annotations: &[(&str, &str)],
    #[case] expose: bool,
    #[case] expected: &[&str],
) {
    let addresses =
        [("ExternalIP", "203.0.113.1"), ("InternalIP", "10.0.0.1"), ("InternalIP", "2001:db8::1")];
    let mut worker = node("worker", &addresses);
    worker["metadata"]["labels"] = json!({"node-role.kubernetes.io/node": ""});
    worker["spec"] = json!({"unschedulable": true});
    let plane = node("plane", &[("ExternalIP", "203.0.113.7"), ("InternalIP", "10.0.0.7")]);
    let settings = settings(|s| {
        s.compatibility = Some(KopsDnsController);
        s.nodes.expose_internal_ipv6 = expose;
    });
    let old = service("old", annotations, json!({"type": "NodePort", "ports": [{"nodePort": 30080}]}));
    let answer = answer(settings, &[old, worker, plane]);
    assert_eq!(answer.records(), expected);
    assert!(answer.holds.is_empty());
}

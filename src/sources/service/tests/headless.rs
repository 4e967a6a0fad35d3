//! Headless Services.

use super::*;
use rstest::rstest;

const HOST: (&str, &str) = ("hostname", "db.example.org");

fn db(annotations: &[(&str, &str)]) -> Value {
    service("db", annotations, json!({"clusterIP": "None", "selector": {"app": "db"}}))
}

/// Pod `name` with a hostname like its name, on Node `n-<name>`.
fn pod(name: &str) -> Value {
    json!({
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "db"}},
        "spec": {"hostname": name, "nodeName": format!("n-{name}")},
        "status": {"hostIP": "203.0.113.9"},
    })
}

fn endpoint(pod: &str, address: &str) -> Value {
    json!({"addresses": [address, "192.0.2.254"], "targetRef": {"kind": "Pod", "name": pod}})
}

fn slice(name: &str, address_type: &str, endpoints: &[Value]) -> Value {
    json!({
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": "db"}},
        "addressType": address_type,
        "endpoints": endpoints,
    })
}

/// Two Pods behind the Service: db-0 at 10.0.0.1, db-1 at 10.0.0.2.
fn two_pods(annotations: &[(&str, &str)]) -> Vec<Value> {
    let endpoints = [endpoint("db-0", "10.0.0.1"), endpoint("db-1", "10.0.0.2")];
    vec![db(annotations), slice("db-x", "IPv4", &endpoints), pod("db-0"), pod("db-1")]
}

const BOTH: [&str; 3] = [
    "db-0.db.example.org A 10.0.0.1",
    "db-1.db.example.org A 10.0.0.2",
    "db.example.org A 10.0.0.1,10.0.0.2",
];
const ONLY_SECOND: [&str; 2] = ["db-1.db.example.org A 10.0.0.2", "db.example.org A 10.0.0.2"];

#[test]
fn every_pod_counts_and_has_its_own_name() {
    assert_eq!(default_answer(&two_pods(&[HOST])).records(), BOTH);
    assert_eq!(default_answer(&two_pods(&[("internal-hostname", "db.example.org")])).records(), BOTH);
    assert_eq!(default_answer(&two_pods(&[("hostname", "db.example.org.")])).records(), BOTH);
}

#[test]
fn pods_without_hostname_appear_under_the_service_only() {
    let mut objects = two_pods(&[HOST]);
    objects[2]["spec"]["hostname"] = json!("");
    objects[3]["spec"].as_object_mut().unwrap().remove("hostname");
    assert_eq!(default_answer(&objects).records(), ["db.example.org A 10.0.0.1,10.0.0.2"]);
}

#[test]
fn slices_of_both_families_and_repetitions_unite() {
    let mut objects = two_pods(&[HOST]);
    objects.push(slice("db-y", "IPv4", &[endpoint("db-1", "10.0.0.2")]));
    objects.push(slice("db-z", "IPv6", &[endpoint("db-0", "2001:db8::1")]));
    objects.push(slice("db-f", "FQDN", &[endpoint("db-1", "db-1.example.net")]));
    let records = default_answer(&objects).records();
    assert_eq!(records[0], BOTH[0]);
    assert_eq!(records[1], "db-0.db.example.org AAAA 2001:db8::1");
    assert_eq!(records[3..], [BOTH[2], "db.example.org AAAA 2001:db8::1"]);
}

#[rstest]
#[case::said_so(false, false, &ONLY_SECOND)]
#[case::published_by_the_service(true, false, &BOTH)]
#[case::published_by_the_flag(false, true, &BOTH)]
fn what_is_not_ready_is_left_out(#[case] by_service: bool, #[case] by_flag: bool, #[case] expected: &[&str]) {
    let mut objects = two_pods(&[HOST]);
    objects[0]["spec"]["publishNotReadyAddresses"] = json!(by_service);
    objects[1]["endpoints"][0]["conditions"] = json!({"ready": false});
    objects[1]["endpoints"][1]["conditions"] = json!({"ready": null});
    let answer = answer(settings(|s| s.service.always_publish_not_ready = by_flag), &objects);
    assert_eq!(answer.records(), expected);
    assert!(answer.holds.is_empty() && answer.problems.is_empty());
}

#[test]
fn while_no_pod_is_ready_every_name_is_held() {
    let mut objects = two_pods(&[HOST]);
    for endpoint in objects[1]["endpoints"].as_array_mut().unwrap() {
        endpoint["conditions"] = json!({"ready": false});
    }
    let answer = default_answer(&objects);
    assert_eq!(answer.records(), Vec::<String>::new());
    assert_eq!(answer.held(), ["db.example.org", "db-0.db.example.org", "db-1.db.example.org"]);
    assert_eq!(default_answer(&[db(&[HOST])]).held(), ["db.example.org"]);
}

#[rstest]
#[case::no_reference(json!(null))]
#[case::pod_is_gone(json!({"kind": "Pod", "name": "db-9"}))]
#[case::not_a_pod(json!({"kind": "VirtualMachine", "name": "db-0"}))]
#[case::of_another_api(json!({"kind": "Pod", "name": "db-0", "apiVersion": "example.org/v1"}))]
#[case::pod_is_not_selected(json!({"kind": "Pod", "name": "web-0"}))]
fn what_leads_to_no_pod_of_the_service_is_left_out(#[case] reference: Value) {
    let mut objects = two_pods(&[HOST]);
    let mut other = pod("web-0");
    other["metadata"]["labels"] = json!({"app": "web"});
    objects.push(other);
    objects[1]["endpoints"][0]["targetRef"] = reference;
    let answer = default_answer(&objects);
    assert_eq!(answer.records(), ONLY_SECOND);
    assert_eq!(answer.problems.len(), 1);
    assert!(answer.messages()[0].ends_with("10.0.0.1"), "{:?}", answer.messages());
}

#[test]
fn an_endpoint_on_its_way_out_is_not_reported() {
    let mut objects = two_pods(&[HOST]);
    objects[1]["endpoints"][0]["conditions"] = json!({"ready": false});
    objects.retain(|object| object["metadata"]["name"] != "db-0");
    let answer = default_answer(&objects);
    assert_eq!(answer.records(), ONLY_SECOND);
    assert!(answer.problems.is_empty(), "{:?}", answer.messages());
}

#[test]
fn the_core_api_version_of_a_reference_is_fine() {
    let mut objects = two_pods(&[HOST]);
    objects[1]["endpoints"][0]["targetRef"]["apiVersion"] = json!("v1");
    assert_eq!(default_answer(&objects).records(), BOTH);
}

#[test]
fn without_a_selector_any_pod_of_the_namespace_counts() {
    let mut objects = two_pods(&[HOST]);
    objects[0]["spec"].as_object_mut().unwrap().remove("selector");
    objects[2]["metadata"]["labels"] = json!({});
    assert_eq!(default_answer(&objects).records(), BOTH);
}

#[test]
fn slices_of_other_services_are_not_read() {
    let mut objects = two_pods(&[HOST]);
    for label in [json!({}), json!({"kubernetes.io/service-name": "dbx"})] {
        let mut foreign = slice("foreign", "IPv4", &[endpoint("db-0", "10.0.0.99")]);
        foreign["metadata"]["labels"] = label;
        foreign["metadata"]["name"] = json!(format!("foreign-{}", objects.len()));
        objects.push(foreign);
    }
    assert_eq!(default_answer(&objects).records(), BOTH);
}

#[test]
fn target_annotations_win_for_the_pod_or_for_all() {
    let mut objects = two_pods(&[HOST]);
    objects[2]["metadata"]["annotations"] = prefixed(&[("target", "192.0.2.1,192.0.2.2")]);
    let expected = [
        "db-0.db.example.org A 192.0.2.1,192.0.2.2",
        "db-1.db.example.org A 10.0.0.2",
        "db.example.org A 10.0.0.2,192.0.2.1,192.0.2.2",
    ];
    assert_eq!(default_answer(&objects).records(), expected);
    let all = default_answer(&two_pods(&[HOST, ("target", "192.0.2.3")]));
    assert_eq!(all.records(), ["db.example.org A 192.0.2.3"]);
}

fn with_nodes(mut objects: Vec<Value>) -> Vec<Value> {
    objects.push(node("n-db-0", &[("ExternalIP", "203.0.113.1"), ("InternalIP", "2001:db8::4")]));
    objects.push(node("n-db-1", &[("ExternalIP", "203.0.113.2"), ("InternalIP", "198.51.100.2")]));
    objects
}

#[rstest]
#[case::host_ip(&[("endpoints-type", "HostIP")], false, "db.example.org A 203.0.113.9")]
#[case::host_ip_by_flag(&[], true, "db.example.org A 203.0.113.9")]
#[case::node_wins_over_flag(&[("endpoints-type", "NodeExternalIP")], true, "db.example.org A 203.0.113.1,203.0.113.2")]
#[case::unknown(&[("endpoints-type", "hostip")], false, BOTH[2])]
fn the_endpoints_type_chooses_addresses(
    #[case] annotations: &[(&str, &str)],
    #[case] flag: bool,
    #[case] expected: &str,
) {
    let objects = with_nodes(two_pods(&[annotations, &[HOST]].concat()));
    let answer = answer(settings(|s| s.service.publish_host_ip = flag), &objects);
    assert_eq!(answer.records().last().unwrap(), expected);
}

#[test]
fn a_host_ip_that_is_not_there_yet_is_no_target() {
    let mut objects = two_pods(&[HOST, ("endpoints-type", "HostIP")]);
    objects[2]["status"] = json!({});
    assert_eq!(
        default_answer(&objects).records(),
        ["db-1.db.example.org A 203.0.113.9", "db.example.org A 203.0.113.9"]
    );
}

#[test]
fn node_external_ip_needs_the_nodes() {
    let annotations = [HOST, ("endpoints-type", "NodeExternalIP")];
    let with_ipv6 =
        answer(settings(|s| s.nodes.expose_internal_ipv6 = true), &with_nodes(two_pods(&annotations)));
    assert!(with_ipv6.records().contains(&"db.example.org AAAA 2001:db8::4".to_owned()));

    let mut one_node = with_nodes(two_pods(&annotations));
    one_node.retain(|object| object["metadata"]["name"] != "n-db-0");
    let answer_one = default_answer(&one_node);
    assert_eq!(answer_one.records(), ["db-1.db.example.org A 203.0.113.2", "db.example.org A 203.0.113.2"]);
    assert!(answer_one.messages()[0].contains("is not there"));

    let no_nodes = settings(|s| s.service.types = vec!["ClusterIP".to_owned()]);
    let unknown = answer(no_nodes, &with_nodes(two_pods(&annotations)));
    assert!(unknown.endpoints.is_empty());
    assert!(unknown.messages()[0].contains("--service-type-filter"));
}

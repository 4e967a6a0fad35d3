//! NodePort Services.

use super::*;
use crate::sources::testing::templates;
use rstest::rstest;
use zonewright_planner::RecordType;

const HOST: (&str, &str) = ("hostname", "game.example.org");

fn game(annotations: &[(&str, &str)]) -> Value {
    let ports = json!([{"protocol": "UDP", "nodePort": 30083}, {"nodePort": 30080}, {"protocol": "TCP", "nodePort": 30081}, {"port": 1}]);
    service("game", annotations, json!({"type": "NodePort", "selector": {"app": "game"}, "ports": ports}))
}

fn two_nodes() -> Vec<Value> {
    let external = ("ExternalIP", "203.0.113.1");
    let internal = [("InternalIP", "10.0.0.1"), ("InternalIP", "2001:db8::1")];
    vec![node("na", &[&[external], &internal[..]].concat()), node("nb", &[("InternalIP", "10.0.0.2")])]
}

fn addresses(answer: &Answer) -> Vec<String> {
    let mut records = answer.records();
    records.retain(|record| !record.contains(" SRV "));
    records
}

#[rstest]
#[case::automatic(&[], false, &["A 203.0.113.1"])]
#[case::automatic_exposed(&[], true, &["A 203.0.113.1", "AAAA 2001:db8::1"])]
#[case::public(&[("access", "public")], false, &["A 203.0.113.1"])]
#[case::private(&[("access", "private")], false, &["A 10.0.0.1,10.0.0.2", "AAAA 2001:db8::1"])]
#[case::unknown(&[("access", "Private")], false, &["A 203.0.113.1"])]
fn access_chooses_addresses(
    #[case] annotations: &[(&str, &str)],
    #[case] expose: bool,
    #[case] expected: &[&str],
) {
    let objects = [vec![game(&[annotations, &[HOST]].concat())], two_nodes()].concat();
    let answer = answer(settings(|s| s.nodes.expose_internal_ipv6 = expose), &objects);
    let expected: Vec<String> = expected.iter().map(|record| format!("game.example.org {record}")).collect();
    assert_eq!(addresses(&answer), expected);
}

#[test]
fn ports_become_srv_records_by_protocol() {
    let answer = default_answer(
        &[vec![game(&[("hostname", "game.example.org."), ("ttl", "60")])], two_nodes()].concat(),
    );
    let srv: Vec<_> = answer.endpoints.iter().filter(|e| e.record_type == RecordType::Srv).collect();
    assert_eq!(
        answer.records()[..2],
        [
            "_game._tcp.game.example.org SRV 0 50 30080 game.example.org.,0 50 30081 game.example.org.",
            "_game._udp.game.example.org SRV 0 50 30083 game.example.org.",
        ]
    );
    assert!(
        srv.iter()
            .all(|e| e.ttl.configured() == Some(60) && e.labels.resource() == Some("service/default/game"))
    );
}

#[test]
fn without_addresses_the_name_is_held_and_the_ports_are_published() {
    for objects in [vec![game(&[HOST])], vec![game(&[HOST, ("access", "public")]), two_nodes().remove(1)]] {
        let answer = default_answer(&objects);
        assert_eq!(answer.held(), ["game.example.org"]);
        assert_eq!(answer.endpoints.len(), 2);
    }
}

#[test]
fn ports_alone_leave_no_turn_to_the_template() {
    let settings = settings(|s| s.templates = templates(&["{{.Name}}.t.org"], &[], false));
    assert!(answer(settings, &[game(&[HOST])]).records().iter().all(|record| record.contains(" SRV ")));
}

#[test]
fn an_alias_has_no_ports_and_a_target_neither() {
    let alias = default_answer(&[vec![game(&[HOST, ("alias", "true")])], two_nodes()].concat());
    assert_eq!(alias.records(), ["game.example.org A 203.0.113.1"]);
    assert_eq!((alias.problems.len(), alias.holds.len()), (1, 0));
    let target =
        default_answer(&[vec![game(&[HOST, ("target", "front.example.net")])], two_nodes()].concat());
    assert_eq!(target.records(), ["game.example.org CNAME front.example.net"]);
}

#[test]
fn cordoned_nodes_count_only_when_asked() {
    let mut objects = [vec![game(&[HOST])], two_nodes()].concat();
    objects[1]["spec"] = json!({"unschedulable": true});
    assert_eq!(addresses(&default_answer(&objects)), ["game.example.org A 10.0.0.2"]);
    let all = answer(settings(|s| s.nodes.exclude_unschedulable = false), &objects);
    assert_eq!(addresses(&all), ["game.example.org A 203.0.113.1"]);
}

#[test]
fn nodes_are_read_beyond_the_namespace() {
    let objects = [vec![game(&[HOST])], two_nodes()].concat();
    let answer = answer(settings(|s| s.namespace = "default".to_owned()), &objects);
    assert_eq!(addresses(&answer), ["game.example.org A 203.0.113.1"]);
}

/// A Pod of the Service on a Node, in some state.
fn pod(node: &str, state: &str) -> Value {
    let ready = if state.contains("ready") && !state.contains("unready") { "True" } else { "False" };
    let mut pod = json!({
        "kind": "Pod",
        "metadata": {"name": format!("{node}-{}", state.replace(' ', "-")), "namespace": "default", "labels": {"app": "game"}},
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    });
    if state.contains("terminating") {
        pod["metadata"]["deletionTimestamp"] = json!("2024-05-01T10:00:00Z");
    }
    if state.contains("pending") {
        pod["status"]["phase"] = json!("Pending");
    }
    if state.contains("foreign") {
        pod["metadata"]["labels"] = json!({"app": "other"});
    }
    pod
}

#[rstest]
#[case::only_ready(&[("n1", "ready"), ("n2", "unready"), ("n3", "ready terminating")], &["10.0.0.1"])]
#[case::terminating_before_unready(&[("n1", "unready"), ("n2", "ready terminating")], &["10.0.0.2"])]
#[case::unready_at_last(&[("n1", "unready"), ("n3", "unready terminating")], &["10.0.0.1", "10.0.0.3"])]
#[case::the_best_pod_of_a_node_counts(&[("n1", "unready"), ("n1", "ready"), ("n2", "ready"), ("n2", "unready")], &["10.0.0.1", "10.0.0.2"])]
#[case::strangers_do_not_count(&[("n1", "ready foreign"), ("n2", "ready pending"), ("nowhere", "ready"), ("n3", "unready")], &["10.0.0.3"])]
#[case::none(&[], &[])]
fn local_traffic_needs_the_fittest_nodes(#[case] pods: &[(&str, &str)], #[case] expected: &[&str]) {
    let mut service = game(&[HOST]);
    service["spec"]["externalTrafficPolicy"] = json!("Local");
    let mut objects = vec![service];
    objects.extend((1..=3).map(|n| node(&format!("n{n}"), &[("InternalIP", &format!("10.0.0.{n}"))])));
    objects.extend(pods.iter().map(|(node, state)| pod(node, state)));
    let forward = default_answer(&objects);
    let expected: Vec<String> =
        if expected.is_empty() { vec![] } else { vec![format!("game.example.org A {}", expected.join(","))] };
    assert_eq!(addresses(&forward), expected);
    assert_eq!(forward.held().is_empty(), !expected.is_empty());
}

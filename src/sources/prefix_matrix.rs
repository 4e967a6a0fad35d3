//! Every annotation under both prefixes, alone, equal and different, on every kind of object that has annotations.

use super::annotations::{CURRENT_PREFIX, OLDER_PREFIX};
use super::gateway::{GatewaySource, RouteKind};
use super::ingress::IngressSource;
use super::node::NodeSource;
use super::pod::PodSource;
use super::service::ServiceSource;
use super::testing::{Answer, run, settings};
use serde_json::{Value, json};
use std::sync::Arc;
use zonewright_planner::Endpoint;

/// A key with two values that make a difference wherever the key is read at all.
const KEYS: [(&str, &str, &str); 17] = [
    ("hostname", "one.example.org", "two.example.org"),
    ("internal-hostname", "one.example.org", "two.example.org"),
    ("target", "192.0.2.1", "192.0.2.2"),
    ("ttl", "60", "120"),
    ("controller", "dns-controller", "somebody-else"),
    ("set-identifier", "one", "two"),
    ("access", "public", "private"),
    ("endpoints-type", "NodeExternalIP", "HostIP"),
    ("ingress-hostname-source", "annotation-only", "defined-hosts-only"),
    ("gateway-hostname-source", "annotation-only", "defined-hosts-only"),
    ("alias", "true", "false"),
    ("shared", "true", "false"),
    ("aws-weight", "10", "20"),
    ("cloudflare-proxied", "true", "false"),
    ("scw-weight", "1", "2"),
    ("webhook-color", "red", "blue"),
    ("coredns-group", "a", "b"),
];

/// Kinds of objects, each with what must stand beside it. `@` takes the annotations.
fn worlds() -> Vec<(&'static str, Vec<Value>)> {
    let service = |spec: Value, status: Value| {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "namespace": "web", "name": "shop", "annotations": "@" },
            "spec": spec, "status": status,
        })
    };
    let balanced = json!({ "loadBalancer": { "ingress": [{ "ip": "198.51.100.1" }] } });
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "n1" },
        "status": { "addresses": [
            { "type": "ExternalIP", "address": "203.0.113.1" },
            { "type": "InternalIP", "address": "10.0.0.1" },
        ], "conditions": [{ "type": "Ready", "status": "True" }] },
    });
    let mut annotated_node = node.clone();
    annotated_node["metadata"]["annotations"] = json!("@");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "namespace": "web", "name": "p", "annotations": "@", "labels": { "app": "shop" } },
        "spec": { "nodeName": "n1", "hostNetwork": true },
        "status": { "podIP": "10.0.0.1", "phase": "Running" },
    });
    let gateway = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "metadata": { "namespace": "web", "name": "edge" },
        "spec": { "listeners": [{ "name": "http", "protocol": "HTTP", "port": 80 }] },
        "status": { "addresses": [{ "value": "198.51.100.2" }] },
    });
    let parent = json!({ "name": "edge" });
    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": { "namespace": "web", "name": "r", "annotations": "@" },
        "spec": { "hostnames": ["defined.example.org"], "parentRefs": [parent] },
        "status": { "parents": [{
            "parentRef": parent,
            "conditions": [{ "type": "Accepted", "status": "True" }],
        }] },
    });
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "web" } });
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": { "namespace": "web", "name": "i", "annotations": "@" },
        "spec": { "rules": [{ "host": "defined.example.org" }] }, "status": balanced,
    });
    vec![
        (
            "service",
            vec![service(json!({ "type": "LoadBalancer", "clusterIP": "10.1.0.1" }), balanced.clone())],
        ),
        (
            "service",
            vec![
                service(json!({ "type": "NodePort", "ports": [{ "nodePort": 30000 }] }), json!({})),
                node.clone(),
            ],
        ),
        ("ingress", vec![ingress]),
        ("gateway-httproute", vec![route, gateway, namespace]),
        ("node", vec![annotated_node]),
        ("pod", vec![pod, node]),
    ]
}

/// What a source makes of a world whose object has these annotations beside a host name.
fn answer(source: &str, world: &[Value], key: &str, annotations: &[(&str, &str)]) -> Vec<Endpoint> {
    let mut all = serde_json::Map::new();
    if key != "hostname" {
        all.insert(format!("{CURRENT_PREFIX}hostname"), json!("named.example.org"));
    }
    all.extend(annotations.iter().map(|(prefix, value)| (format!("{prefix}{key}"), json!(value))));
    let fill = |object: &Value| {
        let mut object = object.clone();
        if object["metadata"]["annotations"] == json!("@") {
            object["metadata"]["annotations"] = Value::Object(all.clone());
        }
        object
    };
    let objects: Vec<Value> = world.iter().map(fill).collect();
    let settings = settings(|_| {});
    let answer: Answer = match source {
        "service" => run(|caches| ServiceSource::new(settings, caches, Arc::default()), &objects),
        "ingress" => run(|caches| IngressSource::new(settings, caches), &objects),
        "node" => run(|caches| NodeSource::new(settings, caches), &objects),
        "pod" => run(|caches| PodSource::new(settings, caches), &objects),
        route => {
            let kind = RouteKind::of_source(route).unwrap();
            run(|caches| GatewaySource::new(kind, settings, caches), &objects)
        }
    };
    answer.endpoints
}

#[test]
fn each_annotation_means_the_same_under_both_prefixes_and_the_current_one_wins() {
    let mut differences = 0;
    for (source, world) in worlds() {
        for (key, one, two) in KEYS {
            let ask = |annotations: &[(&str, &str)]| answer(source, &world, key, annotations);
            let current = ask(&[(CURRENT_PREFIX, one)]);
            assert_eq!(ask(&[(OLDER_PREFIX, one)]), current, "{source} {key}: only the older one");
            assert_eq!(ask(&[(OLDER_PREFIX, one), (CURRENT_PREFIX, one)]), current, "{source} {key}: equal");
            let other = ask(&[(CURRENT_PREFIX, two)]);
            assert_eq!(
                ask(&[(OLDER_PREFIX, one), (CURRENT_PREFIX, two)]),
                other,
                "{source} {key}: different"
            );
            differences += usize::from(current != other);
        }
    }
    // Keys without a meaning for a kind of object change nothing there; most have one.
    assert!(differences > 40, "only {differences} keys make a difference");
}

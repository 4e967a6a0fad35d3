//! Kubernetes objects as users write them, with the status that a controller would add.

use serde_json::{Value, json};

pub const HOSTNAME: &str = "external-dns.alpha.kubernetes.io/hostname";
pub const SET_IDENTIFIER: &str = "external-dns.alpha.kubernetes.io/set-identifier";
pub const TTL: &str = "external-dns.alpha.kubernetes.io/ttl";

/// A Service with a load balancer at an address; no address yet, when it is empty.
pub fn service(namespace: &str, name: &str, host: &str, address: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name, "annotations": {HOSTNAME: host}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": name}},
        "status": {"loadBalancer": {"ingress": addresses(address)}},
    })
}

pub fn ingress(namespace: &str, name: &str, host: &str, address: &str) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"rules": [
            {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}},
        ]},
        "status": {"loadBalancer": {"ingress": addresses(address)}},
    })
}

fn addresses(address: &str) -> Value {
    if address.is_empty() { json!([]) } else { json!([{"ip": address}]) }
}

pub fn gateway(namespace: &str, name: &str, address: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "gatewayClassName": "test",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
        "status": {"addresses": [{"type": "IPAddress", "value": address}]},
    })
}

/// An HTTPRoute that its Gateway has accepted.
pub fn http_route(namespace: &str, name: &str, gateway: &str, host: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "parentRefs": [{"name": gateway}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
        },
        "status": {"parents": [{
            "parentRef": {"name": gateway},
            "controllerName": "example.net/test",
            "conditions": [{
                "type": "Accepted",
                "status": "True",
                "reason": "Accepted",
                "message": "",
                "lastTransitionTime": "2026-01-15T08:00:00Z",
            }],
        }]},
    })
}

pub fn dns_endpoint(namespace: &str, name: &str, host: &str, address: &str, ttl: u32) -> Value {
    json!({
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSEndpoint",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"endpoints": [
            {"dnsName": host, "recordType": "A", "targets": [address], "recordTTL": ttl},
        ]},
    })
}

pub fn with_annotation(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["annotations"][key] = json!(value);
    object
}

/// What a provider lists: an A record and the row that says whose it is.
pub fn owned_a(host: &str, address: &str, owner: &str, resource: &str) -> Vec<Value> {
    owned_a_in_set(host, address, owner, resource, "")
}

pub fn owned_a_in_set(host: &str, address: &str, owner: &str, resource: &str, set: &str) -> Vec<Value> {
    let row =
        format!("\"heritage=external-dns,external-dns/owner={owner},external-dns/resource={resource}\"");
    let mut records = vec![
        json!({"dnsName": host, "recordType": "A", "targets": [address]}),
        json!({"dnsName": format!("a-{host}"), "recordType": "TXT", "targets": [row]}),
    ];
    if !set.is_empty() {
        records.iter_mut().for_each(|record| record["setIdentifier"] = json!(set));
    }
    records
}

/// Records in an order of their own, less what does not concern DNS.
pub fn normal(records: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut records: Vec<Value> = records.into_iter().collect();
    for fields in records.iter_mut().filter_map(Value::as_object_mut) {
        fields.retain(|key, value| {
            ["dnsName", "recordType", "targets", "setIdentifier", "recordTTL"].contains(&key.as_str())
                && *value != json!("")
                && *value != json!(0)
        });
    }
    records.sort_by_key(Value::to_string);
    records
}

//! Services in, records out. Cases follow the recorded behaviour of ExternalDNS v0.22.

mod compatibility;
mod headless;
mod names;
mod node_port;
mod sharing;
mod wanted;

use super::ServiceSource;
use super::resolve::Resolved;
use crate::sources::settings::Settings;
use crate::sources::testing::{Answer, run, settings};
use serde_json::{Value, json};
use std::sync::Arc;

const PREFIX: &str = "external-dns.kubernetes.io/";

/// A Service in namespace `default`; annotation keys without a `/` get the usual prefix.
fn service(name: &str, annotations: &[(&str, &str)], spec: Value) -> Value {
    json!({
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default", "annotations": prefixed(annotations)},
        "spec": spec,
    })
}

fn prefixed(annotations: &[(&str, &str)]) -> Value {
    let key = |key: &str| if key.contains('/') { key.to_owned() } else { format!("{PREFIX}{key}") };
    annotations.iter().map(|(name, value)| (key(name), Value::from(*value))).collect()
}

/// A load balancer Service; IP addresses among `reached_at` become `ip`, the rest `hostname`.
fn load_balancer(name: &str, annotations: &[(&str, &str)], reached_at: &[&str]) -> Value {
    let entry = |at: &&str| match at.parse::<std::net::IpAddr>() {
        Ok(_) => json!({"ip": at}),
        Err(_) => json!({"hostname": at}),
    };
    let mut service = service(name, annotations, json!({"type": "LoadBalancer", "clusterIP": "10.1.2.3"}));
    service["status"] =
        json!({"loadBalancer": {"ingress": reached_at.iter().map(entry).collect::<Vec<_>>()}});
    service
}

fn node(name: &str, addresses: &[(&str, &str)]) -> Value {
    let addresses: Vec<Value> =
        addresses.iter().map(|(kind, address)| json!({"type": kind, "address": address})).collect();
    json!({"kind": "Node", "metadata": {"name": name}, "status": {"addresses": addresses}})
}

fn answer(settings: Arc<Settings>, objects: &[Value]) -> Answer {
    run(|caches| ServiceSource::new(settings, caches, Arc::new(Resolved::default())), objects)
}

fn default_answer(objects: &[Value]) -> Answer {
    answer(settings(|_| {}), objects)
}

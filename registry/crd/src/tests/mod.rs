//! On a real API server.

mod battery;
mod calls;
mod objects;

use crate::DnsRecords;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use zonewright_planner::{Endpoint, Labels, Owner, Properties, RecordType, Ttl};
use zonewright_registry::Statement;
use zonewright_testing::KubeApiserver;

const NAMESPACE: &str = "registry";

/// An API server that knows the kind, and has the namespace.
async fn server() -> KubeApiserver {
    let server = KubeApiserver::start().await.unwrap();
    let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/crds");
    server.install_crds(&crds).await.unwrap();
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
    server.apply(&namespace).await.unwrap();
    server
}

fn records(server: &KubeApiserver) -> DnsRecords {
    DnsRecords::new(server.client(), Some(NAMESPACE))
}

fn me() -> Owner {
    Owner::new("me").unwrap()
}

fn labels(resource: &str) -> Labels {
    [("resource", resource)].into_iter().collect()
}

fn web() -> Endpoint {
    Endpoint::new(
        "web.example.org",
        RecordType::A,
        &["192.0.2.1", "192.0.2.2"],
        [("aws/weight", "10")].into_iter().collect::<Properties>(),
    )
    .unwrap()
    .with_set_identifier("eu")
    .with_ttl(Ttl::from_seconds(300))
}

const WEB: &str = "web.example.org#A#eu";

fn insert(key: &str, record: Option<Endpoint>) -> Statement {
    Statement::Insert {
        key: key.into(),
        owner: me(),
        labels: labels("crd/default/web"),
        record: record.map(Box::new),
    }
}

fn mark(key: &str, outcome: Result<(), &str>) -> Statement {
    Statement::Mark { key: key.into(), owner: me(), outcome: outcome.map_err(Arc::from) }
}

fn delete(key: &str) -> Statement {
    Statement::Delete { key: key.into(), owner: me() }
}

/// An object as v0.22 writes it.
fn object(name: &str, owner: &str, dns_name: &str) -> Value {
    json!({
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSRecord",
        "metadata": { "name": name, "namespace": NAMESPACE, "labels": { "externaldns.k8s.io/owner": owner } },
        "spec": { "endpoint": {
            "dnsName": dns_name, "recordType": "A", "targets": ["192.0.2.1"],
            "labels": { "owner": owner, "resource": "crd/default/web" },
        } },
    })
}

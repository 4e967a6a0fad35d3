//! What lies behind Services is read only once a Service asks for names that come from there.

use crate::sources::service::ServiceSource;
use crate::sources::settings::Settings;
use crate::sources::store::{CacheStatus, Caches, Retention};
use crate::sources::testing::templates;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;

fn service(spec: Value, annotations: Value) -> String {
    let metadata = json!({ "namespace": "web", "name": "shop", "annotations": annotations });
    json!({ "metadata": metadata, "spec": spec }).to_string()
}

fn named() -> Value {
    json!({ "external-dns.kubernetes.io/hostname": "shop.example.org" })
}

/// Which kinds are read, and which of them are still awaited, once this Service is there.
fn kinds(settings: Settings, service: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    let mut caches = Caches::new(Retention::default());
    let _source = ServiceSource::new(Arc::new(settings), &mut caches, Arc::default());
    let services = caches.all().next().unwrap();
    services.replace_from_json(Vec::new(), CacheStatus::Synced);
    services.apply_json(service).unwrap();
    let wanted = caches.all().filter(|cache| *cache.wanted().borrow());
    let pending = caches.all().filter(|cache| cache.status() == CacheStatus::Pending);
    (wanted.map(|cache| cache.kind().kind).collect(), pending.map(|cache| cache.kind().kind).collect())
}

#[rstest]
#[case::balanced(json!({ "type": "LoadBalancer" }), named())]
#[case::inside(json!({ "type": "ClusterIP", "clusterIP": "10.0.0.1" }), named())]
#[case::nameless_headless(json!({ "type": "ClusterIP", "clusterIP": "None" }), json!({}))]
#[case::nameless_node_port(json!({ "type": "NodePort" }), json!({}))]
fn most_services_need_no_pods(#[case] spec: Value, #[case] annotations: Value) {
    let (wanted, pending) = kinds(Settings::default(), &service(spec, annotations));
    assert_eq!(wanted, ["Service"]);
    assert!(pending.is_empty(), "what nobody needs is waited for by nobody");
}

#[rstest]
#[case::headless(json!({ "type": "ClusterIP", "clusterIP": "None" }))]
#[case::node_port(json!({ "type": "NodePort" }))]
fn those_that_publish_what_lies_behind_them_do(#[case] spec: Value) {
    let (wanted, pending) = kinds(Settings::default(), &service(spec, named()));
    assert_eq!(wanted, ["Service", "EndpointSlice", "Pod", "Node"]);
    assert_eq!(pending, ["EndpointSlice", "Pod", "Node"], "until they are listed the source is incomplete");
}

#[test]
fn templates_give_names_to_any_service() {
    let settings =
        Settings { templates: templates(&["{{.Name}}.example.org"], &[], false), ..Settings::default() };
    let headless = service(json!({ "type": "ClusterIP", "clusterIP": "None" }), json!({}));
    assert_eq!(kinds(settings, &headless).0.len(), 4);
}

//! Namespaces are read only once somebody selects them by their labels.

use super::{GatewaySource, RouteKind};
use crate::sources::settings::{GatewaySettings, Settings};
use crate::sources::store::{CacheStatus, Caches, Retention};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;

/// Whether Namespaces are read, and whether they are awaited, once this object is there.
fn namespaces_after(kind: &str, spec: Value) -> (bool, bool) {
    let settings = Settings {
        gateway: GatewaySettings { listener_sets: true, ..GatewaySettings::default() },
        ..Settings::default()
    };
    let mut caches = Caches::new(Retention::default());
    let route = RouteKind::of_source("gateway-httproute").unwrap();
    let _source = GatewaySource::new(route, Arc::new(settings), &mut caches);
    let cache = |kind: &str| caches.all().find(|cache| cache.kind().kind == kind).unwrap();
    cache(kind).replace_from_json(Vec::new(), CacheStatus::Synced);
    let object = json!({ "metadata": { "namespace": "web", "name": "edge" }, "spec": spec });
    cache(kind).apply_json(&object.to_string()).unwrap();
    let namespaces = cache("Namespace");
    (*namespaces.wanted().borrow(), namespaces.status() == CacheStatus::Pending)
}

fn listeners(from: &str) -> Value {
    let by_label = json!({ "from": from, "selector": { "matchLabels": { "team": "web" } } });
    json!([{ "name": "other" }, { "name": "web", "allowedRoutes": { "namespaces": by_label } }])
}

#[rstest]
#[case::gateway("Gateway", json!({ "listeners": listeners("All") }))]
#[case::same("Gateway", json!({ "listeners": listeners("Same"), "allowedListeners": null }))]
#[case::listener_set("ListenerSet", json!({ "listeners": listeners("All") }))]
fn most_gateways_need_no_namespaces(#[case] kind: &str, #[case] spec: Value) {
    assert_eq!(namespaces_after(kind, spec), (false, false), "what nobody needs is waited for by nobody");
}

#[rstest]
#[case::routes("Gateway", json!({ "listeners": listeners("Selector") }))]
#[case::sets("Gateway", json!({ "allowedListeners": { "namespaces": { "from": "Selector" } } }))]
#[case::listener_set("ListenerSet", json!({ "listeners": listeners("Selector") }))]
fn those_with_a_selector_do(#[case] kind: &str, #[case] spec: Value) {
    assert_eq!(namespaces_after(kind, spec), (true, true), "until they are listed the source is incomplete");
}

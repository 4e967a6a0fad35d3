//! Objects that are there and have no target at the moment: their records stay, for as long as the flags say.

use super::daemon::Daemon;
use super::objects::{gateway, http_route, ingress, owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use serde_json::{Value, json};

/// The object that has the address, and the one that asks for `web.example.org` if that is another.
fn objects(kind: &str, namespace: &str, address: &str) -> (Value, Option<Value>) {
    match kind {
        "service" => (service(namespace, "web", "web.example.org", address), None),
        "ingress" => (ingress(namespace, "web", "web.example.org", address), None),
        _ => {
            let mut gateway = gateway(namespace, "gate", address);
            if address.is_empty() {
                gateway["status"]["addresses"] = json!([]);
            }
            (gateway, Some(http_route(namespace, "web", "gate", "web.example.org")))
        }
    }
}

/// A record stays while the address is away, is changed in place when there is a new one, and goes with its object.
async fn held_then_changed_then_deleted(source: &str, kind: &str) {
    let (provider, cluster) = (Provider::start().await, first_cluster().await);
    let namespace = &format!("held-{kind}");
    let resource = &format!("{kind}/{namespace}/web");
    let (addressed, route) = objects(kind, namespace, "192.0.2.1");
    cluster.apply(&addressed).await.unwrap();
    if let Some(route) = &route {
        cluster.apply(route).await.unwrap();
    }
    let sources: &[&str] = if source == "service" { &["service"] } else { &["service", source] };
    let mut daemon = provider.daemon_in(&cluster, namespace, sources);
    let first = owned_a("web.example.org", "192.0.2.1", "me", resource);
    provider.until_records_are("created", first.clone()).await;

    cluster.apply(&objects(kind, namespace, "").0).await.unwrap();
    // Tells that the change before has been seen.
    cluster.apply(&service(namespace, "late", "late.example.org", "192.0.2.8")).await.unwrap();
    let late = owned_a("late.example.org", "192.0.2.8", "me", &format!("service/{namespace}/late"));
    provider.until_records_are("held", [first, late.clone()].concat()).await;
    daemon.until_cycles_pass(3).await;
    assert_eq!(provider.applies(), 2, "{kind}");

    provider.0.forget_calls();
    cluster.apply(&objects(kind, namespace, "192.0.2.2").0).await.unwrap();
    let second = owned_a("web.example.org", "192.0.2.2", "me", resource);
    provider.until_records_are("changed", [second, late.clone()].concat()).await;
    let applied = provider.0.applied();
    let parts: Vec<Vec<&String>> =
        applied.iter().map(|body| body.as_object().unwrap().keys().collect()).collect();
    assert_eq!(parts, [["updateNew", "updateOld"]], "{kind}: one update and no step between: {applied:?}");

    cluster.delete(&route.unwrap_or(addressed)).await.unwrap();
    provider.until_records_are("deleted", late).await;
    assert_eq!(provider.applies(), 2, "{kind}: at once");
    daemon.stop().await;
}

#[test]
fn a_service_without_an_address_keeps_its_record() {
    test(held_then_changed_then_deleted("service", "service"));
}

#[test]
fn an_ingress_without_an_address_keeps_its_record() {
    test(held_then_changed_then_deleted("ingress", "ingress"));
}

#[test]
fn a_route_whose_gateway_has_no_address_keeps_its_record() {
    test(held_then_changed_then_deleted("gateway-httproute", "httproute"));
}

/// One bad route makes some gateways report themselves, and all that is attached to them, as not programmed or not accepted.
#[test]
fn a_gateway_that_is_not_programmed_deletes_nothing() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "unprogrammed";
        let host = |index: usize| format!("r{index:02}.example.org");
        let route = |index: usize| http_route(namespace, &format!("r{index:02}"), "gate", &host(index));
        cluster.apply(&gateway(namespace, "gate", "192.0.2.1")).await.unwrap();
        let mut records = Vec::new();
        for index in 0..5 {
            cluster.apply(&route(index)).await.unwrap();
            let resource = format!("httproute/{namespace}/r{index:02}");
            records.extend(owned_a(&host(index), "192.0.2.1", "me", &resource));
        }
        let mut daemon = provider.daemon_in(&cluster, namespace, &["service", "gateway-httproute"]);
        provider.until_records_are("created", records.clone()).await;
        let before = provider.applies();

        let condition = |kind: &str| {
            json!([{
                "type": kind,
                "status": "False",
                "reason": "Invalid",
                "message": "",
                "lastTransitionTime": "2026-01-15T08:00:00Z",
            }])
        };
        let mut unprogrammed = gateway(namespace, "gate", "192.0.2.1");
        unprogrammed["status"] = json!({"addresses": [], "conditions": condition("Programmed")});
        cluster.apply(&unprogrammed).await.unwrap();
        for index in 0..5 {
            let mut refused = route(index);
            refused["status"]["parents"][0]["conditions"] = condition("Accepted");
            cluster.apply(&refused).await.unwrap();
        }
        cluster.apply(&service(namespace, "late", "late.example.org", "192.0.2.8")).await.unwrap();
        records.extend(owned_a("late.example.org", "192.0.2.8", "me", "service/unprogrammed/late"));
        provider.until_records_are("all held", records).await;
        daemon.until_cycles_pass(3).await;
        assert_eq!(provider.applies(), before + 1);
        daemon.stop().await;
    });
}

#[test]
fn a_hold_ends_at_its_age() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        cluster.apply(&service("held", "web", "web.example.org", "")).await.unwrap();
        let held = owned_a("web.example.org", "192.0.2.1", "me", "service/held/web");
        provider.0.set_records(held.clone());
        let flags = provider.flags_in(&cluster, "held", &["service"]);
        let mut daemon = Daemon::start(&flags);
        daemon.until_cycles_pass(5).await;
        provider.until_records_are("held without an end", held).await;
        daemon.stop().await;
        let mut daemon = Daemon::start(&with(&flags, &["--hold-max-age=1s"]));
        provider.until_records_are("held for a second", []).await;
        assert_eq!(daemon.said(&["web.example.org is not held any more", "--hold-max-age"]), 1);
        daemon.stop().await;
    });
}

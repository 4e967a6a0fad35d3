use super::world::{World, ingress};
use crate::sources::index::{Dirty, SourceIndex};
use crate::sources::pipeline::PipelineSettings;
use crate::sources::settings::{GatewaySettings, Settings};
use crate::sources::store::CacheStatus;
use crate::sources::testing::templates;
use serde_json::{Value, json};

fn world() -> World {
    World::new(Settings::default(), PipelineSettings::default())
}

/// Does something and gives the dirty names, checked against full cycles.
fn after(world: &mut World, change: impl FnOnce(&mut World)) -> Vec<String> {
    let before = world.everything();
    change(world);
    world.check(&before)
}

const A: &str = "a.example.org";
const B: &str = "b.example.org";
const NONE: [&str; 0] = [];

#[test]
fn a_changed_object_dirties_its_names_before_and_now() {
    let mut world = world();
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", A, "192.0.2.1"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", A, "192.0.2.2"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", B, "192.0.2.2"))), [A, B]);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", B, ""))), [B]);
    assert_eq!(after(&mut world, |w| w.remove("Ingress", "a", "x")), [B]);
    assert_eq!(after(&mut world, |w| w.remove("Ingress", "a", "x")), NONE);
}

#[test]
fn what_does_not_matter_to_dns_dirties_nothing() {
    let mut world = world();
    world.apply(ingress("x", A, "192.0.2.1"));
    world.index.update();
    let mut labelled = ingress("x", A, "192.0.2.1");
    labelled["metadata"]["labels"] = json!({"team": "shop"});
    assert_eq!(after(&mut world, |w| w.apply(labelled)), NONE);
}

#[test]
fn objects_that_share_a_name_are_asked_together() {
    let mut world = world();
    world.apply(ingress("x", A, "192.0.2.1"));
    world.apply(ingress("y", A, "192.0.2.2"));
    world.index.update();
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", A, "192.0.2.3"))), [A]);
    let mut dirty = Dirty { names: [A.parse().unwrap()].into(), everything: false };
    let desired = world.index.desired_for(&mut dirty);
    let targets: Vec<String> = desired.endpoints[0].targets.iter().map(ToString::to_string).collect();
    assert_eq!((desired.endpoints.len(), targets), (1, vec!["192.0.2.2".to_owned(), "192.0.2.3".to_owned()]));
    assert_eq!(world.index.objects_at(&A.parse().unwrap()).len(), 2);
}

#[test]
fn a_list_dirties_what_it_brings_changes_or_lacks() {
    let mut world = world();
    for (name, host) in [("same", "same.example.org"), ("gone", A), ("moved", B)] {
        world.apply(ingress(name, host, "192.0.2.1"));
    }
    world.index.update();
    assert_eq!(after(&mut world, |w| w.relist("Ingress")), NONE);
    world.remove_unseen("Ingress", "a", "gone");
    world.apply_unseen(ingress("moved", "c.example.org", "192.0.2.1"));
    world.apply_unseen(ingress("new", "d.example.org", "192.0.2.1"));
    let names = after(&mut world, |w| w.relist("Ingress"));
    assert_eq!(names, [A, B, "c.example.org", "d.example.org"]);
}

#[test]
fn more_changes_than_a_feed_tells_apart_are_found_by_looking_at_everything() {
    let mut world = world();
    world.apply(ingress("gone", A, "192.0.2.1"));
    world.index.update();
    let names = after(&mut world, |w| {
        for i in 0..5000 {
            w.apply_unseen(ingress(&format!("x{i:04}"), &format!("x{i:04}.example.org"), "192.0.2.1"));
        }
        w.remove_unseen("Ingress", "a", "gone");
        w.relist("Ingress");
    });
    assert_eq!(names.len(), 5001);
}

#[test]
fn completeness_concerns_everything_once() {
    let mut world = world();
    world.apply(ingress("x", A, "192.0.2.1"));
    world.index.update();
    let fail = |w: &mut World| w.cache("Ingress").set_status(CacheStatus::Failing("no".into()));
    assert_eq!(after(&mut world, fail), ["*"]);
    assert_eq!(after(&mut world, fail), NONE);
    assert_eq!(after(&mut world, |w| w.relist("Ingress")), ["*"]);
}

#[test]
fn an_object_that_cannot_be_decoded_holds_until_it_can() {
    let mut world = world();
    let broken = || {
        let mut object = ingress("x", A, "192.0.2.1");
        object["spec"]["rules"] = json!(7);
        object
    };
    assert_eq!(after(&mut world, |w| w.apply(broken())), ["*"]);
    assert_eq!(after(&mut world, |w| w.apply(broken())), NONE);
    // It is held whatever is asked for.
    assert_eq!(world.index.desired_for(&mut Dirty::default()).holds.len(), 1);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", A, "192.0.2.1"))), ["*"]);
    assert_eq!(after(&mut world, |w| w.apply(broken())), ["*"]);
    assert_eq!(after(&mut world, |w| w.relist("Ingress")), NONE);
    assert_eq!(after(&mut world, |w| w.remove("Ingress", "a", "x")), ["*"]);
}

#[test]
fn what_is_wrong_with_an_object_without_names_is_told_by_a_full_answer() {
    let mut world = world();
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", "bad..name", "192.0.2.1"))), ["*"]);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", "bad..name", "192.0.2.2"))), NONE);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", A, "192.0.2.2"))), ["*"]);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", "", "192.0.2.2"))), [A]);
    assert_eq!(after(&mut world, |w| w.remove("Ingress", "a", "x")), NONE);
}

#[test]
fn an_object_whose_template_fails_holds_what_it_owns_until_it_no_longer_does() {
    let template = "{{if eq .Name \"bad\"}}{{.Nope}}{{end}}";
    let settings = Settings { templates: templates(&[template], &[], true), ..Settings::default() };
    let mut world = World::new(settings, PipelineSettings::default());
    assert_eq!(after(&mut world, |w| w.apply(ingress("bad", A, "192.0.2.1"))), ["*"]);
    assert_eq!(world.index.desired_for(&mut Dirty::default()).holds.len(), 1);
    assert_eq!(after(&mut world, |w| w.remove("Ingress", "a", "bad")), ["*"]);
}

#[test]
fn an_endpoint_slice_concerns_its_service_also_the_one_it_had() {
    let mut world = world();
    let service = |name: &str, host: &str| {
        json!({
            "kind": "Service",
            "metadata": {"namespace": "a", "name": name,
                "annotations": {"external-dns.kubernetes.io/hostname": host}},
            "spec": {"type": "ClusterIP", "clusterIP": "None", "selector": {"app": "db"}},
        })
    };
    let slice = |service: &str, address: &str| {
        json!({
            "kind": "EndpointSlice",
            "metadata": {"namespace": "a", "name": "s", "labels": {"kubernetes.io/service-name": service}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address], "targetRef": {"kind": "Pod", "name": "p"}}],
        })
    };
    let pod = |app: &str| {
        json!({
            "kind": "Pod", "metadata": {"namespace": "a", "name": "p", "labels": {"app": app}},
            "status": {"phase": "Running"},
        })
    };
    world.apply(service("x", A));
    world.apply(service("y", B));
    world.apply(pod("db"));
    world.index.update();
    assert_eq!(after(&mut world, |w| w.apply(slice("x", "10.0.0.1"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(slice("y", "10.0.0.1"))), [A, B]);
    assert_eq!(after(&mut world, |w| w.apply(pod("web"))), [B]);
    assert_eq!(after(&mut world, |w| w.apply(pod("db"))), [B]);
    assert_eq!(after(&mut world, |w| w.remove("EndpointSlice", "a", "s")), [B]);
}

#[test]
fn a_gateway_concerns_the_routes_that_ask_for_it() {
    let mut world = world();
    let gateway = |name: &str, address: &str| -> Value {
        json!({
            "kind": "Gateway", "metadata": {"namespace": "a", "name": name},
            "spec": {"listeners": [{"name": "web", "protocol": "HTTP", "port": 80}]},
            "status": {"addresses": [{"value": address}]},
        })
    };
    let route = |name: &str, host: &str, gateway: &str| {
        json!({
            "kind": "HTTPRoute", "metadata": {"namespace": "a", "name": name},
            "spec": {"hostnames": [host], "parentRefs": [{"name": gateway}]},
            "status": {"parents": [{
                "parentRef": {"name": gateway}, "conditions": [{"type": "Accepted", "status": "True"}],
            }]},
        })
    };
    world.apply(route("x", A, "g"));
    world.apply(route("y", B, "h"));
    world.apply(gateway("h", "192.0.2.9"));
    world.index.update();
    assert_eq!(after(&mut world, |w| w.apply(gateway("g", "192.0.2.1"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(gateway("g", "192.0.2.2"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(gateway("g", "192.0.2.2"))), NONE);
    assert_eq!(after(&mut world, |w| w.remove("Gateway", "a", "h")), [B]);
}

#[test]
fn the_gateway_of_a_listener_set_and_its_namespace_concern_the_routes_at_the_set() {
    let gateway = GatewaySettings { listener_sets: true, ..GatewaySettings::default() };
    let mut world = World::new(Settings { gateway, ..Settings::default() }, PipelineSettings::default());
    let accepted = || json!([{"type": "Accepted", "status": "True"}]);
    let gateway = |address: &str| {
        json!({
            "kind": "Gateway", "metadata": {"namespace": "a", "name": "g"},
            "spec": {"allowedListeners": {"namespaces": {"from": "Selector",
                "selector": {"matchLabels": {"team": "web"}}}}},
            "status": {"addresses": [{"value": address}]},
        })
    };
    let namespace =
        |team: &str| json!({"kind": "Namespace", "metadata": {"name": "b", "labels": {"team": team}}});
    world.apply(json!({
        "kind": "ListenerSet", "metadata": {"namespace": "b", "name": "l"},
        "spec": {
            "parentRef": {"namespace": "a", "name": "g"},
            "listeners": [{"name": "web", "protocol": "HTTP", "port": 80,
                "allowedRoutes": {"namespaces": {"from": "All"}}}],
        },
        "status": {"conditions": accepted(), "listeners": [{"name": "web", "conditions": accepted()}]},
    }));
    let parent = json!({"kind": "ListenerSet", "namespace": "b", "name": "l"});
    world.apply(json!({
        "kind": "HTTPRoute", "metadata": {"namespace": "c", "name": "x"},
        "spec": {"hostnames": [A], "parentRefs": [parent]},
        "status": {"parents": [{"parentRef": parent, "conditions": accepted()}]},
    }));
    world.apply(namespace("web"));
    // The first selector makes Namespaces wanted, which are then listed.
    world.apply(gateway("192.0.2.9"));
    world.relist("Namespace");
    world.remove("Gateway", "a", "g");
    world.index.update();
    assert_eq!(after(&mut world, |w| w.apply(gateway("192.0.2.1"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(gateway("192.0.2.2"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(namespace("mail"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(namespace("web"))), [A]);
    assert_eq!(after(&mut world, |w| w.remove("ListenerSet", "b", "l")), [A]);
}

#[test]
fn a_pod_concerns_services_that_look_for_the_nodes_of_their_pods() {
    let mut world = world();
    for (name, address) in [("n", "192.0.2.1"), ("m", "192.0.2.2")] {
        let status = json!({"addresses": [{"type": "ExternalIP", "address": address}]});
        world.apply(json!({"kind": "Node", "metadata": {"name": name}, "status": status}));
    }
    world.apply(json!({
        "kind": "Service",
        "metadata": {"namespace": "a", "name": "x", "annotations": {"external-dns.kubernetes.io/hostname": A}},
        "spec": {"type": "NodePort", "clusterIP": "10.1.1.1", "externalTrafficPolicy": "Local", "selector": {"app": "db"}},
    }));
    world.index.update();
    let pod = |app: &str, node: &str| {
        json!({
            "kind": "Pod", "metadata": {"namespace": "a", "name": "p", "labels": {"app": app}},
            "spec": {"nodeName": node}, "status": {"phase": "Running"},
        })
    };
    assert_eq!(after(&mut world, |w| w.apply(pod("db", "n"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(pod("db", "m"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(pod("web", "m"))), [A]);
    assert_eq!(after(&mut world, |w| w.apply(pod("web", "n"))), NONE);
    assert_eq!(after(&mut world, |w| w.remove("Node", "", "n")), ["n"]);
}

#[test]
fn with_reverse_records_every_change_concerns_everything() {
    let stages = PipelineSettings { create_ptr: Some(true), ..PipelineSettings::default() };
    let mut world = World::new(Settings::default(), stages);
    assert_eq!(after(&mut world, |w| w.apply(ingress("x", A, "192.0.2.1"))), ["*"]);
    world.apply(ingress("y", B, "192.0.2.1"));
    let mut dirty = Dirty { names: ["1.2.0.192.in-addr.arpa".parse().unwrap()].into(), everything: false };
    let desired = world.index.desired_for(&mut dirty);
    assert_eq!(desired.endpoints.iter().map(|e| e.targets.len()).max(), Some(2));
}

#[tokio::test]
async fn whoever_waits_is_woken_and_sees_the_change() {
    let mut world = world();
    let wake = world.index.wake();
    world.index.collect();
    // What filled the caches.
    wake.notified().await;
    world.apply(ingress("x", A, "192.0.2.1"));
    wake.notified().await;
    assert_eq!(world.index.update().names.len(), 1);
}

#[test]
fn before_the_first_full_cycle_everything_is_dirty() {
    let mut world = world();
    world.apply(ingress("x", A, "192.0.2.1"));
    let mut index = SourceIndex::new(world.sources.clone(), PipelineSettings::default());
    assert!(index.update().everything);
    assert_eq!(index.collect().endpoints.len(), 1);
    assert!(index.update().is_empty());
}

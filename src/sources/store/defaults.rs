//! What the API server adds to an object when it stores it, for objects that come from files.
//!
//! Only what a name, a target or a template may depend on. What the API server would allocate (node ports, cluster IPs, UIDs)
//! cannot be known from a file and stays unset.

use crate::sources::object::Kind;
use serde_json::{Map, Value, json};

/// The group of the Gateway API.
const GATEWAY_API: &str = "gateway.networking.k8s.io";
/// The namespace of objects that name none.
pub const DEFAULT_NAMESPACE: &str = "default";
/// The label with a Namespace's own name, set by the API server since Kubernetes 1.21.
const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The defaults of one field: its path (`[]`: of each entry of the list) and its value.
type Default = (&'static str, fn() -> Value);

/// `default:` keys of the Gateway API's CRDs, v1.6. A field is only defaulted where the object around it exists, so that
/// outer fields come first. `spec.rules` is left alone: routing below the host name does not reach DNS.
const LISTENER: [Default; 6] = [
    ("spec.listeners[].allowedRoutes", || json!({})),
    ("spec.listeners[].allowedRoutes.namespaces", || json!({})),
    ("spec.listeners[].allowedRoutes.namespaces.from", || json!("Same")),
    ("spec.listeners[].allowedRoutes.kinds[].group", || json!(GATEWAY_API)),
    ("spec.listeners[].tls.mode", || json!("Terminate")),
    ("status.listeners[].supportedKinds[].group", || json!(GATEWAY_API)),
];
const GATEWAY: [Default; 4] = [
    ("spec.addresses[].type", || json!("IPAddress")),
    ("spec.allowedListeners.namespaces", || json!({})),
    ("spec.allowedListeners.namespaces.from", || json!("None")),
    ("status.addresses[].type", || json!("IPAddress")),
];
const LISTENER_SET: [Default; 2] =
    [("spec.parentRef.group", || json!(GATEWAY_API)), ("spec.parentRef.kind", || json!("Gateway"))];
const ROUTE: [Default; 4] = [
    ("spec.parentRefs[].group", || json!(GATEWAY_API)),
    ("spec.parentRefs[].kind", || json!("Gateway")),
    ("status.parents[].parentRef.group", || json!(GATEWAY_API)),
    ("status.parents[].parentRef.kind", || json!("Gateway")),
];

/// Completes an object as the API server would on creating it.
pub fn apply(kind: &Kind, object: &mut Value) {
    complete_metadata(kind, object);
    match (kind.group, kind.kind) {
        ("", "Service") => complete_service(object),
        ("", "Pod") => complete_pod(object),
        (GATEWAY_API, "Gateway") => LISTENER.iter().chain(&GATEWAY).for_each(|default| set(object, default)),
        (GATEWAY_API, "ListenerSet") => {
            LISTENER.iter().chain(&LISTENER_SET).for_each(|default| set(object, default));
        }
        (GATEWAY_API, _) => ROUTE.iter().for_each(|default| set(object, default)),
        _ => {}
    }
}

fn complete_metadata(kind: &Kind, object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if kind.namespaced {
        if metadata.get("namespace").and_then(Value::as_str).unwrap_or_default().is_empty() {
            metadata.insert("namespace".into(), DEFAULT_NAMESPACE.into());
        }
    } else {
        metadata.remove("namespace");
    }
    // Of the core group's kinds that are read here, only Pods count generations, and nothing looks at those.
    if !kind.group.is_empty() {
        set_if_unset(metadata, "generation", || json!(1));
    }
    if kind.group.is_empty() && kind.kind == "Namespace" {
        let name = metadata.get("name").cloned().unwrap_or_default();
        set_if_unset(metadata, "labels", || json!({}));
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            labels.insert(NAMESPACE_NAME_LABEL.into(), name);
        }
    }
}

/// `SetDefaults_Service` of Kubernetes (pkg/apis/core/v1/defaults.go).
fn complete_service(object: &mut Value) {
    let Some(service) = object.as_object_mut() else { return };
    set_if_unset(service, "spec", || json!({}));
    let Some(spec) = service.get_mut("spec").and_then(Value::as_object_mut) else { return };
    set_if_unset(spec, "type", || json!("ClusterIP"));
    set_if_unset(spec, "sessionAffinity", || json!("None"));
    let of_type = |spec: &Map<String, Value>, types: &[&str]| {
        spec.get("type").and_then(Value::as_str).is_some_and(|found| types.contains(&found))
    };
    if of_type(spec, &["NodePort", "LoadBalancer"]) {
        set_if_unset(spec, "externalTrafficPolicy", || json!("Cluster"));
    }
    if of_type(spec, &["ClusterIP", "NodePort", "LoadBalancer"]) {
        set_if_unset(spec, "internalTrafficPolicy", || json!("Cluster"));
    }
    if of_type(spec, &["LoadBalancer"]) {
        set_if_unset(spec, "allocateLoadBalancerNodePorts", || json!(true));
    }
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(port) = port.as_object_mut() else { continue };
        set_if_unset(port, "protocol", || json!("TCP"));
        if let Some(number) = port.get("port").cloned() {
            set_if_unset(port, "targetPort", || number);
        }
    }
}

/// `SetDefaults_PodSpec` of Kubernetes (pkg/apis/core/v1/defaults.go), as far as it concerns the whole Pod, and its rules on addresses
/// (conversion.go).
fn complete_pod(object: &mut Value) {
    let Some(pod) = object.as_object_mut() else { return };
    if let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) {
        set_if_unset(spec, "restartPolicy", || json!("Always"));
        set_if_unset(spec, "dnsPolicy", || json!("ClusterFirst"));
        set_if_unset(spec, "terminationGracePeriodSeconds", || json!(30));
        set_if_unset(spec, "schedulerName", || json!("default-scheduler"));
        set_if_unset(spec, "enableServiceLinks", || json!(true));
    }
    set_if_unset(pod, "status", || json!({}));
    let Some(status) = pod.get_mut("status").and_then(Value::as_object_mut) else { return };
    set_if_unset(status, "phase", || json!("Pending"));
    let first = status.get("podIPs").and_then(|list| list.get(0)).and_then(|entry| entry.get("ip")).cloned();
    match (status.get("podIP").and_then(Value::as_str).unwrap_or_default(), first) {
        ("", Some(first)) => drop(status.insert("podIP".into(), first)),
        ("", None) => {}
        // Where they differ the older field decides.
        (ip, first) if first.as_ref().and_then(Value::as_str) != Some(ip) => {
            let list = json!([{ "ip": ip }]);
            status.insert("podIPs".into(), list);
        }
        _ => {}
    }
}

fn set(object: &mut Value, (path, value): &Default) {
    let steps: Vec<&str> = path.split('.').collect();
    if let Some((field, around)) = steps.split_last() {
        set_within(object, around, field, *value);
    }
}

fn set_within(object: &mut Value, around: &[&str], field: &str, value: fn() -> Value) {
    match around.split_first() {
        None => {
            if let Some(object) = object.as_object_mut() {
                set_if_unset(object, field, value);
            }
        }
        Some((step, rest)) => match step.strip_suffix("[]") {
            None => {
                if let Some(inner) = object.get_mut(*step) {
                    set_within(inner, rest, field, value);
                }
            }
            Some(list) => {
                let entries = object.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
                entries.for_each(|entry| set_within(entry, rest, field, value));
            }
        },
    }
}

/// `null` counts as unset, as it does for the API server.
fn set_if_unset(object: &mut Map<String, Value>, field: &str, value: impl FnOnce() -> Value) {
    if object.get(field).is_none_or(Value::is_null) {
        object.insert(field.to_owned(), value());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: &'static str, kind: &'static str, namespaced: bool) -> Kind {
        Kind { group, version: "v1", api_version: "v1", kind, plural: "things", namespaced }
    }

    fn service() -> Kind {
        kind("", "Service", true)
    }

    #[rstest::rstest]
    #[case::namespace_and_generation(
        kind("networking.k8s.io", "Ingress", true),
        json!({"metadata": {"name": "a"}}),
        json!({"metadata": {"name": "a", "namespace": "default", "generation": 1}})
    )]
    #[case::given_metadata_stays(
        kind("networking.k8s.io", "Ingress", true),
        json!({"metadata": {"name": "a", "namespace": "shop", "generation": 7}}),
        json!({"metadata": {"name": "a", "namespace": "shop", "generation": 7}})
    )]
    #[case::empty_namespace_is_none(
        kind("", "Pod", true),
        json!({"metadata": {"name": "a", "namespace": ""}}),
        json!({"metadata": {"name": "a", "namespace": "default"}, "status": {"phase": "Pending"}})
    )]
    #[case::pod(
        kind("", "Pod", true),
        json!({"metadata": {"namespace": "a"}, "spec": {"restartPolicy": "Never"}, "status": {"podIP": "10.0.0.1"}}),
        json!({"metadata": {"namespace": "a"}, "spec": {
            "restartPolicy": "Never", "dnsPolicy": "ClusterFirst", "terminationGracePeriodSeconds": 30,
            "schedulerName": "default-scheduler", "enableServiceLinks": true},
            "status": {"phase": "Pending", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}})
    )]
    #[case::pod_with_two_opinions(
        kind("", "Pod", true),
        json!({"metadata": {"namespace": "a"}, "status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.2"}, {"ip": "::1"}]}}),
        json!({"metadata": {"namespace": "a"},
            "status": {"phase": "Pending", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}})
    )]
    #[case::pod_with_the_newer_field(
        kind("", "Pod", true),
        json!({"metadata": {"namespace": "a"}, "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.2"}, {"ip": "::1"}]}}),
        json!({"metadata": {"namespace": "a"},
            "status": {"phase": "Running", "podIP": "10.0.0.2", "podIPs": [{"ip": "10.0.0.2"}, {"ip": "::1"}]}})
    )]
    #[case::cluster_scoped(
        kind("", "Node", false),
        json!({"metadata": {"name": "a", "namespace": "x"}}),
        json!({"metadata": {"name": "a"}})
    )]
    #[case::namespace_knows_its_name(
        kind("", "Namespace", false),
        json!({"metadata": {"name": "shop", "labels": null}}),
        json!({"metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}}})
    )]
    #[case::service_without_type(
        service(),
        json!({"metadata": {"namespace": "a"}, "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}),
        json!({"metadata": {"namespace": "a"}, "spec": {
            "clusterIP": "None", "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]}})
    )]
    #[case::load_balancer(
        service(),
        json!({"metadata": {"namespace": "a"}, "spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local",
            "ports": [{"port": 53, "protocol": "UDP", "targetPort": "dns"}]}}),
        json!({"metadata": {"namespace": "a"}, "spec": {"type": "LoadBalancer", "externalTrafficPolicy": "Local",
            "sessionAffinity": "None", "internalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": true,
            "ports": [{"port": 53, "protocol": "UDP", "targetPort": "dns"}]}})
    )]
    #[case::external_name(
        service(),
        json!({"metadata": {"namespace": "a"}, "spec": {"type": "ExternalName", "externalName": "x.example.org"}}),
        json!({"metadata": {"namespace": "a"},
            "spec": {"type": "ExternalName", "externalName": "x.example.org", "sessionAffinity": "None"}})
    )]
    fn of_the_built_in_kinds(#[case] kind: Kind, #[case] mut object: Value, #[case] stored: Value) {
        apply(&kind, &mut object);
        assert_eq!(object, stored);
    }

    #[rstest::rstest]
    #[case::gateway(
        "Gateway",
        json!({"spec": {"listeners": [
            {"name": "web"},
            {"name": "own", "allowedRoutes": {"namespaces": {"from": "All"}, "kinds": [{"kind": "TCPRoute"}]}},
            {"name": "tls", "tls": {"certificateRefs": []}, "allowedRoutes": {"kinds": [{"group": "", "kind": "X"}]}}]},
            "status": {"addresses": [{"value": "192.0.2.1"}, {"type": "Hostname", "value": "a.example"}]}}),
        json!({"spec": {"listeners": [
            {"name": "web", "allowedRoutes": {"namespaces": {"from": "Same"}}},
            {"name": "own", "allowedRoutes": {"namespaces": {"from": "All"},
                "kinds": [{"group": "gateway.networking.k8s.io", "kind": "TCPRoute"}]}},
            {"name": "tls", "tls": {"certificateRefs": [], "mode": "Terminate"},
                "allowedRoutes": {"namespaces": {"from": "Same"}, "kinds": [{"group": "", "kind": "X"}]}}]},
            "status": {"addresses": [
                {"type": "IPAddress", "value": "192.0.2.1"}, {"type": "Hostname", "value": "a.example"}]}})
    )]
    #[case::allowed_listeners_only_where_mentioned(
        "Gateway",
        json!({"spec": {"allowedListeners": {}}}),
        json!({"spec": {"allowedListeners": {"namespaces": {"from": "None"}}}})
    )]
    #[case::listener_set(
        "ListenerSet",
        json!({"spec": {"parentRef": {"name": "edge"}, "listeners": [{"name": "web"}]}}),
        json!({"spec": {
            "parentRef": {"name": "edge", "group": "gateway.networking.k8s.io", "kind": "Gateway"},
            "listeners": [{"name": "web", "allowedRoutes": {"namespaces": {"from": "Same"}}}]}})
    )]
    #[case::route(
        "HTTPRoute",
        json!({"spec": {"parentRefs": [{"name": "edge"}, {"group": "", "kind": "Service", "name": "mesh"}]},
            "status": {"parents": [{"parentRef": {"name": "edge"}}]}}),
        json!({"spec": {"parentRefs": [
                {"name": "edge", "group": "gateway.networking.k8s.io", "kind": "Gateway"},
                {"group": "", "kind": "Service", "name": "mesh"}]},
            "status": {"parents": [
                {"parentRef": {"name": "edge", "group": "gateway.networking.k8s.io", "kind": "Gateway"}}]}})
    )]
    #[case::oddly_shaped("HTTPRoute", json!({"spec": {"parentRefs": "edge"}}), json!({"spec": {"parentRefs": "edge"}}))]
    fn of_the_gateway_api(#[case] name: &'static str, #[case] mut object: Value, #[case] stored: Value) {
        apply(&kind(GATEWAY_API, name, true), &mut object);
        assert_eq!(object, stored);
    }
}

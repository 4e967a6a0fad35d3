//! Pods that nobody asks records for, as most Pods of a cluster are, and headless Services that make a daemon read them.

use crate::Result;
use crate::cluster::{CONCURRENCY, HOSTNAME, TEAMS, api, namespace};
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

/// Pods behind each headless Service.
const BEHIND_ONE: u32 = 4;

/// Adds so many Pods, as their kubelets leave them, and headless Services in front of the first of them.
pub async fn add(client: Client, pods: u32, headless: u32) -> Result<()> {
    stream::iter(0..pods)
        .map(|n| create(client.clone(), n))
        .buffer_unordered(CONCURRENCY)
        .try_collect::<()>()
        .await?;
    for n in 0..headless {
        put(&client, n, "", "Service", "services", service(n)).await?;
        put(&client, n, "discovery.k8s.io", "EndpointSlice", "endpointslices", slice(n)).await?;
    }
    Ok(())
}

async fn create(client: Client, n: u32) -> Result<()> {
    let api: Api<DynamicObject> = put(&client, n, "", "Pod", "pods", pod(n)).await?;
    api.patch_status(&name(n), &PatchParams::default(), &Patch::Merge(status(n))).await?;
    Ok(())
}

async fn put(
    client: &Client,
    n: u32,
    group: &str,
    kind: &str,
    plural: &str,
    mut object: Value,
) -> Result<Api<DynamicObject>> {
    let resource = api(group, kind, plural);
    object["apiVersion"] = json!(resource.api_version);
    object["kind"] = json!(kind);
    let api = Api::namespaced_with(client.clone(), &namespace(n % TEAMS), &resource);
    api.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    Ok(api)
}

fn name(n: u32) -> String {
    format!("work-{n:06}")
}

fn address(n: u32) -> String {
    Ipv4Addr::from(0x0ac0_0000 | n).to_string()
}

/// What the scheduler and admission leave of a Pod with two containers.
fn pod(n: u32) -> Value {
    let variables: Vec<Value> = (0..8)
        .map(|i| json!({ "name": format!("SETTING_{i}"), "value": format!("a value of moderate length, number {i}") }))
        .collect();
    let container = |name: &str| {
        json!({
            "name": name,
            "image": format!("registry.example.org/team/{name}@sha256:{:064x}", n % 100),
            "env": variables,
            "ports": [{ "containerPort": 8080 }],
            "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "memory": "256Mi" } },
            "readinessProbe": { "httpGet": { "path": "/ready", "port": 8080 } },
            "livenessProbe": { "httpGet": { "path": "/live", "port": 8080 } },
        })
    };
    json!({
        "metadata": {
            "name": name(n),
            "labels": { "app.kubernetes.io/name": "work", "pod-template-hash": format!("{:010x}", n % 500) },
            "annotations": { "example.org/checksum": format!("{:064x}", n % 500) },
        },
        "spec": {
            "nodeName": format!("node-{:03}", n % 100),
            "containers": [container("app"), container("proxy")],
            "tolerations": [{ "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute" }],
        },
    })
}

fn status(n: u32) -> Value {
    let condition = |kind: &str| json!({ "type": kind, "status": "True", "lastTransitionTime": "2026-01-15T08:00:00Z", "lastProbeTime": null });
    let container = |name: &str| {
        json!({
            "name": name,
            "ready": true,
            "started": true,
            "restartCount": 0,
            "image": format!("registry.example.org/team/{name}"),
            "imageID": format!("registry.example.org/team/{name}@sha256:{:064x}", n % 100),
            "containerID": format!("containerd://{n:064x}"),
            "state": { "running": { "startedAt": "2026-01-15T08:00:00Z" } },
        })
    };
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    json!({ "status": {
        "phase": "Running",
        "podIP": address(n),
        "podIPs": [{ "ip": address(n) }],
        "hostIP": format!("172.16.0.{}", n % 100),
        "conditions": conditions,
        "containerStatuses": [container("app"), container("proxy")],
    } })
}

fn service(n: u32) -> Value {
    json!({
        "metadata": {
            "name": format!("headless-{n:04}"),
            "annotations": { HOSTNAME: format!("headless-{n:04}.apps.example.org") },
        },
        "spec": {
            "clusterIP": "None",
            "selector": { "app.kubernetes.io/name": "work" },
            "ports": [{ "port": 8080 }],
        },
    })
}

/// The endpoints of a headless Service: the first Pods of its namespace.
fn slice(n: u32) -> Value {
    let endpoint = |i: u32| {
        let pod = n % TEAMS + i * TEAMS;
        json!({
            "addresses": [address(pod)],
            "conditions": { "ready": true },
            "targetRef": { "kind": "Pod", "namespace": namespace(n % TEAMS), "name": name(pod) },
        })
    };
    json!({
        "metadata": {
            "name": format!("headless-{n:04}-1"),
            "labels": { "kubernetes.io/service-name": format!("headless-{n:04}") },
        },
        "addressType": "IPv4",
        "endpoints": (0..BEHIND_ONE).map(endpoint).collect::<Vec<_>>(),
        "ports": [{ "port": 8080 }],
    })
}

//! A real API server full of objects that ask for one record each, and changes to them.

use crate::Result;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Instant;
use zonewright_testing::{KubeApiserver, gateway_crds};

pub const TEAMS: u32 = 50;
/// Requests under way at a time: more only make the server slower.
pub const CONCURRENCY: usize = 32;
const TTL: &str = "external-dns.kubernetes.io/ttl";
pub const HOSTNAME: &str = "external-dns.kubernetes.io/hostname";
const GATEWAY: &str = "gateway.networking.k8s.io";

/// What asks for records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Ingresses with a host; a change is another load balancer address.
    Ingress,
    /// Services of type LoadBalancer with a hostname annotation; a change is another load balancer address.
    Service,
    /// HTTPRoutes with a hostname, at one Gateway for each namespace; a change is another TTL annotation.
    Httproute,
}

impl Kind {
    /// What `--source` calls it.
    pub fn source(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Service => "service",
            Self::Httproute => "gateway-httproute",
        }
    }

    fn api(self) -> ApiResource {
        let (group, kind, plural) = match self {
            Self::Ingress => ("networking.k8s.io", "Ingress", "ingresses"),
            Self::Service => ("", "Service", "services"),
            Self::Httproute => (GATEWAY, "HTTPRoute", "httproutes"),
        };
        api(group, kind, plural)
    }

    fn object(self, n: u32) -> Value {
        let name = name(n);
        let metadata = json!({
            "name": name,
            "labels": { "app.kubernetes.io/name": "web", "app.kubernetes.io/instance": name },
            "annotations": { TTL: "300", "example.org/contact": "team@example.org" },
        });
        let mut object = match self {
            Self::Ingress => {
                let backend = json!({ "service": { "name": name, "port": { "number": 80 } } });
                let path = json!({ "path": "/", "pathType": "Prefix", "backend": backend });
                json!({ "spec": {
                    "ingressClassName": "public",
                    "rules": [{ "host": host(n), "http": { "paths": [path] } }],
                } })
            }
            Self::Service => json!({ "spec": {
                "type": "LoadBalancer",
                "allocateLoadBalancerNodePorts": false,
                "ports": [{ "port": 80 }],
            } }),
            Self::Httproute => json!({ "spec": {
                "parentRefs": [{ "name": "public" }],
                "hostnames": [host(n)],
                "rules": [{ "backendRefs": [{ "name": name, "port": 80 }] }],
            } }),
        };
        object["metadata"] = metadata;
        if self == Self::Service {
            object["metadata"]["annotations"][HOSTNAME] = json!(host(n));
        }
        object
    }

    /// What a controller would note once it is at work.
    fn status(self, n: u32) -> Value {
        match self {
            Self::Ingress | Self::Service => load_balancer(n, 0),
            Self::Httproute => json!({ "status": { "parents": [{
                "parentRef": { "name": "public" },
                "controllerName": "example.net/gateways",
                "conditions": [{
                    "type": "Accepted",
                    "status": "True",
                    "reason": "Accepted",
                    "message": "",
                    "lastTransitionTime": "2026-01-15T08:00:00Z",
                }],
            }] } }),
        }
    }

    /// What the record of an object looks like after so many changes: its target and its TTL.
    fn wanted(self, n: u32, version: u32) -> String {
        match self {
            Self::Ingress | Self::Service => format!("{} 300", address(n, version)),
            Self::Httproute => format!("{} {}", address(n % TEAMS, 0), 300 + version),
        }
    }
}

/// The server, and what it holds.
pub struct Cluster {
    server: KubeApiserver,
    kind: Kind,
    /// How often each object was changed.
    versions: Vec<u32>,
}

/// One change that the API server has taken.
pub struct Change {
    /// What the watch will call this state of the object.
    pub resource_version: String,
    /// When the API server answered.
    pub answered: Instant,
}

impl Cluster {
    /// Starts an empty one.
    pub async fn start(kind: Kind) -> Result<Self> {
        let server = KubeApiserver::start().await?;
        if kind == Kind::Httproute {
            server.install_crds(&gateway_crds()?).await?;
        }
        for team in 0..TEAMS {
            let metadata = json!({ "name": namespace(team) });
            server.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })).await?;
            if kind == Kind::Httproute {
                server.apply(&gateway(team)).await?;
            }
        }
        Ok(Self { server, kind, versions: Vec::new() })
    }

    /// The kubeconfig of somebody who may do everything.
    pub fn kubeconfig(&self) -> PathBuf {
        self.server.kubeconfig_path()
    }

    /// Adds Pods, and headless Services in front of some of them.
    pub async fn add_pods(&self, pods: u32, headless: u32) -> Result<()> {
        crate::pods::add(self.server.client(), pods, headless).await
    }

    /// Adds objects until there are so many.
    pub async fn fill(&mut self, size: u32) -> Result<()> {
        let (client, kind) = (self.server.client(), self.kind);
        stream::iter(self.size()..size)
            .map(|n| create(client.clone(), kind, n))
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
        self.versions.resize(size as usize, 0);
        Ok(())
    }

    /// How many objects there are.
    pub fn size(&self) -> u32 {
        // As many as were asked for, which was a number of this size.
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }

    /// What the record of every name has to look like.
    pub fn wanted(&self) -> HashMap<String, String> {
        (0..).zip(&self.versions).map(|(n, version)| (host(n), self.kind.wanted(n, *version))).collect()
    }

    /// The name that a turn's change is about, and what its record has to look like then.
    pub fn wanted_by_change(&self, turn: u32) -> (String, String) {
        let n = self.nth(turn);
        (host(n), self.kind.wanted(n, self.versions[n as usize] + 1))
    }

    /// Changes one object: a different one each time, spread over all of them.
    pub async fn change(&mut self, turn: u32) -> Result<Change> {
        let n = self.nth(turn);
        self.versions[n as usize] += 1;
        change(self.server.client(), self.kind, n, self.versions[n as usize]).await
    }

    fn nth(&self, turn: u32) -> u32 {
        // A prime, so that neighbours in time are none in name.
        turn.wrapping_mul(7919) % self.size()
    }

    /// What the records of a part of the objects have to look like when it has been changed once more.
    pub fn wanted_after(&self, part: std::ops::Range<u32>) -> HashMap<String, String> {
        part.map(|n| (host(n), self.kind.wanted(n, self.versions[n as usize] + 1))).collect()
    }

    /// Changes a part of the objects, as fast as the API server takes it.
    pub async fn change_all(&mut self, part: std::ops::Range<u32>) -> Result<()> {
        let (client, kind) = (self.server.client(), self.kind);
        for n in part.clone() {
            self.versions[n as usize] += 1;
        }
        stream::iter(part)
            .map(|n| change(client.clone(), kind, n, self.versions[n as usize]))
            .buffer_unordered(CONCURRENCY)
            .try_for_each(async |_| Ok(()))
            .await
    }

    /// What a client sees that does nothing but watch: versions of objects, as they change from now on.
    pub async fn watch(&self) -> Result<impl Stream<Item = String> + Send + use<>> {
        let api: Api<DynamicObject> = Api::all_with(self.server.client(), &self.kind.api());
        let now = api.list_metadata(&kube::api::ListParams::default().limit(1)).await?;
        // Of a list that goes on the version is that of its first page, which is now.
        let version = now.metadata.resource_version.unwrap_or_default();
        let events = api.watch(&WatchParams::default(), &version).await?.boxed();
        Ok(events.filter_map(async |event| match event {
            Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => object.resource_version(),
            _ => None,
        }))
    }
}

async fn create(client: Client, kind: Kind, n: u32) -> Result<()> {
    let api: Api<DynamicObject> = Api::namespaced_with(client, &namespace(n % TEAMS), &kind.api());
    let mut object = kind.object(n);
    object["apiVersion"] = json!(kind.api().api_version);
    object["kind"] = json!(kind.api().kind);
    api.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    api.patch_status(&name(n), &PatchParams::default(), &Patch::Merge(kind.status(n))).await?;
    Ok(())
}

async fn change(client: Client, kind: Kind, n: u32, version: u32) -> Result<Change> {
    let api: Api<DynamicObject> = Api::namespaced_with(client, &namespace(n % TEAMS), &kind.api());
    let (name, parameters) = (name(n), PatchParams::default());
    let changed = match kind {
        Kind::Ingress | Kind::Service => {
            api.patch_status(&name, &parameters, &Patch::Merge(load_balancer(n, version))).await?
        }
        Kind::Httproute => {
            let ttl = (300 + version).to_string();
            let patch = json!({ "metadata": { "annotations": { TTL: ttl } } });
            api.patch(&name, &parameters, &Patch::Merge(patch)).await?
        }
    };
    Ok(Change { resource_version: changed.resource_version().unwrap_or_default(), answered: Instant::now() })
}

fn gateway(team: u32) -> Value {
    json!({
        "apiVersion": format!("{GATEWAY}/v1"),
        "kind": "Gateway",
        "metadata": { "namespace": namespace(team), "name": "public" },
        "spec": {
            "gatewayClassName": "public",
            "listeners": [{ "name": "http", "port": 80, "protocol": "HTTP" }],
        },
        "status": { "addresses": [{ "type": "IPAddress", "value": address(team, 0) }] },
    })
}

fn load_balancer(n: u32, version: u32) -> Value {
    json!({ "status": { "loadBalancer": { "ingress": [{ "ip": address(n, version) }] } } })
}

/// Below 10.0.0.0/8, different for every object and version.
fn address(n: u32, version: u32) -> String {
    Ipv4Addr::from(0x0a00_0000 | (n.wrapping_add(version << 17) & 0x00ff_ffff)).to_string()
}

pub fn api(group: &str, kind: &str, plural: &str) -> ApiResource {
    let api_version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
    ApiResource {
        group: group.to_owned(),
        version: "v1".to_owned(),
        api_version,
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

fn name(n: u32) -> String {
    format!("web-{n:06}")
}

fn host(n: u32) -> String {
    format!("{}.apps.example.org", name(n))
}

pub fn namespace(team: u32) -> String {
    format!("team-{team:02}")
}

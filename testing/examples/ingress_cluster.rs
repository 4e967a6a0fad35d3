//! A real API server full of Ingresses and an empty webhook provider, for measuring the whole program: `benches/ingresses` runs it.
//!
//! ```text
//! ingress_cluster [INGRESSES]     prints a kubeconfig's path and a URL on one line, then serves until it is killed
//! ```
//!
//! Each Ingress has one host and, as its controller would have noted, one load balancer address. Filling the cluster takes some
//! minutes for 30,000.

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::io::Write;
use zonewright_testing::{KubeApiserver, WebhookStandIn};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const TEAMS: u32 = 50;
/// Requests under way at a time: more only make the server slower.
const CONCURRENCY: usize = 32;

#[tokio::main]
async fn main() -> Result<()> {
    let count = std::env::args().nth(1).map_or(Ok(30_000), |argument| argument.parse::<u32>())?;
    let (cluster, provider) = (KubeApiserver::start().await?, WebhookStandIn::start(json!({})).await?);
    let namespaces: Api<Namespace> = Api::all(cluster.client());
    for team in 0..TEAMS {
        let namespace = serde_json::from_value(json!({ "metadata": { "name": namespace(team) } }))?;
        namespaces.create(&PostParams::default(), &namespace).await?;
    }
    stream::iter(0..count)
        .map(|n| create(cluster.client(), n))
        .buffer_unordered(CONCURRENCY)
        .try_collect::<()>()
        .await?;
    writeln!(std::io::stdout(), "{} {}", cluster.kubeconfig_path().display(), provider.url())?;
    std::future::pending().await
}

async fn create(client: kube::Client, n: u32) -> Result<()> {
    let ingresses: Api<Ingress> = Api::namespaced(client, &namespace(n % TEAMS));
    let name = format!("web-{n:06}");
    let ingress = json!({
        "metadata": {
            "name": name,
            "labels": { "app.kubernetes.io/name": "web", "app.kubernetes.io/instance": name },
            "annotations": { "external-dns.kubernetes.io/ttl": "300", "example.org/contact": "team@example.org" },
        },
        "spec": {
            "ingressClassName": "public",
            "rules": [{ "host": format!("{name}.apps.example.org"), "http": { "paths": [path(&name)] } }],
        },
    });
    ingresses.create(&PostParams::default(), &serde_json::from_value(ingress)?).await?;
    let [_, b, c, d] = n.to_be_bytes();
    let status =
        json!({ "status": { "loadBalancer": { "ingress": [{ "ip": format!("10.{b}.{c}.{d}") }] } } });
    ingresses.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(())
}

fn path(service: &str) -> Value {
    json!({
        "path": "/",
        "pathType": "Prefix",
        "backend": { "service": { "name": service, "port": { "number": 80 } } },
    })
}

fn namespace(team: u32) -> String {
    format!("team-{team:02}")
}

//! What tests share: one runtime, and API servers that live as long as some test uses them. Each test has a namespace and a
//! provider of its own there.

use super::daemon::{Daemon, PATIENCE};
use super::objects::normal;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use zonewright_testing::{Call, KubeApiserver, WebhookStandIn};

/// Servers shared by tests outlive the test that starts them, and so must the runtime that their clients belong to.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static FIRST: Mutex<Weak<KubeApiserver>> = Mutex::const_new(Weak::new());
static SECOND: Mutex<Weak<KubeApiserver>> = Mutex::const_new(Weak::new());

pub fn test(body: impl Future<Output = ()>) {
    RUNTIME.block_on(body);
}

/// An API server with every CRD.
pub async fn first_cluster() -> Arc<KubeApiserver> {
    shared(&FIRST).await
}

/// A second one like it.
pub async fn second_cluster() -> Arc<KubeApiserver> {
    shared(&SECOND).await
}

/// The server of a slot, made if nobody uses it any more.
pub async fn shared(slot: &Mutex<Weak<KubeApiserver>>) -> Arc<KubeApiserver> {
    let mut slot = slot.lock().await;
    if let Some(server) = slot.upgrade() {
        return server;
    }
    let server = Arc::new(own_cluster().await);
    *slot = Arc::downgrade(&server);
    server
}

/// An API server with every CRD, for a test that is rough with it.
pub async fn own_cluster() -> KubeApiserver {
    let server = KubeApiserver::start().await.unwrap();
    server.install_crds(&own_crds()).await.unwrap();
    server.install_crds(&zonewright_testing::gateway_crds().unwrap()).await.unwrap();
    server
}

pub fn own_crds() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/crds")
}

/// Flags, from literals and formatted ones alike.
pub fn flags<const N: usize>(flags: [&str; N]) -> Vec<String> {
    flags.map(str::to_owned).to_vec()
}

/// These flags with some more, which replace those of the same name.
pub fn with(flags: &[String], more: &[&str]) -> Vec<String> {
    let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
    let others = flags.iter().filter(|flag| !more.iter().any(|more| name(more) == name(flag)));
    others.cloned().chain(more.iter().map(|more| (*more).to_owned())).collect()
}

/// A provider for any domain, and the flags of a daemon that talks to it: owner `me`, cycles as often as a test wants
/// them, and no limit on calls to the API server that a test would only wait for.
pub struct Provider(pub WebhookStandIn);

impl Provider {
    pub async fn start() -> Self {
        Self(WebhookStandIn::start(json!({})).await.unwrap())
    }

    pub fn flags(&self) -> Vec<String> {
        provider_flags(&self.0.url())
    }

    /// The flags of a daemon that reads one namespace of a cluster.
    pub fn flags_in(&self, cluster: &KubeApiserver, namespace: &str, sources: &[&str]) -> Vec<String> {
        let kubeconfig = cluster.kubeconfig_path();
        let own = [
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--namespace={namespace}"),
            "--kube-api-qps=1000".to_owned(),
            "--kube-api-burst=1000".to_owned(),
        ];
        let sources = sources.iter().map(|source| format!("--source={source}"));
        self.flags().into_iter().chain(own).chain(sources).collect()
    }

    pub fn daemon_in(&self, cluster: &KubeApiserver, namespace: &str, sources: &[&str]) -> Daemon {
        Daemon::start(&self.flags_in(cluster, namespace, sources))
    }

    pub fn applies(&self) -> usize {
        self.0.count(Call::Apply)
    }

    /// Waits until the provider holds exactly these records.
    pub async fn until_records_are(&self, what: &str, expected: impl IntoIterator<Item = Value>) {
        let expected = normal(expected);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let records = normal(self.0.records());
            if records == expected {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{what}: the records are\n{}\nbut should be\n{}",
                lines(&records),
                lines(&expected)
            );
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

pub fn provider_flags(url: &str) -> Vec<String> {
    let mut all = flags([
        "--provider=webhook",
        "--policy=sync",
        "--registry=txt",
        "--txt-owner-id=me",
        "--interval=200ms",
        // If not given, it stretches when listing is slow, which it is on a busy machine; tests count on cycles that list.
        "--drift-interval=200ms",
    ]);
    all.push(format!("--webhook-provider-url={url}"));
    all
}

fn lines(records: &[Value]) -> String {
    records.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

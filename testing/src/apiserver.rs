//! Starting, stopping and being let into the API server.

use crate::components::{self, Programs};
use crate::error::Context;
use crate::identity::{self, Authority};
use crate::objects::Known;
use crate::process::{Process, free_port};
use crate::{Error, Result};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{Api, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// On an idle machine it takes three seconds; the rest is for a busy one.
const START_TIMEOUT: Duration = Duration::from_secs(90);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Cluster addresses come from here; test objects that name one must stay inside. As large as the server takes: others get theirs by
/// chance, and may otherwise get one that an object names later.
const SERVICE_RANGE: &str = "10.0.0.0/12";

/// A kube-apiserver with its etcd, its data in a temporary folder; all of it goes away when this is dropped.
///
/// Authorization is RBAC and works as in a cluster. There are no controllers, no nodes and no default service
/// accounts, so Pods need none.
pub struct KubeApiserver {
    // Declared before the folder they work in, so that they end before it is removed.
    server: Option<Process>,
    _etcd: Process,
    pub(crate) client: kube::Client,
    pub(crate) known: Mutex<Known>,
    programs: Programs,
    authority: Authority,
    token: String,
    port: u16,
    etcd_port: u16,
    dir: TempDir,
}

impl KubeApiserver {
    /// Starts both programs and returns when the server says that it is ready.
    pub async fn start() -> Result<Self> {
        let programs = components::programs()?;
        let dir = tempfile::Builder::new()
            .prefix("zonewright-test-")
            .tempdir()
            .context(|| "making a temporary folder".to_owned())?;
        let authority = Authority::new()?;
        let token = random_token();
        write_secrets(dir.path(), &authority, &token)?;
        let etcd_port = free_port()?;
        let etcd = start_etcd(&programs, etcd_port, dir.path())?;
        let port = free_port_but(etcd_port)?;
        write_kubeconfig(&dir.path().join(ADMIN), port, json!({ "token": token }))?;
        let client = client_from(&dir.path().join(ADMIN)).await?;
        let mut this = KubeApiserver {
            server: None,
            _etcd: etcd,
            client,
            known: Mutex::default(),
            programs,
            authority,
            token,
            port,
            etcd_port,
            dir,
        };
        this.start_apiserver().await?;
        this.wait_for_own_objects().await?;
        // Applying anything may make a namespace, so their first state is noted right away.
        this.watch_over("v1", "Namespace").await?;
        Ok(this)
    }

    /// Where the server listens: `https://127.0.0.1:PORT`. Its certificate is signed by an authority that
    /// only the kubeconfigs know.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// The bearer token of the administrator, for requests made by hand.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A folder for the test's own files, removed with the server.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A client with the administrator's rights.
    pub fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// The kubeconfig of the administrator, who may do everything.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.dir.path().join(ADMIN)
    }

    /// Writes a kubeconfig for a user of that name, with a client certificate. The user may do nothing until
    /// an applied (Cluster)RoleBinding says otherwise.
    pub fn kubeconfig_for(&self, user: &str) -> Result<PathBuf> {
        let identity = self.authority.user(user)?;
        let [certificate, key] = ["crt", "key"].map(|kind| self.dir.path().join(format!("{user}.{kind}")));
        write(&certificate, &identity.certificate)?;
        write(&key, &identity.key)?;
        let path = self.dir.path().join(format!("{user}.kubeconfig"));
        let credentials = json!({ "client-certificate": certificate, "client-key": key });
        write_kubeconfig(&path, self.port, credentials)?;
        Ok(path)
    }

    /// Writes a kubeconfig with a token of an applied service account, as a Pod would have it.
    pub async fn kubeconfig_for_service_account(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let what = || format!("a token for service account {namespace}/{name}");
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let request = TokenRequest::default();
        let answer =
            accounts.create_token_request(name, &PostParams::default(), &request).await.context(what)?;
        let path = self.dir.path().join(format!("{namespace}.{name}.kubeconfig"));
        let token = answer.status.map(|status| status.token);
        write_kubeconfig(&path, self.port, json!({ "token": token }))?;
        Ok(path)
    }

    /// Kills the server without warning. Its data stays, and so does its port for the next start.
    pub fn stop_apiserver(&mut self) {
        self.server = None;
    }

    /// Starts the server again after [`stop_apiserver`](Self::stop_apiserver), on the same port and data, and
    /// returns when it is ready.
    pub async fn start_apiserver(&mut self) -> Result<()> {
        let mut server = start_server(&self.programs, self.etcd_port, self.port, self.dir.path())?;
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.is_ready().await {
            if server.has_ended() {
                return Err(server.problem("ended while starting"));
            }
            if Instant::now() > deadline {
                return Err(server.problem("was not ready in time"));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.server = Some(server);
        Ok(())
    }

    /// Kills the server and starts it again on the same port and data, as a crash or an upgrade would.
    pub async fn restart_apiserver(&mut self) -> Result<()> {
        self.stop_apiserver();
        self.start_apiserver().await
    }

    async fn is_ready(&self) -> bool {
        self.get_text("/readyz").await.is_ok()
    }

    async fn get_text(&self, path: &str) -> Result<String> {
        let what = || format!("GET {path}");
        let request =
            http::Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError).context(what)?;
        self.client.request_text(request).await.context(what)
    }

    /// The server makes its own namespaces and the `kubernetes` Service a moment after it is ready. Waiting
    /// for them here keeps them out of what a test sees change.
    async fn wait_for_own_objects(&self) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        for path in [
            "/api/v1/namespaces/default",
            "/api/v1/namespaces/kube-system",
            "/api/v1/namespaces/kube-public",
            "/api/v1/namespaces/kube-node-lease",
            "/api/v1/namespaces/default/services/kubernetes",
        ] {
            while let Err(error) = self.get_text(path).await {
                if Instant::now() > deadline {
                    return Err(error);
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        Ok(())
    }
}

const ADMIN: &str = "admin.kubeconfig";
const AUTHORITY: &str = "authority.crt";
const SERVER_CERTIFICATE: &str = "server.crt";
const SERVER_KEY: &str = "server.key";
const TOKEN_SIGNING_KEY: &str = "service-account.key";
const TOKEN_VERIFYING_KEY: &str = "service-account.pub";
const TOKENS: &str = "tokens.csv";

fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

fn random_token() -> String {
    (0..2u8).map(|part| format!("{:016x}", RandomState::new().hash_one(part))).collect()
}

fn free_port_but(taken: u16) -> Result<u16> {
    loop {
        let port = free_port()?;
        if port != taken {
            return Ok(port);
        }
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).context(|| format!("writing {}", path.display()))
}

fn write_secrets(dir: &Path, authority: &Authority, token: &str) -> Result<()> {
    let server = authority.server()?;
    write(&dir.join(AUTHORITY), &authority.certificate)?;
    write(&dir.join(SERVER_CERTIFICATE), &server.certificate)?;
    write(&dir.join(SERVER_KEY), &server.key)?;
    let (signing, verifying) = identity::key_pair()?;
    write(&dir.join(TOKEN_SIGNING_KEY), &signing)?;
    write(&dir.join(TOKEN_VERIFYING_KEY), &verifying)?;
    write(&dir.join(TOKENS), &format!("{token},admin,admin,\"system:masters\"\n"))
}

/// JSON is YAML, so the kubeconfig needs no YAML writer. Relative paths in it are read relative to the file.
fn write_kubeconfig(path: &Path, port: u16, credentials: Value) -> Result<()> {
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "test", "cluster": { "server": url(port), "certificate-authority": AUTHORITY } }],
        "users": [{ "name": "test", "user": credentials }],
        "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
        "current-context": "test",
    });
    write(path, &format!("{kubeconfig:#}"))
}

pub(crate) async fn client_from(kubeconfig: &Path) -> Result<kube::Client> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Client(error);
    let kubeconfig = Kubeconfig::read_from(kubeconfig).map_err(|error| failed(error.into()))?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(|error| failed(error.into()))?;
    kube::Client::try_from(config).map_err(|error| failed(error.into()))
}

fn start_etcd(programs: &Programs, port: u16, dir: &Path) -> Result<Process> {
    let url = format!("http://127.0.0.1:{port}");
    let arguments = [
        "--data-dir=etcd".to_owned(),
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        // A lone member needs no peers; port 0 takes any.
        "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
        // Nothing here must survive a power cut.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    Process::start("etcd", &programs.etcd, arguments, dir)
}

fn start_server(programs: &Programs, etcd_port: u16, port: u16, dir: &Path) -> Result<Process> {
    let arguments = [
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={SERVER_CERTIFICATE}"),
        format!("--tls-private-key-file={SERVER_KEY}"),
        format!("--client-ca-file={AUTHORITY}"),
        format!("--token-auth-file={TOKENS}"),
        "--authorization-mode=RBAC".to_owned(),
        "--anonymous-auth=false".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={TOKEN_VERIFYING_KEY}"),
        format!("--service-account-signing-key-file={TOKEN_SIGNING_KEY}"),
        format!("--service-cluster-ip-range={SERVICE_RANGE}"),
        // Pods need no service account: no controller would make the default one.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        // Endpoints may not point at loopback, and nothing looks at those of the server itself.
        "--endpoint-reconciler-type=none".to_owned(),
        // One client at a time needs no fair queueing, and start-up need not wait for its configuration.
        "--enable-priority-and-fairness=false".to_owned(),
    ];
    Process::start("kube-apiserver", &programs.kube_apiserver, arguments, dir)
}

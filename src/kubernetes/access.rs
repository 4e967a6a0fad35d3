//! Flags -> a client of the Kubernetes API.

use super::calls::{CallsLayer, RequestRecorder};
use super::token_bucket::TokenBucket;
use http::header::USER_AGENT;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{ClientBuilder, ConfigExt};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::decompression::DecompressionLayer;

/// How long a TCP connection may be silent before the other side is asked whether it is still there, and how often it is asked
/// again. Client-go asks after 30 s and gives up after 15 more; without this a watch through a dead load balancer would look
/// healthy for minutes.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_RETRIES: u32 = 3;
/// As in client-go.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The flags that concern the Kubernetes API.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterAccess {
    /// `--kubeconfig`; without it `~/.kube/config` if there is one, else the Pod's service account.
    pub kubeconfig: Option<PathBuf>,
    /// `--server`: replaces the server that a kubeconfig names; without effect inside a Pod, as in ExternalDNS.
    pub server: Option<String>,
    /// `--kube-api-request-timeout`, for everything but watches; zero for none.
    pub request_timeout: Duration,
    /// `--kube-api-qps`.
    pub qps: f64,
    /// `--kube-api-burst`.
    pub burst: u32,
}

/// Why there is no way to the Kubernetes API.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The kubeconfig cannot be read or is incomplete.
    #[error("kubeconfig {path}: {source}", path = path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KubeconfigError,
    },
    /// `--server` is not a URL.
    #[error("--server {server:?} is not a URL: {source}")]
    Server {
        /// What was given.
        server: String,
        /// What is wrong with it.
        source: http::uri::InvalidUri,
    },
    /// There is neither a kubeconfig nor a service account.
    #[error("no --kubeconfig, no ~/.kube/config, and not inside a Pod: {0}")]
    InCluster(#[source] kube::config::InClusterError),
    /// Certificates, keys or tokens cannot be used.
    #[error("cannot connect to the Kubernetes API at {server}: {source}")]
    Client {
        /// The API server.
        server: Uri,
        /// What is wrong.
        source: Box<kube::Error>,
    },
}

impl ClusterAccess {
    /// Builds the client. Contacts nobody yet. `recorder` is told of every call.
    ///
    /// # Errors
    /// When the kubeconfig, or what it refers to, cannot be used.
    pub async fn connect(&self, recorder: Option<RequestRecorder>) -> Result<Client, AccessError> {
        let config = self.config(std::env::home_dir().as_deref()).await?;
        let server = config.cluster_url.clone();
        self.client(config, recorder)
            .map_err(|source| AccessError::Client { server, source: Box::new(source) })
    }

    async fn config(&self, home: Option<&Path>) -> Result<Config, AccessError> {
        let mut config = match self.kubeconfig_path(home) {
            Some(path) => {
                let mut config = read_kubeconfig(&path)
                    .await
                    .map_err(|source| AccessError::Kubeconfig { path, source })?;
                if let Some(server) = self.server.as_deref().filter(|server| !server.is_empty()) {
                    config.cluster_url = parse_server(server, config.root_cert.is_some())?;
                }
                config
            }
            None => Config::incluster().map_err(AccessError::InCluster)?,
        };
        let agent = HeaderValue::from_static(concat!("Zonewright/", env!("CARGO_PKG_VERSION")));
        config.headers.push((USER_AGENT, agent));
        // Retries are the business of whoever calls: a cache says that it fails, a status write is tried again later.
        config.default_retry = false;
        Ok(config)
    }

    fn kubeconfig_path(&self, home: Option<&Path>) -> Option<PathBuf> {
        match &self.kubeconfig {
            Some(path) if !path.as_os_str().is_empty() => Some(path.clone()),
            _ => home.map(|home| home.join(".kube").join("config")).filter(|path| path.exists()),
        }
    }

    fn client(&self, config: Config, recorder: Option<RequestRecorder>) -> kube::Result<Client> {
        // Only the first caller in the process sets it; all of ours set the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let calls = CallsLayer {
            limit: Arc::new(TokenBucket::new(self.qps, self.burst)),
            timeout: Some(self.request_timeout).filter(|timeout| !timeout.is_zero()),
            server: config.cluster_url.clone(),
            recorder,
        };
        if config.proxy_url.is_some() {
            return Ok(ClientBuilder::try_from(config)?.with_layer(&calls).build());
        }
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_keepalive(Some(KEEPALIVE));
        connector.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        connector.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        let connector = config.rustls_https_connector_with_connector(connector)?;
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
        // kube's own stack, without its retries and its error log line for each answer that is not a success.
        let service = ServiceBuilder::new()
            .layer(calls)
            .layer(config.base_uri_layer())
            .layer(DecompressionLayer::new().gzip(!config.disable_compression))
            .option_layer(config.auth_layer()?)
            .layer(config.extra_headers_layer()?)
            .map_err(tower::BoxError::from)
            .service(http);
        Ok(Client::new(service, config.default_namespace))
    }
}

async fn read_kubeconfig(path: &Path) -> Result<Config, KubeconfigError> {
    let kubeconfig = Kubeconfig::read_from(path)?;
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await
}

/// Without a scheme, HTTPS where the kubeconfig has a certificate authority, else HTTP, as in client-go.
fn parse_server(server: &str, has_authority: bool) -> Result<Uri, AccessError> {
    let scheme = if has_authority { "https" } else { "http" };
    let url = if server.contains("://") { server.to_owned() } else { format!("{scheme}://{server}") };
    url.parse().map_err(|source| AccessError::Server { server: server.to_owned(), source })
}

#[cfg(test)]
mod tests;

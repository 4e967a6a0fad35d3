//! Flags -> a client of the Kubernetes API.

use super::calls::{CallsLayer, RequestRecorder};
use super::reload::Reloading;
use super::token_bucket::TokenBucket;
use axum::body::Body as AnyBody;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{AuthError, Body, ClientBuilder, ConfigExt};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError};
use kube::{Client, Config};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tower::{BoxError, Layer, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;
use zonewright_provider_kit::Redaction;
use zonewright_provider_kit::files::{SMALL, read_text};

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
    #[error("kubeconfig {path}: {reason}", path = path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without any of its text.
        reason: String,
    },
    /// `--server` is not a URL.
    #[error("--server {server:?} is not a URL: {source}")]
    Server {
        /// What was given, unless there is a user name in it.
        server: String,
        /// What is wrong with it.
        source: http::uri::InvalidUri,
    },
    /// There is neither a kubeconfig nor a service account.
    #[error("no --kubeconfig, no ~/.kube/config, and not inside a Pod: {0}")]
    InCluster(#[source] kube::config::InClusterError),
    /// The file with the token cannot be used.
    #[error("token file {path}: {source}", path = path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// The token has line breaks or other control characters.
    #[error("the token for the Kubernetes API has characters that no header can have")]
    TokenText,
    /// Certificates, keys or tokens cannot be used.
    #[error("cannot connect to the Kubernetes API at {server}: {reason}")]
    Client {
        /// The API server.
        server: String,
        /// What is wrong, without keys and passwords.
        reason: String,
    },
}

/// A way to an API server.
pub struct Connection {
    /// The client, without limits of our own.
    pub client: Client,
    /// The API server.
    pub server: Uri,
    /// What the connection was made from; when they change it has to be made anew.
    pub files: Vec<PathBuf>,
}

impl ClusterAccess {
    /// Builds the client. Contacts nobody yet. `recorder` is told of every call. When kubeconfig, token or certificates change
    /// on disk, later calls use them; while they are broken, what was read before stays in use.
    ///
    /// # Errors
    /// When the kubeconfig, or what it refers to, cannot be used.
    pub async fn connect(&self, recorder: Option<RequestRecorder>) -> Result<Client, AccessError> {
        let home = std::env::home_dir();
        let connection = self.load(home.as_deref()).await?;
        let calls = CallsLayer {
            limit: Arc::new(TokenBucket::new(self.qps, self.burst)),
            timeout: Some(self.request_timeout).filter(|timeout| !timeout.is_zero()),
            server: connection.server.clone(),
            recorder,
        };
        let namespace = connection.client.default_namespace().to_owned();
        Ok(Client::new(calls.layer(Reloading::new(self.clone(), home, connection)), namespace))
    }

    /// Reads all files, and makes a connection of what they say now.
    pub(super) async fn load(&self, home: Option<&Path>) -> Result<Connection, AccessError> {
        let (config, files) = self.config(home).await?;
        let server = config.cluster_url.clone();
        let client = client(config).map_err(|error| AccessError::Client {
            server: without_user(&server),
            reason: of_client(&error),
        })?;
        Ok(Connection { client, server, files })
    }

    async fn config(&self, home: Option<&Path>) -> Result<(Config, Vec<PathBuf>), AccessError> {
        let mut files = Vec::new();
        let mut config = match self.kubeconfig_path(home) {
            Some(path) => {
                files.push(path.clone());
                let mut config = read_kubeconfig(&path, &mut files)
                    .await
                    .map_err(|error| AccessError::Kubeconfig { path, reason: of_kubeconfig(&error) })?;
                if let Some(server) = self.server.as_deref().filter(|server| !server.is_empty()) {
                    config.cluster_url = parse_server(server, config.root_cert.is_some())?;
                }
                config
            }
            None => Config::incluster().map_err(AccessError::InCluster)?,
        };
        take_user(&mut config);
        let auth = &config.auth_info;
        let named = [&auth.client_certificate, &auth.client_key, &auth.token_file];
        files.extend(named.into_iter().flatten().filter(|path| !path.is_empty()).map(PathBuf::from));
        files.extend(config.root_cert_file.clone());
        // As client-go: the file comes before the token in the kubeconfig, and may end with a line break.
        if let Some(path) = config.auth_info.token_file.take().filter(|path| !path.is_empty()) {
            config.auth_info.token = Some(read_token(Path::new(&path))?);
        }
        check_header(&config.auth_info)?;
        let agent = HeaderValue::from_static(concat!("Zonewright/", env!("CARGO_PKG_VERSION")));
        config.headers.push((USER_AGENT, agent));
        // Retries are the business of whoever calls: a cache says that it fails, a status write is tried again later.
        config.default_retry = false;
        config.default_namespace = config.default_namespace.trim().to_owned();
        Ok((config, files))
    }

    fn kubeconfig_path(&self, home: Option<&Path>) -> Option<PathBuf> {
        match &self.kubeconfig {
            Some(path) if !path.as_os_str().is_empty() => Some(path.clone()),
            _ => home.map(|home| home.join(".kube").join("config")).filter(|path| path.exists()),
        }
    }
}

fn client(config: Config) -> kube::Result<Client> {
    // Only the first caller in the process sets it; all of ours set the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if config.proxy_url.is_some() {
        return Ok(ClientBuilder::try_from(config)?.build());
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
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(tower::service_fn(move |request| quiet(http.clone(), request)));
    Ok(Client::new(service, config.default_namespace))
}

/// The longest kubeconfig in bytes; those of hundreds of clusters with certificates are below one MB.
const LONGEST_KUBECONFIG: u64 = 16 << 20;

/// The longest refusal in bytes: a `Status`, or the page of a proxy.
const LONGEST_REFUSAL: usize = 1 << 20;

/// Sends a request. A refusal loses what it quotes of our token: servers do not, but what stands before them may.
async fn quiet(
    http: hyper_util::client::legacy::Client<impl Connect + Clone + Send + Sync + 'static, Body>,
    request: Request<Body>,
) -> Result<Response<AnyBody>, BoxError> {
    let mut redaction = Redaction::default();
    if let Some(Ok(value)) = request.headers().get(AUTHORIZATION).map(HeaderValue::to_str) {
        redaction.add(value.rsplit(' ').next().unwrap_or(value));
    }
    let answer = http.request(request).await?;
    let is_refusal = answer.status().is_client_error() || answer.status().is_server_error();
    // Compressed ones are left alone: small texts never are.
    if !is_refusal || answer.headers().contains_key(CONTENT_ENCODING) {
        return Ok(answer.map(AnyBody::new));
    }
    let (head, body) = answer.into_parts();
    let body = axum::body::to_bytes(AnyBody::new(body), LONGEST_REFUSAL).await?;
    Ok(Response::from_parts(head, AnyBody::from(redaction.hide_in_body(body.into()))))
}

/// Reads a kubeconfig, and notes the certificate authorities that it names; other files are named in the result.
async fn read_kubeconfig(path: &Path, files: &mut Vec<PathBuf>) -> Result<Config, KubeconfigError> {
    let read = |error| KubeconfigError::ReadConfig(error, path.to_owned());
    if std::fs::metadata(path).map_err(read)?.len() > LONGEST_KUBECONFIG {
        return Err(read(std::io::ErrorKind::FileTooLarge.into()));
    }
    let kubeconfig = Kubeconfig::read_from(path)?;
    let clusters = kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref());
    files.extend(clusters.filter_map(|cluster| cluster.certificate_authority.as_ref()).map(PathBuf::from));
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await
}

fn read_token(path: &Path) -> Result<SecretString, AccessError> {
    let token = read_text(path, SMALL).and_then(|token| match token.trim() {
        "" => Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the file is empty")),
        token => Ok(SecretString::from(token)),
    });
    token.map_err(|source| AccessError::Token { path: path.to_owned(), source })
}

/// Without a scheme, HTTPS where the kubeconfig has a certificate authority, else HTTP, as in client-go.
fn parse_server(server: &str, has_authority: bool) -> Result<Uri, AccessError> {
    let scheme = if has_authority { "https" } else { "http" };
    let url = if server.contains("://") { server.to_owned() } else { format!("{scheme}://{server}") };
    url.parse().map_err(|source| {
        let server = if server.contains('@') { "…" } else { server };
        AccessError::Server { server: server.to_owned(), source }
    })
}

/// A token from which no header can be made is a mistake in a file; kube's client takes it for one in the program, and panics.
fn check_header(auth: &AuthInfo) -> Result<(), AccessError> {
    match auth.token.as_ref().map(|token| HeaderValue::from_str(token.expose_secret())) {
        Some(Err(_)) => Err(AccessError::TokenText),
        _ => Ok(()),
    }
}

/// User name and password in the address of the server go where they belong, as in client-go: libraries log addresses.
fn take_user(config: &mut Config) {
    let Some(authority) = config.cluster_url.authority() else { return };
    let Some((user, host)) = authority.as_str().rsplit_once('@') else { return };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let auth = &mut config.auth_info;
    if auth.username.is_none() && auth.token.is_none() {
        auth.username = Some(decoded(user));
        auth.password = Some(decoded(password).into());
    }
    let mut parts = config.cluster_url.clone().into_parts();
    parts.authority = host.parse().ok();
    if let Ok(url) = Uri::from_parts(parts) {
        config.cluster_url = url;
    }
}

/// A server's address without the user name and password that may stand in it.
fn without_user(server: &Uri) -> String {
    let authority = server.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{}://{host}{}", server.scheme_str().unwrap_or("https"), server.path())
}

/// What is wrong with a kubeconfig. Errors of the YAML reader quote what they stumble over, which may be a token: only the place is
/// told.
fn of_kubeconfig(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(cause) => match cause.location() {
            Some(at) => {
                format!("not a kubeconfig: something is wrong at line {}, column {}", at.line(), at.column())
            }
            None => "not a kubeconfig".to_owned(),
        },
        // They name the byte that is wrong, of a key or a certificate.
        KubeconfigError::LoadCertificateAuthority(LoadDataError::DecodeBase64(_)) => {
            "certificate-authority-data is not base64".to_owned()
        }
        KubeconfigError::LoadClientCertificate(LoadDataError::DecodeBase64(_)) => {
            "client-certificate-data is not base64".to_owned()
        }
        KubeconfigError::LoadClientKey(LoadDataError::DecodeBase64(_)) => {
            "client-key-data is not base64".to_owned()
        }
        other => other.to_string(),
    }
}

/// Why there is no client. A proxy's address may hold a password, and what a credential plugin was given and said may hold anything.
fn of_client(error: &kube::Error) -> String {
    match error {
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            "the proxy's protocol is not supported; http, https and socks5 are".to_owned()
        }
        kube::Error::Auth(error) => of_auth(error),
        other => other.to_string(),
    }
}

fn of_auth(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            format!("the credential plugin of the kubeconfig failed: {}", out.status)
        }
        AuthError::AuthExecParse(_) | AuthError::AuthExecSerialize(_) => {
            "what the credential plugin of the kubeconfig printed makes no sense".to_owned()
        }
        AuthError::InvalidBasicAuth(_) => "user name or password cannot stand in a header".to_owned(),
        AuthError::InvalidBearerToken(_) => "the token cannot stand in a header".to_owned(),
        other => other.to_string(),
    }
}

/// An error of a call; one about our own credentials without what plugins were given and have said.
pub(super) fn of_call(error: kube::Error) -> BoxError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(this) = cause {
        if let Some(auth) = this.downcast_ref::<AuthError>() {
            return of_auth(auth).into();
        }
        cause = this.source();
    }
    error.into()
}

#[cfg(test)]
mod tests;

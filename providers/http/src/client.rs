//! The one way to make an HTTP client: rustls with ring, the roots of the system, the proxy variables.

use crate::urls::is_this_machine;
use reqwest::Url;
use reqwest::redirect::Policy;
use std::time::Duration;

/// How long things may take; zero for as long as they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Everything: connecting, asking, and the last byte of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    /// A service far away that has pages of thousands of records to put together still makes it in a minute.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), total: Duration::from_secs(60) }
    }
}

/// A client for one base URL.
///
/// - Authorities are those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR` where set.
/// - `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` count, but not on the way to this very machine.
/// - Redirects are followed up to ten times, as Go's client does, unless `follow` is false: headers with credentials must not go
///   wherever an answer points.
///
/// # Errors
/// When the machine has no CA certificates and the URL needs them.
pub fn client(base: &Url, timeouts: Timeouts, follow: bool) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder =
        reqwest::Client::builder().user_agent(concat!("zonewright/", env!("CARGO_PKG_VERSION")));
    if !timeouts.total.is_zero() {
        builder = builder.timeout(timeouts.total);
    }
    if !timeouts.connect.is_zero() {
        builder = builder.connect_timeout(timeouts.connect);
    }
    if is_this_machine(base) {
        builder = builder.no_proxy();
    }
    if !follow {
        builder = builder.redirect(Policy::none());
    }
    let provider = rustls::crypto::ring::default_provider();
    if base.scheme() == "https" {
        // Whoever came first has installed the same one.
        let _ = provider.install_default();
    } else if let Ok(versions) =
        rustls::ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions()
    {
        // Plain HTTP: an image without CA certificates will do, and none are loaded.
        let no_roots = versions.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        builder = builder.tls_backend_preconfigured(no_roots);
    }
    builder.build()
}

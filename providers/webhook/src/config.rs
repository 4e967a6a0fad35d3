//! Where the provider is and what may be asked of it.

use reqwest::Url;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;
use zonewright_provider_http::shown_text;

/// The settings of the client.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookConfig {
    /// Base URL (`--webhook-provider-url`).
    pub url: UrlText,
    /// `--webhook-provider-read-timeout`.
    pub read_timeout: Duration,
    /// `--webhook-provider-write-timeout`. A call may take the sum of both, connecting and the whole answer included, as in
    /// ExternalDNS; zero in sum means no limit.
    pub write_timeout: Duration,
    /// The longest answer to decode, in bytes (`--webhook-provider-max-body-size`); zero or less means no limit.
    pub max_body_size: i64,
    /// The most changes in one request (`--webhook-provider-max-changes`); `None` for any number, as in ExternalDNS.
    pub max_changes: Option<NonZeroUsize>,
    /// The most requests per second (`--provider-requests-per-second`); the protocol does not say what a provider can take.
    pub requests_per_second: Option<f64>,
}

/// With ownership rows some five MB of JSON: bounded in memory here and there, and far more than the usual change. ExternalDNS
/// sends everything at once, 20 MB for 100,000 deletes.
pub const MAX_CHANGES: usize = 5000;

impl WebhookConfig {
    /// The defaults for a URL: those of ExternalDNS (5 s and 10 s, 32 MiB), and [`MAX_CHANGES`].
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: UrlText(url.into()),
            read_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(10),
            max_body_size: 32 << 20,
            max_changes: NonZeroUsize::new(MAX_CHANGES),
            requests_per_second: None,
        }
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The URL cannot be used.
    #[error("--webhook-provider-url {url:?}: {reason}")]
    Url {
        /// As given.
        url: UrlText,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client cannot be set up.
    #[error("HTTP client for the webhook provider")]
    Client(#[source] reqwest::Error),
}

/// A URL as it was given. It may hold a password or a token, and never shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlText(pub String);

impl fmt::Debug for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", shown_text(&self.0))
    }
}

impl fmt::Display for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_text(&self.0))
    }
}

pub(crate) fn parse_url(text: &UrlText) -> Result<Url, ConfigError> {
    let error = |reason: String| ConfigError::Url { url: text.clone(), reason };
    let url = Url::parse(&text.0).map_err(|cause| error(cause.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(error("it does not begin with http:// or https://".to_owned())),
    }
}

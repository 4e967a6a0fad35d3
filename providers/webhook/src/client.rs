//! The HTTP side: requests, statuses, limits.

use crate::adjust::Body;
use crate::config::{ConfigError, WebhookConfig, parse_url};
use crate::rows::{NotAList, RowSplitter};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use zonewright_planner::DomainFilter;
use zonewright_provider_kit::wire::WireEndpoint;
use zonewright_provider_kit::{ErrorClass, ProviderError, RequestBudget, parse_retry_after};

/// The media type of the protocol, compared letter for letter.
pub(crate) const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";

/// How much of an error's text is shown.
const EXCERPT: usize = 256;

/// One finished request, for metrics.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// HTTP method.
    pub method: Method,
    /// Where it went.
    pub url: Url,
    /// What the provider said; `None` when no answer came.
    pub status: Option<StatusCode>,
    /// From sending to the head of the answer.
    pub duration: Duration,
}

/// Told of every finished request.
pub type RequestRecorder = Arc<dyn Fn(RequestRecord) + Send + Sync>;

/// The calls of the protocol.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    records: Url,
    adjust: Url,
    timeout: Duration,
    max_body_size: Option<u64>,
    recorder: Option<RequestRecorder>,
    budget: RequestBudget,
}

impl Client {
    pub(crate) fn new(
        config: &WebhookConfig,
        recorder: Option<RequestRecorder>,
    ) -> Result<Self, ConfigError> {
        let base = parse_url(&config.url)?;
        let timeout = config.read_timeout.saturating_add(config.write_timeout);
        Ok(Self {
            http: http_client(&base, timeout).map_err(ConfigError::Client)?,
            records: below(&base, "records"),
            adjust: below(&base, "adjustendpoints"),
            base,
            timeout,
            max_body_size: u64::try_from(config.max_body_size).ok().filter(|limit| *limit > 0),
            recorder,
            budget: RequestBudget::new(config.requests_per_second),
        })
    }

    /// `GET` of the base URL: are we talking to a webhook provider, and which names are its business?
    pub(crate) async fn negotiate(&self) -> Result<DomainFilter, ProviderError> {
        let call = Call::new(self, Method::GET, &self.base);
        let response =
            call.send(|request| request.header(ACCEPT, MEDIA_TYPE), |status| status.is_success()).await?;
        let content_type = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
        if content_type != Some(MEDIA_TYPE.as_bytes()) {
            let got = content_type.map_or_else(|| "none".into(), String::from_utf8_lossy).into_owned();
            let message =
                format!("the content type is {got:?}, must be {MEDIA_TYPE:?}: is this a webhook provider?");
            return Err(call.error(ErrorClass::Permanent, &message));
        }
        let mut body = Vec::new();
        call.read(response, |piece| {
            body.extend_from_slice(piece);
            Ok(())
        })
        .await?;
        serde_json::from_slice(&body).map_err(|cause| {
            call.error(ErrorClass::Unavailable, "the domain filter cannot be read").caused_by(cause)
        })
    }

    /// `GET /records`.
    pub(crate) async fn records(
        &self,
        each: impl FnMut(usize, Option<WireEndpoint<'_>>),
    ) -> Result<(), ProviderError> {
        let call = Call::new(self, Method::GET, &self.records);
        let build = |request: RequestBuilder| request.header(ACCEPT, MEDIA_TYPE);
        let response = call.send(build, |status| status == StatusCode::OK).await?;
        call.read_rows(response, each).await
    }

    /// `POST /adjustendpoints`. The body goes out as it is made; `length` is that of all of it.
    pub(crate) async fn adjust(
        &self,
        body: Body,
        length: usize,
        each: impl FnMut(usize, Option<WireEndpoint<'_>>),
    ) -> Result<(), ProviderError> {
        let call = Call::new(self, Method::POST, &self.adjust);
        let build = |request: RequestBuilder| {
            let body = reqwest::Body::wrap_stream(futures::stream::iter(body));
            let request = request.header(CONTENT_TYPE, MEDIA_TYPE).header(ACCEPT, MEDIA_TYPE);
            request.header(CONTENT_LENGTH, length).body(body)
        };
        let response = call.send(build, |status| status == StatusCode::OK).await?;
        call.read_rows(response, each).await
    }

    /// `POST /records`.
    pub(crate) async fn apply(&self, body: Vec<u8>) -> Result<(), ProviderError> {
        let call = Call::new(self, Method::POST, &self.records);
        let build = |request: RequestBuilder| request.header(CONTENT_TYPE, MEDIA_TYPE).body(body);
        call.send(build, |status| status == StatusCode::NO_CONTENT).await.map(drop)
    }
}

/// One request and how to speak of it in errors.
struct Call<'a> {
    client: &'a Client,
    method: Method,
    url: &'a Url,
}

impl<'a> Call<'a> {
    fn new(client: &'a Client, method: Method, url: &'a Url) -> Self {
        Self { client, method, url }
    }

    async fn send(
        &self,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
        is_success: impl Fn(StatusCode) -> bool,
    ) -> Result<Response, ProviderError> {
        let refused = |error: ProviderError| self.error(error.class(), &error.to_string());
        self.client.budget.turn().await.map_err(refused)?;
        let request = build(self.client.http.request(self.method.clone(), self.url.clone()));
        let started = Instant::now();
        let answer = request.send().await;
        if let Some(recorder) = &self.client.recorder {
            recorder(RequestRecord {
                method: self.method.clone(),
                url: self.url.clone(),
                status: answer.as_ref().ok().map(Response::status),
                duration: started.elapsed(),
            });
        }
        let response = answer.map_err(|cause| self.transport_error(cause))?;
        if is_success(response.status()) { Ok(response) } else { Err(self.status_error(response).await) }
    }

    /// Reads an answer piece by piece, up to the limit.
    async fn read(
        &self,
        mut response: Response,
        mut each: impl FnMut(&[u8]) -> Result<(), ProviderError>,
    ) -> Result<(), ProviderError> {
        let mut size = 0;
        while let Some(piece) = response.chunk().await.map_err(|cause| self.transport_error(cause))? {
            size += piece.len() as u64;
            if let Some(limit) = self.client.max_body_size.filter(|limit| size > *limit) {
                let message = format!(
                    "the answer is longer than {limit} bytes; --webhook-provider-max-body-size sets the limit"
                );
                return Err(self.error(ErrorClass::Permanent, &message));
            }
            each(&piece)?;
        }
        Ok(())
    }

    /// Reads a list and decodes each row as soon as it is there; `None` is a `null` row. Rows are counted from 1.
    async fn read_rows(
        &self,
        response: Response,
        mut each: impl FnMut(usize, Option<WireEndpoint<'_>>),
    ) -> Result<(), ProviderError> {
        let mut splitter = RowSplitter::new();
        let mut count = 0;
        self.read(response, |piece| {
            let decoded = splitter.push(piece, |row| {
                count += 1;
                each(count, serde_json::from_slice(row).map_err(|cause| RowError::Row { count, cause })?);
                Ok(())
            });
            decoded.map_err(|cause: RowError| self.unreadable(cause))
        })
        .await?;
        splitter.finish().map_err(|cause| self.unreadable(cause.into()))
    }

    fn unreadable(&self, cause: RowError) -> ProviderError {
        self.error(ErrorClass::Unavailable, &cause.to_string())
    }

    fn transport_error(&self, cause: reqwest::Error) -> ProviderError {
        let message = if cause.is_timeout() {
            format!(
                "no complete answer within {:?} (--webhook-provider-read-timeout plus -write-timeout)",
                self.client.timeout
            )
        } else {
            "no complete answer".to_owned()
        };
        let may_have_arrived = !cause.is_connect();
        let error = self.error(ErrorClass::Unavailable, &message).caused_by(cause.without_url());
        if may_have_arrived { error.with_unknown_outcome() } else { error }
    }

    async fn status_error(&self, response: Response) -> ProviderError {
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| parse_retry_after(text, SystemTime::now()));
        let class = ErrorClass::from_http_status(status.as_u16(), retry_after);
        if let ErrorClass::Throttled { retry_after: Some(pause) } = class {
            self.client.budget.pause(pause);
        }
        let excerpt = excerpt(response).await;
        let separator = if excerpt.is_empty() { "" } else { ": " };
        let error = self.error(class, &format!("the answer is {status}{separator}{excerpt}"));
        if leaves_open(status) { error.with_unknown_outcome() } else { error }
    }

    fn error(&self, class: ErrorClass, message: &str) -> ProviderError {
        ProviderError::new(class, format!("webhook provider: {} {}: {message}", self.method, shown(self.url)))
    }
}

/// Whether the provider may have done what was asked all the same: something between us says that it has not answered, or it
/// says that it succeeded in words that the protocol does not have.
fn leaves_open(status: StatusCode) -> bool {
    status.is_success()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT]
            .contains(&status)
}

#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    List(#[from] NotAList),
    #[error("row {count} cannot be read: {cause}")]
    Row { count: usize, cause: serde_json::Error },
}

/// The beginning of an error's body on one line. Providers explain themselves there.
async fn excerpt(mut response: Response) -> String {
    let mut text = Vec::new();
    while text.len() < EXCERPT {
        match response.chunk().await {
            Ok(Some(piece)) => text.extend_from_slice(&piece),
            Ok(None) | Err(_) => break,
        }
    }
    text.truncate(EXCERPT);
    String::from_utf8_lossy(&text).trim().escape_debug().to_string()
}

/// The URL without user name and password.
fn shown(url: &Url) -> Url {
    let mut url = url.clone();
    // They fail only for URLs without a host, which have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// A path below the base URL, whose own path is kept.
fn below(base: &Url, segment: &str) -> Url {
    let mut url = base.clone();
    // Fails only for URLs that cannot be a base; http and https always can.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(segment);
    }
    url
}

/// Redirects and proxy variables are followed as Go's client follows them: up to ten, and no proxy for this very machine.
fn http_client(base: &Url, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder =
        reqwest::Client::builder().user_agent(concat!("zonewright/", env!("CARGO_PKG_VERSION")));
    if !timeout.is_zero() {
        builder = builder.timeout(timeout);
    }
    if is_this_machine(base) {
        builder = builder.no_proxy();
    }
    let provider = rustls::crypto::ring::default_provider();
    if base.scheme() == "https" {
        // Whoever came first has installed the same one.
        let _ = provider.install_default();
    } else if let Ok(versions) =
        rustls::ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions()
    {
        // The usual sidecar speaks plain HTTP: an image without CA certificates will do, and none are loaded.
        let no_roots = versions.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        builder = builder.tls_backend_preconfigured(no_roots);
    }
    builder.build()
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://h", "http://h/records")]
    #[case("http://h/", "http://h/records")]
    #[case("http://h:1/base", "http://h:1/base/records")]
    #[case("http://h:1/base/", "http://h:1/base/records")]
    fn the_path_of_the_base_url_is_kept(#[case] base: &str, #[case] expected: &str) {
        assert_eq!(below(&Url::parse(base).unwrap(), "records").as_str(), expected);
    }

    #[rstest]
    #[case("http://localhost:8888", true)]
    #[case("http://127.0.0.9", true)]
    #[case("http://[::1]:1", true)]
    #[case("http://localhost.example.org", false)]
    #[case("http://192.0.2.1", false)]
    fn this_machine_is_asked_directly(#[case] url: &str, #[case] expected: bool) {
        assert_eq!(is_this_machine(&Url::parse(url).unwrap()), expected);
    }

    #[test]
    fn passwords_stay_out_of_messages() {
        assert_eq!(shown(&Url::parse("http://me:secret@h/x").unwrap()).as_str(), "http://h/x");
    }
}

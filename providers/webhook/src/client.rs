//! The HTTP side: requests, statuses, limits.

use crate::adjust::Body;
use crate::config::{ConfigError, WebhookConfig, parse_url};
use crate::rows::{NotAList, RowSplitter};
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zonewright_planner::DomainFilter;
use zonewright_provider_http::answers::{self, Unfinished, leaves_open};
use zonewright_provider_http::{Timeouts, below, client, secrets_of, secrets_of_proxies, shown};
use zonewright_provider_kit::wire::{MEDIA_TYPE, WireEndpoint};
use zonewright_provider_kit::{ErrorClass, ProviderError, Redaction, RequestBudget};

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
    redaction: Redaction,
}

impl Client {
    pub(crate) fn new(
        config: &WebhookConfig,
        recorder: Option<RequestRecorder>,
    ) -> Result<Self, ConfigError> {
        let base = parse_url(&config.url)?;
        let mut redaction = secrets_of(&base);
        redaction.extend(&secrets_of_proxies());
        let timeout = config.read_timeout.saturating_add(config.write_timeout);
        Ok(Self {
            // The whole call has one time; ExternalDNS has none for the connection. Redirects are followed as Go does.
            http: client(&base, Timeouts { connect: Duration::ZERO, total: timeout }, true)
                .map_err(ConfigError::Client)?,
            records: below(&base, &["records"]),
            adjust: below(&base, &["adjustendpoints"]),
            redaction,
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
            call.error(ErrorClass::Unavailable, &format!("the domain filter cannot be read: {cause}"))
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
        each: impl FnMut(&[u8]) -> Result<(), ProviderError>,
    ) -> Result<(), ProviderError> {
        let read = answers::read(&mut response, self.client.max_body_size, each);
        read.await.map_err(|unfinished| match unfinished {
            Unfinished::Refused(error) => error,
            Unfinished::Broken(cause) => self.transport_error(cause),
            Unfinished::TooLong(limit) => {
                let message = format!(
                    "the answer is longer than {limit} bytes; --webhook-provider-max-body-size sets the limit"
                );
                self.error(ErrorClass::Permanent, &message)
            }
        })
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
        let class = answers::class(status, response.headers());
        if let ErrorClass::Throttled { retry_after: Some(pause) } = class {
            self.client.budget.pause(pause);
        }
        let excerpt = answers::excerpt(response, &self.client.redaction).await;
        let separator = if excerpt.is_empty() { "" } else { ": " };
        let error = self.error(class, &format!("the answer is {status}{separator}{excerpt}"));
        if leaves_open(status) { error.with_unknown_outcome() } else { error }
    }

    fn error(&self, class: ErrorClass, message: &str) -> ProviderError {
        let message = self.client.redaction.hide(message);
        ProviderError::new(class, format!("webhook provider: {} {}: {message}", self.method, shown(self.url)))
    }
}

#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    List(#[from] NotAList),
    #[error("row {count} cannot be read: {cause}")]
    Row { count: usize, cause: serde_json::Error },
}

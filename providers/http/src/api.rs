//! Requests to a service that answers with JSON.

use crate::answers::{self, Unfinished, excerpt_of, leaves_open};
use crate::client::{Timeouts, client};
use crate::urls::{secrets_of_proxies, shown};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::time::{Duration, Instant};
use zonewright_provider_kit::{
    ErrorClass, ProviderError, Redaction, RequestBudget, RequestRecord, RequestRecorder,
};

/// How to talk to a service.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// How long requests may take.
    pub timeouts: Timeouts,
    /// The longest answer in bytes.
    pub longest_answer: u64,
    /// How often requests may go out; everybody who uses one credential shares it.
    pub budget: RequestBudget,
    /// Is told of every request.
    pub recorder: RequestRecorder,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            longest_answer: 64 << 20,
            budget: RequestBudget::default(),
            recorder: RequestRecorder::default(),
        }
    }
}

/// A connection to a service.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    settings: ApiSettings,
    proxies: Redaction,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    operation: &'static str,
    what: String,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    ends_in_an_id: bool,
    redaction: Redaction,
    brings_secrets: bool,
}

/// Without headers and body, which may hold anything.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, what, method, url, .. } = self;
        let url = shown(url);
        f.debug_struct("Request")
            .field("operation", operation)
            .field("what", what)
            .field("method", method)
            .field("url", &url.as_str())
            .finish_non_exhaustive()
    }
}

impl Request {
    /// A request. `operation` is what the API calls it, for metrics; `what` says in errors what was tried on what
    /// (`Cloudflare: listing zone example.org`).
    pub fn new(operation: &'static str, what: impl Into<String>, method: Method, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Self {
            operation,
            what: what.into(),
            method,
            url,
            headers,
            body: None,
            ends_in_an_id: false,
            redaction: Redaction::default(),
            brings_secrets: false,
        }
    }

    /// Sends this as JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which is a mistake of the program.
    pub fn json(self, body: &impl Serialize) -> Result<Self, ProviderError> {
        let text = serde_json::to_vec(body).map_err(|cause| {
            let message = format!("{}: the request cannot be written", self.what);
            ProviderError::new(ErrorClass::Permanent, message).caused_by(cause)
        })?;
        Ok(self.body("application/json", text))
    }

    /// Sends this.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Some(body);
        self
    }

    /// Its HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path ends in an id, of which there may be tens of thousands: metrics are told `:id` instead.
    #[must_use]
    pub fn ends_in_an_id(self) -> Self {
        Self { ends_in_an_id: true, ..self }
    }

    /// The address as metrics are told it.
    fn recorded_url(&self) -> String {
        let mut url = self.url.clone();
        if let (true, Ok(mut path)) = (self.ends_in_an_id, url.path_segments_mut()) {
            path.pop().push(":id");
        }
        url.to_string()
    }

    /// Adds a header.
    ///
    /// # Errors
    /// When the value cannot stand in a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self, ProviderError> {
        let value = HeaderValue::from_str(value).map_err(|_| {
            let message =
                format!("{}: the value of header {name} has characters that no header can have", self.what);
            ProviderError::new(ErrorClass::Permanent, message)
        })?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Adds a header that is shown nowhere.
    ///
    /// # Errors
    /// Of class `Auth` when the value cannot stand in a header.
    pub fn secret_header(mut self, name: &'static str, value: &str) -> Result<Self, ProviderError> {
        // What is before it says what kind it is: `Bearer`.
        self.redaction.add(value.rsplit(' ').next().unwrap_or(value));
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            let message = format!("{}: the credentials have characters that no header can have", self.what);
            ProviderError::new(ErrorClass::Auth, message)
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Notes a secret that goes along, so that no message shows it, whatever the service quotes.
    #[must_use]
    pub fn with_secret(mut self, secret: &str) -> Self {
        self.redaction.add(secret);
        self
    }

    /// The answer holds a secret: no message quotes it.
    #[must_use]
    pub fn that_brings_secrets(self) -> Self {
        Self { brings_secrets: true, ..self }
    }

    /// Whether repeating it changes nothing.
    fn only_reads(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

impl Api {
    /// A connection. `base` says whether TLS is needed, and whether a proxy may be.
    ///
    /// # Errors
    /// When the machine has no CA certificates and the URL needs them.
    pub fn new(base: &Url, settings: ApiSettings) -> Result<Self, ProviderError> {
        let http = client(base, settings.timeouts, false).map_err(|cause| {
            ProviderError::new(ErrorClass::Permanent, "the HTTP client cannot be set up").caused_by(cause)
        })?;
        Ok(Self { http, settings, proxies: secrets_of_proxies() })
    }

    /// How often requests may go out.
    pub fn budget(&self) -> &RequestBudget {
        &self.settings.budget
    }

    /// Sends a request and reads the answer, whatever its status is. A `Retry-After` that comes with 429 or 503 makes everybody
    /// wait who shares the budget.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn send(&self, request: Request) -> Result<Answer, ProviderError> {
        let (only_reads, recorded_url) = (request.only_reads(), request.recorded_url());
        let Request { operation, what, method, url, headers, body, mut redaction, brings_secrets, .. } =
            request;
        redaction.extend(&self.proxies);
        let refused = |error: ProviderError| ProviderError::new(error.class(), format!("{what}: {error}"));
        self.settings.budget.turn().await.map_err(refused)?;
        let mut builder = self.http.request(method.clone(), url).headers(headers);
        if let Some(body) = body {
            builder = builder.body(body);
        }
        let started = Instant::now();
        let sent = builder.send().await;
        self.settings.recorder.record(&RequestRecord {
            operation: operation.to_owned(),
            method: method.to_string(),
            url: recorded_url,
            status: sent.as_ref().ok().map(|response| response.status().as_u16()),
            duration: started.elapsed(),
        });
        let failed = |cause: reqwest::Error| self.transport_error(&what, cause, only_reads);
        let mut response = sent.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if let ErrorClass::Throttled { retry_after: Some(pause) } = answers::class(status, &headers) {
            self.settings.budget.pause(pause);
        }
        let mut body = Vec::new();
        let read = answers::read(&mut response, Some(self.settings.longest_answer), |piece| {
            body.extend_from_slice(piece);
            Ok::<(), Infallible>(())
        });
        match read.await {
            Ok(()) => {
                let body = if status.is_success() { body } else { redaction.hide_in_body(body) };
                Ok(Answer { what, status, headers, body, only_reads, redaction, brings_secrets })
            }
            Err(Unfinished::Broken(cause)) => Err(failed(cause)),
            Err(Unfinished::TooLong(limit)) => {
                let message = format!("{what}: the answer is longer than {limit} bytes");
                Err(open(ProviderError::new(ErrorClass::Permanent, message), only_reads))
            }
            Err(Unfinished::Refused(never)) => match never {},
        }
    }

    fn transport_error(&self, what: &str, cause: reqwest::Error, only_reads: bool) -> ProviderError {
        let message = match cause.is_timeout() {
            true => format!("{what}: no complete answer within {:?}", self.settings.timeouts.total),
            false => format!("{what}: no complete answer"),
        };
        let never_sent = cause.is_connect();
        let error = ProviderError::new(ErrorClass::Unavailable, message).caused_by(cause.without_url());
        open(error, only_reads || never_sent)
    }
}

/// What a write came to is not known, unless it cannot have happened.
fn open(error: ProviderError, nothing_happened: bool) -> ProviderError {
    if nothing_happened { error } else { error.with_unknown_outcome() }
}

/// A complete answer.
pub struct Answer {
    what: String,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// All of its body.
    pub body: Vec<u8>,
    only_reads: bool,
    redaction: Redaction,
    brings_secrets: bool,
}

/// Without headers and body, which may hold anything.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("what", &self.what)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// What the request was for.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Whether the request was for more than reading.
    pub fn writes(&self) -> bool {
        !self.only_reads
    }

    /// How long the service wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        answers::retry_after(&self.headers)
    }

    /// The class of its status, if it is no success.
    pub fn class(&self) -> ErrorClass {
        answers::class(self.status, &self.headers)
    }

    /// The body as a document.
    ///
    /// # Errors
    /// Of class `Unavailable` when it is none; the outcome of a write is then unknown.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body).map_err(|cause| {
            let unreadable = format!("{}: the answer ({}) cannot be read", self.what, self.status);
            let error = match self.brings_secrets {
                // The cause quotes values, too.
                true => {
                    let place = format!("{unreadable} (line {}, column {})", cause.line(), cause.column());
                    ProviderError::new(ErrorClass::Unavailable, place)
                }
                false => {
                    let excerpt = self.excerpt();
                    let cause = self.redaction.hide(&cause.to_string()).into_owned();
                    ProviderError::new(ErrorClass::Unavailable, format!("{unreadable}: {excerpt}: {cause}"))
                }
            };
            open(error, self.only_reads)
        })
    }

    /// An error of a class about this answer, with what the service said. The outcome of a write is unknown where the status
    /// leaves it open.
    pub fn error(&self, class: ErrorClass, message: &str) -> ProviderError {
        let message = self.redaction.hide(message);
        let error = ProviderError::new(class, format!("{}: {message}", self.what));
        open(error, self.only_reads || !leaves_open(self.status))
    }

    /// The beginning of its text, where that may be shown.
    fn excerpt(&self) -> String {
        match self.brings_secrets && self.status.is_success() {
            true => String::new(),
            false => excerpt_of(&self.redaction.hide_in_body(self.body.clone())),
        }
    }

    /// Takes what went along as a secret out of a text of the service's.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redaction.hide(text)
    }

    /// The error of an answer that is no success and says nothing that is understood: status and the beginning of its text.
    pub fn status_error(&self) -> ProviderError {
        let excerpt = self.excerpt();
        let separator = if excerpt.is_empty() { "" } else { ": " };
        let class = match self.status.as_u16() {
            // Nobody follows it: credentials would go wherever it points.
            300..400 => ErrorClass::Permanent,
            _ => self.class(),
        };
        self.error(class, &format!("the answer is {}{separator}{excerpt}", self.status))
    }
}

#[cfg(test)]
mod tests;

//! Requests and answers.
//!
//! | | |
//! |---|---|
//! | 200, 204 | done |
//! | 400 | no request: another method, no JSON, lists that contradict each other |
//! | 404 | another path (ExternalDNS answers every path as it does `/`) |
//! | 406, 415 | another version of the protocol, or something else entirely |
//! | 408, 413 | too slow, too long |
//! | 500 | the provider, or something that it cannot do; the text says what |
//! | 503 | the provider wants to be left alone |
//! | 504 | the answer took too long; what was begun goes on |

use super::connection::Impatient;
use super::shelves::HandedOut;
use super::writing::{Refusals, write};
use super::{Connection, Serving, adjust, asked, offer};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures::StreamExt;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};
use zonewright_provider_kit::ProviderError;
use zonewright_provider_kit::wire::{MEDIA_TYPE, WireChanges, WireEndpoint, to_json};

/// An answer that is no success, with words for whoever reads the client's log.
pub(super) struct Refusal {
    status: StatusCode,
    text: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), retry_after: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.text)).into_response();
        if let Some(time) = self.retry_after {
            // Rounded up: not before.
            let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Refusals> for Refusal {
    fn from(refusals: Refusals) -> Self {
        let status = match refusals.throttled {
            Some(_) => StatusCode::SERVICE_UNAVAILABLE,
            None => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, text: refusals.text(), retry_after: refusals.throttled.flatten() }
    }
}

impl From<ProviderError> for Refusal {
    fn from(error: ProviderError) -> Self {
        Refusals::of(&error).into()
    }
}

type Answer = Result<Response, Refusal>;

pub(super) async fn serve(
    serving: Serving,
    listener: TcpListener,
    stop: CancellationToken,
) -> io::Result<()> {
    let patience = serving.0.config.patience;
    let app = Router::new()
        .route("/", any(negotiate))
        .route("/records", any(records))
        .route("/adjustendpoints", any(adjust_endpoints))
        // Of the process, as are the metrics, more is said at --metrics-address.
        .route("/healthz", any(async || "OK"))
        .fallback(async || Refusal::new(StatusCode::NOT_FOUND, "there are /, /records and /adjustendpoints"))
        .layer(from_fn_with_state(serving.clone(), noted))
        .layer(from_fn(busy))
        .with_state(serving)
        .into_make_service_with_connect_info::<Connection>();
    let stopped = async move { stop.cancelled().await };
    axum::serve(Impatient { listener, patience }, app).with_graceful_shutdown(stopped).await
}

/// While a request is worked on its connection is not idle.
async fn busy(ConnectInfo(connection): ConnectInfo<Connection>, request: Request, next: Next) -> Response {
    connection.begin();
    let response = next.run(request).await;
    connection.end();
    response
}

/// Counts and logs.
async fn noted(State(serving): State<Serving>, request: Request, next: Next) -> Response {
    let call = match (request.uri().path(), request.method() == Method::POST) {
        ("/", _) => "negotiate",
        ("/records", false) => "records",
        ("/records", true) => "applychanges",
        ("/adjustendpoints", _) => "adjustendpoints",
        _ => "other",
    };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    debug!("webhook server: {method} {path}: {status}");
    if let Some(recorder) = &serving.0.recorder {
        recorder(call, status);
    }
    response
}

async fn negotiate(State(serving): State<Serving>, method: Method, headers: HeaderMap) -> Answer {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(wrong_method("GET"));
    }
    accepts(&headers)?;
    let shared = serving.clone();
    let answer = in_time(&serving, async move {
        let shared = &shared.0;
        let filter = shared.reader.domain_filter().await?;
        let zones = shared.reader.zones().await?;
        Ok::<_, Refusal>(offer::offer(&shared.config.filter, filter, &zones))
    });
    let filter = answer.await?;
    answer_json(to_json(&filter).map_err(unwritable)?)
}

async fn records(State(serving): State<Serving>, request: Request) -> Answer {
    match *request.method() {
        Method::GET | Method::HEAD => {
            accepts(request.headers())?;
            let all = serving.clone();
            let (body, handed_out) = in_time(&serving, async move { list(&all).await }).await?;
            handed_out.iter().for_each(|listing| listing.store(true, Ordering::Relaxed));
            answer_json(body)
        }
        Method::POST => {
            let body = body(&serving, request).await?;
            let changes: WireChanges<WireEndpoint<'_>> = serde_json::from_slice(&body).map_err(no_json)?;
            let asked = asked::read(&changes).map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, why))?;
            let all = serving.clone();
            in_time(&serving, async move { Ok(write(&all.0, asked).await?) }).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(wrong_method("GET or POST")),
    }
}

async fn adjust_endpoints(State(serving): State<Serving>, request: Request) -> Answer {
    if request.method() != Method::POST {
        return Err(wrong_method("POST"));
    }
    accepts(request.headers())?;
    let body = body(&serving, request).await?;
    let all = serving.clone();
    let answer = in_time(&serving, async move {
        let wishes: Option<Vec<Option<WireEndpoint<'_>>>> = serde_json::from_slice(&body).map_err(no_json)?;
        let wishes = wishes.unwrap_or_default().into_iter().collect::<Option<Vec<_>>>();
        let Some(wishes) = wishes else {
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "null in place of an endpoint"));
        };
        let back = adjust::adjust(all.0.reader.as_ref(), wishes).await?;
        let adjusted = back.adjusted.iter().map(WireEndpoint::from);
        rows(adjusted.chain(back.as_it_was))
    });
    answer_json(answer.await?)
}

/// Everything in every zone, and where it is noted that a client has got it.
pub(super) async fn list(serving: &Serving) -> Result<(Vec<u8>, Vec<HandedOut>), Refusal> {
    let shared = &serving.0;
    let zones = shared.reader.zones().await?;
    shared.shelves.keep(&zones);
    let (mut body, mut handed_out) = (Vec::new(), Vec::new());
    for zone in &zones {
        let shelf = shared.shelves.of(zone);
        let mut shelf = shelf.lock().await;
        shelf.refresh(shared.reader.as_ref(), zone, shared.shelves.cache_time()).await?;
        for record in shelf.records() {
            add_row(&mut body, &WireEndpoint::from(record))?;
        }
        handed_out.extend(shelf.handed_out());
    }
    Ok((finished(body), handed_out))
}

fn rows<'a>(all: impl Iterator<Item = WireEndpoint<'a>>) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    for row in all {
        add_row(&mut body, &row)?;
    }
    Ok(finished(body))
}

fn add_row(body: &mut Vec<u8>, row: &WireEndpoint<'_>) -> Result<(), Refusal> {
    body.push(if body.is_empty() { b'[' } else { b',' });
    let row = to_json(row).map_err(unwritable)?;
    body.extend_from_slice(row.trim_ascii_end());
    Ok(())
}

/// A list has its end, and the line break that Go writes.
fn finished(mut body: Vec<u8>) -> Vec<u8> {
    if body.is_empty() {
        body.push(b'[');
    }
    body.extend_from_slice(b"]\n");
    body
}

/// Does something that is finished even if nobody waits for it any more, and waits as long as an answer may take.
async fn in_time<T: Send + 'static>(
    serving: &Serving,
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    let unfinished = serving.0.unfinished.clone().read_owned().await;
    let work = tokio::spawn(async move {
        let done = work.await;
        drop(unfinished);
        done
    });
    let ended = match serving.0.config.write_timeout {
        limit if limit.is_zero() => work.await,
        limit => timeout(limit, work).await.map_err(|_| {
            let text = format!(
                "no answer within {} s (--webhook-provider-write-timeout); what was begun goes on, ask again later",
                limit.as_secs_f64()
            );
            Refusal::new(StatusCode::GATEWAY_TIMEOUT, text)
        })?,
    };
    ended.unwrap_or_else(|_| {
        error!("webhook server: a request ended in a panic");
        Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the request could not be worked on"))
    })
}

/// The body, once it is sure what it is.
async fn body(serving: &Serving, request: Request) -> Result<Bytes, Refusal> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    if !content_type.is_some_and(|value| is_ours(value.as_bytes())) {
        let got = content_type
            .map_or("none".into(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let text = format!("the content type is {got:?}, must be {MEDIA_TYPE:?}");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content encodings are not understood"));
    }
    let config = &serving.0.config;
    let read = collected(request.into_body(), config.max_body_size);
    match config.read_timeout {
        limit if limit.is_zero() => read.await,
        limit => timeout(limit, read).await.map_err(|_| {
            let text = format!(
                "not all of it came within {} s (--webhook-provider-read-timeout)",
                limit.as_secs_f64()
            );
            Refusal::new(StatusCode::REQUEST_TIMEOUT, text)
        })?,
    }
}

async fn collected(body: Body, limit: Option<u64>) -> Result<Bytes, Refusal> {
    let mut pieces = body.into_data_stream();
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
        all.extend_from_slice(&piece);
        if limit.is_some_and(|limit| all.len() as u64 > limit) {
            let text = format!(
                "the request is longer than {} bytes; --webhook-provider-max-body-size sets the limit",
                limit.unwrap_or_default()
            );
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
    }
    Ok(all.into())
}

/// Whether a media type is that of the protocol, in this version. Plain JSON is what people write by hand; that it has to be said keeps
/// pages in a browser from writing, which they may only with types of forms.
fn is_ours(media_type: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(media_type) else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    match parts.next().as_deref() {
        Some("application/json") => true,
        Some("application/external.dns.webhook+json") => {
            parts.all(|part| part == "version=1" || !part.starts_with("version="))
        }
        _ => false,
    }
}

/// Whether the client takes what there is. One that does not say takes everything.
fn accepts(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_taken = |part: &str| {
        let bare = part.split(';').next().unwrap_or_default().trim();
        matches!(bare, "*/*" | "application/*") || is_ours(part.as_bytes())
    };
    let mut all = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if all.peek().is_none() || all.any(|value| value.split(',').any(is_taken)) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, format!("there is nothing but {MEDIA_TYPE:?}")))
}

fn answer_json(body: Vec<u8>) -> Answer {
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response())
}

/// 400, as in ExternalDNS.
fn wrong_method(right: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, format!("the method must be {right}"))
}

fn no_json(error: serde_json::Error) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))
}

fn unwritable(error: serde_json::Error) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_may_be_written_in_more_than_one_way() {
        for text in [
            MEDIA_TYPE,
            "application/external.dns.webhook+json; version=1",
            "Application/External.Dns.Webhook+JSON",
            "application/json",
            "application/json; charset=utf-8",
        ] {
            assert!(is_ours(text.as_bytes()), "{text}");
        }
        for text in [
            "application/external.dns.webhook+json;version=2",
            "text/plain",
            "",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!is_ours(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn whoever_takes_nothing_of_what_there_is_is_told() {
        let taken = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ACCEPT, value.parse().unwrap());
            }
            accepts(&headers).is_ok()
        };
        assert!(taken(&[]) && taken(&[MEDIA_TYPE]) && taken(&["*/*"]) && taken(&["text/html, */*;q=0.8"]));
        assert!(taken(&["text/html", "application/json"]));
        assert!(!taken(&["text/html"]));
        assert!(!taken(&["application/external.dns.webhook+json;version=2"]));
    }
}

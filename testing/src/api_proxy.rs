//! A way to the API server that can be bad: it refuses, breaks off, dawdles, lies about versions and falls silent, as it is told.
//!
//! ```text
//! daemon ── plain HTTP ──> ApiProxy (rules, counts) ── TLS, as some user ──> KubeApiserver
//! ```
//!
//! Every request is sent on as the user whose kubeconfig the proxy was given, so that what RBAC refuses is refused here too.

use crate::Result;
use crate::error::Context;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt, stream};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is asked of the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Any request.
    Any,
    /// Reading a collection.
    List,
    /// The second page of a collection, and those after it.
    NextPage,
    /// Hearing of changes.
    Watch,
}

/// What happens to a request instead of what should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiFault {
    /// Refused with this status and a proper `Status` object. 429 and 503 ask to be left alone for a second.
    Refused(u16),
    /// The version to start from is too old: an event in a watch that began well, and status 410 for anything else.
    Gone,
    /// The answer's bytes stop after so many, and the connection breaks.
    BreaksOff(usize),
    /// The answer's bytes stop after so many, and the answer ends as if it were whole.
    EndsEarly(usize),
    /// The answer comes in pieces of so many bytes, with a pause before each.
    Dawdles(usize, Duration),
    /// Nothing is answered for so long; then the connection breaks.
    Silent(Duration),
    /// Something else answers: a page for people, with status 200.
    Nonsense,
}

/// When a fault happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRule {
    /// What it is about.
    pub verb: Verb,
    /// Part of the path, such as `/ingresses`; empty for all.
    pub path: &'static str,
    /// What happens.
    pub fault: ApiFault,
    /// How many times; then the rule is gone.
    pub times: usize,
}

/// The proxy, on a free loopback port. It stops when this is dropped.
pub struct ApiProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    client: kube::Client,
    rules: Mutex<Rules>,
    /// Changes when every answer under way is to break off.
    cut: watch::Sender<u64>,
}

#[derive(Default)]
struct Rules {
    rules: Vec<ApiRule>,
    page: Option<usize>,
    is_cut_off: bool,
    requests: BTreeMap<Verb, usize>,
    faults: BTreeMap<&'static str, usize>,
}

impl ApiProxy {
    /// Starts without faults. What comes is sent on with the rights of this kubeconfig.
    pub async fn start(kubeconfig: &Path) -> Result<Self> {
        let client = crate::apiserver::client_from(kubeconfig).await?;
        let what = || "listening as an API server".to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context(what)?;
        let address = listener.local_addr().context(what)?;
        let shared = Arc::new(Shared { client, rules: Mutex::default(), cut: watch::Sender::new(0) });
        let app = axum::Router::new().fallback(handle).with_state(shared.clone());
        let task = tokio::spawn(async move {
            // It only ends by being aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, shared, task })
    }

    /// Writes the kubeconfig of somebody who goes through here.
    pub fn write_kubeconfig(&self, path: PathBuf) -> Result<PathBuf> {
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "proxy", "cluster": { "server": format!("http://{}", self.address) } }],
            "users": [{ "name": "proxy", "user": {} }],
            "contexts": [{ "name": "proxy", "context": { "cluster": "proxy", "user": "proxy" } }],
            "current-context": "proxy",
        });
        std::fs::write(&path, kubeconfig.to_string()).context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }

    /// Adds a rule. Of several that fit a request the oldest counts.
    pub fn add(&self, rule: ApiRule) {
        self.rules().rules.push(rule);
    }

    /// Lists come in pages of at most so many objects, whatever was asked for.
    pub fn page(&self, objects: usize) {
        self.rules().page = Some(objects);
    }

    /// Breaks off every answer under way: all watches end.
    pub fn cut(&self) {
        *self.rules().faults.entry("cut").or_default() += 1;
        self.shared.cut.send_modify(|cuts| *cuts += 1);
    }

    /// As [`cut`](Self::cut), and refuses every request until [`heal`](Self::heal): the network is gone.
    pub fn cut_off(&self) {
        self.rules().is_cut_off = true;
        self.cut();
    }

    /// No more faults.
    pub fn heal(&self) {
        let mut rules = self.rules();
        rules.rules.clear();
        rules.is_cut_off = false;
    }

    /// How many requests of a kind came.
    pub fn requests(&self, verb: Verb) -> usize {
        self.rules().requests.get(&verb).copied().unwrap_or_default()
    }

    /// How many faults happened, by kind.
    pub fn faults(&self) -> BTreeMap<&'static str, usize> {
        self.rules().faults.clone()
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.shared.rules()
    }
}

impl Drop for ApiProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rules {
    /// The fault that this request meets, which is used up by it.
    fn meet(&mut self, uri: &Uri) -> Option<ApiFault> {
        let verbs = verbs(uri);
        verbs.iter().for_each(|verb| *self.requests.entry(*verb).or_default() += 1);
        if self.is_cut_off {
            return Some(self.counted(ApiFault::BreaksOff(0)));
        }
        let fits = |rule: &ApiRule| verbs.contains(&rule.verb) && uri.path().contains(rule.path);
        let position = self.rules.iter().position(fits)?;
        let rule = &mut self.rules[position];
        let fault = rule.fault.clone();
        rule.times = rule.times.saturating_sub(1);
        if rule.times == 0 {
            self.rules.remove(position);
        }
        Some(self.counted(fault))
    }

    fn counted(&mut self, fault: ApiFault) -> ApiFault {
        *self.faults.entry(name(&fault)).or_default() += 1;
        fault
    }
}

fn name(fault: &ApiFault) -> &'static str {
    match fault {
        ApiFault::Refused(403) => "403",
        ApiFault::Refused(404) => "404",
        ApiFault::Refused(429) => "429",
        ApiFault::Refused(_) => "5xx",
        ApiFault::Gone => "410",
        ApiFault::BreaksOff(_) => "broken off",
        ApiFault::EndsEarly(_) => "ended early",
        ApiFault::Dawdles(..) => "slow",
        ApiFault::Silent(_) => "silent",
        ApiFault::Nonsense => "nonsense",
    }
}

fn verbs(uri: &Uri) -> Vec<Verb> {
    let has = |wanted: &str| uri.query().unwrap_or_default().split('&').any(|part| part.starts_with(wanted));
    match (has("watch=true"), has("limit="), has("continue=")) {
        (true, _, _) => vec![Verb::Any, Verb::Watch],
        (_, _, true) => vec![Verb::Any, Verb::List, Verb::NextPage],
        (_, true, _) => vec![Verb::Any, Verb::List],
        _ => vec![Verb::Any],
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut cut = shared.cut.subscribe();
    let (fault, page) = {
        let mut rules = shared.rules();
        (rules.meet(request.uri()), rules.page)
    };
    let is_watch = verbs(request.uri()).contains(&Verb::Watch);
    match &fault {
        Some(ApiFault::Refused(status)) => return refusal(*status),
        Some(ApiFault::Gone) if is_watch => return gone_event(),
        Some(ApiFault::Gone) => return refusal(410),
        Some(ApiFault::Nonsense) => return "<html>Please log in</html>".into_response(),
        Some(ApiFault::BreaksOff(0)) => return broken(),
        Some(ApiFault::Silent(time)) => {
            tokio::select! {
                () = tokio::time::sleep(*time) => {}
                _ = cut.changed() => {}
            }
            return broken();
        }
        _ => {}
    }
    let answer = tokio::select! {
        answer = forward(&shared.client, request, page) => answer,
        _ = cut.changed() => return broken(),
    };
    let Some(answer) = answer else { return broken() };
    spoil(answer, fault, cut)
}

/// `None` where the API server cannot be reached.
async fn forward(client: &kube::Client, request: Request, page: Option<usize>) -> Option<Response> {
    let (mut head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.ok()?;
    // Compressed bytes would have to be passed on as they are, and kube's client unpacks them.
    for header in [header::HOST, header::ACCEPT_ENCODING, header::CONTENT_LENGTH] {
        head.headers.remove(header);
    }
    head.headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
    head.uri = paged(&head.uri, page);
    let request = http::Request::from_parts(head, kube::client::Body::from(body.to_vec()));
    let answer = client.send(request).await.ok()?;
    Some(answer.map(Body::new))
}

fn paged(uri: &Uri, page: Option<usize>) -> Uri {
    let (Some(page), Some(query)) = (page, uri.query()) else { return uri.clone() };
    let limit = format!("limit={page}");
    let parts: Vec<&str> =
        query.split('&').map(|part| if part.starts_with("limit=") { limit.as_str() } else { part }).collect();
    format!("{}?{}", uri.path(), parts.join("&")).parse().unwrap_or_else(|_| uri.clone())
}

/// Lets an answer through as the fault has it, until everything is cut.
fn spoil(answer: Response, fault: Option<ApiFault>, cut: watch::Receiver<u64>) -> Response {
    let (mut head, body) = answer.into_parts();
    // Lengths change.
    head.headers.remove(header::CONTENT_LENGTH);
    let bytes = until_cut(body.into_data_stream().map(|piece| piece.map_err(Error::other)), cut);
    let body = match fault {
        Some(ApiFault::BreaksOff(bytes_left)) => {
            let broken = stream::iter([Err(Error::from(ErrorKind::ConnectionReset))]);
            Body::from_stream(first(bytes, bytes_left).chain(broken))
        }
        Some(ApiFault::EndsEarly(bytes_left)) => Body::from_stream(first(bytes, bytes_left)),
        Some(ApiFault::Dawdles(size, pause)) => Body::from_stream(slowly(bytes, size, pause)),
        _ => Body::from_stream(bytes),
    };
    Response::from_parts(head, body)
}

type Piece = std::result::Result<Bytes, Error>;

fn until_cut(bytes: impl Stream<Item = Piece>, cut: watch::Receiver<u64>) -> impl Stream<Item = Piece> {
    let state = Some((Box::pin(bytes), cut));
    stream::unfold(state, |state| async move {
        let (mut bytes, mut cut) = state?;
        tokio::select! {
            piece = bytes.next() => Some((piece?, Some((bytes, cut)))),
            _ = cut.changed() => Some((Err(Error::from(ErrorKind::ConnectionReset)), None)),
        }
    })
}

/// The first so many bytes.
fn first(bytes: impl Stream<Item = Piece>, limit: usize) -> impl Stream<Item = Piece> {
    bytes.scan(limit, |left, piece| {
        let piece = match piece {
            _ if *left == 0 => None,
            Ok(piece) => {
                let taken = piece.slice(..piece.len().min(*left));
                *left -= taken.len();
                Some(Ok(taken))
            }
            Err(error) => Some(Err(error)),
        };
        std::future::ready(piece)
    })
}

fn slowly(bytes: impl Stream<Item = Piece>, size: usize, pause: Duration) -> impl Stream<Item = Piece> {
    let pieces = bytes.flat_map(move |piece| {
        let pieces: Vec<Piece> = match piece {
            Ok(piece) => piece.chunks(size.max(1)).map(|part| Ok(piece.slice_ref(part))).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(pieces)
    });
    pieces.then(move |piece| async move {
        tokio::time::sleep(pause).await;
        piece
    })
}

fn broken() -> Response {
    Body::from_stream(stream::iter([Err::<Bytes, _>(Error::from(ErrorKind::ConnectionReset))]))
        .into_response()
}

fn status(code: u16) -> serde_json::Value {
    let reason = match code {
        403 => "Forbidden",
        404 => "NotFound",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("{reason} by order of the test"), "reason": reason, "code": code,
    });
    if [429, 503].contains(&code) {
        status["details"] = json!({ "retryAfterSeconds": 1 });
    }
    status
}

fn refusal(code: u16) -> Response {
    let http = StatusCode::from_u16(code).unwrap_or(StatusCode::IM_A_TEAPOT);
    (http, [(header::CONTENT_TYPE, "application/json")], status(code).to_string()).into_response()
}

fn gone_event() -> Response {
    let event = json!({ "type": "ERROR", "object": status(410) });
    ([(header::CONTENT_TYPE, "application/json")], format!("{event}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn requests_are_told_apart() {
        assert_eq!(verbs(&uri("/api/v1/services?limit=500")), [Verb::Any, Verb::List]);
        let next = "/api/v1/services?limit=500&continue=x";
        assert_eq!(verbs(&uri(next)), [Verb::Any, Verb::List, Verb::NextPage]);
        assert_eq!(verbs(&uri("/api/v1/services?watch=true&timeoutSeconds=9")), [Verb::Any, Verb::Watch]);
        assert_eq!(verbs(&uri("/apis/coordination.k8s.io/v1/leases/x")), [Verb::Any]);
    }

    #[test]
    fn a_rule_is_used_up() {
        let mut rules = Rules::default();
        let fault = ApiFault::Refused(403);
        rules.rules.push(ApiRule { verb: Verb::List, path: "/services", fault: fault.clone(), times: 2 });
        assert_eq!(rules.meet(&uri("/api/v1/pods?limit=1")), None);
        assert_eq!(rules.meet(&uri("/api/v1/services?watch=true")), None);
        assert_eq!(rules.meet(&uri("/api/v1/services?limit=1")), Some(fault.clone()));
        assert_eq!(rules.meet(&uri("/api/v1/services?limit=1")), Some(fault));
        assert_eq!(rules.meet(&uri("/api/v1/services?limit=1")), None);
        assert_eq!(rules.faults.get("403"), Some(&2));
    }

    #[test]
    fn pages_are_made_smaller() {
        let asked = uri("/api/v1/services?limit=500&continue=abc");
        assert_eq!(paged(&asked, Some(2)), uri("/api/v1/services?limit=2&continue=abc"));
        assert_eq!(paged(&asked, None), asked);
    }
}

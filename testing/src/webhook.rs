//! A webhook provider that has no opinions: it offers the filter it is told to, adjusts nothing, and keeps
//! records exactly as they come, less their labels.
//!
//! Endpoints stay JSON here. Reading them into the project's own types would hide a mistake in those types.

use crate::Result;
use crate::error::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures::future::BoxFuture;
use futures::stream;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet, VecDeque};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Clients compare it byte by byte.
const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";

/// The four calls of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// `GET /`: the domain filter is asked for, once per client.
    Negotiate,
    /// `GET /records`: the records are listed.
    Records,
    /// `POST /adjustendpoints`: the desired endpoints are shown for adjusting.
    Adjust,
    /// `POST /records`: changes are to be made.
    Apply,
}

/// A webhook provider on a free loopback port. It stops when this is dropped.
pub struct WebhookStandIn {
    address: SocketAddr,
    shared: Shared,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// One way in, as the handlers know it.
#[derive(Clone)]
struct Door {
    shared: Shared,
    number: usize,
}

/// A change set that has just taken effect, wholly or in part.
pub struct Effect<'a> {
    /// Through which door it came: 0 for [`WebhookStandIn::url`], then as [`WebhookStandIn::open_door`] numbers them.
    pub door: usize,
    /// What was asked for.
    pub changes: &'a Value,
    /// All records, before.
    pub before: &'a [Value],
    /// All records now.
    pub after: &'a [Value],
}

/// Looks at every effect, in order, before anybody else can see it.
pub type Witness = Box<dyn FnMut(&Effect<'_>) + Send>;

/// Is waited for just before a change set takes effect; is told the door.
pub type Gate = Arc<dyn Fn(usize) -> BoxFuture<'static, ()> + Send + Sync>;

type Shared = Arc<Mutex<Provider>>;

#[derive(Default)]
struct Provider {
    domain_filter: Value,
    records: Vec<Value>,
    adjusted: Vec<Value>,
    applied: Vec<Value>,
    counts: HashMap<Call, usize>,
    faults: HashMap<Call, VecDeque<Fault>>,
    refusals: HashMap<String, StatusCode>,
    delays: HashMap<Call, Duration>,
    witness: Option<Witness>,
    gate: Option<Gate>,
    doors: usize,
}

enum Fault {
    /// Refuses without doing anything.
    Refuse(StatusCode),
    /// Does what is asked, but the client never hears of it.
    LoseAnswer(StatusCode),
    /// Answers something else without doing anything.
    Say { status: StatusCode, content_type: &'static str, body: &'static str },
    /// Refuses without doing anything, and asks to be left alone for so many seconds.
    Throttle(StatusCode, u64),
    /// Begins an answer and closes the connection, without having done anything.
    HangUp,
    /// Sends half of the right answer and closes the connection.
    HalfAnswer,
    /// Does the first so many operations of a change set and refuses the rest.
    InPart(StatusCode, usize),
    /// Says nothing for so long, and closes the connection; whether it does what is asked first.
    Stall { time: Duration, does_it: bool },
}

impl WebhookStandIn {
    /// Starts with no records, offering this domain filter: `{}` for any domain, or the protocol's object
    /// with `include`, `exclude`, `regexInclude` and `regexExclude`.
    pub async fn start(domain_filter: Value) -> Result<Self> {
        Self::start_on(0, domain_filter).await
    }

    /// As [`start`](Self::start), on this loopback port: for a provider that comes up after its clients.
    pub async fn start_on(port: u16, domain_filter: Value) -> Result<Self> {
        let what = || "listening for webhook calls".to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context(what)?;
        let address = listener.local_addr().context(what)?;
        let shared = Shared::new(Mutex::new(Provider { domain_filter, ..Provider::default() }));
        let task = serve(listener, Door { shared: shared.clone(), number: 0 });
        Ok(WebhookStandIn { address, shared, tasks: Mutex::new(vec![task]) })
    }

    /// Another URL for the same provider, so that effects tell who asked for them. Doors are numbered from 1.
    pub async fn open_door(&self) -> Result<String> {
        let what = || "listening for webhook calls".to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context(what)?;
        let address = listener.local_addr().context(what)?;
        let number = {
            let mut provider = self.provider();
            provider.doors += 1;
            provider.doors
        };
        let task = serve(listener, Door { shared: self.shared.clone(), number });
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        Ok(format!("http://{address}"))
    }

    /// From now on every effect is shown to this witness.
    pub fn set_witness(&self, witness: Witness) {
        self.provider().witness = Some(witness);
    }

    /// From now on every change set waits here before it takes effect.
    pub fn set_gate(&self, gate: Gate) {
        self.provider().gate = Some(gate);
    }

    /// What `--webhook-provider-url` takes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Replaces all records, labels included: what is put here is listed as it is.
    pub fn set_records(&self, records: Vec<Value>) {
        self.provider().records = records;
    }

    /// What the provider holds now, in the order in which it came.
    pub fn records(&self) -> Vec<Value> {
        self.provider().records.clone()
    }

    /// The endpoints of the last adjust call, or `None` if there was none.
    pub fn adjusted(&self) -> Option<Value> {
        self.provider().adjusted.last().cloned()
    }

    /// The bodies of all apply calls, oldest first, whether they succeeded or not.
    pub fn applied(&self) -> Vec<Value> {
        self.provider().applied.clone()
    }

    /// How often a call was made, failures included.
    pub fn count(&self, call: Call) -> usize {
        self.provider().counts.get(&call).copied().unwrap_or_default()
    }

    /// Forgets bodies and counts, and withdraws faults, refusals and delays. Records, the domain filter and who looks on stay.
    pub fn forget_calls(&self) {
        let mut provider = self.provider();
        *provider = Provider {
            domain_filter: provider.domain_filter.take(),
            records: std::mem::take(&mut provider.records),
            witness: provider.witness.take(),
            gate: provider.gate.take(),
            doors: provider.doors,
            ..Provider::default()
        };
    }

    /// The next such call that no earlier fault is waiting for is refused with this status, and nothing is
    /// done.
    pub fn fail_next(&self, call: Call, status: u16) {
        self.add_fault(call, Fault::Refuse(status_code(status)));
    }

    /// As [`fail_next`](Self::fail_next), with a `Retry-After` of so many seconds.
    pub fn throttle_next(&self, call: Call, status: u16, seconds: u64) {
        self.add_fault(call, Fault::Throttle(status_code(status), seconds));
    }

    /// From now on every change set that holds one of these names is refused as a whole with this status, and nothing of it is
    /// done: what providers do that check first. Replaces what was said before.
    pub fn refuse_names(&self, names: &[&str], status: u16) {
        let refusals = names.iter().map(|name| ((*name).to_owned(), status_code(status)));
        self.provider().refusals = refusals.collect();
    }

    /// As [`fail_next`](Self::fail_next), but what was asked for is done: the answer was lost on its way.
    pub fn lose_next_answer(&self, call: Call, status: u16) {
        self.add_fault(call, Fault::LoseAnswer(status_code(status)));
    }

    /// The next such call is answered like this, whatever it asks for, and nothing is done.
    pub fn say_next(&self, call: Call, status: u16, content_type: &'static str, body: &'static str) {
        self.add_fault(call, Fault::Say { status: status_code(status), content_type, body });
    }

    /// The next such call gets the head of an answer and then a closed connection, and nothing is done.
    pub fn hang_up_next(&self, call: Call) {
        self.add_fault(call, Fault::HangUp);
    }

    /// The next such call gets the first half of its answer and then a closed connection.
    pub fn halve_next_answer(&self, call: Call) {
        self.add_fault(call, Fault::HalfAnswer);
    }

    /// Of the next change set only so many operations are carried out: creates first, then updates, then deletes, each in the
    /// order in which they came. It is answered with this status.
    pub fn apply_next_in_part(&self, status: u16, operations: usize) {
        self.add_fault(Call::Apply, Fault::InPart(status_code(status), operations));
    }

    /// The next such call is answered with silence, and after this time with a closed connection; whether it has been done.
    pub fn stall_next(&self, call: Call, time: Duration, does_it: bool) {
        self.add_fault(call, Fault::Stall { time, does_it });
    }

    /// How many faults are still waiting for their call.
    pub fn faults_left(&self) -> usize {
        self.provider().faults.values().map(VecDeque::len).sum()
    }

    /// Answers every such call only after this time.
    pub fn delay(&self, call: Call, time: Duration) {
        self.provider().delays.insert(call, time);
    }

    fn add_fault(&self, call: Call, fault: Fault) {
        self.provider().faults.entry(call).or_default().push_back(fault);
    }

    fn provider(&self) -> MutexGuard<'_, Provider> {
        lock(&self.shared)
    }
}

impl Drop for WebhookStandIn {
    fn drop(&mut self) {
        let tasks = self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner);
        tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Provider {
    fn refusal(&self, changes: &Value) -> Option<StatusCode> {
        let lists = ["create", "updateNew", "delete"].map(|field| changes[field].as_array());
        let mut names = lists.into_iter().flatten().flatten().filter_map(|row| row["dnsName"].as_str());
        names.find_map(|name| self.refusals.get(name)).copied()
    }

    /// Deletes are exact matches of what identifies a record; the other fields are not looked at.
    fn apply(&mut self, door: usize, changes: &Value) {
        let before = self.witness.is_some().then(|| self.records.clone());
        let list = |field: &str| changes[field].as_array().into_iter().flatten();
        let gone: HashSet<_> = list("delete").chain(list("updateOld")).map(identity).collect();
        self.records.retain(|record| !gone.contains(&identity(record)));
        for endpoint in list("updateNew").chain(list("create")) {
            let mut record = endpoint.clone();
            if let Some(fields) = record.as_object_mut() {
                fields.remove("labels");
            }
            self.records.push(record);
        }
        if let (Some(witness), Some(before)) = (&mut self.witness, before) {
            witness(&Effect { door, changes, before: &before, after: &self.records });
        }
    }
}

fn serve(listener: TcpListener, door: Door) -> JoinHandle<()> {
    let app = Router::new()
        .route("/", get(negotiate))
        .route("/records", get(records).post(apply))
        .route("/adjustendpoints", post(adjust))
        // A desired list of many thousand endpoints exceeds the framework's default of 2 MiB.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(door);
    tokio::spawn(async move {
        // It only ends by being aborted.
        let _ = axum::serve(listener, app).await;
    })
}

/// The first so many operations of a change set: creates, then updates, then deletes.
fn beginning(changes: &Value, operations: usize) -> Value {
    let mut left = operations;
    let mut part = json!({});
    for fields in [&["create"][..], &["updateOld", "updateNew"], &["delete"]] {
        let len = changes[fields[0]].as_array().map_or(0, Vec::len).min(left);
        left -= len;
        for field in fields {
            part[field] =
                changes[field].as_array().and_then(|list| list.get(..len)).unwrap_or_default().into();
        }
    }
    part
}

fn identity(endpoint: &Value) -> [String; 3] {
    ["dnsName", "recordType", "setIdentifier"]
        .map(|field| endpoint[field].as_str().unwrap_or_default().to_owned())
}

/// A status that does not exist is a mistake in the test, and shows as one.
fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT)
}

fn lock(shared: &Shared) -> MutexGuard<'_, Provider> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn negotiate(State(door): State<Door>) -> Response {
    answer(&door, Call::Negotiate, |provider, _| json_answer(&provider.domain_filter)).await
}

async fn records(State(door): State<Door>) -> Response {
    answer(&door, Call::Records, |provider, _| json_answer(&json!(provider.records))).await
}

async fn adjust(State(door): State<Door>, body: Bytes) -> Response {
    let Ok(endpoints) = serde_json::from_slice::<Value>(&body) else {
        return answer(&door, Call::Adjust, |_, _| StatusCode::BAD_REQUEST.into_response()).await;
    };
    lock(&door.shared).adjusted.push(endpoints.clone());
    answer(&door, Call::Adjust, |_, _| json_answer(&endpoints)).await
}

async fn apply(State(door): State<Door>, body: Bytes) -> Response {
    let Ok(changes) = serde_json::from_slice::<Value>(&body) else {
        return answer(&door, Call::Apply, |_, _| StatusCode::BAD_REQUEST.into_response()).await;
    };
    let gate = {
        let mut provider = lock(&door.shared);
        provider.applied.push(changes.clone());
        provider.gate.clone()
    };
    if let Some(gate) = gate {
        gate(door.number).await;
    }
    answer(&door, Call::Apply, |provider, operations| {
        if let Some(status) = provider.refusal(&changes) {
            return (status, "one of these records is not to my liking").into_response();
        }
        match operations {
            Some(operations) => provider.apply(door.number, &beginning(&changes, operations)),
            None => provider.apply(door.number, &changes),
        }
        StatusCode::NO_CONTENT.into_response()
    })
    .await
}

/// Counts the call, waits, and then either does the work or fails, as the test has asked. The work is told how much of it is to
/// be done, where that is not all.
async fn answer(
    door: &Door,
    call: Call,
    work: impl FnOnce(&mut Provider, Option<usize>) -> Response,
) -> Response {
    let shared = &door.shared;
    let (fault, delay) = {
        let mut provider = lock(shared);
        *provider.counts.entry(call).or_default() += 1;
        let fault = provider.faults.get_mut(&call).and_then(VecDeque::pop_front);
        (fault, provider.delays.get(&call).copied())
    };
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    match fault {
        Some(Fault::Refuse(status)) => status.into_response(),
        Some(Fault::Throttle(status, seconds)) => {
            (status, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
        }
        Some(Fault::LoseAnswer(status)) => {
            work(&mut lock(shared), None);
            status.into_response()
        }
        Some(Fault::InPart(status, operations)) => {
            work(&mut lock(shared), Some(operations));
            status.into_response()
        }
        Some(Fault::Say { status, content_type, body }) => {
            (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
        }
        Some(Fault::HangUp) => hang_up(Bytes::new()),
        Some(Fault::HalfAnswer) => {
            let whole = work(&mut lock(shared), None);
            let whole = axum::body::to_bytes(whole.into_body(), usize::MAX).await.unwrap_or_default();
            hang_up(whole.slice(..whole.len() / 2))
        }
        Some(Fault::Stall { time, does_it }) => {
            if does_it {
                work(&mut lock(shared), None);
            }
            tokio::time::sleep(time).await;
            hang_up(Bytes::new())
        }
        None => work(&mut lock(shared), None),
    }
}

fn hang_up(said: Bytes) -> Response {
    let broken = Err(std::io::Error::from(ErrorKind::ConnectionReset));
    let body = Body::from_stream(stream::iter([Ok(said), broken]));
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()
}

fn json_answer(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], value.to_string()).into_response()
}

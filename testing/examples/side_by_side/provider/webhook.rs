//! The provider: records in memory, answers at once, and a note of when each write came and what it brought about.
//!
//! It has no opinions: every name is its business, wishes are adjusted to themselves, records are kept as they come less their
//! labels. Unlike the stand-in of the tests it is made to take little time of its own.

use super::Calls;
use crate::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Clients compare it byte by byte.
const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";

/// A webhook provider on a free loopback port. It stops when this is dropped.
pub struct Provider {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<Content>,
    progress: Notify,
}

#[derive(Default)]
struct Content {
    records: BTreeMap<Key, String>,
    calls: Calls,
    awaited: HashMap<String, String>,
    fulfilled: Option<Instant>,
}

/// Name, type, set identifier.
type Key = (String, String, String);

/// What is kept of an endpoint.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    dns_name: String,
    #[serde(borrow, default)]
    targets: Vec<&'a RawValue>,
    #[serde(default)]
    record_type: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    set_identifier: String,
    #[serde(rename = "recordTTL", default)]
    record_ttl: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    provider_specific: Option<&'a RawValue>,
}

impl Record<'_> {
    fn key(&self) -> Key {
        (self.dns_name.clone(), self.record_type.clone(), self.set_identifier.clone())
    }

    /// Its first target and its TTL, as they are awaited.
    fn summary(&self) -> String {
        let target = self.targets.first().map_or("", |target| target.get().trim_matches('"'));
        format!("{target} {}", self.record_ttl)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Changes<'a> {
    #[serde(borrow)]
    create: Option<Vec<Record<'a>>>,
    #[serde(borrow)]
    update_old: Option<Vec<Record<'a>>>,
    #[serde(borrow)]
    update_new: Option<Vec<Record<'a>>>,
    #[serde(borrow)]
    delete: Option<Vec<Record<'a>>>,
}

impl Provider {
    /// Starts without records.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared: Arc<Shared> = Arc::default();
        let app = Router::new()
            .route("/", get(|| async { answer("{}".into()) }))
            .route("/records", get(list).post(write))
            .route("/adjustendpoints", post(adjust))
            .layer(DefaultBodyLimit::disable())
            .with_state(shared.clone());
        let task = tokio::spawn(async move {
            // It only ends by being aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, shared, task })
    }

    /// What `--webhook-provider-url` takes.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls so far.
    pub fn calls(&self) -> Calls {
        lock(&self.shared).calls
    }

    /// Waits from now on for these names to have records that look like this.
    pub fn expect(&self, wanted: HashMap<String, String>) {
        let mut content = lock(&self.shared);
        content.awaited = wanted;
        content.fulfilled = None;
    }

    /// When the write arrived with which everything expected was there.
    pub async fn fulfilled(&self, patience: Duration) -> Result<Instant> {
        let arrived = async {
            loop {
                let progress = self.shared.progress.notified();
                if let Some(at) = lock(&self.shared).fulfilled {
                    return at;
                }
                progress.await;
            }
        };
        let missing = || format!("{} records are missing", lock(&self.shared).awaited.len());
        Ok(tokio::time::timeout(patience, arrived).await.map_err(|_| missing())?)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Content {
    fn apply(&mut self, changes: &Changes<'_>, arrived: Instant) {
        for old in [&changes.update_old, &changes.delete].into_iter().flatten().flatten() {
            self.records.remove(&old.key());
        }
        for new in [&changes.update_new, &changes.create].into_iter().flatten().flatten() {
            self.records.insert(new.key(), serde_json::to_string(new).unwrap_or_default());
            if new.record_type == "A" && self.awaited.get(&new.dns_name) == Some(&new.summary()) {
                self.awaited.remove(&new.dns_name);
            }
        }
        if self.awaited.is_empty() {
            self.fulfilled.get_or_insert(arrived);
        }
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Content> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let mut content = lock(&shared);
    content.calls.lists += 1;
    let rows: Vec<&str> = content.records.values().map(String::as_str).collect();
    answer(format!("[{}]\n", rows.join(",")).into())
}

async fn adjust(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    lock(&shared).calls.adjusts += 1;
    shared.progress.notify_waiters();
    answer(body)
}

async fn write(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let arrived = Instant::now();
    let Ok(changes) = serde_json::from_slice::<Changes<'_>>(&body) else { return StatusCode::BAD_REQUEST };
    let mut content = lock(&shared);
    content.calls.writes += 1;
    content.apply(&changes, arrived);
    drop(content);
    shared.progress.notify_waiters();
    StatusCode::NO_CONTENT
}

fn answer(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()
}

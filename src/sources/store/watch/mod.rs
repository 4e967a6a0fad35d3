//! Keeps caches current from the API server: one task per cache.
//!
//! ```text
//! list (pages of 500, decoded page by page, swapped in whole) ──> watch from there, resumed ──> …
//!   ▲                                                                        │
//!   └──── version expired, refused, or three resumptions failed in a row ────┘
//! ```
//!
//! A cache that is complete stays so while its watch can be resumed; it is failing once a list fails, and keeps what it holds
//! meanwhile. Nothing here ever gives up.

mod backoff;
mod failure;
#[cfg(test)]
mod tests;

use super::{CacheStatus, Caches, Fill, Undecodable};
use crate::sources::object::{Key, Kind, null_to_default};
use crate::sources::store::Scope;
use backoff::{Backoff, random_share};
use failure::Failure;
use futures::{AsyncBufReadExt, AsyncReadExt};
use http::HeaderValue;
use http::header::ACCEPT_ENCODING;
use kube::Client;
use kube::api::{ListParams, WatchParams};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Objects per page of a list, as in client-go. Bounds what is held twice, as text and decoded.
const PAGE: u32 = 500;
/// How long a watch may last before the API server ends it, in seconds; each is cut at random to at least half of it.
const WATCH_SECONDS: f64 = 600.0;
/// How much longer the client waits for that end before it takes the connection for dead.
const WATCH_GRACE: Duration = Duration::from_secs(15);
/// How long a watch may take to begin.
const WATCH_START: Duration = Duration::from_secs(30);
/// A watch that lasted this long worked, even if nothing happened in it.
const WORKED: Duration = Duration::from_secs(10);
/// How many resumptions in a row may fail before everything is listed again.
const RESUMPTIONS: u32 = 3;
/// Buffers above this size are not kept between events.
const LARGE_LINE: usize = 64 * 1024;

/// Starts one task per cache, which begins when the cache is wanted. They end when `shutdown` is cancelled.
pub fn start(caches: &Caches, client: &Client, shutdown: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for cache in caches.all() {
        let (watcher, shutdown) = (Watcher::new(cache.clone(), client.clone()), shutdown.clone());
        tasks.spawn(async move {
            shutdown.run_until_cancelled_owned(watcher.run()).await;
        });
    }
    tasks
}

/// Waits until every cache is complete or known to fail. Returns whether that was so in time.
pub async fn wait_until_settled(caches: &Caches, patience: Duration) -> bool {
    let mut changes = caches.changes();
    let settled = async {
        loop {
            // Before looking, so that no change slips through between looking and waiting.
            changes.mark_unchanged();
            if caches.all().all(|cache| cache.status() != CacheStatus::Pending)
                || changes.changed().await.is_err()
            {
                return;
            }
        }
    };
    timeout(patience, settled).await.is_ok()
}

/// The path of a resource's collection.
fn collection_path(kind: &Kind, scope: &Scope) -> String {
    let root = if kind.group.is_empty() { "/api" } else { "/apis" };
    let namespace = match scope.namespace.as_str() {
        namespace if kind.namespaced && !namespace.is_empty() => format!("/namespaces/{namespace}"),
        _ => String::new(),
    };
    format!("{root}/{}{namespace}/{}", kind.api_version, kind.plural)
}

struct Watcher {
    cache: Arc<dyn Fill>,
    client: Client,
    collection: kube::core::Request,
    labels: Option<String>,
    backoff: Backoff,
}

impl Watcher {
    fn new(cache: Arc<dyn Fill>, client: Client) -> Self {
        let scope = cache.scope();
        let labels = (!scope.labels.is_empty()).then(|| scope.labels.clone());
        let collection = kube::core::Request::new(collection_path(cache.kind(), scope));
        Self { cache, client, collection, labels, backoff: Backoff::default() }
    }

    async fn run(mut self) {
        // The sender lives as long as the cache does, so this never fails.
        let _ = self.cache.wanted().wait_for(|wanted| *wanted).await;
        loop {
            let wait = match self.list().await {
                Ok(version) => self.follow(version).await,
                Err(failure) => {
                    self.report(&failure);
                    failure.retry_after()
                }
            };
            self.pause(wait).await;
        }
    }

    async fn pause(&mut self, at_least: Option<Duration>) {
        sleep(self.backoff.next_wait().max(at_least.unwrap_or_default())).await;
    }

    /// Reads everything, and returns the version from which to watch. Always asks for the newest state: with "any
    /// version" (`resourceVersion=0`) the API server ignores the page size.
    async fn list(&self) -> Result<String, Failure> {
        let mut relist = self.cache.relist();
        let mut params =
            ListParams { label_selector: self.labels.clone(), limit: Some(PAGE), ..ListParams::default() };
        loop {
            let request = self.collection.list(&params).map_err(kube::Error::BuildRequest)?;
            let body = self.client.request_stream(request).await?;
            let mut text = Vec::new();
            pin!(body).read_to_end(&mut text).await?;
            let page: Page<'_> = serde_json::from_slice(&text)?;
            for item in &page.items {
                if let Err(undecodable) = relist.add_json(item.get()) {
                    self.skip(&undecodable);
                }
            }
            if page.metadata.continuation.is_empty() {
                let before = self.cache.status();
                relist.commit();
                self.report_success(&before);
                return Ok(page.metadata.resource_version);
            }
            params.continue_token = Some(page.metadata.continuation);
        }
    }

    /// Watches until only a new list can help. Returns how long the API server asks to be left alone before that.
    async fn follow(&mut self, mut version: String) -> Option<Duration> {
        let mut failures = 0;
        loop {
            let started = Instant::now();
            let mut heard = false;
            let ended = self.watch(&mut version, &mut heard).await;
            if heard || started.elapsed() >= WORKED {
                failures = 0;
                self.backoff.reset();
            }
            let wait = match ended {
                // As agreed, after so many seconds.
                Ok(()) if heard || started.elapsed() >= WORKED => continue,
                Ok(()) => None,
                Err(failure) => {
                    failures += 1;
                    let reason = failure.describe("watch", self.cache.kind(), self.cache.scope());
                    tracing::debug!(failures, "{reason}");
                    if failure.is_expired() || failure.needs_relist() || failures >= RESUMPTIONS {
                        return failure.retry_after();
                    }
                    failure.retry_after()
                }
            };
            self.pause(wait).await;
        }
    }

    /// Watches once, from `version` on, and moves it forward. `heard` tells whether anything came.
    async fn watch(&self, version: &mut String, heard: &mut bool) -> Result<(), Failure> {
        let seconds = WATCH_SECONDS * (0.5 + 0.5 * random_share());
        let params = WatchParams {
            label_selector: self.labels.clone(),
            timeout: Some(seconds as u32),
            bookmarks: true,
            ..WatchParams::default()
        };
        let mut request = self.collection.watch(&params, version).map_err(kube::Error::BuildRequest)?;
        // From Kubernetes 1.37 on each event is a gzip member of its own, which the decoder beneath does not follow.
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let body = timeout(WATCH_START, self.client.request_stream(request))
            .await
            .map_err(|_| Failure::Silent(WATCH_START))??;
        let mut body = pin!(body);
        let mut line = Vec::new();
        let deadline = Instant::now() + Duration::from_secs_f64(seconds) + WATCH_GRACE;
        loop {
            line.clear();
            line.shrink_to(LARGE_LINE);
            let read = tokio::time::timeout_at(deadline, body.read_until(b'\n', &mut line)).await;
            // The server ought to have ended it: the connection is dead.
            let Ok(read) = read else { return Ok(()) };
            if read? == 0 {
                return Ok(());
            }
            if line.last() != Some(&b'\n') {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            if !line.trim_ascii().is_empty() {
                self.take(&line, version)?;
                *heard = true;
            }
        }
    }

    /// Takes one event.
    fn take(&self, line: &[u8], version: &mut String) -> Result<(), Failure> {
        let event: Event<'_> = serde_json::from_slice(line)?;
        if event.kind == "ERROR" {
            let status: kube::core::Status = serde_json::from_str(event.object.get())?;
            return Err(kube::Error::Api(status.boxed()).into());
        }
        let Head { metadata } = serde_json::from_str(event.object.get())?;
        match event.kind {
            "ADDED" | "MODIFIED" => {
                if let Err(undecodable) = self.cache.apply_json(event.object.get()) {
                    self.skip(&undecodable);
                }
            }
            "DELETED" => self.cache.remove(&Key::new(&metadata.namespace, &metadata.name)),
            // A bookmark, which only moves the version forward.
            _ => {}
        }
        if !metadata.resource_version.is_empty() {
            *version = metadata.resource_version;
        }
        Ok(())
    }

    fn skip(&self, Undecodable { key, reason, is_news }: &Undecodable) {
        if *is_news {
            tracing::warn!(
                source.kind = self.cache.kind().kind,
                "{} {} cannot be understood and keeps its last good state: {reason}",
                self.cache.kind().kind,
                key.path()
            );
        }
    }

    /// Notes that listing fails; logged when that, or the reason, is new.
    fn report(&self, failure: &Failure) {
        let reason = failure.describe("list", self.cache.kind(), self.cache.scope());
        let status = CacheStatus::Failing(reason);
        if let (true, CacheStatus::Failing(reason)) = (self.cache.status() != status, &status) {
            tracing::warn!(source.kind = self.cache.kind().kind, "{reason}; trying again");
        }
        self.cache.set_status(status);
    }

    fn report_success(&self, before: &CacheStatus) {
        let resource = self.cache.kind().resource_name();
        match before {
            CacheStatus::Failing(_) => {
                tracing::info!(source.kind = self.cache.kind().kind, "{resource} can be read again");
            }
            CacheStatus::Pending | CacheStatus::Synced => {
                tracing::debug!(source.kind = self.cache.kind().kind, "{resource} were listed");
            }
        }
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(borrow, default, deserialize_with = "null_to_default")]
    items: Vec<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListMeta {
    resource_version: String,
    #[serde(rename = "continue", deserialize_with = "null_to_default")]
    continuation: String,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    metadata: HeadMeta,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct HeadMeta {
    namespace: String,
    name: String,
    resource_version: String,
}

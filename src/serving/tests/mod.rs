//! The server with a provider that a test has in its hand: what is answered, one after the other, and what happens to who does not
//! wait.

mod bad_input;
mod patience;
mod records;
mod writes;

use super::*;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use zonewright_planner::{DnsName, ZoneId};
use zonewright_provider_inmemory::{InMemory, InMemoryConfig, InMemoryReader, InMemoryWriter};
use zonewright_provider_kit::wire::MEDIA_TYPE;
use zonewright_provider_kit::{Capabilities, ErrorClass, Listing, ProviderError, Zone, ZoneChange};

/// In memory, but slow, broken or watched where a test wants it so.
struct Provider {
    reader: InMemoryReader,
    writer: InMemoryWriter,
    capabilities: Capabilities,
    /// Listings and writes take a permit each.
    gate: Semaphore,
    lists: AtomicUsize,
    writes: Mutex<Vec<Vec<String>>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    /// Names that are refused.
    refused: Mutex<Vec<&'static str>>,
    /// What the next calls fail with.
    failures: Mutex<Vec<ProviderError>>,
}

impl Provider {
    fn new(zones: &[&str]) -> Arc<Self> {
        Self::gated(zones, Semaphore::MAX_PERMITS)
    }

    fn gated(zones: &[&str], permits: usize) -> Arc<Self> {
        let config = InMemoryConfig { zones: zones.iter().map(ToString::to_string).collect(), records: None };
        let provider = InMemory::open(&config).unwrap();
        Arc::new(Self {
            reader: provider.reader(),
            writer: provider.writer(),
            capabilities: Capabilities::everything(),
            gate: Semaphore::new(permits),
            lists: AtomicUsize::default(),
            writes: Mutex::default(),
            at_once: AtomicUsize::default(),
            most_at_once: AtomicUsize::default(),
            refused: Mutex::default(),
            failures: Mutex::default(),
        })
    }

    fn fail(&self, class: ErrorClass) {
        self.failures.lock().unwrap().push(ProviderError::new(class, "the service is not well"));
    }

    fn failure(&self) -> Result<(), ProviderError> {
        self.failures.lock().unwrap().pop().map_or(Ok(()), Err)
    }

    /// What was written, call by call.
    fn written(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }

    async fn in_turn<T>(&self, work: impl Future<Output = T>) -> T {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        let done = work.await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        done
    }

    fn open_gate(&self) {
        self.gate.add_permits(1000);
    }
}

#[async_trait]
impl ReadZones for Provider {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        self.reader.zones().await
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        self.in_turn(async {
            self.failure()?;
            self.reader.records(zone).await
        })
        .await
    }
}

#[async_trait]
impl WriteZone for Provider {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let line = |change: &ZoneChange| {
            let rows = change.rows.iter().filter_map(|row| Some(row.write.as_ref()?.name.to_string()));
            let rows: Vec<String> = rows.collect();
            format!("{} {} {}", change.change.action(), change.change.name(), rows.join(" "))
                .trim_end()
                .to_owned()
        };
        self.writes.lock().unwrap().push(changes.iter().map(line).collect());
        self.in_turn(async {
            if let Err(error) = self.failure() {
                return vec![Err(error); changes.len()];
            }
            let refused = self.refused.lock().unwrap().clone();
            let is_refused =
                |change: &ZoneChange| refused.iter().any(|name| *name == change.change.name().as_str());
            if changes.iter().any(is_refused) {
                let error = ProviderError::new(ErrorClass::InvalidRecord, "the service takes no such record");
                return vec![Err(error); changes.len()];
            }
            self.writer.apply(zone, changes).await
        })
        .await
    }
}

/// A running server.
struct Server {
    url: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
    recorded: Arc<Mutex<Vec<(&'static str, u16)>>>,
}

fn config() -> ServingConfig {
    let minute = Duration::from_secs(60);
    ServingConfig {
        filter: DomainFilter::All,
        cache_time: Duration::ZERO,
        max_body_size: Some(1 << 20),
        read_timeout: minute,
        write_timeout: minute,
        patience: Patience { header: minute, idle: minute },
    }
}

async fn serve(provider: &Arc<Provider>, config: ServingConfig) -> Server {
    serve_with(provider, Some(provider.clone()), config).await
}

async fn serve_with(
    provider: &Arc<Provider>,
    writer: Option<Arc<dyn WriteZone>>,
    config: ServingConfig,
) -> Server {
    let recorded: Arc<Mutex<Vec<(&'static str, u16)>>> = Arc::default();
    let notes = recorded.clone();
    let recorder = Arc::new(move |call, status| notes.lock().unwrap().push((call, status)));
    let serving = Serving::new(provider.clone(), writer, config, Some(recorder));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task = tokio::spawn(async move { serving.run(listener, stopped).await });
    Server { url, stop, task, recorded }
}

/// An answer, read.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    content_type: String,
    retry_after: Option<String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.content_type, MEDIA_TYPE, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Server {
    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after"),
            body: response.text().await.unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(client().get(format!("{}{path}", self.url)).header("accept", MEDIA_TYPE)).await
    }

    fn post_request(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        client().post(format!("{}{path}", self.url)).header("content-type", MEDIA_TYPE).body(body)
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.post_request(path, body.to_string())).await
    }

    async fn apply(&self, body: &Value) -> Answer {
        self.post("/records", body).await
    }

    async fn names(&self) -> Vec<String> {
        let records = self.get("/records").await.json();
        let name = |record: &Value| {
            let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("dnsName"), text("recordType"), record["targets"])
        };
        records.as_array().unwrap().iter().map(name).collect()
    }
}

fn client() -> reqwest::Client {
    // Only the first caller in the process sets it; all set the same.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn a(name: &str, target: &str) -> Value {
    json!({ "dnsName": name, "recordType": "A", "targets": [target], "labels": { "owner": "me" } })
}

fn row(name: &str, of: &str) -> Value {
    let text = "\"heritage=external-dns,external-dns/owner=me\"";
    json!({ "dnsName": name, "recordType": "TXT", "targets": [text], "labels": { "ownedRecord": of } })
}

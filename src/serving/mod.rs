//! The other side of the webhook protocol (`--webhook-server`): a built-in provider for ExternalDNS, or for another Zonewright.
//!
//! ```text
//! GET  /                 the names that the provider is for
//! GET  /records          what its zones hold                          shelves: one listing per zone, one lock each
//! POST /adjustendpoints  wishes in the provider's own form            a wish that it cannot read comes back as it was
//! POST /records          changes ── asked ──> by zone ── deliver ──>  rows stay with their records, bad ones are searched for
//! ```
//!
//! Whoever calls plans, owns and filters; here nothing is decided but whether a change can be made. Statuses are those of ExternalDNS
//! v0.22 (provider/webhook/api/httpapi.go): 204 for changes that were made, 400 and 413 for what is no request, 500 for everything that
//! the provider did not do, which clients try again. A provider that wants to be left alone is 503 with `Retry-After`. Every refusal says
//! why.
//!
//! What was begun is finished, whether or not the client still waits for it.

mod adjust;
mod asked;
mod connection;
mod http;
mod offer;
mod shelves;
#[cfg(test)]
mod tests;
mod writing;

pub use connection::{Connection, Patience};

use shelves::Shelves;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use zonewright_planner::DomainFilter;
use zonewright_provider_kit::{ReadZones, WriteZone};

/// What the flags say.
#[derive(Debug, Clone)]
pub struct ServingConfig {
    /// `--domain-filter` and its siblings.
    pub filter: DomainFilter,
    /// `--provider-cache-time`.
    pub cache_time: Duration,
    /// `--webhook-provider-max-body-size`, of requests; `None` for no limit.
    pub max_body_size: Option<u64>,
    /// `--webhook-provider-read-timeout`: how long a request may take to come in; zero for no limit.
    pub read_timeout: Duration,
    /// `--webhook-provider-write-timeout`: how long an answer may take; zero for no limit.
    pub write_timeout: Duration,
    /// How long connections may be silent.
    pub patience: Patience,
}

/// Is told the call (`negotiate`, `records`, `adjustendpoints`, `applychanges`, `other`) and the status of every answer.
pub type Recorder = Arc<dyn Fn(&'static str, u16) + Send + Sync>;

/// A provider that is served to others.
#[derive(Clone)]
pub struct Serving(Arc<Shared>);

struct Shared {
    reader: Arc<dyn ReadZones>,
    writer: Option<Arc<dyn WriteZone>>,
    shelves: Shelves,
    config: ServingConfig,
    recorder: Option<Recorder>,
    /// Read by what must be finished, written by who waits for that.
    unfinished: Arc<RwLock<()>>,
}

impl Serving {
    /// Serves a provider; without a writer nothing can be written, and changes are only logged.
    pub fn new(
        reader: Arc<dyn ReadZones>,
        writer: Option<Arc<dyn WriteZone>>,
        config: ServingConfig,
        recorder: Option<Recorder>,
    ) -> Self {
        let shelves = Shelves::new(config.cache_time);
        Self(Arc::new(Shared { reader, writer, shelves, config, recorder, unfinished: Arc::default() }))
    }

    /// Serves until `stop` fires: from then on no connection is accepted, what was asked before is answered, and what was begun is
    /// finished.
    pub async fn run(&self, listener: TcpListener, stop: CancellationToken) {
        let served = http::serve(self.clone(), listener, stop.clone());
        let given_up = async {
            stop.cancelled().await;
            // A client that does not take its answer must not keep the process.
            tokio::time::sleep(self.0.config.write_timeout.max(Duration::from_secs(1))).await;
        };
        tokio::select! {
            result = served => {
                if let Err(error) = result {
                    warn!("the webhook server stopped serving: {error}");
                }
            }
            () = given_up => warn!("some clients of the webhook server did not take their answers"),
        }
        drop(self.0.unfinished.write().await);
    }
}

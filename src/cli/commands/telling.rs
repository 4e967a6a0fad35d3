//! Telling those who own objects what becomes of them: events on any object, conditions on DNSEndpoints.

use super::prepare::{cluster_access, recorder};
use crate::cli::{Config, RegistryName};
use crate::kubernetes::events::{EventQueue, EventWriter};
use crate::sources::Source;
use crate::sources::crd::CrdSource;
use crate::sync::daemon::Observer;
use crate::telemetry::conditions::{Board, StatusKeeper, StatusWriter};
use crate::telemetry::{EventTeller, Metrics};
use crate::wiring::StartError;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a single run waits until what it has to tell is written. Each status is tried once, so that it ends by itself, unless
/// the API server is slow.
const PATIENCE_FOR_EVENTS: Duration = Duration::from_secs(10);
const PATIENCE_FOR_STATUS: Duration = Duration::from_secs(600);

/// What waits to be written into the cluster, and the tasks that write it.
#[derive(Default)]
pub(super) struct Telling {
    events: Option<Arc<EventQueue>>,
    board: Option<Arc<Board>>,
}

impl Telling {
    /// Starts what the flags ask for, and says who has to hear of each run. The client is one of its own: its rate limit then
    /// delays nothing else.
    pub(super) async fn start(
        config: &Config,
        sources: Vec<Arc<dyn Source>>,
        crd: Option<Arc<CrdSource>>,
        metrics: Option<&Arc<Metrics>>,
        stop: &CancellationToken,
    ) -> Result<(Self, Vec<Arc<dyn Observer>>), StartError> {
        let chosen = &config.schedule.events_emit;
        let mut observers: Vec<Arc<dyn Observer>> = Vec::new();
        let mut telling = Self::default();
        if chosen.is_empty() && crd.is_none() {
            return Ok((telling, observers));
        }
        let client = cluster_access(config).connect(recorder(metrics)).await.map_err(StartError::of)?;
        if let Some(crd) = crd {
            let keeper = StatusKeeper::new(crd);
            let board = keeper.board();
            tokio::spawn(StatusWriter::new(client.clone(), board.clone()).run(stop.clone()));
            telling.board = Some(board);
            observers.push(Arc::new(keeper));
        }
        if let (false, Some(metrics)) = (chosen.is_empty(), metrics.cloned()) {
            let queue = EventQueue::new(Arc::new(move |outcome| metrics.event(outcome)));
            tokio::spawn(EventWriter::new(client, queue.clone()).run(stop.clone()));
            // Without a registry nobody owns anything.
            let owner = if config.registry.name == RegistryName::Noop { "" } else { &config.registry.owner };
            observers.push(Arc::new(EventTeller::new(chosen, owner, sources, queue.clone())));
            telling.events = Some(queue);
        }
        Ok((telling, observers))
    }

    /// Waits until what there is to tell is written.
    pub(super) async fn finish(&self) {
        if let Some(board) = &self.board {
            board.drain(PATIENCE_FOR_STATUS).await;
        }
        if let Some(events) = &self.events {
            events.drain(PATIENCE_FOR_EVENTS).await;
        }
    }
}

//! Telling those who own objects what becomes of them: events on any object.

use super::prepare::{cluster_access, recorder};
use crate::cli::{Config, RegistryName};
use crate::kubernetes::events::{EventQueue, EventWriter};
use crate::sources::Source;
use crate::telemetry::{EventTeller, Metrics};
use crate::wiring::StartError;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Has Kubernetes Events written in the background, through a client whose rate limit concerns nothing else.
pub(super) async fn tell_events(
    config: &Config,
    sources: Vec<Arc<dyn Source>>,
    metrics: &Arc<Metrics>,
    stop: &CancellationToken,
) -> Result<(Arc<EventQueue>, Arc<EventTeller>), StartError> {
    let client = cluster_access(config).connect(recorder(Some(metrics))).await.map_err(StartError::of)?;
    let counts = metrics.clone();
    let queue = EventQueue::new(Arc::new(move |outcome| counts.event(outcome)));
    tokio::spawn(EventWriter::new(client, queue.clone()).run(stop.clone()));
    // Without a registry nobody owns anything.
    let owner = if config.registry.name == RegistryName::Noop { "" } else { &config.registry.owner };
    let teller = EventTeller::new(&config.schedule.events_emit, owner, sources, queue.clone());
    Ok((queue, Arc::new(teller)))
}

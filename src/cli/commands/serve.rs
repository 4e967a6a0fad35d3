//! `--webhook-server`: the provider for others, instead of the loop.

use super::prepare::provider_recorders;
use crate::cli::Config;
use crate::serving::{Patience, Serving, ServingConfig};
use crate::sources::store::{Caches, Retention};
use crate::telemetry::{Health, Metrics};
use crate::wiring::{self, Provider, StartError};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use zonewright_provider_kit::ReadZones;

/// How often the process says that it lives, and the longest pause between two attempts to reach the provider.
const BEAT: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Serves until `stop` fires. Neither sources nor registry are made: those are the client's.
///
/// # Errors
/// When the provider's settings cannot work, or the address cannot be listened on.
pub(super) async fn run(
    config: &Config,
    metrics: &Arc<Metrics>,
    health: &Health,
    stop: &CancellationToken,
) -> Result<(), StartError> {
    let provider = wiring::provider(config, &provider_recorders(Some(metrics)))?;
    if let Some(stats) = provider.webhook_stats() {
        metrics.add_webhook(stats).map_err(StartError::of)?;
    }
    let settings = &config.providers.webhook;
    let address = &settings.server_address;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| {
        StartError::of(format!("cannot listen on --webhook-server-address={address}: {error}"))
    })?;
    let served = ServingConfig {
        filter: wiring::domain_filter(config)?,
        cache_time: config.providers.general.cache_time,
        max_body_size: settings.max_body_size,
        read_timeout: settings.read_timeout,
        write_timeout: settings.write_timeout,
        patience: Patience { header: settings.read_header_timeout, idle: settings.idle_timeout },
    };
    let told = metrics.clone();
    let recorder = Arc::new(move |call: &'static str, status| told.webhook_served(call, status));
    let writer = (!config.schedule.dry_run).then(|| provider.writer.clone());
    let serving = Serving::new(provider.reader.clone(), writer, served, Some(recorder));
    match listener.local_addr() {
        Ok(address) => info!("provider {} is served at http://{address}", config.providers.general.name),
        Err(error) => warn!("the address of the webhook server is unknown: {error}"),
    }
    health.watch_caches(&Caches::new(Retention::default()));
    let watch = watch(provider, health.clone(), stop.child_token());
    tokio::join!(serving.run(listener, stop.clone()), watch);
    Ok(())
}

/// Ready is who has reached the provider once. What fails later is told to those who ask.
async fn watch(provider: Provider, health: Health, stop: CancellationToken) {
    let beats = async {
        loop {
            health.beat();
            tokio::time::sleep(BEAT).await;
        }
    };
    let reached = async {
        for problem in provider.check().await {
            error!("{problem}");
        }
        reach(provider.reader.as_ref()).await;
        health.cycle_done();
    };
    stop.run_until_cancelled(async { tokio::join!(beats, reached) }).await;
}

async fn reach(reader: &dyn ReadZones) {
    let mut pause = FIRST_PAUSE;
    while let Err(problem) = reader.zones().await {
        warn!("the provider cannot be reached: {problem}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BEAT);
    }
}

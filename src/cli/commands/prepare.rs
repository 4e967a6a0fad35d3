//! What daemon and preview have in common: sources with something to read from, and the parts behind them.

use super::chores::{LookUpLoadBalancers, WriteStatus};
use crate::cli::Config;
use crate::kubernetes::{ClusterAccess, RequestRecorder};
use crate::sources::store::{self, CacheStatus, manifests};
use crate::sync::daemon::Daemon;
use crate::sync::guard::Guard;
use crate::telemetry::Metrics;
use crate::wiring::{self, Provider, Sources, StartError};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use zonewright_provider_webhook::NEGOTIATION_ATTEMPTS;

/// How long the first cycle waits for all caches. What has not answered by then is incomplete, and nothing of it is deleted.
const CACHE_PATIENCE: Duration = Duration::from_secs(60);

/// Ready to run.
pub(super) struct Prepared {
    /// Everything that runs.
    pub daemon: Daemon,
    /// What the sources read from.
    pub caches: store::Caches,
    /// What is wrong with manifest files.
    pub manifest_problems: Vec<String>,
    /// The API server, where there is one.
    pub client: Option<kube::Client>,
    provider: Provider,
}

/// Puts everything together. With `can_write` false nothing in the result can write.
pub(super) async fn prepare(
    config: &Config,
    can_write: bool,
    metrics: Option<&Arc<Metrics>>,
    stop: &CancellationToken,
) -> Result<Prepared, StartError> {
    let Sources { all, caches, crd, service } = wiring::sources(config)?;
    let record = |metrics: &Arc<Metrics>| {
        let metrics = metrics.clone();
        Arc::new(move |request| metrics.webhook_request(&request)) as Arc<_>
    };
    let provider = wiring::provider(config, metrics.map(record))?;
    if let (Some(metrics), Some(stats)) = (metrics, provider.webhook_stats()) {
        metrics.add_webhook(stats).map_err(StartError::of)?;
    }
    let writer = can_write.then(|| provider.writer.clone());
    let pipeline = wiring::pipeline(config, provider.reader.clone(), writer)?;
    let mut daemon = Daemon::new(all, wiring::stages(config), pipeline);
    daemon.listing = wiring::listing_cache(config);
    daemon.guard = wiring::guard(config);
    daemon.holds = wiring::hold_ages(config);
    if let Some((source, resolved)) = service
        && config.sources.service.resolve_load_balancer_hostname
    {
        daemon.chores.push(Arc::new(LookUpLoadBalancers { source, resolved }));
    }
    let mut manifest_problems = Vec::new();
    let mut api = None;
    if config.own.manifests.is_empty() {
        if caches.all().next().is_some() || config.guard.configmap.is_some() {
            let client = cluster_access(config).connect(recorder(metrics)).await.map_err(StartError::of)?;
            if let (Some(crd), true) = (&crd, can_write) {
                daemon.chores.push(Arc::new(WriteStatus::new(crd.cache(), client.clone())));
            }
            store::start(&caches, &client, stop).detach_all();
            api = Some(client);
        }
    } else {
        manifest_problems = fill_from_manifests(config, &caches);
    }
    Ok(Prepared { daemon, caches, manifest_problems, client: api, provider })
}

/// Whether each `--approve-hash` was for something.
pub(super) fn approvals_were_met(guard: &Guard) -> Result<(), String> {
    let unmet: Vec<String> = guard.unmet().map(|hash| format!("--approve-hash={hash}")).collect();
    if unmet.is_empty() {
        return Ok(());
    }
    let present: Vec<String> = guard.withheld().iter().map(|withheld| withheld.hash.clone()).collect();
    let present = match present.as_slice() {
        [] => "nothing is withheld".to_owned(),
        present => format!("withheld now: {}", present.join(", ")),
    };
    Err(format!("{}: no withheld plan has this hash; {present}", unmet.join(" ")))
}

impl Prepared {
    /// Waits until every cache has answered, and for `--once` and previews until a starting webhook provider has.
    pub(super) async fn settle(&self, single_run: bool) {
        store::wait_until_settled(&self.caches, CACHE_PATIENCE).await;
        if let (Some(webhook), true) = (&self.provider.webhook, single_run) {
            // What goes wrong here goes wrong again, and is reported, when the cycle asks.
            drop(webhook.negotiate(NEGOTIATION_ATTEMPTS).await);
        }
    }
}

fn cluster_access(config: &Config) -> ClusterAccess {
    let kubernetes = &config.kubernetes;
    ClusterAccess {
        kubeconfig: kubernetes.kubeconfig.clone(),
        server: kubernetes.server.clone(),
        request_timeout: kubernetes.request_timeout.unwrap_or_default(),
        qps: f64::from(kubernetes.qps),
        burst: kubernetes.burst,
    }
}

fn recorder(metrics: Option<&Arc<Metrics>>) -> Option<RequestRecorder> {
    let metrics = metrics?.clone();
    Some(Arc::new(move |call| metrics.kubernetes_request(&call)))
}

/// Fills the caches from files. What is malformed there is missing here, so nothing may be deleted for its absence.
fn fill_from_manifests(config: &Config, caches: &store::Caches) -> Vec<String> {
    let loaded = manifests::load(&config.own.manifests, &mut std::io::stdin());
    let mut problems = loaded.problems.clone();
    problems.extend(store::fill(caches, &loaded));
    if let Some(first) = problems.first() {
        let more = match problems.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        for cache in caches.all() {
            cache.set_status(CacheStatus::Failing(format!("{first}{more}")));
        }
    }
    problems
}

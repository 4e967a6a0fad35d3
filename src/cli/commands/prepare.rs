//! What daemon and preview have in common: sources with something to read from, and the parts behind them.

use super::chores::LookUpLoadBalancers;
use super::telling::Telling;
use crate::cli::{Config, RegistryName};
use crate::kubernetes::{ClusterAccess, RequestRecorder};
use crate::sources::store;
use crate::sources::store::manifests::{self, Manifests};
use crate::sources::tenancy::{self, DomainPolicy, PolicyFile};
use crate::status::{HomesOf, Rules};
use crate::sync::Settling;
use crate::sync::daemon::Daemon;
use crate::sync::guard::Guard;
use crate::sync::leadership::{self, Campaign, ClusterLease, Fenced, Leadership};
use crate::telemetry::{Metrics, StatusParts};
use crate::wiring::{self, Ownership, Provider, ProviderRecorders, Sources, StartError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::error;
use zonewright_provider_kit::WriteZone;
use zonewright_provider_webhook::NEGOTIATION_ATTEMPTS;

/// How long the first cycle waits for all caches. What has not answered by then is incomplete, and nothing of it is deleted.
const CACHE_PATIENCE: Duration = Duration::from_secs(60);

/// How long a look at what a flag keeps out may take.
const LOOK_PATIENCE: Duration = Duration::from_secs(10);

/// Stack of the thread that reads manifests, as large as a main thread's: values lie in each other, and the parser follows
/// them down to its own limit.
const READER_STACK: usize = 8 << 20;

/// Ready to run.
pub(super) struct Prepared {
    /// Everything that runs.
    pub daemon: Daemon,
    /// What the sources read from.
    pub caches: Arc<store::Caches>,
    /// What is wrong with manifest files.
    pub manifest_problems: Vec<String>,
    /// The API server, where there is one.
    pub client: Option<kube::Client>,
    manifests: Option<Manifests>,
    policy: Option<(Arc<DomainPolicy>, PolicyFile)>,
    /// Whether this replica is the one that writes.
    pub leadership: Leadership,
    campaign: Option<Campaign<ClusterLease>>,
    /// What is written into the cluster.
    pub telling: Telling,
    provider: Provider,
}

/// Puts everything together. With `can_write` false nothing in the result can write.
pub(super) async fn prepare(
    config: &Config,
    can_write: bool,
    metrics: Option<&Arc<Metrics>>,
    stop: &CancellationToken,
) -> Result<Prepared, StartError> {
    let Sources { all, caches, crd, service, policy } = wiring::sources(config)?;
    let recorders = provider_recorders(metrics);
    let provider = wiring::provider(config, &recorders)?;
    if let (Some(metrics), Some(stats)) = (metrics, provider.webhook_stats()) {
        metrics.add_webhook(stats).map_err(StartError::of)?;
    }
    let campaign = match config.leadership.elect && can_write {
        true => Some(campaign(config, metrics).await?),
        false => None,
    };
    let leadership = campaign.as_ref().map_or_else(Leadership::always, Campaign::leadership);
    let ownership = ownership(config, &recorders, metrics).await?;
    // The fence stands before all that writes.
    let fenced = || {
        let writer = ownership.writing(provider.writer.clone());
        Arc::new(Fenced::new(writer, leadership.clone())) as Arc<dyn WriteZone>
    };
    let writer = can_write.then(fenced);
    let pipeline = wiring::pipeline(config, ownership.registry, provider.reader.clone(), writer)?;
    let stages = wiring::stages(config, policy.as_ref().map(|(policy, _)| policy));
    let mut daemon = Daemon::new(all.clone(), stages, pipeline);
    daemon.listing = wiring::listing_cache(config, provider.reader.capabilities().requests_per_second);
    daemon.guard = wiring::guard(config);
    daemon.holds = wiring::hold_ages(config);
    daemon.leadership = leadership.clone();
    daemon.faults = wiring::faults(config);
    if config.schedule.once || !can_write {
        daemon.settling = Settling::of_single_run();
    }
    if let Some((source, resolved)) = service
        && config.sources.service.resolve_load_balancer_hostname
    {
        daemon.chores.push(Arc::new(LookUpLoadBalancers { source, resolved }));
    }
    let caches = Arc::new(caches);
    let (mut manifest_problems, mut followed, mut api) = (Vec::new(), None, None);
    let mut telling = Telling::default();
    if config.own.manifests.is_empty() {
        if caches.all().next().is_some() || config.guard.configmap.is_some() {
            let client = cluster_access(config).connect(recorder(metrics)).await.map_err(StartError::of)?;
            if can_write {
                let (told, observers) = Telling::start(config, all, crd, metrics, stop).await?;
                daemon.observers.extend(observers);
                telling = told;
            }
            store::start(&caches, &client, stop).detach_all();
            api = Some(client);
        }
    } else {
        let manifests = read_manifests(config.own.manifests.clone()).await?;
        manifest_problems = store::fill(&caches, &manifests.loaded());
        followed = Some(manifests);
    }
    Ok(Prepared {
        daemon,
        caches,
        manifest_problems,
        client: api,
        manifests: followed,
        policy,
        leadership,
        campaign,
        telling,
        provider,
    })
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
    /// What the status page shows.
    pub(super) fn status_parts(&self, config: &Config) -> StatusParts {
        StatusParts {
            board: self.daemon.board(),
            wishes: self.daemon.wishes(),
            rules: self.rules(config),
            leadership: self.leadership.clone(),
        }
    }

    /// The rules that views show.
    pub(super) fn rules(&self, config: &Config) -> Rules {
        let reader = self.provider.reader.clone();
        Rules {
            settings: self.daemon.pipeline.settings.clone(),
            // The one that plans: what it knows of a table beside the zones is known to no other.
            registry: self.daemon.pipeline.registry.clone(),
            provider: config.providers.general.name.to_string(),
            homes: HomesOf::new(move |zones, name| reader.homes(zones, name)),
        }
    }

    /// Gives other caches the same to read, the manifests or the API server, and waits until they have answered; but not long, because
    /// some may be of resources that are not there or must not be read.
    pub(super) async fn fill_once(&self, caches: &store::Caches) {
        if let Some(manifests) = &self.manifests {
            // What is wrong with them was said of the caches that count.
            drop(store::fill(caches, &manifests.loaded()));
        } else if let Some(client) = &self.client {
            // The tasks end when this is dropped.
            let _watches = store::start(caches, client, &CancellationToken::new());
            store::wait_until_settled(caches, LOOK_PATIENCE).await;
        }
    }

    /// Takes part in the election from now on. Not before the caches have settled: who has nothing to write should not keep
    /// others from it.
    pub(super) fn run_for_leader(&mut self) {
        if let Some(campaign) = self.campaign.take() {
            // It ends with the process, or when the lease is released.
            campaign.start(CancellationToken::new());
        }
    }

    /// Keeps the caches as the manifest files are, until `stop` fires.
    pub(super) fn follow_manifests(&mut self, stop: &CancellationToken) {
        let Some(manifests) = self.manifests.take() else { return };
        let (caches, known, stop) = (self.caches.clone(), self.manifest_problems.clone(), stop.clone());
        tokio::spawn(async move {
            stop.run_until_cancelled(manifests::follow(manifests, &caches, known)).await;
        });
    }

    /// Applies the domain policy as its file changes, until `stop` fires.
    pub(super) fn follow_policy(&mut self, stop: &CancellationToken) {
        let Some((policy, file)) = self.policy.take() else { return };
        let stop = stop.clone();
        tokio::spawn(async move {
            stop.run_until_cancelled(tenancy::follow(file, policy)).await;
        });
    }

    /// Waits until every cache has answered, looks at what the provider needs, and for `--once` and previews until a starting webhook provider has.
    pub(super) async fn settle(&self, single_run: bool) {
        let (_, problems) =
            tokio::join!(store::wait_until_settled(&self.caches, CACHE_PATIENCE), self.provider.check());
        for problem in problems {
            error!("{problem}");
        }
        if let (Some(webhook), true) = (&self.provider.webhook, single_run) {
            // What goes wrong here goes wrong again, and is reported, when the cycle asks.
            drop(webhook.negotiate(NEGOTIATION_ATTEMPTS).await);
        }
    }
}

/// This replica's part in the election. Its client is for the lease alone, so that renewals wait behind nothing.
async fn campaign(
    config: &Config,
    metrics: Option<&Arc<Metrics>>,
) -> Result<Campaign<ClusterLease>, StartError> {
    let client = cluster_access(config).connect(recorder(metrics)).await.map_err(StartError::of)?;
    let settings = &config.leadership;
    let namespace = settings.namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned());
    let lease = ClusterLease::new(client, &namespace, &settings.lease_name(&config.registry.owner));
    Ok(Campaign::new(lease, leadership::identity(settings.pod.as_deref()), settings.timing))
}

/// The registry, with an API server where it needs one.
pub(super) async fn ownership(
    config: &Config,
    recorders: &ProviderRecorders,
    metrics: Option<&Arc<Metrics>>,
) -> Result<Ownership, StartError> {
    let cluster = match config.registry.name {
        RegistryName::Crd => Some(cluster_of_registry(config, metrics).await?),
        _ => None,
    };
    wiring::registry(config, recorders, cluster)
}

/// The API server that holds DNSRecord objects: also where manifests stand in for the one that holds everything else.
async fn cluster_of_registry(
    config: &Config,
    metrics: Option<&Arc<Metrics>>,
) -> Result<kube::Client, StartError> {
    let connected = cluster_access(config).connect(recorder(metrics)).await;
    connected.map_err(|error| StartError::of(format!("--registry=crd needs an API server: {error}")))
}

pub(super) fn cluster_access(config: &Config) -> ClusterAccess {
    let kubernetes = &config.kubernetes;
    ClusterAccess {
        kubeconfig: kubernetes.kubeconfig.clone(),
        server: kubernetes.server.clone(),
        request_timeout: kubernetes.request_timeout.unwrap_or_default(),
        qps: f64::from(kubernetes.qps),
        burst: kubernetes.burst,
    }
}

pub(super) fn provider_recorders(metrics: Option<&Arc<Metrics>>) -> ProviderRecorders {
    let Some(metrics) = metrics else { return ProviderRecorders::default() };
    let (of_webhook, of_others) = (metrics.clone(), metrics.clone());
    ProviderRecorders {
        webhook: Some(Arc::new(move |call| of_webhook.webhook_request(&call))),
        others: zonewright_provider_kit::RequestRecorder::new(move |call| of_others.provider_request(call)),
    }
}

pub(super) fn recorder(metrics: Option<&Arc<Metrics>>) -> Option<RequestRecorder> {
    let metrics = metrics?.clone();
    Some(Arc::new(move |call| metrics.kubernetes_request(&call)))
}

/// Reads on a thread of its own: standard input may never end, and neither a signal nor the end of the runtime may wait for it.
pub(super) async fn read_manifests(paths: Vec<PathBuf>) -> Result<Manifests, StartError> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("manifests".into()).stack_size(READER_STACK);
    let unreadable = |error: &dyn std::fmt::Display| StartError::of(format!("--manifests: {error}"));
    thread
        .spawn(move || {
            // Nobody listens any more when the program is about to end.
            drop(sender.send(Manifests::new(&paths, &mut std::io::stdin())));
        })
        .map_err(|error| unreadable(&error))?;
    receiver.await.map_err(|error| unreadable(&error))
}

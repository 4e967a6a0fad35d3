//! One daemon through all measurements.

use crate::Result;
use crate::arguments::{Arguments, Candidate};
use crate::cluster::Cluster;
use crate::daemon::Daemon;
use crate::provider::{Calls, Provider};
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zonewright_testing::free_port;

/// What was measured. What was left out is `None` or empty.
#[derive(Debug, Default)]
pub struct Figures {
    pub name: String,
    /// From starting the process to the arrival of the write after which nothing was missing.
    pub converged: Duration,
    /// Processor time up to there, and until it was at rest again.
    pub start_cpu: Duration,
    pub start_memory: f64,
    pub start_calls: Calls,
    /// Share of a core while nothing changed.
    pub idle: Option<f64>,
    /// From the API server's answer to the arrival of the write, change by change.
    pub latencies: Vec<f64>,
    /// The same up to the event at a client that only watches.
    pub watch_latencies: Vec<f64>,
    /// Provider calls from a change to its write.
    pub change_calls: Vec<Calls>,
    pub burst: Option<Burst>,
    /// As [`Burst`], but all changes came to the daemon at once.
    pub burst_at_once: Option<Burst>,
    /// Peak over all of that.
    pub memory: f64,
    /// A second start, with nothing to do.
    pub restart_cpu: Duration,
    pub restart_memory: f64,
}

/// Many changes together.
#[derive(Debug)]
pub struct Burst {
    /// How long the API server took for the changes.
    pub changing: Duration,
    /// From then on, until the last write arrived.
    pub converged: Duration,
    pub calls: Calls,
}

/// Pauses between changes: shortly after the last one, and after a quiet time.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(3)];
/// After the start, before anything else: two intervals and a bit, so that what is done once is done.
const SETTLING: Duration = Duration::from_secs(22);

/// Measures one daemon, from an empty provider on.
pub async fn measure(arguments: &Arguments, candidate: &Candidate, cluster: &mut Cluster) -> Result<Figures> {
    let provider = Provider::start(arguments.provider).await?;
    let flags = flags(arguments, candidate, cluster, &provider)?;
    let mut run = Run {
        patience: Duration::from_secs(arguments.patience),
        figures: Figures { name: candidate.name.clone(), ..Figures::default() },
        provider,
        cluster,
    };
    let daemon = run.start(candidate, &flags).await?;
    let measured = run.all(arguments, &daemon).await;
    measured.map_err(|error| format!("{}: {error}; it said:\n{}", candidate.name, daemon.last_words()))?;
    run.figures.memory = daemon.peak_memory()?;
    daemon.stop().await?;
    run.restart(candidate, &flags).await?;
    Ok(run.figures)
}

/// The same for all, but for what was asked for by name.
fn flags(
    arguments: &Arguments,
    candidate: &Candidate,
    cluster: &Cluster,
    provider: &Provider,
) -> Result<Vec<String>> {
    let common = [
        "--events".to_owned(),
        format!("--interval={}", arguments.interval),
        format!("--source={}", arguments.kind.source()),
        "--registry=txt".to_owned(),
        "--policy=sync".to_owned(),
        "--txt-owner-id=side-by-side".to_owned(),
        format!("--kubeconfig={}", cluster.kubeconfig().display()),
        format!("--metrics-address=127.0.0.1:{}", free_port()?),
    ];
    let own = arguments.flags_of(&candidate.name).map(str::to_owned);
    Ok(common.into_iter().chain(provider.flags()).chain(own).collect())
}

struct Run<'a> {
    cluster: &'a mut Cluster,
    provider: Provider,
    figures: Figures,
    patience: Duration,
}

impl Run<'_> {
    async fn start(&mut self, candidate: &Candidate, flags: &[String]) -> Result<Daemon> {
        self.provider.expect(self.cluster.wanted());
        let started = Instant::now();
        let mut daemon = Daemon::start(&candidate.path, flags, self.provider.environment())?;
        let converged = tokio::select! {
            converged = self.provider.fulfilled(self.patience) => converged,
            problem = daemon.ended() => Err(problem.into()),
        };
        let converged = converged
            .map_err(|error| format!("{}: {error}; it said:\n{}", candidate.name, daemon.last_words()))?;
        self.figures.converged = converged - started;
        self.rest(&daemon).await?;
        self.figures.start_cpu = daemon.cpu()?;
        self.figures.start_memory = daemon.peak_memory()?;
        self.figures.start_calls = self.provider.calls();
        Ok(daemon)
    }

    /// Waits until it has used no processor time and called nobody for a second.
    async fn rest(&self, daemon: &Daemon) -> Result<()> {
        loop {
            let before = (daemon.cpu()?, self.provider.calls());
            tokio::time::sleep(Duration::from_secs(1)).await;
            if (daemon.cpu()?, self.provider.calls()) == before {
                return Ok(());
            }
        }
    }

    async fn all(&mut self, arguments: &Arguments, daemon: &Daemon) -> Result<()> {
        if arguments.idle > 0 {
            tokio::time::sleep(SETTLING).await;
            self.idle(Duration::from_secs(arguments.idle), daemon).await?;
        }
        if arguments.changes > 0 {
            self.changes(arguments.changes).await?;
        }
        let burst = arguments.burst.min(self.cluster.size());
        if burst > 0 {
            self.figures.burst = Some(self.burst(burst).await?);
            self.rest(daemon).await?;
            daemon.pause().await?;
            let burst = self.burst_while_paused(burst, daemon).await?;
            self.figures.burst_at_once = Some(burst);
        }
        Ok(())
    }

    async fn idle(&mut self, time: Duration, daemon: &Daemon) -> Result<()> {
        let before = daemon.cpu()?;
        tokio::time::sleep(time).await;
        let used = daemon.cpu()?.saturating_sub(before);
        self.figures.idle = Some(used.as_secs_f64() / time.as_secs_f64());
        Ok(())
    }

    async fn changes(&mut self, count: u32) -> Result<()> {
        let seen: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
        let mut events = Box::pin(self.cluster.watch().await?);
        let notes = seen.clone();
        let watch = tokio::spawn(async move {
            while let Some(version) = events.next().await {
                notes.lock().unwrap_or_else(PoisonError::into_inner).insert(version, Instant::now());
            }
        });
        for turn in 0..count {
            tokio::time::sleep(PAUSES[turn as usize % PAUSES.len()]).await;
            let before = self.provider.calls();
            // What is expected is known only with the answer; the write may come before it.
            let (host, wanted) = self.cluster.wanted_by_change(turn);
            self.provider.expect(HashMap::from([(host, wanted)]));
            let change = self.cluster.change(turn).await?;
            let arrived = self.provider.fulfilled(self.patience).await?;
            self.figures.latencies.push(since(change.answered, arrived));
            self.figures.change_calls.push(self.provider.calls().since(before));
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let seen = seen.get(&change.resource_version);
            self.figures.watch_latencies.extend(seen.map(|seen| since(change.answered, *seen)));
        }
        watch.abort();
        Ok(())
    }

    async fn burst(&mut self, count: u32) -> Result<Burst> {
        let before = self.provider.calls();
        self.provider.expect(self.cluster.wanted_after(0..count));
        let begun = Instant::now();
        self.cluster.change_all(0..count).await?;
        let changed = Instant::now();
        let arrived = self.provider.fulfilled(self.patience).await?;
        Ok(Burst {
            changing: changed - begun,
            converged: arrived.saturating_duration_since(changed),
            calls: self.provider.calls().since(before),
        })
    }

    async fn burst_while_paused(&mut self, count: u32, daemon: &Daemon) -> Result<Burst> {
        let before = self.provider.calls();
        self.provider.expect(self.cluster.wanted_after(0..count));
        let begun = Instant::now();
        let changed = self.cluster.change_all(0..count).await;
        let resumed = Instant::now();
        daemon.resume().await?;
        changed?;
        let arrived = self.provider.fulfilled(self.patience).await?;
        Ok(Burst {
            changing: resumed - begun,
            converged: arrived.saturating_duration_since(resumed),
            calls: self.provider.calls().since(before),
        })
    }

    /// A start that finds everything as it should be.
    async fn restart(&mut self, candidate: &Candidate, flags: &[String]) -> Result<()> {
        let before = self.provider.calls();
        let daemon = Daemon::start(&candidate.path, flags, self.provider.environment())?;
        let deadline = Instant::now() + self.patience;
        while self.provider.calls() == before {
            if Instant::now() > deadline {
                return Err(format!("{} does nothing after a restart", candidate.name).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.rest(&daemon).await?;
        self.figures.restart_cpu = daemon.cpu()?;
        self.figures.restart_memory = daemon.peak_memory()?;
        if self.provider.calls().since(before).writes > 0 {
            return Err(format!("{} changes something after a restart", candidate.name).into());
        }
        daemon.stop().await
    }
}

/// Seconds, less than zero if the write overtook the API server's answer.
fn since(answered: Instant, arrived: Instant) -> f64 {
    match arrived.checked_duration_since(answered) {
        Some(later) => later.as_secs_f64(),
        None => -(answered - arrived).as_secs_f64(),
    }
}

//! The loop: sources, pipeline, schedule and reports put together.

use super::guard::{Approvals, Guard, Request};
use super::report::{
    CycleReport, Failure, Reporter, Step, records_by_type, verified_by_type, wishes_by_type,
};
use super::world::{ListingCache, Remembered};
use super::{HoldAges, Pipeline, Schedule, World};
use crate::sources::Source;
use crate::sources::pipeline::{PipelineSettings, collect};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use zonewright_planner::Scope;
use zonewright_provider_kit::ProviderError;

/// Things to do around a cycle that reach outside: done before it reads the sources, and after it.
#[async_trait::async_trait]
pub trait Chores: Send + Sync {
    /// Brings what sources read besides Kubernetes up to date (addresses of load balancer host names).
    async fn before(&self) {}
    /// Tells Kubernetes what was looked at (status of DNSEndpoints). Not called in a dry run, and dropped half-way when the
    /// daemon is to stop.
    async fn after(&self) {}
}

/// Hears of every cycle: metrics, health.
pub trait Observer: Send + Sync {
    /// A cycle starts.
    fn started(&self) {}
    /// A cycle ended.
    fn ended(&self, report: &CycleReport);
}

/// Everything that runs.
pub struct Daemon {
    /// What asks for records.
    pub sources: Vec<Arc<dyn Source>>,
    /// The stages between sources and planner.
    pub stages: PipelineSettings,
    /// Where records go.
    pub pipeline: Pipeline,
    /// How long a listing may be used again.
    pub listing: ListingCache,
    /// Keeps back what would delete too much.
    pub guard: Guard,
    /// Where approvals of what is kept back come from.
    pub approvals: Option<Approvals>,
    /// Ends holds that last too long.
    pub holds: HoldAges,
    /// Work around each cycle.
    pub chores: Vec<Arc<dyn Chores>>,
    /// Who hears of each cycle.
    pub observers: Vec<Arc<dyn Observer>>,
    remembered: Remembered,
    reporter: Reporter,
    cycles: u64,
}

impl Daemon {
    /// Puts the parts together.
    pub fn new(sources: Vec<Arc<dyn Source>>, stages: PipelineSettings, pipeline: Pipeline) -> Self {
        Self {
            sources,
            stages,
            pipeline,
            listing: ListingCache::default(),
            guard: Guard::default(),
            approvals: None,
            holds: HoldAges::default(),
            chores: Vec::new(),
            observers: Vec::new(),
            remembered: Remembered::default(),
            reporter: Reporter::default(),
            cycles: 0,
        }
    }

    /// Runs cycles until `stop` fires. With `events`, a change of an object that a source listens to brings the next cycle forward.
    pub async fn run(&mut self, mut schedule: Schedule, events: bool, stop: &CancellationToken) {
        let mut events = if events { self.triggers() } else { Vec::new() };
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(schedule.next()) => {
                    schedule.started(Instant::now());
                    let report = self.cycle(stop).await;
                    schedule.ended(Instant::now(), report.provider_succeeded());
                }
                () = next_event(&mut events) => schedule.event(Instant::now()),
                Some(request) = next_request(&mut self.approvals) => {
                    if !request.settle(&mut self.guard).is_empty() {
                        schedule.at_once(Instant::now());
                    }
                    self.publish();
                }
            }
        }
    }

    /// Shows what is withheld to whoever approves.
    fn publish(&self) {
        self.approvals.iter().for_each(|approvals| approvals.publish(&self.guard));
    }

    fn triggers(&self) -> Vec<watch::Receiver<()>> {
        self.sources.iter().flat_map(|source| source.triggers()).map(|cache| cache.changes()).collect()
    }

    /// One full cycle.
    pub async fn cycle(&mut self, stop: &CancellationToken) -> CycleReport {
        let begun = Instant::now();
        self.cycles += 1;
        self.observers.iter().for_each(|observer| observer.started());
        let dry_run = self.pipeline.writer.is_none();
        let mut report = CycleReport { cycle: self.cycles, dry_run, ..CycleReport::default() };
        // Reading may be given up at any moment; writing may not, so it looks at `stop` itself.
        let outcome = tokio::select! {
            () = stop.cancelled() => None,
            outcome = self.prepare(&mut report) => Some(outcome),
        };
        match outcome {
            None => return report,
            Some(Err(failure)) => report.failure = Some(failure),
            Some(Ok((read_at, world, proposal))) => {
                report.applied = self.pipeline.carry_out(&world, &proposal, stop).await;
                self.guard.note_applied(&report.applied, begun);
                self.publish();
                self.remembered.keep(read_at, world, &report.applied, proposal.plan.changes.len());
                report.plan = proposal.plan;
                report.rejected = proposal.rejected;
            }
        }
        report.duration = begun.elapsed();
        self.reporter.tell(&report);
        self.observers.iter().for_each(|observer| observer.ended(&report));
        if !dry_run {
            // After the report, which must not wait for them, and given up at any moment: what is left is found again.
            stop.run_until_cancelled(self.finish_chores()).await;
        }
        report
    }

    async fn finish_chores(&self) {
        for chore in &self.chores {
            chore.after().await;
        }
    }

    /// What a cycle would do, and the world it would do it to. The parts are the daemon's own; only the last step is missing.
    ///
    /// # Errors
    /// What the daemon would log as a failed cycle.
    pub async fn preview(&mut self) -> Result<(CycleReport, World), Failure> {
        let mut report = CycleReport { dry_run: true, ..CycleReport::default() };
        let (_, world, proposal) = self.prepare(&mut report).await?;
        report.plan = proposal.plan;
        report.rejected = proposal.rejected;
        Ok((report, world))
    }

    /// Everything up to the plan: nothing here changes anything outside.
    async fn prepare(
        &mut self,
        report: &mut CycleReport,
    ) -> Result<(Instant, World, super::Proposal), Failure> {
        for chore in &self.chores {
            chore.before().await;
        }
        let failed = |step| move |error: ProviderError| Failure { step, error };
        let now = Instant::now();
        let remembered = self.remembered.take(&self.listing, now);
        report.listed_from_cache = (!self.listing.until_write.is_zero()).then_some(remembered.is_some());
        // Listed first, as ExternalDNS does: what is wanted is then the newer of the two, and takes the memory that the ownership
        // rows of the list have left.
        let surveyed = match remembered {
            Some(remembered) => Ok(remembered),
            None => self.pipeline.survey().await.map(|world| (now, world)),
        };
        let mut desired = collect(&self.sources, &self.stages);
        report.wished = wishes_by_type(&desired.endpoints);
        report.problems = std::mem::take(&mut desired.problems);
        report.duplicates = std::mem::take(&mut desired.duplicates);
        report.incomplete = desired.incomplete.clone();
        let (read_at, world) = surveyed.map_err(failed(Step::Read))?;
        report.odd = world.odd.clone();
        report.existing = records_by_type(&world.owned.records);
        report.verified = verified_by_type(&desired.endpoints, &world.owned.records);
        report.unreadable = world.unreadable.iter().map(|(z, e)| (z.id.to_string(), e.clone())).collect();
        desired.holds = self.holds.expire(std::mem::take(&mut desired.holds), Scope::All, now);
        let zones: Vec<_> =
            world.zones.iter().chain(world.unreadable.iter().map(|(zone, _)| zone)).cloned().collect();
        let unknown = self.guard.unknown_zones(&zones);
        report.odd.extend(unknown.into_iter().map(|zone| {
            format!("--delete-guard-zone={zone}: the provider has no such zone, so this share is for nothing")
        }));
        let mut proposal = self.pipeline.propose(&world, desired).await.map_err(failed(Step::Adjust))?;
        self.guard.review(&mut proposal.plan, Scope::All, || self.pipeline.stock(&world), now);
        report.withheld = self.guard.withheld();
        Ok((read_at, world, proposal))
    }
}

/// Waits for an approval; for ever when nobody can approve anything.
async fn next_request(approvals: &mut Option<Approvals>) -> Option<Request> {
    match approvals {
        Some(approvals) => approvals.next().await,
        None => std::future::pending().await,
    }
}

/// Waits for a change in any of these caches; for ever when there are none.
async fn next_event(caches: &mut [watch::Receiver<()>]) {
    if caches.is_empty() {
        return std::future::pending().await;
    }
    let changes = caches.iter_mut().map(|cache| Box::pin(cache.changed()));
    // The senders live as long as the sources do, so this never fails.
    let (_changed, ..) = futures::future::select_all(changes).await;
}

//! The loop: sources, pipeline, schedule and reports put together.
//!
//! ```text
//! start, interval, failure ──> full run:    [list what is not trusted any more] ─> all wishes ─> plan of everything ─┐
//! an object changed ─────────> partial run:  wishes for the names it touched and touches ─> plan of these names ─────┴─> write ─> note
//! ```
//!
//! Both plan on the same picture of the zones, the [`World`], which every write keeps up to date: a change costs one write and no
//! listing.

use super::guard::{Approvals, Guard, Request};
use super::leadership::{Leadership, Office};
use super::report::{
    CycleReport, Failure, Reporter, Step, records_by_type, tell_applied, verified_by_type, wishes_by_type,
};
use super::world::{ListingCache, read, write};
use super::{
    Applied, Board, Errand, Faults, HoldAges, Pipeline, Proposal, Schedule, Settling, Wanted, World,
};
use crate::sources::index::{Dirty, SourceIndex};
use crate::sources::pipeline::{Desired, PipelineSettings};
use crate::sources::tenancy::NameHolders;
use crate::sources::{Source, Wishes};
use std::collections::BTreeSet;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use zonewright_planner::{Change, DnsName, Owner, Scope, Skip, SkipKind, ZoneId};
use zonewright_provider_kit::ProviderError;

/// Things to do before a full run reads the sources, that reach outside.
#[async_trait::async_trait]
pub trait Chores: Send + Sync {
    /// Brings what sources read besides Kubernetes up to date (addresses of load balancer host names). Whether anything changed.
    async fn before(&self) -> bool {
        false
    }
    /// Whether what sources say of an object that changed depends on [`Chores::before`].
    fn comes_before_names(&self) -> bool {
        false
    }
}

/// Hears of every run: metrics, health.
pub trait Observer: Send + Sync {
    /// A run starts.
    fn started(&self) {}
    /// Changes were sent and are settled: made or failed. Told while the run goes on, write by write.
    fn applied(&self, _applied: &[Applied]) {}
    /// A run ended.
    fn ended(&self, report: &CycleReport);
    /// A cycle was due, and is left to the replica that leads.
    fn stands_by(&self) {}
}

/// How often wishes are collected anew because something changed meanwhile.
const MOST_COLLECTIONS: usize = 3;

/// Everything that runs.
pub struct Daemon {
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
    /// What is left alone for a while after failures.
    pub faults: Faults,
    /// Names that other owners write, too.
    pub settling: Settling,
    /// Changes are made in these zones only; `None` for in all of them.
    pub only_zones: Option<BTreeSet<ZoneId>>,
    /// What is wanted in the place of what objects wish for.
    pub errand: Option<Arc<dyn Errand>>,
    /// Work around each full run.
    pub chores: Vec<Arc<dyn Chores>>,
    /// Who hears of each run.
    pub observers: Vec<Arc<dyn Observer>>,
    /// Whether this replica is the one that writes.
    pub leadership: Leadership,
    index: SourceIndex,
    world: Arc<RwLock<World>>,
    board: Board,
    /// What the last full run came to, if it left nothing to be done: the same again needs no planning.
    settled: Option<CycleReport>,
    /// What changed while the wishes of a full run were collected.
    late: Dirty,
    reporter: Reporter,
    cycles: u64,
}

impl Daemon {
    /// Puts the parts together.
    pub fn new(sources: Vec<Arc<dyn Source>>, mut stages: PipelineSettings, pipeline: Pipeline) -> Self {
        let world = Arc::<RwLock<World>>::default();
        let holders = Holders { world: world.clone(), owner: pipeline.registry.owner().cloned() };
        stages.tenancy.holders = Some(Arc::new(holders));
        Self {
            pipeline,
            listing: ListingCache::default(),
            guard: Guard::default(),
            approvals: None,
            holds: HoldAges::default(),
            faults: Faults::new(Duration::from_secs(60), 0),
            settling: Settling::default(),
            only_zones: None,
            errand: None,
            chores: Vec::new(),
            observers: Vec::new(),
            leadership: Leadership::always(),
            index: SourceIndex::new(sources, stages),
            board: Board::new(world.clone()),
            world,
            settled: None,
            late: Dirty::default(),
            reporter: Reporter::default(),
            cycles: 0,
        }
    }

    /// What exists, for those who want to look.
    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        read(&self.world)
    }

    /// Where the loop writes down what it sees, decides and does.
    pub fn board(&self) -> Board {
        self.board.clone()
    }

    /// Where wishes come from, and the stages that they go through.
    pub fn wishes(&self) -> Wishes {
        self.index.wishes()
    }

    fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        write(&self.world)
    }

    /// Runs until `stop` fires. With `events`, what changed is planned as soon as it changes, not only at the interval.
    pub async fn run(&mut self, mut schedule: Schedule, events: bool, stop: &CancellationToken) {
        let wake = self.index.wake();
        let leadership = self.leadership.clone();
        let mut standing = leadership.changes();
        while !stop.is_cancelled() {
            let office = leadership.enter();
            match office {
                Office::Entered => {
                    self.forget();
                    schedule.full_anew(Instant::now());
                }
                Office::Out => self.forget(),
                Office::Held => {}
            }
            let partial = schedule.next_partial();
            // A standby tries nothing again.
            let retry = [self.faults.next_due(), self.settling.next_due()].into_iter().flatten().min();
            let retry = retry.filter(|_| office != Office::Out);
            tokio::select! {
                () = stop.cancelled() => return,
                // The sender lives as long as the handle does, so this never fails.
                _ = standing.changed() => {}
                () = tokio::time::sleep_until(schedule.next_full()) => {
                    schedule.full_started(Instant::now());
                    if office == Office::Out {
                        // Takes in what changed, so that it does not pile up.
                        self.index.update();
                        self.observers.iter().for_each(|observer| observer.stands_by());
                        continue;
                    }
                    let report = self.cycle(stop).await;
                    schedule.full_ended(Instant::now(), report.provider_succeeded());
                }
                () = sleep_until(partial) => {
                    schedule.partial_started(Instant::now());
                    if office == Office::Out {
                        self.index.update();
                        continue;
                    }
                    match self.catch_up(stop).await {
                        CaughtUp::Nothing => {}
                        CaughtUp::Done(report) => {
                            schedule.partial_ended(Instant::now(), report.provider_succeeded());
                        }
                        CaughtUp::NeedsFullRun => schedule.full_soon(Instant::now()),
                    }
                }
                () = sleep_until(retry) => {
                    let now = Instant::now();
                    let takes_all = !events || !self.index.can_repeat_names();
                    let is_to_look = self.settling.next_due().is_some_and(|due| due <= now);
                    match self.faults.woken(now) || takes_all || is_to_look {
                        true => schedule.full_now(now),
                        false => schedule.event(now),
                    }
                }
                () = wake.notified(), if events => schedule.event(Instant::now()),
                Some(request) = next_request(&mut self.approvals) => {
                    if !request.settle(&mut self.guard).is_empty() {
                        schedule.full_soon(Instant::now());
                    }
                    self.publish();
                }
            }
        }
    }

    /// Shows what is withheld to whoever approves.
    fn publish(&self) {
        self.approvals.iter().for_each(|approvals| approvals.publish(&self.guard));
        self.board.show_withheld(self.guard.withheld());
    }

    /// Whoever leads elsewhere changes what exists.
    fn forget(&mut self) {
        self.settled = None;
        *self.world_mut() = World::default();
        self.pipeline.registry.forget();
        self.guard.forget();
        self.settling.forget();
        self.board.forget();
        self.publish();
    }

    /// A full run: everything is planned.
    pub async fn cycle(&mut self, stop: &CancellationToken) -> CycleReport {
        let begun = self.begin();
        // Reading may be given up at any moment; writing may not, so it looks at `stop` itself.
        let prepared = tokio::select! {
            () = stop.cancelled() => None,
            prepared = self.prepare(begun) => Some(prepared),
        };
        let Some(prepared) = prepared else { return CycleReport::default() };
        let report = match prepared {
            Ok(Prepared::Settled(report)) => report,
            Ok(Prepared::Planned(report)) => self.carry_out(report, begun, stop).await,
            Err(failed) => failed,
        };
        let report = self.tell(report, begun);
        let is_settled = report.leaves_nothing() && self.late.is_empty();
        self.settled = is_settled.then(|| report.without_details());
        report
    }

    /// A run for what changed since the last one.
    pub async fn catch_up(&mut self, stop: &CancellationToken) -> CaughtUp {
        // Of what led to nothing, or to full runs, nobody asks.
        self.index.take_news_since();
        let mut dirty = std::mem::take(&mut self.late);
        dirty.extend(self.index.update());
        if self.index.can_repeat_names() {
            dirty.names.extend(self.faults.due_names(Instant::now()));
        }
        if dirty.is_empty() {
            return CaughtUp::Nothing;
        }
        self.settled = None;
        let desired = if dirty.everything { Desired::default() } else { self.index.desired_for(&mut dirty) };
        let (rules, now) = (self.listing, Instant::now());
        let wakes = self.world_mut().wake(&desired.endpoints, &rules, now);
        // Nothing is known of what exists until a full run has succeeded.
        let is_read = !self.world().parts.is_empty();
        let needs_chores = self.chores.iter().any(|chore| chore.comes_before_names());
        if dirty.everything || !is_read || needs_chores || wakes {
            return CaughtUp::NeedsFullRun;
        }
        let begun = self.begin();
        let planned = tokio::select! {
            () = stop.cancelled() => return CaughtUp::Nothing,
            planned = self.plan_names(dirty, desired, begun) => planned,
        };
        let since = self.index.take_news_since();
        let mut report = match planned {
            Ok(report) => self.carry_out(report, begun, stop).await,
            Err(failed) => failed,
        };
        report.since_event = since.map(|since| since.elapsed());
        CaughtUp::Done(Box::new(self.tell(report, begun)))
    }

    async fn plan_names(
        &mut self,
        dirty: Dirty,
        desired: Desired,
        begun: Instant,
    ) -> Result<CycleReport, CycleReport> {
        let mut names = dirty.names;
        // A zone that has to be read again first is planned after that, with everything else.
        let unsure: BTreeSet<DnsName> = {
            let world = self.world();
            names.iter().filter(|name| world.is_unsure_of(name)).cloned().collect()
        };
        if self.world().has_unsettled(&unsure) {
            self.settling.look_soon(begun);
        }
        let mut desired = desired;
        names.retain(|name| !unsure.contains(name));
        desired.endpoints.retain(|endpoint| !unsure.contains(&endpoint.name));
        desired.refused.retain(|skip| !unsure.contains(&skip.name));
        let mut report = self.new_report();
        report.names = Some(names.len());
        report.planned_names = names.clone();
        self.plan(report, desired, Scope::Names(&names), begun).await
    }

    fn begin(&mut self) -> Instant {
        self.cycles += 1;
        self.observers.iter().for_each(|observer| observer.started());
        Instant::now()
    }

    fn new_report(&self) -> CycleReport {
        CycleReport { dry_run: self.pipeline.writer.is_none(), ..CycleReport::default() }
    }

    fn tell(&mut self, mut report: CycleReport, begun: Instant) -> CycleReport {
        report.cycle = self.cycles;
        report.duration = begun.elapsed();
        report.oldest_listing = self.world().parts.iter().map(|part| part.read_at).min();
        self.reporter.tell(&report);
        self.board.note(&report, &self.faults);
        self.observers.iter().for_each(|observer| observer.ended(&report));
        report
    }

    /// Writes what was planned, and notes it in the world.
    async fn carry_out(
        &mut self,
        mut report: CycleReport,
        begun: Instant,
        stop: &CancellationToken,
    ) -> CycleReport {
        report.planned = report.plan.changes.len();
        if report.dry_run || report.planned == 0 {
            return report;
        }
        // Moved, not copied: the first plan of a large zone is the peak of the daemon's memory.
        let changes = std::mem::take(&mut report.plan.changes);
        let Self { pipeline, world, faults, settling, guard, board, observers, .. } = self;
        let manners =
            read(world).zones.iter().map(|zone| (zone.id.clone(), faults.manner(&zone.id))).collect();
        let mut tell = |applied: Vec<Applied>| {
            applied.iter().for_each(tell_applied);
            faults.note(&applied, Instant::now());
            settling.note(&applied, &read(world));
            guard.note_applied(&applied, begun);
            board.note_applied(&applied);
            observers.iter().for_each(|observer| observer.applied(&applied));
            report.sent.add(&applied);
            report.failed.extend(applied.into_iter().filter(|done| done.outcome.is_err()));
        };
        pipeline.carry_out(changes, world, &manners, &mut tell, stop).await;
        faults.note_zones(Instant::now());
        settling.written(Instant::now());
        report
    }

    /// What a full run would do, and the world it would do it to. The parts are the daemon's own; only the last step is missing.
    ///
    /// # Errors
    /// What the daemon would log as a failed run.
    pub async fn preview(&mut self) -> Result<(CycleReport, World), Failure> {
        match self.prepare(Instant::now()).await {
            Ok(Prepared::Planned(report) | Prepared::Settled(report)) => {
                let report = CycleReport { dry_run: true, ..report };
                Ok((report, std::mem::take(&mut *self.world_mut())))
            }
            Err(CycleReport { failure: Some(failure), .. }) => Err(failure),
            Err(_) => Ok((CycleReport::default(), World::default())),
        }
    }

    /// Everything up to the plan of a full run: nothing here changes anything outside.
    async fn prepare(&mut self, begun: Instant) -> Result<Prepared, CycleReport> {
        let mut changed = !std::mem::take(&mut self.late).is_empty();
        if let Some(names) = self.settling.begin(begun) {
            self.world_mut().distrust(&names);
            changed = true;
        }
        for chore in &self.chores {
            changed |= chore.before().await;
        }
        let mut report = self.new_report();
        // Listed first, as ExternalDNS does: what is wanted is then the newer of the two, and takes the memory that the ownership
        // rows of the list have left.
        let mut surveyed = self.survey(begun).await;
        if let Ok(surveyed) = &surveyed {
            changed |= surveyed.is_news;
            report.listed_from_cache = (!self.listing.until_write.is_zero()).then_some(!surveyed.is_read);
            changed |= self.holds.due(begun).next().is_some();
            changed |= !self.index.update().is_empty() || self.index.makes_things_up();
            if let (false, Some(settled)) = (changed, self.settled.take()) {
                return Ok(Prepared::Settled(CycleReport {
                    listed_from_cache: report.listed_from_cache,
                    is_repeat: true,
                    ..settled
                }));
            }
        }
        let mut desired = self.collect();
        let rules = self.listing;
        let wakes = self.world_mut().wake(&desired.endpoints, &rules, begun);
        if wakes && surveyed.is_ok() {
            surveyed = self.survey(begun).await;
        }
        self.world_mut().note_unused(self.pipeline.registry.owner(), &desired.endpoints);
        report.wished = wishes_by_type(&desired.endpoints);
        report.duplicates = std::mem::take(&mut desired.duplicates);
        if let Err(error) = surveyed {
            report.problems = desired.problems;
            report.incomplete = desired.incomplete;
            report.failure = Some(Failure { step: Step::Read, error });
            return Err(report);
        }
        {
            let world = self.world();
            report.odd = world.odd().cloned().chain(self.pipeline.registry.odd()).collect();
            let zones: Vec<_> =
                world.zones.iter().chain(world.unreadable.iter().map(|(zone, _)| zone)).cloned().collect();
            let unknown = self.guard.unknown_zones(&zones);
            report.odd.extend(unknown.into_iter().map(|zone| {
                format!(
                    "--delete-guard-zone={zone}: the provider has no such zone, so this share is for nothing"
                )
            }));
            report.existing = records_by_type(world.records());
            report.verified = verified_by_type(&desired.endpoints, &world);
            report.unreadable =
                world.unreadable.iter().map(|(zone, error)| (zone.id.to_string(), error.clone())).collect();
        }
        self.plan(report, desired, Scope::All, begun).await.map(Prepared::Planned)
    }

    /// Everything that is wanted. Sources are read one after another, so that an object that changes meanwhile could be seen by none
    /// of them; its names are planned by the next run.
    fn collect(&mut self) -> Desired {
        if let Some(errand) = &self.errand {
            return Desired { endpoints: errand.wishes(), ..Desired::default() };
        }
        let mut desired = self.index.collect();
        self.late = self.index.update();
        for _ in 1..MOST_COLLECTIONS {
            if self.late.is_empty() {
                return desired;
            }
            desired = self.index.collect();
            self.late = self.index.update();
        }
        self.index.wake().notify_one();
        desired
    }

    /// Compares wishes with what exists.
    async fn plan(
        &mut self,
        mut report: CycleReport,
        mut desired: Desired,
        scope: Scope<'_>,
        begun: Instant,
    ) -> Result<CycleReport, CycleReport> {
        report.problems = desired.problems;
        report.shared = desired.shared;
        report.incomplete = desired.incomplete.clone();
        desired.holds = self.holds.expire(desired.holds, scope, begun);
        let adjusted = match self.pipeline.adjust(desired.endpoints).await {
            Ok(adjusted) => adjusted,
            Err(error) => {
                report.failure = Some(Failure { step: Step::Adjust, error });
                return Err(report);
            }
        };
        let wanted = Wanted {
            adjusted,
            holds: desired.holds,
            incomplete: desired.incomplete,
            refused: desired.refused,
            keep_leaving: self.settling.keeps_leaving(begun),
        };
        let mut early = BTreeSet::new();
        {
            // The field itself, because others are borrowed beside it.
            let world = read(&self.world);
            let Proposal { mut plan, rejected } = self.pipeline.propose(&world, wanted, scope);
            if matches!(scope, Scope::All) {
                let late = &self.late;
                let is_late = |change: &Change| {
                    late.names.contains(change.name()) || (late.everything && change.action() == "delete")
                };
                plan.changes.retain(|change| !is_late(change));
            }
            if let Some(errand) = &self.errand {
                plan = errand.revise(&self.pipeline, &world, plan);
            }
            if let Some(zones) = &self.only_zones {
                plan.changes
                    .retain(|change| world.zone_of(change).is_some_and(|zone| zones.contains(&zone.id)));
            }
            if !report.dry_run {
                early = self.settling.hold_back(&mut plan, &world, begun, Instant::now());
            }
            self.settling.watch(&world, self.pipeline.registry.owner(), begun);
            self.faults.hold_back(&mut plan, &world.zones, scope, Instant::now());
            // The last to have a say: what others hold back is not deleted either.
            self.guard.review(&mut plan, scope, || self.pipeline.stock(&world), begun);
            report.plan = plan;
            report.rejected = rejected;
        }
        if !early.is_empty() {
            self.world_mut().distrust(&early);
        }
        report.withheld = self.guard.withheld();
        self.publish();
        Ok(report)
    }

    /// Reads what may not be trusted any more.
    async fn survey(&mut self, now: Instant) -> Result<Surveyed, ProviderError> {
        let rules = self.listing;
        if self.world().is_covered_by(&rules, now) && self.pipeline.registry.is_trusted(now.into_std()) {
            return Ok(Surveyed { is_read: false, is_news: false });
        }
        let before = self.world().seen();
        let known = || {
            let parts = std::mem::take(&mut write(&self.world).parts);
            parts.into_iter().filter(|part| rules.covers(part, now)).collect()
        };
        let world = self.pipeline.survey(&mut self.faults, now, known).await?;
        let is_news = before.is_none() || before != world.seen();
        *self.world_mut() = world;
        Ok(Surveyed { is_read: true, is_news })
    }
}

/// What a run for what changed came to.
#[derive(Debug)]
pub enum CaughtUp {
    /// Nothing that matters changed.
    Nothing,
    /// This.
    Done(Box<CycleReport>),
    /// More has to be planned than some names.
    NeedsFullRun,
}

/// What a look at the zones came to.
struct Surveyed {
    /// At least one zone was read.
    is_read: bool,
    /// What was read is not what was read before, or something was written meanwhile.
    is_news: bool,
}

/// What a full run came to before anything is written.
enum Prepared {
    /// Nothing changed since the last one, which left nothing to be done.
    Settled(CycleReport),
    /// This is to be done.
    Planned(CycleReport),
}

impl CycleReport {
    /// Whether the same again would come to the same, unless something changes: nothing failed, nothing was to be done, and nothing
    /// is waiting for time to pass.
    fn leaves_nothing(&self) -> bool {
        use SkipKind::{Fought, Quarantined, Withheld, ZoneTrouble};
        let waits = |skip: &Skip| matches!(skip.reason.kind(), Withheld | Quarantined | Fought | ZoneTrouble);
        self.provider_succeeded() && self.planned == 0 && !self.plan.skips.iter().any(waits)
    }
}

/// Waits for an approval; for ever when nobody can approve anything.
async fn next_request(approvals: &mut Option<Approvals>) -> Option<Request> {
    match approvals {
        Some(approvals) => approvals.next().await,
        None => std::future::pending().await,
    }
}

/// Who has which name, as the ownership records say.
#[derive(Debug)]
struct Holders {
    world: Arc<RwLock<World>>,
    owner: Option<Owner>,
}

impl NameHolders for Holders {
    fn labels_at(&self, name: &DnsName) -> BTreeSet<String> {
        let world = read(&self.world);
        let ours = world.records_at(name).filter(|record| record.is_owned_by(self.owner.as_ref()));
        ours.filter_map(|record| record.labels.resource().map(str::to_owned)).collect()
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

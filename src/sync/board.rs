//! The board: what the loop last saw, decided and did, for those who want to look (status page, `/api/`).
//!
//! Only the loop writes. Records are not copied: they are looked at where they are, in the [`World`], under its read lock; the board
//! adds what the world does not know: what was left alone and why, what is still to be done, what rests after a failure.

use super::guard::Withheld;
use super::report::CycleReport;
use super::{Applied, Faults, World};
use crate::sources::outcome::Problem;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use zonewright_planner::{
    Change, DnsName, Endpoint, Incomplete, ObjectRef, Record, RecordType, Skip, Target, Ttl, ZoneId,
};
use zonewright_provider_kit::Rejected;

/// Changes that are remembered after they were made.
const RECENT: usize = 50;

/// A handle for readers, and for the one writer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Board {
    notes: Arc<RwLock<Notes>>,
    world: Arc<RwLock<World>>,
}

/// What is written on the board.
#[derive(Debug, Default)]
pub struct Notes {
    /// The last run that looked at everything.
    pub full: Option<Run>,
    /// The last run that looked at some names only.
    pub partial: Option<Run>,
    /// Why the last run ended early, if it did.
    pub failure: Option<String>,
    /// What the delete guard withholds.
    pub withheld: Vec<Arc<Withheld>>,
    /// What is wrong with which object. What has been put right since the last full run may still be there.
    pub problems: Vec<Problem>,
    /// Sources that could not be read completely.
    pub incomplete: Vec<Incomplete>,
    /// Records and ownership rows that could not be made sense of, and wishes that the provider spoiled.
    pub odd: Vec<String>,
    /// Wishes that the provider does not take, whose names are held.
    rejected: Vec<Rejected>,
    /// Zones that are left alone for a while.
    pub resting: Vec<Resting>,
    /// When single records are tried again, by name.
    pub retries: BTreeMap<DnsName, Instant>,
    /// What was written lately, the newest first.
    pub recent: VecDeque<Done>,
    /// Nothing is ever written.
    pub dry_run: bool,
    skips: BTreeMap<DnsName, Box<[Skip]>>,
    pending: BTreeMap<DnsName, Vec<Pending>>,
}

/// A run that ended.
#[derive(Debug, Clone)]
pub struct Run {
    /// When it ended.
    pub at: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// How many names it was about; `None` for all.
    pub names: Option<usize>,
    /// What was made, or would be in a dry run.
    pub created: usize,
    /// See `created`.
    pub updated: usize,
    /// See `created`.
    pub deleted: usize,
    /// What the provider refused.
    pub failed: usize,
}

/// A zone that is left alone after a failure.
#[derive(Debug, Clone)]
pub struct Resting {
    /// The zone.
    pub zone: ZoneId,
    /// What failed.
    pub why: String,
    /// Until when.
    pub until: Instant,
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Done {
    /// When.
    pub at: SystemTime,
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// The record's name.
    pub name: DnsName,
    /// The record's type.
    pub record_type: RecordType,
    /// Why it was made.
    pub reason: String,
}

/// A change that is still to be made: it failed for a reason that is the zone's, or this is a dry run.
#[derive(Debug, Clone)]
pub struct Pending {
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// The zone it stands in; `None` for a new record of the zone that its name belongs to.
    pub zone: Option<ZoneId>,
    /// The record's type.
    pub record_type: RecordType,
    /// The record's set identifier.
    pub set_identifier: Arc<str>,
    /// What it will point at; empty for a delete.
    pub targets: Vec<Target>,
    /// The TTL it will have.
    pub ttl: Ttl,
    /// Why it is to be made, and what went wrong.
    pub reason: String,
    /// Whose wish it is.
    pub objects: Vec<Arc<ObjectRef>>,
}

impl Pending {
    /// What is left of a change that was not made, for this reason.
    pub fn of(change: &Change, trouble: Option<&str>) -> Self {
        let reason = match trouble {
            Some(trouble) => format!("{}; the last attempt failed: {trouble}", change.reason()),
            None => change.reason(),
        };
        let new: Option<&Endpoint> = match change {
            Change::Create { new, .. } | Change::Update { new, .. } => Some(new),
            Change::Delete { .. } => None,
        };
        Self {
            action: change.action(),
            zone: match change {
                Change::Create { new, .. } => new.zone.clone(),
                Change::Update { old, .. } | Change::Delete { old, .. } => Some(old.zone.clone()),
            },
            record_type: change.record_type().clone(),
            set_identifier: change.set_identifier().clone(),
            targets: new.map(|new| new.targets.clone()).unwrap_or_default(),
            ttl: new.map_or(Ttl::UNSET, |new| new.ttl),
            reason,
            objects: change.objects().to_vec(),
        }
    }

    /// Whether it is about this record set.
    pub fn is_about(&self, record: &Record) -> bool {
        let is_here = self.zone.as_ref().is_none_or(|zone| *zone == record.zone);
        is_here && self.record_type == record.record_type && self.set_identifier == record.set_identifier
    }
}

impl Notes {
    /// What was left alone at a name.
    pub fn skips_at(&self, name: &DnsName) -> &[Skip] {
        self.skips.get(name).map(|skips| &**skips).unwrap_or_default()
    }

    /// Everything that was left alone.
    pub fn skips(&self) -> impl Iterator<Item = &Skip> {
        self.skips.values().flat_map(|skips| skips.iter())
    }

    /// What is still to be done at a name.
    pub fn pending_at(&self, name: &DnsName) -> &[Pending] {
        self.pending.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Everything that is still to be done.
    pub fn pending(&self) -> impl Iterator<Item = (&DnsName, &Pending)> {
        self.pending.iter().flat_map(|(name, all)| all.iter().map(move |pending| (name, pending)))
    }

    /// Takes in what a run came to.
    pub fn note(&mut self, report: &CycleReport, faults: &Faults, at: SystemTime) {
        let run = Run {
            at,
            duration: report.duration,
            names: report.names,
            created: report.count("create"),
            updated: report.count("update"),
            deleted: report.count("delete"),
            failed: report.failed_changes(),
        };
        let is_full = report.names.is_none();
        if is_full {
            self.full = Some(run);
        } else {
            self.partial = Some(run);
        }
        self.failure = report.failure.as_ref().map(ToString::to_string);
        self.dry_run = report.dry_run;
        self.incomplete.clone_from(&report.incomplete);
        self.note_faults(faults);
        if report.is_repeat {
            return;
        }
        self.note_problems(&report.problems, is_full);
        if report.failure.is_some() {
            // What is known of records is from before, and still the best there is.
            return;
        }
        self.withheld.clone_from(&report.withheld);
        if is_full {
            self.odd = report.odd.clone();
            self.odd.extend(report.rejected.iter().map(super::report::describe_rejected));
        }
        self.replace_decisions(report, is_full);
    }

    fn note_problems(&mut self, problems: &[Problem], is_full: bool) {
        if is_full {
            self.problems = problems.to_vec();
        } else if !problems.is_empty() {
            let about: BTreeSet<_> = problems.iter().map(|problem| &problem.object).collect();
            self.problems.retain(|problem| !about.contains(&problem.object));
            self.problems.extend_from_slice(problems);
        }
    }

    fn replace_decisions(&mut self, report: &CycleReport, is_full: bool) {
        if is_full {
            self.skips.clear();
            self.pending.clear();
            self.rejected.clear();
        } else {
            for name in &report.planned_names {
                self.skips.remove(name);
                self.pending.remove(name);
            }
            self.rejected
                .retain(|row| row.name.as_ref().is_none_or(|name| !report.planned_names.contains(name)));
        }
        self.rejected.extend(report.rejected.iter().filter(|row| row.name.is_some()).cloned());
        for skips in report.plan.skips.chunk_by(|a, b| a.name == b.name) {
            if let Some(first) = skips.first() {
                self.skips.insert(first.name.clone(), skips.into());
            }
        }
        let undone = report.failed.iter().filter_map(|done| {
            let error = done.outcome.as_ref().err()?;
            Some((&done.change.change, Some(error.to_string())))
        });
        let planned = report.plan.changes.iter().map(|change| (change, None));
        for (change, trouble) in undone.chain(planned) {
            let pending = Pending::of(change, trouble.as_deref());
            self.pending.entry(change.name().clone()).or_default().push(pending);
        }
    }

    /// The wishes for a name that the provider does not take.
    pub fn rejected_at<'a>(&'a self, name: &'a DnsName) -> impl Iterator<Item = &'a Rejected> {
        self.rejected.iter().filter(move |row| row.name.as_ref() == Some(name))
    }

    /// Takes in what was written.
    pub fn note_applied(&mut self, applied: &[Applied], at: SystemTime) {
        let made = applied.iter().filter(|done| done.outcome.is_ok());
        for done in made.take(RECENT) {
            let change = &done.change.change;
            self.recent.push_front(Done {
                at,
                action: change.action(),
                name: change.name().clone(),
                record_type: change.record_type().clone(),
                reason: change.reason(),
            });
        }
        self.recent.truncate(RECENT);
    }

    fn note_faults(&mut self, faults: &Faults) {
        self.resting = faults
            .resting()
            .map(|(zone, until, why)| Resting { zone: zone.clone(), why: why.to_string(), until })
            .collect();
        let refused = faults.refused().map(|(site, refused)| (site.key.name.clone(), refused.next_try));
        let fought = faults.fought().map(|(site, fight)| (site.key.name.clone(), fight.next_try));
        self.retries = refused.chain(fought).collect();
    }
}

impl Board {
    /// An empty board beside a world.
    pub fn new(world: Arc<RwLock<World>>) -> Self {
        Self { notes: Arc::default(), world }
    }

    /// Looks at what is written. Hold the guard briefly, and before that of the world: the loop waits for both.
    pub fn notes(&self) -> RwLockReadGuard<'_, Notes> {
        // A panic elsewhere does not make what is stored here wrong.
        self.notes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what exists.
    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        super::world::read(&self.world)
    }

    /// Takes in what a run came to.
    pub(super) fn note(&self, report: &CycleReport, faults: &Faults) {
        self.write(|notes| notes.note(report, faults, SystemTime::now()));
    }

    /// Takes in what was written.
    pub(super) fn note_applied(&self, applied: &[Applied]) {
        self.write(|notes| notes.note_applied(applied, SystemTime::now()));
    }

    /// Shows what is withheld now.
    pub(super) fn show_withheld(&self, withheld: Vec<Arc<Withheld>>) {
        if self.notes().withheld != withheld {
            self.write(|notes| notes.withheld = withheld);
        }
    }

    /// Somebody else leads: what is known is from before.
    pub(super) fn forget(&self) {
        self.write(|notes| *notes = Notes::default());
    }

    fn write(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.notes.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests;

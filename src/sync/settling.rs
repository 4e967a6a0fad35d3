//! Names that owners share: written only right after their zone was listed, and looked at once more soon after.
//!
//! ```text
//! plan ── hold_back ──> write ── note ──> a pause ──> another full run, which lists the zone again
//!            │ planned on an older listing: listed anew first
//! ```
//!
//! Providers have no transactions, so two owners that write one record at the same moment may undo each other. What an owner wants
//! stands in its own row, which nobody else writes: whoever looks next puts the record right. The pause is as long as a write that
//! was planned before ours may take to arrive. While it lasts, what we took out of a record stays named as leaving.

use super::{Applied, World};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::{Change, DeleteReason, DnsName, Owner, Plan, Share};

/// The shortest pause.
const PAUSE: Duration = Duration::from_secs(2);
/// Where listing takes long, so does planning on what was listed.
const LISTINGS: u32 = 3;
/// The pause doubles with every look that leads to another write, up to this. Ordinarily the first look finds nothing to do.
const LONGEST: Duration = Duration::from_secs(64);

/// The memory of what we wrote to records that owners share.
#[derive(Debug, Default)]
pub struct Settling {
    /// Until when somebody may write what was planned before our last write; none before the first run.
    until: Option<Instant>,
    due: Option<Instant>,
    /// What is to be looked at then, whoever else reads its zone before.
    names: BTreeSet<DnsName>,
    looks: u32,
    /// Of the zones that this run wrote shared records to: how long listing the slowest took.
    slowest: Option<Duration>,
    is_single: bool,
}

impl Settling {
    /// For a process that runs once: what was left behind was left by an earlier one, long enough ago.
    pub fn of_single_run() -> Self {
        Self { is_single: true, ..Self::default() }
    }

    /// Another replica writes from now on.
    pub fn forget(&mut self) {
        *self = Self { is_single: self.is_single, ..Self::default() };
    }

    /// Whether what we took out of records is still to be named as leaving. Of what was written before this process began nobody
    /// knows how long ago that was.
    pub fn keeps_leaving(&mut self, now: Instant) -> bool {
        let until = *self.until.get_or_insert(now + PAUSE);
        now < until && !self.is_single
    }

    /// When to look again.
    pub fn next_due(&self) -> Option<Instant> {
        self.due
    }

    /// A full run begins. If it is the one that was to look again: the names whose zones it has to list.
    pub fn begin(&mut self, now: Instant) -> Option<BTreeSet<DnsName>> {
        self.due.take_if(|due| *due <= now)?;
        Some(std::mem::take(&mut self.names))
    }

    /// Takes out of a plan the changes of shared records that rest on a listing from before this run; gives their names. They are
    /// planned again at once, by a run that lists first.
    pub fn hold_back(
        &mut self,
        plan: &mut Plan,
        world: &World,
        begun: Instant,
        now: Instant,
    ) -> BTreeSet<DnsName> {
        let mut early = BTreeSet::new();
        let mut shared = false;
        plan.changes.retain(|change| {
            shared |= change.is_shared();
            let is_early = change.is_shared() && !is_fresh(world, change, begun);
            if is_early {
                early.insert(change.name().clone());
            }
            !is_early
        });
        if !early.is_empty() {
            self.due = Some(now);
        } else if !shared {
            self.looks = 0;
        }
        early
    }

    /// Something is wanted of names that have to be read again first.
    pub fn look_soon(&mut self, now: Instant) {
        self.due = Some(now);
    }

    /// Notes what was written.
    pub fn note(&mut self, applied: &[Applied], world: &World) {
        let touched: Vec<&Applied> =
            applied.iter().filter(|done| others_may_collide_with(&done.change.change)).collect();
        self.names.extend(touched.iter().map(|done| done.change.change.name().clone()));
        let parts =
            touched.into_iter().filter_map(|done| world.parts.iter().find(|part| part.has(&done.zone)));
        self.slowest = parts.map(|part| part.read_took).chain(self.slowest).max();
    }

    /// All of a run is written: time for another look, if any of it was shared.
    pub fn written(&mut self, now: Instant) {
        let Some(slowest) = self.slowest.take() else { return };
        let patience = (PAUSE * 2u32.pow(self.looks.min(6))).min(LONGEST);
        let end = now + patience.max(slowest * LISTINGS);
        self.looks += 1;
        self.until = Some(end);
        self.due = Some(end);
    }

    /// Sees to it that what is named as leaving is looked at once the pause is over.
    pub fn watch(&mut self, world: &World, owner: Option<&Owner>, begun: Instant) {
        let Some(until) = self.until.filter(|until| begun < *until) else { return };
        let leaves = |share: &&Share| Some(&share.owner) == owner && !share.says.leaving.is_empty();
        let all = world.parts.iter().flat_map(|part| &part.owned.shares);
        let leaving = all.filter(|(_, shares)| shares.iter().any(|share| leaves(&share)));
        for (key, _) in leaving {
            self.names.insert(key.name.clone());
            self.due = Some(self.due.map_or(until, |due| due.min(until)));
        }
    }
}

/// Whether others may be at a write that rests on what was before it. They may, even where our row alone changes: who has read the
/// record without our part may delete it, and who has read what we take back may be about to write that. Only a row that has nothing
/// left to say can go without another look.
fn others_may_collide_with(change: &Change) -> bool {
    let is_last_word = matches!(change, Change::Delete { reason: DeleteReason::LeftoverRow, .. });
    change.is_shared() && !is_last_word
}

/// Whether the zone of a change was listed by the run that planned it.
fn is_fresh(world: &World, change: &Change, begun: Instant) -> bool {
    let zone = match change {
        Change::Create { new, .. } => world.zone_of_new(new).map(|zone| &zone.id),
        Change::Update { old, .. } | Change::Delete { old, .. } => Some(&old.zone),
    };
    let part = zone.and_then(|zone| world.parts.iter().find(|part| part.has(zone)));
    part.is_none_or(|part| part.read_at >= begun)
}

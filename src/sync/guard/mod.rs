//! The delete guard: of each zone, no more than a share of the records we own is deleted in one go.
//!
//! ```text
//! plan ──> review ──┬─> what may be carried out
//!                   └─> Withheld { zone, hash, deletes } ── approve(hash) ──> the next review lets exactly these through, once
//! ```
//!
//! Only deletes are withheld; creates and updates go on, because a daemon that does nothing is an outage too. What counts is a
//! delete after which nothing stands in the record's place: a change of type does not count. Small plans in a row count
//! together: what was deleted within the last window is added to what is planned, and to what there was to delete.
//!
//! A plan that shrinks below the limit because records of it are wanted again is not let through at once: whatever took the others
//! (a definition that is installed anew, objects that are restored one after the other) is likely to bring them back, too.
//!
//! Pure: time is handed in, nothing outside is asked.

mod approvals;
mod limits;
mod recent;
#[cfg(test)]
mod tests;
mod withheld;

pub use approvals::{ApprovalHandle, Approvals, Ended, Request, approvals};
pub use limits::{GuardSettings, Limit, ZoneShare};
pub use withheld::Withheld;

use super::Applied;
use recent::Recent;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::time::Instant;
use zonewright_planner::{Change, DnsName, Plan, Record, RecordKey, Scope, SkipReason, ZoneId};
use zonewright_provider_kit::Zone;

/// A zone and how much of it is ours to delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock {
    /// The zone.
    pub zone: Zone,
    /// How many record sets of ours it holds, ownership records not counted; `None` while it cannot be read.
    pub owned: Option<usize>,
}

/// A plan that was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// Its zone.
    pub zone: ZoneId,
    /// The names to plan now: exactly those of the withheld deletes.
    pub names: BTreeSet<DnsName>,
    /// How many deletes it holds.
    pub deletes: usize,
}

/// Why a hash was not approved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApproveError {
    /// No withheld plan has this hash: it never existed, or what is withheld has changed since.
    #[error("no withheld plan has the hash {hash}; {}", list(.present))]
    Unknown {
        /// What was given.
        hash: String,
        /// What is withheld now.
        present: Vec<String>,
    },
    /// It was approved before. An approval counts once.
    #[error("{hash} has been approved before, and an approval counts once; {}", list(.present))]
    Spent {
        /// What was given.
        hash: String,
        /// What is withheld now.
        present: Vec<String>,
    },
}

fn list(present: &[String]) -> String {
    match present {
        [] => "nothing is withheld".to_owned(),
        present => format!("withheld now: {}", present.join(", ")),
    }
}

/// Stands between plan and provider, and remembers what it keeps back.
#[derive(Debug, Default)]
pub struct Guard {
    settings: GuardSettings,
    recent: Recent,
    withheld: BTreeMap<ZoneId, Arc<Withheld>>,
    /// Approved while they were withheld; gone as soon as they are not withheld any more.
    approved: BTreeSet<String>,
    /// Approved before anything was planned (`--approve-hash`).
    expected: BTreeSet<String>,
    /// Approved and let through, or withdrawn elsewhere.
    spent: BTreeSet<String>,
    /// Let through by approval and not yet reported as carried out.
    released: BTreeSet<(ZoneId, RecordKey)>,
}

impl Guard {
    /// A guard that has seen nothing yet.
    pub fn new(settings: GuardSettings) -> Self {
        let recent = Recent::new(settings.window);
        Self { settings, recent, ..Self::default() }
    }

    /// Approves hashes in advance: the first plan that has one is let through.
    pub fn expect(&mut self, hashes: impl IntoIterator<Item = String>) {
        self.expected.extend(hashes);
    }

    /// The hashes approved in advance that no plan has had.
    pub fn unmet(&self) -> impl Iterator<Item = &str> {
        self.expected.iter().map(String::as_str)
    }

    /// The zones of `--delete-guard-zone` that are none of these.
    pub fn unknown_zones(&self, zones: &[Zone]) -> Vec<&str> {
        let is_known = |own: &&ZoneShare| zones.iter().any(|zone| own.is_for(&zone.id, zone.name.as_ref()));
        self.settings.zones.iter().filter(|own| !is_known(own)).map(|own| own.zone.as_str()).collect()
    }

    /// Looks at a plan before it is carried out, and takes out the deletes of every zone where there are too many. `scope` is
    /// what was planned: what is withheld for other names stays withheld. `stock` has every zone there is; it is asked for
    /// only if the plan deletes anything or covers everything.
    pub fn review(
        &mut self,
        plan: &mut Plan,
        scope: Scope<'_>,
        stock: impl FnOnce() -> Vec<Stock>,
        now: Instant,
    ) {
        if !self.settings.enabled {
            return;
        }
        self.released.retain(|(_, key)| !scope.covers(&key.name));
        let mut planned: BTreeMap<ZoneId, Vec<&Record>> = BTreeMap::new();
        for record in plan.changes.iter().filter_map(counted) {
            planned.entry(record.zone.clone()).or_default().push(record);
        }
        let is_full = matches!(scope, Scope::All);
        if planned.is_empty() && self.withheld.is_empty() {
            return;
        }
        let stock = if is_full || !planned.is_empty() { Some(stock()) } else { None };
        let zones: BTreeSet<ZoneId> = self.withheld.keys().chain(planned.keys()).cloned().collect();
        for zone in zones {
            let planned = planned.get(&zone).map_or(&[][..], Vec::as_slice);
            self.review_zone(&zone, planned, scope, stock.as_deref(), now);
        }
        let withheld = &self.withheld;
        plan.withhold(|change| {
            let zone = &counted(change)?.zone;
            let hash = withheld.get(zone)?.hash.clone();
            Some(SkipReason::Guarded { zone: zone.to_string(), hash })
        });
        let present: BTreeSet<&String> = self.withheld.values().map(|withheld| &withheld.hash).collect();
        self.approved.retain(|hash| present.contains(hash));
    }

    fn review_zone(
        &mut self,
        zone: &ZoneId,
        planned: &[&Record],
        scope: Scope<'_>,
        stock: Option<&[Stock]>,
        now: Instant,
    ) {
        let found = stock.and_then(|stock| stock.iter().find(|stock| stock.zone.id == *zone));
        let before = self.withheld.remove(zone);
        if stock.is_some() && found.is_none() && planned.is_empty() {
            return;
        }
        // Of a zone that cannot be read nothing was planned.
        let is_planned = |name| scope.covers(name) && found.is_none_or(|stock| stock.owned.is_some());
        let old = before.iter().flat_map(|before| &before.deletes);
        let mut deletes: Vec<Record> = old.filter(|record| !is_planned(&record.name)).cloned().collect();
        let is_whole = deletes.is_empty();
        deletes.extend(planned.iter().map(|record| (*record).clone()));
        let owned = found.and_then(|stock| stock.owned).or(before.as_ref().map(|before| before.owned));
        let owned = owned.unwrap_or(deletes.len());
        let name = found.map_or(before.as_ref().and_then(|b| b.zone_name.clone()), |s| s.zone.name.clone());
        let recent = self.recent.count(zone, now);
        let returned = before.as_ref().and_then(|before| before.returned_by(now, &deletes));
        let is_returning = returned.is_some_and(|at| now.duration_since(at) < self.settings.recovery())
            && !deletes.is_empty();
        let limit = match self.settings.exceeded(zone, name.as_ref(), deletes.len() + recent, owned + recent)
        {
            Some(limit) => limit,
            None if is_returning => Limit::Recovery(self.settings.recovery()),
            None if is_whole => return,
            // What is withheld for names that were not planned cannot be let through now; a plan that has all can.
            None => before.map_or(Limit::Share(self.settings.share), |before| before.limit),
        };
        let zone_name = name;
        let hash = String::new();
        let mut withheld =
            Withheld { zone: zone.clone(), zone_name, hash, deletes, owned, recent, limit, returned };
        withheld.settle(&self.spent);
        if is_whole && (self.approved.remove(&withheld.hash) || self.expected.remove(&withheld.hash)) {
            self.released.extend(withheld.deletes.iter().map(|record| (zone.clone(), record.key())));
            self.spent.insert(withheld.hash);
            return;
        }
        self.withheld.insert(zone.clone(), Arc::new(withheld));
    }

    /// Notes what became of a plan. Deletes that were approved do not count towards the limit of what follows, and a record that
    /// is back is not missing any more.
    pub fn note_applied(&mut self, applied: &[Applied], now: Instant) {
        for done in applied {
            let change = &done.change.change;
            match (counted(change), &done.outcome) {
                (Some(record), outcome) => {
                    let was_released = self.released.remove(&(record.zone.clone(), record.key()));
                    if outcome.is_ok() && !was_released {
                        self.recent.deleted(&record.zone, record.key(), now);
                    }
                }
                (None, Ok(())) if change.action() == "create" => {
                    self.recent.created(&done.zone, &change.key())
                }
                _ => {}
            }
        }
    }

    /// Somebody else decides from now on. What was deleted and what was spent is still true.
    pub fn forget(&mut self) {
        self.withheld.clear();
        self.approved.clear();
        self.released.clear();
    }

    /// What is withheld, by zone.
    pub fn withheld(&self) -> Vec<Arc<Withheld>> {
        self.withheld.values().cloned().collect()
    }

    /// Approves one withheld plan. It is let through by the next review of a plan that holds exactly these deletes and no other of
    /// their zone; the names to plan for that are in the answer.
    ///
    /// # Errors
    /// When nothing that is withheld has this hash.
    pub fn approve(&mut self, hash: &str) -> Result<Approved, ApproveError> {
        let Some(withheld) = self.withheld.values().find(|withheld| withheld.hash == hash) else {
            let hash = hash.to_owned();
            let present = self.withheld.values().map(|withheld| withheld.hash.clone()).collect();
            return Err(match self.spent.contains(&hash) {
                true => ApproveError::Spent { hash, present },
                false => ApproveError::Unknown { hash, present },
            });
        };
        self.approved.insert(hash.to_owned());
        Ok(Approved {
            zone: withheld.zone.clone(),
            names: withheld.deletes.iter().map(|record| record.name.clone()).collect(),
            deletes: withheld.deletes.len(),
        })
    }

    /// Learns of approvals that were used up before this process began. A withheld plan that has one of these hashes gets another.
    pub fn note_spent(&mut self, hashes: impl IntoIterator<Item = String>) {
        // What is approved here and not yet let through is not used up, whatever is written elsewhere.
        self.spent.extend(hashes.into_iter().filter(|hash| !self.approved.contains(hash)));
        for withheld in self.withheld.values_mut() {
            if self.spent.contains(&withheld.hash) {
                Arc::make_mut(withheld).settle(&self.spent);
            }
        }
    }
}

/// The record that a change deletes without anything taking its place.
fn counted(change: &Change) -> Option<&Record> {
    match change {
        // An ownership record that is left over is no record of ours in the sense of the guard.
        Change::Delete { old, reason } if !reason.is_replaced() && !reason.is_of_a_row() => Some(old),
        // The record stays, because others share it; and yet nothing of ours resolves any more.
        Change::Update { old, .. } if change.withdraws_share() => Some(old),
        _ => None,
    }
}

//! What went wrong lately, and what is therefore left alone for a while: zones that fail, records that are refused, records that
//! somebody else fights over. Nothing here does anything; the loop asks before each step and tells after it.
//!
//! ```text
//! may_read(zone)? ── listing ──> note_read ── plan ──> hold_back ── manner(zone), writes ──> note
//!                                                          next_due, due_names: when to plan what again
//! ```
//!
//! The clock is handed in, so that tests simulate days.

mod fights;
mod pause;
mod quarantine;
#[cfg(test)]
mod tests;
mod zone_health;

pub use fights::Fight;
pub use quarantine::Refused;

use super::{Applied, apply::Manner};
use fights::Fights;
use pause::Jitter;
use quarantine::Quarantine;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;
use zone_health::ZoneHealth;
use zonewright_planner::{Change, DnsName, Plan, RecordKey, RecordType, Scope, SkipReason, ZoneId};
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone, zone_of_new};

/// A record set in a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The zone.
    pub zone: ZoneId,
    /// The record set.
    pub key: RecordKey,
}

impl Site {
    /// Where a change takes place; `None` for a new record outside of all zones.
    fn of(zones: &[Zone], change: &Change) -> Option<Self> {
        let zone = match change {
            Change::Create { new, .. } => zone_of_new(zones, new)?.id.clone(),
            Change::Update { old, .. } | Change::Delete { old, .. } => old.zone.clone(),
        };
        Some(Self::in_zone(zone, change))
    }

    fn in_zone(zone: ZoneId, change: &Change) -> Self {
        let key = change.key();
        Self { zone, key }
    }

    /// One for all record sets of the name.
    fn name_only(&self) -> Self {
        let key = RecordKey {
            name: self.key.name.clone(),
            record_type: RecordType::A,
            set_identifier: Default::default(),
        };
        Self { zone: self.zone.clone(), key }
    }
}

/// The memory of failures.
#[derive(Debug)]
pub struct Faults {
    zones: ZoneHealth,
    quarantine: Quarantine,
    fights: Fights,
    jitter: Jitter,
    looked_at: Option<Instant>,
    /// The zones that are being written to, with the failure that says most about how long to wait.
    sent: BTreeMap<ZoneId, Option<ProviderError>>,
}

impl Faults {
    /// No failures yet. Zones wait no longer than `interval`; `seed` spreads the attempts of many instances.
    pub fn new(interval: Duration, seed: u64) -> Self {
        Self {
            zones: ZoneHealth::new(interval),
            quarantine: Quarantine::default(),
            fights: Fights::default(),
            jitter: Jitter::new(seed),
            looked_at: None,
            sent: BTreeMap::new(),
        }
    }

    /// Whether a zone may be listed now; if not, the failure that it rests from.
    ///
    /// # Errors
    /// The zone is to be left alone.
    pub fn may_read(&self, zone: &ZoneId, now: Instant) -> Result<(), ProviderError> {
        self.zones.read_waits(zone, now).map_or(Ok(()), |why| Err(why.clone()))
    }

    /// A zone was listed, or could not be.
    pub fn note_read(&mut self, zone: &ZoneId, result: Result<(), &ProviderError>, now: Instant) {
        self.zones.was_read(zone, result, now, &mut self.jitter);
    }

    /// Takes out of a plan what is to be left alone, and lists it there with the reason. Also notices what has been put right:
    /// what is no longer planned although `scope` covers it and its zone is among `zones`, those that the plan is about.
    pub fn hold_back(
        &mut self,
        plan: &mut Plan,
        zones: &[Zone],
        scope: Scope<'_>,
        now: Instant,
    ) -> Vec<Change> {
        self.looked_at = Some(now);
        let remembers = !self.quarantine.is_empty() || !self.fights.is_empty();
        if !remembers && self.zones.is_empty() {
            return Vec::new();
        }
        let sites: Vec<Option<Site>> = match remembers {
            true => plan.changes.iter().map(|change| Site::of(zones, change)).collect(),
            false => Vec::new(),
        };
        if remembers {
            self.compare(plan, &sites, zones, scope, now);
        }
        let planned = sites.iter().zip(&plan.changes);
        let renewed =
            self.quarantine.renewed(planned.filter_map(|(site, change)| Some((site.as_ref()?, change))));
        let mut sites = sites.into_iter();
        plan.withhold(|change| {
            let site = sites.next().flatten();
            if let Some(reason) = self.zone_waits(zones, change, now) {
                return Some(reason);
            }
            let site = site?;
            self.quarantine.reason(&site, &renewed, now).or_else(|| self.fights.reason(&site, change, now))
        })
    }

    fn compare(
        &mut self,
        plan: &Plan,
        sites: &[Option<Site>],
        zones: &[Zone],
        scope: Scope<'_>,
        now: Instant,
    ) {
        for (site, change) in sites.iter().zip(&plan.changes) {
            if let Some(site) = site {
                self.fights.planned(site, change, now, &mut self.jitter);
            }
        }
        let covered =
            |site: &Site| scope.covers(&site.key.name) && zones.iter().any(|zone| zone.id == site.zone);
        let planned: BTreeSet<&Site> = sites.iter().flatten().collect();
        self.quarantine.compare(&planned, covered);
        self.fights.forget(&planned, covered, now);
    }

    fn zone_waits(&self, zones: &[Zone], change: &Change, now: Instant) -> Option<SkipReason> {
        let zone = match change {
            Change::Create { new, .. } => &zone_of_new(zones, new)?.id,
            Change::Update { old, .. } | Change::Delete { old, .. } => &old.zone,
        };
        let why = self.zones.write_waits(zone, now)?;
        Some(SkipReason::ZoneWaiting { zone: zone.to_string(), why: why.to_string() })
    }

    /// How to write to a zone.
    pub fn manner(&self, zone: &ZoneId) -> Manner {
        Manner { hunt: self.zones.hunts(zone), suspects: self.quarantine.names(zone) }
    }

    /// What became of some of the changes that were sent. What that means for their zones is for [`Self::note_zones`] to say, after
    /// the last of them.
    pub fn note(&mut self, applied: &[Applied], now: Instant) {
        for done in applied {
            let failure = self.sent.entry(done.zone.clone()).or_default();
            let change = &done.change.change;
            let site = Site::in_zone(done.zone.clone(), change);
            match &done.outcome {
                Ok(()) => {
                    self.quarantine.succeeded(&site);
                    self.fights.wrote(&site, change, now);
                }
                Err(why) => {
                    if done.own_fault {
                        self.quarantine.refused(site, change, why, now, &mut self.jitter);
                    } else if failure.as_ref().is_none_or(|other| weight(other) < weight(why)) {
                        *failure = Some(why.clone());
                    }
                }
            }
        }
    }

    /// Everything that a run had to send has been sent.
    pub fn note_zones(&mut self, now: Instant) {
        for (zone, failure) in std::mem::take(&mut self.sent) {
            match failure {
                Some(why) => self.zones.failed(&zone, &why, now, &mut self.jitter),
                None => self.zones.was_written(&zone),
            }
        }
    }

    /// The next instant at which something may be tried that waits now; `None` when nothing does. What was due at the last
    /// [`Self::hold_back`] or [`Self::woken`] does not count.
    pub fn next_due(&self) -> Option<Instant> {
        let records = self.quarantine.iter().map(|(_, refused)| refused.next_try);
        let fights = self.fights.iter().map(|(_, fight)| fight.next_try);
        let dues = records.chain(fights).chain(self.zones.dues());
        dues.filter(|due| self.looked_at.is_none_or(|looked| *due > looked)).min()
    }

    /// It is [`Self::next_due`]. Whether a whole zone may be tried again, which takes a full run; otherwise planning
    /// [`Self::due_names`] will do.
    pub fn woken(&mut self, now: Instant) -> bool {
        let before = self.looked_at;
        self.looked_at = before.max(Some(now));
        self.zones.dues().any(|due| due <= now && before.is_none_or(|before| due > before))
    }

    /// The names of single records that may be tried again: to be planned along with those that an event touched.
    pub fn due_names(&self, now: Instant) -> BTreeSet<DnsName> {
        let records = self.quarantine.iter().map(|(site, refused)| (site, refused.next_try));
        let fights = self.fights.iter().map(|(site, fight)| (site, fight.next_try));
        records.chain(fights).filter(|(_, due)| *due <= now).map(|(site, _)| site.key.name.clone()).collect()
    }

    /// The zones that are left alone for a while, until when and why. A pause may have ended without an attempt since.
    pub fn resting(&self) -> impl Iterator<Item = (&ZoneId, Instant, &ProviderError)> {
        self.zones.resting()
    }

    /// The records that the provider refuses.
    pub fn refused(&self) -> impl Iterator<Item = (&Site, &Refused)> {
        self.quarantine.iter()
    }

    /// The records that somebody else keeps changing back.
    pub fn fought(&self) -> impl Iterator<Item = (&Site, &Fight)> {
        self.fights.iter()
    }
}

/// Of several failures of a zone, the one that says most about how long to wait.
fn weight(error: &ProviderError) -> u8 {
    match error.class() {
        ErrorClass::Throttled { retry_after: Some(_) } => 4,
        ErrorClass::Throttled { retry_after: None } | ErrorClass::Auth => 3,
        ErrorClass::Unavailable if error.is_outcome_unknown() => 2,
        ErrorClass::Unavailable => 1,
        ErrorClass::InvalidRecord | ErrorClass::Conflict | ErrorClass::Permanent => 0,
    }
}

//! How much may be deleted.

use std::fmt;
use std::time::Duration;
use zonewright_planner::{DnsName, ZoneId};

/// How much may be deleted in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSettings {
    /// `--delete-guard`.
    pub enabled: bool,
    /// `--delete-guard-share`: percent of the records we own in a zone. With 100 only [`GuardSettings::max`] limits.
    pub share: u32,
    /// `--delete-guard-floor`: zones in which we own fewer records have no share to keep to.
    pub floor: usize,
    /// `--delete-guard-max`: a number of records of a zone, whatever the share; 0 for none.
    pub max: usize,
    /// `--delete-guard-zone`: shares of single zones.
    pub zones: Vec<ZoneShare>,
    /// How long what was deleted counts together with what is planned: the time between two full plans.
    pub window: Duration,
}

/// The share of one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneShare {
    /// The zone's name, or the provider's id of it.
    pub zone: String,
    /// Percent.
    pub share: u32,
}

/// What is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// This many percent of what we own.
    Share(u32),
    /// This many records.
    Max(usize),
    /// None by number any more: some of the withheld records were wanted again less than this long ago.
    Recovery(Duration),
}

/// How long after the return of a withheld record the others are waited for, at least. Whoever restores objects does so within
/// seconds, a pipeline within a minute.
const RECOVERY: Duration = Duration::from_secs(60);

impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            share: 30,
            floor: 10,
            max: 0,
            zones: Vec::new(),
            window: Duration::from_secs(60),
        }
    }
}

impl GuardSettings {
    /// How long after the return of a withheld record the others are waited for.
    pub(super) fn recovery(&self) -> Duration {
        self.window.max(RECOVERY)
    }

    /// The limit that so many deletes of so many records exceed.
    pub(super) fn exceeded(
        &self,
        zone: &ZoneId,
        name: Option<&DnsName>,
        deletes: usize,
        owned: usize,
    ) -> Option<Limit> {
        if self.max > 0 && deletes > self.max {
            return Some(Limit::Max(self.max));
        }
        let share = self.share_of(zone, name);
        let is_over = owned >= self.floor && deletes * 100 > owned * share as usize;
        is_over.then_some(Limit::Share(share))
    }

    fn share_of(&self, zone: &ZoneId, name: Option<&DnsName>) -> u32 {
        let own = self.zones.iter().find(|own| own.is_for(zone, name));
        own.map_or(self.share, |own| own.share)
    }
}

impl ZoneShare {
    /// Whether this is about a zone.
    pub fn is_for(&self, zone: &ZoneId, name: Option<&DnsName>) -> bool {
        self.zone == zone.as_str()
            || name.is_some_and(|name| DnsName::parse(&self.zone).is_ok_and(|own| own == *name))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(percent) => write!(f, "more than {percent} %"),
            Self::Max(count) => write!(f, "more than {count}"),
            Self::Recovery(time) => {
                let time = time.as_secs();
                write!(f, "and others that were withheld came back less than {time} s ago, as these may, too")
            }
        }
    }
}

//! What people and programs get to see of the state: pure functions from what the loop knows to view models, which HTML, JSON and
//! text then show without adding anything.
//!
//! ```text
//! World, Notes (board), sources ── Scene ──┬─> Overview ──────┐
//!                           query ─────────┼─> Table of rows ─┼─> HTML (status page), JSON (/api/), text (explain)
//!                           name ──────────┴─> Explanation ───┘
//! ```
//!
//! A view never holds more than one page of records, however many there are.

pub mod explain;
pub mod html;
mod overview;
mod records;
mod state;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use overview::{Overview, overview};
pub use records::{PAGE, Query, Row, Table, table};
pub use state::{ALL_STATES, State, advice};

use crate::sources::SourceStatus;
use crate::sync::board::Notes;
use crate::sync::leadership::Standing;
use crate::sync::{PlanSettings, World};
use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use zonewright_planner::{DnsName, ObjectRef, ZoneId};
use zonewright_provider_kit::{Zone, zone_for};
use zonewright_registry::Registry;

/// The rules that do not change while the process runs.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What a plan depends on.
    pub settings: PlanSettings,
    /// Who we are, and where ownership records stand.
    pub registry: Arc<Registry>,
    /// The `--provider` value.
    pub provider: String,
    /// Where records of a name stand.
    pub homes: HomesOf,
}

/// How a provider spreads names over zones.
#[derive(Clone)]
pub struct HomesOf(Arc<FindHomes>);

type FindHomes = dyn Fn(&[Zone], &DnsName) -> Option<Vec<ZoneId>> + Send + Sync;

impl HomesOf {
    /// As [`ReadZones::homes`](zonewright_provider_kit::ReadZones::homes) of the provider does it.
    pub fn new(homes: impl Fn(&[Zone], &DnsName) -> Option<Vec<ZoneId>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(homes))
    }

    /// The zones in which records of a name stand: nearly always one, several with a split horizon.
    fn among<'a>(&self, zones: &'a [Zone], name: &DnsName) -> Vec<&'a Zone> {
        match (self.0)(zones, name) {
            Some(homes) => zones.iter().filter(|zone| homes.contains(&zone.id)).collect(),
            None => zone_for(zones, name).into_iter().collect(),
        }
    }
}

impl fmt::Debug for HomesOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HomesOf")
    }
}

/// Everything that a view is made of, at one moment.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What exists.
    pub world: &'a World,
    /// What the loop decided and did.
    pub notes: &'a Notes,
    /// How complete the sources are.
    pub sources: &'a [SourceStatus],
    /// The rules.
    pub rules: &'a Rules,
    /// Which replica writes; `None` without an election.
    pub standing: Option<&'a Standing>,
    /// What time it is.
    pub clock: Clock,
}

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// For pauses and ages.
    pub now: Instant,
    /// For people.
    pub wall: SystemTime,
}

impl Clock {
    /// This moment.
    pub fn now() -> Self {
        Self { now: Instant::now(), wall: SystemTime::now() }
    }

    /// When something of the past was.
    fn past(&self, at: Instant) -> SystemTime {
        self.wall.checked_sub(self.now.saturating_duration_since(at)).unwrap_or(self.wall)
    }

    /// When something will be; `None` once it is over.
    fn future(&self, at: Instant) -> Option<SystemTime> {
        let rest = at.checked_duration_since(self.now).filter(|rest| !rest.is_zero())?;
        self.wall.checked_add(rest)
    }

    /// `3 minutes ago`, `in 20 s`.
    pub fn relative(&self, at: SystemTime) -> String {
        match self.wall.duration_since(at) {
            Ok(ago) if ago < Duration::from_secs(1) => "just now".to_owned(),
            Ok(ago) => format!("{} ago", roughly(ago)),
            Err(error) => format!("in {}", roughly(error.duration())),
        }
    }
}

/// A duration in its largest unit.
fn roughly(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A moment as RFC 3339 has it, in whole seconds.
fn timestamp(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX))
        .map(|moment| moment.to_string())
        .unwrap_or_default()
}

fn zone_text(zone: &Zone) -> String {
    zone.name.as_ref().map_or(zone.id.to_string(), DnsName::to_unicode)
}

/// The same, with the id where another zone has the same name (split horizon).
fn zone_text_among(zone: &Zone, world: &World) -> String {
    let mut all = world.zones.iter().chain(world.unreadable.iter().map(|(zone, _)| zone));
    let has_twin = zone.name.is_some() && all.any(|other| other.id != zone.id && other.name == zone.name);
    match has_twin {
        true => format!("{} ({})", zone_text(zone), zone.id),
        false => zone_text(zone),
    }
}

fn object_texts(objects: &[Arc<ObjectRef>]) -> Vec<String> {
    objects.iter().map(ToString::to_string).collect()
}

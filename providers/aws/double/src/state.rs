//! Everything that the double remembers.

use crate::access::Access;
use crate::alias_zones::AliasZones;
use crate::cloud_map::CloudMap;
use crate::error::{ApiError, BatchErrorForm};
use crate::faults::Faults;
use crate::log::Log;
use crate::name::Name;
use crate::rate::Bucket;
use crate::zone::Zone;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// The time since some moment in the past.
pub(crate) type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What everybody looks at.
pub(crate) type Shared = zonewright_double::Shared<State>;

/// A change batch that was taken.
pub(crate) struct Submitted {
    pub(crate) account: String,
    pub(crate) at: Duration,
    pub(crate) timestamp: String,
    pub(crate) comment: Option<String>,
}

pub(crate) struct State {
    pub(crate) zones: BTreeMap<String, Zone>,
    pub(crate) submitted: BTreeMap<String, Submitted>,
    pub(crate) health_checks: BTreeSet<String>,
    pub(crate) refused: BTreeMap<Name, String>,
    pub(crate) alias_zones: AliasZones,
    pub(crate) access: Access,
    pub(crate) cloud_map: CloudMap,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) rate: Option<u32>,
    pub(crate) buckets: HashMap<String, Bucket>,
    /// How long a change batch takes, and how long until the name servers have it.
    pub(crate) change_time: Duration,
    pub(crate) sync_time: Duration,
    pub(crate) batch_errors: BatchErrorForm,
    pub(crate) last_id: u64,
}

impl State {
    pub(crate) fn new(clock: Clock) -> Self {
        State {
            zones: BTreeMap::new(),
            submitted: BTreeMap::new(),
            health_checks: BTreeSet::new(),
            refused: BTreeMap::new(),
            alias_zones: AliasZones::default(),
            access: Access::default(),
            cloud_map: CloudMap::default(),
            faults: Faults::default(),
            log: Log::default(),
            clock,
            rate: None,
            buckets: HashMap::new(),
            change_time: Duration::ZERO,
            sync_time: Duration::ZERO,
            batch_errors: BatchErrorForm::default(),
            last_id: 0,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        (self.clock)()
    }

    /// A number that was not given out before.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Refuses where an account asks too often.
    pub(crate) fn throttle(&mut self, account: &str) -> Result<(), ApiError> {
        let (Some(rate), now) = (self.rate, self.now()) else { return Ok(()) };
        let bucket = self.buckets.entry(account.to_owned()).or_insert_with(|| Bucket::full(rate, now));
        match bucket.take(rate, now) {
            true => Ok(()),
            false => Err(ApiError::new(400, "Throttling", "Rate exceeded")),
        }
    }

    /// A zone of this account.
    pub(crate) fn zone(&self, account: &str, id: &str) -> Result<&Zone, ApiError> {
        let zone = self.zones.get(id).filter(|zone| zone.account == account);
        zone.ok_or_else(|| ApiError::no_such_zone(id))
    }
}

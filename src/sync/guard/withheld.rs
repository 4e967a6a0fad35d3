//! A withheld plan: the deletes of one zone, and the hash that stands for exactly these.

use super::Limit;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt::{self, Write};
use tokio::time::Instant;
use zonewright_planner::{DnsName, Record, RecordKey, ZoneId};

/// Hexadecimal digits of a hash: short enough to be typed, and 2^48 are more than anybody withholds.
const DIGITS: usize = 12;
/// Names in a log line; the rest is counted.
const NAMED: usize = 3;

/// The deletes of one zone that wait for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The zone.
    pub zone: ZoneId,
    /// The zone's apex, where the provider says it.
    pub zone_name: Option<DnsName>,
    /// What to approve.
    pub hash: String,
    /// What would be deleted, sorted by name, type, set identifier and targets.
    pub deletes: Vec<Record>,
    /// How many records of the zone are ours.
    pub owned: usize,
    /// How many more were deleted within the window.
    pub recent: usize,
    /// What is exceeded.
    pub limit: Limit,
    /// When a record that was withheld here was last wanted again.
    pub returned: Option<Instant>,
}

impl Withheld {
    /// Sorts the deletes and gives them their hash. A set that was approved, and has to be withheld again because the provider would
    /// not delete it or because it came back, gets a hash of its own each time: one approval counts once.
    pub(super) fn settle(&mut self, spent: &BTreeSet<String>) {
        self.deletes.sort_by(|a, b| (a.key(), &a.targets).cmp(&(b.key(), &b.targets)));
        let text = canonical(&self.zone, &self.deletes);
        self.hash =
            (0_u64..).map(|round| hash(&text, round)).find(|hash| !spent.contains(hash)).unwrap_or_default();
    }

    /// When a record of these was last wanted again, given what would be deleted now.
    pub(super) fn returned_by(&self, now: Instant, deletes: &[Record]) -> Option<Instant> {
        let keys: BTreeSet<RecordKey> = deletes.iter().map(Record::key).collect();
        let is_complete = self.deletes.iter().all(|record| keys.contains(&record.key()));
        if is_complete { self.returned } else { Some(now) }
    }

    /// The zone as people call it.
    pub fn zone_text(&self) -> &str {
        self.zone_name.as_ref().map_or(self.zone.as_str(), DnsName::as_str)
    }

    /// `35 of 40 records of zone example.org that are ours would be deleted, more than 30 %`.
    pub fn why(&self) -> String {
        let recent = match self.recent {
            0 => String::new(),
            recent => format!(" ({recent} more were deleted just before)"),
        };
        let (deletes, owned, zone, limit) = (self.deletes.len(), self.owned, self.zone_text(), self.limit);
        format!("{deletes} of the {owned} records of ours in zone {zone} would be deleted{recent}, {limit}")
    }
}

/// Everything that an operator has to know: what, why, and how to let it through.
impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<&str> = self.deletes.iter().map(|record| record.name.as_str()).collect();
        names.dedup();
        write!(
            f,
            "the delete guard withholds deletes: {}: {}",
            self.why(),
            names[..names.len().min(NAMED)].join(", ")
        )?;
        if names.len() > NAMED {
            write!(f, " and {} more names", names.len() - NAMED)?;
        }
        write!(
            f,
            ". Creates and updates go on. To let exactly these deletes through: zonewright approve {hash} (or \
             --approve-hash={hash} with --once)",
            hash = self.hash
        )
    }
}

/// The text that a hash is of. Whatever could be read in two ways is quoted.
fn canonical(zone: &ZoneId, deletes: &[Record]) -> String {
    let mut text = format!("zone {:?}\n", zone.as_str());
    for record in deletes {
        let mut targets: Vec<String> = record.targets.iter().map(ToString::to_string).collect();
        targets.sort();
        let owner = record.labels.owner().unwrap_or_default();
        let (name, record_type, set) = (&record.name, &record.record_type, &record.set_identifier);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name} {record_type} {set:?} {targets:?} {owner:?}");
    }
    text
}

fn hash(text: &str, round: u64) -> String {
    let mut hasher = Sha256::new();
    hasher.update(text);
    if round > 0 {
        hasher.update(format!("approved before: {round}\n"));
    }
    let digits = hasher.finalize().iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    digits.chars().take(DIGITS).collect()
}

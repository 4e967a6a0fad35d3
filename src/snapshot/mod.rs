//! Snapshots: what zones hold, as a file, and what has to be done to make them hold it again.
//!
//! ```text
//! listing ── take() ──> Snapshot ── json | zone_file ──> text ──> Snapshot ── restore ──> wishes, and what is left alone
//! ```
//!
//! Everything here is pure. A snapshot is the same for whoever takes it, and of the same records it is the same, byte by byte. What is
//! restored goes through the same plan, guard, registry and provider as all that the daemon does.

pub mod json;
pub mod restore;
mod take;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod zone_file;

pub use take::{Listed, take};

use std::collections::BTreeMap;
use zonewright_planner::{DnsName, Endpoint, Labels, Owner, Properties, RecordKey, RecordType, Target, Ttl};

/// What zones hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The `--provider` value it was taken with; empty in a zone file that somebody else wrote.
    pub provider: String,
    /// The `--registry` value it was taken with; empty as above.
    pub registry: String,
    /// By name, then by id.
    pub zones: Vec<ZoneContents>,
}

/// What one zone holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneContents {
    /// The provider's id of it.
    pub id: String,
    /// Its name; `None` where the provider does not say it.
    pub name: Option<DnsName>,
    /// By name, type and set identifier.
    pub records: Vec<Kept>,
    /// What stood there and could not be understood, so that it is not among the records.
    pub not_understood: Vec<String>,
}

/// A record set as a snapshot has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: DnsName,
    /// Its type.
    pub record_type: RecordType,
    /// Empty for plain ones.
    pub set_identifier: String,
    /// Its TTL.
    pub ttl: Ttl,
    /// What it points at, sorted.
    pub targets: Vec<Target>,
    /// Settings of the provider.
    pub properties: BTreeMap<String, String>,
    /// Whose it is; `None` for nobody's, for one that owners share, and for ownership records.
    pub owner: Option<Owner>,
    /// What else its ownership record says.
    pub labels: BTreeMap<String, String>,
    /// What each owner says that it puts into it, if owners share it.
    pub shares: Vec<KeptShare>,
    /// Whether it is an ownership record, and of what.
    pub vouches: Vouches,
}

/// What one owner puts into a record that owners share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptShare {
    /// The owner.
    pub owner: Owner,
    /// What it adds.
    pub targets: Vec<Target>,
    /// The TTL that it asks for.
    pub ttl: Ttl,
    /// The object behind it.
    pub resource: Option<String>,
}

/// Whether a record is an ownership record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Vouches {
    /// It is a record like any other.
    #[default]
    No,
    /// It is one; in an older form, so that it is not sure of what, or of a record that does not exist.
    Somehow,
    /// It is the one of this record.
    For(DnsName, RecordType),
}

impl Snapshot {
    /// How many record sets there are, ownership records included.
    pub fn len(&self) -> usize {
        self.zones.iter().map(|zone| zone.records.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts everything into its one order.
    fn sort(&mut self) {
        self.zones.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        for zone in &mut self.zones {
            zone.records.sort_by(|a, b| a.order().cmp(&b.order()));
        }
    }
}

impl ZoneContents {
    /// The zone as people call it.
    pub fn shown(&self) -> String {
        match &self.name {
            Some(name) if name.as_str() != self.id => format!("{name} ({})", self.id),
            _ => self.id.clone(),
        }
    }
}

impl Kept {
    /// A record set about which nothing more is known than what a zone file says.
    pub fn plain(name: DnsName, record_type: RecordType, ttl: Ttl, mut targets: Vec<Target>) -> Self {
        targets.sort();
        targets.dedup();
        Self {
            name,
            record_type,
            set_identifier: String::new(),
            ttl,
            targets,
            properties: BTreeMap::new(),
            owner: None,
            labels: BTreeMap::new(),
            shares: Vec::new(),
            vouches: Vouches::No,
        }
    }

    fn order(&self) -> (&DnsName, &RecordType, &str) {
        (&self.name, &self.record_type, &self.set_identifier)
    }

    /// What tells it apart in its zone.
    pub fn key(&self) -> RecordKey {
        RecordKey {
            name: self.name.clone(),
            record_type: self.record_type.clone(),
            set_identifier: self.set_identifier.as_str().into(),
        }
    }

    /// Whether it is an ownership record.
    pub fn is_row(&self) -> bool {
        self.vouches != Vouches::No
    }

    /// Whether it is what belongs to the zone itself, and comes and goes with it: its SOA record and its name servers.
    pub fn is_of_zone(&self, zone: Option<&DnsName>) -> bool {
        let is_soa = matches!(&self.record_type, RecordType::Other(other) if &**other == "SOA");
        zone == Some(&self.name) && (is_soa || self.record_type == RecordType::Ns)
    }

    /// Its settings for the provider.
    pub fn settings(&self) -> Properties {
        self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The wish for it to be as it is here, with what its ownership record says beside the owner.
    pub fn wish(&self) -> Endpoint {
        let mut wish = Endpoint::from_parts(
            self.name.clone(),
            self.record_type.clone(),
            self.targets.clone(),
            self.settings(),
        )
        .with_set_identifier(self.set_identifier.as_str())
        .with_ttl(self.ttl);
        wish.labels = self.labels.iter().collect::<Labels>();
        wish
    }
}

//! Ownership registries: who owns which record.
//!
//! ```text
//! listing ── read() ──> Owned { records, rows, claims }       change ── decorate(change, rows) ──> ZoneChange
//! ```
//!
//! A registry neither talks to anyone nor remembers anything: what writing needs to know from reading is [`Rows`], which the
//! caller passes back. The one invariant: nothing is deleted or replaced that was not read.

mod aws_sd;
mod crypt;
mod names;
mod payload;
mod rows;
mod txt;

pub use aws_sd::AwsSdRegistry;
pub use crypt::NonceSource;
pub use rows::Rows;
pub use txt::{RegistryError, TxtRegistry, TxtSettings};

use std::collections::BTreeMap;
use zonewright_planner::{Change, DnsName, Endpoint, Leftover, OWNER, Owner, Record, RecordKey};
use zonewright_provider_kit::ZoneChange;

/// Who owns which record (`--registry`).
#[derive(Debug)]
pub enum Registry {
    /// Ownership rows: TXT records beside the records.
    Txt(Box<TxtRegistry>),
    /// The descriptions of Cloud Map services, which only provider `aws-sd` has.
    AwsSd(AwsSdRegistry),
    /// Nobody owns anything: everything in reach is ours to change.
    Noop,
}

/// A listing with ownership.
#[derive(Debug, Default)]
pub struct Owned {
    /// The records without the ownership rows, labelled by them.
    pub records: Vec<Record>,
    /// What writing needs to know about the rows.
    pub rows: Rows,
    /// Rows of other owners for records that do not exist: these records are theirs to create.
    pub claims: BTreeMap<RecordKey, Owner>,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

impl Registry {
    /// In whose name records are owned; `None` where everything is ours.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Txt(txt) => Some(txt.owner()),
            Self::AwsSd(aws_sd) => Some(aws_sd.owner()),
            Self::Noop => None,
        }
    }

    /// Tells records from ownership rows and notes on each record who owns it.
    pub fn read(&self, records: Vec<Record>) -> Owned {
        match self {
            Self::Txt(txt) => txt.read(records),
            Self::AwsSd(aws_sd) => aws_sd.read(records),
            Self::Noop => Owned { records, ..Owned::default() },
        }
    }

    /// Where the ownership row of a record stands in today's form, if it has one.
    pub fn row_name(&self, record: &Record) -> Option<DnsName> {
        match self {
            Self::Txt(txt) => txt.row_name(&record.name, &record.record_type),
            Self::AwsSd(_) | Self::Noop => None,
        }
    }

    /// Ownership rows of ours whose records do not exist, for [`zonewright_planner::Plan::tidy`]. Only such as are read in the
    /// form that is written today; older ones are left to older versions.
    pub fn leftovers(&self, rows: &Rows) -> Vec<Leftover> {
        match self {
            Self::Txt(txt) => txt.leftovers(rows),
            Self::AwsSd(aws_sd) => aws_sd.leftovers(rows),
            Self::Noop => Vec::new(),
        }
    }

    /// Adds to a change what has to be written about its ownership. `rows` must stem from the listing that was planned on.
    pub fn decorate(&self, change: Change, rows: &Rows) -> ZoneChange {
        match self {
            Self::Txt(txt) => txt.decorate(change, rows),
            Self::AwsSd(aws_sd) => aws_sd.decorate(change),
            Self::Noop => ZoneChange { change: with_owner_of_old(change), rows: Vec::new() },
        }
    }

    /// Decorates the changes of one plan, to be written in this order. Differs from [`Registry::decorate`] only where two
    /// records share one row (a wildcard and the host named like its replacement): the row is written once, and stays while
    /// one of them does.
    pub fn decorate_all(&self, changes: Vec<Change>, rows: &Rows) -> Vec<ZoneChange> {
        match self {
            Self::Txt(txt) => txt.decorate_all(changes, rows),
            Self::AwsSd(_) | Self::Noop => {
                changes.into_iter().map(|change| self.decorate(change, rows)).collect()
            }
        }
    }

    /// Whether ownership of a wish could be written down at all. What cannot be owned must not be created: it would stay for
    /// ever, and nobody could change it.
    ///
    /// # Errors
    /// Why not, and what helps.
    pub fn writable(&self, endpoint: &Endpoint) -> Result<(), String> {
        match self {
            Self::Txt(txt) => txt.writable(endpoint),
            Self::AwsSd(aws_sd) => aws_sd.writable(endpoint),
            Self::Noop => Ok(()),
        }
    }

    /// Whether a wish and its ownership row keep clear of the rows and TXT records that exist.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn keeps_clear(&self, endpoint: &Endpoint, rows: &Rows) -> Result<(), String> {
        match self {
            Self::Txt(txt) => txt.keeps_clear(endpoint, rows),
            Self::AwsSd(_) | Self::Noop => Ok(()),
        }
    }
}

/// An update carries the owner label of what it replaces, an empty one where nobody owns it: so ExternalDNS's webhook providers
/// see it (v0.22, `plan.inheritOwner`).
fn with_owner_of_old(mut change: Change) -> Change {
    if let Change::Update { old, new, .. } = &mut change {
        new.labels.set(OWNER, old.labels.owner().unwrap_or_default());
    }
    change
}

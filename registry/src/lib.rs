//! Ownership registries: who owns which record.
//!
//! ```text
//! listing ── read() ──> Owned { records, rows, claims }       change ── decorate(change, rows) ──> ZoneChange
//! ```
//!
//! A registry neither talks to anyone nor remembers anything: what writing needs to know from reading is [`Rows`], which the
//! caller passes back. The one invariant: nothing is deleted or replaced that was not read.
//!
//! Where ownership stands in a table beside DNS ([`TableRegistry`]) there is more to read and to write than the zone: `refresh` before
//! a listing is read, and [`WithRows`] around the writer of the zone. Both do nothing for the others.

mod aws_sd;
#[cfg(feature = "battery")]
pub mod battery;
mod crypt;
mod names;
mod payload;
mod rows;
mod table;
mod txt;

pub use aws_sd::AwsSdRegistry;
pub use crypt::NonceSource;
pub use rows::Rows;
pub use table::{
    Item, ReadTable, RowError, Statement, TableRegistry, TableSettings, WithRows, WriteTable, row_key,
};
pub use txt::{RegistryError, TxtRegistry, TxtSettings};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use zonewright_planner::{
    Change, DnsName, Endpoint, Leftover, OWNER, Owner, Record, RecordKey, SHARED, Shares,
};
use zonewright_provider_kit::{ProviderError, Zone, ZoneChange};

/// Who owns which record (`--registry`).
#[derive(Debug)]
pub enum Registry {
    /// Ownership rows: TXT records beside the records.
    Txt(Box<TxtRegistry>),
    /// The descriptions of Cloud Map services, which only provider `aws-sd` has.
    AwsSd(AwsSdRegistry),
    /// Ownership rows: a table beside DNS.
    Table(Box<TableRegistry>),
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
    /// Who says what of records that owners share.
    pub shares: Shares,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

impl Registry {
    /// In whose name records are owned; `None` where everything is ours.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Txt(txt) => Some(txt.owner()),
            Self::AwsSd(aws_sd) => Some(aws_sd.owner()),
            Self::Table(table) => Some(table.owner()),
            Self::Noop => None,
        }
    }

    /// Tells records from ownership rows and notes on each record who owns it.
    pub fn read(&self, records: Vec<Record>) -> Owned {
        match self {
            Self::Txt(txt) => txt.read(records),
            Self::AwsSd(aws_sd) => aws_sd.read(records),
            Self::Table(table) => table.read(records),
            Self::Noop => Owned { records, ..Owned::default() },
        }
    }

    /// Where the ownership row of a record stands in today's form, if it has one.
    pub fn row_name(&self, record: &Record) -> Option<DnsName> {
        match self {
            Self::Txt(txt) => txt.row_name(&record.name, &record.record_type),
            Self::AwsSd(_) | Self::Table(_) | Self::Noop => None,
        }
    }

    /// Ownership rows of ours whose records do not exist, for [`zonewright_planner::Plan::tidy`]. Only such as are read in the
    /// form that is written today; older ones are left to older versions.
    pub fn leftovers(&self, rows: &Rows) -> Vec<Leftover> {
        match self {
            Self::Txt(txt) => txt.leftovers(rows),
            Self::AwsSd(aws_sd) => aws_sd.leftovers(rows),
            Self::Table(table) => table.leftovers(rows),
            Self::Noop => Vec::new(),
        }
    }

    /// Adds to a change what has to be written about its ownership. `rows` must stem from the listing that was planned on.
    pub fn decorate(&self, change: Change, rows: &Rows) -> ZoneChange {
        match self {
            Self::Txt(txt) => txt.decorate(change, rows),
            Self::AwsSd(aws_sd) => aws_sd.decorate(change),
            Self::Table(table) => table.decorate(change, rows),
            Self::Noop => ZoneChange { change: with_owner_of_old(change), rows: Vec::new() },
        }
    }

    /// Decorates the changes of one plan, to be written in this order. Differs from [`Registry::decorate`] only where two
    /// records share one row (a wildcard and the host named like its replacement): the row is written once, and stays while
    /// one of them does.
    pub fn decorate_all(&self, changes: Vec<Change>, rows: &Rows) -> Vec<ZoneChange> {
        match self {
            Self::Txt(txt) => txt.decorate_all(changes, rows),
            Self::AwsSd(_) | Self::Table(_) | Self::Noop => {
                changes.into_iter().map(|change| self.decorate(change, rows)).collect()
            }
        }
    }

    /// Notes on a wish whether it is one for a record that is shared with other owners. `marked` is what its objects say about it.
    pub fn mark_shared(&self, endpoint: &mut Endpoint, marked: Option<bool>) {
        let is_shared = match self {
            Self::Txt(txt) => txt.is_shared(endpoint, marked),
            // Refused later.
            Self::AwsSd(_) | Self::Table(_) | Self::Noop => marked == Some(true),
        };
        if is_shared {
            endpoint.properties.set(SHARED, "true");
        }
    }

    /// Whether a record can be shared as it is wished for.
    ///
    /// # Errors
    /// Why not, and what helps.
    pub fn sharable(&self, endpoint: &Endpoint, zone: &Zone) -> Result<(), String> {
        match self {
            Self::Txt(txt) => txt.sharable(endpoint, zone),
            Self::AwsSd(_) | Self::Table(_) | Self::Noop => {
                Err("names are shared by way of ownership records, which need --registry=txt".to_owned())
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
            Self::Table(table) => table.writable(endpoint),
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
            Self::Table(table) => table.keeps_clear(endpoint, rows),
            Self::AwsSd(_) | Self::Noop => Ok(()),
        }
    }
}

/// What only a table needs: for the other registries there is nothing to do.
impl Registry {
    fn table(&self) -> Option<&TableRegistry> {
        match self {
            Self::Table(table) => Some(table),
            Self::Txt(_) | Self::AwsSd(_) | Self::Noop => None,
        }
    }

    /// Whether everything beside the zones need not be read again.
    pub fn is_trusted(&self, now: Instant) -> bool {
        self.table().is_none_or(|table| table.is_trusted(now))
    }

    /// Reads what stands beside the zones, unless it may still be trusted: before a listing is read. Gives the names at which it is not
    /// what was thought, so that what was read of them before counts no more.
    ///
    /// # Errors
    /// It cannot be read; what was known stays.
    pub async fn refresh(&self, now: Instant) -> Result<BTreeSet<DnsName>, ProviderError> {
        match self.table() {
            Some(table) => table.refresh(now).await,
            None => Ok(BTreeSet::new()),
        }
    }

    /// Forgets what stands beside the zones, because somebody else writes to it.
    pub fn forget(&self) {
        self.table().iter().for_each(|table| table.forget());
    }

    /// Takes note of all records that exist, once every zone was read.
    pub fn count<'a>(&self, records: impl Iterator<Item = &'a Record>) {
        if let Some(table) = self.table() {
            table.count(records);
        }
    }

    /// Grows whenever what stands beside the zones turns out to be something else.
    pub fn revision(&self) -> u64 {
        self.table().map_or(0, TableRegistry::revision)
    }

    /// What stands beside the zones and could not be made sense of.
    pub fn odd(&self) -> Vec<String> {
        self.table().map_or_else(Vec::new, TableRegistry::odd)
    }

    /// What the table beside the zones is called, if there is one.
    pub fn table_name(&self) -> Option<&str> {
        self.table().map(TableRegistry::name)
    }

    /// The key of the row that a record has beside the zones, if it has one there.
    pub fn table_key(&self, record: &Record) -> Option<String> {
        self.table()?.key_of(record)
    }

    /// Rows of other owners beside the zones: their names are taken, whether there are records or not.
    pub fn claims(&self) -> Option<Arc<BTreeMap<RecordKey, Owner>>> {
        Some(self.table()?.claims())
    }

    /// Rows of ours beside the zones whose records do not exist. In which zone those would be is for the caller to say.
    pub fn rows_without_record(&self) -> Vec<Leftover> {
        self.table().map_or_else(Vec::new, TableRegistry::rows_without_record)
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

//! Registries that keep ownership in a table beside DNS, one row per record: `registry/dynamodb` and `registry/crd` are the clients
//! of the two there are.
//!
//! ```text
//! ReadTable ── refresh() ──> Table ── read(listing) ──> Owned                       (survey)
//!                              ▲ │
//!               noted as done ─┘ └─> statements ──> WriteTable ┐
//! changes ── WithRows::apply ──> rows ──> the zone's own writer ──> rows            (write)
//! ```
//!
//! The [`Table`](contents::Table) here is to the table what the daemon's world is to the zones: read once, then kept up to date with
//! what is written. That it may be wrong does no harm: every statement is conditional, and one that fails makes it be read again. A
//! row is written before its record and removed after it, so that what ends half-way leaves a row too many and never a record that is
//! nobody's.
//!
//! Records that only have rows of registry `txt` are ours by those; the table gets a row with the next plan (`read.rs`).

mod contents;
mod read;
mod write;

pub use contents::{Item, Statement, row_key};
pub use write::WithRows;

use crate::txt::TxtRegistry;
use async_trait::async_trait;
use contents::{Owners, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};
use zonewright_planner::{DnsName, Leftover, ManagedTypes, Owner, Record, RecordKey, ZoneId};
use zonewright_provider_kit::ProviderError;

/// Reading a table is all that a preview can do.
#[async_trait]
pub trait ReadTable: Debug + Send + Sync {
    /// What the table is called in messages.
    fn name(&self) -> &str;

    /// Whether rows also say what their records are, and whether these stand where they should. Then every change of a record is written
    /// into its row as well, and what came of it ([`Statement::Mark`]).
    fn keeps_records(&self) -> bool {
        false
    }

    /// Every row, of whomever, as it stands now. All or an error.
    async fn read(&self) -> Result<Vec<Item>, ProviderError>;
}

/// Writing to a table.
#[async_trait]
pub trait WriteTable: Debug + Send + Sync {
    /// Carries out statements about different rows, each on its own, and says of each what came of it, in the same order.
    async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>>;
}

/// Why a statement was not carried out.
#[derive(Debug, Clone)]
pub enum RowError {
    /// There is a row of this key.
    Exists,
    /// The row is not there, or not this owner's.
    Changed,
    /// Anything else.
    Failed(ProviderError),
}

/// Everything the registry is told.
#[derive(Debug)]
pub struct TableSettings {
    /// The registry whose rows are read where the table has none, with our owner id.
    pub txt: TxtRegistry,
    /// The types in our care.
    pub managed: ManagedTypes,
    /// Whether rows of registry `txt` that are of no use any more are deleted.
    pub prunes_txt: bool,
    /// The table.
    pub reader: Arc<dyn ReadTable>,
}

/// Ownership in a table.
#[derive(Debug)]
pub struct TableRegistry {
    owners: Owners,
    txt: TxtRegistry,
    managed: ManagedTypes,
    prunes_txt: bool,
    reader: Arc<dyn ReadTable>,
    /// The table's name, shared by all records that are to get a row in it.
    shown_name: Arc<String>,
    known: Arc<Known>,
}

/// How long what was read is trusted while nothing speaks against it. Statements are conditional, so that this is only about rows that
/// vanish and names that others take. Reading 10,000 rows takes 400 read units, all that the smallest provisioned table has in 80 s.
const TRUSTED_FOR: Duration = Duration::from_secs(3600);

/// What is known of the table, shared by reader and writer.
#[derive(Debug, Default)]
struct Known(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    table: Table,
    odd: Vec<String>,
    read_at: Option<Instant>,
    /// Goes up with each reading that brings news.
    revision: u64,
}

impl Known {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        // A panic elsewhere does not make what is stored here wrong: every write is one call.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TableRegistry {
    /// Puts it together. Nothing is read yet.
    pub fn new(settings: TableSettings) -> Self {
        let TableSettings { txt, managed, prunes_txt, reader } = settings;
        let owners = Owners { ours: txt.owner().clone(), migrate_from: txt.migrate_from().cloned() };
        let shown_name = Arc::new(reader.name().to_owned());
        Self { owners, txt, managed, prunes_txt, reader, shown_name, known: Arc::default() }
    }

    /// In whose name records are owned.
    pub fn owner(&self) -> &Owner {
        &self.owners.ours
    }

    /// Whether the table need not be read again.
    pub fn is_trusted(&self, now: Instant) -> bool {
        let read_at = self.known.read().read_at;
        read_at.is_some_and(|read_at| now.saturating_duration_since(read_at) < TRUSTED_FOR)
    }

    /// Reads the table unless what is known of it may still be trusted. Gives the names at which it does not say what was thought.
    ///
    /// # Errors
    /// The table cannot be read; what was known stays as it is.
    pub async fn refresh(&self, now: Instant) -> Result<BTreeSet<DnsName>, ProviderError> {
        if self.is_trusted(now) {
            return Ok(BTreeSet::new());
        }
        let (table, odd) = Table::new(self.reader.read().await?, &self.owners, self.reader.keeps_records());
        let mut known = self.known.write();
        let news = known.table.differs_at(&table);
        let odd = odd.into_iter().map(|odd| format!("table {}: {odd}", self.reader.name())).collect();
        let revision = known.revision + u64::from(!news.is_empty());
        *known = State { table, odd, read_at: Some(now), revision };
        Ok(news)
    }

    /// Forgets the table: somebody else has written to it.
    pub fn forget(&self) {
        let mut known = self.known.write();
        *known = State { revision: known.revision + 1, ..State::default() };
    }

    /// A number for what the table says: it grows when a reading brings something new.
    pub fn revision(&self) -> u64 {
        self.known.read().revision
    }

    /// How many rows of ours there are.
    pub fn rows(&self) -> usize {
        self.known.read().table.len()
    }

    /// What could not be made sense of.
    pub fn odd(&self) -> Vec<String> {
        self.known.read().odd.clone()
    }

    /// What the table is called.
    pub fn name(&self) -> &str {
        &self.shown_name
    }

    /// The key of the row of a record, if the table has one.
    pub fn key_of(&self, record: &Record) -> Option<String> {
        self.known.read().table.key_of(record)
    }

    /// The names that others have rows for.
    pub fn claims(&self) -> Arc<BTreeMap<RecordKey, Owner>> {
        self.known.read().table.others().clone()
    }

    /// Counts the records of each row, once all zones were listed.
    pub fn count<'a>(&self, records: impl Iterator<Item = &'a Record>) {
        self.known.write().table.count(records);
    }

    /// Rows of ours without a record. Their zone is yet to be found.
    pub fn rows_without_record(&self) -> Vec<Leftover> {
        let known = self.known.read();
        let leftover = |(key, labels): (&RecordKey, &zonewright_planner::Labels)| {
            let row = Record {
                zone: ZoneId::new(""),
                name: key.name.clone(),
                record_type: key.record_type.clone(),
                set_identifier: key.set_identifier.clone(),
                ttl: zonewright_planner::Ttl::UNSET,
                targets: Vec::new(),
                labels: labels.clone(),
                properties: zonewright_planner::Properties::new(),
                spelling: None,
                ownership: zonewright_planner::Ownership::default(),
            };
            Leftover { row, of: vec![(key.name.clone(), key.record_type.clone())], is_exact: true }
        };
        known.table.leftovers(&self.owners).map(leftover).collect()
    }
}

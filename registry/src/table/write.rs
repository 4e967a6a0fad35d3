//! Writing: rows before their records, and after them.
//!
//! | change | before it | after it |
//! |---|---|---|
//! | create, update | a row is written if there is none, changed if it says something else | |
//! | delete | | the row is removed, unless it is that of a record in another zone, too |
//! | delete of a left-over row | | it is removed; no zone hears of it |
//!
//! Where rows say what their records are, what came of a create or update is noted in its row at the end.

use super::contents::{Statement, Taken, is_of_table};
use super::{Known, Owners, RowError, TableRegistry, WriteTable};
use crate::payload::NONCE;
use crate::rows::Rows;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;
use zonewright_planner::{Change, DeleteReason, DnsName, Endpoint, Leftover, OWNER, RecordType, Target};
use zonewright_provider_kit::{ErrorClass, ProviderError, RowChange, WriteZone, Zone, ZoneChange};

impl TableRegistry {
    /// See [`crate::Registry::decorate`]: the rows of registry `txt` that go with a change. Those of the table are [`WithRows`]' concern.
    pub fn decorate(&self, mut change: Change, rows: &Rows) -> ZoneChange {
        match &mut change {
            Change::Create { new, .. } => self.stamp(new, self.owners.ours.as_str()),
            Change::Update { old, new, .. } => {
                self.stamp(new, old.labels.owner().unwrap_or(self.owners.ours.as_str()));
            }
            Change::Delete { .. } => {}
        }
        let replaced = match &change {
            Change::Delete { reason: DeleteReason::LeftoverRow, .. } | Change::Create { .. } => Vec::new(),
            Change::Update { old, .. } | Change::Delete { old, .. } => rows.replaced(old),
        };
        let gone = |row| RowChange { read: Some(row), expected: None, write: None };
        ZoneChange { change, rows: replaced.into_iter().map(gone).collect() }
    }

    fn stamp(&self, new: &mut Endpoint, owner: &str) {
        new.labels.set(OWNER, owner);
        new.labels.remove(NONCE);
    }

    /// See [`crate::Registry::leftovers`]: rows of registry `txt`.
    pub fn leftovers(&self, rows: &Rows) -> Vec<Leftover> {
        self.txt.leftovers(rows)
    }

    /// See [`crate::Registry::writable`].
    pub fn writable(&self, endpoint: &Endpoint) -> Result<(), String> {
        let is_row = |value: &Target| matches!(value, Target::Text(text) if self.txt.is_row_text(text));
        match (&endpoint.record_type, endpoint.targets.first()) {
            (RecordType::Txt, Some(value)) if is_row(value) => {
                Err("its text is that of an ownership record".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// See [`crate::Registry::keeps_clear`].
    pub fn keeps_clear(&self, endpoint: &Endpoint, rows: &Rows) -> Result<(), String> {
        let (name, set_identifier) = (&endpoint.name, &*endpoint.set_identifier);
        if endpoint.record_type == RecordType::Txt && rows.find(name, set_identifier, None).is_some() {
            return Err("an ownership record has this name".to_owned());
        }
        let key = zonewright_planner::RecordKey {
            name: name.clone(),
            record_type: endpoint.record_type.clone(),
            set_identifier: endpoint.set_identifier.clone(),
        };
        match self.known.read().table.is_of_nobody(&key) {
            true => Err(format!("its row in table {} names no owner", self.reader.name())),
            false => Ok(()),
        }
    }

    /// Puts the writing of rows around that of records.
    pub fn writing(&self, zones: Arc<dyn WriteZone>, table: Arc<dyn WriteTable>) -> WithRows {
        let name = self.reader.name().to_owned();
        WithRows { zones, table, owners: self.owners.clone(), known: self.known.clone(), name }
    }
}

/// Writes records together with their rows in a table.
pub struct WithRows {
    zones: Arc<dyn WriteZone>,
    table: Arc<dyn WriteTable>,
    owners: Owners,
    known: Arc<Known>,
    name: String,
}

type Outcomes = Vec<Result<(), ProviderError>>;

/// A statement, and the change that it belongs to.
type Placed = (usize, Statement);

#[async_trait]
impl WriteZone for WithRows {
    fn fitting(&self, zone: &Zone, changes: &[ZoneChange]) -> usize {
        self.zones.fitting(zone, changes)
    }

    fn interval(&self) -> Duration {
        self.zones.interval()
    }

    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Outcomes {
        let mut outcomes = self.write_before(changes).await;
        self.write_zone(zone, changes, &mut outcomes).await;
        self.write_after(changes, &mut outcomes).await;
        outcomes
    }
}

impl WithRows {
    /// Writes the rows that have to be there before their records.
    async fn write_before(&self, changes: &[ZoneChange]) -> Outcomes {
        let mut outcomes: Outcomes = vec![Ok(()); changes.len()];
        let statements = self.statements_before(changes, &mut outcomes);
        for (i, statement, done) in self.execute(statements).await {
            outcomes[i] = self.note_before(&changes[i].change, &statement, done);
        }
        spread_by_name(changes, &mut outcomes);
        outcomes
    }

    fn statements_before(&self, changes: &[ZoneChange], outcomes: &mut Outcomes) -> Vec<Placed> {
        let known = self.known.read();
        let mut statements = Vec::new();
        for (i, change) in changes.iter().enumerate() {
            match known.table.before(&change.change, &self.owners) {
                Ok(statement) => statements.extend(statement.map(|statement| (i, statement))),
                Err(Taken(owner)) => {
                    let whose = owner.map_or_else(|| "somebody".to_owned(), |owner| format!("owner {owner}"));
                    outcomes[i] = Err(self.conflict(&change.change, &format!("is {whose}'s")));
                }
            }
        }
        statements
    }

    fn note_before(
        &self,
        change: &Change,
        statement: &Statement,
        done: Result<(), RowError>,
    ) -> Result<(), ProviderError> {
        let mut known = self.known.write();
        let error = match done {
            Ok(()) => {
                known.table.note_before(change, statement);
                return Ok(());
            }
            Err(RowError::Failed(error)) => {
                if error.is_outcome_unknown() {
                    known.read_at = None;
                }
                return Err(error);
            }
            Err(RowError::Exists) => "was written by somebody else meanwhile",
            Err(RowError::Changed) => "was changed or removed by somebody else meanwhile",
        };
        known.table.note_taken(change);
        known.read_at = None;
        Err(self.conflict(change, error))
    }

    /// Writes the records whose rows are there.
    async fn write_zone(&self, zone: &Zone, changes: &[ZoneChange], outcomes: &mut Outcomes) {
        let places: Vec<usize> =
            (0..changes.len()).filter(|&i| outcomes[i].is_ok() && is_of_zone(&changes[i])).collect();
        if places.is_empty() {
            return;
        }
        let sent = match places.len() == changes.len() {
            true => self.zones.apply(zone, changes).await,
            false => {
                let some: Vec<ZoneChange> = places.iter().map(|&i| changes[i].clone()).collect();
                self.zones.apply(zone, &some).await
            }
        };
        let mut sent = sent.into_iter();
        for &i in &places {
            // A provider that answers for fewer changes than it got has not said what became of the others.
            outcomes[i] = sent.next().unwrap_or_else(|| {
                let message = "the provider did not say what became of this change";
                Err(ProviderError::new(ErrorClass::Unavailable, message).with_unknown_outcome())
            });
        }
    }

    /// Removes the rows whose records are gone.
    async fn write_after(&self, changes: &[ZoneChange], outcomes: &mut Outcomes) {
        let mut statements = self.statements_after(changes, outcomes);
        statements.extend(self.marks(changes, outcomes));
        for (i, statement, done) in self.execute(statements).await {
            match statement {
                Statement::Mark { outcome, .. } => self.note_mark(&changes[i].change, outcome.is_ok(), done),
                _ => outcomes[i] = self.note_after(&changes[i].change, done),
            }
        }
    }

    /// What is to be noted in rows of what came of their records.
    fn marks(&self, changes: &[ZoneChange], outcomes: &Outcomes) -> Vec<Placed> {
        let known = self.known.read();
        let told = |outcome: &Result<(), ProviderError>| match outcome {
            Ok(()) => Ok(()),
            Err(error) => Err(error.to_string().into()),
        };
        let mark = |(i, (change, outcome)): (usize, (&ZoneChange, &Result<(), ProviderError>))| {
            Some((i, known.table.mark(&change.change, told(outcome))?))
        };
        changes.iter().zip(outcomes).enumerate().filter_map(mark).collect()
    }

    /// The record is as it is, whatever its row says of it. Where the row could not be told, the next full run makes up for it.
    fn note_mark(&self, change: &Change, is_confirmed: bool, done: Result<(), RowError>) {
        let mut known = self.known.write();
        match done {
            Ok(()) => known.table.note_marked(change, is_confirmed),
            Err(RowError::Exists | RowError::Changed) => {
                known.table.note_taken(change);
                known.read_at = None;
            }
            Err(RowError::Failed(error)) => {
                known.read_at = None;
                warn!(
                    record.name = %change.name(),
                    "the row of {} in table {} could not be told what came of the record: {error}",
                    told(change),
                    self.name
                );
            }
        }
    }

    fn statements_after(&self, changes: &[ZoneChange], outcomes: &Outcomes) -> Vec<Placed> {
        let mut known = self.known.write();
        let mut statements = Vec::new();
        for (i, change) in changes.iter().enumerate().filter(|(i, _)| outcomes[*i].is_ok()) {
            statements.extend(known.table.after(&change.change).map(|statement| (i, statement)));
            known.table.note_made(&change.change);
        }
        statements
    }

    fn note_after(&self, change: &Change, done: Result<(), RowError>) -> Result<(), ProviderError> {
        let mut known = self.known.write();
        match done {
            Ok(()) => known.table.note_gone(change),
            Err(RowError::Exists | RowError::Changed) => {
                known.table.note_taken(change);
                known.read_at = None;
                warn!(
                    record.name = %change.name(),
                    "the row of {} in table {} stays, because it has another owner now",
                    told(change),
                    self.name
                );
            }
            Err(RowError::Failed(error)) => {
                if error.is_outcome_unknown() {
                    known.read_at = None;
                }
                return Err(self.not_removed(change, &error));
            }
        }
        Ok(())
    }

    /// Says of each statement what came of it. Nothing is asked of the table when there is nothing to do.
    async fn execute(&self, placed: Vec<Placed>) -> Vec<(usize, Statement, Result<(), RowError>)> {
        if placed.is_empty() {
            return Vec::new();
        }
        let (places, statements): (Vec<usize>, Vec<Statement>) = placed.into_iter().unzip();
        let done = self.table.execute(&statements).await.into_iter();
        let unanswered = std::iter::repeat_with(|| {
            let message = "the table did not say what became of a row";
            let error = ProviderError::new(ErrorClass::Unavailable, message).with_unknown_outcome();
            Err(RowError::Failed(error))
        });
        let done = done.chain(unanswered);
        places
            .into_iter()
            .zip(statements)
            .zip(done)
            .map(|((i, statement), done)| (i, statement, done))
            .collect()
    }

    fn conflict(&self, change: &Change, what: &str) -> ProviderError {
        let message = format!("the row of {} in table {} {what}", told(change), self.name);
        ProviderError::new(ErrorClass::Conflict, message)
    }

    /// The record is gone all the same: what exists has to be read again, and the row goes with the next full run.
    fn not_removed(&self, change: &Change, error: &ProviderError) -> ProviderError {
        let is_row = matches!(change, Change::Delete { reason, .. } if reason.is_of_a_row());
        let message = match is_row {
            true => {
                format!("the row of {} in table {} could not be removed: {error}", told(change), self.name)
            }
            false => format!(
                "{} is deleted, but its row in table {} could not be removed, which is tried again: {error}",
                told(change),
                self.name
            ),
        };
        let told = ProviderError::new(error.class(), message);
        if is_row { told } else { told.with_unknown_outcome() }
    }
}

/// Whether there is anything to be done in the zone.
fn is_of_zone(change: &ZoneChange) -> bool {
    let is_of_table = matches!(
        &change.change,
        Change::Delete { old, reason: DeleteReason::LeftoverRow } if is_of_table(old)
    );
    !is_of_table && !change.operations().is_empty()
}

/// What changes at a name belongs together: an A record must not go when the CNAME that takes its place cannot come.
fn spread_by_name(changes: &[ZoneChange], outcomes: &mut Outcomes) {
    let failed: BTreeMap<&DnsName, ProviderError> = changes
        .iter()
        .zip(outcomes.iter())
        .filter_map(|(change, outcome)| Some((change.change.name(), outcome.as_ref().err()?.clone())))
        .collect();
    if failed.is_empty() {
        return;
    }
    for (change, outcome) in changes.iter().zip(outcomes.iter_mut()) {
        if let (Ok(()), Some(error)) = (&outcome, failed.get(change.change.name())) {
            *outcome = Err(error.clone());
        }
    }
}

fn told(change: &Change) -> String {
    let (name, record_type) = (change.name(), change.record_type());
    match &**change.set_identifier() {
        "" => format!("{name} {record_type}"),
        set_identifier => format!("{name} {record_type} ({set_identifier})"),
    }
}

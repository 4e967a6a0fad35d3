//! The battery on a table in memory, as strict as the real one, and what is too much for a real one: tables made up at random.
#![expect(clippy::unwrap_used, reason = "clippy.toml allows it in test functions, not in what they call")]

mod any_table;

use async_trait::async_trait;
use futures::executor::block_on;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use zonewright_planner::{Labels, Owner};
use zonewright_provider_kit::ProviderError;
use zonewright_registry::battery::{Battery, TableUnderTest};
use zonewright_registry::{Item, ReadTable, RowError, Statement, WriteTable};

/// Rows by their keys.
#[derive(Debug, Clone, Default)]
struct InMemory(Arc<Mutex<BTreeMap<Option<String>, Item>>>);

fn execute(rows: &mut BTreeMap<Option<String>, Item>, statement: &Statement) -> Result<(), RowError> {
    let is_of = |item: &Item, owner: &Owner| item.owner.as_deref() == Some(owner.as_str());
    let row = |key: &str, owner: &Owner, labels: &Labels| Item {
        key: Some(key.to_owned()),
        owner: Some(owner.to_string()),
        labels: labels.clone(),
        has_odd_labels: false,
        is_confirmed: false,
    };
    let place = Some(statement.key().to_string());
    match statement {
        Statement::Insert { key, owner, labels, .. } => {
            if rows.contains_key(&place) {
                return Err(RowError::Exists);
            }
            rows.insert(place, row(key, owner, labels));
        }
        Statement::Update { key, owner, new_owner, labels, .. } => {
            rows.get(&place).filter(|item| is_of(item, owner)).ok_or(RowError::Changed)?;
            rows.insert(place, row(key, new_owner.as_ref().unwrap_or(owner), labels));
        }
        Statement::Mark { owner, outcome, .. } => {
            let row = rows.get_mut(&place).filter(|item| is_of(item, owner)).ok_or(RowError::Changed)?;
            row.is_confirmed = outcome.is_ok();
        }
        Statement::Delete { owner, .. } => {
            if rows.get(&place).is_some_and(|item| !is_of(item, owner)) {
                return Err(RowError::Changed);
            }
            rows.remove(&place);
        }
    }
    Ok(())
}

#[async_trait]
impl ReadTable for InMemory {
    fn name(&self) -> &str {
        "external-dns"
    }

    fn keeps_records(&self) -> bool {
        true
    }

    async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        Ok(self.0.lock().unwrap().values().cloned().collect())
    }
}

#[async_trait]
impl WriteTable for InMemory {
    async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>> {
        let mut rows = self.0.lock().unwrap();
        statements.iter().map(|statement| execute(&mut rows, statement)).collect()
    }
}

#[async_trait]
impl TableUnderTest for InMemory {
    fn reader(&self) -> Arc<dyn ReadTable> {
        Arc::new(self.clone())
    }

    fn writer(&self) -> Arc<dyn WriteTable> {
        Arc::new(self.clone())
    }

    async fn seed(&self, rows: &[Item]) -> Result<(), ProviderError> {
        *self.0.lock().unwrap() = rows.iter().map(|row| (row.key.clone(), row.clone())).collect();
        Ok(())
    }

    async fn dump(&self) -> Result<Vec<Item>, ProviderError> {
        self.read().await
    }
}

#[test]
fn the_battery_is_green() {
    let done = block_on(Battery::new(Arc::new(InMemory::default())).run());
    done.unwrap_or_else(|error| panic!("{error}"));
}

/// What a table might do wrong.
#[derive(Debug, Clone, Copy)]
enum Fault {
    InsertsOverwrite,
    UpdatesTakeAnyOwner,
    DeletesTakeAnyOwner,
    DeletesWantARow,
    CallsAreCutAt25,
    TextsAreTrimmed,
    LabelsAreLost,
}

/// A table with one fault.
#[derive(Debug, Clone)]
struct Faulty(InMemory, Fault);

#[async_trait]
impl WriteTable for Faulty {
    async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>> {
        let mut rows = self.0.0.lock().unwrap();
        let mut bend = |statement: &Statement| {
            let mut statement = statement.clone();
            let place = Some(statement.key().to_string());
            let there = rows.get(&place).and_then(|row| row.owner.as_deref().and_then(Owner::new));
            match (self.1, &mut statement) {
                (Fault::InsertsOverwrite, Statement::Insert { .. }) => drop(rows.remove(&place)),
                (Fault::UpdatesTakeAnyOwner, Statement::Update { owner, .. })
                | (Fault::DeletesTakeAnyOwner, Statement::Delete { owner, .. }) => {
                    *owner = there.unwrap_or_else(|| owner.clone());
                }
                (Fault::DeletesWantARow, Statement::Delete { .. }) if there.is_none() => {
                    return Err(RowError::Changed);
                }
                (
                    Fault::TextsAreTrimmed,
                    Statement::Insert { key, .. }
                    | Statement::Update { key, .. }
                    | Statement::Mark { key, .. }
                    | Statement::Delete { key, .. },
                ) => {
                    *key = key.trim_end().into();
                }
                (Fault::LabelsAreLost, Statement::Update { labels, .. }) => *labels = Labels::new(),
                _ => {}
            }
            execute(&mut rows, &statement)
        };
        let sent = match self.1 {
            Fault::CallsAreCutAt25 => &statements[..statements.len().min(25)],
            _ => statements,
        };
        let done: Vec<Result<(), RowError>> = sent.iter().map(&mut bend).collect();
        done.into_iter().chain(std::iter::repeat(Ok(()))).take(statements.len()).collect()
    }
}

#[async_trait]
impl TableUnderTest for Faulty {
    fn reader(&self) -> Arc<dyn ReadTable> {
        self.0.reader()
    }

    fn writer(&self) -> Arc<dyn WriteTable> {
        Arc::new(self.clone())
    }

    async fn seed(&self, rows: &[Item]) -> Result<(), ProviderError> {
        self.0.seed(rows).await
    }

    async fn dump(&self) -> Result<Vec<Item>, ProviderError> {
        self.0.dump().await
    }
}

/// The battery is no better than what it finds.
#[test]
fn the_battery_finds_every_fault() {
    let found = |fault| {
        let table = Faulty(InMemory::default(), fault);
        block_on(Battery::new(Arc::new(table)).run()).unwrap_err().scenario
    };
    let conditions = "every_statement_has_its_condition";
    assert_eq!(found(Fault::InsertsOverwrite), conditions);
    assert_eq!(found(Fault::UpdatesTakeAnyOwner), conditions);
    assert_eq!(found(Fault::DeletesTakeAnyOwner), conditions);
    assert_eq!(found(Fault::DeletesWantARow), conditions);
    assert_eq!(found(Fault::LabelsAreLost), conditions);
    assert_eq!(found(Fault::CallsAreCutAt25), "a_call_takes_any_number_of_statements");
    assert_eq!(found(Fault::TextsAreTrimmed), "any_text_is_written_as_it_is");
}

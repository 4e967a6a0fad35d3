//! The registry battery on DynamoDB Local.

use super::{TABLE, service};
use crate::DynamoDb;
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use std::fmt::{self, Debug};
use std::sync::Arc;
use zonewright_planner::Labels;
use zonewright_provider_kit::{ErrorClass, ProviderError};
use zonewright_registry::battery::{Battery, TableUnderTest};
use zonewright_registry::{Item, ReadTable, WriteTable};
use zonewright_testing::DynamoDbLocal;

/// The table, and a way to it past our client.
struct Subject {
    local: DynamoDbLocal,
    table: DynamoDb,
}

impl Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {TABLE} at {}", self.local.url())
    }
}

#[async_trait]
impl TableUnderTest for Subject {
    fn reader(&self) -> Arc<dyn ReadTable> {
        Arc::new(self.table.reader())
    }

    fn writer(&self) -> Arc<dyn WriteTable> {
        Arc::new(self.table.writer())
    }

    async fn seed(&self, rows: &[Item]) -> Result<(), ProviderError> {
        let rows: Vec<Value> = rows.iter().map(to_value).collect();
        let there = self.local.items(TABLE).await.map_err(failed)?;
        let is_kept = |item: &Value| rows.iter().any(|row| row["k"] == item["k"]);
        let gone: Vec<Value> =
            there.iter().filter(|item| !is_kept(item)).map(|item| item["k"].clone()).collect();
        self.local.remove(TABLE, &gone).await.map_err(failed)?;
        let new: Vec<Value> = rows.into_iter().filter(|row| !there.contains(row)).collect();
        self.local.put(TABLE, &new).await.map_err(failed)
    }

    async fn dump(&self) -> Result<Vec<Item>, ProviderError> {
        Ok(self.local.items(TABLE).await.map_err(failed)?.iter().map(to_item).collect())
    }

    /// A key is a text, and not an empty one.
    fn can_hold(&self, row: &Item) -> bool {
        row.key.as_deref().is_some_and(|key| !key.is_empty())
    }
}

fn failed(error: zonewright_testing::Error) -> ProviderError {
    ProviderError::new(ErrorClass::Unavailable, error.to_string())
}

fn to_value(row: &Item) -> Value {
    let mut labels: Map<String, Value> =
        row.labels.iter().map(|(key, value)| (key.to_owned(), json!({ "S": value }))).collect();
    if row.has_odd_labels {
        labels.insert("odd".to_owned(), json!({ "N": "7" }));
    }
    let mut value = json!({ "k": { "S": row.key }, "l": { "M": labels } });
    if let Some(owner) = &row.owner {
        value["o"] = json!({ "S": owner });
    }
    value
}

/// Not by the crate's own conversion.
fn to_item(value: &Value) -> Item {
    let text = |value: &Value| value["S"].as_str().map(str::to_owned);
    let all = value["l"]["M"].as_object().cloned().unwrap_or_default();
    let labels: Labels = all.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect();
    let has_odd_labels = all.values().any(|value| text(value).is_none());
    Item { key: text(&value["k"]), owner: text(&value["o"]), labels, has_odd_labels, is_confirmed: true }
}

#[tokio::test]
async fn the_battery_is_green() {
    let (local, table) = service().await;
    let done = Battery::new(Arc::new(Subject { local, table })).run().await;
    done.unwrap_or_else(|error| panic!("{error}"));
}

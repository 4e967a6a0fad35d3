//! On DynamoDB Local, with every request counted: the table as ExternalDNS v0.22 keeps it, and what may go wrong with it.

mod battery;
mod faults;
mod instance;
mod rows;

use crate::table::Table;
use crate::{DynamoDb, DynamoDbConfig};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;
use serde_json::{Value, json};
use std::sync::Arc;
use zonewright_aws_config::Access;
use zonewright_planner::{Labels, Owner};
use zonewright_registry::Statement;
use zonewright_testing::DynamoDbLocal;

const TABLE: &str = "external-dns";

/// A running service with the table, and a client of it.
async fn service() -> (DynamoDbLocal, DynamoDb) {
    let local = DynamoDbLocal::start().await.unwrap();
    local.create_table(TABLE).await.unwrap();
    let table = table(&local, TABLE);
    (local, table)
}

fn table(local: &DynamoDbLocal, name: &str) -> DynamoDb {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        // The tables of each key are apart, and those of the test's own requests are this one's.
        .credentials_provider(Credentials::from_keys("test", "secret", None))
        .endpoint_url(local.url())
        .http_client(Builder::new().build_http())
        .build();
    let settings = DynamoDbConfig { table: name.to_owned(), region: None, access: Access::default() };
    DynamoDb(Arc::new(Table::connected(settings, Client::from_conf(config))))
}

fn labels(resource: &str) -> Labels {
    [("resource", resource)].into_iter().collect()
}

fn insert(key: &str, owner: &str) -> Statement {
    Statement::Insert {
        key: key.into(),
        owner: Owner::new(owner).unwrap(),
        labels: labels("ingress/shop/web"),
        record: None,
    }
}

fn delete(key: &str, owner: &str) -> Statement {
    Statement::Delete { key: key.into(), owner: Owner::new(owner).unwrap() }
}

fn item(key: &str, owner: &str) -> Value {
    json!({ "k": { "S": key }, "o": { "S": owner }, "l": { "M": { "resource": { "S": "ingress/shop/web" } } } })
}

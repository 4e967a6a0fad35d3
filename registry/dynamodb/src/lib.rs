//! The DynamoDB table of `--registry=dynamodb`: the calls that ExternalDNS v0.22 makes (registry/dynamodb/registry.go at commit
//! 2bf1bf8), and no others, so that its IAM policy is enough.
//!
//! - `DescribeTable`, before the first reading: a table of another shape is refused with words that help.
//! - `Scan`, strongly consistent. ExternalDNS asks for its own rows only; the service reads, and bills, all of them anyway, and the
//!   others say which names are taken.
//! - `BatchExecuteStatement`, up to 25 statements each, every one of which succeeds or fails on its own. A throttled statement does so
//!   within an answer of status 200, where the SDK does not see it: it is tried again here.
//!
//! API: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/>

mod convert;
mod table;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use std::sync::Arc;
use table::Table;
use zonewright_aws_config::Access;
use zonewright_provider_kit::ProviderError;
use zonewright_registry::{Item, ReadTable, RowError, Statement, WriteTable};

/// What the flags say.
#[derive(Debug, Clone)]
pub struct DynamoDbConfig {
    /// `--dynamodb-table`.
    pub table: String,
    /// `--dynamodb-region`; `None` for that of the environment.
    pub region: Option<String>,
    /// Credentials; profiles are for zones, as in ExternalDNS.
    pub access: Access,
}

/// The table. Nothing is set up, let alone asked, before it is needed.
#[derive(Debug, Clone)]
pub struct DynamoDb(Arc<Table>);

/// Reads the table.
#[derive(Debug)]
pub struct DynamoDbReader(Arc<Table>);

/// Writes to the table.
#[derive(Debug)]
pub struct DynamoDbWriter(Arc<Table>);

impl DynamoDb {
    /// Keeps the settings.
    pub fn new(config: DynamoDbConfig) -> Self {
        Self(Arc::new(Table::new(config)))
    }

    /// The half that can only read.
    pub fn reader(&self) -> DynamoDbReader {
        DynamoDbReader(self.0.clone())
    }

    /// The half that writes.
    pub fn writer(&self) -> DynamoDbWriter {
        DynamoDbWriter(self.0.clone())
    }
}

#[async_trait]
impl ReadTable for DynamoDbReader {
    fn name(&self) -> &str {
        self.0.name()
    }

    async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        self.0.read().await
    }
}

#[async_trait]
impl WriteTable for DynamoDbWriter {
    async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>> {
        self.0.execute(statements).await
    }
}

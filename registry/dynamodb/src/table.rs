//! The requests: reading all of it, and carrying out statements.

use crate::DynamoDbConfig;
use crate::convert::{PROJECTION, check_shape, to_item, to_request};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Region};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{BatchStatementError, BatchStatementErrorCodeEnum as Code};
use aws_smithy_runtime_api::http::Response;
use std::error::Error;
use std::time::Duration;
use tokio::sync::OnceCell;
use tracing::debug;
use zonewright_aws_config::{NameOperation, Service, of_request, sdk_config};
use zonewright_provider_kit::{ErrorClass, Pages, ProviderError};
use zonewright_registry::{Item, RowError, Statement};

/// What is particular to DynamoDB.
const DYNAMODB: Service = Service {
    region: "the one of the table; --dynamodb-region says it for the table alone",
    page: "docs/registries/dynamodb.md",
    // By their statuses, and below by what helps.
    class: |_| None,
};

/// The most statements in one request. From
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html>
const BATCH: usize = 25;

/// How long statements that were throttled wait, each time twice as long: a table of fixed capacity gets its share every second.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// How often they are tried in all: the last pause is of 6.4 s, all of them of 12.6 s.
const ATTEMPTS: u32 = 7;

#[derive(Debug)]
pub(crate) struct Table {
    config: DynamoDbConfig,
    /// Set up when it is first needed: files and metadata services may not be there yet when the program starts.
    client: OnceCell<Client>,
    /// Whether its shape was looked at, and is right.
    is_checked: OnceCell<()>,
}

impl Table {
    pub(crate) fn new(config: DynamoDbConfig) -> Self {
        Self { config, client: OnceCell::new(), is_checked: OnceCell::new() }
    }

    /// One that needs nothing to be set up.
    #[cfg(test)]
    pub(crate) fn connected(config: DynamoDbConfig, client: Client) -> Self {
        Self { client: OnceCell::new_with(Some(client)), ..Self::new(config) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.config.table
    }

    async fn client(&self) -> Result<&Client, ProviderError> {
        let connect = || async {
            let region = self.config.region.as_deref();
            let config = sdk_config(&DYNAMODB, &self.config.access, region).await?;
            let mut builder = Builder::from(&config).interceptor(NameOperation);
            builder
                .set_region(region.map(|region| Region::new(region.to_owned())).or(config.region().cloned()));
            Ok(Client::from_conf(builder.build()))
        };
        self.client.get_or_try_init(connect).await
    }

    /// Every row. All or an error.
    pub(crate) async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        self.is_checked.get_or_try_init(|| self.check()).await?;
        let client = self.client().await?;
        let what = format!("DynamoDB: reading table {}", self.name());
        let (mut items, mut start, mut count, mut pages) = (Vec::new(), None, 0, Pages::default());
        loop {
            let request = client.scan().table_name(self.name()).consistent_read(true);
            let request = request.projection_expression(PROJECTION).set_exclusive_start_key(start);
            let page = request.send().await.map_err(|error| self.failed(&what, error, false))?;
            items.extend(page.items.unwrap_or_default().into_iter().map(to_item));
            count += 1;
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            let Some(next) = &start else {
                debug!("{what}: {} rows on {count} pages", items.len());
                return Ok(items);
            };
            // Keys have one attribute, so that the same key is the same text.
            pages.turn(&what, format!("{next:?}"))?;
        }
    }

    async fn check(&self) -> Result<(), ProviderError> {
        let what = format!("DynamoDB: describing table {}", self.name());
        let request = self.client().await?.describe_table().table_name(self.name());
        let answer = request.send().await.map_err(|error| self.failed(&what, error, false))?;
        let Some(table) = answer.table else {
            return Err(ProviderError::new(ErrorClass::Unavailable, format!("{what}: the answer is empty")));
        };
        let refused = |why| {
            let message = format!("DynamoDB: table {} cannot be used: {why}; {}", self.name(), self.hint());
            ProviderError::new(ErrorClass::Permanent, message)
        };
        check_shape(&table).map_err(refused)
    }

    fn hint(&self) -> String {
        let region = self.config.region.as_deref();
        let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
        format!(
            "create one with: aws dynamodb create-table{region} --table-name {} --attribute-definitions \
             AttributeName=k,AttributeType=S --key-schema AttributeName=k,KeyType=HASH --billing-mode PAY_PER_REQUEST",
            self.name()
        )
    }

    /// Carries out statements, 25 at a time, and says of each what came of it.
    pub(crate) async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>> {
        let mut outcomes: Vec<Result<(), RowError>> = Vec::with_capacity(statements.len());
        for batch in statements.chunks(BATCH) {
            // What keeps one batch from being carried out keeps the others, too. They were not sent.
            let stops = match outcomes.last() {
                Some(Err(RowError::Failed(error))) if is_of_the_service(error) => Some(unsent(error)),
                _ => None,
            };
            match stops {
                Some(error) => outcomes.extend(batch.iter().map(|_| Err(RowError::Failed(error.clone())))),
                None => outcomes.extend(self.execute_batch(batch).await),
            }
        }
        outcomes
    }

    /// Tries again what was throttled, and nothing else.
    async fn execute_batch(&self, batch: &[Statement]) -> Vec<Result<(), RowError>> {
        let mut open: Vec<usize> = (0..batch.len()).collect();
        let mut outcomes: Vec<Result<(), RowError>> = vec![Ok(()); batch.len()];
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=ATTEMPTS {
            let sent: Vec<&Statement> = open.iter().filter_map(|&i| batch.get(i)).collect();
            let answers = self.send(&sent).await;
            open = open
                .into_iter()
                .zip(answers)
                .filter_map(|(i, answer)| {
                    let is_throttled = matches!(
                        &answer,
                        Err(RowError::Failed(error)) if matches!(error.class(), ErrorClass::Throttled { .. })
                    );
                    if let Some(outcome) = outcomes.get_mut(i) {
                        *outcome = answer;
                    }
                    is_throttled.then_some(i)
                })
                .collect();
            if open.is_empty() || attempt == ATTEMPTS {
                break;
            }
            debug!("DynamoDB: {} statements were throttled and are tried again", open.len());
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        outcomes
    }

    /// One request.
    async fn send(&self, statements: &[&Statement]) -> Vec<Result<(), RowError>> {
        let what = format!("DynamoDB: writing to table {}", self.name());
        let all = |error: ProviderError| vec![Err(RowError::Failed(error)); statements.len()];
        let client = match self.client().await {
            Ok(client) => client,
            Err(error) => return all(error),
        };
        let requests: Result<Vec<_>, _> =
            statements.iter().map(|statement| to_request(self.name(), statement)).collect();
        let requests = match requests {
            Ok(requests) => requests,
            Err(error) => {
                let error = ProviderError::new(ErrorClass::Permanent, what).caused_by(error);
                return all(error);
            }
        };
        let answer = client.batch_execute_statement().set_statements(Some(requests)).send().await;
        match answer {
            Ok(answer) => {
                let answers = answer.responses.unwrap_or_default().into_iter();
                let outcomes = answers.map(|answer| match answer.error {
                    None => Ok(()),
                    Some(error) => Err(self.refused(&what, &error)),
                });
                let unanswered = || {
                    let message = format!("{what}: the answer says nothing of a statement");
                    Err(RowError::Failed(
                        ProviderError::new(ErrorClass::Unavailable, message).with_unknown_outcome(),
                    ))
                };
                outcomes.chain(std::iter::repeat_with(unanswered)).take(statements.len()).collect()
            }
            Err(error) => all(self.failed(&what, error, true)),
        }
    }

    /// What a statement was answered with, on its own.
    fn refused(&self, what: &str, error: &BatchStatementError) -> RowError {
        let class = match error.code() {
            Some(Code::DuplicateItem) => return RowError::Exists,
            Some(Code::ConditionalCheckFailed) => return RowError::Changed,
            Some(
                Code::ProvisionedThroughputExceeded | Code::RequestLimitExceeded | Code::ThrottlingError,
            ) => ErrorClass::Throttled { retry_after: None },
            Some(Code::AccessDenied) => ErrorClass::Auth,
            Some(Code::InternalServerError | Code::TransactionConflict) => ErrorClass::Unavailable,
            Some(Code::ValidationError | Code::ItemCollectionSizeLimitExceeded) => ErrorClass::InvalidRecord,
            _ => ErrorClass::Permanent,
        };
        let code = error.code().map_or("no error code", Code::as_str);
        let hint = match class {
            ErrorClass::Auth => format!("; {POLICY}"),
            ErrorClass::Throttled { .. } => format!("; {CAPACITY}"),
            _ => String::new(),
        };
        let message = format!("{what}: {code}: {}{hint}", error.message().unwrap_or_default());
        let failed = ProviderError::new(class, message);
        RowError::Failed(match error.code() {
            Some(Code::InternalServerError) => failed.with_unknown_outcome(),
            _ => failed,
        })
    }

    /// What a request was answered with, as a whole.
    fn failed<E>(&self, what: &str, error: SdkError<E, Response>, writes: bool) -> ProviderError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let code = match &error {
            SdkError::ServiceError(service) => service.err().code().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        let failed = of_request(&DYNAMODB, what, error, writes);
        let again = |class, hint: &str| {
            let again = ProviderError::new(class, format!("{failed}; {hint}"));
            if failed.is_outcome_unknown() { again.with_unknown_outcome() } else { again }
        };
        match code.as_str() {
            "ResourceNotFoundException" => again(ErrorClass::Permanent, &self.hint()),
            "ProvisionedThroughputExceededException" | "RequestLimitExceeded" => {
                again(ErrorClass::Throttled { retry_after: None }, CAPACITY)
            }
            _ => failed,
        }
    }
}

const POLICY: &str = "the IAM policy that is needed stands in docs/registries/dynamodb.md";
const CAPACITY: &str = "the table's provisioned capacity is too small; on-demand capacity has no such limit";

/// Whether the next request would fare no better.
fn is_of_the_service(error: &ProviderError) -> bool {
    !matches!(error.class(), ErrorClass::InvalidRecord | ErrorClass::Conflict)
}

/// The same error of what was not sent because of it.
fn unsent(error: &ProviderError) -> ProviderError {
    ProviderError::new(error.class(), error.to_string())
}

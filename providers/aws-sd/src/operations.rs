//! Registering, removing and updating take their time: the service answers with the id of an operation, which is asked after until it
//! is done.

use crate::api::Api;
use aws_sdk_servicediscovery::types::{Operation, OperationStatus};
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing::warn;
use zonewright_provider_kit::{ErrorClass, ProviderError};

/// Pauses before asking grow from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// After this time an operation is not waited for any longer. They take seconds as a rule.
const PATIENCE: Duration = Duration::from_secs(90);

type Sleep = dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync;

/// How time passes: tests have no time to wait.
#[derive(Clone)]
pub(crate) struct Pace(Arc<Sleep>);

impl Pace {
    #[cfg(test)]
    pub(crate) fn new(sleep: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(sleep))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self(Arc::new(|time| Box::pin(tokio::time::sleep(time))))
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

/// Waits for operations.
#[derive(Debug, Default)]
pub(crate) struct Waiter {
    pub(crate) pace: Pace,
    may_not_ask: AtomicBool,
}

impl Waiter {
    #[cfg(test)]
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, may_not_ask: AtomicBool::new(false) }
    }

    /// Whether it can be told when operations are done.
    pub(crate) fn can_tell(&self) -> bool {
        !self.may_not_ask.load(Ordering::Relaxed)
    }

    /// Waits until all of these operations are done.
    ///
    /// # Errors
    /// The first one that failed, or that it is not known whether they did. Whoever may not ask after operations, because their policy is
    /// from before it was needed, has to take them for done.
    pub(crate) async fn wait(
        &self,
        api: &Api,
        what: &str,
        mut operations: Vec<String>,
    ) -> Result<(), ProviderError> {
        let (mut pause, mut waited) = (FIRST_PAUSE, Duration::ZERO);
        let mut last_error = None;
        while !operations.is_empty() && self.can_tell() {
            if waited >= PATIENCE {
                let message = format!("{what}: accepted, but not done after {} seconds", PATIENCE.as_secs());
                let error =
                    last_error.unwrap_or_else(|| ProviderError::new(ErrorClass::Unavailable, message));
                return Err(error.with_unknown_outcome());
            }
            (self.pace.0)(pause).await;
            waited += pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let mut pending = Vec::new();
            for id in operations {
                match api.operation(what, &id).await {
                    Ok(operation) => {
                        if !is_done(what, operation.as_ref())? {
                            pending.push(id);
                        }
                    }
                    Err(error) if error.class() == ErrorClass::Auth => self.give_up_asking(&error),
                    Err(error) => {
                        last_error = Some(error);
                        pending.push(id);
                    }
                }
            }
            operations = pending;
        }
        Ok(())
    }

    fn give_up_asking(&self, error: &ProviderError) {
        if !self.may_not_ask.swap(true, Ordering::Relaxed) {
            warn!(
                "what Cloud Map accepts is taken for done from now on, because nobody may ask whether it is: {error}"
            );
        }
    }
}

fn is_done(what: &str, operation: Option<&Operation>) -> Result<bool, ProviderError> {
    let Some(operation) = operation else { return Ok(false) };
    match operation.status() {
        Some(OperationStatus::Success) => Ok(true),
        Some(OperationStatus::Fail) => {
            let code = operation.error_code().unwrap_or("no error code");
            let message = operation.error_message().unwrap_or("no reason given");
            Err(ProviderError::new(class_of(code), format!("{what}: {code}: {message}")))
        }
        _ => Ok(false),
    }
}

/// The codes are those of `Operation` in the API.
fn class_of(code: &str) -> ErrorClass {
    match code {
        "ACCESS_DENIED" | "EXPIRED_TOKEN" => ErrorClass::Auth,
        "THROTTLED_REQUEST" => ErrorClass::Throttled { retry_after: None },
        "INVALID_CHANGE_BATCH" => ErrorClass::InvalidRecord,
        "HOSTED_ZONE_NOT_FOUND" | "CANNOT_CREATE_HOSTED_ZONE" => ErrorClass::Permanent,
        _ => ErrorClass::Unavailable,
    }
}

//! Sending changes, and finding out whom a refusal is about.

use crate::account::{Account, Refused};
use crate::changes::{in_order, to_wire};
use crate::refusal::{class_of, is_about};
use aws_sdk_route53::types::Change as WireChange;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::ErrorKind;
use std::collections::BTreeMap;
use zonewright_planner::DnsName;
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone, ZoneChange};

/// How often a batch is sent again without those that its refusal names. Each time it gets smaller, so that two are the rule.
const ROUNDS: usize = 4;

/// A change on its way.
struct Entry<'a> {
    index: usize,
    name: &'a DnsName,
    wire: Vec<WireChange>,
}

/// Sends changes that fit into one request, and tells what became of each.
pub(crate) async fn write(
    account: &Account,
    zone: &Zone,
    changes: &[ZoneChange],
) -> Vec<Result<(), ProviderError>> {
    let mut outcomes: Vec<Result<(), ProviderError>> = vec![Ok(()); changes.len()];
    let mut entries = entries(zone, changes, &mut outcomes);
    for _ in 0..ROUNDS {
        let batch: Vec<WireChange> = entries.iter().flat_map(|entry| entry.wire.iter().cloned()).collect();
        if batch.is_empty() {
            return outcomes;
        }
        let messages = match account.write(zone, in_order(batch)).await {
            Ok(()) => return outcomes,
            Err(Refused::Failed(error)) => return fail(outcomes, &entries, &error),
            Err(Refused::Invalid(messages)) => messages,
        };
        let guilty = guilty(&entries, &messages);
        if guilty.is_empty() {
            return fail(outcomes, &entries, &refused(zone, &messages.join("; ")));
        }
        entries.retain(|entry| match guilty.get(entry.name) {
            Some(message) => {
                outcomes[entry.index] = Err(refused_for(zone, entry.name, message));
                false
            }
            None => true,
        });
    }
    let message = format!("zone {}: refused again and again, each time for something else", zone.id);
    fail(outcomes, &entries, &ProviderError::new(ErrorClass::InvalidRecord, message))
}

/// What can be expressed. The other changes of a name wait with the one that cannot.
fn entries<'a>(
    zone: &Zone,
    changes: &'a [ZoneChange],
    outcomes: &mut [Result<(), ProviderError>],
) -> Vec<Entry<'a>> {
    let mut unwritable: BTreeMap<&DnsName, String> = BTreeMap::new();
    let mut entries = Vec::with_capacity(changes.len());
    for (index, change) in changes.iter().enumerate() {
        let name = change.change.name();
        match to_wire(zone, change) {
            Ok(wire) => entries.push(Entry { index, name, wire }),
            Err(error) => {
                outcomes[index] = Err(refused_for(zone, name, &error.to_string()));
                unwritable.insert(name, error.to_string());
            }
        }
    }
    entries.retain(|entry| match unwritable.get(entry.name) {
        Some(why) => {
            outcomes[entry.index] = Err(refused_for(zone, entry.name, why));
            false
        }
        None => true,
    });
    entries
}

/// The names that messages are about, each with the first one. Changes of one name go or stay together.
fn guilty<'a>(entries: &[Entry<'a>], messages: &[String]) -> BTreeMap<&'a DnsName, String> {
    let mut guilty = BTreeMap::new();
    for message in messages {
        for entry in entries {
            let mut sets = entry.wire.iter().filter_map(WireChange::resource_record_set);
            if sets.any(|set| is_about(message, set)) {
                guilty.entry(entry.name).or_insert_with(|| message.clone());
            }
        }
    }
    guilty
}

fn fail(
    mut outcomes: Vec<Result<(), ProviderError>>,
    entries: &[Entry<'_>],
    error: &ProviderError,
) -> Vec<Result<(), ProviderError>> {
    for entry in entries {
        outcomes[entry.index] = Err(error.clone());
    }
    outcomes
}

fn refused(zone: &Zone, message: &str) -> ProviderError {
    ProviderError::new(class_of(message), format!("zone {}: InvalidChangeBatch: {message}", zone.id))
}

/// The texts of different names differ, so that nobody looks for somebody else to blame.
fn refused_for(zone: &Zone, name: &DnsName, message: &str) -> ProviderError {
    ProviderError::new(class_of(message), format!("zone {}: {name} is refused: {message}", zone.id))
}

/// A batch that was refused because of the rate may be sent again by the SDK. Anything else may not: nobody knows whether a request
/// that timed out was carried out, and the second one would then be refused for doing it again.
#[derive(Debug)]
pub(crate) struct OnlyThrottled;

impl ClassifyRetry for OnlyThrottled {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::RetryForbidden
    }

    fn classify_retry_v2(&self, _: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        match previous {
            RetryAction::RetryIndicated(RetryReason::RetryableError {
                kind: ErrorKind::ThrottlingError,
                ..
            }) => RetryAction::NoActionIndicated,
            _ => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "only what was throttled"
    }

    /// The last to be asked.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

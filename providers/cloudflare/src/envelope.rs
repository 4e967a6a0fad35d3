//! What answers mean: the envelope around every result, and the codes of refusals.

use crate::wire::{Envelope, Message};
use serde::de::DeserializeOwned;
use zonewright_provider_http::{Answer, StatusCode};
use zonewright_provider_kit::{ErrorClass, ProviderError};

/// The credentials are not good enough, or nobody can make sense of them. Codes of the API's gateway, seen in its answers.
const AUTH: [i64; 12] = [6003, 6100, 6102, 6103, 6111, 9103, 9106, 9107, 9109, 10000, 10001, 10042];

/// What exists is not what we thought: records that exclude the new one (81053 to 81056), the very same one (81057, 81058), or none
/// to change (81044).
const CONFLICT: [i64; 7] = [81044, 81053, 81054, 81055, 81056, 81057, 81058];

/// There is no such route: this service, or what stands before it, is older than batches.
const NO_ROUTE: i64 = 7000;

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The service does not have this operation at all.
    NoSuchRoute(ProviderError),
    /// It is too much at once.
    TooMuch(ProviderError),
    /// Anything else.
    Failed(ProviderError),
}

impl From<Refused> for ProviderError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoSuchRoute(error) | Refused::TooMuch(error) | Refused::Failed(error) => error,
        }
    }
}

/// Takes the result out of its envelope.
pub(crate) fn open<T: DeserializeOwned>(answer: &Answer) -> Result<Envelope<T>, Refused> {
    if answer.status.is_success() {
        let envelope: Envelope<T> = answer.json().map_err(Refused::Failed)?;
        if envelope.success {
            return Ok(envelope);
        }
        // A good status around a refusal: what was asked for was not done.
        return Err(Refused::Failed(refusal(answer, &envelope.errors)));
    }
    let errors = serde_json::from_slice::<Envelope<serde_json::Value>>(&answer.body)
        .map_or_else(|_| Vec::new(), |envelope| envelope.errors);
    let error = refusal(answer, &errors);
    Err(match answer.status {
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => Refused::NoSuchRoute(error),
        _ if codes(&errors).contains(&NO_ROUTE) => Refused::NoSuchRoute(error),
        StatusCode::PAYLOAD_TOO_LARGE => Refused::TooMuch(error),
        _ => Refused::Failed(error),
    })
}

fn refusal(answer: &Answer, errors: &[Message]) -> ProviderError {
    let error = match errors {
        [] => answer.status_error(),
        _ => answer.error(class(answer, &codes(errors)), &texts(errors).join("; ")),
    };
    // 500, and 520 to 524: Cloudflare's own gateways do not know what became of it.
    let is_gateway = answer.status.is_server_error() && answer.status != StatusCode::SERVICE_UNAVAILABLE;
    if is_gateway && answer.writes() { error.with_unknown_outcome() } else { error }
}

fn class(answer: &Answer, codes: &[i64]) -> ErrorClass {
    let by_status = answer.class();
    let has = |known: &[i64]| codes.iter().any(|code| known.contains(code));
    match by_status {
        ErrorClass::Throttled { .. } | ErrorClass::Unavailable => by_status,
        _ if has(&AUTH) => ErrorClass::Auth,
        _ if has(&CONFLICT) => ErrorClass::Conflict,
        // Reading has no record that could be at fault, and a success that refuses has no status that says why.
        ErrorClass::InvalidRecord if !answer.writes() => ErrorClass::Permanent,
        _ if answer.status.is_success() => ErrorClass::InvalidRecord,
        _ => by_status,
    }
}

/// Codes of errors and of their reasons.
fn codes(errors: &[Message]) -> Vec<i64> {
    let mut all = Vec::new();
    for error in errors {
        all.push(error.code);
        all.extend(codes(&error.error_chain));
    }
    all
}

/// `code: message`, and for reasons the same.
fn texts(errors: &[Message]) -> Vec<String> {
    let text = |error: &Message| {
        let message = error.message.split_whitespace().collect::<Vec<_>>().join(" ");
        let reasons = texts(&error.error_chain);
        match reasons.is_empty() {
            true => format!("{}: {message}", error.code),
            false => format!("{}: {message} ({})", error.code, reasons.join("; ")),
        }
    };
    errors.iter().map(text).collect()
}

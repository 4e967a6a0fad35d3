//! What goes wrong on purpose.

use crate::call::Operation;
use std::time::Duration;
use zonewright_double::Turns;

/// Which requests meet a fault.
#[derive(Debug, Clone)]
pub struct When {
    operation: Option<Operation>,
    zone: Option<String>,
    record: Option<String>,
    pub(crate) turns: Turns,
}

/// What happens to them.
#[derive(Debug, Clone)]
pub enum Fault {
    /// They are answered later.
    Delay(Duration),
    /// They are refused.
    Refuse {
        /// HTTP status.
        status: u16,
        /// Code of the refusal.
        code: String,
        /// Its message.
        message: String,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// They get this for an answer.
    Say {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
    /// The connection is closed without a word, and nothing is done.
    HangUp,
    /// It is done, and the connection is closed without a word.
    LoseAnswer,
    /// It is done, and half of the answer is sent.
    HalfAnswer,
}

impl When {
    /// The next request of a kind.
    pub fn call(operation: Operation) -> Self {
        Self { operation: Some(operation), zone: None, record: None, turns: Turns::ONCE }
    }

    /// Only those about a zone.
    #[must_use]
    pub fn in_zone(mut self, id: &str) -> Self {
        self.zone = Some(id.to_ascii_lowercase());
        self
    }

    /// Only those about a record set: `A www`.
    #[must_use]
    pub fn of_record(mut self, record: &str) -> Self {
        self.record = Some(record.to_owned());
        self
    }

    /// Not the first so many.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.turns.skip = requests;
        self
    }

    /// So many of them.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.turns.times = Some(times);
        self
    }

    /// All of them.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.turns.times = None;
        self
    }

    pub(crate) fn is_for(&self, operation: Operation, zone: Option<&str>, record: Option<&str>) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.zone.as_deref().is_none_or(|wanted| zone == Some(wanted))
            && self.record.as_deref().is_none_or(|wanted| record == Some(wanted))
    }
}

impl Fault {
    /// A refusal.
    pub fn refuse(status: u16, code: &str, message: &str) -> Self {
        Self::Refuse { status, code: code.to_owned(), message: message.to_owned(), retry_after: None }
    }

    /// Too many requests, with the seconds to stay away for.
    pub fn throttled(retry_after: Option<u64>) -> Self {
        Self::Refuse {
            status: 429,
            code: "TooManyRequests".to_owned(),
            message: "The request is being throttled.".to_owned(),
            retry_after,
        }
    }

    /// No role allows it.
    pub fn forbidden() -> Self {
        let message = "The client 'me' with object id 'me' does not have authorization to perform action \
                       'Microsoft.Network/dnsZones/read' over the scope, or the scope is invalid.";
        Self::refuse(403, "AuthorizationFailed", message)
    }

    /// Down for a moment.
    pub fn unavailable() -> Self {
        Self::refuse(503, "ServiceUnavailable", "The service is unavailable.")
    }
}

/// The faults that are still to come.
pub(crate) type Faults = zonewright_double::Faults<When, Fault>;

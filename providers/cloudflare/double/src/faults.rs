//! What goes wrong on purpose.

use crate::log::Operation;
use std::time::Duration;
use zonewright_double::Turns;

/// Which requests a fault is for. Of several faults that fit a request the one that was injected first is taken.
#[derive(Debug, Clone)]
pub struct When {
    operation: Option<Operation>,
    zone: Option<String>,
    pub(crate) turns: Turns,
}

impl When {
    /// The next request, whatever it is.
    pub fn any() -> Self {
        Self { operation: None, zone: None, turns: Turns::ONCE }
    }

    /// The next request of this operation.
    pub fn call(operation: Operation) -> Self {
        Self { operation: Some(operation), ..Self::any() }
    }

    /// Only requests about this zone.
    #[must_use]
    pub fn in_zone(self, zone: &str) -> Self {
        Self { zone: Some(zone.to_owned()), ..self }
    }

    /// Not the first so many that would fit.
    #[must_use]
    pub fn after(self, skip: usize) -> Self {
        Self { turns: Turns { skip, ..self.turns }, ..self }
    }

    /// So many requests instead of one.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { turns: Turns { times: Some(times), ..self.turns }, ..self }
    }

    /// All requests, until [`CloudflareDouble::withdraw_faults`](crate::CloudflareDouble::withdraw_faults).
    #[must_use]
    pub fn always(self) -> Self {
        Self { turns: Turns { times: None, ..self.turns }, ..self }
    }

    pub(crate) fn is_for(&self, operation: Operation, zone: Option<&str>) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.zone.as_deref().is_none_or(|wanted| zone == Some(wanted))
    }
}

/// What happens to a request instead of, or beside, what it asks for.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is refused in the service's form of an error, and nothing is done.
    Refuse {
        /// The status of the answer.
        status: u16,
        /// The service's code.
        code: i64,
        /// The service's explanation.
        message: String,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// It is answered with something else, and nothing is done.
    Say {
        /// The status of the answer.
        status: u16,
        /// What is said.
        body: String,
    },
    /// The connection is closed without an answer, and nothing is done.
    HangUp,
    /// It is done, but the connection is closed without an answer.
    LoseAnswer,
    /// It is done, and the first half of the answer is sent before the connection is closed.
    HalfAnswer,
    /// It is done after this time.
    Delay(Duration),
    /// It is done, and then the first record of the zone is taken away and another one added: what comes on the next page is not what
    /// would have come.
    ThenDrift,
}

impl Fault {
    /// A refusal with this status and code.
    pub fn refuse(status: u16, code: i64, message: &str) -> Self {
        Self::Refuse { status, code, message: message.to_owned(), retry_after: None }
    }

    /// Too many requests.
    pub fn throttled(retry_after: Option<u64>) -> Self {
        let message = "Rate limited. Please wait and consider throttling your request speed".to_owned();
        Self::Refuse { status: 429, code: 10100, message, retry_after }
    }

    /// The token does not have the permission.
    pub fn forbidden() -> Self {
        Self::refuse(403, 10000, "Authentication error")
    }
}

/// The faults that are still to come.
pub(crate) type Faults = zonewright_double::Faults<When, Fault>;

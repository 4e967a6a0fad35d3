//! What goes wrong on purpose.

use crate::call::Operation;
use std::time::Duration;

/// Which requests meet a fault.
#[derive(Debug, Clone)]
pub struct When {
    operation: Option<Operation>,
    zone: Option<String>,
    record: Option<String>,
    after: usize,
    times: Option<usize>,
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
        Self { operation: Some(operation), zone: None, record: None, after: 0, times: Some(1) }
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
        self.after = requests;
        self
    }

    /// So many of them.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// All of them.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
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

#[derive(Default)]
pub(crate) struct Faults(Vec<(When, Fault)>);

impl Faults {
    pub(crate) fn add(&mut self, when: When, fault: Fault) {
        self.0.push((when, fault));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault for this request, if there is one.
    pub(crate) fn take(
        &mut self,
        operation: Operation,
        zone: Option<&str>,
        record: Option<&str>,
    ) -> Option<Fault> {
        let fits = |when: &When| {
            when.operation.is_none_or(|wanted| wanted == operation)
                && when.zone.as_deref().is_none_or(|wanted| zone == Some(wanted))
                && when.record.as_deref().is_none_or(|wanted| record == Some(wanted))
                && when.times != Some(0)
        };
        let index = self.0.iter().position(|(when, _)| fits(when))?;
        let (when, fault) = self.0.get_mut(index)?;
        if when.after > 0 {
            when.after -= 1;
            return None;
        }
        let fault = fault.clone();
        if let Some(times) = &mut when.times {
            *times -= 1;
        }
        self.0.retain(|(when, _)| when.times != Some(0));
        Some(fault)
    }
}

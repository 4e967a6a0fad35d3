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
        When { operation: None, zone: None, turns: Turns::ONCE }
    }

    /// The next request of this operation.
    pub fn call(operation: Operation) -> Self {
        When { operation: Some(operation), ..When::any() }
    }

    /// Only requests about this zone.
    pub fn in_zone(self, zone: &str) -> Self {
        When { zone: Some(zone.trim_start_matches("/hostedzone/").to_owned()), ..self }
    }

    /// So many requests instead of one.
    pub fn times(self, times: usize) -> Self {
        When { turns: Turns { times: Some(times), ..self.turns }, ..self }
    }

    /// All requests, until [`AwsDouble::withdraw_faults`](crate::AwsDouble::withdraw_faults).
    pub fn always(self) -> Self {
        When { turns: Turns { times: None, ..self.turns }, ..self }
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
        /// The service's code, such as `Throttling`.
        code: String,
        /// The service's explanation.
        message: String,
        /// Seconds for a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// It is answered with something else, and nothing is done.
    Say {
        /// The status of the answer.
        status: u16,
        /// Its media type.
        content_type: String,
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
}

impl Fault {
    /// A refusal with this status and code.
    pub fn refuse(status: u16, code: &str, message: &str) -> Self {
        Fault::Refuse { status, code: code.to_owned(), message: message.to_owned(), retry_after: None }
    }

    /// What the service says to more than five requests a second.
    pub fn throttling() -> Self {
        Fault::refuse(400, "Throttling", "Rate exceeded")
    }

    /// What the service says while it is still at work on the zone's last change.
    pub fn prior_request() -> Self {
        Fault::refuse(400, "PriorRequestNotComplete", crate::route53::PRIOR_REQUEST)
    }

    /// What the service says to those whose policy does not allow the call.
    pub fn access_denied() -> Self {
        Fault::refuse(403, "AccessDenied", "User is not authorized to perform this action on this resource")
    }

    /// What the service says when it is out of order, with a `Retry-After` if it says when to come back.
    pub fn unavailable(retry_after: Option<u64>) -> Self {
        Fault::Refuse {
            status: 503,
            code: "ServiceUnavailable".to_owned(),
            message: "Service is unable to handle request.".to_owned(),
            retry_after,
        }
    }

    /// A good status with an answer that is not XML.
    pub fn bad_xml() -> Self {
        Fault::Say { status: 200, content_type: "text/xml".to_owned(), body: "<Answer><Half>".to_owned() }
    }
}

/// The faults that are still to come.
pub(crate) type Faults = zonewright_double::Faults<When, Fault>;

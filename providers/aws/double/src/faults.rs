//! What goes wrong on purpose.

use crate::log::Operation;
use std::time::Duration;

/// Which requests a fault is for. Of several faults that fit a request the one that was injected first is taken.
#[derive(Debug, Clone)]
pub struct When {
    operation: Option<Operation>,
    zone: Option<String>,
    times: Option<usize>,
}

impl When {
    /// The next request, whatever it is.
    pub fn any() -> Self {
        When { operation: None, zone: None, times: Some(1) }
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
        When { times: Some(times), ..self }
    }

    /// All requests, until [`AwsDouble::withdraw_faults`](crate::AwsDouble::withdraw_faults).
    pub fn always(self) -> Self {
        When { times: None, ..self }
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

#[derive(Default)]
pub(crate) struct Faults(Vec<(When, Fault)>);

impl Faults {
    pub(crate) fn add(&mut self, when: When, fault: Fault) {
        self.0.push((when, fault));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many requests are still to meet a fault, those that are for all requests not counted.
    pub(crate) fn left(&self) -> usize {
        self.0.iter().filter_map(|(when, _)| when.times).sum()
    }

    /// The fault for this request, if there is one.
    pub(crate) fn take(&mut self, operation: Operation, zone: Option<&str>) -> Option<Fault> {
        let fits = |when: &When| {
            when.operation.is_none_or(|wanted| wanted == operation)
                && when.zone.as_deref().is_none_or(|wanted| zone == Some(wanted))
                && when.times != Some(0)
        };
        let index = self.0.iter().position(|(when, _)| fits(when))?;
        let (when, fault) = self.0.get_mut(index)?;
        let fault = fault.clone();
        if let Some(times) = &mut when.times {
            *times -= 1;
        }
        self.0.retain(|(when, _)| when.times != Some(0));
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_wait_for_the_request_they_are_for() {
        let mut faults = Faults::default();
        let list = Operation::ListResourceRecordSets;
        faults.add(When::call(list).in_zone("/hostedzone/Z1").times(2), Fault::throttling());
        faults.add(When::call(list).in_zone("Z2").always(), Fault::access_denied());
        assert!(faults.take(Operation::ListHostedZones, None).is_none());
        assert!(faults.take(list, Some("Z3")).is_none());
        assert_eq!(faults.left(), 2);
        for _ in 0..2 {
            assert!(matches!(faults.take(list, Some("Z1")), Some(Fault::Refuse { status: 400, .. })));
        }
        assert!(faults.take(list, Some("Z1")).is_none());
        for _ in 0..3 {
            assert!(matches!(faults.take(list, Some("Z2")), Some(Fault::Refuse { status: 403, .. })));
        }
        assert_eq!(faults.left(), 0);
    }
}

//! What servers say instead of doing what they were asked for, and what that means.

use crate::query::Question;
use crate::transport::TransportError;
use crate::tsig::TsigProblem;
use zonewright_provider_kit::{ErrorClass, ProviderError};

/// The codes of answers (RFC 1035 section 4.1.1, RFC 2136 section 2.2).
pub(crate) mod rcode {
    pub(crate) const FORMERR: u8 = 1;
    pub(crate) const SERVFAIL: u8 = 2;
    pub(crate) const NXDOMAIN: u8 = 3;
    pub(crate) const NOTIMP: u8 = 4;
    pub(crate) const REFUSED: u8 = 5;
    pub(crate) const YXDOMAIN: u8 = 6;
    pub(crate) const YXRRSET: u8 = 7;
    pub(crate) const NXRRSET: u8 = 8;
    pub(crate) const NOTAUTH: u8 = 9;
    pub(crate) const NOTZONE: u8 = 10;
}

/// Why there is no good answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The request has not left this machine, or not whole.
    NotSent(TransportError),
    /// It has, and no answer came.
    NoAnswer(TransportError),
    /// An answer came, and who it is from is uncertain.
    Untrusted(TsigProblem),
    /// The server said no; with what it said of the signature, where that was the reason.
    Refused(u8, Option<TsigProblem>),
    /// The answer makes no sense.
    Senseless(String),
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Question(Question),
    Update,
}

impl Failed {
    /// Whether another server may do what this one did not, and nothing has happened yet.
    pub(crate) fn may_be_asked_elsewhere(&self, asked: Asked) -> bool {
        match self {
            Self::NotSent(_) => true,
            Self::NoAnswer(_) | Self::Untrusted(_) | Self::Senseless(_) => asked != Asked::Update,
            Self::Refused(code, _) => {
                let is_of_the_server =
                    matches!(*code, rcode::SERVFAIL | rcode::NOTIMP | rcode::REFUSED | rcode::NOTAUTH);
                asked != Asked::Update || is_of_the_server
            }
        }
    }

    /// The error for the loop.
    pub(crate) fn into_error(self, asked: Asked, zone: &str, server: &str) -> ProviderError {
        let what = match asked {
            Asked::Question(question) => format!("zone {zone}, {}, {server}", question.text()),
            Asked::Update => format!("zone {zone}, update, {server}"),
        };
        let is_update = asked == Asked::Update;
        match self {
            Self::NotSent(error) => ProviderError::new(ErrorClass::Unavailable, format!("{what}: {error}")),
            Self::NoAnswer(error) => {
                let error = ProviderError::new(ErrorClass::Unavailable, format!("{what}: {error}"));
                if is_update { error.with_unknown_outcome() } else { error }
            }
            Self::Untrusted(problem) => {
                let error = ProviderError::new(ErrorClass::Auth, format!("{what}: {problem}"));
                if is_update { error.with_unknown_outcome() } else { error }
            }
            Self::Refused(_, Some(problem)) => {
                ProviderError::new(ErrorClass::Auth, format!("{what}: {problem}"))
            }
            Self::Refused(code, None) => {
                let (class, text) =
                    if is_update { refused_update(code) } else { refused_question(code, asked) };
                ProviderError::new(class, format!("{what}: {text}"))
            }
            Self::Senseless(text) => {
                let error = ProviderError::new(ErrorClass::Unavailable, format!("{what}: {text}"));
                if is_update { error.with_unknown_outcome() } else { error }
            }
        }
    }
}

fn refused_update(code: u8) -> (ErrorClass, String) {
    let (class, text) = match code {
        rcode::FORMERR => (ErrorClass::InvalidRecord, "FORMERR: the server does not understand the update"),
        rcode::SERVFAIL => (
            ErrorClass::Unavailable,
            "SERVFAIL: the server failed; its log says why (a journal that it cannot write, say, or more records of one name than it takes)",
        ),
        rcode::NOTIMP => (
            ErrorClass::Permanent,
            "NOTIMP: the server takes no dynamic updates; name the primary server of the zone",
        ),
        rcode::REFUSED => (
            ErrorClass::InvalidRecord,
            "REFUSED: the server does not take this change; does its policy let the key change this name and type \
             (BIND: update-policy, Knot: acl)? BIND also wants host names without underscores for addresses (check-names), and an \
             address for every MX and SRV target within the zone",
        ),
        rcode::YXDOMAIN | rcode::YXRRSET => (
            ErrorClass::Conflict,
            "a record that was to be new exists already, or excludes the new one; somebody else has changed the zone",
        ),
        rcode::NXDOMAIN | rcode::NXRRSET => (
            ErrorClass::Conflict,
            "a record is not what it was when it was read; somebody else has changed the zone",
        ),
        rcode::NOTAUTH => (
            ErrorClass::Auth,
            "NOTAUTH: the server is not the primary of this zone, or wants another key; name the primary by \
             --rfc2136-host and the zone's own name by --rfc2136-zone",
        ),
        rcode::NOTZONE => (ErrorClass::InvalidRecord, "NOTZONE: a name is not within the zone"),
        other => return (ErrorClass::Permanent, format!("the server answers with code {other}")),
    };
    (class, text.to_owned())
}

fn refused_question(code: u8, asked: Asked) -> (ErrorClass, String) {
    let is_transfer = asked != Asked::Question(Question::Serial);
    let (class, text) = match code {
        rcode::REFUSED if is_transfer => (
            ErrorClass::Auth,
            "REFUSED: the server lets this key (or address) have no transfer of this zone (BIND: allow-transfer, \
             Knot: acl with action transfer)",
        ),
        rcode::REFUSED => (
            ErrorClass::Auth,
            "REFUSED: the server does not answer for this zone; does it know it, and may we ask?",
        ),
        rcode::NOTAUTH => (
            ErrorClass::Auth,
            "NOTAUTH: the server does not have this zone, or wants another key; --rfc2136-zone takes the zone's own name",
        ),
        rcode::SERVFAIL => {
            (ErrorClass::Unavailable, "SERVFAIL: the server has no usable copy of the zone; its log says why")
        }
        rcode::NXDOMAIN => (ErrorClass::Permanent, "NXDOMAIN: the server knows no such zone"),
        rcode::NOTIMP => (ErrorClass::Permanent, "NOTIMP: the server does not do that"),
        rcode::FORMERR => (ErrorClass::Permanent, "FORMERR: the server does not understand the query"),
        other => return (ErrorClass::Permanent, format!("the server answers with code {other}")),
    };
    (class, text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(rcode::FORMERR, "invalid-record", "FORMERR")]
    #[case(rcode::SERVFAIL, "unavailable", "log")]
    #[case(rcode::NXDOMAIN, "conflict", "somebody else")]
    #[case(rcode::NOTIMP, "permanent", "primary")]
    #[case(rcode::REFUSED, "invalid-record", "update-policy")]
    #[case(rcode::YXDOMAIN, "conflict", "exists already")]
    #[case(rcode::YXRRSET, "conflict", "exists already")]
    #[case(rcode::NXRRSET, "conflict", "somebody else")]
    #[case(rcode::NOTAUTH, "auth", "--rfc2136-zone")]
    #[case(rcode::NOTZONE, "invalid-record", "NOTZONE")]
    #[case(15, "permanent", "code 15")]
    fn every_refusal_of_an_update_has_its_class(#[case] code: u8, #[case] class: &str, #[case] part: &str) {
        let error = Failed::Refused(code, None).into_error(Asked::Update, "example.org", "ns1:53");
        assert_eq!(error.class().code(), class);
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().starts_with("zone example.org, update, ns1:53: "), "{error}");
        assert!(!error.is_outcome_unknown());
    }

    #[rstest]
    #[case(Question::Zone, rcode::REFUSED, "auth", "allow-transfer")]
    #[case(Question::Since(1), rcode::REFUSED, "auth", "allow-transfer")]
    #[case(Question::Serial, rcode::REFUSED, "auth", "does it know it")]
    #[case(Question::Serial, rcode::NOTAUTH, "auth", "own name")]
    #[case(Question::Zone, rcode::SERVFAIL, "unavailable", "log")]
    #[case(Question::Zone, rcode::NXDOMAIN, "permanent", "no such zone")]
    fn every_refusal_of_a_question_has_its_class(
        #[case] question: Question,
        #[case] code: u8,
        #[case] class: &str,
        #[case] part: &str,
    ) {
        let error =
            Failed::Refused(code, None).into_error(Asked::Question(question), "example.org", "ns1:53");
        assert_eq!(error.class().code(), class);
        assert!(error.to_string().contains(part), "{error}");
    }

    #[test]
    fn an_update_that_may_have_been_made_is_sent_to_nobody_else() {
        let silent = || Failed::NoAnswer(TransportError::Closed);
        assert!(!silent().may_be_asked_elsewhere(Asked::Update));
        assert!(silent().may_be_asked_elsewhere(Asked::Question(Question::Zone)));
        assert!(silent().into_error(Asked::Update, "z", "s").is_outcome_unknown());
        assert!(Failed::NotSent(TransportError::Closed).may_be_asked_elsewhere(Asked::Update));
        assert!(Failed::Refused(rcode::NOTAUTH, None).may_be_asked_elsewhere(Asked::Update));
        assert!(!Failed::Refused(rcode::NXRRSET, None).may_be_asked_elsewhere(Asked::Update));
    }
}

//! What went wrong with a list or a watch, and what to do about it.

use crate::sources::object::Kind;
use crate::sources::store::Scope;
use http::StatusCode;
use std::error::Error;
use std::time::Duration;

/// A list or a watch that failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The API server, or the way to it, said no.
    #[error(transparent)]
    Request(#[from] kube::Error),
    /// An answer began and broke off.
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
    /// What was answered is not what the Kubernetes API answers.
    #[error("unexpected answer: {0}")]
    Unexpected(#[from] serde_json::Error),
    /// No answer began in time.
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
}

impl Failure {
    fn api_code(&self) -> Option<u16> {
        match self {
            Self::Request(kube::Error::Api(status)) => Some(status.code),
            _ => None,
        }
    }

    /// Whether the version to resume from is no longer known to the API server.
    pub fn is_expired(&self) -> bool {
        self.api_code() == Some(StatusCode::GONE.as_u16())
    }

    /// Whether asking for the same watch again is pointless; listing will tell what is wrong, or put it right.
    pub fn needs_relist(&self) -> bool {
        let passing = [StatusCode::REQUEST_TIMEOUT.as_u16(), StatusCode::TOO_MANY_REQUESTS.as_u16()];
        self.api_code().is_some_and(|code| (400..500).contains(&code) && !passing.contains(&code))
    }

    /// How long the API server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        let Self::Request(kube::Error::Api(status)) = self else { return None };
        let seconds = status.details.as_ref()?.retry_after_seconds;
        (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)))
    }

    /// For people: what was tried, and what came of it.
    pub fn describe(&self, verb: &str, kind: &Kind, scope: &Scope) -> String {
        let namespace = match scope.namespace.as_str() {
            "" => String::new(),
            namespace => format!(" in namespace {namespace}"),
        };
        format!("cannot {verb} {}{namespace}: {}", kind.resource_name(), self.cause(kind))
    }

    fn cause(&self, kind: &Kind) -> String {
        match self {
            Self::Request(kube::Error::Api(status)) if status.code == StatusCode::NOT_FOUND.as_u16() => {
                format!(
                    "the server has no such resource in version {} (404): its CRD is missing or of another version",
                    kind.version
                )
            }
            Self::Request(kube::Error::Api(status)) => {
                let phrase = StatusCode::from_u16(status.code).ok().and_then(|code| code.canonical_reason());
                format!("{} {}: {}", status.code, phrase.unwrap_or(&status.reason), status.message)
            }
            Self::Request(error) => innermost(error),
            other => other.to_string(),
        }
    }
}

/// The HTTP client's errors say ever more vaguely what the innermost one says plainly, such as `Connection refused`.
fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

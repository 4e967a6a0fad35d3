//! Errors of providers, sorted by what the caller should do about them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What kind of failure it was. Decides back-off, bisecting and what to tell the operator; never guessed from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Credentials are missing, expired or insufficient.
    Auth,
    /// Too many requests; the service may have said when to come back.
    Throttled {
        /// What the service asked for.
        retry_after: Option<Duration>,
    },
    /// The service refuses this record; the others may be fine.
    InvalidRecord,
    /// What exists differs from what we thought; read again.
    Conflict,
    /// The service did not answer, or not usefully; try again.
    Unavailable,
    /// Trying again will not help.
    Permanent,
}

impl ErrorClass {
    /// A short fixed word for metrics and events.
    pub fn code(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Throttled { .. } => "throttled",
            Self::InvalidRecord => "invalid-record",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::Permanent => "permanent",
        }
    }

    /// The class of an HTTP status that is not a success.
    pub fn from_http_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            401 | 403 => Self::Auth,
            429 => Self::Throttled { retry_after },
            // "Overloaded or down for maintenance, come back then" (RFC 9110 section 15.6.4).
            503 if retry_after.is_some() => Self::Throttled { retry_after },
            409 | 412 => Self::Conflict,
            400 | 422 => Self::InvalidRecord,
            500..=599 | 408 => Self::Unavailable,
            _ => Self::Permanent,
        }
    }
}

/// A failed call to a provider. Cheap to clone, because one failed batch is the outcome of many changes.
#[derive(Debug, Clone)]
pub struct ProviderError(Arc<Details>);

/// Apart, because every change that succeeds has room for an error, too.
#[derive(Debug, Clone)]
struct Details {
    class: ErrorClass,
    message: Arc<str>,
    outcome_unknown: bool,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl ProviderError {
    /// An error of a class. The message says what was tried on what, in lower case.
    pub fn new(class: ErrorClass, message: impl Into<Arc<str>>) -> Self {
        let message = message.into();
        Self(Arc::new(Details { class, message, outcome_unknown: false, source: None }))
    }

    /// The same error with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).source = Some(Arc::new(source));
        self
    }

    /// The same error of a write that may have been carried out all the same: it was sent, and nobody who knows has answered
    /// (time-out, reset, a gateway's word). Such a write is not made again before what exists has been listed again.
    #[must_use]
    pub fn with_unknown_outcome(mut self) -> Self {
        Arc::make_mut(&mut self.0).outcome_unknown = true;
        self
    }

    /// Whether what was asked for may have been done all the same.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// What kind of failure it was.
    pub fn class(&self) -> ErrorClass {
        self.0.class
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut cause = self.0.source.as_deref().map(|e| e as &dyn std::error::Error);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// The causes are part of the message, hence no `source`.
impl std::error::Error for ProviderError {}

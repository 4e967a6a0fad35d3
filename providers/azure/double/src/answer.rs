//! What the double says.

use bytes::Bytes;
use serde_json::{Value, json};

/// An answer on its way out.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// The code of the refusal, if this is one.
    pub(crate) error: Option<String>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// As Resource Manager says it; `bare` without the `error` around it, as the DNS services do.
    pub(crate) fn of_manager(&self, bare: bool) -> Answer {
        let inner = json!({ "code": self.code, "message": self.message });
        let body = if bare { inner } else { json!({ "error": inner }) };
        Answer { error: Some(self.code.clone()), ..Answer::json(self.status, &body) }
    }

    /// As those say it who give tokens.
    pub(crate) fn of_tokens(&self) -> Answer {
        let trace = "Trace ID: 00000000-0000-4000-8000-000000000000 Timestamp: 2026-01-01 00:00:00Z";
        let body = json!({
            "error": self.code,
            "error_description": format!("{}\r\n{trace}", self.message),
            "error_codes": [0],
        });
        Answer { error: Some(self.code.clone()), ..Answer::json(self.status, &body) }
    }
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string().into(), error: None }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), error: None }
    }
}

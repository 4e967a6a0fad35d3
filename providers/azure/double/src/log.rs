//! What was asked of the double.

use crate::call::Operation;
use std::time::Duration;

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What was asked for.
    pub operation: Operation,
    /// The resource id of the zone it was about, in lower case.
    pub zone: Option<String>,
    /// The record set it was about: `A www`.
    pub record: Option<String>,
    /// When, from the start of the double on.
    pub at: Duration,
    /// Path and query as they came.
    pub path: String,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// The body as it came.
    pub body: String,
    /// The status of the answer; 0 while there is none, or when the connection was closed instead.
    pub status: u16,
    /// The code of the refusal, if it was one.
    pub error: Option<String>,
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) asked: zonewright_double::Log<Request>,
    /// How many are being answered, and the most that there were at once.
    under_way: usize,
    pub(crate) most_at_once: usize,
    /// Requests or answers that were not as published.
    pub(crate) violations: Vec<String>,
}

impl Log {
    /// Notes a request and gives its number.
    pub(crate) fn add(&mut self, request: Request) -> usize {
        self.under_way += 1;
        self.most_at_once = self.most_at_once.max(self.under_way);
        self.asked.add(request)
    }

    /// It was answered, or the connection closed.
    pub(crate) fn ended(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    pub(crate) fn forget(&mut self) {
        self.asked.forget();
        self.most_at_once = self.under_way;
    }
}

//! What metrics are told of the requests that a provider makes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One finished request over HTTP. One that is tried again is two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// What the API calls it.
    pub operation: String,
    /// HTTP method.
    pub method: String,
    /// Where it went.
    pub url: String,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// From sending to the head of the answer; waiting for its turn is not part of it.
    pub duration: Duration,
}

type Record = dyn Fn(&RequestRecord) + Send + Sync;

/// Is told of every finished request. The default one forgets them.
#[derive(Clone, Default)]
pub struct RequestRecorder(Option<Arc<Record>>);

impl RequestRecorder {
    /// Hands each of them to a function.
    pub fn new(record: impl Fn(&RequestRecord) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(record)))
    }

    /// Notes a request.
    pub fn record(&self, request: &RequestRecord) {
        if let Some(record) = &self.0 {
            record(request);
        }
    }
}

impl fmt::Debug for RequestRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestRecorder")
    }
}

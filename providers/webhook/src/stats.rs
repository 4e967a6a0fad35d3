//! Counters of calls, for `external_dns_webhook_provider_*`.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often the provider was called and how often that failed, since the start.
#[derive(Debug, Default)]
pub struct WebhookStats {
    /// `GET /records`: `external_dns_webhook_provider_records_*`.
    pub records: CallStats,
    /// `POST /records`: `external_dns_webhook_provider_applychanges_*`.
    pub apply_changes: CallStats,
    /// `POST /adjustendpoints`: `external_dns_webhook_provider_adjustendpoints_*`.
    pub adjust_endpoints: CallStats,
}

/// Counters of one kind of call.
#[derive(Debug, Default)]
pub struct CallStats {
    requests: AtomicU64,
    errors: AtomicU64,
}

impl CallStats {
    /// Calls made: `…_requests_total`.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Calls that failed, for whatever reason: `…_errors_total`.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Counts a call by its result. One that is given up half-way counts neither way.
    pub(crate) fn count<T, E>(&self, result: Result<T, E>) -> Result<T, E> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if result.is_err() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

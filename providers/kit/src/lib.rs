//! What every DNS provider shares.
//!
//! A provider translates, pages, batches and reports. It does not diff, own, filter or schedule. It implements two traits:
//! [`ReadZones`] and [`WriteZone`]. They are apart so that a preview can be given the first and not the second: what has no
//! writer cannot write.
//!
//! ```text
//! sync ── zones(), records() ──> ReadZones       plan ── changes by zone ──> WriteZone::apply
//! ```

mod alias;
mod batch;
#[cfg(feature = "battery")]
pub mod battery;
mod capabilities;
mod change;
mod error;
pub mod files;
mod pages;
mod redaction;
mod request_budget;
mod requests;
mod retry_after;
pub mod wire;
mod zone;

pub use alias::{normalize_alias, normalize_aliases};
pub use batch::{batch_lengths, batches};
pub use capabilities::{Capabilities, Unsupported};
pub use change::{Operation, RowChange, ZoneChange};
pub use error::{ErrorClass, ProviderError};
pub use pages::{MOST_PAGES, Pages};
pub use redaction::Redaction;
pub use request_budget::RequestBudget;
pub use requests::{RequestRecord, RequestRecorder};
pub use retry_after::parse_retry_after;
pub use zone::{Zone, zone_for, zone_of_new};

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use zonewright_planner::{DnsName, DomainFilter, Endpoint, ObjectRef, Record, ZoneId};

/// What a zone holds.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Every record set that could be understood, ownership rows included.
    pub records: Vec<Record>,
    /// Descriptions of record sets that could not (names that are no DNS names); they are left alone.
    pub unreadable: Vec<String>,
}

/// What a provider makes of the wishes before they are planned.
#[derive(Debug, Clone, Default)]
pub struct Adjusted {
    /// The wishes in the provider's canonical form, so that what is asked for equals what will be read back.
    pub endpoints: Vec<Endpoint>,
    /// What came back malformed and was dropped.
    pub rejected: Vec<Rejected>,
}

/// A wish that the adjust step spoiled. The object still asks for it, so its absence must not look like "no longer wanted".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The name of the wish; `None` where it cannot be told which wish this was.
    pub name: Option<DnsName>,
    /// The objects behind the wishes for that name.
    pub objects: Vec<Arc<ObjectRef>>,
    /// What came back and what is wrong with it.
    pub text: String,
}

/// Reading: everything that is needed to plan.
#[async_trait]
pub trait ReadZones: Send + Sync {
    /// What the service can hold. The same table drives validation, batching and the test battery.
    fn capabilities(&self) -> &Capabilities;

    /// Restricts planning to the names this provider is responsible for. Asked once per cycle; implementations that
    /// negotiate at start answer from memory.
    async fn domain_filter(&self) -> Result<DomainFilter, ProviderError> {
        Ok(DomainFilter::All)
    }

    /// The zones in reach. Fails closed: if some cannot be listed it is an error, never a shorter list.
    async fn zones(&self) -> Result<Vec<Zone>, ProviderError>;

    /// Everything in one zone. A partial listing is an error, never a shorter list.
    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError>;

    /// The zones among these in which records of a name stand, where that is more than the closest one: a public zone and private ones
    /// (split horizon). `None` where it is simply the closest one ([`zone_for`]).
    fn homes(&self, zones: &[Zone], name: &DnsName) -> Option<Vec<ZoneId>> {
        let _ = (zones, name);
        None
    }

    /// Canonicalises the whole list of wishes, once per full cycle. Must be idempotent. A wish that is for one zone alone gets that
    /// zone here.
    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        Ok(Adjusted { endpoints, rejected: Vec::new() })
    }
}

/// Writing.
#[async_trait]
pub trait WriteZone: Send + Sync {
    /// Applies changes to one zone and reports one outcome per change, in the same order. A record and its ownership rows
    /// are one change: either all of it is applied or, as far as the service allows, none.
    ///
    /// Where the service takes record sets one by one, follow the order of [`ZoneChange::operations`] and stop at the first
    /// failure: then whatever is left half done is mended by the next cycle. Of a failed change nothing is assumed; its zone is
    /// read again.
    ///
    /// Where the service answers for several changes at once, all of them get clones of one error: the caller cuts such a
    /// failure in two and tries again, to find whom it is about. Errors about single changes say so in their text.
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>>;

    /// How many of these changes, from the first on, one write should take where more than their number counts: the size of their values,
    /// say. More than none, and never between changes of one name that fit. The caller leaves the others for the next write.
    fn fitting(&self, zone: &Zone, changes: &[ZoneChange]) -> usize {
        let _ = zone;
        changes.len()
    }

    /// The pause that the caller makes between the writes to one zone when one does not take them all.
    fn interval(&self) -> Duration {
        Duration::ZERO
    }
}

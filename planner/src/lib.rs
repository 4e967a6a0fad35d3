//! What DNS records should change, and why: the domain types of Zonewright and the diff between what is
//! wanted and what exists.
//!
//! ```text
//! endpoints (wishes) ─┐
//! records (existing) ─┼─> plan() ─> Plan { changes with reasons, skips with reasons }
//! holds, filters ─────┘
//! ```
//!
//! Pure: no async, no I/O, no clock, no randomness. The same input gives the same plan, byte for byte,
//! whatever the order in which endpoints and records arrive. Everything is parsed when it enters
//! ([`DnsName`], [`Target`], [`RecordType`]) and trusted afterwards.

pub mod domain_filter;
mod endpoint;
pub mod go_regex;
mod labels;
mod name;
pub mod ownership_text;
pub mod packed;
mod plan;
mod properties;
mod record;
mod record_type;
mod share;
mod target;
mod ttl;
mod uid;

pub use domain_filter::DomainFilter;
pub use endpoint::{Endpoint, EndpointError, ObjectRef};
pub use labels::{LabelError, Labels, OWNED_RECORD, OWNER, RESOURCE};
pub use name::{DnsName, NameError};
pub use plan::{
    Change, Claims, CreateReason, DeleteReason, Hold, HoldReason, Holds, Homes, Incomplete, Leftover,
    ManagedTypes, Plan, PlanInput, Policy, Refusal, Scope, ShareStep, SharedInput, Skip, SkipKind,
    SkipReason, UpdateReason, plan,
};
pub use properties::{ALIAS, Properties, RECORD_TYPE};
pub use record::{Ownership, Record, RecordKey, Spelling, ZoneId};
pub use record_type::RecordType;
pub use share::{
    SHARED, STATEMENT_LABELS, Share, Shares, Statement, TARGET_SEPARATOR, join as join_targets, parse_targets,
};
pub use target::{Target, TargetError, suitable_type};
pub use ttl::Ttl;
pub use uid::Uid;

/// The identity under which this instance owns records (`--txt-owner-id`). Compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(Box<str>);

impl Owner {
    /// Wraps an owner id; an empty one means nobody, hence `None`.
    pub fn new(id: &str) -> Option<Self> {
        if id.is_empty() { None } else { Some(Self(id.into())) }
    }

    /// The id as written in ownership records.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

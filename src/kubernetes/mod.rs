//! The way to the Kubernetes API: which server, with whose credentials, how often and how long.
//!
//! ```text
//! ClusterAccess (flags) ──> kube::Client: rate limit, deadline, record ──> changed files? ──> base URI, gzip, credentials ──> TLS, TCP
//! ```

mod access;
mod approvals;
mod calls;
pub mod events;
pub mod permissions;
mod reload;
mod token_bucket;

pub use access::{AccessError, ClusterAccess};
pub use approvals::ApprovalConfigMap;
pub use calls::{RequestRecord, RequestRecorder};

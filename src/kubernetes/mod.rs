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
mod stopping;
mod token_bucket;

pub use access::{AccessError, ClusterAccess};
pub use approvals::ApprovalConfigMap;
pub use calls::{RequestRecord, RequestRecorder};
pub use stopping::{DeploymentName, stop_deployment};

/// Why a call failed, in a few words.
fn describe(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.message),
        error => {
            // The innermost cause is the plainest, such as `Connection refused`.
            let causes =
                std::iter::successors(Some(&error as &dyn std::error::Error), |cause| cause.source());
            causes.last().map(ToString::to_string).unwrap_or_default()
        }
    }
}

//! What the outside can see: logs, metrics, health.

mod admin;
mod approve;
mod health;
pub mod logs;
pub mod metrics;
mod status;
mod summary;

pub use admin::{AdminError, AdminServer};
pub use health::{Health, Verdict};
pub use metrics::Metrics;
pub use status::{Status, StatusParts};

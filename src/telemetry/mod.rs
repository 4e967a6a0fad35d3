//! What the outside can see: logs, metrics, health.

mod admin;
mod approve;
pub mod logs;
pub mod metrics;
mod summary;

pub use admin::{AdminError, AdminServer};
pub use metrics::Metrics;

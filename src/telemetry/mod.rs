//! What the outside can see: logs, metrics, health.

mod admin;
pub mod logs;
pub mod metrics;
mod summary;

pub use admin::{AdminError, AdminServer};
pub use metrics::Metrics;

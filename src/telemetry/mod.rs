//! What the outside can see: logs, metrics, health.

mod admin;
mod health;
pub mod logs;
pub mod metrics;
mod summary;

pub use admin::{AdminError, AdminServer};
pub use health::{Health, Verdict};
pub use metrics::Metrics;

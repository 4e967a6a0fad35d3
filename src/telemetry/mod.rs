//! What the outside can see: logs, metrics, health.

mod admin;
mod approve;
pub mod conditions;
pub mod events;
mod health;
pub mod logs;
pub mod metrics;
mod status;
mod summary;

pub use admin::{AdminError, AdminServer};
pub use events::EventTeller;
pub use health::{Health, Verdict};
pub use metrics::Metrics;
pub use status::{Status, StatusParts};

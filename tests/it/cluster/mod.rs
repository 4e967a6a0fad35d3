//! The whole program as a user runs it: a process of its own, real API servers, and a webhook provider that can be slow,
//! broken or away.
//!
//! Nothing here sleeps for luck. A test waits for what it expects, with a deadline; that nothing happens is shown by cycles
//! that came and went.

mod admission;
pub mod daemon;
mod events;
mod guard;
mod holds;
pub mod kubernetes_events;
mod lifecycle;
pub mod metrics;
pub mod objects;
mod once;
mod owners;
mod provider_faults;
mod refusals;
mod reload;
mod replicas;
mod signals;
pub mod source_faults;
mod startup;
mod status;
mod telemetry;
mod tenancy;
pub mod world;

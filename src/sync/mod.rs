//! When to run and what to run.
//!
//! ```text
//! daemon ── schedule says when ──> Pipeline: survey (what exists) ─> propose (what should change) ─> carry out
//! ```
//!
//! A pipeline is one provider with its registry and policy; the caches and sources are shared. A preview is a pipeline without a
//! writer: it surveys and proposes, and has nothing to carry out with.

mod apply;
pub mod board;
pub mod daemon;
mod errand;
pub mod faults;
pub mod guard;
mod holds;
pub mod leadership;
mod pipeline;
pub mod report;
mod schedule;
mod settling;
mod world;

pub(crate) use apply::deliver;
pub use apply::{Applied, Manner};
pub use board::Board;
pub use errand::Errand;
pub use faults::Faults;
pub use holds::HoldAges;
pub use pipeline::{Pipeline, PlanSettings, Proposal, Wanted};
pub use schedule::Schedule;
pub use settling::Settling;
pub use world::{ListingCache, Part, World};

#[cfg(test)]
mod tests;

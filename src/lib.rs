//! Zonewright: a DNS sync daemon for Kubernetes.
//!
//! ```text
//! objects -> sources -> endpoints -> planner -> plan -> registry -> provider
//!               ^                       ^                 (adds ownership records)
//!          watch caches        records of the zone <- registry <- provider
//! ```
//!
//! The planner, the registry and the providers are crates of their own. This one has the sources, the loop that turns the crank,
//! the command line, and the wiring between them.

pub mod adoption;
pub mod cli;
pub mod kubernetes;
#[cfg(test)]
mod reference;
pub mod serving;
pub mod snapshot;
pub mod sources;
pub mod status;
pub mod sync;
pub mod telemetry;
mod wiring;

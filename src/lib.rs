//! Zonewright: a DNS sync daemon for Kubernetes.

pub mod cli;
pub mod sources;

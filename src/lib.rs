//! Zonewright: a DNS sync daemon for Kubernetes.

pub mod kubernetes;
pub mod sources;

//! Zonewright: a DNS sync daemon for Kubernetes.

pub mod sources;

//! Zonewright: a DNS sync daemon for Kubernetes.

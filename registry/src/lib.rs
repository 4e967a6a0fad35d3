//! Ownership registries: who owns which record.

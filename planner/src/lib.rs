//! Domain types and the diff.

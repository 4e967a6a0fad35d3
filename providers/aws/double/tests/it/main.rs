//! The double as its clients see it: over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod changes;
mod client;
mod cloud_map;
mod faults;
mod lists;
mod zones;

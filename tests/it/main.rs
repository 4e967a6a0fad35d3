//! Tests of the whole program. One binary, because linking is what takes time.

#![allow(clippy::print_stderr, reason = "a failing test shows the log of the program")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
mod chart;
mod cli;
#[cfg(feature = "cloudflare")]
mod cloudflare;
mod cluster;
mod conformance;
mod dns_records;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod faults;
mod program;
mod shared_names;
mod status_page;
mod webhook_server;

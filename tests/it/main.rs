//! Tests of the whole program. One binary, because linking is what takes time.

#![allow(clippy::print_stderr, reason = "a failing test shows the log of the program")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod azure;
#[cfg(all(feature = "aws", feature = "aws-sd", feature = "azure", feature = "cloudflare"))]
mod bounds;
mod chart;
mod cli;
#[cfg(feature = "cloudflare")]
mod cloudflare;
mod cluster;
mod conformance;
mod dns_records;
mod docs;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod faults;
mod fuzz;
mod program;
#[cfg(feature = "rfc2136")]
mod rfc2136;
#[cfg(all(
    feature = "aws",
    feature = "aws-sd",
    feature = "azure",
    feature = "cloudflare",
    feature = "dynamodb"
))]
mod secrets;
mod shared_names;
mod status_page;
mod webhook_server;

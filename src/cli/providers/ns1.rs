//! Provider `ns1`.

use crate::cli::{non_empty, values};
use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider ns1")]
pub(in crate::cli) struct Ns1Args {
    /// URL of the API, instead of the public one
    #[arg(long, default_value = "", value_name = "URL")]
    ns1_endpoint: String,
    /// Do not check the certificate of the API
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    ns1_ignoressl: bool,
    /// Lowest TTL of records
    #[arg(long, default_value = "0", value_parser = values::count, value_name = "SECONDS")]
    ns1_min_ttl: u32,
}

/// Settings of NS1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ns1Config {
    /// URL of the API; `None` for the public one.
    pub endpoint: Option<String>,
    /// Whether the certificate of the API goes unchecked.
    pub ignore_ssl: bool,
    /// Lowest TTL of records.
    pub min_ttl_seconds: u32,
}

impl Ns1Args {
    pub(super) fn check(self) -> Ns1Config {
        let Self { ns1_endpoint, ns1_ignoressl, ns1_min_ttl } = self;
        Ns1Config {
            endpoint: non_empty(ns1_endpoint),
            ignore_ssl: ns1_ignoressl,
            min_ttl_seconds: ns1_min_ttl,
        }
    }
}

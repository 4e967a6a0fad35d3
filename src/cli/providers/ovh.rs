//! Provider `ovh`.

use crate::cli::values;
use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider ovh")]
pub(in crate::cli) struct OvhArgs {
    /// Name of the API endpoint
    #[arg(long, default_value = "ovh-eu", value_name = "NAME")]
    ovh_endpoint: String,
    /// Most requests per second
    #[arg(long, default_value = "20", value_parser = values::count, value_name = "N")]
    ovh_api_rate_limit: u32,
    /// Take CNAME targets without a final dot as relative to the zone
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    ovh_enable_cname_relative: bool,
}

/// Settings of OVHcloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvhConfig {
    /// Name of the API endpoint.
    pub endpoint: String,
    /// Most requests per second.
    pub rate_limit: u32,
    /// Whether CNAME targets without a final dot are relative to the zone.
    pub cname_relative: bool,
}

impl OvhArgs {
    pub(super) fn check(self) -> OvhConfig {
        let Self { ovh_endpoint, ovh_api_rate_limit, ovh_enable_cname_relative } = self;
        OvhConfig {
            endpoint: ovh_endpoint,
            rate_limit: ovh_api_rate_limit,
            cname_relative: ovh_enable_cname_relative,
        }
    }
}

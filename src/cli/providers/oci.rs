//! Provider `oci`.

use crate::cli::names::OciZoneScope;
use crate::cli::non_empty;
use crate::cli::values::{self, Optional};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider oci")]
pub(in crate::cli) struct OciArgs {
    /// File with credentials
    #[arg(long, default_value = "/etc/kubernetes/oci.yaml", value_name = "FILE")]
    oci_config_file: String,
    /// Compartment of the zones; needed with --oci-auth-instance-principal
    #[arg(long, default_value = "", value_name = "OCID")]
    oci_compartment_ocid: String,
    /// Which zones are managed; empty for all
    #[arg(long, default_value = "GLOBAL", value_parser = values::optional::<OciZoneScope>(), value_name = "SCOPE")]
    oci_zone_scope: Optional<OciZoneScope>,
    /// Log in as the instance instead of with the file
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    oci_auth_instance_principal: bool,
    /// How long a list of zones may be used again; 0s for not at all
    #[arg(long, default_value = "0s", value_parser = values::duration)]
    oci_zones_cache_duration: Duration,
}

/// Settings of Oracle Cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciConfig {
    /// File with credentials.
    pub config_file: PathBuf,
    /// Compartment of the zones.
    pub compartment: Option<String>,
    /// Which zones are managed; `None` for all.
    pub zone_scope: Option<OciZoneScope>,
    /// Whether to log in as the instance.
    pub instance_principal: bool,
    /// How long a list of zones may be used again.
    pub zones_cache_duration: Duration,
}

impl OciArgs {
    pub(super) fn check(self) -> OciConfig {
        let Self {
            oci_config_file,
            oci_compartment_ocid,
            oci_zone_scope,
            oci_auth_instance_principal,
            oci_zones_cache_duration,
        } = self;
        OciConfig {
            config_file: PathBuf::from(oci_config_file),
            compartment: non_empty(oci_compartment_ocid),
            zone_scope: oci_zone_scope.0,
            instance_principal: oci_auth_instance_principal,
            zones_cache_duration: oci_zones_cache_duration,
        }
    }
}

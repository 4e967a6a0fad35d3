//! Provider `alibabacloud`.

use crate::cli::names::ZoneVisibility;
use crate::cli::values::{self, Optional};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider alibabacloud")]
pub(in crate::cli) struct AlibabaArgs {
    /// File with credentials and region
    #[arg(long, default_value = "/etc/kubernetes/alibaba-cloud.json", value_name = "FILE")]
    alibaba_cloud_config_file: String,
    /// Which zones are managed, if not all: public or private ones
    #[arg(long, default_value = "", value_parser = values::optional::<ZoneVisibility>(), value_name = "TYPE")]
    alibaba_cloud_zone_type: Optional<ZoneVisibility>,
}

/// Settings of Alibaba Cloud DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlibabaConfig {
    /// File with credentials and region.
    pub config_file: PathBuf,
    /// Which zones are managed; `None` for all.
    pub zone_type: Option<ZoneVisibility>,
}

impl AlibabaArgs {
    pub(super) fn check(self) -> AlibabaConfig {
        let Self { alibaba_cloud_config_file, alibaba_cloud_zone_type } = self;
        AlibabaConfig {
            config_file: PathBuf::from(alibaba_cloud_config_file),
            zone_type: alibaba_cloud_zone_type.0,
        }
    }
}

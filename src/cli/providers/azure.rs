//! Providers `azure`, `azure-dns` and `azure-private-dns`.

use crate::cli::names::ProviderName;
use crate::cli::{non_empty, values};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider azure, azure-private-dns")]
pub(in crate::cli) struct AzureArgs {
    /// File with subscription and credentials
    #[arg(long, default_value = "/etc/kubernetes/azure.json", value_name = "FILE")]
    azure_config_file: String,
    /// Resource group, instead of the one in the file
    #[arg(long, default_value = "", value_name = "NAME")]
    azure_resource_group: String,
    /// Subscription, instead of the one in the file
    #[arg(long, default_value = "", value_name = "ID")]
    azure_subscription_id: String,
    /// Client id of the managed identity, instead of the one in the file
    #[arg(long, default_value = "", value_name = "ID")]
    azure_user_assigned_identity_client_id: String,
    /// How long a list of zones may be used again; 0s for not at all
    #[arg(long, default_value = "0s", value_parser = values::duration)]
    azure_zones_cache_duration: Duration,
    /// Most retries of a failed request; 0 for the default, below 0 for none
    #[arg(long, default_value = "3", value_parser = values::int, value_name = "N")]
    azure_maxretries_count: i32,
}

/// Settings of Azure DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AzureConfig {
    /// File with subscription and credentials.
    pub config_file: PathBuf,
    /// Resource group, instead of the one in the file.
    pub resource_group: Option<String>,
    /// Subscription, instead of the one in the file.
    pub subscription_id: Option<String>,
    /// Client id of the managed identity, instead of the one in the file.
    pub user_assigned_identity_client_id: Option<String>,
    /// How long a list of zones may be used again.
    pub zones_cache_duration: Duration,
    /// Most retries of a failed request; below 0 for none.
    pub max_retries: i32,
}

impl AzureArgs {
    pub(super) fn check(self, name: ProviderName) -> Result<AzureConfig, String> {
        let Self {
            azure_config_file,
            azure_resource_group,
            azure_subscription_id,
            azure_user_assigned_identity_client_id,
            azure_zones_cache_duration,
            azure_maxretries_count,
        } = self;
        if name == ProviderName::Azure && azure_config_file.is_empty() {
            return Err("no Azure config file specified".into());
        }
        Ok(AzureConfig {
            config_file: PathBuf::from(azure_config_file),
            resource_group: non_empty(azure_resource_group),
            subscription_id: non_empty(azure_subscription_id),
            user_assigned_identity_client_id: non_empty(azure_user_assigned_identity_client_id),
            zones_cache_duration: azure_zones_cache_duration,
            max_retries: azure_maxretries_count,
        })
    }
}

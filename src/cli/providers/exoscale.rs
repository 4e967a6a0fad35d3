//! Provider `exoscale`.

use super::given;
use crate::cli::values;
use clap::Args;
use secrecy::SecretString;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider exoscale")]
pub(in crate::cli) struct ExoscaleArgs {
    /// API environment
    #[arg(long, default_value = "api", value_name = "NAME")]
    exoscale_apienv: String,
    /// API zone
    #[arg(long, default_value = "ch-gva-2", value_name = "ZONE")]
    exoscale_apizone: String,
    /// API key
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "KEY")]
    exoscale_apikey: SecretString,
    /// API secret
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "SECRET")]
    exoscale_apisecret: SecretString,
    /// How long a list of zones may be used again; 0s for not at all
    #[arg(long, default_value = "0s", value_parser = values::duration)]
    exoscale_zones_cache_duration: Duration,
}

/// Settings of Exoscale.
#[derive(Debug, Clone)]
pub struct ExoscaleConfig {
    /// API environment.
    pub api_environment: String,
    /// API zone.
    pub api_zone: String,
    /// API key.
    pub api_key: Option<SecretString>,
    /// API secret.
    pub api_secret: Option<SecretString>,
    /// How long a list of zones may be used again.
    pub zones_cache_duration: Duration,
}

impl ExoscaleArgs {
    pub(super) fn check(self) -> ExoscaleConfig {
        let Self {
            exoscale_apienv,
            exoscale_apizone,
            exoscale_apikey,
            exoscale_apisecret,
            exoscale_zones_cache_duration,
        } = self;
        ExoscaleConfig {
            api_environment: exoscale_apienv,
            api_zone: exoscale_apizone,
            api_key: given(exoscale_apikey),
            api_secret: given(exoscale_apisecret),
            zones_cache_duration: exoscale_zones_cache_duration,
        }
    }
}

//! Provider `godaddy`.

use super::given;
use crate::cli::values;
use clap::Args;
use secrecy::SecretString;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider godaddy")]
pub(in crate::cli) struct GoDaddyArgs {
    /// API key
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "KEY")]
    godaddy_api_key: SecretString,
    /// API secret
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "SECRET")]
    godaddy_api_secret: SecretString,
    /// TTL of records for which the object names none
    #[arg(long, default_value = "0", value_parser = values::int64, value_name = "SECONDS")]
    godaddy_api_ttl: i64,
    /// Use the test environment (OTE)
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    godaddy_api_ote: bool,
}

/// Settings of GoDaddy.
#[derive(Debug, Clone)]
pub struct GoDaddyConfig {
    /// API key.
    pub api_key: Option<SecretString>,
    /// API secret.
    pub api_secret: Option<SecretString>,
    /// TTL of records for which the object names none.
    pub ttl_seconds: i64,
    /// Whether the test environment (OTE) is used.
    pub test_environment: bool,
}

impl GoDaddyArgs {
    pub(super) fn check(self) -> GoDaddyConfig {
        let Self { godaddy_api_key, godaddy_api_secret, godaddy_api_ttl, godaddy_api_ote } = self;
        GoDaddyConfig {
            api_key: given(godaddy_api_key),
            api_secret: given(godaddy_api_secret),
            ttl_seconds: godaddy_api_ttl,
            test_environment: godaddy_api_ote,
        }
    }
}

//! Provider `pdns` (PowerDNS).

use super::given;
use crate::cli::values;
use clap::Args;
use secrecy::SecretString;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider pdns")]
pub(in crate::cli) struct PdnsArgs {
    /// URL of the API
    #[arg(long, default_value = "http://localhost:8081", value_name = "URL")]
    pdns_server: String,
    /// Id of the server, where a proxy stands before it
    #[arg(long, default_value = "localhost", value_name = "ID")]
    pdns_server_id: String,
    /// API key
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "KEY")]
    pdns_api_key: SecretString,
    /// Do not check the certificate of the API
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    pdns_skip_tls_verify: bool,
}

/// Settings of PowerDNS.
#[derive(Debug, Clone)]
pub struct PdnsConfig {
    /// URL of the API.
    pub server: String,
    /// Id of the server.
    pub server_id: String,
    /// API key.
    pub api_key: Option<SecretString>,
    /// Whether the certificate of the API goes unchecked.
    pub skip_tls_verify: bool,
}

impl PdnsArgs {
    pub(super) fn check(self) -> PdnsConfig {
        let Self { pdns_server, pdns_server_id, pdns_api_key, pdns_skip_tls_verify } = self;
        PdnsConfig {
            server: pdns_server,
            server_id: pdns_server_id,
            api_key: given(pdns_api_key),
            skip_tls_verify: pdns_skip_tls_verify,
        }
    }
}

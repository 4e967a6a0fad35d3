//! Provider `pihole`.

use super::given;
use crate::cli::{non_empty, values};
use clap::Args;
use secrecy::SecretString;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider pihole")]
pub(in crate::cli) struct PiholeArgs {
    /// URL of the server
    #[arg(long, default_value = "", value_name = "URL")]
    pihole_server: String,
    /// Password of the server
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "PASSWORD")]
    pihole_password: SecretString,
    /// Do not check the certificate of the server
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    pihole_tls_skip_verify: bool,
}

/// Settings of Pi-hole.
#[derive(Debug, Clone)]
pub struct PiholeConfig {
    /// URL of the server.
    pub server: Option<String>,
    /// Password of the server.
    pub password: Option<SecretString>,
    /// Whether the certificate of the server goes unchecked.
    pub skip_tls_verify: bool,
}

impl PiholeArgs {
    pub(super) fn check(self) -> PiholeConfig {
        let Self { pihole_server, pihole_password, pihole_tls_skip_verify } = self;
        PiholeConfig {
            server: non_empty(pihole_server),
            password: given(pihole_password),
            skip_tls_verify: pihole_tls_skip_verify,
        }
    }
}

//! Provider `rfc2136` (DNS UPDATE).

use super::given;
use crate::cli::names::{LoadBalancing, ProviderName};
use crate::cli::{non_empty, values, without_blanks};
use clap::Args;
use secrecy::SecretString;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider rfc2136")]
pub(in crate::cli) struct Rfc2136Args {
    /// Primary server of the zones; several that have the same zones (repeatable)
    #[arg(long, value_name = "HOST")]
    rfc2136_host: Vec<String>,
    /// Port of the server
    #[arg(long, default_value = "0", value_parser = values::port, value_name = "PORT")]
    rfc2136_port: u16,
    /// Zone on the server; none for the root zone (repeatable)
    #[arg(long, value_name = "ZONE")]
    rfc2136_zone: Vec<String>,
    /// Do not sign messages
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    rfc2136_insecure: bool,
    /// Name of the TSIG key
    #[arg(long, default_value = "", value_name = "NAME")]
    rfc2136_tsig_keyname: String,
    /// TSIG key in base64
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "SECRET")]
    rfc2136_tsig_secret: SecretString,
    /// Algorithm of the TSIG key: hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384 or hmac-sha512
    #[arg(long, default_value = "", value_name = "NAME")]
    rfc2136_tsig_secret_alg: String,
    /// List records by zone transfer; without it nothing can be updated or deleted
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    rfc2136_axfr: bool,
    /// Former name of --rfc2136-axfr (deprecated)
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    rfc2136_tsig_axfr: bool,
    /// Lowest TTL of records
    #[arg(long, default_value = "0s", value_parser = values::ttl)]
    rfc2136_min_ttl: Duration,
    /// Sign messages by Kerberos (GSS-TSIG); refused, because it is not supported
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    rfc2136_gss_tsig: bool,
    /// Kerberos realm
    #[arg(long, default_value = "", value_name = "REALM")]
    rfc2136_kerberos_realm: String,
    /// Kerberos user
    #[arg(long, default_value = "", value_name = "NAME")]
    rfc2136_kerberos_username: String,
    /// Password of that user
    #[arg(long, default_value = "", value_parser = values::secret, value_name = "PASSWORD")]
    rfc2136_kerberos_password: SecretString,
    /// Most changes in one message, as far as they fit
    #[arg(long, default_value = "50", value_parser = values::int, value_name = "N")]
    rfc2136_batch_change_size: i32,
    /// Speak DNS over TLS
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    rfc2136_use_tls: bool,
    /// Do not check the certificate of the server
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    rfc2136_skip_tls_verify: bool,
    /// Which of several servers is asked
    #[arg(long, default_value = "disabled", value_name = "STRATEGY")]
    rfc2136_load_balancing_strategy: LoadBalancing,
}

/// Settings of servers that take DNS UPDATE.
#[derive(Debug, Clone)]
pub struct Rfc2136Config {
    /// The servers.
    pub hosts: Vec<String>,
    /// Port of the servers.
    pub port: u16,
    /// The zones on the servers.
    pub zones: Vec<String>,
    /// Whether messages go unsigned.
    pub insecure: bool,
    /// Name of the TSIG key.
    pub tsig_key_name: Option<String>,
    /// TSIG key in base64.
    pub tsig_secret: Option<SecretString>,
    /// Algorithm of the TSIG key.
    pub tsig_algorithm: Option<String>,
    /// Whether records are listed by zone transfer.
    pub axfr: bool,
    /// Lowest TTL of records.
    pub min_ttl: Duration,
    /// Whether messages are signed by Kerberos.
    pub gss_tsig: bool,
    /// Kerberos realm.
    pub kerberos_realm: Option<String>,
    /// Kerberos user.
    pub kerberos_username: Option<String>,
    /// Password of that user.
    pub kerberos_password: Option<SecretString>,
    /// Most changes in one message.
    pub batch_change_size: i32,
    /// Whether to speak DNS over TLS.
    pub use_tls: bool,
    /// Whether the certificates of the servers go unchecked.
    pub skip_tls_verify: bool,
    /// Which of several servers is asked.
    pub load_balancing: LoadBalancing,
}

impl Rfc2136Args {
    pub(super) fn check(
        self,
        name: ProviderName,
        warnings: &mut Vec<String>,
    ) -> Result<Rfc2136Config, String> {
        let Self {
            rfc2136_host,
            rfc2136_port,
            rfc2136_zone,
            rfc2136_insecure,
            rfc2136_tsig_keyname,
            rfc2136_tsig_secret,
            rfc2136_tsig_secret_alg,
            rfc2136_axfr,
            rfc2136_tsig_axfr,
            rfc2136_min_ttl,
            rfc2136_gss_tsig,
            rfc2136_kerberos_realm,
            rfc2136_kerberos_username,
            rfc2136_kerberos_password,
            rfc2136_batch_change_size,
            rfc2136_use_tls,
            rfc2136_skip_tls_verify,
            rfc2136_load_balancing_strategy,
        } = self;
        if rfc2136_tsig_axfr {
            warnings.push("--rfc2136-tsig-axfr is deprecated, use --rfc2136-axfr instead".into());
        }
        let config = Rfc2136Config {
            hosts: without_blanks(rfc2136_host),
            port: rfc2136_port,
            zones: without_blanks(rfc2136_zone),
            insecure: rfc2136_insecure,
            tsig_key_name: non_empty(rfc2136_tsig_keyname),
            tsig_secret: given(rfc2136_tsig_secret),
            tsig_algorithm: non_empty(rfc2136_tsig_secret_alg),
            axfr: rfc2136_axfr || rfc2136_tsig_axfr,
            min_ttl: rfc2136_min_ttl,
            gss_tsig: rfc2136_gss_tsig,
            kerberos_realm: non_empty(rfc2136_kerberos_realm),
            kerberos_username: non_empty(rfc2136_kerberos_username),
            kerberos_password: given(rfc2136_kerberos_password),
            batch_change_size: rfc2136_batch_change_size,
            use_tls: rfc2136_use_tls,
            skip_tls_verify: rfc2136_skip_tls_verify,
            load_balancing: rfc2136_load_balancing_strategy,
        };
        if name == ProviderName::Rfc2136 {
            config.check_signing()?;
        }
        Ok(config)
    }
}

impl Rfc2136Config {
    fn check_signing(&self) -> Result<(), String> {
        if self.insecure && self.gss_tsig {
            return Err("--rfc2136-insecure and --rfc2136-gss-tsig are mutually exclusive arguments".into());
        }
        let has_login = self.kerberos_realm.is_some()
            && self.kerberos_username.is_some()
            && self.kerberos_password.is_some();
        if self.gss_tsig && !has_login {
            return Err(
                "--rfc2136-kerberos-realm, --rfc2136-kerberos-username, and --rfc2136-kerberos-password are \
                        required when specifying --rfc2136-gss-tsig option"
                    .into(),
            );
        }
        if self.batch_change_size < 1 {
            return Err("batch size specified for rfc2136 cannot be less than 1".into());
        }
        Ok(())
    }
}

//! What concerns more than one provider.

use crate::cli::names::ProviderName;
use crate::cli::{non_empty, values};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// `--batch-change-size` when nobody says otherwise.
const BATCH_CHANGE_SIZE: u32 = 200;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider")]
pub(in crate::cli) struct GeneralArgs {
    /// The DNS service that holds the records (required)
    #[arg(long, value_name = "NAME")]
    provider: Option<ProviderName>,
    /// How long a listing of the provider's records may be used again; 0s for not at all
    #[arg(long, default_value = "0s", value_parser = values::duration)]
    provider_cache_time: Duration,
    /// Most changes in one request (Cloudflare); 200 for as many as the plan of the zone allows
    #[arg(long, default_value_t = BATCH_CHANGE_SIZE, value_parser = values::count)]
    batch_change_size: u32,
    /// Pause between requests with changes (Cloudflare)
    #[arg(long, default_value = "1s", value_parser = values::duration)]
    batch_change_interval: Duration,
    /// File with the certificates of authorities that servers are checked against
    #[arg(long, default_value = "", value_name = "FILE")]
    tls_ca: String,
    /// File with the certificate to present to servers
    #[arg(long, default_value = "", value_name = "FILE")]
    tls_client_cert: String,
    /// File with the key of that certificate
    #[arg(long, default_value = "", value_name = "FILE")]
    tls_client_cert_key: String,
}

/// The choice of provider and what concerns several of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneralConfig {
    /// The DNS service.
    pub name: ProviderName,
    /// How long a listing may be used again; zero for not at all.
    pub cache_time: Duration,
    /// Most changes in one request; `None` for as many as the service takes.
    pub batch_change_size: Option<u32>,
    /// Pause between requests with changes.
    pub batch_change_interval: Duration,
    /// Certificates of authorities.
    pub tls_ca: Option<PathBuf>,
    /// Our certificate.
    pub tls_client_cert: Option<PathBuf>,
    /// The key of our certificate.
    pub tls_client_cert_key: Option<PathBuf>,
}

impl GeneralArgs {
    pub(in crate::cli) fn provider(&self) -> Option<ProviderName> {
        self.provider
    }

    pub(super) fn check(self, name: ProviderName) -> GeneralConfig {
        let Self {
            provider: _,
            provider_cache_time,
            batch_change_size,
            batch_change_interval,
            tls_ca,
            tls_client_cert,
            tls_client_cert_key,
        } = self;
        GeneralConfig {
            name,
            cache_time: provider_cache_time,
            batch_change_size: Some(batch_change_size).filter(|size| *size != BATCH_CHANGE_SIZE),
            batch_change_interval,
            tls_ca: non_empty(tls_ca).map(PathBuf::from),
            tls_client_cert: non_empty(tls_client_cert).map(PathBuf::from),
            tls_client_cert_key: non_empty(tls_client_cert_key).map(PathBuf::from),
        }
    }
}

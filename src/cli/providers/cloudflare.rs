//! Provider `cloudflare`.

use crate::cli::names::{CertificateAuthority, TlsVersion};
use crate::cli::{non_empty, values};
use clap::Args;

/// `--cloudflare-dns-records-per-page` when nobody says otherwise.
const RECORDS_PER_PAGE: u32 = 100;

#[derive(Debug, Args)]
#[command(next_help_heading = "Provider cloudflare")]
pub(in crate::cli) struct CloudflareArgs {
    /// Send the traffic of records through Cloudflare, unless an annotation says otherwise
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    cloudflare_proxied: bool,
    /// Manage custom hostnames (Cloudflare for SaaS)
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    cloudflare_custom_hostnames: bool,
    /// Lowest TLS version of custom hostnames
    #[arg(long, default_value = "1.0", value_name = "VERSION")]
    cloudflare_custom_hostnames_min_tls_version: TlsVersion,
    /// Certificate authority of custom hostnames
    #[arg(long, default_value = "none", value_name = "NAME")]
    cloudflare_custom_hostnames_certificate_authority: CertificateAuthority,
    /// Records in one page of a listing, up to 5000; 100 for as many as there may be
    #[arg(long, default_value_t = RECORDS_PER_PAGE, value_parser = values::count, value_name = "N")]
    cloudflare_dns_records_per_page: u32,
    /// Use Regional Services
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    cloudflare_regional_services: bool,
    /// Region for Regional Services; switches them on
    #[arg(long, default_value = "", value_name = "REGION")]
    cloudflare_region_key: String,
    /// Comment on new records
    #[arg(long, default_value = "", value_name = "TEXT")]
    cloudflare_record_comment: String,
}

/// Settings of Cloudflare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudflareConfig {
    /// Whether traffic goes through Cloudflare by default.
    pub proxied: bool,
    /// Whether custom hostnames are managed.
    pub custom_hostnames: bool,
    /// Lowest TLS version of custom hostnames.
    pub custom_hostnames_min_tls_version: TlsVersion,
    /// Certificate authority of custom hostnames.
    pub custom_hostnames_certificate_authority: CertificateAuthority,
    /// Records in one page of a listing; `None` for as many as there may be.
    pub records_per_page: Option<u32>,
    /// Whether Regional Services are used.
    pub regional_services: bool,
    /// Region for Regional Services, which it switches on.
    pub region_key: Option<String>,
    /// Comment on new records.
    pub record_comment: Option<String>,
}

impl CloudflareArgs {
    pub(super) fn check(self) -> CloudflareConfig {
        let Self {
            cloudflare_proxied,
            cloudflare_custom_hostnames,
            cloudflare_custom_hostnames_min_tls_version,
            cloudflare_custom_hostnames_certificate_authority,
            cloudflare_dns_records_per_page,
            cloudflare_regional_services,
            cloudflare_region_key,
            cloudflare_record_comment,
        } = self;
        CloudflareConfig {
            proxied: cloudflare_proxied,
            custom_hostnames: cloudflare_custom_hostnames,
            custom_hostnames_min_tls_version: cloudflare_custom_hostnames_min_tls_version,
            custom_hostnames_certificate_authority: cloudflare_custom_hostnames_certificate_authority,
            // Nobody gains anything from small pages, so that the default of ExternalDNS stands for no wish at all.
            records_per_page: Some(cloudflare_dns_records_per_page).filter(|n| *n != RECORDS_PER_PAGE),
            regional_services: cloudflare_regional_services,
            region_key: non_empty(cloudflare_region_key),
            record_comment: non_empty(cloudflare_record_comment),
        }
    }
}

//! The flags for Cloudflare.

use super::ProviderRecorders;
use crate::cli::{self, Config};
use crate::wiring::{StartError, annotation_keys, domain_filter};
use zonewright_provider_cloudflare::{Access, CloudflareConfig, CustomHostnames, LARGEST_PAGE};

/// Its credentials and its address come from the environment, as in ExternalDNS.
pub(super) fn config(config: &Config, recorders: &ProviderRecorders) -> Result<CloudflareConfig, StartError> {
    let settings = &config.providers.cloudflare;
    let general = &config.providers.general;
    let access = Access::from_environment(|name| std::env::var(name).ok()).map_err(StartError::of)?;
    let authority = settings.custom_hostnames_certificate_authority;
    let has_regions = settings.regional_services || settings.region_key.is_some();
    Ok(CloudflareConfig {
        access: Access {
            requests_per_second: config.own.provider_requests_per_second,
            recorder: recorders.others.clone(),
            ..access
        },
        zone_ids: config.filters.zone_id_filter.clone(),
        domains: domain_filter(config)?,
        records_per_page: settings.records_per_page.unwrap_or(LARGEST_PAGE),
        proxied: settings.proxied,
        comment: settings.record_comment.clone(),
        custom_hostnames: settings.custom_hostnames.then(|| CustomHostnames {
            min_tls_version: settings.custom_hostnames_min_tls_version.to_string(),
            certificate_authority: (authority != cli::CertificateAuthority::None)
                .then(|| authority.to_string()),
        }),
        regional_services: has_regions.then(|| settings.region_key.clone().unwrap_or_default()),
        annotation_prefix: annotation_keys(config).prefixes().first().cloned().unwrap_or_default(),
        batch_changes: general.batch_change_size,
        batch_interval: general.batch_change_interval,
    })
}

//! The flags for Azure DNS, public and private.

use super::ProviderRecorders;
use crate::cli::{Config, ProviderName};
use crate::wiring::{StartError, domain_filter};
use zonewright_planner::DomainFilter;
use zonewright_provider_azure::{AzureConfig, Environment, Overrides, Service, ZoneFilter};

pub(super) fn config(config: &Config, recorders: &ProviderRecorders) -> Result<AzureConfig, StartError> {
    let settings = &config.providers.azure;
    let names = &config.filters.zone_name_filter;
    let names = (!names.is_empty())
        .then(|| DomainFilter::from_suffixes(names, &[]))
        .transpose()
        .map_err(|error| StartError(format!("--zone-name-filter: {error}")))?;
    Ok(AzureConfig {
        service: match config.providers.general.name {
            ProviderName::AzurePrivateDns => Service::Private,
            _ => Service::Public,
        },
        file: settings.config_file.clone(),
        overrides: Overrides {
            resource_group: settings.resource_group.clone(),
            subscription_id: settings.subscription_id.clone(),
            user_assigned_identity: settings.user_assigned_identity_client_id.clone(),
        },
        environment: Environment::read(|name| std::env::var(name).ok()),
        zones: ZoneFilter {
            domains: domain_filter(config)?,
            ids: config.filters.zone_id_filter.clone(),
            names,
        },
        zones_cache: settings.zones_cache_duration,
        retries: settings.max_retries,
        requests_per_second: config.own.provider_requests_per_second,
        recorder: recorders.others.clone(),
    })
}

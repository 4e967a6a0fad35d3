//! The flags for Route 53.

use super::{ProviderRecorders, aws};
use crate::cli::{self, Config};
use crate::wiring::{StartError, domain_filter};
use zonewright_provider_aws::{AwsConfig, ZoneFilter, ZoneType};

pub(super) fn config(config: &Config, recorders: &ProviderRecorders) -> Result<AwsConfig, StartError> {
    let settings = &config.providers.aws;
    Ok(AwsConfig {
        access: aws::access(config, recorders),
        zones: ZoneFilter {
            ids: config.filters.zone_id_filter.clone(),
            zone_type: settings.zone_type.map(|visibility| match visibility {
                cli::ZoneVisibility::Public => ZoneType::Public,
                cli::ZoneVisibility::Private => ZoneType::Private,
            }),
            tags: settings.zone_tags.clone(),
            domains: domain_filter(config)?,
            match_parent: settings.zone_match_parent,
        },
        zones_cache: settings.zones_cache_duration,
        batch_changes: settings.batch_change_size,
        batch_bytes: settings.batch_change_size_bytes,
        batch_values: settings.batch_change_size_values,
        batch_interval: settings.batch_change_interval,
        evaluate_target_health: settings.evaluate_target_health,
        prefer_cname: settings.prefer_cname,
    })
}

//! The flags for Cloud Map.

use super::{ProviderRecorders, aws};
use crate::cli::{self, Config, RegistryName};
use crate::wiring::{StartError, domain_filter};
use zonewright_planner::Owner;
use zonewright_provider_aws_sd::{CloudMapConfig, NamespaceType};

pub(super) fn config(config: &Config, recorders: &ProviderRecorders) -> Result<CloudMapConfig, StartError> {
    let settings = &config.providers.aws;
    let owners = match config.registry.name {
        RegistryName::Noop => Vec::new(),
        _ => [Some(&config.registry.owner), config.registry.migrate_from.as_ref()]
            .into_iter()
            .filter_map(|owner| Owner::new(owner?))
            .collect(),
    };
    Ok(CloudMapConfig {
        access: aws::access(config, recorders),
        namespace_type: settings.zone_type.map(|visibility| match visibility {
            cli::ZoneVisibility::Public => NamespaceType::Public,
            cli::ZoneVisibility::Private => NamespaceType::Private,
        }),
        domains: domain_filter(config)?,
        tags: settings.sd_create_tags.clone(),
        cleanup: settings.sd_service_cleanup,
        owners,
        // A list that is made because it is time for one looks at everything again; one after a failure only where it has to.
        trust: config.schedule.drift_interval.unwrap_or(config.schedule.interval) / 2,
    })
}

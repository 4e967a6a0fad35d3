//! The only place that turns names into implementations: `--source`, `--provider` and `--registry` values become sources, a provider
//! and a registry. Nothing here decides anything.

mod providers;
mod registry;
mod sources;

pub use providers::{Provider, ProviderRecorders, has_provider, provider};
pub use registry::{Ownership, has_registry, registry};
pub use sources::{Sources, sources, sources_with, stages};

use crate::cli::{self, Config, RegistryName};
use crate::sources::annotations::AnnotationKeys;
use crate::sync::guard::{Guard, GuardSettings, ZoneShare};
use crate::sync::{HoldAges, ListingCache, Pipeline, PlanSettings};
use std::sync::Arc;
use std::time::Duration;
use zonewright_planner::{DomainFilter, ManagedTypes, Policy};
use zonewright_provider_kit::{ReadZones, WriteZone};
use zonewright_registry::Registry;

/// Why the program cannot start. The message names the flag.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// Wraps what went wrong; the message must name the flag or file.
    pub fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Puts provider, registry and rules together. Without a writer nothing can be written.
///
/// # Errors
/// When a domain filter cannot work.
pub fn pipeline(
    config: &Config,
    registry: Registry,
    reader: Arc<dyn ReadZones>,
    writer: Option<Arc<dyn WriteZone>>,
) -> Result<Pipeline, StartError> {
    let settings = PlanSettings {
        policy: policy(config),
        managed: managed_types(config),
        filter: domain_filter(config)?,
        hold_missing_targets: config.own.hold_missing_targets,
    };
    Ok(Pipeline { reader, writer, registry: Arc::new(registry), settings })
}

/// The delete guard, with what is approved in advance.
pub fn guard(config: &Config) -> Guard {
    let settings = &config.guard;
    let zone = |(zone, share): &(String, u32)| ZoneShare { zone: zone.clone(), share: *share };
    let mut guard = Guard::new(GuardSettings {
        enabled: settings.enabled,
        share: settings.share,
        floor: settings.floor as usize,
        max: settings.max as usize,
        zones: settings.zones.iter().map(zone).collect(),
        window: config.schedule.interval,
    });
    guard.expect(settings.approved.iter().cloned());
    guard
}

/// How long names are held.
pub fn hold_ages(config: &Config) -> HoldAges {
    HoldAges::new(config.own.hold_max_age)
}

/// The memory of failures, still empty.
pub fn faults(config: &Config) -> crate::sync::Faults {
    crate::sync::Faults::new(config.schedule.interval, seed())
}

/// How long a listing may be used again, of a service that takes so many requests per second.
pub fn listing_cache(config: &Config, requests_per_second: Option<f64>) -> ListingCache {
    let across_writes = match config.registry.name {
        RegistryName::Txt | RegistryName::DynamoDb => config.registry.txt.cache_interval,
        _ => Duration::ZERO,
    };
    let schedule = &config.schedule;
    ListingCache {
        across_writes: across_writes.max(schedule.drift_interval.unwrap_or(schedule.interval)),
        until_write: config.providers.general.cache_time,
        stretch: match (schedule.drift_interval, requests_per_second) {
            (Some(_), _) => 0,
            (None, Some(_)) => ListingCache::OF_LIMITED_SERVICE,
            (None, None) => ListingCache::OF_UNLIMITED_SERVICE,
        },
    }
}

fn policy(config: &Config) -> Policy {
    match config.planning.policy {
        cli::Policy::Sync => Policy::Sync,
        cli::Policy::UpsertOnly => Policy::UpsertOnly,
        cli::Policy::CreateOnly => Policy::CreateOnly,
    }
}

fn managed_types(config: &Config) -> ManagedTypes {
    ManagedTypes::new(config.planning.managed_types.iter().cloned(), &config.planning.excluded_types)
}

pub fn domain_filter(config: &Config) -> Result<DomainFilter, StartError> {
    let filters = &config.filters;
    if filters.regex_domain_filter.is_some() || filters.regex_domain_exclusion.is_some() {
        let (include, exclude) =
            (filters.regex_domain_filter.clone(), filters.regex_domain_exclusion.clone());
        return Ok(DomainFilter::from_regexes(include, exclude));
    }
    DomainFilter::from_suffixes(&filters.domain_filter, &filters.exclude_domains)
        .map_err(|error| StartError(format!("--domain-filter or --exclude-domains: {error}")))
}

fn annotation_keys(config: &Config) -> AnnotationKeys {
    match &config.sources.annotation_prefix {
        Some(prefix) => AnnotationKeys::only(prefix),
        None => AnnotationKeys::default(),
    }
}

/// Made-up records and pauses differ from one start to the next.
fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

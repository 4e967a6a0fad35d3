//! What happens to endpoints between the sources and the planner, in the order of ExternalDNS:
//!
//! ```text
//! sources ─> default targets ─> deduplication ─> NAT64 ─> target networks ─> PTR ─> TTL and properties
//! ```
//!
//! Each stage is a pure function in a file of its own.

mod deduplicate;
mod default_targets;
mod finish;
mod nat64;
mod ptr;
mod target_networks;

pub use deduplicate::Duplicates;
pub use nat64::{Nat64Error, Nat64Prefixes};
pub use target_networks::TargetNetworks;

use super::Source;
use super::outcome::Problem;
use super::store::CacheStatus;
use std::sync::Arc;
use zonewright_planner::{Endpoint, Hold, HoldReason, Incomplete};

/// Settings of the stages.
#[derive(Debug, Clone, Default)]
pub struct PipelineSettings {
    /// `--default-targets`; empty for none.
    pub default_targets: Vec<String>,
    /// `--force-default-targets`.
    pub force_default_targets: bool,
    /// `--nat64-networks`.
    pub nat64: Nat64Prefixes,
    /// `--target-net-filter` and `--exclude-target-net`.
    pub target_networks: TargetNetworks,
    /// What `--create-ptr` says; `None` when PTR is not a managed type, then the stage is absent.
    pub create_ptr: Option<bool>,
    /// `--min-ttl` in seconds; 0 for none. A default for unset TTLs, not a floor.
    pub min_ttl: i64,
    /// `--provider`: properties of other providers are dropped.
    pub provider: String,
    /// `--prefer-alias`.
    pub prefer_alias: bool,
}

/// What all sources together wish for.
#[derive(Debug, Default)]
pub struct Desired {
    /// The wishes.
    pub endpoints: Vec<Endpoint>,
    /// Names that stay as they are.
    pub holds: Vec<Hold>,
    /// Sources that could not be read completely.
    pub incomplete: Vec<Incomplete>,
    /// What is wrong with which object.
    pub problems: Vec<Problem>,
    /// What was asked for more than once.
    pub duplicates: Duplicates,
}

/// Asks every source and runs the stages.
pub fn collect(sources: &[Box<dyn Source>], settings: &PipelineSettings) -> Desired {
    let mut desired = Desired::default();
    let mut endpoints = Vec::new();
    for source in sources {
        desired.incomplete.extend(incompleteness(source.as_ref()));
        let mut of_source = Vec::new();
        for outcome in source.outcomes() {
            of_source.extend(outcome.endpoints);
            desired.holds.extend(outcome.holds);
            desired.problems.extend(outcome.problems);
        }
        endpoints.extend(source.merge(of_source));
    }
    let endpoints = default_targets::apply(endpoints, settings, &mut desired.problems);
    let endpoints = hold_empty(endpoints, &mut desired.holds);
    let (endpoints, duplicates) = deduplicate::apply(endpoints);
    desired.duplicates = duplicates;
    let endpoints = nat64::apply(endpoints, &settings.nat64);
    let endpoints = target_networks::apply(endpoints, &settings.target_networks);
    let endpoints = match settings.create_ptr {
        Some(by_default) => ptr::apply(endpoints, by_default, &mut desired.problems),
        None => endpoints,
    };
    desired.endpoints = finish::apply(endpoints, settings);
    desired
}

/// Why a source is incomplete, if it is: the first of its caches that is not.
fn incompleteness(source: &dyn Source) -> Option<Incomplete> {
    let reason = source.caches().iter().find_map(|cache| match cache.status() {
        CacheStatus::Synced => None,
        CacheStatus::Pending => Some(format!("{} are still being listed", cache.kind().resource_name())),
        CacheStatus::Failing(reason) => Some(reason),
    })?;
    Some(Incomplete {
        source: source.name().to_owned(),
        resource_prefixes: source.resource_prefixes().iter().map(|prefix| (*prefix).to_owned()).collect(),
        reason,
    })
}

/// A wish that still has no targets holds its name.
fn hold_empty(endpoints: Vec<Endpoint>, holds: &mut Vec<Hold>) -> Vec<Endpoint> {
    let (with, without): (Vec<_>, Vec<_>) = endpoints.into_iter().partition(|e| !e.targets.is_empty());
    for endpoint in without {
        let resource = endpoint.labels.resource().map(str::to_owned);
        for object in &endpoint.objects {
            holds.push(Hold {
                object: Arc::clone(object),
                name: Some(endpoint.name.clone()),
                set_identifier: endpoint.set_identifier.clone(),
                resource: resource.clone(),
                reason: HoldReason::NoTarget,
            });
        }
    }
    with
}

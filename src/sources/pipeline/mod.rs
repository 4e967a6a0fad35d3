//! What happens to endpoints between the sources and the planner, in the order of ExternalDNS:
//!
//! ```text
//! sources ─> tenancy ─> merging ─> default targets ─> deduplication ─> NAT64 ─> target networks ─> PTR ─> TTL and properties
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
pub use nat64::Nat64Prefixes;
pub use target_networks::TargetNetworks;

use super::object::{Key, Kind};
use super::outcome::{Outcome, Problem, Severity};
use super::store::CacheStatus;
use super::tenancy::{self, SharedName, Tenancy};
use super::{Source, Which};
use std::sync::Arc;
use zonewright_planner::{Endpoint, Hold, HoldReason, Incomplete, ObjectRef, Skip, Uid};

/// Settings of the stages.
#[derive(Debug, Clone, Default)]
pub struct PipelineSettings {
    /// Who may have which name.
    pub tenancy: Tenancy,
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
    /// Wishes that were not let through.
    pub refused: Vec<Skip>,
    /// Names that objects of several namespaces share.
    pub shared: Vec<SharedName>,
}

/// Asks every source about all its objects and runs the stages.
pub fn collect(sources: &[Arc<dyn Source>], settings: &PipelineSettings) -> Desired {
    gather(sources, settings, Vec::new(), |_, source, take| source.visit(Which::All, take))
}

/// Runs the stages on what `ask` gets out of the sources: their outcomes, or a part of them. Every stage but PTR looks at one
/// name at a time, so what comes out for a name is the same whether the others are there or not. `holds` are known beforehand.
pub(super) fn gather(
    sources: &[Arc<dyn Source>],
    settings: &PipelineSettings,
    holds: Vec<Hold>,
    mut ask: impl FnMut(usize, &dyn Source, &mut dyn FnMut(Outcome)),
) -> Desired {
    let mut desired = Desired { holds, ..Desired::default() };
    let mut wishes = Vec::new();
    for (place, source) in sources.iter().enumerate() {
        desired.incomplete.extend(incompleteness(source.as_ref()));
        note_undecodable(source.as_ref(), &mut desired);
        let mut of_source = Vec::new();
        ask(place, source.as_ref(), &mut |outcome| {
            of_source.extend(outcome.endpoints);
            desired.holds.extend(outcome.holds);
            desired.problems.extend(outcome.problems);
        });
        wishes.push(of_source);
    }
    desired.refused = tenancy::apply(&settings.tenancy, &mut wishes, &mut desired.holds);
    let mut endpoints = Vec::new();
    for (source, of_source) in sources.iter().zip(wishes) {
        let merged = source.merge(of_source);
        // Those of a single source are taken over as they are: a copy of the list would be the peak of the whole cycle.
        if endpoints.is_empty() {
            endpoints = merged;
        } else {
            endpoints.extend(merged);
        }
    }
    let endpoints = default_targets::apply(endpoints, settings, &mut desired.problems);
    let endpoints = hold_empty(endpoints, &mut desired.holds);
    let (endpoints, duplicates) = deduplicate::apply(endpoints);
    desired.duplicates = duplicates;
    desired.shared = tenancy::shared(&endpoints);
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

/// An object that exists but cannot be decoded may own records, so they are held: by its label where it is a primary object; where it
/// is one that others depend on (a Pod, a Gateway), the whole source counts as incomplete.
fn note_undecodable(source: &dyn Source, desired: &mut Desired) {
    let caches = source.caches();
    let Some((primary, secondary)) = caches.split_first() else { return };
    for (key, reason) in primary.undecodable() {
        let object = undecodable_ref(source.name(), primary.kind(), &key);
        let message = format!("cannot be understood: {reason}");
        desired.holds.push(Hold {
            object: object.clone(),
            name: None,
            set_identifier: "".into(),
            resource: source.resource_prefixes().first().map(|prefix| format!("{prefix}{}", key.path())),
            reason: HoldReason::Invalid(message.clone()),
        });
        desired.problems.push(Problem { object, severity: Severity::Error, message, invalid: None });
    }
    for cache in secondary {
        desired.incomplete.extend(cache.undecodable().into_iter().map(|(key, reason)| Incomplete {
            source: source.name().to_owned(),
            resource_prefixes: source.resource_prefixes().iter().map(ToString::to_string).collect(),
            reason: format!("{} {} cannot be understood: {reason}", cache.kind().kind, key.path()),
        }));
    }
}

fn undecodable_ref(source: &'static str, kind: &Kind, key: &Key) -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        source,
        kind: kind.kind,
        api_version: kind.api_version,
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        uid: Uid::default(),
    })
}

/// A wish that still has no targets holds its name.
fn hold_empty(mut endpoints: Vec<Endpoint>, holds: &mut Vec<Hold>) -> Vec<Endpoint> {
    for endpoint in endpoints.extract_if(.., |endpoint| endpoint.targets.is_empty()) {
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
    endpoints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::ingress::IngressSource;
    use crate::sources::store::Caches;
    use serde_json::json;

    #[test]
    fn an_object_that_cannot_be_decoded_holds_what_it_owns_and_harms_no_other() {
        let mut caches = Caches::new(Default::default());
        let source: Arc<dyn Source> = Arc::new(IngressSource::new(Arc::default(), &mut caches));
        let ingress = |name: &str, host: serde_json::Value| {
            json!({
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {"rules": [{"host": host}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
            })
        };
        for cache in caches.all() {
            cache.replace_from_json(
                vec![ingress("good", json!("a.example.org")), ingress("bad", json!(7))],
                CacheStatus::Synced,
            );
        }
        let desired = collect(&[source], &PipelineSettings::default());
        assert_eq!(desired.endpoints.len(), 1);
        assert_eq!(desired.holds[0].resource.as_deref(), Some("ingress/shop/bad"));
        assert_eq!(desired.problems[0].severity, Severity::Error);
        assert!(desired.incomplete.is_empty());
    }
}

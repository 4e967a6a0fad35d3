//! Runs a source over a handful of objects in tests.

use super::Source;
use super::outcome::Problem;
use super::settings::Settings;
use super::store::{Caches, Fill, Retention};
use super::template::{TemplateFlags, Templates};
use serde_json::Value;
use std::sync::Arc;
use zonewright_planner::{Endpoint, Hold};

/// What a source came to.
pub struct Answer {
    pub endpoints: Vec<Endpoint>,
    pub holds: Vec<Hold>,
    pub problems: Vec<Problem>,
}

impl Answer {
    /// `name type target,target`, in order.
    pub fn records(&self) -> Vec<String> {
        let line = |endpoint: &Endpoint| {
            let targets: Vec<String> = endpoint.targets.iter().map(ToString::to_string).collect();
            format!("{} {} {}", endpoint.name, endpoint.record_type, targets.join(","))
        };
        self.endpoints.iter().map(line).collect()
    }

    /// The held names; `*` for everything of an object.
    pub fn held(&self) -> Vec<String> {
        let name = |hold: &Hold| hold.name.as_ref().map_or("*".to_owned(), ToString::to_string);
        self.holds.iter().map(name).collect()
    }

    /// What was reported.
    pub fn messages(&self) -> Vec<&str> {
        self.problems.iter().map(|problem| problem.message.as_str()).collect()
    }
}

/// Settings that differ from the default.
pub fn settings(change: impl FnOnce(&mut Settings)) -> Arc<Settings> {
    let mut settings = Settings::default();
    change(&mut settings);
    Arc::new(settings)
}

/// Templates from flags.
pub fn templates(fqdn: &[&str], fqdn_target: &[&str], combine: bool) -> Templates {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    let flags =
        TemplateFlags { fqdn: owned(fqdn), fqdn_target: owned(fqdn_target), combine, ..Default::default() };
    Templates::parse(&flags).unwrap()
}

/// Gives each cache that the source asked for its objects.
pub fn fill(caches: &Caches, objects: &[Value]) {
    for cache in caches.all() {
        let of_kind =
            objects.iter().filter(|object| object["kind"] == cache.kind().kind && is_in_scope(cache, object));
        assert_eq!(
            cache.replace_from_json(of_kind.cloned().collect(), crate::sources::store::CacheStatus::Synced),
            Vec::<String>::new()
        );
    }
}

fn is_in_scope(cache: &Arc<dyn Fill>, object: &Value) -> bool {
    cache.scope().namespace.is_empty() || object["metadata"]["namespace"] == cache.scope().namespace.as_str()
}

/// Runs a source once, merge included.
pub fn run<S: Source>(make: impl FnOnce(&mut Caches) -> S, objects: &[Value]) -> Answer {
    let mut caches = Caches::new(Retention { whole_objects: true, ..Retention::default() });
    let source = make(&mut caches);
    fill(&caches, objects);
    let mut answer = Answer { endpoints: Vec::new(), holds: Vec::new(), problems: Vec::new() };
    for outcome in source.outcomes() {
        answer.endpoints.extend(outcome.endpoints);
        answer.holds.extend(outcome.holds);
        answer.problems.extend(outcome.problems);
    }
    answer.endpoints = source.merge(answer.endpoints);
    answer
}

//! Manifests -> caches: what the API server does between storing an object and listing it.

use super::defaults::{self, DEFAULT_NAMESPACE};
use super::manifests::Loaded;
use super::{CacheStatus, Caches, Fill};
use crate::sources::object::Kind;
use crate::sources::selector::Selector;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Versions of one kind whose objects look alike, so that the API server serves an object written in one as any other.
/// For all kinds not named here there is only the version that a source asks for.
const ALIKE: [(&str, &str, &[&str]); 7] = [
    ("gateway.networking.k8s.io", "Gateway", &["v1", "v1beta1"]),
    ("gateway.networking.k8s.io", "GRPCRoute", &["v1", "v1alpha2"]),
    ("gateway.networking.k8s.io", "HTTPRoute", &["v1", "v1beta1"]),
    ("gateway.networking.k8s.io", "TCPRoute", &["v1", "v1alpha2"]),
    ("gateway.networking.k8s.io", "TLSRoute", &["v1", "v1alpha3", "v1alpha2"]),
    ("gateway.networking.k8s.io", "UDPRoute", &["v1", "v1alpha2"]),
    ("networking.istio.io", "", &["v1", "v1beta1", "v1alpha3"]),
];

/// Gives every cache the objects of its kind and scope, completed as the API server would; a cache without any is empty and
/// complete. Returns all that is wrong with the manifests as far as some cache wants them. What is malformed is missing, so with
/// any problem no cache counts as complete at any moment.
pub fn fill(caches: &Caches, loaded: &Loaded) -> Vec<String> {
    let mut own = Vec::new();
    for cache in caches.all() {
        own.extend(unread_versions(cache.kind(), loaded));
        own.extend(selector_of(cache.as_ref()).err());
    }
    let known: Vec<String> = loaded.problems.iter().chain(&own).cloned().collect();
    let status = status_with(&known);
    for cache in caches.all() {
        let kind = cache.kind();
        let is_wanted = |object: &&Value| is_of_kind(object, kind) && is_served_as(kind, version_of(object));
        let mut objects = Vec::new();
        for object in loaded.objects.iter().filter(is_wanted) {
            let mut object = object.clone();
            defaults::apply(kind, &mut object);
            object["apiVersion"] = kind.api_version.into();
            objects.push(object);
        }
        if kind.group.is_empty() && kind.kind == "Namespace" {
            add_implied_namespaces(kind, &mut objects, loaded);
        }
        match selector_of(cache.as_ref()) {
            Ok(selector) => {
                let objects = select(cache.as_ref(), selector.as_ref(), objects);
                own.extend(cache.replace_from_json(objects, status.clone()));
            }
            Err(problem) => cache.set_status(CacheStatus::Failing(problem)),
        }
    }
    own.sort();
    own.dedup();
    let problems: Vec<String> = loaded.problems.iter().cloned().chain(own).collect();
    if !problems.is_empty() {
        caches.all().for_each(|cache| cache.set_status(status_with(&problems)));
    }
    problems
}

/// The first problem stands for all of them; the others are logged.
fn status_with(problems: &[String]) -> CacheStatus {
    match problems {
        [] => CacheStatus::Synced,
        [only] => CacheStatus::Failing(only.clone()),
        [first, more @ ..] => CacheStatus::Failing(format!("{first} (and {} more)", more.len())),
    }
}

fn unread_versions(kind: &Kind, loaded: &Loaded) -> Vec<String> {
    let of_kind = loaded.objects.iter().filter(|object| is_of_kind(object, kind));
    let unread = of_kind.filter(|object| !is_served_as(kind, version_of(object)));
    let describe = |object: &Value| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let version = version_of(object);
        format!("{} {name}: version {version:?} is not read, only {}", kind.kind, kind.api_version)
    };
    unread.map(describe).collect()
}

fn group_of(object: &Value) -> &str {
    object["apiVersion"].as_str().and_then(|version| version.split_once('/')).map_or("", |(group, _)| group)
}

fn version_of(object: &Value) -> &str {
    object["apiVersion"].as_str().and_then(|version| version.rsplit('/').next()).unwrap_or_default()
}

fn is_of_kind(object: &Value, kind: &Kind) -> bool {
    object["kind"] == kind.kind && group_of(object) == kind.group
}

fn is_served_as(kind: &Kind, version: &str) -> bool {
    version == kind.version
        || ALIKE.iter().any(|(group, name, versions)| {
            *group == kind.group
                && (name.is_empty() || *name == kind.kind)
                && versions.contains(&version)
                && versions.contains(&kind.version)
        })
}

/// In a cluster, the namespace of an object exists.
fn add_implied_namespaces(kind: &Kind, namespaces: &mut Vec<Value>, loaded: &Loaded) {
    let mut missing: BTreeSet<&str> =
        loaded.objects.iter().filter_map(|object| object["metadata"]["namespace"].as_str()).collect();
    missing.insert(DEFAULT_NAMESPACE);
    missing.remove("");
    for namespace in namespaces.iter() {
        missing.remove(namespace["metadata"]["name"].as_str().unwrap_or_default());
    }
    let implied: Vec<Value> = missing
        .into_iter()
        .map(|name| {
            let mut namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            defaults::apply(kind, &mut namespace);
            namespace
        })
        .collect();
    namespaces.extend(implied);
}

fn selector_of(cache: &dyn Fill) -> Result<Option<Selector>, String> {
    let labels = &cache.scope().labels;
    if labels.is_empty() {
        return Ok(None);
    }
    let selector = Selector::parse(labels);
    selector.map(Some).map_err(|error| format!("{}: {error}", cache.kind().resource_name()))
}

/// The objects that the API server would list for the cache's scope.
fn select(cache: &dyn Fill, selector: Option<&Selector>, mut objects: Vec<Value>) -> Vec<Value> {
    let scope = cache.scope();
    if cache.kind().namespaced && !scope.namespace.is_empty() {
        objects.retain(|object| object["metadata"]["namespace"] == scope.namespace.as_str());
    }
    if let Some(selector) = selector {
        objects.retain(|object| selector.matches(|key| object["metadata"]["labels"][key].as_str()));
    }
    objects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube_object;
    use crate::sources::object::{Metadata, StringMap};
    use crate::sources::store::manifests::load;
    use crate::sources::store::{Cache, Retention, Scope};
    use std::sync::Arc;

    #[derive(Debug, serde::Deserialize)]
    struct Thing {
        metadata: Metadata,
        #[serde(default)]
        spec: StringMap,
    }
    kube_object!(Thing);

    const HTTP_ROUTE: Kind = Kind::namespaced("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes");
    const INGRESS: Kind = Kind::namespaced("networking.k8s.io/v1", "Ingress", "ingresses");
    const NAMESPACE: Kind = Kind::cluster_wide("v1", "Namespace", "namespaces");

    fn filled<const N: usize>(
        text: &str,
        wanted: [(Kind, &str); N],
    ) -> ([Arc<Cache<Thing>>; N], Vec<String>) {
        let mut caches = Caches::new(Retention { whole_objects: true, ..Retention::default() });
        let made = wanted.map(|(kind, namespace)| {
            caches.of::<Thing>(kind, Scope { namespace: namespace.into(), ..Scope::default() })
        });
        let loaded = load(&["-".into()], &mut text.as_bytes());
        assert_eq!(loaded.problems, Vec::<String>::new());
        let problems = fill(&caches, &loaded);
        (made, problems)
    }

    #[test]
    fn a_label_selector_counts_as_it_does_for_the_api_server() {
        let text = "
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, labels: {team: red}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: b}}
";
        let loaded = load(&["-".into()], &mut text.as_bytes());
        let fill_with = |labels: &str| {
            let mut caches = Caches::new(Retention::default());
            let cache = caches.of::<Thing>(INGRESS, Scope { labels: labels.into(), ..Scope::default() });
            let problems = fill(&caches, &loaded);
            (keys(&cache), problems)
        };
        assert_eq!(fill_with("team in (red,blue)"), (vec!["default/a".to_owned()], vec![]));
        assert_eq!(fill_with("team!=red"), (vec!["default/b".to_owned()], vec![]));
        let (nothing, problems) = fill_with("team in");
        assert!(nothing.is_empty() && problems.len() == 1, "{problems:?}");
    }

    fn keys(cache: &Cache<Thing>) -> Vec<String> {
        cache.read().iter().map(|object| object.fields.metadata.key().path()).collect()
    }

    #[test]
    fn objects_reach_the_caches_of_their_kind_and_scope() {
        let text = "
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: shop}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: b}}
---
{apiVersion: example.org/v1, kind: Ingress, metadata: {name: c}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}
";
        let ([all, shop, none], problems) =
            filled(text, [(INGRESS, ""), (INGRESS, "shop"), (HTTP_ROUTE, "")]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(keys(&all), ["default/b", "shop/a"]);
        assert_eq!(keys(&shop), ["shop/a"]);
        assert_eq!(keys(&none), Vec::<String>::new());
        assert_eq!(*none.read().status(), CacheStatus::Synced);
        assert_eq!(all.read().get("shop", "a").unwrap().whole.as_ref().unwrap()["metadata"]["generation"], 1);
    }

    #[test]
    fn versions_that_look_alike_are_served_as_the_one_asked_for() {
        let text = "
{apiVersion: gateway.networking.k8s.io/v1beta1, kind: HTTPRoute, metadata: {name: a}}
---
{apiVersion: gateway.networking.k8s.io/v1alpha1, kind: HTTPRoute, metadata: {name: b}}
---
{apiVersion: networking.k8s.io/v1beta1, kind: Ingress, metadata: {name: c}}
";
        let ([routes, ingresses], problems) = filled(text, [(HTTP_ROUTE, ""), (INGRESS, "")]);
        assert_eq!(keys(&routes), ["default/a"]);
        let contents = routes.read();
        let whole = contents.get("default", "a").unwrap().whole.as_ref().unwrap();
        assert_eq!(whole["apiVersion"], "gateway.networking.k8s.io/v1");
        assert_eq!(keys(&ingresses), Vec::<String>::new());
        assert_eq!(
            problems,
            [
                "HTTPRoute b: version \"v1alpha1\" is not read, only gateway.networking.k8s.io/v1",
                "Ingress c: version \"v1beta1\" is not read, only networking.k8s.io/v1",
            ]
        );
    }

    #[test]
    fn an_undecodable_object_is_reported_and_known_to_exist() {
        let text = "
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {x: [1]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: b}, spec: {x: z}}
";
        let ([ingresses], problems) = filled(text, [(INGRESS, "")]);
        assert_eq!(keys(&ingresses), ["default/b"]);
        assert_eq!(ingresses.read().get("default", "b").unwrap().fields.spec.get("x"), Some("z"));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("Ingress default/a: "), "{problems:?}");
        assert_eq!(ingresses.undecodable()[0].0.path(), "default/a");
    }

    #[test]
    fn namespaces_exist_because_something_is_in_them() {
        let text = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, namespace: shop}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: b, namespace: back}}
";
        let ([namespaces], _) = filled(text, [(NAMESPACE, "")]);
        assert_eq!(keys(&namespaces), ["back", "default", "shop"]);
        let contents = namespaces.read();
        let labels = &contents.get("", "shop").unwrap().fields.metadata.labels;
        let labels: Vec<_> = labels.iter().collect();
        assert_eq!(labels, [("kubernetes.io/metadata.name", "shop"), ("team", "a")]);
    }
}

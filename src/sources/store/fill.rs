//! Manifests -> caches: what the API server does between storing an object and listing it.

use super::defaults::{self, DEFAULT_NAMESPACE};
use super::manifests::Loaded;
use super::{Caches, Fill};
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
/// complete. Returns what was wrong with objects that some cache wanted.
pub fn fill(caches: &Caches, loaded: &Loaded) -> Vec<String> {
    let mut problems = Vec::new();
    for cache in caches.all() {
        let kind = cache.kind();
        let mut objects = Vec::new();
        for object in loaded.objects.iter().filter(|object| is_of_kind(object, kind)) {
            let version = version_of(object);
            if is_served_as(kind, version) {
                let mut object = object.clone();
                defaults::apply(kind, &mut object);
                object["apiVersion"] = kind.api_version.into();
                objects.push(object);
            } else {
                let name = object["metadata"]["name"].as_str().unwrap_or_default();
                problems.push(format!(
                    "{} {name}: version {version:?} is not read, only {}",
                    kind.kind, kind.api_version
                ));
            }
        }
        if kind.group.is_empty() && kind.kind == "Namespace" {
            add_implied_namespaces(kind, &mut objects, loaded);
        }
        match select(cache.as_ref(), objects) {
            Ok(objects) => problems.extend(cache.replace_from_json(objects)),
            Err(problem) => {
                problems.push(format!("{}: {problem}", kind.resource_name()));
                cache.set_status(super::CacheStatus::Failing(problem));
            }
        }
    }
    problems.sort();
    problems.dedup();
    problems
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

/// The objects that the API server would list for the cache's scope.
fn select(cache: &dyn Fill, mut objects: Vec<Value>) -> Result<Vec<Value>, String> {
    let scope = cache.scope();
    if cache.kind().namespaced && !scope.namespace.is_empty() {
        objects.retain(|object| object["metadata"]["namespace"] == scope.namespace.as_str());
    }
    if !scope.labels.is_empty() {
        let selector = Selector::parse(&scope.labels).map_err(|error| error.to_string())?;
        objects.retain(|object| selector.matches(|key| object["metadata"]["labels"][key].as_str()));
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube_object;
    use crate::sources::object::{Metadata, StringMap};
    use crate::sources::store::manifests::load;
    use crate::sources::store::{Cache, CacheStatus, Retention, Scope};
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

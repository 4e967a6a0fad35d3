//! What the daemon may do in the cluster, made from what it does: the caches that its sources take, and the objects that it writes.
//! `zonewright rbac` prints it, the chart renders it, and a test holds the two together.

use super::events::NAMESPACE_OF_CLUSTER_WIDE;
use crate::cli::{Config, RegistryName, SourceName};
use crate::sources::crd;
use crate::sources::store::{Caches, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A cache is filled by these two; nothing reads single objects.
const READ: [&str; 2] = ["list", "watch"];

/// Where a permission holds: in one namespace, or (`None`) in the whole cluster.
pub type Place = Option<String>;

/// One resource, and what may be done with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Resource, `/status` included.
    pub resource: String,
    /// The one object that it is about; `None` for all.
    pub name: Option<String>,
    /// Verbs, none of them a wildcard.
    pub verbs: Vec<&'static str>,
}

/// The service account that the daemon runs under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Also where the Lease and the ConfigMap of approvals are, unless flags say otherwise.
    pub namespace: String,
    /// Also the name of the roles.
    pub name: String,
}

/// What a daemon with these flags and these caches needs, and nothing else. Manifests need no permission, DNSRecord objects
/// always do.
pub fn permissions(config: &Config, caches: &Caches, own_namespace: &str) -> BTreeMap<Place, BTreeSet<Rule>> {
    let mut rules = Rules::default();
    if config.registry.name == RegistryName::Crd {
        let namespace = config.registry.crd_namespace.as_deref().unwrap_or(own_namespace);
        let (verbs, of_status): (&[&str], _) = match config.schedule.dry_run {
            true => (&["list"], None),
            false => (&["create", "delete", "get", "list", "update"], Some("dnsrecords/status")),
        };
        rules.add(namespace, crd::KIND.group, "dnsrecords", None, verbs);
        of_status.iter().for_each(|status| rules.add(namespace, crd::KIND.group, status, None, &["update"]));
    }
    if !config.own.manifests.is_empty() {
        return rules.0;
    }
    for cache in caches.all() {
        let (kind, Scope { namespace, .. }) = (cache.kind(), cache.scope());
        rules.add(namespace, kind.group, kind.plural, None, &READ);
    }
    if config.schedule.dry_run {
        return rules.0;
    }
    let watched = config.filters.namespace.as_deref().unwrap_or_default();
    if config.sources.names.contains(&SourceName::Crd) {
        rules.add(watched, crd::KIND.group, &format!("{}/status", crd::KIND.plural), None, &["update"]);
    }
    if !config.schedule.events_emit.is_empty() {
        rules.add(watched, EVENTS.0, EVENTS.1, None, &["create"]);
        if !watched.is_empty() && config.sources.names.contains(&SourceName::Node) {
            rules.add(NAMESPACE_OF_CLUSTER_WIDE, EVENTS.0, EVENTS.1, None, &["create"]);
        }
    }
    if config.leadership.elect {
        let namespace = config.leadership.namespace.as_deref().unwrap_or(own_namespace);
        let name = config.leadership.lease_name(&config.registry.owner);
        // What is created has no name yet when this is checked.
        rules.add(namespace, LEASES.0, LEASES.1, None, &["create"]);
        rules.add(namespace, LEASES.0, LEASES.1, Some(name), &["get", "update"]);
    }
    if let Some(map) = &config.guard.configmap {
        let namespace = map.namespace.as_deref().unwrap_or(own_namespace);
        rules.add(namespace, "", "configmaps", Some(map.name.clone()), &["get", "update"]);
    }
    rules.0
}

const EVENTS: (&str, &str) = ("events.k8s.io", "events");
const LEASES: (&str, &str) = ("coordination.k8s.io", "leases");

#[derive(Default)]
struct Rules(BTreeMap<Place, BTreeSet<Rule>>);

impl Rules {
    /// An empty namespace is the whole cluster.
    fn add(
        &mut self,
        namespace: &str,
        group: &'static str,
        resource: &str,
        name: Option<String>,
        verbs: &[&'static str],
    ) {
        let place = Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty());
        let rule = Rule { group, resource: resource.to_owned(), name, verbs: verbs.to_vec() };
        self.0.entry(place).or_default().insert(rule);
    }
}

/// The roles with these rules and their bindings, as YAML for `kubectl apply`. JSON's strings are YAML's, whatever is in them.
pub fn manifests(permissions: &BTreeMap<Place, BTreeSet<Rule>>, account: &ServiceAccount) -> String {
    let mut out = String::new();
    for (place, rules) in permissions {
        let (role, binding) = match place {
            None => ("ClusterRole", "ClusterRoleBinding"),
            Some(_) => ("Role", "RoleBinding"),
        };
        head(&mut out, role, place, account);
        out.push_str("rules:\n");
        rules.iter().for_each(|rule| write_rule(&mut out, rule));
        out.push_str("---\n");
        head(&mut out, binding, place, account);
        let ServiceAccount { namespace, name } = account;
        let (namespace, name) = (quoted(namespace), quoted(name));
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            out,
            "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {role}\n  name: {name}\n\
             subjects:\n- kind: ServiceAccount\n  name: {name}\n  namespace: {namespace}\n---"
        );
    }
    out.truncate(out.trim_end_matches("---\n").len());
    out
}

fn head(out: &mut String, kind: &str, place: &Place, account: &ServiceAccount) {
    let _ = writeln!(out, "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}");
    let _ = writeln!(out, "metadata:\n  name: {}", quoted(&account.name));
    if let Some(namespace) = place {
        let _ = writeln!(out, "  namespace: {}", quoted(namespace));
    }
}

fn write_rule(out: &mut String, rule: &Rule) {
    let Rule { group, resource, name, verbs } = rule;
    let _ = writeln!(out, "- apiGroups: [{}]\n  resources: [{}]", quoted(group), quoted(resource));
    if let Some(name) = name {
        let _ = writeln!(out, "  resourceNames: [{}]", quoted(name));
    }
    let _ = writeln!(out, "  verbs: [{}]", verbs.join(", "));
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod reference;

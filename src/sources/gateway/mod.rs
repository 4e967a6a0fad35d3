//! `--source=gateway-httproute` and its siblings: Routes of the Gateway API, attached to Gateways and ListenerSets.
//!
//! ```text
//! Route ─> hosts it asks for ┐
//!                            ├─ intersection per listener ─> names with targets, or names to hold
//! Parents ─> attachments ────┘
//! ```
//!
//! Facts: ExternalDNS v0.22 (source/gateway.go) and the Gateway API. The Route gives names, TTL, set identifier and provider settings;
//! targets come from the Gateway (or ListenerSet) only.

mod admission;
mod hostname;
pub mod label_selector;
pub mod objects;
mod parents;
#[cfg(test)]
mod tests;

use super::annotations::{Annotations, key};
use super::object::{Key, Kind, Object};
use super::outcome::{Common, Outcome};
use super::selection::{common, is_selected, template_names};
use super::settings::Settings;
use super::store::{Cache, Caches, Change, Fill, Scope};
use super::template::{ScopedTemplates, TemplateError};
use super::{Affected, Source, Which};
use hostname::Host;
use objects::{
    GATEWAY, Gateway, LISTENER_SET, ListenerSet, ListenerSpec, NAMESPACE, Namespace, ParentName, Route,
};
use parents::Parents;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zonewright_planner::{DnsName, HoldReason};

/// What tells one kind of Route from another.
#[derive(Debug)]
pub struct RouteKind {
    /// The `--source` value.
    pub source: &'static str,
    /// The resource.
    pub resource: Kind,
    /// What `resource` labels begin with, as the only element.
    pub prefixes: [&'static str; 1],
    /// Whether `spec.hostnames` exists.
    pub has_hostnames: bool,
    /// Protocols of the listeners that serve it.
    pub protocols: &'static [&'static str],
}

/// All kinds of Routes. A TCPRoute also suits a listener that terminates TLS; a TLSRoute needs TLS.
pub static ROUTE_KINDS: [RouteKind; 5] = [
    RouteKind {
        source: "gateway-httproute",
        resource: Kind::namespaced("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes"),
        prefixes: ["httproute/"],
        has_hostnames: true,
        protocols: &["HTTP", "HTTPS"],
    },
    RouteKind {
        source: "gateway-grpcroute",
        resource: Kind::namespaced("gateway.networking.k8s.io/v1", "GRPCRoute", "grpcroutes"),
        prefixes: ["grpcroute/"],
        has_hostnames: true,
        protocols: &["HTTP", "HTTPS"],
    },
    RouteKind {
        source: "gateway-tlsroute",
        resource: Kind::namespaced("gateway.networking.k8s.io/v1", "TLSRoute", "tlsroutes"),
        prefixes: ["tlsroute/"],
        has_hostnames: true,
        protocols: &["TLS"],
    },
    RouteKind {
        source: "gateway-tcproute",
        resource: Kind::namespaced("gateway.networking.k8s.io/v1alpha2", "TCPRoute", "tcproutes"),
        prefixes: ["tcproute/"],
        has_hostnames: false,
        protocols: &["TCP", "TLS"],
    },
    RouteKind {
        source: "gateway-udproute",
        resource: Kind::namespaced("gateway.networking.k8s.io/v1alpha2", "UDPRoute", "udproutes"),
        prefixes: ["udproute/"],
        has_hostnames: false,
        protocols: &["UDP"],
    },
];

impl RouteKind {
    /// The kind that a `--source` value reads.
    pub fn of_source(source: &str) -> Option<&'static Self> {
        ROUTE_KINDS.iter().find(|kind| kind.source == source)
    }
}

/// The source, for one kind of Route.
pub struct GatewaySource {
    kind: &'static RouteKind,
    settings: Arc<Settings>,
    templates: ScopedTemplates,
    routes: Arc<Cache<Route>>,
    gateways: Arc<Cache<Gateway>>,
    listener_sets: Option<Arc<Cache<ListenerSet>>>,
    namespaces: Arc<Cache<Namespace>>,
}

/// Where a Route's names come from (`gateway-hostname-source`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum HostnameSource {
    Both,
    AnnotationOnly,
    DefinedHostsOnly,
}

impl GatewaySource {
    /// Takes its caches. Gateways have a namespace flag of their own; ListenerSets and Namespaces are needed from
    /// everywhere, Namespaces from the first selector on.
    pub fn new(kind: &'static RouteKind, settings: Arc<Settings>, caches: &mut Caches) -> Self {
        let in_namespace = |namespace: &str| Scope { namespace: namespace.to_owned(), ..Scope::default() };
        let with_sets = settings.gateway.listener_sets;
        let source = Self {
            kind,
            templates: settings.templates.scoped(kind.source),
            routes: caches.of(kind.resource, in_namespace(&settings.namespace)),
            gateways: caches.of(GATEWAY, in_namespace(&settings.gateway.namespace)),
            listener_sets: with_sets.then(|| caches.of(LISTENER_SET, Scope::default())),
            namespaces: caches.of_wanted_later(NAMESPACE, Scope::default()),
            settings,
        };
        source.want_namespaces_for_selectors();
        source
    }

    /// Namespaces matter to selectors only. Most Gateways have none, and who may read one namespace may not read their list.
    fn want_namespaces_for_selectors(&self) {
        let namespaces = self.namespaces.clone();
        self.gateways.scouted(move |gateway| {
            if gateway.spec.has_selector() {
                namespaces.want();
            }
        });
        if let Some(listener_sets) = &self.listener_sets {
            let namespaces = self.namespaces.clone();
            listener_sets.scouted(move |set| {
                if set.spec.listeners.iter().any(ListenerSpec::has_selector) {
                    namespaces.want();
                }
            });
        }
    }

    fn outcome(&self, object: &Object<Route>, parents: &Parents<'_>) -> Outcome {
        let metadata = &object.fields.metadata;
        let mut outcome = Outcome::new(metadata.object_ref(self.kind.source, &self.kind.resource));
        let annotations = self.settings.annotation_keys.of(&metadata.annotations);
        let [prefix] = self.kind.prefixes;
        let resource = format!("{prefix}{}/{}", metadata.namespace, metadata.name);
        let common = common(&annotations, resource, &mut outcome);
        match self.hosts(object, &annotations, &mut outcome) {
            Ok(hosts) => self.publish(&object.fields, &hosts, parents, &common, &mut outcome),
            Err(error) => outcome.fail(&common, error.to_string()),
        }
        outcome
    }

    /// The Routes of which this holds for some parent they ask for. What a Route only has a status entry for does not count, as
    /// with `claims` in [`parents`].
    fn routes_at(&self, holds: impl Fn(ParentName<'_>, &Route) -> bool) -> Affected {
        let routes = self.routes.read();
        let asks = |route: &&Route| {
            let parents = route.spec.parent_refs.iter();
            parents
                .filter_map(|r| r.parent_name(&route.metadata.namespace))
                .any(|parent| holds(parent, route))
        };
        let those = routes.iter().map(|object| &object.fields).filter(asks);
        Affected::Objects(those.map(|route| route.metadata.key()).collect())
    }

    /// The ListenerSets for which this holds.
    fn sets(&self, holds: impl Fn(&ListenerSet) -> bool) -> Vec<Key> {
        let Some(sets) = &self.listener_sets else { return Vec::new() };
        let sets = sets.read();
        let those = sets.iter().map(|object| &object.fields).filter(|set| holds(set));
        those.map(|set| set.metadata.key()).collect()
    }

    /// The hosts a Route asks for. [`Host::Any`] stands for whatever its listeners serve.
    fn hosts(
        &self,
        object: &Object<Route>,
        annotations: &Annotations<'_>,
        outcome: &mut Outcome,
    ) -> Result<Vec<Host>, TemplateError> {
        let mut names: Vec<String> = Vec::new();
        if self.kind.has_hostnames {
            names.extend(object.fields.spec.hostnames.iter().map(|name| name.to_string()));
        }
        let any = names.is_empty();
        if any || self.templates.combine() {
            names.extend(template_names(&self.templates, object)?);
        }
        let source = hostname_source(annotations, outcome);
        if source == HostnameSource::AnnotationOnly {
            names.clear();
        }
        if source != HostnameSource::DefinedHostsOnly && !self.settings.ignore_hostname_annotation {
            names.extend(annotations.hostnames());
        }
        let mut hosts: Vec<Host> = Vec::with_capacity(names.len() + 1);
        if any && source == HostnameSource::Both {
            hosts.push(Host::Any);
        }
        for name in names.iter().filter(|name| !name.is_empty()) {
            match Host::parse(name) {
                Ok(host) => hosts.push(host),
                Err(error) => outcome.warn(format!("{error}; the name is left out")),
            }
        }
        Ok(hosts)
    }

    /// Publishes what attached listeners and hosts have in common, and holds what only waits for a controller's word.
    fn publish(
        &self,
        route: &Route,
        hosts: &[Host],
        parents: &Parents<'_>,
        common: &Common,
        outcome: &mut Outcome,
    ) {
        let attachments = parents.attachments(route, self.kind);
        let mut published: BTreeMap<&DnsName, BTreeSet<&str>> = BTreeMap::new();
        let mut held: BTreeMap<&DnsName, &HoldReason> = BTreeMap::new();
        for attachment in &attachments {
            for name in hosts.iter().filter_map(|host| attachment.host.intersection(host)) {
                match &attachment.hold {
                    None => {
                        let targets = published.entry(name).or_default();
                        targets.extend(attachment.targets.iter().map(String::as_str));
                    }
                    Some(reason) => {
                        held.entry(name).or_insert(reason);
                    }
                }
            }
        }
        for (name, targets) in &published {
            let targets: Vec<&str> = targets.iter().copied().collect();
            outcome.publish(name.as_str(), &targets, common);
        }
        held.retain(|name, _| !published.contains_key(name));
        let reasons: BTreeSet<&HoldReason> = held.values().copied().collect();
        for reason in reasons {
            if let HoldReason::Invalid(why) = reason {
                outcome.warn(format!("{why}; names that depend on it are held"));
            }
        }
        for (name, reason) in held {
            outcome.hold(name.clone(), common, reason.clone());
        }
    }
}

fn gateway_name(key: &Key) -> ParentName<'_> {
    ParentName::Gateway(&key.namespace, &key.name)
}

fn set_name(key: &Key) -> ParentName<'_> {
    ParentName::ListenerSet(&key.namespace, &key.name)
}

/// The Gateway of a ListenerSet.
fn parent_of(set: &ListenerSet) -> Option<ParentName<'_>> {
    set.spec.parent_ref.parent_name(&set.metadata.namespace)
}

fn is_one_of(sets: &[Key], parent: ParentName<'_>) -> bool {
    sets.iter().any(|set| parent == set_name(set))
}

/// Unlike with Ingresses, an unknown value means the same as none.
fn hostname_source(annotations: &Annotations<'_>, outcome: &mut Outcome) -> HostnameSource {
    match annotations.get(key::GATEWAY_HOSTNAME_SOURCE).map(str::to_lowercase).as_deref() {
        None => HostnameSource::Both,
        Some("annotation-only") => HostnameSource::AnnotationOnly,
        Some("defined-hosts-only") => HostnameSource::DefinedHostsOnly,
        Some(choice) => {
            outcome.warn(format!(
                "gateway-hostname-source {choice:?} is neither \"annotation-only\" nor \"defined-hosts-only\"; it is ignored"
            ));
            HostnameSource::Both
        }
    }
}

impl Source for GatewaySource {
    fn name(&self) -> &'static str {
        self.kind.source
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &self.kind.prefixes
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        let mut caches: Vec<Arc<dyn Fill>> =
            vec![self.routes.clone(), self.gateways.clone(), self.namespaces.clone()];
        if let Some(listener_sets) = &self.listener_sets {
            caches.push(listener_sets.clone());
        }
        caches
    }

    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        // Always in this order: threads that took shared locks in different orders could wait for each other's writers.
        let routes = self.routes.read();
        let gateways = self.gateways.read();
        let listener_sets = self.listener_sets.as_ref().map(|cache| cache.read());
        let namespaces = self.namespaces.read();
        let parents = Parents::new(&self.settings, &gateways, listener_sets.as_deref(), &namespaces);
        routes
            .which(which)
            .filter(|object| is_selected(&self.settings, &object.fields))
            .for_each(|object| take(self.outcome(object, &parents)));
    }

    fn affected(&self, kind: &Kind, change: &Change) -> Affected {
        let key = &change.key;
        match *kind {
            GATEWAY => {
                let sets = self.sets(|set| parent_of(set) == Some(gateway_name(key)));
                self.routes_at(|parent, _| parent == gateway_name(key) || is_one_of(&sets, parent))
            }
            LISTENER_SET => self.routes_at(|parent, _| parent == set_name(key)),
            // Its labels decide about the Routes in it, and about the ListenerSets in it.
            NAMESPACE => {
                let sets = self.sets(|set| *set.metadata.namespace == *key.name);
                self.routes_at(|parent, route| {
                    *route.metadata.namespace == *key.name || is_one_of(&sets, parent)
                })
            }
            _ => Affected::Objects(vec![key.clone()]),
        }
    }
}

//! `--source=service`: Services of every type. Facts: ExternalDNS v0.22, source/service.go.
//!
//! ```text
//! annotations, legacy annotations, templates ──> names ─┐
//! target annotation, or by type of the Service ─────────┴─> Destinations ──> endpoints, holds
//! ```
//!
//! A Service that cannot have a target (ClusterIP without `--publish-internal-services`) asks for nothing; one that merely has
//! none right now keeps its names.

pub mod compatibility;
mod destination;
mod headless;
mod merge;
mod node_port;
pub mod objects;
pub mod resolve;
mod surroundings;
#[cfg(test)]
mod tests;

use super::annotations::key;
use super::nodes::{self, Node};
use super::object::{Key, Kind, Object};
use super::outcome::{Common, Outcome};
use super::pods::{self, Pod};
use super::selection::{
    common, fail_with_unlabelled, is_selected, publish_template_pairs, template_names_in_turn,
};
use super::settings::Compatibility;
use super::settings::Settings;
use super::store::{Cache, Caches, Change, Fill, Scope};
use super::template::{ScopedTemplates, TemplateError};
use super::{Affected, Source, Which};
use destination::Destinations;
use objects::{ENDPOINT_SLICE, EndpointSlice, SERVICE, Service, ServiceType};
use resolve::Resolved;
use std::collections::BTreeSet;
use std::sync::Arc;
use surroundings::Surroundings;
use zonewright_planner::Endpoint;

/// The source.
pub struct ServiceSource {
    settings: Arc<Settings>,
    templates: ScopedTemplates,
    resolved: Arc<Resolved>,
    services: Arc<Cache<Service>>,
    slices: Option<Arc<Cache<EndpointSlice>>>,
    pods: Option<Arc<Cache<Pod>>>,
    nodes: Option<Arc<Cache<Node>>>,
}

impl ServiceSource {
    /// The `--source` value.
    pub const NAME: &'static str = "service";

    /// Takes its caches: those that the Service types of `--service-type-filter` need. What lies behind Services (there are many Pods)
    /// is read only once a Service asks for names that come from there. Host names of load balancers are looked up in `resolved`, which
    /// somebody else keeps current.
    pub fn new(settings: Arc<Settings>, caches: &mut Caches, resolved: Arc<Resolved>) -> Self {
        let scope = || Scope { namespace: settings.namespace.clone(), ..Scope::default() };
        let on_nodes = has_type(&settings, ServiceType::NodePort);
        let on_pods = on_nodes || has_type(&settings, ServiceType::ClusterIp);
        let source = Self {
            templates: settings.templates.scoped(Self::NAME),
            resolved,
            services: caches.of(SERVICE, scope()),
            slices: on_pods.then(|| caches.of_wanted_later(ENDPOINT_SLICE, scope())),
            pods: on_pods.then(|| caches.of_wanted_later(pods::KIND, scope())),
            nodes: on_nodes.then(|| caches.of_wanted_later(nodes::KIND, Scope::default())),
            settings,
        };
        source.want_what_services_need();
        source
    }

    fn want_what_services_need(&self) {
        let (slices, pods, nodes) = (self.slices.clone(), self.pods.clone(), self.nodes.clone());
        let settings = self.settings.clone();
        let names_come_from_elsewhere = !settings.templates.is_empty() || settings.compatibility.is_some();
        self.services.scouted(move |service| {
            let annotations = settings.annotation_keys.of(&service.metadata.annotations);
            let asks_for_names = names_come_from_elsewhere
                || annotations.get(key::HOSTNAME).is_some()
                || annotations.get(key::INTERNAL_HOSTNAME).is_some();
            if asks_for_names && lies_before_pods(service) {
                slices.iter().for_each(|cache| cache.want());
                pods.iter().for_each(|cache| cache.want());
                nodes.iter().for_each(|cache| cache.want());
            }
        });
    }

    /// The host names whose addresses it publishes, to be looked up before a cycle; empty without
    /// `--resolve-service-load-balancer-hostname`.
    pub fn names_to_resolve(&self) -> Vec<String> {
        if !self.settings.service.resolve_load_balancer_hostname {
            return Vec::new();
        }
        let services = self.services.read();
        let names: BTreeSet<&str> = services
            .iter()
            .map(|object| &object.fields)
            .filter(|service| self.is_ours(service) && destination::uses_load_balancer_status(service))
            .flat_map(|service| &service.status.load_balancer.ingress)
            .map(|entry| &*entry.hostname)
            .filter(|hostname| !hostname.is_empty())
            .collect();
        names.into_iter().map(str::to_owned).collect()
    }

    fn is_ours(&self, service: &Service) -> bool {
        is_selected(&self.settings, service) && has_type(&self.settings, service.spec.service_type)
    }

    fn outcome(&self, object: &Object<Service>, surroundings: &Surroundings<'_>) -> Outcome {
        let service = &object.fields;
        let mut outcome = Outcome::new(service.metadata.object_ref(Self::NAME, &SERVICE));
        let annotations = self.settings.annotation_keys.of(&service.metadata.annotations);
        let resource = format!("service/{}/{}", service.metadata.namespace, service.metadata.name);
        let common = common(&annotations, resource, &mut outcome);
        let destinations = Destinations::new(service, annotations, surroundings);
        if !self.settings.ignore_hostname_annotation {
            for host in annotations.hostnames() {
                destinations.publish(&host, &common, &mut outcome);
            }
            for host in annotations.internal_hostnames() {
                destinations.publish_inside_cluster(&host, &common, &mut outcome);
            }
        }
        if let (Some(mode), true) = (self.settings.compatibility, outcome.endpoints.is_empty()) {
            compatibility::publish(mode, service, surroundings, &mut outcome);
        }
        if let Err(error) = self.add_from_templates(object, &destinations, &common, &mut outcome) {
            let has_unlabelled = self.settings.compatibility.is_some() || self.templates.has_fqdn_target();
            let fail = if has_unlabelled { fail_with_unlabelled } else { Outcome::fail };
            fail(&mut outcome, &common, error.to_string());
        }
        outcome
    }

    /// The Services of a namespace (of all, when it is empty) for which this holds.
    fn those(&self, namespace: &str, holds: impl Fn(&Service) -> bool) -> Affected {
        let services = self.services.read();
        let in_namespace = |key: &Key| namespace.is_empty() || *key.namespace == *namespace;
        let those = services.iter().map(|object| &object.fields).filter(|service| holds(service));
        Affected::Objects(those.map(|service| service.metadata.key()).filter(in_namespace).collect())
    }

    /// The Services that an EndpointSlice belongs to and belonged to.
    fn affected_by_slice(&self, change: &Change) -> Affected {
        let slices = self.slices.as_ref().map(|cache| cache.read());
        let now = slices.as_ref().and_then(|slices| slices.get(&change.key.namespace, &change.key.name));
        let both = [change.before::<EndpointSlice>(), now.map(AsRef::as_ref)];
        let services = both.into_iter().flatten().filter_map(|slice| slice.fields.service());
        Affected::Objects(services.map(|(namespace, name)| Key::new(namespace, name)).collect())
    }

    /// A Pod concerns headless Services by the EndpointSlices that name it, and of NodePort Services those that look for the
    /// Nodes of their Pods: any of its namespace, as its labels may have changed.
    fn affected_by_pod(&self, pod: &Key) -> Affected {
        let slices = self.slices.as_ref().map(|cache| cache.read());
        let of_namespace = slices.iter().flat_map(|slices| slices.in_namespace(&pod.namespace));
        let naming: BTreeSet<&str> = of_namespace
            .map(|slice| &slice.fields)
            .filter(|slice| slice.endpoints.iter().any(|endpoint| endpoint.pod_name() == Some(&pod.name)))
            .filter_map(|slice| slice.service().map(|(_, name)| name))
            .collect();
        self.those(&pod.namespace, |service| match service.spec.service_type {
            ServiceType::ClusterIp => service.spec.is_headless() && naming.contains(&*service.metadata.name),
            ServiceType::NodePort => service.spec.is_local(),
            ServiceType::LoadBalancer | ServiceType::ExternalName => false,
        })
    }

    fn add_from_templates(
        &self,
        object: &Object<Service>,
        destinations: &Destinations<'_>,
        common: &Common,
        outcome: &mut Outcome,
    ) -> Result<(), TemplateError> {
        publish_template_pairs(&self.templates, object, outcome)?;
        for host in template_names_in_turn(&self.templates, object, outcome)? {
            destinations.publish(&host, common, outcome);
        }
        Ok(())
    }
}

/// Whether what a Service publishes may depend on the Pods behind it and on their Nodes.
fn lies_before_pods(service: &Service) -> bool {
    service.spec.is_headless() || service.spec.service_type == ServiceType::NodePort
}

/// `--service-type-filter`; an empty value among others switches it off.
fn has_type(settings: &Settings, service_type: ServiceType) -> bool {
    let types = &settings.service.types;
    types.is_empty() || types.iter().any(|wanted| wanted.is_empty() || wanted == service_type.as_str())
}

impl Source for ServiceSource {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &["service/"]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        let mut caches: Vec<Arc<dyn Fill>> = vec![self.services.clone()];
        caches.extend(self.slices.clone().map(|cache| cache as Arc<dyn Fill>));
        caches.extend(self.pods.clone().map(|cache| cache as Arc<dyn Fill>));
        caches.extend(self.nodes.clone().map(|cache| cache as Arc<dyn Fill>));
        caches
    }

    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        let services = self.services.read();
        let slices = self.slices.as_ref().map(|cache| cache.read());
        let pods = self.pods.as_ref().map(|cache| cache.read());
        let nodes = self.nodes.as_ref().map(|cache| cache.read());
        let surroundings = Surroundings::new(
            &self.settings,
            &self.resolved,
            slices.as_deref(),
            which,
            pods.as_deref(),
            nodes.as_deref(),
        );
        services
            .which(which)
            .filter(|object| self.is_ours(&object.fields))
            .for_each(|object| take(self.outcome(object, &surroundings)));
    }

    fn affected(&self, kind: &Kind, change: &Change) -> Affected {
        match *kind {
            SERVICE => Affected::Objects(vec![change.key.clone()]),
            ENDPOINT_SLICE => self.affected_by_slice(change),
            pods::KIND => self.affected_by_pod(&change.key),
            // The Services of kOps' clusters point at Nodes whatever their type.
            _ if self.settings.compatibility == Some(Compatibility::KopsDnsController) => Affected::All,
            _ => self.those("", |service| {
                service.spec.is_headless() || service.spec.service_type == ServiceType::NodePort
            }),
        }
    }

    fn merge(&self, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        merge::merge(endpoints)
    }
}

//! Headless Services: names point at the Pods behind them, and each Pod with a `spec.hostname` has a name below.

use super::objects::{Service, SliceEndpoint};
use super::surroundings::Surroundings;
use crate::sources::annotations::{Annotations, key};
use crate::sources::nodes::external_addresses;
use crate::sources::outcome::{Common, Outcome};
use crate::sources::pods::Pod;
use std::collections::BTreeMap;

/// What the Pods behind one Service come to.
#[derive(Debug, Default)]
pub struct Headless<'a> {
    targets: Vec<String>,
    /// By `spec.hostname`; without targets for Pods that are there and not ready.
    hostnames: BTreeMap<&'a str, Vec<String>>,
}

/// Which address stands for a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PodAddress {
    /// Its own, as the EndpointSlice has it.
    Own,
    /// That of its Node, as the Pod has it.
    Host,
    /// The external ones of its Node.
    NodeExternal,
}

impl PodAddress {
    fn choose(annotations: &Annotations<'_>, surroundings: &Surroundings<'_>) -> Self {
        match annotations.get(key::ENDPOINTS_TYPE) {
            Some("NodeExternalIP") => Self::NodeExternal,
            Some("HostIP") => Self::Host,
            _ if surroundings.settings.service.publish_host_ip => Self::Host,
            _ => Self::Own,
        }
    }
}

impl<'a> Headless<'a> {
    /// Looks at every EndpointSlice of the Service. What leads to no Pod of the Service is left out and reported.
    pub fn find(
        service: &'a Service,
        annotations: &Annotations<'_>,
        surroundings: &Surroundings<'a>,
        outcome: &mut Outcome,
    ) -> Self {
        let search = Search {
            service,
            surroundings,
            address: PodAddress::choose(annotations, surroundings),
            with_not_ready: service.spec.publish_not_ready_addresses
                || surroundings.settings.service.always_publish_not_ready,
        };
        let mut found = Self::default();
        let mut strangers = Vec::new();
        for slice in surroundings.slices(&service.metadata.namespace, &service.metadata.name) {
            if search.address == PodAddress::Own && !slice.has_ip_addresses() {
                continue;
            }
            for endpoint in &slice.endpoints {
                match search.pod(endpoint) {
                    Some(pod) => found.add(pod, search.targets(pod, endpoint, outcome)),
                    None if search.counts(endpoint) => strangers.extend(endpoint.address()),
                    None => {}
                }
            }
        }
        if !strangers.is_empty() {
            outcome.warn(format!(
                "endpoints that lead to no Pod with the labels of the Service's selector are left out: {}",
                strangers.join(", ")
            ));
        }
        found
    }

    fn add(&mut self, pod: &'a Pod, targets: Vec<String>) {
        if !pod.spec.hostname.is_empty() {
            self.hostnames.entry(&pod.spec.hostname).or_default().extend(targets.iter().cloned());
        }
        self.targets.extend(targets);
    }

    /// Publishes the name of the Service and those of its Pods. While no Pod at all can be published every name is held; the
    /// name of one Pod among others that is not ready is given up, which is what readiness is for.
    pub fn publish(&self, host: &str, common: &Common, outcome: &mut Outcome) {
        let Some(name) = outcome.valid_name(host) else { return };
        outcome.publish(name.as_str(), &self.targets, common);
        for (hostname, targets) in &self.hostnames {
            if !targets.is_empty() || self.targets.is_empty() {
                outcome.publish(&format!("{hostname}.{name}"), targets, common);
            }
        }
    }
}

/// How the Pods of one Service are looked for.
struct Search<'s, 'a> {
    service: &'a Service,
    surroundings: &'s Surroundings<'a>,
    address: PodAddress,
    with_not_ready: bool,
}

impl<'a> Search<'_, 'a> {
    fn counts(&self, endpoint: &SliceEndpoint) -> bool {
        endpoint.is_ready() || self.with_not_ready
    }

    /// The Pod behind an endpoint, if it belongs to the Service.
    fn pod(&self, endpoint: &SliceEndpoint) -> Option<&'a Pod> {
        let pod = self.surroundings.pod(&self.service.metadata.namespace, endpoint.pod_name()?)?;
        pod.is_selected_by(&self.service.spec.selector).then_some(pod)
    }

    fn targets(&self, pod: &'a Pod, endpoint: &SliceEndpoint, outcome: &mut Outcome) -> Vec<String> {
        if !self.counts(endpoint) {
            return Vec::new();
        }
        let settings = self.surroundings.settings;
        let chosen = settings.annotation_keys.of(&pod.metadata.annotations).targets();
        if !chosen.is_empty() {
            return chosen;
        }
        match self.address {
            PodAddress::Own => endpoint.address().map(str::to_owned).into_iter().collect(),
            PodAddress::Host => {
                Some(pod.status.host_ip.to_string()).filter(|ip| !ip.is_empty()).into_iter().collect()
            }
            PodAddress::NodeExternal => self.node_addresses(pod, outcome),
        }
    }

    fn node_addresses(&self, pod: &Pod, outcome: &mut Outcome) -> Vec<String> {
        let with_ipv6 = self.surroundings.settings.nodes.expose_internal_ipv6;
        match self.surroundings.node(&pod.spec.node_name) {
            Some(node) => external_addresses(&[node], with_ipv6).into_iter().map(str::to_owned).collect(),
            None => {
                let why = if self.surroundings.knows_nodes() {
                    "is not there"
                } else {
                    "is unknown, because --service-type-filter without NodePort reads no Nodes"
                };
                outcome.warn(format!(
                    "node {:?} of pod {:?} {why}; the pod is left out",
                    pod.spec.node_name, pod.metadata.name
                ));
                Vec::new()
            }
        }
    }
}

//! Where the names of a Service point: decided once per Service, whatever its names.

use super::headless::Headless;
use super::node_port::NodePort;
use super::objects::{Service, ServiceType};
use super::surroundings::Surroundings;
use crate::sources::annotations::Annotations;
use crate::sources::outcome::{Common, Outcome};
use std::cell::OnceCell;

/// Where the names of one Service point. Worked out when the first name asks, as most Services have none.
pub struct Destinations<'a> {
    service: &'a Service,
    annotations: Annotations<'a>,
    surroundings: &'a Surroundings<'a>,
    everywhere: OnceCell<Destination<'a>>,
}

/// Where names point.
enum Destination<'a> {
    /// Nowhere, and not for lack of targets: the Service is not meant to be published.
    Unpublished,
    /// At these targets, perhaps none right now.
    Targets(Vec<String>),
    /// At the Pods behind the Service, which have names of their own as well.
    Headless(Headless<'a>),
    /// At Nodes, with the ports in SRV records.
    NodePort(NodePort<'a>),
}

impl<'a> Destinations<'a> {
    /// Nothing is worked out yet.
    pub fn new(
        service: &'a Service,
        annotations: Annotations<'a>,
        surroundings: &'a Surroundings<'a>,
    ) -> Self {
        Self { service, annotations, surroundings, everywhere: OnceCell::new() }
    }

    /// Publishes a name from `hostname` or a template; without a target right now it is held.
    pub fn publish(&self, host: &str, common: &Common, outcome: &mut Outcome) {
        match self.everywhere.get_or_init(|| self.find(outcome)) {
            Destination::Unpublished => {}
            Destination::Targets(targets) => outcome.publish(host, targets, common),
            Destination::Headless(headless) => headless.publish(host, common, outcome),
            Destination::NodePort(node_port) => {
                node_port.publish(host, &self.service.metadata.name, common, outcome);
            }
        }
    }

    /// Publishes a name from `internal-hostname`: at the address inside the cluster, where the type has one to offer.
    pub fn publish_inside_cluster(&self, host: &str, common: &Common, outcome: &mut Outcome) {
        let has_cluster_ip = match self.service.spec.service_type {
            ServiceType::ClusterIp => !self.service.spec.is_headless(),
            ServiceType::LoadBalancer => true,
            ServiceType::NodePort | ServiceType::ExternalName => false,
        };
        if has_cluster_ip && self.annotations.targets().is_empty() {
            outcome.publish(host, self.service.spec.cluster_ip().as_slice(), common);
        } else {
            self.publish(host, common, outcome);
        }
    }

    fn find(&self, outcome: &mut Outcome) -> Destination<'a> {
        let (service, surroundings) = (self.service, self.surroundings);
        let chosen = self.annotations.targets();
        if !chosen.is_empty() {
            return Destination::Targets(chosen);
        }
        let spec = &service.spec;
        match spec.service_type {
            ServiceType::ClusterIp if spec.is_headless() => {
                Destination::Headless(Headless::find(service, &self.annotations, surroundings, outcome))
            }
            ServiceType::ClusterIp if surroundings.settings.service.publish_internal => {
                Destination::Targets(spec.cluster_ip().map(str::to_owned).into_iter().collect())
            }
            ServiceType::ClusterIp => Destination::Unpublished,
            ServiceType::NodePort => {
                Destination::NodePort(NodePort::find(service, &self.annotations, surroundings))
            }
            ServiceType::LoadBalancer if uses_load_balancer_status(service) => {
                Destination::Targets(load_balancer_targets(service, surroundings, outcome))
            }
            ServiceType::ExternalName if spec.external_ips.is_empty() => {
                let name = Some(spec.external_name.to_string()).filter(|name| !name.is_empty());
                Destination::Targets(name.into_iter().collect())
            }
            ServiceType::LoadBalancer | ServiceType::ExternalName => {
                Destination::Targets(spec.external_ips.iter().map(ToString::to_string).collect())
            }
        }
    }
}

/// Whether names of the Service point where its load balancer is reached, unless a `target` annotation says otherwise.
pub fn uses_load_balancer_status(service: &Service) -> bool {
    service.spec.service_type == ServiceType::LoadBalancer && service.spec.external_ips.is_empty()
}

/// Addresses and host names of the load balancer, or addresses only with `--resolve-service-load-balancer-hostname`.
fn load_balancer_targets(
    service: &Service,
    surroundings: &Surroundings<'_>,
    outcome: &mut Outcome,
) -> Vec<String> {
    let status = &service.status.load_balancer;
    if !surroundings.settings.service.resolve_load_balancer_hostname {
        return status.targets();
    }
    let mut targets = Vec::new();
    for entry in &status.ingress {
        if !entry.ip.is_empty() {
            targets.push(entry.ip.to_string());
        }
        if entry.hostname.is_empty() {
            continue;
        }
        match surroundings.resolved.lookup(&entry.hostname) {
            Some(addresses) => targets.extend(addresses.iter().map(ToString::to_string)),
            None => outcome.warn(format!(
                "the load balancer's host name {:?} does not resolve; its addresses are left out",
                entry.hostname
            )),
        }
    }
    targets
}

//! Where the names of a Service point: decided once per Service, whatever its names.

use super::headless::Headless;
use super::node_port::NodePort;
use super::objects::{Service, ServiceType};
use super::surroundings::Surroundings;
use crate::sources::annotations::Annotations;
use crate::sources::outcome::{Common, Outcome};

/// Where names point.
pub enum Destination<'a> {
    /// Nowhere, and not for lack of targets: the Service is not meant to be published.
    Unpublished,
    /// At these targets, perhaps none right now.
    Targets(Vec<String>),
    /// At the Pods behind the Service, which have names of their own as well.
    Headless(Headless<'a>),
    /// At Nodes, with the ports in SRV records.
    NodePort(NodePort<'a>),
}

impl<'a> Destination<'a> {
    /// For `hostname` and templates.
    pub fn of(
        service: &'a Service,
        annotations: &Annotations<'_>,
        surroundings: &Surroundings<'a>,
        outcome: &mut Outcome,
    ) -> Self {
        let chosen = annotations.targets();
        if !chosen.is_empty() {
            return Self::Targets(chosen);
        }
        match service.spec.service_type {
            ServiceType::ClusterIp if service.spec.is_headless() => {
                Self::Headless(Headless::find(service, annotations, surroundings, outcome))
            }
            ServiceType::ClusterIp if surroundings.settings.service.publish_internal => cluster_ip(service),
            ServiceType::ClusterIp => Self::Unpublished,
            ServiceType::NodePort => Self::NodePort(NodePort::find(service, annotations, surroundings)),
            ServiceType::LoadBalancer if uses_load_balancer_status(service) => {
                Self::Targets(load_balancer_targets(service, surroundings, outcome))
            }
            ServiceType::ExternalName if service.spec.external_ips.is_empty() => {
                let name = Some(service.spec.external_name.to_string());
                Self::Targets(name.filter(|name| !name.is_empty()).into_iter().collect())
            }
            ServiceType::LoadBalancer | ServiceType::ExternalName => {
                Self::Targets(service.spec.external_ips.iter().map(ToString::to_string).collect())
            }
        }
    }

    /// For `internal-hostname`: the address inside the cluster, for the types that have one to offer.
    pub fn inside_cluster(
        service: &'a Service,
        annotations: &Annotations<'_>,
        surroundings: &Surroundings<'a>,
        outcome: &mut Outcome,
    ) -> Self {
        let has_cluster_ip = match service.spec.service_type {
            ServiceType::ClusterIp => !service.spec.is_headless(),
            ServiceType::LoadBalancer => true,
            ServiceType::NodePort | ServiceType::ExternalName => false,
        };
        if has_cluster_ip && annotations.targets().is_empty() {
            cluster_ip(service)
        } else {
            Self::of(service, annotations, surroundings, outcome)
        }
    }

    /// Publishes one name; what has no target right now is held.
    pub fn publish(&self, host: &str, service: &Service, common: &Common, outcome: &mut Outcome) {
        match self {
            Self::Unpublished => {}
            Self::Targets(targets) => outcome.publish(host, targets, common),
            Self::Headless(headless) => headless.publish(host, common, outcome),
            Self::NodePort(node_port) => node_port.publish(host, &service.metadata.name, common, outcome),
        }
    }
}

fn cluster_ip<'a>(service: &Service) -> Destination<'a> {
    Destination::Targets(service.spec.cluster_ip().map(str::to_owned).into_iter().collect())
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

//! NodePort Services: names point at Nodes, and SRV records carry the ports.

use super::objects::Service;
use super::surroundings::Surroundings;
use crate::sources::annotations::{Annotations, key};
use crate::sources::nodes::{Node, external_addresses, internal_addresses, reachable_addresses};
use crate::sources::outcome::{Common, Outcome};
use crate::sources::pods::Pod;
use std::collections::BTreeMap;
use zonewright_planner::{ALIAS, RecordType};

/// What one NodePort Service comes to.
#[derive(Debug)]
pub struct NodePort<'a> {
    addresses: Vec<&'a str>,
    /// Ports by protocol.
    ports: BTreeMap<String, Vec<u16>>,
}

impl<'a> NodePort<'a> {
    /// Chooses Nodes and addresses.
    pub fn find(
        service: &'a Service,
        annotations: &Annotations<'_>,
        surroundings: &Surroundings<'a>,
    ) -> Self {
        let settings = &surroundings.settings.nodes;
        let mut nodes: Vec<&Node> = if service.spec.is_local() {
            nodes_with_pods(service, surroundings)
        } else {
            surroundings.nodes().collect()
        };
        nodes.retain(|node| !(settings.exclude_unschedulable && node.is_unschedulable()));
        let addresses = match annotations.get(key::ACCESS) {
            Some("public") => external_addresses(&nodes, settings.expose_internal_ipv6),
            Some("private") => internal_addresses(&nodes),
            _ => reachable_addresses(&nodes, settings.expose_internal_ipv6),
        };
        Self { addresses, ports: ports(service) }
    }

    /// Publishes a name and the ports below it: `_<service>._<protocol>.<name>`, priority 0, weight 50 as in ExternalDNS.
    pub fn publish(&self, host: &str, service_name: &str, common: &Common, outcome: &mut Outcome) {
        let Some(name) = outcome.valid_name(host) else { return };
        outcome.publish(name.as_str(), &self.addresses, common);
        if common.properties.get(ALIAS).is_some() {
            // An alias SRV record cannot be, so there is nothing to hold either.
            outcome.warn(format!(
                "{name}: the alias annotation is only for A, AAAA and CNAME records; the ports are not published as SRV records"
            ));
            return;
        }
        for (protocol, ports) in &self.ports {
            let targets: Vec<String> = ports.iter().map(|port| format!("0 50 {port} {name}.")).collect();
            outcome.push(&format!("_{service_name}._{protocol}.{name}"), RecordType::Srv, &targets, common);
        }
    }
}

fn ports(service: &Service) -> BTreeMap<String, Vec<u16>> {
    let mut ports: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for port in service.spec.ports.iter().filter(|port| port.node_port > 0) {
        let protocol = if port.protocol.is_empty() { "tcp".to_owned() } else { port.protocol.to_lowercase() };
        ports.entry(protocol).or_default().push(port.node_port);
    }
    ports
}

/// How well a Node with a Pod of the Service answers, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fitness {
    NotReady,
    ReadyAndTerminating,
    Ready,
}

impl Fitness {
    fn of(pod: &Pod) -> Self {
        match (pod.is_ready(), pod.metadata.terminating) {
            (true, false) => Self::Ready,
            (true, true) => Self::ReadyAndTerminating,
            (false, _) => Self::NotReady,
        }
    }
}

/// The Nodes whose Pods answer best. A Node is as fit as its fittest Pod; only the fittest Nodes count, so that a name still
/// points somewhere while no Pod is ready.
fn nodes_with_pods<'a>(service: &'a Service, surroundings: &Surroundings<'a>) -> Vec<&'a Node> {
    let mut fitness: BTreeMap<&str, (Fitness, &Node)> = BTreeMap::new();
    for pod in surroundings.pods_in(&service.metadata.namespace) {
        if !pod.is_running() || !pod.is_selected_by(&service.spec.selector) {
            continue;
        }
        let Some(node) = surroundings.node(&pod.spec.node_name) else { continue };
        let best = fitness.entry(&node.metadata.name).or_insert((Fitness::NotReady, node));
        best.0 = best.0.max(Fitness::of(pod));
    }
    let best = fitness.values().map(|(fitness, _)| *fitness).max();
    fitness.into_values().filter(|(fitness, _)| Some(*fitness) == best).map(|(_, node)| node).collect()
}

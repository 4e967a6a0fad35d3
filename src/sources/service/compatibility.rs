//! `--compatibility`: Services annotated for Mate, route53-kubernetes or kOps' dns-controller. Facts: ExternalDNS v0.22,
//! source/compatibility.go; two slips of it are not repeated: an IPv6 address gives AAAA, and the leading dot that marks
//! the apex of a zone for route53-kubernetes is not part of the name.
//!
//! What is published here carries neither TTL nor label nor properties.

use super::objects::{Service, ServiceType};
use super::surroundings::Surroundings;
use crate::sources::annotations::host_list;
use crate::sources::nodes::{Node, external_addresses, internal_addresses};
use crate::sources::outcome::{Common, Outcome};
use crate::sources::settings::Compatibility;

/// The annotation of Mate, with one name.
const MATE: &str = "zalando.org/dnsname";
/// The annotation of route53-kubernetes, with a list of names; counts only with label `dns=route53`.
const MOLECULE: &str = "domainName";
/// The annotation of kOps' dns-controller with names for everybody.
pub const KOPS_EXTERNAL: &str = "dns.alpha.kubernetes.io/external";
/// The annotation of kOps' dns-controller with names for the cluster's own network.
pub const KOPS_INTERNAL: &str = "dns.alpha.kubernetes.io/internal";
/// The label of the Nodes that kOps publishes.
const KOPS_NODE_ROLE: &str = "node-role.kubernetes.io/node";

/// The annotations that a mode reads, here and on Pods: whatever trims annotations keeps them.
pub fn annotations(mode: Compatibility) -> &'static [&'static str] {
    match mode {
        Compatibility::Mate => &[MATE],
        Compatibility::Molecule => &[MOLECULE],
        Compatibility::KopsDnsController => &[KOPS_EXTERNAL, KOPS_INTERNAL],
    }
}

/// Publishes what the older annotations ask for.
pub fn publish(
    mode: Compatibility,
    service: &Service,
    surroundings: &Surroundings<'_>,
    outcome: &mut Outcome,
) {
    let names = |key: &str| service.metadata.annotations.get(key).map(host_list).unwrap_or_default();
    match mode {
        Compatibility::Mate => {
            let name = service.metadata.annotations.get(MATE).filter(|name| !name.is_empty());
            at_load_balancer(name, service, outcome);
        }
        Compatibility::Molecule if service.metadata.labels.get("dns") == Some("route53") => {
            let names = names(MOLECULE);
            let without_apex_dot = names.iter().map(|name| name.strip_prefix('.').unwrap_or(name));
            at_load_balancer(without_apex_dot, service, outcome);
        }
        Compatibility::Molecule => {}
        Compatibility::KopsDnsController => {
            let (external, internal) = (names(KOPS_EXTERNAL), names(KOPS_INTERNAL));
            match service.spec.service_type {
                ServiceType::LoadBalancer => {
                    at_load_balancer(external.iter().chain(&internal).map(String::as_str), service, outcome);
                }
                ServiceType::NodePort => at_nodes(&external, &internal, surroundings, outcome),
                ServiceType::ClusterIp | ServiceType::ExternalName => {}
            }
        }
    }
}

/// Publishes names where the load balancer is reached. Without one only a Service that is to get one asks for its names.
fn at_load_balancer<'a>(names: impl IntoIterator<Item = &'a str>, service: &Service, outcome: &mut Outcome) {
    let targets = service.status.load_balancer.targets();
    if targets.is_empty() && service.spec.service_type != ServiceType::LoadBalancer {
        return;
    }
    names.into_iter().for_each(|name| outcome.publish(name, &targets, &Common::default()));
}

/// Publishes either kind of names at the Nodes of role `node`; with both kinds the Service asks for nothing.
fn at_nodes(
    external: &[String],
    internal: &[String],
    surroundings: &Surroundings<'_>,
    outcome: &mut Outcome,
) {
    let nodes: Vec<&Node> =
        surroundings.nodes().filter(|node| node.metadata.labels.get(KOPS_NODE_ROLE).is_some()).collect();
    let (names, addresses) = match (external, internal) {
        (names, []) => (names, external_addresses(&nodes, surroundings.settings.nodes.expose_internal_ipv6)),
        ([], names) => (names, internal_addresses(&nodes)),
        _ => return,
    };
    names.iter().for_each(|name| outcome.publish(name, &addresses, &Common::default()));
}

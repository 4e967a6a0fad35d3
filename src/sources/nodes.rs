//! Nodes as sources see them, and which of their addresses are published. Facts: ExternalDNS v0.22, source/node.go,
//! source/service.go, source/pod.go.

use super::object::{Kind, Metadata, null_to_default};
use crate::kube_object;
use serde::Deserialize;
use std::net::Ipv6Addr;

/// The resource.
pub const KIND: Kind = Kind::cluster_wide("v1", "Node", "nodes");

/// What of a Node matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Metadata.
    pub metadata: Metadata,
    #[serde(deserialize_with = "null_to_default")]
    spec: Spec,
    #[serde(deserialize_with = "null_to_default")]
    status: Status,
}

kube_object!(Node);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(deserialize_with = "null_to_default")]
    unschedulable: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "null_to_default")]
    addresses: Box<[Address]>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Address {
    #[serde(rename = "type", deserialize_with = "null_to_default")]
    address_type: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    address: Box<str>,
}

impl Node {
    /// Whether it is cordoned.
    pub fn is_unschedulable(&self) -> bool {
        self.spec.unschedulable
    }

    fn addresses(&self, address_type: &str) -> impl Iterator<Item = &str> {
        self.status
            .addresses
            .iter()
            .filter(move |address| &*address.address_type == address_type && !address.address.is_empty())
            .map(|address| &*address.address)
    }

    fn external(&self) -> impl Iterator<Item = &str> {
        self.addresses("ExternalIP")
    }

    fn internal(&self) -> impl Iterator<Item = &str> {
        self.addresses("InternalIP")
    }
}

/// External addresses. Providers without IPv4 translation put a Node's public IPv6 address among the internal ones, so those
/// count too where asked for.
pub fn external_addresses<'a>(nodes: &[&'a Node], with_internal_ipv6: bool) -> Vec<&'a str> {
    let is_ipv6 = |address: &&str| address.parse::<Ipv6Addr>().is_ok();
    let external = nodes.iter().flat_map(|node| node.external());
    let internal = nodes.iter().flat_map(|node| node.internal());
    external.chain(internal.filter(|address| with_internal_ipv6 && is_ipv6(address))).collect()
}

/// Internal addresses of both families.
pub fn internal_addresses<'a>(nodes: &[&'a Node]) -> Vec<&'a str> {
    nodes.iter().flat_map(|node| node.internal()).collect()
}

/// External addresses if any of these nodes has one, else internal ones: all or nothing, so that a name never leads both
/// into and around a private network.
pub fn reachable_addresses<'a>(nodes: &[&'a Node], with_internal_ipv6: bool) -> Vec<&'a str> {
    if nodes.iter().any(|node| node.external().next().is_some()) {
        external_addresses(nodes, with_internal_ipv6)
    } else {
        internal_addresses(nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn node(addresses: &[(&str, &str)]) -> Node {
        let addresses: Vec<_> =
            addresses.iter().map(|(kind, address)| json!({"type": kind, "address": address})).collect();
        serde_json::from_value(json!({"metadata": {"name": "n"}, "status": {"addresses": addresses}}))
            .unwrap()
    }

    const EXTERNAL: (&str, &str) = ("ExternalIP", "203.0.113.1");
    const INTERNAL: (&str, &str) = ("InternalIP", "10.0.0.1");
    const INTERNAL_6: (&str, &str) = ("InternalIP", "2001:db8::1");
    const HOST: (&str, &str) = ("Hostname", "n");

    #[rstest]
    #[case(&[EXTERNAL, INTERNAL, INTERNAL_6, HOST], false, &["203.0.113.1"])]
    #[case(&[EXTERNAL, INTERNAL, INTERNAL_6, HOST], true, &["203.0.113.1", "2001:db8::1"])]
    #[case(&[INTERNAL, INTERNAL_6, HOST], false, &["10.0.0.1", "2001:db8::1"])]
    #[case(&[HOST, ("ExternalIP", "")], true, &[])]
    fn reachable(#[case] addresses: &[(&str, &str)], #[case] expose: bool, #[case] expected: &[&str]) {
        assert_eq!(reachable_addresses(&[&node(addresses)], expose), expected);
    }

    #[test]
    fn one_external_address_hides_all_internal_ones() {
        let (outside, inside) = (node(&[EXTERNAL]), node(&[INTERNAL, INTERNAL_6]));
        assert_eq!(reachable_addresses(&[&outside, &inside], false), ["203.0.113.1"]);
        assert_eq!(internal_addresses(&[&outside, &inside]), ["10.0.0.1", "2001:db8::1"]);
    }

    #[test]
    fn external_addresses_of_a_private_node_are_its_ipv6_ones_at_most() {
        let inside = node(&[INTERNAL, INTERNAL_6]);
        assert!(external_addresses(&[&inside], false).is_empty());
        assert_eq!(external_addresses(&[&inside], true), ["2001:db8::1"]);
    }
}

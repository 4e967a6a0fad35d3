//! `--nat64-networks`: an A record beside every AAAA record whose address embeds an IPv4 address (RFC 6052).

use ipnet::Ipv6Net;
use std::net::{Ipv4Addr, Ipv6Addr};
use zonewright_planner::{Endpoint, RecordType, Target};

/// Prefixes whose addresses carry an IPv4 address in their last 32 bits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nat64Prefixes(Vec<Ipv6Net>);

impl Nat64Prefixes {
    /// Prefixes of length 96, as the command line has checked.
    pub fn new(prefixes: Vec<Ipv6Net>) -> Self {
        Self(prefixes)
    }

    fn embedded(&self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let [.., a, b, c, d] = address.octets();
        self.0.iter().any(|net| net.contains(&address)).then(|| Ipv4Addr::new(a, b, c, d))
    }
}

/// Adds the A records after all other wishes.
pub(super) fn apply(mut endpoints: Vec<Endpoint>, prefixes: &Nat64Prefixes) -> Vec<Endpoint> {
    if prefixes.0.is_empty() {
        return endpoints;
    }
    let added: Vec<Endpoint> =
        endpoints.iter().filter_map(|endpoint| translated(endpoint, prefixes)).collect();
    endpoints.extend(added);
    endpoints
}

fn translated(endpoint: &Endpoint, prefixes: &Nat64Prefixes) -> Option<Endpoint> {
    if endpoint.record_type != RecordType::Aaaa {
        return None;
    }
    let embedded = endpoint.targets.iter().filter_map(|target| match target {
        Target::V6(address) => prefixes.embedded(*address),
        // An alias has no address to look into.
        _ => None,
    });
    let targets: Vec<Target> = embedded.map(Target::V4).collect();
    if targets.is_empty() {
        return None;
    }
    let mut copy = endpoint.clone();
    copy.record_type = RecordType::A;
    copy.set_targets(targets);
    Some(copy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::Properties;

    #[test]
    fn the_last_32_bits_become_an_a_record() {
        let prefixes = Nat64Prefixes::new(vec!["2001:db8::/96".parse().unwrap()]);
        let aaaa = Endpoint::new(
            "a.example.org",
            RecordType::Aaaa,
            &["2001:db8::c000:22a", "2001:db9::1"],
            Properties::new(),
        );
        let result = apply(vec![aaaa.unwrap()], &prefixes);
        assert_eq!(result.len(), 2);
        assert_eq!(result[1].targets, [Target::V4(Ipv4Addr::new(192, 0, 2, 42))]);
    }
}

//! `--target-net-filter` and `--exclude-target-net`: which addresses may be published.

use ipnet::IpNet;
use std::net::IpAddr;
use zonewright_planner::{Endpoint, Target};

/// Networks that targets must, or must not, be in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetNetworks {
    /// When there are any, a target must be an address in one of them; names never are.
    pub include: Vec<IpNet>,
    /// A target must not be an address in one of them.
    pub exclude: Vec<IpNet>,
}

impl TargetNetworks {
    fn admits(&self, target: &Target) -> bool {
        // An IPv4-mapped IPv6 address is judged by the IPv4 address in it, as upstream does.
        let address = target.ip().map(|ip| match ip {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
            IpAddr::V4(_) => ip,
        });
        let in_any =
            |networks: &[IpNet]| address.is_some_and(|ip| networks.iter().any(|net| net.contains(&ip)));
        (self.include.is_empty() || in_any(&self.include)) && !in_any(&self.exclude)
    }
}

/// Drops targets that are not admitted, and wishes that have none left.
pub(super) fn apply(mut endpoints: Vec<Endpoint>, networks: &TargetNetworks) -> Vec<Endpoint> {
    if networks.include.is_empty() && networks.exclude.is_empty() {
        return endpoints;
    }
    for endpoint in &mut endpoints {
        endpoint.targets.retain(|target| networks.admits(target));
    }
    endpoints.retain(|endpoint| !endpoint.targets.is_empty());
    endpoints
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use zonewright_planner::{Properties, RecordType};

    #[rstest]
    #[case(&["192.0.2.0/24"], &[], "A", &["192.0.2.1", "198.51.100.1"], 1)]
    #[case(&["192.0.2.0/24"], &["192.0.2.1/32"], "A", &["192.0.2.1", "192.0.2.2"], 1)]
    #[case(&["192.0.2.0/24"], &[], "CNAME", &["lb.example.net"], 0)]
    #[case(&[], &["192.0.2.0/24"], "CNAME", &["lb.example.net"], 1)]
    #[case(&["192.0.2.0/24"], &[], "AAAA", &["::ffff:192.0.2.1"], 1)]
    fn targets_are_judged_one_by_one(
        #[case] include: &[&str],
        #[case] exclude: &[&str],
        #[case] record_type: &str,
        #[case] targets: &[&str],
        #[case] left: usize,
    ) {
        let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let networks = TargetNetworks { include: nets(include), exclude: nets(exclude) };
        let record_type = RecordType::from_text(record_type);
        let endpoint = Endpoint::new("a.example.org", record_type, targets, Properties::new()).unwrap();
        let kept = apply(vec![endpoint], &networks);
        assert_eq!(kept.first().map_or(0, |e| e.targets.len()), left);
    }
}

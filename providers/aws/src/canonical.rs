//! Which hosted zone an AWS host name lies in. An alias record has to name it.
//!
//! Some services get an alias without being asked, as ExternalDNS v0.22 gives it to them; the others only where the object asks for
//! one, because turning CNAME records that exist into aliases is nobody's wish.

use crate::canonical_zones::{
    API_GATEWAYS, APP_RUNNER_SERVICES, APPLICATION_LOAD_BALANCERS, BEANSTALK_ENVIRONMENTS, CLOUDFRONT,
    GLOBAL_ACCELERATOR, INTERFACE_ENDPOINTS, NETWORK_LOAD_BALANCERS, Regions, S3_WEBSITES,
};
use zonewright_planner::DnsName;

/// The hosted zone of an AWS host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Canonical {
    /// Its id.
    pub(crate) zone: &'static str,
    /// Whether a CNAME to such a name becomes an alias without being asked.
    pub(crate) is_automatic: bool,
}

/// Looks a host name up. Names are canonical already, so that case and trailing dots do not matter.
pub(crate) fn canonical(host: &DnsName) -> Option<Canonical> {
    let host = host.as_str();
    let automatic = |zone| Canonical { zone, is_automatic: true };
    let on_demand = |zone| Canonical { zone, is_automatic: false };
    if is_below(host, "cloudfront.net") {
        return Some(automatic(CLOUDFRONT));
    }
    if is_below(host, "awsglobalaccelerator.com") {
        return Some(automatic(GLOBAL_ACCELERATOR));
    }
    if let Some(rest) = host.strip_suffix(".elasticbeanstalk.com") {
        return regional(BEANSTALK_ENVIRONMENTS, last_label(rest)).map(on_demand);
    }
    if let Some(rest) = host.strip_suffix(".awsapprunner.com") {
        return regional(APP_RUNNER_SERVICES, last_label(rest)).map(on_demand);
    }
    let (rest, is_china) = match host.strip_suffix(".amazonaws.com.cn") {
        Some(rest) => (rest, true),
        None => (host.strip_suffix(".amazonaws.com")?, false),
    };
    let last = last_label(rest);
    let before = rest.rsplit('.').nth(1).unwrap_or_default();
    let (regions, region, is_automatic) = match (before, last) {
        (region, "elb") => (APPLICATION_LOAD_BALANCERS, region, true),
        (region, "vpce") => (INTERFACE_ENDPOINTS, region, true),
        ("elb", region) => (NETWORK_LOAD_BALANCERS, region, true),
        ("execute-api", region) => (API_GATEWAYS, region, true),
        ("s3-website", region) => (S3_WEBSITES, region, false),
        (_, website) => (S3_WEBSITES, website.strip_prefix("s3-website-")?, false),
    };
    let zone = regional(regions, region).filter(|_| region.starts_with("cn-") == is_china)?;
    Some(Canonical { zone, is_automatic })
}

fn regional(regions: Regions, region: &str) -> Option<&'static str> {
    let at = regions.binary_search_by(|(name, _)| (*name).cmp(region)).ok()?;
    regions.get(at).map(|(_, zone)| *zone)
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn last_label(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("my-alb-123.us-east-1.elb.amazonaws.com", Some("Z35SXDOTRQ7X7K"), true)]
    #[case("dualstack.my-alb-123.EU-Central-1.elb.amazonaws.com.", Some("Z215JYRZR1TBD5"), true)]
    #[case("nlb-0a.elb.eu-central-1.amazonaws.com", Some("Z3F0SRJ5LGBH90"), true)]
    #[case("a.cn-north-1.elb.amazonaws.com.cn", Some("Z1GDH35T77C1KE"), true)]
    #[case("a.cn-north-1.elb.amazonaws.com", None, false)]
    #[case("a.us-east-1.elb.amazonaws.com.cn", None, false)]
    #[case("d111111abcdef8.cloudfront.net", Some("Z2FDTNDATAQYW2"), true)]
    #[case("notcloudfront.net", None, false)]
    #[case("a1b2.awsglobalaccelerator.com", Some("Z2BJ6XQ5FK7U4H"), true)]
    #[case("abc.execute-api.us-west-2.amazonaws.com", Some("Z2OJLYMUO9EFXC"), true)]
    #[case("vpce-1.svc.us-east-2.vpce.amazonaws.com", Some("ZC8PG0KIFKBRI"), true)]
    #[case("s3-website-us-east-1.amazonaws.com", Some("Z3AQBSTGFYJSTF"), false)]
    #[case("www.example.org.s3-website.eu-west-3.amazonaws.com", Some("Z3R1K369G5AVDG"), false)]
    #[case("env.eu-west-1.elasticbeanstalk.com", Some("Z2NYPWQ7DFZAZH"), false)]
    #[case("abc.us-east-1.awsapprunner.com", Some("Z01915732ZBZKC8D32TPT"), false)]
    #[case("a.mars-north-1.elb.amazonaws.com", None, false)]
    #[case("amazonaws.com", None, false)]
    #[case("www.example.org", None, false)]
    fn hosts_are_found_by_service_and_region(
        #[case] host: &str,
        #[case] zone: Option<&str>,
        #[case] is_automatic: bool,
    ) {
        let found = canonical(&DnsName::parse(host).unwrap());
        assert_eq!(found.map(|found| found.zone), zone);
        assert_eq!(found.is_some_and(|found| found.is_automatic), is_automatic);
    }

    /// The automatic ones are those of v0.22: 133 entries.
    #[test]
    fn tables_are_sorted_and_complete() {
        let automatic =
            [APPLICATION_LOAD_BALANCERS, NETWORK_LOAD_BALANCERS, API_GATEWAYS, INTERFACE_ENDPOINTS];
        assert_eq!(automatic.map(<[_]>::len), [38, 38, 25, 30]);
        let on_demand = [S3_WEBSITES, BEANSTALK_ENVIRONMENTS, APP_RUNNER_SERVICES];
        for regions in automatic.iter().chain(&on_demand) {
            assert!(regions.is_sorted_by(|(a, _), (b, _)| a < b));
            assert!(regions.iter().all(|(_, zone)| zone.starts_with('Z') && zone.len() <= 32));
        }
        let covered = |regions: Regions| regions.iter().map(|(region, _)| *region).collect::<Vec<_>>();
        assert_eq!(covered(APPLICATION_LOAD_BALANCERS), covered(NETWORK_LOAD_BALANCERS));
    }
}

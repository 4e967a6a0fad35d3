//! Annotations under our prefixes that do not do what whoever wrote them may think: unknown keys, keys that are read on other
//! kinds of object only, values without a meaning. Facts: ExternalDNS v0.22, source/annotations and docs/annotations.

use super::annotations::{AnnotationKeys, CURRENT_PREFIX, OLDER_PREFIX};
use super::object::StringMap;

/// Kinds of which a source reads annotations, by group: what others hold is none of our business.
const KINDS: [(&str, &str); 24] = [
    ("", "Service"),
    ("", "Pod"),
    ("", "Node"),
    ("networking.k8s.io", "Ingress"),
    (GATEWAY_API, "Gateway"),
    (GATEWAY_API, "ListenerSet"),
    (GATEWAY_API, "HTTPRoute"),
    (GATEWAY_API, "GRPCRoute"),
    (GATEWAY_API, "TCPRoute"),
    (GATEWAY_API, "TLSRoute"),
    (GATEWAY_API, "UDPRoute"),
    ("networking.istio.io", "Gateway"),
    ("networking.istio.io", "VirtualService"),
    ("projectcontour.io", "HTTPProxy"),
    ("route.openshift.io", "Route"),
    ("getambassador.io", "Host"),
    ("gloo.solo.io", "Proxy"),
    ("gateway.solo.io", "Gateway"),
    ("gateway.solo.io", "VirtualService"),
    ("configuration.konghq.com", "TCPIngress"),
    ("zalando.org", "RouteGroup"),
    ("cis.f5.com", "VirtualServer"),
    ("cis.f5.com", "TransportServer"),
    ("traefik.io", "IngressRoute"),
];
const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// Where a key is read.
#[derive(Debug, Clone, Copy)]
enum Where {
    /// On every kind.
    Everywhere,
    /// On every kind that asks for names; the Gateways of the Gateway API leave that to their routes.
    Wishes,
    /// On those of them that need not be told their own name: not on Nodes.
    Names,
    /// On those of them that tell more of a record than its TTL: neither on Nodes nor on Pods.
    Details,
    /// On every kind but the routes of the Gateway API, which leave it to their Gateway.
    Targets,
    /// On these kinds.
    On(&'static [&'static str]),
}

const ROUTES: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"];

/// Every key without its prefix. One that ends in a dash stands for a family.
const KEYS: &[(&str, Where)] = &[
    ("hostname", Where::Names),
    ("internal-hostname", Where::On(&["Service", "Pod"])),
    ("target", Where::Targets),
    ("ttl", Where::Wishes),
    ("controller", Where::Everywhere),
    ("set-identifier", Where::Details),
    ("shared", Where::Details),
    ("access", Where::On(&["Service"])),
    ("endpoints-type", Where::On(&["Service"])),
    ("ingress", Where::On(&["Gateway"])),
    ("ingress-hostname-source", Where::On(&["Ingress"])),
    ("gateway-hostname-source", Where::On(&ROUTES)),
    ("alias", Where::Details),
    ("record-type", Where::Details),
    ("azure-tags", Where::Details),
    ("cloudflare-custom-hostname", Where::Details),
    ("cloudflare-proxied", Where::Details),
    ("cloudflare-region-key", Where::Details),
    ("cloudflare-record-comment", Where::Details),
    ("cloudflare-tags", Where::Details),
    ("aws-", Where::Details),
    ("scw-", Where::Details),
    ("webhook-", Where::Details),
    ("coredns-", Where::Details),
];

/// What comes after `aws-` and means something (provider/aws). Others are passed on, so only what looks like one of these is a
/// mistake.
const AWS: &[&str] = &[
    "aws-weight",
    "aws-region",
    "aws-failover",
    "aws-geolocation-continent-code",
    "aws-geolocation-country-code",
    "aws-geolocation-subdivision-code",
    "aws-geoproximity-region",
    "aws-geoproximity-bias",
    "aws-geoproximity-coordinates",
    "aws-geoproximity-local-zone-group",
    "aws-multi-value-answer",
    "aws-health-check-id",
    "aws-evaluate-target-health",
    "aws-target-hosted-zone",
    "aws-hosted-zone-id",
];

/// Keys with a few values of which every other is silently taken for none.
const VALUES: &[(&str, &[&str])] = &[
    ("access", &["public", "private"]),
    ("endpoints-type", &["NodeExternalIP", "HostIP"]),
    ("shared", &["true", "false"]),
];

/// What is odd about the annotations of an object of any kind.
pub fn oddities(keys: &AnnotationKeys, group: &str, kind: &str, annotations: &StringMap) -> Vec<String> {
    let suffix = |key| keys.prefixes().iter().find_map(|prefix| str::strip_prefix(key, prefix.as_str()));
    let ours = annotations.iter().filter_map(|(key, value)| Some((key, suffix(key)?, value)));
    ours.filter_map(|(full, suffix, value)| oddity(group, kind, full, suffix, value)).collect()
}

fn oddity(group: &str, kind: &str, full: &str, suffix: &str, value: &str) -> Option<String> {
    let Some(place) = place_of(suffix) else {
        return Some(match similar(suffix, KEYS.iter().map(|(key, _)| *key).chain(AWS.iter().copied())) {
            Some(meant) => format!("annotation {full} is unknown and ignored; did you mean {meant}?"),
            None => format!("annotation {full} is unknown and ignored"),
        });
    };
    if KINDS.contains(&(group, kind)) && !is_read_on(place, group, kind) {
        return Some(format!("annotation {full} has no effect on kind {kind}: {}", advice(place, kind)));
    }
    odd_value(suffix, value).map(|what| format!("annotation {full}={value:?} {what}"))
}

/// Where a key is read; `None` where nobody reads it, or reads it for what is meant.
fn place_of(suffix: &str) -> Option<Where> {
    let is_it = |key: &str| match key.ends_with('-') {
        true => suffix.len() > key.len() && suffix.starts_with(key),
        false => suffix == key,
    };
    let (_, place) = KEYS.iter().find(|(key, _)| is_it(key))?;
    let is_slip = suffix.starts_with("aws-")
        && !AWS.contains(&suffix)
        && similar(suffix, AWS.iter().copied()).is_some();
    (!is_slip).then_some(*place)
}

fn is_read_on(place: Where, group: &str, kind: &str) -> bool {
    // These only lend their addresses to routes.
    let is_parent = group == GATEWAY_API && ["Gateway", "ListenerSet"].contains(&kind);
    match place {
        Where::Everywhere => true,
        Where::Wishes => !is_parent,
        Where::Names => !is_parent && kind != "Node",
        Where::Details => !is_parent && !["Node", "Pod"].contains(&kind),
        Where::Targets => !(group == GATEWAY_API && ROUTES.contains(&kind)),
        Where::On(kinds) => kinds.contains(&kind) && !is_parent,
    }
}

/// What is to be done instead.
fn advice(place: Where, kind: &str) -> String {
    match place {
        Where::Targets => "it belongs on the Gateway or ListenerSet".to_owned(),
        Where::On(&["Gateway"]) => "it is read on the Gateways of Istio and Gloo".to_owned(),
        Where::On(kinds) => format!("it is read on {}", kinds.join(", ")),
        _ if ["Gateway", "ListenerSet"].contains(&kind) => "it belongs on the routes".to_owned(),
        _ => "it is read on Services, Ingresses, routes and the like".to_owned(),
    }
}

fn odd_value(suffix: &str, value: &str) -> Option<String> {
    if let Some((_, values)) = VALUES.iter().find(|(key, _)| *key == suffix) {
        return (!values.contains(&value))
            .then(|| format!("is ignored: it is neither of {}", values.join(", ")));
    }
    match suffix {
        // `false` says what is so without it.
        "alias" if !["true", "false"].contains(&value) => {
            Some("is ignored: only \"true\" has an effect".to_owned())
        }
        // Any other value leaves the object to another program, which may be what is meant; a slip is not.
        "controller" if value != "dns-controller" && is_similar(value, "dns-controller") => {
            Some("leaves the object to another program; did you mean \"dns-controller\"?".to_owned())
        }
        _ => None,
    }
}

fn similar(word: &str, choices: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let near = choices.filter(|choice| !choice.ends_with('-') && is_similar(&lower, choice));
    near.min_by_key(|choice| (strsim::osa_distance(&lower, choice), *choice))
}

/// Few enough slips for the length of the word.
fn is_similar(word: &str, meant: &str) -> bool {
    let slips = strsim::osa_distance(word, meant);
    slips <= 3 && slips * 3 <= meant.len()
}

/// Keys whose prefix looks like a misspelt one of ours, which nobody reads.
pub fn misspelt_prefixes(keys: &AnnotationKeys, annotations: &StringMap) -> Vec<String> {
    let known = |prefix: &str| keys.prefixes().iter().any(|known| known == prefix);
    let prefix_of = |key: &str| key.split_once('/').map(|(domain, _)| format!("{domain}/"));
    let meant = |prefix: &str| {
        let candidates = keys.prefixes().iter().map(String::as_str).chain([CURRENT_PREFIX, OLDER_PREFIX]);
        candidates
            .filter(|candidate| *candidate != prefix)
            .find(|candidate| strsim::osa_distance(prefix, candidate) <= 3)
            .map(str::to_owned)
    };
    annotations
        .iter()
        .filter_map(|(key, _)| {
            let prefix = prefix_of(key).filter(|prefix| !known(prefix))?;
            Some(format!("annotation {key} is ignored; did you mean the prefix {}?", meant(&prefix)?))
        })
        .collect()
}

#[cfg(test)]
mod reference;

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const SERVICE: (&str, &str) = ("", "Service");
    const ROUTE: (&str, &str) = (GATEWAY_API, "HTTPRoute");
    const GATEWAY: (&str, &str) = (GATEWAY_API, "Gateway");

    fn found((group, kind): (&str, &str), suffix: &str, value: &str) -> Vec<String> {
        let annotations = StringMap::from_iter([(format!("{OLDER_PREFIX}{suffix}"), value)]);
        let found = oddities(&AnnotationKeys::default(), group, kind, &annotations);
        found.into_iter().map(|text| text.replace(OLDER_PREFIX, "")).collect()
    }

    #[rstest]
    #[case(SERVICE, "hostnme", "did you mean hostname?")]
    #[case(SERVICE, "Hostname", "did you mean hostname?")]
    #[case(SERVICE, "targets", "did you mean target?")]
    #[case(SERVICE, "internal-hostnames", "did you mean internal-hostname?")]
    #[case(SERVICE, "set-identifer", "did you mean set-identifier?")]
    #[case(SERVICE, "aws-weigth", "did you mean aws-weight?")]
    #[case(SERVICE, "cloudflare-proxy", "did you mean cloudflare-proxied?")]
    #[case(SERVICE, "something", "annotation something is unknown and ignored")]
    #[case(SERVICE, "aws-", "unknown")]
    #[case(
        SERVICE,
        "gateway-hostname-source",
        "no effect on kind Service: it is read on HTTPRoute, GRPCRoute"
    )]
    #[case(SERVICE, "ingress", "the Gateways of Istio and Gloo")]
    #[case(ROUTE, "target", "no effect on kind HTTPRoute: it belongs on the Gateway or ListenerSet")]
    #[case(GATEWAY, "hostname", "no effect on kind Gateway: it belongs on the routes")]
    #[case(GATEWAY, "ttl", "no effect on kind Gateway: it belongs on the routes")]
    #[case(GATEWAY, "ingress", "no effect on kind Gateway: it is read on the Gateways of Istio and Gloo")]
    #[case(("", "Node"), "hostname", "no effect on kind Node: it is read on Services")]
    #[case(("", "Pod"), "set-identifier", "no effect on kind Pod: it is read on Services")]
    fn what_is_not_read_is_told(#[case] kind: (&str, &str), #[case] suffix: &str, #[case] expected: &str) {
        let found = found(kind, suffix, "x");
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }

    #[rstest]
    #[case(SERVICE, "hostname")]
    #[case(SERVICE, "aws-something-new")]
    #[case(SERVICE, "webhook-x")]
    #[case(SERVICE, "record-type")]
    #[case(GATEWAY, "target")]
    #[case(GATEWAY, "controller")]
    #[case(("", "Pod"), "internal-hostname")]
    #[case(("", "Node"), "ttl")]
    #[case(ROUTE, "gateway-hostname-source")]
    #[case(("networking.istio.io", "Gateway"), "ingress")]
    #[case(("networking.istio.io", "Gateway"), "hostname")]
    #[case(("example.net", "Gateway"), "ttl")]
    #[case(("example.net", "Widget"), "access")]
    fn what_may_be_read_is_not(#[case] kind: (&str, &str), #[case] suffix: &str) {
        let value = if suffix == "access" { "public" } else { "x" };
        assert_eq!(found(kind, suffix, value), Vec::<String>::new());
    }

    #[rstest]
    #[case("access", "Public", "neither of public, private")]
    #[case("endpoints-type", "NodeIP", "neither of NodeExternalIP, HostIP")]
    #[case("shared", "yes", "neither of true, false")]
    #[case("alias", "A", "only \"true\" has an effect")]
    #[case("controller", "dns-controler", "did you mean \"dns-controller\"?")]
    fn values_without_a_meaning_are_told(#[case] suffix: &str, #[case] value: &str, #[case] expected: &str) {
        let found = found(SERVICE, suffix, value);
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }

    #[rstest]
    #[case("alias", "false")]
    #[case("alias", "true")]
    #[case("controller", "another")]
    #[case("access", "private")]
    fn values_with_a_meaning_are_not(#[case] suffix: &str, #[case] value: &str) {
        assert_eq!(found(SERVICE, suffix, value), Vec::<String>::new());
    }

    #[test]
    fn every_known_key_of_aws_is_one() {
        for key in AWS {
            assert_eq!(found(SERVICE, key, "x"), Vec::<String>::new());
        }
    }

    #[test]
    fn only_active_prefixes_are_looked_at() {
        let annotations = StringMap::from_iter([
            ("external-dns.kubernetes.io/hostnme", "a"),
            ("example.net/hostnme", "b"),
            ("external-dns.kubernets.io/hostname", "c"),
            ("kubernetes.io/ingress.class", "d"),
        ]);
        let keys = AnnotationKeys::only("example.net/");
        let found = oddities(&keys, "", "Service", &annotations);
        assert_eq!(found, ["annotation example.net/hostnme is unknown and ignored; did you mean hostname?"]);
        let found = misspelt_prefixes(&AnnotationKeys::default(), &annotations);
        let expected = "annotation external-dns.kubernets.io/hostname is ignored; did you mean the prefix \
                        external-dns.kubernetes.io/?";
        assert_eq!(found, [expected]);
    }
}

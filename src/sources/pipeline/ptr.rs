//! `--create-ptr`: reverse records for address records.

use crate::sources::outcome::{Problem, Severity};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, ObjectRef, Properties, RECORD_TYPE, RecordType, Target, Ttl};

/// The names at one address.
struct Reverse {
    hosts: Vec<Target>,
    ttl: Ttl,
    objects: Vec<Arc<ObjectRef>>,
}

/// Adds a PTR record for every address of every A and AAAA wish that wants one: the `record-type` property decides, without
/// it `by_default`. The property is removed everywhere. Wildcards have no reverse.
pub(super) fn apply(
    mut endpoints: Vec<Endpoint>,
    by_default: bool,
    problems: &mut Vec<Problem>,
) -> Vec<Endpoint> {
    let mut reverses: BTreeMap<IpAddr, Reverse> = BTreeMap::new();
    for endpoint in &mut endpoints {
        let asked = endpoint.properties.remove(RECORD_TYPE);
        let has_reverse = endpoint.record_type.is_address() && !endpoint.name.is_wildcard();
        let wanted = asked.as_deref().map_or(by_default, |value| value.eq_ignore_ascii_case("ptr"));
        if has_reverse && wanted {
            note(endpoint, &mut reverses, problems);
        } else if asked.is_some() && !has_reverse {
            warn(
                endpoint,
                format!(
                    "{} {}: only addresses of plain names have PTR records",
                    endpoint.name, endpoint.record_type
                ),
                problems,
            );
        }
    }
    endpoints.extend(reverses.into_iter().filter_map(|(address, reverse)| record(address, reverse)));
    endpoints
}

fn note(endpoint: &Endpoint, reverses: &mut BTreeMap<IpAddr, Reverse>, problems: &mut Vec<Problem>) {
    for target in &endpoint.targets {
        let Some(address) = target.ip() else {
            warn(
                endpoint,
                format!("{}: target {target} is not an address, so it has no PTR record", endpoint.name),
                problems,
            );
            continue;
        };
        // The same address written as IPv4 and as IPv4-mapped IPv6 has one reverse name.
        let reverse = reverses.entry(address.to_canonical()).or_insert_with(|| Reverse {
            hosts: Vec::new(),
            ttl: endpoint.ttl,
            objects: Vec::new(),
        });
        // An unset TTL counts as the lowest: the provider's default then applies to the shared record.
        reverse.ttl = reverse.ttl.min(endpoint.ttl);
        reverse.hosts.push(Target::Name(endpoint.name.clone()));
        reverse.objects.extend(endpoint.objects.iter().cloned());
    }
}

fn record(address: IpAddr, reverse: Reverse) -> Option<Endpoint> {
    let name = DnsName::parse(&reverse_name(address)).ok()?;
    let mut endpoint = Endpoint::from_parts(name, RecordType::Ptr, reverse.hosts, Properties::new());
    endpoint.ttl = reverse.ttl;
    endpoint.add_objects(reverse.objects);
    Some(endpoint)
}

fn warn(endpoint: &Endpoint, message: String, problems: &mut Vec<Problem>) {
    problems.extend(endpoint.objects.first().map(|object| Problem {
        object: object.clone(),
        severity: Severity::Warning,
        message,
        invalid: None,
    }));
}

/// RFC 1035 section 3.5 and RFC 3596 section 2.5.
fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles: String = v6
                .octets()
                .iter()
                .rev()
                .map(|octet| format!("{:x}.{:x}.", octet & 0xf, octet >> 4))
                .collect();
            format!("{nibbles}ip6.arpa")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(name: &str, target: &str, ttl: i64, record_type: Option<&str>) -> Endpoint {
        let properties: Properties = record_type.map(|value| (RECORD_TYPE, value)).into_iter().collect();
        let kind = zonewright_planner::suitable_type(target);
        Endpoint::new(name, kind, &[target], properties).unwrap().with_ttl(Ttl::from_seconds(ttl))
    }

    fn ptrs(endpoints: Vec<Endpoint>, by_default: bool) -> Vec<(String, Vec<String>, i64)> {
        apply(endpoints, by_default, &mut Vec::new())
            .into_iter()
            .filter(|e| e.record_type == RecordType::Ptr)
            .map(|e| {
                (e.name.to_string(), e.targets.iter().map(ToString::to_string).collect(), e.ttl.seconds())
            })
            .collect()
    }

    #[test]
    fn hosts_at_one_address_share_a_record() {
        let made = ptrs(
            vec![
                endpoint("b.example.com", "192.168.49.2", 60, None),
                endpoint("a.example.com", "192.168.49.2", 0, None),
            ],
            true,
        );
        let hosts = vec!["a.example.com".to_owned(), "b.example.com".to_owned()];
        assert_eq!(made, [("2.49.168.192.in-addr.arpa".to_owned(), hosts, 0)]);
    }

    #[test]
    fn the_property_decides_and_is_removed() {
        assert!(ptrs(vec![endpoint("a.example.com", "192.0.2.1", 0, Some(""))], true).is_empty());
        assert_eq!(ptrs(vec![endpoint("a.example.com", "192.0.2.1", 0, Some("PTR"))], false).len(), 1);
        let left =
            apply(vec![endpoint("a.example.com", "192.0.2.1", 0, Some("ptr"))], false, &mut Vec::new());
        assert!(left.iter().all(|e| e.properties.is_empty()));
    }

    #[test]
    fn wildcards_and_names_have_none() {
        assert!(ptrs(vec![endpoint("*.example.com", "192.0.2.1", 0, None)], true).is_empty());
        assert!(ptrs(vec![endpoint("a.example.com", "b.example.com", 0, None)], true).is_empty());
    }

    #[test]
    fn ipv6_is_written_nibble_by_nibble() {
        let name = reverse_name("2001:db8::567:89ab".parse().unwrap());
        assert_eq!(name, "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    }
}

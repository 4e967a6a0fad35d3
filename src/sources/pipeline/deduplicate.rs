//! The same wish from several sources counts once.

use std::collections::{BTreeMap, HashMap};
use zonewright_planner::Endpoint;

/// How many wishes were dropped, by record type and the source of the first object behind them.
pub type Duplicates = BTreeMap<(String, String), usize>;

/// Keeps the first of wishes with equal type, name, set identifier and targets; TTL, labels and properties do not count.
/// The objects of the others are noted on it.
pub(super) fn apply(endpoints: Vec<Endpoint>) -> (Vec<Endpoint>, Duplicates) {
    let mut kept: Vec<Endpoint> = Vec::with_capacity(endpoints.len());
    // Positions by a hash of name only: equal names are few, and no key has to be built per wish.
    let mut positions: HashMap<zonewright_planner::DnsName, Vec<usize>> =
        HashMap::with_capacity(endpoints.len());
    let mut duplicates = Duplicates::new();
    for endpoint in endpoints {
        let at_name = positions.entry(endpoint.name.clone()).or_default();
        let twin = at_name.iter().copied().find(|&i| kept.get(i).is_some_and(|k| is_same_wish(k, &endpoint)));
        match twin.and_then(|i| kept.get_mut(i)) {
            Some(first) => {
                *duplicates.entry(metric_labels(&endpoint)).or_default() += 1;
                first.add_objects(endpoint.objects);
            }
            None => {
                at_name.push(kept.len());
                kept.push(endpoint);
            }
        }
    }
    (kept, duplicates)
}

fn is_same_wish(a: &Endpoint, b: &Endpoint) -> bool {
    a.record_type == b.record_type && a.set_identifier == b.set_identifier && a.targets == b.targets
}

fn metric_labels(endpoint: &Endpoint) -> (String, String) {
    let source = endpoint.objects.first().map_or("unknown", |object| object.source);
    (endpoint.record_type.as_str().to_lowercase(), source.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::{Properties, RecordType, Ttl};

    #[test]
    fn the_first_of_equal_wishes_stays() {
        let endpoint = |target: &str, ttl| {
            Endpoint::new("a.example.org", RecordType::A, &[target], Properties::new())
                .unwrap()
                .with_ttl(Ttl::from_seconds(ttl))
        };
        let (kept, duplicates) =
            apply(vec![endpoint("192.0.2.1", 1), endpoint("192.0.2.1", 2), endpoint("192.0.2.2", 3)]);
        assert_eq!(kept.iter().map(|e| e.ttl.seconds()).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(duplicates[&("a".to_owned(), "unknown".to_owned())], 1);
    }
}

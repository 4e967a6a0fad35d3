//! The same wish from several sources counts once.

use std::collections::{BTreeMap, BTreeSet};
use zonewright_planner::{DnsName, Endpoint, SHARED};

/// How many wishes were dropped, by record type and the source of the first object behind them.
pub type Duplicates = BTreeMap<(String, String), usize>;

/// Keeps the first of wishes with equal type, name, set identifier and targets; TTL, labels and properties do not count.
/// The objects of the others are noted on it.
pub(super) fn apply(mut endpoints: Vec<Endpoint>) -> (Vec<Endpoint>, Duplicates) {
    let twins = twins(&endpoints);
    let mut duplicates = Duplicates::new();
    for (first, later) in &twins {
        let Some(later) = endpoints.get_mut(*later) else { continue };
        *duplicates.entry(metric_labels(later)).or_default() += 1;
        let objects = std::mem::take(&mut later.objects);
        let is_shared = later.properties.get(SHARED) == Some("true");
        if let Some(first) = endpoints.get_mut(*first) {
            first.add_objects(objects);
            if is_shared {
                first.properties.set(SHARED, "true");
            }
        }
    }
    let gone: BTreeSet<usize> = twins.into_iter().map(|(_, later)| later).collect();
    if !gone.is_empty() {
        let mut place = 0..;
        endpoints.retain(|_| place.next().is_none_or(|place| !gone.contains(&place)));
    }
    (endpoints, duplicates)
}

/// The places of the first and of a later one of the same wish, in the order of the later ones. The wishes themselves stay where
/// they are: a second list of all of them, or a map of their names, would be the peak of a cycle's memory.
fn twins(endpoints: &[Endpoint]) -> Vec<(usize, usize)> {
    let mut by_name: Vec<(&DnsName, usize)> =
        endpoints.iter().enumerate().map(|(place, endpoint)| (&endpoint.name, place)).collect();
    by_name.sort_unstable();
    let mut twins = Vec::new();
    for same_name in by_name.chunk_by(|a, b| a.0 == b.0).filter(|same_name| same_name.len() > 1) {
        let wishes: Vec<(usize, &Endpoint)> =
            same_name.iter().filter_map(|(_, place)| Some((*place, endpoints.get(*place)?))).collect();
        for (i, (place, endpoint)) in wishes.iter().enumerate() {
            let first = wishes.iter().take(i).find(|(_, earlier)| is_same_wish(earlier, endpoint));
            twins.extend(first.map(|(first, _)| (*first, *place)));
        }
    }
    twins.sort_unstable_by_key(|(_, later)| *later);
    twins
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

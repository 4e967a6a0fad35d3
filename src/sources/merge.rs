//! Merging what the objects of one source wish for.

use std::cmp::Ordering;
use std::sync::Arc;
use zonewright_planner::{Endpoint, ObjectRef, RecordType, SHARED, Target, Ttl};

/// What endpoints must share to become one: name, type, set identifier, TTL, and for types of which only one target makes
/// sense (CNAME, DNAME) the first target.
type MergeKey<'a> = (&'a str, &'a RecordType, &'a Arc<str>, Ttl, Option<&'a Target>);

fn merge_key(endpoint: &Endpoint) -> MergeKey<'_> {
    let single = matches!(endpoint.record_type, RecordType::Cname | RecordType::Dname);
    (
        endpoint.name.as_str(),
        &endpoint.record_type,
        &endpoint.set_identifier,
        endpoint.ttl,
        if single { endpoint.targets.first() } else { None },
    )
}

/// The merge at the end of nearly every source (ExternalDNS v0.22, `MergeEndpoints`): endpoints with one key unite their
/// targets and objects; labels and properties of the first are kept. "First" is the smallest resource label, so that the
/// result does not depend on the order in which objects were seen.
pub fn merge(mut endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    sort(&mut endpoints, |a, b| merge_key(a).cmp(&merge_key(b)).then_with(|| by_resource(a, b)));
    unite(&mut endpoints, |a, b| merge_key(a) == merge_key(b));
    endpoints
}

/// Sorts wishes or records, equal ones in the order they had, by way of their places: the library's stable sort needs room for all of
/// them once more, which would be the peak of a cycle's memory.
pub fn sort<T>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    // At each place, the place of the item that belongs there.
    let mut origins: Vec<usize> = (0..items.len()).collect();
    origins.sort_by(|&a, &b| order(&items[a], &items[b]));
    for start in 0..origins.len() {
        let mut place = start;
        // Round the cycle that this place is part of; afterwards each place of it has its own.
        while origins[place] != place {
            let origin = std::mem::replace(&mut origins[place], place);
            if origin == start {
                break;
            }
            items.swap(place, origin);
            place = origin;
        }
    }
}

/// Unites neighbours that belong together, in place: a second list of all wishes would be the peak of a cycle's memory.
pub fn unite(endpoints: &mut Vec<Endpoint>, belong_together: impl Fn(&Endpoint, &Endpoint) -> bool) {
    endpoints.dedup_by(|later, first| {
        let is_one = belong_together(first, later);
        if is_one {
            share_alike(first, later);
            absorb(first, std::mem::take(&mut later.targets), std::mem::take(&mut later.objects));
        }
        is_one
    });
}

/// What one object shares with other owners is shared for all that have it: it is one record.
fn share_alike(first: &mut Endpoint, later: &Endpoint) {
    if later.properties.get(SHARED) == Some("true") {
        first.properties.set(SHARED, "true");
    }
}

/// Order of objects: by resource label, endpoints without one first.
pub fn by_resource(a: &Endpoint, b: &Endpoint) -> Ordering {
    a.labels.resource().cmp(&b.labels.resource())
}

/// Adds another endpoint's targets and objects.
fn absorb(into: &mut Endpoint, more: Vec<Target>, objects: Vec<Arc<ObjectRef>>) {
    let mut targets = std::mem::take(&mut into.targets);
    targets.extend(more);
    into.set_targets(targets);
    into.add_objects(objects);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use zonewright_planner::Properties;

    fn endpoint(record_type: RecordType, targets: &[&str], ttl: i64) -> Endpoint {
        Endpoint::new("x.example.org", record_type, targets, Properties::new())
            .unwrap()
            .with_ttl(Ttl::from_seconds(ttl))
    }

    fn targets(endpoints: &[Endpoint]) -> Vec<Vec<String>> {
        endpoints.iter().map(|e| e.targets.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn addresses_of_one_name_unite() {
        let merged =
            merge(vec![endpoint(RecordType::A, &["5.6.7.8"], 0), endpoint(RecordType::A, &["1.2.3.4"], 0)]);
        assert_eq!(targets(&merged), [["1.2.3.4", "5.6.7.8"]]);
    }

    #[test]
    fn another_ttl_stays_apart() {
        let merged = merge(vec![
            endpoint(RecordType::A, &["1.1.1.1"], 300),
            endpoint(RecordType::A, &["2.2.2.2"], 600),
        ]);
        assert_eq!(merged.len(), 2);
    }

    #[test]
    fn cnames_unite_only_by_first_target() {
        let merged = merge(vec![
            endpoint(RecordType::Cname, &["a.example.net"], 0),
            endpoint(RecordType::Cname, &["b.example.net"], 0),
            endpoint(RecordType::Cname, &["a.example.net"], 0),
        ]);
        assert_eq!(targets(&merged), [["a.example.net"], ["b.example.net"]]);
    }

    proptest! {
        #[test]
        fn it_sorts_as_the_library_does(targets in prop::collection::vec(0..9u8, 0..40)) {
            let numbered = targets.iter().enumerate().map(|(i, target)| {
                endpoint(RecordType::A, &[&format!("192.0.2.{target}")], i as i64)
            });
            let mut ours: Vec<Endpoint> = numbered.collect();
            let mut theirs = ours.clone();
            let order = |a: &Endpoint, b: &Endpoint| a.targets.cmp(&b.targets);
            sort(&mut ours, order);
            theirs.sort_by(order);
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn the_smallest_resource_label_survives_whatever_the_order() {
        let of = |resource: &'static str, target: &str| {
            endpoint(RecordType::A, &[target], 0).with_label("resource", resource)
        };
        let (a, b) = (of("ingress/x/a", "2.2.2.2"), of("ingress/x/b", "1.1.1.1"));
        let forward = merge(vec![a.clone(), b.clone()]);
        assert_eq!(forward, merge(vec![b, a]));
        assert_eq!(forward[0].labels.resource(), Some("ingress/x/a"));
    }
}

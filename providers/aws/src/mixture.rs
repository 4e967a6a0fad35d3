//! Wishes of several objects that Route 53 cannot have side by side: all record sets of one name and type have one routing policy, or
//! none. The service would refuse whichever comes second, so that what stands there would depend on who was first.

use crate::properties::Routing;
use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};
use zonewright_planner::{DnsName, Endpoint, RecordType};
use zonewright_provider_kit::Rejected;

type Place<'a> = (&'a DnsName, &'a RecordType);

/// Takes out the wishes that contradict each other: nobody can say which of them is meant, and what stands there stays.
pub(crate) fn take_out_mixtures(endpoints: &mut Vec<Endpoint>) -> Vec<Rejected> {
    let texts = texts(endpoints);
    if texts.is_empty() {
        return Vec::new();
    }
    let mut rejected = Vec::new();
    let mut texts = texts.into_iter().peekable();
    let mut index = 0;
    endpoints.retain(|endpoint| {
        let text = texts.next_if(|(at, _)| *at == index).map(|(_, text)| text);
        index += 1;
        let Some(text) = text else { return true };
        rejected.push(Rejected {
            text: format!("{} {}: {text}", endpoint.name, endpoint.record_type),
            name: Some(endpoint.name.clone()),
            objects: endpoint.objects.clone(),
        });
        false
    });
    rejected
}

/// Why wishes are taken out, by their indexes.
fn texts(endpoints: &[Endpoint]) -> BTreeMap<usize, String> {
    // Nearly all names have one wish per type.
    let mut first: HashMap<Place<'_>, usize> = HashMap::with_capacity(endpoints.len());
    let mut several: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        let place = (&endpoint.name, &endpoint.record_type);
        let Some(&before) = first.get(&place) else {
            first.insert(place, index);
            continue;
        };
        match several.entry(place) {
            Entry::Vacant(entry) => drop(entry.insert(vec![before, index])),
            Entry::Occupied(mut entry) => entry.get_mut().push(index),
        }
    }
    let mut texts = BTreeMap::new();
    for indexes in several.values() {
        let members: Vec<&Endpoint> = indexes.iter().filter_map(|index| endpoints.get(*index)).collect();
        if members.iter().any(|one| members.iter().any(|other| contradict(one, other))) {
            let text = describe(&members);
            texts.extend(indexes.iter().map(|index| (*index, text.clone())));
        }
    }
    texts
}

/// Records that are each for a zone of their own do not meet.
fn contradict(one: &Endpoint, other: &Endpoint) -> bool {
    let may_meet = one.zone.is_none() || other.zone.is_none() || one.zone == other.zone;
    may_meet && Routing::all_of(&one.properties) != Routing::all_of(&other.properties)
}

fn describe(members: &[&Endpoint]) -> String {
    let mut wishes: Vec<String> = members
        .iter()
        .map(|wish| {
            let routing = Routing::all_of(&wish.properties);
            let what = routing.first().map_or("simple", |routing| routing.name());
            let whose: Vec<String> = wish.objects.iter().map(ToString::to_string).collect();
            format!("{what} by {}", whose.join(", "))
        })
        .collect();
    wishes.sort();
    wishes.dedup();
    format!("all records of a name and type have one routing policy; asked for are {}", wishes.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::sync::Arc;
    use zonewright_planner::{ObjectRef, Properties, Uid, ZoneId};

    fn object(name: &str) -> Arc<ObjectRef> {
        Arc::new(ObjectRef {
            source: "ingress",
            kind: "Ingress",
            api_version: "networking.k8s.io/v1",
            namespace: "web".into(),
            name: name.into(),
            uid: Uid::default(),
        })
    }

    /// `NAME TYPE PROPERTY OBJECT`, the property without its `aws/`.
    fn wish(line: &str) -> Endpoint {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut properties = Properties::new();
        if words[2] != "simple" {
            properties.set(format!("aws/{}", words[2]), "1");
        }
        let record_type = RecordType::from_text(words[1]);
        let target = if words[1] == "A" { "192.0.2.1" } else { "2001:db8::1" };
        let mut wish = Endpoint::new(words[0], record_type, &[target], properties).unwrap();
        wish.add_objects([object(words[3])]);
        wish
    }

    #[rstest]
    #[case::simple_and_weighted(&["a.org A simple x", "a.org A weight y"], 2)]
    #[case::two_policies(&["a.org A region x", "a.org A weight y", "a.org A weight z"], 3)]
    #[case::one_policy(&["a.org A weight x", "a.org A weight y"], 0)]
    #[case::both_simple(&["a.org A simple x", "a.org A simple y"], 0)]
    #[case::other_types(&["a.org A simple x", "a.org AAAA weight y"], 0)]
    #[case::other_names(&["a.org A simple x", "b.org A weight y"], 0)]
    #[case::others_stay(&["b.org A weight u", "a.org A simple x", "c.org A simple v", "a.org A weight y"], 2)]
    fn what_cannot_stand_side_by_side_is_taken_out(#[case] lines: &[&str], #[case] taken_out: usize) {
        let mut wishes: Vec<Endpoint> = lines.iter().map(|line| wish(line)).collect();
        let rejected = take_out_mixtures(&mut wishes);
        assert_eq!((rejected.len(), wishes.len()), (taken_out, lines.len() - taken_out));
        for rejected in rejected {
            let text = &rejected.text;
            assert!(text.starts_with("a.org A: ") && text.contains("by ingress/web/x; "), "{text}");
            assert!(text.contains("weight by ingress/web/y"), "{text}");
            assert!(wishes.iter().all(|wish| Some(&wish.name) != rejected.name.as_ref()));
        }
    }

    #[test]
    fn records_of_different_zones_do_not_meet() {
        let pinned = |line, zone: &str| Endpoint { zone: Some(ZoneId::new(zone)), ..wish(line) };
        let mut wishes = vec![pinned("a.org A simple x", "Z1"), pinned("a.org A weight y", "Z2")];
        assert_eq!(take_out_mixtures(&mut wishes), []);
        wishes.push(wish("a.org A weight z"));
        assert_eq!(take_out_mixtures(&mut wishes).len(), 3);
    }
}

//! Wishes of several objects that Route 53 cannot have side by side: all record sets of one name and type have one routing policy, or
//! none, and beside a CNAME there is no other type. The service would refuse whichever comes second, so that what stands there would
//! depend on who was first.
//!
//! Between a CNAME and another type of the same set identifier the planner chooses, as ExternalDNS does.

use crate::properties::Routing;
use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, HashMap};
use zonewright_planner::{DnsName, Endpoint, RecordType};
use zonewright_provider_kit::Rejected;

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
    // Most names have one wish.
    let mut first: HashMap<&DnsName, usize> = HashMap::with_capacity(endpoints.len());
    let mut several: BTreeMap<&DnsName, Vec<usize>> = BTreeMap::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        let Some(&before) = first.get(&endpoint.name) else {
            first.insert(&endpoint.name, index);
            continue;
        };
        match several.entry(&endpoint.name) {
            Entry::Vacant(entry) => drop(entry.insert(vec![before, index])),
            Entry::Occupied(mut entry) => entry.get_mut().push(index),
        }
    }
    let mut texts = BTreeMap::new();
    for indexes in several.values() {
        let members: Vec<(usize, &Endpoint)> =
            indexes.iter().filter_map(|index| Some((*index, endpoints.get(*index)?))).collect();
        for rule in [Rule::OnePolicy, Rule::CnameAlone] {
            texts.extend(rule.broken_by(&members));
        }
    }
    texts
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    OnePolicy,
    CnameAlone,
}

impl Rule {
    /// The wishes of a name that cannot stay, and why. They go with everything of their type: what remained would be part of an answer.
    fn broken_by(self, members: &[(usize, &Endpoint)]) -> Vec<(usize, String)> {
        let is_broken = |one: &Endpoint| members.iter().any(|(_, other)| self.is_broken_by(one, other));
        let types: BTreeSet<&RecordType> =
            members.iter().filter(|(_, wish)| is_broken(wish)).map(|(_, wish)| &wish.record_type).collect();
        let guilty: Vec<(usize, &Endpoint)> =
            members.iter().filter(|(_, wish)| types.contains(&wish.record_type)).copied().collect();
        let text = self.describe(&guilty);
        guilty.into_iter().map(|(index, _)| (index, text.clone())).collect()
    }

    /// Records that are each for a zone of their own do not meet.
    fn is_broken_by(self, one: &Endpoint, other: &Endpoint) -> bool {
        let may_meet = one.zone.is_none() || other.zone.is_none() || one.zone == other.zone;
        let is_cname = |wish: &Endpoint| wish.record_type == RecordType::Cname;
        may_meet
            && match self {
                Self::OnePolicy => {
                    one.record_type == other.record_type
                        && Routing::all_of(&one.properties) != Routing::all_of(&other.properties)
                }
                Self::CnameAlone => {
                    is_cname(one) != is_cname(other) && one.set_identifier != other.set_identifier
                }
            }
    }

    fn describe(self, guilty: &[(usize, &Endpoint)]) -> String {
        let wish = |(_, wish): &(usize, &Endpoint)| {
            let routing = Routing::all_of(&wish.properties);
            let routing = routing.first().map_or("simple", |routing| routing.name());
            let whose: Vec<String> = wish.objects.iter().map(ToString::to_string).collect();
            let what = match self {
                Self::OnePolicy => routing.to_owned(),
                Self::CnameAlone => format!("{} {routing}", wish.record_type),
            };
            format!("{what} by {}", whose.join(", "))
        };
        let wishes: BTreeSet<String> = guilty.iter().map(wish).collect();
        let wishes: Vec<String> = wishes.into_iter().collect();
        let rule = match self {
            Self::OnePolicy => "all records of a name and type have one routing policy",
            Self::CnameAlone => "beside a CNAME there is no other type",
        };
        format!("{rule}; asked for are {}", wishes.join("; "))
    }
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
        let target = match words[1] {
            "A" => "192.0.2.1",
            "AAAA" => "2001:db8::1",
            _ => "host.example.net",
        };
        let mut wish = Endpoint::new(words[0], record_type, &[target], properties).unwrap();
        wish.add_objects([object(words[3])]);
        wish.with_set_identifier(words.get(4).copied().unwrap_or_default())
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

    #[rstest]
    #[case::simple_and_weighted(&["a.org A simple x", "a.org CNAME weight y blue"], 2)]
    #[case::both_weighted(&["a.org A weight x blue", "a.org CNAME weight y green", "a.org AAAA weight x blue"], 3)]
    #[case::the_planner_chooses(&["a.org A weight x blue", "a.org CNAME weight y blue"], 0)]
    #[case::no_cname(&["a.org A simple x", "a.org AAAA weight y blue"], 0)]
    #[case::other_names(&["a.org A simple x", "b.org CNAME weight y blue"], 0)]
    fn a_cname_stands_alone(#[case] lines: &[&str], #[case] taken_out: usize) {
        let mut wishes: Vec<Endpoint> = lines.iter().map(|line| wish(line)).collect();
        let rejected = take_out_mixtures(&mut wishes);
        assert_eq!((rejected.len(), wishes.len()), (taken_out, lines.len() - taken_out));
        for rejected in rejected {
            let text = &rejected.text;
            assert!(text.contains(": beside a CNAME there is no other type; asked for are A "), "{text}");
            assert!(
                text.contains("by ingress/web/x; ") && text.contains("CNAME weight by ingress/web/y"),
                "{text}"
            );
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

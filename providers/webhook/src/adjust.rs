//! The adjust step: wishes out, wishes back, and the objects behind them put on again.

use serde::{Serialize, Serializer};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, ObjectRef, RecordKey};
use zonewright_provider_kit::Rejected;
use zonewright_provider_kit::wire::WireEndpoint;

/// A list of wishes, turned into JSON row by row.
pub(crate) struct Wishes<'a>(pub(crate) &'a [Endpoint]);

impl Serialize for Wishes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireEndpoint::from))
    }
}

/// What was sent, by what identifies a record set. The protocol does not carry the objects behind a wish.
pub(crate) struct Sent(HashMap<RecordKey, Vec<Endpoint>>);

impl Sent {
    pub(crate) fn new(endpoints: Vec<Endpoint>) -> Self {
        let mut by_key: HashMap<RecordKey, Vec<Endpoint>> = HashMap::with_capacity(endpoints.len());
        for endpoint in endpoints {
            by_key.entry(key(&endpoint)).or_default().push(endpoint);
        }
        Self(by_key)
    }

    /// Gives a wish that came back its objects. One that came back as it went is replaced by the one sent: nearly all do,
    /// and the texts of 30,000 wishes need not exist twice.
    pub(crate) fn recognise(&mut self, mut returned: Endpoint) -> Endpoint {
        let Some(sent) = self.0.get_mut(&key(&returned)) else { return returned };
        if let Some(same) = sent.iter().position(|sent| is_same(sent, &returned)) {
            // The last one stays for further wishes of this key that the provider may return.
            return if sent.len() > 1 { sent.swap_remove(same) } else { sent[same].clone() };
        }
        returned.add_objects(objects_for(sent, &returned));
        returned
    }

    /// Finds the wishes behind rows that came back malformed, each with the name it bears if that is one. A name that nobody
    /// wished for says no more than none.
    pub(crate) fn attribute(&self, spoiled: Vec<(Option<DnsName>, String)>) -> Vec<Rejected> {
        let names: HashSet<&DnsName> = spoiled.iter().filter_map(|(name, _)| name.as_ref()).collect();
        let mut objects: HashMap<DnsName, Vec<Arc<ObjectRef>>> = HashMap::new();
        for (key, sent) in self.0.iter().filter(|(key, _)| names.contains(&key.name)) {
            let objects = objects.entry(key.name.clone()).or_default();
            objects.extend(sent.iter().flat_map(|endpoint| endpoint.objects.iter().cloned()));
            objects.sort();
            objects.dedup();
        }
        spoiled
            .into_iter()
            .map(|(name, text)| {
                let name = name.filter(|name| objects.contains_key(name));
                let objects = name.as_ref().and_then(|name| objects.get(name)).cloned().unwrap_or_default();
                Rejected { name, objects, text }
            })
            .collect()
    }
}

/// The objects whose wish this was: of several for one record set those with the same resource label, if any.
fn objects_for(sent: &[Endpoint], returned: &Endpoint) -> Vec<Arc<ObjectRef>> {
    let resource = returned.labels.resource();
    let objects = |same_resource: bool| {
        sent.iter()
            .filter(|endpoint| !same_resource || endpoint.labels.resource() == resource)
            .flat_map(|endpoint| endpoint.objects.iter().cloned())
            .collect::<Vec<_>>()
    };
    let of_resource = objects(true);
    if of_resource.is_empty() { objects(false) } else { of_resource }
}

fn key(endpoint: &Endpoint) -> RecordKey {
    RecordKey {
        name: endpoint.name.clone(),
        record_type: endpoint.record_type.clone(),
        set_identifier: endpoint.set_identifier.clone(),
    }
}

fn is_same(sent: &Endpoint, returned: &Endpoint) -> bool {
    sent.targets == returned.targets
        && sent.ttl == returned.ttl
        && sent.labels == returned.labels
        && sent.properties == returned.properties
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::{Properties, RESOURCE, RecordType};

    fn wish(target: &str, object: &str) -> Endpoint {
        let reference = ObjectRef {
            source: "service",
            kind: "Service".to_owned(),
            api_version: "v1".to_owned(),
            namespace: "default".to_owned(),
            name: object.to_owned(),
            uid: String::new(),
        };
        Endpoint::new("a.example.org", RecordType::A, &[target], Properties::new())
            .unwrap()
            .with_label(RESOURCE, format!("service/default/{object}"))
            .with_object(Arc::new(reference))
    }

    fn without_objects(mut endpoint: Endpoint) -> Endpoint {
        endpoint.objects.clear();
        endpoint
    }

    fn names(endpoint: &Endpoint) -> Vec<&str> {
        endpoint.objects.iter().map(|object| object.name.as_str()).collect()
    }

    #[test]
    fn wishes_of_one_record_set_get_back_their_own_objects() {
        let (one, two) = (wish("192.0.2.1", "one"), wish("192.0.2.2", "two"));
        let mut sent = Sent::new(vec![one.clone(), two.clone()]);
        assert_eq!(sent.recognise(without_objects(two.clone())), two);
        assert_eq!(sent.recognise(without_objects(one.clone())), one);
    }

    #[test]
    fn a_changed_wish_is_known_by_its_resource_label_or_else_by_its_key() {
        let mut sent = Sent::new(vec![wish("192.0.2.1", "one"), wish("192.0.2.2", "two")]);
        let mut changed = without_objects(wish("192.0.2.9", "two"));
        assert_eq!(names(&sent.recognise(changed.clone())), ["two"]);
        changed.labels.remove(RESOURCE);
        assert_eq!(names(&sent.recognise(changed)), ["one", "two"]);
    }

    #[test]
    fn a_malformed_row_is_attributed_by_a_name_that_was_sent() {
        let sent = Sent::new(vec![wish("192.0.2.1", "one"), wish("192.0.2.2", "two")]);
        let name = |text: &str| DnsName::parse(text).unwrap();
        let spoiled = [Some(name("a.example.org")), Some(name("b.example.org")), None];
        let rejected = sent.attribute(spoiled.map(|name| (name, "bad".to_owned())).into());
        assert_eq!(rejected[0].name, Some(name("a.example.org")));
        assert_eq!(rejected[0].objects.iter().map(|o| &*o.name).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!((&rejected[1].name, &rejected[2].name), (&None, &None));
    }

    #[test]
    fn a_wish_that_was_never_sent_has_no_objects() {
        let mut sent = Sent::new(vec![wish("192.0.2.1", "one")]);
        let other = Endpoint::new("b.example.org", RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
        assert_eq!(sent.recognise(other.clone()), other);
    }
}

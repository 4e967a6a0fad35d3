//! The adjust step: wishes out, wishes back, and the objects behind them put on again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, ObjectRef, RecordType};
use zonewright_provider_kit::Rejected;
use zonewright_provider_kit::wire::{WireEndpoint, to_json};

/// How much text of a list of wishes exists at a time.
const PIECE: usize = 64 * 1024;

/// A list of wishes as JSON, made piece by piece while it is sent: as a whole it would be the peak of a cycle's memory.
pub(crate) struct Body {
    wishes: Arc<Vec<Endpoint>>,
    next: usize,
    is_closed: bool,
}

impl Body {
    pub(crate) fn new(wishes: Arc<Vec<Endpoint>>) -> Self {
        Self { wishes, next: 0, is_closed: false }
    }

    /// How long all of it will be. Said beforehand, because there are servers that cannot read what has no length.
    pub(crate) fn length(&self) -> Result<usize, serde_json::Error> {
        Self::new(self.wishes.clone()).try_fold(0, |length, piece| Ok(length + piece?.len()))
    }
}

impl Iterator for Body {
    type Item = Result<Vec<u8>, serde_json::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_closed {
            return None;
        }
        let mut piece = Vec::with_capacity(PIECE);
        while piece.len() < PIECE - PIECE / 8 {
            let Some(wish) = self.wishes.get(self.next) else {
                self.is_closed = true;
                piece.extend_from_slice(if self.next == 0 { b"[]\n" } else { b"]\n" });
                break;
            };
            piece.push(if self.next == 0 { b'[' } else { b',' });
            match to_json(&WireEndpoint::from(wish)) {
                Ok(row) => piece.extend_from_slice(row.trim_ascii_end()),
                Err(error) => {
                    self.is_closed = true;
                    return Some(Err(error));
                }
            }
            self.next += 1;
        }
        Some(Ok(piece))
    }
}

/// What was sent, and what of it came back. The protocol does not carry the objects behind a wish.
///
/// Nearly all wishes come back as they went. Those stay where they are: the texts of 30,000 wishes need not exist twice.
pub(crate) struct Sent {
    wishes: Arc<Vec<Endpoint>>,
    /// Positions in `wishes`, ordered by what identifies a record set.
    by_key: Vec<u32>,
    /// Whether each wish came back as it went.
    unchanged: Vec<bool>,
    /// What came back otherwise.
    changed: Vec<Endpoint>,
}

impl Sent {
    pub(crate) fn new(wishes: Arc<Vec<Endpoint>>) -> Self {
        let mut by_key: Vec<u32> = (0..).take(wishes.len()).collect();
        by_key.sort_by(|a, b| key(&wishes[*a as usize]).cmp(&key(&wishes[*b as usize])));
        Self { unchanged: vec![false; wishes.len()], changed: Vec::new(), by_key, wishes }
    }

    /// Takes a wish that came back, and gives it its objects.
    pub(crate) fn take_back(&mut self, mut returned: Endpoint) {
        let positions = self.positions(&returned);
        let is_it = |i: &&u32| is_same(&self.wishes[**i as usize], &returned);
        if let Some(same) = positions.iter().find(is_it).copied() {
            self.unchanged[same as usize] = true;
            return;
        }
        let sent: Vec<&Endpoint> = positions.iter().map(|i| &self.wishes[*i as usize]).collect();
        returned.add_objects(objects_for(&sent, &returned));
        self.changed.push(returned);
    }

    /// Everything that came back: first what came back as it went, then the rest.
    pub(crate) fn into_returned(self) -> Vec<Endpoint> {
        let Self { wishes, unchanged, changed, .. } = self;
        // The request is over and has let go of them.
        let mut wishes = Arc::unwrap_or_clone(wishes);
        let mut unchanged = unchanged.into_iter();
        wishes.retain(|_| unchanged.next() == Some(true));
        if wishes.is_empty() {
            // As it is: two long lists at a time are the peak of a cycle.
            return changed;
        }
        wishes.extend(changed);
        wishes
    }

    /// Where the wishes for this record set are.
    fn positions(&self, endpoint: &Endpoint) -> &[u32] {
        let wanted = key(endpoint);
        let key_at = |i: &u32| key(&self.wishes[*i as usize]);
        let start = self.by_key.partition_point(|i| key_at(i) < wanted);
        let from_start = &self.by_key[start..];
        &from_start[..from_start.partition_point(|i| key_at(i) == wanted)]
    }

    /// Finds the wishes behind rows that came back malformed, each with the name it bears if that is one. A name that nobody
    /// wished for says no more than none.
    pub(crate) fn attribute(&self, spoiled: Vec<(Option<DnsName>, String)>) -> Vec<Rejected> {
        let names: HashSet<&DnsName> = spoiled.iter().filter_map(|(name, _)| name.as_ref()).collect();
        let mut objects: HashMap<DnsName, Vec<Arc<ObjectRef>>> = HashMap::new();
        for sent in self.wishes.iter().filter(|sent| names.contains(&sent.name)) {
            let objects = objects.entry(sent.name.clone()).or_default();
            objects.extend(sent.objects.iter().cloned());
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
fn objects_for(sent: &[&Endpoint], returned: &Endpoint) -> Vec<Arc<ObjectRef>> {
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

/// What identifies a record set.
fn key(endpoint: &Endpoint) -> (&DnsName, &RecordType, &str) {
    (&endpoint.name, &endpoint.record_type, &endpoint.set_identifier)
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
    use zonewright_planner::{Properties, RESOURCE};

    fn wish(target: &str, object: &str) -> Endpoint {
        let reference = ObjectRef {
            source: "service",
            kind: "Service",
            api_version: "v1",
            namespace: "default".into(),
            name: object.into(),
            uid: "".into(),
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
        endpoint.objects.iter().map(|object| &*object.name).collect()
    }

    fn back(sent: &[&Endpoint], returned: &[&Endpoint]) -> Vec<Endpoint> {
        let mut sent = Sent::new(Arc::new(sent.iter().copied().cloned().collect()));
        returned.iter().for_each(|returned| sent.take_back(without_objects((*returned).clone())));
        sent.into_returned()
    }

    #[test]
    fn a_list_is_cut_into_pieces_between_wishes() {
        let text = |wishes: usize| {
            let body = Body::new(Arc::new(vec![wish("192.0.2.1", "one"); wishes]));
            let length = body.length().unwrap();
            let pieces: Vec<Vec<u8>> = body.map(Result::unwrap).collect();
            assert_eq!(pieces.concat().len(), length);
            (pieces.len(), String::from_utf8(pieces.concat()).unwrap())
        };
        assert_eq!(text(0), (1, "[]\n".to_owned()));
        let row =
            String::from_utf8(to_json(&WireEndpoint::from(&wish("192.0.2.1", "one"))).unwrap()).unwrap();
        assert_eq!(text(2), (1, format!("[{0},{0}]\n", row.trim_end())));
        let (pieces, text) = text(3000);
        assert!(pieces > 1);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(rows.len(), 3000);
    }

    #[test]
    fn wishes_of_one_record_set_get_back_their_own_objects() {
        let (one, two) = (wish("192.0.2.1", "one"), wish("192.0.2.2", "two"));
        assert_eq!(back(&[&one, &two], &[&two, &one]), [one, two]);
    }

    #[test]
    fn a_wish_that_does_not_come_back_is_gone_and_one_that_comes_back_twice_counts_once() {
        let (one, two) = (wish("192.0.2.1", "one"), wish("192.0.2.2", "two"));
        assert_eq!(back(&[&one, &two], &[&two]), std::slice::from_ref(&two));
        assert_eq!(back(&[&one, &two], &[&two, &two]), [two]);
    }

    #[test]
    fn a_changed_wish_is_known_by_its_resource_label_or_else_by_its_key() {
        let (one, two) = (wish("192.0.2.1", "one"), wish("192.0.2.2", "two"));
        let mut changed = wish("192.0.2.9", "two");
        assert_eq!(names(&back(&[&one, &two], &[&changed])[0]), ["two"]);
        changed.labels.remove(RESOURCE);
        assert_eq!(names(&back(&[&two, &one], &[&changed])[0]), ["two", "one"]);
    }

    #[test]
    fn a_malformed_row_is_attributed_by_a_name_that_was_sent() {
        let sent = Sent::new(Arc::new(vec![wish("192.0.2.1", "one"), wish("192.0.2.2", "two")]));
        let name = |text: &str| DnsName::parse(text).unwrap();
        let spoiled = [Some(name("a.example.org")), Some(name("b.example.org")), None];
        let rejected = sent.attribute(spoiled.map(|name| (name, "bad".to_owned())).into());
        assert_eq!(rejected[0].name, Some(name("a.example.org")));
        assert_eq!(rejected[0].objects.iter().map(|o| &*o.name).collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!((&rejected[1].name, &rejected[2].name), (&None, &None));
    }

    #[test]
    fn a_wish_that_was_never_sent_has_no_objects() {
        let other = Endpoint::new("b.example.org", RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
        assert_eq!(back(&[&wish("192.0.2.1", "one")], &[&other]), [other]);
    }
}

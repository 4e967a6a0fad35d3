//! Objects in order of namespace and name.

use crate::sources::object::{Key, KubeObject, Object};
use std::cmp::Ordering;
use std::sync::Arc;

/// A sorted list, found by bisection. A map would hold every namespace and name a second time, a tenth of the memory of an
/// Ingress; moving the pointers behind an inserted object takes microseconds even for 30,000 of them.
#[derive(Debug)]
pub struct Objects<T>(Vec<Arc<Object<T>>>);

impl<T> Default for Objects<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: KubeObject> Objects<T> {
    /// One object.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Arc<Object<T>>> {
        self.0.get(self.position(namespace, name).ok()?)
    }

    /// All objects.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Object<T>>> {
        self.0.iter()
    }

    /// The objects of one namespace.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object<T>>> {
        let (Ok(start) | Err(start)) = self.position(namespace, "");
        self.0.iter().skip(start).take_while(move |object| &*object.fields.metadata().namespace == namespace)
    }

    /// Adds or replaces an object, and gives what was replaced. Quick at the end, where the objects of a list come in.
    pub fn insert(&mut self, object: Arc<Object<T>>) -> Option<Arc<Object<T>>> {
        let metadata = object.fields.metadata();
        match self.position(&metadata.namespace, &metadata.name) {
            Ok(same) => self.0.get_mut(same).map(|slot| std::mem::replace(slot, object)),
            Err(place) => {
                self.0.insert(place, object);
                None
            }
        }
    }

    /// Tells the key of every object that `later` lacks, has besides or holds in another copy, with what it is here.
    pub fn differences(&self, later: &Self, mut tell: impl FnMut(Key, Option<Arc<Object<T>>>)) {
        let key = |object: &Arc<Object<T>>| object.fields.metadata().key();
        let (mut old, mut new) = (self.0.iter().peekable(), later.0.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) if Arc::ptr_eq(old, new) => Ordering::Equal,
                (Some(old), Some(new)) => key(old).cmp(&key(new)),
            };
            let before = if order.is_le() { old.next() } else { None };
            let after = if order.is_ge() { new.next() } else { None };
            match (before, after) {
                (Some(before), Some(after)) if Arc::ptr_eq(before, after) => {}
                (Some(before), _) => tell(key(before), Some(before.clone())),
                (None, Some(after)) => tell(key(after), None),
                (None, None) => {}
            }
        }
    }

    /// Removes an object.
    pub fn remove(&mut self, key: &Key) -> Option<Arc<Object<T>>> {
        let position = self.position(&key.namespace, &key.name).ok()?;
        Some(self.0.remove(position))
    }

    /// Gives back the room that growing left over.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn position(&self, namespace: &str, name: &str) -> Result<usize, usize> {
        let order = |object: &Arc<Object<T>>| -> Ordering {
            let metadata = object.fields.metadata();
            (&*metadata.namespace, &*metadata.name).cmp(&(namespace, name))
        };
        // The API server lists in this order, so that what is new nearly always goes last.
        match self.0.last().map(order) {
            None => Err(0),
            Some(Ordering::Less) => Err(self.0.len()),
            Some(_) => self.0.binary_search_by(order),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube_object;
    use crate::sources::object::Metadata;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug)]
    struct Thing {
        metadata: Metadata,
        size: u8,
    }
    kube_object!(Thing);

    impl<'de> serde::Deserialize<'de> for Thing {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("made by hand"))
        }
    }

    fn thing(namespace: &str, name: &str, size: u8) -> Arc<Object<Thing>> {
        let metadata = Metadata { namespace: namespace.into(), name: name.into(), ..Metadata::default() };
        Arc::new(Object { fields: Thing { metadata, size }, whole: None })
    }

    proptest! {
        #[test]
        fn it_does_what_a_map_does(steps in prop::collection::vec((any::<bool>(), "[ab]?", "[a-e]", any::<u8>()), 0..60)) {
            let (mut objects, mut map) = (Objects::default(), BTreeMap::new());
            for (insert, namespace, name, size) in steps {
                if insert {
                    objects.insert(thing(&namespace, &name, size));
                    map.insert((namespace, name), size);
                } else {
                    let removed = objects.remove(&Key::new(&namespace, &name)).map(|object| object.fields.size);
                    prop_assert_eq!(removed, map.remove(&(namespace, name)));
                }
            }
            let flat = |object: &Arc<Object<Thing>>| {
                let metadata = &object.fields.metadata;
                ((metadata.namespace.to_string(), metadata.name.to_string()), object.fields.size)
            };
            let all: Vec<_> = map.clone().into_iter().collect();
            prop_assert_eq!(objects.iter().map(flat).collect::<Vec<_>>(), all);
            for namespace in ["", "a", "b", "c"] {
                let some: Vec<_> = map.clone().into_iter().filter(|((found, _), _)| found == namespace).collect();
                prop_assert_eq!(objects.in_namespace(namespace).map(flat).collect::<Vec<_>>(), some);
            }
            for (namespace, name) in map.keys() {
                prop_assert!(objects.get(namespace, name).is_some());
            }
            prop_assert!(objects.get("a", "z").is_none());
        }
    }
}

//! Kubernetes objects as sources see them: metadata and the few fields that DNS needs.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::sync::Arc;
use zonewright_planner::packed::{self, Packed};
use zonewright_planner::{ObjectRef, Uid};

/// Which API resource a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// API version within the group.
    pub version: &'static str,
    /// Both: `networking.k8s.io/v1`, or `v1` for the core group.
    pub api_version: &'static str,
    /// `Ingress`, …
    pub kind: &'static str,
    /// `ingresses`, …
    pub plural: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

impl Kind {
    /// A resource in namespaces, from the API version and kind that its manifests begin with.
    pub const fn namespaced(api_version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        let (group, version) = split(api_version);
        Self { group, version, api_version, kind, plural, namespaced: true }
    }

    /// A resource of the whole cluster.
    pub const fn cluster_wide(api_version: &'static str, kind: &'static str, plural: &'static str) -> Self {
        Self { namespaced: false, ..Self::namespaced(api_version, kind, plural) }
    }

    /// `ingresses.networking.k8s.io`, or `services` for the core group: how people name the resource in RBAC rules.
    pub fn resource_name(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Group and version; what has no slash is a version of the core group.
const fn split(api_version: &str) -> (&str, &str) {
    let bytes = api_version.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'/' {
            let (group, rest) = api_version.split_at(at);
            return (group, rest.split_at(1).1);
        }
        at += 1;
    }
    ("", api_version)
}

/// Something read from the Kubernetes API: a struct with `metadata` and the fields that its source needs.
pub trait KubeObject: DeserializeOwned + Send + Sync + 'static {
    /// Whether nobody reads its labels but `--label-filter`, so that others need not be kept.
    const LABELS_ARE_ONLY_FILTERED: bool = false;

    /// The object's metadata.
    fn metadata(&self) -> &Metadata;
    /// The object's metadata, to drop what need not be kept.
    fn metadata_mut(&mut self) -> &mut Metadata;
}

/// Implements [`KubeObject`] for structs with a `metadata` field. `labels only filtered:` before them says that of their labels.
#[macro_export]
macro_rules! kube_object {
    (labels only filtered: $($name:ty),+ $(,)?) => {
        $crate::kube_object!(@ true, $($name),+);
    };
    (@ $only_filtered:literal, $($name:ty),+) => {$(
        impl $crate::sources::object::KubeObject for $name {
            const LABELS_ARE_ONLY_FILTERED: bool = $only_filtered;

            fn metadata(&self) -> &$crate::sources::object::Metadata {
                &self.metadata
            }
            fn metadata_mut(&mut self) -> &mut $crate::sources::object::Metadata {
                &mut self.metadata
            }
        }
    )+};
    ($($name:ty),+ $(,)?) => {
        $crate::kube_object!(@ false, $($name),+);
    };
}

/// The part of `metadata` that matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Empty for cluster-scoped objects. Shared, as the name is, with whoever remembers the object by its key.
    pub namespace: Arc<str>,
    /// Object name.
    pub name: Arc<str>,
    /// Object UID.
    pub uid: Uid,
    /// Generation of the spec.
    pub generation: i64,
    /// Labels.
    pub labels: StringMap,
    /// Annotations, without those that only other tools read.
    pub annotations: StringMap,
    /// Whether deletion has begun and waits for the object to finish (`deletionTimestamp` is set).
    #[serde(rename = "deletionTimestamp", deserialize_with = "is_some")]
    pub terminating: bool,
    /// The version that was read: a watch resumes from it, a status write is based on it.
    pub resource_version: Box<str>,
}

impl Metadata {
    /// Where the object is found: namespace and name.
    pub fn key(&self) -> Key {
        Key { namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// A reference to the object for reasons, logs and events.
    pub fn object_ref(&self, source: &'static str, kind: &Kind) -> Arc<ObjectRef> {
        Arc::new(ObjectRef {
            source,
            kind: kind.kind,
            api_version: kind.api_version,
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            uid: self.uid.clone(),
        })
    }
}

/// Namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// Object name.
    pub name: Arc<str>,
}

impl Key {
    /// A key from its parts.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// `namespace/name`, or only the name of a cluster-scoped object: for messages.
    pub fn path(&self) -> String {
        if self.namespace.is_empty() {
            self.name.to_string()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

/// An object in a cache.
#[derive(Debug)]
pub struct Object<T> {
    /// The fields that the source needs.
    pub fields: T,
    /// The whole object, kept only where a template may ask for any field of it.
    pub whole: Option<Box<serde_json::Value>>,
}

/// A small sorted map of strings in one piece of memory: each text after its length, as in `3:app3:web`. The usual one or two
/// entries take a third of what they would as separate texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StringMap(Box<str>);

impl StringMap {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// All entries in byte order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || Some((packed::next(&mut rest)?, packed::next(&mut rest)?)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the entries whose key passes.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        if self.iter().any(|(key, _)| !keep(key)) {
            let kept: Vec<(&str, &str)> = self.iter().filter(|(key, _)| keep(key)).collect();
            *self = Self::of_sorted(kept.into_iter());
        }
    }

    fn of_sorted<'a>(entries: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let (count, length) =
            entries.clone().fold((0, 0), |(n, sum), (k, v)| (n + 2, sum + k.len() + v.len()));
        let mut text = Packed::with_room(count, length);
        entries.flat_map(|(key, value)| [key, value]).for_each(|part| text.push(part));
        Self(text.finish().into_boxed_str())
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for StringMap {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs: Vec<(K, V)> = pairs.into_iter().collect();
        // The last of equal keys is kept, as JSON decoders do.
        let mut sorted: Vec<(&str, &str)> =
            pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).rev().collect();
        sorted.sort_by_key(|(key, _)| *key);
        sorted.dedup_by_key(|(key, _)| *key);
        Self::of_sorted(sorted.into_iter())
    }
}

impl<'de> Deserialize<'de> for StringMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = StringMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of strings")
            }

            fn visit_unit<E>(self) -> Result<StringMap, E> {
                Ok(StringMap::default())
            }

            fn visit_none<E>(self) -> Result<StringMap, E> {
                Ok(StringMap::default())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<StringMap, D::Error> {
                deserializer.deserialize_map(self)
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<StringMap, M::Error> {
                let mut entries: Vec<(String, String)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries.into_iter().collect())
            }
        }

        deserializer.deserialize_option(Entries)
    }
}

/// Reads a missing or `null` field as its default, as the Kubernetes API does.
///
/// # Errors
/// When the value has the wrong type.
pub fn null_to_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

fn is_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<serde::de::IgnoredAny>::deserialize(deserializer)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_keeps_what_matters() {
        let metadata: Metadata = serde_json::from_str(
            r#"{"name":"web","namespace":"shop","uid":"u","generation":3,"managedFields":[{}],
                "labels":null,"annotations":{"b":"2","a":"1"}}"#,
        )
        .unwrap();
        assert_eq!(metadata.key(), Key::new("shop", "web"));
        assert!(metadata.labels.is_empty());
        assert!(!metadata.terminating);
        assert_eq!(metadata.annotations.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!(metadata.annotations.get("b"), Some("2"));
    }

    #[test]
    fn a_string_map_keeps_any_text() {
        let odd = [("", "empty"), ("3:a", ":"), ("\u{0}", "7"), ("ключ", "значение"), ("long", "")];
        let map: StringMap = odd.into_iter().chain([("long", "last")]).collect();
        assert_eq!(odd.map(|(key, _)| map.get(key)), ["empty", ":", "7", "значение", "last"].map(Some));
        assert!(map.iter().map(|(key, _)| key).is_sorted() && map.iter().count() == odd.len());
        let mut map = map;
        map.retain(|key| key == "3:a" || key == "none");
        assert_eq!((map.iter().collect::<Vec<_>>(), map.is_empty()), (vec![("3:a", ":")], false));
        map.retain(|_| false);
        assert!(map.is_empty() && map == StringMap::default() && map.get("").is_none());
    }

    #[test]
    fn a_deletion_timestamp_means_terminating() {
        let metadata = |json: &str| serde_json::from_str::<Metadata>(json).unwrap();
        assert!(metadata(r#"{"name":"p","deletionTimestamp":"2024-05-01T10:00:00Z"}"#).terminating);
        assert!(!metadata(r#"{"name":"p","deletionTimestamp":null}"#).terminating);
    }
}

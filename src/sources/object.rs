//! Kubernetes objects as sources see them: metadata and the few fields that DNS needs.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::sync::Arc;
use zonewright_planner::ObjectRef;

/// Which API resource a cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// API version within the group.
    pub version: &'static str,
    /// `Ingress`, …
    pub kind: &'static str,
    /// `ingresses`, …
    pub plural: &'static str,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

impl Kind {
    /// `networking.k8s.io/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `ingresses.networking.k8s.io`, or `services` for the core group: how people name the resource in RBAC rules.
    pub fn resource_name(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Something read from the Kubernetes API: a struct with `metadata` and the fields that its source needs.
pub trait KubeObject: DeserializeOwned + Send + Sync + 'static {
    /// The object's metadata.
    fn metadata(&self) -> &Metadata;
    /// The object's metadata, to drop what need not be kept.
    fn metadata_mut(&mut self) -> &mut Metadata;
}

/// Implements [`KubeObject`] for structs with a `metadata` field.
#[macro_export]
macro_rules! kube_object {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::sources::object::KubeObject for $name {
            fn metadata(&self) -> &$crate::sources::object::Metadata {
                &self.metadata
            }
            fn metadata_mut(&mut self) -> &mut $crate::sources::object::Metadata {
                &mut self.metadata
            }
        }
    )+};
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
    pub uid: Box<str>,
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
            kind: kind.kind.to_owned(),
            api_version: kind.api_version(),
            namespace: self.namespace.to_string(),
            name: self.name.to_string(),
            uid: self.uid.to_string(),
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
    pub whole: Option<serde_json::Value>,
}

/// A small sorted map of strings: a tenth of the memory of a tree map for the usual one or two entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StringMap(Box<[(Box<str>, Box<str>)]>);

impl StringMap {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        self.0.get(found).map(|(_, value)| &**value)
    }

    /// All entries in byte order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the entries whose key passes.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        if self.0.iter().any(|(key, _)| !keep(key)) {
            self.0 = std::mem::take(&mut self.0).into_iter().filter(|(key, _)| keep(key)).collect();
        }
    }
}

impl<K: Into<Box<str>>, V: Into<Box<str>>> FromIterator<(K, V)> for StringMap {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut entries: Vec<(Box<str>, Box<str>)> =
            pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        // Stable, then the last of equal keys is kept, as JSON decoders do.
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.reverse();
        entries.dedup_by(|a, b| a.0 == b.0);
        entries.reverse();
        Self(entries.into_boxed_slice())
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
                let mut entries: Vec<(Box<str>, Box<str>)> = Vec::new();
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
    fn a_deletion_timestamp_means_terminating() {
        let metadata = |json: &str| serde_json::from_str::<Metadata>(json).unwrap();
        assert!(metadata(r#"{"name":"p","deletionTimestamp":"2024-05-01T10:00:00Z"}"#).terminating);
        assert!(!metadata(r#"{"name":"p","deletionTimestamp":null}"#).terminating);
    }
}

//! Labels: what the ownership record says about a record.

use std::sync::{Arc, LazyLock};

/// Label key: the owner id.
pub const OWNER: &str = "owner";
/// Label key: the object the record comes from, such as `ingress/default/web`.
pub const RESOURCE: &str = "resource";
/// Label key carried by an ownership record itself: the name of the record it vouches for.
pub const OWNED_RECORD: &str = "ownedRecord";

/// Sorted key-value pairs. A handful at most, hence a flat list: half the memory of a tree for tens of thousands of records.
/// Clones share it until one of them is changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Labels(Arc<[(Arc<str>, Arc<str>)]>);

/// The keys that nearly every record carries, kept once.
static USUAL_KEYS: LazyLock<[Arc<str>; 2]> = LazyLock::new(|| [OWNER.into(), RESOURCE.into()]);

fn shared_key(key: impl Into<Arc<str>> + AsRef<str>) -> Arc<str> {
    match USUAL_KEYS.iter().find(|usual| ***usual == *key.as_ref()) {
        Some(usual) => usual.clone(),
        None => key.into(),
    }
}

/// Why a label cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// The ownership record has no escaping, so these characters would forge other labels when read back.
    #[error("label {key:?} with value {value:?}: neither may contain a comma or a double quote")]
    Unwritable {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
}

impl Labels {
    /// No labels.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks that a label survives being written to an ownership record and read back.
    ///
    /// # Errors
    /// When key or value contain a comma or a double quote, or the key an equals sign.
    pub fn check(key: &str, value: &str) -> Result<(), LabelError> {
        let bad = |text: &str| text.bytes().any(|byte| matches!(byte, b',' | b'"'));
        if bad(key) || bad(value) || key.contains('=') {
            return Err(LabelError::Unwritable { key: key.to_owned(), value: value.to_owned() });
        }
        Ok(())
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.position(key).ok().and_then(|i| self.0.get(i)).map(|(_, value)| &**value)
    }

    /// Sets a label, replacing what was there.
    pub fn set(&mut self, key: impl Into<Arc<str>> + AsRef<str>, value: impl Into<Arc<str>>) {
        match self.position(key.as_ref()) {
            Ok(i) => Arc::make_mut(&mut self.0)[i].1 = value.into(),
            Err(i) => {
                let (before, after) = self.0.split_at(i);
                let new = (shared_key(key), value.into());
                self.0 = before.iter().cloned().chain([new]).chain(after.iter().cloned()).collect();
            }
        }
    }

    /// Removes a label.
    pub fn remove(&mut self, key: &str) {
        if self.position(key).is_ok() {
            self.0 = self.0.iter().filter(|(k, _)| **k != *key).cloned().collect();
        }
    }

    /// The labels in byte order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The owner id, if any.
    pub fn owner(&self) -> Option<&str> {
        self.get(OWNER).filter(|owner| !owner.is_empty())
    }

    /// The object the record comes from, if known.
    pub fn resource(&self) -> Option<&str> {
        self.get(RESOURCE).filter(|resource| !resource.is_empty())
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(k, _)| (**k).cmp(key))
    }
}

impl<K: Into<Arc<str>> + AsRef<str>, V: Into<Arc<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        let labels: Arc<[(Arc<str>, Arc<str>)]> =
            pairs.into_iter().map(|(key, value)| (shared_key(key), value.into())).collect();
        if labels.is_empty() {
            // The one empty list that all share.
            return Self::default();
        }
        if labels.is_sorted_by(|a, b| a.0 < b.0) {
            return Self(labels);
        }
        let mut labels = labels.to_vec();
        // Stable, then the last of equal keys is kept.
        labels.sort_by(|a, b| a.0.cmp(&b.0));
        labels.reverse();
        labels.dedup_by(|a, b| a.0 == b.0);
        labels.reverse();
        Self(labels.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_the_last_value_wins() {
        let labels: Labels = [("resource", "a"), ("owner", "x"), ("resource", "b")].into_iter().collect();
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("owner", "x"), ("resource", "b")]);
    }

    #[test]
    fn a_label_that_would_forge_another_is_refused() {
        assert!(Labels::check("note", "x,external-dns/owner=evil").is_err());
        assert!(Labels::check("note", "a=b c/d:e").is_ok());
        assert!(Labels::check("no=te", "x").is_err());
    }
}

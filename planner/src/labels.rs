//! Labels: what the ownership record says about a record.

use crate::packed::{self, Packed};
use std::fmt;
use std::sync::Arc;

/// Label key: the owner id.
pub const OWNER: &str = "owner";
/// Label key: the object the record comes from, such as `ingress/default/web`.
pub const RESOURCE: &str = "resource";
/// Label key carried by an ownership record itself: the name of the record it vouches for.
pub const OWNED_RECORD: &str = "ownedRecord";

/// Sorted key-value pairs, a handful at most.
///
/// All of them stand in one text ([`packed`]), such as `5:owner7:default8:resource19:ingress/default/web`. Clones share it.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct Labels(Arc<str>);

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
        self.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// Sets a label, replacing what was there.
    pub fn set(&mut self, key: impl AsRef<str>, value: impl AsRef<str>) {
        let (key, value) = (key.as_ref(), value.as_ref());
        let mut list = Packed::with_room(2, self.0.len() + key.len() + value.len());
        let mut new = Some((key, value));
        for (other, its_value) in self.iter().filter(|(other, _)| *other != key) {
            if let Some((key, value)) = new.take_if(|(key, _)| *key < other) {
                push(&mut list, key, value);
            }
            push(&mut list, other, its_value);
        }
        if let Some((key, value)) = new {
            push(&mut list, key, value);
        }
        *self = finish(list);
    }

    /// Removes a label.
    pub fn remove(&mut self, key: &str) {
        if self.get(key).is_some() {
            let mut list = Packed::with_room(0, self.0.len());
            self.iter()
                .filter(|(other, _)| *other != key)
                .for_each(|(key, value)| push(&mut list, key, value));
            *self = finish(list);
        }
    }

    /// The labels in byte order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || Some((packed::next(&mut rest)?, packed::next(&mut rest)?)))
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
}

fn push(list: &mut Packed, key: &str, value: &str) {
    list.push(key);
    list.push(value);
}

fn finish(list: Packed) -> Labels {
    let list = list.finish();
    // Nothing is the one empty text that all share.
    if list.is_empty() { Labels::default() } else { Labels(list.into()) }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Labels {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        let mut labels: Vec<(K, V)> = pairs.into_iter().collect();
        if !labels.is_sorted_by(|(a, _), (b, _)| a.as_ref() < b.as_ref()) {
            // Stable, then the last of equal keys is kept.
            labels.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
            labels.reverse();
            labels.dedup_by(|(a, _), (b, _)| (*a).as_ref() == (*b).as_ref());
            labels.reverse();
        }
        let length = labels.iter().map(|(key, value)| key.as_ref().len() + value.as_ref().len()).sum();
        let mut list = Packed::with_room(2 * labels.len(), length);
        labels.iter().for_each(|(key, value)| push(&mut list, key.as_ref(), value.as_ref()));
        finish(list)
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
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
    fn any_text_can_be_a_label() {
        let mut labels = Labels::new();
        for (key, value) in [("ä:3", "5:owner1:x"), ("", ""), ("a", "\0\n"), ("a", "é:")] {
            labels.set(key, value);
        }
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("", ""), ("a", "é:"), ("ä:3", "5:owner1:x")]);
        assert_eq!((labels.get(""), labels.get("owner")), (Some(""), None));
        labels.remove("");
        labels.remove("a");
        labels.remove("ä:3");
        assert_eq!(labels, Labels::new());
    }

    #[test]
    fn a_label_that_would_forge_another_is_refused() {
        assert!(Labels::check("note", "x,external-dns/owner=evil").is_err());
        assert!(Labels::check("note", "a=b c/d:e").is_ok());
        assert!(Labels::check("no=te", "x").is_err());
    }
}

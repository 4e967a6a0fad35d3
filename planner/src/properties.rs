//! Provider-specific properties.

use std::sync::Arc;

/// Property that asks for a provider alias (`true`, `false`, `A`, `AAAA`).
pub const ALIAS: &str = "alias";
/// Property that asks for a PTR record beside the address record (value `ptr`).
pub const RECORD_TYPE: &str = "record-type";

/// Name-value pairs that only one provider understands (`aws/weight`, `webhook/comment`) plus a few common ones
/// ([`ALIAS`], [`RECORD_TYPE`]). Sorted by name; a name occurs once, the last value given wins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Properties(Box<[(Arc<str>, Arc<str>)]>);

impl Properties {
    /// No properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a property.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.position(name).ok().and_then(|i| self.0.get(i)).map(|(_, value)| &**value)
    }

    /// Sets a property, replacing what was there.
    pub fn set(&mut self, name: impl Into<Arc<str>> + AsRef<str>, value: impl Into<Arc<str>>) {
        match self.position(name.as_ref()) {
            Ok(i) => self.0[i].1 = value.into(),
            Err(i) => self.change(|properties| {
                properties.reserve_exact(1);
                properties.insert(i, (name.into(), value.into()));
            }),
        }
    }

    /// Removes a property and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Arc<str>> {
        let at = self.position(name).ok()?;
        Some(self.change(|properties| properties.remove(at).1))
    }

    /// Keeps the properties whose name passes.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.change(|properties| properties.retain(|(name, _)| keep(name)));
    }

    /// The properties in byte order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a host name may stand behind an address type: the alias property is exactly `true`.
    pub fn is_alias(&self) -> bool {
        self.get(ALIAS) == Some("true")
    }

    fn change<R>(&mut self, change: impl FnOnce(&mut Vec<(Arc<str>, Arc<str>)>) -> R) -> R {
        let mut properties = std::mem::take(&mut self.0).into_vec();
        let result = change(&mut properties);
        self.0 = properties.into();
        result
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(n, _)| (**n).cmp(name))
    }
}

impl<N: Into<Arc<str>> + AsRef<str>, V: Into<Arc<str>>> FromIterator<(N, V)> for Properties {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(pairs: T) -> Self {
        let mut properties = Self::new();
        for (name, value) in pairs {
            properties.set(name, value);
        }
        properties
    }
}

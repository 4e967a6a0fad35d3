//! Label selectors. (Placeholder while the parser is being written elsewhere.)

/// A label selector.
#[derive(Debug, Clone, Default)]
pub struct Selector;

impl Selector {
    /// Whether labels pass.
    pub fn matches<'a>(&self, _lookup: impl Fn(&str) -> Option<&'a str>) -> bool {
        true
    }
}

//! `--source=empty`: wishes for nothing.

use super::outcome::Outcome;
use super::store::Fill;
use super::{Source, Which};
use std::sync::Arc;

/// The source.
pub struct EmptySource;

impl EmptySource {
    /// The `--source` value.
    pub const NAME: &'static str = "empty";
}

impl Source for EmptySource {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &[]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        Vec::new()
    }

    fn visit(&self, _: Which<'_>, _: &mut dyn FnMut(Outcome)) {}
}

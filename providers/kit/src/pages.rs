//! Lists that come in pages end, whatever the service says.

use crate::{ErrorClass, ProviderError};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most pages of one list. Of the smallest pages that any service gives, 100 entries, they hold a million.
pub const MOST_PAGES: usize = 10_000;

/// Keeps account of the pages of one list.
#[derive(Debug, Default)]
pub struct Pages {
    /// What has led to a page, as numbers: tokens can be long.
    seen: BTreeSet<u64>,
}

impl Pages {
    /// Before the next page is asked for, by what leads to it: a token, an address, a position.
    ///
    /// # Errors
    /// When that has led to a page before, so that the list would never end, or when there are too many.
    pub fn turn(&mut self, what: &str, to: impl Hash) -> Result<(), ProviderError> {
        let mut hasher = DefaultHasher::new();
        to.hash(&mut hasher);
        let problem = if !self.seen.insert(hasher.finish()) {
            "the answer names a page as the next one that has been read already".to_owned()
        } else if self.seen.len() >= MOST_PAGES {
            format!("the list has more than {MOST_PAGES} pages")
        } else {
            return Ok(());
        };
        Err(ProviderError::new(ErrorClass::Unavailable, format!("{what}: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end() {
        let mut pages = Pages::default();
        assert!(pages.turn("listing", "a").is_ok());
        assert!(pages.turn("listing", "b").is_ok());
        let error = pages.turn("listing", "a").unwrap_err().to_string();
        assert_eq!(error, "listing: the answer names a page as the next one that has been read already");
        let mut pages = Pages::default();
        let turned = (0..).take_while(|page: &usize| pages.turn("listing", page).is_ok()).count();
        assert_eq!(turned + 1, MOST_PAGES);
    }
}

//! The store: what the API server (or a folder of manifests) holds, kept current, shared by all sources.
//!
//! ```text
//! watch or manifests ──(one writer per cache)──> Cache<T> ──(many readers)──> sources
//! ```
//!
//! A source asks [`Caches`] for the kinds it needs; two sources that need the same kind in the same scope share one cache and
//! one watch. A cache is replaced whole after a re-list, never seen half filled.

mod cache;

pub use cache::{Cache, CacheStatus, Caches, Contents, Fill, Retention, Scope};

//! The store: what the API server (or a folder of manifests) holds, kept current, shared by all sources.
//!
//! ```text
//! watch or manifests ──(one writer per cache)──> Cache<T> ──(many readers)──> sources
//! ```
//!
//! A source asks [`Caches`] for the kinds it needs; two sources that need the same kind in the same scope share one cache and
//! one watch. A cache is replaced whole after a re-list, never seen half filled.

mod cache;
mod changes;
mod defaults;
mod fill;
pub mod manifests;
mod objects;
mod watch;
mod yaml;

pub use cache::{Cache, CacheStatus, Caches, Contents, Fill, Relist, Retention, Scope, Undecodable};
pub use changes::{Change, Changes, News};
pub use fill::fill;
pub use watch::{start, wait_until_settled};
pub use yaml::{Document, parse as parse_yaml};

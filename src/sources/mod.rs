//! Sources: Kubernetes objects -> endpoints. One file or folder per `--source` value.
//!
//! ```text
//! store (watches or manifests) -> Source::visit, one outcome per object -> Source::merge -> pipeline -> wishes, holds, problems
//!                                                        └─> index: which object touches which name
//! ```
//!
//! A source is a function of what is in its caches, nothing else: no clock, no network, no memory of earlier runs. A source never
//! fails as a whole: an object that cannot be understood is reported, and what it owns is held.

pub mod annotation_check;
pub mod annotations;
pub mod crd;
pub mod duration;
pub mod empty;
pub mod fake;
pub mod gateway;
pub mod index;
pub mod ingress;
pub mod labelled;
pub mod load_balancer;
pub mod merge;
pub mod node;
pub mod nodes;
pub mod object;
pub mod outcome;
pub mod pipeline;
pub mod pod;
pub mod pods;
#[cfg(test)]
mod prefix_matrix;
pub mod selection;
pub mod selector;
pub mod service;
pub mod settings;
pub mod store;
pub mod template;
pub mod tenancy;
#[cfg(test)]
pub(crate) mod testing;
mod wishes;

pub use wishes::{Asked, Asking, SourceStatus, Wishes};

use object::{Key, Kind};
use outcome::Outcome;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Change, Fill};
use zonewright_planner::Endpoint;

/// Which primary objects a source is asked about.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// Every one.
    All,
    /// Those with these keys, as far as they exist.
    Only(&'a BTreeSet<Key>),
}

impl Which<'_> {
    /// Whether an object of this name is among them.
    pub fn includes(&self, namespace: &str, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(keys) => keys.contains(&Key::new(namespace, name)),
        }
    }
}

/// The primary objects that may come to something else after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Affected {
    /// No others than these.
    Objects(Vec<Key>),
    /// Perhaps every one.
    All,
}

/// One `--source` value at work.
pub trait Source: Send + Sync {
    /// The `--source` value.
    fn name(&self) -> &'static str;

    /// What the `resource` labels of this source's records begin with, such as `ingress/`; empty when it writes none. Tells
    /// which records to keep while the source cannot be read.
    fn resource_prefixes(&self) -> &'static [&'static str];

    /// The caches it reads, that of its primary objects first. While one of them is not complete, neither is the source.
    fn caches(&self) -> Vec<Arc<dyn Fill>>;

    /// Tells what objects come to, in the order of their namespaces and names; nothing of those that are not selected. What an
    /// object comes to must not depend on which others are asked about. `take` is called under the locks of the caches.
    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome));

    /// Which primary objects a change in the cache of this kind may concern. To say too much costs time; to say too little
    /// would leave records as they are until the next full cycle.
    fn affected(&self, kind: &Kind, change: &Change) -> Affected {
        if self.caches().first().is_some_and(|primary| primary.kind() == kind) {
            Affected::Objects(vec![change.key.clone()])
        } else {
            Affected::All
        }
    }

    /// What every object comes to.
    fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        self.visit(Which::All, &mut |outcome| outcomes.push(outcome));
        outcomes
    }

    /// Unites what several objects wish for the same name.
    fn merge(&self, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        merge::merge(endpoints)
    }
}

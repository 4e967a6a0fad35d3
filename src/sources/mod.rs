//! Sources: Kubernetes objects -> endpoints. One file or folder per `--source` value.
//!
//! ```text
//! store (watches or manifests) -> Source::outcomes, one per object -> Source::merge -> pipeline -> wishes, holds, problems
//! ```
//!
//! A source is a function of what is in its caches, nothing else: no clock, no network, no memory of earlier runs. A source never
//! fails as a whole: an object that cannot be understood is reported, and what it owns is held.

pub mod annotations;
pub mod crd;
pub mod duration;
pub mod empty;
pub mod fake;
pub mod gateway;
pub mod ingress;
pub mod load_balancer;
pub mod merge;
pub mod node;
pub mod nodes;
pub mod object;
pub mod outcome;
pub mod pipeline;
pub mod pod;
pub mod pods;
pub mod selection;
pub mod selector;
pub mod service;
pub mod settings;
pub mod store;
pub mod template;
#[cfg(test)]
mod testing;

use outcome::Outcome;
use std::sync::Arc;
use store::Fill;
use zonewright_planner::Endpoint;

/// One `--source` value at work.
pub trait Source: Send + Sync {
    /// The `--source` value.
    fn name(&self) -> &'static str;

    /// What the `resource` labels of this source's records begin with, such as `ingress/`; empty when it writes none. Tells
    /// which records to keep while the source cannot be read.
    fn resource_prefixes(&self) -> &'static [&'static str];

    /// The caches it reads, that of its primary objects first. While one of them is not complete, neither is the source.
    fn caches(&self) -> Vec<Arc<dyn Fill>>;

    /// The caches whose changes bring the next cycle forward with `--events`: as in ExternalDNS not every one, because Pods and
    /// Nodes change all the time.
    fn triggers(&self) -> Vec<Arc<dyn Fill>> {
        self.caches().into_iter().take(1).collect()
    }

    /// What each object comes to, in the order of the objects' namespaces and names.
    fn outcomes(&self) -> Vec<Outcome>;

    /// Unites what several objects wish for the same name.
    fn merge(&self, endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
        merge::merge(endpoints)
    }
}

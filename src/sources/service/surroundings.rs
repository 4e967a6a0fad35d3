//! What else of the cluster a Service may need, gathered once for all Services of a cycle.

use super::objects::EndpointSlice;
use super::resolve::Resolved;
use crate::sources::Which;
use crate::sources::nodes::Node;
use crate::sources::object::Object;
use crate::sources::pods::Pod;
use crate::sources::settings::Settings;
use crate::sources::store::Contents;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything but the Service. Where a cache is not kept, look-ups find nothing.
pub struct Surroundings<'a> {
    /// The flags.
    pub settings: &'a Settings,
    /// Addresses of load balancers' host names.
    pub resolved: &'a Resolved,
    slices: BTreeMap<(&'a str, &'a str), Vec<&'a EndpointSlice>>,
    pods: Option<&'a Contents<Pod>>,
    nodes: Option<&'a Contents<Node>>,
}

impl<'a> Surroundings<'a> {
    /// Sorts EndpointSlices by their Service, as far as it is asked about.
    pub fn new(
        settings: &'a Settings,
        resolved: &'a Resolved,
        slices: Option<&'a Contents<EndpointSlice>>,
        which: Which<'a>,
        pods: Option<&'a Contents<Pod>>,
        nodes: Option<&'a Contents<Node>>,
    ) -> Self {
        let mut by_service: BTreeMap<_, Vec<&EndpointSlice>> = BTreeMap::new();
        let mut sort = |object: &'a Arc<Object<EndpointSlice>>| {
            if let Some((namespace, name)) = object.fields.service()
                && which.includes(namespace, name)
            {
                by_service.entry((namespace, name)).or_default().push(&object.fields);
            }
        };
        match (slices, which) {
            (None, _) => {}
            (Some(slices), Which::All) => slices.iter().for_each(sort),
            (Some(slices), Which::Only(keys)) => {
                let namespaces: BTreeSet<&str> = keys.iter().map(|key| &*key.namespace).collect();
                for namespace in namespaces {
                    slices.in_namespace(namespace).for_each(&mut sort);
                }
            }
        }
        Self { settings, resolved, slices: by_service, pods, nodes }
    }

    /// The EndpointSlices of a Service, ordered by name.
    pub fn slices(&self, namespace: &'a str, service: &'a str) -> &[&'a EndpointSlice] {
        self.slices.get(&(namespace, service)).map(Vec::as_slice).unwrap_or_default()
    }

    /// One Pod.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<&'a Pod> {
        self.pods?.get(namespace, name).map(|object| &object.fields)
    }

    /// All Pods of a namespace.
    pub fn pods_in(&self, namespace: &'a str) -> impl Iterator<Item = &'a Pod> {
        self.pods.into_iter().flat_map(move |pods| pods.in_namespace(namespace)).map(|object| &object.fields)
    }

    /// One Node.
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        self.nodes?.get("", name).map(|object| &object.fields)
    }

    /// All Nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &'a Node> {
        self.nodes.into_iter().flat_map(Contents::iter).map(|object| &object.fields)
    }

    /// Whether Nodes are known at all.
    pub fn knows_nodes(&self) -> bool {
        self.nodes.is_some()
    }
}

//! `--source=node`: Nodes. Facts: ExternalDNS v0.22, source/node.go.

use super::Source;
use super::nodes::{KIND, Node, reachable_addresses};
use super::object::Object;
use super::outcome::{Common, Outcome};
use super::selection::{
    common, fail_with_unlabelled, is_selected, template_has_its_turn, template_names, template_pairs,
};
use super::settings::Settings;
use super::store::{Cache, Caches, Fill, Scope};
use super::template::ScopedTemplates;
use std::sync::Arc;

/// The source.
pub struct NodeSource {
    settings: Arc<Settings>,
    templates: ScopedTemplates,
    nodes: Arc<Cache<Node>>,
}

impl NodeSource {
    /// The `--source` value.
    pub const NAME: &'static str = "node";

    /// Takes its cache.
    pub fn new(settings: Arc<Settings>, caches: &mut Caches) -> Self {
        Self {
            templates: settings.templates.scoped(Self::NAME),
            nodes: caches.of(KIND, Scope::default()),
            settings,
        }
    }

    fn outcome(&self, object: &Object<Node>) -> Outcome {
        let metadata = &object.fields.metadata;
        let mut outcome = Outcome::new(metadata.object_ref(Self::NAME, &KIND));
        let annotations = self.settings.annotation_keys.of(&metadata.annotations);
        let asked = common(&annotations, format!("node/{}", metadata.name), &mut outcome);
        // Of the annotations only TTL and target mean anything on a Node.
        let common = Common { ttl: asked.ttl, resource: asked.resource, ..Common::default() };
        if let Err(message) = self.publish(object, &annotations.targets(), &common, &mut outcome) {
            fail_with_unlabelled(&mut outcome, &common, message);
        }
        outcome
    }

    fn publish(
        &self,
        object: &Object<Node>,
        chosen: &[String],
        common: &Common,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let node = &object.fields;
        let has_template = self.templates.has_fqdn() || self.templates.has_fqdn_target();
        if !has_template || self.templates.combine() {
            self.publish_at(node, chosen, &node.metadata.name, common, outcome)?;
        }
        if template_has_its_turn(&self.templates, outcome) {
            let pairs = template_pairs(&self.templates, object).map_err(|error| error.to_string())?;
            for (host, targets) in pairs {
                outcome.publish(&host, &targets, &Common::default());
            }
        }
        if template_has_its_turn(&self.templates, outcome) {
            let names = template_names(&self.templates, object).map_err(|error| error.to_string())?;
            for name in names {
                self.publish_at(node, chosen, &name, common, outcome)?;
            }
        }
        Ok(())
    }

    /// Publishes a name at the chosen targets, or else at the Node's addresses.
    fn publish_at(
        &self,
        node: &Node,
        chosen: &[String],
        host: &str,
        common: &Common,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        if !chosen.is_empty() {
            outcome.publish(host, chosen, common);
            return Ok(());
        }
        let addresses = reachable_addresses(&[node], self.settings.nodes.expose_internal_ipv6);
        if addresses.is_empty() {
            return Err("the node has neither an external nor an internal address".to_owned());
        }
        outcome.publish(host, &addresses, common);
        Ok(())
    }

    fn is_ours(&self, node: &Node) -> bool {
        is_selected(&self.settings, node)
            && !(self.settings.nodes.exclude_unschedulable && node.is_unschedulable())
    }
}

impl Source for NodeSource {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &["node/"]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        vec![self.nodes.clone()]
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let nodes = self.nodes.read();
        nodes
            .iter()
            .filter(|object| self.is_ours(&object.fields))
            .map(|object| self.outcome(object))
            .collect()
    }
}

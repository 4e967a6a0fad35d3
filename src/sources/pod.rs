//! `--source=pod`: Pods. Facts: ExternalDNS v0.22, source/pod.go.
//!
//! Records of Pods carry no `resource` label, so a Pod that fails cannot be told from others: see [`Outcome::fail`].

use super::Source;
use super::annotations::{Annotations, host_list};
use super::nodes::{self, Node, external_addresses};
use super::object::Object;
use super::outcome::{Common, Outcome};
use super::pods::{KIND, Pod};
use super::selection::{common, is_selected, template_has_its_turn, template_names, template_pairs};
use super::service::compatibility::{KOPS_EXTERNAL, KOPS_INTERNAL};
use super::settings::{Compatibility, Settings};
use super::store::{Cache, Caches, Contents, Fill, Scope};
use super::template::{ScopedTemplates, TemplateError};
use std::sync::Arc;

/// The source.
pub struct PodSource {
    settings: Arc<Settings>,
    templates: ScopedTemplates,
    pods: Arc<Cache<Pod>>,
    nodes: Arc<Cache<Node>>,
}

impl PodSource {
    /// The `--source` value.
    pub const NAME: &'static str = "pod";

    /// Takes its caches.
    pub fn new(settings: Arc<Settings>, caches: &mut Caches) -> Self {
        let scope = Scope { namespace: settings.namespace.clone(), ..Scope::default() };
        Self {
            templates: settings.templates.scoped(Self::NAME),
            pods: caches.of(KIND, scope),
            nodes: caches.of(nodes::KIND, Scope::default()),
            settings,
        }
    }

    fn outcome(&self, object: &Object<Pod>, nodes: &Contents<Node>) -> Outcome {
        let pod = &object.fields;
        let mut outcome = Outcome::new(pod.metadata.object_ref(Self::NAME, &KIND));
        let annotations = self.settings.annotation_keys.of(&pod.metadata.annotations);
        let asked = common(&annotations, String::new(), &mut outcome);
        let common = Common { ttl: asked.ttl, ..Common::default() };
        self.add_from_annotations(pod, &annotations, nodes, &common, &mut outcome);
        if let Err(error) = self.add_from_templates(object, &common, &mut outcome) {
            outcome.fail(&common, error.to_string());
        }
        outcome
    }

    fn add_from_annotations(
        &self,
        pod: &Pod,
        annotations: &Annotations<'_>,
        nodes: &Contents<Node>,
        common: &Common,
        outcome: &mut Outcome,
    ) {
        let chosen = annotations.targets();
        let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
        let own: Vec<&str> = pod.address().into_iter().collect();
        let node = nodes.get("", &pod.spec.node_name).map(|object| &object.fields);
        let of_node = node.map(|node| external_addresses(&[node], true)).unwrap_or_default();
        let or_chosen = |computed| if chosen.is_empty() { computed } else { &chosen };

        let mut publish = |names: Vec<String>, targets: &[&str]| {
            names.iter().for_each(|name| outcome.publish(name, targets, common));
        };
        publish(annotations.internal_hostnames(), or_chosen(&own));
        publish(annotations.hostnames(), or_chosen(&of_node));
        if self.settings.compatibility == Some(Compatibility::KopsDnsController) {
            let names = |key: &str| pod.metadata.annotations.get(key).map(host_list).unwrap_or_default();
            publish(names(KOPS_INTERNAL), &own);
            publish(names(KOPS_EXTERNAL), &of_node);
        }
        let domain = &self.settings.pod.source_domain;
        if !domain.is_empty() {
            publish(vec![format!("{}.{domain}", pod.metadata.name)], or_chosen(&own));
        }
    }

    /// A template's names point at the Pod itself, whatever its `target` annotation says.
    fn add_from_templates(
        &self,
        object: &Object<Pod>,
        common: &Common,
        outcome: &mut Outcome,
    ) -> Result<(), TemplateError> {
        if template_has_its_turn(&self.templates, outcome) {
            for (host, targets) in template_pairs(&self.templates, object)? {
                outcome.publish(&host, &targets, &Common::default());
            }
        }
        if template_has_its_turn(&self.templates, outcome) {
            for name in template_names(&self.templates, object)? {
                outcome.publish(&name, &object.fields.addresses(), common);
            }
        }
        Ok(())
    }

    fn is_ours(&self, pod: &Pod) -> bool {
        is_selected(&self.settings, pod)
            && (pod.spec.host_network || !self.settings.pod.ignore_non_host_network)
    }
}

impl Source for PodSource {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &[]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        vec![self.pods.clone(), self.nodes.clone()]
    }

    fn outcomes(&self) -> Vec<Outcome> {
        let (pods, nodes) = (self.pods.read(), self.nodes.read());
        pods.iter()
            .filter(|object| self.is_ours(&object.fields))
            .map(|object| self.outcome(object, &nodes))
            .collect()
    }
}

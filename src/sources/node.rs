//! `--source=node`: Nodes. Facts: ExternalDNS v0.22, source/node.go.

use super::nodes::{KIND, Node, reachable_addresses};
use super::object::Object;
use super::outcome::{Common, Outcome};
use super::selection::{
    common, fail_with_unlabelled, is_selected, publish_template_pairs, template_names_in_turn,
};
use super::settings::Settings;
use super::store::{Cache, Caches, Fill, Scope};
use super::template::{ScopedTemplates, TemplateError};
use super::{Source, Which};
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
            let fail = if self.templates.has_fqdn_target() { fail_with_unlabelled } else { Outcome::fail };
            fail(&mut outcome, &common, message);
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
        let text = |error: TemplateError| error.to_string();
        publish_template_pairs(&self.templates, object, outcome).map_err(text)?;
        for name in template_names_in_turn(&self.templates, object, outcome).map_err(text)? {
            self.publish_at(node, chosen, &name, common, outcome)?;
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

    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        let nodes = self.nodes.read();
        nodes
            .which(which)
            .filter(|object| self.is_ours(&object.fields))
            .for_each(|object| take(self.outcome(object)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::outcome::Severity;
    use crate::sources::testing::{Answer, run, settings, templates};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn node(name: &str, annotations: Value, addresses: &[(&str, &str)]) -> Value {
        let addresses: Vec<Value> =
            addresses.iter().map(|(kind, address)| json!({"type": kind, "address": address})).collect();
        json!({"kind": "Node", "metadata": {"name": name, "annotations": annotations}, "status": {"addresses": addresses}})
    }

    fn plain(name: &str, address: &str) -> Value {
        node(name, json!({}), &[("ExternalIP", address)])
    }

    fn answer(settings: Arc<Settings>, objects: &[Value]) -> Answer {
        run(|caches| NodeSource::new(settings, caches), objects)
    }

    const N1: &str = "n1.example.org";

    #[rstest]
    #[case::external_only(false, &["n1.example.org A 192.0.2.1"])]
    #[case::with_internal_ipv6(true, &["n1.example.org A 192.0.2.1", "n1.example.org AAAA 2001:db8::1"])]
    fn external_addresses_come_first(#[case] expose: bool, #[case] expected: &[&str]) {
        let addresses =
            [("ExternalIP", "192.0.2.1"), ("InternalIP", "10.0.0.1"), ("InternalIP", "2001:db8::1")];
        let settings = settings(|s| s.nodes.expose_internal_ipv6 = expose);
        let answer = answer(settings, &[node(N1, json!({}), &addresses)]);
        assert_eq!(answer.records(), expected);
        assert_eq!(answer.endpoints[0].labels.resource(), Some("node/n1.example.org"));
    }

    #[test]
    fn of_the_annotations_only_ttl_and_target_count() {
        let annotations = json!({
            "external-dns.kubernetes.io/hostname": "other.example.org",
            "external-dns.kubernetes.io/set-identifier": "x",
            "external-dns.kubernetes.io/alias": "true",
            "external-dns.kubernetes.io/ttl": "2m",
            "external-dns.kubernetes.io/target": "gw.example.net.",
        });
        let answer = answer(settings(|_| {}), &[node(N1, annotations, &[])]);
        assert_eq!(answer.records(), ["n1.example.org CNAME gw.example.net"]);
        let endpoint = &answer.endpoints[0];
        assert_eq!((endpoint.ttl.configured(), &*endpoint.set_identifier), (Some(120), ""));
        assert!(endpoint.properties.is_empty());
    }

    #[test]
    fn a_node_without_address_fails_alone() {
        let objects = [node("bare.example.org", json!({}), &[("Hostname", "bare")]), plain(N1, "192.0.2.1")];
        let answer = answer(settings(|_| {}), &objects);
        assert_eq!(answer.records(), ["n1.example.org A 192.0.2.1"]);
        assert_eq!(answer.problems[0].severity, Severity::Error);
        assert_eq!(answer.holds.len(), 1);
        assert_eq!(answer.holds[0].resource.as_deref(), Some("node/bare.example.org"));
    }

    #[rstest]
    #[case::only_template_names(&["{{.Name}}.t.org"], &[], false, &["n1.example.org.t.org A 192.0.2.1"])]
    #[case::combined(&["all.t.org"], &[], true, &["all.t.org A 192.0.2.1", "n1.example.org A 192.0.2.1"])]
    #[case::only_pairs(&[], &["p.t.org:192.0.2.9"], false, &["p.t.org A 192.0.2.9"])]
    #[case::pairs_before_names(&["all.t.org"], &["p.t.org:192.0.2.9"], false, &["p.t.org A 192.0.2.9"])]
    #[case::no_output(&["{{if false}}x{{end}}"], &[], false, &[])]
    fn templates_replace_the_name(
        #[case] fqdn: &[&str],
        #[case] pairs: &[&str],
        #[case] combine: bool,
        #[case] expected: &[&str],
    ) {
        let settings = settings(|s| s.templates = templates(fqdn, pairs, combine));
        assert_eq!(answer(settings, &[plain(N1, "192.0.2.1")]).records(), expected);
    }

    #[test]
    fn nodes_that_share_a_template_name_unite() {
        let settings = settings(|s| s.templates = templates(&["all.t.org"], &[], false));
        let answer = answer(settings, &[plain("b", "192.0.2.2"), plain("a", "192.0.2.1")]);
        assert_eq!(answer.records(), ["all.t.org A 192.0.2.1,192.0.2.2"]);
        assert_eq!(answer.endpoints[0].labels.resource(), Some("node/a"));
    }

    #[test]
    fn cordoned_nodes_are_gone_unless_asked_for() {
        let mut cordoned = plain(N1, "192.0.2.1");
        cordoned["spec"] = json!({"unschedulable": true});
        let gone = answer(settings(|_| {}), std::slice::from_ref(&cordoned));
        assert!(gone.endpoints.is_empty() && gone.holds.is_empty());
        let asked = answer(settings(|s| s.nodes.exclude_unschedulable = false), &[cordoned]);
        assert_eq!(asked.endpoints.len(), 1);
    }

    #[test]
    fn a_name_that_cannot_be_is_left_out() {
        let answer =
            answer(settings(|_| {}), &[plain(&format!("{}.example.org", "n".repeat(64)), "192.0.2.1")]);
        assert!(answer.endpoints.is_empty() && answer.holds.is_empty());
        assert_eq!(answer.problems[0].severity, Severity::Warning);
    }
}

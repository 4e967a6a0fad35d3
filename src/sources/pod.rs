//! `--source=pod`: Pods. Facts: ExternalDNS v0.22, source/pod.go.
//!
//! Records of Pods carry no `resource` label, so a Pod that fails cannot be told from others: see [`Outcome::fail`].

use super::annotations::{Annotations, host_list};
use super::nodes::{self, Node, external_addresses};
use super::object::{Kind, Object};
use super::outcome::{Common, Outcome};
use super::pods::{KIND, Pod};
use super::selection::{common, is_selected, publish_template_pairs, template_names_in_turn};
use super::service::compatibility::{KOPS_EXTERNAL, KOPS_INTERNAL};
use super::settings::{Compatibility, Settings};
use super::store::{Cache, Caches, Change, Contents, Fill, Scope};
use super::template::{ScopedTemplates, TemplateError};
use super::{Affected, Source, Which};
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
        publish_template_pairs(&self.templates, object, outcome)?;
        for name in template_names_in_turn(&self.templates, object, outcome)? {
            outcome.publish(&name, &object.fields.addresses(), common);
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

    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        let (pods, nodes) = (self.pods.read(), self.nodes.read());
        pods.which(which)
            .filter(|object| self.is_ours(&object.fields))
            .for_each(|object| take(self.outcome(object, &nodes)));
    }

    /// A Node concerns the Pods that are bound to it.
    fn affected(&self, kind: &Kind, change: &Change) -> Affected {
        if *kind == KIND {
            return Affected::Objects(vec![change.key.clone()]);
        }
        let pods = self.pods.read();
        let metadata = pods.iter().map(|object| &object.fields);
        let bound = metadata.filter(|pod| *pod.spec.node_name == *change.key.name);
        Affected::Objects(bound.map(|pod| pod.metadata.key()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::outcome::Severity;
    use crate::sources::testing::{Answer, run, settings, templates};
    use rstest::rstest;
    use serde_json::{Value, json};

    const HOST: (&str, &str) = ("hostname", "h.example.org");
    const INTERNAL: (&str, &str) = ("internal-hostname", "i.example.org");
    const KOPS: [(&str, &str); 2] = [
        ("dns.alpha.kubernetes.io/external", "ke.example.org"),
        ("dns.alpha.kubernetes.io/internal", "ki.example.org"),
    ];

    /// A Pod on Node `n1`, with an address of each family; annotation keys without a `/` get the usual prefix.
    fn pod(annotations: &[(&str, &str)]) -> Value {
        let key = |key: &str| {
            if key.contains('/') { key.to_owned() } else { format!("external-dns.kubernetes.io/{key}") }
        };
        let annotations: Value =
            annotations.iter().map(|(name, value)| (key(name), Value::from(*value))).collect();
        json!({
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "default", "annotations": annotations},
            "spec": {"nodeName": "n1"},
            "status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "2001:db8::1"}]},
        })
    }

    fn node(name: &str, address: &str) -> Value {
        let addresses = json!([
            {"type": "ExternalIP", "address": address},
            {"type": "InternalIP", "address": "10.9.9.9"},
            {"type": "InternalIP", "address": "2001:db8:9::9"},
        ]);
        json!({"kind": "Node", "metadata": {"name": name}, "status": {"addresses": addresses}})
    }

    fn answer(settings: Arc<Settings>, objects: &[Value]) -> Answer {
        let objects = [objects, &[node("n1", "203.0.113.1"), node("n2", "203.0.113.2")]].concat();
        run(|caches| PodSource::new(settings, caches), &objects)
    }

    #[rstest]
    #[case::own_address(&[INTERNAL], &["i.example.org A 10.0.0.1"])]
    #[case::address_of_the_node(&[HOST], &["h.example.org A 203.0.113.1", "h.example.org AAAA 2001:db8:9::9"])]
    #[case::chosen(&[HOST, INTERNAL, ("target", "192.0.2.1")], &["h.example.org A 192.0.2.1", "i.example.org A 192.0.2.1"])]
    #[case::kops_is_off(&KOPS, &[])]
    #[case::empty_items(&[("internal-hostname", "i.example.org,")], &["i.example.org A 10.0.0.1"])]
    fn names_by_annotation(#[case] annotations: &[(&str, &str)], #[case] expected: &[&str]) {
        let answer = answer(settings(|_| {}), &[pod(annotations)]);
        assert_eq!(answer.records(), expected);
        assert!(answer.problems.is_empty() && answer.holds.is_empty());
        assert!(answer.endpoints.iter().all(|endpoint| endpoint.labels.resource().is_none()));
    }

    #[test]
    fn kops_names_join_the_others_and_ignore_the_target() {
        let settings = settings(|s| s.compatibility = Some(Compatibility::KopsDnsController));
        let annotations = [&KOPS[..], &[INTERNAL, ("target", "192.0.2.1")]].concat();
        let expected = [
            "i.example.org A 192.0.2.1",
            "ke.example.org A 203.0.113.1",
            "ke.example.org AAAA 2001:db8:9::9",
            "ki.example.org A 10.0.0.1",
        ];
        assert_eq!(answer(settings, &[pod(&annotations)]).records(), expected);
    }

    #[test]
    fn pods_below_a_domain() {
        let settings = settings(|s| s.pod.source_domain = "pods.example.org".to_owned());
        let records = answer(settings.clone(), &[pod(&[INTERNAL])]).records();
        assert_eq!(records, ["i.example.org A 10.0.0.1", "p.pods.example.org A 10.0.0.1"]);
        let chosen = answer(settings, &[pod(&[("target", "192.0.2.1")])]).records();
        assert_eq!(chosen, ["p.pods.example.org A 192.0.2.1"]);
    }

    #[test]
    fn what_has_no_address_yet_is_held() {
        let mut pending = pod(&[HOST, INTERNAL]);
        pending["spec"] = json!({});
        pending["status"] = json!({"phase": "Pending"});
        let settings = settings(|s| s.pod.source_domain = "pods.example.org".to_owned());
        let answer = answer(settings, &[pending]);
        assert!(answer.endpoints.is_empty());
        assert_eq!(answer.held(), ["i.example.org", "h.example.org", "p.pods.example.org"]);
    }

    #[test]
    fn pods_outside_the_host_network_can_be_ignored() {
        let mut outside = pod(&[INTERNAL]);
        outside["metadata"]["name"] = json!("q");
        let mut inside = pod(&[HOST]);
        inside["spec"]["hostNetwork"] = json!(true);
        let objects = [outside, inside];
        assert_eq!(answer(settings(|_| {}), &objects).endpoints.len(), 3);
        let ignoring = settings(|s| {
            s.pod.ignore_non_host_network = true;
            s.templates = templates(&["{{.Name}}.t.org"], &[], true);
        });
        let answer = answer(ignoring, &objects);
        assert!(answer.holds.is_empty());
        assert_eq!(
            answer.records(),
            [
                "h.example.org A 203.0.113.1",
                "h.example.org AAAA 2001:db8:9::9",
                "p.t.org A 10.0.0.1",
                "p.t.org AAAA 2001:db8::1"
            ]
        );
    }

    #[rstest]
    #[case::annotation_wins(&[INTERNAL], &["{{.Name}}.t.org"], &[], false, &["i.example.org A 10.0.0.1"])]
    #[case::own_addresses_despite_target(&[("target", "192.0.2.1")], &["{{.Name}}.t.org"], &[], false, &["p.t.org A 10.0.0.1", "p.t.org AAAA 2001:db8::1"])]
    #[case::pairs_first(&[], &["{{.Name}}.t.org"], &["x.t.org:192.0.2.9"], false, &["x.t.org A 192.0.2.9"])]
    #[case::combined(&[INTERNAL], &[], &["x.t.org:192.0.2.9"], true, &["i.example.org A 10.0.0.1", "x.t.org A 192.0.2.9"])]
    fn templates_and_annotations(
        #[case] annotations: &[(&str, &str)],
        #[case] fqdn: &[&str],
        #[case] pairs: &[&str],
        #[case] combine: bool,
        #[case] expected: &[&str],
    ) {
        let settings = settings(|s| s.templates = templates(fqdn, pairs, combine));
        assert_eq!(answer(settings, &[pod(annotations)]).records(), expected);
    }

    #[test]
    fn pods_of_one_name_unite_unless_their_ttls_differ() {
        let on = |name: &str, node: &str, ttl: &str| {
            let mut pod = pod(&[HOST, ("ttl", ttl)]);
            pod["metadata"]["name"] = json!(name);
            pod["spec"]["nodeName"] = json!(node);
            pod
        };
        let same = answer(settings(|_| {}), &[on("a", "n1", "60"), on("b", "n2", "60")]);
        assert_eq!(same.records()[0], "h.example.org A 203.0.113.1,203.0.113.2");
        let different = answer(settings(|_| {}), &[on("a", "n1", "60"), on("b", "n2", "1")]);
        assert_eq!(different.endpoints.len(), 4);
    }

    #[test]
    fn a_failing_template_holds_everything_without_a_label() {
        let settings = settings(|s| s.templates = templates(&["{{.Nope}}.t.org"], &[], false));
        let answer = answer(settings, &[pod(&[])]);
        assert_eq!(answer.problems[0].severity, Severity::Error);
        assert_eq!((answer.holds[0].name.is_none(), answer.holds[0].resource.is_none()), (true, true));
    }
}

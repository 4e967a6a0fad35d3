//! `--source=ingress`: Ingress objects (networking.k8s.io/v1).

use super::annotations::{Annotations, key};
use super::load_balancer::LoadBalancerStatus;
use super::object::{Kind, Metadata, Object, null_to_default};
use super::outcome::{Common, Outcome};
use super::selection::{common, is_selected, template_names_in_turn};
use super::settings::Settings;
use super::store::{Cache, Caches, Fill, Scope};
use super::template::ScopedTemplates;
use super::{Source, Which};
use crate::kube_object;
use serde::Deserialize;
use std::sync::Arc;

/// The resource.
pub const KIND: Kind = Kind::namespaced("networking.k8s.io/v1", "Ingress", "ingresses");

/// The annotation that named the class before `spec.ingressClassName`.
pub const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// What of an Ingress matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ingress {
    metadata: Metadata,
    #[serde(deserialize_with = "null_to_default")]
    spec: Spec,
    #[serde(deserialize_with = "null_to_default")]
    status: Status,
}

kube_object!(labels only filtered: Ingress);

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "null_to_default")]
    ingress_class_name: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    rules: Box<[Rule]>,
    #[serde(deserialize_with = "null_to_default")]
    tls: Box<[Tls]>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rule {
    #[serde(deserialize_with = "null_to_default")]
    host: Box<str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tls {
    #[serde(deserialize_with = "null_to_default")]
    hosts: Box<[Box<str>]>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "null_to_default")]
    load_balancer: LoadBalancerStatus,
}

/// The source.
pub struct IngressSource {
    settings: Arc<Settings>,
    templates: ScopedTemplates,
    ingresses: Arc<Cache<Ingress>>,
}

impl IngressSource {
    /// The `--source` value.
    pub const NAME: &'static str = "ingress";

    /// Takes its caches.
    pub fn new(settings: Arc<Settings>, caches: &mut Caches) -> Self {
        let scope = Scope { namespace: settings.namespace.clone(), ..Scope::default() };
        Self { templates: settings.templates.scoped(Self::NAME), ingresses: caches.of(KIND, scope), settings }
    }

    fn outcome(&self, object: &Object<Ingress>) -> Outcome {
        let ingress = &object.fields;
        let mut outcome = Outcome::new(ingress.metadata.object_ref(Self::NAME, &KIND));
        let annotations = self.settings.annotation_keys.of(&ingress.metadata.annotations);
        let resource = format!("ingress/{}/{}", ingress.metadata.namespace, ingress.metadata.name);
        let common = common(&annotations, resource, &mut outcome);
        let targets = match annotations.targets() {
            chosen if !chosen.is_empty() => chosen,
            _ => ingress.status.load_balancer.targets(),
        };
        for host in self.hosts(ingress, &annotations, &mut outcome) {
            outcome.publish(&host, &targets, &common);
        }
        self.add_from_template(object, &targets, &common, &mut outcome);
        outcome
    }

    /// Names from rules, TLS and annotation, each once, as far as flags and annotation allow.
    fn hosts(&self, ingress: &Ingress, annotations: &Annotations<'_>, outcome: &mut Outcome) -> Vec<String> {
        let (defined, annotated) = match annotations.get(key::INGRESS_HOSTNAME_SOURCE).map(str::to_lowercase)
        {
            None => (true, true),
            Some(choice) if choice == "defined-hosts-only" => (true, false),
            Some(choice) if choice == "annotation-only" => (false, true),
            Some(choice) => {
                outcome.warn(format!(
                    "ingress-hostname-source {choice:?} is neither \"annotation-only\" nor \"defined-hosts-only\"; \
                     no host of this Ingress is published"
                ));
                (false, false)
            }
        };
        let options = &self.settings.ingress;
        let mut hosts: Vec<String> = Vec::new();
        if defined && !options.ignore_rules {
            hosts.extend(ingress.spec.rules.iter().map(|rule| rule.host.to_string()));
        }
        if defined && !options.ignore_tls {
            hosts.extend(ingress.spec.tls.iter().flat_map(|tls| &tls.hosts).map(|host| host.to_string()));
        }
        if annotated && !self.settings.ignore_hostname_annotation {
            hosts.extend(annotations.hostnames());
        }
        let mut seen = std::collections::BTreeSet::new();
        hosts.retain(|host| !host.is_empty() && seen.insert(host.clone()));
        hosts
    }

    fn add_from_template(
        &self,
        object: &Object<Ingress>,
        targets: &[String],
        common: &Common,
        outcome: &mut Outcome,
    ) {
        match template_names_in_turn(&self.templates, object, outcome) {
            Ok(names) => names.iter().for_each(|name| outcome.publish(name, targets, common)),
            Err(error) => outcome.fail(common, error.to_string()),
        }
    }

    /// `--ingress-class`: the spec field alone decides when it is set, else the annotation.
    fn has_class(&self, ingress: &Ingress) -> bool {
        let classes = &self.settings.ingress.classes;
        if classes.is_empty() {
            return true;
        }
        let class = match &*ingress.spec.ingress_class_name {
            "" => ingress.metadata.annotations.get(CLASS_ANNOTATION),
            class => Some(class),
        };
        class.is_some_and(|class| classes.iter().any(|wanted| wanted == class))
    }
}

impl Source for IngressSource {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &["ingress/"]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        vec![self.ingresses.clone()]
    }

    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        let ingresses = self.ingresses.read();
        ingresses
            .which(which)
            .filter(|object| is_selected(&self.settings, &object.fields) && self.has_class(&object.fields))
            .for_each(|object| take(self.outcome(object)));
    }
}

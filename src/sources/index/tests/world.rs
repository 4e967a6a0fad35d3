//! A small cluster whose objects come and go.

use crate::sources::Source;
use crate::sources::crd::CrdSource;
use crate::sources::gateway::objects::NAMESPACE;
use crate::sources::gateway::{GatewaySource, RouteKind};
use crate::sources::index::{Dirty, SourceIndex};
use crate::sources::ingress::IngressSource;
use crate::sources::node::NodeSource;
use crate::sources::object::Key;
use crate::sources::outcome::{Outcome, Problem};
use crate::sources::pipeline::{Desired, PipelineSettings, collect};
use crate::sources::pod::PodSource;
use crate::sources::service::ServiceSource;
use crate::sources::settings::Settings;
use crate::sources::store::{Caches, Fill, Retention, Scope};
use crate::sources::tenancy::{DomainPolicy, Rules};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, Hold};

/// Caches, sources and index of a cluster.
pub struct World {
    pub caches: Caches,
    pub sources: Vec<Arc<dyn Source>>,
    pub index: SourceIndex,
    settings: PipelineSettings,
    version: u64,
    /// What a list would give: kind, namespace and name, object.
    objects: BTreeMap<(String, String, String), Value>,
}

impl World {
    /// An empty cluster, listed and collected once.
    pub fn new(settings: Settings, stages: PipelineSettings) -> Self {
        Self::with_policy(settings, stages, None)
    }

    /// The same with a domain policy.
    pub fn with_policy(settings: Settings, mut stages: PipelineSettings, policy: Option<&str>) -> Self {
        let (settings, mut caches) = (Arc::new(settings), Caches::new(Retention::default()));
        let has_templates = !settings.templates.is_empty();
        if has_templates {
            caches = Caches::new(Retention { whole_objects: true, ..Retention::default() });
        }
        let route = RouteKind::of_source("gateway-httproute").unwrap();
        let sources: Vec<Arc<dyn Source>> = vec![
            Arc::new(ServiceSource::new(settings.clone(), &mut caches, Arc::default())),
            Arc::new(IngressSource::new(settings.clone(), &mut caches)),
            Arc::new(GatewaySource::new(route, settings.clone(), &mut caches)),
            Arc::new(CrdSource::new(settings.clone(), &mut caches)),
            Arc::new(PodSource::new(settings.clone(), &mut caches)),
            Arc::new(NodeSource::new(settings.clone(), &mut caches)),
        ];
        stages.tenancy.policy = policy.map(|text| {
            let rules = Rules::parse("policy.yaml", text).unwrap();
            Arc::new(DomainPolicy::new(rules, Some(caches.of(NAMESPACE, Scope::default()))))
        });
        let index = SourceIndex::new(sources.clone(), stages.clone());
        let mut world =
            Self { caches, sources, index, settings: stages, version: 0, objects: BTreeMap::new() };
        for kind in world.kinds() {
            world.relist(&kind);
        }
        world.index.collect();
        world
    }

    pub fn kinds(&self) -> Vec<String> {
        self.caches.all().map(|cache| cache.kind().kind.to_owned()).collect()
    }

    pub fn cache(&self, kind: &str) -> &Arc<dyn Fill> {
        self.caches.all().find(|cache| cache.kind().kind == kind).unwrap()
    }

    fn note(&mut self, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        let id = (text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]));
        self.objects.insert(id, object.clone());
        object
    }

    /// A watch event.
    pub fn apply(&mut self, object: Value) {
        let object = self.note(object);
        let cache = self.cache(object["kind"].as_str().unwrap());
        let _ = cache.apply_json(&object.to_string());
    }

    /// A change that no watch event tells.
    pub fn apply_unseen(&mut self, object: Value) {
        self.note(object);
    }

    /// A watch event.
    pub fn remove(&mut self, kind: &str, namespace: &str, name: &str) {
        self.remove_unseen(kind, namespace, name);
        self.cache(kind).remove(&Key::new(namespace, name));
    }

    /// A change that no watch event tells.
    pub fn remove_unseen(&mut self, kind: &str, namespace: &str, name: &str) {
        self.objects.remove(&(kind.to_owned(), namespace.to_owned(), name.to_owned()));
    }

    /// A complete list, as a watch begins with.
    pub fn relist(&self, kind: &str) {
        let cache = self.cache(kind);
        let mut relist = cache.relist();
        for (_, object) in self.objects.iter().filter(|((of, ..), _)| of == kind) {
            let _ = relist.add_json(&object.to_string());
        }
        relist.commit();
    }

    /// What is wanted according to a full cycle.
    pub fn everything(&self) -> Desired {
        collect(&self.sources, &self.settings)
    }

    /// Updates the index and holds its answers against those of full cycles before and now. Gives the dirty names, or `*`.
    pub fn check(&mut self, before: &Desired) -> Vec<String> {
        let mut dirty = self.index.update();
        let noted = dirty.clone();
        let now = self.everything();
        let some = self.index.desired_for(&mut dirty);
        assert_eq!(dirty, noted, "nothing changed meanwhile");
        assert_eq!(self.index.update(), Dirty::default(), "nothing is told twice");
        assert_eq!(Shown::of(&some, |_| true), Shown::of(&now, |name| dirty.names.contains(name)));
        assert_eq!(problems(&some.problems), problems(&self.concerned(&now.problems, &dirty.names)));
        if dirty.everything {
            return vec!["*".to_owned()];
        }
        let others = |name: &DnsName| !dirty.names.contains(name);
        let (mut before, now) = (Shown::of(before, others), Shown::of(&now, others));
        // One more object that holds whatever it owns gives nothing to do.
        assert!(before.unnamed_holds.is_subset(&now.unnamed_holds), "{:?}", before.unnamed_holds);
        before.unnamed_holds.clone_from(&now.unnamed_holds);
        assert_eq!(before, now, "{:?}", dirty.names);
        dirty.names.iter().map(ToString::to_string).collect()
    }

    /// The problems of objects that ask for some of these names, and of objects that cannot be decoded.
    fn concerned(&self, all: &[Problem], names: &BTreeSet<DnsName>) -> Vec<Problem> {
        let asks = |outcome: &Outcome| {
            let wished = outcome.endpoints.iter().map(|e| &e.name);
            let held = outcome.holds.iter().filter_map(|hold| hold.name.as_ref());
            wished.chain(held).any(|name| names.contains(name))
        };
        let outcomes: Vec<Outcome> =
            self.sources.iter().flat_map(|source| source.outcomes()).filter(asks).collect();
        let is_concerned = |problem: &&Problem| {
            problem.object.uid.is_empty() && problem.message.starts_with("cannot be understood")
                || outcomes.iter().any(|outcome| outcome.object == problem.object)
        };
        all.iter().filter(is_concerned).cloned().collect()
    }
}

fn problems(all: &[Problem]) -> Vec<String> {
    let mut texts: Vec<String> =
        all.iter().map(|problem| format!("{} {}", problem.object, problem.message)).collect();
    texts.sort();
    texts
}

/// What counts of wishes, where order does not matter in an order of its own.
#[derive(Debug, PartialEq)]
pub struct Shown {
    endpoints: Vec<Endpoint>,
    holds: Vec<String>,
    unnamed_holds: BTreeSet<String>,
    incomplete: Vec<String>,
    told: BTreeSet<String>,
}

impl Shown {
    pub fn of(desired: &Desired, keep: impl Fn(&DnsName) -> bool) -> Self {
        let kept = |hold: &&Hold| hold.name.as_ref().is_some_and(&keep);
        let text = |hold: &Hold| format!("{hold:?}");
        let mut holds: Vec<String> = desired.holds.iter().filter(kept).map(text).collect();
        holds.sort();
        let unnamed: Vec<String> =
            desired.holds.iter().filter(|hold| hold.name.is_none()).map(text).collect();
        let unnamed_holds: BTreeSet<String> = unnamed.iter().cloned().collect();
        assert_eq!(unnamed.len(), unnamed_holds.len(), "none is there twice");
        let refused = desired.refused.iter().filter(|skip| keep(&skip.name)).map(|skip| format!("{skip:?}"));
        let shared =
            desired.shared.iter().filter(|shared| keep(&shared.name)).map(|shared| format!("{shared:?}"));
        Self {
            endpoints: desired.endpoints.iter().filter(|endpoint| keep(&endpoint.name)).cloned().collect(),
            holds,
            unnamed_holds,
            told: refused.chain(shared).collect(),
            incomplete: desired.incomplete.iter().map(|source| format!("{source:?}")).collect(),
        }
    }
}

/// An Ingress with one host; without an address its name is held.
pub fn ingress(name: &str, host: &str, address: &str) -> Value {
    json!({
        "kind": "Ingress",
        "metadata": {"namespace": "a", "name": name},
        "spec": {"rules": [{"host": host}]},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    })
}

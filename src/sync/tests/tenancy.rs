//! Names in a cluster of several parties: what the loop makes of the rules, in every order and after restarts.

use super::{Service, codes, daemon};
use crate::sources::ingress::IngressSource;
use crate::sources::object::Key;
use crate::sources::outcome::Outcome;
use crate::sources::pipeline::PipelineSettings;
use crate::sources::settings::Settings;
use crate::sources::store::{CacheStatus, Caches, Fill, Retention};
use crate::sources::tenancy::{DomainPolicy, Rules, Tenancy};
use crate::sources::{Source, Which};
use crate::sync::ListingCache;
use crate::sync::daemon::{CaughtUp, Daemon};
use crate::sync::report::CycleReport;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use zonewright_provider_kit::Capabilities;

/// Tells its objects in an order that differs each time.
struct Shuffled {
    inner: IngressSource,
    state: Mutex<u64>,
}

impl Source for Shuffled {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        self.inner.resource_prefixes()
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        self.inner.caches()
    }

    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        let mut outcomes = Vec::new();
        self.inner.visit(which, &mut |outcome| outcomes.push(outcome));
        let mut state = self.state.lock().unwrap();
        for place in (1..outcomes.len()).rev() {
            // Xorshift, by Marsaglia.
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            outcomes.swap(place, (*state % (place as u64 + 1)) as usize);
        }
        outcomes.into_iter().for_each(take);
    }
}

/// A service that outlives the daemons on it.
struct Cluster {
    service: Arc<Service>,
    daemon: Daemon,
    cache: Arc<dyn Fill>,
    tenancy: Tenancy,
    stop: CancellationToken,
}

fn start(tenancy: &Tenancy) -> (Arc<Service>, Daemon, Arc<dyn Fill>) {
    let mut caches = Caches::new(Retention::default());
    let inner = IngressSource::new(Arc::new(Settings::default()), &mut caches);
    let source = Shuffled { inner, state: Mutex::new(7) };
    let (service, made) = daemon(vec![], Capabilities::everything(), true);
    let stages = PipelineSettings { tenancy: tenancy.clone(), ..PipelineSettings::default() };
    let daemon = Daemon::new(vec![Arc::new(source)], stages, made.pipeline);
    let cache = caches.all().next().unwrap().clone();
    cache.set_status(CacheStatus::Synced);
    (service, daemon, cache)
}

impl Cluster {
    fn new(tenancy: Tenancy) -> Self {
        let (service, daemon, cache) = start(&tenancy);
        Self { service, daemon, cache, tenancy, stop: CancellationToken::new() }
    }

    fn refusing() -> Self {
        Self::new(Tenancy { refuse_across_namespaces: true, ..Tenancy::default() })
    }

    fn apply(&self, object: &Value) {
        self.cache.apply_json(&object.to_string()).unwrap();
    }

    fn remove(&self, object: &str) {
        let (namespace, name) = object.split_once('/').unwrap();
        self.cache.remove(&Key::new(namespace, name));
    }

    /// Another process on the same zones, with these objects.
    fn restart(&mut self, objects: &[Value]) {
        let records = self.service.records.lock().unwrap().clone();
        let (service, daemon, cache) = start(&self.tenancy);
        *service.records.lock().unwrap() = records;
        (self.service, self.daemon, self.cache) = (service, daemon, cache);
        self.cache.replace_from_json(objects.to_vec(), CacheStatus::Synced);
    }

    async fn cycle(&mut self) -> CycleReport {
        self.daemon.cycle(&self.stop).await
    }

    async fn catch_up(&mut self) -> CycleReport {
        match self.daemon.catch_up(&self.stop).await {
            CaughtUp::Done(report) => *report,
            other => panic!("{other:?}"),
        }
    }

    fn writes(&self) -> usize {
        self.service.writes.swap(0, Ordering::Relaxed)
    }

    /// `name targets` of each address record, and whose it is.
    fn records(&self) -> Vec<String> {
        let records = self.service.records.lock().unwrap();
        let mut lines: Vec<String> = records
            .iter()
            .map(|record| {
                let targets: Vec<String> = record.targets.iter().map(ToString::to_string).collect();
                let text = targets.join(",");
                let label = text.split("resource=").nth(1).map(|rest| rest.trim_end_matches('"'));
                format!("{} {}", record.name, label.unwrap_or(&text))
            })
            .collect();
        lines.sort();
        lines
    }
}

fn ingress(object: &str, host: &str, address: &str) -> Value {
    let (namespace, name) = object.split_once('/').unwrap();
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": { "namespace": namespace, "name": name },
        "spec": { "rules": [{ "host": host }] },
        "status": { "loadBalancer": { "ingress": if address.is_empty() { json!([]) } else { json!([{ "ip": address }]) } } },
    })
}

const HOST: &str = "web.example.org";

fn published(address: &str, object: &str) -> Vec<String> {
    vec![format!("a-web.example.org ingress/{object}"), format!("web.example.org {address}")]
}

#[tokio::test]
async fn by_default_namespaces_share_a_name_and_that_is_told() {
    let mut cluster = Cluster::new(Tenancy::default());
    cluster.apply(&ingress("a/web", HOST, "192.0.2.1"));
    assert!(cluster.cycle().await.shared.is_empty());
    cluster.apply(&ingress("b/web", HOST, "192.0.2.2"));
    for report in [cluster.catch_up().await, cluster.cycle().await, cluster.cycle().await] {
        assert_eq!(report.shared.len(), 1);
        assert!(report.shared[0].to_string().contains("ingress/a/web, ingress/b/web"));
    }
    assert_eq!(cluster.records(), published("192.0.2.1,192.0.2.2", "a/web"));
    cluster.remove("b/web");
    assert!(cluster.catch_up().await.shared.is_empty());
}

#[tokio::test]
async fn the_incumbent_keeps_its_name_in_a_hundred_shuffled_loops_and_after_restarts() {
    let mut cluster = Cluster::refusing();
    // Not the first by name, so that only what is in DNS speaks for it.
    cluster.apply(&ingress("m/web", HOST, "192.0.2.1"));
    assert_eq!(cluster.cycle().await.count("create"), 1);
    let others = ["a/web", "z/web", "m/second"];
    let objects: Vec<Value> = others
        .iter()
        .zip(2..)
        .map(|(object, n)| ingress(object, HOST, &format!("192.0.2.{n}")))
        .chain([ingress("m/web", HOST, "192.0.2.1")])
        .collect();
    objects.iter().for_each(|object| cluster.apply(object));
    let report = cluster.catch_up().await;
    // Within its namespace the name is shared as ever.
    assert_eq!((report.count("update"), report.planned), (1, 1));
    let expected = published("192.0.2.1,192.0.2.4", "m/second");
    assert_eq!(cluster.records(), expected);
    cluster.writes();
    let skips = [(HOST, "namespace-conflict"), (HOST, "namespace-conflict")];
    for round in 0..100 {
        if round % 25 == 24 {
            cluster.restart(&objects);
        }
        // Without this nothing would be planned again.
        cluster.apply(&ingress("m/other", "other.example.org", ""));
        let report = match round % 2 {
            0 => cluster.cycle().await,
            _ => {
                cluster.cycle().await;
                cluster.apply(&ingress("a/web", HOST, &format!("192.0.2.{}", 100 + round)));
                cluster.catch_up().await
            }
        };
        cluster.remove("m/other");
        assert_eq!((codes(&report), report.planned), (skips.to_vec(), 0), "round {round}");
        let losers: Vec<String> = report.plan.skips.iter().map(|skip| skip.objects[0].to_string()).collect();
        assert_eq!(losers, ["ingress/a/web", "ingress/z/web"]);
        assert!(report.plan.skips[0].reason.to_string().contains("ingress/m/second"));
    }
    assert_eq!((cluster.writes(), cluster.records()), (0, expected));
}

#[tokio::test]
async fn a_name_is_handed_over_when_its_namespace_lets_go_and_not_before() {
    let mut cluster = Cluster::refusing();
    cluster.apply(&ingress("m/web", HOST, "192.0.2.1"));
    cluster.apply(&ingress("z/web", HOST, "192.0.2.2"));
    cluster.cycle().await;
    assert_eq!(cluster.records(), published("192.0.2.1", "m/web"));
    cluster.apply(&ingress("m/web", HOST, ""));
    let report = cluster.catch_up().await;
    assert_eq!((report.planned, codes(&report)), (0, vec![(HOST, "held"), (HOST, "namespace-conflict")]));
    cluster.remove("m/web");
    let report = cluster.catch_up().await;
    assert_eq!((report.count("update"), report.planned, codes(&report)), (1, 1, vec![]));
    assert_eq!(cluster.records(), published("192.0.2.2", "z/web"));
    // Who comes back comes too late.
    cluster.apply(&ingress("m/web", HOST, "192.0.2.1"));
    let report = cluster.catch_up().await;
    assert_eq!((report.planned, codes(&report)), (0, vec![(HOST, "namespace-conflict")]));
}

#[tokio::test]
async fn a_policy_that_is_switched_on_deletes_none_of_500_records() {
    let mut cluster = Cluster::new(Tenancy::default());
    let objects: Vec<Value> =
        (0..500).map(|n| ingress(&format!("b/web{n}"), &format!("w{n}.example.org"), "192.0.2.1")).collect();
    cluster.cache.replace_from_json(objects.clone(), CacheStatus::Synced);
    assert_eq!(cluster.cycle().await.count("create"), 500);
    let before = cluster.records();
    let rules = |text: &str| Rules::parse("policy.yaml", text).unwrap();
    let allowing = "rules: [{name: b, namespaces: [b], domains: [example.org]}]";
    let denying = "rules: [{name: b, namespaces: [b], domains: [b.example.org]}]";
    let policy = Arc::new(DomainPolicy::new(rules(denying), None));
    cluster.tenancy.policy = Some(policy.clone());
    cluster.restart(&objects);
    let report = cluster.cycle().await;
    assert_eq!((report.planned, report.plan.skips.len()), (0, 500));
    assert!(report.plan.skips.iter().all(|skip| skip.reason.code() == "denied" && skip.objects.len() == 1));
    let why = report.plan.skips[0].reason.to_string();
    assert!(why.contains("rule 1 (b) allows b.example.org in policy.yaml"), "{why}");

    // What is new, or new of what there was, never reaches the provider.
    cluster.apply(&ingress("b/new", "new.example.org", "192.0.2.1"));
    cluster.apply(&ingress("b/web0", "w0.example.org", "192.0.2.99"));
    let report = cluster.catch_up().await;
    assert_eq!((report.planned, report.plan.skips.len()), (0, 2));
    assert_eq!((cluster.writes(), cluster.records()), (0, before));

    // An object that goes takes its record with it, denied or not.
    cluster.remove("b/web1");
    assert_eq!(cluster.catch_up().await.count("delete"), 1);

    // Other rules concern everything.
    policy.replace(rules(allowing)).unwrap();
    assert!(matches!(cluster.daemon.catch_up(&cluster.stop).await, CaughtUp::NeedsFullRun));
    let report = cluster.cycle().await;
    assert_eq!((report.count("create"), report.count("update"), report.count("delete")), (1, 1, 0));
    assert!(report.plan.skips.is_empty());
}

#[tokio::test]
async fn what_is_denied_stays_even_where_nothing_else_is_held() {
    let mut cluster = Cluster::new(Tenancy::default());
    cluster.apply(&ingress("b/web", HOST, "192.0.2.1"));
    cluster.cycle().await;
    let rules = Rules::parse("policy.yaml", "default: deny\nrules: []").unwrap();
    cluster.tenancy.policy = Some(Arc::new(DomainPolicy::new(rules, None)));
    cluster.restart(&[ingress("b/web", HOST, "192.0.2.1")]);
    cluster.daemon.pipeline.settings.hold_missing_targets = false;
    cluster.daemon.holds = crate::sync::HoldAges::new(Duration::from_nanos(1));
    cluster.daemon.listing = ListingCache::default();
    for _ in 0..3 {
        assert_eq!(codes(&cluster.cycle().await), [(HOST, "denied")]);
    }
    assert_eq!(cluster.records(), published("192.0.2.1", "b/web"));
}

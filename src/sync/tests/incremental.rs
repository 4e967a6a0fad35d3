//! What changed is planned alone, on what is known, and costs one write.

use super::{Service, daemon};
use crate::sources::ingress::IngressSource;
use crate::sources::outcome::Outcome;
use crate::sources::settings::Settings;
use crate::sources::store::{CacheStatus, Caches, Fill, Retention};
use crate::sources::{Source, Which};
use crate::sync::daemon::{CaughtUp, Daemon};
use crate::sync::report::CycleReport;
use crate::sync::{ListingCache, Schedule};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use zonewright_provider_kit::Capabilities;

struct Cluster {
    service: Arc<Service>,
    daemon: Daemon,
    cache: Arc<dyn Fill>,
    stop: CancellationToken,
}

fn ingress(name: &str, hosts: &[&str], address: &str) -> Value {
    let rules: Vec<Value> = hosts.iter().map(|host| json!({ "host": host })).collect();
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": { "namespace": "web", "name": name },
        "spec": { "rules": rules },
        "status": { "loadBalancer": { "ingress": [{ "ip": address }] } },
    })
}

impl Cluster {
    /// Ingresses `a` and `b` with a name each in example.org, and `n` in example.net, all published.
    async fn new() -> Self {
        let mut caches = Caches::new(Retention::default());
        let source = Arc::new(IngressSource::new(Arc::new(Settings::default()), &mut caches));
        let (service, mut daemon) = daemon(vec![source], Capabilities::everything(), true);
        daemon.listing = ListingCache { across_writes: Duration::from_secs(3600), ..ListingCache::default() };
        let cache = caches.all().next().unwrap().clone();
        let objects = [
            ingress("a", &["a.example.org"], "192.0.2.1"),
            ingress("b", &["b.example.org"], "192.0.2.2"),
            ingress("n", &["n.example.net"], "192.0.2.3"),
        ];
        cache.replace_from_json(objects.to_vec(), CacheStatus::Synced);
        let stop = CancellationToken::new();
        assert_eq!(daemon.cycle(&stop).await.count("create"), 3);
        let cluster = Self { service, daemon, cache, stop };
        cluster.calls();
        cluster
    }

    fn apply(&self, object: &Value) {
        self.cache.apply_json(&object.to_string()).unwrap();
    }

    /// Lists and writes since the last call.
    fn calls(&self) -> (usize, usize) {
        (self.service.lists.swap(0, Ordering::Relaxed), self.service.writes.swap(0, Ordering::Relaxed))
    }

    async fn catch_up(&mut self) -> Option<CycleReport> {
        match self.daemon.catch_up(&self.stop).await {
            CaughtUp::Done(report) => Some(*report),
            CaughtUp::Nothing => None,
            CaughtUp::NeedsFullRun => panic!("a full run was asked for"),
        }
    }

    fn records(&self) -> Vec<String> {
        let records = self.service.records.lock().unwrap();
        let addresses = records.iter().filter(|record| record.record_type.as_str() == "A");
        let mut lines: Vec<String> =
            addresses.map(|record| format!("{} {}", record.name, record.targets[0])).collect();
        lines.sort();
        lines
    }
}

#[tokio::test]
async fn one_change_is_one_write_and_no_listing() {
    let mut cluster = Cluster::new().await;
    cluster.apply(&ingress("a", &["a.example.org"], "192.0.2.9"));
    let report = cluster.catch_up().await.unwrap();
    assert_eq!((report.count("update"), report.planned, report.names), (1, 1, Some(1)));
    assert_eq!(cluster.calls(), (0, 1));
    assert!(cluster.records().contains(&"a.example.org 192.0.2.9".to_owned()));
    assert!(cluster.catch_up().await.is_none());
}

#[tokio::test]
async fn an_object_that_moves_takes_its_old_name_with_it() {
    let mut cluster = Cluster::new().await;
    cluster.apply(&ingress("a", &["new.example.org"], "192.0.2.1"));
    let report = cluster.catch_up().await.unwrap();
    assert_eq!((report.count("create"), report.count("delete")), (1, 1));
    assert_eq!(cluster.calls(), (0, 1));
    let all = ["b.example.org 192.0.2.2", "n.example.net 192.0.2.3", "new.example.org 192.0.2.1"];
    assert_eq!(cluster.records(), all);
    // The picture in memory is that of the zones.
    cluster.daemon.listing = ListingCache::default();
    assert_eq!(cluster.daemon.cycle(&cluster.stop).await.planned, 0);
}

#[tokio::test]
async fn a_deleted_object_takes_its_record_and_row_with_it() {
    let mut cluster = Cluster::new().await;
    let metadata = json!({ "namespace": "web", "name": "a" });
    cluster
        .cache
        .remove(&serde_json::from_value::<crate::sources::object::Metadata>(metadata).unwrap().key());
    assert_eq!(cluster.catch_up().await.unwrap().count("delete"), 1);
    let rows = cluster.service.records.lock().unwrap();
    assert!(rows.iter().all(|record| !record.name.as_str().contains("a.example.org")));
}

#[tokio::test]
async fn a_name_that_two_objects_share_is_planned_with_both() {
    let mut cluster = Cluster::new().await;
    cluster.apply(&ingress("c", &["a.example.org"], "192.0.2.7"));
    assert_eq!(cluster.catch_up().await.unwrap().count("update"), 1);
    let records = cluster.service.records.lock().unwrap();
    let shared = records.iter().find(|record| record.name.as_str() == "a.example.org").unwrap();
    assert_eq!(shared.targets.len(), 2, "{shared:?}");
}

#[tokio::test]
async fn a_lost_target_holds_the_record() {
    let mut cluster = Cluster::new().await;
    let mut object = ingress("a", &["a.example.org"], "192.0.2.1");
    object["status"] = json!({});
    cluster.apply(&object);
    let report = cluster.catch_up().await.unwrap();
    assert_eq!(report.plan.skips[0].reason.code(), "held");
    assert_eq!(cluster.calls(), (0, 0));
}

#[tokio::test]
async fn what_does_not_matter_to_dns_is_no_run() {
    let mut cluster = Cluster::new().await;
    let mut object = ingress("a", &["a.example.org"], "192.0.2.1");
    object["metadata"]["labels"] = json!({ "tier": "gold" });
    cluster.apply(&object);
    assert!(cluster.catch_up().await.is_none());
}

#[tokio::test]
async fn an_incomplete_source_needs_a_full_run_that_lists_nothing() {
    let mut cluster = Cluster::new().await;
    cluster.cache.set_status(CacheStatus::Failing("403".into()));
    assert!(matches!(cluster.daemon.catch_up(&cluster.stop).await, CaughtUp::NeedsFullRun));
    let report = cluster.daemon.cycle(&cluster.stop).await;
    assert_eq!((report.planned, report.incomplete.len()), (0, 1));
    assert_eq!(cluster.calls(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_failed_write_only_that_zone_is_listed_again() {
    let mut cluster = Cluster::new().await;
    *cluster.service.refused_name.lock().unwrap() = Some("a.example.org");
    cluster.apply(&ingress("a", &["a.example.org"], "192.0.2.9"));
    assert!(!cluster.catch_up().await.unwrap().provider_succeeded());
    cluster.calls();
    // Until that zone has been read again nothing is planned there; other zones go on.
    cluster.apply(&ingress("b", &["b.example.org"], "192.0.2.9"));
    cluster.apply(&ingress("n", &["n.example.net"], "192.0.2.9"));
    assert_eq!(cluster.catch_up().await.unwrap().names, Some(1));
    assert_eq!(cluster.calls(), (0, 1));
    *cluster.service.refused_name.lock().unwrap() = None;
    // What was refused is tried again after half a minute, more or less.
    tokio::time::advance(Duration::from_secs(36)).await;
    assert_eq!(cluster.daemon.cycle(&cluster.stop).await.count("update"), 2);
    assert_eq!(cluster.calls(), (1, 2), "what was refused goes apart from the others");
    let all = ["a.example.org 192.0.2.9", "b.example.org 192.0.2.9", "n.example.net 192.0.2.9"];
    assert_eq!(cluster.records(), all);
}

#[tokio::test]
async fn a_full_run_after_which_nothing_changed_is_not_planned_again() {
    let mut cluster = Cluster::new().await;
    let first = cluster.daemon.cycle(&cluster.stop).await;
    let second = cluster.daemon.cycle(&cluster.stop).await;
    assert_eq!((first.planned, second.planned), (0, 0));
    assert_eq!(second.wished, first.wished);
    assert_eq!(second.existing, first.existing);
    // What somebody else broke is seen when it is listed again.
    cluster.service.records.lock().unwrap().retain(|record| record.name.as_str() != "a.example.org");
    cluster.daemon.listing = ListingCache::default();
    assert_eq!(cluster.daemon.cycle(&cluster.stop).await.count("create"), 1);
}

#[tokio::test]
async fn a_listing_that_says_what_the_last_one_said_is_not_planned_again() {
    let mut cluster = Cluster::new().await;
    cluster.daemon.listing = ListingCache::default();
    let adjusts = |cluster: &Cluster| cluster.service.adjusts.swap(0, Ordering::Relaxed);
    // What was written since the first listing makes the second one news.
    cluster.daemon.cycle(&cluster.stop).await;
    assert_eq!((cluster.calls(), adjusts(&cluster)), ((2, 0), 2));
    cluster.service.records.lock().unwrap().reverse();
    let report = cluster.daemon.cycle(&cluster.stop).await;
    assert_eq!((cluster.calls(), adjusts(&cluster)), ((2, 0), 0));
    assert_eq!((report.planned, report.existing.get("a")), (0, Some(&3)));
    // What somebody else broke is mended, and its being mended is news again.
    cluster.service.records.lock().unwrap().retain(|record| record.name.as_str() != "a.example.org");
    assert_eq!(cluster.daemon.cycle(&cluster.stop).await.count("create"), 1);
    cluster.daemon.cycle(&cluster.stop).await;
    assert_eq!(adjusts(&cluster), 2);
    cluster.daemon.cycle(&cluster.stop).await;
    assert_eq!(adjusts(&cluster), 0);
}

/// The Ingresses of one namespace. When they are read for the first time, one of them has just moved to a namespace that was read
/// before.
struct Moving {
    source: IngressSource,
    moves: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Source for Moving {
    fn name(&self) -> &'static str {
        self.source.name()
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        self.source.resource_prefixes()
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        self.source.caches()
    }

    fn visit(&self, which: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        if let Some(move_it) = self.moves.lock().unwrap().take() {
            move_it();
        }
        self.source.visit(which, take);
    }
}

#[tokio::test]
async fn an_object_that_moves_while_sources_are_read_is_not_taken_for_gone() {
    let mut caches = Caches::new(Retention::default());
    let of_namespace = |namespace: &str, caches: &mut Caches| {
        let settings = Settings { namespace: namespace.to_owned(), ..Settings::default() };
        IngressSource::new(Arc::new(settings), caches)
    };
    let first = Arc::new(of_namespace("first", &mut caches));
    let second = Arc::new(Moving { source: of_namespace("second", &mut caches), moves: Mutex::default() });
    let (there, here) = (first.caches()[0].clone(), second.caches()[0].clone());
    let object = |namespace: &str| {
        let mut object = ingress("a", &["a.example.org"], "192.0.2.1");
        object["metadata"]["namespace"] = json!(namespace);
        object
    };
    there.replace_from_json(Vec::new(), CacheStatus::Synced);
    here.replace_from_json(vec![object("second")], CacheStatus::Synced);
    let (service, mut daemon) = daemon(vec![first, second.clone()], Capabilities::everything(), true);
    let stop = CancellationToken::new();
    assert_eq!(daemon.cycle(&stop).await.count("create"), 1);
    *second.moves.lock().unwrap() = Some(Box::new(move || {
        there.apply_json(&object("first").to_string()).unwrap();
        here.replace_from_json(Vec::new(), CacheStatus::Synced);
    }));
    let report = daemon.cycle(&stop).await;
    assert_eq!((report.count("delete"), report.count("update")), (0, 0));
    assert_eq!(service.records.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_loop_serves_events_between_intervals() {
    let Cluster { service, mut daemon, cache, stop } = Cluster::new().await;
    let schedule = Schedule::new(Duration::from_secs(3600), None, Instant::now());
    let stopping = stop.clone();
    let change = async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let changed = ingress("a", &["a.example.org"], "192.0.2.9");
        cache.apply_json(&changed.to_string()).unwrap();
        let begun = Instant::now();
        let is_there = || {
            let records = service.records.lock().unwrap();
            records.iter().any(|record| record.targets.iter().any(|target| target.to_string() == "192.0.2.9"))
        };
        while !is_there() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stopping.cancel();
        begun.elapsed()
    };
    let (waited, ()) = tokio::join!(change, daemon.run(schedule, true, &stop));
    assert!(waited < Duration::from_millis(50), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_tried_again_alone_and_in_its_time() {
    let mut cluster = Cluster::new().await;
    *cluster.service.refused_name.lock().unwrap() = Some("a.example.org");
    cluster.apply(&ingress("a", &["a.example.org"], "192.0.2.9"));
    cluster.catch_up().await.unwrap();
    assert_eq!(cluster.daemon.cycle(&cluster.stop).await.count("update"), 0);
    let (service, stop) = (cluster.service.clone(), cluster.stop.clone());
    let hour = Duration::from_secs(3600);
    let mut schedule = Schedule::new(hour, None, Instant::now());
    schedule.full_started(Instant::now());
    schedule.full_ended(Instant::now(), true);
    cluster.calls();
    let user = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        *service.refused_name.lock().unwrap() = None;
        tokio::time::sleep(Duration::from_secs(30)).await;
        stop.cancel();
    };
    tokio::join!(cluster.daemon.run(schedule, true, &stop), user);
    assert_eq!(cluster.calls(), (0, 1), "no listing, one write");
    assert!(cluster.records().contains(&"a.example.org 192.0.2.9".to_owned()));
}

/// Somebody wants the first name in a zone that was left alone: it is read before anything is written.
#[tokio::test(start_paused = true)]
async fn the_first_name_in_an_unused_zone_wakes_it() {
    let mut cluster = Cluster::new().await;
    cluster.daemon.listing =
        ListingCache { across_writes: Duration::from_secs(30), ..ListingCache::default() };
    let metadata = json!({ "namespace": "web", "name": "n" });
    cluster
        .cache
        .remove(&serde_json::from_value::<crate::sources::object::Metadata>(metadata).unwrap().key());
    for _ in 0..2 {
        tokio::time::advance(Duration::from_secs(60)).await;
        cluster.daemon.cycle(&cluster.stop).await;
    }
    assert_eq!(cluster.calls(), (4, 1), "nothing is ours in example.net any more");
    tokio::time::advance(Duration::from_secs(60)).await;
    cluster.daemon.cycle(&cluster.stop).await;
    assert_eq!(cluster.calls(), (1, 0));
    cluster.apply(&ingress("n", &["n.example.net"], "192.0.2.3"));
    assert!(matches!(cluster.daemon.catch_up(&cluster.stop).await, CaughtUp::NeedsFullRun));
    assert_eq!(cluster.daemon.cycle(&cluster.stop).await.count("create"), 1);
    assert_eq!(cluster.calls(), (1, 1));
}

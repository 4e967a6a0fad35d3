//! The loop with a provider of two zones that fails on demand, and a source that says what it is told to say.

mod faults;
mod incremental;
mod ownership;
mod shared;
mod tenancy;

use crate::sources::outcome::{Common, Outcome};
use crate::sources::pipeline::PipelineSettings;
use crate::sources::store::Fill;
use crate::sources::{Source, Which};
use crate::sync::daemon::Daemon;
use crate::sync::report::CycleReport;
use crate::sync::{ListingCache, Pipeline, PlanSettings};
use async_trait::async_trait;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use zonewright_planner::{
    DnsName, DomainFilter, Endpoint, HoldReason, ManagedTypes, ObjectRef, Policy, Record, ZoneId,
};
use zonewright_provider_kit::{
    Adjusted, Capabilities, ErrorClass, Listing, Operation, ProviderError, ReadZones, WriteZone, Zone,
    ZoneChange,
};
use zonewright_registry::{NonceSource, Registry, TxtRegistry, TxtSettings};

/// Keeps records; fails where told to.
#[derive(Default)]
struct Service {
    records: Mutex<Vec<Record>>,
    unreadable_zone: Mutex<Option<&'static str>>,
    refused_name: Mutex<Option<&'static str>>,
    unwritable_zone: Mutex<Option<(&'static str, ProviderError)>>,
    lists: AtomicUsize,
    adjusts: AtomicUsize,
    writes: AtomicUsize,
    stop_after_write: Mutex<Option<CancellationToken>>,
}

struct Side(Arc<Service>, Capabilities);

fn zone(id: &str) -> Zone {
    Zone { id: ZoneId::new(id), name: DnsName::parse(id).ok() }
}

#[async_trait]
impl ReadZones for Side {
    fn capabilities(&self) -> &Capabilities {
        &self.1
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        Ok(vec![zone("example.org"), zone("example.net")])
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        self.0.lists.fetch_add(1, Ordering::Relaxed);
        if *self.0.unreadable_zone.lock().unwrap() == Some(zone.id.as_str()) {
            return Err(ProviderError::new(ErrorClass::Auth, "access denied"));
        }
        let records = self.0.records.lock().unwrap();
        let records = records.iter().filter(|record| record.zone == zone.id).cloned().collect();
        Ok(Listing { records, unreadable: Vec::new() })
    }

    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        self.0.adjusts.fetch_add(1, Ordering::Relaxed);
        Ok(Adjusted { endpoints, ..Adjusted::default() })
    }
}

#[async_trait]
impl WriteZone for Side {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        self.0.writes.fetch_add(1, Ordering::Relaxed);
        if let Some(stop) = &*self.0.stop_after_write.lock().unwrap() {
            stop.cancel();
        }
        match &*self.0.unwritable_zone.lock().unwrap() {
            Some((id, error)) if *id == zone.id.as_str() => return vec![Err(error.clone()); changes.len()],
            _ => {}
        }
        changes.iter().map(|change| self.apply_one(zone, change)).collect()
    }
}

impl Side {
    fn apply_one(&self, zone: &Zone, change: &ZoneChange) -> Result<(), ProviderError> {
        if *self.0.refused_name.lock().unwrap() == Some(change.change.name().as_str()) {
            return Err(ProviderError::new(ErrorClass::InvalidRecord, "refused"));
        }
        let mut records = self.0.records.lock().unwrap();
        for operation in change.operations() {
            if let Operation::Update(old, _) | Operation::Delete(old) = operation {
                records.retain(|record| record.key() != old.key());
            }
            if let Operation::Create(new) | Operation::Update(_, new) = operation {
                records.push(stored(zone, new));
            }
        }
        Ok(())
    }
}

/// Labels are not kept by providers.
fn stored(zone: &Zone, endpoint: &Endpoint) -> Record {
    let targets: Vec<String> = endpoint.targets.iter().map(ToString::to_string).collect();
    let (name, record_type) = (endpoint.name.as_str(), endpoint.record_type.clone());
    Record::from_text(zone.id.clone(), name, record_type, &targets).unwrap()
}

/// Publishes names with targets.
#[derive(Default)]
struct Says(Mutex<Vec<(&'static str, &'static [&'static str])>>);

impl Source for Says {
    fn name(&self) -> &'static str {
        "ingress"
    }

    fn resource_prefixes(&self) -> &'static [&'static str] {
        &["ingress/"]
    }

    fn caches(&self) -> Vec<Arc<dyn Fill>> {
        Vec::new()
    }

    fn visit(&self, _: Which<'_>, take: &mut dyn FnMut(Outcome)) {
        let wishes = self.0.lock().unwrap();
        let outcome = |(name, targets): &(&str, &[&str])| {
            let object = ObjectRef {
                source: "ingress",
                kind: "Ingress",
                api_version: "networking.k8s.io/v1",
                namespace: "x".into(),
                name: (*name).into(),
                uid: "".into(),
            };
            let resource = Some(format!("ingress/x/{name}").into());
            let mut outcome = Outcome::new(Arc::new(object));
            outcome.publish(name, targets, &Common { resource, ..Common::default() });
            outcome
        };
        wishes.iter().map(outcome).for_each(take);
    }
}

struct Harness {
    service: Arc<Service>,
    source: Arc<Says>,
    daemon: Daemon,
    stop: CancellationToken,
}

/// The service, and a daemon on it that reads this source.
fn daemon(
    sources: Vec<Arc<dyn Source>>,
    capabilities: Capabilities,
    can_write: bool,
) -> (Arc<Service>, Daemon) {
    let service = Arc::<Service>::default();
    let side = Arc::new(Side(service.clone(), capabilities));
    let txt = TxtSettings::new("me", NonceSource::from_seed([0; 32]));
    let pipeline = Pipeline {
        reader: side.clone(),
        writer: can_write.then_some(side as Arc<dyn WriteZone>),
        registry: Arc::new(Registry::Txt(Box::new(TxtRegistry::new(txt).unwrap()))),
        settings: PlanSettings {
            policy: Policy::Sync,
            managed: ManagedTypes::default(),
            filter: DomainFilter::All,
            hold_missing_targets: true,
        },
    };
    (service, Daemon::new(sources, PipelineSettings::default(), pipeline))
}

impl Harness {
    fn new() -> Self {
        Self::with(Capabilities::everything(), true)
    }

    fn with(capabilities: Capabilities, can_write: bool) -> Self {
        let source = Arc::<Says>::default();
        let (service, daemon) = daemon(vec![source.clone()], capabilities, can_write);
        Self { service, source, daemon, stop: CancellationToken::new() }
    }

    fn say(&self, wishes: &[(&'static str, &'static [&'static str])]) {
        *self.source.0.lock().unwrap() = wishes.to_vec();
    }

    async fn cycle(&mut self) -> CycleReport {
        self.daemon.cycle(&self.stop).await
    }

    fn names(&self) -> Vec<String> {
        let records = self.service.records.lock().unwrap();
        let mut names: Vec<String> =
            records.iter().map(|r| format!("{} {}", r.record_type, r.name)).collect();
        names.sort();
        names
    }

    fn lists(&self) -> usize {
        self.service.lists.swap(0, Ordering::Relaxed)
    }
}

fn codes(report: &CycleReport) -> Vec<(&str, &str)> {
    report.plan.skips.iter().map(|skip| (skip.name.as_str(), skip.reason.code())).collect()
}

#[tokio::test]
async fn records_come_and_go_with_their_ownership_rows() {
    let mut harness = Harness::new();
    harness.say(&[("a.example.org", &["192.0.2.1"]), ("b.example.net", &["192.0.2.2"])]);
    assert!(harness.cycle().await.succeeded());
    let all = ["A a.example.org", "A b.example.net", "TXT a-a.example.org", "TXT a-b.example.net"];
    assert_eq!(harness.names(), all);
    assert!(harness.cycle().await.planned == 0);
    harness.say(&[("b.example.net", &["192.0.2.3"])]);
    let report = harness.cycle().await;
    assert_eq!((report.count("update"), report.count("delete")), (1, 1));
    assert_eq!(harness.names(), ["A b.example.net", "TXT a-b.example.net"]);
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_zone_fails_alone() {
    let mut harness = Harness::new();
    harness.say(&[("a.example.org", &["192.0.2.1"]), ("b.example.net", &["192.0.2.2"])]);
    *harness.service.unreadable_zone.lock().unwrap() = Some("example.org");
    let report = harness.cycle().await;
    assert!(!report.provider_succeeded());
    assert_eq!(codes(&report), [("a.example.org", "zone-unreadable")]);
    assert_eq!(harness.names(), ["A b.example.net", "TXT a-b.example.net"]);
    *harness.service.unreadable_zone.lock().unwrap() = None;
    harness.lists();
    harness.cycle().await;
    assert_eq!(harness.lists(), 1, "the zone that failed rests, the other one is listed");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(harness.cycle().await.succeeded());
    assert_eq!(harness.names().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_refused_record_harms_only_itself_and_is_tried_again() {
    let mut harness = Harness::new();
    harness.say(&[("a.example.org", &["192.0.2.1"]), ("b.example.org", &["192.0.2.2"])]);
    *harness.service.refused_name.lock().unwrap() = Some("a.example.org");
    let report = harness.cycle().await;
    assert_eq!(report.failed_changes(), 1);
    assert!(!report.succeeded());
    assert_eq!(harness.names(), ["A b.example.org", "TXT a-b.example.org"]);
    let report = harness.cycle().await;
    assert_eq!((codes(&report), report.planned), (vec![("a.example.org", "quarantined")], 0));
    *harness.service.refused_name.lock().unwrap() = None;
    tokio::time::advance(Duration::from_secs(36)).await;
    assert!(harness.cycle().await.succeeded());
    assert_eq!(harness.names().len(), 4);
}

/// Need 25: an account may have hundreds of zones, of which a few are ours.
#[tokio::test(start_paused = true)]
async fn zones_that_nobody_uses_are_left_alone() {
    let mut harness = Harness::new();
    harness.daemon.listing =
        ListingCache { across_writes: Duration::from_secs(30), ..ListingCache::default() };
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    harness.cycle().await;
    assert_eq!(harness.lists(), 2, "what is ours is not known before everything was read");
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(60)).await;
        harness.cycle().await;
        assert_eq!(harness.lists(), 1);
    }
    // What somebody else put there meanwhile is seen before anything is written.
    let theirs = Record::from_text(
        ZoneId::new("example.net"),
        "b.example.net",
        zonewright_planner::RecordType::A,
        &["192.0.2.9"],
    );
    harness.service.records.lock().unwrap().push(theirs.unwrap());
    harness.say(&[("a.example.org", &["192.0.2.1"]), ("b.example.net", &["192.0.2.2"])]);
    let report = harness.cycle().await;
    assert_eq!(harness.lists(), 1, "the other one was listed a moment ago");
    assert_eq!(codes(&report), [("b.example.net", "unowned")]);
    // Used as long as anybody wants anything, or anything is ours.
    for wishes in [
        &[("a.example.org", &["192.0.2.1"][..]), ("c.example.net", &["192.0.2.2"])][..],
        &[("c.example.net", &[])],
    ] {
        harness.say(wishes);
        for _ in 0..2 {
            tokio::time::advance(Duration::from_secs(60)).await;
            harness.cycle().await;
            assert_eq!(harness.lists(), 2, "{wishes:?}");
        }
    }
}

#[tokio::test]
async fn a_name_outside_every_zone_is_reported() {
    let mut harness = Harness::new();
    harness.say(&[("a.example.com", &["192.0.2.1"])]);
    assert_eq!(codes(&harness.cycle().await), [("a.example.com", "no-zone")]);
}

#[tokio::test]
async fn the_row_of_an_apex_that_leaves_the_zone_is_not_written() {
    let mut harness = Harness::new();
    harness.say(&[("example.org", &["192.0.2.1"])]);
    assert!(harness.cycle().await.succeeded());
    assert_eq!(harness.names(), ["A example.org"]);
}

#[tokio::test]
async fn an_object_that_lost_its_target_keeps_its_record() {
    let mut harness = Harness::new();
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    harness.cycle().await;
    harness.say(&[("a.example.org", &[])]);
    let report = harness.cycle().await;
    assert_eq!(codes(&report), [("a.example.org", "held")]);
    assert!(report.planned == 0);
    harness.daemon.pipeline.settings.hold_missing_targets = false;
    assert_eq!(harness.cycle().await.count("delete"), 1);
    assert_eq!(harness.names(), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_stored_is_reported_and_what_stands_there_stays() {
    let mut harness = Harness::new();
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    harness.cycle().await;
    // A provider that does not know CNAMEs, and an object that now wants one.
    let mut capabilities = Capabilities::everything();
    capabilities.record_types.retain(|record_type| record_type.as_str() != "CNAME");
    harness.daemon.pipeline.reader = Arc::new(Side(harness.service.clone(), capabilities));
    harness.say(&[("a.example.org", &["lb.example.net"])]);
    let report = harness.cycle().await;
    assert_eq!(codes(&report), [("a.example.org", "held"), ("a.example.org", "unsupported")]);
    assert!(report.planned == 0);
    let unsupported = "the provider does not store CNAME records".to_owned();
    let held = zonewright_planner::SkipReason::Held(HoldReason::Invalid(unsupported));
    assert_eq!(report.plan.skips[0].reason, held);
}

#[tokio::test]
async fn without_a_writer_nothing_is_written() {
    let mut harness = Harness::with(Capabilities::everything(), false);
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    let report = harness.cycle().await;
    assert_eq!(report.count("create"), 1);
    assert!(report.dry_run && report.sent.count(|_| true) == 0);
    assert_eq!(harness.service.writes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_stop_between_writes_sends_no_more() {
    let mut capabilities = Capabilities::everything();
    capabilities.changes_per_write = NonZeroUsize::new(1);
    let mut harness = Harness::with(capabilities, true);
    harness.say(&[("a.example.org", &["192.0.2.1"]), ("b.example.org", &["192.0.2.2"])]);
    *harness.service.stop_after_write.lock().unwrap() = Some(harness.stop.clone());
    let report = harness.cycle().await;
    assert_eq!((report.planned, report.sent.count(|_| true)), (2, 1));
    assert_eq!(harness.service.writes.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_used_again_as_long_as_the_txt_cache_allows() {
    let mut harness = Harness::new();
    harness.daemon.listing =
        ListingCache { across_writes: Duration::from_secs(600), ..ListingCache::default() };
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    harness.cycle().await;
    assert_eq!(harness.lists(), 2, "one list per zone");
    assert!(harness.cycle().await.planned == 0, "what was written is known without listing");
    harness.say(&[("a.example.org", &["192.0.2.9"])]);
    assert_eq!(harness.cycle().await.count("update"), 1);
    harness.say(&[]);
    assert_eq!(harness.cycle().await.count("delete"), 1);
    assert_eq!(harness.lists(), 0);
    assert_eq!(harness.names(), [""; 0], "the row went with the record");
    tokio::time::advance(Duration::from_secs(601)).await;
    harness.cycle().await;
    assert_eq!(harness.lists(), 1, "not of the zone that nobody uses");
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_makes_the_next_cycle_list_again() {
    let mut harness = Harness::new();
    harness.daemon.listing =
        ListingCache { across_writes: Duration::from_secs(600), ..ListingCache::default() };
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    *harness.service.refused_name.lock().unwrap() = Some("a.example.org");
    harness.cycle().await;
    *harness.service.refused_name.lock().unwrap() = None;
    harness.lists();
    tokio::time::advance(Duration::from_secs(36)).await;
    assert_eq!(harness.cycle().await.count("create"), 1);
    assert_eq!(harness.lists(), 1, "only the zone of the failed write");
}

#[tokio::test(start_paused = true)]
async fn the_provider_cache_lasts_until_a_write() {
    let mut harness = Harness::new();
    harness.daemon.listing =
        ListingCache { until_write: Duration::from_secs(600), ..ListingCache::default() };
    assert_eq!(harness.cycle().await.listed_from_cache, Some(false));
    assert_eq!(harness.cycle().await.listed_from_cache, Some(true));
    assert_eq!(harness.lists(), 2);
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    harness.cycle().await;
    assert_eq!(harness.lists(), 0);
    harness.cycle().await;
    assert_eq!(harness.lists(), 1, "only the zone that was written to");
}

#[tokio::test]
async fn a_type_change_is_one_write() {
    let mut harness = Harness::new();
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    harness.cycle().await;
    harness.service.writes.store(0, Ordering::Relaxed);
    harness.say(&[("a.example.org", &["lb.example.net"])]);
    let report = harness.cycle().await;
    assert_eq!((report.count("delete"), report.count("create"), report.planned), (1, 1, 2));
    assert_eq!(harness.service.writes.load(Ordering::Relaxed), 1);
    assert_eq!(harness.names(), ["CNAME a.example.org", "TXT cname-a.example.org"]);
}

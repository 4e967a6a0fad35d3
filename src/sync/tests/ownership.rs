//! Ownership that is not as it should be, mended by cycles.

use super::super::Applied;
use super::super::daemon::Observer;
use super::super::report::CycleReport;
use super::{Harness, zone};
use async_trait::async_trait;
use rstest::rstest;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zonewright_planner::{Record, RecordType};
use zonewright_provider_kit::{Capabilities, Listing, Operation, ProviderError, ReadZones, Zone};
use zonewright_registry::{NonceSource, Registry, TxtRegistry, TxtSettings};

const OURS: &str = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/x/gone\"";

impl Harness {
    fn stores(&self, zone_id: &str, name: &str, record_type: &str, target: &str) {
        let record = Record::from_text(zone(zone_id).id, name, RecordType::from_text(record_type), &[target]);
        self.service.records.lock().unwrap().push(record.unwrap());
    }
}

#[tokio::test]
async fn a_row_whose_record_is_gone_goes_unless_its_name_is_wanted() {
    let mut harness = Harness::new();
    harness.stores("example.org", "a-a.example.org", "TXT", OURS);
    harness.stores("example.org", "a-b.example.org", "TXT", OURS);
    harness.say(&[("a.example.org", &["192.0.2.1"])]);
    let report = harness.cycle().await;
    assert!(report.succeeded());
    assert_eq!((report.count("create"), report.count("delete")), (1, 1));
    assert_eq!(harness.names(), ["A a.example.org", "TXT a-a.example.org"]);
    // What was noted is what stands there: nothing is sent, whether from memory or after listing.
    let writes = harness.service.writes.load(Ordering::Relaxed);
    assert_eq!(harness.cycle().await.planned, 0);
    harness.say(&[]);
    harness.cycle().await;
    assert_eq!(harness.service.writes.load(Ordering::Relaxed), writes + 1);
    assert!(harness.names().is_empty());
}

/// A zone and one inside it. The row of the inner apex stands in the outer zone.
struct Nested(Capabilities);

#[async_trait]
impl ReadZones for Nested {
    fn capabilities(&self) -> &Capabilities {
        &self.0
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        Ok(vec![zone("example.org"), zone("k8s.example.org")])
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        let row = |name| Record::from_text(zone.id.clone(), name, RecordType::Txt, &[OURS]).unwrap();
        let records = match zone.id.as_str() {
            "example.org" => vec![row("a-k8s.example.org"), row("a-gone.example.org")],
            _ => Vec::new(),
        };
        Ok(Listing { records, unreadable: Vec::new() })
    }
}

#[tokio::test]
async fn a_row_in_another_zone_than_its_record_would_be_stays() {
    let mut harness = Harness::with(Capabilities::everything(), false);
    harness.daemon.pipeline.reader = Arc::new(Nested(Capabilities::everything()));
    let plan = harness.cycle().await.plan;
    let deleted: Vec<&str> = plan.changes.iter().map(|change| change.name().as_str()).collect();
    assert_eq!(deleted, ["a-gone.example.org"]);
}

#[tokio::test]
async fn nothing_is_tidied_while_a_zone_of_that_name_cannot_be_read() {
    let mut harness = Harness::new();
    harness.stores("example.org", "a-gone.example.org", "TXT", OURS);
    *harness.service.unreadable_zone.lock().unwrap() = Some("example.org");
    assert_eq!(harness.cycle().await.planned, 0);
    assert_eq!(harness.names().len(), 1);
}

/// Today's row of an apex lies outside its zone and is never written. One of an older form is enough, and asks for no update.
#[tokio::test]
async fn an_apex_that_is_known_by_an_older_row_is_left_in_peace() {
    let mut harness = Harness::new();
    harness.stores("example.org", "example.org", "A", "192.0.2.1");
    harness.stores("example.org", "example.org", "TXT", OURS);
    harness.say(&[("example.org", &["192.0.2.1"])]);
    assert_eq!(harness.cycle().await.planned, 0);
    harness.say(&[("example.org", &["192.0.2.2"])]);
    assert_eq!(harness.cycle().await.count("update"), 1);
    assert_eq!(harness.cycle().await.planned, 0);
    harness.say(&[]);
    assert_eq!(harness.cycle().await.count("delete"), 1);
}

/// Remembers the types of the record sets that were written.
#[derive(Default)]
struct Listener(Mutex<Vec<RecordType>>);

impl Observer for Listener {
    fn applied(&self, applied: &[Applied]) {
        let operations = applied.iter().flat_map(|done| done.change.operations());
        self.0.lock().unwrap().extend(operations.map(|operation| match operation {
            Operation::Create(new) | Operation::Update(_, new) => new.record_type.clone(),
            Operation::Delete(old) => old.record_type.clone(),
        }));
    }

    fn ended(&self, _: &CycleReport) {}
}

/// With the former prefix read, a run writes rows and no record, and the next one nothing, whether from memory or after listing.
#[rstest]
#[case::kept(false, Duration::ZERO)]
#[case::pruned(true, Duration::ZERO)]
#[case::kept_and_remembered(false, Duration::from_secs(3600))]
#[case::pruned_and_remembered(true, Duration::from_secs(3600))]
#[tokio::test]
async fn another_prefix_moves_rows_and_nothing_else(#[case] prune_former: bool, #[case] trusted: Duration) {
    let mut harness = Harness::new();
    let txt = TxtSettings {
        prefix: "own.".to_owned(),
        former_prefixes: vec![String::new()],
        prune_former,
        ..TxtSettings::new("me", NonceSource::from_seed([0; 32]))
    };
    harness.daemon.pipeline.registry = Arc::new(Registry::Txt(Box::new(TxtRegistry::new(txt).unwrap())));
    harness.daemon.listing.across_writes = trusted;
    for (name, row) in [("a.example.org", "a-a.example.org"), ("b.example.org", "a-b.example.org")] {
        harness.stores("example.org", name, "A", "192.0.2.1");
        harness.stores("example.org", row, "TXT", OURS);
    }
    harness.say(&[("a.example.org", &["192.0.2.1"]), ("b.example.org", &["192.0.2.1"])]);
    let listener = Arc::new(Listener::default());
    harness.daemon.observers.push(listener.clone());
    let report = harness.cycle().await;
    assert!(report.succeeded());
    assert_eq!((report.count("create"), report.count("update"), report.count("delete")), (0, 2, 0));
    let written = std::mem::take(&mut *listener.0.lock().unwrap());
    assert!(!written.is_empty() && written.iter().all(|record_type| *record_type == RecordType::Txt));
    let mut expected = vec!["A a.example.org", "A b.example.org"];
    if !prune_former {
        expected.extend(["TXT a-a.example.org", "TXT a-b.example.org"]);
    }
    expected.extend(["TXT own.a-a.example.org", "TXT own.a-b.example.org"]);
    assert_eq!(harness.names(), expected);
    harness.say(&[("a.example.org", &["192.0.2.1"]), ("b.example.org", &["192.0.2.1"])]);
    assert_eq!(harness.cycle().await.planned, 0);
    // Gone with its row of today's form, remembered or listed.
    harness.say(&[("b.example.org", &["192.0.2.1"])]);
    assert_eq!(harness.cycle().await.count("delete"), 1);
    assert!(!harness.names().iter().any(|name| name.ends_with("own.a-a.example.org")));
}

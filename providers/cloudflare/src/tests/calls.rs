//! How many requests things take, and who is told of them.

use super::*;
use std::sync::Mutex;
use zonewright_planner::CreateReason;
use zonewright_provider_kit::RequestRecorder;

pub(super) fn creates(count: usize) -> Vec<ZoneChange> {
    let change = |n: usize| {
        let new = wish(&format!("n{n:05}.example.org A 192.0.2.1"), &[("proxied", "false")]);
        let row =
            wish(&format!("a-n{n:05}.example.org TXT \"heritage=external-dns,external-dns/owner=me\""), &[]);
        let rows = vec![RowChange { read: None, expected: None, write: Some(row) }];
        ZoneChange { change: Change::create(new, CreateReason::New), rows }
    };
    (0..count).map(change).collect()
}

/// Lists: one page of zones, and pages of 5000 records, of which each begins with the last record of the one before. The whole program's requests are counted in tests/it/cloudflare.
#[tokio::test]
async fn lists_and_batches_take_no_more_requests_than_they_have_to() {
    for (plan, names, batches, pages) in [
        ("free", 50, 1, 1),
        ("free", 2500, 25, 1),
        ("pro", 2500, 2, 1),
        ("free", 10_000, 100, 5),
        ("pro", 10_000, 6, 5),
    ] {
        let service = Service::with_plan(plan).await;
        let cycle = service.cycle();
        let zone = cycle.reader.zones().await.unwrap().remove(0);
        let changes = creates(names);
        let outcomes = cycle.writer.apply(&zone, &changes).await;
        assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
        assert_eq!(service.double.count(Operation::Batch), batches, "{plan}, {names} names");
        service.double.forget();
        assert_eq!(cycle.reader.zones().await.unwrap().len(), 1);
        assert_eq!(cycle.reader.records(&zone).await.unwrap().records.len(), 2 * names);
        assert_eq!(service.double.count(Operation::ListRecords), pages, "{plan}, {names} names");
        assert_eq!(service.double.requests(), 1 + pages);
    }
}

/// Metrics hear of each request, with what it was for and what came of it.
#[tokio::test]
async fn every_request_is_told_of() {
    let service = Service::free().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = told.clone();
    let mut config = service.config();
    config.access.recorder = RequestRecorder::new(move |request| keep.lock().unwrap().push(request.clone()));
    let cycle = cycle_of(config);
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    service.double.inject(When::call(Operation::ListRecords), Fault::throttled(None));
    cycle.reader.records(&zone).await.unwrap_err();
    service.double.inject(When::call(Operation::Batch), Fault::HangUp);
    cycle.writer.apply(&zone, &creates(1)).await.remove(0).unwrap_err();
    let told = told.lock().unwrap();
    let found: Vec<_> = told.iter().map(|r| (r.operation.as_str(), r.method.as_str(), r.status)).collect();
    let expected = [
        ("ListZones", "GET", Some(200)),
        ("ListDnsRecords", "GET", Some(429)),
        ("BatchDnsRecords", "POST", None),
    ];
    assert_eq!(found, expected);
    assert!(!format!("{told:?}").contains(service.double.token()));
}

/// Every page waits for its turn.
#[tokio::test]
async fn the_budget_is_kept() {
    let service = Service::free().await;
    for n in 0..45 {
        service.double.seed(&service.zone, "A", &format!("n{n}.example.org"), "192.0.2.1");
    }
    let mut config = CloudflareConfig { records_per_page: 10, ..service.config() };
    config.access.requests_per_second = Some(5.0);
    let cycle = cycle_of(config);
    let begun = std::time::Instant::now();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    cycle.reader.records(&zone).await.unwrap();
    assert_eq!(service.double.requests(), 6);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(cycle.reader.capabilities().requests_per_second, Some(5.0));
}

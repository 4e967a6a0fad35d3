//! How many requests the program makes: to start, for one change, for a thousand, and for nothing.

use super::{Objects, Service, daemon, once, until};
use rstest::rstest;
use std::time::Duration;
use zonewright_cloudflare_double::Operation;

/// Lists of zones and of records, and batches, since the last look.
fn requests(service: &Service) -> (usize, usize, usize) {
    let count = |operation| service.double.count(operation);
    let counts = (count(Operation::ListZones), count(Operation::ListRecords), count(Operation::Batch));
    assert_eq!(service.double.requests(), counts.0 + counts.1 + counts.2, "nothing else is asked");
    service.double.forget();
    counts
}

/// Each name is two records: itself and its ownership row.
#[rstest]
#[case::a_hundred("free", 50, 1, 50, 1)]
#[case::five_thousand("free", 2500, 25, 1000, 5)]
#[case::twenty_thousand_free("free", 10_000, 100, 1000, 5)]
#[case::twenty_thousand_paid("pro", 10_000, 6, 1000, 1)]
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_asks_no_more_than_it_has_to(
    #[case] plan: &str,
    #[case] names: usize,
    #[case] batches_to_start: usize,
    #[case] changes: usize,
    #[case] batches_of_changes: usize,
) {
    let service = Service::with_plan(plan).await;
    let objects = Objects::new();
    objects.numbered(names, 0..0);
    let mut command = service.program(&objects);
    command.args(["--events", "--min-event-sync-interval=0s", "--interval=1s", "--drift-interval=1h"]);
    let log = objects.path("log");
    let _daemon = daemon(command, &log);
    until("everything published", || service.double.size(&service.zone) == 2 * names).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(requests(&service), (1, 1, batches_to_start), "to start");

    objects.numbered(names, 0..1);
    let changed = |count: usize| service.double.with_content(&service.zone, "198.51.100.1") == count;
    until("the change", || changed(1)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(requests(&service), (0, 0, 1), "for one change");

    objects.numbered(names, 0..changes);
    until("the changes", || changed(changes)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(requests(&service), (0, 0, batches_of_changes), "for {changes} changes");

    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(requests(&service), (0, 0, 0), "for nothing, during three intervals");
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}

/// What is there already is listed once, in the largest pages, and left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_writes_nothing() {
    let service = Service::with_plan("pro").await;
    let objects = Objects::new();
    objects.numbered(6000, 0..0);
    assert_eq!(once(service.program(&objects)).await.code, Some(0));
    requests(&service);
    let ended = once(service.program(&objects)).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(requests(&service), (1, 3, 0), "12,000 records are three pages");
}

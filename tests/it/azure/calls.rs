//! How many requests the program makes: to start, for one change, for a thousand, and for nothing.

use super::{World, daemon, once, until};
use rstest::rstest;
use std::time::Duration;
use zonewright_azure_double::Operation;

/// Tokens, lists of zones, pages of records, and writes since the last look.
fn requests(world: &World) -> [usize; 4] {
    let operations =
        [Operation::GetToken, Operation::ListZones, Operation::ListRecordSets, Operation::PutRecordSet];
    let counts = operations.map(|operation| world.azure.count(operation));
    assert_eq!(world.azure.requests().len(), counts.iter().sum::<usize>(), "nothing else is asked");
    world.azure.forget_requests();
    counts
}

/// Each name is two record sets: itself and its ownership row. Azure has no batches, so that each is a request.
#[rstest]
#[case::a_hundred("azure", 50)]
#[case::five_thousand("azure", 2500)]
#[case::twenty_thousand("azure", 10_000)]
#[case::a_hundred_private("azure-private-dns", 50)]
#[case::five_thousand_private("azure-private-dns", 2500)]
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_asks_no_more_than_it_has_to(#[case] provider: &'static str, #[case] names: usize) {
    let (world, zone) = World::with_zone(provider).await;
    world.numbered(names, 0);
    let mut command = world.program();
    command.args(["--events", "--min-event-sync-interval=0s", "--interval=1s", "--drift-interval=1h"]);
    let log = world.path("log");
    let _daemon = daemon(command, &log);
    let own = world.azure.record_count(&zone);
    until("everything published", || world.azure.record_count(&zone) == 2 * names + own).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(requests(&world), [1, 1, 1, 2 * names], "to start");

    world.numbered(names, 1);
    until("the change", || world.azure.count(Operation::PutRecordSet) > 0).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(requests(&world), [0, 0, 0, 1], "for one change: its row stays as it is");

    let changes = names.min(1000);
    world.numbered(names, changes);
    until("the changes", || world.azure.count(Operation::PutRecordSet) >= changes - 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(requests(&world), [0, 0, 0, changes - 1], "for {changes} changes");
    let sets = world.azure.records(&zone);
    assert_eq!(sets.iter().filter(|set| set.values == ["198.51.100.1"]).count(), changes);

    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(requests(&world), [0, 0, 0, 0], "for nothing, during three intervals");
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}

/// What is there already is listed once, in the largest pages, and left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_writes_nothing() {
    let (world, _) = World::with_zone("azure-dns").await;
    world.numbered(1500, 0);
    assert_eq!(once(world.program()).await.code, Some(0));
    requests(&world);
    let ended = once(world.program()).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(requests(&world), [1, 1, 4, 0], "3002 record sets are four pages");
}

/// Need 29: forty zones, one of them wanted; what the filter keeps out is never listed.
#[tokio::test(flavor = "multi_thread")]
async fn of_forty_zones_the_one_that_matters_is_listed() {
    let world = World::new("azure").await;
    let zones: Vec<String> = (0..40).map(|i| world.zone(&format!("z{i}.org"))).collect();
    world.objects(&super::ingress("www.z7.org", "192.0.2.1", &[]));
    let mut command = world.program();
    command.arg("--domain-filter=z7.org");
    assert_eq!(once(command).await.code, Some(0));
    assert_eq!(requests(&world), [1, 1, 1, 2]);
    assert_eq!(world.azure.records(&zones[7]).len(), 2);
}

//! How many requests the program makes: to start, for one change, and for nothing.

use super::{Objects, aws, daemon, program, until, with_keys};
use std::time::Duration;
use zonewright_aws_double::{AwsDouble, Operation};

/// Requests by operation since the last look.
fn requests(aws: &AwsDouble) -> (usize, usize, usize) {
    let count = |operation| aws.count(operation);
    let counts = (
        count(Operation::ListHostedZones),
        count(Operation::ListResourceRecordSets),
        count(Operation::ChangeResourceRecordSets),
    );
    assert_eq!(aws.requests().len(), counts.0 + counts.1 + counts.2, "nothing else is asked");
    aws.forget_requests();
    counts
}

async fn measure(names: usize, batches: usize) {
    let (aws, zone) = aws().await;
    let objects = Objects::new(names);
    let mut command = with_keys(program(&aws, &objects));
    command.args(["--events", "--min-event-sync-interval=0s", "--interval=1s", "--drift-interval=1h"]);
    let log = objects.path("log");
    let _daemon = daemon(command, &log);
    until("everything published", || aws.records(&zone).len() == 2 * names).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(requests(&aws), (1, 1, batches), "to start with {names} names");

    objects.write(names, Some(7));
    let changed = || aws.records(&zone).iter().any(|set| set.values == ["198.51.100.1"]);
    until("the change", changed).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(requests(&aws), (0, 0, 1), "for one change of {names} names");

    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(requests(&aws), (0, 0, 0), "for nothing, during three intervals");
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_names() {
    measure(300, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_thousand_names() {
    measure(3000, 9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_names() {
    measure(20_000, 60).await;
}

/// What is there already is listed once and left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_writes_nothing() {
    let (aws, _) = aws().await;
    let objects = Objects::new(700);
    assert_eq!(super::once(with_keys(program(&aws, &objects))).await.code, Some(0));
    requests(&aws);
    let ended = super::once(with_keys(program(&aws, &objects))).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(requests(&aws), (1, 5, 0), "1402 record sets are five pages");
}

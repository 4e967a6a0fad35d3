//! How many requests the program makes: to start, for one change, and for nothing.

use super::{Objects, aws, daemon, program, program_answering, until, with_keys};
use crate::cluster::daemon::{metrics, until_async};
use std::net::Ipv4Addr;
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

/// Waits until that many full runs have found nothing to do.
async fn until_nothing_was_done(port: u16, times: f64) {
    let ended = async || {
        let metrics = metrics((Ipv4Addr::LOCALHOST, port).into()).await;
        metrics.value("external_dns_controller_no_op_runs_total", &[]).unwrap_or_default()
    };
    let enough = ended().await + times;
    until_async("further runs", async || ended().await >= enough).await;
}

/// `batches`: to publish all names; to change `many` of them.
async fn measure(names: usize, many: usize, batches: (usize, usize)) {
    let (aws, zone) = aws().await;
    let objects = Objects::with(names);
    let port = zonewright_testing::free_port().unwrap();
    let mut command = with_keys(program_answering(&aws.url(), port));
    command.arg("--source=ingress").arg(format!("--manifests={}", objects.path("objects").display()));
    command.args(["--events", "--min-event-sync-interval=0s", "--interval=1s", "--drift-interval=1h"]);
    let log = objects.path("log");
    let _daemon = daemon(command, &log);
    until("everything published", || aws.records(&zone).len() == 2 * names).await;
    until_nothing_was_done(port, 1.0).await;
    assert_eq!(requests(&aws), (1, 1, batches.0), "to start with {names} names");

    let changed = || aws.records(&zone).iter().filter(|set| set.values == ["198.51.100.1"]).count();
    objects.numbered(names, 7..8);
    until("the change", || changed() == 1).await;
    until_nothing_was_done(port, 1.0).await;
    assert_eq!(requests(&aws), (0, 0, 1), "for one change of {names} names");

    objects.numbered(names, 7..7 + many);
    until("many changes", || changed() == many).await;
    until_nothing_was_done(port, 1.0).await;
    assert_eq!(requests(&aws), (0, 0, batches.1), "for {many} changes of {names} names");

    until_nothing_was_done(port, 3.0).await;
    assert_eq!(requests(&aws), (0, 0, 0), "for nothing, during three intervals");
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_names() {
    measure(300, 250, (1, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_thousand_names() {
    measure(3000, 1001, (9, 2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_names() {
    measure(20_000, 1001, (60, 2)).await;
}

/// What is there already is listed once and left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_writes_nothing() {
    let (aws, _) = aws().await;
    let objects = Objects::with(700);
    assert_eq!(super::once(with_keys(program(&aws, &objects))).await.code, Some(0));
    requests(&aws);
    let ended = super::once(with_keys(program(&aws, &objects))).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(requests(&aws), (1, 5, 0), "1402 record sets are five pages");
}

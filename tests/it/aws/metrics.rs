//! What a scrape says of the requests to Route 53.

use super::{Objects, aws, daemon, program_answering, with_keys};
use crate::cluster::daemon::{metrics, until_async};
use crate::cluster::metrics::Metrics;
use std::net::Ipv4Addr;
use zonewright_aws_double::{Fault, Operation, When};

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_by_operation_and_status() {
    let (aws, zone) = aws().await;
    aws.inject(When::call(Operation::ListResourceRecordSets), Fault::throttling());
    let objects = Objects::with(3);
    let log = objects.path("log");
    let port = zonewright_testing::free_port().unwrap();
    let mut command = with_keys(program_answering(&aws.url(), port));
    command.args(["--interval=1h", "--source=ingress"]);
    command.arg(format!("--manifests={}", objects.path("objects").display()));
    let _daemon = daemon(command, &log);
    let scrape = async || metrics((Ipv4Addr::LOCALHOST, port).into()).await;
    let count = |metrics: &Metrics, operation: &str, code: &str| {
        let labels = [("operation", operation), ("code", code)];
        metrics.value("external_dns_provider_requests_total", &labels)
    };
    // The service has a record before the program has its answer.
    until_async("the answer to the write", async || {
        count(&scrape().await, "ChangeResourceRecordSets", "200") == Some(1.0)
    })
    .await;
    assert_eq!(aws.records(&zone).len(), 6);
    let metrics = scrape().await;
    let count = |operation: &str, code: &str| count(&metrics, operation, code);
    assert_eq!(count("ListHostedZones", "200"), Some(1.0));
    assert_eq!(count("ListResourceRecordSets", "400"), Some(1.0), "throttled, and then tried again");
    assert_eq!(count("ListResourceRecordSets", "200"), Some(1.0));
    let host = aws.url().trim_start_matches("http://").to_owned();
    let labels = [("host", host.as_str()), ("method", "POST"), ("status", "200")];
    let timed = metrics.value("external_dns_http_request_duration_seconds_count", &labels);
    assert_eq!(timed, Some(1.0));
}

//! Metrics and logs as those read them who have dashboards and log pipelines for ExternalDNS.

use super::daemon::Daemon;
use super::metrics::{Metrics, Sample};
use super::objects::{TTL, dns_endpoint, owned_a, service, with_annotation};
use super::world::{Provider, first_cluster, test, with};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use zonewright_testing::KubeApiserver;

/// Every metric of ExternalDNS v0.22 (docs/monitoring/metrics.md there) but those of the Go runtime: name, type, labels.
const UPSTREAM: [(&str, &str, &[&str]); 27] = [
    ("build_info", "gauge", &["version", "revision", "go_version", "os", "arch"]),
    ("controller_consecutive_soft_errors", "gauge", &[]),
    ("controller_last_reconcile_timestamp_seconds", "gauge", &[]),
    ("controller_last_sync_timestamp_seconds", "gauge", &[]),
    ("controller_no_op_runs_total", "counter", &[]),
    ("controller_verified_records", "gauge", &["record_type"]),
    (
        "http_request_duration_seconds",
        "summary",
        &["handler", "scheme", "host", "path", "method", "status", "quantile"],
    ),
    ("provider_cache_apply_changes_calls", "counter", &[]),
    ("provider_cache_records_calls", "counter", &["from_cache"]),
    ("registry_endpoints_total", "gauge", &[]),
    ("registry_errors_total", "counter", &[]),
    ("registry_records", "gauge", &["record_type"]),
    (
        "registry_skipped_records_owner_mismatch_per_sync",
        "gauge",
        &["record_type", "owner", "foreign_owner", "domain"],
    ),
    ("source_deduplicated_endpoints", "gauge", &["record_type", "source_type"]),
    ("source_invalid_endpoints", "gauge", &["record_type", "source_type"]),
    ("source_endpoints_total", "gauge", &[]),
    ("source_errors_total", "counter", &[]),
    ("source_records", "gauge", &["record_type"]),
    ("webhook_provider_records_requests_total", "gauge", &[]),
    ("webhook_provider_records_errors_total", "gauge", &[]),
    ("webhook_provider_applychanges_requests_total", "gauge", &[]),
    ("webhook_provider_applychanges_errors_total", "gauge", &[]),
    ("webhook_provider_adjustendpoints_requests_total", "gauge", &[]),
    ("webhook_provider_adjustendpoints_errors_total", "gauge", &[]),
    // Of the process itself, as Prometheus's own client libraries name them.
    ("process_cpu_seconds_total", "counter", &[]),
    ("process_resident_memory_bytes", "gauge", &[]),
    ("process_start_time_seconds", "gauge", &[]),
];

/// Objects of which each makes one of the vectors appear.
fn eventful(namespace: &str) -> [Value; 5] {
    let mut malformed = dns_endpoint(namespace, "malformed", "mail.example.org", "mail", 0);
    malformed["spec"]["endpoints"][0]["recordType"] = json!("MX");
    [
        service(namespace, "web", "web.example.org", "192.0.2.1"),
        dns_endpoint(namespace, "same", "web.example.org", "192.0.2.1", 0),
        service(namespace, "taken", "taken.example.org", "192.0.2.1"),
        with_annotation(service(namespace, "odd", "odd.example.org", "192.0.2.1"), TTL, "soon"),
        malformed,
    ]
}

async fn eventful_scene(namespace: &str, more: &[&str]) -> (Provider, Arc<KubeApiserver>, Daemon) {
    let (provider, cluster) = (Provider::start().await, first_cluster().await);
    for object in eventful(namespace) {
        cluster.apply(&object).await.unwrap();
    }
    provider.0.set_records(owned_a("taken.example.org", "192.0.2.9", "Somebody", "service/x/y"));
    let daemon = Daemon::start(&with(&provider.flags_in(&cluster, namespace, &["service", "crd"]), more));
    (provider, cluster, daemon)
}

#[test]
fn every_metric_of_externaldns_is_there() {
    test(async {
        let (provider, _cluster, mut daemon) =
            eventful_scene("metrics", &["--provider-cache-time=150ms"]).await;
        daemon.until_cycles_pass(2).await;
        let metrics = daemon.metrics().await;
        for (name, kind, labels) in UPSTREAM {
            let name = full_name(name);
            assert_eq!(metrics.types.get(&name).map(String::as_str), Some(kind), "{name}");
            let samples: Vec<&Sample> = metrics.samples.iter().filter(|sample| sample.name == name).collect();
            assert!(!samples.is_empty(), "{name} has no value");
            let expected: BTreeSet<&str> = labels.iter().copied().collect();
            for sample in samples {
                assert_eq!(
                    sample.labels.keys().map(String::as_str).collect::<BTreeSet<_>>(),
                    expected,
                    "{name}"
                );
            }
        }
        check_values(&metrics, &provider);
        let calls = metrics.value("external_dns_provider_cache_records_calls", &[("from_cache", "false")]);
        assert!(calls >= Some(3.0), "{calls:?}");
        assert_eq!(metrics.value("external_dns_provider_cache_apply_changes_calls", &[]), Some(1.0));
        daemon.stop().await;
    });
}

fn full_name(name: &str) -> String {
    if name.starts_with("process_") { name.to_owned() } else { format!("external_dns_{name}") }
}

fn check_values(metrics: &Metrics, provider: &Provider) {
    let value = |name: &str, labels: &[(&str, &str)]| metrics.value(&full_name(name), labels);
    assert_eq!(value("build_info", &[("version", env!("CARGO_PKG_VERSION"))]), Some(1.0));
    assert_eq!(value("controller_consecutive_soft_errors", &[]), Some(0.0));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    for name in ["controller_last_reconcile_timestamp_seconds", "controller_last_sync_timestamp_seconds"] {
        assert!(value(name, &[]).is_some_and(|time| (now - time).abs() < 60.0), "{name}");
    }
    assert!(value("controller_no_op_runs_total", &[]) >= Some(1.0));
    // web, taken and odd are wanted, all three exist, and the rows of all three were read as ownership, not as records.
    assert_eq!(value("source_endpoints_total", &[]), Some(3.0));
    assert_eq!(value("source_records", &[("record_type", "a")]), Some(3.0));
    assert_eq!(value("controller_verified_records", &[("record_type", "a")]), Some(3.0));
    assert_eq!(value("registry_records", &[("record_type", "a")]), Some(3.0));
    assert_eq!(value("registry_errors_total", &[]), Some(0.0));
    let mismatch = [("owner", "me"), ("foreign_owner", "somebody"), ("domain", "example.org")];
    assert_eq!(value("registry_skipped_records_owner_mismatch_per_sync", &mismatch), Some(1.0));
    let labels = [("record_type", "a"), ("source_type", "crd")];
    assert_eq!(value("source_deduplicated_endpoints", &labels), Some(1.0));
    let labels = [("record_type", "mx"), ("source_type", "crd")];
    assert_eq!(value("source_invalid_endpoints", &labels), Some(1.0));
    assert_eq!(value("webhook_provider_applychanges_requests_total", &[]), Some(1.0));
    let kubernetes = [("scheme", "https"), ("path", "services"), ("method", "GET"), ("status", "200")];
    assert!(value("http_request_duration_seconds_count", &kubernetes) >= Some(1.0));
    let host = provider.0.url().replace("http://", "");
    for (path, method, status) in
        [("records", "GET", "200"), ("records", "POST", "204"), ("adjustendpoints", "POST", "200")]
    {
        let labels = [
            ("handler", "instrumented_http"),
            ("scheme", "http"),
            ("host", host.as_str()),
            ("path", path),
            ("method", method),
            ("status", status),
        ];
        assert!(value("http_request_duration_seconds_count", &labels) >= Some(1.0), "{labels:?}");
    }
}

#[test]
fn a_cached_listing_counts_as_such() {
    test(async {
        let (_provider, _cluster, mut daemon) = eventful_scene("cached", &["--provider-cache-time=1h"]).await;
        let name = "external_dns_provider_cache_records_calls";
        super::daemon::until_async("listings from the cache", async || {
            let metrics = daemon.metrics().await;
            let counted = |from_cache| metrics.value(name, &[("from_cache", from_cache)]);
            counted("true") >= Some(20.0) && counted("false") >= Some(2.0)
        })
        .await;
        // One before the write that empties the cache, and one after it.
        assert_eq!(daemon.metrics().await.value(name, &[("from_cache", "false")]), Some(2.0));
        daemon.stop().await;
    });
}

#[test]
fn json_logs_are_json_line_by_line() {
    test(async {
        let (provider, _cluster, mut daemon) =
            eventful_scene("json", &["--log-format=json", "--log-level=debug"]).await;
        provider.0.fail_next(zonewright_testing::Call::Records, 503);
        daemon.until_cycles_pass(3).await;
        daemon.stop().await;
        let log = daemon.log();
        let mut levels = BTreeSet::new();
        for line in &log {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let time = line["time"].as_str().unwrap();
            assert!(time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
            assert!(line["msg"].as_str().is_some_and(|message| !message.is_empty()), "{line}");
            levels.insert(line["level"].as_str().unwrap().to_owned());
        }
        assert_eq!(levels.into_iter().collect::<Vec<_>>(), ["debug", "error", "info", "warning"]);
        let created = log.iter().find(|line| line.contains("created A web.example.org")).unwrap();
        let created: Value = serde_json::from_str(created).unwrap();
        assert_eq!(created["record.name"], "web.example.org");
        assert_eq!(created["record.type"], "A");
    });
}

#[test]
fn a_lasting_condition_is_one_line_and_a_quiet_cycle_none() {
    test(async {
        let (provider, _cluster, mut daemon) = eventful_scene("quiet", &[]).await;
        let mut records = provider.0.records();
        records.push(json!({"dnsName": "bad..example.org", "recordType": "A", "targets": ["192.0.2.1"]}));
        provider.0.set_records(records);
        daemon.until_it_says(&["bad..example.org"]).await;
        daemon.until_it_says(&["All records are already up to date"]).await;
        let before = daemon.log();
        daemon.until_cycles_pass(5).await;
        assert_eq!(daemon.log(), before);
        for once in ["bad..example.org", "Somebody", "soon", "mail.example.org"] {
            assert_eq!(daemon.said(&[once]), 1, "{once}: {before:?}");
        }
        daemon.stop().await;
    });
}

#[test]
fn an_annotation_that_nobody_reads_is_mentioned_once() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let misspelt = "external-dns.alpha.kubernetes.io/hostnme";
        let web = service("misspelt", "web", "web.example.org", "192.0.2.1");
        cluster.apply(&with_annotation(web, misspelt, "shop.example.org")).await.unwrap();
        let mut daemon = provider.daemon_in(&cluster, "misspelt", &["service"]);
        let records = owned_a("web.example.org", "192.0.2.1", "me", "service/misspelt/web");
        provider.until_records_are("the rest counts", records).await;
        daemon.until_cycles_pass(5).await;
        assert_eq!(daemon.said(&["service/misspelt/web", misspelt, "did you mean hostname?"]), 1);
        daemon.stop().await;
    });
}

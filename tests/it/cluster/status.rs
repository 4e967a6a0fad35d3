//! What is written into the cluster, and when nothing is written anywhere.

use super::daemon::{self, Daemon, text, until_async};
use super::objects::{dns_endpoint, owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use serde_json::{Value, json};
use std::sync::Arc;
use zonewright_testing::KubeApiserver;

async fn observed(cluster: &KubeApiserver, object: &Value) -> Value {
    cluster.get(object).await.unwrap()["status"]["observedGeneration"].clone()
}

async fn version(cluster: &KubeApiserver, object: &Value) -> Value {
    cluster.get(object).await.unwrap()["metadata"]["resourceVersion"].clone()
}

async fn status_writes(daemon: &Daemon) -> Option<f64> {
    let labels = [("path", "status"), ("method", "PUT")];
    daemon.metrics().await.value("external_dns_http_request_duration_seconds_count", &labels)
}

fn records(address: &str) -> Vec<Value> {
    let mut records = owned_a("api.example.org", address, "me", "crd/observed/api");
    records[0]["recordTTL"] = json!(60);
    records
}

#[test]
fn each_generation_of_a_dnsendpoint_is_observed_once() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let api = |address| dns_endpoint("observed", "api", "api.example.org", address, 60);
        cluster.apply(&api("192.0.2.1")).await.unwrap();
        let mut daemon = provider.daemon_in(&cluster, "observed", &["crd"]);
        provider.until_records_are("created", records("192.0.2.1")).await;
        for (generation, address) in [(1, "192.0.2.1"), (2, "192.0.2.2")] {
            if generation > 1 {
                cluster.apply(&api(address)).await.unwrap();
            }
            provider.until_records_are("applied", records(address)).await;
            until_async("the status", async || observed(&cluster, &api(address)).await == generation).await;
            let written = version(&cluster, &api(address)).await;
            daemon.until_cycles_pass(5).await;
            assert_eq!(version(&cluster, &api(address)).await, written);
            assert_eq!(status_writes(&daemon).await, Some(f64::from(generation)));
        }
        assert_eq!(daemon.said(&["status"]), 0, "{:?}", daemon.log());
        daemon.stop().await;
    });
}

#[test]
fn a_status_that_may_not_be_written_is_mentioned_once() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "reader";
        let rules = [("externaldns.k8s.io", &["dnsendpoints"] as &[&str], &["list", "watch"] as &[&str])];
        super::source_faults::grant(&cluster, user, "read", &rules).await;
        let mut expected = Vec::new();
        for name in ["one", "two"] {
            let host = format!("{name}.example.org");
            cluster.apply(&dns_endpoint(user, name, &host, "192.0.2.1", 0)).await.unwrap();
            expected.extend(owned_a(&host, "192.0.2.1", "me", &format!("crd/{user}/{name}")));
        }
        let mut daemon = Daemon::start(&super::source_faults::as_user(&provider, &cluster, user, &["crd"]));
        provider.until_records_are("records need no status", expected).await;
        daemon.until_cycles_pass(5).await;
        assert_eq!(daemon.said(&["status", "forbidden"]), 1, "{:?}", daemon.log());
        daemon.stop().await;
    });
}

async fn unpublished(namespace: &str) -> (Provider, Arc<KubeApiserver>, Value) {
    let (provider, cluster) = (Provider::start().await, first_cluster().await);
    let api = dns_endpoint(namespace, "api", "api.example.org", "192.0.2.1", 60);
    cluster.apply(&api).await.unwrap();
    cluster.apply(&service(namespace, "web", "web.example.org", "192.0.2.2")).await.unwrap();
    provider.0.set_records(owned_a("old.example.org", "192.0.2.3", "me", "service/x/old"));
    (provider, cluster, api)
}

#[test]
fn a_dry_run_writes_nothing_anywhere() {
    test(async {
        let (provider, cluster, api) = unpublished("dry").await;
        let flags = with(&provider.flags_in(&cluster, "dry", &["service", "crd"]), &["--dry-run"]);
        let mut daemon = Daemon::start(&flags);
        daemon.until_it_says(&["would create", "web.example.org"]).await;
        daemon.until_cycles_pass(3).await;
        for said in [["would create", "api.example.org"], ["would delete", "old.example.org"]] {
            assert!(daemon.said(&said) > 0, "{said:?}");
        }
        daemon.stop().await;
        let output = daemon::run(&with(&flags, &["--once"])).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(provider.applies(), 0);
        assert_eq!(observed(&cluster, &api).await, Value::Null);
    });
}

#[test]
fn a_preview_writes_nothing_anywhere() {
    test(async {
        let (provider, cluster, api) = unpublished("preview").await;
        let flags = provider.flags_in(&cluster, "preview", &["service", "crd"]);
        for format in ["text", "json", "markdown"] {
            let mut plan = vec!["plan".to_owned(), format!("-o={format}")];
            plan.extend(flags.iter().cloned());
            let output = daemon::run(&plan).await;
            let shown = text(&output.stdout);
            assert_eq!(output.status.code(), Some(2), "{shown}{}", text(&output.stderr));
            for name in ["web.example.org", "api.example.org", "old.example.org"] {
                assert!(shown.contains(name), "{shown}");
            }
        }
        assert_eq!(provider.applies(), 0);
        assert_eq!(observed(&cluster, &api).await, Value::Null);
    });
}

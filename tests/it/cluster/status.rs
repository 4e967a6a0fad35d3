//! What is written into the cluster, and when nothing is written anywhere.

use super::daemon::{self, Daemon, text, until, until_async};
use super::objects::{dns_endpoint, owned_a, service};
use super::world::{Provider, first_cluster, own_cluster, test, with};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use zonewright_testing::{Call, KubeApiserver};

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

async fn condition(cluster: &KubeApiserver, object: &Value, kind: &str) -> Value {
    let object = cluster.get(object).await.unwrap();
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default()
}

/// What `kubectl wait --for=condition=Ready` waits for: the condition is true, and of this generation (kubectl, wait.go).
async fn is_ready(cluster: &KubeApiserver, object: &Value) -> bool {
    let generation = cluster.get(object).await.unwrap()["metadata"]["generation"].clone();
    let ready = condition(cluster, object, "Ready").await;
    ready["status"] == "True" && ready["observedGeneration"] == generation
}

#[test]
fn an_object_is_ready_once_the_provider_has_acknowledged_its_records() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "ready";
        let api = |address| dns_endpoint(namespace, "api", "api.example.org", address, 60);
        provider.0.delay(Call::Apply, Duration::from_millis(500));
        let flags = with(&provider.flags_in(&cluster, namespace, &["crd"]), &["--interval=1h"]);
        let mut daemon = Daemon::start(&flags);
        until("the first cycle", || provider.0.count(Call::Adjust) == 1).await;
        for address in ["192.0.2.1", "192.0.2.2"] {
            cluster.apply(&api(address)).await.unwrap();
            until_async("ready", async || {
                let ready = is_ready(&cluster, &api(address)).await;
                let is_there =
                    provider.0.records().iter().any(|record| record["targets"] == json!([address]));
                assert!(!ready || is_there, "ready before the record is there");
                ready
            })
            .await;
        }
        let accepted = condition(&cluster, &api("192.0.2.2"), "Accepted").await;
        assert_eq!((&accepted["status"], &accepted["reason"]), (&json!("True"), &json!("Accepted")));
        let since = condition(&cluster, &api("192.0.2.2"), "Ready").await["lastTransitionTime"].clone();
        assert_eq!(since, accepted["lastTransitionTime"], "both were true from the first on");
        assert_eq!(status_writes(&daemon).await, Some(2.0));
        daemon.stop().await;
    });
}

#[test]
fn what_stands_in_the_way_is_told_in_the_status() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "unready";
        provider.0.set_records(owned_a("taken.example.org", "192.0.2.9", "other", "service/x/taken"));
        let taken = dns_endpoint(namespace, "taken", "taken.example.org", "192.0.2.1", 60);
        let wrong = dns_endpoint(namespace, "wrong", "wrong.example.org", "192.0.2.1.", 60);
        for object in [&taken, &wrong] {
            cluster.apply(object).await.unwrap();
        }
        let flags = provider.flags_in(&cluster, namespace, &["crd"]);
        let mut daemon = Daemon::start(&flags);
        for (object, reason, message) in [
            (&taken, "Conflict", "A taken.example.org: belongs to owner \"other\""),
            (&wrong, "Invalid", "wrong.example.org: target \"192.0.2.1.\" must not end with a dot"),
        ] {
            until_async(reason, async || condition(&cluster, object, "Ready").await["reason"] == reason)
                .await;
            let ready = condition(&cluster, object, "Ready").await;
            assert_eq!(ready["status"], "False");
            assert!(ready["message"].as_str().unwrap().starts_with(message), "{ready}");
        }
        assert_eq!(condition(&cluster, &taken, "Accepted").await["status"], "True");
        assert_eq!(condition(&cluster, &wrong, "Accepted").await["status"], "False");
        daemon.until_cycles_pass(20).await;
        assert_eq!(status_writes(&daemon).await, Some(2.0), "said once");
        daemon.stop().await;

        let mut again = Daemon::start(&flags);
        again.until_cycles_pass(5).await;
        assert_eq!(status_writes(&again).await, None, "and not again by the next process");
        provider.0.set_records(Vec::new());
        until_async("the way is free", async || is_ready(&cluster, &taken).await).await;
        again.stop().await;
    });
}

#[test]
fn a_definition_without_conditions_gets_the_generation_and_no_more_writes() {
    test(async {
        let (provider, cluster) = (Provider::start().await, own_cluster().await);
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "dnsendpoints.externaldns.k8s.io"},
        });
        // As ExternalDNS v0.22 defines it.
        let mut older = cluster.get(&definition).await.unwrap();
        older["metadata"]
            .as_object_mut()
            .unwrap()
            .retain(|key, _| ["name", "annotations"].contains(&key.as_str()));
        older.as_object_mut().unwrap().remove("status");
        let schema = &mut older["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        schema["properties"]["status"]["properties"].as_object_mut().unwrap().remove("conditions").unwrap();
        cluster.apply(&older).await.unwrap();
        let probe = |i: usize| dns_endpoint("probe", &format!("p{i}"), "p.example.org", "192.0.2.1", 60);
        let mut probes = 0;
        until_async("the older definition", async || {
            probes += 1;
            let mut object = probe(probes);
            object["status"] = json!({"conditions": []});
            cluster.apply(&object).await.unwrap()["status"]["conditions"].is_null()
        })
        .await;
        let api = dns_endpoint("older", "api", "api.example.org", "192.0.2.1", 60);
        let two = dns_endpoint("older", "two", "two.example.org", "192.0.2.1", 60);
        cluster.apply(&api).await.unwrap();
        let mut daemon = provider.daemon_in(&cluster, "older", &["crd"]);
        until_async("the generation", async || observed(&cluster, &api).await == 1).await;
        cluster.apply(&two).await.unwrap();
        until_async("the generation", async || observed(&cluster, &two).await == 1).await;
        provider.0.set_records(owned_a("two.example.org", "192.0.2.9", "other", "service/x/taken"));
        daemon.until_it_says(&["two.example.org", "belongs to owner \"other\""]).await;
        daemon.until_cycles_pass(10).await;
        assert_eq!(status_writes(&daemon).await, Some(2.0));
        assert_eq!(daemon.said(&["knows no conditions"]), 1);
        daemon.stop().await;
    });
}

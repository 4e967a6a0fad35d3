//! A provider that is away, slow, refusing or talking nonsense. No answer of it ends the process, and what did not go through
//! goes through later.

use super::daemon::{self, Daemon, text, until_async};
use super::objects::{owned_a, service};
use super::world::{Provider, first_cluster, provider_flags, test, with};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use zonewright_testing::{Call, KubeApiserver, WebhookStandIn, free_port};

const CALLS: [Call; 4] = [Call::Negotiate, Call::Records, Call::Adjust, Call::Apply];
const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";
const SOFT_ERRORS: &str = "external_dns_controller_consecutive_soft_errors";

#[derive(Debug, Clone, Copy)]
enum Fault {
    Status(u16),
    Says(u16, &'static str, &'static str),
    HangsUp,
}

impl Fault {
    fn prepare(self, provider: &WebhookStandIn, call: Call) {
        match self {
            Self::Status(status) => provider.fail_next(call, status),
            Self::Says(status, content_type, body) => provider.say_next(call, status, content_type, body),
            Self::HangsUp => provider.hang_up_next(call),
        }
    }
}

/// What each call must take for a failure. 200 for a write is one: it says that something else answered.
fn faults(call: Call) -> Vec<Fault> {
    let mut faults: Vec<Fault> = [500, 502, 429, 401, 403, 404, 413].map(Fault::Status).to_vec();
    faults.push(Fault::Says(200, "text/html", "<html>Welcome to the proxy!</html>"));
    match call {
        Call::Negotiate => {
            faults.extend([
                Fault::Says(200, "application/json", "{}"),
                Fault::Says(200, MEDIA_TYPE, "{\"include\": 5}"),
                Fault::HangsUp,
            ]);
        }
        Call::Records | Call::Adjust => {
            faults.extend([
                Fault::Says(200, MEDIA_TYPE, "[{\"dnsName\": \"web.exam"),
                Fault::Says(200, MEDIA_TYPE, "{}"),
                Fault::Says(204, MEDIA_TYPE, ""),
                Fault::HangsUp,
            ]);
        }
        // An answer whose status came over counts, whatever happens to its body.
        Call::Apply => {}
    }
    faults
}

fn web(namespace: &str) -> Value {
    service(namespace, "web", "web.example.org", "192.0.2.1")
}

fn web_records(namespace: &str) -> Vec<Value> {
    owned_a("web.example.org", "192.0.2.1", "me", &format!("service/{namespace}/web"))
}

#[test]
fn a_daemon_outlives_every_fault_of_every_call() {
    test(async {
        let cluster = first_cluster().await;
        cluster.apply(&web("faults")).await.unwrap();
        join_all(CALLS.map(|call| outlives(&cluster, call))).await;
    });
}

async fn outlives(cluster: &KubeApiserver, call: Call) {
    let provider = Provider::start().await;
    let faults = faults(call);
    faults.iter().for_each(|fault| fault.prepare(&provider.0, call));
    let mut daemon = provider.daemon_in(cluster, "faults", &["service"]);
    provider.until_records_are(&format!("{call:?}"), web_records("faults")).await;
    daemon.until_cycles_pass(2).await;
    assert!(daemon.is_alive() && daemon.is_healthy().await);
    let metrics = daemon.metrics().await;
    assert_eq!(metrics.value(SOFT_ERRORS, &[]), Some(0.0), "{call:?}");
    let errors =
        |name: &str| metrics.value(&format!("external_dns_webhook_provider_{name}_errors_total"), &[]);
    let failed = Some(faults.len() as f64);
    match call {
        Call::Negotiate => assert_eq!(provider.0.count(call), faults.len() + 1),
        Call::Records => assert_eq!(errors("records"), failed),
        Call::Adjust => assert_eq!(errors("adjustendpoints"), failed),
        Call::Apply => {
            assert_eq!(errors("applychanges"), failed);
            assert_eq!(
                provider.applies(),
                faults.len() + 1,
                "tried once in each cycle, until it went through"
            );
        }
    }
    if call != Call::Apply {
        let recovered = format!("works again after {} failed cycles", faults.len());
        assert_eq!(daemon.said(&[&recovered]), 1, "{call:?}: {:?}", daemon.log());
    }
    daemon.stop().await;
}

#[test]
fn a_write_whose_answer_was_lost_is_found_done() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        cluster.apply(&web("lost")).await.unwrap();
        provider.0.lose_next_answer(Call::Apply, 504);
        let mut daemon = provider.daemon_in(&cluster, "lost", &["service"]);
        provider.until_records_are("written all the same", web_records("lost")).await;
        daemon.until_cycles_pass(3).await;
        assert_eq!(provider.applies(), 1);
        daemon.stop().await;
    });
}

#[test]
fn a_provider_may_come_up_later_than_the_daemon() {
    test(async {
        let cluster = first_cluster().await;
        cluster.apply(&web("late")).await.unwrap();
        let port = free_port().unwrap();
        let provider = Provider::start().await;
        let url = format!("--webhook-provider-url=http://127.0.0.1:{port}");
        let flags = provider.flags_in(&cluster, "late", &["service"]);
        let mut daemon = Daemon::start(&with(&flags, &[&url]));
        daemon.until_it_says(&["failure 3 in a row"]).await;
        assert!(daemon.is_healthy().await);
        let provider = Provider(WebhookStandIn::start_on(port, json!({})).await.unwrap());
        provider.until_records_are("the provider is up", web_records("late")).await;
        daemon.stop().await;
    });
}

#[test]
fn a_call_that_takes_too_long_is_given_up_and_made_again() {
    test(async {
        let cluster = first_cluster().await;
        cluster.apply(&web("slow")).await.unwrap();
        join_all(CALLS.map(async |call| {
            let provider = Provider::start().await;
            provider.0.delay(call, Duration::from_secs(600));
            let timeouts =
                ["--webhook-provider-read-timeout=200ms", "--webhook-provider-write-timeout=200ms"];
            let flags = provider.flags_in(&cluster, "slow", &["service"]);
            let mut daemon = Daemon::start(&with(&flags, &timeouts));
            until_async("two attempts", async || provider.0.count(call) >= 2).await;
            assert!(daemon.said(&["no complete answer within 400ms"]) > 0, "{:?}", daemon.log());
            assert!(daemon.is_healthy().await);
            provider.0.forget_calls();
            provider.until_records_are(&format!("{call:?} is quick again"), web_records("slow")).await;
            daemon.stop().await;
        }))
        .await;
    });
}

#[test]
fn a_single_run_fails_with_any_fault() {
    test(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("web.json");
        std::fs::write(&file, web("once").to_string()).unwrap();
        let manifests = format!("--manifests={}", file.display());
        let runs =
            CALLS.into_iter().flat_map(|call| faults(call).into_iter().map(move |fault| (call, fault)));
        join_all(runs.map(async |(call, fault)| {
            let provider = Provider::start().await;
            // A provider that does not answer at first gets five chances, and one more by the cycle itself.
            (0..6).for_each(|_| fault.prepare(&provider.0, call));
            let flags = with(&provider.flags(), &["--once", "--source=service", &manifests]);
            let output = daemon::run(&flags).await;
            let log = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{call:?} {fault:?}: {log}");
            assert!(log.contains("webhook provider: "), "{call:?} {fault:?}: {log}");
            assert!(provider.0.records().is_empty());
        }))
        .await;
        let nobody = format!("http://127.0.0.1:{}", free_port().unwrap());
        let flags = with(&provider_flags(&nobody), &["--once", "--source=service", &manifests]);
        let output = daemon::run(&flags).await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    });
}

#[test]
fn a_provider_without_records_may_list_null() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        cluster.apply(&web("null")).await.unwrap();
        provider.0.say_next(Call::Records, 200, MEDIA_TYPE, "null");
        let mut daemon = provider.daemon_in(&cluster, "null", &["service"]);
        provider.until_records_are("null is none", web_records("null")).await;
        assert_eq!(daemon.said(&["could not", " error "]), 0);
        daemon.stop().await;
    });
}

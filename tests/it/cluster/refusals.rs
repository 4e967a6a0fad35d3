//! A provider that refuses some of what it is sent, or wants to be left alone. The rest goes through, and what was refused is not
//! sent again and again.

use super::daemon::{self, Daemon, text, until_async};
use super::objects::{owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use serde_json::Value;
use std::time::{Duration, Instant};
use zonewright_testing::Call;

const NAMES: [&str; 8] = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"];

fn host(name: &str) -> String {
    format!("{name}.example.org")
}

fn services(namespace: &str) -> Vec<Value> {
    NAMES.map(|name| service(namespace, name, &host(name), "192.0.2.1")).to_vec()
}

fn records(namespace: &str, names: &[&str], address: &str) -> Vec<Value> {
    let resource = |name: &str| format!("service/{namespace}/{name}");
    names.iter().flat_map(|name| owned_a(&host(name), address, "me", &resource(name))).collect()
}

fn all_but(bad: &str) -> Vec<&'static str> {
    NAMES.into_iter().filter(|name| *name != bad).collect()
}

#[test]
fn one_record_that_is_refused_harms_nobody_else() {
    test(async {
        let cluster = first_cluster().await;
        for service in services("refused") {
            cluster.apply(&service).await.unwrap();
        }
        for (status, most_writes) in [(400, 7), (422, 7), (404, 7), (413, 7), (409, 9), (500, 9)] {
            let provider = Provider::start().await;
            provider.0.refuse_names(&["n3.example.org"], status);
            let mut daemon = provider.daemon_in(&cluster, "refused", &["service"]);
            let others = records("refused", &all_but("n3"), "192.0.2.1");
            provider.until_records_are(&format!("all but one with {status}"), others).await;
            daemon.until_it_says(&["A n3.example.org is left alone: refused by the provider"]).await;
            let writes = provider.applies();
            assert!(writes <= most_writes, "{status}: {writes} writes");
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(provider.applies(), writes, "{status}: it is not sent again before its time");
            assert!(daemon.is_alive() && daemon.is_healthy().await);
            daemon.stop().await;
        }
    });
}

#[test]
fn another_wish_for_a_refused_record_goes_out_at_once() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        for service in services("mended") {
            cluster.apply(&service).await.unwrap();
        }
        provider.0.refuse_names(&["n3.example.org"], 400);
        let mut daemon = provider.daemon_in(&cluster, "mended", &["service"]);
        daemon.until_it_says(&["A n3.example.org is left alone: refused by the provider"]).await;
        provider.0.refuse_names(&[], 400);
        let begun = Instant::now();
        cluster.apply(&service("mended", "n3", &host("n3"), "192.0.2.3")).await.unwrap();
        let mut all = records("mended", &all_but("n3"), "192.0.2.1");
        all.extend(records("mended", &["n3"], "192.0.2.3"));
        provider.until_records_are("with another target", all).await;
        assert!(begun.elapsed() < Duration::from_secs(15), "quarantine lasts longer than this");
        daemon.stop().await;
    });
}

#[test]
fn a_provider_that_names_a_time_is_left_alone_until_then() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        cluster.apply(&service("throttled", "n0", &host("n0"), "192.0.2.1")).await.unwrap();
        provider.0.throttle_next(Call::Apply, 429, 3);
        let mut daemon = provider.daemon_in(&cluster, "throttled", &["service"]);
        until_async("the first attempt", async || provider.applies() == 1).await;
        let begun = Instant::now();
        let calls = || [Call::Records, Call::Adjust, Call::Apply].map(|call| provider.0.count(call));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let before = calls();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(calls(), before, "nothing is asked in between");
        assert!(daemon.is_healthy().await);
        provider.until_records_are("afterwards", records("throttled", &["n0"], "192.0.2.1")).await;
        assert!(begun.elapsed() > Duration::from_millis(2800));
        daemon.stop().await;
    });
}

#[test]
fn a_single_run_does_what_can_be_done_and_fails() {
    test(async {
        let folder = tempfile::tempdir().unwrap();
        for (name, service) in NAMES.iter().zip(services("x")) {
            std::fs::write(folder.path().join(format!("{name}.json")), service.to_string()).unwrap();
        }
        let provider = Provider::start().await;
        provider.0.refuse_names(&["n3.example.org"], 400);
        let manifests = format!("--manifests={}", folder.path().display());
        let flags = with(&provider.flags(), &["--once", "--source=service", &manifests]);
        let output = daemon::run(&flags).await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        provider.until_records_are("the others", records("x", &all_but("n3"), "192.0.2.1")).await;
        assert!(text(&output.stderr).contains("could not create A n3.example.org"));
    });
}

#[test]
fn a_large_plan_goes_out_in_several_requests() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        for service in services("large") {
            cluster.apply(&service).await.unwrap();
        }
        let flags = provider.flags_in(&cluster, "large", &["service"]);
        let mut daemon = Daemon::start(&with(&flags, &["--webhook-provider-max-changes=3"]));
        provider.until_records_are("all", records("large", &NAMES, "192.0.2.1")).await;
        let applied = provider.0.applied();
        let sizes = applied.iter().map(|body| body["create"].as_array().unwrap().len());
        assert_eq!(sizes.collect::<Vec<_>>(), [6, 6, 4], "each record with its ownership record");
        daemon.stop().await;
    });
}

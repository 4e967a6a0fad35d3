//! SIGTERM and SIGINT in the middle of anything: the end is prompt, and nothing is left half done.

use super::daemon::{Daemon, PROMPT, until};
use super::objects::{dns_endpoint, owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use serde_json::json;
use std::time::Duration;
use zonewright_testing::Call;

const FOREVER: Duration = Duration::from_secs(600);

#[test]
fn an_idle_daemon_ends_on_either_signal() {
    test(async {
        let cluster = first_cluster().await;
        for signal in ["TERM", "INT"] {
            let provider = Provider::start().await;
            let flags = provider.flags_in(&cluster, "idle", &["service"]);
            let mut daemon = Daemon::start(&with(&flags, &["--interval=1h"]));
            daemon.until_it_says(&["All records are already up to date"]).await;
            daemon.signal(signal);
            assert_eq!(daemon.ended(PROMPT).await, Some(0), "{signal}");
            assert_eq!(daemon.said(&["zonewright stops"]), 1);
        }
    });
}

#[test]
fn what_only_reads_is_given_up_at_once() {
    test(async {
        let cluster = first_cluster().await;
        cluster.apply(&service("reading", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        for (call, signal) in [(Call::Negotiate, "TERM"), (Call::Records, "INT"), (Call::Adjust, "TERM")] {
            let provider = Provider::start().await;
            provider.0.delay(call, FOREVER);
            let mut daemon = provider.daemon_in(&cluster, "reading", &["service"]);
            until("the slow call", || provider.0.count(call) == 1).await;
            daemon.signal(signal);
            assert_eq!(daemon.ended(PROMPT).await, Some(0), "{call:?}");
            assert_eq!(provider.applies(), 0);
        }
    });
}

/// Whoever started them (a job, a script) has to know that they did not do what they were to do.
#[test]
fn a_single_run_or_preview_that_is_cut_short_fails() {
    test(async {
        for words in [&["--once"][..], &["--once", "--dry-run"], &["plan"]] {
            let provider = Provider::start().await;
            provider.0.delay(Call::Records, FOREVER);
            // The subcommand is the first word.
            let words = words.iter().map(|word| (*word).to_owned());
            let own = ["--source=service".to_owned(), "--manifests=/dev/null".to_owned()];
            let mut daemon = Daemon::start(&words.chain(provider.flags()).chain(own).collect::<Vec<_>>());
            until("the slow call", || provider.0.count(Call::Records) == 1).await;
            daemon.signal("TERM");
            assert_eq!(daemon.ended(PROMPT).await, Some(1));
            assert_eq!(daemon.said(&["ended by a signal"]), 1, "{:?}", daemon.log());
        }
    });
}

#[test]
fn what_has_been_sent_is_waited_for() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let mut records = Vec::new();
        for number in 0..20 {
            let (name, host) = (format!("web{number}"), format!("web{number}.example.org"));
            cluster.apply(&service("writing", &name, &host, "192.0.2.1")).await.unwrap();
            records.extend(owned_a(&host, "192.0.2.1", "me", &format!("service/writing/{name}")));
        }
        provider.0.delay(Call::Apply, Duration::from_secs(1));
        let mut daemon = provider.daemon_in(&cluster, "writing", &["service"]);
        until("the slow write", || provider.applies() == 1).await;
        daemon.signal("TERM");
        assert_eq!(daemon.ended(PROMPT).await, Some(0));
        provider.until_records_are("all of it was written", records).await;
        assert_eq!(provider.applies(), 1);
        assert_eq!(daemon.said(&["20 created", "0 failed"]), 1, "{:?}", daemon.log());
    });
}

#[test]
fn a_second_signal_ends_it_at_once() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        cluster.apply(&service("impatient", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        provider.0.delay(Call::Apply, FOREVER);
        let mut daemon = provider.daemon_in(&cluster, "impatient", &["service"]);
        until("the slow write", || provider.applies() == 1).await;
        daemon.signal("TERM");
        daemon.signal("INT");
        assert_eq!(daemon.ended(PROMPT).await, Some(130));
    });
}

#[test]
fn objects_whose_status_is_still_to_be_written_hold_nobody_up() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let object = |number: usize| {
            dns_endpoint(
                "unwritten",
                &format!("e{number}"),
                &format!("e{number}.example.org"),
                "192.0.2.1",
                60,
            )
        };
        for number in 0..20 {
            cluster.apply(&object(number)).await.unwrap();
        }
        // Some statuses are written at once, the others take 15 seconds.
        let slow = ["--kube-api-qps=1", "--kube-api-burst=5"];
        let flags = provider.flags_in(&cluster, "unwritten", &["crd"]);
        let mut daemon = Daemon::start(&with(&flags, &slow));
        until("the write", || provider.applies() == 1).await;
        super::daemon::until_async("the first status", async || {
            let mut written = 0;
            for number in 0..20 {
                let stored = cluster.get(&object(number)).await.unwrap();
                written += usize::from(stored["status"]["observedGeneration"] == json!(1));
            }
            written > 0
        })
        .await;
        daemon.signal("TERM");
        assert_eq!(daemon.ended(PROMPT).await, Some(0));
    });
}

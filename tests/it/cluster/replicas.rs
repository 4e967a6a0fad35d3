//! Several replicas and one Lease: one writes, the others stand by, and take over when it ends, dies, stops or is cut off.

use super::daemon::{Daemon, PROMPT, until, until_async};
use super::objects::{owned_a, service};
use super::source_faults::{OF_SERVICES, as_user, grant};
use super::world::{Provider, first_cluster, test, with};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use zonewright_testing::{Call, KubeApiserver};

const LEASE: Duration = Duration::from_secs(3);
/// What it may take beyond the lease: a standby's last look at it, and a busy machine.
const SLACK: Duration = Duration::from_secs(3);
const ELECTION: [&str; 5] = [
    "--leader-elect",
    "--leader-election-namespace=default",
    "--leader-election-lease-duration=3s",
    "--leader-election-renew-deadline=2s",
    "--leader-election-retry-period=500ms",
];

fn flags(provider: &Provider, cluster: &KubeApiserver, namespace: &str) -> Vec<String> {
    let name = format!("--leader-election-lease-name={namespace}");
    let flags = with(&provider.flags_in(cluster, namespace, &["service"]), &ELECTION);
    with(&flags, &[&name])
}

fn lease(name: &str) -> Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"namespace": "default", "name": name}})
}

async fn holder(cluster: &KubeApiserver, name: &str) -> String {
    let lease = cluster.get(&lease(name)).await.unwrap();
    lease["spec"]["holderIdentity"].as_str().unwrap().to_owned()
}

fn leads(daemon: &Daemon) -> bool {
    daemon.said(&["this replica leads now"]) > daemon.said(&["this replica does not lead any more"])
}

/// The one of them that leads, once there is one.
async fn leader(daemons: &[Daemon]) -> usize {
    let mut found = None;
    until("a leader", || {
        found = daemons.iter().position(leads);
        found.is_some()
    })
    .await;
    found.unwrap()
}

async fn all_ready(daemons: &[Daemon]) {
    for daemon in daemons {
        until_async("readiness", async || daemon.get("/readyz").await == Some((200, "OK".to_owned()))).await;
    }
}

#[test]
fn one_of_three_writes_and_another_takes_over_when_it_is_killed() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let web = |address| service("three", "web", "web.example.org", address);
        let records = |address| owned_a("web.example.org", address, "me", "service/three/web");
        cluster.apply(&web("192.0.2.0")).await.unwrap();
        let flags = flags(&provider, &cluster, "three");
        let mut daemons: Vec<Daemon> = (0..3).map(|_| Daemon::start(&flags)).collect();
        provider.until_records_are("created", records("192.0.2.0")).await;
        all_ready(&daemons).await;
        for (round, address) in ["192.0.2.1", "192.0.2.2"].into_iter().enumerate() {
            let first = leader(&daemons).await;
            assert_eq!(daemons.iter().filter(|daemon| leads(daemon)).count(), 1);
            for (place, daemon) in daemons.iter().enumerate() {
                let state = if place == first { "leader" } else { "standby" };
                let metrics = daemon.metrics().await;
                assert_eq!(
                    metrics.value("external_dns_controller_lease_state", &[("state", state)]),
                    Some(1.0)
                );
            }
            let mut killed = daemons.remove(first);
            killed.signal("KILL");
            assert_eq!(killed.ended(PROMPT).await, None);
            let died = Instant::now();
            cluster.apply(&web(address)).await.unwrap();
            leader(&daemons).await;
            assert!(died.elapsed() < LEASE + SLACK, "{:?}", died.elapsed());
            provider.until_records_are("taken over", records(address)).await;
            assert_eq!(provider.applies(), round + 2, "each change is written once, by one");
        }
        for daemon in &mut daemons {
            daemon.stop().await;
        }
    });
}

#[test]
fn an_orderly_end_hands_over_at_once_and_writes_nothing_twice() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        cluster.apply(&service("orderly", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        // A lease so long that nobody would wait for its end here.
        let flags = with(&flags(&provider, &cluster, "orderly"), &["--leader-election-lease-duration=10m"]);
        let mut daemons: Vec<Daemon> = (0..2).map(|_| Daemon::start(&flags)).collect();
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/orderly/web");
        provider.until_records_are("created", web.clone()).await;
        let first = leader(&daemons).await;
        let mut ended = daemons.remove(first);
        ended.stop().await;
        assert_eq!(ended.said(&["is given up"]), 1);
        leader(&daemons).await;
        daemons[0].until_cycles_pass(3).await;
        provider.until_records_are("as they were", web).await;
        assert_eq!(provider.applies(), 1, "a handover changes nothing");
        daemons[0].stop().await;
        assert_eq!(holder(&cluster, "orderly").await, "");
    });
}

/// Stopped with a plan in hand that is one step from being written.
#[test]
fn a_leader_that_was_stopped_for_longer_than_the_lease_writes_nothing_more() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let web = |address| service("paused", "web", "web.example.org", address);
        let records = |address| owned_a("web.example.org", address, "me", "service/paused/web");
        cluster.apply(&web("192.0.2.1")).await.unwrap();
        let patient = ["--webhook-provider-read-timeout=1m"];
        let flags = with(&flags(&provider, &cluster, "paused"), &patient);
        let daemons: Vec<Daemon> = (0..2).map(|_| Daemon::start(&flags)).collect();
        provider.until_records_are("created", records("192.0.2.1")).await;
        all_ready(&daemons).await;
        let first = leader(&daemons).await;
        let (stopped, other) = (&daemons[first], &daemons[1 - first]);

        let wishes = || provider.0.adjusted().is_some_and(|wishes| wishes.to_string().contains("192.0.2.2"));
        provider.0.delay(Call::Adjust, Duration::from_secs(1));
        cluster.apply(&web("192.0.2.2")).await.unwrap();
        until("it plans the change", wishes).await;
        stopped.signal("STOP");
        provider.0.delay(Call::Adjust, Duration::ZERO);
        cluster.apply(&web("192.0.2.3")).await.unwrap();
        until("the other one leads", || leads(other)).await;
        provider.until_records_are("written by the other", records("192.0.2.3")).await;

        let applies = provider.applies();
        stopped.signal("CONT");
        until("it notices", || stopped.said(&["this replica does not lead any more"]) == 1).await;
        other.until_cycles_pass(10).await;
        assert_eq!(provider.applies(), applies);
        assert!(leads(other) && !leads(stopped));
        provider.until_records_are("as the other left them", records("192.0.2.3")).await;
    });
}

#[test]
fn a_leader_that_may_not_touch_its_lease_stands_by_and_comes_back() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "candidate";
        grant(&cluster, user, "read", &OF_SERVICES).await;
        cluster.apply(&service(user, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let flags = with(&as_user(&provider, &cluster, user, &["service"]), &ELECTION);
        let mut daemon = Daemon::start(&flags);
        daemon
            .until_it_says(&["lease default/zonewright-me cannot be read or written", "403 Forbidden"])
            .await;
        until_async("the reason", async || {
            daemon.get("/readyz").await.is_some_and(|(status, text)| {
                status == 503
                    && text.contains("[-]leadership failed: 403 Forbidden")
                    && text.contains("[+]services")
            })
        })
        .await;
        assert!(daemon.is_healthy().await && provider.applies() == 0);

        let lease: [(&str, &[&str], &[&str]); 1] =
            [("coordination.k8s.io", &["leases"], &["get", "create", "update"])];
        grant(&cluster, user, "lease", &lease).await;
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/candidate/web");
        provider.until_records_are("written", web).await;
        assert_eq!(daemon.said(&["cannot be read or written"]), 1, "{:?}", daemon.log());
        daemon.stop().await;
    });
}

#[test]
fn health_and_readiness_tell_the_truth() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "unready";
        grant(&cluster, user, "services", &OF_SERVICES).await;
        let mut daemon = Daemon::start(&as_user(&provider, &cluster, user, &["service", "ingress"]));
        let mut answer = None;
        until_async("an unready answer with a cycle done", async || {
            answer = daemon.get("/readyz").await;
            answer.as_ref().is_some_and(|(_, text)| text.contains("[+]sync ok"))
        })
        .await;
        let (status, text) = answer.unwrap();
        assert_eq!(status, 503);
        let refusal = "[-]ingresses.networking.k8s.io in namespace unready failed: cannot list \
                       ingresses.networking.k8s.io in namespace unready: 403 Forbidden";
        assert!(text.contains(refusal) && text.contains("[+]services in namespace unready ok"), "{text}");
        grant(&cluster, user, "ingresses", &[("networking.k8s.io", &["ingresses"], &["list", "watch"])])
            .await;
        all_ready(std::slice::from_ref(&daemon)).await;

        // A provider that is away for a while costs nobody's life or readiness.
        for _ in 0..50 {
            provider.0.fail_next(Call::Records, 503);
        }
        daemon.until_it_says(&["503"]).await;
        assert!(daemon.is_healthy().await);
        assert_eq!(daemon.get("/readyz").await, Some((200, "OK".to_owned())));
        let (status, text) = daemon.get("/healthz?verbose").await.unwrap();
        assert_eq!((status, text.as_str()), (200, "[+]loop ok\nhealthz check passed\n"));
        daemon.stop().await;
    });
}

//! From a real API server to the answer of BIND.

use super::{address, server_flags, start};
use crate::cluster::daemon::Daemon;
use crate::cluster::objects::ingress;
use crate::cluster::world::{first_cluster, flags, test};
use futures::future::join_all;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use zonewright_testing::{KubeApiserver, Make, NameServer};

const NAMESPACE: &str = "rfc2136";

fn daemon(cluster: &KubeApiserver, server: &NameServer) -> Daemon {
    let mut all = server_flags(server);
    all.extend(flags([
        "--policy=sync",
        "--txt-owner-id=me",
        "--source=ingress",
        "--interval=60s",
        "--kube-api-qps=1000",
        "--kube-api-burst=1000",
    ]));
    all.push(format!("--kubeconfig={}", cluster.kubeconfig_path().display()));
    all.push(format!("--namespace={NAMESPACE}"));
    all.push(format!("--rfc2136-tsig-secret={}", server.secret()));
    Daemon::start(&all)
}

/// How long a change takes from the request to the API server on.
struct Taken {
    /// Until the API server has answered.
    accepted: Duration,
    /// Until BIND has the answer.
    published: Duration,
}

/// Gives so many Ingresses an address.
async fn change(cluster: &KubeApiserver, server: &NameServer, count: usize, last: u8) -> Vec<Taken> {
    let target = Ipv4Addr::new(192, 0, 2, last);
    let one = async |n: usize| {
        let name = format!("n{n}");
        let host = format!("{name}.example.org");
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let begin = Instant::now();
        cluster.apply(&ingress(NAMESPACE, &name, &host, &target.to_string())).await.unwrap();
        let accepted = begin.elapsed();
        while address(&socket, server, &host).await != Some(target) {
            assert!(begin.elapsed() < Duration::from_secs(60), "{host} does not get its address");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Taken { accepted, published: begin.elapsed() }
    };
    join_all((0..count).map(one)).await
}

#[test]
fn a_change_in_kubernetes_arrives_at_bind() {
    test(async {
        let (cluster, server) = (first_cluster().await, start(Make::Bind).await);
        let daemon = daemon(&cluster, &server);
        for last in 1..4 {
            change(&cluster, &server, 3, last).await;
        }
        assert_eq!(daemon.said(&["ERROR"]), 0, "{:#?}", daemon.log());
        let transfers = server.log().matches("AXFR started").count();
        assert_eq!(transfers, 1, "what it writes is not transferred again");
        let gone = ingress(NAMESPACE, "n0", "n0.example.org", "192.0.2.3");
        cluster.delete(&gone).await.unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let begin = Instant::now();
        while address(&socket, &server, "n0.example.org").await.is_some() {
            assert!(begin.elapsed() < Duration::from_secs(30), "n0 stays");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

/// `benches/rfc2136` runs this.
#[test]
#[ignore = "measures, and asserts nothing that the machine's load could spoil"]
fn measure() {
    test(async {
        let (cluster, server) = (first_cluster().await, start(Make::Bind).await);
        let _daemon = daemon(&cluster, &server);
        change(&cluster, &server, 1, 250).await;
        for (count, rounds) in [(1, 30), (10, 15), (500, 3)] {
            let mut times = Vec::new();
            for round in 0..rounds {
                times.extend(change(&cluster, &server, count, 1 + round).await);
            }
            let published = median_and_worst(times.iter().map(|taken| taken.published));
            let accepted = median_and_worst(times.iter().map(|taken| taken.accepted));
            eprintln!("{count} objects at once: {published}; of that the API server alone: {accepted}");
        }
    });
}

fn median_and_worst(times: impl Iterator<Item = Duration>) -> String {
    let mut times: Vec<_> = times.collect();
    times.sort();
    format!("median {:.1?}, worst {:.1?}", times[times.len() / 2], times[times.len() - 1])
}

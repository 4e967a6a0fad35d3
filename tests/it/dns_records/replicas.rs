//! Several replicas with one Lease: one writes records and objects, and another goes on where it ended.

use super::*;
use crate::cluster::daemon::Daemon;
use crate::cluster::objects::service;
use crate::cluster::world::{Provider, with};
use crate::program::until;

#[test]
fn who_takes_over_knows_the_objects_that_the_other_wrote() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let web = |address| service("crd-replicas", "web", "web.example.org", address);
        cluster.apply(&web("192.0.2.0")).await.unwrap();
        let flags = with(
            &provider.flags_in(&cluster, "crd-replicas", &["service"]),
            &[
                "--registry=crd",
                "--crd-registry-namespace=crd-replicas",
                "--leader-elect",
                "--leader-election-namespace=crd-replicas",
                "--leader-election-lease-name=crd-replicas",
                "--leader-election-lease-duration=3s",
                "--leader-election-renew-deadline=2s",
                "--leader-election-retry-period=500ms",
            ],
        );
        let kubeconfig = cluster.kubeconfig_path();
        let stage = Stage { cluster, objects: Objects::new(), namespace: "crd-replicas", kubeconfig };
        let mut daemons: Vec<Daemon> = (0..2).map(|_| Daemon::start(&flags)).collect();
        let holds = |address: &str| {
            let records = provider.0.records();
            records.len() == 1 && records[0]["targets"][0] == address
        };
        until("a record", || holds("192.0.2.0")).await;
        for address in ["192.0.2.1", "192.0.2.2"] {
            let leads = |daemon: &Daemon| {
                daemon.said(&["this replica leads now"])
                    > daemon.said(&["this replica does not lead any more"])
            };
            let mut leader = None;
            until("a leader", || {
                leader = daemons.iter().position(leads);
                leader.is_some()
            })
            .await;
            drop(daemons.remove(leader.unwrap()));
            stage.cluster.apply(&web(address)).await.unwrap();
            daemons.push(Daemon::start(&flags));
            until("the change", || holds(address)).await;
        }
        let expected = rows(&[("web.example.org", "me [192.0.2.2] Programmed")]);
        while stage.rows().await != expected {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(daemons.iter().all(|daemon| daemon.said(&["conflict"]) == 0));
    });
}

//! Two daemons with owner ids of their own at one provider, over files, that share a name: each adds its addresses, each takes only
//! its own along, and afterwards both are quiet. The interval never comes round, so that whatever happens is done at once.

use crate::cluster::daemon::{Daemon, run, text, until};
use crate::cluster::world::test;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use zonewright_testing::{Call, WebhookStandIn};

const NAME: &str = "www.example.org";
const SHARED: &str = "external-dns.kubernetes.io/shared";

/// The files of one cluster, and the flags of its daemon.
struct Cluster {
    folder: tempfile::TempDir,
    flags: Vec<String>,
}

impl Cluster {
    fn new(owner: &str, provider: &WebhookStandIn, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = folder.path().join("objects");
        std::fs::create_dir(&objects).unwrap();
        let own = [
            format!("--manifests={}", objects.display()),
            format!("--webhook-provider-url={}", provider.url()),
            format!("--txt-owner-id={owner}"),
        ];
        let fixed = ["--provider=webhook", "--source=ingress", "--policy=sync", "--interval=1h", "--events"];
        let flags = own.into_iter().chain(fixed.iter().chain(more).map(|flag| (*flag).to_owned())).collect();
        let cluster = Self { folder, flags };
        cluster.publish::<&str>(&[], true);
        cluster
    }

    /// There is an Ingress with these addresses; none for no Ingress at all.
    fn publish<T: AsRef<str>>(&self, addresses: &[T], is_marked: bool) {
        let addresses: Vec<Value> = addresses.iter().map(|ip| json!({ "ip": ip.as_ref() })).collect();
        let items = if addresses.is_empty() {
            json!([])
        } else {
            json!([{
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {
                    "name": "web", "namespace": "x",
                    "annotations": if is_marked { json!({ SHARED: "true" }) } else { json!({}) },
                },
                "spec": { "rules": [{ "host": NAME }] },
                "status": { "loadBalancer": { "ingress": addresses } },
            }])
        };
        // In one step, so that no half of it is read.
        let text = json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string();
        std::fs::write(self.path("new"), text).unwrap();
        std::fs::rename(self.path("new"), self.path("objects").join("all.json")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self) -> Daemon {
        Daemon::start(&self.flags)
    }
}

fn of_type<'a>(records: &'a [Value], record_type: &str) -> impl Iterator<Item = &'a Value> {
    records.iter().filter(move |record| record["recordType"] == record_type)
}

fn addresses(provider: &WebhookStandIn) -> BTreeSet<String> {
    let records = provider.records();
    let of_name = of_type(&records, "A").filter(|record| record["dnsName"] == NAME);
    let targets = of_name.flat_map(|record| record["targets"].as_array().cloned().unwrap_or_default());
    targets.filter_map(|target| target.as_str().map(str::to_owned)).collect()
}

fn rows(provider: &WebhookStandIn) -> Vec<String> {
    of_type(&provider.records(), "TXT").map(|row| row["targets"][0].to_string()).collect()
}

/// Waits until the name points at these addresses, and no row is left of what does not stand there.
async fn until_settled(provider: &WebhookStandIn, what: &str, expected: &[&str], owners: usize) {
    let expected: BTreeSet<String> = expected.iter().map(|address| (*address).to_owned()).collect();
    until(what, || {
        let rows = rows(provider);
        addresses(provider) == expected
            && rows.len() == owners
            && rows.iter().all(|row| row.contains("zonewright/owner=") && !row.contains("leaving"))
    })
    .await;
}

#[test]
fn two_clusters_share_a_name_and_each_takes_its_own_along() {
    test(async {
        let provider = WebhookStandIn::start(json!({})).await.unwrap();
        let blue = Cluster::new("blue", &provider, &[]);
        let green = Cluster::new("green", &provider, &["--txt-shared-names=example.org"]);
        blue.publish(&["192.0.2.1"], true);
        let mut first = blue.start();
        until_settled(&provider, "blue begins", &["192.0.2.1"], 1).await;
        let mut second = green.start();
        green.publish(&["192.0.2.2", "192.0.2.3"], false);
        until_settled(&provider, "green joins", &["192.0.2.1", "192.0.2.2", "192.0.2.3"], 2).await;

        let explained =
            run(&[vec!["explain".to_owned(), NAME.to_owned()], blue.flags.clone()].concat()).await;
        let shown = text(&explained.stdout);
        assert_eq!(explained.status.code(), Some(0), "{shown}");
        assert!(shown.contains("owner \"green\" has 192.0.2.2, 192.0.2.3 in the A record"), "{shown}");

        // A write that knew less than the others, as two at one moment could make: the next look puts it right.
        blue.publish(&["192.0.2.4"], true);
        until_settled(&provider, "blue moves", &["192.0.2.4", "192.0.2.2", "192.0.2.3"], 2).await;
        let without_green: Vec<Value> = provider
            .records()
            .into_iter()
            .map(|mut record| {
                if record["recordType"] == "A" {
                    record["targets"] = json!(["192.0.2.4"]);
                }
                record
            })
            .collect();
        provider.set_records(without_green);
        blue.publish(&["192.0.2.5"], true);
        until_settled(&provider, "green's are back", &["192.0.2.5", "192.0.2.2", "192.0.2.3"], 2).await;

        // Green is killed and never comes back; whoever cleans up after it takes its addresses and no others.
        second.signal("KILL");
        assert_eq!(second.ended(Duration::from_secs(5)).await, None);
        green.publish::<&str>(&[], false);
        let mut second = green.start();
        until_settled(&provider, "green leaves", &["192.0.2.5"], 1).await;
        blue.publish::<&str>(&[], true);
        until_settled(&provider, "and blue", &[], 0).await;
        assert_eq!(provider.records(), Vec::<Value>::new());

        // Nobody has anything left to do, and nobody looks again.
        let (writes, lists) = (provider.count(Call::Apply), provider.count(Call::Records));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!((provider.count(Call::Apply), provider.count(Call::Records)), (writes, lists));
        for daemon in [&mut first, &mut second] {
            assert_eq!(daemon.said(&["somebody else undid"]), 0);
            daemon.stop().await;
        }
    });
}

/// Both keep starting and stopping to publish at the same moments: no write of one takes the other along for good.
#[test]
fn two_clusters_that_change_at_the_same_moments_come_to_rest() {
    test(async {
        let provider = WebhookStandIn::start(json!({})).await.unwrap();
        let third = Cluster::new("red", &provider, &[]);
        third.publish(&["192.0.2.9"], true);
        let mut anchor = third.start();
        until_settled(&provider, "the record is there", &["192.0.2.9"], 1).await;
        let clusters = ["blue", "green"].map(|owner| Cluster::new(owner, &provider, &[]));
        let mut daemons = clusters.each_ref().map(Cluster::start);
        for round in 0..4 {
            for (index, cluster) in clusters.iter().enumerate() {
                let address = format!("198.51.100.{}", 10 * index + round);
                cluster.publish(if round == 2 { &[] } else { std::slice::from_ref(&address) }, true);
            }
            let mine = |index: usize| format!("198.51.100.{}", 10 * index + round);
            let (blue, green) = (mine(0), mine(1));
            let expected: Vec<&str> = match round {
                2 => vec!["192.0.2.9"],
                _ => vec!["192.0.2.9", &blue, &green],
            };
            until_settled(&provider, "both at once", &expected, expected.len()).await;
        }
        for daemon in daemons.iter_mut().chain([&mut anchor]) {
            assert_eq!(daemon.said(&["somebody else undid"]), 0);
            daemon.stop().await;
        }
    });
}

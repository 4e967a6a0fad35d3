//! Objects come, change and go over many cycles, with restarts in between. The records are those of a model at every turn.

use super::daemon::Daemon;
use super::objects::{dns_endpoint, gateway, http_route, ingress, owned_a, service};
use super::world::{Provider, own_cluster, test, with};
use serde_json::{Value, json};
use zonewright_testing::KubeApiserver;

const NAMESPACE: &str = "lifecycle";
const GATEWAYS: [(&str, &str); 2] = [("east", "198.51.100.1"), ("west", "198.51.100.2")];
const SLOTS: usize = 12;
const BATCHES: usize = 15;
/// Operations between two looks at the records.
const BATCH: usize = 4;

/// What an object asks for. Which kind it is follows from its slot.
#[derive(Clone, PartialEq)]
struct Wish {
    host: usize,
    address: usize,
}

struct Model {
    objects: Vec<Option<Wish>>,
    random: u64,
}

impl Model {
    /// The same numbers on every run: xorshift64, <https://www.jstatsoft.org/article/view/v008i14>.
    fn random(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 33) as usize % below
    }

    /// Changes some objects, each at most once and each so that it shows in the records. A batch that left a record as it was
    /// could look finished before its last event has been seen.
    async fn operate(&mut self, cluster: &KubeApiserver) {
        let mut touched = Vec::new();
        while touched.len() < BATCH {
            let slot = self.random(SLOTS);
            if touched.contains(&slot) {
                continue;
            }
            touched.push(slot);
            let before = self.objects[slot].clone();
            let fate = self.random(3);
            let wish = Wish { host: self.random(3), address: self.random(GATEWAYS.len()) };
            match before {
                Some(before) if fate == 0 || before == wish => {
                    cluster.delete(&object(slot, &before)).await.unwrap();
                    self.objects[slot] = None;
                }
                _ => {
                    cluster.apply(&object(slot, &wish)).await.unwrap();
                    self.objects[slot] = Some(wish);
                }
            }
        }
    }

    fn records(&self) -> Vec<Value> {
        let wishes = self.objects.iter().enumerate().filter_map(|(slot, wish)| Some((slot, wish.as_ref()?)));
        wishes.flat_map(|(slot, wish)| records(slot, wish)).collect()
    }
}

fn host(slot: usize, wish: &Wish) -> String {
    format!("h{}.s{slot}.example.org", wish.host)
}

/// Kinds in turn. Addresses of Routes are those of their Gateways, so there are as many for each object.
fn object(slot: usize, wish: &Wish) -> Value {
    let (name, host) = (format!("o{slot}"), host(slot, wish));
    let (gateway, address) = GATEWAYS[wish.address];
    match slot % 4 {
        0 => service(NAMESPACE, &name, &host, address),
        1 => ingress(NAMESPACE, &name, &host, address),
        2 => http_route(NAMESPACE, &name, gateway, &host),
        _ => dns_endpoint(NAMESPACE, &name, &host, address, 300),
    }
}

fn records(slot: usize, wish: &Wish) -> Vec<Value> {
    let kind = ["service", "ingress", "httproute", "crd"][slot % 4];
    let resource = format!("{kind}/{NAMESPACE}/o{slot}");
    let mut records = owned_a(&host(slot, wish), GATEWAYS[wish.address].1, "me", &resource);
    if kind == "crd" {
        records[0]["recordTTL"] = json!(300);
    }
    records
}

struct Scene {
    provider: Provider,
    cluster: KubeApiserver,
    daemon: Daemon,
    model: Model,
}

impl Scene {
    async fn start() -> Self {
        let (provider, cluster) = (Provider::start().await, own_cluster().await);
        for (name, address) in GATEWAYS {
            cluster.apply(&gateway(NAMESPACE, name, address)).await.unwrap();
        }
        let daemon = Self::daemon(&provider, &cluster);
        let model = Model { objects: vec![None; SLOTS], random: 0x5eed_0f0b_1ec7_5001 };
        Self { provider, cluster, daemon, model }
    }

    fn daemon(provider: &Provider, cluster: &KubeApiserver) -> Daemon {
        let sources = ["service", "ingress", "gateway-httproute", "crd"];
        let flags = provider.flags_in(cluster, NAMESPACE, &sources);
        // Of a dozen objects, some batches delete more at once than anybody does who means it.
        Daemon::start(&with(&flags, &["--no-delete-guard"]))
    }

    /// The records become those of the model, and then there is nothing more to do.
    async fn settles(&self, what: &str) {
        self.provider.until_records_are(what, self.model.records()).await;
        self.is_quiet(what).await;
    }

    async fn is_quiet(&self, what: &str) {
        let applies = self.provider.applies();
        self.daemon.until_cycles_pass(2).await;
        assert_eq!(self.provider.applies(), applies, "{what}: a second cycle found something to do");
    }
}

#[test]
fn records_follow_objects_through_changes_and_restarts() {
    test(async {
        let mut scene = Scene::start().await;
        for batch in 0..BATCHES {
            match batch {
                5 => {
                    scene.daemon.stop().await;
                    scene.model.operate(&scene.cluster).await;
                    scene.daemon = Scene::daemon(&scene.provider, &scene.cluster);
                }
                10 => {
                    scene.cluster.stop_apiserver();
                    scene.is_quiet("without API server").await;
                    scene.cluster.start_apiserver().await.unwrap();
                    scene.is_quiet("after the API server's return").await;
                    scene.model.operate(&scene.cluster).await;
                }
                _ => scene.model.operate(&scene.cluster).await,
            }
            scene.settles(&format!("batch {batch}")).await;
        }
        let errors = scene.daemon.said(&["Z error "]);
        assert_eq!(errors, 0, "{}", scene.daemon.log().join("\n"));
        scene.daemon.stop().await;
    });
}

#[test]
fn a_record_stays_while_its_object_has_no_address_and_goes_with_the_object() {
    test(async {
        let (provider, cluster) = (Provider::start().await, super::world::first_cluster().await);
        let web = |address| service("hold", "web", "web.example.org", address);
        cluster.apply(&web("192.0.2.1")).await.unwrap();
        let mut daemon = provider.daemon_in(&cluster, "hold", &["service"]);
        let records = owned_a("web.example.org", "192.0.2.1", "me", "service/hold/web");
        provider.until_records_are("created", records.clone()).await;
        cluster.apply(&web("")).await.unwrap();
        // Tells that the change before has been seen.
        cluster.apply(&service("hold", "late", "late.example.org", "192.0.2.2")).await.unwrap();
        let late = owned_a("late.example.org", "192.0.2.2", "me", "service/hold/late");
        provider.until_records_are("held", [records, late.clone()].concat()).await;
        daemon.until_cycles_pass(2).await;
        assert_eq!(provider.applies(), 2);
        cluster.delete(&web("")).await.unwrap();
        provider.until_records_are("deleted", late).await;
        daemon.stop().await;
    });
}

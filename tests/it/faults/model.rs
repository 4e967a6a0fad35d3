//! The objects of a scenario: what they ask for, how they change at random, and the records that must come of them.

use super::judge::Judge;
use super::random::Random;
use crate::cluster::objects::{dns_endpoint, gateway, http_route, ingress, normal, service};
use serde_json::{Value, json};
use std::collections::HashSet;
use zonewright_testing::KubeApiserver;

const GATEWAYS: [&str; 2] = ["east", "west"];
/// Load balancers have addresses or, the last one, a name: going from one to the other changes the type of the record.
const TARGETS: [&str; 3] = ["198.51.100.1", "198.51.100.2", "lb.example.net"];
pub const SOURCES: [&str; 4] = ["service", "ingress", "gateway-httproute", "crd"];
const KINDS: [&str; 4] = ["service", "ingress", "httproute", "crd"];
/// The kind of a slot that holds DNSEndpoints.
const CUSTOM: usize = 3;

/// What an object asks for. Which kind it is follows from its slot.
#[derive(Clone, PartialEq, Debug)]
struct Wish {
    host: String,
    target: usize,
    /// The load balancer has lost its address, or the route is not accepted any more.
    is_away: bool,
}

pub struct Model {
    namespace: String,
    objects: Vec<Option<Wish>>,
    away: [bool; GATEWAYS.len()],
    names: usize,
    /// Names that were given up since the records were last known to be right, by slot.
    given_up: Vec<String>,
    /// Names whose records are gone, to be asked for again.
    free: Vec<String>,
    pub operations: usize,
}

impl Model {
    pub fn new(namespace: &str, slots: usize) -> Self {
        Self {
            namespace: namespace.to_owned(),
            objects: vec![None; slots],
            away: Default::default(),
            names: 0,
            given_up: Vec::new(),
            free: Vec::new(),
            operations: 0,
        }
    }

    /// Puts up the gateways.
    pub async fn prepare(&self, cluster: &KubeApiserver) {
        for gateway in 0..GATEWAYS.len() {
            cluster.apply(&self.gateway(gateway)).await.unwrap();
        }
    }

    fn gateway(&self, index: usize) -> Value {
        let mut gateway = gateway(&self.namespace, GATEWAYS[index], TARGETS[index]);
        if self.away[index] {
            gateway["status"]["addresses"] = json!([]);
        }
        gateway
    }

    fn new_host(&mut self, random: &mut Random) -> String {
        if !self.free.is_empty() && random.once_in(2) {
            return self.free.swap_remove(random.below(self.free.len()));
        }
        self.names += 1;
        format!("n{}.example.org", self.names)
    }

    /// Changes one object, or the gateway of many.
    pub async fn operate(&mut self, cluster: &KubeApiserver, judge: &Judge, random: &mut Random) {
        self.operations += 1;
        if random.once_in(12) {
            let index = random.below(GATEWAYS.len());
            self.away[index] = !self.away[index];
            cluster.apply(&self.gateway(index)).await.unwrap();
            return;
        }
        let slot = random.below(self.objects.len());
        let Some(before) = self.objects[slot].clone() else {
            let wish =
                Wish { host: self.new_host(random), target: random.below(TARGETS.len()), is_away: false };
            return self.put(slot, wish, cluster, judge).await;
        };
        match random.below(6) {
            0 => {
                self.give_up(&before.host, judge);
                self.objects[slot] = None;
                cluster.delete(&self.object(slot, &before)).await.unwrap();
            }
            1 => {
                self.give_up(&before.host, judge);
                let wish = Wish { host: self.new_host(random), ..before };
                self.put(slot, wish, cluster, judge).await;
            }
            2 | 3 => {
                let target = random.below(TARGETS.len());
                self.put(slot, Wish { target, is_away: false, ..before }, cluster, judge).await;
            }
            _ => {
                let is_away = !before.is_away;
                self.put(slot, Wish { is_away, ..before }, cluster, judge).await;
            }
        }
    }

    fn give_up(&mut self, host: &str, judge: &Judge) {
        judge.gives_up(host);
        self.given_up.push(host.to_owned());
    }

    async fn put(&mut self, slot: usize, wish: Wish, cluster: &KubeApiserver, judge: &Judge) {
        judge.wants(&wish.host, target(slot, &wish));
        let object = self.object(slot, &wish);
        self.objects[slot] = Some(wish);
        cluster.apply(&object).await.unwrap();
    }

    /// Gives back every address, so that it is certain what the records are to be.
    pub async fn restore(&mut self, cluster: &KubeApiserver) {
        for index in 0..GATEWAYS.len() {
            if std::mem::take(&mut self.away[index]) {
                cluster.apply(&self.gateway(index)).await.unwrap();
            }
        }
        for slot in 0..self.objects.len() {
            let Some(wish) = &mut self.objects[slot] else { continue };
            if std::mem::take(&mut wish.is_away) {
                let wish = wish.clone();
                cluster.apply(&self.object(slot, &wish)).await.unwrap();
            }
        }
    }

    /// All DNSEndpoints are about to be gone.
    pub fn lose_custom_objects(&mut self, judge: &Judge) {
        for slot in (0..self.objects.len()).filter(|slot| slot % KINDS.len() == CUSTOM) {
            if let Some(wish) = self.objects[slot].take() {
                self.give_up(&wish.host, judge);
            }
        }
    }

    /// The records are those of the objects: names that were given up are free again.
    pub fn is_settled(&mut self) {
        self.free.append(&mut self.given_up);
    }

    /// These records in order, less ownership records without their record that something speaks for: a record of another type at
    /// the name, or another record of the object that they name. Where a provider ended half-way they stay for as long as that
    /// is so (docs/concepts/ownership.md). Also tells how many.
    pub fn without_leftovers(&self, records: Vec<Value>) -> (Vec<Value>, usize) {
        let records = normal(records);
        let text = |record: &Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
        let sites: HashSet<(String, String)> =
            records.iter().map(|record| (text(record, "dnsName"), text(record, "recordType"))).collect();
        let names: HashSet<&String> = sites.iter().map(|(name, _)| name).collect();
        let living = self.objects.iter().enumerate().filter(|(_, wish)| wish.is_some());
        let living: Vec<String> =
            living.map(|(slot, _)| format!("resource={}\"", self.resource(slot))).collect();
        let is_leftover = |record: &&Value| {
            let (row, says) = (text(record, "dnsName"), record["targets"][0].as_str().unwrap_or_default());
            let Some((kind, name)) = row.split_once('-') else { return false };
            let has_record = sites.contains(&(name.to_owned(), kind.to_uppercase()));
            let is_spoken_for =
                || names.contains(&name.to_owned()) || living.iter().any(|resource| says.ends_with(resource));
            says.contains("owner=me,") && !has_record && is_spoken_for()
        };
        let (left, rest): (Vec<&Value>, Vec<&Value>) = records.iter().partition(is_leftover);
        (rest.into_iter().cloned().collect(), left.len())
    }

    fn resource(&self, slot: usize) -> String {
        format!("{}/{}/o{slot}", KINDS[slot % KINDS.len()], self.namespace)
    }

    /// A name that some object asks for.
    pub fn any_name(&self, random: &mut Random) -> Option<String> {
        let names: Vec<&String> = self.objects.iter().flatten().map(|wish| &wish.host).collect();
        (!names.is_empty()).then(|| names[random.below(names.len())].clone())
    }

    pub fn len(&self) -> usize {
        self.objects.iter().flatten().count()
    }

    fn object(&self, slot: usize, wish: &Wish) -> Value {
        let (namespace, name) = (self.namespace.as_str(), format!("o{slot}"));
        let target = target(slot, wish);
        let address = if wish.is_away || !is_address(target) { "" } else { target };
        let mut object = match slot % KINDS.len() {
            0 => service(namespace, &name, &wish.host, address),
            1 => ingress(namespace, &name, &wish.host, address),
            2 => http_route(namespace, &name, GATEWAYS[wish.target % GATEWAYS.len()], &wish.host),
            _ => dns_endpoint(namespace, &name, &wish.host, target, 300),
        };
        match slot % KINDS.len() {
            0 | 1 if !wish.is_away && !is_address(target) => {
                object["status"]["loadBalancer"]["ingress"] = json!([{"hostname": target}]);
            }
            2 if wish.is_away => {
                object["status"]["parents"][0]["conditions"][0]["status"] = json!("False");
            }
            CUSTOM => object["spec"]["endpoints"][0]["recordType"] = json!(record_type(target)),
            _ => {}
        }
        object
    }

    /// The records that the objects ask for.
    pub fn records(&self) -> Vec<Value> {
        let wishes = self.objects.iter().enumerate().filter_map(|(slot, wish)| Some((slot, wish.as_ref()?)));
        wishes.flat_map(|(slot, wish)| self.records_of(slot, wish)).collect()
    }

    fn records_of(&self, slot: usize, wish: &Wish) -> Vec<Value> {
        let kind = KINDS[slot % KINDS.len()];
        let target = target(slot, wish);
        let record_type = record_type(target);
        let row = format!(
            "\"heritage=external-dns,external-dns/owner=me,external-dns/resource={}\"",
            self.resource(slot)
        );
        let row_name = format!("{}-{}", record_type.to_lowercase(), wish.host);
        let mut records = vec![
            json!({"dnsName": wish.host, "recordType": record_type, "targets": [target]}),
            json!({"dnsName": row_name, "recordType": "TXT", "targets": [row]}),
        ];
        if kind == "crd" {
            records[0]["recordTTL"] = json!(300);
        }
        records
    }
}

/// Routes have the address of their gateway.
fn target(slot: usize, wish: &Wish) -> &'static str {
    match slot % KINDS.len() {
        2 => TARGETS[wish.target % GATEWAYS.len()],
        _ => TARGETS[wish.target],
    }
}

fn is_address(target: &str) -> bool {
    target.parse::<std::net::IpAddr>().is_ok()
}

fn record_type(target: &str) -> &'static str {
    if is_address(target) { "A" } else { "CNAME" }
}

/// What others keep in the zone: with an owner of their own, with none, and of types that are never ours.
pub fn foreign_records() -> Vec<Value> {
    let row = |owner: &str| format!("\"heritage=external-dns,external-dns/owner={owner}\"");
    let mut records = vec![
        json!({"dnsName": "example.org", "recordType": "NS", "targets": ["ns1.example.net"]}),
        json!({"dnsName": "example.org", "recordType": "MX", "targets": ["10 mail.example.net"]}),
        json!({"dnsName": "free.example.org", "recordType": "TXT", "targets": ["\"v=spf1 -all\""]}),
        json!({"dnsName": "plain.example.org", "recordType": "A", "targets": ["192.0.2.99"]}),
        json!({"dnsName": "theirs.example.org", "recordType": "A", "targets": ["192.0.2.98"]}),
        json!({"dnsName": "a-theirs.example.org", "recordType": "TXT", "targets": [row("them")]}),
    ];
    for index in 0..6 {
        let name = format!("f{index}.example.org");
        records.push(json!({"dnsName": name, "recordType": "A", "targets": [format!("192.0.2.{index}")]}));
        if index % 2 == 0 {
            let row = row("them");
            records.push(json!({"dnsName": format!("a-{name}"), "recordType": "TXT", "targets": [row]}));
        }
    }
    records
}

/// Objects that ask for names which are not ours to have.
pub fn thieves(namespace: &str) -> [Value; 2] {
    [
        service(namespace, "thief", "plain.example.org", "198.51.100.66"),
        ingress(namespace, "thief", "theirs.example.org", "198.51.100.66"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::objects::owned_a;

    #[test]
    fn only_rows_that_something_speaks_for_are_left_out() {
        let mut model = Model::new("x", 4);
        let host = "n1.example.org".to_owned();
        model.objects[0] = Some(Wish { host, target: 0, is_away: false });
        let row = |name: &str, resource: &str| owned_a(name, "", "me", resource).remove(1);
        let mut records = model.records();
        records.push(row("moved.example.org", "service/x/o0"));
        assert_eq!(model.without_leftovers(records.clone()), (normal(model.records()), 1));
        let mut other_type = row("n1.example.org", "crd/x/o3");
        other_type["dnsName"] = json!("aaaa-n1.example.org");
        records.push(other_type);
        assert_eq!(model.without_leftovers(records.clone()).1, 2);
        records.push(row("gone.example.org", "crd/x/o3"));
        assert_eq!(model.without_leftovers(records.clone()).1, 2, "nothing speaks for this one");
    }
}

use super::world::World;
use crate::sources::pipeline::{Nat64Prefixes, PipelineSettings, TargetNetworks};
use crate::sources::settings::{GatewaySettings, Settings};
use crate::sources::store::CacheStatus;
use crate::sources::tenancy::{NameHolders, Tenancy};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use zonewright_planner::DnsName;

/// Small numbers that an object is made of.
#[derive(Debug, Clone, Copy)]
struct Seed {
    kind: usize,
    namespace: usize,
    name: usize,
    other: usize,
    variant: usize,
}

#[derive(Debug, Clone)]
enum Step {
    Apply(Seed),
    ApplyUnseen(Seed),
    Break(Seed),
    Remove(Seed),
    RemoveUnseen(Seed),
    Relist(usize),
    Fail(usize),
}

const KINDS: [&str; 10] = [
    "Service",
    "EndpointSlice",
    "Pod",
    "Node",
    "Ingress",
    "HTTPRoute",
    "Gateway",
    "ListenerSet",
    "Namespace",
    "DNSEndpoint",
];

fn seed() -> impl Strategy<Value = Seed> {
    (0..KINDS.len(), 0..2usize, 0..2usize, 0..3usize, 0..6usize)
        .prop_map(|(kind, namespace, name, other, variant)| Seed { kind, namespace, name, other, variant })
}

/// A cluster where nearly every object is there.
fn cluster() -> impl Strategy<Value = Vec<Seed>> {
    let all = (0..KINDS.len()).flat_map(|kind| [0, 1, 2, 3].map(|place| (kind, place)));
    let each = all.map(|(kind, place)| {
        (prop::bool::weighted(0.9), 0..3usize, 0..6usize).prop_map(move |(there, other, variant)| {
            there.then_some(Seed { kind, namespace: place / 2, name: place % 2, other, variant })
        })
    });
    each.collect::<Vec<_>>().prop_map(|seeds| seeds.into_iter().flatten().collect())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => seed().prop_map(Step::Apply),
        3 => seed().prop_map(Step::Remove),
        1 => seed().prop_map(Step::ApplyUnseen),
        1 => seed().prop_map(Step::RemoveUnseen),
        1 => seed().prop_map(Step::Break),
        2 => (0..KINDS.len()).prop_map(Step::Relist),
        1 => (0..KINDS.len()).prop_map(Step::Fail),
    ]
}

impl Seed {
    fn id(self) -> (&'static str, &'static str, &'static str) {
        let namespace = if matches!(KINDS[self.kind], "Node" | "Namespace") { "" } else { self.namespace() };
        let name = if KINDS[self.kind] == "Namespace" { self.namespace() } else { ["x", "y"][self.name] };
        (KINDS[self.kind], namespace, name)
    }

    fn namespace(self) -> &'static str {
        ["a", "b"][self.namespace]
    }

    fn host(self) -> &'static str {
        ["p.example.org", "q.example.org", "r.example.org"][self.other]
    }

    fn address(self) -> &'static str {
        ["192.0.2.1", "192.0.2.2", "lb.example.net", "", "2001:db8::c000:201", "192.0.2.1"][self.variant]
    }

    /// The name of another object.
    fn reference(self) -> &'static str {
        ["x", "y", "z"][self.other]
    }

    fn pick<const N: usize>(self, choices: [&'static str; N]) -> &'static str {
        choices[self.variant % N]
    }

    /// Independent of [`Seed::pick`] among three.
    fn half(self, choices: [&'static str; 2]) -> &'static str {
        choices[self.variant / 3]
    }

    fn object(self) -> Value {
        let (kind, namespace, name) = self.id();
        let mut object = self.body(kind);
        object["kind"] = kind.into();
        object["metadata"]["namespace"] = namespace.into();
        object["metadata"]["name"] = name.into();
        object
    }

    fn body(self, kind: &str) -> Value {
        let annotations = json!({"external-dns.kubernetes.io/hostname": self.host()});
        let accepted = json!([{"type": "Accepted", "status": self.pick(["True", "True", "False"])}]);
        let from = json!({
            "from": self.pick(["", "All", "Selector"]), "selector": {"matchLabels": {"team": "1"}},
        });
        let listeners = json!([
            {"name": "web", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": from}},
        ]);
        match kind {
            "Service" => {
                let (of_type, cluster_ip) =
                    [("LoadBalancer", "10.1.1.1"), ("ClusterIP", "None"), ("NodePort", "10.1.1.2")]
                        [self.variant % 3];
                json!({
                    "metadata": {"annotations": annotations},
                    "spec": {"type": of_type, "clusterIP": cluster_ip, "selector": {"app": "1"},
                        "externalTrafficPolicy": self.half(["Local", "Cluster"]),
                        "ports": [{"protocol": "TCP", "nodePort": 30000}]},
                    "status": {"loadBalancer": {"ingress": [{"ip": self.address()}]}},
                })
            }
            "EndpointSlice" => json!({
                "metadata": {"labels": {"kubernetes.io/service-name": self.reference()}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [format!("10.0.0.{}", self.variant)],
                    "targetRef": {"kind": "Pod", "name": self.pick(["x", "y"])}}],
            }),
            "Pod" => json!({
                "metadata": {"labels": {"app": (self.variant % 2).to_string()}, "annotations": annotations},
                "spec": {"nodeName": self.reference(), "hostname": "h"},
                "status": {"phase": "Running", "podIP": "10.0.0.1", "hostIP": "10.9.9.9",
                    "conditions": [{"type": "Ready", "status": self.half(["True", "False"])}]},
            }),
            "Node" => json!({"status": {"addresses": [{"type": "ExternalIP", "address": self.address()}]}}),
            "Ingress" => json!({
                "metadata": {"annotations": {"external-dns.kubernetes.io/ttl": self.pick(["60", "bad"])}},
                "spec": {"rules": [{"host": self.host()}, {"host": self.half(["s.example.org", "bad..name"])}]},
                "status": {"loadBalancer": {"ingress": [{"ip": self.address()}]}},
            }),
            "HTTPRoute" => {
                let parent = json!({"name": self.reference(), "namespace": "a",
                    "kind": self.pick(["Gateway", "ListenerSet"])});
                json!({
                    "spec": {"hostnames": [self.host()], "parentRefs": [parent.clone()]},
                    "status": {"parents": [{"parentRef": parent, "conditions": accepted}]},
                })
            }
            "Gateway" => json!({
                "spec": {"listeners": listeners, "allowedListeners": {"namespaces": {"from": "Selector",
                    "selector": {"matchLabels": {"team": "1"}}}}},
                "status": {"addresses": [{"value": self.address()}]},
            }),
            "ListenerSet" => json!({
                "spec": {"parentRef": {"name": self.reference(), "namespace": "a"}, "listeners": listeners},
                "status": {"conditions": accepted.clone(), "listeners": [{"name": "web", "conditions": accepted}]},
            }),
            "Namespace" => json!({"metadata": {"labels": {"team": (self.variant % 2).to_string()}}}),
            _ => json!({"spec": {"endpoints": [
                {"dnsName": self.host(), "recordType": "A", "targets": ["192.0.2.7"]},
                {"dnsName": "t.example.org", "recordType": "TXT", "targets": [self.address()]},
            ]}}),
        }
    }

    /// The same, so that it cannot be decoded.
    fn broken(self) -> Value {
        let mut object = self.object();
        object["metadata"]["labels"] = json!(7);
        object
    }
}

fn take(world: &mut World, step: &Step) {
    match step {
        Step::Apply(seed) => world.apply(seed.object()),
        Step::ApplyUnseen(seed) => world.apply_unseen(seed.object()),
        Step::Break(seed) => world.apply(seed.broken()),
        Step::Remove(seed) => {
            let (kind, namespace, name) = seed.id();
            world.remove(kind, namespace, name);
        }
        Step::RemoveUnseen(seed) => {
            let (kind, namespace, name) = seed.id();
            world.remove_unseen(kind, namespace, name);
        }
        Step::Relist(kind) => world.relist(KINDS[*kind]),
        Step::Fail(kind) => world.cache(KINDS[*kind]).set_status(CacheStatus::Failing("gone".into())),
    }
}

fn stages(which: usize) -> PipelineSettings {
    let plain = PipelineSettings::default;
    match which {
        0 => plain(),
        1 => PipelineSettings {
            default_targets: vec!["192.0.2.9".into(), "d.example.net".into()],
            force_default_targets: false,
            ..plain()
        },
        2 => PipelineSettings {
            nat64: Nat64Prefixes::new(vec!["2001:db8::/96".parse().unwrap()]),
            min_ttl: 60,
            ..plain()
        },
        3 => PipelineSettings {
            target_networks: TargetNetworks {
                include: vec!["192.0.2.0/24".parse().unwrap()],
                exclude: vec!["192.0.2.2/32".parse().unwrap()],
            },
            ..plain()
        },
        4 => PipelineSettings { create_ptr: Some(true), ..plain() },
        5 => PipelineSettings {
            tenancy: Tenancy {
                refuse_across_namespaces: true,
                holders: Some(Arc::new(Holders)),
                ..Tenancy::default()
            },
            ..plain()
        },
        _ => plain(),
    }
}

/// Ownership records that do not change.
#[derive(Debug)]
struct Holders;

impl NameHolders for Holders {
    fn labels_at(&self, name: &DnsName) -> BTreeSet<String> {
        let labels: &[&str] = match name.as_str() {
            "p.example.org" => &["ingress/b/x", "service/a/x"],
            "q.example.org" => &["httproute/a/y"],
            _ => &[],
        };
        labels.iter().map(ToString::to_string).collect()
    }
}

const POLICY: &str = "
rules:
- {namespaces: [a], domains: [p.example.org], recordTypes: [A]}
- {namespaceSelector: {matchLabels: {team: '1'}}, domains: [q.example.org, s.example.org]}
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Random changes, one to three at a time: dirty names are answered as a full cycle does, and what is not dirty is as before.
    #[test]
    fn changes_by_name_come_to_the_same_as_full_cycles(
        which in 0..7usize,
        start in cluster(),
        steps in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..12),
    ) {
        let settings = Settings {
            gateway: GatewaySettings { listener_sets: true, ..GatewaySettings::default() },
            ..Settings::default()
        };
        let mut world = World::with_policy(settings, stages(which), (which == 6).then_some(POLICY));
        start.iter().for_each(|seed| world.apply(seed.object()));
        world.index.collect();
        for batch in &steps {
            let before = world.everything();
            batch.iter().for_each(|step| take(&mut world, step));
            world.check(&before);
        }
    }
}

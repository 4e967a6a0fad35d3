//! Whatever was wished for before, what is wished for now is there after one run, and a second one finds nothing to do.

use super::*;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};
use zonewright_aws_double::Operation;

/// What can stand at a name. `seed` varies values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Nothing,
    Plain(&'static str),
    Alias,
    SameZoneAlias,
    DualStack,
    Routed(&'static str, &'static str),
}

const POLICIES: [&str; 8] =
    ["weight", "region", "failover", "multi-value", "country", "continent", "proximity", "coordinates"];
const LOAD_BALANCERS: &str = "us-east-1.elb.amazonaws.com";

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = vec![
        Shape::Nothing,
        Shape::Plain("A"),
        Shape::Plain("AAAA"),
        Shape::Plain("CNAME"),
        Shape::Plain("TXT"),
        Shape::Alias,
        Shape::SameZoneAlias,
        Shape::DualStack,
    ];
    for policy in POLICIES {
        for record_type in ["A", "AAAA", "CNAME", "alias"] {
            // The service has no multivalue CNAME and no multivalue alias.
            if policy != "multi-value" || record_type == "A" || record_type == "AAAA" {
                shapes.push(Shape::Routed(record_type, policy));
            }
        }
    }
    shapes
}

fn target(record_type: &str, seed: usize) -> String {
    match record_type {
        "A" => format!("10.0.{}.{}", seed / 256 % 256, seed % 256),
        "AAAA" => format!("2001:db8::{:x}", 1 + seed),
        "TXT" => format!("\"text{seed}\""),
        "alias" => format!("lb{seed}.{LOAD_BALANCERS}"),
        _ => format!("host{seed}.example.net"),
    }
}

impl Shape {
    pub(super) fn wishes(self, name: &str, seed: usize) -> Vec<Endpoint> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Plain(record_type) => {
                vec![wish(&format!("{name} {record_type} {}", target(record_type, seed)), &[("ttl", "60")])]
            }
            Self::Alias => vec![wish(&format!("{name} CNAME {}", target("alias", seed)), &[])],
            Self::SameZoneAlias => vec![wish(&format!("{name} A target.example.org"), &[("alias", "true")])],
            Self::DualStack => vec![
                wish(&format!("{name} A {}", target("A", seed)), &[]),
                wish(&format!("{name} AAAA {}", target("AAAA", seed)), &[]),
            ],
            Self::Routed(record_type, policy) => {
                let members = if policy == "failover" { 2 } else { 1 + seed % 3 };
                (0..members).map(|i| member(name, record_type, policy, i, seed)).collect()
            }
        }
    }
}

fn member(name: &str, record_type: &str, policy: &str, i: usize, seed: usize) -> Endpoint {
    // Members change places from seed to seed.
    let place = (i + seed) % 3;
    let at = |places: [&'static str; 3]| places[place];
    let weight = (seed % 256).to_string();
    // Different at every name: moto deletes what has the same one elsewhere in the zone.
    let set = format!("{} {name}", ["blue", "green", "red"][i]);
    let mut properties = match policy {
        "weight" => vec![("weight", weight.as_str())],
        "region" => vec![("region", at(["us-east-1", "eu-west-1", "ap-south-1"]))],
        "failover" => vec![("failover", if (i + seed).is_multiple_of(2) { "PRIMARY" } else { "SECONDARY" })],
        "multi-value" => vec![("multi-value-answer", "")],
        "country" => vec![("geolocation-country-code", at(["DE", "US", "*"]))],
        "continent" => vec![("geolocation-continent-code", at(["EU", "AS", "AF"]))],
        "proximity" => vec![("geoproximity-region", at(["us-east-1", "eu-west-1", "ap-south-1"]))],
        _ => vec![("geoproximity-coordinates", at(["1.5,2", "-3,4", "5,-6"])), ("geoproximity-bias", "7")],
    };
    properties.push(("set", &set));
    let written = match record_type {
        "alias" => {
            properties.push(("alias", "A"));
            "CNAME"
        }
        other => other,
    };
    wish(&format!("{name} {written} {}", target(record_type, seed + i)), &properties)
}

pub(super) const NAMES: [&str; 3] = ["a.example.org", "*.b.example.org", "c.d.example.org"];

/// What the names have one after the other, each with the seed of its values.
pub(super) type History = Vec<Vec<(Shape, usize)>>;

pub(super) fn history(shapes: Vec<Shape>) -> impl Strategy<Value = History> {
    let state = proptest::collection::vec((proptest::sample::select(shapes), 0usize..1000), NAMES.len());
    proptest::collection::vec(state, 1..5)
}

/// Everything in turn, which is there after one run each.
pub(super) async fn live_through(history: &History, cycle: &Cycle) {
    for (turn, state) in history.iter().enumerate() {
        let mut wishes = vec![wish("target.example.org A 192.0.2.250", &[])];
        for (name, (shape, seed)) in NAMES.iter().zip(state) {
            // Nothing comes back as it was: moto takes that for something that is there.
            wishes.extend(shape.wishes(name, seed + 1000 * turn));
        }
        cycle.converge(&wishes).await;
    }
}

#[test]
fn random_wishes_converge_in_one_run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let result = runner.run(&history(shapes()), |history| {
        runtime.block_on(async {
            let (aws, _) = aws().await;
            live_through(&history, &cycle_of(&provider(&aws, swift()))).await;
        });
        Ok(())
    });
    result.unwrap();
}

/// Need 41: every shape into every other one, each in a single batch.
#[tokio::test]
async fn every_transition_is_one_batch() {
    let (aws, _) = aws().await;
    let cycle = cycle_of(&provider(&aws, swift()));
    let base = wish("target.example.org A 192.0.2.250", &[]);
    let shapes = shapes();
    let mut last = Shape::Nothing;
    for (seed, shape) in walk(&shapes).enumerate() {
        let mut wishes = shape.wishes("a.example.org", seed);
        wishes.push(base.clone());
        aws.forget_requests();
        cycle.converge(&wishes).await;
        let batches = aws.count(Operation::ChangeResourceRecordSets);
        assert!(batches <= 1, "{last:?} to {shape:?} took {batches} batches");
        last = shape;
    }
}

/// A walk that goes from every shape to every other one.
fn walk(shapes: &[Shape]) -> impl Iterator<Item = Shape> {
    shapes.iter().enumerate().flat_map(move |(i, from)| {
        let there_and_back = shapes.iter().skip(i + 1).flat_map(move |to| [*to, *from]);
        std::iter::once(*from).chain(there_and_back)
    })
}

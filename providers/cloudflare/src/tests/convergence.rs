//! Whatever was wished for before, what is wished for now is there after one run, and a second one finds nothing to do.

use super::hostnames::custom_hostnames;
use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const TYPES: [&str; 9] = ["A", "AAAA", "CNAME", "TXT", "MX", "SRV", "NS", "NAPTR", "A+AAAA"];

/// What is wished for at one name; `None` for nothing.
type Shape = Option<(&'static str, usize, Extras)>;

#[derive(Debug, Clone)]
struct Extras {
    ttl: Option<i64>,
    proxied: Option<&'static str>,
    comment: Option<String>,
    tags: Option<&'static str>,
    hostnames: usize,
    region: Option<&'static str>,
}

fn extras() -> impl Strategy<Value = Extras> {
    let ttl = proptest::option::of(proptest::sample::select(vec![1i64, 7, 60, 300, 100_000]));
    let proxied = proptest::option::of(proptest::sample::select(vec!["true", "false", "maybe"]));
    let comment = proptest::option::of("[a-zé ]{0,700}");
    let tags = proptest::option::of(proptest::sample::select(vec!["", "b:1, a:2", "a:2,b:1", "c:3"]));
    let region = proptest::option::of(proptest::sample::select(vec!["", "eu", "us"]));
    (ttl, proxied, comment, tags, 0usize..3, region).prop_map(
        |(ttl, proxied, comment, tags, hostnames, region)| Extras {
            ttl,
            proxied,
            comment,
            tags,
            hostnames,
            region,
        },
    )
}

fn shape() -> impl Strategy<Value = Shape> {
    proptest::option::of((proptest::sample::select(TYPES.to_vec()), 0usize..60, extras()))
}

fn targets(record_type: &str, seed: usize) -> String {
    let count = if record_type == "CNAME" { 1 } else { 1 + seed % 4 };
    let target = |i: usize| {
        let n = 1 + (seed + i) % 7;
        match record_type {
            "A" => format!("192.0.2.{n}"),
            "AAAA" => format!("2001:db8::{n}"),
            "TXT" => ["plain", "\"quoted one\"", "\"a\" \"b\"", "say \"hi\"", "grün", "x=1;y=\\2", "\"\""]
                [n - 1]
                .to_owned(),
            "MX" => format!("{n} host{}.example.net", n % 3),
            "SRV" => format!("{n} {n} 443 host{n}.example.net."),
            "NAPTR" => format!("{n} 10 \"u\" \"E2U+sip\" \"!^.*$!sip:{n}@example.net!\" ."),
            _ => format!("host{n}.example.net"),
        }
    };
    (0..count).map(target).collect::<Vec<_>>().join("|")
}

fn wishes(name: &str, shape: &Shape) -> Vec<Endpoint> {
    let Some((types, seed, extras)) = shape else { return Vec::new() };
    let ttl = extras.ttl.map(|ttl| ttl.to_string());
    let first = name.split('.').next().unwrap().replace('*', "any");
    let hostnames: Vec<String> = (0..extras.hostnames).map(|n| format!("{first}{n}.customer.net")).collect();
    let hostnames = hostnames.join(",");
    let mut properties: Vec<(&str, &str)> = Vec::new();
    properties.extend(ttl.as_deref().map(|ttl| ("ttl", ttl)));
    properties.extend(extras.proxied.map(|proxied| ("proxied", proxied)));
    properties.extend(extras.comment.as_deref().map(|comment| ("record-comment", comment)));
    properties.extend(extras.tags.map(|tags| ("tags", tags)));
    properties.extend(extras.region.map(|region| ("region-key", region)));
    if extras.hostnames > 0 {
        properties.push(("custom-hostname", &hostnames));
    }
    let one = |record_type: &str| {
        wish(&format!("{name} {record_type} {}", targets(record_type, *seed)), &properties)
    };
    types.split('+').map(one).collect()
}

fn converge_at_random(plan: &'static str, without_batches: bool, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let names = ["a.example.org", "*.b.example.org", "c.d.example.org", "example.org"];
    let state = proptest::collection::vec(shape(), names.len());
    let history = proptest::collection::vec(state, 1..5);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&history, |history| {
        runtime.block_on(async {
            let service = Service::with_plan(plan).await;
            if without_batches {
                service.double.without_batches();
            }
            let cycle = cycle_of(CloudflareConfig {
                custom_hostnames: Some(custom_hostnames()),
                regional_services: Some("eu".to_owned()),
                comment: Some("by default".to_owned()),
                ..service.config()
            });
            for state in &history {
                let all: Vec<Endpoint> =
                    names.iter().zip(state).flat_map(|(name, shape)| wishes(name, shape)).collect();
                cycle.converge(&all).await;
            }
            cycle.converge(&[]).await;
            assert_eq!(service.lines(), Vec::<String>::new());
            assert!(service.double.hostnames(&service.zone).is_empty());
            assert!(service.double.regions(&service.zone).is_empty());
        });
        Ok(())
    });
    result.unwrap();
}

#[test]
fn random_wishes_converge_in_one_run() {
    converge_at_random("pro", false, 80);
}

#[test]
fn random_wishes_converge_without_batches() {
    converge_at_random("enterprise", true, 40);
}

//! Whatever was wished for before, what is wished for now is there after one run, and a second one finds nothing to do.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const TYPES: [&str; 9] = ["A", "AAAA", "CNAME", "TXT", "MX", "SRV", "NAPTR", "A+AAAA", "TXT+A+MX"];
const NAMES: [&str; 5] =
    ["a.example.org", "*.b.example.org", "c.d.example.org", "_e.example.org", "example.org"];

/// What is wished for at one name; `None` for nothing.
type Shape = Option<(&'static str, usize, i64)>;

fn shape() -> impl Strategy<Value = Shape> {
    let ttl = proptest::sample::select(vec![0i64, 1, 60, 300, 100_000]);
    proptest::option::of((proptest::sample::select(TYPES.to_vec()), 0usize..60, ttl))
}

fn targets(record_type: &str, seed: usize) -> String {
    let count = if record_type == "CNAME" { 1 } else { 1 + seed % 4 };
    let target = |i: usize| {
        let n = 1 + (seed + i) % 7;
        match record_type {
            "A" => format!("192.0.2.{n}"),
            "AAAA" => format!("2001:db8::{n}"),
            "TXT" => {
                ["plain; words", "\"quoted one\"", "\"a\" \"b\"", "say \"hi\"", "grün", "x=1;y=\\2", "\"\""]
                    [n - 1]
                    .to_owned()
            }
            "MX" => format!("{n} host{}.example.net", n % 3),
            "SRV" => format!("{n} {n} 443 host{n}.example.net."),
            "NAPTR" => format!("{n} 10 \"u\" \"E2U+sip\" \"!^.*$!sip:{n}@example.net!\" ."),
            _ => format!("host{n}.example.net"),
        }
    };
    (0..count).map(target).collect::<Vec<_>>().join("|")
}

fn wishes_at(name: &str, shape: &Shape) -> Vec<Endpoint> {
    let Some((types, seed, ttl)) = shape else { return Vec::new() };
    // BIND wants hosts to have names of hosts (check-names), and no zone is an alias.
    let can_be = |record_type: &&str| match name {
        ZONE => *record_type != "CNAME",
        "_e.example.org" => ["CNAME", "TXT", "SRV", "NAPTR"].contains(record_type),
        _ => true,
    };
    let possible = types.split('+').filter(can_be);
    let one = |record_type: &str| {
        wish(&format!("{name} {record_type} {}", targets(record_type, *seed)))
            .with_ttl(Ttl::from_seconds(*ttl))
    };
    possible.map(one).collect()
}

fn converge_at_random(make: Make, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let state = proptest::collection::vec(shape(), NAMES.len());
    let history = proptest::collection::vec(state, 1..6);
    let server = runtime.block_on(start(make));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&history, |history| {
        runtime.block_on(async {
            let cycle = Cycle::new(config(&server));
            for state in &history {
                let all: Vec<Endpoint> =
                    NAMES.iter().zip(state).flat_map(|(name, shape)| wishes_at(name, shape)).collect();
                cycle.converge(&all).await;
                // What is kept up to date by changes is what a whole transfer says.
                let fresh = Cycle::new(config(&server));
                assert_eq!(cycle.records().await, fresh.records().await);
            }
            cycle.converge(&[]).await;
            assert_eq!(lines(&server).await, Vec::<String>::new());
        });
        Ok(())
    });
    result.unwrap();
}

#[test]
fn random_wishes_converge_in_one_run_on_bind() {
    converge_at_random(Make::Bind, 40);
}

#[test]
fn random_wishes_converge_in_one_run_on_knot() {
    converge_at_random(Make::Knot, 40);
}

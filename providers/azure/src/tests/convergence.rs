//! Whatever was wished for before, what is wished for now is there after one run, and a second one finds nothing to do.

use super::*;
use proptest::test_runner::{Config, TestRunner};
use rstest::rstest;
use zonewright_azure_double::Operation;

/// What can stand at a name.
const SHAPES: [&[&str]; 9] =
    [&[], &["A"], &["AAAA"], &["CNAME"], &["TXT"], &["A", "AAAA"], &["MX"], &["A", "TXT", "MX"], &["SRV"]];

fn wishes(name: &str, shape: &[&str], seed: usize) -> Vec<Endpoint> {
    let number = 1 + seed % 200;
    let values = |record_type: &str| match record_type {
        "A" => format!("192.0.2.{number},192.0.2.{}", 1 + seed % 7),
        "AAAA" => format!("2001:db8::{number:x}"),
        "TXT" => format!("\"text {}\"", "x".repeat(seed)),
        "MX" => format!("{number} mail{number}.example.net"),
        "SRV" => format!("1 {number} 443 host.example.net."),
        _ => format!("host{number}.example.net"),
    };
    let ttl = (60 + seed % 3).to_string();
    let tags = ["", "a=1", "a=1,b=2", "b=2, a=1, c=x y"][seed % 4];
    let mut properties = vec![("ttl", ttl.as_str()), ("alias", "false"), ("azure/tags", tags)];
    properties.retain(|(name, value)| {
        (*name != "ttl" || !seed.is_multiple_of(5)) && (*name != "azure/tags" || !value.is_empty())
    });
    let properties = |record_type: &str| -> Vec<(&str, &str)> {
        properties.iter().filter(|(name, _)| *name != "alias" || record_type == "A").copied().collect()
    };
    shape
        .iter()
        .map(|record_type| {
            wish(&format!("{name} {record_type} {}", values(record_type)), &properties(record_type))
        })
        .collect()
}

#[rstest]
fn random_wishes_converge_in_one_run(#[values(Service::Public, Service::Private)] service: Service) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let names = ["example.org", "a.example.org", "*.b.example.org", "_c._tcp.d.example.org"];
    let state = proptest::collection::vec((0..SHAPES.len(), 0usize..700), names.len());
    let history = proptest::collection::vec(state, 1..5);
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let result = runner.run(&history, |history| {
        runtime.block_on(async {
            let (world, _) = World::with_zone(service).await;
            let provider = world.provider(service);
            let cycle = cycle_of(&provider);
            for state in &history {
                let mut all = Vec::new();
                for (name, (shape, seed)) in names.iter().zip(state) {
                    // No CNAME at the apex.
                    let shape = if *name == "example.org" && *shape == 3 { 1 } else { *shape };
                    all.extend(wishes(name, SHAPES[shape], *seed));
                }
                cycle.converge(&all).await;
            }
        });
        Ok(())
    });
    result.unwrap();
}

/// Every shape into every other one, in one run, without a request that is refused.
#[rstest]
#[tokio::test]
async fn every_transition_takes_one_run(#[values(Service::Public, Service::Private)] service: Service) {
    let (world, _) = World::with_zone(service).await;
    let provider = world.provider(service);
    let cycle = cycle_of(&provider);
    let mut seed = 0;
    for from in SHAPES {
        for to in SHAPES {
            for shape in [from, to] {
                seed += 1;
                cycle.converge(&wishes("a.example.org", shape, seed)).await;
            }
        }
    }
    let refused = world.azure.requests().into_iter().filter(|request| request.status >= 400).count();
    assert_eq!(refused, 0);
    assert!(world.azure.count(Operation::PutRecordSet) > 100);
}

//! Whatever was wished for before, what is wished for now is there after one run, and a second one finds nothing to do.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use zonewright_aws_double::{Fault, Operation, When};

/// What can stand at a name. `seed` varies targets and TTLs.
const SHAPES: [&str; 8] = ["nothing", "A", "AAAA", "both", "CNAME", "CNAMEs", "alias", "mixed"];

fn wishes_of(name: &str, shape: &str, seed: usize) -> Vec<Endpoint> {
    let ttl = ["", "60", "120"][seed % 3];
    let addresses = |of: &dyn Fn(usize) -> String| {
        (0..1 + seed % 4).map(|i| of((seed / 2 + i) % 7)).collect::<Vec<_>>().join(",")
    };
    let v4 = addresses(&|i| format!("192.0.2.{i}"));
    let v6 = addresses(&|i| format!("2001:db8::{i}"));
    let lines = match shape {
        "A" => vec![format!("A {v4}")],
        "AAAA" => vec![format!("AAAA {v6}")],
        "both" => vec![format!("A {v4}"), format!("AAAA {v6},2001:db8::99")],
        "CNAME" => vec![format!("CNAME host{}.example.net", seed % 3)],
        "CNAMEs" => vec!["CNAME a.example.net,b.example.net".to_owned()],
        "alias" => vec![format!("CNAME lb{}.eu-west-1.elb.amazonaws.com", seed % 3)],
        "mixed" => vec!["CNAME lb.elb.eu-west-1.amazonaws.com,b.example.net".to_owned()],
        _ => Vec::new(),
    };
    lines.iter().map(|line| wish(&format!("{name} {line} {ttl}"))).collect()
}

const OPERATIONS: [Operation; 6] = [
    Operation::CreateService,
    Operation::UpdateService,
    Operation::DeleteService,
    Operation::RegisterInstance,
    Operation::DeregisterInstance,
    Operation::GetOperation,
];

#[test]
fn random_wishes_converge_in_one_run_whatever_went_wrong_before() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let names = ["a.example.org", "b.example.org", "c.d.example.org"];
    let state = prop::collection::vec((prop::sample::select(&SHAPES[..]), 0usize..1000), names.len());
    let fault = prop::option::of((prop::sample::select(&OPERATIONS[..]), 0usize..3));
    let history = prop::collection::vec((state, fault), 1..6);
    let settings = (history, any::<bool>(), any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let result = runner.run(&settings, |(history, cleanup, is_trusting)| {
        runtime.block_on(async {
            let (aws, namespace) = aws().await;
            let theirs =
                service("theirs A MULTIVALUE 300", "the shop", "AWS_INSTANCE_IPV4", &["192.0.2.200"]);
            let theirs = CloudService { id: "srv-theirs".into(), ..theirs };
            aws.seed_service(&namespace, theirs.clone()).unwrap();
            let trust = Duration::from_secs(if is_trusting { 3600 } else { 0 });
            let provider = provider(&aws, CloudMapConfig { cleanup, trust, ..swift() });
            let cycle = cycle_of(&provider);
            for (state, fault) in &history {
                let wishes: Vec<Endpoint> = names
                    .iter()
                    .zip(state)
                    .flat_map(|(name, (shape, seed))| wishes_of(name, shape, *seed))
                    .collect();
                if let Some((operation, kind)) = fault {
                    let fault =
                        [Fault::HangUp, Fault::LoseAnswer, Fault::refuse(500, "InternalFailure", "Oh no")];
                    aws.inject(When::call(*operation), fault[*kind].clone());
                    cycle.run(&wishes).await;
                    aws.withdraw_faults();
                }
                cycle.converge(&wishes).await;
                assert!(aws.services(&namespace).contains(&theirs));
            }
            cycle.converge(&[]).await;
            let services = aws.services(&namespace);
            let others = services.iter().filter(|service| **service != theirs);
            assert!(others.clone().all(|service| service.instances.is_empty()));
            assert!(!cleanup || others.count() == 0);
        });
        Ok(())
    });
    result.unwrap();
}

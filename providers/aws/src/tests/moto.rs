//! The same suites against moto, as far as it is faithful: it knows no conflicts, and forgets what it does not know.

use super::convergence::{History, Shape, history, live_through, shapes};
use super::*;
use proptest::test_runner::{Config, TestRunner};
use zonewright_provider_kit::battery::Battery;
use zonewright_testing::Moto;

/// A moto with these zones, and a provider that uses it.
async fn moto(zones: &[&str]) -> (Moto, Route53) {
    let moto = Moto::start().await.unwrap();
    let provider = provider_at(&moto.url(), swift(), &["AKIATEST"]);
    let client = provider.0.accounts[0].client().await.unwrap();
    for zone in zones {
        client.create_hosted_zone().name(*zone).caller_reference(*zone).send().await.unwrap();
    }
    (moto, provider)
}

#[tokio::test]
async fn the_battery_is_green() {
    let (_moto, provider) = moto(&["example.org", "2.0.192.in-addr.arpa"]).await;
    let weight: Properties = [("aws/weight", "1")].into_iter().collect();
    let base = "example.org".parse().unwrap();
    let (reader, writer) = (provider.reader(), provider.writer());
    Battery::new(&reader, &writer, base).set_identifier_properties(weight).run().await.unwrap();
}

/// moto stores no geoproximity, and does not make anew what was there before and is gone.
fn is_kept(shape: &Shape) -> bool {
    !matches!(shape, Shape::Routed(_, "proximity" | "coordinates") | Shape::SameZoneAlias)
}

#[test]
fn random_wishes_converge_in_one_run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shapes: Vec<Shape> = shapes().into_iter().filter(is_kept).collect();
    let mut runner = TestRunner::new(Config { cases: 10, failure_persistence: None, ..Config::default() });
    let result = runner.run(&history(shapes), |history: History| {
        runtime.block_on(async {
            let (_moto, provider) = moto(&["example.org"]).await;
            live_through(&history, &cycle_of(&provider)).await;
        });
        Ok(())
    });
    result.unwrap();
}

//! The suite that every provider runs.

use super::*;
use rstest::rstest;
use zonewright_provider_kit::battery::Battery;

async fn run(service: &Service) {
    service.double.add_zone("2.0.192.in-addr.arpa", "free");
    let cycle = service.cycle();
    let base = "example.org".parse().unwrap();
    Battery::new(&cycle.reader, &cycle.writer, base).run().await.unwrap();
    assert_eq!(service.lines(), Vec::<String>::new());
}

#[rstest]
#[case::smallest_batches("free")]
#[case::large_batches("pro")]
#[case::enterprise("enterprise")]
#[tokio::test]
async fn the_battery_is_green(#[case] plan: &str) {
    run(&Service::with_plan(plan).await).await;
}

#[tokio::test]
async fn the_battery_is_green_without_batches() {
    let service = Service::free().await;
    service.double.without_batches();
    run(&service).await;
    assert_eq!(service.double.count(Operation::Batch), 1, "it was tried once");
}

#[tokio::test]
async fn the_battery_is_green_where_the_service_quotes_texts() {
    let service = Service::free().await;
    service.double.quote_txt();
    run(&service).await;
}

//! The suite that every provider runs.

use super::*;
use zonewright_provider_kit::battery::Battery;

#[tokio::test]
async fn the_battery_is_green() {
    let (aws, _) = aws().await;
    aws.create_zone(NewZone::public("2.0.192.in-addr.arpa")).unwrap();
    let provider = provider(&aws, swift());
    let (reader, writer) = (provider.reader(), provider.writer());
    let weight: Properties = [("aws/weight", "1")].into_iter().collect();
    let base = "example.org".parse().unwrap();
    Battery::new(&reader, &writer, base).set_identifier_properties(weight).run().await.unwrap();
}

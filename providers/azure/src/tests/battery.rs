//! The suite that every provider passes, for both services.

use super::*;
use rstest::rstest;
use zonewright_provider_kit::battery::Battery;

#[rstest]
#[tokio::test]
async fn the_battery_is_green(#[values(Service::Public, Service::Private)] service: Service) {
    let (world, _) = World::with_zone(service).await;
    world.zone(service, "group", "2.0.192.in-addr.arpa");
    let provider = world.provider(service);
    let (reader, writer) = (provider.reader(), provider.writer());
    let base = DnsName::parse("example.org").unwrap();
    Battery::new(&reader, &writer, base).run().await.unwrap();
}

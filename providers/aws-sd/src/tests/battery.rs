//! The battery that every provider runs.

use super::*;
use zonewright_provider_kit::battery::Battery;

#[tokio::test]
async fn the_battery_is_green() {
    for cleanup in [false, true] {
        let (aws, namespace) = aws().await;
        // Without an owner, as the battery plans.
        let config = CloudMapConfig { owners: Vec::new(), cleanup, ..swift() };
        let provider = provider(&aws, config);
        let (reader, writer) = (provider.reader(), provider.writer());
        let base = DnsName::parse("example.org").unwrap();
        Battery::new(&reader, &writer, base).big_batch(120).run().await.unwrap();
        let left = aws.services(&namespace);
        assert!(left.iter().all(|service| service.instances.is_empty()));
        assert_eq!(left.is_empty(), cleanup, "services stay unless they are to be tidied up");
    }
}

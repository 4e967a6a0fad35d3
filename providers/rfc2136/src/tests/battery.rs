//! The suite of every provider.

use super::*;
use rstest::rstest;
use zonewright_provider_kit::battery::Battery;

#[rstest]
#[tokio::test]
async fn the_battery_is_green(#[values(Make::Bind, Make::Knot)] make: Make) {
    let zones = [ZONE, "2.0.192.in-addr.arpa"];
    let server = start_with(make, NameServerSetup::zones(&zones)).await;
    let config =
        Rfc2136Config { zones: zones.iter().map(|zone| (*zone).to_owned()).collect(), ..config(&server) };
    let provider = Rfc2136::new(config).unwrap();
    let (reader, writer) = (provider.reader(), provider.writer());
    let done = Battery::new(&reader, &writer, ZONE.parse().unwrap()).run().await;
    done.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    assert_eq!(lines(&server).await, Vec::<String>::new(), "it tidies up");
}

/// Another reader than the one that wrote sees the same: nothing depends on what is remembered.
#[rstest]
#[tokio::test]
async fn a_reader_that_has_written_nothing_sees_the_same(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let wishes = wishes(&[
        "example.org MX 10 mail.example.net|20 mx.example.net",
        "a.example.org A 192.0.2.1|192.0.2.2",
        "a.example.org TXT \"one\" \"two\"",
        "*.w.example.org CNAME host.example.net",
        "_sip._tcp.example.org SRV 10 20 5060 sip.example.net.",
    ]);
    let first = Cycle::new(config(&server));
    first.converge(&wishes).await;
    let second = Cycle::new(config(&server));
    assert!(second.changes(&wishes, &second.records().await).await.is_empty());
    assert_eq!(first.records().await, second.records().await);
}

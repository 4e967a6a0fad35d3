//! What a name server, or somebody in its place, answers: messages of a zone transfer, signed or not.

use zonewright_planner::{DnsName, ZoneId};
use zonewright_provider_rfc2136::{TsigAlgorithm, TsigKey, transferred};

/// The transfer of zone `example.org`, as it comes over TCP.
pub fn run(data: &[u8]) {
    let apex = DnsName::parse("example.org").expect("a name");
    let zone = ZoneId::new("example.org");
    if let Some(listing) = transferred(data, &apex, &zone) {
        for record in &listing.records {
            assert_eq!(record.zone, zone);
            assert!(!record.targets.is_empty(), "{} has no target", record.name);
        }
        // What comes after the end is not read.
        let more = [data, b"more"].concat();
        let again = transferred(&more, &apex, &zone).expect("it was whole");
        assert_eq!(again.records, listing.records);
    }
    let key = TsigKey::new("key", TsigAlgorithm::HmacSha256, vec![7; 32].into()).expect("a key");
    assert!(!key.has_signed(data, &[1; 32], 1_800_000_000), "nobody else can sign");
}

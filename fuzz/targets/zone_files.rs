//! What an operator restores: snapshots as JSON and as zone files, and zone files that somebody else wrote.

use super::text;
use zonewright::snapshot::zone_file::ZoneFile;
use zonewright::snapshot::{json, zone_file};
use zonewright_planner::DnsName;

/// What can be read can be written, and read again as the same.
pub fn run(data: &[u8]) {
    let text = text(data);
    let origin = DnsName::parse("example.org").expect("a name");
    if let Ok(ZoneFile::Snapshot(snapshot)) = zone_file::read(&text, Some(&origin)) {
        let again =
            zone_file::read(&zone_file::write(&snapshot), None).expect("what was written can be read");
        let ZoneFile::Snapshot(again) = again else { panic!("a snapshot has become a plain file") };
        assert_eq!(again, snapshot);
    }
    if let Ok(snapshot) = json::read(&text) {
        assert_eq!(json::read(&json::write(&snapshot)).expect("what was written can be read"), snapshot);
    }
}

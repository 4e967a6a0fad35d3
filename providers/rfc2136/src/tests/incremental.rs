//! What reading costs, and that what is kept is what is there.

use super::wire::{Fault, Wire};
use super::*;
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn an_unchanged_zone_costs_one_small_query(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    cycle.records().await;
    assert_eq!(wire.take(), ["AXFR"]);
    cycle.records().await;
    let seen = wire.take_with_bytes();
    assert!(matches!(seen[..], [("SOA", bytes)] if bytes < 300), "{seen:?}");
}

#[rstest]
#[tokio::test]
async fn one_change_is_one_message_and_is_read_back_alone(#[values(Make::Bind, Make::Knot)] make: Make) {
    let lines =
        |range: std::ops::Range<usize>| range.map(|n| format!("h{n} A 192.0.2.1\n")).collect::<String>();
    let mut setup = NameServerSetup::zones(&[ZONE]);
    setup.zones[0].1 = lines(0..500);
    let server = start_with(make, setup).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    let mut records = cycle.records().await;
    assert_eq!(records.len(), 500);
    wire.take();
    let new = wish("new.example.org A 192.0.2.7");
    let change =
        ZoneChange { change: Change::create(new, zonewright_planner::CreateReason::New), rows: Vec::new() };
    assert!(cycle.write(&[change]).await[0].is_ok());
    assert_eq!(wire.take(), ["UPDATE"]);
    records = cycle.records().await;
    let seen = wire.take_with_bytes();
    assert!(matches!(seen[..], [("SOA", _), ("IXFR", bytes)] if bytes < 1000), "{seen:?}");
    assert_eq!(records.len(), 501);
}

#[rstest]
#[tokio::test]
async fn what_others_change_is_seen(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    let wishes = wishes(&["a.example.org A 192.0.2.1", "b.example.org A 192.0.2.2|192.0.2.3"]);
    cycle.converge(&wishes).await;
    for changes in [
        "update delete b.example.org. A 192.0.2.3",
        "update delete a.example.org. A\nupdate add a.example.org. 60 A 192.0.2.1",
        "update delete a.example.org.\nupdate add a.example.org. 300 CNAME x.example.net.",
        "update add new.example.org. 300 TXT \"theirs\"",
    ] {
        server.nsupdate(changes).await.unwrap();
        wire.take();
        let left = cycle.changes(&wishes, &cycle.records().await).await;
        assert!(!left.is_empty(), "{changes}");
        assert_eq!(wire.take(), ["SOA", "IXFR"], "{changes}");
        cycle.converge(&wishes).await;
    }
}

/// W6: ExternalDNS v0.22 takes half a zone for the whole.
#[rstest]
#[tokio::test]
async fn half_a_transfer_is_an_error(#[values(Make::Bind, Make::Knot)] make: Make) {
    let mut setup = NameServerSetup::zones(&[ZONE]);
    setup.zones[0].1 = (0..3000).map(|n| format!("h{n} A 192.0.2.1\n")).collect();
    let server = start_with(make, setup).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    for length in [0, 1, 100, 20_000, 60_000] {
        wire.fault(Some(Fault::Cut("AXFR", length)));
        let error = cycle.reader.records(&cycle.zones[0]).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unavailable, "{error}");
        assert!(error.to_string().contains("closed the connection"), "{error}");
    }
    wire.fault(None);
    assert_eq!(cycle.records().await.len(), 3000);
    // And half of the changes is none: everything is transferred instead.
    server.nsupdate("update add new.example.org. 300 A 192.0.2.2").await.unwrap();
    wire.take();
    wire.fault(Some(Fault::Cut("IXFR", 50)));
    assert_eq!(cycle.records().await.len(), 3001);
    assert_eq!(wire.take(), ["SOA", "IXFR", "AXFR"]);
}

/// A zone that was put back to an older state has an older serial; one that was replaced under the same serial shows by what does not
/// fit any more.
#[tokio::test]
async fn a_zone_that_went_back_is_read_as_a_whole() {
    let mut server = start(Make::Bind).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    let old = wishes(&["a.example.org A 192.0.2.1"]);
    cycle.converge(&old).await;
    let kept: Vec<_> =
        ["zone0.db", "zone0.db.jnl"].iter().map(|file| server.read_file(file).unwrap()).collect();
    cycle.converge(&wishes(&["a.example.org A 192.0.2.2"])).await;
    server.kill();
    for (file, bytes) in ["zone0.db", "zone0.db.jnl"].iter().zip(kept) {
        server.write_file(file, &bytes).unwrap();
    }
    server.start_again().await.unwrap();
    wire.take();
    assert_eq!(cycle.records().await[0].spelled_targets(), ["192.0.2.1"]);
    assert_eq!(wire.take(), ["SOA", "AXFR"]);
}

#[tokio::test]
async fn a_conflict_that_no_serial_explains_makes_everything_be_read_again() {
    let server = start(Make::Bind).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    let records = cycle.records().await;
    let creates = cycle.changes(&wishes(&["a.example.org A 192.0.2.1"]), &records).await;
    server.nsupdate("update add a.example.org. 300 A 192.0.2.9").await.unwrap();
    // It is known what has changed, but the change was planned before.
    cycle.records().await;
    assert_eq!(cycle.write(&creates).await[0].as_ref().unwrap_err().class(), ErrorClass::Conflict);
    wire.take();
    cycle.records().await;
    assert_eq!(wire.take(), ["SOA", "AXFR"]);
}

#[tokio::test]
async fn without_leave_to_read_records_are_added_and_nobody_is_asked() {
    let server = start(Make::Bind).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(Rfc2136Config { reads: false, ..wire.config(&server) });
    let wishes = wishes(&["a.example.org A 192.0.2.1", "b.example.org CNAME x.example.net"]);
    for _ in 0..2 {
        let changes = cycle.changes(&wishes, &cycle.records().await).await;
        assert!(
            cycle.write(&changes).await.iter().all(Result::is_ok),
            "what is there already is added again"
        );
    }
    assert_eq!(wire.take(), ["UPDATE", "UPDATE"]);
    assert_eq!(
        lines(&server).await,
        ["a.example.org 300 A 192.0.2.1", "b.example.org 300 CNAME x.example.net."]
    );
}

#[rstest]
#[tokio::test]
async fn ten_thousand_records_are_read_in_one_go(#[values(Make::Bind, Make::Knot)] make: Make) {
    let mut setup = NameServerSetup::zones(&[ZONE]);
    setup.zones[0].1 = (0..10_000).map(|n| format!("h{n} A 192.0.2.1\n")).collect();
    let server = start_with(make, setup).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    assert_eq!(cycle.records().await.len(), 10_000);
    assert_eq!(wire.take(), ["AXFR"]);
}

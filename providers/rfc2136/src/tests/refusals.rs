//! What servers refuse, and what becomes of the rest.

use super::wire::{Fault, Wire};
use super::*;
use rstest::rstest;
use zonewright_planner::{CreateReason, DeleteReason};

fn create(text: &str) -> ZoneChange {
    ZoneChange { change: Change::create(wish(text), CreateReason::New), rows: Vec::new() }
}

async fn error_of(cycle: &Cycle, change: ZoneChange) -> ProviderError {
    cycle.write(&[change]).await.remove(0).unwrap_err()
}

/// W19: there, whatever somebody else has written is overwritten.
#[rstest]
#[tokio::test]
async fn what_others_have_changed_is_noticed_and_left_alone(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let cycle = Cycle::new(config(&server));
    cycle.converge(&wishes(&["a.example.org A 192.0.2.1", "gone.example.org A 192.0.2.1"])).await;
    let records = cycle.records().await;
    let wanted = wishes(&[
        "a.example.org A 192.0.2.2",
        "new.example.org A 192.0.2.1",
        "c.example.org CNAME x.example.net",
    ]);
    let changes = cycle.changes(&wanted, &records).await;
    assert_eq!(changes.len(), 4);
    server
        .nsupdate(
            "update delete a.example.org. A\nupdate add a.example.org. 300 A 192.0.2.99\nupdate delete gone.example.org.\n\
             update add new.example.org. 300 CNAME theirs.example.net.\nupdate add c.example.org. 300 TXT \"theirs\"",
        )
        .await
        .unwrap();
    let theirs = lines(&server).await;
    for change in changes {
        let name = change.change.name().clone();
        let error = error_of(&cycle, change).await;
        assert_eq!(error.class(), ErrorClass::Conflict, "{name}: {error}");
    }
    assert_eq!(lines(&server).await, theirs);
    // Once it is known what is there, it can be changed.
    let left = cycle.changes(&wishes(&["a.example.org A 192.0.2.2"]), &cycle.records().await).await;
    assert!(cycle.write(&left).await.iter().all(Result::is_ok));
}

/// A record and its row are in one message: both or none.
#[rstest]
#[tokio::test]
async fn a_refused_message_leaves_nothing_behind(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let cycle = Cycle::new(config(&server));
    server.nsupdate("update add a-a.example.org. 300 TXT \"theirs\"").await.unwrap();
    let mut change = create("a.example.org A 192.0.2.1");
    let row = wish("a-a.example.org TXT \"heritage=external-dns,external-dns/owner=me\"");
    change.rows = vec![zonewright_provider_kit::RowChange { read: None, expected: None, write: Some(row) }];
    let error = error_of(&cycle, change).await;
    assert_eq!(error.class(), ErrorClass::Conflict, "{error}");
    assert_eq!(lines(&server).await, ["a-a.example.org 300 TXT \"theirs\""]);
}

/// BIND may grant a key some names only: those alone are refused, with advice.
#[tokio::test]
async fn names_that_are_not_granted_are_refused_by_themselves() {
    let setup = NameServerSetup {
        grant: "subdomain ours.example.org ANY".to_owned(),
        ..NameServerSetup::zones(&[ZONE])
    };
    let server = start_with(Make::Bind, setup).await;
    let cycle = Cycle::new(config(&server));
    let both = [create("theirs.example.org A 192.0.2.1"), create("a.ours.example.org A 192.0.2.1")];
    for outcome in cycle.write(&both).await {
        let error = outcome.unwrap_err();
        assert_eq!(
            error.class(),
            ErrorClass::InvalidRecord,
            "the caller looks for whom it is about: {error}"
        );
        assert!(error.to_string().contains("update-policy"), "{error}");
    }
    assert!(cycle.write(&both[1..]).await[0].is_ok());
    assert_eq!(error_of(&cycle, both[0].clone()).await.class(), ErrorClass::InvalidRecord);
}

/// A server that takes nothing from us is not asked record by record.
#[rstest]
#[tokio::test]
async fn a_server_that_takes_no_updates_says_so_for_the_zone(#[values(Make::Bind, Make::Knot)] make: Make) {
    let mut setup = NameServerSetup::zones(&[ZONE]);
    setup.read_only = true;
    let server = start_with(make, setup).await;
    let cycle = Cycle::new(config(&server));
    let error = error_of(&cycle, create("a.example.org A 192.0.2.1")).await;
    assert_eq!(error.class(), ErrorClass::Auth, "{error}");
}

#[rstest]
#[tokio::test]
async fn a_zone_that_the_server_does_not_have_fails_alone(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let zones = vec![ZONE.to_owned(), "example.net".to_owned(), "sub.example.org".to_owned()];
    let cycle = Cycle::new(Rfc2136Config { zones, ..config(&server) });
    for zone in &cycle.zones {
        let read = cycle.reader.records(zone).await;
        let name = zone.id.to_string();
        let written = cycle.writer.apply(zone, &[create(&format!("a.{name} A 192.0.2.1"))]).await.remove(0);
        assert_eq!(read.is_ok(), name == ZONE, "{name}: {:?}", read.err());
        assert_eq!(written.is_ok(), name == ZONE, "{name}");
        for error in read.err().into_iter().chain(written.err()) {
            assert_eq!(error.class(), ErrorClass::Auth, "{error}");
            assert!(error.to_string().contains(&format!("zone {name}")), "{error}");
        }
    }
}

#[tokio::test]
async fn bad_input_of_one_name_spares_the_others() {
    let server = start(Make::Bind).await;
    let cycle = Cycle::new(config(&server));
    // None of these passes through adjust.
    let many = (0..150).map(|n| format!("10.{}.{}.1", n / 250, n % 250)).collect::<Vec<_>>().join("|");
    let mut changes = vec![
        create("good.example.org A 192.0.2.1"),
        create("bad.example.org NAPTR nonsense"),
        create("bad.example.org A 192.0.2.1"),
        create("fine.example.org A 192.0.2.1"),
    ];
    let outcomes = cycle.write(&changes).await;
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
    changes.clear();
    // BIND takes a hundred records of one name and type, and says SERVFAIL beyond.
    let error = error_of(&cycle, create(&format!("many.example.org A {many}"))).await;
    assert!(error.to_string().contains("more records of one name than it takes"), "{error}");
    // A change that no message can take says so.
    let huge = (0..9000).map(|n| format!("10.{}.{}.2", n / 250, n % 250)).collect::<Vec<_>>().join("|");
    let error = error_of(&cycle, create(&format!("huge.example.org A {huge}"))).await;
    assert_eq!(error.class(), ErrorClass::InvalidRecord, "{error}");
    assert!(error.to_string().contains("huge.example.org"), "{error}");
    // Beneath the zone of others, the server says so for the message.
    let outcome = cycle.writer.apply(&cycle.zones[0], &[create("a.example.net A 192.0.2.1")]).await.remove(0);
    assert_eq!(outcome.unwrap_err().class(), ErrorClass::InvalidRecord);
}

#[rstest]
#[tokio::test]
async fn an_update_without_an_answer_may_have_been_made(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let wire = Wire::to(&server).await;
    let cycle = Cycle::new(wire.config(&server));
    let wanted = wishes(&["a.example.org A 192.0.2.1"]);
    let changes = cycle.changes(&wanted, &cycle.records().await).await;
    wire.fault(Some(Fault::NoAnswer("UPDATE")));
    let error = cycle.write(&changes).await.remove(0).unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    wire.fault(None);
    assert!(cycle.changes(&wanted, &cycle.records().await).await.is_empty(), "it was");
}

#[rstest]
#[tokio::test]
async fn a_server_that_starts_again_goes_on_where_it_was(#[values(Make::Bind, Make::Knot)] make: Make) {
    let mut server = start(make).await;
    let cycle = Cycle::new(config(&server));
    let mut wanted: Vec<Endpoint> = Vec::new();
    for round in 0..3 {
        wanted.extend((0..100).map(|n| wish(&format!("r{round}n{n}.example.org A 192.0.2.1"))));
        let changes = cycle.changes(&wanted, &cycle.records().await).await;
        let (before, after) = changes.split_at(60);
        assert!(cycle.write(before).await.iter().all(Result::is_ok));
        server.kill();
        for outcome in cycle.write(after).await {
            let error = outcome.unwrap_err();
            assert_eq!(error.class(), ErrorClass::Unavailable, "{error}");
        }
        assert_eq!(cycle.reader.records(&cycle.zones[0]).await.unwrap_err().class(), ErrorClass::Unavailable);
        server.start_again().await.unwrap();
        cycle.converge(&wanted).await;
    }
    assert_eq!(lines(&server).await.len(), 300);
}

#[tokio::test]
async fn a_delete_takes_only_what_it_knows() {
    let server = start(Make::Bind).await;
    let cycle = Cycle::new(config(&server));
    cycle.converge(&wishes(&["a.example.org A 192.0.2.1"])).await;
    let old = cycle.records().await.remove(0);
    server.nsupdate("update add a.example.org. 300 A 192.0.2.2").await.unwrap();
    let delete = ZoneChange { change: Change::delete(old, DeleteReason::NoLongerWanted), rows: Vec::new() };
    assert_eq!(error_of(&cycle, delete).await.class(), ErrorClass::Conflict);
    assert_eq!(lines(&server).await.len(), 2);
}

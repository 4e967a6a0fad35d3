//! What is sent: as little as there is to do, and nothing that leaves a name without an answer.

use super::*;
use serde_json::{Value, json};

/// The operations of the only batch: deletes, patches, posts.
fn batch(service: &Service) -> (usize, usize, usize) {
    let writes = service.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    let body = writes[0].body.clone().unwrap();
    let count = |key: &str| body[key].as_array().map_or(0, Vec::len);
    (count("deletes"), count("patches"), count("posts"))
}

async fn step(service: &Service, cycle: &Cycle, wishes: &[Endpoint]) -> (usize, usize, usize) {
    let (plan, zones, parts) = cycle.plan(wishes).await;
    service.double.forget();
    let failures = cycle.apply(&plan, &zones, &parts).await;
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(service.double.requests(), 1, "one request and no list");
    let done = batch(service);
    cycle.expect_nothing(wishes).await;
    done
}

/// Need 11: a record that changes is changed in place, and what does not change is not touched; ownership rows neither.
#[tokio::test]
async fn records_change_in_place() {
    let service = Service::free().await;
    let cycle = service.cycle();
    assert_eq!(step(&service, &cycle, &[wish("a.example.org A 192.0.2.1|192.0.2.2", &[])]).await, (0, 0, 3));
    let ids = |kind: &str| -> Vec<Value> {
        let records = service.double.records(&service.zone);
        records.iter().filter(|record| record["type"] == kind).map(|record| record["id"].clone()).collect()
    };
    let before = ids("A");
    assert_eq!(step(&service, &cycle, &[wish("a.example.org A 192.0.2.1|192.0.2.3", &[])]).await, (0, 1, 0));
    assert_eq!(step(&service, &cycle, &[wish("a.example.org A 192.0.2.4|192.0.2.5", &[])]).await, (0, 2, 0));
    assert_eq!(ids("A").len(), 2);
    assert!(ids("A").iter().all(|id| before.contains(id)), "the same records all along");
    assert_eq!(
        step(&service, &cycle, &[wish("a.example.org A 192.0.2.5|192.0.2.6|192.0.2.7", &[])]).await,
        (0, 1, 1)
    );
    assert_eq!(step(&service, &cycle, &[wish("a.example.org A 192.0.2.6", &[])]).await, (2, 0, 0));
    assert_eq!(
        step(&service, &cycle, &[wish("a.example.org A 192.0.2.6", &[("ttl", "300")])]).await,
        (0, 1, 0)
    );
    // Another type: both in one transaction, with both rows.
    assert_eq!(step(&service, &cycle, &[wish("a.example.org CNAME host.example.net", &[])]).await, (2, 0, 2));
    assert_eq!(step(&service, &cycle, &[]).await, (2, 0, 0));
}

/// Without batches the order sees to it: at no moment is there no answer.
#[tokio::test]
async fn without_batches_new_values_come_before_old_ones_go() {
    let service = Service::free().await;
    service.double.without_batches();
    let cycle = service.cycle();
    cycle.converge(&[wish("a.example.org A 192.0.2.1|192.0.2.2", &[])]).await;
    service.double.forget();
    cycle.converge(&[wish("a.example.org A 192.0.2.3", &[])]).await;
    let methods: Vec<String> = service.writes().iter().map(|exchange| exchange.method.clone()).collect();
    assert_eq!(methods, ["PATCH", "DELETE"]);
    service.double.forget();
    cycle.converge(&[wish("a.example.org CNAME host.example.net", &[])]).await;
    let writes: Vec<String> = service
        .writes()
        .iter()
        .map(|exchange| {
            let kind = exchange.body.as_ref().map(|body| body["type"].to_string()).unwrap_or_default();
            format!("{} {kind}", exchange.method)
        })
        .collect();
    assert_eq!(writes, ["DELETE ", "DELETE ", "POST \"TXT\"", "POST \"CNAME\""]);
}

/// What people set by hand beside what we know stays.
#[tokio::test]
async fn settings_of_others_survive_an_update() {
    let service = Service::free().await;
    let more = json!({"ttl": 300, "settings": {"ipv4_only": true}});
    service.double.seed_with(&service.zone, "A", "a.example.org", "192.0.2.1", &more);
    let cycle = service.cycle();
    cycle.converge(&[wish("a.example.org A 192.0.2.2", &[])]).await;
    let record = service.double.records(&service.zone).remove(0);
    assert_eq!(record["settings"], json!({"ipv4_only": true}));
    assert_eq!(record["ttl"], 300, "an update that asks for no TTL leaves the one that is there");
}

/// Need 40: proxied records and automatic TTLs cause no second change, in any direction.
#[tokio::test]
async fn proxied_and_ttl_settle_at_once() {
    let service = Service::free().await;
    let cycle = service.cycle();
    let line = "a.example.org A 192.0.2.1|192.0.2.2";
    for properties in [
        &[("ttl", "300")] as &[(&str, &str)],
        &[("proxied", "true"), ("ttl", "300")],
        &[("proxied", "true")],
        &[],
        &[("ttl", "1")],
        &[("ttl", "10")],
        &[("proxied", "true"), ("record-comment", "c")],
        &[("record-comment", "d")],
        &[],
    ] {
        cycle.converge(&[wish(line, properties)]).await;
    }
    let records = service.double.records(&service.zone);
    assert!(records.iter().all(|r| r["proxied"] == false && r["comment"] == json!(null)), "{records:?}");
}

/// A comment longer than the plan has room for flaps in ExternalDNS, at two requests a record (W15).
#[tokio::test]
async fn a_long_comment_settles_at_once() {
    let service = Service::free().await;
    let comment = "long ".repeat(60);
    let wishes = [wish("a.example.org A 192.0.2.1", &[("record-comment", &comment)])];
    let cycle = service.cycle();
    cycle.converge(&wishes).await;
    assert_eq!(service.double.count(Operation::GetZone), 0, "the plan is known from the list");
}

/// W14: smaller batches than the plan allows can be had.
#[tokio::test]
async fn batches_are_as_large_as_plan_and_flag_say() {
    for (plan, flag, sizes) in [
        ("free", None, vec![200, 200, 200]),
        ("pro", None, vec![600]),
        ("pro", Some(250), vec![250, 250, 100]),
        ("free", Some(1000), vec![200, 200, 200]),
        ("free", Some(1), vec![1; 600]),
    ] {
        let service = Service::with_plan(plan).await;
        let cycle = cycle_of(CloudflareConfig { batch_changes: flag, ..service.config() });
        let zone = cycle.reader.zones().await.unwrap().remove(0);
        cycle.reader.records(&zone).await.unwrap();
        let outcomes = cycle.writer.apply(&zone, &super::calls::creates(300)).await;
        assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
        let size = |exchange: Exchange| exchange.body.unwrap()["posts"].as_array().unwrap().len();
        let found: Vec<usize> = service.writes().into_iter().map(size).collect();
        assert_eq!(found, sizes, "{plan} {flag:?}");
    }
}

/// A plan that is not known is taken for the smallest, and a limit below the plan's is found once and kept.
#[tokio::test]
async fn limits_are_found_and_kept() {
    let service = Service::with_plan("enterprise").await;
    service.double.hide_plan(&service.zone);
    let cycle = service.cycle();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    assert_eq!(cycle.writer.fitting(&zone, &super::calls::creates(300)), 100, "a record and its row each");

    let service = Service::with_plan("pro").await;
    service.double.limit_batches(&service.zone, 200);
    let cycle = service.cycle();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    let changes = super::calls::creates(300);
    assert_eq!(cycle.writer.fitting(&zone, &changes), 300);
    let error = cycle.writer.apply(&zone, &changes).await.remove(0).unwrap_err();
    assert_eq!(error.class(), ErrorClass::InvalidRecord, "the caller cuts such a write in two");
    assert_eq!(cycle.reader.zones().await.unwrap().len(), 1);
    assert_eq!(cycle.writer.fitting(&zone, &changes), 100, "after another list of zones, too");
    assert!(cycle.writer.apply(&zone, &changes).await.iter().all(Result::is_ok));
}

/// A set that alone is more than a batch takes is written in several.
#[tokio::test]
async fn one_set_may_be_larger_than_a_batch() {
    let service = Service::free().await;
    let cycle = service.cycle();
    let targets = |from: usize| {
        let all: Vec<String> =
            (from..from + 450).map(|n| format!("10.0.{}.{}", n / 250, 1 + n % 250)).collect();
        format!("a.example.org A {}", all.join("|"))
    };
    cycle.converge(&[wish(&targets(0), &[])]).await;
    cycle.converge(&[wish(&targets(300), &[])]).await;
    assert_eq!(service.lines().len(), 451);
}

/// Values that come from elsewhere and share a row's name are nobody's business.
#[tokio::test]
async fn foreign_values_beside_ours_stay() {
    let service = Service::free().await;
    let cycle = service.cycle();
    cycle.converge(&[wish("a.example.org A 192.0.2.1", &[])]).await;
    // Somebody adds a value after we have read.
    let (plan, zones, parts) = cycle.plan(&[]).await;
    service.double.seed(&service.zone, "TXT", "a-a.example.org", "\"of others\"");
    service.double.seed(&service.zone, "A", "a.example.org", "192.0.2.99");
    assert!(cycle.apply(&plan, &zones, &parts).await.is_empty());
    assert_eq!(service.lines(), ["A a.example.org 192.0.2.99", "TXT a-a.example.org \"of others\""]);
}

/// What was read is not what is there any more: a conflict, which makes the loop read again.
#[tokio::test]
async fn a_record_that_somebody_else_removed_is_a_conflict() {
    for without_batches in [false, true] {
        let service = Service::free().await;
        if without_batches {
            service.double.without_batches();
        }
        let id = service.double.seed(&service.zone, "A", "a.example.org", "192.0.2.1");
        let cycle = service.cycle();
        let wishes = [wish("a.example.org A 192.0.2.2", &[])];
        let (plan, zones, parts) = cycle.plan(&wishes).await;
        service.double.remove(&service.zone, &id);
        let failures = cycle.apply(&plan, &zones, &parts).await;
        assert_eq!(failures[0].1.class(), ErrorClass::Conflict, "{failures:?}");
        cycle.converge(&wishes).await;
    }
    let service = Service::free().await;
    let cycle = service.cycle();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    let old = Record::from_endpoint(zone.id.clone(), &wish("never.example.org A 192.0.2.1", &[]));
    let change = Change::delete(old, zonewright_planner::DeleteReason::NoLongerWanted);
    let outcome = cycle.writer.apply(&zone, &[ZoneChange { change, rows: Vec::new() }]).await.remove(0);
    assert_eq!(outcome.unwrap_err().class(), ErrorClass::Conflict);
    assert!(service.writes().is_empty());
}

//! Lists are whole or an error.

use super::*;
use serde_json::json;

const SMALL: u32 = 20;

async fn seeded(count: usize) -> (Service, Cycle, Zone) {
    let service = Service::free().await;
    for n in 0..count {
        service.double.seed(&service.zone, "A", &format!("n{n:03}.example.org"), "192.0.2.1");
    }
    let cycle = cycle_of(CloudflareConfig { records_per_page: SMALL, ..service.config() });
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    (service, cycle, zone)
}

/// Need 28, and W14: no page more than there are. Pages that overlap hold a little less.
#[tokio::test]
async fn pages_are_as_many_as_there_are() {
    for (count, pages) in
        [(0, 1), (19, 1), (20, 1), (21, 2), (38, 2), (39, 3), (50, 3), (51, 3), (60, 3), (61, 4)]
    {
        let (service, cycle, zone) = seeded(count).await;
        assert_eq!(cycle.reader.records(&zone).await.unwrap().records.len(), count);
        assert_eq!(service.double.count(Operation::ListRecords), pages, "{count} records");
        assert_eq!(service.double.count(Operation::ListZones), 1);
    }
}

#[tokio::test]
async fn zones_come_in_pages_of_fifty() {
    let service = Service::free().await;
    for n in 0..119 {
        service.double.add_zone(&format!("zone{n}.example"), "free");
    }
    let cycle = service.cycle();
    assert_eq!(cycle.reader.zones().await.unwrap().len(), 120);
    assert_eq!(service.double.count(Operation::ListZones), 3);
}

/// A record that goes while pages are read pushes another one from page two to page one, where nobody looks any more.
#[tokio::test]
async fn a_list_that_moves_is_read_again() {
    let (service, cycle, zone) = seeded(35).await;
    service.double.inject(When::call(Operation::ListRecords), Fault::ThenDrift);
    assert_eq!(cycle.reader.records(&zone).await.unwrap().records.len(), 35);
    assert_eq!(service.double.count(Operation::ListRecords), 2 + 2);

    service.double.inject(When::call(Operation::ListRecords).always(), Fault::ThenDrift);
    let error = cycle.reader.records(&zone).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unavailable);
    assert!(error.to_string().contains("changes while its pages are read"), "{error}");
}

/// Whatever happens in the middle, no half of a list is ever taken for all of it.
#[tokio::test]
async fn half_a_list_is_an_error() {
    let empty = json!({"success": true, "errors": [], "messages": [], "result": [], "result_info": {"total_count": 35}});
    let no_total = json!({"success": true, "errors": [], "messages": [], "result": []});
    let refused = json!({"success": false, "errors": [{"code": 1000, "message": "no"}], "messages": [], "result": null});
    let say = |body: serde_json::Value| Fault::Say { status: 200, body: body.to_string() };
    let faults = [
        Fault::throttled(None),
        Fault::refuse(500, 1000, "oops"),
        Fault::refuse(400, 1006, "no such page"),
        Fault::HangUp,
        Fault::HalfAnswer,
        Fault::Say { status: 200, body: "{\"success\":true".to_owned() },
        say(empty),
        say(no_total),
        say(refused),
    ];
    for fault in faults {
        let (service, cycle, zone) = seeded(35).await;
        service.double.inject(When::call(Operation::ListRecords).after(1).always(), fault.clone());
        assert!(cycle.reader.records(&zone).await.is_err(), "{fault:?}");
        assert!(cycle.reader.zones().await.is_ok());
    }
}

/// 429 with `Retry-After`: nobody asks again before its time, for whatever zone, and then the list is whole.
#[tokio::test]
async fn a_pause_is_kept_by_everybody() {
    let (service, cycle, zone) = seeded(35).await;
    service.double.inject(When::call(Operation::ListRecords).after(1), Fault::throttled(Some(1)));
    let error = cycle.reader.records(&zone).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Throttled { retry_after: Some(Duration::from_secs(1)) });
    let asked = service.double.requests();
    let error = cycle.reader.zones().await.unwrap_err();
    assert!(matches!(error.class(), ErrorClass::Throttled { .. }));
    assert_eq!(service.double.requests(), asked, "not even sent");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(cycle.reader.records(&zone).await.unwrap().records.len(), 35);
}

/// W15: whatever order records come in, a set is described by the same one, and that they differ is seen and mended.
#[tokio::test]
async fn a_set_whose_records_differ_is_evened_out() {
    let service = Service::with_plan("pro").await;
    let (zone, name) = (&service.zone, "a.example.org");
    service.double.seed_with(
        zone,
        "A",
        name,
        "192.0.2.2",
        &json!({"ttl": 300, "comment": "x", "tags": ["t:1"]}),
    );
    service.double.seed_with(zone, "A", name, "192.0.2.1", &json!({"ttl": 120}));
    service.double.seed_with(zone, "A", name, "192.0.2.3", &json!({"proxied": true}));
    let cycle = service.cycle();
    let zones = cycle.reader.zones().await.unwrap();
    let record = cycle.reader.records(&zones[0]).await.unwrap().records.remove(0);
    assert_eq!(record.ttl.seconds(), 120);
    assert_eq!(record.properties.get("cloudflare/mixed"), Some("ttl,proxied,comment,tags"));

    let wishes = [wish("a.example.org A 192.0.2.1|192.0.2.2|192.0.2.3", &[("ttl", "120")])];
    let (plan, zones, parts) = cycle.plan(&wishes).await;
    service.double.forget();
    assert_eq!(cycle.apply(&plan, &zones, &parts).await.len(), 0);
    let batch = service.writes().remove(0).body.unwrap();
    assert_eq!(batch["patches"].as_array().unwrap().len(), 2, "the first is as it should be");
    cycle.expect_nothing(&wishes).await;
    let records = service.double.records(&service.zone);
    let hosts = records.iter().filter(|record| record["type"] == "A");
    let seen: Vec<_> =
        hosts.map(|r| (r["ttl"].clone(), r["proxied"].clone(), r["comment"].clone())).collect();
    assert_eq!(seen, vec![(json!(120), json!(false), json!(null)); 3]);
}

/// Types that nobody plans are left alone, and so is what cannot be read.
#[tokio::test]
async fn what_is_not_planned_is_not_listed() {
    let service = Service::free().await;
    let data = json!({"data": {"flags": 0, "tag": "issue", "value": "ca.example"}});
    service.double.seed_with(&service.zone, "CAA", "example.org", "0 issue \"ca.example\"", &data);
    service.double.seed(&service.zone, "A", "a b.example.org", "192.0.2.1");
    service.double.seed_with(
        &service.zone,
        "MX",
        "example.org",
        "mail.example.net",
        &json!({"priority": 10}),
    );
    service.double.seed_with(
        &service.zone,
        "MX",
        "example.org",
        "mail.example.net",
        &json!({"priority": 20}),
    );
    let cycle = service.cycle();
    let zone = cycle.reader.zones().await.unwrap().remove(0);
    let listing = cycle.reader.records(&zone).await.unwrap();
    assert_eq!(listing.unreadable.len(), 1);
    let targets: Vec<String> = listing.records[0].targets.iter().map(ToString::to_string).collect();
    assert_eq!(
        targets,
        ["10 mail.example.net", "20 mail.example.net"],
        "one host with two preferences is two"
    );
}

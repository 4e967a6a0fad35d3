//! What is handed out.

use super::*;

#[tokio::test]
async fn the_names_of_the_zones_are_offered_unless_a_flag_says_otherwise() {
    let provider = Provider::new(&["example.org", "example.com"]);
    let server = serve(&provider, config()).await;
    let answer = server.get("/").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "include": ["example.com", "example.org"] })));
    assert_eq!(answer.body.chars().last(), Some('\n'), "as Go writes it");
    let filter = DomainFilter::from_suffixes(&["a.example.org"], &["b.a.example.org"]).unwrap();
    let server = serve(&provider, ServingConfig { filter, ..config() }).await;
    assert_eq!(
        server.get("/").await.json(),
        json!({ "include": ["a.example.org"], "exclude": ["b.a.example.org"] })
    );
}

#[tokio::test]
async fn records_are_handed_out_as_the_provider_has_them() {
    let provider = Provider::new(&["example.org", "example.com"]);
    let server = serve(&provider, config()).await;
    assert_eq!(server.get("/records").await.body, "[]\n");
    let weighted = json!({
        "dnsName": "geo.example.com", "recordType": "CNAME", "targets": ["lb.example.net"], "setIdentifier": "eu",
        "recordTTL": 300, "providerSpecific": [{ "name": "aws/weight", "value": "10" }],
    });
    let done =
        server.apply(&json!({ "create": [weighted, row("cname-geo.example.com", "geo.example.com")] })).await;
    assert_eq!((done.status, &*done.body), (204, ""));
    let mut expected = weighted.clone();
    expected["labels"] = Value::Null;
    let mut found = server.get("/records").await.json();
    let geo = found
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|record| record["dnsName"] == "geo.example.com")
        .unwrap();
    geo.as_object_mut().unwrap().remove("labels");
    expected.as_object_mut().unwrap().remove("labels");
    assert_eq!(*geo, expected);
    assert_eq!(server.recorded.lock().unwrap().last(), Some(&("records", 200)));
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_used_again_for_as_long_as_the_flag_says() {
    let provider = Provider::new(&["example.org"]);
    let lists = || provider.lists.load(Ordering::SeqCst);
    let serving =
        |cache_time| Serving::new(provider.clone(), None, ServingConfig { cache_time, ..config() }, None);
    let (none, minute) = (serving(Duration::ZERO), serving(Duration::from_secs(60)));
    let list = async |serving: &Serving| {
        let Ok((_, handed_out)) = http::list(serving).await else { panic!() };
        handed_out.iter().for_each(|listing| listing.store(true, Ordering::Relaxed));
    };
    for _ in 0..3 {
        list(&none).await;
    }
    assert_eq!(lists(), 3);
    for _ in 0..3 {
        list(&minute).await;
    }
    assert_eq!(lists(), 4);
    tokio::time::advance(Duration::from_secs(61)).await;
    list(&minute).await;
    assert_eq!(lists(), 5);
}

#[tokio::test]
async fn after_a_write_the_zone_is_listed_again_and_writes_need_no_listing() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, ServingConfig { cache_time: Duration::from_secs(600), ..config() }).await;
    let lists = || provider.lists.load(Ordering::SeqCst);
    server.get("/records").await;
    server.get("/records").await;
    for i in 0..5 {
        let name = format!("n{i}.example.org");
        assert_eq!(server.apply(&json!({ "create": [a(&name, "192.0.2.1")] })).await.status, 204);
    }
    assert_eq!(lists(), 1);
    assert_eq!(server.names().await.len(), 5);
    assert_eq!(lists(), 2);
}

#[tokio::test]
async fn what_cannot_be_listed_is_said() {
    let provider = Provider::new(&["example.org"]);
    let server = serve(&provider, config()).await;
    provider.fail(ErrorClass::Auth);
    let answer = server.get("/records").await;
    assert_eq!((answer.status, &*answer.body), (500, "the service is not well\n"));
    provider.fail(ErrorClass::Throttled { retry_after: Some(Duration::from_millis(1500)) });
    let answer = server.get("/records").await;
    assert_eq!((answer.status, answer.retry_after.as_deref()), (503, Some("2")));
    assert_eq!(server.get("/records").await.status, 200);
}

#[tokio::test]
async fn wishes_come_back_in_canonical_form_and_those_that_cannot_be_read_as_they_were() {
    let server = serve(&Provider::new(&["example.org"]), config()).await;
    let bad = json!({ "dnsName": "Bad.example.org", "recordType": "A", "targets": ["no address"] });
    let nameless = json!({ "dnsName": "a..b", "recordType": "A", "targets": ["192.0.2.1"] });
    let answer =
        server.post("/adjustendpoints", &json!([a("Web.Example.org.", "192.0.2.1"), bad, nameless])).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!([a("web.example.org", "192.0.2.1"), bad, nameless]))
    );
    for nothing in [json!([]), Value::Null] {
        assert_eq!(server.post("/adjustendpoints", &nothing).await.body, "[]\n");
    }
}

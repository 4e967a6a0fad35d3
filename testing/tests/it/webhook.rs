use crate::http::http;
use reqwest::Response;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use zonewright_testing::{Call, WebhookStandIn};

const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";

async fn get(provider: &WebhookStandIn, path: &str) -> Response {
    http().get(provider.url() + path).send().await.unwrap()
}

async fn post(provider: &WebhookStandIn, path: &str, body: &Value) -> Response {
    http().post(provider.url() + path).body(body.to_string()).send().await.unwrap()
}

async fn json_of(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], MEDIA_TYPE);
    response.json().await.unwrap()
}

fn a_record(name: &str, set_identifier: Option<&str>, target: &str) -> Value {
    let mut record = json!({ "dnsName": name, "recordType": "A", "targets": [target] });
    if let Some(set_identifier) = set_identifier {
        record["setIdentifier"] = json!(set_identifier);
    }
    record
}

#[tokio::test]
async fn negotiation_offers_the_filter_of_the_test() {
    let filter = json!({ "include": ["example.org"] });
    let provider = WebhookStandIn::start(filter.clone()).await.unwrap();
    assert_eq!(json_of(get(&provider, "/").await).await, filter);
    assert_eq!(json_of(get(&provider, "/records").await).await, json!([]));
    assert_eq!((provider.count(Call::Negotiate), provider.count(Call::Records)), (1, 1));
}

#[tokio::test]
async fn adjusting_echoes_and_notes_the_endpoints() {
    let provider = WebhookStandIn::start(json!({})).await.unwrap();
    assert_eq!(provider.adjusted(), None);
    let endpoints = json!([a_record("a.example.org", None, "192.0.2.1")]);
    assert_eq!(json_of(post(&provider, "/adjustendpoints", &endpoints).await).await, endpoints);
    assert_eq!(provider.adjusted(), Some(endpoints));
    assert_eq!(json_of(post(&provider, "/adjustendpoints", &Value::Null).await).await, Value::Null);
    assert_eq!(provider.adjusted(), Some(Value::Null));
}

#[tokio::test]
async fn changes_match_by_name_type_and_set_identifier() {
    let provider = WebhookStandIn::start(json!({})).await.unwrap();
    let mut seeded = a_record("seeded.example.org", None, "192.0.2.9");
    seeded["labels"] = json!({ "owner": "them" });
    let blue = a_record("a.example.org", Some("blue"), "192.0.2.1");
    let plain = a_record("a.example.org", None, "192.0.2.2");
    provider.set_records(vec![
        seeded.clone(),
        blue.clone(),
        plain.clone(),
        a_record("b.example.org", None, "192.0.2.3"),
    ]);

    let mut created = a_record("c.example.org", None, "192.0.2.4");
    created["labels"] = json!({ "owner": "me" });
    let updated = a_record("b.example.org", None, "192.0.2.5");
    let changes = json!({
        "create": [created],
        // Targets do not matter for what is removed.
        "updateOld": [a_record("b.example.org", None, "203.0.113.1")],
        "updateNew": [updated],
        "delete": [a_record("a.example.org", None, "203.0.113.1"), a_record("absent.example.org", None, "x")],
    });
    assert_eq!(post(&provider, "/records", &changes).await.status(), 204);
    let expected = vec![seeded, blue, updated, a_record("c.example.org", None, "192.0.2.4")];
    assert_eq!(provider.records(), expected);
    assert_eq!(json_of(get(&provider, "/records").await).await, json!(expected));
    assert_eq!(provider.applied(), [changes]);
}

#[tokio::test]
async fn faults_come_once_and_in_order() {
    let provider = WebhookStandIn::start(json!({})).await.unwrap();
    provider.fail_next(Call::Apply, 503);
    provider.lose_next_answer(Call::Apply, 502);
    provider.fail_next(Call::Records, 500);
    let create = json!({ "create": [a_record("a.example.org", None, "192.0.2.1")] });

    assert_eq!(post(&provider, "/records", &create).await.status(), 503);
    assert_eq!(provider.records().len(), 0);
    assert_eq!(post(&provider, "/records", &create).await.status(), 502);
    assert_eq!(provider.records().len(), 1);
    assert_eq!(post(&provider, "/records", &json!({})).await.status(), 204);
    assert_eq!(get(&provider, "/records").await.status(), 500);
    assert_eq!(get(&provider, "/records").await.status(), 200);
    assert_eq!((provider.count(Call::Apply), provider.count(Call::Records)), (3, 2));
    assert_eq!(provider.applied().len(), 3);

    provider.forget_calls();
    assert_eq!((provider.count(Call::Apply), provider.applied().len(), provider.records().len()), (0, 0, 1));
}

#[tokio::test]
async fn answers_can_be_slow_and_bodies_large() {
    let provider = WebhookStandIn::start(json!({})).await.unwrap();
    provider.delay(Call::Adjust, Duration::from_millis(80));
    let endpoints: Vec<Value> =
        (0..40_000).map(|n| a_record(&format!("host-{n}.example.org"), None, "192.0.2.1")).collect();
    let started = Instant::now();
    let answer = json_of(post(&provider, "/adjustendpoints", &json!(endpoints)).await).await;
    assert!(started.elapsed() >= Duration::from_millis(80));
    assert_eq!(answer.as_array().unwrap().len(), endpoints.len());
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_and_changes_nothing() {
    let provider = WebhookStandIn::start(json!({})).await.unwrap();
    let url = provider.url() + "/records";
    let response = http().post(url).body("{").send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!((provider.count(Call::Apply), provider.applied().len()), (1, 0));
}

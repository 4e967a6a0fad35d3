//! The battery, against a server written from the protocol alone.

use super::*;
use serde_json::{Value, json};
use std::sync::Mutex;
use wiremock::{Request, Respond};
use zonewright_provider_kit::battery::Battery;

/// Keeps endpoints as JSON, as the recorded reference provider does: removes by key, then stores.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Vec<Value>>>);

fn key(endpoint: &Value) -> [String; 3] {
    ["dnsName", "recordType", "setIdentifier"]
        .map(|field| endpoint[field].as_str().unwrap_or_default().to_owned())
}

impl Respond for Server {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let mut records = self.0.lock().unwrap();
        match (request.method.as_str(), request.url.path()) {
            ("GET", "/") => super::json("{}"),
            ("GET", "/records") => super::json(&json!(*records).to_string()),
            ("POST", "/adjustendpoints") => super::json(&body.to_string()),
            ("POST", "/records") => {
                let list = |name: &str| body[name].as_array().cloned().unwrap_or_default();
                for gone in list("delete").iter().chain(&list("updateOld")) {
                    records.retain(|record| key(record) != key(gone));
                }
                for mut new in list("updateNew").into_iter().chain(list("create")) {
                    new.as_object_mut().unwrap().remove("labels");
                    records.push(new);
                }
                ResponseTemplate::new(204)
            }
            _ => ResponseTemplate::new(404),
        }
    }
}

#[tokio::test]
async fn the_battery_is_green() {
    let records = Server::default();
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(records.clone()).mount(&server).await;
    let webhook = client(&server.uri());
    let (reader, writer) = (webhook.reader(), webhook.writer());
    Battery::new(&reader, &writer, "example.org".parse().unwrap()).run().await.unwrap();
    assert_eq!(*records.0.lock().unwrap(), Vec::<Value>::new());
    assert_eq!(webhook.stats().records.errors() + webhook.stats().apply_changes.errors(), 0);
}

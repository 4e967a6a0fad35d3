//! The client against HTTP servers.

mod battery;
mod failures;
mod requests;
mod wire_changes;

use crate::{Webhook, WebhookConfig};
use std::sync::Arc;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};
use zonewright_planner::{Change, CreateReason, Endpoint, ObjectRef, Properties, Record, RecordType, ZoneId};
use zonewright_provider_kit::{ReadZones, Zone, ZoneChange};

const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";

fn client(url: &str) -> Webhook {
    Webhook::new(&WebhookConfig::new(url)).unwrap()
}

/// A server that answers one route.
async fn server(verb: &str, route: &str, answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method(verb)).and(path(route)).respond_with(answer).mount(&server).await;
    server
}

fn json(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.as_bytes().to_vec(), MEDIA_TYPE)
}

async fn zone(webhook: &Webhook) -> Zone {
    webhook.reader().zones().await.unwrap().remove(0)
}

fn a(name: &str, target: &str) -> Endpoint {
    Endpoint::new(name, RecordType::A, &[target], Properties::new()).unwrap()
}

fn txt(name: &str, text: &str) -> Endpoint {
    Endpoint::new(name, RecordType::Txt, &[text], Properties::new()).unwrap()
}

fn record(name: &str, target: &str) -> Record {
    Record::from_text(ZoneId::new("webhook"), name, RecordType::A, &[target]).unwrap()
}

fn create(new: Endpoint) -> ZoneChange {
    ZoneChange { change: Change::create(new, CreateReason::New), rows: Vec::new() }
}

fn object(name: &str) -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        source: "service",
        kind: "Service",
        api_version: "v1",
        namespace: "default".into(),
        name: name.into(),
        uid: "".into(),
    })
}

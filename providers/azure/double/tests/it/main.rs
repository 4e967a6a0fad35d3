//! The double refuses what the services refuse, in their words, whoever asks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use reqwest::{Client, Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use zonewright_azure_double::{AzureDouble, Fault, NewZone, Operation, RecordSet, When};

struct World {
    azure: AzureDouble,
    client: Client,
    token: String,
    zone: String,
}

impl World {
    async fn new(private: bool) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let azure = AzureDouble::start().await.unwrap();
        azure.add_principal("tenant", "client", "secret");
        let new = if private { NewZone::private } else { NewZone::public };
        let zone = azure.create_zone(new("sub", "group", "example.org").limited(3, 8));
        let client = Client::builder().no_proxy().build().unwrap();
        let form = "grant_type=client_credentials&client_id=client&client_secret=secret&scope=x%2F.default";
        let url = format!("{}/tenant/oauth2/v2.0/token", azure.url());
        let answer = client.post(url).body(form).send().await.unwrap();
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let token = body["access_token"].as_str().unwrap().to_owned();
        Self { azure, client, token, zone }
    }

    /// Status and body.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        let kind = if self.zone.contains("private") { "privateDnsZones" } else { "dnsZones" };
        let version = if self.zone.contains("private") { "2024-06-01" } else { "2018-05-01" };
        let separator = if path.contains('?') { '&' } else { '?' };
        let url = format!(
            "{}/subscriptions/sub/resourceGroups/group/providers/Microsoft.Network/{kind}{path}{separator}api-version={version}",
            self.azure.url()
        );
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    async fn put(&self, record: &str, headers: &[(&str, &str)], properties: Value) -> (u16, String) {
        let path = format!("/example.org/{record}");
        let (status, body) =
            self.ask(Method::PUT, &path, headers, Some(json!({ "properties": properties }))).await;
        (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

fn a(address: &str) -> Value {
    json!({ "TTL": 60, "ARecords": [{ "ipv4Address": address }] })
}

#[tokio::test]
async fn versions_guard_record_sets() {
    let world = World::new(false).await;
    let created = world.put("A/www", &[("if-none-match", "*")], a("192.0.2.1")).await;
    assert_eq!(created, (201, String::new()));
    let failed = (412, "PreconditionFailed".to_owned());
    assert_eq!(world.put("A/WWW", &[("if-none-match", "*")], a("192.0.2.2")).await, failed);
    assert_eq!(world.put("A/www", &[("if-match", "nonsense")], a("192.0.2.2")).await, failed);
    assert_eq!(world.put("A/new", &[("if-match", "*")], a("192.0.2.2")).await, failed);
    let (_, list) = world.ask(Method::GET, "/example.org/all", &[], None).await;
    let set = list["value"].as_array().unwrap().iter().find(|set| set["name"] == "www").unwrap();
    let etag = set["etag"].as_str().unwrap();
    assert_eq!(world.put("A/www", &[("if-match", etag)], a("192.0.2.3")).await.0, 200);
    let delete = async |headers: &[(&str, &str)]| {
        world.ask(Method::DELETE, "/example.org/A/www", headers, None).await.0
    };
    assert_eq!(delete(&[("if-match", etag)]).await, 412);
    assert_eq!((delete(&[]).await, delete(&[]).await), (200, 204));
    assert_eq!(world.azure.violations(), Vec::<String>::new());
}

/// Every rule that a provider may run into.
#[rstest]
#[case("A/www", a("999.0.2.1"), 400, "BadRequest")]
#[case("A/www", json!({"TTL": 0, "ARecords": [{"ipv4Address": "192.0.2.1"}]}), 400, "BadRequest")]
#[case("A/www", json!({"TTL": 60, "AAAARecords": [{"ipv6Address": "::1"}]}), 400, "BadRequest")]
#[case("A/www", json!({"TTL": 60, "ARecords": (1..5).map(|i| json!({"ipv4Address": format!("192.0.2.{i}")})).collect::<Vec<_>>()}), 400, "BadRequest")]
#[case("A/www", json!({"TTL": 60, "ARecords": [{"ipv4Address": "192.0.2.1"}, {"ipv4Address": "192.0.2.1"}]}), 400, "BadRequest")]
#[case("A/a-*", a("192.0.2.1"), 400, "BadRequest")]
#[case("TXT/t", json!({"TTL": 60, "TXTRecords": [{"value": ["x".repeat(256)]}]}), 400, "BadRequest")]
#[case("TXT/t", json!({"TTL": 60, "TXTRecords": [{"value": vec!["x".repeat(255); 17]}]}), 400, "BadRequest")]
#[case("MX/m", json!({"TTL": 60, "MXRecords": [{"preference": 70000, "exchange": "m"}]}), 400, "BadRequest")]
#[case("CNAME/taken", json!({"TTL": 60, "CNAMERecord": {"cname": "x.example.net"}}), 409, "Conflict")]
#[case("A/alias", a("192.0.2.1"), 409, "Conflict")]
#[case("CNAME/@", json!({"TTL": 60, "CNAMERecord": {"cname": "x.example.net"}}), 400, "BadRequest")]
#[case("SOA/www", json!({"TTL": 60}), 400, "BadRequest")]
// What is not in the published API at all.
#[case("A/www", json!({"ttl": 60, "aRecords": []}), 400, "NotPublished")]
#[case("A/www", json!({"TTL": 60, "ARecords": [], "fqdn": "x."}), 400, "NotPublished")]
#[case("NAPTR/www", json!({"TTL": 60}), 400, "NotPublished")]
#[tokio::test]
async fn record_sets_are_looked_at(
    #[case] record: &str,
    #[case] properties: Value,
    #[case] status: u16,
    #[case] code: &str,
) {
    let world = World::new(false).await;
    let seeds =
        [RecordSet::new("taken", "A", 60, &["192.0.2.9"]), RecordSet::new("alias", "CNAME", 60, &["x.net"])];
    world.azure.seed(&world.zone, seeds).unwrap();
    assert_eq!(world.put(record, &[], properties).await, (status, code.to_owned()));
    assert_eq!(world.azure.violations().is_empty(), code != "NotPublished");
}

#[tokio::test]
async fn private_zones_spell_their_fields_otherwise() {
    let world = World::new(true).await;
    let properties = json!({ "ttl": 60, "aRecords": [{ "ipv4Address": "192.0.2.1" }] });
    assert_eq!(world.put("A/www", &[], properties).await.0, 201);
    assert_eq!(world.put("A/www", &[], a("192.0.2.1")).await, (400, "NotPublished".to_owned()));
    assert_eq!(world.put("NS/sub", &[], json!({ "ttl": 60 })).await, (400, "NotPublished".to_owned()));
    let (status, list) = world.ask(Method::GET, "/example.org/ALL", &[], None).await;
    assert_eq!((status, list["value"].as_array().unwrap().len()), (200, 2));
}

#[tokio::test]
async fn zones_are_full_at_some_time() {
    let world = World::new(false).await;
    for i in 0..6 {
        assert_eq!(world.put(&format!("A/n{i}"), &[], a("192.0.2.1")).await.0, 201);
    }
    assert_eq!(world.put("A/n6", &[], a("192.0.2.1")).await, (400, "RecordSetLimitExceeded".to_owned()));
    assert_eq!(world.put("A/n5", &[], a("192.0.2.2")).await.0, 200);
}

#[tokio::test]
async fn pages_are_as_long_as_asked_for() {
    let world = World::new(false).await;
    let names: Vec<String> = (0..250).map(|i| format!("n{i:03}")).collect();
    world
        .azure
        .seed(&world.zone, names.iter().map(|name| RecordSet::new(name, "A", 60, &["192.0.2.1"])))
        .unwrap();
    let (_, first) = world.ask(Method::GET, "/example.org/all", &[], None).await;
    assert_eq!(first["value"].as_array().unwrap().len(), 100);
    let link = first["nextLink"].as_str().unwrap();
    assert!(link.starts_with(&world.azure.url()), "{link}");
    let answer = world.client.get(link).bearer_auth(&world.token).send().await.unwrap();
    let second: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(second["value"].as_array().unwrap().len(), 100);
    assert_ne!(second["value"][0], first["value"][0]);
    let (status, _) = world.ask(Method::GET, "/example.org/all?$top=1001", &[], None).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let world = World::new(false).await;
    let path = "/example.org/all";
    world.azure.withdraw_tokens();
    let (status, body) = world.ask(Method::GET, path, &[], None).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("InvalidAuthenticationToken")));
    let answer = world
        .client
        .get(format!("{}/metadata/identity/oauth2/token", world.azure.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(world.azure.count(Operation::GetIdentityToken), 1);
}

#[tokio::test]
async fn faults_meet_whom_they_are_for() {
    let world = World::new(false).await;
    let put = When::call(Operation::PutRecordSet);
    world.azure.inject(put.clone().of_record("A b").in_zone(&world.zone), Fault::throttled(Some(7)));
    assert_eq!(world.put("A/a", &[], a("192.0.2.1")).await.0, 201);
    assert_eq!(world.put("A/b", &[], a("192.0.2.1")).await, (429, "TooManyRequests".to_owned()));
    assert_eq!(world.put("A/b", &[], a("192.0.2.1")).await.0, 201);
    world.azure.answer_bare();
    world.azure.inject(put, Fault::forbidden());
    let body = Some(json!({ "properties": a("192.0.2.1") }));
    let (status, body) = world.ask(Method::PUT, "/example.org/A/c", &[], body).await;
    assert_eq!((status, &body["code"]), (403, &json!("AuthorizationFailed")));
}

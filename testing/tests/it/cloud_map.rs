//! The Cloud Map double and moto go through the same scenario, as for Route 53. moto is weak here: there is more to differ in than
//! to agree on.

use crate::differences::hold_against;
use crate::http::http;
use reqwest::Client;
use serde_json::{Value, json};
use zonewright_aws_double::AwsDouble;
use zonewright_testing::Moto;

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/servicediscovery/aws4_request, \
                             SignedHeaders=host, Signature=none";

struct Server {
    url: String,
    client: Client,
}

impl Server {
    fn new(url: String) -> Self {
        Server { url, client: http() }
    }

    async fn call(&self, operation: &str, fields: Value) -> (u16, Value) {
        let request = self
            .client
            .post(format!("{}/", self.url))
            .header("authorization", AUTHORIZATION)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("Route53AutoNaming_v20170314.{operation}"))
            .body(fields.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
    }

    /// The status of the answer, with its code if it is a refusal.
    async fn outcome(&self, operation: &str, fields: Value) -> String {
        let (status, answer) = self.call(operation, fields).await;
        format!("{operation} {status} {}\n", answer["__type"].as_str().unwrap_or_default())
    }

    async fn good(&self, operation: &str, fields: Value) -> Value {
        let (status, answer) = self.call(operation, fields).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    async fn namespace(&self, operation: &str, fields: Value) -> String {
        let id = self.good(operation, fields).await["OperationId"].clone();
        let done = self.good("GetOperation", json!({ "OperationId": id })).await;
        done["Operation"]["Targets"]["NAMESPACE"].as_str().unwrap().to_owned()
    }

    async fn service(&self, namespace: &str, name: &str) -> String {
        let answer = self.good("CreateService", service(namespace, name)).await;
        answer["Service"]["Id"].as_str().unwrap().to_owned()
    }
}

fn service(namespace: &str, name: &str) -> Value {
    json!({
        "Name": name,
        "NamespaceId": namespace,
        "Description": "heritage=external-dns",
        "DnsConfig": { "RoutingPolicy": "MULTIVALUE", "DnsRecords": [{ "Type": "A", "TTL": 300 }] },
    })
}

fn registration(service: &str, address: &str) -> Value {
    json!({ "ServiceId": service, "InstanceId": "one", "Attributes": { "AWS_INSTANCE_IPV4": address } })
}

/// The texts of this field in a list, sorted.
fn field(list: &Value, name: &str) -> String {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<&str> = items.iter().filter_map(|item| item[name].as_str()).collect();
    found.sort_unstable();
    format!("{}: {}\n", name, found.join(", "))
}

async fn common_ground(server: &Server) -> String {
    let mut seen = String::new();
    let namespace = server.namespace("CreatePublicDnsNamespace", json!({ "Name": "example.com" })).await;
    let namespaces = server.good("ListNamespaces", json!({})).await["Namespaces"].clone();
    seen += &(field(&namespaces, "Name") + &field(&namespaces, "Type"));
    let id = server.service(&namespace, "web").await;
    let services = server.good("ListServices", json!({})).await["Services"].clone();
    seen += &(field(&services, "Name") + &field(&services, "Description"));
    seen += &format!("{}\n", services[0]["DnsConfig"]["DnsRecords"]);
    server.good("RegisterInstance", registration(&id, "192.0.2.1")).await;
    let instances = server.good("ListInstances", json!({ "ServiceId": id })).await["Instances"].clone();
    seen += &field(&instances, "Id");
    seen += &format!("{}\n", instances[0]["Attributes"]["AWS_INSTANCE_IPV4"]);
    server.good("DeregisterInstance", json!({ "ServiceId": id, "InstanceId": "one" })).await;
    let instances = server.good("ListInstances", json!({ "ServiceId": id })).await["Instances"].clone();
    seen += &field(&instances, "Id");
    seen + &server.outcome("DeleteService", json!({ "Id": id })).await
}

async fn differences(server: &Server) -> Vec<(&'static str, String)> {
    let public = server.namespace("CreatePublicDnsNamespace", json!({ "Name": "example.com" })).await;
    let private = json!({ "Name": "example.org", "Vpc": "vpc-1" });
    let private = server.namespace("CreatePrivateDnsNamespace", private).await;
    let id = server.service(&public, "web").await;
    server.service(&private, "inner").await;
    let filter = |name: &str, value: &str| json!({ "Filters": [{ "Name": name, "Values": [value] }] });
    let namespaces = server.good("ListNamespaces", filter("TYPE", "DNS_PRIVATE")).await;
    let services = server.good("ListServices", filter("NAMESPACE_ID", &public)).await;
    let again = server.outcome("CreateService", service(&public, "web")).await;
    let unreadable = server.outcome("RegisterInstance", registration(&id, "nonsense")).await;
    for address in ["192.0.2.1", "192.0.2.2"] {
        server.good("RegisterInstance", registration(&id, address)).await;
    }
    let instances = server.good("ListInstances", json!({ "ServiceId": id })).await;
    let missing = json!({ "ServiceId": id, "InstanceId": "two" });
    vec![
        ("namespaces are filtered by their type", field(&namespaces["Namespaces"], "Name")),
        ("services are filtered by their namespace", field(&services["Services"], "Name")),
        ("a service is made once", again),
        ("an A has an address", unreadable),
        ("an instance that is registered again is replaced", field(&instances["Instances"], "Id")),
        ("an instance that is not there cannot go", server.outcome("DeregisterInstance", missing).await),
        (
            "what is gone cannot be deleted",
            server.outcome("DeleteService", json!({ "Id": "srv-none" })).await,
        ),
        ("a service with instances stays", server.outcome("DeleteService", json!({ "Id": id })).await),
    ]
}

async fn both() -> (Server, Server, AwsDouble, Moto) {
    let double = AwsDouble::start().await.unwrap();
    let moto = Moto::start().await.unwrap();
    (Server::new(double.url()), Server::new(moto.url()), double, moto)
}

#[tokio::test]
async fn the_double_and_moto_agree_where_moto_is_faithful() {
    let (ours, theirs, _double, _moto) = both().await;
    assert_eq!(common_ground(&ours).await, common_ground(&theirs).await);
}

#[tokio::test]
async fn moto_differs_where_it_is_known_to() {
    let (ours, theirs, _double, _moto) = both().await;
    let (ours, theirs) = (differences(&ours).await, differences(&theirs).await);
    let found: Vec<_> =
        ours.into_iter().zip(theirs).map(|((name, ours), (_, theirs))| (name, ours, theirs)).collect();
    hold_against("cloud_map_differences.txt", &found);
}

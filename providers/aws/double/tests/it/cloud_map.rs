use crate::client::http;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use zonewright_aws_double::{AwsDouble, CloudService, Fault, NamespaceKind, Operation, When};

async fn call(aws: &AwsDouble, operation: &str, fields: Value) -> (u16, Value) {
    let request = http()
        .post(aws.url() + "/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("Route53AutoNaming_v20170314.{operation}"))
        .body(fields.to_string());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

async fn good(aws: &AwsDouble, operation: &str, fields: Value) -> Value {
    let (status, answer) = call(aws, operation, fields.clone()).await;
    assert_eq!(status, 200, "{operation} {fields}: {answer}");
    answer
}

async fn refused(aws: &AwsDouble, operation: &str, fields: Value, status: u16, code: &str) {
    let (found, answer) = call(aws, operation, fields.clone()).await;
    assert_eq!((found, answer["__type"].as_str()), (status, Some(code)), "{operation} {fields}: {answer}");
}

async fn double() -> (AwsDouble, String) {
    let aws = AwsDouble::start().await.unwrap();
    let namespace = aws.create_namespace("example.com", NamespaceKind::Public);
    (aws, namespace)
}

fn service(namespace: &str, name: &str, kind: &str, routing: &str) -> Value {
    json!({
        "Name": name,
        "NamespaceId": namespace,
        "Description": "heritage=external-dns",
        "DnsConfig": { "RoutingPolicy": routing, "DnsRecords": [{ "Type": kind, "TTL": 300 }] },
    })
}

async fn created(aws: &AwsDouble, fields: Value) -> String {
    good(aws, "CreateService", fields).await["Service"]["Id"].as_str().unwrap().to_owned()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["Name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn namespaces_are_filtered_and_paged() {
    let (aws, _) = double().await;
    aws.create_namespace("example.com", NamespaceKind::Private);
    aws.create_namespace("plain", NamespaceKind::Http);
    let list = async |filters: Value| good(&aws, "ListNamespaces", json!({ "Filters": filters })).await;
    let all = list(json!([])).await;
    assert_eq!(names(&all["Namespaces"]), ["example.com", "example.com", "plain"]);
    let private = list(json!([{ "Name": "TYPE", "Values": ["DNS_PRIVATE"], "Condition": "EQ" }])).await;
    assert_eq!(names(&private["Namespaces"]), ["example.com"]);
    let http_name = &private["Namespaces"][0]["Properties"]["HttpProperties"]["HttpName"];
    assert_ne!(http_name, "example.com", "namespaces of one name have different HTTP names");
    let begins = list(json!([{ "Name": "NAME", "Values": ["pl"], "Condition": "BEGINS_WITH" }])).await;
    assert_eq!(names(&begins["Namespaces"]), ["plain"]);
    for filter in [
        json!({ "Name": "COLOUR", "Values": ["blue"] }),
        json!({ "Name": "TYPE", "Values": [] }),
        json!({ "Name": "TYPE", "Values": ["HTTP", "DNS_PUBLIC"] }),
        json!({ "Name": "TYPE", "Values": ["D"], "Condition": "BEGINS_WITH" }),
    ] {
        refused(&aws, "ListNamespaces", json!({ "Filters": [filter] }), 400, "InvalidInput").await;
    }
    let first = good(&aws, "ListNamespaces", json!({ "MaxResults": 2 })).await;
    assert_eq!(first["Namespaces"].as_array().unwrap().len(), 2);
    let rest = good(&aws, "ListNamespaces", json!({ "NextToken": first["NextToken"] })).await;
    assert_eq!((names(&rest["Namespaces"]), rest.get("NextToken")), (vec!["plain"], None));
    refused(&aws, "ListNamespaces", json!({ "MaxResults": 101 }), 400, "InvalidInput").await;
}

#[tokio::test]
async fn namespaces_are_made_once_of_a_kind() {
    let (aws, _) = double().await;
    let answer = good(&aws, "CreatePublicDnsNamespace", json!({ "Name": "new.example" })).await;
    let done = good(&aws, "GetOperation", json!({ "OperationId": answer["OperationId"] })).await;
    assert_eq!(done["Operation"]["Status"], "SUCCESS");
    let id = done["Operation"]["Targets"]["NAMESPACE"].as_str().unwrap();
    created(&aws, service(id, "web", "A", "MULTIVALUE")).await;
    let again = json!({ "Name": "new.example" });
    refused(&aws, "CreatePublicDnsNamespace", again.clone(), 400, "NamespaceAlreadyExists").await;
    refused(&aws, "CreatePrivateDnsNamespace", again, 400, "InvalidInput").await;
    let private = json!({ "Name": "new.example", "Vpc": "vpc-1" });
    good(&aws, "CreatePrivateDnsNamespace", private).await;
}

#[tokio::test]
async fn services_are_listed_by_namespace_a_hundred_at_a_time() {
    let (aws, namespace) = double().await;
    let other = aws.create_namespace("example.org", NamespaceKind::Public);
    for n in 0..150 {
        let service = CloudService { name: format!("s{n}"), ..CloudService::default() };
        aws.seed_service(&namespace, service).unwrap();
    }
    created(&aws, service(&other, "else", "A", "MULTIVALUE")).await;
    let filters = json!([{ "Name": "NAMESPACE_ID", "Values": [namespace], "Condition": "EQ" }]);
    let first = good(&aws, "ListServices", json!({ "Filters": filters })).await;
    assert_eq!(first["Services"].as_array().unwrap().len(), 100);
    let more = json!({ "Filters": filters, "NextToken": first["NextToken"] });
    let rest = good(&aws, "ListServices", more).await;
    assert_eq!((rest["Services"].as_array().unwrap().len(), rest.get("NextToken")), (50, None));
    let none = json!([{ "Name": "NAMESPACE_ID", "Values": ["ns-none"] }]);
    refused(&aws, "ListServices", json!({ "Filters": none }), 400, "InvalidInput").await;
}

#[tokio::test]
async fn a_service_is_made_once_and_makes_sense() {
    let (aws, namespace) = double().await;
    let answer = good(&aws, "CreateService", service(&namespace, "web.a", "A", "MULTIVALUE")).await;
    assert_eq!(answer["Service"]["NamespaceId"], json!(namespace));
    assert_eq!(answer["Service"]["DnsConfig"]["DnsRecords"], json!([{ "Type": "A", "TTL": 300 }]));
    refused(
        &aws,
        "CreateService",
        service(&namespace, "WEB.a", "A", "WEIGHTED"),
        400,
        "ServiceAlreadyExists",
    )
    .await;
    refused(&aws, "CreateService", service("ns-none", "x", "A", "WEIGHTED"), 404, "NamespaceNotFound").await;
    let good_one = service(&namespace, "x", "A", "WEIGHTED");
    let with = |field: &str, value: Value| {
        let mut fields = good_one.clone();
        fields[field] = value;
        fields
    };
    let records = |records: Value| with("DnsConfig", json!({ "DnsRecords": records }));
    for fields in [
        service(&namespace, "x", "CNAME", "MULTIVALUE"),
        service(&namespace, "x", "MX", "WEIGHTED"),
        service(&namespace, "x", "A", "RANDOM"),
        records(json!([])),
        records(json!([{ "Type": "A", "TTL": 300 }, { "Type": "CNAME", "TTL": 300 }])),
        records(json!([{ "Type": "A", "TTL": -1 }])),
        with("DnsConfig", Value::Null),
        with("Name", json!("-x")),
        with("Name", json!("a b")),
        with("Name", json!("")),
        with("Description", json!("d".repeat(1025))),
        with("Tags", json!([{ "Key": "k" }])),
    ] {
        refused(&aws, "CreateService", fields, 400, "InvalidInput").await;
    }
    assert_eq!(aws.services(&namespace).len(), 1);
}

#[tokio::test]
async fn an_update_keeps_types_and_takes_away_what_it_leaves_out() {
    let (aws, namespace) = double().await;
    let id = created(&aws, service(&namespace, "web", "A", "MULTIVALUE")).await;
    let update = |change: Value| json!({ "Id": id, "Service": change });
    let records = |kind: &str| json!({ "DnsRecords": [{ "Type": kind, "TTL": 60 }] });
    refused(&aws, "UpdateService", update(json!({ "DnsConfig": records("AAAA") })), 400, "InvalidInput")
        .await;
    good(&aws, "UpdateService", update(json!({ "Description": "new", "DnsConfig": records("A") }))).await;
    let found = &aws.services(&namespace)[0];
    assert_eq!(found.description.as_deref(), Some("new"));
    assert_eq!(found.records, [("A".to_owned(), 60)]);
    good(&aws, "UpdateService", update(json!({ "Description": "newer" }))).await;
    assert_eq!(aws.services(&namespace)[0].records, []);
    let nobody = json!({ "Id": "srv-none", "Service": {} });
    refused(&aws, "UpdateService", nobody, 404, "ServiceNotFound").await;
}

fn registration(service: &str, id: &str, attributes: Value) -> Value {
    json!({ "ServiceId": service, "InstanceId": id, "Attributes": attributes })
}

#[tokio::test]
async fn instances_have_what_their_records_need() {
    let (aws, namespace) = double().await;
    let plain = created(&aws, service(&namespace, "a", "A", "MULTIVALUE")).await;
    let weighted = created(&aws, service(&namespace, "b", "A", "WEIGHTED")).await;
    let six = created(&aws, service(&namespace, "c", "AAAA", "MULTIVALUE")).await;
    let name = created(&aws, service(&namespace, "d", "CNAME", "WEIGHTED")).await;
    let alias = json!({ "AWS_ALIAS_DNS_NAME": "lb.us-east-1.elb.amazonaws.com" });
    for (service, attributes) in [
        (&plain, json!({ "AWS_INSTANCE_IPV4": "192.0.2.1" })),
        (&weighted, alias.clone()),
        (&six, json!({ "AWS_INSTANCE_IPV6": "2001:db8::1" })),
        (&name, json!({ "AWS_INSTANCE_CNAME": "target.example.net" })),
    ] {
        good(&aws, "RegisterInstance", registration(service, "one", attributes)).await;
    }
    for (service, attributes) in [
        (&plain, json!({})),
        (&plain, json!({ "AWS_INSTANCE_IPV4": "2001:db8::1" })),
        (&plain, json!({ "AWS_INSTANCE_CNAME": "target.example.net" })),
        (&plain, alias.clone()),
        (&name, alias),
        (&weighted, json!({ "AWS_ALIAS_DNS_NAME": "x.elb.amazonaws.com", "AWS_INSTANCE_IPV4": "192.0.2.1" })),
        (&plain, json!({ "AWS_INSTANCE_IPV4": "192.0.2.1", "k": "v".repeat(1025) })),
    ] {
        refused(&aws, "RegisterInstance", registration(service, "two", attributes), 400, "InvalidInput")
            .await;
    }
    let address = json!({ "AWS_INSTANCE_IPV4": "192.0.2.1" });
    for id in ["a b", &"i".repeat(65)] {
        refused(&aws, "RegisterInstance", registration(&plain, id, address.clone()), 400, "InvalidInput")
            .await;
    }
    refused(&aws, "RegisterInstance", registration("srv-none", "x", address), 404, "ServiceNotFound").await;
}

#[tokio::test]
async fn a_service_with_instances_stays() {
    let (aws, namespace) = double().await;
    let id = created(&aws, service(&namespace, "web", "A", "MULTIVALUE")).await;
    let one = json!({ "ServiceId": id, "InstanceId": "one" });
    refused(&aws, "DeregisterInstance", one.clone(), 404, "InstanceNotFound").await;
    good(&aws, "RegisterInstance", registration(&id, "one", json!({ "AWS_INSTANCE_IPV4": "192.0.2.1" })))
        .await;
    refused(&aws, "DeleteService", json!({ "Id": id }), 409, "ResourceInUse").await;
    good(&aws, "DeregisterInstance", one).await;
    good(&aws, "DeleteService", json!({ "Id": id })).await;
    refused(&aws, "DeleteService", json!({ "Id": id }), 404, "ServiceNotFound").await;
    assert_eq!(aws.services(&namespace), []);
}

#[tokio::test]
async fn discovery_shows_a_hundred_and_a_revision() {
    let (aws, namespace) = double().await;
    let mut seeded = CloudService { name: "web".into(), ..CloudService::default() };
    for n in 0..120 {
        let attributes = [("AWS_INSTANCE_IPV4".to_owned(), format!("10.0.0.{n}"))];
        seeded.instances.insert(format!("i{n:03}"), attributes.into());
    }
    let id = aws.seed_service(&namespace, seeded).unwrap();
    let asked = json!({ "NamespaceName": "example.com", "ServiceName": "web" });
    let ids = |answer: &Value| -> Vec<String> {
        let list = answer["Instances"].as_array().unwrap();
        list.iter().map(|item| item["InstanceId"].as_str().unwrap().to_owned()).collect()
    };
    let first = good(&aws, "DiscoverInstances", asked.clone()).await;
    let second = good(&aws, "DiscoverInstances", asked.clone()).await;
    assert_eq!(ids(&first).len(), 100);
    assert_ne!(ids(&first), ids(&second), "nobody may rely on their order");
    let mut all = asked.clone();
    all["MaxResults"] = json!(1000);
    let all = ids(&good(&aws, "DiscoverInstances", all).await);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 120);
    let mut one = asked.clone();
    one["QueryParameters"] = json!({ "AWS_INSTANCE_IPV4": "10.0.0.7" });
    assert_eq!(ids(&good(&aws, "DiscoverInstances", one).await), ["i007"]);

    let revision = async || {
        good(&aws, "DiscoverInstancesRevision", asked.clone()).await["InstancesRevision"].as_i64().unwrap()
    };
    let before = revision().await;
    assert_eq!(first["InstancesRevision"], before);
    good(&aws, "DeregisterInstance", json!({ "ServiceId": id, "InstanceId": "i000" })).await;
    assert!(revision().await > before);

    let page = good(&aws, "ListInstances", json!({ "ServiceId": id })).await;
    assert_eq!(page["Instances"].as_array().unwrap().len(), 100);
    let token = json!({ "ServiceId": id, "NextToken": page["NextToken"] });
    assert_eq!(good(&aws, "ListInstances", token).await["Instances"].as_array().unwrap().len(), 19);

    let elsewhere = json!({ "NamespaceName": "example.net", "ServiceName": "web" });
    refused(&aws, "DiscoverInstances", elsewhere, 404, "NamespaceNotFound").await;
    let nothing = json!({ "NamespaceName": "example.com", "ServiceName": "none" });
    refused(&aws, "DiscoverInstances", nothing, 404, "ServiceNotFound").await;
}

#[tokio::test]
async fn operations_are_pending_until_they_are_done() {
    let (aws, namespace) = double().await;
    let now = Arc::new(AtomicU64::new(0));
    let clock = now.clone();
    aws.set_clock(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
    aws.set_operation_time(Duration::from_secs(30));
    let id = created(&aws, service(&namespace, "web", "A", "MULTIVALUE")).await;
    let address = json!({ "AWS_INSTANCE_IPV4": "192.0.2.1" });
    let answer = good(&aws, "RegisterInstance", registration(&id, "one", address.clone())).await;
    let operation = json!({ "OperationId": answer["OperationId"] });
    let status = async || good(&aws, "GetOperation", operation.clone()).await["Operation"]["Status"].clone();
    assert_eq!(status().await, "PENDING");
    assert!(aws.services(&namespace)[0].instances.is_empty());
    refused(&aws, "RegisterInstance", registration(&id, "one", address), 409, "DuplicateRequest").await;
    refused(&aws, "DeleteService", json!({ "Id": id }), 409, "ResourceInUse").await;
    now.store(30, Ordering::Relaxed);
    assert_eq!(status().await, "SUCCESS");
    assert_eq!(aws.services(&namespace)[0].instances.len(), 1);
    refused(&aws, "GetOperation", json!({ "OperationId": "op-none" }), 404, "OperationNotFound").await;
}

#[tokio::test]
async fn tags_belong_to_services() {
    let (aws, namespace) = double().await;
    let mut fields = service(&namespace, "web", "A", "MULTIVALUE");
    fields["Tags"] = json!([{ "Key": "a", "Value": "1" }]);
    let arn = good(&aws, "CreateService", fields).await["Service"]["Arn"].clone();
    let added = json!([{ "Key": "b", "Value": "2" }]);
    good(&aws, "TagResource", json!({ "ResourceARN": arn, "Tags": added })).await;
    good(&aws, "UntagResource", json!({ "ResourceARN": arn, "TagKeys": ["a"] })).await;
    let found = good(&aws, "ListTagsForResource", json!({ "ResourceARN": arn })).await;
    assert_eq!(found["Tags"], added);
    let many: Vec<Value> = (0..50).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
    let fields = json!({ "ResourceARN": arn, "Tags": many });
    refused(&aws, "TagResource", fields, 400, "TooManyTagsException").await;
    let nothing = json!({ "ResourceARN": "arn:aws:servicediscovery:us-east-1:1:service/x" });
    refused(&aws, "ListTagsForResource", nothing, 404, "ResourceNotFoundException").await;
}

#[tokio::test]
async fn faults_and_counts_are_those_of_route_53() {
    let (aws, _) = double().await;
    aws.inject(When::call(Operation::ListNamespaces), Fault::refuse(429, "RequestLimitExceeded", "slower"));
    refused(&aws, "ListNamespaces", json!({}), 429, "RequestLimitExceeded").await;
    good(&aws, "ListNamespaces", json!({})).await;
    assert_eq!(aws.count(Operation::ListNamespaces), 2);
    refused(&aws, "MakeCoffee", json!({}), 400, "UnknownOperationException").await;
    aws.limit_rate(Some(1));
    for _ in 0..3 {
        good(&aws, "ListNamespaces", json!({})).await;
    }
}

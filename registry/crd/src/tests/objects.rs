//! What an object looks like, and what is in the way.

use super::*;
use kube::Api;
use kube::api::DynamicObject;
use zonewright_provider_kit::ErrorClass;
use zonewright_registry::{ReadTable, RowError, WriteTable};

async fn execute(records: &DnsRecords, statements: &[Statement]) -> Vec<String> {
    let word = |outcome| match outcome {
        Ok(()) => "done".to_owned(),
        Err(RowError::Exists) => "exists".to_owned(),
        Err(RowError::Changed) => "changed".to_owned(),
        Err(RowError::Failed(error)) => format!("{}: {error}", error.class().code()),
    };
    records.writer().execute(statements).await.into_iter().map(word).collect()
}

fn api(server: &KubeApiserver) -> Api<DynamicObject> {
    Api::namespaced_with(server.client(), NAMESPACE, &crate::convert::resource())
}

#[tokio::test]
async fn an_object_is_that_of_v022() {
    let server = server().await;
    let records = records(&server);
    assert_eq!(execute(&records, &[insert(WEB, Some(web()))]).await, ["done"]);
    let name = crate::object_name("web.example.org", "A", "eu");
    let object = api(&server).get(&name).await.unwrap();
    assert_eq!(
        object.metadata.labels.clone().unwrap(),
        [("externaldns.k8s.io/owner".to_owned(), "me".to_owned())].into()
    );
    let expected = json!({ "endpoint": {
        "dnsName": "web.example.org", "recordType": "A", "setIdentifier": "eu", "recordTTL": 300,
        "targets": ["192.0.2.1", "192.0.2.2"],
        "labels": { "owner": "me", "resource": "crd/default/web" },
        "providerSpecific": [{ "name": "aws/weight", "value": "10" }],
    } });
    assert_eq!(object.data["spec"], expected);
    assert!(object.data["status"].is_null(), "nobody has written the record yet");

    assert_eq!(execute(&records, &[mark(WEB, Err("no such zone"))]).await, ["done"]);
    let ready = |object: &DynamicObject| object.data["status"]["conditions"][0].clone();
    let told = ready(&api(&server).get(&name).await.unwrap());
    assert_eq!(
        (&told["type"], &told["status"], &told["reason"], &told["message"]),
        (
            &json!("Ready"),
            &json!("False"),
            &json!("Failed"),
            &json!("Provider rejected the change: no such zone")
        )
    );
    assert_eq!(execute(&records, &[mark(WEB, Ok(()))]).await, ["done"]);
    let done = api(&server).get(&name).await.unwrap();
    let told = ready(&done);
    assert_eq!(
        (&told["status"], &told["reason"], &told["message"]),
        (&json!("True"), &json!("Programmed"), &json!("Endpoint applied to the DNS provider"))
    );
    // To say it again is no write.
    assert_eq!(execute(&records, &[mark(WEB, Ok(()))]).await, ["done"]);
    assert_eq!(
        api(&server).get(&name).await.unwrap().metadata.resource_version,
        done.metadata.resource_version
    );
}

#[tokio::test]
async fn fields_of_others_survive_an_update() {
    let server = server().await;
    let mut theirs = object("web-example-org-43fd9d43", "me", "web.example.org");
    theirs["metadata"]["labels"]["team"] = "a".into();
    theirs["metadata"]["annotations"] = json!({ "note": "b" });
    theirs["metadata"]["finalizers"] = json!(["example.org/keep"]);
    server.apply(&theirs).await.unwrap();
    let update = Statement::Update {
        key: "web.example.org#A#".into(),
        owner: me(),
        new_owner: Owner::new("you"),
        labels: labels("crd/default/new"),
        record: None,
    };
    assert_eq!(execute(&records(&server), &[update]).await, ["done"]);
    let object = api(&server).get("web-example-org-43fd9d43").await.unwrap();
    let found = object.metadata.labels.unwrap();
    assert_eq!((found["team"].as_str(), found["externaldns.k8s.io/owner"].as_str()), ("a", "you"));
    assert_eq!(object.metadata.annotations.unwrap()["note"], "b");
    assert_eq!(object.metadata.finalizers.unwrap(), ["example.org/keep"]);
}

#[tokio::test]
async fn objects_of_other_names_are_found_and_removed() {
    let server = server().await;
    server.apply(&object("made-by-hand", "me", "web.example.org")).await.unwrap();
    let records = records(&server);
    let items = records.reader().read().await.unwrap();
    assert_eq!((items.len(), items[0].key.as_deref()), (1, Some("web.example.org#A#")));
    // One after the other: what is executed together happens in any order.
    for statement in [mark("web.example.org#A#", Ok(())), delete("web.example.org#A#")] {
        assert_eq!(execute(&records, &[statement]).await, ["done"]);
    }
    assert!(records.reader().read().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_has_the_name_that_is_needed_is_told() {
    let server = server().await;
    server.apply(&object("web-example-org-43fd9d43", "them", "other.example.org")).await.unwrap();
    let told = execute(&records(&server), &[insert("web.example.org#A#", None)]).await.remove(0);
    assert!(
        told.starts_with(
            "conflict: dnsrecords in namespace registry: DNSRecord web-example-org-43fd9d43 is needed"
        ),
        "{told}"
    );
    assert!(told.contains("is about other.example.org#A#"), "{told}");
    // Neither is such an object changed or removed.
    let untouched =
        execute(&records(&server), &[mark("web.example.org#A#", Ok(())), delete("web.example.org#A#")]).await;
    assert_eq!(untouched, ["changed", "done"]);
    assert_eq!(records(&server).reader().read().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused_before_anything_is_sent() {
    let server = server().await;
    let told = execute(&records(&server), &[delete("no separators")]).await.remove(0);
    assert!(told.starts_with("invalid-record: "), "{told}");
}

#[tokio::test]
async fn without_the_definition_or_the_right_to_read_it_is_said_what_helps() {
    let server = KubeApiserver::start().await.unwrap();
    let error = records(&server).reader().read().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Permanent);
    assert!(error.to_string().contains("zonewright crds | kubectl apply"), "{error}");

    let kubeconfig = kube::config::Kubeconfig::read_from(server.kubeconfig_for("nobody").unwrap()).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.unwrap();
    let nobody = DnsRecords::new(kube::Client::try_from(config).unwrap(), Some(NAMESPACE));
    let error = nobody.reader().read().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Auth);
    assert!(error.to_string().contains("zonewright rbac"), "{error}");
    let told = execute(&nobody, &[insert(WEB, None)]).await.remove(0);
    assert!(told.starts_with("auth: "), "{told}");
}

#[tokio::test]
async fn without_the_namespace_nothing_is_written_and_that_is_said() {
    let server = server().await;
    let elsewhere = DnsRecords::new(server.client(), Some("nowhere"));
    assert!(elsewhere.reader().read().await.unwrap().is_empty());
    let told = execute(&elsewhere, &[insert(WEB, None)]).await.remove(0);
    assert!(told.contains("namespaces \"nowhere\" not found") && !told.contains("definition"), "{told}");
}

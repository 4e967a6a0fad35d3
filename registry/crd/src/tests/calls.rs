//! How many calls it takes, and what happens where others write at the same time or nobody answers.

use super::*;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use zonewright_provider_kit::ErrorClass;
use zonewright_registry::{ReadTable, RowError, WriteTable};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_objects_are_read_in_pages_and_all_of_them() {
    let server = server().await;
    let records = records(&server);
    let key = |i: usize| format!("n{i:04}.example.org#A#");
    let inserts: Vec<Statement> = (0..1201).map(|i| insert(&key(i), None)).collect();
    assert!(records.writer().execute(&inserts).await.iter().all(Result::is_ok));
    let items = records.reader().read().await.unwrap();
    assert_eq!(items.len(), 1201, "three pages");
    assert!(items.iter().all(|item| item.owner.as_deref() == Some("me")));
}

/// Somebody else writes to every object between our look at it and our write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_of_others_in_between_are_neither_lost_nor_in_the_way() {
    let server = server().await;
    let records = records(&server);
    records.writer().execute(&[insert("web.example.org#A#", None)]).await[0].as_ref().unwrap();
    let name = "web-example-org-43fd9d43";
    let api: Api<DynamicObject> =
        Api::namespaced_with(server.client(), NAMESPACE, &crate::convert::resource());
    let theirs = api.clone();
    let others = tokio::spawn(async move {
        for i in 0..100 {
            let patch = json!({ "metadata": { "annotations": { "count": i.to_string() } } });
            drop(theirs.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await);
        }
    });
    let mut done = 0;
    for i in 0..30 {
        let update = Statement::Update {
            key: "web.example.org#A#".into(),
            owner: me(),
            new_owner: None,
            labels: labels(&format!("crd/default/n{i}")),
            record: None,
        };
        for outcome in records.writer().execute(&[update]).await {
            match outcome {
                Ok(()) => done += 1,
                // It gives up after some attempts, and says that it is a conflict.
                Err(RowError::Failed(error)) => assert_eq!(error.class(), ErrorClass::Conflict, "{error}"),
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(done > 0);
    others.await.unwrap();
    let found = api.get(name).await.unwrap();
    assert_eq!(found.metadata.annotations.unwrap()["count"], "99");
    let resource = found.data["spec"]["endpoint"]["labels"]["resource"].as_str().unwrap().to_owned();
    assert!(resource.starts_with("crd/default/n"), "{resource}");
}

#[tokio::test]
async fn where_nobody_answers_nobody_knows_what_was_done() {
    let mut server = server().await;
    let records = records(&server);
    server.stop_apiserver();
    let error = records.reader().read().await.unwrap_err();
    assert_eq!((error.class(), error.is_outcome_unknown()), (ErrorClass::Unavailable, false));
    match records.writer().execute(&[insert(WEB, None)]).await.remove(0) {
        Err(RowError::Failed(error)) => {
            assert_eq!((error.class(), error.is_outcome_unknown()), (ErrorClass::Unavailable, true));
        }
        other => panic!("{other:?}"),
    }
}

//! The registry battery on a real API server.

use super::{NAMESPACE, records, server};
use crate::convert::{self, key_of, object_name_of};
use crate::{DnsRecords, OWNER_LABEL};
use async_trait::async_trait;
use futures::future::try_join_all;
use kube::Api;
use kube::api::{DeleteParams, DynamicObject, ListParams, ObjectMeta, PostParams};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::sync::Arc;
use zonewright_provider_kit::{ErrorClass, ProviderError};
use zonewright_registry::battery::{Battery, TableUnderTest};
use zonewright_registry::{Item, ReadTable, WriteTable};
use zonewright_testing::KubeApiserver;

/// The objects, and a way to them past our client.
struct Subject {
    _server: KubeApiserver,
    api: Api<DynamicObject>,
    records: DnsRecords,
}

impl Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DNSRecords")
    }
}

fn failed(error: kube::Error) -> ProviderError {
    ProviderError::new(ErrorClass::Unavailable, error.to_string())
}

impl Subject {
    async fn list(&self) -> Result<Vec<DynamicObject>, ProviderError> {
        Ok(self.api.list(&ListParams::default()).await.map_err(failed)?.items)
    }

    async fn put(&self, object: DynamicObject, is_confirmed: bool) -> Result<(), ProviderError> {
        let name = object.metadata.name.clone().unwrap_or_default();
        let mut made = self.api.create(&PostParams::default(), &object).await.map_err(failed)?;
        if is_confirmed {
            made.data["status"] = json!({ "conditions": [{
                "type": "Ready", "status": "True", "reason": "Programmed", "message": "by the test",
                "lastTransitionTime": "2026-01-02T03:04:05Z",
            }] });
            self.api.replace_status(&name, &PostParams::default(), &made).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// By hand, and not by the crate's own conversion.
fn to_object(name: &str, row: &Item) -> DynamicObject {
    let key = row.key.clone().unwrap_or_default();
    let parts: Vec<&str> = key.splitn(3, '#').collect();
    let mut labels: Map<String, Value> =
        row.labels.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let mut object = DynamicObject::new(name, &convert::resource());
    if let Some(owner) = &row.owner {
        labels.insert("owner".to_owned(), json!(owner));
        let own = [(OWNER_LABEL.to_owned(), owner.clone())];
        object.metadata = ObjectMeta { labels: Some(own.into()), ..object.metadata };
    }
    object.data = json!({ "spec": { "endpoint": {
        "dnsName": parts[0], "recordType": parts[1], "setIdentifier": parts[2], "labels": labels,
    } } });
    object
}

fn to_item(object: &DynamicObject) -> Item {
    let endpoint = &object.data["spec"]["endpoint"];
    let text = |field: &str| endpoint[field].as_str().unwrap_or_default();
    let label = object.metadata.labels.as_ref().and_then(|labels| labels.get(OWNER_LABEL));
    let labels = endpoint["labels"].as_object().cloned().unwrap_or_default();
    let inside = labels.get("owner").and_then(Value::as_str);
    assert_eq!(label.map(String::as_str), inside, "{object:?}");
    let others = labels.iter().filter(|(key, _)| *key != "owner");
    let ready = object.data["status"]["conditions"].as_array().into_iter().flatten();
    let is_ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    Item {
        key: Some([text("dnsName"), text("recordType"), text("setIdentifier")].join("#")),
        owner: inside.map(str::to_owned),
        labels: others.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect(),
        has_odd_labels: false,
        is_confirmed: ready.clone().any(is_ready)
            && ready
                .map(|condition| condition["observedGeneration"].as_i64())
                .all(|observed| observed.is_none_or(|observed| Some(observed) == object.metadata.generation)),
    }
}

#[async_trait]
impl TableUnderTest for Subject {
    fn reader(&self) -> Arc<dyn ReadTable> {
        Arc::new(self.records.reader())
    }

    fn writer(&self) -> Arc<dyn WriteTable> {
        Arc::new(self.records.writer())
    }

    async fn seed(&self, rows: &[Item]) -> Result<(), ProviderError> {
        let there = self.list().await?;
        let gone = there.iter().filter(|object| !rows.contains(&to_item(object)));
        try_join_all(gone.map(async |object| {
            let name = object.metadata.name.clone().unwrap_or_default();
            self.api.delete(&name, &DeleteParams::default()).await.map(drop).map_err(failed)
        }))
        .await?;
        let kept = there.iter().filter(|object| rows.contains(&to_item(object)));
        let mut names: BTreeSet<String> = kept.filter_map(|object| object.metadata.name.clone()).collect();
        let new: Vec<(String, &Item)> = rows
            .iter()
            .filter(|row| !there.iter().any(|object| to_item(object) == **row))
            .map(|row| {
                // Two spellings of one key, and rows that name no record, need another name.
                let key = row.key.clone().unwrap_or_default();
                let mut name = object_name_of(&key).unwrap();
                while !names.insert(name.clone()) {
                    name.push_str("-2");
                }
                (name, row)
            })
            .collect();
        try_join_all(new.iter().map(|(name, row)| self.put(to_object(name, row), row.is_confirmed))).await?;
        Ok(())
    }

    async fn dump(&self) -> Result<Vec<Item>, ProviderError> {
        let objects = self.list().await?;
        objects.iter().for_each(|object| assert!(!key_of(object).is_empty()));
        Ok(objects.iter().map(to_item).collect())
    }

    /// The owner is a label's value in Kubernetes.
    fn can_name(&self, owner: &str) -> bool {
        owner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    }

    /// A record has three parts, and labels are texts.
    fn can_hold(&self, row: &Item) -> bool {
        let parts = row.key.as_deref().map_or(0, |key| key.splitn(3, '#').count());
        parts == 3 && !row.has_odd_labels
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_battery_is_green() {
    let server = server().await;
    let records = records(&server);
    let api = Api::namespaced_with(server.client(), NAMESPACE, &convert::resource());
    let done = Battery::new(Arc::new(Subject { _server: server, api, records })).run().await;
    done.unwrap_or_else(|error| panic!("{error}"));
}

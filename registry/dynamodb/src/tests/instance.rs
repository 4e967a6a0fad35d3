//! The registry on the real table: v0.22's rows read and written, and the calls it takes.

use super::{item, service};
use crate::DynamoDb;
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use zonewright_planner::{
    Change, CreateReason, DeleteReason, Endpoint, Labels, ManagedTypes, Properties, Record, RecordType, Ttl,
    UpdateReason, ZoneId,
};
use zonewright_provider_kit::{ProviderError, WriteZone, Zone, ZoneChange};
use zonewright_registry::{
    NonceSource, Registry, Rows, TableRegistry, TableSettings, TxtRegistry, TxtSettings, WithRows,
};
use zonewright_testing::DynamoDbFault::LoseAnswer;

const V022: &str = include_str!("golden/externaldns-0.22.json");

/// Takes everything.
struct Anything;

#[async_trait]
impl WriteZone for Anything {
    async fn apply(&self, _: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        vec![Ok(()); changes.len()]
    }
}

struct Instance {
    registry: Registry,
    writer: WithRows,
}

impl Instance {
    fn new(table: &DynamoDb) -> Self {
        let types = ["A", "AAAA", "CNAME", "TXT"].map(RecordType::from_text);
        let managed = ManagedTypes::new(types, &[]);
        let settings = TxtSettings {
            managed: managed.clone(),
            ..TxtSettings::new("me", NonceSource::from_seed([5; 32]))
        };
        let registry = TableRegistry::new(TableSettings {
            txt: TxtRegistry::new(settings).unwrap(),
            managed,
            prunes_txt: true,
            reader: Arc::new(table.reader()),
        });
        let writer = registry.writing(Arc::new(Anything), Arc::new(table.writer()));
        Self { registry: Registry::Table(Box::new(registry)), writer }
    }

    async fn read(&self, records: Vec<Record>) -> Vec<Record> {
        self.registry.refresh(Instant::now()).await.unwrap();
        let owned = self.registry.read(records);
        self.registry.count(owned.records.iter());
        owned.records
    }

    async fn write(&self, changes: Vec<Change>) -> usize {
        let changes = self.registry.decorate_all(changes, &Rows::default());
        let zone = Zone { id: ZoneId::new("z"), name: None };
        let outcomes = self.writer.apply(&zone, &changes).await;
        outcomes.into_iter().filter(Result::is_err).count()
    }
}

fn wish(name: &str, record_type: &str, target: &str, resource: &str) -> Endpoint {
    Endpoint::new(name, RecordType::from_text(record_type), &[target], Properties::new())
        .unwrap()
        .with_label("resource", resource)
}

/// What ExternalDNS v0.22 was asked for when it wrote the golden table.
fn wishes() -> Vec<Endpoint> {
    let mut bare = wish("bare.example.org", "A", "192.0.2.6", "");
    bare.labels = Labels::new();
    vec![
        wish("example.org", "A", "192.0.2.1", "ingress/shop/apex"),
        wish("web.example.org", "A", "192.0.2.1", "ingress/shop/web").with_ttl(Ttl::from_seconds(300)),
        wish("web.example.org", "AAAA", "2001:db8::1", "ingress/shop/web"),
        wish("*.example.org", "CNAME", "lb.example.net", "service/shop/lb"),
        wish("geo.example.org", "A", "192.0.2.4", "crd/shop/geo").with_set_identifier("eu#west"),
        wish("geo.example.org", "A", "192.0.2.5", "crd/shop/geo").with_set_identifier("us"),
        wish("text.example.org", "TXT", "\"hello\"", "crd/shop/text").with_label("team", "a,b \"c\""),
        bare,
        wish("Upper.example.org", "A", "192.0.2.7", "ingress/shop/upper"),
        wish("bücher.example.org", "A", "192.0.2.8", "ingress/shop/idn"),
    ]
}

fn existing(wishes: &[Endpoint]) -> Vec<Record> {
    let unlabelled = |wish: &Endpoint| Endpoint { labels: Labels::new(), ..wish.clone() };
    wishes.iter().map(|wish| Record::from_endpoint(ZoneId::new("z"), &unlabelled(wish))).collect()
}

fn creates(wishes: &[Endpoint]) -> Vec<Change> {
    wishes.iter().map(|wish| Change::create(wish.clone(), CreateReason::New)).collect()
}

fn v022() -> Vec<Value> {
    serde_json::from_str::<Vec<Value>>(V022).unwrap()
}

#[tokio::test]
async fn rows_that_v022_wrote_are_ours_as_they_are() {
    let (local, table) = service().await;
    local.put("external-dns", &v022()).await.unwrap();
    let me = Instance::new(&table);
    for record in me.read(existing(&wishes())).await {
        assert_eq!(record.labels.owner(), Some("me"), "{}", record.name);
        assert_eq!(record.ownership, Default::default(), "{}", record.name);
        let wish = wishes().into_iter().find(|wish| {
            (&wish.name, &wish.record_type, &wish.set_identifier)
                == (&record.name, &record.record_type, &record.set_identifier)
        });
        let mut labels = wish.unwrap().labels;
        labels.set("owner", "me");
        assert_eq!(record.labels, labels, "{}", record.name);
    }
    assert!(me.registry.rows_without_record().is_empty());
    // Removed as they are spelled, the upper-case and the Unicode one included.
    let deletes = me.read(existing(&wishes())).await;
    let deletes = deletes.into_iter().map(|old| Change::delete(old, DeleteReason::NoLongerWanted)).collect();
    assert_eq!(me.write(deletes).await, 0);
    assert!(local.items("external-dns").await.unwrap().is_empty());
}

#[tokio::test]
async fn rows_that_we_write_are_those_of_v022() {
    let (local, table) = service().await;
    let me = Instance::new(&table);
    me.read(Vec::new()).await;
    assert_eq!(me.write(creates(&wishes())).await, 0);
    // Under the names that providers report; v0.22 finds its own spelling of these two nowhere.
    let in_dns_spelling = |item: Value| {
        let text = item.to_string();
        let text = text.replace("Upper.", "upper.").replace("bücher.", "xn--bcher-kva.");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let mut expected: Vec<Value> = v022().into_iter().map(in_dns_spelling).collect();
    expected.sort_by_key(|item| item["k"].to_string());
    assert_eq!(local.items("external-dns").await.unwrap(), expected);
}

#[tokio::test]
async fn ten_thousand_rows_are_read_once_and_one_change_takes_one_call() {
    const ROWS: usize = 10_000;
    let (local, table) = service().await;
    let key = |i: usize| format!("host-{i:05}.some.example.org#A#");
    // Long enough for more than one page of 1 MiB.
    let resource = format!("ingress/{}/web", "n".repeat(63));
    let long = |i| {
        let mut item = item(&key(i), "me");
        item["l"]["M"]["resource"]["S"] = resource.as_str().into();
        item
    };
    let items: Vec<Value> = (0..ROWS).map(long).collect();
    local.put("external-dns", &items).await.unwrap();
    let wishes: Vec<Endpoint> = (0..ROWS)
        .map(|i| wish(&format!("host-{i:05}.some.example.org"), "A", "192.0.2.1", &resource))
        .collect();
    let me = Instance::new(&table);
    let records = me.read(existing(&wishes)).await;
    assert!(records.iter().all(|record| record.labels.owner() == Some("me")));
    let calls = |counts: &[(&str, usize)]| -> BTreeMap<String, usize> {
        counts.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
    };
    assert_eq!(local.take_calls(), calls(&[("DescribeTable", 1), ("Scan", 2)]));
    me.read(existing(&wishes)).await;
    assert_eq!(local.take_calls(), calls(&[]), "read once");

    let new = wish("new.some.example.org", "A", "192.0.2.1", "ingress/shop/new");
    assert_eq!(me.write(creates(std::slice::from_ref(&new))).await, 0);
    assert_eq!(local.take_calls(), calls(&[("BatchExecuteStatement", 1)]), "one create");
    let old = records[0].clone();
    let other = wish(old.name.as_str(), "A", "192.0.2.2", &resource);
    let update = Change::update(old.clone(), other, vec![UpdateReason::Targets]);
    assert_eq!(me.write(vec![update]).await, 0);
    assert_eq!(local.take_calls(), calls(&[]), "an update says nothing new about ownership");
    assert_eq!(me.write(vec![Change::delete(old, DeleteReason::NoLongerWanted)]).await, 0);
    assert_eq!(local.take_calls(), calls(&[("BatchExecuteStatement", 1)]), "one delete");

    let deletes: Vec<Change> =
        records[1..].iter().map(|old| Change::delete(old.clone(), DeleteReason::NoLongerWanted)).collect();
    assert_eq!(me.write(deletes).await, 0);
    assert_eq!(local.take_calls(), calls(&[("BatchExecuteStatement", 400)]), "9,999 deletes");
    assert_eq!(local.items("external-dns").await.unwrap().len(), 1);
}

#[tokio::test]
async fn after_a_lost_answer_the_table_is_read_again_and_all_is_well() {
    let (local, table) = service().await;
    let me = Instance::new(&table);
    me.read(Vec::new()).await;
    local.fail("BatchExecuteStatement", vec![LoseAnswer; 3]);
    let one = [wish("web.example.org", "A", "192.0.2.1", "ingress/shop/web")];
    assert_eq!(me.write(creates(&one)).await, 1);
    assert!(!me.registry.is_trusted(Instant::now()));
    me.read(Vec::new()).await;
    assert_eq!(me.write(creates(&one)).await, 0);
    assert_eq!(local.items("external-dns").await.unwrap(), [item("web.example.org#A#", "me")]);
}

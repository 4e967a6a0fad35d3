//! What a row looks like, and what each statement does to it.

use super::{delete, insert, item, labels, service, table};
use serde_json::{Value, json};
use zonewright_planner::Owner;
use zonewright_provider_kit::ErrorClass;
use zonewright_registry::{ReadTable, RowError, Statement, WriteTable};

fn update(key: &str, owner: &str, new_owner: Option<&str>) -> Statement {
    Statement::Update {
        key: key.into(),
        owner: Owner::new(owner).unwrap(),
        new_owner: new_owner.and_then(Owner::new),
        labels: labels("crd/shop/new"),
        record: None,
    }
}

fn told(outcomes: Vec<Result<(), RowError>>) -> Vec<&'static str> {
    let word = |outcome: Result<(), RowError>| match outcome {
        Ok(()) => "done",
        Err(RowError::Exists) => "exists",
        Err(RowError::Changed) => "changed",
        Err(RowError::Failed(error)) => error.class().code(),
    };
    outcomes.into_iter().map(word).collect()
}

#[tokio::test]
async fn statements_are_those_of_v022_and_each_is_conditional() {
    let (local, table) = service().await;
    let writer = table.writer();
    let first = [
        insert("a.example.org#A#", "me"),
        insert("b.example.org#A#eu", "me"),
        insert("c.example.org#A#", "them"),
    ];
    assert_eq!(told(writer.execute(&first).await), ["done", "done", "done"]);
    assert_eq!(
        local.items("external-dns").await.unwrap(),
        [item("a.example.org#A#", "me"), item("b.example.org#A#eu", "me"), item("c.example.org#A#", "them")]
    );
    let second = [
        insert("a.example.org#A#", "me"),
        update("b.example.org#A#eu", "me", None),
        update("c.example.org#A#", "me", None),
        update("d.example.org#A#", "me", None),
        delete("e.example.org#A#", "me"),
    ];
    assert_eq!(told(writer.execute(&second).await), ["exists", "done", "changed", "changed", "done"]);
    let third = [
        update("a.example.org#A#", "me", Some("you")),
        delete("b.example.org#A#eu", "me"),
        delete("c.example.org#A#", "me"),
    ];
    assert_eq!(told(writer.execute(&third).await), ["done", "done", "changed"]);
    let mut moved = item("a.example.org#A#", "you");
    moved["l"] = json!({ "M": { "resource": { "S": "crd/shop/new" } } });
    assert_eq!(local.items("external-dns").await.unwrap(), [moved, item("c.example.org#A#", "them")]);

    // Letter for letter what v0.22 sends (registry/dynamodb/registry.go), but for the owner in UPDATE.
    let statements: Vec<String> = local
        .take_requests()
        .into_iter()
        .flat_map(|(_, request)| request["Statements"].as_array().cloned().unwrap())
        .map(|statement| statement["Statement"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statements[0], "INSERT INTO \"external-dns\" VALUE {'k':?, 'o':?, 'l':?}");
    assert_eq!(statements[4], "UPDATE \"external-dns\" SET \"l\"=? WHERE \"k\"=? AND \"o\"=?");
    assert_eq!(statements[7], "DELETE FROM \"external-dns\" WHERE \"k\"=? AND \"o\"=?");
}

#[tokio::test]
async fn twenty_five_statements_go_out_at_a_time() {
    let (local, table) = service().await;
    let statements: Vec<Statement> = (0..60).map(|i| insert(&format!("n{i}.example.org#A#"), "me")).collect();
    let outcomes = table.writer().execute(&statements).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let sizes: Vec<usize> = local
        .take_requests()
        .iter()
        .map(|(_, request)| request["Statements"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(sizes, [25, 25, 10]);
    assert_eq!(local.items("external-dns").await.unwrap().len(), 60);
}

#[tokio::test]
async fn every_row_is_read_whoever_owns_it_and_whatever_it_looks_like() {
    let (local, table) = service().await;
    let odd = json!({ "k": { "S": "no separators" }, "o": { "N": "7" }, "l": { "S": "text" } });
    local
        .put("external-dns", &[item("a.example.org#A#", "me"), item("b.example.org#A#", "them"), odd])
        .await
        .unwrap();
    let mut items = table.reader().read().await.unwrap();
    items.sort_by(|a, b| a.key.cmp(&b.key));
    let owners: Vec<Option<&str>> = items.iter().map(|item| item.owner.as_deref()).collect();
    assert_eq!(owners, [Some("me"), Some("them"), None]);
    assert_eq!((items[0].labels.resource(), items[2].has_odd_labels), (Some("ingress/shop/web"), true));
    let requests = local.take_requests();
    let operations: Vec<&str> = requests.iter().map(|(operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["DescribeTable", "Scan"]);
    assert_eq!(requests[1].1["ConsistentRead"], Value::Bool(true));
    assert_eq!(requests[1].1["ProjectionExpression"], "k,o,l");
    // Its shape is looked at once.
    table.reader().read().await.unwrap();
    assert_eq!(local.take_requests().len(), 1);
}

#[tokio::test]
async fn a_table_that_is_missing_or_of_another_shape_says_how_to_make_one() {
    let (local, _) = service().await;
    let error = table(&local, "nowhere").reader().read().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Permanent);
    let text = error.to_string();
    assert!(
        text.contains("nowhere") && text.contains("aws dynamodb create-table --table-name nowhere"),
        "{text}"
    );
    let shape = json!({
        "TableName": "ranged",
        "AttributeDefinitions": [
            { "AttributeName": "k", "AttributeType": "S" },
            { "AttributeName": "r", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "k", "KeyType": "HASH" },
            { "AttributeName": "r", "KeyType": "RANGE" },
        ],
        "BillingMode": "PAY_PER_REQUEST",
    });
    local.call("CreateTable", &shape).await.unwrap();
    let error = table(&local, "ranged").reader().read().await.unwrap_err().to_string();
    assert!(error.contains("table ranged cannot be used: it must not have a range key"), "{error}");
    // Once it is there it is used, without a new start.
    let late = table(&local, "late");
    assert!(late.reader().read().await.is_err());
    local.create_table("late").await.unwrap();
    assert!(late.reader().read().await.unwrap().is_empty());
}

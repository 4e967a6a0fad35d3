//! Statements without a registry: each has its condition and its own outcome, however many go out at once and whatever they say.

use super::{Done, Problem, RESOURCE, Stage, Subject, item, items};
use crate::{Item, ReadTable, RegistryError, RowError, Statement, WriteTable};
use zonewright_planner::{Labels, Owner};

const A: &str = "a.example.org#A#";
const B: &str = "b.example.org#A#eu";
const THEIRS: &str = "c.example.org#A#";
const NOWHERE: &str = "d.example.org#A#";

const NEW: &str = "crd/default/new";

fn labels(resource: &str) -> Labels {
    [("resource", resource)].into_iter().collect()
}

fn owner(text: &str) -> Result<Owner, Problem> {
    Ok(Owner::new(text).ok_or(RegistryError::NoOwner)?)
}

fn insert(key: &str, of: &str) -> Result<Statement, Problem> {
    Ok(Statement::Insert { key: key.into(), owner: owner(of)?, labels: labels(RESOURCE), record: None })
}

fn update(key: &str, of: &str, new_owner: Option<&str>) -> Result<Statement, Problem> {
    let new_owner = new_owner.map(owner).transpose()?;
    Ok(Statement::Update { key: key.into(), owner: owner(of)?, new_owner, labels: labels(NEW), record: None })
}

fn delete(key: &str, of: &str) -> Result<Statement, Problem> {
    Ok(Statement::Delete { key: key.into(), owner: owner(of)? })
}

/// What came of each.
async fn execute(stage: &Stage, statements: &[Statement]) -> Vec<String> {
    let word = |outcome| match outcome {
        Ok(()) => "done".to_owned(),
        Err(RowError::Exists) => "exists".to_owned(),
        Err(RowError::Changed) => "changed".to_owned(),
        Err(RowError::Failed(error)) => error.to_string(),
    };
    stage.execute(statements).await.into_iter().map(word).collect()
}

fn rewritten(key: &str, owner: &str) -> Item {
    Item { labels: labels(NEW), ..item(key, owner) }
}

pub(super) async fn every_statement_has_its_condition(table: &Subject) -> Done {
    let stage = Stage::new(table, &items(&[(A, "me"), (B, "me"), (THEIRS, "them")]), Vec::new()).await?;
    let refused = [
        insert(A, "me")?,
        insert(THEIRS, "me")?,
        update(B, "them", Some("me"))?,
        update(NOWHERE, "me", None)?,
    ];
    same!(execute(&stage, &refused).await, ["exists", "exists", "changed", "changed"]);
    same!(execute(&stage, &[update(THEIRS, "me", None)?, delete(A, "them")?]).await, ["changed", "changed"]);
    same!(stage.items().await?, items(&[(A, "me"), (B, "me"), (THEIRS, "them")]));

    let done = [insert(NOWHERE, "me")?, update(A, "me", None)?, update(B, "me", Some("you"))?];
    same!(execute(&stage, &done).await, ["done"; 3]);
    let rows = [rewritten(A, "me"), rewritten(B, "you"), item(THEIRS, "them"), item(NOWHERE, "me")];
    same!(stage.items().await?, rows);

    let deletes = [delete(A, "me")?, delete(B, "me")?, delete("e.example.org#A#", "me")?];
    same!(execute(&stage, &deletes).await, ["done", "changed", "done"], "that there is none is fine");
    same!(execute(&stage, &[delete(A, "me")?]).await, ["done"], "a second time");
    same!(stage.items().await?, &rows[1..]);
    same!(execute(&stage, &[]).await.len(), 0);
    Ok(())
}

/// DynamoDB takes 25 at a time in `BatchExecuteStatement`, 100 in a transaction. Refusals in between are those of their own statements.
pub(super) async fn a_call_takes_any_number_of_statements(table: &Subject) -> Done {
    const COUNT: usize = 130;
    let key = |i: usize| format!("n{i:03}.example.org#A#");
    let taken: Vec<Item> = (0..COUNT).step_by(10).map(|i| item(&key(i), "them")).collect();
    let stage = Stage::new(table, &taken, Vec::new()).await?;
    let told = |refusal: &'static str| -> Vec<&str> {
        (0..COUNT).map(|i| if i % 10 == 0 { refusal } else { "done" }).collect()
    };
    let inserts: Vec<Statement> = (0..COUNT).map(|i| insert(&key(i), "me")).collect::<Result<_, _>>()?;
    same!(execute(&stage, &inserts).await, told("exists"));
    let updates: Vec<Statement> =
        (0..COUNT).map(|i| update(&key(i), "me", None)).collect::<Result<_, _>>()?;
    same!(execute(&stage, &updates).await, told("changed"));
    let rows: Vec<Item> = (0..COUNT)
        .map(|i| if i % 10 == 0 { item(&key(i), "them") } else { rewritten(&key(i), "me") })
        .collect();
    same!(stage.items().await?, rows);
    let deletes: Vec<Statement> = (0..COUNT).map(|i| delete(&key(i), "me")).collect::<Result<_, _>>()?;
    same!(execute(&stage, &deletes).await, told("changed"));
    same!(stage.items().await?, taken);
    Ok(())
}

/// What stands in keys, owners and labels is text: no character of it means anything to the table.
pub(super) async fn any_text_is_written_as_it_is(table: &Subject) -> Done {
    let long = format!("long.example.org#A#{}", "s".repeat(128));
    let keys = [
        "*.example.org#CNAME#",
        "Upper.Example.ORG#A#",
        "bücher.example.org#A#",
        "dot.example.org.#A#",
        "q.example.org#A#it's \"so\"",
        "q.example.org#A#back\\slash `tick` ?",
        "s.example.org#A##",
        "s.example.org#A#eu#west#",
        "s.example.org#A#EU#west#",
        "s.example.org#A# ",
        "s.example.org#A#\u{1f310}\u{0301}",
        "_sip._tcp.example.org#SRV#",
        "no separators",
        &long,
    ];
    let of = ["o'w\"n?er #1 ü", "O_w.n-er"].into_iter().find(|owner| table.can_name(owner)).unwrap_or("me");
    let label_texts = ["", "'; DROP TABLE", "a,b \"c\"", "?", "{'k':?}", "\n\t\\", "ü\u{1f310}"];
    let labels: Labels =
        label_texts.iter().enumerate().map(|(i, text)| (format!("l{i} '\"?#"), (*text).to_owned())).collect();
    let stage = Stage::new(table, &[], Vec::new()).await?;
    let keys: Vec<&str> = keys.into_iter().filter(|key| table.can_hold(&item(key, of))).collect();
    so!(keys.len() >= 13);
    let row = |key: &&str, owner: &str, labels: &Labels| Item {
        key: Some((*key).to_owned()),
        owner: Some(owner.to_owned()),
        labels: labels.clone(),
        has_odd_labels: false,
        is_confirmed: true,
    };
    let sorted = |mut rows: Vec<Item>| {
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        rows
    };
    let all = |make: &dyn Fn(&str) -> Statement| keys.iter().map(|key| make(key)).collect::<Vec<_>>();
    let (first, second) = (owner(of)?, owner("you")?);
    let done = vec!["done"; keys.len()];

    let inserts = all(&|key| Statement::Insert {
        key: key.into(),
        owner: first.clone(),
        labels: Labels::new(),
        record: None,
    });
    same!(execute(&stage, &inserts).await, done);
    same!(stage.items().await?, sorted(keys.iter().map(|key| row(key, of, &Labels::new())).collect()));
    let updates = all(&|key| Statement::Update {
        key: key.into(),
        owner: first.clone(),
        new_owner: Some(second.clone()),
        labels: labels.clone(),
        record: None,
    });
    same!(execute(&stage, &updates).await, done);
    let expected = sorted(keys.iter().map(|key| row(key, "you", &labels)).collect());
    same!(stage.items().await?, expected);
    // The reader under test sees the same.
    let read = stage.read().await.map_err(|error| Problem::Call("read", error))?;
    same!(sorted(read), expected);
    let deletes = |owner: &Owner| all(&|key| Statement::Delete { key: key.into(), owner: owner.clone() });
    same!(execute(&stage, &deletes(&first)).await, vec!["changed"; keys.len()]);
    same!(execute(&stage, &deletes(&second)).await, done);
    same!(stage.items().await?, []);
    Ok(())
}

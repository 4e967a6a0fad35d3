//! The form for programs keeps to its published schema.

use super::*;
use crate::cli::plan_output::Format;
use insta::assert_snapshot;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../../../../docs/reference/plan.schema.json");

/// The published schema lets fields be added; ours may not have any that it does not describe.
fn strict(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(map) => {
            map.values_mut().for_each(|value| *value = strict(value.take()));
            if map.contains_key("properties") && map.get("type") == Some(&json!("object")) {
                map.insert("additionalProperties".into(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = strict(item.take())),
        _ => {}
    }
    schema
}

fn complaints(document: &Value) -> Vec<String> {
    let schema = strict(serde_json::from_str(SCHEMA).unwrap());
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn document(stage: &Stage) -> Value {
    serde_json::from_str(&stage.show(Format::Json)).unwrap()
}

#[test]
fn the_schema_is_one() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
}

#[test]
fn outputs_keep_to_the_schema() {
    let stages = [
        Stage::new(Vec::new(), Vec::new()),
        Stage::new(every_change(), every_skip()),
        with_every_problem(Stage::new(every_change(), every_skip())),
        with_withheld(Stage::new(every_change(), every_skip())),
    ];
    for stage in &stages {
        assert_eq!(complaints(&document(stage)), Vec::<String>::new());
    }
}

#[test]
fn the_check_can_fail() {
    let stage = Stage::new(every_change(), every_skip());
    let spoiled = |pointer: &str, value: Value| {
        let mut document = document(&stage);
        *document.pointer_mut(pointer).unwrap() = value;
        complaints(&document)
    };
    assert!(!spoiled("/changes/0/action", json!("replace")).is_empty());
    assert!(!spoiled("/changes/0/new", Value::Null).is_empty());
    assert!(!spoiled("/skips/0/code", json!("because")).is_empty());
    assert!(!spoiled("/summary", json!({"create": 1, "update": 1, "delete": 1})).is_empty());
    assert!(
        !spoiled("/problems", json!([{"severity": "error", "about": "", "message": "", "x": 1}])).is_empty()
    );
    let mut missing = document(&stage);
    missing["changes"][0].as_object_mut().unwrap().remove("new");
    assert!(!complaints(&missing).is_empty(), "a create without its new contents");
}

#[test]
fn every_field() {
    let stage = with_every_problem(Stage::new(every_change(), every_skip()));
    assert_snapshot!("json", stage.show(Format::Json));
}

#[test]
fn what_is_withheld_in_json() {
    let document = document(&with_withheld(Stage::new(Vec::new(), Vec::new())));
    let zone = |zone: &str, count: usize, reason: &str| json!({"zone": zone, "hash": "4f1c2a90b7d3", "count": count, "owned": 40, "reason": reason});
    let few = "2 of the 40 records of ours in zone example.org would be deleted (3 more were deleted just \
               before), more than 4";
    let many = "30 of the 40 records of ours in zone example.net would be deleted, more than 30 %";
    assert_eq!(document["withheld"], json!([zone("example.org", 2, few), zone("example.net", 30, many)]));
    assert_eq!(document["summary"], json!({"create": 0, "update": 0, "delete": 0, "skip": 32}));
}

#[test]
fn nothing_to_do_in_json() {
    assert_snapshot!("json_nothing_to_do", Stage::new(Vec::new(), Vec::new()).show(Format::Json));
}

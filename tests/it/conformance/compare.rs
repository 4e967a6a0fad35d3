//! Comparing answers, after bringing both into one order (`tests/conformance/README.md`).

use serde_json::{Map, Value, json};

pub enum Verdict {
    Same,
    Different(String),
}

/// Compares run by run.
pub fn judge(expected: &[Value], actual: &[Value]) -> Verdict {
    if expected.len() != actual.len() {
        return Verdict::Different(format!("{} runs instead of {}", actual.len(), expected.len()));
    }
    for (run, (expected, actual)) in expected.iter().zip(actual).enumerate() {
        let (expected, actual) = (normal_answer(expected), normal_answer(actual));
        for field in ["ok", "endpoints", "changes", "records"] {
            if field == "endpoints" && expected["ok"] == json!(false) {
                continue;
            }
            if expected[field] != actual[field] {
                let (e, a) = (&expected[field], &actual[field]);
                return Verdict::Different(format!("run {run}: {field}\n  expected {e}\n  got      {a}"));
            }
        }
    }
    Verdict::Same
}

/// Lists sorted, targets and properties sorted, empty fields left out.
pub fn normal_answer(answer: &Value) -> Value {
    let mut changes = Map::new();
    for (list, endpoints) in answer["changes"].as_object().into_iter().flatten() {
        let endpoints = normal_list(endpoints);
        if endpoints.as_array().is_some_and(|list| !list.is_empty()) {
            changes.insert(list.clone(), endpoints);
        }
    }
    json!({
        "ok": answer["ok"],
        "endpoints": normal_list(&answer["endpoints"]),
        "changes": changes,
        "records": normal_list(&answer["records"]),
    })
}

fn normal_list(endpoints: &Value) -> Value {
    let Some(endpoints) = endpoints.as_array() else { return endpoints.clone() };
    let mut list: Vec<Value> = endpoints.iter().map(normal_endpoint).collect();
    let key = |e: &Value| {
        let text = |field: &str| e[field].as_str().unwrap_or_default().to_owned();
        (text("dnsName"), text("recordType"), text("setIdentifier"), e.to_string())
    };
    list.sort_by_key(key);
    Value::Array(list)
}

fn normal_endpoint(endpoint: &Value) -> Value {
    let mut normal = Map::new();
    for (key, value) in endpoint.as_object().into_iter().flatten() {
        let mut value = value.clone();
        match (key.as_str(), &mut value) {
            ("targets", Value::Array(targets)) => targets.sort_by_key(ToString::to_string),
            ("providerSpecific", Value::Array(list)) => {
                // An empty value may be left out.
                list.iter_mut().for_each(|p| p["value"] = json!(p["value"].as_str().unwrap_or_default()));
                list.sort_by_key(|p| p["name"].to_string());
            }
            _ => {}
        }
        let is_empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Number(number) => number.as_i64() == Some(0),
            Value::Bool(_) => false,
        };
        if !is_empty {
            normal.insert(key.clone(), value);
        }
    }
    Value::Object(normal)
}

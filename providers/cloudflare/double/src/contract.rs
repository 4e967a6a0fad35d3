//! Holding what is said against the published description of the API.

use crate::log::Exchange;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Requests and answers as the API has them.
#[derive(Default)]
pub(crate) struct Contract {
    validators: BTreeMap<String, Option<Arc<Validator>>>,
}

/// So many entries of a list are looked at.
const ENTRIES: usize = 300;

/// The description, with `nullable` of OpenAPI 3.0 written as JSON Schema has it.
static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value =
        serde_json::from_str(include_str!("../api/cloudflare-dns.openapi.json")).unwrap_or_default();
    to_json_schema(&mut document);
    document
});

fn to_json_schema(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(to_json_schema),
        Value::Object(fields) => {
            fields.values_mut().for_each(to_json_schema);
            if fields.remove("nullable") == Some(Value::Bool(true)) {
                if let Some(kind) = fields.get("type").cloned() {
                    fields.insert("type".to_owned(), json!([kind, "null"]));
                }
                if let Some(Value::Array(values)) = fields.get_mut("enum") {
                    values.push(Value::Null);
                }
            }
        }
        _ => {}
    }
}

impl Contract {
    /// What is wrong with an exchange.
    pub(crate) fn violations(&mut self, exchange: &Exchange) -> Vec<String> {
        let method = exchange.method.to_ascii_lowercase();
        let Some((template, operation)) = find(&exchange.path, &method) else {
            return vec![format!("{method} {}: there is no such operation", exchange.path)];
        };
        let at = format!("/paths/{}/{method}", escape(template));
        let mut found = query_violations(operation, exchange);
        if let Some(body) = &exchange.body {
            let pointer = format!("{at}/requestBody/content/application~1json/schema");
            found.extend(self.check(&pointer, body).into_iter().map(|text| format!("request: {text}")));
        }
        let status = match exchange.status {
            200 => "200",
            400..500 => "4XX",
            _ => return found,
        };
        let pointer = format!("{at}/responses/{status}/content/application~1json/schema");
        let answer = exchange.answer.as_ref().unwrap_or(&Value::Null);
        found.extend(self.check(&pointer, answer).into_iter().map(|text| format!("answer: {text}")));
        found
    }

    fn check(&mut self, pointer: &str, value: &Value) -> Vec<String> {
        let make = || {
            let mut schema: Map<String, Value> = Map::new();
            schema.insert("allOf".to_owned(), json!([DESCRIPTION.pointer(pointer)?]));
            schema.insert("components".to_owned(), DESCRIPTION.get("components").cloned()?);
            let options = jsonschema::options().with_draft(Draft::Draft7);
            options.build(&Value::Object(schema)).ok().map(Arc::new)
        };
        match self.validators.entry(pointer.to_owned()).or_insert_with(make) {
            Some(validator) => validator
                .iter_errors(&sample(value))
                .map(|error| format!("{pointer}: {}: {error}", error.instance_path()))
                .collect(),
            None => vec![format!("{pointer}: the description has no schema")],
        }
    }
}

/// The same with no more than a few hundred entries in any list: all are made alike, and tens of thousands take their time.
fn sample(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().take(ENTRIES).map(sample).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), sample(value))).collect(),
        other => other.clone(),
    }
}

/// The template that a path fits, preferring words to placeholders, and what may be done there.
fn find<'a>(path: &str, method: &str) -> Option<(&'a str, &'a Value)> {
    let paths = DESCRIPTION.get("paths")?.as_object()?;
    let fits = |template: &str| {
        let (a, b): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
    };
    let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template)).collect();
    fitting.sort_by_key(|(template, _)| template.matches('{').count());
    let (template, operations) = fitting.first()?;
    Some((template.as_str(), operations.get(method)?))
}

/// The description lists what may be asked for.
fn query_violations(operation: &Value, exchange: &Exchange) -> Vec<String> {
    let parameters = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_known = |name: &str| {
        parameters.iter().any(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    };
    let unknown = exchange.query.iter().filter(|(name, _)| !is_known(name));
    unknown.map(|(name, _)| format!("{} has no parameter {name}", exchange.path)).collect()
}

/// A key as it stands in a JSON pointer (RFC 6901).
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Operation;

    fn exchange(method: &str, path: &str, body: Option<Value>, answer: Value) -> Exchange {
        Exchange {
            operation: Operation::Unknown,
            method: method.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            zone: None,
            credentials: None,
            body,
            status: 200,
            answer: Some(answer),
        }
    }

    #[test]
    fn what_the_description_does_not_allow_is_found() {
        let mut contract = Contract::default();
        let good = json!({"success": true, "errors": [], "messages": [], "result": {"posts": []}});
        let batch = "/zones/z/dns_records/batch";
        let body =
            |ttl: i64| json!({"posts": [{"type": "A", "name": "a.org", "content": "192.0.2.1", "ttl": ttl}]});
        assert_eq!(
            contract.violations(&exchange("POST", batch, Some(body(300)), good.clone())),
            Vec::<String>::new()
        );
        assert!(!contract.violations(&exchange("POST", batch, Some(body(2)), good.clone())).is_empty());
        let no_name = json!({"posts": [{"type": "A", "content": "192.0.2.1"}]});
        assert!(!contract.violations(&exchange("POST", batch, Some(no_name), good.clone())).is_empty());
        assert!(!contract.violations(&exchange("POST", batch, Some(body(300)), json!({}))).is_empty());
        assert!(!contract.violations(&exchange("PURGE", batch, None, good.clone())).is_empty());
        let mut query = exchange("GET", "/zones", None, good);
        query.query.push(("pages".to_owned(), "1".to_owned()));
        assert!(contract.violations(&query).iter().any(|text| text.contains("no parameter pages")));
    }
}

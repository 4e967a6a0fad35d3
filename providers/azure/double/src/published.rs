//! The published descriptions of the two APIs, and what they say about requests and answers.
//!
//! They are made stricter in two ways, because a field in the wrong spelling would pass otherwise: a document has no other fields than
//! those described, and in a request none of those that only the service may write.

use crate::call::Call;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const DOCUMENTS: [&str; 2] = [
    include_str!("../specs/azure-dns-2018-05-01.swagger.json"),
    include_str!("../specs/azure-privatedns-2024-06-01.swagger.json"),
];

static PUBLISHED: LazyLock<Vec<Document>> = LazyLock::new(|| {
    let parse = |text: &&str| serde_json::from_str(text).map(Document::new).unwrap_or_default();
    DOCUMENTS.iter().map(parse).collect()
});

/// One API.
#[derive(Default)]
struct Document {
    version: String,
    operations: Vec<Described>,
}

/// One operation.
pub(crate) struct Described {
    method: String,
    /// The parts of its path; `{…}` stands for one.
    path: Vec<String>,
    /// What a part may be, by its name in the path.
    enums: BTreeMap<String, Vec<Value>>,
    query: Vec<String>,
    headers: Vec<String>,
    body: Option<Validator>,
    /// By status; `default` for all others.
    answers: BTreeMap<String, Option<Validator>>,
}

/// The operation that a request is.
pub(crate) fn find(call: &Call) -> Result<&'static Described, String> {
    let mut operations =
        PUBLISHED.iter().flat_map(|document| document.operations.iter().map(move |one| (document, one)));
    let found = operations.find(|(_, one)| one.is(call));
    let Some((document, operation)) = found else {
        return Err(format!("{} {} is in no published API", call.method, call.path));
    };
    operation.check(call, &document.version)?;
    Ok(operation)
}

impl Document {
    fn new(document: Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let version = text(&document["info"]["version"]);
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                operations.push(Described::new(&document, path, method, operation));
            }
        }
        Self { version, operations }
    }
}

impl Described {
    fn new(document: &Value, path: &str, method: &str, operation: &Value) -> Self {
        let parameters: Vec<&Value> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap_or(parameter),
                None => parameter,
            })
            .collect();
        let named = |place: &str| -> Vec<String> {
            let inside = parameters.iter().filter(|parameter| parameter["in"] == place);
            inside.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
        };
        let enums = parameters.iter().filter_map(|parameter| {
            Some((parameter["name"].as_str()?.to_owned(), parameter["enum"].as_array()?.clone()))
        });
        let body = parameters.iter().find(|parameter| parameter["in"] == "body");
        let answers = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
            let schema = answer.get("schema").and_then(|schema| validator(document, schema, false));
            (status.clone(), schema)
        });
        Self {
            method: method.to_ascii_uppercase(),
            path: path.split('/').skip(1).map(str::to_owned).collect(),
            enums: enums.collect(),
            query: named("query"),
            headers: named("header").iter().map(|name| name.to_ascii_lowercase()).collect(),
            body: body.and_then(|body| validator(document, &body["schema"], true)),
            answers: answers.collect(),
        }
    }

    fn is(&self, call: &Call) -> bool {
        self.method == call.method
            && self.path.len() == call.segments.len()
            && self.path.iter().zip(&call.segments).all(|(expected, part)| match parameter(expected) {
                Some(name) => {
                    self.enums.get(name).is_none_or(|values| values.iter().any(|value| value == part))
                }
                None => expected == part,
            })
    }

    fn check(&self, call: &Call, version: &str) -> Result<(), String> {
        if call.query("api-version") != Some(version) {
            return Err(format!("api-version is {:?}, and not {version}", call.query("api-version")));
        }
        if let Some((name, _)) =
            call.query.iter().find(|(name, _)| !self.query.contains(name) && name != "$skipToken")
        {
            return Err(format!("there is no query parameter {name}"));
        }
        for header in ["if-match", "if-none-match"] {
            if call.header(header).is_some() && !self.headers.iter().any(|known| known == header) {
                return Err(format!("there is no header {header}"));
            }
        }
        match &self.body {
            None if call.body.is_empty() => Ok(()),
            None => Err("there is no body".to_owned()),
            Some(schema) => conforms(schema, &call.body),
        }
    }

    /// Whether an answer is one of those described.
    pub(crate) fn check_answer(&self, status: u16, body: &[u8]) -> Result<(), String> {
        let described = self.answers.get(&status.to_string()).or_else(|| self.answers.get("default"));
        match described {
            None => Err(format!("there is no answer {status}")),
            Some(None) if body.is_empty() => Ok(()),
            Some(None) => Err(format!("answer {status} has no body")),
            Some(Some(schema)) => conforms(schema, body),
        }
    }
}

fn parameter(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

fn conforms(schema: &Validator, body: &[u8]) -> Result<(), String> {
    let document: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    match schema.iter_errors(&document).next() {
        None => Ok(()),
        Some(error) => Err(format!("{} at {}", error, error.instance_path())),
    }
}

/// A definition as a schema of its own, with everything that it refers to.
fn validator(document: &Value, schema: &Value, is_request: bool) -> Option<Validator> {
    let all = document["definitions"].as_object()?;
    let definitions: Map<String, Value> =
        all.iter().map(|(name, one)| (name.clone(), strict(all, one, is_request))).collect();
    let root = json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "definitions": definitions,
        "allOf": [schema],
    });
    jsonschema::validator_for(&root).ok()
}

/// A definition with all fields that it takes over, and no room for others.
fn strict(all: &Map<String, Value>, definition: &Value, is_request: bool) -> Value {
    let mut fields = Map::new();
    gather(all, definition, &mut fields);
    if is_request {
        fields.retain(|_, field| field["readOnly"] != true);
    }
    let mut strict = definition.clone();
    if let Some(object) = strict.as_object_mut().filter(|_| !fields.is_empty()) {
        object.remove("allOf");
        object.insert("type".to_owned(), "object".into());
        object.insert("properties".to_owned(), fields.into());
        object.insert("additionalProperties".to_owned(), false.into());
    }
    strict
}

fn gather(all: &Map<String, Value>, definition: &Value, fields: &mut Map<String, Value>) {
    for part in definition["allOf"].as_array().into_iter().flatten() {
        let name =
            part["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        if let Some(base) = all.get(name) {
            gather(all, base, fields);
        }
    }
    fields.extend(
        definition["properties"].as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())),
    );
}

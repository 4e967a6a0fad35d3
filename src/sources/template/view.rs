//! The ways in which a template may see an object.
//!
//! The first attempt sees a Kubernetes object as its Go struct, and an object of the unstructured source
//! (or of a kind without a table) as ten named parts. When the first attempt fails, the second one sees
//! those ten parts too, with the JSON names below them, and missing keys are errors.

use serde_json::{Map, Value as Json};

use super::schema::{Schema, StructType, Type};

/// The initialisms that upstream spells in capitals where they begin a key (`source/unstructured.go`).
const INITIALISMS: [&str; 30] = [
    "acl", "api", "arn", "ca", "cidr", "cpu", "crd", "db", "dns", "http", "https", "id", "ip", "json", "jwk",
    "jwt", "os", "pem", "rbac", "sql", "ssl", "tcp", "tls", "ttl", "udp", "uid", "uuid", "uri", "url", "vm",
];
const MORE_INITIALISMS: [&str; 2] = ["xml", "yaml"];

/// The annotation that `kubectl apply` leaves; never part of what a template sees.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object for the second attempt: by its JSON names, as Go's converter writes the struct.
pub(super) fn json_view(schema: &Schema, ty: Option<&StructType>, object: &Json) -> Json {
    let raw = match ty {
        Some(ty) => Json::Object(written(schema, ty, object)),
        None => trimmed(object),
    };
    named_parts(raw, Map::clone)
}

/// The object for the first attempt where there is no Go struct: the top keys of spec and status also
/// answer to a Go spelling.
pub(super) fn unstructured_view(object: &Json) -> Json {
    named_parts(trimmed(object), with_go_keys)
}

fn named_parts(raw: Json, section: fn(&Map<String, Json>) -> Map<String, Json>) -> Json {
    let at = |pointer: &str| raw.pointer(pointer).cloned().unwrap_or(Json::Null);
    let spec_or_status = |key: &str| match raw.get(key) {
        Some(Json::Object(entries)) => Json::Object(section(entries)),
        _ => Json::Null,
    };
    let mut view = Map::new();
    for (name, pointer) in [
        ("Name", "/metadata/name"),
        ("Namespace", "/metadata/namespace"),
        ("Kind", "/kind"),
        ("APIVersion", "/apiVersion"),
        ("Labels", "/metadata/labels"),
        ("Annotations", "/metadata/annotations"),
        ("Metadata", "/metadata"),
    ] {
        view.insert(name.to_owned(), at(pointer));
    }
    view.insert("Spec".to_owned(), spec_or_status("spec"));
    view.insert("Status".to_owned(), spec_or_status("status"));
    view.insert("Object".to_owned(), raw);
    Json::Object(view)
}

/// What the cache of the unstructured source keeps.
fn trimmed(object: &Json) -> Json {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
    }
    object
}

fn with_go_keys(section: &Map<String, Json>) -> Map<String, Json> {
    let mut all = section.clone();
    for (key, value) in section {
        all.entry(go_key(key)).or_insert_with(|| value.clone());
    }
    all
}

/// `dnsNames` → `DNSNames`, `hostname` → `Hostname`; the first word counts, up to a capital.
fn go_key(key: &str) -> String {
    let word = key.len() - key.trim_start_matches(|c: char| !c.is_uppercase()).len();
    let (word, rest) = key.split_at(word);
    let lower = word.to_lowercase();
    if INITIALISMS.contains(&lower.as_str()) || MORE_INITIALISMS.contains(&lower.as_str()) {
        return word.to_uppercase() + rest;
    }
    let mut chars = word.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    first + chars.as_str() + rest
}

/// A Go struct as JSON: unknown keys are gone, empty fields are left out unless the tag says otherwise,
/// and a struct that is not behind a pointer is always there.
fn written(schema: &Schema, ty: &StructType, json: &Json) -> Map<String, Json> {
    let mut entries = Map::new();
    for field in &ty.fields {
        let inline = field.json.is_empty();
        let found = if inline { Some(json) } else { json.get(&field.json) };
        let found = found.filter(|json| !json.is_null() && !field.hidden);
        let value = written_value(schema, &field.ty, found);
        match value {
            Some(Json::Object(inner)) if inline => entries.extend(inner),
            Some(value) if field.keep_zero || !is_empty(&value, &field.ty) => {
                entries.insert(field.json.clone(), value);
            }
            _ => {}
        }
    }
    entries
}

/// One field as JSON; `None` for one that is never written when absent.
fn written_value(schema: &Schema, ty: &Type, json: Option<&Json>) -> Option<Json> {
    Some(match (ty, json) {
        (Type::Struct(index), json) => {
            Json::Object(written(schema, schema.at(*index), json.unwrap_or(&Json::Null)))
        }
        (Type::Time | Type::Opaque { .. }, None) => return None,
        (Type::Bool, None) => Json::Bool(false),
        (Type::Int(_) | Type::IntOrString, None) => Json::from(0),
        (Type::Float, None) => Json::from(0.0),
        (Type::Text(_), None) => Json::from(""),
        (Type::Quantity, None) => Json::from("0"),
        (Type::Pointer(_) | Type::Slice(_) | Type::Map { .. } | Type::Any | Type::AnyFloat, None) => {
            Json::Null
        }
        (Type::Pointer(target), Some(json)) => return written_value(schema, target, Some(json)),
        (Type::Slice(elem), Some(Json::Array(items))) => {
            items.iter().filter_map(|item| written_value(schema, elem, Some(item))).collect()
        }
        (Type::Map { elem, .. }, Some(Json::Object(entries))) => entries
            .iter()
            .filter(|(key, _)| *key != LAST_APPLIED)
            .filter_map(|(key, value)| Some((key.clone(), written_value(schema, elem, Some(value))?)))
            .collect(),
        (_, Some(json)) => json.clone(),
    })
}

/// What `omitempty` leaves out: a zero that is not behind a pointer.
fn is_empty(value: &Json, ty: &Type) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value && *ty == Type::Bool,
        Json::Number(value) => value.as_i64() == Some(0) && matches!(ty, Type::Int(_)),
        Json::String(value) => value.is_empty() && matches!(ty, Type::Text(_)),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty() && matches!(ty, Type::Map { .. }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_word_of_a_key_is_spelled_as_in_go() {
        for (json, go) in [
            ("url", "URL"),
            ("dnsNames", "DNSNames"),
            ("ipAddress", "IPAddress"),
            ("hostname", "Hostname"),
            ("hostIP", "HostIP"),
            ("podIP", "PodIP"),
            ("Name", "Name"),
            ("x", "X"),
            ("", ""),
        ] {
            assert_eq!(go_key(json), go);
        }
    }

    #[test]
    fn an_existing_go_spelling_is_kept() {
        let view = unstructured_view(&json!({"spec": {"url": 1, "URL": 2, "deep": {"ip": 3}}}));
        assert_eq!(view["Spec"], json!({"url": 1, "URL": 2, "deep": {"ip": 3}, "Deep": {"ip": 3}}));
    }

    #[test]
    fn a_struct_is_written_as_go_writes_it() {
        let schema = Schema::builtin().unwrap();
        let service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "managedFields": [{}], "annotations": {LAST_APPLIED: "{}", "a": "b"}},
            "spec": {
                "ports": [{"port": 0, "targetPort": "http", "unheardOf": 1}], "externalIPs": [], "clusterIP": "",
                "allocateLoadBalancerNodePorts": false, "publishNotReadyAddresses": false,
            },
            "status": {"conditions": [{}]},
        });
        assert_eq!(
            Json::Object(written(&schema, schema.named("Service").unwrap(), &service)),
            json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {"name": "web", "annotations": {"a": "b"}},
                "spec": {
                    "ports": [{"port": 0, "targetPort": "http"}], "allocateLoadBalancerNodePorts": false,
                },
                "status": {"loadBalancer": {}},
            })
        );
    }
}

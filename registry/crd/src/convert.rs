//! Rows and objects. Pure.

use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ObjectMeta};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use zonewright_planner::{Endpoint, Labels, Owner};
use zonewright_provider_kit::wire::WireEndpoint;
use zonewright_registry::Item;

/// Kind of the objects.
pub const KIND: &str = "DNSRecord";
/// The label of an object that names its owner.
pub const OWNER_LABEL: &str = "externaldns.k8s.io/owner";
/// The label of the record in an object that names its owner.
const OWNER: &str = "owner";
/// The condition that says whether the record stands.
const READY: &str = "Ready";
/// The longest name of an object (RFC 1123 subdomain).
const LONGEST_NAME: usize = 253;
/// Of what a service answered more than this helps nobody; the API server takes 32768 bytes.
const LONGEST_MESSAGE: usize = 1024;

/// Where the objects are in the API.
pub(crate) fn resource() -> ApiResource {
    let kind = GroupVersionKind::gvk("externaldns.k8s.io", "v1alpha1", KIND);
    ApiResource::from_gvk_with_plural(&kind, "dnsrecords")
}

/// What a key consists of: name, type and set identifier.
pub(crate) fn parts(key: &str) -> Option<[&str; 3]> {
    let mut parts = key.splitn(3, '#');
    Some([parts.next()?, parts.next()?, parts.next()?])
}

/// The name that v0.22 gives the object of a record: what can be read of the DNS name, and eight digits that tell everything apart that
/// looks alike in that form.
pub fn object_name(name: &str, record_type: &str, set_identifier: &str) -> String {
    let name = name.to_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let identity = format!("{name}/{}/{set_identifier}", record_type.to_uppercase());
    let digest = Sha256::digest(identity.as_bytes());
    let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let words = name.split(|c: char| !matches!(c, 'a'..='z' | '0'..='9')).filter(|word| !word.is_empty());
    let mut readable = words.collect::<Vec<_>>().join("-");
    readable.truncate(LONGEST_NAME - digits.len() - 1);
    match readable.trim_end_matches('-') {
        "" => format!("record-{digits}"),
        readable => format!("{readable}-{digits}"),
    }
}

/// The name of the object of a row.
pub(crate) fn object_name_of(key: &str) -> Option<String> {
    parts(key).map(|[name, record_type, set_identifier]| object_name(name, record_type, set_identifier))
}

/// The key of the row that an object is.
pub(crate) fn key_of(object: &DynamicObject) -> String {
    let endpoint = &object.data["spec"]["endpoint"];
    let text = |field: &str| endpoint[field].as_str().unwrap_or_default();
    format!("{}#{}#{}", text("dnsName"), text("recordType"), text("setIdentifier"))
}

/// Whose object it is, if both places agree.
pub(crate) fn owner_of(object: &DynamicObject) -> Option<&str> {
    let inside = object.data["spec"]["endpoint"]["labels"][OWNER].as_str()?;
    let label = object.metadata.labels.as_ref()?.get(OWNER_LABEL)?;
    (label == inside).then_some(inside)
}

/// The row that an object is.
pub(crate) fn to_item(object: &DynamicObject) -> Item {
    let labels = object.data["spec"]["endpoint"]["labels"].as_object();
    let texts = labels.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    Item {
        key: Some(key_of(object)),
        owner: owner_of(object).map(str::to_owned),
        labels: texts.filter(|(key, _)| *key != OWNER).collect(),
        has_odd_labels: false,
        is_confirmed: is_confirmed(object),
    }
}

/// Whether an object says that its record stands as it is now, and not as it once was. v0.22 does not note of which generation it
/// speaks.
fn is_confirmed(object: &DynamicObject) -> bool {
    let Some(ready) = condition(object) else { return false };
    let is_of_now = match ready["observedGeneration"].as_i64() {
        None | Some(0) => true,
        Some(observed) => object.metadata.generation.is_none_or(|generation| observed >= generation),
    };
    ready["status"] == "True" && is_of_now
}

fn condition(object: &DynamicObject) -> Option<&Value> {
    object.data["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == READY)
}

/// The record that stands in an object: what is written, under the name of its row, with its row's labels and owner.
fn endpoint(key: &str, record: Option<&Endpoint>, owner: &Owner, labels: &Labels) -> Value {
    let mut wire = record.map(WireEndpoint::from).unwrap_or_default();
    let [name, record_type, set_identifier] = parts(key).unwrap_or_default();
    wire.dns_name = name.into();
    wire.record_type = record_type.into();
    wire.set_identifier = set_identifier.into();
    wire.labels = labels.iter().map(|(key, value)| (key.into(), value.into())).collect();
    wire.labels.insert(OWNER.into(), owner.as_str().into());
    // Texts and a number: there is nothing in it that JSON cannot say.
    serde_json::to_value(&wire).unwrap_or_default()
}

/// An object for a row that is new.
pub(crate) fn new_object(
    name: &str,
    key: &str,
    record: Option<&Endpoint>,
    owner: &Owner,
    labels: &Labels,
) -> DynamicObject {
    let mut object = DynamicObject::new(name, &resource());
    let own = [(OWNER_LABEL.to_owned(), owner.to_string())];
    object.metadata = ObjectMeta { labels: Some(own.into()), ..object.metadata };
    object.data = json!({ "spec": { "endpoint": endpoint(key, record, owner, labels) } });
    object
}

/// Makes an object say something else. Returns whether it did not say so before.
pub(crate) fn rewrite(
    object: &mut DynamicObject,
    key: &str,
    record: Option<&Endpoint>,
    owner: &Owner,
    labels: &Labels,
) -> bool {
    let before = (object.metadata.labels.clone(), object.data["spec"].clone());
    let own = object.metadata.labels.get_or_insert_default();
    own.insert(OWNER_LABEL.to_owned(), owner.to_string());
    if !object.data["spec"].is_object() {
        object.data["spec"] = Value::Object(Map::new());
    }
    object.data["spec"]["endpoint"] = endpoint(key, record, owner, labels);
    before != (object.metadata.labels.clone(), object.data["spec"].clone())
}

/// Makes an object say what came of its record, in the words of v0.22. Returns whether it did not say so before.
pub(crate) fn tell(object: &mut DynamicObject, outcome: &Result<(), std::sync::Arc<str>>, now: &str) -> bool {
    let (status, reason, message) = match outcome {
        Ok(()) => ("True", "Programmed", "Endpoint applied to the DNS provider".to_owned()),
        Err(error) => ("False", "Failed", format!("Provider rejected the change: {}", cut(error))),
    };
    let before = condition(object).cloned();
    let of_before = |field: &str| before.as_ref().and_then(|before| before[field].as_str());
    let since = match of_before("status") == Some(status) {
        true => of_before("lastTransitionTime").unwrap_or(now),
        false => now,
    };
    let told = json!({
        "type": READY,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
        "observedGeneration": object.metadata.generation.unwrap_or_default(),
    });
    if before.as_ref() == Some(&told) {
        return false;
    }
    let conditions = object.data["status"]["conditions"].as_array();
    let others = conditions.into_iter().flatten().filter(|condition| condition["type"] != READY);
    let all: Vec<Value> = others.cloned().chain([told]).collect();
    if !object.data["status"].is_object() {
        object.data["status"] = Value::Object(Map::new());
    }
    object.data["status"]["conditions"] = all.into();
    true
}

fn cut(text: &str) -> &str {
    let end = (0..=text.len().min(LONGEST_MESSAGE)).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that v0.22 gives (registry/crd/crd_test.go, and recorded ones).
    #[test]
    fn objects_are_called_as_in_externaldns() {
        for (name, record_type, set_identifier, expected) in [
            ("...", "A", "", "record-6fbee3c6"),
            ("sub.example.io", "A", "", "sub-example-io-0df74740"),
            ("Sub.Example.io.", "a", "", "sub-example-io-0df74740"),
            ("sub.example.io", "A", "eu", "sub-example-io-143760fe"),
            ("*.example.io", "A", "", "example-io-d195f851"),
            ("_dmarc.example.io", "TXT", "", "dmarc-example-io-b5715c14"),
            ("web.example.org", "A", "", "web-example-org-43fd9d43"),
            ("two.example.org", "A", "", "two-example-org-129b2077"),
        ] {
            assert_eq!(object_name(name, record_type, set_identifier), expected);
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let label = "a".repeat(61);
        let name = |first: &str| format!("{first}.{label}.{label}.{label}.{label}.example.org");
        let (one, two) = (object_name(&name("x"), "A", ""), object_name(&name("x"), "AAAA", ""));
        assert!(one.len() <= LONGEST_NAME && one != two, "{one}");
        let dashes = format!("{}.{}", "a".repeat(243), "b".repeat(20));
        assert!(!object_name(&dashes, "A", "").contains("--"));
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"ü".repeat(1000)).len(), 1024);
        assert_eq!(cut(&format!("x{}", "ü".repeat(1000))).len(), 1023);
    }

    fn object(generation: i64) -> DynamicObject {
        let mut object =
            new_object("n", "web.example.org#A#", None, &Owner::new("me").unwrap(), &Labels::new());
        object.metadata.generation = Some(generation);
        object
    }

    #[test]
    fn what_was_said_of_an_earlier_generation_counts_no_more() {
        let mut object = object(1);
        assert!(!to_item(&object).is_confirmed);
        assert!(tell(&mut object, &Ok(()), "2026-01-01T00:00:00Z"));
        assert!(to_item(&object).is_confirmed);
        assert!(!tell(&mut object, &Ok(()), "2026-01-02T00:00:00Z"), "said already");
        object.metadata.generation = Some(2);
        assert!(!to_item(&object).is_confirmed);
        assert!(tell(&mut object, &Ok(()), "2026-01-02T00:00:00Z"));
        let ready = condition(&object).unwrap();
        assert_eq!(ready["lastTransitionTime"], "2026-01-01T00:00:00Z", "it was ready all the time");
        assert!(tell(&mut object, &Err("no".into()), "2026-01-03T00:00:00Z"));
        let ready = condition(&object).unwrap();
        assert_eq!(
            (&ready["reason"], &ready["lastTransitionTime"]),
            (&json!("Failed"), &json!("2026-01-03T00:00:00Z"))
        );
        assert_eq!(ready["message"], "Provider rejected the change: no");
        assert!(!to_item(&object).is_confirmed);
    }

    #[test]
    fn other_conditions_stay() {
        let mut object = object(1);
        object.data["status"] = json!({ "conditions": [{ "type": "Other", "status": "True" }], "more": 1 });
        tell(&mut object, &Ok(()), "2026-01-01T00:00:00Z");
        assert_eq!(object.data["status"]["conditions"].as_array().unwrap().len(), 2);
        assert_eq!(object.data["status"]["more"], 1);
    }

    #[test]
    fn an_object_is_its_owners_where_label_and_record_agree() {
        let mut object = object(1);
        assert_eq!(to_item(&object).owner.as_deref(), Some("me"));
        object.data["spec"]["endpoint"]["labels"]["owner"] = "them".into();
        assert_eq!(to_item(&object).owner, None);
        object.metadata.labels = None;
        assert_eq!(to_item(&object).owner, None);
        object.data = json!({ "spec": { "endpoint": {} } });
        assert_eq!((to_item(&object).key.as_deref(), to_item(&object).owner), (Some("##"), None));
        object.data = Value::Null;
        assert_eq!(to_item(&object).key.as_deref(), Some("##"));
    }
}

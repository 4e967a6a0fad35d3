//! Values as a running template sees them: borrowed from the object, typed like the Go original.

use serde_json::{Map, Value as Json};

use super::schema::{Field, Schema, StructType, Type};

/// The copy of an object that `kubectl apply` leaves in an annotation; ExternalDNS drops it from its
/// cache, so no template ever sees it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One value. Everything is borrowed, so values are freely copied.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// Go's invalid value: what a missing map key yields; prints as `<no value>`.
    Missing,
    /// A nil `interface{}`: a JSON `null`.
    Nil,
    Bool(bool),
    /// An integer with the Go name of its type.
    Int(i64, &'static str),
    Float(f64),
    Text {
        text: &'a str,
        /// Go name of the type when it is not plain `string`.
        named: Option<&'a str>,
    },
    Struct(&'a StructType, Option<&'a Json>),
    /// A pointer; `None` is a nil pointer.
    Pointer(&'a Type, Option<&'a Json>),
    Slice {
        elem: &'a Type,
        /// `None` is a nil slice.
        items: Option<&'a [Json]>,
    },
    Map(MapValue<'a>),
    /// A timestamp as it is in the JSON; empty when absent.
    Time(&'a str),
    Quantity(&'a str),
    IntOrString(Option<&'a Json>),
    /// A part of an object that the schema does not describe.
    Opaque(Option<&'a Json>),
}

/// A map from strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct MapValue<'a> {
    /// Go name of the key type when it is not plain `string`.
    pub(super) key: Option<&'a str>,
    pub(super) elem: &'a Type,
    entries: Option<&'a Map<String, Json>>,
}

impl<'a> MapValue<'a> {
    pub(super) fn get(&self, schema: &'a Schema, key: &str) -> Option<Value<'a>> {
        let json = self.entries?.get(key).filter(|_| key != LAST_APPLIED)?;
        Some(typed(schema, self.elem, Some(json)))
    }

    /// The entries, sorted by key as Go visits them.
    pub(super) fn entries(&self, schema: &'a Schema) -> Vec<(&'a str, Value<'a>)> {
        let elem = self.elem;
        let mut entries: Vec<_> = self
            .entries
            .into_iter()
            .flatten()
            .filter(|(key, _)| *key != LAST_APPLIED)
            .map(|(key, json)| (key.as_str(), typed(schema, elem, Some(json))))
            .collect();
        entries.sort_by_key(|(key, _)| *key);
        entries
    }

    pub(super) fn len(&self) -> usize {
        self.entries.map_or(0, |map| map.len() - usize::from(map.contains_key(LAST_APPLIED)))
    }

    pub(super) fn is_nil(&self) -> bool {
        self.entries.is_none()
    }
}

/// A plain string.
pub(super) fn text(text: &str) -> Value<'_> {
    Value::Text { text, named: None }
}

/// A plain `int`.
pub(super) fn int(number: i64) -> Value<'static> {
    Value::Int(number, "int")
}

/// A JSON value seen as a Go type; an absent one is the zero value of that type.
pub(super) fn typed<'a>(schema: &'a Schema, ty: &'a Type, json: Option<&'a Json>) -> Value<'a> {
    let json = json.filter(|json| !json.is_null());
    match ty {
        Type::Bool => Value::Bool(json.and_then(Json::as_bool).unwrap_or_default()),
        Type::Int(name) => Value::Int(json.and_then(Json::as_i64).unwrap_or_default(), name),
        Type::Float => Value::Float(json.and_then(Json::as_f64).unwrap_or_default()),
        Type::Text(named) => {
            Value::Text { text: json.and_then(Json::as_str).unwrap_or_default(), named: named.as_deref() }
        }
        Type::Struct(index) => Value::Struct(schema.at(*index), json),
        Type::Pointer(target) => Value::Pointer(target, json),
        Type::Slice(elem) => Value::Slice { elem, items: json.and_then(Json::as_array).map(Vec::as_slice) },
        Type::Map { key, elem } => {
            let entries = json.and_then(Json::as_object);
            Value::Map(MapValue { key: key.as_deref(), elem, entries })
        }
        Type::Any | Type::AnyFloat => dynamic(ty, json),
        Type::Time => Value::Time(json.and_then(Json::as_str).unwrap_or_default()),
        Type::Quantity => Value::Quantity(json.and_then(Json::as_str).unwrap_or("0")),
        Type::IntOrString => Value::IntOrString(json),
        Type::Opaque { .. } => Value::Opaque(json),
    }
}

/// A JSON value in an `interface{}`.
fn dynamic<'a>(ty: &'a Type, json: Option<&'a Json>) -> Value<'a> {
    match json {
        None | Some(Json::Null) => Value::Nil,
        Some(Json::Bool(value)) => Value::Bool(*value),
        Some(Json::String(value)) => text(value),
        Some(Json::Array(items)) => Value::Slice { elem: ty, items: Some(items) },
        Some(Json::Object(entries)) => Value::Map(MapValue { key: None, elem: ty, entries: Some(entries) }),
        Some(Json::Number(number)) => match number.as_i64() {
            Some(whole) if *ty == Type::Any => Value::Int(whole, "int64"),
            _ => Value::Float(number.as_f64().unwrap_or_default()),
        },
    }
}

/// A field or a niladic method of a struct, promoted ones included.
pub(super) fn struct_field<'a>(
    schema: &'a Schema,
    ty: &'a StructType,
    json: Option<&'a Json>,
    name: &str,
) -> Option<Value<'a>> {
    if let Some(field) = ty.field(name) {
        return Some(field_value(schema, field, json));
    }
    if let Some(target) = ty.method(name) {
        return struct_field(schema, ty, json, target);
    }
    ty.fields.iter().filter(|field| field.embedded).find_map(|field| match field_value(schema, field, json) {
        Value::Struct(inner, json) => struct_field(schema, inner, json, name),
        _ => None,
    })
}

/// The value of one field of a struct.
pub(super) fn field_value<'a>(schema: &'a Schema, field: &'a Field, json: Option<&'a Json>) -> Value<'a> {
    let json = match field.json.as_str() {
        _ if field.hidden => None,
        "" => json,
        key => json.and_then(|json| json.get(key)),
    };
    typed(schema, &field.ty, json)
}

impl<'a> Value<'a> {
    /// Follows pointers; a nil pointer stays what it is.
    pub(super) fn indirect(self, schema: &'a Schema) -> Value<'a> {
        match self {
            Value::Pointer(target, Some(json)) => typed(schema, target, Some(json)).indirect(schema),
            other => other,
        }
    }

    /// What `if`, `with`, `and`, `or` and `not` take for true.
    pub(super) fn truth(self) -> bool {
        match self {
            Value::Missing | Value::Nil => false,
            Value::Bool(value) => value,
            Value::Int(value, _) => value != 0,
            Value::Float(value) => value != 0.0,
            Value::Text { text, .. } => !text.is_empty(),
            Value::Pointer(_, json) => json.is_some(),
            Value::Slice { items, .. } => items.is_some_and(|items| !items.is_empty()),
            Value::Map(map) => map.len() > 0,
            Value::Struct(..) | Value::Time(_) | Value::Quantity(_) | Value::IntOrString(_) => true,
            Value::Opaque(_) => true,
        }
    }

    /// The Go name of its type, for error texts and `%T`.
    pub(super) fn type_name(self) -> String {
        match self {
            Value::Missing | Value::Nil => "<nil>".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Int(_, name) => name.to_owned(),
            Value::Float(_) => "float64".to_owned(),
            Value::Text { named, .. } => named.unwrap_or("string").to_owned(),
            Value::Struct(ty, _) => format!("v1.{}", ty.name),
            Value::Pointer(..) => "pointer".to_owned(),
            Value::Slice { elem, .. } if is_any(elem) => "[]interface {}".to_owned(),
            Value::Slice { elem: Type::Text(named), .. } => {
                format!("[]{}", named.as_deref().unwrap_or("string"))
            }
            Value::Slice { .. } => "slice".to_owned(),
            Value::Map(map) if is_any(map.elem) => "map[string]interface {}".to_owned(),
            Value::Map(map) if *map.elem == Type::Text(None) => "map[string]string".to_owned(),
            Value::Map(_) => "map".to_owned(),
            Value::Time(_) => "v1.Time".to_owned(),
            Value::Quantity(_) => "resource.Quantity".to_owned(),
            Value::IntOrString(_) => "intstr.IntOrString".to_owned(),
            Value::Opaque(_) => "a part that is not described".to_owned(),
        }
    }
}

/// How a nil pointer prints: types generated from protobuf have a method that says `nil`.
pub(super) fn nil_text(schema: &Schema, target: &Type) -> &'static str {
    match target {
        Type::Struct(index) if schema.at(*index).message => "nil",
        Type::Opaque { message: true } => "nil",
        _ => "<nil>",
    }
}

fn is_any(ty: &Type) -> bool {
    matches!(ty, Type::Any | Type::AnyFloat)
}

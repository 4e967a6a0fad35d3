//! Values as text, the way Go's `fmt` writes them.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::schema::Schema;
use super::value::{Value, field_value, nil_text, typed};

pub(super) use super::printf::sprintf;

/// Writes the value of an action: a missing value has its own text, a pointer shows what it points to.
pub(super) fn action(output: &mut String, schema: &Schema, value: Value<'_>) {
    match value.indirect(schema) {
        Value::Missing | Value::Nil => output.push_str("<no value>"),
        Value::IntOrString(json) => output.push_str(&port(json)),
        other => append(output, schema, other),
    }
}

/// A value as `%v` writes it.
pub(super) fn to_text(schema: &Schema, value: Value<'_>) -> String {
    let mut output = String::new();
    append(&mut output, schema, value);
    output
}

/// `print`: blanks only between operands of which neither is text.
pub(super) fn sprint(schema: &Schema, args: &[Value<'_>]) -> String {
    let mut output = String::new();
    let mut after_text = true;
    for (at, arg) in args.iter().enumerate() {
        let is_text = matches!(arg, Value::Text { .. });
        if at > 0 && !is_text && !after_text {
            output.push(' ');
        }
        append(&mut output, schema, *arg);
        after_text = is_text;
    }
    output
}

/// `println`: blanks between all operands, a line break at the end.
pub(super) fn sprintln(schema: &Schema, args: &[Value<'_>]) -> String {
    let texts: Vec<String> = args.iter().map(|arg| to_text(schema, *arg)).collect();
    texts.join(" ") + "\n"
}

/// What the escapers see: like [`sprint`], but a missing value reads as in an action.
pub(super) fn sprint_values(schema: &Schema, args: &[Value<'_>]) -> String {
    match args {
        [Value::Nil | Value::Missing] => "<no value>".to_owned(),
        args => sprint(schema, args),
    }
}

fn append(output: &mut String, schema: &Schema, value: Value<'_>) {
    match value {
        Value::Missing | Value::Nil => output.push_str("<nil>"),
        Value::Pointer(target, None) => output.push_str(nil_text(schema, target)),
        Value::Bool(value) => output.push_str(if value { "true" } else { "false" }),
        Value::Int(value, _) => drop(write!(output, "{value}")),
        Value::Float(value) => output.push_str(&float(value)),
        Value::Text { text, .. } => output.push_str(text),
        // Go would print an address here, of which nothing good can come in a DNS name.
        Value::Pointer(target, Some(json)) => append(output, schema, typed(schema, target, Some(json))),
        Value::Time(value) => output.push_str(&time(value)),
        Value::Quantity(value) => output.push_str(value),
        Value::IntOrString(json) => drop(write!(
            output,
            "{{{} {} {}}}",
            u8::from(json.is_some_and(Json::is_string)),
            json.and_then(Json::as_i64).unwrap_or_default(),
            json.and_then(Json::as_str).unwrap_or_default()
        )),
        Value::Opaque(json) => drop(write!(output, "{}", json.unwrap_or(&Json::Null))),
        Value::Slice { .. } | Value::Map(_) | Value::Struct(..) => {
            composite(output, schema, value, &mut |output, value| append(output, schema, value));
        }
    }
}

/// Writes the brackets of a slice, map or struct and leaves its elements, the keys of a map included, to `element`.
pub(super) fn composite<'a>(
    output: &mut String,
    schema: &'a Schema,
    value: Value<'a>,
    element: &mut dyn FnMut(&mut String, Value<'a>),
) {
    let (open, close, parts): (_, _, Vec<(Option<&str>, Value<'_>)>) = match value {
        Value::Slice { elem, items } => {
            let items = items.unwrap_or_default().iter();
            ("[", "]", items.map(|json| (None, typed(schema, elem, Some(json)))).collect())
        }
        Value::Map(map) => {
            let entries = map.entries(schema).into_iter();
            ("map[", "]", entries.map(|(key, part)| (Some(key), part)).collect())
        }
        Value::Struct(ty, json) => {
            ("{", "}", ty.fields.iter().map(|field| (None, field_value(schema, field, json))).collect())
        }
        _ => return,
    };
    output.push_str(open);
    for (at, (key, part)) in parts.into_iter().enumerate() {
        if at > 0 {
            output.push(' ');
        }
        if let (Some(text), Value::Map(map)) = (key, value) {
            element(output, Value::Text { text, named: map.key });
            output.push(':');
        }
        element(output, part);
    }
    output.push_str(close);
}

/// A float as `%v`.
fn float(value: f64) -> String {
    super::printf::shortest_float(value)
}

/// A Kubernetes timestamp as Go's `time.Time` prints it in UTC.
pub(super) fn time(rfc3339: &str) -> String {
    match rfc3339.strip_suffix('Z') {
        Some(utc) => utc.replacen('T', " ", 1) + " +0000 UTC",
        None if rfc3339.is_empty() => "0001-01-01 00:00:00 +0000 UTC".to_owned(),
        None => rfc3339.to_owned(),
    }
}

/// A port that is a number or a name.
pub(super) fn port(json: Option<&Json>) -> String {
    match json {
        Some(Json::String(name)) => name.clone(),
        Some(number) => number.to_string(),
        None => "0".to_owned(),
    }
}

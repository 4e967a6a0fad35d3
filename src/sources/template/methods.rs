//! The methods of Kubernetes types that a template can call without arguments.

use serde_json::Value as Json;

use super::exec::Scratch;
use super::print;
use super::value::{Value, int, text};

/// A method or field of a time, a quantity or a port that is a number or a name.
pub(super) fn of_scalar<'a>(scratch: &'a Scratch, value: Value<'a>, name: &str) -> Option<Value<'a>> {
    match (value, name) {
        (Value::Time(_), "Time") => Some(value),
        (Value::Time(time), "String") => Some(text(scratch.text(print::time(time)))),
        (Value::Time(time), "IsZero") => Some(Value::Bool(time.is_empty())),
        (Value::Time(time), "Year") => Some(int(time.split('-').next()?.parse().unwrap_or(1))),
        (Value::Quantity(quantity), "String") => Some(text(quantity)),
        (Value::Quantity(quantity), "IsZero") => Some(Value::Bool(quantity == "0")),
        (Value::IntOrString(port), "IntVal") => {
            Some(Value::Int(port.and_then(Json::as_i64).unwrap_or_default(), "int32"))
        }
        (Value::IntOrString(port), "StrVal") => Some(text(port.and_then(Json::as_str).unwrap_or_default())),
        (Value::IntOrString(port), "Type") => {
            Some(Value::Int(port.is_some_and(Json::is_string).into(), "intstr.Type"))
        }
        (Value::IntOrString(port), "IntValue") => Some(int(int_value(port))),
        (Value::IntOrString(port), "String") => Some(text(scratch.text(print::port(port)))),
        _ => None,
    }
}

fn int_value(port: Option<&Json>) -> i64 {
    match port {
        Some(Json::String(name)) => name.parse().unwrap_or_default(),
        port => port.and_then(Json::as_i64).unwrap_or_default(),
    }
}

/// A method of a list of resources, such as `.Status.Capacity.Cpu`: the key it stands for.
pub(super) fn of_resources(name: &str) -> Option<&'static str> {
    match name {
        "Cpu" => Some("cpu"),
        "Memory" => Some("memory"),
        "Pods" => Some("pods"),
        "Storage" => Some("storage"),
        "StorageEphemeral" => Some("ephemeral-storage"),
        _ => None,
    }
}

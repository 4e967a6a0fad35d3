//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: only like compares with like.

use std::cmp::Ordering;
use std::mem::discriminant;

use super::exec::Eval;
use super::value::Value;

const BAD_COMPARISON: &str = "incompatible types for comparison";
const BAD_TYPE: &str = "invalid type for comparison";

/// Whether the first value equals any of the others. A missing value equals only nil; two values of
/// different basic types are an error.
pub(super) fn equal(args: &[Value<'_>]) -> Eval<bool> {
    let [left, rights @ ..] = args else { return Ok(false) };
    if rights.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for right in rights {
        if equal_two(*left, *right)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal_two(left: Value<'_>, right: Value<'_>) -> Eval<bool> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        (Value::Int(left, _), Value::Int(right, _)) => Ok(left == right),
        (Value::Float(left), Value::Float(right)) => Ok(left == right),
        (Value::Text { text: left, .. }, Value::Text { text: right, .. }) => Ok(left == right),
        _ if is_invalid(left) || is_invalid(right) => Ok(is_nil(left) && is_nil(right)),
        _ if is_basic(left) || is_basic(right) => Err(BAD_COMPARISON.to_owned()),
        _ if discriminant(&left) != discriminant(&right) => Err(not_comparable(left)),
        _ if is_nil(left) || is_nil(right) => Ok(is_nil(left) == is_nil(right)),
        (Value::Pointer(_, Some(left)), Value::Pointer(_, Some(right))) => Ok(std::ptr::eq(left, right)),
        (Value::Time(left), Value::Time(right)) => Ok(left == right),
        (Value::Quantity(left), Value::Quantity(right)) => Ok(left == right),
        (Value::IntOrString(left), Value::IntOrString(right)) => Ok(left == right),
        _ => Err(not_comparable(left)),
    }
}

fn not_comparable(value: Value<'_>) -> String {
    format!("non-comparable type {}", value.type_name())
}

/// Order of two values of the same basic type.
pub(super) fn order(args: &[Value<'_>]) -> Eval<Ordering> {
    match args {
        [Value::Int(left, _), Value::Int(right, _)] => Ok(left.cmp(right)),
        [Value::Float(left), Value::Float(right)] => {
            left.partial_cmp(right).ok_or_else(|| BAD_TYPE.to_owned())
        }
        [Value::Text { text: left, .. }, Value::Text { text: right, .. }] => Ok(left.cmp(right)),
        [left, right] if is_basic(*left) && is_basic(*right) && !matches!(left, Value::Bool(_)) => {
            Err(BAD_COMPARISON.to_owned())
        }
        _ => Err(BAD_TYPE.to_owned()),
    }
}

fn is_basic(value: Value<'_>) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(..) | Value::Float(_) | Value::Text { .. })
}

fn is_invalid(value: Value<'_>) -> bool {
    matches!(value, Value::Missing | Value::Nil)
}

fn is_nil(value: Value<'_>) -> bool {
    match value {
        Value::Pointer(_, json) => json.is_none(),
        Value::Slice { items, .. } => items.is_none(),
        Value::Map(map) => map.is_nil(),
        other => is_invalid(other),
    }
}

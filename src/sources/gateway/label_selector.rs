//! Structured label selectors (`matchLabels`, `matchExpressions`), as Kubernetes objects carry them.

use crate::sources::object::{StringMap, null_to_default};
use serde::Deserialize;

/// A selector as it is written. Without any condition it matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LabelSelector {
    #[serde(deserialize_with = "null_to_default")]
    match_labels: StringMap,
    #[serde(deserialize_with = "null_to_default")]
    match_expressions: Box<[Expression]>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Expression {
    #[serde(deserialize_with = "null_to_default")]
    key: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    operator: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    values: Box<[Box<str>]>,
}

impl LabelSelector {
    /// Checks what the API server does not check inside custom resources (rules of apimachinery, `LabelSelectorAsSelector`).
    ///
    /// # Errors
    /// Names the first condition that makes no sense. Such a selector must not be asked: a misspelt `NotIn` would let in everybody.
    pub fn validate(&self) -> Result<(), String> {
        for (key, value) in self.match_labels.iter() {
            check_key(key)?;
            check_value(value)?;
        }
        for Expression { key, operator, values } in &self.match_expressions {
            check_key(key)?;
            values.iter().try_for_each(|value| check_value(value))?;
            match (&**operator, values.is_empty()) {
                ("In" | "NotIn", false) | ("Exists" | "DoesNotExist", true) => {}
                ("In" | "NotIn", true) => return Err(format!("{operator} for label {key:?} has no values")),
                ("Exists" | "DoesNotExist", false) => {
                    return Err(format!("{operator} for label {key:?} takes no values"));
                }
                _ => return Err(format!("{operator:?} for label {key:?} is not an operator")),
            }
        }
        Ok(())
    }

    /// Whether labels meet every condition. Only for selectors that are valid.
    pub fn matches(&self, labels: &StringMap) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|expression| expression.matches(labels))
    }
}

impl Expression {
    fn matches(&self, labels: &StringMap) -> bool {
        let value = labels.get(&self.key);
        let is_listed = || self.values.iter().any(|listed| Some(&**listed) == value);
        match &*self.operator {
            "In" => is_listed(),
            // Also where the label is absent.
            "NotIn" => !is_listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

/// `[prefix/]name`; the prefix is a DNS name, the name at most 63 of letters, digits, `-`, `_`, `.`.
fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let prefix_is_fine = prefix.is_none_or(|p| zonewright_planner::DnsName::parse(p).is_ok());
    if prefix_is_fine && !name.is_empty() && is_label_text(name) {
        Ok(())
    } else {
        Err(format!("{key:?} is not a label key"))
    }
}

fn check_value(value: &str) -> Result<(), String> {
    if value.is_empty() || is_label_text(value) {
        Ok(())
    } else {
        Err(format!("{value:?} is not a label value"))
    }
}

fn is_label_text(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn selector(value: Value) -> LabelSelector {
        serde_json::from_value(value).unwrap()
    }

    #[rstest]
    #[case(json!({}), true)]
    #[case(json!({"matchLabels": {"stage": "beta"}}), true)]
    #[case(json!({"matchLabels": {"stage": "prod"}}), false)]
    #[case(json!({"matchLabels": {"stage": "beta", "team": "a"}}), false)]
    #[case(json!({"matchExpressions": [{"key": "stage", "operator": "In", "values": ["prod", "beta"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "team", "operator": "In", "values": [""]}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "stage", "operator": "NotIn", "values": ["beta"]}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["a"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "example.net/x", "operator": "Exists"}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "stage", "operator": "DoesNotExist", "values": null}]}), false)]
    #[case(json!({"matchLabels": {"stage": "beta"}, "matchExpressions": [{"key": "stage", "operator": "DoesNotExist"}]}), false)]
    fn selection(#[case] value: Value, #[case] expected: bool) {
        let labels: StringMap = [("stage", "beta"), ("example.net/x", "")].into_iter().collect();
        assert_eq!(selector(value.clone()).validate(), Ok(()));
        assert_eq!(selector(value).matches(&labels), expected);
    }

    #[rstest]
    #[case(json!({"matchLabels": {"a b": "c"}}))]
    #[case(json!({"matchLabels": {"a": "c,d"}}))]
    #[case(json!({"matchExpressions": [{"key": "a", "operator": "In"}]}))]
    #[case(json!({"matchExpressions": [{"key": "a", "operator": "notin", "values": ["b"]}]}))]
    #[case(json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}))]
    #[case(json!({"matchExpressions": [{"operator": "Exists"}]}))]
    fn invalid(#[case] value: Value) {
        assert!(selector(value).validate().is_err());
    }
}

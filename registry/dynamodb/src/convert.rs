//! Rows and statements in the words of the service. Pure.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementRequest, KeyType, ScalarAttributeType, TableDescription,
};
use std::collections::HashMap;
use zonewright_planner::Labels;
use zonewright_registry::{Item, Statement};

/// The attribute that is the key.
const KEY: &str = "k";
/// The attribute that names the owner.
const OWNER: &str = "o";
/// The attribute that holds the other labels.
const LABELS: &str = "l";

/// What is read of each row.
pub(crate) const PROJECTION: &str = "k,o,l";

/// Whether rows can be kept in a table.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_shape(table: &TableDescription) -> Result<(), &'static str> {
    let of_key = table.attribute_definitions().iter().find(|definition| definition.attribute_name() == KEY);
    match of_key.map(|definition| definition.attribute_type()) {
        None => return Err("it must have attribute \"k\" of type \"S\""),
        Some(ScalarAttributeType::S) => {}
        Some(_) => return Err("its attribute \"k\" must have type \"S\""),
    }
    match table.key_schema() {
        [hash] if hash.attribute_name() == KEY && *hash.key_type() == KeyType::Hash => Ok(()),
        [hash, _, ..] if hash.attribute_name() == KEY => Err("it must not have a range key"),
        _ => Err("it must have hash key \"k\""),
    }
}

/// A row; whatever it looks like.
pub(crate) fn to_item(mut attributes: HashMap<String, AttributeValue>) -> Item {
    let mut text = |name: &str| match attributes.remove(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    };
    let (key, owner) = (text(KEY), text(OWNER));
    let (labels, has_odd_labels) = match attributes.remove(LABELS) {
        Some(AttributeValue::M(labels)) => {
            let count = labels.len();
            let texts: Vec<(String, String)> = labels
                .into_iter()
                .filter_map(|(key, value)| match value {
                    AttributeValue::S(value) => Some((key, value)),
                    _ => None,
                })
                .collect();
            let has_odd = texts.len() < count;
            (texts.into_iter().collect(), has_odd)
        }
        None | Some(AttributeValue::Null(_)) => (Labels::new(), false),
        Some(_) => (Labels::new(), true),
    };
    Item { key, owner, labels, has_odd_labels, is_confirmed: true }
}

/// A statement, letter for letter as ExternalDNS v0.22 writes it; but an UPDATE of its says nothing about the owner, so that it would
/// change the row of another, or make half a row where there is none.
pub(crate) fn to_request(table: &str, statement: &Statement) -> Result<BatchStatementRequest, BuildError> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let map = |labels: &Labels| {
        AttributeValue::M(labels.iter().map(|(key, value)| (key.to_owned(), text(value))).collect())
    };
    let (statement, parameters) = match statement {
        Statement::Insert { key, owner, labels, .. } => (
            format!("INSERT INTO \"{table}\" VALUE {{'k':?, 'o':?, 'l':?}}"),
            vec![text(key), text(owner.as_str()), map(labels)],
        ),
        Statement::Update { key, owner, new_owner: None, labels, .. } => (
            format!("UPDATE \"{table}\" SET \"l\"=? WHERE \"k\"=? AND \"o\"=?"),
            vec![map(labels), text(key), text(owner.as_str())],
        ),
        Statement::Update { key, owner, new_owner: Some(new_owner), labels, .. } => (
            format!("UPDATE \"{table}\" SET \"l\"=? SET \"o\"=? WHERE \"k\"=? AND \"o\"=?"),
            vec![map(labels), text(new_owner.as_str()), text(key), text(owner.as_str())],
        ),
        // Its rows say nothing of their records, so that nobody asks for this. To read one is the least that can be done.
        Statement::Mark { key, owner, .. } => (
            format!("SELECT \"k\" FROM \"{table}\" WHERE \"k\"=? AND \"o\"=?"),
            vec![text(key), text(owner.as_str())],
        ),
        Statement::Delete { key, owner } => (
            format!("DELETE FROM \"{table}\" WHERE \"k\"=? AND \"o\"=?"),
            vec![text(key), text(owner.as_str())],
        ),
    };
    BatchStatementRequest::builder().statement(statement).set_parameters(Some(parameters)).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::{AttributeDefinition, KeySchemaElement};

    fn described(attributes: &[(&str, ScalarAttributeType)], keys: &[&str]) -> TableDescription {
        let attribute = |(name, of_type): &(&str, ScalarAttributeType)| {
            AttributeDefinition::builder()
                .attribute_name(*name)
                .attribute_type(of_type.clone())
                .build()
                .unwrap()
        };
        let key = |(i, name): (usize, &&str)| {
            let of_type = if i == 0 { KeyType::Hash } else { KeyType::Range };
            KeySchemaElement::builder().attribute_name(*name).key_type(of_type).build().unwrap()
        };
        TableDescription::builder()
            .set_attribute_definitions(Some(attributes.iter().map(attribute).collect()))
            .set_key_schema(Some(keys.iter().enumerate().map(key).collect()))
            .build()
    }

    #[test]
    fn a_table_of_another_shape_is_refused_with_what_is_wrong() {
        use ScalarAttributeType::{N, S};
        let refused = |attributes: &[_], keys: &[_]| check_shape(&described(attributes, keys)).unwrap_err();
        assert_eq!(check_shape(&described(&[("k", S)], &["k"])), Ok(()));
        assert!(refused(&[("k", N)], &["k"]).contains("type \"S\""));
        assert!(refused(&[("id", S)], &["id"]).contains("attribute \"k\""));
        assert!(refused(&[("k", S), ("r", S)], &["k", "r"]).contains("range key"));
        assert!(refused(&[("k", S), ("r", S)], &["r", "k"]).contains("hash key \"k\""));
        assert!(refused(&[("k", S)], &[]).contains("hash key"));
        assert!(refused(&[], &[]).contains("attribute \"k\""));
    }

    #[test]
    fn a_row_of_any_shape_is_taken_as_far_as_it_makes_sense() {
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let row = |attributes: Vec<(&str, AttributeValue)>| {
            to_item(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        };
        let labels = AttributeValue::M([("resource".to_owned(), s("x"))].into());
        let item = row(vec![("k", s("a.org#A#")), ("o", s("me")), ("l", labels)]);
        assert_eq!((item.key.as_deref(), item.owner.as_deref()), (Some("a.org#A#"), Some("me")));
        assert_eq!((item.labels.resource(), item.has_odd_labels), (Some("x"), false));
        let mixed = [("resource".to_owned(), s("x")), ("n".to_owned(), AttributeValue::N("1".to_owned()))];
        let item =
            row(vec![("k", AttributeValue::N("1".to_owned())), ("l", AttributeValue::M(mixed.into()))]);
        assert_eq!((item.key, item.owner), (None, None));
        assert_eq!((item.labels.resource(), item.has_odd_labels), (Some("x"), true));
        assert!(!row(vec![]).has_odd_labels);
        assert!(row(vec![("l", s("text"))]).has_odd_labels);
    }
}

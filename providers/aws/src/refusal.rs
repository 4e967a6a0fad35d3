//! Who is at fault when a batch is refused.
//!
//! The answer is a list of sentences, most of which name the record set. Whoever they name is taken out and the rest is sent again,
//! which is one request where searching would take dozens. Nothing depends on it: what nobody is named for is cut in two and tried
//! again by the loop.

use crate::escape::decode_name;
use aws_sdk_route53::types::ResourceRecordSet;
use zonewright_provider_kit::ErrorClass;

/// Whether a message is about this record set. Zones are named, too, so only those places count where a record set stands.
pub(crate) fn is_about(message: &str, set: &ResourceRecordSet) -> bool {
    let name = plain(set.name());
    let named = |mut names: std::vec::IntoIter<&str>| names.any(|named| plain(named) == name);
    if let Some(names) = between(message, "name='", "'") {
        let types = between(message, "type='", "'").unwrap_or_default();
        return named(names.into_iter()) && (types.is_empty() || types.contains(&set.r#type().as_str()));
    }
    if let Some(names) = between(message, "DNS name ", " ") {
        return named(names.into_iter());
    }
    if let Some(named) = between(message, "resource record set '", "'") {
        // The type and the name.
        return named.iter().any(|both| {
            both.split_once(' ').is_some_and(|(kind, named)| {
                plain(named) == name && kind.eq_ignore_ascii_case(set.r#type().as_str())
            })
        });
    }
    if let Some(targets) = between(message, "alias that targets ", ",") {
        let target = set.alias_target().map(|alias| plain(alias.dns_name()));
        return targets.iter().any(|named| Some(plain(named)) == target);
    }
    if let Some((_, value)) = message.split_once("encountered with '") {
        let value = value.trim_end_matches([']', '\'', '"', '.']).trim_start_matches('"');
        return !value.is_empty()
            && set.resource_records().iter().any(|record| record.value().trim_matches('"').starts_with(value));
    }
    false
}

/// Whether the zone is not what it was thought to be, or the record set is wrong in itself.
pub(crate) fn class_of(message: &str) -> ErrorClass {
    let is_surprise = ["but it already exists", "but it was not found", "do not match the current values"];
    match is_surprise.iter().any(|sign| message.contains(sign)) {
        true => ErrorClass::Conflict,
        false => ErrorClass::InvalidRecord,
    }
}

fn plain(name: &str) -> String {
    decode_name(name.trim_end_matches([',', ']'])).to_ascii_lowercase()
}

/// Everything that stands between two signs; `None` when the first does not occur.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<Vec<&'a str>> {
    let mut found = text.split(start).skip(1).map(|rest| rest.split_once(end).map_or(rest, |(inside, _)| inside));
    let first = found.next()?;
    Some(std::iter::once(first).chain(found).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_route53::types::{AliasTarget, ResourceRecord, RrType};
    use rstest::rstest;

    fn set(name: &str, record_type: &str, value: &str) -> ResourceRecordSet {
        let record = ResourceRecord::builder().value(value).build().unwrap();
        let set = ResourceRecordSet::builder().name(name).r#type(RrType::from(record_type));
        set.ttl(300).resource_records(record).build().unwrap()
    }

    #[rstest]
    #[case("Tried to create resource record set [name='www.example.org.', type='A'] but it already exists")]
    #[case("Tried to delete resource record set [name='www.example.org.', type='A', set-identifier='a'] but it was not found")]
    #[case("RRSet with DNS name www.example.org. is not permitted in zone example.org.")]
    #[case("RRSet of type A with DNS name www.example.org. is not permitted because a conflicting RRSet exists")]
    #[case("The request contains an invalid set of changes for a resource record set 'A www.example.org.'")]
    #[case("Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '999.0.2.1'")]
    fn messages_name_their_record_set(#[case] message: &str) {
        assert!(is_about(message, &set("www.example.org", "A", "999.0.2.1")));
        assert!(!is_about(message, &set("example.org", "A", "192.0.2.1")), "the zone is not meant");
        assert!(!is_about(message, &set("other.example.org", "A", "192.0.2.9")));
    }

    #[test]
    fn wildcards_are_named_with_their_escape() {
        let message = "Tried to create resource record set [name='\\052.example.org.', type='A'] but it already exists";
        assert!(is_about(message, &set("*.example.org", "A", "192.0.2.1")));
        assert!(!is_about(message, &set("*.example.org", "AAAA", "2001:db8::1")));
    }

    #[test]
    fn alias_targets_are_named_instead_of_aliases() {
        let message = "Tried to create an alias that targets lb.example.net., type A in zone Z2, but that target was not found";
        let alias = AliasTarget::builder().dns_name("lb.example.net").hosted_zone_id("Z2");
        let alias = alias.evaluate_target_health(false).build().unwrap();
        let set = ResourceRecordSet::builder().name("a.example.org").r#type(RrType::A);
        assert!(is_about(message, &set.alias_target(alias).build().unwrap()));
        assert_eq!(class_of(message), ErrorClass::InvalidRecord);
    }

    #[rstest]
    #[case("Tried to create resource record set [name='a.', type='A'] but it already exists", ErrorClass::Conflict)]
    #[case("Tried to delete resource record set [name='a.', type='A'] but the values provided do not match the current values", ErrorClass::Conflict)]
    #[case("RRSet of type CNAME with DNS name example.org. is not permitted at apex in zone example.org.", ErrorClass::InvalidRecord)]
    fn what_differs_from_the_listing_is_a_conflict(#[case] message: &str, #[case] class: ErrorClass) {
        assert_eq!(class_of(message), class);
    }

    #[test]
    fn a_message_that_names_nobody_is_about_nobody() {
        assert!(!is_about("Something is wrong with the batch", &set("www.example.org", "A", "192.0.2.1")));
    }
}

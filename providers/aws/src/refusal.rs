//! Who is at fault when a batch is refused.
//!
//! The answer is a list of sentences, most of which name the record set. Whoever they name is taken out and the rest is sent again,
//! which is one request where searching would take dozens. Nothing depends on it: what nobody is named for is cut in two and tried
//! again by the loop.

use crate::escape::decode_name;
use aws_sdk_route53::types::ResourceRecordSet;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use zonewright_provider_kit::ErrorClass;

/// What a refused batch is answered with: the messages, if the answer says `InvalidChangeBatch`. It comes in two forms. The one of the
/// API reference is a document of its own with a list of messages, which the SDK does not know what to do with; the other is a common
/// error with all messages in one.
pub(crate) fn messages(body: &[u8]) -> Option<Vec<String>> {
    read(body).ok().flatten().filter(|messages| !messages.is_empty())
}

fn read(body: &[u8]) -> Result<Option<Vec<String>>, XmlDecodeError> {
    let mut document = Document::try_from(body)?;
    let mut root = document.root_element()?;
    if root.start_el().local() == "InvalidChangeBatch" {
        let mut found = Vec::new();
        while let Some(mut list) = root.next_tag() {
            if list.start_el().local() == "Messages" {
                found.extend(fields(&mut list, "Message")?);
            }
        }
        return Ok(Some(found));
    }
    while let Some(mut error) = root.next_tag() {
        if error.start_el().local() == "Error" {
            let (mut code, mut message) = (String::new(), String::new());
            while let Some(mut field) = error.next_tag() {
                match field.start_el().local() {
                    "Code" => code = try_data(&mut field)?.into_owned(),
                    "Message" => message = try_data(&mut field)?.into_owned(),
                    _ => {}
                }
            }
            return Ok((code == "InvalidChangeBatch").then(|| sentences(&message)));
        }
    }
    Ok(None)
}

fn fields(list: &mut ScopedDecoder<'_, '_>, name: &str) -> Result<Vec<String>, XmlDecodeError> {
    let mut found = Vec::new();
    while let Some(mut field) = list.next_tag() {
        if field.start_el().local() == name {
            found.push(try_data(&mut field)?.into_owned());
        }
    }
    Ok(found)
}

/// `[first, second]`: commas stand within messages, too, so that only those count behind which another one begins.
fn sentences(text: &str) -> Vec<String> {
    const BEGINNINGS: [&str; 5] =
        ["Tried to ", "RRSet ", "Invalid Resource Record", "The request contains ", "InvalidChangeBatch"];
    let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let mut found: Vec<String> = Vec::new();
    for part in inside.split(", ") {
        match found.last_mut() {
            Some(last) if !BEGINNINGS.iter().any(|beginning| part.starts_with(beginning)) => {
                last.push_str(", ");
                last.push_str(part);
            }
            _ => found.push(part.to_owned()),
        }
    }
    found
}

/// Whether a message is about this record set. Zones are named, too, so only those places count where a record set stands.
pub(crate) fn is_about(message: &str, set: &ResourceRecordSet) -> bool {
    let name = plain(set.name());
    let kind = set.r#type().as_str();
    let in_brackets = || {
        let types = between(message, "type='", "'");
        between(message, "name='", "'").any(|named| plain(named) == name)
            && (types.clone().next().is_none() || types.clone().any(|named| named == kind))
    };
    let in_words = || between(message, "DNS name ", " ").any(|named| plain(named) == name);
    let in_quotes = || {
        let named = between(message, "resource record set '", "'").filter_map(|both| both.split_once(' '));
        named.into_iter().any(|(named_kind, named)| named_kind == kind && plain(named) == name)
    };
    let as_target = || {
        let target = set.alias_target().map(|alias| plain(alias.dns_name()));
        between(message, "alias that targets ", ",").any(|named| Some(plain(named)) == target)
    };
    let by_value = || {
        let value = message.split_once("encountered with '").map_or("", |(_, value)| value);
        let value = value.trim_end_matches([']', '\'', '"', '.']).trim_start_matches('"');
        let mut records = set.resource_records().iter();
        !value.is_empty() && records.any(|record| record.value().trim_matches('"').starts_with(value))
    };
    in_brackets() || in_words() || in_quotes() || as_target() || by_value()
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

/// Everything that stands between two signs.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> + Clone {
    text.split(start).skip(1).map(move |rest| rest.split_once(end).map_or(rest, |(inside, _)| inside))
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
    #[case(
        "Tried to delete resource record set [name='www.example.org.', type='A', set-identifier='a'] but it was not found"
    )]
    #[case("RRSet with DNS name www.example.org. is not permitted in zone example.org.")]
    #[case(
        "RRSet of type A with DNS name www.example.org. is not permitted because a conflicting RRSet exists"
    )]
    #[case("The request contains an invalid set of changes for a resource record set 'A www.example.org.'")]
    #[case(
        "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '999.0.2.1'"
    )]
    fn messages_name_their_record_set(#[case] message: &str) {
        assert!(is_about(message, &set("www.example.org", "A", "999.0.2.1")));
        assert!(!is_about(message, &set("example.org", "A", "192.0.2.1")), "the zone is not meant");
        assert!(!is_about(message, &set("other.example.org", "A", "192.0.2.9")));
    }

    #[test]
    fn wildcards_are_named_with_their_escape() {
        let message =
            "Tried to create resource record set [name='\\052.example.org.', type='A'] but it already exists";
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
    #[case(
        "Tried to create resource record set [name='a.', type='A'] but it already exists",
        ErrorClass::Conflict
    )]
    #[case(
        "Tried to delete resource record set [name='a.', type='A'] but the values provided do not match the current values",
        ErrorClass::Conflict
    )]
    #[case(
        "RRSet of type CNAME with DNS name example.org. is not permitted at apex in zone example.org.",
        ErrorClass::InvalidRecord
    )]
    fn what_differs_from_the_listing_is_a_conflict(#[case] message: &str, #[case] class: ErrorClass) {
        assert_eq!(class_of(message), class);
    }

    #[test]
    fn both_forms_of_a_refusal_are_understood() {
        let first = "Tried to create resource record set [name='a.org.', type='A'] but it already exists";
        let second = "RRSet of type CNAME with DNS name b.org. is not permitted as it conflicts, they say";
        let list = format!(
            "<?xml version=\"1.0\"?><InvalidChangeBatch xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
             <Messages><Message>{first}</Message><Message>{second} &lt;here&gt;</Message></Messages>\
             <RequestId>1</RequestId></InvalidChangeBatch>"
        );
        assert_eq!(messages(list.as_bytes()).unwrap(), [first.to_owned(), format!("{second} <here>")]);
        let error = |code: &str| {
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>[{first}, {second}]</Message></Error>\
                 </ErrorResponse>"
            )
        };
        assert_eq!(messages(error("InvalidChangeBatch").as_bytes()).unwrap(), [first, second]);
        assert_eq!(messages(error("InvalidInput").as_bytes()), None);
        assert_eq!(messages(b"<half"), None);
    }

    #[test]
    fn a_message_that_names_nobody_is_about_nobody() {
        assert!(!is_about("Something is wrong with the batch", &set("www.example.org", "A", "192.0.2.1")));
    }
}

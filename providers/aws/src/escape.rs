//! How Route 53 writes names and texts.
//!
//! Names: everything but letters, digits, `-`, `_` and `.` comes as a backslash and three octal digits; `*` comes as `\052`.
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html>
//!
//! Texts: strings in double quotes of at most 255 bytes each, separated by blanks; quotes and backslashes inside are escaped by a
//! backslash, bytes outside of printable ASCII by octal digits.
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#TXTFormat>

use std::borrow::Cow;

/// The most bytes in one string of a TXT record (RFC 1035 section 3.3).
const STRING_LENGTH: usize = 255;

/// A name as the API writes it, without trailing dot and escapes. What is not UTF-8 behind its escapes stays as it is.
pub(crate) fn decode_name(name: &str) -> Cow<'_, str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, octal(tail)) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(3..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(name), Cow::Owned)
}

/// A name as the API wants it.
pub(crate) fn encode_name(name: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*');
    if name.bytes().all(is_plain) {
        return Cow::Borrowed(name);
    }
    let mut encoded = String::with_capacity(name.len() + 3);
    for byte in name.bytes() {
        match is_plain(byte) {
            true => encoded.push(char::from(byte)),
            false => push_octal(&mut encoded, byte),
        }
    }
    Cow::Owned(encoded)
}

fn octal(digits: &[u8]) -> Option<u8> {
    let [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] = digits else { return None };
    Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
}

fn push_octal(text: &mut String, byte: u8) {
    text.push('\\');
    for shift in [6, 3, 0] {
        text.push(char::from(b'0' + ((byte >> shift) & 7)));
    }
}

/// The one form in which a TXT value is compared: quoted; and of a text that was cut only because of its length, the whole text in one
/// pair of quotes. Other values of several strings stay as they are, because a reader may tell them apart.
pub(crate) fn canonical_text(value: &str) -> Cow<'_, str> {
    let Some(strings) = split_strings(value) else { return Cow::Owned(quote(value)) };
    let is_cut_by_length = strings.len() > 1
        && strings.iter().rev().skip(1).all(|string| units(string).count() == STRING_LENGTH);
    if is_cut_by_length { Cow::Owned(format!("\"{}\"", strings.concat())) } else { Cow::Borrowed(value) }
}

/// A TXT value as the API takes it: no string longer than it may be.
pub(crate) fn wire_text(value: &str) -> Cow<'_, str> {
    let quoted = match split_strings(value) {
        Some(_) => Cow::Borrowed(value),
        None => Cow::Owned(quote(value)),
    };
    let strings = split_strings(&quoted).unwrap_or_default();
    if strings.iter().all(|string| string.len() <= STRING_LENGTH) {
        return quoted;
    }
    let pieces = strings.iter().flat_map(|string| cut(string));
    Cow::Owned(pieces.map(|piece| format!("\"{piece}\"")).collect::<Vec<_>>().join(" "))
}

/// Cuts the inside of a string into pieces of at most 255 bytes, never within an escape.
fn cut(string: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for (i, unit) in units(string).enumerate() {
        if i > 0 && i % STRING_LENGTH == 0 {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(unit);
        }
    }
    pieces
}

/// The inside of a string byte by byte, each as it is written. Only ASCII occurs: the rest is escaped.
fn units(string: &str) -> impl Iterator<Item = &str> {
    let mut rest = string;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match (first, octal(rest.as_bytes().get(1..).unwrap_or_default())) {
            ('\\', Some(_)) => 4,
            ('\\', None) => 1 + rest.get(1..).and_then(|tail| tail.chars().next()).map_or(0, char::len_utf8),
            _ => first.len_utf8(),
        };
        let (unit, tail) = rest.split_at_checked(length)?;
        rest = tail;
        Some(unit)
    })
}

/// The insides of the quoted strings of a value; `None` if that is not what it is made of.
fn split_strings(value: &str) -> Option<Vec<&str>> {
    let mut strings = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let inside = rest.strip_prefix('"')?;
        let end = closing_quote(inside)?;
        let (string, tail) = inside.split_at_checked(end)?;
        if !string.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
            return None;
        }
        strings.push(string);
        let tail = tail.strip_prefix('"')?;
        rest = tail.trim_start();
        if !rest.is_empty() && rest.len() == tail.len() {
            return None;
        }
    }
    (!strings.is_empty()).then_some(strings)
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| match byte {
        _ if is_escaped => {
            is_escaped = false;
            false
        }
        b'\\' => {
            is_escaped = true;
            false
        }
        byte => byte == b'"',
    })
}

/// Any text as one quoted string. Quotes round it are taken for such, whatever stands between them; what stands there is escaped
/// already, as far as that is possible.
fn quote(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let mut bytes = inside.unwrap_or(text).bytes().peekable();
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    while let Some(byte) = bytes.next() {
        let escaped = match inside {
            Some(_) if byte == b'\\' => bytes.next_if(|next| matches!(next, b' '..=b'~')),
            _ => None,
        };
        match (byte, escaped) {
            (_, Some(escaped)) => quoted.extend(['\\', char::from(escaped)]),
            (b'"' | b'\\', None) => quoted.extend(['\\', char::from(byte)]),
            (b' '..=b'~', None) => quoted.push(char::from(byte)),
            (byte, None) => push_octal(&mut quoted, byte),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("www.example.org.", "www.example.org")]
    #[case("\\052.example.org.", "*.example.org")]
    #[case("a\\057b.example.org", "a/b.example.org")]
    #[case("\\303\\244.example.org.", "ä.example.org")]
    #[case("\\377.example.org.", "\\377.example.org")]
    #[case("a\\b.example.org", "a\\b.example.org")]
    #[case("a\\05", "a\\05")]
    fn names_are_unescaped(#[case] written: &str, #[case] name: &str) {
        assert_eq!(decode_name(written), name);
    }

    #[rstest]
    #[case("*.example.org", "*.example.org")]
    #[case("0/25.2.0.192.in-addr.arpa", "0\\05725.2.0.192.in-addr.arpa")]
    fn names_are_escaped(#[case] name: &str, #[case] written: &str) {
        assert_eq!(encode_name(name), written);
        assert_eq!(decode_name(&encode_name(name)), name);
    }

    #[rstest]
    #[case("v=spf1 -all", "\"v=spf1 -all\"")]
    #[case("\"v=spf1 -all\"", "\"v=spf1 -all\"")]
    #[case("say \"hi\"", "\"say \\\"hi\\\"\"")]
    #[case("\"a\" \"b\"", "\"a\" \"b\"")]
    #[case("back\\slash", "\"back\\\\slash\"")]
    #[case("\"ü\"", "\"\\303\\274\"")]
    #[case("\"cut short\\\"", "\"cut short\\\\\"")]
    #[case("\"a\\\"\"b\"", "\"a\\\"\\\"b\"")]
    #[case("\"\\ü\"", "\"\\\\\\303\\274\"")]
    #[case("\"", "\"\\\"\"")]
    #[case("", "\"\"")]
    fn texts_are_quoted(#[case] value: &str, #[case] expected: &str) {
        assert_eq!(canonical_text(value), expected);
        assert_eq!(wire_text(&canonical_text(value)), expected, "nothing here is long");
    }

    #[test]
    fn long_texts_are_cut_for_the_wire_and_joined_again() {
        let whole = format!("\"{}\"", "x".repeat(600));
        let cut = format!("\"{0}\" \"{0}\" \"{1}\"", "x".repeat(255), "x".repeat(90));
        assert_eq!(wire_text(&whole), cut);
        assert_eq!(canonical_text(&cut), whole);
        assert_eq!(canonical_text(&whole), whole);
        let by_hand = format!("\"{}\" \"b\"", "x".repeat(254));
        assert_eq!(canonical_text(&by_hand), by_hand);
    }

    #[test]
    fn escapes_count_as_one_byte_and_are_never_cut() {
        let whole = format!("\"{}\\303\\274\\\"\"", "x".repeat(254));
        let cut = format!("\"{}\\303\" \"\\274\\\"\"", "x".repeat(254));
        assert_eq!(wire_text(&whole), cut);
        assert_eq!(canonical_text(&cut), whole);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in prop_oneof![".{0,700}", "[\"\\\\a ü]{0,12}"]) {
            let canonical = canonical_text(&text).into_owned();
            let wire = wire_text(&canonical).into_owned();
            prop_assert!(wire.is_ascii());
            prop_assert_eq!(canonical_text(&wire), canonical_text(&canonical));
            let again = canonical_text(&wire).into_owned();
            prop_assert_eq!(wire_text(&again), wire.as_str());
        }
    }
}

//! The data of records: words of a zone file to targets, and back.
//!
//! Escapes are never resolved: what is written between quotes here is what providers take. `\DDD` is a decimal number in a zone file
//! (RFC 1035, section 5.1), but octal in Route 53; a text with an escape that a zone file cannot have is not written into one.

use super::scan::Word;
use zonewright_planner::{DnsName, RecordType, Target};

/// The most bytes in one string of a TXT record (RFC 1035, section 3.3).
const STRING: usize = 255;

/// A name as it stands in a file, given where relative ones begin.
pub(super) fn name(text: &str, origin: Option<&Origin>) -> Result<Option<DnsName>, String> {
    let relative_to =
        || origin.ok_or_else(|| format!("{text} is a relative name, and there is no $ORIGIN before it"));
    let full = match text {
        "." => return Ok(None),
        "@" => return relative_to().map(|origin| origin.0.clone()),
        _ if text.ends_with('.') && !text.ends_with("\\.") => text.to_owned(),
        _ => match &relative_to()?.0 {
            Some(origin) => format!("{text}.{origin}"),
            None => text.to_owned(),
        },
    };
    DnsName::parse(&unescaped(&full)?).map(Some).map_err(|error| error.to_string())
}

/// What relative names are relative to; none for the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin(pub(super) Option<DnsName>);

/// A name without escapes. Few need any, and a dot inside of a label has no other form.
fn unescaped(name: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let digits = after.get(..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let (character, length) = match (digits, after.chars().next()) {
            (Some(digits), _) => {
                let byte = digits.parse::<u8>().map_err(|_| format!("\\{digits} in {name} is no byte"))?;
                (char::from(byte), 3)
            }
            (None, Some(character)) => (character, character.len_utf8()),
            (None, None) => return Err(format!("{name} ends in a backslash")),
        };
        if character == '.' {
            return Err(format!("{name} has a dot inside of a label"));
        }
        plain.push(character);
        rest = after.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    Ok(plain)
}

/// The target that the words behind a type stand for.
pub(super) fn target(
    record_type: &RecordType,
    words: &[Word],
    origin: Option<&Origin>,
) -> Result<Target, String> {
    let host = |word: &Word| -> Result<String, String> {
        Ok(name(&word.text, origin)?.map_or_else(|| ".".to_owned(), |name| format!("{name}.")))
    };
    let text = match (record_type, words) {
        (_, []) => return Err("there is no data behind the type".to_owned()),
        (RecordType::Cname | RecordType::Dname | RecordType::Ns | RecordType::Ptr, [word]) => host(word)?,
        (RecordType::Mx, [preference, exchange]) => format!("{} {}", preference.text, host(exchange)?),
        (RecordType::Srv, [priority, weight, port, target]) => {
            format!("{} {} {} {}", priority.text, weight.text, port.text, host(target)?)
        }
        (RecordType::Txt, words) => joined(words),
        (RecordType::Naptr | RecordType::Other(_), words) => verbatim(words),
        (RecordType::A | RecordType::Aaaa, [word]) => word.text.clone(),
        (_, words) => return Err(format!("{record_type} does not take the data {}", verbatim(words))),
    };
    Target::parse(record_type, &text, false).map_err(|error| error.to_string())
}

fn verbatim(words: &[Word]) -> String {
    let shown = |word: &Word| match word.is_quoted {
        true => format!("\"{}\"", word.text),
        false => word.text.clone(),
    };
    words.iter().map(shown).collect::<Vec<_>>().join(" ")
}

/// The strings of a TXT record, each in quotes; one that was cut only because of its length in one piece.
fn joined(words: &[Word]) -> String {
    let insides: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let is_cut = insides.iter().rev().skip(1).all(|inside| units(inside).count() == STRING);
    match is_cut {
        true => format!("\"{}\"", insides.concat()),
        false => insides.iter().map(|inside| format!("\"{inside}\"")).collect::<Vec<_>>().join(" "),
    }
}

/// What stands behind the type; `None` where a zone file has no words for it.
pub(super) fn words(record_type: &RecordType, target: &Target) -> Option<String> {
    match (record_type, target) {
        (RecordType::A, Target::V4(_)) | (RecordType::Aaaa, Target::V6(_)) | (_, Target::Srv { .. }) => {
            Some(target.to_string())
        }
        (RecordType::Cname | RecordType::Dname | RecordType::Ns | RecordType::Ptr, Target::Name(name)) => {
            Some(format!("{name}."))
        }
        (_, Target::Mx { preference, exchange: Some(host) }) => Some(format!("{preference} {host}.")),
        (_, Target::Mx { exchange: None, .. }) => Some(target.to_string()),
        (RecordType::Txt, Target::Text(text)) => strings(text),
        (RecordType::Naptr | RecordType::Other(_), Target::Text(text)) => {
            (!text.trim().is_empty() && !text.contains(['\n', '\r'])).then(|| text.to_string())
        }
        _ => None,
    }
}

/// A text in quoted strings of at most 255 bytes.
fn strings(text: &str) -> Option<String> {
    let insides = match text.starts_with('"') {
        true => split(text)?,
        false => vec![escaped(text)],
    };
    let pieces = insides.iter().flat_map(|inside| {
        let units: Vec<&str> = units(inside).collect();
        let pieces: Vec<String> = units.chunks(STRING).map(<[&str]>::concat).collect();
        if pieces.is_empty() { vec![String::new()] } else { pieces }
    });
    Some(pieces.map(|piece| format!("\"{piece}\"")).collect::<Vec<_>>().join(" "))
}

/// The insides of quoted strings; `None` where it is something else, or a zone file would take it for something else.
fn split(text: &str) -> Option<Vec<String>> {
    let is_printable = |c: char| c.is_ascii_graphic() || c == ' ';
    if !text.chars().all(is_printable) {
        return None;
    }
    let mut insides = Vec::new();
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        rest = rest.strip_prefix('"')?;
        let length: usize = units(rest).take_while(|unit| *unit != "\"").map(str::len).sum();
        let (inside, tail) = rest.split_at_checked(length)?;
        if !units(inside).all(is_of_zone_file) {
            return None;
        }
        insides.push(inside.to_owned());
        rest = tail.strip_prefix('"')?.trim_start();
    }
    Some(insides)
}

/// Whether what stands for one byte is an escape that a zone file has.
fn is_of_zone_file(unit: &str) -> bool {
    match unit.strip_prefix('\\') {
        Some(escaped) if escaped.starts_with(|c: char| c.is_ascii_digit()) => {
            escaped.len() == 3 && escaped.parse::<u8>().is_ok()
        }
        Some(escaped) => !escaped.is_empty(),
        None => true,
    }
}

/// The inside of a string, byte by byte as it is written.
fn units(inside: &str) -> impl Iterator<Item = &str> {
    let mut rest = inside;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let length = match (first, rest.get(1..4)) {
            ('\\', Some(digits)) if is_digits(digits) => 4,
            ('\\', _) => 1 + rest.get(1..).and_then(|tail| tail.chars().next()).map_or(0, char::len_utf8),
            _ => first.len_utf8(),
        };
        let (unit, tail) = rest.split_at_checked(length)?;
        rest = tail;
        Some(unit)
    })
}

/// A plain text as the inside of a string.
fn escaped(text: &str) -> String {
    let mut inside = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                inside.push('\\');
                inside.push(char::from(byte));
            }
            b' '..=b'~' => inside.push(char::from(byte)),
            _ => inside.push_str(&format!("\\{byte:03}")),
        }
    }
    inside
}

//! Values of TXT and NAPTR records: what Cloudflare keeps letter for letter, and what it means.
//!
//! The service takes the value of a TXT record with or without quotes, in one string or in several, and may put quotes around it
//! itself. All of that is one value, so that both sides are brought into one form: one quoted string, however long. On the wire
//! strings are no longer than 255 bytes (RFC 1035 section 3.3).

/// One string of a TXT record.
const STRING: usize = 255;

/// A value in its one form.
pub(crate) fn canonical_txt(content: &str) -> String {
    match decode(content) {
        Some(bytes) => quoted(&bytes),
        None => quoted(content.as_bytes()),
    }
}

/// A value as it is sent.
pub(crate) fn wire_txt(content: &str) -> String {
    let bytes = decode(content).unwrap_or_else(|| content.as_bytes().to_vec());
    if bytes.is_empty() {
        return quoted(&bytes);
    }
    let mut strings = Vec::new();
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let (string, tail) = rest.split_at(cut(rest));
        strings.push(quoted(string));
        rest = tail;
    }
    strings.join(" ")
}

/// Not within a character, where that can be helped.
fn cut(bytes: &[u8]) -> usize {
    if bytes.len() <= STRING {
        return bytes.len();
    }
    let is_within = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    (STRING - 3..=STRING).rev().find(|at| !is_within(at)).unwrap_or(STRING)
}

/// The bytes of quoted strings, joined; `None` where it is not a list of quoted strings.
fn decode(content: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(content.len());
    let mut rest = content.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        rest = take_string(rest.strip_prefix('"')?, &mut bytes)?.trim_start();
    }
    Some(bytes)
}

/// Reads up to the closing quote and returns what comes after it. `\X` is X and `\DDD` a byte (RFC 1035 section 5.1).
fn take_string<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return text.get(at + 1..),
            '\\' => match text.get(at + 1..at + 4).and_then(|digits| digits.parse::<u8>().ok()) {
                Some(byte) => {
                    bytes.push(byte);
                    characters.nth(2)?;
                }
                None => push(bytes, characters.next()?.1),
            },
            other => push(bytes, other),
        }
    }
    None
}

fn push(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => text.extend(['\\', character]),
                control if control.is_ascii_control() => {
                    text.push_str(&format!("\\{:03}", u32::from(control)))
                }
                other => text.push(other),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\{byte:03}"));
        }
    }
    text.push('"');
    text
}

/// The fields of a NAPTR record (RFC 3403 section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Naptr {
    pub(crate) order: u16,
    pub(crate) preference: u16,
    pub(crate) flags: String,
    pub(crate) service: String,
    pub(crate) regex: String,
    /// `.` for none.
    pub(crate) replacement: String,
}

impl Naptr {
    /// Reads the text form; `None` where it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (order, rest) = text.trim().split_once(' ')?;
        let (preference, mut rest) = rest.trim_start().split_once(' ')?;
        let mut field = || {
            let (value, tail) = take_field(rest.trim_start())?;
            rest = tail;
            Some(value)
        };
        let (flags, service, regex, replacement) = (field()?, field()?, field()?, field()?);
        let (order, preference) = (order.parse().ok()?, preference.parse().ok()?);
        let is_all = rest.trim().is_empty() && !replacement.is_empty();
        is_all.then_some(Self { order, preference, flags, service, regex, replacement })
    }

    /// The one text form.
    pub(crate) fn to_text(&self) -> String {
        let Self { order, preference, flags, service, regex, replacement } = self;
        let text = |field: &str| quoted(field.as_bytes());
        let replacement = replacement.trim_end_matches('.').to_ascii_lowercase();
        format!("{order} {preference} {} {} {} {replacement}.", text(flags), text(service), text(regex))
    }
}

/// A quoted string or a word.
fn take_field(text: &str) -> Option<(String, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => {
            let mut bytes = Vec::new();
            let rest = take_string(quoted, &mut bytes)?;
            Some((String::from_utf8(bytes).ok()?, rest))
        }
        None => {
            let (word, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
            Some((word.to_owned(), rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("plain words", "\"plain words\"")]
    #[case("\"quoted\"", "\"quoted\"")]
    #[case("\"one \" \"two\"", "\"one two\"")]
    #[case("\"one \"\"two\"", "\"one two\"")]
    #[case(r#""a\"b\\c\065""#, r#""a\"b\\cA""#)]
    #[case("say \"hi\"", r#""say \"hi\"""#)]
    #[case("\"half", r#""\"half""#)]
    #[case("", "\"\"")]
    #[case("\"grün\"", "\"grün\"")]
    #[case("\"\\255\"", "\"\\255\"")]
    fn one_value_has_one_form(#[case] content: &str, #[case] expected: &str) {
        assert_eq!(canonical_txt(content), expected);
        assert_eq!(canonical_txt(expected), expected);
        assert_eq!(canonical_txt(&wire_txt(content)), expected);
    }

    #[test]
    fn long_values_are_sent_in_strings() {
        let long = "é".repeat(300);
        let wire = wire_txt(&long);
        let strings: Vec<&str> = wire.split(' ').collect();
        assert_eq!(strings.len(), 3);
        assert!(strings.iter().all(|string| string.len() <= STRING + 2));
        assert_eq!(canonical_txt(&wire), format!("\"{long}\""));
    }

    proptest::proptest! {
        #[test]
        fn what_is_sent_means_what_was_meant(text in "\\PC{0,400}") {
            let once = canonical_txt(&text);
            proptest::prop_assert_eq!(&canonical_txt(&once), &once);
            proptest::prop_assert_eq!(&canonical_txt(&wire_txt(&text)), &once);
        }
    }

    #[test]
    fn naptr_has_one_form() {
        let text = "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:one@example.net!\" .";
        let naptr = Naptr::parse(text).unwrap();
        assert_eq!((naptr.order, &*naptr.flags, &*naptr.replacement), (100, "u", "."));
        assert_eq!(naptr.to_text(), text);
        let loose = Naptr::parse("1 2  s SIP+D2U  \"\" _sip._udp.Example.net.").unwrap();
        assert_eq!(loose.to_text(), "1 2 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.net.");
        assert_eq!(Naptr::parse("1 2 \"u\" \"x\" \"y\""), None);
    }
}

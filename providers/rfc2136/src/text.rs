//! TXT and NAPTR values: texts here, bytes in messages.
//!
//! A TXT record is a list of strings of at most 255 bytes (RFC 1035 section 3.3). Nearly always the list stands for one longer text
//! that had to be cut, so that is what it is shown as: one quoted text. A list that is cut anywhere else than after every 255 bytes is
//! shown string by string, so that what exists can be named exactly, and is written as it was asked for.

/// The most bytes of one string.
const STRING: usize = 255;

/// A value as it is shown, whatever form it is given in.
pub(crate) fn canonical_txt(text: &str) -> String {
    txt_text(&txt_strings(text))
}

/// The strings that a value stands for. What is not a list of quoted strings is one text as it stands: quotes, blanks and semicolons
/// are data then.
pub(crate) fn txt_strings(text: &str) -> Vec<Vec<u8>> {
    let strings = quoted_strings(text).unwrap_or_else(|| vec![text.as_bytes().to_vec()]);
    strings.iter().flat_map(|string| cut(string)).collect()
}

/// Strings as a value is shown.
pub(crate) fn txt_text<S: AsRef<[u8]>>(strings: &[S]) -> String {
    let whole: Vec<u8> = strings.iter().flat_map(|string| string.as_ref()).copied().collect();
    let is_one = cut(&whole).iter().map(Vec::as_slice).eq(strings.iter().map(AsRef::as_ref));
    if is_one {
        return quoted(&whole);
    }
    strings.iter().map(|string| quoted(string.as_ref())).collect::<Vec<_>>().join(" ")
}

/// The strings of a TXT record's data; `None` where it is malformed.
pub(crate) fn strings_in(mut data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut strings = Vec::new();
    while let Some((&length, rest)) = data.split_first() {
        let (string, tail) = rest.split_at_checked(usize::from(length))?;
        strings.push(string);
        data = tail;
    }
    (!strings.is_empty()).then_some(strings)
}

/// Adds a string with its length; false where it is too long.
pub(crate) fn push_string(data: &mut Vec<u8>, string: &[u8]) -> bool {
    let Ok(length) = u8::try_from(string.len()) else { return false };
    data.push(length);
    data.extend_from_slice(string);
    true
}

fn cut(text: &[u8]) -> Vec<Vec<u8>> {
    if text.is_empty() {
        return vec![Vec::new()];
    }
    text.chunks(STRING).map(<[u8]>::to_vec).collect()
}

/// The strings of a list of quoted strings; `None` where it is not one.
fn quoted_strings(text: &str) -> Option<Vec<Vec<u8>>> {
    let mut rest = text.trim();
    let mut strings = Vec::new();
    while !rest.is_empty() {
        let (string, tail) = take_quoted(rest.strip_prefix('"')?)?;
        strings.push(string);
        rest = tail.trim_start();
    }
    (!strings.is_empty()).then_some(strings)
}

/// Reads up to the closing quote and returns what comes after it. `\X` is X and `\DDD` a byte (RFC 1035 section 5.1).
fn take_quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((bytes, text.get(at + 1..)?)),
            '\\' => match decimal(text.get(at + 1..at + 4)) {
                Some(byte) => {
                    bytes.push(byte);
                    characters.nth(2)?;
                }
                None => push(&mut bytes, characters.next()?.1),
            },
            other => push(&mut bytes, other),
        }
    }
    None
}

/// `DDD`.
pub(crate) fn decimal(digits: Option<&str>) -> Option<u8> {
    digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?.parse().ok()
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
    pub(crate) flags: Vec<u8>,
    pub(crate) service: Vec<u8>,
    pub(crate) regex: Vec<u8>,
    /// A name as text; `.` for none.
    pub(crate) replacement: String,
}

impl Naptr {
    /// Reads the text form; `None` where it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (order, rest) = take_field(text)?;
        let (preference, rest) = take_field(rest)?;
        let (flags, rest) = take_field(rest)?;
        let (service, rest) = take_field(rest)?;
        let (regex, rest) = take_field(rest)?;
        let (replacement, rest) = take_field(rest)?;
        let number = |field: Vec<u8>| String::from_utf8(field).ok()?.parse().ok();
        let naptr = Self {
            order: number(order)?,
            preference: number(preference)?,
            flags,
            service,
            regex,
            replacement: String::from_utf8(replacement).ok()?,
        };
        let fits = [&naptr.flags, &naptr.service, &naptr.regex].iter().all(|field| field.len() <= STRING);
        (rest.trim().is_empty() && fits && !naptr.replacement.is_empty()).then_some(naptr)
    }

    /// The one text form.
    pub(crate) fn to_text(&self) -> String {
        let Self { order, preference, flags, service, regex, replacement } = self;
        let replacement = replacement.trim_end_matches('.').to_ascii_lowercase();
        format!("{order} {preference} {} {} {} {replacement}.", quoted(flags), quoted(service), quoted(regex))
    }
}

/// A NAPTR value in its one form; what is none stays as it is.
pub(crate) fn canonical_naptr(text: &str) -> String {
    Naptr::parse(text).map_or_else(|| text.to_owned(), |naptr| naptr.to_text())
}

/// A quoted string or a word.
fn take_field(text: &str) -> Option<(Vec<u8>, &str)> {
    let text = text.trim_start();
    match text.strip_prefix('"') {
        Some(quoted) => take_quoted(quoted),
        None if text.is_empty() => None,
        None => {
            let (word, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
            Some((word.as_bytes().to_vec(), rest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("plain words", "\"plain words\"")]
    #[case("v=DKIM1; k=rsa", "\"v=DKIM1; k=rsa\"")]
    #[case("\"quoted\"", "\"quoted\"")]
    #[case("\"one \" \"two\"", "\"one \" \"two\"")]
    #[case("\"one \"\"two\"", "\"one \" \"two\"")]
    #[case(r#""a\"b\\c\065""#, r#""a\"b\\cA""#)]
    #[case("say \"hi\"", r#""say \"hi\"""#)]
    #[case("\"half", r#""\"half""#)]
    #[case("\"odd\\\"", r#""\"odd\\\"""#)]
    #[case("", "\"\"")]
    #[case("\"grün\"", "\"grün\"")]
    #[case("\"\\255\"", "\"\\255\"")]
    #[case("\"\\+12\"", "\"+12\"")]
    fn one_value_has_one_form(#[case] given: &str, #[case] expected: &str) {
        assert_eq!(canonical_txt(given), expected);
        assert_eq!(canonical_txt(expected), expected);
    }

    #[test]
    fn long_values_are_cut_on_the_way_and_shown_as_one() {
        let long = "x".repeat(600);
        let strings = txt_strings(&long);
        assert_eq!(strings.iter().map(Vec::len).collect::<Vec<_>>(), [255, 255, 90]);
        assert_eq!(txt_text(&strings), format!("\"{long}\""));
        let cut_elsewhere = format!("\"{}\" \"{}\"", "x".repeat(200), "x".repeat(200));
        assert_eq!(canonical_txt(&cut_elsewhere), cut_elsewhere);
    }

    proptest::proptest! {
        #[test]
        fn what_is_sent_is_what_was_meant(text in "[\"\\\\ a-z;é0-9]{0,600}") {
            let once = canonical_txt(&text);
            proptest::prop_assert_eq!(&canonical_txt(&once), &once);
            proptest::prop_assert_eq!(txt_strings(&once), txt_strings(&text));
        }

        #[test]
        fn any_strings_survive(strings in proptest::collection::vec(proptest::collection::vec(0u8.., 0..=255), 1..5)) {
            proptest::prop_assert_eq!(txt_strings(&txt_text(&strings)), strings);
        }
    }

    #[test]
    fn naptr_has_one_form() {
        let text = "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:one@example.net!\" .";
        let naptr = Naptr::parse(text).unwrap();
        assert_eq!((naptr.order, &*naptr.flags, &*naptr.replacement), (100, &b"u"[..], "."));
        assert_eq!(canonical_naptr(text), text);
        assert_eq!(
            canonical_naptr("1 2  s SIP+D2U  \"\" _sip._udp.Example.net."),
            "1 2 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.net."
        );
        assert_eq!(Naptr::parse("1 2 \"u\" \"x\" \"y\""), None);
        assert_eq!(Naptr::parse("1 2 \"u\" \"x\" \"y\" . z"), None);
    }
}

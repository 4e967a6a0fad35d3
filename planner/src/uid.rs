//! UIDs of Kubernetes objects.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::sync::Arc;

/// The UID of a Kubernetes object, compared exactly. The API server makes them as UUIDs and promises nothing about their form; those
/// that are UUIDs are kept as 16 bytes, because there is one for each of tens of thousands of objects.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Form);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    Uuid([u8; 16]),
    Text(Arc<str>),
}

/// Where the digits of a UUID are parted by a hyphen (RFC 9562 section 4).
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Uid {
    /// Whether there is none: what is read from a file has none.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Text(text) if text.is_empty())
    }
}

impl Default for Uid {
    fn default() -> Self {
        Self(Form::Text(Arc::default()))
    }
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        match uuid(text) {
            Some(bytes) => Self(Form::Uuid(bytes)),
            None if text.is_empty() => Self::default(),
            None => Self(Form::Text(text.into())),
        }
    }
}

/// The bytes of a UUID in its usual spelling; any other is kept as it is.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 16];
    let mut digits = 0;
    for (at, &c) in text.iter().enumerate() {
        let digit = match c {
            b'-' if HYPHENS.contains(&at) => continue,
            _ if HYPHENS.contains(&at) => return None,
            b'0'..=b'9' => c - b'0',
            b'a'..=b'f' => c - b'a' + 10,
            _ => return None,
        };
        bytes[digits / 2] = bytes[digits / 2] << 4 | digit;
        digits += 1;
    }
    Some(bytes)
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Text(text) => f.write_str(text),
            Form::Uuid(bytes) => bytes.iter().enumerate().try_for_each(|(at, byte)| {
                let hyphen = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
                write!(f, "{hyphen}{byte:02x}")
            }),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Uid;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Uid, E> {
                Ok(text.into())
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("7f0c9a52-1b3e-4d5f-8a6b-0123456789ab", true)]
    #[case("7F0C9A52-1B3E-4D5F-8A6B-0123456789AB", false)]
    #[case("7f0c9a521b3e-4d5f-8a6b-0123456789ab--", false)]
    #[case("7f0c9a52-1b3e-4d5f-8a6b-0123456789a", false)]
    #[case("7f0c9a52-1b3e-4d5f-8a6b-0123456789é", false)]
    #[case("u-1", false)]
    #[case("", false)]
    fn uuids_are_kept_as_bytes_and_anything_else_as_it_is(#[case] text: &str, #[case] is_uuid: bool) {
        let uid = Uid::from(text);
        assert_eq!(matches!(uid.0, Form::Uuid(_)), is_uuid);
        assert_eq!(uid.to_string(), text);
        assert_eq!(uid.is_empty(), text.is_empty());
    }

    proptest! {
        #[test]
        fn it_reads_as_it_was_written(text in "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|[-0-9a-g]{34,38}") {
            prop_assert_eq!(Uid::from(text.as_str()).to_string(), text);
        }
    }
}

//! DNS names, normalised once: lower case, A-labels, no trailing dot.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

/// A fully qualified domain name in the one form used inside the program: lower-case ASCII, international
/// labels as A-labels (`xn--…`), no trailing dot.
///
/// Wildcards (`*.example.org`), underscores, and the `/` of classless reverse zones (RFC 2317) are ordinary
/// characters here. A name that no DNS message can carry (empty label, label over 63 octets, over 253 octets in all;
/// RFC 1035 section 2.3.4) or that only ever comes from a mistake (white space, quotes, angle brackets) cannot be built.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(Arc<str>);

/// Why a text is not a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or only a dot.
    #[error("the name is empty")]
    Empty,
    /// Two dots in a row, or a dot at the start.
    #[error("{name:?} has an empty label")]
    EmptyLabel {
        /// The offending text.
        name: String,
    },
    /// A label is longer than 63 octets in its A-label form.
    #[error("{name:?} has a label of {length} octets, DNS allows 63")]
    LabelTooLong {
        /// The offending text.
        name: String,
        /// Octets in the longest label.
        length: usize,
    },
    /// The whole name is longer than 253 octets.
    #[error("{name:?} is {length} octets long, DNS allows 253")]
    TooLong {
        /// The offending text.
        name: String,
        /// Octets in the name.
        length: usize,
    },
    /// A character that a DNS name cannot carry.
    #[error("{name:?} contains {character:?}")]
    Character {
        /// The offending text.
        name: String,
        /// The first offending character.
        character: char,
    },
    /// The international form cannot be encoded (UTS 46).
    #[error("{name:?} is not a valid international domain name")]
    International {
        /// The offending text.
        name: String,
    },
}

const MAX_LABEL: usize = 63;
const MAX_NAME: usize = 253;

impl DnsName {
    /// Parses and normalises a name. One trailing dot is allowed and removed.
    ///
    /// # Errors
    /// [`NameError`] names the text and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let trimmed = text.strip_suffix('.').unwrap_or(text);
        if trimmed.is_empty() {
            return Err(NameError::Empty);
        }
        let ascii = match trimmed {
            // Nearly all names come in the form in which they are kept.
            _ if trimmed.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) => {
                Cow::Borrowed(trimmed)
            }
            _ if trimmed.is_ascii() => Cow::Owned(trimmed.to_ascii_lowercase()),
            _ => Cow::Owned(to_a_labels(trimmed)?),
        };
        // The mapping turns full-width and ideographic dots into plain ones, so a trailing one may appear only now.
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        check(text, ascii)?;
        Ok(Self(ascii.into()))
    }

    /// The normalised text, without trailing dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form people read: international labels in Unicode.
    pub fn to_unicode(&self) -> String {
        if self.0.contains("xn--") { idna::domain_to_unicode(&self.0).0 } else { self.0.to_string() }
    }

    /// Whether the first label is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.") || &*self.0 == "*"
    }

    /// Whether this name equals `zone` or lies below it, on a label boundary.
    pub fn is_in(&self, zone: &DnsName) -> bool {
        is_same_or_below(&self.0, &zone.0)
    }

    /// Number of labels.
    pub fn label_count(&self) -> usize {
        self.0.split('.').count()
    }

    /// The name without its first label; `None` for a single label.
    pub fn parent(&self) -> Option<DnsName> {
        self.0.split_once('.').map(|(_, rest)| Self(rest.into()))
    }
}

/// Suffix match on label boundaries: `a.example.org` is below `example.org`, `aexample.org` is not.
impl AsRef<DnsName> for DnsName {
    fn as_ref(&self) -> &DnsName {
        self
    }
}

pub(crate) fn is_same_or_below(name: &str, zone: &str) -> bool {
    match name.strip_suffix(zone) {
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    }
}

fn to_a_labels(name: &str) -> Result<String, NameError> {
    use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
    // Underscores and wildcards are legal in record names, hence no STD3 deny list; lengths are checked by us so
    // that the message can say which limit was broken.
    Uts46::new()
        .to_ascii(name.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore)
        .map(|ascii| ascii.into_owned())
        .map_err(|_| NameError::International { name: name.to_owned() })
}

fn check(original: &str, ascii: &str) -> Result<(), NameError> {
    let name = || original.to_owned();
    if let Some(character) = ascii.chars().find(|c| !is_name_character(*c)) {
        return Err(NameError::Character { name: name(), character });
    }
    let mut labels = ascii.as_bytes().split(|byte| *byte == b'.').map(<[u8]>::len);
    let longest = labels.clone().max().unwrap_or(0);
    if labels.any(|length| length == 0) {
        return Err(NameError::EmptyLabel { name: name() });
    }
    if longest > MAX_LABEL {
        return Err(NameError::LabelTooLong { name: name(), length: longest });
    }
    if ascii.len() > MAX_NAME {
        return Err(NameError::TooLong { name: name(), length: ascii.len() });
    }
    Ok(())
}

/// Printable ASCII without the characters that are special in zone files (RFC 1035 section 5.1) and without the
/// angle brackets that an unset value leaves behind in templates (`<no value>`, `<nil>`).
fn is_name_character(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '(' | ')' | ';' | '@' | '$' | '<' | '>' | ',')
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for DnsName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for DnsName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for DnsName {
    type Err = NameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Example.ORG.", "example.org")]
    #[case("bücher.example.org", "xn--bcher-kva.example.org")]
    #[case("BÜCHER.example.org", "xn--bcher-kva.example.org")]
    #[case("xn--BCHER-kva.example.org", "xn--bcher-kva.example.org")]
    #[case("*.example.org", "*.example.org")]
    #[case("_sip._tcp.example.org", "_sip._tcp.example.org")]
    #[case("r3---sn.example.org", "r3---sn.example.org")]
    #[case("0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa")]
    #[case("bücher。example。org。", "xn--bcher-kva.example.org")]
    fn names_have_one_form(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(DnsName::parse(text).unwrap().as_str(), expected);
    }

    #[rstest]
    #[case("")]
    #[case(".")]
    #[case("..")]
    #[case(".example.org")]
    #[case("a..example.org")]
    #[case("<no value>.example.org")]
    #[case("b-<nil>.example.org")]
    #[case("a b.example.org")]
    #[case("\nb.example.org")]
    fn impossible_names_are_refused(#[case] text: &str) {
        DnsName::parse(text).unwrap_err();
    }

    #[test]
    fn lengths_are_counted_in_the_form_that_goes_on_the_wire() {
        assert!(DnsName::parse(&format!("{}.org", "a".repeat(63))).is_ok());
        assert!(matches!(
            DnsName::parse(&format!("{}.org", "a".repeat(64))),
            Err(NameError::LabelTooLong { length: 64, .. })
        ));
        let long = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)].join(".");
        assert_eq!(long.len(), 253);
        assert!(DnsName::parse(&long).is_ok());
        assert!(matches!(DnsName::parse(&format!("{long}e")), Err(NameError::TooLong { .. })));
    }

    #[test]
    fn zones_match_on_label_boundaries() {
        let zone = DnsName::parse("k8s.example.org").unwrap();
        assert!(DnsName::parse("k8s.example.org").unwrap().is_in(&zone));
        assert!(DnsName::parse("a.k8s.example.org").unwrap().is_in(&zone));
        assert!(!DnsName::parse("circus-k8s.example.org").unwrap().is_in(&zone));
        assert!(!DnsName::parse("example.org").unwrap().is_in(&zone));
    }

    proptest::proptest! {
        #[test]
        fn parsing_is_idempotent_and_never_panics(text in "\\PC{0,80}") {
            if let Ok(name) = DnsName::parse(&text) {
                proptest::prop_assert_eq!(DnsName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}

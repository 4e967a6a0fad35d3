//! Domain names as Route 53 keeps, returns and sorts them.

use std::fmt::{self, Display, Formatter};

/// A name in the service's own spelling: lower case, with the trailing dot, and every character other than `a-z`, `0-9`, `-` and
/// `_` as an octal escape (Developer Guide, "DNS domain name format").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(String);

/// What makes a name or a value unreadable: the service's code for it and its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fatal {
    pub(crate) code: &'static str,
    pub(crate) why: &'static str,
}

impl Fatal {
    pub(crate) const UNSUPPORTED: Fatal =
        Fatal { code: "UnsupportedCharacter", why: "Value contains unsupported characters" };

    pub(crate) fn in_text(self, text: &str) -> String {
        format!("FATAL problem: {} ({}) encountered with '{text}'", self.code, self.why)
    }
}

impl Name {
    /// Reads a name as clients may write it: with or without the trailing dot, in any case, escaped or not.
    pub(crate) fn parse(text: &str) -> Result<Self, Fatal> {
        let fatal = |code, why| Fatal { code, why };
        if text.is_empty() || text == "." {
            return Err(fatal("DomainNameEmpty", "Domain name is empty"));
        }
        let mut labels = Vec::new();
        let mut label = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'.' => labels.push(std::mem::take(&mut label)),
                b'\\' => {
                    let escaped = octal([bytes.next(), bytes.next(), bytes.next()]);
                    label.push(escaped.ok_or(Fatal::UNSUPPORTED)?);
                }
                b'!'..=b'~' => label.push(byte),
                _ => return Err(Fatal::UNSUPPORTED),
            }
        }
        if !label.is_empty() {
            labels.push(label);
        }
        if labels.iter().any(Vec::is_empty) {
            return Err(fatal("DomainLabelEmpty", "Domain label is empty"));
        }
        if labels.iter().any(|label| label.len() > 63) {
            return Err(fatal("DomainLabelTooLong", "Domain label is too long"));
        }
        // On the wire each label takes one byte more, and so does the root: 255 in all (RFC 1035 2.3.4).
        if labels.iter().map(|label| label.len() + 1).sum::<usize>() + 1 > 255 {
            return Err(fatal("DomainNameTooLong", "Domain name is too long"));
        }
        Ok(Name(labels.iter().map(|label| escape(label) + ".").collect()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels from the root on, which is what lists are sorted by: `com.example.www.` with the trailing dot, compared as one
    /// string, so that `-` comes before the dot (reference of ListResourceRecordSets, "Sort order").
    pub(crate) fn sort_key(&self) -> String {
        let labels: Vec<&str> = self.0.trim_end_matches('.').split('.').rev().collect();
        labels.join(".") + "."
    }

    /// Whether this is the zone's own name or lies below it.
    pub(crate) fn is_within(&self, zone: &Name) -> bool {
        self == zone || self.0.strip_suffix(zone.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }

    pub(crate) fn is_wildcard(&self) -> bool {
        self.0.starts_with("\\052.")
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn octal(digits: [Option<u8>; 3]) -> Option<u8> {
    let mut value: u32 = 0;
    for digit in digits {
        value = value * 8 + char::from(digit?).to_digit(8)?;
    }
    u8::try_from(value).ok()
}

fn escape(label: &[u8]) -> String {
    let mut text = String::with_capacity(label.len());
    for byte in label {
        match byte.to_ascii_lowercase() {
            plain @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => text.push(char::from(plain)),
            other => text.push_str(&format!("\\{other:03o}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn one_spelling_for_all() {
        for (given, kept) in [
            ("www.Example.COM", "www.example.com."),
            ("www.example.com.", "www.example.com."),
            ("*.example.com", r"\052.example.com."),
            (r"\052.example.com", r"\052.example.com."),
            ("_a-b.example.com", "_a-b.example.com."),
            ("a/b.example.com", r"a\057b.example.com."),
            (r"a\141.example.com", "aa.example.com."),
            (r"a\056b.example.com", r"a\056b.example.com."),
        ] {
            assert_eq!(name(given).as_str(), kept, "{given}");
        }
    }

    #[test]
    fn impossible_names_are_refused() {
        let long = "a".repeat(64);
        let longest = [&long[1..]; 3].join(".");
        for (given, code) in [
            ("", "DomainNameEmpty"),
            (".", "DomainNameEmpty"),
            ("a..b", "DomainLabelEmpty"),
            (".a", "DomainLabelEmpty"),
            ("a b.c", "UnsupportedCharacter"),
            ("\u{e4}.c", "UnsupportedCharacter"),
            (r"\05", "UnsupportedCharacter"),
            (r"\400.c", "UnsupportedCharacter"),
            (&format!("{long}.c"), "DomainLabelTooLong"),
            (&format!("{longest}.{}", "b".repeat(62)), "DomainNameTooLong"),
        ] {
            let problem = Name::parse(given).unwrap_err();
            assert_eq!(problem.code, code, "{given}");
        }
        name(&format!("{longest}.{}", "b".repeat(61)));
    }

    #[test]
    fn lists_are_sorted_by_reversed_labels_as_one_string() {
        let mut names = ["b.a.com", "a.com", "a-b.com", "ab.com", "*.a.com", "c.a.com"].map(name);
        names.sort_by_key(Name::sort_key);
        let sorted: Vec<&str> = names.iter().map(Name::as_str).collect();
        // The dash is smaller than the dot, hence `com.a-b.` before `com.a.`.
        assert_eq!(sorted, ["a-b.com.", "a.com.", r"\052.a.com.", "b.a.com.", "c.a.com.", "ab.com."]);
    }

    #[test]
    fn within_means_at_a_label() {
        assert!(name("a.example.com").is_within(&name("example.com")));
        assert!(name("example.com").is_within(&name("example.com")));
        assert!(!name("aexample.com").is_within(&name("example.com")));
        assert!(!name("com").is_within(&name("example.com")));
    }
}

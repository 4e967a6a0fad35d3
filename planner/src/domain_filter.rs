//! Which names are ours to look at: `--domain-filter`, `--exclude-domains`, `--regex-domain-filter`,
//! `--regex-domain-exclusion`, and the filter that a provider negotiates.

use crate::DnsName;
use crate::name::is_same_or_below;
use regex::Regex;
use serde::{Deserialize, Serialize};

/// A test on names. The default passes everything.
///
/// Either lists of suffixes or regular expressions, never both: as in ExternalDNS, a regular expression makes the lists moot.
#[derive(Debug, Clone, Default)]
pub enum DomainFilter {
    /// Every name passes.
    #[default]
    All,
    /// Suffix lists. A name passes when some inclusion matches (or there is none) and no exclusion does.
    Suffixes {
        /// Suffixes of which one must match.
        include: Vec<Suffix>,
        /// Suffixes of which none may match.
        exclude: Vec<Suffix>,
    },
    /// Regular expressions, searched (unanchored) in the Unicode form of the name.
    Regex {
        /// Must match, when given.
        include: Option<Regex>,
        /// Must not match, when given; tested first.
        exclude: Option<Regex>,
    },
}

/// One entry of a suffix list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suffix {
    name: DnsName,
    /// Written with a leading dot: only names strictly below.
    below_only: bool,
}

impl Suffix {
    /// Reads an entry. Blank ones mean nothing and give `None`.
    ///
    /// # Errors
    /// When the entry is not a DNS name.
    pub fn parse(text: &str) -> Result<Option<Self>, crate::NameError> {
        let trimmed = text.trim();
        let (below_only, rest) = match trimmed.strip_prefix('.') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        if rest.trim_end_matches('.').is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { name: DnsName::parse(rest)?, below_only }))
    }

    fn matches(&self, name: &str) -> bool {
        is_same_or_below(name, self.name.as_str()) && !(self.below_only && name == self.name.as_str())
    }

    /// The entry as people write it.
    pub fn to_text(&self) -> String {
        format!("{}{}", if self.below_only { "." } else { "" }, self.name.to_unicode())
    }
}

/// Why a filter cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainFilterError {
    /// A suffix is not a DNS name.
    #[error("domain filter entry {entry:?}: {source}")]
    Suffix {
        /// The entry.
        entry: String,
        /// What is wrong.
        source: crate::NameError,
    },
    /// A regular expression does not compile.
    #[error("invalid {field}: {message}")]
    Regex {
        /// `regexInclude` or `regexExclude`.
        field: &'static str,
        /// The compiler's message.
        message: String,
    },
    /// Lists and expressions in one filter.
    #[error("a domain filter has either include/exclude lists or regular expressions, not both")]
    Mixed,
}

impl DomainFilter {
    /// A filter on suffixes; blank entries are dropped, nothing left means no filter.
    ///
    /// # Errors
    /// Names the entry that is not a DNS name.
    pub fn from_suffixes<T: AsRef<str>>(include: &[T], exclude: &[T]) -> Result<Self, DomainFilterError> {
        let (include, exclude) = (parse_suffixes(include)?, parse_suffixes(exclude)?);
        Ok(if include.is_empty() && exclude.is_empty() {
            Self::All
        } else {
            Self::Suffixes { include, exclude }
        })
    }

    /// A filter on regular expressions; with neither it passes everything.
    pub fn from_regexes(include: Option<Regex>, exclude: Option<Regex>) -> Self {
        match (&include, &exclude) {
            (None, None) => Self::All,
            _ => Self::Regex { include, exclude },
        }
    }

    /// Whether a name passes.
    pub fn matches(&self, name: &DnsName) -> bool {
        match self {
            Self::All => true,
            Self::Suffixes { include, exclude } => {
                let any = |list: &[Suffix]| list.iter().any(|suffix| suffix.matches(name.as_str()));
                (include.is_empty() || any(include)) && !any(exclude)
            }
            Self::Regex { include, exclude } => {
                let text = name.to_unicode();
                let found = |regex: &Regex| regex.is_match(&text);
                !exclude.as_ref().is_some_and(found) && include.as_ref().is_none_or(found)
            }
        }
    }

    /// Whether a zone could hold names that pass: it passes itself, or it is a parent of an inclusion. An entry with a
    /// leading dot does not admit its own parents.
    pub fn matches_zone(&self, zone: &DnsName) -> bool {
        if self.matches(zone) {
            return true;
        }
        match self {
            Self::Suffixes { include, exclude } => {
                let excluded = exclude.iter().any(|suffix| suffix.matches(zone.as_str()));
                let parent_of = |suffix: &Suffix| !suffix.below_only && suffix.name.is_in(zone);
                !excluded && include.iter().any(parent_of)
            }
            _ => false,
        }
    }

    /// What people read in messages.
    pub fn describe(&self) -> String {
        let join = |list: &[Suffix]| list.iter().map(Suffix::to_text).collect::<Vec<_>>().join(", ");
        match self {
            Self::All => "all names".to_owned(),
            Self::Suffixes { include, exclude } => match (include.is_empty(), exclude.is_empty()) {
                (false, true) => join(include),
                (true, _) => format!("all but {}", join(exclude)),
                (false, false) => format!("{} but not {}", join(include), join(exclude)),
            },
            Self::Regex { include, exclude } => {
                let show = |regex: &Option<Regex>| regex.as_ref().map(|r| format!("/{}/", r.as_str()));
                match (show(include), show(exclude)) {
                    (Some(include), Some(exclude)) => format!("{include} but not {exclude}"),
                    (Some(include), None) => include,
                    (None, Some(exclude)) => format!("all but {exclude}"),
                    (None, None) => "all names".to_owned(),
                }
            }
        }
    }
}

fn parse_suffixes<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Suffix>, DomainFilterError> {
    texts
        .iter()
        .filter_map(|text| {
            let entry = text.as_ref();
            Suffix::parse(entry)
                .map_err(|source| DomainFilterError::Suffix { entry: entry.to_owned(), source })
                .transpose()
        })
        .collect()
}

/// The JSON form in which webhook providers offer their filter.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wire {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    regex_include: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    regex_exclude: String,
}

impl TryFrom<Wire> for DomainFilter {
    type Error = DomainFilterError;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let compile = |text: &str, field| match text {
            "" => Ok(None),
            text => crate::go_regex::compile(text)
                .map(Some)
                .map_err(|message| DomainFilterError::Regex { field, message }),
        };
        let include = compile(&wire.regex_include, "regexInclude")?;
        let exclude = compile(&wire.regex_exclude, "regexExclude")?;
        let has_regex = include.is_some() || exclude.is_some();
        if has_regex && !(wire.include.is_empty() && wire.exclude.is_empty()) {
            return Err(DomainFilterError::Mixed);
        }
        if has_regex {
            Ok(Self::from_regexes(include, exclude))
        } else {
            Self::from_suffixes(&wire.include, &wire.exclude)
        }
    }
}

impl<'de> Deserialize<'de> for DomainFilter {
    /// `null` and `{}` pass everything; unknown keys are ignored, as ExternalDNS does.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Option::<Wire>::deserialize(deserializer)?.unwrap_or_default();
        wire.try_into().map_err(serde::de::Error::custom)
    }
}

impl Serialize for DomainFilter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = |list: &[Suffix]| {
            let mut texts: Vec<String> = list.iter().map(Suffix::to_text).collect();
            texts.sort();
            texts
        };
        let pattern =
            |regex: &Option<Regex>| regex.as_ref().map(|r| r.as_str().to_owned()).unwrap_or_default();
        let wire = match self {
            Self::All => Wire::default(),
            Self::Suffixes { include, exclude } => {
                Wire { include: texts(include), exclude: texts(exclude), ..Wire::default() }
            }
            Self::Regex { include, exclude } => {
                Wire { regex_include: pattern(include), regex_exclude: pattern(exclude), ..Wire::default() }
            }
        };
        wire.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn name(text: &str) -> DnsName {
        DnsName::parse(text).unwrap()
    }

    #[rstest]
    #[case(&["example.org"], &[], "example.org", true)]
    #[case(&["example.org"], &[], "anexample.org", false)]
    #[case(&[".example.org"], &[], "test.example.org", true)]
    #[case(&[".example.org"], &[], "example.org", false)]
    #[case(&[".example.org"], &[], "anexample.org", false)]
    #[case(&["example.org"], &["api.example.org"], "dev-api.example.org", true)]
    #[case(&["example.org"], &["api.example.org"], "dev.api.example.org", false)]
    #[case(&["API.xn--StonkS-u354e.ORG"], &[], "api.stonks📈.org", true)]
    #[case(&[" Example.ORG. "], &[], "a.example.org", true)]
    #[case(&["", " . "], &[], "a.example.org", true)]
    #[case(&[], &["example.org"], "a.example.org", false)]
    #[case(&[], &["example.org"], "a.example.net", true)]
    fn suffixes(
        #[case] include: &[&str],
        #[case] exclude: &[&str],
        #[case] text: &str,
        #[case] passes: bool,
    ) {
        assert_eq!(DomainFilter::from_suffixes(include, exclude).unwrap().matches(&name(text)), passes);
    }

    #[rstest]
    #[case(Some("^a"), None, "a.example.org", true)]
    #[case(Some("ample"), None, "a.example.org", true)]
    #[case(Some("^a"), Some("org$"), "a.example.org", false)]
    #[case(None, Some("net$"), "a.example.org", true)]
    #[case(Some("^brød"), None, "xn--brd-1na.example.org", true)]
    fn regexes(
        #[case] include: Option<&str>,
        #[case] exclude: Option<&str>,
        #[case] text: &str,
        #[case] passes: bool,
    ) {
        let regex = |text: Option<&str>| text.map(|t| Regex::new(t).unwrap());
        assert_eq!(DomainFilter::from_regexes(regex(include), regex(exclude)).matches(&name(text)), passes);
    }

    #[rstest]
    #[case(&["a.example.org"], "example.org", true)]
    #[case(&[".a.example.org"], "example.org", false)]
    #[case(&["example.org"], "a.example.org", true)]
    #[case(&["example.org"], "example.net", false)]
    fn zones(#[case] include: &[&str], #[case] zone: &str, #[case] passes: bool) {
        assert_eq!(DomainFilter::from_suffixes(include, &[]).unwrap().matches_zone(&name(zone)), passes);
    }

    #[rstest]
    #[case("{}", "{}")]
    #[case("null", "{}")]
    #[case(r#"{"filters":["x"]}"#, "{}")]
    #[case(
        r#"{"include":["b.org","a.org"],"exclude":[".c.org"]}"#,
        r#"{"include":["a.org","b.org"],"exclude":[".c.org"]}"#
    )]
    #[case(r#"{"regexInclude":"^a"}"#, r#"{"regexInclude":"^a"}"#)]
    fn wire_form(#[case] json: &str, #[case] expected: &str) {
        let filter: DomainFilter = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&filter).unwrap(), expected);
    }

    #[rstest]
    #[case(r#"{"include":["a.org"],"regexInclude":"x"}"#, "not both")]
    #[case(r#"{"regexExclude":"("}"#, "invalid regexExclude")]
    fn bad_wire_forms_say_why(#[case] json: &str, #[case] message: &str) {
        let error = serde_json::from_str::<DomainFilter>(json).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

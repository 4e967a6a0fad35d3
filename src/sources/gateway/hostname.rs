//! Host names of Routes and listeners, and what two of them have in common.

use std::net::IpAddr;
use zonewright_planner::DnsName;

/// The host that a Route or listener asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// None in particular.
    Any,
    /// A name, or a wildcard for everything below a name.
    Name(DnsName),
}

impl Host {
    /// Reads a host; the empty text means any. Allowed is what the Gateway API allows: labels of letters, digits and inner hyphens,
    /// after at most one leading `*`; no IP address. International names are turned into A-labels first, and a trailing dot is dropped.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Any);
        }
        let name = DnsName::parse(text).map_err(|error| error.to_string())?;
        let without_wildcard = name.as_str().strip_prefix("*.").unwrap_or(name.as_str());
        if without_wildcard.parse::<IpAddr>().is_ok() {
            return Err(format!("{text:?} is an IP address, not a host name"));
        }
        match without_wildcard.split('.').find(|label| !is_host_label(label)) {
            Some(label) => Err(format!("{text:?} is not a host name (label {label:?})")),
            None => Ok(Self::Name(name)),
        }
    }

    /// The narrower of two hosts if one contains the other; `None` when they share nothing, or when neither says a name.
    pub fn intersection<'a>(&'a self, other: &'a Self) -> Option<&'a DnsName> {
        match (self, other) {
            (Self::Any, Self::Any) => None,
            (Self::Any, Self::Name(name)) | (Self::Name(name), Self::Any) => Some(name),
            (Self::Name(a), Self::Name(b)) if contains(a, b) => Some(b),
            (Self::Name(a), Self::Name(b)) if contains(b, a) => Some(a),
            _ => None,
        }
    }
}

/// Whether `name` equals `pattern`, or lies any number of labels below a wildcard. The parent of a wildcard is not below it.
fn contains(pattern: &DnsName, name: &DnsName) -> bool {
    pattern == name
        || pattern.as_str().strip_prefix('*').is_some_and(|suffix| name.as_str().ends_with(suffix))
}

/// RFC 1123 section 2.1; lengths were checked before.
fn is_host_label(label: &str) -> bool {
    label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "", None)]
    #[case("", "foo.example.net", Some("foo.example.net"))]
    #[case("foo.example.net", "foo.example.net", Some("foo.example.net"))]
    #[case("foo.example.net", "bar.example.net", None)]
    #[case("*.example.net", "test.example.net", Some("test.example.net"))]
    #[case("*.example.net", "a.b.test.example.net", Some("a.b.test.example.net"))]
    #[case("*.example.net", "a.example.net", Some("a.example.net"))]
    #[case("*.example.net", "example.net", None)]
    #[case("*.ple.net", "simple.net", None)]
    #[case("*.ple.example.net", "simple.example.net", None)]
    #[case("*.example.net", "*.foo.example.net", Some("*.foo.example.net"))]
    #[case("*.example.net", "*.example.net", Some("*.example.net"))]
    #[case("*.example.net", "*.example.org", None)]
    #[case("*.example.net", "FOO.example.net.", Some("foo.example.net"))]
    fn intersections(#[case] a: &str, #[case] b: &str, #[case] expected: Option<&str>) {
        let (a, b) = (Host::parse(a).unwrap(), Host::parse(b).unwrap());
        assert_eq!(a.intersection(&b).map(DnsName::as_str), expected);
        assert_eq!(b.intersection(&a).map(DnsName::as_str), expected);
    }

    #[rstest]
    #[case("1.2.3.4")]
    #[case("*.1.2.3.4")]
    #[case("2001:db8::1")]
    #[case("_x.example.net")]
    #[case("*")]
    #[case("*example.net")]
    #[case("e*.example.net")]
    #[case("*.*.example.net")]
    #[case("-a.net")]
    #[case("a-.net")]
    #[case("a..net")]
    #[case(".")]
    #[case("dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.example.org")]
    fn not_hosts(#[case] text: &str) {
        assert!(Host::parse(text).is_err(), "{text}");
    }

    #[test]
    fn international_names_are_encoded() {
        assert_eq!(
            Host::parse("Bücher.example.net"),
            Ok(Host::Name(DnsName::parse("xn--bcher-kva.example.net").unwrap()))
        );
    }
}

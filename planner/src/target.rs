//! What a record points at: typed, validated, in one spelling.

use crate::{DnsName, NameError, RecordType};
use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// One value of a record set, in canonical form. [`fmt::Display`] gives the text that goes on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// An IPv4 address (A).
    V4(Ipv4Addr),
    /// An IPv6 address (AAAA), spelled as RFC 5952 recommends. IPv4-mapped addresses stay IPv6.
    V6(Ipv6Addr),
    /// A host name (CNAME, DNAME, NS, PTR, or an alias behind an A or AAAA), written without trailing dot.
    Name(DnsName),
    /// A mail exchanger: `10 mail.example.org`. No exchange means the null MX `0 .` of RFC 7505.
    Mx {
        /// Preference, lower is tried first.
        preference: u16,
        /// The mail host.
        exchange: Option<DnsName>,
    },
    /// A service location (RFC 2782): `0 50 443 host.example.org.`, with a trailing dot as ExternalDNS requires.
    /// No host means `.`, "not available here".
    Srv {
        /// Priority, lower is tried first.
        priority: u16,
        /// Share among equal priorities.
        weight: u16,
        /// TCP or UDP port.
        port: u16,
        /// The host that serves.
        host: Option<DnsName>,
    },
    /// Text carried verbatim: TXT in presentation form, NAPTR, and types that are never planned.
    Text(Arc<str>),
}

/// Why a text is not a target of a record type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing at all.
    #[error("an empty target")]
    Empty,
    /// Not an address of the family that the type needs.
    #[error("target {target:?} is not an {family} address, as record type {record_type} needs")]
    NotAnAddress {
        /// The text.
        target: String,
        /// `IPv4` or `IPv6`.
        family: &'static str,
        /// A or AAAA.
        record_type: RecordType,
    },
    /// Not a host name.
    #[error("target {target:?} is not a host name: {source}")]
    NotAName {
        /// The text.
        target: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// An address where a name is needed (PTR).
    #[error("target {target:?} is an address, record type {record_type} needs a host name")]
    Address {
        /// The text.
        target: String,
        /// The type that was asked for.
        record_type: RecordType,
    },
    /// Not `<preference> <host>`.
    #[error("target {target:?} is not of the form \"<preference 0-65535> <mail host>\"")]
    NotMx {
        /// The text.
        target: String,
    },
    /// Not `<priority> <weight> <port> <host.>`.
    #[error(
        "target {target:?} is not of the form \"<priority> <weight> <port> <host.>\" (numbers 0-65535, host ending in a dot)"
    )]
    NotSrv {
        /// The text.
        target: String,
    },
}

/// The record type that a bare target suggests: A for IPv4, AAAA for IPv6 (IPv4-mapped included), else CNAME. An IPv6 address
/// with a zone (`fe80::1%eth0`, RFC 4007) is meant as an address too, although no record can hold it.
pub fn suitable_type(text: &str) -> RecordType {
    let without_zone = text.split_once('%').map_or(text, |(address, _)| address);
    match without_zone.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) if without_zone == text => RecordType::A,
        Ok(IpAddr::V6(_)) => RecordType::Aaaa,
        _ => RecordType::Cname,
    }
}

impl Target {
    /// Parses a target of a record type. `alias` admits host names behind A and AAAA (provider aliases).
    ///
    /// # Errors
    /// [`TargetError`] names the text and the form that is needed.
    pub fn parse(record_type: &RecordType, text: &str, alias: bool) -> Result<Self, TargetError> {
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        match record_type {
            RecordType::A | RecordType::Aaaa => parse_address(record_type, text, alias),
            RecordType::Cname | RecordType::Dname | RecordType::Ns => parse_name(text).map(Self::Name),
            RecordType::Ptr if text.parse::<IpAddr>().is_ok() => {
                Err(TargetError::Address { target: text.to_owned(), record_type: record_type.clone() })
            }
            RecordType::Ptr => parse_name(text).map(Self::Name),
            RecordType::Mx => parse_mx(text).ok_or_else(|| TargetError::NotMx { target: text.to_owned() }),
            RecordType::Srv => parse_srv(text).ok_or_else(|| TargetError::NotSrv { target: text.to_owned() }),
            RecordType::Txt | RecordType::Naptr | RecordType::Other(_) => Ok(Self::Text(text.into())),
        }
    }

    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::V4(ip) => Some(IpAddr::V4(*ip)),
            Self::V6(ip) => Some(IpAddr::V6(*ip)),
            _ => None,
        }
    }
}

fn parse_address(record_type: &RecordType, text: &str, alias: bool) -> Result<Target, TargetError> {
    let (parsed, family) = match record_type {
        RecordType::A => (text.parse().ok().map(Target::V4), "IPv4"),
        _ => (text.parse().ok().map(Target::V6), "IPv6"),
    };
    let name = match parsed {
        Some(target) => return Ok(target),
        None if alias => Some(parse_name(text)?),
        None => None,
    };
    // An address with a dot at its end, or in full-width digits, is a name that looks like the address: read back it would be that,
    // and the record never in sync.
    let looks_alike = |name: &DnsName| parse_address(record_type, name.as_str(), false).is_ok();
    match name {
        Some(name) if !looks_alike(&name) => Ok(Target::Name(name)),
        _ => Err(TargetError::NotAnAddress {
            target: text.to_owned(),
            family,
            record_type: record_type.clone(),
        }),
    }
}

fn parse_name(text: &str) -> Result<DnsName, TargetError> {
    DnsName::parse(text).map_err(|source| TargetError::NotAName { target: text.to_owned(), source })
}

fn host_or_root(text: &str) -> Option<Option<DnsName>> {
    if text == "." { Some(None) } else { DnsName::parse(text).ok().map(Some) }
}

fn parse_mx(text: &str) -> Option<Target> {
    let mut fields = text.split_whitespace();
    let preference = fields.next()?.parse().ok()?;
    let exchange = host_or_root(fields.next()?)?;
    fields.next().is_none().then_some(Target::Mx { preference, exchange })
}

fn parse_srv(text: &str) -> Option<Target> {
    let mut fields = text.split_whitespace();
    let priority = fields.next()?.parse().ok()?;
    let weight = fields.next()?.parse().ok()?;
    let port = fields.next()?.parse().ok()?;
    let host = fields.next().filter(|host| host.ends_with('.'))?;
    let host = host_or_root(host)?;
    fields.next().is_none().then_some(Target::Srv { priority, weight, port, host })
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(ip) => fmt::Display::fmt(ip, f),
            Self::V6(ip) => fmt::Display::fmt(ip, f),
            Self::Name(name) => fmt::Display::fmt(name, f),
            Self::Mx { preference, exchange: Some(host) } => write!(f, "{preference} {host}"),
            Self::Mx { preference, exchange: None } => write!(f, "{preference} ."),
            Self::Srv { priority, weight, port, host: Some(host) } => {
                write!(f, "{priority} {weight} {port} {host}.")
            }
            Self::Srv { priority, weight, port, host: None } => write!(f, "{priority} {weight} {port} ."),
            Self::Text(text) => f.pad(text),
        }
    }
}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Addresses come first, IPv4 before IPv6, in numeric order; everything else follows in byte order of its text. This is
/// the order in which ExternalDNS weighs competing targets.
impl Ord for Target {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::V4(a), Self::V4(b)) => a.cmp(b),
            (Self::V6(a), Self::V6(b)) => a.cmp(b),
            (Self::V4(_), _) => Ordering::Less,
            (_, Self::V4(_)) => Ordering::Greater,
            (Self::V6(_), _) => Ordering::Less,
            (_, Self::V6(_)) => Ordering::Greater,
            (Self::Name(a), Self::Name(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            // The variant breaks the tie so that the order agrees with equality.
            (a, b) => a.to_string().cmp(&b.to_string()).then(a.rank().cmp(&b.rank())),
        }
    }
}

impl Target {
    fn rank(&self) -> u8 {
        match self {
            Self::V4(_) => 0,
            Self::V6(_) => 1,
            Self::Name(_) => 2,
            Self::Mx { .. } => 3,
            Self::Srv { .. } => 4,
            Self::Text(_) => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("A", "192.0.2.1", "192.0.2.1")]
    #[case("AAAA", "2001:0DB8:0:0::A", "2001:db8::a")]
    #[case("AAAA", "::ffff:192.0.2.9", "::ffff:192.0.2.9")]
    #[case("CNAME", "Cdn.Example.NET.", "cdn.example.net")]
    #[case("CNAME", "192.0.2.1:80", "192.0.2.1:80")]
    #[case("MX", "10  Mail.example.org.", "10 mail.example.org")]
    #[case("MX", "0 .", "0 .")]
    #[case("SRV", "0 50 443 Host.example.org.", "0 50 443 host.example.org.")]
    #[case("SRV", "0 0 0 .", "0 0 0 .")]
    #[case("TXT", "\"Two  words\"", "\"Two  words\"")]
    #[case("PTR", "a.example.org", "a.example.org")]
    fn targets_have_one_spelling(#[case] record_type: &str, #[case] text: &str, #[case] expected: &str) {
        let record_type = RecordType::from_text(record_type);
        assert_eq!(Target::parse(&record_type, text, false).unwrap().to_string(), expected);
    }

    /// Found by fuzzing: written, such an alias would be read back as an address.
    #[rstest]
    #[case("A", "192.0.2.1.")]
    #[case("A", "１９２.0.2.1")]
    #[case("AAAA", "2001:db8::.")]
    fn an_alias_is_no_address_in_disguise(#[case] record_type: &str, #[case] text: &str) {
        Target::parse(&RecordType::from_text(record_type), text, true).unwrap_err();
    }

    #[rstest]
    #[case("A", "192.0.2.256")]
    #[case("A", "192.0.2.010")]
    #[case("A", "::ffff:192.0.2.1")]
    #[case("AAAA", "192.0.2.1")]
    #[case("AAAA", "fe80::1%eth0")]
    #[case("A", "lb.example.net")]
    #[case("CNAME", "")]
    #[case("CNAME", "a b")]
    #[case("MX", "mail.example.org")]
    #[case("MX", "70000 mail.example.org")]
    #[case("MX", "10 mail.example.org x")]
    #[case("SRV", "0 50 443 host.example.org")]
    #[case("SRV", "0 50 host.example.org.")]
    #[case("PTR", "192.0.2.1")]
    fn malformed_targets_are_refused(#[case] record_type: &str, #[case] text: &str) {
        Target::parse(&RecordType::from_text(record_type), text, false).unwrap_err();
    }

    #[test]
    fn an_alias_may_point_at_a_name() {
        let target = Target::parse(&RecordType::A, "LB.example.net", true).unwrap();
        assert_eq!(target, Target::Name(DnsName::parse("lb.example.net").unwrap()));
    }

    #[test]
    fn addresses_are_ordered_by_number_and_before_names() {
        let mut targets: Vec<Target> =
            [("A", "10.0.0.1"), ("A", "9.9.9.9"), ("CNAME", "0.example.org"), ("AAAA", "::1")]
                .iter()
                .map(|(t, v)| Target::parse(&RecordType::from_text(t), v, false).unwrap())
                .collect();
        targets.sort();
        let texts: Vec<String> = targets.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["9.9.9.9", "10.0.0.1", "::1", "0.example.org"]);
    }
}

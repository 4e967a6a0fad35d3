//! Record types.

use std::fmt;

/// A DNS record type, spelled as in `--managed-record-types`.
///
/// The ten named types are the ones that can be planned. Anything else a DNSEndpoint or a provider mentions is carried
/// as [`RecordType::Other`], never planned, and compared as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the variants are the RFC names
pub enum RecordType {
    A,
    Aaaa,
    Cname,
    Txt,
    Srv,
    Ns,
    Ptr,
    Mx,
    Naptr,
    Dname,
    /// A type (or a misspelling of one) that is never planned.
    Other(Box<str>),
}

impl RecordType {
    /// Every type that can be planned, in the order used for listings.
    pub const ALL: [RecordType; 10] = [
        RecordType::A,
        RecordType::Aaaa,
        RecordType::Cname,
        RecordType::Txt,
        RecordType::Srv,
        RecordType::Ns,
        RecordType::Ptr,
        RecordType::Mx,
        RecordType::Naptr,
        RecordType::Dname,
    ];

    /// Reads a type as written; case matters, as in ExternalDNS.
    pub fn from_text(text: &str) -> Self {
        match text {
            "A" => Self::A,
            "AAAA" => Self::Aaaa,
            "CNAME" => Self::Cname,
            "TXT" => Self::Txt,
            "SRV" => Self::Srv,
            "NS" => Self::Ns,
            "PTR" => Self::Ptr,
            "MX" => Self::Mx,
            "NAPTR" => Self::Naptr,
            "DNAME" => Self::Dname,
            other => Self::Other(other.into()),
        }
    }

    /// The upper-case name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
            Self::Srv => "SRV",
            Self::Ns => "NS",
            Self::Ptr => "PTR",
            Self::Mx => "MX",
            Self::Naptr => "NAPTR",
            Self::Dname => "DNAME",
            Self::Other(text) => text,
        }
    }

    /// Whether this type can be planned at all.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Whether the type holds an IP address.
    pub fn is_address(&self) -> bool {
        matches!(self, Self::A | Self::Aaaa)
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for record_type in RecordType::ALL {
            assert_eq!(RecordType::from_text(record_type.as_str()), record_type);
        }
        assert_eq!(RecordType::from_text("a"), RecordType::Other("a".into()));
    }
}

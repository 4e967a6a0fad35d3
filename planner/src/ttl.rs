//! Time to live.

/// A record's TTL in seconds. Zero and negative values mean "not set": the provider's default applies, and they never
/// cause an update. They are kept as given because ExternalDNS hands them on to providers unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ttl(i64);

impl Ttl {
    /// No TTL asked for.
    pub const UNSET: Ttl = Ttl(0);

    /// A TTL of this many seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The value as given.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The value if it is one.
    pub const fn configured(self) -> Option<i64> {
        if self.0 > 0 { Some(self.0) } else { None }
    }
}

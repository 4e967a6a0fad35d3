//! What a provider can hold, as data.

use crate::Zone;
use std::num::NonZeroUsize;
use zonewright_planner::{Endpoint, RecordType};

/// A provider's limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Capabilities {
    /// Record types the service stores.
    pub record_types: Vec<RecordType>,
    /// Whether several record sets of one name and type can stand side by side, told apart by a set identifier.
    pub set_identifiers: bool,
    /// Whether names below the zone's may begin with an asterisk.
    pub wildcards: bool,
    /// Whether records can stand at the zone's own name.
    pub apex: bool,
    /// The most changes that one write call takes; `None` for no limit. Ownership rows do not count.
    pub changes_per_write: Option<NonZeroUsize>,
    /// How many requests per second the service is meant to get, listing included; `None` for as many as there are. Listing is
    /// made rarer where it would take much of it.
    pub requests_per_second: Option<f64>,
}

/// Why a wish cannot be stored by a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// The service has no such record type.
    #[error("the provider does not store {0} records")]
    RecordType(RecordType),
    /// The service keeps one record set per name and type.
    #[error("the provider does not know set identifiers")]
    SetIdentifier,
    /// The service has no wildcards.
    #[error("the provider does not store wildcards")]
    Wildcard,
    /// The service stores nothing at the name of a zone.
    #[error("the provider does not store records at the name of a zone itself")]
    Apex,
}

impl Capabilities {
    /// A provider that stores every plannable type, set identifiers included, in writes of any size.
    pub fn everything() -> Self {
        Self {
            record_types: RecordType::ALL.to_vec(),
            set_identifiers: true,
            wildcards: true,
            apex: true,
            changes_per_write: None,
            requests_per_second: None,
        }
    }

    /// Whether the service can store a wish. Types that are never planned pass: they are filtered elsewhere.
    ///
    /// # Errors
    /// The first limit that the wish breaks.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), Unsupported> {
        let record_type = &endpoint.record_type;
        if record_type.is_known() && !self.record_types.contains(record_type) {
            return Err(Unsupported::RecordType(record_type.clone()));
        }
        if !endpoint.set_identifier.is_empty() && !self.set_identifiers {
            return Err(Unsupported::SetIdentifier);
        }
        if !self.wildcards && endpoint.name.is_wildcard() {
            return Err(Unsupported::Wildcard);
        }
        Ok(())
    }

    /// Whether the service can store a wish in a zone.
    ///
    /// # Errors
    /// The first limit that the wish breaks.
    pub fn check_in(&self, zone: &Zone, endpoint: &Endpoint) -> Result<(), Unsupported> {
        self.check(endpoint)?;
        let is_at_apex = zone.name.as_ref() == Some(&endpoint.name);
        if is_at_apex && !self.apex && endpoint.record_type.is_known() {
            return Err(Unsupported::Apex);
        }
        Ok(())
    }
}

//! Records: what exists in DNS.

use crate::{DnsName, Endpoint, Labels, Owner, Properties, RecordType, Target, Ttl};
use std::fmt;
use std::sync::Arc;

/// The provider's own identifier of a zone. Two zones may share a name (split horizon), never an id.
///
/// Every record has one, so the pointer is thin: half the size for one more step on the way to the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(Arc<Box<str>>);

impl ZoneId {
    /// Wraps a provider's zone id.
    pub fn new(id: impl Into<Box<str>>) -> Self {
        Self(Arc::new(id.into()))
    }

    /// The id as the provider writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ZoneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A record set as a provider reported it, with what the registry knows about its ownership.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// The zone it was read from; changes go back there.
    pub zone: ZoneId,
    /// Canonical name.
    pub name: DnsName,
    /// Type.
    pub record_type: RecordType,
    /// Empty for plain record sets.
    pub set_identifier: Arc<str>,
    /// TTL as reported.
    pub ttl: Ttl,
    /// Canonical targets in the order in which they were read.
    pub targets: Vec<Target>,
    /// Labels from the ownership record, the owner included, and whatever the provider attached.
    pub labels: Labels,
    /// Provider settings as reported.
    pub properties: Properties,
    /// How it was written where that differs from the canonical form: providers that match exactly need it back.
    pub spelling: Option<Box<Spelling>>,
    /// The state of its ownership record.
    pub ownership: Ownership,
}

/// Name and targets letter for letter as read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spelling {
    /// Name as read.
    pub name: String,
    /// Targets as read.
    pub targets: Vec<String>,
}

/// What is to be mended about the ownership record of a record of ours.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Ownership {
    /// Ownership is known only from an older form of row; the one that this version writes is missing.
    pub row_missing: bool,
    /// Ownership is known only from a row under a former name (`--txt-prefix-read`); the one under today's name is missing.
    pub row_moved: bool,
    /// Ownership is known only from a row in the zone; it is to stand in this table beside DNS (`--registry=dynamodb`). Thin, because
    /// every record has one of these.
    pub into_table: Option<Arc<String>>,
    /// Rows under former names stand beside today's, and are to go (`--txt-prune-old-rows`).
    pub former_rows: bool,
    /// The owner that the row still names while owners are migrated (`--migrate-from-txt-owner`).
    pub migrate_from: Option<Owner>,
    /// It has no owner of its own: owners share it, and each says its part. The owner label is then ours if we do, else that of
    /// the first who does.
    pub shared: bool,
}

/// What makes a record set unique within a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Canonical name.
    pub name: DnsName,
    /// Type.
    pub record_type: RecordType,
    /// Set identifier, empty for plain record sets.
    pub set_identifier: Arc<str>,
}

impl Record {
    /// Builds a record as read from a provider. Names and targets that do not parse make the record unusable for planning;
    /// callers keep count of those.
    ///
    /// # Errors
    /// When the name is not a DNS name. Targets never fail: what does not fit the type is kept as text.
    pub fn from_text<T: AsRef<str>>(
        zone: ZoneId,
        name: &str,
        record_type: RecordType,
        targets: &[T],
    ) -> Result<Self, crate::NameError> {
        let parsed_name = DnsName::parse(name)?;
        let parsed: Vec<Target> = targets
            .iter()
            .map(|t| {
                // A provider may report an alias with or without the property; both are what exists.
                Target::parse(&record_type, t.as_ref(), true)
                    .unwrap_or_else(|_| Target::Text(t.as_ref().into()))
            })
            .collect();
        let spelled_alike = parsed_name.as_str() == name
            && parsed.iter().zip(targets).all(|(parsed, text)| parsed.to_string() == text.as_ref());
        let spelling = (!spelled_alike).then(|| {
            Box::new(Spelling {
                name: name.to_owned(),
                targets: targets.iter().map(|t| t.as_ref().to_owned()).collect(),
            })
        });
        Ok(Self {
            zone,
            name: parsed_name,
            record_type,
            // The one empty text that all share.
            set_identifier: Arc::default(),
            ttl: Ttl::UNSET,
            targets: parsed,
            labels: Labels::new(),
            properties: Properties::new(),
            spelling,
            ownership: Ownership::default(),
        })
    }

    /// The record that exists once a wish has been written to a zone.
    pub fn from_endpoint(zone: ZoneId, endpoint: &Endpoint) -> Self {
        Self {
            zone,
            name: endpoint.name.clone(),
            record_type: endpoint.record_type.clone(),
            set_identifier: endpoint.set_identifier.clone(),
            ttl: endpoint.ttl,
            targets: endpoint.targets.clone(),
            labels: endpoint.labels.clone(),
            properties: endpoint.properties.clone(),
            spelling: None,
            ownership: Ownership {
                shared: crate::Statement::is_noted_on(&endpoint.labels),
                ..Ownership::default()
            },
        }
    }

    /// What identifies the record set in its zone.
    pub fn key(&self) -> RecordKey {
        RecordKey {
            name: self.name.clone(),
            record_type: self.record_type.clone(),
            set_identifier: self.set_identifier.clone(),
        }
    }

    /// The name letter for letter as read.
    pub fn spelled_name(&self) -> &str {
        self.spelling.as_deref().map_or(self.name.as_str(), |s| &s.name)
    }

    /// The targets letter for letter as read.
    pub fn spelled_targets(&self) -> Vec<String> {
        match self.spelling.as_deref() {
            Some(spelling) => spelling.targets.clone(),
            None => self.targets.iter().map(ToString::to_string).collect(),
        }
    }

    /// Whether this instance owns the record. Without an owner id (registry `noop`) everything is ours.
    pub fn is_owned_by(&self, owner: Option<&Owner>) -> bool {
        owner.is_none_or(|owner| self.labels.owner() == Some(owner.as_str()))
    }

    /// Whether the targets are the same set.
    pub fn has_targets(&self, wanted: &[Target]) -> bool {
        if self.targets == wanted {
            return true;
        }
        let sorted = |targets: &[Target]| {
            let mut sorted = targets.to_vec();
            sorted.sort();
            sorted.dedup();
            sorted
        };
        sorted(&self.targets) == sorted(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_remembers_how_it_was_spelled() {
        let zone = ZoneId::new("z");
        let record =
            Record::from_text(zone.clone(), "Web.Example.org", RecordType::A, &["192.0.2.1"]).unwrap();
        assert_eq!(record.name.as_str(), "web.example.org");
        assert_eq!(record.spelled_name(), "Web.Example.org");
        let record = Record::from_text(zone, "web.example.org", RecordType::A, &["192.0.2.1"]).unwrap();
        assert_eq!(record.spelling, None);
    }

    #[test]
    fn targets_are_compared_as_sets() {
        let record =
            Record::from_text(ZoneId::new("z"), "a.example.org", RecordType::A, &["10.0.0.1", "9.9.9.9"])
                .unwrap();
        let wanted: Vec<Target> = ["9.9.9.9", "10.0.0.1"]
            .iter()
            .map(|t| Target::parse(&RecordType::A, t, false).unwrap())
            .collect();
        assert!(record.has_targets(&wanted));
        assert!(!record.has_targets(&wanted[..1]));
    }
}

//! What was left alone, and why.

use super::{HoldReason, Policy, Refusal};
use crate::{DnsName, Endpoint, ObjectRef, Owner, Record, RecordType, Target};
use std::fmt;
use std::sync::Arc;

/// Something that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// The record's name.
    pub name: DnsName,
    /// The record's type.
    pub record_type: RecordType,
    /// The record's set identifier.
    pub set_identifier: Arc<str>,
    /// Why.
    pub reason: SkipReason,
    /// The objects concerned.
    pub objects: Vec<Arc<ObjectRef>>,
}

impl Skip {
    /// A wish that is not carried out.
    pub fn of_wish(endpoint: &Endpoint, reason: SkipReason) -> Self {
        Self {
            name: endpoint.name.clone(),
            record_type: endpoint.record_type.clone(),
            set_identifier: endpoint.set_identifier.clone(),
            reason,
            objects: endpoint.objects.clone(),
        }
    }

    /// A record that is left as it is.
    pub fn of_record(record: &Record, reason: SkipReason) -> Self {
        Self {
            name: record.name.clone(),
            record_type: record.record_type.clone(),
            set_identifier: record.set_identifier.clone(),
            reason,
            objects: Vec::new(),
        }
    }
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The record belongs to another owner.
    ForeignOwner {
        /// The owner in the ownership record.
        owner: Owner,
    },
    /// The record has no ownership record; it was made by hand or by another tool.
    Unowned,
    /// No record exists, but another owner's ownership record holds the name.
    Claimed {
        /// The owner in the ownership record.
        owner: Owner,
    },
    /// The record belongs to the owner that is taken over from, and no object here asks for it: it may be somebody else's.
    NotMigrated {
        /// The owner in the ownership record.
        owner: Owner,
    },
    /// The policy forbids deleting.
    PolicyKeeps(Policy),
    /// The policy forbids updating.
    PolicyFreezes(Policy),
    /// The name does not pass the domain filter.
    DomainFilter,
    /// The type is not managed.
    UnmanagedType,
    /// Another wish for the same name and type won.
    Conflict {
        /// What won: its resource label, or its targets.
        winner: String,
    },
    /// A CNAME cannot stand beside another type, and the other type wins.
    CnameConflict {
        /// The type that won.
        beside: RecordType,
    },
    /// Another owner shares the name with a type that excludes this one.
    TypeConflict {
        /// The other owner.
        owner: Owner,
        /// What it has there.
        record_type: RecordType,
    },
    /// The record of a shared name points at more than any owner says. It stays.
    Unattributed {
        /// At what.
        targets: Vec<Target>,
    },
    /// A record that stays stands in the way: DNS does not allow a CNAME beside other data (RFC 1034 section 3.6.2).
    Impossible {
        /// The type that stays.
        beside: RecordType,
    },
    /// The object still asks for the name but has nothing to point it at.
    Held(HoldReason),
    /// The operator's rules do not let the object have the name.
    Refused(Refusal),
    /// The provider or the registry cannot store it.
    Unsupported {
        /// What does not fit.
        why: String,
    },
    /// A command that is about some records leaves this one out.
    LeftOut {
        /// Why, and what would take it in.
        why: String,
    },
    /// No zone of the provider contains the name.
    NoZone,
    /// The zone that contains the name could not be read in this cycle.
    ZoneUnreadable {
        /// The provider's id of the zone.
        zone: String,
    },
    /// The source that this record comes from could not be read completely.
    SourceIncomplete {
        /// The `--source` value.
        source: String,
    },
    /// The delete guard: too large a share of a zone would be deleted.
    Guarded {
        /// The provider's id of the zone.
        zone: String,
        /// What to approve to let exactly these deletes through.
        hash: String,
    },
    /// The provider refused it; it is tried again later, or as soon as the wish changes.
    Quarantined {
        /// What the provider said.
        why: String,
        /// How many times in a row it was refused.
        refusals: u32,
    },
    /// Somebody else keeps changing it after we wrote it; it is left alone for a while.
    Fought {
        /// How many of our writes were undone.
        undone: u32,
    },
    /// The zone is left alone for a while after a failure.
    ZoneWaiting {
        /// The provider's id of the zone.
        zone: String,
        /// What failed.
        why: String,
    },
}

impl SkipReason {
    /// A short fixed word for metrics, events and machine output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ForeignOwner { .. } => "foreign-owner",
            Self::Unowned => "unowned",
            Self::Claimed { .. } => "claimed",
            Self::NotMigrated { .. } => "not-migrated",
            Self::PolicyKeeps(_) | Self::PolicyFreezes(_) => "policy",
            Self::DomainFilter => "domain-filter",
            Self::UnmanagedType => "unmanaged-type",
            Self::Conflict { .. } => "conflict",
            Self::CnameConflict { .. } => "cname-conflict",
            Self::TypeConflict { .. } => "type-conflict",
            Self::Unattributed { .. } => "unattributed",
            Self::Impossible { .. } => "impossible",
            Self::Held(_) => "held",
            Self::Refused(refusal) => refusal.code(),
            Self::Unsupported { .. } => "unsupported",
            Self::LeftOut { .. } => "left-out",
            Self::NoZone => "no-zone",
            Self::ZoneUnreadable { .. } => "zone-unreadable",
            Self::SourceIncomplete { .. } => "source-incomplete",
            Self::Guarded { .. } => "guard",
            Self::Quarantined { .. } => "quarantined",
            Self::Fought { .. } => "fought",
            Self::ZoneWaiting { .. } => "zone-waiting",
        }
    }
}

/// The reasons, sorted by what they mean to those who hear of them: who is concerned, and whether it passes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkipKind {
    /// Another owner has it.
    Foreign,
    /// Nobody's records are not ours to change.
    Unowned,
    /// It is wanted in ways that exclude each other.
    Conflict,
    /// Somebody else keeps changing it back.
    Fought,
    /// The operator's rules do not let the object have the name.
    Denied,
    /// The policy does not make such changes.
    Policy,
    /// It is outside of what is managed.
    Filtered,
    /// No zone contains the name.
    NoZone,
    /// What the object asks for makes no sense.
    Malformed,
    /// The provider or the registry cannot store it.
    Unsupported,
    /// The provider refused it, and may be asked again.
    Quarantined,
    /// It stays as it is while nobody can say what it should be.
    Held,
    /// As held, because of a whole source.
    Incomplete,
    /// The zone is out of reach, or rests.
    ZoneTrouble,
    /// The delete guard keeps it.
    Withheld,
}

impl SkipReason {
    /// What it means to those who hear of it.
    pub fn kind(&self) -> SkipKind {
        match self {
            Self::ForeignOwner { .. } | Self::Claimed { .. } | Self::NotMigrated { .. } => SkipKind::Foreign,
            Self::Unowned | Self::Unattributed { .. } => SkipKind::Unowned,
            Self::Conflict { .. }
            | Self::CnameConflict { .. }
            | Self::TypeConflict { .. }
            | Self::Impossible { .. }
            | Self::Refused(Refusal::OtherNamespace { .. })
            | Self::Held(HoldReason::Refused(Refusal::OtherNamespace { .. })) => SkipKind::Conflict,
            Self::Fought { .. } => SkipKind::Fought,
            Self::Refused(Refusal::DomainPolicy { .. })
            | Self::Held(HoldReason::Refused(Refusal::DomainPolicy { .. })) => SkipKind::Denied,
            Self::PolicyKeeps(_) | Self::PolicyFreezes(_) => SkipKind::Policy,
            Self::DomainFilter | Self::UnmanagedType | Self::LeftOut { .. } => SkipKind::Filtered,
            Self::NoZone => SkipKind::NoZone,
            Self::Held(HoldReason::Invalid(_)) => SkipKind::Malformed,
            Self::Unsupported { .. } => SkipKind::Unsupported,
            Self::Quarantined { .. } => SkipKind::Quarantined,
            Self::Held(HoldReason::NoTarget | HoldReason::NotAccepted) => SkipKind::Held,
            Self::SourceIncomplete { .. } => SkipKind::Incomplete,
            Self::ZoneUnreadable { .. } | Self::ZoneWaiting { .. } => SkipKind::ZoneTrouble,
            Self::Guarded { .. } => SkipKind::Withheld,
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForeignOwner { owner } => write!(f, "belongs to owner {:?}", owner.as_str()),
            Self::Unowned => f.write_str("exists without an ownership record, so it is not ours to change"),
            Self::Claimed { owner } => {
                write!(f, "the name is held by an ownership record of owner {:?}", owner.as_str())
            }
            Self::NotMigrated { owner } => {
                write!(f, "belongs to owner {:?}, and no object here asks for it", owner.as_str())
            }
            Self::PolicyKeeps(policy) => write!(f, "policy {} does not delete", policy.as_str()),
            Self::PolicyFreezes(policy) => write!(f, "policy {} does not update", policy.as_str()),
            Self::DomainFilter => f.write_str("outside the domain filter"),
            Self::UnmanagedType => f.write_str("record type is not managed"),
            Self::Conflict { winner } => write!(f, "conflicts with {winner}, which wins"),
            Self::CnameConflict { beside } => {
                write!(f, "a CNAME cannot stand beside {beside} records of the same name, which win")
            }
            Self::TypeConflict { owner, record_type } => {
                write!(
                    f,
                    "owner {:?} shares the name with a {record_type} record, which wins",
                    owner.as_str()
                )
            }
            Self::Unattributed { targets } => {
                let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "it also points at {}, which no owner of the shared name asks for",
                    targets.join(", ")
                )
            }
            Self::Impossible { beside } => write!(f, "impossible beside the {beside} record that stays"),
            Self::Held(reason) => write!(f, "held: {reason}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unsupported { why } | Self::LeftOut { why } => f.write_str(why),
            Self::NoZone => f.write_str("no zone of the provider contains the name"),
            Self::ZoneUnreadable { zone } => write!(f, "zone {zone} could not be read"),
            Self::SourceIncomplete { source } => {
                write!(f, "held: source {source} could not be read completely")
            }
            Self::Guarded { zone, hash } => {
                write!(f, "withheld by the delete guard of zone {zone}; to let it through, approve {hash}")
            }
            Self::Quarantined { why, refusals: 1 } => write!(f, "refused by the provider: {why}"),
            Self::Quarantined { why, refusals } => {
                write!(f, "refused by the provider {refusals} times in a row: {why}")
            }
            Self::Fought { undone } => {
                write!(f, "somebody else undid {undone} of our writes; it is left alone for a while")
            }
            Self::ZoneWaiting { zone, why } => {
                write!(f, "zone {zone} is left alone for a while after a failure: {why}")
            }
        }
    }
}

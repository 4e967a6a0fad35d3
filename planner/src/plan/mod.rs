//! The plan: what to change, what was left alone, and why.

mod conflict;
mod diff;
mod hold;
mod refusal;
#[cfg(test)]
mod tests;
mod tidy;
mod withhold;

pub use diff::plan;
pub use hold::{Hold, HoldReason, Holds, Incomplete};
pub use refusal::Refusal;
pub use tidy::Leftover;

use crate::{DnsName, DomainFilter, Endpoint, ObjectRef, Owner, Record, RecordKey, RecordType, Ttl, ZoneId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Which changes may be made (`--policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Create, update and delete.
    Sync,
    /// Create and update.
    UpsertOnly,
    /// Create.
    CreateOnly,
}

impl Policy {
    /// The flag value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::UpsertOnly => "upsert-only",
            Self::CreateOnly => "create-only",
        }
    }

    fn allows_updates(self) -> bool {
        self != Self::CreateOnly
    }

    fn allows_deletes(self) -> bool {
        self == Self::Sync
    }
}

/// The record types in our care: `--managed-record-types` without `--exclude-record-types`. Records of other types are
/// invisible: they neither change nor stand in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedTypes(BTreeSet<RecordType>);

impl ManagedTypes {
    /// The types in `managed` that are not in `excluded`.
    pub fn new(managed: impl IntoIterator<Item = RecordType>, excluded: &[RecordType]) -> Self {
        Self(managed.into_iter().filter(|t| t.is_known() && !excluded.contains(t)).collect())
    }

    /// Whether a type is in our care.
    pub fn contains(&self, record_type: &RecordType) -> bool {
        self.0.contains(record_type)
    }
}

impl Default for ManagedTypes {
    /// A, AAAA and CNAME, the default of `--managed-record-types`.
    fn default() -> Self {
        Self([RecordType::A, RecordType::Aaaa, RecordType::Cname].into())
    }
}

/// Which names to plan.
#[derive(Debug, Clone, Copy, Default)]
pub enum Scope<'a> {
    /// Every name.
    #[default]
    All,
    /// Only these: the names that an event touched.
    Names(&'a BTreeSet<DnsName>),
}

impl Scope<'_> {
    /// Whether a name is planned.
    pub fn covers(&self, name: &DnsName) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => names.contains(name),
        }
    }
}

/// Ownership rows of other owners at names where no record exists.
pub type Claims = BTreeMap<RecordKey, Owner>;

/// Everything a plan depends on.
#[derive(Debug)]
pub struct PlanInput<'a> {
    /// What is wanted, in the order of the sources; order matters only between identical wishes.
    pub desired: &'a [Endpoint],
    /// What exists, with ownership, in any order: all of it, or at least everything at the names of the scope.
    pub current: Vec<&'a Record>,
    /// Names and objects whose records stay as they are.
    pub holds: &'a Holds,
    /// Of every part of what exists: the names that are taken without a record being there.
    pub claims: Vec<&'a Claims>,
    /// A name must pass all of these.
    pub filters: &'a [DomainFilter],
    /// Types in our care.
    pub managed: &'a ManagedTypes,
    /// What may be done.
    pub policy: Policy,
    /// Who we are; `None` (registry `noop`) means everything is ours.
    pub owner: Option<&'a Owner>,
    /// Which names to plan.
    pub scope: Scope<'a>,
    /// Names whose records stand in several zones at once (split horizon), with those zones. Elsewhere a name has one zone, and
    /// which one is of no interest here.
    pub homes: &'a Homes,
}

/// The zones in which the records of a name stand.
pub type Homes = BTreeMap<DnsName, Vec<ZoneId>>;

/// A decision to change something. What it is about is boxed: the first plan of a large zone holds tens of thousands, and a list of
/// them should be as long as what it says, not as long as the longest of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A record set that does not exist yet.
    Create {
        /// What to create.
        new: Box<Endpoint>,
        /// Why.
        reason: CreateReason,
    },
    /// A record set of ours that differs.
    Update {
        /// What exists.
        old: Box<Record>,
        /// What is wanted.
        new: Box<Endpoint>,
        /// Every difference found; never empty.
        reasons: Vec<UpdateReason>,
    },
    /// A record set of ours that nobody wants any more.
    Delete {
        /// What exists.
        old: Box<Record>,
        /// Why.
        reason: DeleteReason,
    },
}

/// Why something is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateReason {
    /// Nothing stands at the name.
    New,
    /// Records of other types stand at the name; all are ours.
    TypeAdded,
    /// It takes the place of a record of another type, deleted in the same plan.
    TypeChanged {
        /// The type that goes.
        from: RecordType,
    },
}

/// One difference between what exists and what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateReason {
    /// Another TTL is asked for.
    Ttl {
        /// What exists.
        from: Ttl,
        /// What is wanted.
        to: Ttl,
    },
    /// The targets differ.
    Targets,
    /// These provider-specific properties differ.
    Properties(Vec<String>),
    /// The ownership record exists only in an older form.
    OwnershipRow,
    /// The ownership record still names this owner.
    OwnerMigration(Owner),
    /// The ownership record stands under a former name only: one under today's name is written.
    RowMoved,
    /// Ownership records under former names are removed.
    FormerRows,
}

impl UpdateReason {
    /// Whether the record itself is already as it should be, and only its ownership record is written or removed.
    pub fn is_of_the_row_alone(&self) -> bool {
        matches!(self, Self::RowMoved | Self::FormerRows)
    }
}

/// Why something is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeleteReason {
    /// No object asks for the name any more.
    NoLongerWanted,
    /// The name is wanted, but not this type.
    TypeNotWanted,
    /// A record of another type takes its place.
    TypeChanged {
        /// The type that comes.
        to: RecordType,
    },
    /// It is an ownership row of ours whose record does not exist.
    LeftoverRow,
}

impl DeleteReason {
    /// Whether it is an ownership row that goes, and no record: nothing stops resolving.
    pub fn is_of_a_row(&self) -> bool {
        matches!(self, Self::LeftoverRow)
    }
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
            Self::Impossible { .. } => "impossible",
            Self::Held(_) => "held",
            Self::Refused(refusal) => refusal.code(),
            Self::Unsupported { .. } => "unsupported",
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
            Self::Impossible { beside } => write!(f, "impossible beside the {beside} record that stays"),
            Self::Held(reason) => write!(f, "held: {reason}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unsupported { why } => f.write_str(why),
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

impl DeleteReason {
    /// Whether something else takes the record's place in the same plan.
    pub fn is_replaced(&self) -> bool {
        matches!(self, Self::TypeChanged { .. })
    }
}

impl fmt::Display for CreateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("new"),
            Self::TypeAdded => f.write_str("type added"),
            Self::TypeChanged { from } => write!(f, "type changed from {from}"),
        }
    }
}

impl fmt::Display for UpdateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ttl { .. } => f.write_str("TTL changed"),
            Self::Targets => f.write_str("targets changed"),
            Self::Properties(names) => write!(f, "{} changed", names.join(", ")),
            Self::OwnershipRow => f.write_str("ownership record is rewritten in the current form"),
            Self::OwnerMigration(owner) => write!(f, "taken over from owner {:?}", owner.as_str()),
            Self::RowMoved => f.write_str("ownership record is written under its new name"),
            Self::FormerRows => f.write_str("ownership records under former names are removed"),
        }
    }
}

impl fmt::Display for DeleteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLongerWanted => f.write_str("no object asks for it"),
            Self::TypeNotWanted => f.write_str("this type is no longer asked for"),
            Self::TypeChanged { to } => write!(f, "type changed to {to}"),
            Self::LeftoverRow => f.write_str("ownership record without its record"),
        }
    }
}

impl Change {
    /// A record set that does not exist yet.
    pub fn create(new: impl Into<Box<Endpoint>>, reason: CreateReason) -> Self {
        Self::Create { new: new.into(), reason }
    }

    /// A record set of ours that differs.
    pub fn update(
        old: impl Into<Box<Record>>,
        new: impl Into<Box<Endpoint>>,
        reasons: Vec<UpdateReason>,
    ) -> Self {
        Self::Update { old: old.into(), new: new.into(), reasons }
    }

    /// A record set of ours that nobody wants any more.
    pub fn delete(old: impl Into<Box<Record>>, reason: DeleteReason) -> Self {
        Self::Delete { old: old.into(), reason }
    }

    /// Whether the record itself stays exactly as it is: only ownership records are written or removed.
    pub fn leaves_record_alone(&self) -> bool {
        match self {
            Self::Update { reasons, .. } => {
                !reasons.is_empty() && reasons.iter().all(UpdateReason::is_of_the_row_alone)
            }
            Self::Create { .. } | Self::Delete { .. } => false,
        }
    }

    /// The record's name.
    pub fn name(&self) -> &DnsName {
        match self {
            Self::Create { new, .. } => &new.name,
            Self::Update { old, .. } | Self::Delete { old, .. } => &old.name,
        }
    }

    /// The record's type.
    pub fn record_type(&self) -> &RecordType {
        match self {
            Self::Create { new, .. } => &new.record_type,
            Self::Update { old, .. } | Self::Delete { old, .. } => &old.record_type,
        }
    }

    /// The record's set identifier.
    pub fn set_identifier(&self) -> &Arc<str> {
        match self {
            Self::Create { new, .. } => &new.set_identifier,
            Self::Update { old, .. } | Self::Delete { old, .. } => &old.set_identifier,
        }
    }

    /// What identifies the record in its zone.
    pub fn key(&self) -> RecordKey {
        RecordKey {
            name: self.name().clone(),
            record_type: self.record_type().clone(),
            set_identifier: self.set_identifier().clone(),
        }
    }

    /// `create`, `update` or `delete`.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
        }
    }

    /// Why, in one line.
    pub fn reason(&self) -> String {
        match self {
            Self::Create { reason, .. } => reason.to_string(),
            Self::Update { reasons, .. } => {
                reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            Self::Delete { reason, .. } => reason.to_string(),
        }
    }

    /// Why, as a short fixed word for metrics; of several reasons the first.
    pub fn reason_code(&self) -> &'static str {
        match self {
            Self::Create { reason: CreateReason::New, .. } => "new",
            Self::Create { reason: CreateReason::TypeAdded, .. } => "type-added",
            Self::Create { reason: CreateReason::TypeChanged { .. }, .. }
            | Self::Delete { reason: DeleteReason::TypeChanged { .. }, .. } => "type-changed",
            Self::Update { reasons, .. } => match reasons.first() {
                Some(UpdateReason::Ttl { .. }) => "ttl",
                Some(UpdateReason::Targets) => "targets",
                Some(UpdateReason::Properties(_)) => "properties",
                Some(UpdateReason::OwnershipRow) | None => "ownership-row",
                Some(UpdateReason::OwnerMigration(_)) => "owner-migration",
                Some(UpdateReason::RowMoved) => "row-moved",
                Some(UpdateReason::FormerRows) => "former-rows",
            },
            Self::Delete { reason: DeleteReason::NoLongerWanted, .. } => "no-longer-wanted",
            Self::Delete { reason: DeleteReason::LeftoverRow, .. } => "leftover-row",
            Self::Delete { reason: DeleteReason::TypeNotWanted, .. } => "type-not-wanted",
        }
    }

    /// The objects behind the wish; a delete has none.
    pub fn objects(&self) -> &[Arc<ObjectRef>] {
        match self {
            Self::Create { new, .. } | Self::Update { new, .. } => &new.objects,
            Self::Delete { .. } => &[],
        }
    }
}

/// What to do and what was left undone. Both lists are sorted by name, set identifier and type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to do.
    pub changes: Vec<Change>,
    /// What was left undone, and why.
    pub skips: Vec<Skip>,
}

impl Plan {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds what others decided not to do, keeping the order. What is said twice is said once.
    pub fn add_skips(&mut self, skips: impl IntoIterator<Item = Skip>) {
        self.skips.extend(skips);
        diff::sort(self);
        self.skips.dedup();
    }

    /// How many changes are of this action (`create`, `update`, `delete`).
    pub fn count(&self, action: &str) -> usize {
        self.changes.iter().filter(|change| change.action() == action).count()
    }
}

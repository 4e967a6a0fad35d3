//! The plan: what to change, what was left alone, and why.

mod conflict;
mod diff;
mod hold;
mod refusal;
mod shared;
mod skip;
#[cfg(test)]
mod tests;
mod tidy;
mod withhold;

pub use diff::plan;
pub use hold::{Hold, HoldReason, Holds, Incomplete};
pub use refusal::Refusal;
pub use shared::{ShareStep, SharedInput};
pub use skip::{Skip, SkipKind, SkipReason};
pub use tidy::Leftover;

use crate::{
    DnsName, DomainFilter, Endpoint, ObjectRef, Owner, Record, RecordKey, RecordType, Statement, Ttl, ZoneId,
};
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
    /// What is known of names that owners share.
    pub shared: SharedInput<'a>,
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
    /// The ownership record stands in the zone only: it is written into this table.
    RowIntoTable(Arc<String>),
    /// Ownership records under former names are removed.
    FormerRows,
    /// Somebody who may decide that gives the record to us as it is (`zonewright adopt`).
    Adopted {
        /// Whose it is until then; `None` for nobody's.
        from: Option<Owner>,
    },
    /// The record is shared with other owners.
    Shared {
        /// What this does to our part in it.
        step: ShareStep,
        /// Who else shares it, and what they put into it; empty for nobody.
        with: Box<str>,
    },
}

impl UpdateReason {
    /// Whether the record itself is already as it should be, and only its ownership record is written or removed.
    pub fn is_of_the_row_alone(&self) -> bool {
        matches!(
            self,
            Self::RowMoved
                | Self::RowIntoTable(_)
                | Self::FormerRows
                | Self::Adopted { .. }
                | Self::Shared { .. }
        )
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
    /// Our part of a shared record that does not exist is withdrawn.
    LeftoverShare,
}

impl DeleteReason {
    /// Whether it is an ownership row that goes, and no record: nothing stops resolving.
    pub fn is_of_a_row(&self) -> bool {
        matches!(self, Self::LeftoverRow | Self::LeftoverShare)
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
            Self::RowIntoTable(table) => write!(f, "ownership record is written into the table {table}"),
            Self::FormerRows => f.write_str("former ownership records are removed"),
            Self::Adopted { from: None } => f.write_str("adopted: nobody owned it"),
            Self::Adopted { from: Some(owner) } => write!(f, "adopted from owner {:?}", owner.as_str()),
            Self::Shared { step, with } => step.describe(with, f),
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
            Self::LeftoverShare => f.write_str("our part of a shared record that does not exist"),
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
            Self::Delete { reason, .. } => *reason == DeleteReason::LeftoverShare,
            Self::Create { .. } => false,
        }
    }

    /// Whether the record is one that owners share, before or after.
    pub fn is_shared(&self) -> bool {
        match self {
            Self::Create { new, .. } => Statement::is_noted_on(&new.labels),
            Self::Update { old, new, .. } => old.ownership.shared || Statement::is_noted_on(&new.labels),
            Self::Delete { old, .. } => old.ownership.shared,
        }
    }

    /// Whether it takes the last target of ours out of a record that others go on sharing.
    pub fn withdraws_share(&self) -> bool {
        let leaves =
            |reason: &UpdateReason| matches!(reason, UpdateReason::Shared { step: ShareStep::Leaves, .. });
        matches!(self, Self::Update { reasons, .. } if reasons.iter().any(leaves))
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
                Some(UpdateReason::RowMoved | UpdateReason::RowIntoTable(_)) => "row-moved",
                Some(UpdateReason::FormerRows) => "former-rows",
                Some(UpdateReason::Adopted { .. }) => "adopted",
                Some(UpdateReason::Shared { .. }) => "shared",
            },
            Self::Delete { reason: DeleteReason::NoLongerWanted, .. } => "no-longer-wanted",
            Self::Delete { reason: DeleteReason::LeftoverRow | DeleteReason::LeftoverShare, .. } => {
                "leftover-row"
            }
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

    /// Puts both lists into their order, after something was put into them.
    pub fn sort(&mut self) {
        diff::sort(self);
    }

    /// How many changes are of this action (`create`, `update`, `delete`).
    pub fn count(&self, action: &str) -> usize {
        self.changes.iter().filter(|change| change.action() == action).count()
    }
}

//! What may be the matter with a record, in one word, and what an operator can do about it.

use serde::{Serialize, Serializer};
use zonewright_planner::{HoldReason, Refusal, SkipKind, SkipReason};

/// The state of a record, or of a wish for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It would be deleted, and the delete guard withholds that.
    Withheld,
    /// The provider refused it.
    Quarantined,
    /// Somebody else keeps changing it back.
    Fought,
    /// The provider or the registry cannot store it.
    Unsupported,
    /// It is wanted in two ways that exclude each other.
    Conflict,
    /// It is to be written, and has not been yet.
    Pending,
    /// It cannot be written because of its zone.
    Waiting,
    /// It stays although nobody can say what it should be.
    Held,
    /// It belongs to another owner.
    Foreign,
    /// It has no ownership record.
    Unowned,
    /// The domain policy does not let it through.
    Denied,
    /// The policy leaves it alone.
    Policy,
    /// It is outside of what the filters let through.
    Filtered,
    /// It is as it should be.
    InSync,
}

/// Every state, those that want attention first.
pub const ALL_STATES: [State; 14] = [
    State::Withheld,
    State::Quarantined,
    State::Fought,
    State::Unsupported,
    State::Conflict,
    State::Pending,
    State::Waiting,
    State::Held,
    State::Denied,
    State::Foreign,
    State::Unowned,
    State::Policy,
    State::Filtered,
    State::InSync,
];

impl State {
    /// A short fixed word for addresses, JSON and people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Quarantined => "quarantined",
            Self::Fought => "fought",
            Self::Unsupported => "unsupported",
            Self::Conflict => "conflict",
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Foreign => "foreign",
            Self::Unowned => "unowned",
            Self::Denied => "denied",
            Self::Policy => "policy",
            Self::Filtered => "filtered",
            Self::InSync => "in-sync",
        }
    }

    /// The state of this name.
    pub fn from_text(text: &str) -> Option<Self> {
        ALL_STATES.into_iter().find(|state| state.as_str() == text)
    }

    /// What it comes to that something was left alone.
    pub fn of(reason: &SkipReason) -> Self {
        match reason.kind() {
            SkipKind::Foreign => Self::Foreign,
            SkipKind::Unowned => Self::Unowned,
            SkipKind::Policy => Self::Policy,
            SkipKind::Filtered => Self::Filtered,
            SkipKind::Conflict => Self::Conflict,
            SkipKind::Denied => Self::Denied,
            SkipKind::Held | SkipKind::Malformed | SkipKind::Incomplete => Self::Held,
            SkipKind::Unsupported => Self::Unsupported,
            SkipKind::NoZone | SkipKind::ZoneTrouble => Self::Waiting,
            SkipKind::Withheld => Self::Withheld,
            SkipKind::Quarantined => Self::Quarantined,
            SkipKind::Fought => Self::Fought,
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What an operator can do about something that was left alone.
pub fn advice(reason: &SkipReason) -> String {
    let fixed = match reason {
        SkipReason::ForeignOwner { owner } => {
            return format!(
                "Another instance publishes it, with --txt-owner-id={owner}. Stop asking for it there, or take it over with \
                 --migrate-from-txt-owner={owner}, which takes over what is asked for here"
            );
        }
        SkipReason::NotMigrated { owner } => {
            return format!(
                "Only what an object here asks for is taken over: the rest may belong to another instance with \
                 --txt-owner-id={owner}. If nobody wants it any more, delete the record together with its ownership record"
            );
        }
        SkipReason::Claimed { owner } => {
            return format!(
                "The ownership record of {owner:?} stands without its record. If that instance is gone, delete it: a \
                 TXT record, or a row of the table",
                owner = owner.as_str()
            );
        }
        SkipReason::Unowned => {
            "It was made by hand or by another tool. `zonewright adopt` takes it over as it is; or delete it there, and it is \
             created here in the next run"
        }
        SkipReason::PolicyKeeps(_) => "With --policy=sync it would be deleted",
        SkipReason::PolicyFreezes(_) => "With --policy=sync or --policy=upsert-only it would be updated",
        SkipReason::DomainFilter => {
            "Let the name through --domain-filter or --exclude-domains, or the provider's own filter"
        }
        SkipReason::LeftOut { .. } => "It is not among the records that the command is about",
        SkipReason::UnmanagedType => "Add the type to --managed-record-types",
        SkipReason::Conflict { .. } => {
            "Two objects ask for the same name with different contents. Let one of them go, or give them different set \
             identifiers where the provider can route between them"
        }
        SkipReason::Refused(Refusal::OtherNamespace { .. })
        | SkipReason::Held(HoldReason::Refused(Refusal::OtherNamespace { .. })) => {
            "A name belongs to one namespace. It is handed over when no object of that namespace asks for it any more"
        }
        SkipReason::Refused(Refusal::DomainPolicy { .. })
        | SkipReason::Held(HoldReason::Refused(Refusal::DomainPolicy { .. })) => {
            "Ask whoever keeps the domain policy for the name, or take it out of the object. What exists of it stays until \
             then"
        }
        SkipReason::CnameConflict { .. } => {
            "DNS does not allow a CNAME beside other records. Let all objects of the name have addresses, or all have \
             host names"
        }
        SkipReason::TypeConflict { owner, .. } => {
            return format!(
                "DNS does not allow a CNAME beside other records. Let the objects of all owners that share the name have \
                 addresses, or all have host names; or stop sharing it with {owner}"
            );
        }
        SkipReason::Unattributed { .. } => {
            "Somebody added it by hand or with another tool, or its owner went without taking it along. If nobody needs it, take \
             it out of the record"
        }
        SkipReason::Impossible { .. } => {
            "DNS does not allow a CNAME beside other records. The record that stays has to go first; see its own entry for \
             why it stays"
        }
        SkipReason::Held(HoldReason::NoTarget) => {
            "Nothing changes at the name until the object has an address: look at its status, its load balancer and its Pods"
        }
        SkipReason::Held(HoldReason::NotAccepted) => {
            "Nothing changes at the name until the Gateway accepts the route: look at the route's status"
        }
        SkipReason::Held(HoldReason::Invalid(_)) => {
            "Nothing changes at the name until the object has been put right; the reason says what is malformed"
        }
        SkipReason::Unsupported { .. } => {
            "The provider or the form of the ownership records cannot store it as it is asked for; the reason says what \
             does not fit"
        }
        SkipReason::NoZone => {
            "The provider account has no zone for this name. Create the zone, or let the credentials and zone filters see it"
        }
        SkipReason::ZoneUnreadable { .. } => {
            "It is planned as soon as the zone can be read; look at the zone's error"
        }
        SkipReason::SourceIncomplete { .. } => {
            "It stays as it is until the source can be read: look at permissions and at the API server"
        }
        SkipReason::Guarded { hash, .. } => {
            return format!(
                "If these deletes are meant, run: zonewright approve {hash}. If not, put right what makes so many names \
                 unwanted"
            );
        }
        SkipReason::Quarantined { .. } => {
            "The provider refuses it. It is tried again later by itself, and at once when the object changes"
        }
        SkipReason::Fought { .. } => {
            "Find who else writes this record: a second daemon with the same owner id, or a provider that stores something \
             else than it is told"
        }
        SkipReason::ZoneWaiting { .. } => {
            "It is written when the zone has rested; the reason says what failed"
        }
    };
    fixed.to_owned()
}

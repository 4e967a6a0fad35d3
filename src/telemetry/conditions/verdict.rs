//! What there is to say of one object.

use crate::sources::crd::Visit;
use std::fmt::Display;
use zonewright_planner::{HoldReason, RecordKey, SkipKind, SkipReason, Uid};

/// Conditions hold 32 KiB; nobody reads more than this.
const MAX_MESSAGE: usize = 1024;

/// Why a record that an object asks for is not as it asks. In the order of what is told first, which is also an order of
/// certainty: a refused record that is tried again fails and waits by turns, and is told as what it is in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    Conflict,
    Denied,
    Guarded,
    Held,
    Invalid,
    Quarantined,
    Failed,
    Pending,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "Conflict",
            Self::Denied => "Denied",
            Self::Guarded => "Guarded",
            Self::Held => "Held",
            Self::Invalid => "Invalid",
            Self::Quarantined => "Quarantined",
            Self::Failed => "Failed",
            Self::Pending => "Pending",
        }
    }

    fn of_hold(reason: &HoldReason) -> Self {
        if matches!(reason, HoldReason::Invalid(_)) { Self::Invalid } else { Self::Held }
    }

    /// Whether it is one of the stations of a record that the provider does not take.
    fn is_refusal(self) -> bool {
        matches!(self, Self::Quarantined | Self::Failed | Self::Pending)
    }
}

/// Why a record is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amiss {
    pub reason: Reason,
    pub why: String,
}

impl Amiss {
    /// Of a record that is left alone. Nothing in the text may change from run to run, or the status would be written each time.
    pub fn of_skip(reason: &SkipReason) -> Self {
        let why = match reason {
            SkipReason::Quarantined { why, .. } => format!("refused by the provider: {why}"),
            SkipReason::Fought { .. } => "somebody else keeps undoing our writes".to_owned(),
            reason => reason.to_string(),
        };
        let kind = match reason.kind() {
            SkipKind::Foreign | SkipKind::Unowned | SkipKind::Conflict | SkipKind::Fought => Reason::Conflict,
            SkipKind::Policy | SkipKind::Filtered | SkipKind::Denied | SkipKind::NoZone => Reason::Denied,
            SkipKind::Withheld => Reason::Guarded,
            SkipKind::Held => Reason::Held,
            SkipKind::Malformed | SkipKind::Unsupported => Reason::Invalid,
            SkipKind::Quarantined => Reason::Quarantined,
            SkipKind::ZoneTrouble | SkipKind::Incomplete => Reason::Pending,
        };
        Self { reason: kind, why }
    }

    pub fn failed(error: &impl Display) -> Self {
        Self { reason: Reason::Failed, why: error.to_string() }
    }

    /// The same record in the run before.
    pub fn after(self, before: Option<&Self>) -> Self {
        match before {
            Some(before)
                if before.reason.is_refusal() && self.reason.is_refusal() && before.reason < self.reason =>
            {
                before.clone()
            }
            _ => self,
        }
    }
}

/// What there is to say of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub uid: Uid,
    pub generation: i64,
    pub accepted: Finding,
    pub ready: Finding,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub is_true: bool,
    pub reason: &'static str,
    pub message: String,
}

impl Finding {
    fn good(reason: &'static str) -> Self {
        Self { is_true: true, reason, message: String::new() }
    }

    /// The first of several things that stand in the way.
    fn bad(reason: &'static str, first: String, all: usize) -> Self {
        let mut message = match all {
            0 | 1 => first,
            all => format!("{first} (and {} more)", all - 1),
        };
        if message.len() > MAX_MESSAGE {
            message.truncate(message.floor_char_boundary(MAX_MESSAGE - 3));
            message.push_str("...");
        }
        Self { is_true: false, reason, message }
    }
}

impl Verdict {
    /// Of an object that was looked at, with what is wrong with it and with its records.
    pub fn of<'a>(
        visit: &Visit,
        problems: &[Problem],
        amiss: impl Iterator<Item = (&'a RecordKey, &'a Amiss)>,
    ) -> Self {
        let accepted = match problems.first() {
            None => Finding::good("Accepted"),
            Some(first) => Finding::bad(Reason::Invalid.as_str(), first.text.clone(), problems.len()),
        };
        let held = visit.holds.iter().map(|(name, why)| (Reason::of_hold(why), format!("{name}: {why}")));
        let mut obstacles: Vec<(Reason, String)> = held.collect();
        for (record, amiss) in amiss {
            // What stands at a held name is left alone for it: the same once more.
            let is_told =
                amiss.reason == Reason::Held && visit.holds.iter().any(|(name, _)| *name == record.name);
            if !is_told {
                let text = format!("{} {}: {}", record.record_type, record.name, amiss.why);
                obstacles.push((amiss.reason, text));
            }
        }
        if obstacles.is_empty()
            && let Some(problem) = problems.iter().find(|problem| visit.leaves_out || problem.drops_record)
        {
            obstacles.push((Reason::Invalid, problem.text.clone()));
        }
        obstacles.sort();
        obstacles.dedup();
        let count = obstacles.len();
        let ready = match obstacles.into_iter().next() {
            None => Finding::good("Programmed"),
            Some((reason, text)) => Finding::bad(reason.as_str(), text, count),
        };
        Self { uid: visit.uid.clone(), generation: visit.generation, accepted, ready }
    }

    /// Of an object whose records could not be compared with what exists.
    pub fn pending(visit: &Visit, problems: &[Problem], why: String) -> Self {
        let verdict = Self::of(visit, problems, std::iter::empty());
        match verdict.ready.is_true {
            true => Self { ready: Finding::bad(Reason::Pending.as_str(), why, 1), ..verdict },
            false => verdict,
        }
    }
}

/// Something wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub text: String,
    /// Whether a record is left out for it.
    pub drops_record: bool,
}

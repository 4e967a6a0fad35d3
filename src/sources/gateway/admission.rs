//! Which namespaces a listener takes Routes from, and a Gateway ListenerSets.

use super::label_selector::LabelSelector;
use super::objects::{AllowedNamespaces, Namespace};
use crate::sources::store::Contents;

/// From where objects may attach.
#[derive(Debug)]
pub enum Admission<'a> {
    /// From every namespace.
    All,
    /// From the own namespace.
    Same,
    /// From namespaces with certain labels.
    Selector(&'a LabelSelector),
    /// From nowhere.
    Nobody,
    /// Cannot be told.
    Invalid(String),
}

/// Whether an object may attach.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
    /// Cannot be told, and why: nothing new is published, nothing that stands is taken away.
    Unknown(String),
}

impl<'a> Admission<'a> {
    /// Reads a rule. What an absent `from` means differs: `Same` for Routes, `None` for ListenerSets.
    pub fn new(rule: &'a AllowedNamespaces, default: &str) -> Self {
        match (if rule.from.is_empty() { default } else { &*rule.from }, &rule.selector) {
            ("All", _) => Self::All,
            ("Same", _) => Self::Same,
            ("Selector", Some(selector)) => match selector.validate() {
                Ok(()) => Self::Selector(selector),
                Err(error) => Self::Invalid(format!("namespace selector: {error}")),
            },
            _ => Self::Nobody,
        }
    }

    /// Whether something in namespace `other` may attach to something in namespace `own`.
    pub fn judge(&self, own: &str, other: &str, namespaces: &Contents<Namespace>) -> Verdict {
        let allowed = match self {
            Self::All => true,
            Self::Same => own == other,
            Self::Nobody => false,
            Self::Invalid(error) => return Verdict::Unknown(error.clone()),
            Self::Selector(selector) => match namespaces.get("", other) {
                Some(namespace) => selector.matches(&namespace.fields.metadata.labels),
                // The watch of Namespaces may lag behind that of their contents.
                None => {
                    return Verdict::Unknown(format!("namespace selector: namespace {other} is not known"));
                }
            },
        };
        if allowed { Verdict::Allowed } else { Verdict::Refused }
    }
}

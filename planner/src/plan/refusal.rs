//! Refusals: wishes that the operator's rules do not let through.

use std::fmt;

/// Why a wish is not let through. What exists of it stays as it is while its object asks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Objects of several namespaces ask for the name, and that is refused to all but one namespace.
    OtherNamespace {
        /// The object that has the name.
        winner: String,
    },
    /// The domain policy does not let the object's namespace use the name, or the type.
    DomainPolicy {
        /// The rules and what they say.
        why: String,
    },
}

impl Refusal {
    /// A short fixed word for metrics, events and machine output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherNamespace { .. } => "namespace-conflict",
            Self::DomainPolicy { .. } => "denied",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherNamespace { winner } => {
                write!(f, "the name is that of {winner}, which is in another namespace")
            }
            Self::DomainPolicy { why } => f.write_str(why),
        }
    }
}

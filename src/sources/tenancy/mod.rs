//! Who may have which name, in a cluster that several parties share.
//!
//! ```text
//! wishes of single objects ─> domain policy ─> one namespace for each name ─> merging, as ever
//!                                   └───────── refused: told, and what exists is held
//! ```
//!
//! Both look at wishes before they are merged, because a merged one belongs to nobody in particular.

mod names;
mod policy;
mod policy_file;
#[cfg(test)]
mod tests;

pub use names::{NameHolders, SharedName};
pub use policy::{Judge, Rules};
pub use policy_file::{DomainPolicy, PolicyFile, follow};

use std::sync::Arc;
use zonewright_planner::{Endpoint, Hold, HoldReason, Refusal, Skip, SkipReason};

/// The rules.
#[derive(Debug, Clone, Default)]
pub struct Tenancy {
    /// `--domain-policy`.
    pub policy: Option<Arc<DomainPolicy>>,
    /// `--refuse-names-across-namespaces`.
    pub refuse_across_namespaces: bool,
    /// Who has which name now.
    pub holders: Option<Arc<dyn NameHolders>>,
}

/// Takes out the wishes that may not be. `wishes` are of single objects, one list for each source; `holds` are all that there are,
/// and those for what was taken out are added.
pub(super) fn apply(tenancy: &Tenancy, wishes: &mut [Vec<Endpoint>], holds: &mut Vec<Hold>) -> Vec<Skip> {
    let mut skips = Vec::new();
    if let Some(policy) = &tenancy.policy {
        let mut judge = policy.judge();
        for wishes in wishes.iter_mut() {
            wishes.retain(|wish| {
                let Some(why) = judge.refusal(wish) else { return true };
                let refusal = Refusal::DomainPolicy { why };
                holds.extend(hold_of(wish, &refusal));
                skips.push(Skip::of_wish(wish, SkipReason::Refused(refusal)));
                false
            });
        }
    }
    if tenancy.refuse_across_namespaces {
        skips.extend(names::part(wishes, holds, tenancy.holders.as_deref()));
    }
    skips
}

/// Names at which targets of several namespaces have become one record set.
pub(super) fn shared(endpoints: &[Endpoint]) -> Vec<SharedName> {
    endpoints.iter().filter_map(SharedName::of).collect()
}

/// What exists for a wish that is refused stays as it is while the object asks for it.
fn hold_of(wish: &Endpoint, refusal: &Refusal) -> Option<Hold> {
    Some(Hold {
        object: wish.objects.first()?.clone(),
        name: Some(wish.name.clone()),
        set_identifier: wish.set_identifier.clone(),
        resource: wish.labels.resource().map(str::to_owned),
        reason: HoldReason::Refused(refusal.clone()),
    })
}

//! From changes of the plan to one request.
//!
//! A request is carried out as a whole or not at all, so everything that belongs together goes into one: a record with its ownership
//! rows, and all changes of one name. What has to make room goes first.

use crate::convert::{existing, wanted};
use crate::properties::is_routed_differently;
use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{Change as WireChange, ChangeAction, ResourceRecordSet};
use std::collections::BTreeMap;
use zonewright_planner::{Endpoint, Record, Ttl};
use zonewright_provider_kit::{Operation, Zone, ZoneChange};

/// What there is to send of one change, what goes first.
pub(crate) fn to_wire(zone: &Zone, change: &ZoneChange) -> Result<Vec<WireChange>, BuildError> {
    let mut wire = Vec::new();
    for operation in change.operations() {
        match operation {
            Operation::Create(new) => {
                wire.push(act(ChangeAction::Create, wanted(&zone.id, new, Ttl::UNSET)?)?)
            }
            Operation::Update(old, new) if is_another(old, new) => {
                wire.push(act(ChangeAction::Delete, existing(old)?)?);
                wire.push(act(ChangeAction::Create, wanted(&zone.id, new, old.ttl)?)?);
            }
            Operation::Update(old, new) => {
                wire.push(act(ChangeAction::Upsert, wanted(&zone.id, new, old.ttl)?)?);
            }
            Operation::Delete(old) => wire.push(act(ChangeAction::Delete, existing(old)?)?),
        }
    }
    Ok(wire)
}

/// The changes of a batch take effect one after the other. Deletes come before everything else: a CNAME has to go before an address
/// comes, a simple record before weighted ones. An alias is deleted before, and written after, what it may point at.
pub(crate) fn in_order(mut changes: Vec<WireChange>) -> Vec<WireChange> {
    let targets: BTreeMap<String, String> = changes
        .iter()
        .filter(|change| *change.action() != ChangeAction::Delete)
        .filter_map(|change| {
            let set = change.resource_record_set()?;
            Some((set.name().to_owned(), set.alias_target()?.dns_name().to_owned()))
        })
        .collect();
    changes.sort_by_cached_key(|change| match change.resource_record_set() {
        Some(set) if *change.action() == ChangeAction::Delete => {
            (0, usize::from(set.alias_target().is_none()))
        }
        Some(set) if set.alias_target().is_some() => (2, depth(&targets, set.name())),
        _ => (1, 0),
    });
    changes
}

/// Over how many aliases of the batch an alias points. Aliases in a circle are the service's to refuse.
fn depth(targets: &BTreeMap<String, String>, name: &str) -> usize {
    let next = |name: &&String| targets.get(*name);
    std::iter::successors(targets.get(name), next).take(targets.len()).count()
}

/// Whether an UPSERT would be taken for a second record set beside the old one, or refused.
fn is_another(old: &Record, new: &Endpoint) -> bool {
    old.record_type != new.record_type
        || old.set_identifier != new.set_identifier
        || (old.properties.is_alias() != new.properties.is_alias() && new.record_type.is_address())
        || is_routed_differently(&old.properties, &new.properties)
}

fn act(action: ChangeAction, set: ResourceRecordSet) -> Result<WireChange, BuildError> {
    WireChange::builder().action(action).resource_record_set(set).build()
}

#[cfg(test)]
mod tests;

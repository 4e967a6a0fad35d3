//! What a shared record is to be: everything that its owners say, and what nobody says.

use super::{Name, Set};
use crate::{Endpoint, Owner, Properties, RESOURCE, Record, RecordType, SHARED, Statement, Target, Ttl};
use std::collections::BTreeSet;

impl<'a> Name<'a, '_> {
    /// Targets of a record that nobody names.
    pub(super) fn strays(&self, set: &Set<'a>) -> Vec<Target> {
        set.record.map(|record| self.strays_of(record)).unwrap_or_default()
    }

    pub(super) fn strays_of(&self, record: &Record) -> Vec<Target> {
        if self.is_ours_alone(record) {
            return Vec::new();
        }
        let of_record = self.shares.iter();
        let of_record =
            of_record.filter(|(t, share)| **t == record.record_type && share.row.zone == record.zone);
        let named: BTreeSet<&Target> =
            of_record.flat_map(|(_, share)| share.says.targets.iter().chain(&share.says.leaving)).collect();
        record.targets.iter().filter(|target| !named.contains(target)).cloned().collect()
    }

    /// What the record is to point at if we say this.
    pub(super) fn union(&self, set: &Set<'a>, ours: &[Target]) -> Vec<Target> {
        let others = set.others.iter().filter(|share| share.is_active());
        let strays = self.strays(set);
        let mut sayings: Vec<(&Owner, &[Target])> =
            others.map(|share| (&share.owner, share.says.targets.as_slice())).collect();
        if !ours.is_empty() {
            sayings.push((self.owner, ours));
        }
        if is_single_valued(set.record_type, sayings.iter().flat_map(|(_, targets)| targets.iter())) {
            // There can be one only: what is there stays while somebody wants it.
            sayings.sort();
            let present = set.record.and_then(|record| sayings.iter().find(|s| record.has_targets(s.1)));
            return present.or(sayings.first()).map_or(strays, |saying| saying.1.to_vec());
        }
        let named = sayings.into_iter().flat_map(|(_, targets)| targets.iter().cloned());
        let mut union: Vec<Target> = named.chain(strays).collect();
        union.sort();
        union.dedup();
        union
    }

    /// The record with everybody's targets. Settings other than the TTL are those of the first owner, whose rows cannot say them:
    /// the others leave them as they are.
    pub(super) fn endpoint(
        &self,
        set: &Set<'a>,
        wish: Option<&'a Endpoint>,
        says: &Statement,
        union: Vec<Target>,
    ) -> Endpoint {
        let others = || set.others.iter().filter(|share| share.is_active());
        let ttls = others().map(|share| share.says.ttl).chain([says.ttl]);
        let ttl = ttls.filter(|ttl| ttl.configured().is_some()).min().unwrap_or(Ttl::UNSET);
        let is_first = others().all(|share| *self.owner < share.owner);
        let own = || {
            wish.map_or_else(Properties::new, |wish| {
                let mut properties = wish.properties.clone();
                properties.remove(SHARED);
                properties
            })
        };
        let properties = match set.record {
            Some(record) if !(is_first && wish.is_some()) => record.properties.clone(),
            _ => own(),
        };
        let (name, record_type) = (self.name.clone(), set.record_type.clone());
        let mut endpoint = Endpoint::from_parts(name, record_type, union, properties).with_ttl(ttl);
        if let Some(wish) = wish {
            (endpoint.labels, endpoint.objects) = (wish.labels.clone(), wish.objects.clone());
        } else if let Some(resource) = &says.resource {
            endpoint.labels.set(RESOURCE, resource);
        }
        says.note_on(&mut endpoint.labels);
        endpoint
    }
}

/// Whether a wish is for a record that can point at one thing only.
pub(super) fn is_single(set: &Set<'_>, wish: &Endpoint) -> bool {
    let others = set.others.iter().filter(|share| share.is_active()).flat_map(|share| &share.says.targets);
    is_single_valued(set.record_type, wish.targets.iter().chain(others))
}

/// A CNAME or DNAME stands alone (RFC 1034 section 3.6.2, RFC 6672 section 2.4), and so does a provider's alias, which is an address
/// record with a name behind it.
fn is_single_valued<'a>(record_type: &RecordType, mut targets: impl Iterator<Item = &'a Target>) -> bool {
    let is_alone = matches!(record_type, RecordType::Cname | RecordType::Dname);
    is_alone || (record_type.is_address() && targets.any(|target| matches!(target, Target::Name(_))))
}

//! Names that owners share. What is planned here is the union of what they say, and what we say ourselves.
//!
//! ```text
//! our wish ──> our statement ──┐
//! others' statements ──────────┼─> targets = union, TTL = lowest ──> create, update, delete
//! targets that nobody names ───┘   (stay, and are reported)
//! ```
//!
//! Whatever is not about the wish of this owner is a function of the record and the statements alone: all owners come to the same
//! record. That is why they never undo each other's writes for ever.

mod union;

use super::diff::{self, Row};
use super::hold::Kept;
use super::{
    Change, CreateReason, DeleteReason, Plan, PlanInput, Policy, Skip, SkipReason, UpdateReason, conflict,
};
use crate::share::join;
use crate::{
    DnsName, Endpoint, Labels, OWNER, Owner, Ownership, RESOURCE, Record, RecordKey, RecordType, SHARED,
    Share, Shares, Statement, Target, Ttl,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use union::is_single;

/// What is known of names that owners share.
#[derive(Debug, Default)]
pub struct SharedInput<'a> {
    /// Of every part of what exists: who says what.
    pub shares: Vec<&'a Shares>,
    /// Whether somebody may still be about to write a record as it was before we took targets out of it. Until that is over we
    /// go on saying that they are to leave.
    pub keep_leaving: bool,
}

/// What an update does to our part in a shared record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareStep {
    /// We take part from now on.
    Joins,
    /// We say something else than before.
    Changes,
    /// We take our targets out; others stay.
    Leaves,
    /// Our part stays as it is.
    Stays,
    /// The record is ours alone from now on.
    Ends,
}

impl ShareStep {
    pub(super) fn describe(self, with: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Joins => "shared",
            Self::Changes => "our part of it changes, shared",
            Self::Leaves => "our part is withdrawn, shared",
            Self::Stays => "still shared",
            Self::Ends => return f.write_str("no longer shared"),
        };
        match with {
            "" => write!(f, "{what} with nobody else"),
            with => write!(f, "{what} with {with}"),
        }
    }
}

/// The names that are planned here instead of as usual: we say something about them, or want to.
pub(super) fn names<'a>(
    input: &PlanInput<'a>,
    candidates: &[&'a Endpoint],
) -> BTreeMap<&'a DnsName, Row<'a>> {
    let Some(owner) = input.owner else { return BTreeMap::new() };
    let ours = input.shared.shares.iter().flat_map(|shares| shares.iter());
    let ours = ours.filter(|(key, shares)| {
        key.set_identifier.is_empty()
            && diff::is_visible(input, &key.name, &key.record_type)
            && shares.iter().any(|share| share.owner == *owner)
    });
    let wanted = candidates.iter().filter(|candidate| is_marked(candidate)).map(|candidate| &candidate.name);
    ours.map(|(key, _)| &key.name).chain(wanted).map(|name| (name, Row::default())).collect()
}

/// Whether a wish is for a shared record. Those with a set identifier never are: of these each owner has its own anyway.
fn is_marked(endpoint: &Endpoint) -> bool {
    endpoint.set_identifier.is_empty() && endpoint.properties.get(SHARED).is_some()
}

fn is_cname(record_type: &RecordType) -> bool {
    *record_type == RecordType::Cname
}

/// A name with everything that is said about it.
struct Name<'a, 'i> {
    input: &'i PlanInput<'a>,
    owner: &'a Owner,
    wanted: &'i BTreeSet<&'a DnsName>,
    name: &'a DnsName,
    row: Row<'a>,
    shares: Vec<(&'a RecordType, &'a Share)>,
}

/// One record set of it, as it is and as it is talked about.
struct Set<'a> {
    record_type: &'a RecordType,
    record: Option<&'a Record>,
    ours: Vec<&'a Share>,
    others: Vec<&'a Share>,
}

/// Plans a shared name.
pub(super) fn plan_name<'a>(
    input: &PlanInput<'a>,
    wanted: &BTreeSet<&'a DnsName>,
    name: &'a DnsName,
    mut row: Row<'a>,
    plan: &mut Plan,
) {
    let Some(owner) = input.owner else { return };
    row.candidates.retain(|candidate| !candidate.targets.is_empty());
    let at_name = input.shared.shares.iter().flat_map(|shares| shares.iter());
    let at_name = at_name.filter(|(key, _)| {
        key.name == *name && key.set_identifier.is_empty() && input.managed.contains(&key.record_type)
    });
    let shares = at_name.flat_map(|(key, all)| all.iter().map(|share| (&key.record_type, share))).collect();
    let mut name = Name { input, owner, wanted, name, row, shares };
    if name.goes_back(plan) {
        return;
    }
    let incomplete = diff::incomplete_holder(input, &name.row, |record| record.is_owned_by(input.owner));
    if let Some(source) = incomplete {
        for record in name.row.current.iter().filter(|record| record.is_owned_by(input.owner)) {
            let reason = SkipReason::SourceIncomplete { source: source.clone() };
            plan.skips.push(Skip::of_record(record, reason));
        }
        return;
    }
    diff::drop_cnames_beside_others(&mut name.row, plan);
    let refused_for = name.refuse_types(plan);
    let mut creates = Vec::new();
    for set in name.sets() {
        name.plan_set(&set, refused_for, &mut creates, plan);
    }
    for (new, reason) in creates {
        plan.changes.push(Change::Create { new: Box::new(new), reason });
    }
}

impl<'a> Name<'a, '_> {
    /// A name that we shared and no longer want to share, alone by now: it becomes an ordinary record.
    fn goes_back(&mut self, plan: &mut Plan) -> bool {
        let is_exclusive = !self.row.candidates.is_empty()
            && !self.row.candidates.iter().any(|candidate| is_marked(candidate))
            && self.others().next().is_none()
            && self.sets().iter().all(|set| self.strays(set).is_empty());
        if is_exclusive {
            // Rows of types without a record; the others go with their records.
            for set in self.sets() {
                let is_wanted = self.row.candidates.iter().any(|c| c.record_type == *set.record_type);
                if set.record.is_none() && !is_wanted {
                    self.drop_rows(&set, plan);
                }
            }
            diff::plan_row(self.input, self.wanted, std::mem::take(&mut self.row), plan);
        }
        is_exclusive
    }

    /// The statements of others who want something.
    fn others(&self) -> impl Iterator<Item = (&'a RecordType, &'a Share)> {
        let ours = self.owner;
        self.shares.iter().copied().filter(move |(_, share)| share.owner != *ours && share.is_active())
    }

    /// Sets aside our wishes for types that exclude what another owner has at the name. What has a record stays; of statements
    /// without records those that are for no CNAME are followed, as among objects. `Some` where anything was set aside, with whether
    /// it is a CNAME that the name has.
    fn refuse_types(&mut self, plan: &mut Plan) -> Option<bool> {
        let said = |cname: bool| {
            self.shares.iter().any(|(record_type, share)| share.is_active() && is_cname(record_type) == cname)
        };
        let stands = |cname: bool| {
            let has_share = |record: &Record| {
                self.shares.iter().any(|(t, share)| **t == record.record_type && share.is_active())
            };
            self.row.current.iter().any(|record| is_cname(&record.record_type) == cname && has_share(record))
        };
        let has_cname = match (stands(true), stands(false)) {
            (true, false) => true,
            (_, true) => false,
            (false, false) => !said(false),
        };
        let winner =
            self.others().find(|(t, _)| is_cname(t) == has_cname).map(|(t, share)| (t, &share.owner));
        let (beside, owner) = winner?;
        let before = self.row.candidates.len();
        self.row.candidates.retain(|candidate| {
            let stays = is_cname(&candidate.record_type) == has_cname;
            if !stays {
                let reason = SkipReason::TypeConflict { owner: owner.clone(), record_type: beside.clone() };
                plan.skips.push(Skip::of_wish(candidate, reason));
            }
            stays
        });
        (self.row.candidates.len() < before).then_some(has_cname)
    }

    /// Every record set that exists, is wanted, or is talked about.
    fn sets(&self) -> Vec<Set<'a>> {
        let mut types: Vec<&'a RecordType> = self.row.current.iter().map(|r| &r.record_type).collect();
        types.extend(self.row.candidates.iter().map(|c| &c.record_type));
        types.extend(self.shares.iter().map(|(record_type, _)| *record_type));
        types.sort_unstable();
        types.dedup();
        let mut sets = Vec::new();
        for record_type in types {
            let records: Vec<&'a Record> =
                self.row.current.iter().copied().filter(|r| r.record_type == *record_type).collect();
            let set = |record: Option<&'a Record>| {
                let is_here = |share: &Share| record.is_none_or(|record| share.row.zone == record.zone);
                let of_type = self.shares.iter().filter(|(t, share)| *t == record_type && is_here(share));
                let (ours, others) =
                    of_type.map(|(_, share)| *share).partition(|share| share.owner == *self.owner);
                Set { record_type, record, ours, others }
            };
            match records.is_empty() {
                true => sets.push(set(None)),
                // The same record set may stand in several zones of one name.
                false => sets.extend(records.into_iter().map(|record| set(Some(record)))),
            }
        }
        sets
    }

    fn plan_set(
        &self,
        set: &Set<'a>,
        refused_for: Option<bool>,
        creates: &mut Vec<(Endpoint, CreateReason)>,
        plan: &mut Plan,
    ) {
        let candidates: Vec<&'a Endpoint> =
            self.row.candidates.iter().copied().filter(|c| c.record_type == *set.record_type).collect();
        if let (true, Some(record)) = (candidates.is_empty() && set.ours.is_empty(), set.record) {
            // Not shared by us: ours alone, or none of our business.
            if !record.ownership.shared {
                let (reason, stands_in_the_way) = self.delete_reason(record);
                diff::release(self.input, self.wanted, record, reason, stands_in_the_way, plan);
            }
            return;
        }
        let wish = match set.record {
            Some(record) => conflict::winner_for_update(record, &candidates),
            None => conflict::winner_for_create(&candidates),
        };
        if let Some(wish) = wish {
            diff::report_losers(&candidates, wish, plan);
        }
        if let (Some(wish), Some(obstacle)) = (wish, self.obstacle(set)) {
            plan.skips.push(Skip::of_wish(wish, obstacle));
            return;
        }
        let Some(says) = self.statement(set, wish, refused_for, plan) else { return };
        let union = self.union(set, &says.targets);
        if let Some(wish) = wish.filter(|wish| is_single(set, wish) && union != says.targets) {
            let keepers = set.others.iter().filter(|share| share.says.targets == union);
            let winner = keepers.map(|share| format!("owner {:?}", share.owner.as_str())).next();
            let winner = winner.unwrap_or_else(|| format!("targets {}", join(&union)));
            plan.skips.push(Skip::of_wish(wish, SkipReason::Conflict { winner }));
        }
        match (set.record, wish) {
            (Some(record), _) => self.settle_record(set, record, wish, says, union, plan),
            (None, Some(wish)) => {
                let reason = self.create_reason();
                creates.push((self.endpoint(set, Some(wish), &says, union), reason));
            }
            (None, None) if set.ours.iter().any(|share| share.is_active()) => self.withdraw(set, plan),
            (None, None) if says.is_empty() => self.drop_rows(set, plan),
            (None, None) => {}
        }
    }

    /// Why we cannot take part in a record.
    fn obstacle(&self, set: &Set<'a>) -> Option<SkipReason> {
        let is_closed = |record: &&Record| {
            !record.ownership.shared
                && (!record.is_owned_by(self.input.owner) || record.ownership.migrate_from.is_some())
        };
        let closed = match set.record {
            Some(record) => Some(record).filter(|record| is_closed(record)),
            None => self.row.current.iter().copied().find(|record| is_closed(record)),
        };
        if let Some(record) = closed {
            return Some(match record.ownership.migrate_from.clone() {
                Some(owner) => SkipReason::ForeignOwner { owner },
                None => diff::not_ours(record),
            });
        }
        if set.record.is_some() {
            return None;
        }
        let key = RecordKey {
            name: self.name.clone(),
            record_type: set.record_type.clone(),
            set_identifier: Default::default(),
        };
        let claim = self.input.claims.iter().find_map(|claims| claims.get(&key));
        // Whoever shares claims nothing for itself.
        let claim = claim.filter(|owner| !set.others.iter().any(|share| share.owner == **owner));
        if let Some(owner) = claim {
            return Some(SkipReason::Claimed { owner: owner.clone() });
        }
        // As everywhere: what excludes it goes first, and may not be allowed to.
        let staying = self.row.current.iter().find(|record| {
            is_cname(&record.record_type) != is_cname(set.record_type)
                && (self.input.policy != Policy::Sync || !self.strays_of(record).is_empty())
        });
        staying.map(|record| SkipReason::Impossible { beside: record.record_type.clone() })
    }

    /// What we say from now on; `None` where everything stays as it is and has been reported.
    fn statement(
        &self,
        set: &Set<'a>,
        wish: Option<&'a Endpoint>,
        refused_for: Option<bool>,
        plan: &mut Plan,
    ) -> Option<Statement> {
        let said = self.said(set);
        let (targets, ttl, resource) = match wish {
            Some(wish) => {
                // As it will be read back.
                let ttl = Some(wish.ttl).filter(|ttl| ttl.configured().is_some()).unwrap_or_default();
                let resource = wish.labels.resource().filter(|text| Labels::check(RESOURCE, text).is_ok());
                (wish.targets.clone(), ttl, resource.map(Into::into))
            }
            None if said.targets.is_empty() => (Vec::new(), Ttl::UNSET, said.resource),
            // Where our wish was set aside we keep what we have, unless that excludes what the others have.
            None if refused_for == Some(is_cname(set.record_type)) => return None,
            None if self.is_kept(set, &said, plan) => return None,
            None => (Vec::new(), Ttl::UNSET, said.resource),
        };
        let is_gone = |target: &Target| {
            let is_there = set.record.is_some_and(|record| record.targets.contains(target));
            let is_others = set.others.iter().any(|share| share.says.targets.contains(target));
            !is_there || is_others
        };
        let still = said.leaving.iter().filter(|target| self.input.shared.keep_leaving || !is_gone(target));
        // What we said may be on its way into the record, even if there is none yet.
        let mut leaving: Vec<Target> =
            said.targets.iter().chain(still).filter(|t| !targets.contains(t)).cloned().collect();
        leaving.sort();
        leaving.dedup();
        Some(Statement { targets, leaving, ttl, resource })
    }

    /// What we say now. A record that is ours alone says it all.
    fn said(&self, set: &Set<'a>) -> Statement {
        let mut said = Statement::default();
        for share in &set.ours {
            said.targets.extend(share.says.targets.iter().cloned());
            said.leaving.extend(share.says.leaving.iter().cloned());
            said.ttl = share.says.ttl;
            said.resource = said.resource.or_else(|| share.says.resource.clone());
        }
        if let Some(record) = set.record.filter(|record| self.is_ours_alone(record)) {
            said.targets.extend(record.targets.iter().cloned());
            said.ttl = record.ttl;
            said.resource = record.labels.resource().map(Into::into);
        }
        said.targets.sort();
        said.targets.dedup();
        said
    }

    fn is_ours_alone(&self, record: &Record) -> bool {
        !record.ownership.shared && record.is_owned_by(self.input.owner)
    }

    /// Whether what we said stays although nobody wishes it; then it is reported.
    fn is_kept(&self, set: &Set<'a>, said: &Statement, plan: &mut Plan) -> bool {
        let Some(ours) = self.as_if_ours(set, said) else { return false };
        let (reason, stands_in_the_way) = self.delete_reason(&ours);
        let kept = diff::what_keeps(self.input, self.wanted, &ours, &reason, stands_in_the_way);
        if kept.is_none() && self.input.policy == Policy::Sync {
            return false;
        }
        if set.record.is_some() || matches!(kept, Some(Kept::Held(_))) {
            diff::settle(self.input, &ours, reason, kept, plan);
        }
        true
    }

    /// The record as if it were ours and nothing but what we say.
    fn as_if_ours(&self, set: &Set<'a>, said: &Statement) -> Option<Record> {
        let row = set.record.or(set.ours.first().map(|share| &share.row))?;
        let mut ours = Record {
            name: self.name.clone(),
            record_type: set.record_type.clone(),
            targets: said.targets.clone(),
            spelling: None,
            ..row.clone()
        };
        ours.labels.set(OWNER, self.owner.as_str());
        match &said.resource {
            Some(resource) => ours.labels.set(RESOURCE, resource),
            None => ours.labels.remove(RESOURCE),
        }
        Some(ours)
    }

    fn delete_reason(&self, record: &Record) -> (DeleteReason, bool) {
        if self.row.candidates.is_empty() {
            return (DeleteReason::NoLongerWanted, false);
        }
        let wanted_types: Vec<&RecordType> = self.row.candidates.iter().map(|c| &c.record_type).collect();
        let excludes = |t: &&RecordType| is_cname(t) != is_cname(&record.record_type);
        (diff::delete_reason(record, &wanted_types, &self.row), wanted_types.iter().any(excludes))
    }

    fn create_reason(&self) -> CreateReason {
        let wanted_types: Vec<&RecordType> = self.row.candidates.iter().map(|c| &c.record_type).collect();
        let goes = |record: &&&Record| {
            !wanted_types.contains(&&record.record_type)
                && wanted_types.iter().any(|t| is_cname(t) != is_cname(&record.record_type))
        };
        match self.row.current.iter().find(goes) {
            Some(gone) => CreateReason::TypeChanged { from: gone.record_type.clone() },
            None if self.row.current.is_empty() => CreateReason::New,
            None => CreateReason::TypeAdded,
        }
    }

    /// Brings a record and our row to what they are to be.
    fn settle_record(
        &self,
        set: &Set<'a>,
        record: &'a Record,
        wish: Option<&'a Endpoint>,
        says: Statement,
        union: Vec<Target>,
        plan: &mut Plan,
    ) {
        if !record.ownership.shared && !record.is_owned_by(self.input.owner) {
            // Somebody else's by now, and we want nothing of it.
            return self.drop_rows(set, plan);
        }
        if union.is_empty() {
            // What is left of it was on its way out: of us, or of others who did not get that far.
            let (reason, _) = self.delete_reason(record);
            return diff::settle(self.input, record, reason, None, plan);
        }
        let mut strays = self.strays(set);
        strays.retain(|target| union.contains(target));
        if !strays.is_empty() {
            plan.skips.push(Skip::of_record(record, SkipReason::Unattributed { targets: strays }));
        }
        let new = self.endpoint(set, wish, &says, union);
        let mut reasons = diff::differences(record, &new);
        reasons.retain(|reason| {
            matches!(reason, UpdateReason::Ttl { .. } | UpdateReason::Targets | UpdateReason::Properties(_))
        });
        if reasons.is_empty() && says.is_empty() {
            return self.drop_rows(set, plan);
        }
        let step = self.step(set, record, &says);
        if reasons.is_empty() && step == ShareStep::Stays {
            return;
        }
        reasons.push(UpdateReason::Shared { step, with: self.with(set).into() });
        let is_allowed = match step {
            ShareStep::Leaves => self.input.policy == Policy::Sync,
            _ => self.input.policy != Policy::CreateOnly,
        };
        if is_allowed {
            plan.changes.push(Change::Update { old: Box::new(record.clone()), new: Box::new(new), reasons });
        } else if wish.is_some() {
            plan.skips.push(Skip::of_wish(&new, SkipReason::PolicyFreezes(self.input.policy)));
        }
    }

    fn step(&self, set: &Set<'a>, record: &Record, says: &Statement) -> ShareStep {
        let had = set.ours.iter().any(|share| share.is_active()) || self.is_ours_alone(record);
        let is_written = match set.ours.as_slice() {
            [share] => share.is_current && share.says == *says,
            rows => rows.is_empty() && says.is_empty(),
        };
        match (had, !says.targets.is_empty()) {
            (true, false) => ShareStep::Leaves,
            (false, true) => ShareStep::Joins,
            (true, true) if self.is_ours_alone(record) => ShareStep::Joins,
            _ if is_written => ShareStep::Stays,
            _ => ShareStep::Changes,
        }
    }

    /// Who else shares a record, and what they put into it.
    fn with(&self, set: &Set<'a>) -> String {
        let others = set.others.iter().filter(|share| share.is_active()).map(|share| {
            let targets: Vec<String> = share.says.targets.iter().map(ToString::to_string).collect();
            format!("owner {:?} ({})", share.owner.as_str(), targets.join(", "))
        });
        others.collect::<Vec<_>>().join(", ")
    }

    /// Makes our rows of a record that does not exist say that we leave: others may be about to create it with what they say now.
    fn withdraw(&self, set: &Set<'a>, plan: &mut Plan) {
        if let Some(mut record) = self.as_if_ours(set, &self.said(set)) {
            record.ownership = Ownership { shared: true, ..Ownership::default() };
            diff::settle(self.input, &record, DeleteReason::LeftoverShare, None, plan);
        }
    }

    /// Removes our rows of a record that needs none of them. What they say is still part of what is shared: whether nobody writes
    /// the record after all has to be looked at first.
    fn drop_rows(&self, set: &Set<'a>, plan: &mut Plan) {
        for share in &set.ours {
            let mut row = share.row.clone();
            row.ownership.shared = true;
            diff::settle(self.input, &row, DeleteReason::LeftoverRow, None, plan);
        }
    }
}

#[cfg(test)]
mod tests;

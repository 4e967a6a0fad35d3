//! The diff: row by row, where a row is everything about one name and set identifier.

use super::conflict::{type_that_beats_cname, winner_for_create, winner_for_update};
use super::hold::{HoldReason, Kept};
use super::{
    Change, CreateReason, DeleteReason, Plan, PlanInput, Policy, ShareStep, Skip, SkipReason, UpdateReason,
    shared,
};
use crate::{DnsName, Endpoint, Owner, Properties, Record, RecordKey, RecordType, ZoneId};
use std::collections::BTreeSet;

/// Everything about one name and set identifier.
#[derive(Default)]
pub(super) struct Row<'a> {
    pub(super) current: Vec<&'a Record>,
    pub(super) candidates: Vec<&'a Endpoint>,
    place: Place,
}

/// Where what is new goes.
#[derive(Default)]
enum Place {
    /// To wherever the name belongs.
    #[default]
    Anywhere,
    /// To this zone, which is the only one that the row is about.
    Zone(ZoneId),
    /// Nowhere: what stands here is kept up to date, but nothing is added.
    Nowhere,
}

/// Compares what is wanted with what exists.
///
/// The result depends only on the content of the input, not on its order (except between identical wishes, where the
/// first one's labels are kept), and applying it and planning again gives an empty plan.
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let mut plan = Plan::default();
    let candidates = visible_candidates(input, &mut plan);
    let current = visible_records(input);
    // Only holds ask whether somebody else wants a name.
    let wanted: BTreeSet<&DnsName> = match input.holds.is_empty() {
        true => BTreeSet::new(),
        false => candidates.iter().filter(|c| !c.targets.is_empty()).map(|c| &c.name).collect(),
    };
    let mut shared = shared::names(input, &candidates);
    for row in rows(current, candidates) {
        match row.plain_name().and_then(|name| shared.get_mut(name)) {
            Some(place) => *place = row,
            None => by_zone(input, row).into_iter().for_each(|row| plan_row(input, &wanted, row, &mut plan)),
        }
    }
    for (name, row) in shared {
        shared::plan_name(input, &wanted, name, row, &mut plan);
    }
    sort(&mut plan);
    if !input.homes.is_empty() {
        // What is said of a wish in each of its zones need not be said twice.
        plan.skips.dedup();
    }
    plan
}

impl<'a> Row<'a> {
    /// Its name, where it has no set identifier.
    fn plain_name(&self) -> Option<&'a DnsName> {
        let current = self.current.first().map(|record| (&record.name, &record.set_identifier));
        let first = current.or_else(|| self.candidates.first().map(|c| (&c.name, &c.set_identifier)));
        first.filter(|(_, set_identifier)| set_identifier.is_empty()).map(|(name, _)| name)
    }
}

/// Wishes that pass the filters; the others become skips.
fn visible_candidates<'a>(input: &PlanInput<'a>, plan: &mut Plan) -> Vec<&'a Endpoint> {
    let mut visible = Vec::new();
    for endpoint in input.desired.iter().filter(|e| input.scope.covers(&e.name)) {
        if !passes(input, &endpoint.name) {
            plan.skips.push(Skip::of_wish(endpoint, SkipReason::DomainFilter));
        } else if !input.managed.contains(&endpoint.record_type) {
            plan.skips.push(Skip::of_wish(endpoint, SkipReason::UnmanagedType));
        } else {
            visible.push(endpoint);
        }
    }
    visible
}

fn visible_records<'a>(input: &PlanInput<'a>) -> Vec<&'a Record> {
    let is_visible = |r: &&Record| is_visible(input, &r.name, &r.record_type);
    input.current.iter().copied().filter(is_visible).collect()
}

/// Whether a plan is about records of this name and type.
pub(super) fn is_visible(input: &PlanInput<'_>, name: &DnsName, record_type: &RecordType) -> bool {
    input.scope.covers(name) && input.managed.contains(record_type) && passes(input, name)
}

fn passes(input: &PlanInput<'_>, name: &DnsName) -> bool {
    input.filters.iter().all(|filter| filter.matches(name))
}

/// Groups by (name, set identifier) with two sorts and a merge: no maps, and one row at a time, so that memory stays flat for
/// large zones.
fn rows<'a>(
    mut current: Vec<&'a Record>,
    mut candidates: Vec<&'a Endpoint>,
) -> impl Iterator<Item = Row<'a>> {
    fn record_key(record: &Record) -> (&str, &str) {
        (record.name.as_str(), &record.set_identifier)
    }
    fn endpoint_key(endpoint: &Endpoint) -> (&str, &str) {
        (endpoint.name.as_str(), &endpoint.set_identifier)
    }
    current.sort_by(|a, b| {
        record_key(a)
            .cmp(&record_key(b))
            .then_with(|| a.record_type.cmp(&b.record_type))
            .then_with(|| a.zone.cmp(&b.zone))
            .then_with(|| a.targets.cmp(&b.targets))
    });
    // Stable: identical wishes keep the order of the sources. Wishes of different objects are ordered by content.
    candidates.sort_by(|a, b| {
        endpoint_key(a)
            .cmp(&endpoint_key(b))
            .then_with(|| a.record_type.cmp(&b.record_type))
            .then_with(|| a.targets.cmp(&b.targets))
    });
    let (mut current, mut candidates) = (current.into_iter().peekable(), candidates.into_iter().peekable());
    std::iter::from_fn(move || {
        let key = match (current.peek(), candidates.peek()) {
            (None, None) => return None,
            (Some(record), None) => record_key(record),
            (None, Some(endpoint)) => endpoint_key(endpoint),
            (Some(record), Some(endpoint)) => record_key(record).min(endpoint_key(endpoint)),
        };
        let mut row = Row::default();
        while let Some(record) = current.next_if(|r| record_key(r) == key) {
            row.current.push(record);
        }
        while let Some(endpoint) = candidates.next_if(|e| endpoint_key(e) == key) {
            row.candidates.push(endpoint);
        }
        Some(row)
    })
}

/// Parts a row by zones where several of them count: each is compared, and completed, on its own.
fn by_zone<'a>(input: &PlanInput<'_>, row: Row<'a>) -> Vec<Row<'a>> {
    let name = row.current.first().map(|r| &r.name).or_else(|| row.candidates.first().map(|c| &c.name));
    let homes = name.and_then(|name| input.homes.get(name)).map_or(&[][..], Vec::as_slice);
    let pins: Vec<&ZoneId> = row.candidates.iter().filter_map(|candidate| candidate.zone.as_ref()).collect();
    if homes.is_empty() && pins.is_empty() {
        return vec![row];
    }
    let mut zones: Vec<&ZoneId> = homes.iter().chain(pins.iter().copied()).collect();
    zones.extend(row.current.iter().map(|record| &record.zone));
    zones.sort();
    zones.dedup();
    let for_zone = |zone: &ZoneId| {
        let is_for = |c: &&&Endpoint| c.zone.as_ref().is_none_or(|pin| pin == zone);
        let candidates: Vec<&Endpoint> = row.candidates.iter().filter(is_for).copied().collect();
        let is_home = homes.contains(zone) || pins.contains(&zone);
        let place = if is_home { Place::Zone(zone.clone()) } else { Place::Nowhere };
        let current = row.current.iter().filter(|record| record.zone == *zone).copied().collect();
        Row { current, candidates, place }
    };
    zones.into_iter().map(for_zone).collect()
}

pub(super) fn plan_row(
    input: &PlanInput<'_>,
    wanted: &BTreeSet<&DnsName>,
    mut row: Row<'_>,
    plan: &mut Plan,
) {
    // A wish without targets is no candidate: whoever made it holds the name instead.
    row.candidates.retain(|candidate| !candidate.targets.is_empty());
    if row.candidates.is_empty() {
        for record in &row.current {
            release(input, wanted, record, DeleteReason::NoLongerWanted, false, plan);
        }
        return;
    }
    if let Some(source) = incomplete_holder(input, &row, |_| true) {
        for record in &row.current {
            let reason = SkipReason::SourceIncomplete { source: source.clone() };
            plan.skips.push(Skip::of_record(record, reason));
        }
        return;
    }
    drop_cnames_beside_others(&mut row, plan);
    let creates = plan_types(input, wanted, &row, plan);
    if matches!(row.place, Place::Nowhere) {
        return;
    }
    for (endpoint, reason) in creates {
        create(input, &row, endpoint, reason, plan);
    }
}

/// Where a record comes from an object that cannot be seen at the moment and nobody else of that object speaks for it,
/// handing the name to another object would be a change caused by not seeing.
pub(super) fn incomplete_holder(
    input: &PlanInput<'_>,
    row: &Row<'_>,
    counts: impl Fn(&Record) -> bool,
) -> Option<String> {
    row.current.iter().filter(|record| counts(record)).find_map(|record| {
        let resource = record.labels.resource()?;
        let source = input.holds.incomplete_owner(record)?;
        let holder_speaks = row.candidates.iter().any(|c| c.labels.resource() == Some(resource));
        (!holder_speaks).then(|| source.source.clone())
    })
}

pub(super) fn drop_cnames_beside_others(row: &mut Row<'_>, plan: &mut Plan) {
    let Some(beside) = type_that_beats_cname(&row.candidates) else { return };
    row.candidates.retain(|candidate| {
        let stays = candidate.record_type != RecordType::Cname;
        if !stays {
            plan.skips.push(Skip::of_wish(candidate, SkipReason::CnameConflict { beside: beside.clone() }));
        }
        stays
    });
}

/// Goes through the types of a row: updates and deletes go into the plan, creates are returned because they depend on
/// what stays.
fn plan_types<'a>(
    input: &PlanInput<'_>,
    wanted: &BTreeSet<&DnsName>,
    row: &Row<'a>,
    plan: &mut Plan,
) -> Vec<(&'a Endpoint, CreateReason)> {
    let wanted_types: Vec<&RecordType> = row.candidates.iter().map(|c| &c.record_type).collect();
    let mut types: Vec<&RecordType> = row.current.iter().map(|r| &r.record_type).collect();
    types.extend(&wanted_types);
    types.sort_unstable();
    types.dedup();
    let before = plan.changes.len();
    let mut creates = Vec::new();
    for record_type in types {
        let current: Vec<&Record> =
            row.current.iter().copied().filter(|r| &r.record_type == record_type).collect();
        let candidates: Vec<&'a Endpoint> =
            row.candidates.iter().copied().filter(|c| &c.record_type == record_type).collect();
        if candidates.is_empty() {
            for record in current {
                let stands_in_the_way =
                    *record_type == RecordType::Cname || wanted_types.contains(&&RecordType::Cname);
                let reason = delete_reason(record, &wanted_types, row);
                release(input, wanted, record, reason, stands_in_the_way, plan);
            }
        } else if current.is_empty() {
            if let Some(winner) = winner_for_create(&candidates) {
                report_losers(&candidates, winner, plan);
                creates.push(winner);
            }
        } else {
            // The same record set may stand in several zones of one name; each is brought up to date.
            for record in current {
                if let Some(winner) = winner_for_update(record, &candidates) {
                    report_losers(&candidates, winner, plan);
                    compare(input, record, winner, plan);
                }
            }
        }
    }
    // What stays, because of its owner or the policy, has made room for nothing.
    let gone = plan.changes[before..].iter().find_map(|change| match change {
        Change::Delete { old, .. } => Some(&old.record_type),
        Change::Create { .. } | Change::Update { .. } => None,
    });
    let reason = create_reason(row, gone);
    creates.into_iter().map(|winner| (winner, reason.clone())).collect()
}

pub(super) fn delete_reason(record: &Record, wanted_types: &[&RecordType], row: &Row<'_>) -> DeleteReason {
    let new_type = wanted_types.iter().find(|t| !row.current.iter().any(|r| &r.record_type == **t));
    match new_type {
        Some(to) if **to != record.record_type => DeleteReason::TypeChanged { to: (*to).clone() },
        _ => DeleteReason::TypeNotWanted,
    }
}

fn create_reason(row: &Row<'_>, gone: Option<&RecordType>) -> CreateReason {
    match gone {
        Some(from) => CreateReason::TypeChanged { from: from.clone() },
        None if row.current.is_empty() => CreateReason::New,
        None => CreateReason::TypeAdded,
    }
}

pub(super) fn report_losers(candidates: &[&Endpoint], winner: &Endpoint, plan: &mut Plan) {
    for loser in candidates.iter().filter(|c| !std::ptr::eq(**c, winner)) {
        let targets = || winner.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let winner = match winner.labels.resource() {
            Some(resource) if Some(resource) != loser.labels.resource() => resource.to_owned(),
            _ => format!("targets {}", targets()),
        };
        let skip = Skip::of_wish(loser, SkipReason::Conflict { winner });
        if !plan.skips.contains_recent(&skip) {
            plan.skips.push(skip);
        }
    }
}

/// Several zones with one record set report the same loser once each; the repetition stands at the end of the list.
trait ContainsRecent {
    fn contains_recent(&self, skip: &Skip) -> bool;
}

impl ContainsRecent for Vec<Skip> {
    fn contains_recent(&self, skip: &Skip) -> bool {
        self.iter().rev().take(8).any(|recent| recent == skip)
    }
}

fn compare(input: &PlanInput<'_>, record: &Record, endpoint: &Endpoint, plan: &mut Plan) {
    if !record.is_owned_by(input.owner) {
        plan.skips.push(Skip::of_wish(endpoint, not_ours(record)));
        return;
    }
    let reasons = differences(record, endpoint);
    if reasons.is_empty() {
        return;
    }
    if !input.policy.allows_updates() {
        plan.skips.push(Skip::of_wish(endpoint, SkipReason::PolicyFreezes(input.policy)));
        return;
    }
    plan.changes.push(Change::update(record.clone(), endpoint.clone(), reasons));
}

pub(super) fn differences(record: &Record, endpoint: &Endpoint) -> Vec<UpdateReason> {
    let mut reasons = Vec::new();
    if endpoint.ttl.configured().is_some() && endpoint.ttl != record.ttl {
        reasons.push(UpdateReason::Ttl { from: record.ttl, to: endpoint.ttl });
    }
    if !record.has_targets(&endpoint.targets) {
        reasons.push(UpdateReason::Targets);
    }
    let properties = differing_properties(&record.properties, &endpoint.properties);
    if !properties.is_empty() {
        reasons.push(UpdateReason::Properties(properties));
    }
    if record.ownership.row_missing {
        reasons.push(UpdateReason::OwnershipRow);
    }
    if let Some(from) = &record.ownership.migrate_from {
        reasons.push(UpdateReason::OwnerMigration(from.clone()));
    }
    if record.ownership.row_moved {
        reasons.push(UpdateReason::RowMoved);
    }
    if let Some(table) = &record.ownership.into_table {
        reasons.push(UpdateReason::RowIntoTable(table.clone()));
    }
    if record.ownership.former_rows {
        reasons.push(UpdateReason::FormerRows);
    }
    if record.ownership.shared {
        reasons.push(UpdateReason::Shared { step: ShareStep::Ends, with: Box::default() });
    }
    reasons
}

fn differing_properties(current: &Properties, wanted: &Properties) -> Vec<String> {
    if current == wanted {
        return Vec::new();
    }
    let changed =
        wanted.iter().filter(|(name, value)| current.get(name) != Some(*value)).map(|(name, _)| name);
    let gone = current.iter().map(|(name, _)| name).filter(|name| wanted.get(name).is_none());
    let names: BTreeSet<&str> = changed.chain(gone).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Adds a create unless something at the name forbids it.
fn create(input: &PlanInput<'_>, row: &Row<'_>, endpoint: &Endpoint, reason: CreateReason, plan: &mut Plan) {
    if let Some(obstacle) = obstacle(input, row, endpoint) {
        plan.skips.push(Skip::of_wish(endpoint, obstacle));
        return;
    }
    let mut new = endpoint.clone();
    if let Place::Zone(zone) = &row.place {
        new.zone = Some(zone.clone());
    }
    plan.changes.push(Change::create(new, reason));
}

fn obstacle(input: &PlanInput<'_>, row: &Row<'_>, endpoint: &Endpoint) -> Option<SkipReason> {
    if let Some(foreign) = row.current.iter().find(|record| !record.is_owned_by(input.owner)) {
        return Some(not_ours(foreign));
    }
    // A record of the former owner that is not asked for in its own type stays, so nothing new may be put beside it.
    let is_asked_for = |record: &Record| row.candidates.iter().any(|c| c.record_type == record.record_type);
    let left = row.current.iter().filter(|record| !is_asked_for(record));
    if let Some(owner) = left.filter_map(|record| record.ownership.migrate_from.clone()).next() {
        return Some(SkipReason::ForeignOwner { owner });
    }
    let key = RecordKey {
        name: endpoint.name.clone(),
        record_type: endpoint.record_type.clone(),
        set_identifier: endpoint.set_identifier.clone(),
    };
    if let Some(owner) = input.claims.iter().find_map(|claims| claims.get(&key)) {
        return Some(SkipReason::Claimed { owner: owner.clone() });
    }
    let staying = row.current.iter().find(|record| {
        let excludes =
            (record.record_type == RecordType::Cname) != (endpoint.record_type == RecordType::Cname);
        excludes && !input.policy.allows_deletes()
    });
    staying.map(|record| SkipReason::Impossible { beside: record.record_type.clone() })
}

/// Deletes a record that no wish matches, unless it is not ours, held, or the policy keeps it. `stands_in_the_way` says whether
/// what is wanted of the same name cannot be beside it.
pub(super) fn release(
    input: &PlanInput<'_>,
    wanted: &BTreeSet<&DnsName>,
    record: &Record,
    reason: DeleteReason,
    stands_in_the_way: bool,
    plan: &mut Plan,
) {
    if !record.is_owned_by(input.owner) {
        // Somebody else's record at a name we have no wish for is nobody's news.
        return;
    }
    let kept = what_keeps(input, wanted, record, &reason, stands_in_the_way);
    if let (None, Some(owner)) = (&kept, &record.ownership.migrate_from) {
        // Another cluster may share the former owner. What nobody here asks for is not taken over, let alone deleted.
        plan.skips.push(Skip::of_record(record, SkipReason::NotMigrated { owner: owner.clone() }));
        return;
    }
    settle(input, record, reason, kept, plan);
}

/// What keeps a record that no wish matches.
pub(super) fn what_keeps<'a>(
    input: &PlanInput<'a>,
    wanted: &BTreeSet<&DnsName>,
    record: &Record,
    reason: &DeleteReason,
    stands_in_the_way: bool,
) -> Option<Kept<'a>> {
    let nobody_wants_the_row = *reason == DeleteReason::NoLongerWanted;
    if nobody_wants_the_row {
        return input.holds.keeps(record, |name| wanted.contains(name));
    }
    let refused = || match stands_in_the_way {
        true => None,
        false => input.holds.keeps_refused(record),
    };
    input.holds.incomplete_owner(record).map(Kept::Incomplete).or_else(refused)
}

/// Deletes a record unless something keeps it.
pub(super) fn settle(
    input: &PlanInput<'_>,
    record: &Record,
    reason: DeleteReason,
    kept: Option<Kept<'_>>,
    plan: &mut Plan,
) {
    match kept {
        Some(Kept::Held(hold)) => {
            let reason = match &hold.reason {
                // The same words as for the wish, so that it is told once.
                HoldReason::Refused(refusal) => SkipReason::Refused(refusal.clone()),
                other => SkipReason::Held(other.clone()),
            };
            let mut skip = Skip::of_record(record, reason);
            skip.objects.push(hold.object.clone());
            plan.skips.push(skip);
        }
        Some(Kept::Incomplete(source)) => {
            plan.skips.push(Skip::of_record(
                record,
                SkipReason::SourceIncomplete { source: source.source.clone() },
            ));
        }
        None if input.policy == Policy::Sync => {
            plan.changes.push(Change::delete(record.clone(), reason));
        }
        None => plan.skips.push(Skip::of_record(record, SkipReason::PolicyKeeps(input.policy))),
    }
}

pub(super) fn not_ours(record: &Record) -> SkipReason {
    match record.labels.owner().and_then(Owner::new) {
        Some(owner) => SkipReason::ForeignOwner { owner },
        None => SkipReason::Unowned,
    }
}

pub(super) fn sort(plan: &mut Plan) {
    plan.changes.sort_by(|a, b| change_key(a).cmp(&change_key(b)));
    plan.skips.sort_by(|a, b| {
        (&a.name, &a.set_identifier, &a.record_type, a.reason.code(), &a.objects).cmp(&(
            &b.name,
            &b.set_identifier,
            &b.record_type,
            b.reason.code(),
            &b.objects,
        ))
    });
}

/// Deletes stand before creates of the same name, so that a reader sees a type change in the order in which it happens.
fn change_key(change: &Change) -> (&DnsName, &str, u8, &RecordType) {
    let rank = match change {
        Change::Delete { .. } => 0,
        Change::Update { .. } => 1,
        Change::Create { .. } => 2,
    };
    (change.name(), change.set_identifier(), rank, change.record_type())
}

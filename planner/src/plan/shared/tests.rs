//! What each owner of a shared name does. The cases named after Kuadrant's DNS operator are its scenarios in our words.

use super::*;
use crate::{
    Hold, HoldReason, Holds, ManagedTypes, ObjectRef, Properties, Scope, ZoneId, parse_targets, plan,
};
use rstest::rstest;

const NAME: &str = "www.example.org";

/// What exists at the name, as the owner `me` sees it.
#[derive(Default)]
struct Case {
    records: Vec<Record>,
    shares: Shares,
    wishes: Vec<Endpoint>,
    holds: Vec<Hold>,
    keep_leaving: bool,
    policy: Option<Policy>,
}

/// `A 192.0.2.1|192.0.2.2 60` with the TTL left out where there is none.
fn parts(text: &str) -> (RecordType, Vec<Target>, Ttl) {
    let mut parts = text.split(' ');
    let record_type = RecordType::from_text(parts.next().unwrap());
    let targets = parse_targets(&record_type, parts.next().unwrap_or_default());
    let ttl = parts.next().map_or(Ttl::UNSET, |ttl| Ttl::from_seconds(ttl.parse().unwrap()));
    (record_type, targets, ttl)
}

impl Case {
    /// A record without any row yet; what [`Case::says`] adds makes it a shared one.
    fn record(mut self, text: &str) -> Self {
        let (record_type, targets, ttl) = parts(text);
        let mut record = Record::from_text::<&str>(ZoneId::new("z"), NAME, record_type, &[]).unwrap();
        (record.targets, record.ttl) = (targets, ttl);
        self.records.push(record);
        self
    }

    /// The last record is one owner's alone.
    fn owned_by(mut self, owner: &str) -> Self {
        self.records.last_mut().unwrap().labels.set(OWNER, owner);
        self
    }

    /// `blue A 192.0.2.1 60`, and behind `-` what is leaving: `blue A -192.0.2.1`.
    fn says(mut self, text: &str) -> Self {
        let (owner, text) = text.split_once(' ').unwrap();
        let (text, leaving) = text.split_once('-').unwrap_or((text, ""));
        let (record_type, targets, ttl) = parts(text.trim_end());
        let row =
            Record::from_text(ZoneId::new("z"), &format!("row-of-{owner}.org"), RecordType::Txt, &["x"]);
        let says = Statement { targets, leaving: parse_targets(&record_type, leaving), ttl, resource: None };
        let owner = Owner::new(owner).unwrap();
        let share = Share { owner: owner.clone(), says, row: row.unwrap(), is_current: true };
        for record in self.records.iter_mut().filter(|r| r.record_type == record_type) {
            record.ownership.shared = true;
            if share.is_active() && (owner.as_str() == "me" || record.labels.owner().is_none()) {
                record.labels.set(OWNER, owner.as_str());
            }
        }
        let name = DnsName::parse(NAME).unwrap();
        let key = RecordKey { name, record_type, set_identifier: "".into() };
        self.shares.entry(key).or_default().push(share);
        self
    }

    fn wants(self, text: &str) -> Self {
        let mut case = self.wants_alone(text);
        case.wishes.last_mut().unwrap().properties.set(SHARED, "true");
        case
    }

    fn wants_alone(mut self, text: &str) -> Self {
        let (record_type, targets, ttl) = parts(text);
        let name = DnsName::parse(NAME).unwrap();
        self.wishes.push(Endpoint::from_parts(name, record_type, targets, Properties::new()).with_ttl(ttl));
        self
    }

    fn held(mut self) -> Self {
        self.holds.push(Hold {
            object: ObjectRef {
                source: "ingress",
                kind: "Ingress",
                api_version: "v1",
                namespace: "x".into(),
                name: "web".into(),
                uid: "".into(),
            }
            .into(),
            name: DnsName::parse(NAME).ok(),
            set_identifier: "".into(),
            resource: None,
            reason: HoldReason::NoTarget,
        });
        self
    }

    fn early(self) -> Self {
        Self { keep_leaving: true, ..self }
    }

    fn under(self, policy: Policy) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// Changes as `~ A 192.0.2.1|192.0.2.2 (joins) says 192.0.2.1`, what is left alone as `! code`.
    fn plan(&self) -> Vec<String> {
        let owner = Owner::new("me");
        let plan = plan(&PlanInput {
            homes: &Default::default(),
            desired: &self.wishes,
            current: self.records.iter().collect(),
            holds: &Holds::new(self.holds.clone(), Vec::new()),
            claims: Vec::new(),
            filters: &[],
            managed: &ManagedTypes::default(),
            policy: self.policy.unwrap_or(Policy::Sync),
            owner: owner.as_ref(),
            scope: Scope::All,
            shared: SharedInput { shares: vec![&self.shares], keep_leaving: self.keep_leaving },
        });
        let changes = plan.changes.iter().map(told);
        changes.chain(plan.skips.iter().map(|skip| format!("! {}", skip.reason.code()))).collect()
    }
}

fn told(change: &Change) -> String {
    let says = |new: &Endpoint| {
        let says = Statement::noted_on(&new.labels, &new.record_type);
        says.map_or(String::new(), |says| {
            let leaving = match says.leaving.as_slice() {
                [] => String::new(),
                leaving => format!(" -{}", join(leaving)),
            };
            format!(" says {}{leaving}", join(&says.targets))
        })
    };
    match change {
        Change::Create { new, .. } => format!("+ {} {}{}", new.record_type, join(&new.targets), says(new)),
        Change::Delete { old, reason: DeleteReason::LeftoverRow } => format!("- row {}", old.name),
        Change::Delete { old, reason: DeleteReason::LeftoverShare } => format!("- part {}", old.record_type),
        Change::Delete { old, .. } => format!("- {}", old.record_type),
        Change::Update { new, reasons, .. } => {
            let step = reasons.iter().find_map(|reason| match reason {
                UpdateReason::Shared { step, .. } => Some(format!("{step:?}").to_lowercase()),
                _ => None,
            });
            let row = if change.leaves_record_alone() { " row only" } else { "" };
            let (t, targets) = (&new.record_type, join(&new.targets));
            format!("~ {t} {targets} ({}{row}){}", step.unwrap_or_default(), says(new))
        }
    }
}

fn case() -> Case {
    Case::default()
}

#[rstest]
#[case::multi_owner_create_the_first(case().wants("A 192.0.2.1"), &["+ A 192.0.2.1 says 192.0.2.1"])]
#[case::multi_owner_create_the_second(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").wants("A 192.0.2.1"),
    &["~ A 192.0.2.1|192.0.2.2 (joins) says 192.0.2.1"]
)]
#[case::multi_owner_update(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1").wants("A 192.0.2.3"),
    &["~ A 192.0.2.2|192.0.2.3 (changes) says 192.0.2.3 -192.0.2.1"]
)]
#[case::multi_owner_delete(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1"),
    &["~ A 192.0.2.2 (leaves) says  -192.0.2.1"]
)]
#[case::multi_owner_delete_of_the_last(case().record("A 192.0.2.1").says("me A 192.0.2.1"), &["- A"])]
#[case::delete_same_address(
    case().record("A 192.0.2.1").says("blue A 192.0.2.1").says("me A 192.0.2.1"),
    &["~ A 192.0.2.1 (leaves row only) says  -192.0.2.1"]
)]
#[case::record_type_conflict(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").wants("CNAME lb.example.net"),
    &["! type-conflict"]
)]
#[case::record_type_conflict_on_update(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1").wants("CNAME lb.example.net"),
    &["! type-conflict"]
)]
#[case::no_owner(case().record("A 192.0.2.2").wants("A 192.0.2.1"), &["! unowned"])]
#[case::other_owner_alone(case().record("A 192.0.2.2").owned_by("blue").wants("A 192.0.2.1"), &["! foreign-owner"])]
#[case::we_alone_do_not_share(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").wants_alone("A 192.0.2.1"),
    &["! foreign-owner"]
)]
fn kuadrant(#[case] case: Case, #[case] expected: &[&str]) {
    assert_eq!(case.plan(), expected);
}

#[rstest]
#[case::nothing_to_do(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1").wants("A 192.0.2.1"),
    &[]
)]
#[case::ours_was_lost(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1").wants("A 192.0.2.1"),
    &["~ A 192.0.2.1|192.0.2.2 (stays) says 192.0.2.1"]
)]
#[case::theirs_was_lost(
    case().record("A 192.0.2.1").says("blue A 192.0.2.2").says("me A 192.0.2.1").wants("A 192.0.2.1"),
    &["~ A 192.0.2.1|192.0.2.2 (stays) says 192.0.2.1"]
)]
#[case::what_left_came_back(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A -192.0.2.2").says("me A 192.0.2.1").wants("A 192.0.2.1"),
    &["~ A 192.0.2.1 (stays) says 192.0.2.1"]
)]
#[case::the_record_was_lost(
    case().says("blue A 192.0.2.2").says("me A 192.0.2.1").wants("A 192.0.2.1"),
    &["+ A 192.0.2.1|192.0.2.2 says 192.0.2.1"]
)]
#[case::strays_stay(
    case().record("A 192.0.2.2|192.0.2.9").says("blue A 192.0.2.2").wants("A 192.0.2.1"),
    &["~ A 192.0.2.1|192.0.2.2|192.0.2.9 (joins) says 192.0.2.1", "! unattributed"]
)]
#[case::strays_outlive_the_last_owner(
    case().record("A 192.0.2.1|192.0.2.9").says("me A 192.0.2.1"),
    &["~ A 192.0.2.9 (leaves) says  -192.0.2.1", "! unattributed"]
)]
#[case::lowest_ttl(
    case().record("A 192.0.2.2 300").says("blue A 192.0.2.2 300").wants("A 192.0.2.1 60"),
    &["~ A 192.0.2.1|192.0.2.2 (joins) says 192.0.2.1"]
)]
#[case::a_higher_ttl_changes_nothing(
    case().record("A 192.0.2.1 60").says("blue A 192.0.2.1 60").says("me A 192.0.2.1 300").wants("A 192.0.2.1 300"),
    &[]
)]
#[case::another_type_beside_theirs(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").wants("AAAA 2001:db8::1"),
    &["+ AAAA 2001:db8::1 says 2001:db8::1"]
)]
fn union(#[case] case: Case, #[case] expected: &[&str]) {
    assert_eq!(case.plan(), expected);
}

#[rstest]
#[case::not_at_once(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").says("me A -192.0.2.1").early(),
    &[]
)]
#[case::when_it_is_certain(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").says("me A -192.0.2.1"),
    &["- row row-of-me.org"]
)]
#[case::not_while_it_is_there(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A -192.0.2.1"),
    &["~ A 192.0.2.2 (stays) says  -192.0.2.1"]
)]
#[case::unless_another_says_it(
    case().record("A 192.0.2.1").says("blue A 192.0.2.1").says("me A -192.0.2.1"),
    &["- row row-of-me.org"]
)]
#[case::of_a_record_that_never_came(case().says("me A 192.0.2.1"), &["- part A"])]
#[case::of_a_change_before_the_record(
    case().says("me A 192.0.2.1").wants("A 192.0.2.3"),
    &["+ A 192.0.2.3 says 192.0.2.3 -192.0.2.1"]
)]
#[case::after_the_record(case().says("me A -192.0.2.1"), &["- row row-of-me.org"])]
#[case::not_at_once_after_the_record(case().says("me A -192.0.2.1").early(), &[])]
#[case::of_a_change(
    case().record("A 192.0.2.3").says("me A 192.0.2.3 -192.0.2.1").wants("A 192.0.2.3"),
    &["~ A 192.0.2.3 (changes row only) says 192.0.2.3"]
)]
#[case::of_a_change_early(
    case().record("A 192.0.2.3").says("me A 192.0.2.3 -192.0.2.1").wants("A 192.0.2.3").early(),
    &[]
)]
#[case::it_comes_back(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").says("me A -192.0.2.1").wants("A 192.0.2.1").early(),
    &["~ A 192.0.2.1|192.0.2.2 (joins) says 192.0.2.1"]
)]
#[case::what_only_leaving_owners_name_is_deleted(
    case().record("A 192.0.2.1").says("blue A -192.0.2.1").says("me A -192.0.2.2"),
    &["- A"]
)]
fn what_leaves_is_forgotten(#[case] case: Case, #[case] expected: &[&str]) {
    assert_eq!(case.plan(), expected);
}

#[rstest]
#[case::the_first_keeps(
    case().record("CNAME b.example.net").says("blue CNAME b.example.net").wants("CNAME a.example.net"),
    &["~ CNAME b.example.net (joins row only) says a.example.net", "! conflict"]
)]
#[case::it_follows_when_the_first_is_gone(
    case().record("CNAME b.example.net").says("blue CNAME -b.example.net").says("me CNAME a.example.net").wants("CNAME a.example.net"),
    &["~ CNAME a.example.net (stays) says a.example.net"]
)]
#[case::both_move(
    case().record("CNAME b.example.net").says("blue CNAME a.example.net").says("me CNAME b.example.net").wants("CNAME a.example.net"),
    &["~ CNAME a.example.net (changes) says a.example.net -b.example.net"]
)]
#[case::of_two_at_once_the_first_by_name(
    case().says("blue CNAME b.example.net").says("me CNAME a.example.net").wants("CNAME a.example.net"),
    &["+ CNAME b.example.net says a.example.net", "! conflict"]
)]
#[case::what_others_put_there_is_put_right(
    case().record("CNAME x.example.net").says("me CNAME a.example.net").wants("CNAME a.example.net"),
    &["~ CNAME a.example.net (stays) says a.example.net"]
)]
#[case::alone_we_may_change_the_type(
    case().record("A 192.0.2.1").says("me A 192.0.2.1").wants("CNAME a.example.net"),
    &["- A", "+ CNAME a.example.net says a.example.net"]
)]
#[case::a_row_of_the_type_that_lost_goes(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").says("me CNAME a.example.net").wants("CNAME a.example.net"),
    &["- part CNAME", "! type-conflict"]
)]
#[case::whoever_won_is_not_disturbed(
    case().record("A 192.0.2.1").says("me A 192.0.2.1").says("blue CNAME a.example.net").wants("A 192.0.2.1"),
    &[]
)]
fn one_target(#[case] case: Case, #[case] expected: &[&str]) {
    assert_eq!(case.plan(), expected);
}

#[rstest]
#[case::an_ordinary_record_becomes_shared(
    case().record("A 192.0.2.1").owned_by("me").wants("A 192.0.2.1"),
    &["~ A 192.0.2.1 (joins row only) says 192.0.2.1"]
)]
#[case::with_another_target(
    case().record("A 192.0.2.1").owned_by("me").wants("A 192.0.2.3"),
    &["~ A 192.0.2.3 (joins) says 192.0.2.3 -192.0.2.1"]
)]
#[case::and_an_ordinary_one_again(
    case().record("A 192.0.2.1").says("me A 192.0.2.1").wants_alone("A 192.0.2.1"),
    &["~ A 192.0.2.1 (ends row only)"]
)]
#[case::not_while_others_share_it(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1").wants_alone("A 192.0.2.1"),
    &[]
)]
#[case::nor_while_it_has_strays(
    case().record("A 192.0.2.1|192.0.2.9").says("me A 192.0.2.1").wants_alone("A 192.0.2.1"),
    &["! unattributed"]
)]
#[case::a_type_that_goes_meanwhile(
    case().record("A 192.0.2.1").says("me A 192.0.2.1").says("me AAAA -2001:db8::1").wants_alone("A 192.0.2.1"),
    &["- row row-of-me.org", "~ A 192.0.2.1 (ends row only)"]
)]
fn there_and_back(#[case] case: Case, #[case] expected: &[&str]) {
    assert_eq!(case.plan(), expected);
}

#[rstest]
#[case::a_hold_keeps_our_part(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1").held(),
    &["! held"]
)]
#[case::alone_too(case().record("A 192.0.2.1").says("me A 192.0.2.1").held(), &["! held"])]
#[case::upsert_only_keeps_it(
    case().record("A 192.0.2.1|192.0.2.2").says("blue A 192.0.2.2").says("me A 192.0.2.1").under(Policy::UpsertOnly),
    &["! policy"]
)]
#[case::upsert_only_joins(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").wants("A 192.0.2.1").under(Policy::UpsertOnly),
    &["~ A 192.0.2.1|192.0.2.2 (joins) says 192.0.2.1"]
)]
#[case::create_only_does_not(
    case().record("A 192.0.2.2").says("blue A 192.0.2.2").wants("A 192.0.2.1").under(Policy::CreateOnly),
    &["! policy"]
)]
#[case::create_only_creates(
    case().wants("A 192.0.2.1").under(Policy::CreateOnly),
    &["+ A 192.0.2.1 says 192.0.2.1"]
)]
fn what_keeps_our_part(#[case] case: Case, #[case] expected: &[&str]) {
    assert_eq!(case.plan(), expected);
}

#[test]
fn whoever_else_shares_is_named() {
    let case = case().record("A 192.0.2.2").says("blue A 192.0.2.2").wants("A 192.0.2.1");
    let owner = Owner::new("me");
    let plan = plan(&PlanInput {
        homes: &Default::default(),
        desired: &case.wishes,
        current: case.records.iter().collect(),
        holds: &Holds::default(),
        claims: Vec::new(),
        filters: &[],
        managed: &ManagedTypes::default(),
        policy: Policy::Sync,
        owner: owner.as_ref(),
        scope: Scope::All,
        shared: SharedInput { shares: vec![&case.shares], keep_leaving: false },
    });
    assert_eq!(plan.changes[0].reason(), "targets changed; shared with owner \"blue\" (192.0.2.2)");
}

use super::*;
use proptest::prelude::*;
use rstest::rstest;
use std::time::Duration;
use zonewright_planner::{
    CreateReason, DeleteReason, Endpoint, Labels, Properties, RecordType, UpdateReason,
};
use zonewright_provider_kit::{ErrorClass, ProviderError, ZoneChange};

const MINUTE: Duration = Duration::from_secs(60);

fn zone_id() -> ZoneId {
    ZoneId::new("Z1")
}

fn record(index: usize) -> Record {
    record_of(&format!("n{index:05}.example.org"), "192.0.2.1")
}

fn record_of(name: &str, target: &str) -> Record {
    let mut record = Record::from_text(zone_id(), name, RecordType::A, &[target]).unwrap();
    let mut labels = Labels::new();
    labels.set(zonewright_planner::OWNER, "me");
    record.labels = labels;
    record
}

fn delete(index: usize) -> Change {
    Change::delete(record(index), DeleteReason::NoLongerWanted)
}

fn endpoint(name: &str) -> Endpoint {
    Endpoint::new(name, RecordType::A, &["192.0.2.9"], Properties::new()).unwrap()
}

fn create(index: usize) -> Change {
    Change::create(endpoint(&format!("n{index:05}.example.org")), CreateReason::New)
}

/// Deletes of these records, and a create and an update, which always go on.
fn plan(deletes: impl IntoIterator<Item = usize>) -> Plan {
    let new = endpoint("new.example.org");
    let update = Change::update(
        record_of("old.example.org", "192.0.2.1"),
        endpoint("old.example.org"),
        vec![UpdateReason::Targets],
    );
    let mut changes = vec![Change::create(new, CreateReason::New), update];
    changes.extend(deletes.into_iter().map(delete));
    Plan { changes, skips: Vec::new() }
}

fn stock(owned: usize) -> Vec<Stock> {
    let zone = Zone { id: zone_id(), name: Some(DnsName::parse("example.org").unwrap()) };
    vec![Stock { zone, owned: Some(owned) }]
}

/// A zone of ours, with a clock.
struct World {
    guard: Guard,
    owned: BTreeSet<usize>,
    now: Instant,
}

impl World {
    fn new(settings: GuardSettings, owned: usize) -> Self {
        Self { guard: Guard::new(settings), owned: (0..owned).collect(), now: Instant::now() }
    }

    /// Plans these deletes and carries out what the guard lets through, except for those that fail. Gives the number of deletes.
    fn turn(&mut self, deletes: &[usize], scope: Scope<'_>, fails: &[usize]) -> usize {
        let mut plan = plan(deletes.iter().copied());
        self.guard.review(&mut plan, scope, || stock(self.owned.len()), self.now);
        assert_eq!((plan.count("create"), plan.count("update")), (1, 1), "these always go on");
        let guarded = plan.skips.iter().filter(|skip| skip.reason.code() == "guard").count();
        assert_eq!(plan.count("delete") + guarded, deletes.len());
        let mut done = 0;
        let applied: Vec<Applied> = plan
            .changes
            .into_iter()
            .map(|change| {
                let index = change.name().as_str().get(1..6).and_then(|digits| digits.parse().ok());
                let fails = index.is_some_and(|index: usize| fails.contains(&index));
                if let (Some(index), false) = (index, fails) {
                    assert!(self.owned.remove(&index));
                    done += 1;
                }
                applied(change, !fails)
            })
            .collect();
        self.guard.note_applied(&applied, self.now);
        done
    }

    fn full(&mut self, deletes: impl IntoIterator<Item = usize>) -> usize {
        self.turn(&deletes.into_iter().collect::<Vec<_>>(), Scope::All, &[])
    }

    fn only(&mut self, deletes: impl IntoIterator<Item = usize>) -> usize {
        let deletes: Vec<usize> = deletes.into_iter().collect();
        let names = names(deletes.iter().copied());
        self.turn(&deletes, Scope::Names(&names), &[])
    }

    /// The hash of what is withheld.
    fn hash(&self) -> String {
        self.guard.withheld()[0].hash.clone()
    }

    fn withheld(&self) -> usize {
        self.guard.withheld().iter().map(|withheld| withheld.deletes.len()).sum()
    }
}

fn names(indices: impl IntoIterator<Item = usize>) -> BTreeSet<DnsName> {
    indices.into_iter().map(|index| record(index).name).collect()
}

fn applied(change: Change, is_ok: bool) -> Applied {
    let outcome = match is_ok {
        true => Ok(()),
        false => Err(ProviderError::new(ErrorClass::Unavailable, "away")),
    };
    Applied { zone: zone_id(), change: ZoneChange { change, rows: Vec::new() }, outcome, own_fault: false }
}

fn defaults() -> GuardSettings {
    GuardSettings::default()
}

#[rstest]
#[case::at_the_share(100, 30, true)]
#[case::over_the_share(100, 31, false)]
#[case::everything(10, 10, false)]
#[case::below_the_floor(9, 9, true)]
#[case::one_of_ten(10, 3, true)]
#[case::four_of_ten(10, 4, false)]
fn a_share_of_what_we_own(#[case] owned: usize, #[case] deletes: usize, #[case] goes_through: bool) {
    let mut world = World::new(defaults(), owned);
    assert_eq!(world.full(0..deletes), if goes_through { deletes } else { 0 });
    assert_eq!(world.withheld(), if goes_through { 0 } else { deletes });
}

/// mitodl/ol-infrastructure PR#5865: a change of prefix planned CREATE=0 DELETE=8764.
#[test]
fn the_plan_that_deletes_8764_records_deletes_none() {
    let mut world = World::new(defaults(), 8764);
    let mut plan = Plan { changes: (0..8764).map(delete).collect(), skips: Vec::new() };
    world.guard.review(&mut plan, Scope::All, || stock(8764), world.now);
    assert!(plan.is_empty());
    assert_eq!(plan.skips.len(), 8764);
    let withheld = &world.guard.withheld()[0];
    assert_eq!((withheld.deletes.len(), withheld.owned), (8764, 8764));
    assert!(withheld.hash.len() == 12 && withheld.hash.chars().all(|c| c.is_ascii_hexdigit()));
    for _ in 0..3 {
        assert_eq!(world.full(0..8764), 0, "nor do the plans after it");
    }
    assert_eq!(world.full(0..2629), 0);
    world.now += MINUTE;
    assert_eq!(world.full(0..2629), 2629, "30 % of them is nobody's accident");
}

proptest! {
    #[test]
    fn deletes_are_withheld_if_and_only_if_there_are_too_many(
        owned in 0_usize..200, part in 0_usize..=100, share in 0_u32..=100, floor in 0_usize..50, max in 0_usize..30,
    ) {
        let deletes = owned * part / 100;
        let settings = GuardSettings { share, floor, max, ..defaults() };
        let mut world = World::new(settings, owned);
        let over_share = owned >= floor && deletes as f64 > owned as f64 * f64::from(share) / 100.0 + 1e-9;
        let is_over = over_share || (max > 0 && deletes > max);
        prop_assert_eq!(world.full(0..deletes), if is_over { 0 } else { deletes });
    }

    #[test]
    fn no_splitting_into_small_plans_gets_more_through(
        owned in 10_usize..150, pieces in proptest::collection::vec(1_usize..20, 1..40), gaps in 0_u64..5,
    ) {
        let mut world = World::new(defaults(), owned);
        let (mut next, begin, mut gone) = (0, world.now, 0);
        for piece in pieces {
            let until = (next + piece).min(owned);
            gone += world.only(next..until);
            next = until;
            world.now += Duration::from_secs(gaps);
            if world.now - begin >= MINUTE {
                break;
            }
        }
        prop_assert!(gone * 100 <= owned * 30, "{gone} of {owned}");
        prop_assert_eq!(gone + world.withheld(), next);
    }
}

#[test]
fn what_is_deleted_counts_for_one_window() {
    let mut world = World::new(defaults(), 100);
    assert_eq!(world.only(0..20), 20);
    assert_eq!(world.only(20..31), 0);
    assert_eq!(world.guard.withheld()[0].recent, 20);
    world.now += MINUTE;
    assert_eq!(world.full(20..31), 11, "11 of 80 a minute later");
    assert_eq!(world.withheld(), 0);
}

#[test]
fn a_record_that_comes_back_is_not_missing() {
    let mut world = World::new(defaults(), 10);
    for _ in 0..5 {
        assert_eq!(world.only(0..3), 3);
        let back: Vec<Applied> = (0..3).map(|index| applied(create(index), true)).collect();
        world.owned.extend(0..3);
        world.guard.note_applied(&back, world.now);
    }
}

/// Objects that are restored one after the other, after all had gone: the last few are below every limit.
#[test]
fn what_is_on_its_way_back_is_waited_for() {
    let mut world = World::new(defaults(), 100);
    assert_eq!(world.full(0..100), 0);
    for back in 1..=95 {
        world.now += Duration::from_secs(1);
        assert_eq!(world.full(back..100), 0, "{back} are back");
    }
    assert!(world.guard.withheld()[0].to_string().contains(
        "5 of the 100 records of ours in zone example.org would be deleted, and others that were withheld came back less than \
         60 s ago, as these may, too"
    ));
    world.now += MINUTE - Duration::from_secs(1);
    assert_eq!(world.full(95..100), 0);
    world.now += Duration::from_secs(1);
    assert_eq!(world.full(95..100), 5, "these did not come back");
    assert_eq!(world.withheld(), 0);
}

#[test]
fn what_is_on_its_way_back_can_be_approved() {
    let mut world = World::new(defaults(), 100);
    assert_eq!(world.full(0..100), 0);
    assert_eq!(world.full(95..100), 0);
    world.guard.approve(&world.hash()).unwrap();
    assert_eq!(world.full(95..100), 5);
}

#[test]
fn when_all_are_back_the_guard_is_as_it_was() {
    let mut world = World::new(defaults(), 100);
    assert_eq!(world.full(0..100), 0);
    assert_eq!(world.full([]), 0);
    assert_eq!(world.withheld(), 0);
    assert_eq!(world.full(0..5), 5);
}

#[test]
fn what_failed_is_not_gone() {
    let mut world = World::new(defaults(), 100);
    let all: Vec<usize> = (0..30).collect();
    assert_eq!(world.turn(&all, Scope::All, &all), 0);
    assert_eq!(world.full(0..30), 30);
}

#[test]
fn changes_of_type_do_not_count() {
    let mut guard = Guard::new(defaults());
    let mut plan = Plan::default();
    for index in 0..20 {
        let reason = DeleteReason::TypeChanged { to: RecordType::Cname };
        plan.changes.push(Change::delete(record(index), reason));
    }
    guard.review(&mut plan, Scope::All, || stock(20), Instant::now());
    assert_eq!(plan.count("delete"), 20);
    assert!(guard.withheld().is_empty());
}

#[test]
fn each_zone_for_itself() {
    let mut guard = Guard::new(defaults());
    let mut plan = plan(0..20);
    let other = ZoneId::new("Z2");
    for change in &mut plan.changes[2 + 15..] {
        let Change::Delete { old, .. } = change else { panic!() };
        old.zone = other.clone();
    }
    let mut all = stock(20);
    all.push(Stock { zone: Zone { id: other, name: None }, owned: Some(20) });
    guard.review(&mut plan, Scope::All, || all, Instant::now());
    assert_eq!(plan.count("delete"), 5, "5 of 20 there, 15 of 20 here");
    assert_eq!(guard.withheld().len(), 1);
}

#[rstest]
#[case::by_name("example.org")]
#[case::by_name_as_people_write_it("Example.ORG.")]
#[case::by_id("Z1")]
fn a_zone_can_have_a_share_of_its_own(#[case] zone: &str) {
    let own = |share| GuardSettings { zones: vec![ZoneShare { zone: zone.into(), share }], ..defaults() };
    assert_eq!(World::new(own(100), 20).full(0..20), 20);
    assert_eq!(World::new(own(0), 20).full(0..1), 0);
    let elsewhere =
        GuardSettings { zones: vec![ZoneShare { zone: "example.net".into(), share: 100 }], ..defaults() };
    assert_eq!(World::new(elsewhere, 20).full(0..20), 0);
}

#[test]
fn a_zone_that_does_not_exist_is_noticed() {
    let zones =
        ["example.net", "Example.ORG", "Z1", "Z2"].map(|zone| ZoneShare { zone: zone.into(), share: 5 });
    let guard = Guard::new(GuardSettings { zones: zones.into(), ..defaults() });
    assert_eq!(guard.unknown_zones(&[stock(0)[0].zone.clone()]), ["example.net", "Z2"]);
}

#[test]
fn it_can_be_turned_off() {
    assert_eq!(World::new(GuardSettings { enabled: false, max: 1, ..defaults() }, 20).full(0..20), 20);
    assert_eq!(World::new(GuardSettings { share: 100, ..defaults() }, 20).full(0..20), 20);
}

#[test]
fn an_approval_lets_exactly_this_plan_through_once() {
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    let hash = world.hash();
    let approved = world.guard.approve(&hash).unwrap();
    assert_eq!((approved.zone, approved.deletes), (zone_id(), 40));
    assert_eq!(approved.names, names(0..40));
    assert_eq!(world.only(0..40), 40);
    assert_eq!(world.withheld(), 0);
    let spent = ApproveError::Spent { hash: hash.clone(), present: Vec::new() };
    assert_eq!(world.guard.approve(&hash), Err(spent.clone()));
    assert_eq!(
        spent.to_string(),
        format!("{hash} has been approved before, and an approval counts once; nothing is withheld")
    );
    // They come back and are to be deleted again: that is another plan, and nobody has approved it.
    world.owned.extend(0..40);
    world.now += MINUTE * 2;
    assert_eq!(world.full(0..40), 0);
    assert_ne!(world.hash(), hash);
    assert_eq!(world.guard.approve(&hash), Err(ApproveError::Spent { hash, present: vec![world.hash()] }));
}

#[test]
fn approved_deletes_leave_the_window_to_what_follows() {
    let mut world = World::new(defaults(), 100);
    world.full(0..60);
    world.guard.approve(&world.hash()).unwrap();
    assert_eq!(world.full(0..60), 60);
    assert_eq!(world.only(60..72), 12, "12 of 40");
    assert_eq!(world.only(72..73), 0, "13 of 40");
}

#[rstest]
#[case::one_more(0..41)]
#[case::one_less(0..39)]
#[case::another(1..41)]
fn any_drift_is_another_plan(#[case] then: std::ops::Range<usize>) {
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    let hash = world.hash();
    world.guard.approve(&hash).unwrap();
    assert_eq!(world.full(then), 0);
    assert_ne!(world.hash(), hash);
    assert_eq!(world.full(0..40), 0, "the approval is worth nothing any more");
    assert_eq!(world.hash(), hash);
}

#[test]
fn another_target_is_another_plan() {
    let hash = |target: &str| {
        let mut guard = Guard::new(defaults());
        let deletes = (0..20).map(|i| record_of(&format!("n{i}.example.org"), target));
        let changes = deletes.map(|old| Change::delete(old, DeleteReason::NoLongerWanted));
        let mut plan = Plan { changes: changes.collect(), skips: Vec::new() };
        guard.review(&mut plan, Scope::All, || stock(20), Instant::now());
        guard.withheld()[0].hash.clone()
    };
    assert_eq!(hash("192.0.2.1"), hash("192.0.2.1"));
    assert_ne!(hash("192.0.2.1"), hash("192.0.2.2"));
}

#[test]
fn the_order_of_a_plan_does_not_matter() {
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    let hash = world.hash();
    world.full((0..40).rev());
    assert_eq!(world.hash(), hash);
    world.only([7, 3]);
    assert_eq!(world.hash(), hash, "nor that some were planned again");
}

#[test]
fn what_the_provider_did_not_delete_needs_another_approval() {
    let mut world = World::new(defaults(), 100);
    let all: Vec<usize> = (0..90).collect();
    world.full(0..90);
    let first = world.hash();
    world.guard.approve(&first).unwrap();
    assert_eq!(world.turn(&all, Scope::All, &all[..20]), 70);
    assert_eq!(world.full(0..20), 0, "20 of 30");
    let second = world.hash();
    assert_ne!(second, first);
    world.guard.approve(&second).unwrap();
    assert_eq!(world.turn(&all[..20], Scope::All, &all[..20]), 0, "the provider refuses them all");
    assert_eq!(world.full(0..20), 0);
    assert_ne!(world.hash(), second, "the same deletes, and yet not approved");
    world.guard.approve(&world.hash()).unwrap();
    assert_eq!(world.turn(&all[..20], Scope::All, &all[..2]), 18);
    assert_eq!(world.full(0..2), 2, "2 of 12 need no approval");
}

#[test]
fn a_plan_of_some_names_leaves_what_is_withheld_for_others() {
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    assert_eq!(world.only(40..41), 0, "41 of 100");
    assert_eq!(world.withheld(), 41);
    // Somebody wants these again.
    let back = names(0..12);
    assert_eq!(world.turn(&[], Scope::Names(&back), &[]), 0);
    assert_eq!(world.withheld(), 29);
    world.now += MINUTE;
    assert_eq!(world.full(12..41), 29, "the full plan decides anew");
    assert_eq!(world.withheld(), 0);
}

#[test]
fn an_approval_waits_for_a_plan_that_has_all_of_it() {
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    world.guard.approve(&world.hash()).unwrap();
    assert_eq!(world.only(0..10), 0);
    assert_eq!(world.turn(&[], Scope::Names(&names([99])), &[]), 0);
    assert_eq!(world.full(0..40), 40);
}

#[test]
fn a_zone_that_cannot_be_read_keeps_its_plan_and_its_approval() {
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    let hash = world.hash();
    world.guard.approve(&hash).unwrap();
    let unreadable = || stock(0).into_iter().map(|stock| Stock { owned: None, ..stock }).collect();
    world.guard.review(&mut plan([]), Scope::All, unreadable, world.now);
    assert_eq!(world.hash(), hash);
    assert_eq!(world.full(0..40), 40);
    // A zone that is gone takes what was withheld there with it.
    world.full(40..60);
    assert_eq!(world.withheld(), 20);
    world.guard.review(&mut plan([]), Scope::All, Vec::new, world.now);
    assert_eq!(world.withheld(), 0);
}

#[test]
fn what_was_approved_in_advance_goes_through_and_the_rest_is_named() {
    let hash = {
        let mut world = World::new(defaults(), 100);
        world.full(0..40);
        world.hash()
    };
    let mut world = World::new(defaults(), 100);
    world.guard.expect([hash.clone(), "0123456789ab".to_owned()]);
    assert_eq!(world.full(0..40), 40);
    assert_eq!(world.guard.unmet().collect::<Vec<_>>(), ["0123456789ab"]);
    world.owned.extend(0..40);
    world.now += MINUTE * 2;
    assert_eq!(world.full(0..40), 0, "once");
}

#[test]
fn approvals_of_an_earlier_life_are_worth_nothing() {
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    let hash = world.hash();
    world.guard.note_spent([hash.clone()]);
    assert!(matches!(world.guard.approve(&hash), Err(ApproveError::Spent { .. })));
    let second = world.hash();
    world.guard.approve(&second).unwrap();
    // Its own approval, as it will be written down, is not one of them.
    world.guard.note_spent([hash, second]);
    assert_eq!(world.full(0..40), 40);
}

#[test]
fn the_message_says_what_why_and_how() {
    let mut world = World::new(defaults(), 100);
    assert_eq!(world.only(90..95), 5);
    world.full(0..40);
    let hash = world.hash();
    assert_eq!(
        world.guard.withheld()[0].to_string(),
        format!(
            "the delete guard withholds deletes: 40 of the 95 records of ours in zone example.org would be deleted (5 \
             more were deleted just before), more than 30 %: n00000.example.org, n00001.example.org, \
             n00002.example.org and 37 more names. Creates and updates go on. To let exactly these deletes \
             through: zonewright approve {hash} (or --approve-hash={hash} with --once)"
        )
    );
    assert_eq!(
        world.guard.approve("nonsense").unwrap_err().to_string(),
        format!("no withheld plan has the hash nonsense; withheld now: {hash}")
    );
}

#[tokio::test]
async fn approvals_travel_between_tasks() {
    let (mut handle, mut approvals) = approvals();
    let mut world = World::new(defaults(), 100);
    world.full(0..40);
    approvals.publish(&world.guard);
    handle.until_something_is_withheld().await.unwrap();
    let hash = handle.withheld()[0].hash.clone();
    let asked = tokio::spawn({
        let (handle, hash) = (handle.clone(), hash.clone());
        async move { (handle.approve("nonsense").await, handle.approve(&hash).await) }
    });
    assert!(approvals.next().await.unwrap().settle(&mut world.guard).is_empty());
    assert_eq!(approvals.next().await.unwrap().settle(&mut world.guard), names(0..40));
    let (refused, approved) = asked.await.unwrap();
    assert_eq!(refused.unwrap(), Err(ApproveError::Unknown { hash: "nonsense".into(), present: vec![hash] }));
    assert_eq!(approved.unwrap().unwrap().deletes, 40);
    handle.spent(vec!["h".into()]).await.unwrap();
    approvals.next().await.unwrap().settle(&mut world.guard);
    assert!(matches!(world.guard.approve("h"), Err(ApproveError::Spent { .. })));
    drop(approvals);
    assert_eq!(handle.approve("h").await, Err(Ended));
}

//! Views of states that were put together by hand.

use super::explain::{Explanation, Findings, Verdict, explain};
use super::testing::{Stage, every_reason, name, object, record, table as table_of, wish};
use super::{ALL_STATES, HomesOf, PAGE, Query, State, Table, advice, overview, table};
use crate::sources::outcome::{Problem, Severity};
use crate::sources::pipeline::Desired;
use crate::sources::store::CacheStatus;
use crate::sources::{Asked, Asking};
use crate::sync::guard::{Limit, Withheld};
use crate::sync::report::CycleReport;
use rstest::rstest;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use zonewright_planner::*;
use zonewright_provider_kit::{ErrorClass, ProviderError, Zone};

fn names(table: &Table) -> Vec<&str> {
    table.records.iter().map(|row| row.name.as_str()).collect()
}

fn search(stage: &Stage, text: &str) -> Table {
    table(stage.scene(), &Query { text: text.to_owned(), ..Query::default() })
}

fn skip(host: &str, reason: SkipReason) -> Skip {
    Skip::of_wish(&wish(host, RecordType::A, "192.0.2.9"), reason)
}

#[test]
fn every_reason_has_a_state_and_says_what_helps() {
    let mut states: BTreeSet<State> = BTreeSet::from([State::InSync, State::Pending]);
    let mut advised = BTreeSet::new();
    for reason in every_reason() {
        states.insert(State::of(&reason));
        let text = advice(&reason);
        assert!(text.len() > 20 && !text.ends_with('.'), "{reason:?}: {text}");
        assert!(advised.insert(text), "{reason:?} has the advice of another");
    }
    assert_eq!(
        states,
        BTreeSet::from(ALL_STATES),
        "a state that nothing leads to, or one that is not listed"
    );
    for state in ALL_STATES {
        assert_eq!(State::from_text(state.as_str()), Some(state));
    }
}

#[test]
fn rows_are_what_exists_and_what_came_to_nothing() {
    let stage = Stage::new(vec![
        record("mine.example.org", "192.0.2.1", "me"),
        record("blue.example.org", "192.0.2.2", "blue"),
        record("hand.example.org", "192.0.2.3", ""),
    ])
    .with_skips(vec![
        skip("blue.example.org", SkipReason::ForeignOwner { owner: Owner::new("blue").unwrap() }),
        skip("new.example.org", SkipReason::Held(HoldReason::NoTarget)),
        skip("elsewhere.test", SkipReason::NoZone),
    ]);
    let table = table(stage.scene(), &Query::default());
    let rows: Vec<_> = table.records.iter().map(|row| (row.name.as_str(), row.state, row.exists)).collect();
    assert_eq!(
        rows,
        [
            ("blue.example.org", State::Foreign, true),
            ("elsewhere.test", State::Waiting, false),
            ("hand.example.org", State::Unowned, true),
            ("mine.example.org", State::InSync, true),
            ("new.example.org", State::Held, false),
        ]
    );
    assert_eq!(table.records[0].objects, ["ingress/web/blue"], "who asks for it, not who made it");
    assert_eq!(table.records[1].zone, "");
    assert_eq!(table.records[3].objects, ["ingress/web/mine"]);
    assert_eq!(table.states.values().sum::<usize>(), 5);
}

#[test]
fn records_beyond_the_filters_are_not_in_sync() {
    let mut stage = Stage::new(vec![record("mine.example.org", "192.0.2.1", "me")]);
    stage.rules.settings.filter = DomainFilter::from_suffixes(&["example.net"], &[]).unwrap();
    assert_eq!(table(stage.scene(), &Query::default()).records[0].state, State::Filtered);
}

#[test]
fn what_is_not_ours_is_not_held_by_us() {
    let incomplete = SkipReason::SourceIncomplete { source: "ingress".into() };
    let foreign = record("blue.example.org", "192.0.2.2", "blue");
    let stage = Stage::new(vec![foreign.clone()]).with_skips(vec![Skip::of_record(&foreign, incomplete)]);
    assert_eq!(table(stage.scene(), &Query::default()).records[0].state, State::Foreign);
}

#[rstest]
#[case::part_of_a_name("shop", &["shop.example.org", "workshop.example.net"])]
#[case::capitals("SHOP.Example.ORG", &["shop.example.org"])]
#[case::an_owner("blue", &["workshop.example.net"])]
#[case::an_object("ingress/web/shop", &["shop.example.org"])]
#[case::a_target("192.0.2.2", &["workshop.example.net"])]
#[case::several_words("shop 192.0.2.1", &["shop.example.org"])]
#[case::unicode("bücher.example.org", &["xn--bcher-kva.example.org"])]
#[case::nothing("absent", &[])]
fn searching(#[case] text: &str, #[case] expected: &[&str]) {
    let stage = Stage::new(vec![
        record("shop.example.org", "192.0.2.1", "me"),
        record("workshop.example.net", "192.0.2.2", "blue"),
        record("bücher.example.org", "192.0.2.3", "me"),
    ]);
    assert_eq!(names(&search(&stage, text)), expected);
}

#[test]
fn states_and_zones_narrow_what_is_shown_and_states_are_counted_all_the_same() {
    let stage = Stage::new(vec![
        record("a.example.org", "192.0.2.1", "me"),
        record("b.example.net", "192.0.2.2", "blue"),
        record("c.example.net", "192.0.2.2", "me"),
    ]);
    let query = Query { state: Some(State::Foreign), ..Query::default() };
    let found = table(stage.scene(), &query);
    assert_eq!(names(&found), ["b.example.net"]);
    assert_eq!(found.states, [(State::Foreign, 1), (State::InSync, 2)].into());
    let in_net = Query { zone: "example.net".into(), ..Query::default() };
    assert_eq!(names(&table(stage.scene(), &in_net)), ["b.example.net", "c.example.net"]);
}

#[test]
fn pages_have_all_rows_once() {
    let records: Vec<Record> =
        (0..2 * PAGE + 1).map(|n| record(&format!("n{n:04}.example.org"), "192.0.2.1", "me")).collect();
    let stage = Stage::new(records);
    let page = |page| table(stage.scene(), &Query { page, ..Query::default() });
    assert_eq!((page(1).pages, page(1).total), (3, 2 * PAGE + 1));
    let all: Vec<String> = (1..=3)
        .flat_map(|n| page(n).records)
        .map(|row| row.name)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert_eq!(all.len(), 2 * PAGE + 1);
    assert_eq!(page(3).records.len(), 1);
    assert_eq!(page(99).page, 3, "beyond the end is the end");
    assert_eq!(page(0).page, 1);
}

#[test]
fn a_page_of_thirty_thousand_records_is_quick() {
    let records: Vec<Record> =
        (0..30_000).map(|n| record(&format!("n{n:05}.example.org"), "192.0.2.1", "me")).collect();
    let held = || SkipReason::Held(HoldReason::NoTarget);
    let skips = (0..30_000).step_by(10).map(|n| skip(&format!("n{n:05}.example.org"), held())).collect();
    let stage = Stage::new(records).with_skips(skips);
    let begun = Instant::now();
    let everything = table(stage.scene(), &Query::default());
    let query = Query { text: "n299 192.0.2".into(), state: Some(State::InSync), ..Query::default() };
    let found = table(stage.scene(), &query);
    let page = super::html::status_page(&overview(stage.scene(), everything.states), &found, &query);
    let took = begun.elapsed();
    assert_eq!(found.total, 90);
    assert!(page.len() < 100_000);
    // Without optimisation it takes some ten times as long, and the machine may be busy.
    let allowed = if cfg!(debug_assertions) { 3000 } else { 50 };
    println!("one page of 30,000 records took {took:?}");
    assert!(took.as_millis() < allowed, "{took:?}");
}

fn asked(endpoints: Vec<Endpoint>, holds: Vec<Hold>) -> Findings {
    let object = object("web", "shop");
    let asking = Asking { object, endpoints: endpoints.clone(), holds, problems: Vec::new() };
    Findings {
        asked: Asked { objects: vec![asking], desired: Desired { endpoints, ..Desired::default() } },
        ..Findings::default()
    }
}

fn shop(stage: &Stage, findings: &Findings) -> Explanation {
    explain(stage.scene(), &name("shop.example.org"), findings)
}

fn wished() -> Findings {
    asked(vec![wish("shop.example.org", RecordType::A, "192.0.2.1")], Vec::new())
}

#[test]
fn every_reason_is_explained() {
    for reason in every_reason() {
        let record = record("shop.example.org", "192.0.2.1", "me");
        let stage =
            Stage::new(vec![record.clone()]).with_skips(vec![Skip::of_record(&record, reason.clone())]);
        let explained = shop(&stage, &wished());
        let guarded = matches!(reason, SkipReason::Guarded { .. });
        assert_eq!(
            explained.verdict,
            if guarded { Verdict::Withheld } else { Verdict::LeftAlone },
            "{reason:?}"
        );
        assert!(explained.summary.contains(&reason.to_string()), "{}", explained.summary);
        let left = &explained.left_alone[0];
        assert_eq!((left.code, &left.advice), (reason.code(), &advice(&reason)));
        assert_eq!(explained.records[0].state, State::of(&reason));
    }
}

#[test]
fn a_name_that_is_as_it_is_asked_for() {
    let stage = Stage::new(vec![record("shop.example.org", "192.0.2.1", "me")]);
    let explained = shop(&stage, &wished());
    assert_eq!(explained.verdict, Verdict::Published);
    assert_eq!(explained.zone.as_deref(), Some("example.org"));
    assert_eq!(explained.objects[0].wishes, ["A 192.0.2.1"]);
    assert_eq!(explained.ownership[0].row.as_deref(), Some("a-shop.example.org"));
    assert!(explained.checks.iter().all(|check| check.passes));
}

#[test]
fn a_name_that_is_about_to_change() {
    let new = wish("shop.example.org", RecordType::A, "192.0.2.1");
    let mut report = CycleReport { dry_run: true, ..CycleReport::default() };
    report.plan.changes.push(Change::create(new, CreateReason::New));
    let mut stage = Stage::new(Vec::new());
    stage.note(&report);
    let explained = shop(&stage, &wished());
    assert_eq!(explained.verdict, Verdict::Changes);
    assert_eq!(explained.plan[0].targets, ["192.0.2.1"]);
    assert_eq!((explained.records[0].state, explained.records[0].exists), (State::Pending, false));
}

#[test]
fn a_name_that_nobody_asks_for() {
    let stage = Stage::new(Vec::new());
    let mut findings = Findings::default();
    findings.similar.push((name("*.example.org"), object("web", "star")));
    let explained = shop(&stage, &findings);
    assert_eq!(explained.verdict, Verdict::NotAskedFor);
    assert!(explained.summary.contains("*.example.org of ingress/web/star answers for it"));
    let stage = Stage::new(vec![record("shop.example.org", "192.0.2.1", "")]);
    assert!(shop(&stage, &Findings::default()).summary.contains("not ours (unowned)"));
}

/// What a name's page and `explain` say of who owns it, a line each.
fn ownership(explained: &Explanation) -> Vec<String> {
    let line = |row: &super::explain::OwnershipRow| {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let (owner, row_of, table) = (text(&row.owner), text(&row.row), text(&row.table));
        format!("{} {owner} {row_of} {table} {}", row.record_type, row.exists)
    };
    explained.ownership.iter().map(line).collect()
}

#[test]
fn a_name_that_another_owner_holds_in_the_zone() {
    let mut stage = Stage::new(Vec::new());
    let key = record("shop.example.org", "192.0.2.1", "").key();
    stage.world.parts[0].owned.claims.insert(key, Owner::new("blue").unwrap());
    let explained = shop(&stage, &Findings::default());
    assert!(
        explained.summary.ends_with("An ownership record of owner \"blue\" holds it."),
        "{}",
        explained.summary
    );
    assert_eq!(ownership(&explained), ["A blue - - false"]);
    assert!(super::html::name_page(&explained).contains("stands without its record"));
}

#[tokio::test]
async fn a_name_that_another_owner_holds_in_the_table() {
    let mut stage = Stage::new(Vec::new());
    stage.rules.registry = table_of(&[
        ("shop.example.org#A#", "blue"),
        ("shop.example.org#A#eu#west", "green"),
        ("shop.example.org#TXT#", "me"),
        ("other.example.org#A#", "blue"),
    ])
    .await;
    // Nobody asks for it.
    let explained = shop(&stage, &Findings::default());
    assert_eq!(explained.verdict, Verdict::NotAskedFor);
    assert_eq!(
        explained.summary,
        "No object asks for shop.example.org. An ownership record of owner \"blue\" and of owner \"green\" holds it."
    );
    assert_eq!(
        ownership(&explained),
        [
            "A blue shop.example.org#A# external-dns false",
            "A green shop.example.org#A#eu#west external-dns false"
        ]
    );
    let page = super::html::name_page(&explained);
    assert!(page.contains("shop.example.org#A# in table external-dns, without its record"), "{page}");
    // An object asks for it.
    let claimed = SkipReason::Claimed { owner: Owner::new("blue").unwrap() };
    let stage = Stage {
        rules: stage.rules,
        ..Stage::new(Vec::new()).with_skips(vec![skip("shop.example.org", claimed)])
    };
    let explained = shop(&stage, &wished());
    assert_eq!(explained.verdict, Verdict::LeftAlone);
    assert!(explained.summary.contains("owner \"blue\""), "{}", explained.summary);
    assert_eq!(explained.records[0].owner.as_deref(), Some("blue"));
    assert_eq!(explained.ownership.len(), 2);
    assert_eq!(names(&search(&stage, "blue")), ["shop.example.org"], "on the status page, too");
}

#[tokio::test]
async fn records_with_rows_in_the_table() {
    let mut alias = record("shop.example.org", "192.0.2.2", "blue");
    alias.set_identifier = "alias".into();
    alias.properties = [("alias", "true")].into_iter().collect();
    let mut stage = Stage::new(vec![
        record("shop.example.org", "192.0.2.1", "me"),
        alias,
        record("theirs.example.org", "192.0.2.3", "blue"),
        record("moving.example.org", "192.0.2.4", "me"),
    ]);
    stage.rules.registry = table_of(&[
        ("Shop.example.org#A#", "me"),
        // As versions before 0.22 wrote it.
        ("shop.example.org#CNAME#alias", "blue"),
        ("theirs.example.org#A#", "blue"),
    ])
    .await;
    let of = |host: &str| ownership(&explain(stage.scene(), &name(host), &Findings::default()));
    assert_eq!(
        of("shop.example.org"),
        [
            "A me Shop.example.org#A# external-dns true",
            "A blue shop.example.org#CNAME#alias external-dns true"
        ]
    );
    assert_eq!(of("theirs.example.org"), ["A blue theirs.example.org#A# external-dns true"]);
    assert_eq!(of("moving.example.org"), ["A me - - true"], "its row stands in the zone");
}

#[test]
fn filters_zone_and_targets_that_stand_in_the_way() {
    let mut stage = Stage::new(Vec::new());
    stage.rules.settings.filter = DomainFilter::from_suffixes(&["example.net"], &[]).unwrap();
    stage.rules.settings.managed = ManagedTypes::new([RecordType::Cname], &[]);
    stage.world.zones.clear();
    let mut findings = wished();
    findings.asked.desired.endpoints.clear();
    let explained = shop(&stage, &findings);
    let failed: Vec<&str> =
        explained.checks.iter().filter(|check| !check.passes).map(|check| check.check.as_str()).collect();
    assert_eq!(failed, ["domain filter", "record type A", "zone", "targets"]);
    assert_eq!(explained.verdict, Verdict::LeftAlone);
    assert!(explained.summary.contains("no zone of the provider contains the name"), "{}", explained.summary);
}

#[test]
fn the_longest_zone_is_chosen_and_the_others_are_named() {
    let mut stage = Stage::new(Vec::new());
    let zone = |text: &str| Zone { id: ZoneId::new(text), name: Some(name(text)) };
    stage.world.zones = ["org", "example.org", "shop.example.org", "other.org"].map(zone).to_vec();
    let explained = shop(&stage, &Findings::default());
    assert_eq!(explained.zone.as_deref(), Some("shop.example.org"));
    assert_eq!(explained.other_zones, ["org", "example.org"]);
}

#[test]
fn with_a_split_horizon_every_zone_is_named() {
    let mut published = record("shop.example.org", "192.0.2.1", "me");
    published.zone = ZoneId::new("Z1");
    let mut stage = Stage::new(vec![published]);
    let zone = |id: &str, text: &str| Zone { id: ZoneId::new(id), name: Some(name(text)) };
    stage.world.zones = vec![zone("Z1", "example.org"), zone("Z2", "example.org"), zone("Z3", "org")];
    stage.rules.homes = HomesOf::new(|_, _| Some(vec![ZoneId::new("Z1"), ZoneId::new("Z2")]));
    let new =
        Endpoint { zone: Some(ZoneId::new("Z2")), ..wish("shop.example.org", RecordType::A, "192.0.2.1") };
    let changes = vec![Change::create(new, CreateReason::New)];
    let plan = Plan { changes, skips: Vec::new() };
    stage.note(&CycleReport { dry_run: true, plan, ..CycleReport::default() });

    let explained = shop(&stage, &wished());
    assert_eq!(explained.zone.as_deref(), Some("example.org"));
    assert_eq!(explained.zones, ["example.org (Z1)", "example.org (Z2)"]);
    assert_eq!(explained.other_zones, ["org"]);
    let check = explained.checks.iter().find(|check| check.check == "zone").unwrap();
    assert_eq!(check.detail, "its records stand in each of example.org (Z1), example.org (Z2)");
    let rows: Vec<(&str, State)> =
        explained.records.iter().map(|row| (row.zone.as_str(), row.state)).collect();
    assert_eq!(rows[0], ("example.org (Z1)", State::InSync), "{rows:?}");
    let planned: Vec<(&str, &str)> =
        explained.plan.iter().map(|row| (row.action, row.zone.as_str())).collect();
    assert_eq!(planned, [("create", "example.org (Z2)")]);
}

#[test]
fn an_object_whose_names_are_unknown_is_named() {
    let hold = Hold {
        object: object("web", "shop"),
        name: None,
        set_identifier: "".into(),
        resource: None,
        reason: HoldReason::Invalid("the template failed".into()),
    };
    let explained = shop(&Stage::new(Vec::new()), &asked(Vec::new(), vec![hold]));
    assert_eq!(explained.verdict, Verdict::NotAskedFor);
    assert!(explained.objects[0].holds[0].contains("not known whether it asks for shop.example.org"));
}

#[test]
fn a_name_that_never_had_a_target() {
    let hold = Hold {
        object: object("web", "shop"),
        name: Some(name("shop.example.org")),
        set_identifier: "".into(),
        resource: None,
        reason: HoldReason::NoTarget,
    };
    let explained = shop(&Stage::new(Vec::new()), &asked(Vec::new(), vec![hold]));
    assert_eq!(explained.verdict, Verdict::LeftAlone);
    assert_eq!((explained.left_alone[0].code, &*explained.left_alone[0].record_type), ("held", ""));
    assert!(
        explained.summary.ends_with("held: the object has no target at the moment."),
        "{}",
        explained.summary
    );
}

#[test]
fn the_overview_says_what_is_wrong() {
    let mut stage = Stage::new(vec![record("a.example.org", "192.0.2.1", "me")]);
    stage.world.parts[0].is_stale = true;
    let broken = Zone { id: ZoneId::new("z9"), name: Some(name("broken.example")) };
    stage.world.unreadable.push((broken, ProviderError::new(ErrorClass::Auth, "403 forbidden")));
    stage.sources[0].caches[0].1 = CacheStatus::Failing("ingresses: 403".into());
    let withheld = Withheld {
        zone: ZoneId::new("example.org"),
        zone_name: Some(name("example.org")),
        hash: "4f1c2a90b7d3".into(),
        deletes: vec![record("a.example.org", "192.0.2.1", "me")],
        owned: 1,
        recent: 0,
        limit: Limit::Share(30),
        returned: None,
    };
    let problem = Problem {
        object: object("web", "bad"),
        severity: Severity::Error,
        message: "malformed".into(),
        invalid: None,
    };
    stage.note(&CycleReport {
        withheld: vec![Arc::new(withheld)],
        problems: vec![problem],
        ..CycleReport::default()
    });
    let view = overview(stage.scene(), table(stage.scene(), &Query::default()).states);
    let zones: Vec<_> = view.zones.iter().map(|zone| (zone.zone.as_str(), zone.state, zone.owned)).collect();
    assert_eq!(
        zones,
        [("broken.example", "unreadable", 0), ("example.net", "stale", 0), ("example.org", "stale", 1)]
    );
    assert_eq!(
        (view.sources[0].state, view.sources[0].reason.as_deref()),
        ("failing", Some("ingresses: 403"))
    );
    assert_eq!((view.withheld[0].hash.as_str(), view.withheld[0].count), ("4f1c2a90b7d3", 1));
    assert_eq!(view.problems[0].about, "ingress/web/bad");
    let read = view.zones[1].read.as_ref().unwrap();
    assert_eq!((read.at.as_str(), read.relative.as_str()), ("2023-11-14T22:11:50Z", "90 s ago"));
    assert_eq!(view.owner.as_deref(), Some("me"));
}

#[test]
fn the_same_state_gives_the_same_json() {
    let stage = || {
        Stage::new(vec![
            record("b.example.org", "192.0.2.1", "me"),
            record("a.example.org", "192.0.2.1", "me"),
        ])
        .with_skips(vec![skip("c.example.org", SkipReason::NoZone)])
    };
    let (one, other) = (stage(), stage());
    let json = |stage: &Stage| {
        let found = table(stage.scene(), &Query::default());
        let view = overview(stage.scene(), found.states.clone());
        format!("{}\n{}", serde_json::to_string(&found).unwrap(), serde_json::to_string(&view).unwrap())
    };
    assert_eq!(json(&one), json(&other));
}

/// What each owner has put into a shared record is shown wherever the record is.
#[test]
fn the_parts_of_a_shared_record_are_shown() {
    let mut shared = record("shop.example.org", "192.0.2.1", "me");
    shared.targets.push(Target::V4([192, 0, 2, 2].into()));
    shared.ownership.shared = true;
    let share = |owner: &str, target: &str| Share {
        owner: Owner::new(owner).unwrap(),
        says: Statement {
            targets: zonewright_planner::parse_targets(&RecordType::A, target),
            ..Statement::default()
        },
        row: record(&format!("row-{owner}.example.org"), "192.0.2.1", ""),
        is_current: true,
    };
    let key = shared.key();
    let mut stage = Stage::new(vec![shared]);
    stage.world.parts[0]
        .owned
        .shares
        .insert(key, vec![share("blue", "192.0.2.2"), share("me", "192.0.2.1"), share("red", "")]);
    let explanation = explain(stage.scene(), &name("shop.example.org"), &Findings::default());
    let shown: Vec<String> = explanation.records[0].shared.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["blue: 192.0.2.2", "me: 192.0.2.1", "red: leaving"]);
    let rows: Vec<_> = explanation.ownership.iter().map(|row| row.row.as_deref()).collect();
    assert_eq!(rows, [Some("row-blue.example.org"), Some("row-me.example.org"), Some("row-red.example.org")]);
    let page = crate::status::html::name_page(&explanation);
    assert!(page.contains("blue: 192.0.2.2<br>me: 192.0.2.1<br>red: leaving"), "{page}");
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(
        json["records"][0]["shared"][0],
        serde_json::json!({"owner": "blue", "targets": ["192.0.2.2"]})
    );
    assert_eq!(json["ownership"][2]["shares"], serde_json::json!([]));
}

//! Another prefix or suffix, with the former one read (`--txt-prefix-read`, `--txt-suffix-read`): every record gets one new row,
//! no record is touched, and nothing else happens unless old rows are to be pruned.

use super::{Stage, record, settings, signs};
use rstest::rstest;
use zonewright_planner::{Endpoint, Holds, Policy, Properties, Record, RecordType, SkipReason};
use zonewright_registry::{Registry, TxtRegistry, TxtSettings};

/// A prefix or a suffix.
#[derive(Debug, Clone, Copy)]
enum Affix {
    Prefix(&'static str),
    Suffix(&'static str),
}
use Affix::{Prefix, Suffix};

impl Affix {
    fn settings(self) -> TxtSettings {
        match self {
            Prefix(text) => TxtSettings { prefix: text.to_owned(), ..settings() },
            Suffix(text) => TxtSettings { suffix: text.to_owned(), ..settings() },
        }
    }

    /// Settings that write with this affix, and read what `former` wrote, too.
    fn after(self, former: &[Affix]) -> TxtSettings {
        let mut settings = self.settings();
        for former in former {
            match former {
                Prefix(text) => settings.former_prefixes.push((*text).to_owned()),
                Suffix(text) => settings.former_suffixes.push((*text).to_owned()),
            }
        }
        settings
    }
}

fn wish(name: &str, record_type: &str, target: &str) -> Endpoint {
    Endpoint::new(name, RecordType::from_text(record_type), &[target], Properties::new())
        .unwrap()
        .with_label("resource", "ingress/shop/web")
}

fn wishes() -> Vec<Endpoint> {
    let alias: Properties = [("alias", "true")].into_iter().collect();
    let alias = Endpoint::new("alias.example.org", RecordType::A, &["lb.example.net"], alias).unwrap();
    vec![
        wish("web.example.org", "A", "192.0.2.1"),
        wish("web.example.org", "AAAA", "2001:db8::1"),
        wish("deep.er.example.org", "CNAME", "lb.example.net"),
        wish("*.example.org", "A", "192.0.2.3"),
        wish("geo.example.org", "A", "192.0.2.4").with_set_identifier("eu"),
        wish("geo.example.org", "A", "192.0.2.5").with_set_identifier("us"),
        alias.with_label("resource", "ingress/shop/web"),
    ]
}

fn none() -> Holds {
    Holds::default()
}

fn stage(settings: TxtSettings, zone: Vec<Record>) -> Stage {
    Stage::new(settings, Policy::Sync, zone)
}

/// The zone that an instance with these settings makes of nothing.
fn made_by(settings: TxtSettings, wishes: &[Endpoint]) -> Vec<Record> {
    let mut stage = stage(settings, Vec::new());
    stage.cycle(wishes, &none());
    stage.zone
}

fn is_row(record: &Record) -> bool {
    record.targets.iter().any(|target| target.to_string().contains("heritage="))
}

fn sorted(zone: &[Record]) -> Vec<String> {
    let line = |r: &Record| format!("{} {} {} {:?}", r.name, r.record_type, r.set_identifier, r.targets);
    let mut lines: Vec<String> = zone.iter().map(line).collect();
    lines.sort();
    lines
}

#[rstest]
#[case::prefix_comes(Prefix(""), Prefix("own."), 7)]
#[case::prefix_goes(Prefix("own."), Prefix(""), 7)]
#[case::prefix_changes(Prefix("own-"), Prefix("_x."), 7)]
#[case::placeholder_comes(Prefix(""), Prefix("%{record_type}-own."), 7)]
#[case::placeholder_goes(Prefix("%{record_type}-own."), Prefix(""), 0)]
#[case::suffix_comes(Prefix(""), Suffix("-own"), 7)]
#[case::suffix_goes(Suffix("-own"), Prefix(""), 7)]
#[case::suffix_becomes_prefix(Suffix("-%{record_type}-own"), Prefix("own."), 7)]
fn every_record_gets_one_row_and_nothing_else_happens(
    #[case] from: Affix,
    #[case] to: Affix,
    #[case] at_once: usize,
) {
    let zone = made_by(from.settings(), &wishes());
    assert_eq!(zone.len(), 2 * wishes().len());
    // Without reading the former names everything is lost. That is what the flag is for.
    let (changes, skips) = stage(to.settings(), zone.clone()).cycle(&wishes(), &none());
    assert!(changes.is_empty() && skips.iter().all(|skip| skip.reason == SkipReason::Unowned));
    assert_eq!(skips.len(), wishes().len());

    let mut kept = stage(to.after(&[from]), zone.clone());
    let (changes, skips) = kept.cycle(&wishes(), &none());
    assert_eq!(signs(&changes), ["+TXT"; 7]);
    assert!(skips.is_empty(), "{skips:?}");
    assert!(zone.iter().all(|record| kept.zone.contains(record)), "what was there is as it was");
    assert!(kept.cycle(&wishes(), &none()).0.is_empty());
    // From now on today's rows are enough, and the former ones are in nobody's way.
    let mut later = stage(to.settings(), kept.zone.clone());
    assert!(later.cycle(&wishes(), &none()).0.is_empty());

    let pruning = || TxtSettings { prune_former: true, ..to.after(&[from]) };
    // In one run, unless it takes a look whether the new rows are there; or after they were written by themselves.
    for (start, expected) in [(zone, [7, at_once]), (kept.zone, [0, 7])] {
        let mut pruned = stage(pruning(), start);
        let (changes, _) = pruned.cycle(&wishes(), &none());
        // Webhooks get what is expected of ExternalDNS as it is; nothing is, so they get what the signs say.
        assert!(changes.iter().flat_map(|change| &change.rows).all(|row| row.expected.is_none()));
        let signs = signs(&changes);
        let count = |what| signs.iter().filter(|sign| *sign == what).count();
        assert_eq!([count("+TXT"), count("-TXT")], expected);
        assert!(signs.iter().all(|sign| sign.ends_with("TXT")), "{signs:?}");
        if expected == [7, 0] {
            assert_eq!(pruned.cycle(&wishes(), &none()).0.len(), 7);
        }
        assert_eq!(sorted(&pruned.zone), sorted(&made_by(to.settings(), &wishes())));
        assert!(pruned.cycle(&wishes(), &none()).0.is_empty());
    }
}

#[rstest]
#[case::prefix(Prefix("own."), Prefix(""))]
#[case::placeholder(Prefix("%{record_type}-own."), Prefix("_%{record_type}."))]
#[case::suffix(Suffix("-own"), Prefix("%{record_type}."))]
fn a_change_of_the_record_takes_the_new_row_along(#[case] from: Affix, #[case] to: Affix) {
    let zone = made_by(from.settings(), &[wish("web.example.org", "A", "192.0.2.1")]);
    let mut stage = stage(TxtSettings { prune_former: true, ..to.after(&[from]) }, zone);
    let (changes, _) = stage.cycle(&[wish("web.example.org", "A", "192.0.2.2")], &none());
    assert_eq!(signs(&changes), ["+TXT", "-TXT", "~A"]);
    assert!(stage.cycle(&[wish("web.example.org", "A", "192.0.2.2")], &none()).0.is_empty());
    stage.cycle(&[], &none());
    assert!(stage.zone.is_empty(), "{:?}", stage.zone);
}

/// Wherever a write ends, every record still has an owner, and the next cycle completes the rest.
#[rstest]
#[case::kept(false)]
#[case::pruned(true)]
fn a_write_that_ends_half_way_loses_nobody(#[case] prune_former: bool) {
    let (from, to) = (Prefix("own."), Prefix("%{record_type}-new."));
    let settings = || TxtSettings { prune_former, ..to.after(&[from]) };
    let zone = made_by(from.settings(), &wishes());
    let mut whole = stage(settings(), zone.clone());
    whole.cycle(&wishes(), &none());
    for operations in 0.. {
        let mut stage = stage(settings(), zone.clone());
        let is_cut = stage.interrupted_cycle(&wishes(), operations);
        let records = stage.registry.read(stage.zone.clone()).records;
        let owner = stage.registry.owner();
        assert!(records.iter().all(|record| record.is_owned_by(owner)), "after {operations} operations");
        stage.cycle(&wishes(), &none());
        assert_eq!(sorted(&stage.zone), sorted(&whole.zone), "after {operations} operations");
        if !is_cut {
            break;
        }
    }
}

#[test]
fn older_forms_of_a_former_name_are_read() {
    let row = |name| record(name, "TXT", "\"heritage=external-dns,external-dns/owner=me\"");
    let zone = vec![
        record("web.example.org", "A", "192.0.2.1"),
        row("own.web.example.org"),
        record("two.example.org", "CNAME", "lb.example.net"),
        row("older.two.example.org"),
    ];
    let wishes =
        [wish("web.example.org", "A", "192.0.2.1"), wish("two.example.org", "CNAME", "lb.example.net")];
    let settings = Prefix("").after(&[Prefix("own."), Prefix("older.")]);
    let mut stage = stage(TxtSettings { prune_former: true, ..settings }, zone);
    let (changes, _) = stage.cycle(&wishes, &none());
    // A row without type may be the one of several records, so it stays.
    assert_eq!(signs(&changes), ["+TXT", "+TXT"]);
    assert!(stage.cycle(&wishes, &none()).0.is_empty());
}

#[test]
fn rows_of_others_under_former_names_are_respected_and_stay() {
    let theirs = TxtSettings { owner: zonewright_planner::Owner::new("them"), ..Prefix("own.").settings() };
    let zone = made_by(theirs, &wishes());
    let settings = TxtSettings { prune_former: true, ..Prefix("").after(&[Prefix("own.")]) };
    let mut stage = stage(settings, zone.clone());
    let (changes, skips) = stage.cycle(&wishes(), &none());
    assert!(changes.is_empty());
    assert!(skips.iter().all(|skip| skip.reason.code() == "foreign-owner"), "{skips:?}");
    assert!(stage.cycle(&[], &none()).0.is_empty());
    assert_eq!(stage.zone, zone);
}

/// `a-own.web` is the row of `web` under the former prefix and that of `own.web` under today's. One of the two records may have been
/// made by hand, and nobody can tell which.
#[rstest]
#[case::nobody_has_todays(&["a-own.web.example.org"], &[])]
#[case::one_has_both(&["a-own.web.example.org", "a-web.example.org"], &["own.web.example.org", "web.example.org"])]
fn a_row_that_may_be_of_two_records_counts_for_neither(#[case] rows: &[&str], #[case] ours: &[&str]) {
    let row = |name: &&str| record(name, "TXT", "\"heritage=external-dns,external-dns/owner=me\"");
    let mut zone: Vec<Record> = rows.iter().map(row).collect();
    zone.push(record("web.example.org", "A", "192.0.2.1"));
    zone.push(record("own.web.example.org", "A", "192.0.2.2"));
    let settings = Prefix("").after(&[Prefix("%{record_type}-own.")]);
    let mut stage = stage(TxtSettings { prune_former: true, ..settings }, zone.clone());
    let owned = stage.registry.read(zone);
    assert_eq!(owned.warnings.len(), usize::from(ours.is_empty()), "{:?}", owned.warnings);
    let mut found: Vec<&str> =
        owned.records.iter().filter(|r| r.labels.owner() == Some("me")).map(|r| r.name.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ours);
    stage.cycle(&[], &none());
    let left = stage.zone.iter().filter(|record| !is_row(record)).count();
    assert_eq!(left, 2 - ours.len());
}

/// Creating `own.web` would make the former row of `web` its own.
#[test]
fn a_record_that_would_inherit_a_former_row_is_not_created() {
    let zone =
        made_by(Prefix("%{record_type}-own.").settings(), &[wish("web.example.org", "A", "192.0.2.1")]);
    let registry = |prune_former| {
        let settings = Prefix("").after(&[Prefix("%{record_type}-own.")]);
        let settings = TxtSettings { prune_former, ..settings };
        Registry::Txt(Box::new(TxtRegistry::new(settings).unwrap()))
    };
    let wish = wish("own.web.example.org", "A", "192.0.2.2");
    let owned = registry(false).read(zone);
    let why = registry(false).keeps_clear(&wish, &owned.rows).unwrap_err();
    assert!(why.contains("a-own.web.example.org") && why.contains("--txt-prune-old-rows"), "{why}");
    let pruned = made_by(Prefix("").settings(), &[]);
    assert!(registry(true).keeps_clear(&wish, &registry(true).read(pruned).rows).is_ok());
}

/// The new row of an apex would lie outside the zone: with the former one its ownership would be lost.
#[rstest]
#[case::outside(Prefix("own-"), 1)]
#[case::inside(Prefix("%{record_type}-new."), 0)]
fn the_former_row_of_an_apex_stays_if_the_new_one_may_lie_outside_the_zone(
    #[case] to: Affix,
    #[case] left: usize,
) {
    let from = Prefix("%{record_type}-own.");
    let apex = [wish("example.org", "A", "192.0.2.1")];
    let zone = made_by(from.settings(), &apex);
    let mut stage = stage(TxtSettings { prune_former: true, ..to.after(&[from]) }, zone);
    stage.cycle(&apex, &none());
    let former = stage.zone.iter().filter(|record| record.name.as_str() == "a-own.example.org");
    assert_eq!(former.count(), left);
}

/// Rows under former names whose records are gone.
#[rstest]
#[case::kept(false, &["own.a-gone.example.org", "own.a-theirs.example.org"])]
#[case::pruned(true, &["own.a-theirs.example.org"])]
fn left_over_rows_under_former_names_go_only_when_pruned(#[case] prune_former: bool, #[case] left: &[&str]) {
    let row = |name: &str, owner: &str| {
        record(name, "TXT", &format!("\"heritage=external-dns,external-dns/owner={owner}\""))
    };
    let zone = vec![row("own.a-gone.example.org", "me"), row("own.a-theirs.example.org", "them")];
    let settings = TxtSettings { prune_former, ..Prefix("").after(&[Prefix("own.")]) };
    let mut stage = stage(settings, zone);
    stage.cycle(&[], &none());
    let names: Vec<&str> = stage.zone.iter().map(|record| record.name.as_str()).collect();
    assert_eq!(names, left);
    assert!(stage.cycle(&[], &none()).0.is_empty());
}

#[test]
fn a_former_affix_that_dns_cannot_carry_is_refused_and_todays_is_no_former_one() {
    let refused = TxtRegistry::new(Prefix("").after(&[Prefix("own..")])).unwrap_err().to_string();
    assert!(refused.contains("--txt-prefix-read"), "{refused}");
    let zone = made_by(Prefix("own.").settings(), &wishes());
    let settings = TxtSettings { prune_former: true, ..Prefix("own.").after(&[Prefix("OWN.")]) };
    assert!(stage(settings, zone).cycle(&wishes(), &none()).0.is_empty());
}

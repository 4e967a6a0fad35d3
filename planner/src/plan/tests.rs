//! The plan as claims. Records and wishes are written as lines: `NAME TYPE TARGETS [key=value …]`.

use super::*;
use crate::{Properties, RESOURCE, Target, ZoneId};
use proptest::prelude::*;

/// `web.example.org A 192.0.2.1,192.0.2.2 ttl=60 set=blue owner=me resource=ingress/x/y prop:alias=true`
fn record(line: &str) -> Record {
    let (fields, options) = split(line);
    let targets: Vec<&str> = fields[2].split(',').collect();
    let record_type = RecordType::from_text(fields[1]);
    let mut record = Record::from_text(ZoneId::new("z"), fields[0], record_type, &targets).unwrap();
    for (key, value) in options {
        match key {
            "ttl" => record.ttl = Ttl::from_seconds(value.parse().unwrap()),
            "set" => record.set_identifier = value.into(),
            "row" => record.ownership.row_missing = value == "missing",
            "migrate" => record.ownership.migrate_from = Owner::new(value),
            key => match key.strip_prefix("prop:") {
                Some(name) => record.properties.set(name, value),
                None => record.labels.set(key, value),
            },
        }
    }
    record
}

fn wish(line: &str) -> Endpoint {
    let (fields, options) = split(line);
    let targets: Vec<&str> = fields[2].split(',').filter(|t| !t.is_empty() && *t != "-").collect();
    let properties: Properties =
        options.iter().filter_map(|(key, value)| Some((key.strip_prefix("prop:")?, *value))).collect();
    let mut endpoint =
        Endpoint::new(fields[0], RecordType::from_text(fields[1]), &targets, properties).unwrap();
    for (key, value) in options {
        match key {
            "ttl" => endpoint.ttl = Ttl::from_seconds(value.parse().unwrap()),
            "set" => endpoint.set_identifier = value.into(),
            "zone" => endpoint.zone = Some(ZoneId::new(value)),
            "resource" => endpoint.labels.set(RESOURCE, value),
            _ => {}
        }
    }
    endpoint
}

fn split(line: &str) -> (Vec<&str>, Vec<(&str, &str)>) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let options = words[3..].iter().filter_map(|word| word.split_once('=')).collect();
    (words[..3].to_vec(), options)
}

/// One planning situation; the defaults are those of the program with `--policy=sync --txt-owner-id=me`.
#[derive(Debug)]
struct Case {
    current: Vec<Record>,
    desired: Vec<Endpoint>,
    holds: Holds,
    claims: BTreeMap<crate::RecordKey, Owner>,
    filter: DomainFilter,
    managed: ManagedTypes,
    policy: Policy,
    owner: Option<Owner>,
    homes: Homes,
}

fn case(current: &[&str], desired: &[&str]) -> Case {
    Case {
        current: current.iter().map(|line| record(line)).collect(),
        desired: desired.iter().map(|line| wish(line)).collect(),
        holds: Holds::default(),
        claims: BTreeMap::new(),
        filter: DomainFilter::All,
        managed: ManagedTypes::new(RecordType::ALL, &[]),
        policy: Policy::Sync,
        owner: Owner::new("me"),
        homes: Homes::new(),
    }
}

impl Case {
    fn plan(&self) -> Plan {
        self.plan_scope(Scope::All)
    }

    fn plan_scope(&self, scope: Scope<'_>) -> Plan {
        plan(&PlanInput {
            desired: &self.desired,
            current: self.current.iter().collect(),
            holds: &self.holds,
            claims: vec![&self.claims],
            filters: std::slice::from_ref(&self.filter),
            managed: &self.managed,
            policy: self.policy,
            owner: self.owner.as_ref(),
            scope,
            shared: Default::default(),
            homes: &self.homes,
        })
    }

    /// `+`, `~`, `-` lines for changes, `!` lines with the code for skips.
    fn lines(&self) -> Vec<String> {
        let plan = self.plan();
        let join = |targets: &[Target]| targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let changes = plan.changes.iter().map(|change| match change {
            Change::Create { new, .. } => {
                format!("+ {} {} {}", new.name, new.record_type, join(&new.targets))
            }
            Change::Update { new, .. } => {
                format!("~ {} {} {}", new.name, new.record_type, join(&new.targets))
            }
            Change::Delete { old, .. } => format!("- {} {}", old.name, old.record_type),
        });
        let skips = plan
            .skips
            .iter()
            .map(|skip| format!("! {} {} {}", skip.name, skip.record_type, skip.reason.code()));
        changes.chain(skips).collect()
    }
}

fn hold(name: Option<&str>, resource: Option<&str>, set: &str) -> Hold {
    Hold {
        object: Arc::new(ObjectRef {
            source: "ingress",
            kind: "Ingress",
            api_version: "networking.k8s.io/v1",
            namespace: "x".into(),
            name: "y".into(),
            uid: "".into(),
        }),
        name: name.map(|name| DnsName::parse(name).unwrap()),
        set_identifier: set.into(),
        resource: resource.map(str::to_owned),
        reason: HoldReason::NoTarget,
    }
}

#[test]
fn what_is_wanted_is_created_and_what_is_not_is_deleted() {
    let case = case(
        &["old.example.org A 192.0.2.1 owner=me", "same.example.org A 192.0.2.2 owner=me"],
        &["new.example.org A 192.0.2.3", "same.example.org A 192.0.2.2"],
    );
    assert_eq!(case.lines(), ["+ new.example.org A 192.0.2.3", "- old.example.org A"]);
}

#[test]
fn every_difference_is_a_reason() {
    let case = case(
        &["a.example.org A 192.0.2.1 owner=me ttl=60 prop:x=1 prop:y=1"],
        &["a.example.org A 192.0.2.2 ttl=300 prop:x=2"],
    );
    let Change::Update { reasons, .. } = &case.plan().changes[0] else { panic!("no update") };
    let names = vec!["x".to_owned(), "y".to_owned()];
    let ttl = UpdateReason::Ttl { from: Ttl::from_seconds(60), to: Ttl::from_seconds(300) };
    assert_eq!(*reasons, [ttl, UpdateReason::Targets, UpdateReason::Properties(names)]);
}

#[test]
fn an_unset_ttl_and_the_order_of_targets_change_nothing() {
    let same = case(
        &["a.example.org A 192.0.2.2,192.0.2.1 owner=me ttl=60"],
        &["a.example.org A 192.0.2.1,192.0.2.2 ttl=-5"],
    );
    assert_eq!(same.lines(), [""; 0]);
}

#[test]
fn names_and_targets_are_compared_in_canonical_form() {
    let same = case(
        &[
            "xn--bcher-kva.example.org CNAME LB.example.net. owner=me",
            "Six.example.org AAAA 2001:0db8:0:0::1 owner=me",
        ],
        &["bücher.example.org CNAME lb.example.net", "six.example.org AAAA 2001:db8::1"],
    );
    assert_eq!(same.lines(), [""; 0]);
}

#[test]
fn a_later_target_counts_even_when_an_earlier_one_is_spelled_differently() {
    let case =
        case(&["a.example.org AAAA 2001:0db8::1,::1 owner=me"], &["a.example.org AAAA 2001:db8::1,::2"]);
    assert_eq!(case.lines(), ["~ a.example.org AAAA ::2,2001:db8::1"]);
}

#[test]
fn the_record_of_another_owner_is_reported_and_left_alone() {
    let case = case(
        &[
            "a.example.org A 192.0.2.1 owner=other",
            "b.example.org A 192.0.2.1",
            "c.example.org A 192.0.2.1 owner=other",
        ],
        &["a.example.org A 192.0.2.2", "b.example.org A 192.0.2.2"],
    );
    assert_eq!(case.lines(), ["! a.example.org A foreign-owner", "! b.example.org A unowned"]);
}

#[test]
fn a_new_type_is_not_added_beside_what_is_not_ours() {
    let foreign = case(&["a.example.org A 192.0.2.1 owner=other"], &["a.example.org AAAA ::1"]);
    assert_eq!(foreign.lines(), ["! a.example.org AAAA foreign-owner"]);
    let ours = case(
        &["a.example.org A 192.0.2.1 owner=me"],
        &["a.example.org A 192.0.2.1", "a.example.org AAAA ::1"],
    );
    assert_eq!(ours.lines(), ["+ a.example.org AAAA ::1"]);
}

#[test]
fn a_name_held_by_a_foreign_row_is_not_taken() {
    let mut case = case(&[], &["a.example.org A 192.0.2.1"]);
    let key = record("a.example.org A 192.0.2.1").key();
    case.claims.insert(key, Owner::new("other").unwrap());
    assert_eq!(case.lines(), ["! a.example.org A claimed"]);
}

#[test]
fn a_type_change_is_a_delete_and_a_create() {
    let mut case = case(&["a.example.org CNAME lb.example.net owner=me"], &["a.example.org A 192.0.2.1"]);
    assert_eq!(case.lines(), ["- a.example.org CNAME", "+ a.example.org A 192.0.2.1"]);
    assert_eq!(case.plan().changes[1].reason(), "type changed from CNAME");
    case.policy = Policy::UpsertOnly;
    assert_eq!(case.lines(), ["! a.example.org A impossible", "! a.example.org CNAME policy"]);
}

#[test]
fn a_type_that_stays_has_made_no_room() {
    let mut case = case(&["a.example.org A 192.0.2.1 owner=me"], &["a.example.org AAAA ::1"]);
    assert_eq!(case.plan().changes[1].reason(), "type changed from A");
    case.policy = Policy::UpsertOnly;
    assert_eq!(case.lines(), ["+ a.example.org AAAA ::1", "! a.example.org A policy"]);
    assert_eq!(case.plan().changes[0].reason(), "type added");
}

#[test]
fn policies_limit_what_is_done() {
    let mut case = case(
        &["a.example.org A 192.0.2.1 owner=me", "b.example.org A 192.0.2.1 owner=me"],
        &["a.example.org A 192.0.2.2", "c.example.org A 192.0.2.3"],
    );
    case.policy = Policy::UpsertOnly;
    assert_eq!(
        case.lines(),
        ["~ a.example.org A 192.0.2.2", "+ c.example.org A 192.0.2.3", "! b.example.org A policy"]
    );
    case.policy = Policy::CreateOnly;
    assert_eq!(
        case.lines(),
        ["+ c.example.org A 192.0.2.3", "! a.example.org A policy", "! b.example.org A policy"]
    );
}

#[test]
fn without_an_owner_everything_is_ours() {
    let mut case = case(&["a.example.org A 192.0.2.1", "b.example.org A 192.0.2.1 owner=x"], &[]);
    case.owner = None;
    assert_eq!(case.lines(), ["- a.example.org A", "- b.example.org A"]);
}

#[test]
fn the_lightest_of_competing_wishes_wins() {
    let case = case(
        &[],
        &[
            "a.example.org A 9.9.9.9",
            "a.example.org A 10.0.0.1,10.0.0.2",
            "a.example.org A 8.8.8.8 resource=ingress/x/y",
        ],
    );
    assert_eq!(case.lines(), ["+ a.example.org A 8.8.8.8", "! a.example.org A conflict"]);
    assert_eq!(case.plan().skips[0].reason, SkipReason::Conflict { winner: "ingress/x/y".into() });
}

#[test]
fn the_holder_of_a_name_keeps_it() {
    let case = case(
        &["a.example.org A 9.9.9.9 owner=me resource=ingress/x/b"],
        &["a.example.org A 1.1.1.1 resource=ingress/x/a", "a.example.org A 9.9.9.9 resource=ingress/x/b"],
    );
    assert_eq!(case.lines(), ["! a.example.org A conflict"]);
}

#[test]
fn a_cname_gives_way_to_any_other_type() {
    let case = case(
        &["a.example.org CNAME lb.example.net owner=me"],
        &["a.example.org CNAME lb.example.net", "a.example.org TXT v"],
    );
    let expected = ["- a.example.org CNAME", "+ a.example.org TXT v", "! a.example.org CNAME cname-conflict"];
    assert_eq!(case.lines(), expected);
}

#[test]
fn set_identifiers_are_rows_of_their_own() {
    let case = case(
        &["a.example.org A 192.0.2.1 owner=other set=x"],
        &["a.example.org CNAME lb.example.net set=y", "a.example.org A 192.0.2.2 set=z"],
    );
    assert_eq!(case.lines(), ["+ a.example.org CNAME lb.example.net", "+ a.example.org A 192.0.2.2"]);
}

#[test]
fn filters_and_unmanaged_types_make_records_invisible() {
    let mut case = case(
        &["a.example.net A 192.0.2.1 owner=me", "b.example.org MX 10,x owner=me"],
        &["c.example.net A 192.0.2.1", "d.example.org MX 10,x"]
            .map(|line| line.replace("10,x", "-"))
            .each_ref()
            .map(String::as_str),
    );
    case.filter = DomainFilter::from_suffixes(&["example.org"], &[]).unwrap();
    case.managed = ManagedTypes::default();
    assert_eq!(case.lines(), ["! c.example.net A domain-filter", "! d.example.org MX unmanaged-type"]);
}

#[test]
fn a_held_name_stays_until_somebody_gives_it_a_target() {
    let mut case = case(&["a.example.org A 192.0.2.1 owner=me", "a.example.org AAAA ::1 owner=me"], &[]);
    case.holds = Holds::new([hold(Some("a.example.org"), None, "")], Vec::new());
    assert_eq!(case.lines(), ["! a.example.org A held", "! a.example.org AAAA held"]);
    case.desired = vec![wish("a.example.org A 192.0.2.2")];
    assert_eq!(case.lines(), ["- a.example.org AAAA", "~ a.example.org A 192.0.2.2"]);
}

#[test]
fn a_hold_counts_for_its_own_set_identifier() {
    let mut case = case(
        &["a.example.org A 192.0.2.1 owner=me set=x", "a.example.org A 192.0.2.2 owner=me set=y"],
        &["a.example.org A 192.0.2.2 set=y"],
    );
    case.holds = Holds::new([hold(Some("a.example.org"), None, "x")], Vec::new());
    assert_eq!(case.lines(), ["! a.example.org A held"]);
}

#[test]
fn a_ptr_record_stays_while_the_name_behind_it_is_held() {
    let mut case = case(&["1.2.0.192.in-addr.arpa PTR a.example.org owner=me"], &[]);
    case.holds = Holds::new([hold(Some("a.example.org"), None, "")], Vec::new());
    assert_eq!(case.lines(), ["! 1.2.0.192.in-addr.arpa PTR held"]);
}

#[test]
fn an_object_whose_names_are_unknown_holds_what_it_owned() {
    let mut case = case(
        &[
            "a.example.org A 192.0.2.1 owner=me resource=ingress/x/y",
            "b.example.org A 192.0.2.1 owner=me resource=ingress/x/z",
        ],
        &[],
    );
    case.holds = Holds::new([hold(None, Some("ingress/x/y"), "")], Vec::new());
    assert_eq!(case.lines(), ["- b.example.org A", "! a.example.org A held"]);
}

#[test]
fn what_is_refused_stays_if_its_own_object_published_it() {
    let records = [
        "a.example.org A 192.0.2.1 owner=me resource=ingress/x/y",
        "a.example.org AAAA ::1 owner=me resource=ingress/x/y",
        "b.example.org A 192.0.2.1 owner=me resource=ingress/z/z",
        "c.example.org A 192.0.2.1 owner=me resource=ingress/x/y",
        "d.example.org CNAME d.example.net owner=me resource=ingress/x/y",
    ];
    let wishes = ["a.example.org AAAA ::1 resource=ingress/x/y", "d.example.org A 192.0.2.9"];
    let mut case = case(&records, &wishes);
    let refusal = || HoldReason::Refused(Refusal::DomainPolicy { why: "no".into() });
    let of = |name| Hold { reason: refusal(), ..hold(Some(name), Some("ingress/x/y"), "") };
    let names = ["a.example.org", "b.example.org", "c.example.org", "d.example.org"];
    case.holds = Holds::new(names.map(of), vec![]);
    let expected = [
        "- b.example.org A",
        "- d.example.org CNAME",
        "+ d.example.org A 192.0.2.9",
        "! a.example.org A denied",
        "! c.example.org A denied",
    ];
    assert_eq!(case.lines(), expected);
}

#[test]
fn an_incomplete_source_deletes_nothing_and_hands_nothing_over() {
    let mut case = case(
        &[
            "a.example.org A 192.0.2.1 owner=me resource=ingress/x/y",
            "b.example.org A 192.0.2.1 owner=me resource=service/x/y",
            "c.example.org A 192.0.2.1 owner=me",
            "d.example.org A 192.0.2.1 owner=me resource=ingress/x/d",
            "e.example.org A 192.0.2.1 owner=me resource=ingress/x/e",
        ],
        &["d.example.org A 192.0.2.9 resource=service/x/d", "e.example.org A 192.0.2.9 resource=ingress/x/e"],
    );
    let incomplete = Incomplete {
        source: "ingress".into(),
        resource_prefixes: vec!["ingress/".into()],
        reason: "403".into(),
    };
    case.holds = Holds::new([], vec![incomplete]);
    let expected = [
        "- b.example.org A",
        "~ e.example.org A 192.0.2.9",
        "! a.example.org A source-incomplete",
        "! c.example.org A source-incomplete",
        "! d.example.org A source-incomplete",
    ];
    assert_eq!(case.lines(), expected);
}

#[test]
fn a_row_in_an_older_form_or_of_the_old_owner_is_rewritten() {
    let case = case(
        &["a.example.org A 192.0.2.1 owner=me row=missing", "b.example.org A 192.0.2.1 owner=me migrate=old"],
        &["a.example.org A 192.0.2.1", "b.example.org A 192.0.2.1"],
    );
    let reasons: Vec<String> = case.plan().changes.iter().map(Change::reason).collect();
    assert_eq!(
        reasons,
        ["ownership record is rewritten in the current form", "taken over from owner \"old\""]
    );
}

/// Somebody else may share the former owner: what nobody here asks for, in this type, is theirs.
#[test]
fn of_the_former_owner_only_what_is_asked_for_is_taken_over() {
    let mut case = case(
        &[
            "asked.example.org A 192.0.2.1 owner=me migrate=old",
            "changed.example.org A 192.0.2.1 owner=me migrate=old",
            "other.example.org A 192.0.2.1 owner=me migrate=old",
            "type.example.org CNAME lb.example.net owner=me migrate=old",
            "beside.example.org A 192.0.2.1 owner=me migrate=old",
            "beside.example.org AAAA 2001:db8::1 owner=me migrate=old",
            "ours.example.org A 192.0.2.1 owner=me",
        ],
        &[
            "asked.example.org A 192.0.2.1",
            "changed.example.org A 192.0.2.2",
            "type.example.org A 192.0.2.1",
            "beside.example.org A 192.0.2.1",
        ],
    );
    let expected = [
        "~ asked.example.org A 192.0.2.1",
        "~ beside.example.org A 192.0.2.1",
        "~ changed.example.org A 192.0.2.2",
        "- ours.example.org A",
        "! beside.example.org AAAA not-migrated",
        "! other.example.org A not-migrated",
        "! type.example.org A foreign-owner",
        "! type.example.org CNAME not-migrated",
    ];
    assert_eq!(case.lines(), expected);
    case.policy = Policy::UpsertOnly;
    let not_migrated = case.lines().iter().filter(|line| line.ends_with("not-migrated")).count();
    assert_eq!(not_migrated, 3);
}

#[test]
fn a_row_under_a_former_name_is_no_change_of_its_record() {
    let mut moved = record("a.example.org A 192.0.2.1 ttl=60 owner=me");
    moved.ownership.row_moved = true;
    let alone = |wanted: &str| {
        let mut case = case(&[], &[wanted]);
        case.current.push(moved.clone());
        let [change] = <[Change; 1]>::try_from(case.plan().changes).unwrap();
        change.leaves_record_alone()
    };
    assert!(alone("a.example.org A 192.0.2.1"));
    assert!(!alone("a.example.org A 192.0.2.2"));
    assert!(!alone("a.example.org A 192.0.2.1 ttl=90"));
}

#[test]
fn a_row_that_goes_into_a_table_says_so_and_is_no_change_of_its_record() {
    let mut tabled = record("a.example.org A 192.0.2.1 ttl=60 owner=me");
    tabled.ownership.into_table = Some("external-dns".to_owned().into());
    tabled.ownership.former_rows = true;
    let change = |wanted: &str| {
        let mut case = case(&[], &[wanted]);
        case.current.push(tabled.clone());
        let [change] = <[Change; 1]>::try_from(case.plan().changes).unwrap();
        change
    };
    let moves = change("a.example.org A 192.0.2.1");
    assert!(moves.leaves_record_alone());
    assert_eq!(
        moves.reason(),
        "ownership record is written into the table external-dns; former ownership records are removed"
    );
    assert_eq!(moves.reason_code(), "row-moved");
    assert!(!change("a.example.org A 192.0.2.2").leaves_record_alone());
}

fn any_wish() -> impl Strategy<Value = Endpoint> {
    let name = prop::sample::select(vec!["a", "b", "*.c"]);
    let kind = prop::sample::select(vec!["A", "AAAA", "CNAME", "TXT"]);
    let set = prop::sample::select(vec!["", "x"]);
    let resource = prop::sample::select(vec!["ingress/x/1", "ingress/x/2", "service/x/1"]);
    (name, kind, set, resource, 1..4_u8, prop::option::of(1..3_i64)).prop_map(
        |(name, kind, set, resource, n, ttl)| {
            let target = match kind {
                "A" => format!("192.0.2.{n}"),
                "AAAA" => format!("2001:db8::{n}"),
                "CNAME" => format!("t{n}.example.net"),
                _ => format!("v{n}"),
            };
            let mut endpoint = wish(&format!("{name}.example.org {kind} {target} resource={resource}"));
            endpoint.set_identifier = set.into();
            endpoint.ttl = Ttl::from_seconds(ttl.unwrap_or(0) * 60);
            endpoint
        },
    )
}

fn any_case() -> impl Strategy<Value = Case> {
    let owner = prop::sample::select(vec!["me", "me", "me", "other", ""]);
    let existing = prop::collection::vec((any_wish(), owner), 0..8);
    let desired = prop::collection::vec(any_wish(), 0..8);
    (existing, desired).prop_map(|(existing, desired)| {
        let mut case = case(&[], &[]);
        for (endpoint, owner) in existing {
            let mut record = Record::from_endpoint(ZoneId::new("z"), &endpoint);
            record.labels.set(crate::OWNER, owner);
            if case.current.iter().all(|other| other.key() != record.key()) {
                case.current.push(record);
            }
        }
        // As the pipeline hands them over: the same wish occurs once.
        for endpoint in desired {
            let is_same = |other: &Endpoint| {
                (&other.name, &other.record_type, &other.set_identifier, &other.targets)
                    == (&endpoint.name, &endpoint.record_type, &endpoint.set_identifier, &endpoint.targets)
            };
            if !case.desired.iter().any(is_same) {
                case.desired.push(endpoint);
            }
        }
        case
    })
}

fn apply(current: &[Record], plan: &Plan) -> Vec<Record> {
    let mut records = current.to_vec();
    for change in &plan.changes {
        if let Change::Update { old, .. } | Change::Delete { old, .. } = change {
            records.retain(|record| *record != **old);
        }
        if let Change::Create { new, .. } | Change::Update { new, .. } = change {
            let mut record = Record::from_endpoint(ZoneId::new("z"), new);
            record.labels.set(crate::OWNER, "me");
            if let (Change::Update { old, .. }, None) = (change, new.ttl.configured()) {
                record.ttl = old.ttl;
            }
            records.push(record);
        }
    }
    records
}

proptest! {
    #[test]
    fn applying_a_plan_leaves_nothing_to_do(mut case in any_case()) {
        let first = case.plan();
        case.current = apply(&case.current, &first);
        prop_assert_eq!(case.plan().changes, Vec::new());
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(mut case in any_case()) {
        let forward = case.plan();
        case.current.reverse();
        case.desired.reverse();
        prop_assert_eq!(case.plan(), forward);
    }

    #[test]
    fn foreign_records_never_change(case in any_case()) {
        for change in case.plan().changes {
            if let Change::Update { old, .. } | Change::Delete { old, .. } = change {
                prop_assert_eq!(old.labels.owner(), Some("me"));
            }
        }
    }

    #[test]
    fn planning_name_by_name_gives_the_whole_plan(case in any_case()) {
        let whole = case.plan();
        let names: BTreeSet<DnsName> =
            case.desired.iter().map(|e| &e.name).chain(case.current.iter().map(|r| &r.name)).cloned().collect();
        let mut parts = Plan::default();
        for name in names {
            let part = case.plan_scope(Scope::Names(&BTreeSet::from([name])));
            parts.changes.extend(part.changes);
            parts.skips.extend(part.skips);
        }
        prop_assert_eq!(parts, whole);
    }
}

/// A record that stands in one of two zones of its name.
fn in_zone(zone: &str, line: &str) -> Record {
    Record { zone: ZoneId::new(zone), ..record(line) }
}

fn zones_of_changes(case: &Case) -> Vec<String> {
    let show = |change: &Change| match change {
        Change::Create { new, .. } => {
            format!("+ {}", new.zone.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string))
        }
        Change::Update { old, .. } => format!("~ {}", old.zone),
        Change::Delete { old, .. } => format!("- {}", old.zone),
    };
    case.plan().changes.iter().map(show).collect()
}

/// Split horizon: each of the zones of a name is compared and completed on its own.
#[test]
fn every_home_of_a_name_is_planned_by_itself() {
    let wish = "web.example.org A 192.0.2.1 ttl=60";
    let mut case = case(&[], &[wish]);
    let name = case.desired[0].name.clone();
    case.homes = [(name, vec![ZoneId::new("z1"), ZoneId::new("z2")])].into();
    assert_eq!(zones_of_changes(&case), ["+ z1", "+ z2"]);
    case.current = vec![in_zone("z2", "web.example.org A 192.0.2.1 ttl=60 owner=me")];
    assert_eq!(zones_of_changes(&case), ["+ z1"]);
    case.current.push(in_zone("z1", "web.example.org A 192.0.2.9 ttl=60 owner=me"));
    assert_eq!(zones_of_changes(&case), ["~ z1"], "drift in one of them is seen");
    case.current.push(in_zone("z9", "web.example.org CNAME b.example.net ttl=60 owner=me"));
    assert_eq!(zones_of_changes(&case), ["- z9", "~ z1"], "elsewhere nothing is added");
    case.current[1].labels.set(crate::OWNER, "you");
    assert_eq!(zones_of_changes(&case), ["- z9"], "what is foreign in one zone hinders no other");
    case.desired.clear();
    assert_eq!(zones_of_changes(&case), ["- z2", "- z9"]);
}

#[test]
fn a_pinned_wish_stands_in_its_zone_alone() {
    let mut case = case(&[], &["web.example.org A 192.0.2.1 zone=z2", "api.example.org A 192.0.2.1"]);
    case.homes = case
        .desired
        .iter()
        .map(|wish| (wish.name.clone(), vec![ZoneId::new("z1"), ZoneId::new("z2")]))
        .collect();
    assert_eq!(zones_of_changes(&case), ["+ z1", "+ z2", "+ z2"]);
    case.homes.clear();
    assert_eq!(zones_of_changes(&case), ["+ ?", "+ z2"]);
    case.current = vec![in_zone("z1", "web.example.org A 192.0.2.1 owner=me")];
    assert_eq!(zones_of_changes(&case), ["+ ?", "- z1", "+ z2"]);
}

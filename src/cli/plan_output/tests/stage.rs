//! Plans to show, put together by hand.

use crate::cli::plan_output::{Format, Preview, render};
use crate::sources::outcome::{Problem, Severity};
use crate::status::testing::every_reason;
use crate::sync::World;
use crate::sync::guard::{Limit, Withheld};
use crate::sync::report::CycleReport;
use std::sync::Arc;
use zonewright_planner::*;
use zonewright_provider_kit::{Rejected, Zone};
use zonewright_registry::{NonceSource, Registry, Rows, TxtRegistry, TxtSettings};

pub(super) struct Stage {
    pub(super) report: CycleReport,
    pub(super) manifest_problems: Vec<String>,
    world: World,
}

impl Stage {
    /// A plan on the zones example.org and example.net.
    pub(super) fn new(changes: Vec<Change>, skips: Vec<Skip>) -> Self {
        let mut plan = Plan { changes, skips: Vec::new() };
        plan.add_skips(skips);
        let world = World {
            zones: ["example.org", "example.net", "bücher.example"].map(zone).into(),
            ..World::default()
        };
        let report = CycleReport { plan, dry_run: true, ..CycleReport::default() };
        Self { report, world, manifest_problems: Vec::new() }
    }

    pub(super) fn show(&self, format: Format) -> String {
        let registry = registry();
        let changes = registry.decorate_all(self.report.plan.changes.clone(), &Rows::default());
        let preview = Preview {
            report: &self.report,
            world: &self.world,
            changes: &changes,
            policy: Policy::Sync,
            manifest_problems: &self.manifest_problems,
        };
        render(preview, format)
    }

    /// The text form as it is where colours are not wanted.
    pub(super) fn plain(&self) -> String {
        anstream::adapter::strip_str(&self.show(Format::Text)).to_string()
    }
}

fn zone(name: &str) -> Zone {
    let name = DnsName::parse(name).unwrap();
    Zone { id: ZoneId::new(name.as_str()), name: Some(name) }
}

fn registry() -> Registry {
    let settings = TxtSettings::new("me", NonceSource::from_seed([0; 32]));
    Registry::Txt(Box::new(TxtRegistry::new(settings).unwrap()))
}

pub(super) fn object(text: &str) -> Arc<ObjectRef> {
    let mut parts = text.split('/').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    let (kind, namespace, name) = (next(), next(), next());
    Arc::new(ObjectRef {
        source: "any",
        // As long as the test runs.
        kind: kind.leak(),
        api_version: "",
        namespace: namespace.into(),
        name: name.into(),
        uid: "".into(),
    })
}

/// A wish as `name type target,target key=value …`; `ttl=` and `set=` are the TTL and the set identifier.
pub(super) fn wish(text: &str, from: &str) -> Endpoint {
    let mut words = text.split(' ');
    let mut next = || words.next().unwrap_or_default();
    let (name, record_type, targets) = (next(), RecordType::from_text(next()), next());
    let (mut ttl, mut set, mut properties) = (Ttl::UNSET, "", Properties::new());
    for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
        match key {
            "ttl" => ttl = Ttl::from_seconds(value.parse().unwrap()),
            "set" => set = value,
            key => properties.set(key, value),
        }
    }
    let targets: Vec<&str> = targets.split(',').collect();
    Endpoint::new(name, record_type, &targets, properties)
        .unwrap()
        .with_ttl(ttl)
        .with_set_identifier(set)
        .with_label(RESOURCE, from)
        .with_object(object(from))
}

/// A record of ours, written like a wish.
pub(super) fn record(text: &str, from: &str) -> Record {
    let endpoint = wish(text, from).with_label(OWNER, "me");
    let zone = ["example.org", "example.net"].into_iter().find(|zone| endpoint.name.as_str().ends_with(zone));
    Record::from_endpoint(ZoneId::new(zone.unwrap_or("xn--bcher-kva.example")), &endpoint)
}

pub(super) fn create(new: &str, from: &str) -> Change {
    Change::create(wish(new, from), CreateReason::New)
}

pub(super) fn update(old: &str, new: &str, from: &str, reasons: Vec<UpdateReason>) -> Change {
    Change::update(record(old, from), wish(new, from), reasons)
}

pub(super) fn delete(old: &str, from: &str) -> Change {
    Change::delete(record(old, from), DeleteReason::NoLongerWanted)
}

pub(super) fn skip(wished: &str, from: &str, reason: SkipReason) -> Skip {
    Skip::of_wish(&wish(wished, from), reason)
}

pub(super) fn ttl_changed(from: i64, to: i64) -> UpdateReason {
    UpdateReason::Ttl { from: Ttl::from_seconds(from), to: Ttl::from_seconds(to) }
}

/// Every kind of change.
pub(super) fn every_change() -> Vec<Change> {
    let type_changed = |to| DeleteReason::TypeChanged { to };
    vec![
        create("new.example.org A 192.0.2.1,192.0.2.2 ttl=300", "service/web/new"),
        create("canary.example.org A 192.0.2.9 set=canary aws/weight=10", "service/web/canary"),
        Change::create(
            wish("both.example.org AAAA 2001:db8::1", "service/web/both"),
            CreateReason::TypeAdded,
        ),
        Change::delete(
            record("moved.example.org A 192.0.2.3", "ingress/web/moved"),
            type_changed(RecordType::Cname),
        ),
        Change::create(
            wish("moved.example.org CNAME lb.example.net", "ingress/web/moved"),
            CreateReason::TypeChanged { from: RecordType::A },
        ),
        update(
            "ttl.example.org A 192.0.2.4 ttl=60",
            "ttl.example.org A 192.0.2.4 ttl=300",
            "service/web/ttl",
            vec![ttl_changed(60, 300)],
        ),
        update(
            "first-ttl.example.org A 192.0.2.4",
            "first-ttl.example.org A 192.0.2.4 ttl=300",
            "service/web/first-ttl",
            vec![ttl_changed(0, 300)],
        ),
        update(
            "targets.example.org A 192.0.2.5 ttl=60",
            "targets.example.org A 192.0.2.6",
            "service/web/targets",
            vec![UpdateReason::Targets],
        ),
        update(
            "weighted.example.org A 192.0.2.7 set=blue aws/weight=10 aws/region=eu-west-1",
            "weighted.example.org A 192.0.2.7 set=blue aws/weight=90",
            "service/web/weighted",
            vec![UpdateReason::Properties(vec!["aws/region".into(), "aws/weight".into()])],
        ),
        update(
            "everything.example.org A 192.0.2.5 ttl=60 aws/weight=10",
            "everything.example.org A 192.0.2.6,192.0.2.7 ttl=90 aws/weight=20",
            "service/web/everything",
            vec![
                ttl_changed(60, 90),
                UpdateReason::Targets,
                UpdateReason::Properties(vec!["aws/weight".into()]),
            ],
        ),
        update(
            "rewritten.example.org A 192.0.2.8",
            "rewritten.example.org A 192.0.2.8",
            "service/web/rewritten",
            vec![UpdateReason::OwnershipRow],
        ),
        update(
            "taken-over.example.org A 192.0.2.8",
            "taken-over.example.org A 192.0.2.8",
            "service/web/taken-over",
            vec![UpdateReason::OwnerMigration(Owner::new("old").unwrap())],
        ),
        update(
            "moved.example.org A 192.0.2.8",
            "moved.example.org A 192.0.2.8",
            "service/web/moved",
            vec![UpdateReason::RowMoved, UpdateReason::FormerRows],
        ),
        update(
            "tabled.example.org A 192.0.2.8",
            "tabled.example.org A 192.0.2.8",
            "service/web/tabled",
            vec![UpdateReason::RowIntoTable("external-dns".to_owned().into()), UpdateReason::FormerRows],
        ),
        update(
            "shared.example.org A 192.0.2.8",
            "shared.example.org A 192.0.2.8,192.0.2.9",
            "service/web/shared",
            vec![
                UpdateReason::Targets,
                UpdateReason::Shared {
                    step: ShareStep::Joins,
                    with: "owner \"cluster-blue\" (192.0.2.8)".into(),
                },
            ],
        ),
        delete("gone.example.org A 192.0.2.10 ttl=60", "ingress/web/gone"),
        create("www.example.net CNAME www.example.org", "dnsendpoint/web/www"),
    ]
}

/// Every reason to leave something alone.
pub(super) fn every_skip() -> Vec<Skip> {
    let named = |(index, reason): (usize, SkipReason)| {
        let name = format!("n{index:02}-{}.example.org", reason.code());
        let mut skip = skip(&format!("{name} A 192.0.2.1"), "service/web/some", reason);
        if matches!(
            skip.reason,
            SkipReason::PolicyKeeps(_) | SkipReason::SourceIncomplete { .. } | SkipReason::Guarded { .. }
        ) {
            skip.objects.clear();
        }
        skip
    };
    every_reason().into_iter().enumerate().map(named).collect()
}

/// What the delete guard withholds of two zones: a few records, and more than are shown.
pub(super) fn with_withheld(mut stage: Stage) -> Stage {
    let records = |zone: &str, count: usize| {
        let record = |index: usize| record(&format!("n{index:02}.{zone} A 192.0.2.1"), "ingress/web/gone");
        (0..count).map(record).collect::<Vec<Record>>()
    };
    let withheld = |zone: &str, count: usize, recent: usize, limit: Limit| Withheld {
        zone: ZoneId::new(zone),
        zone_name: Some(DnsName::parse(zone).unwrap()),
        hash: "4f1c2a90b7d3".to_owned(),
        deletes: records(zone, count),
        owned: 40,
        recent,
        limit,
        returned: None,
    };
    let all =
        [withheld("example.org", 2, 3, Limit::Max(4)), withheld("example.net", 30, 0, Limit::Share(30))];
    for withheld in &all {
        let (zone, hash) = (withheld.zone.to_string(), withheld.hash.clone());
        let reason = SkipReason::Guarded { zone, hash };
        let skips = withheld.deletes.iter().map(|record| Skip::of_record(record, reason.clone()));
        stage.report.plan.add_skips(skips);
    }
    stage.report.withheld = all.map(Arc::new).into();
    stage
}

/// Everything that can go wrong beside a plan.
pub(super) fn with_every_problem(mut stage: Stage) -> Stage {
    let problem = |from: &str, severity, message: &str| Problem {
        object: object(from),
        severity,
        message: message.to_owned(),
        invalid: None,
    };
    let incomplete = |source: &str, reason: &str| Incomplete {
        source: source.to_owned(),
        resource_prefixes: Vec::new(),
        reason: reason.to_owned(),
    };
    let file = "manifests/bad.yaml: document 2 (line 7): no kind";
    stage.manifest_problems = vec![file.to_owned()];
    let report = &mut stage.report;
    report.problems = vec![
        problem(
            "service/web/a",
            Severity::Warning,
            "a..example.org: a label is empty; the name is left out, and everything that is published at the \
             other names of this object goes on as if nothing had happened",
        ),
        problem("ingress/web/b", Severity::Error, "--fqdn-template: no such field .Nmae"),
    ];
    report.incomplete = vec![
        incomplete("service", file),
        incomplete("ingress", file),
        incomplete("crd", "dnsendpoints.externaldns.k8s.io: 404 not found"),
    ];
    report.rejected = [Some(DnsName::parse("c.example.org").unwrap()), None]
        .into_iter()
        .map(|name| Rejected { name, objects: Vec::new(), text: "row 3: bad target".to_owned() })
        .collect();
    report.odd = vec!["record left alone because it cannot be understood: a..b A (zone z)".to_owned()];
    stage
}

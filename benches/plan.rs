//! The planner and the TXT registry by themselves, at the sizes of real zones: time, and with it what is allocated.
//!
//! `benches/README.md` says how to run it and what it said last.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
// The macros of divan make functions that nobody can document.
#![allow(missing_docs)]

use divan::{AllocProfiler, Bencher, black_box};
use zonewright_planner::{
    DomainFilter, Endpoint, Holds, Homes, ManagedTypes, Plan, PlanInput, Policy, Properties, RESOURCE,
    Record, RecordType, Scope, Target, Ttl, ZoneId, plan,
};
use zonewright_registry::{NonceSource, Owned, Registry, TxtRegistry, TxtSettings};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Owned records; with their rows a zone lists twice as many.
const SIZES: [u32; 3] = [1_000, 10_000, 50_000];
const OWNER: &str = "default";

fn main() {
    divan::main();
}

/// Nothing exists: everything is created.
#[divan::bench(args = SIZES)]
fn plan_cold(bencher: Bencher<'_, '_>, size: u32) {
    let case = Case::new(size, Vec::new());
    assert_eq!(case.plan().changes.len(), size as usize);
    bencher.bench(|| case.plan());
}

/// Everything is as it should be.
#[divan::bench(args = SIZES)]
fn plan_no_op(bencher: Bencher<'_, '_>, size: u32) {
    let case = Case::new(size, zone(size));
    assert!(case.plan().is_empty());
    bencher.bench(|| case.plan());
}

/// One of them points elsewhere.
#[divan::bench(args = SIZES)]
fn plan_one_change(bencher: Bencher<'_, '_>, size: u32) {
    let mut case = Case::new(size, zone(size));
    case.desired[size as usize / 2].set_targets(vec![Target::V4([192, 0, 2, 1].into())]);
    assert_eq!(case.plan().changes.len(), 1);
    bencher.bench(|| case.plan());
}

/// A listing, rows included, becomes records with owners. The listing itself is not counted as allocated here.
#[divan::bench(args = SIZES)]
fn txt_read(bencher: Bencher<'_, '_>, size: u32) {
    let registry = registry();
    let owned = registry.read(zone(size));
    assert_eq!((owned.records.len(), owned.rows.len()), (size as usize, size as usize));
    drop(owned);
    bencher.with_inputs(|| zone(size)).bench_values(|listing| registry.read(listing));
}

/// The changes of a cold plan get their rows.
#[divan::bench(args = SIZES)]
fn txt_decorate(bencher: Bencher<'_, '_>, size: u32) {
    let case = Case::new(size, Vec::new());
    let plan = case.plan();
    bencher
        .with_inputs(|| plan.changes.clone())
        .bench_values(|changes| case.registry.decorate_all(changes, black_box(&case.owned.rows)));
}

/// Wishes and what exists.
struct Case {
    registry: Registry,
    desired: Vec<Endpoint>,
    owned: Owned,
    holds: Holds,
    managed: ManagedTypes,
    filters: [DomainFilter; 1],
}

impl Case {
    fn new(size: u32, listing: Vec<Record>) -> Self {
        let registry = registry();
        let owned = registry.read(listing);
        Self {
            registry,
            desired: (0..size).map(wish).collect(),
            owned,
            holds: Holds::new([], Vec::new()),
            managed: ManagedTypes::default(),
            filters: [DomainFilter::from_suffixes(&["example.org"], &[] as &[&str]).unwrap()],
        }
    }

    fn plan(&self) -> Plan {
        plan(&PlanInput {
            desired: black_box(&self.desired),
            current: black_box(&self.owned.records).iter().collect(),
            holds: &self.holds,
            claims: Vec::new(),
            filters: &self.filters,
            managed: &self.managed,
            policy: Policy::Sync,
            owner: self.registry.owner(),
            scope: Scope::All,
            shared: Default::default(),
            homes: &Homes::new(),
        })
    }
}

fn registry() -> Registry {
    let settings = TxtSettings::new(OWNER, NonceSource::from_seed([0; 32]));
    Registry::Txt(Box::new(TxtRegistry::new(settings).unwrap()))
}

fn name(n: u32) -> String {
    format!("web-{n:06}.apps.example.org")
}

fn resource(n: u32) -> String {
    format!("ingress/team-{:02}/web-{n:06}", n % 50)
}

fn address(n: u32) -> String {
    let [_, b, c, d] = n.to_be_bytes();
    format!("10.{b}.{c}.{d}")
}

fn wish(n: u32) -> Endpoint {
    Endpoint::new(&name(n), RecordType::A, &[address(n)], Properties::new())
        .unwrap()
        .with_ttl(Ttl::from_seconds(300))
        .with_label(RESOURCE, resource(n))
}

/// What a provider lists: each record and its row.
fn zone(size: u32) -> Vec<Record> {
    let id = ZoneId::new("example.org");
    let mut listing = Vec::with_capacity(2 * size as usize);
    for n in 0..size {
        let text = format!(
            "\"heritage=external-dns,external-dns/owner={OWNER},external-dns/resource={}\"",
            resource(n)
        );
        let row = format!("a-{}", name(n));
        let record = Record::from_text(id.clone(), &name(n), RecordType::A, &[address(n)]);
        let row = Record::from_text(id.clone(), &row, RecordType::Txt, &[text]);
        listing.extend([record, row].map(|record| Record { ttl: Ttl::from_seconds(300), ..record.unwrap() }));
    }
    listing
}

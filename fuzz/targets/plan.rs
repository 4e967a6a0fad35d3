//! Any records and any wishes: a plan that has been carried out leaves nothing to do, and touches nothing of others.

use std::collections::BTreeMap;
use zonewright_planner::{
    Change, DomainFilter, Endpoint, Holds, Homes, ManagedTypes, OWNER, Owner, Plan, PlanInput, Policy,
    Properties, Record, RecordType, Scope, Ttl, ZoneId, plan,
};

/// Four bytes each: a wish or a record, its name and type, its target and TTL, its set identifier and owner.
pub fn run(data: &[u8]) {
    let mut desired = Vec::new();
    let mut current = BTreeMap::new();
    for four in data.chunks_exact(4).take(24) {
        let Some(wish) = wish(four) else { continue };
        if four[0] & 0x80 == 0 {
            desired.push(wish);
        } else {
            let mut record = Record::from_endpoint(ZoneId::new("z"), &wish);
            if let Some(owner) = pick(&["me", "them", ""], four[3] >> 4).filter(|owner| !owner.is_empty()) {
                record.labels.set(OWNER, owner);
            }
            current.insert(record.key(), record);
        }
    }
    let mut records: Vec<Record> = current.into_values().collect();
    let first = planned(&desired, &records);
    let foreign: Vec<Record> =
        records.iter().filter(|record| record.labels.owner() != Some("me")).cloned().collect();
    carry_out(&first, &mut records);
    assert!(foreign.iter().all(|record| records.contains(record)), "records of others stay");
    assert_eq!(planned(&desired, &records).changes, Vec::new());
}

fn pick<T: Copy>(all: &[T], byte: u8) -> Option<T> {
    all.get(usize::from(byte) % all.len()).copied()
}

fn wish(four: &[u8]) -> Option<Endpoint> {
    let name = pick(&["a.example.org", "b.example.org", "*.example.org", "x.a.example.org"], four[0])?;
    let record_type = RecordType::ALL.get(usize::from(four[1]) % RecordType::ALL.len())?.clone();
    let targets = [
        "192.0.2.1",
        "192.0.2.2",
        "2001:db8::1",
        "lb.example.net",
        "10 mx.example.net",
        "1 2 3 srv.example.net.",
        "text",
    ];
    let chosen: Vec<&str> = (0..3).filter_map(|i| pick(&targets, four[2].wrapping_mul(i + 1))).collect();
    let wish = Endpoint::new(name, record_type.clone(), &chosen[..1], Properties::new())
        .or_else(|_| Endpoint::new(name, record_type, &chosen[1..2], Properties::new()))
        .ok()?;
    let ttl = pick(&[0, 60, 300], four[2] >> 4)?;
    let set = pick(&["", "", "eu", "us"], four[3])?;
    Some(wish.with_ttl(Ttl::from_seconds(ttl)).with_set_identifier(set))
}

fn planned(desired: &[Endpoint], current: &[Record]) -> Plan {
    let homes = Homes::new();
    plan(&PlanInput {
        desired,
        current: current.iter().collect(),
        holds: &Holds::default(),
        claims: Vec::new(),
        filters: &[DomainFilter::All],
        managed: &ManagedTypes::new(RecordType::ALL, &[]),
        policy: Policy::Sync,
        owner: Owner::new("me").as_ref(),
        scope: Scope::All,
        shared: Default::default(),
        homes: &homes,
    })
}

fn carry_out(plan: &Plan, records: &mut Vec<Record>) {
    for change in &plan.changes {
        if let Change::Update { old, .. } | Change::Delete { old, .. } = change {
            records.retain(|record| *record != **old);
        }
        if let Change::Create { new, .. } | Change::Update { new, .. } = change {
            let mut record = Record::from_endpoint(ZoneId::new("z"), new);
            record.labels.set(OWNER, "me");
            if let (Change::Update { old, .. }, None) = (change, new.ttl.configured()) {
                record.ttl = old.ttl;
            }
            records.push(record);
        }
    }
}

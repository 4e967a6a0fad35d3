//! Ownership over several cycles, as data: what becomes of a zone in which records and rows do not match
//! (`truth-table.txt`), and of zones that older versions wrote (`zones/`).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions, not in what they call"
)]

mod former_names;
mod half_written;
mod leftovers;
mod migration;
mod older_versions;
mod truth_table;

use zonewright_planner::{
    Endpoint, Holds, Homes, Labels, ManagedTypes, PlanInput, Policy, Record, RecordType, Scope, Skip, ZoneId,
    plan,
};
use zonewright_provider_kit::{Operation, ZoneChange};
use zonewright_registry::{NonceSource, Owned, Registry, TxtRegistry, TxtSettings};

/// A zone, and who works on it.
struct Stage {
    registry: Registry,
    policy: Policy,
    managed: ManagedTypes,
    zone: Vec<Record>,
}

impl Stage {
    fn new(settings: TxtSettings, policy: Policy, zone: Vec<Record>) -> Self {
        let managed = settings.managed.clone();
        let registry = Registry::Txt(Box::new(TxtRegistry::new(settings).unwrap()));
        Self { registry, policy, managed, zone }
    }

    /// One cycle as the daemon runs it. The zone is as strict as a service can be: it creates nothing twice, and removes only
    /// what is exactly as it was read.
    fn cycle(&mut self, wishes: &[Endpoint], holds: &Holds) -> (Vec<ZoneChange>, Vec<Skip>) {
        let mut owned = self.registry.read(self.zone.clone());
        let (changes, skips) = self.plan(&owned, wishes, holds);
        for change in &changes {
            change.operations().into_iter().for_each(|operation| self.store(operation));
            owned.rows.applied(change);
        }
        let listed = self.registry.read(self.zone.clone()).rows;
        let leftovers = |rows| self.registry.leftovers(rows);
        assert_eq!(leftovers(&owned.rows), leftovers(&listed), "remembered, and listed anew");
        (changes, skips)
    }

    /// A cycle that ends after some operations, as if the service or the daemon had died there. False when there were not more.
    fn interrupted_cycle(&mut self, wishes: &[Endpoint], operations: usize) -> bool {
        let owned = self.registry.read(self.zone.clone());
        let (changes, _) = self.plan(&owned, wishes, &Holds::default());
        let all: Vec<Operation<'_>> = changes.iter().flat_map(ZoneChange::operations).collect();
        all.iter().take(operations).for_each(|operation| self.store(*operation));
        operations < all.len()
    }

    fn plan(&self, owned: &Owned, wishes: &[Endpoint], holds: &Holds) -> (Vec<ZoneChange>, Vec<Skip>) {
        let input = PlanInput {
            desired: wishes,
            current: owned.records.iter().collect(),
            holds,
            claims: vec![&owned.claims],
            filters: &[],
            managed: &self.managed,
            policy: self.policy,
            owner: self.registry.owner(),
            scope: Scope::All,
            shared: Default::default(),
            homes: &Homes::new(),
        };
        let mut plan = plan(&input);
        plan.tidy(&input, self.registry.leftovers(&owned.rows));
        (self.registry.decorate_all(plan.changes, &owned.rows), plan.skips)
    }

    fn store(&mut self, operation: Operation<'_>) {
        if let Operation::Update(old, _) | Operation::Delete(old) = operation {
            let at = self.zone.iter().position(|r| r.key() == old.key() && r.targets == old.targets);
            self.zone.remove(at.unwrap_or_else(|| panic!("{} is not there", old.name)));
        }
        if let Operation::Create(new) | Operation::Update(_, new) = operation {
            let new = Record { labels: Labels::new(), ..Record::from_endpoint(ZoneId::new("z"), new) };
            assert!(self.zone.iter().all(|record| record.key() != new.key()), "{} is there", new.name);
            self.zone.push(new);
        }
    }
}

fn settings() -> TxtSettings {
    TxtSettings::new("me", NonceSource::from_seed([5; 32]))
}

fn record(name: &str, record_type: &str, target: &str) -> Record {
    Record::from_text(ZoneId::new("z"), name, RecordType::from_text(record_type), &[target]).unwrap()
}

/// `+`, `~`, `-` and type of every operation, in the order in which they are sent.
fn signs(changes: &[ZoneChange]) -> Vec<String> {
    let sign = |operation: Operation<'_>| match operation {
        Operation::Create(new) => format!("+{}", new.record_type),
        Operation::Update(_, new) => format!("~{}", new.record_type),
        Operation::Delete(old) => format!("-{}", old.record_type),
    };
    changes.iter().flat_map(ZoneChange::operations).map(sign).collect()
}

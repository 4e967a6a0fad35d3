//! Ownership in a table over several cycles: a table and a zone in memory, both as strict as the real ones, and everything in between
//! as the daemon runs it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy.toml allows it in test functions, not in what they call"
)]

mod from_txt;
mod half_written;
mod items;
mod others;
mod truth_table;
mod zones;

use async_trait::async_trait;
use futures::executor::block_on;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use zonewright_planner::{
    Change, Endpoint, Holds, Homes, Labels, ManagedTypes, Owner, PlanInput, Policy, Properties, Record,
    RecordType, Scope, Skip, ZoneId, plan,
};
use zonewright_provider_kit::{ErrorClass, Operation, ProviderError, WriteZone, Zone, ZoneChange};
use zonewright_registry::{
    Item, NonceSource, ReadTable, Registry, RowError, Statement, TableRegistry, TableSettings, TxtRegistry,
    TxtSettings, WithRows, WriteTable,
};

/// A table and zones, which break down after some steps if they are told to.
#[derive(Debug, Default)]
struct Service {
    rows: BTreeMap<String, Item>,
    zone: Vec<Record>,
    /// What was done, one line each.
    done: Vec<String>,
    /// How many more steps are carried out.
    steps_left: Option<usize>,
    /// How often the table was read.
    scans: usize,
    /// What the next statements are answered with, whatever they say.
    answers: Vec<RowError>,
}

#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Service>>);

impl Service {
    fn may_step(&mut self) -> bool {
        match &mut self.steps_left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    fn execute(&mut self, statement: &Statement) -> Result<(), RowError> {
        if let Some(answer) = self.answers.pop() {
            return Err(answer);
        }
        if !self.may_step() {
            return Err(RowError::Failed(broken()));
        }
        let is_of = |item: &Item, owner: &Owner| item.owner.as_deref() == Some(owner.as_str());
        let row = |key: &str, owner: &Owner, labels: &Labels| Item {
            key: Some(key.to_owned()),
            owner: Some(owner.to_string()),
            labels: labels.clone(),
            has_odd_labels: false,
        };
        let (sign, key) = match statement {
            Statement::Insert { key, owner, labels } => {
                if self.rows.contains_key(&**key) {
                    return Err(RowError::Exists);
                }
                self.rows.insert(key.to_string(), row(key, owner, labels));
                ("+row", key)
            }
            Statement::Update { key, owner, new_owner, labels } => {
                self.rows.get(&**key).filter(|item| is_of(item, owner)).ok_or(RowError::Changed)?;
                let owner = new_owner.as_ref().unwrap_or(owner);
                self.rows.insert(key.to_string(), row(key, owner, labels));
                ("~row", key)
            }
            Statement::Delete { key, owner } => {
                if self.rows.get(&**key).is_some_and(|item| !is_of(item, owner)) {
                    return Err(RowError::Changed);
                }
                self.rows.remove(&**key);
                ("-row", key)
            }
        };
        self.done.push(format!("{sign} {key}"));
        Ok(())
    }

    fn store(&mut self, zone: &Zone, operation: Operation<'_>) -> Result<(), ProviderError> {
        if !self.may_step() {
            return Err(broken());
        }
        let key = |r: &Record| (r.zone.clone(), r.key());
        let (sign, told) = match operation {
            Operation::Create(new) => ("+", format!("{} {}", new.record_type, new.name)),
            Operation::Update(_, new) => ("~", format!("{} {}", new.record_type, new.name)),
            Operation::Delete(old) => ("-", format!("{} {}", old.record_type, old.name)),
        };
        if let Operation::Update(old, _) | Operation::Delete(old) = operation {
            let at = self.zone.iter().position(|r| key(r) == key(old) && r.targets == old.targets);
            self.zone.remove(at.unwrap_or_else(|| panic!("{} is not there", old.name)));
        }
        if let Operation::Create(new) | Operation::Update(_, new) = operation {
            let new = Record { labels: Labels::new(), ..Record::from_endpoint(zone.id.clone(), new) };
            assert!(self.zone.iter().all(|record| key(record) != key(&new)), "{} is there", new.name);
            self.zone.push(new);
        }
        self.done.push(format!("{sign}{told}"));
        Ok(())
    }
}

fn broken() -> ProviderError {
    ProviderError::new(ErrorClass::Unavailable, "broken down")
}

#[async_trait]
impl ReadTable for Shared {
    fn name(&self) -> &str {
        "external-dns"
    }

    async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        let mut service = self.0.lock().unwrap();
        service.scans += 1;
        Ok(service.rows.values().cloned().collect())
    }
}

#[async_trait]
impl WriteTable for Shared {
    async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>> {
        let mut service = self.0.lock().unwrap();
        statements.iter().map(|statement| service.execute(statement)).collect()
    }
}

#[async_trait]
impl WriteZone for Shared {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let mut service = self.0.lock().unwrap();
        let write = |change: &ZoneChange| {
            change.operations().into_iter().try_for_each(|operation| service.store(zone, operation))
        };
        changes.iter().map(write).collect()
    }
}

/// One instance: a registry, and what it writes with.
struct Instance {
    service: Shared,
    registry: Registry,
    writer: WithRows,
    policy: Policy,
    managed: ManagedTypes,
    homes: Homes,
    now: Instant,
}

/// What came of a cycle.
#[derive(Debug, Default)]
struct Told {
    /// What was done, in order.
    done: Vec<String>,
    skips: Vec<Skip>,
    failures: Vec<ProviderError>,
    warnings: Vec<String>,
}

impl Told {
    fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.skips.iter().map(|skip| skip.reason.code()).collect();
        codes.dedup();
        codes
    }
}

impl Instance {
    fn new(service: &Shared, settings: TxtSettings, policy: Policy) -> Self {
        let managed = settings.managed.clone();
        let registry = TableRegistry::new(TableSettings {
            txt: TxtRegistry::new(settings).unwrap(),
            managed: managed.clone(),
            prunes_txt: policy == Policy::Sync,
            reader: Arc::new(service.clone()),
        });
        let writer = registry.writing(Arc::new(service.clone()), Arc::new(service.clone()));
        Self {
            service: service.clone(),
            registry: Registry::Table(Box::new(registry)),
            writer,
            policy,
            managed,
            homes: Homes::new(),
            now: Instant::now(),
        }
    }

    fn of(service: &Shared, owner: &str) -> Self {
        Self::new(service, TxtSettings::new(owner, NonceSource::from_seed([5; 32])), Policy::Sync)
    }

    /// A full run as the daemon makes it.
    fn cycle(&mut self, wishes: &[Endpoint], holds: &Holds) -> Told {
        self.now += Duration::from_secs(60);
        block_on(self.registry.refresh(self.now)).unwrap();
        let listing = self.service.0.lock().unwrap().zone.clone();
        let owned = self.registry.read(listing);
        self.registry.count(owned.records.iter());
        let claims = self.registry.claims();
        let input = PlanInput {
            shared: Default::default(),
            desired: wishes,
            current: owned.records.iter().collect(),
            holds,
            claims: std::iter::once(&owned.claims).chain(claims.as_deref()).collect(),
            filters: &[],
            managed: &self.managed,
            policy: self.policy,
            owner: self.registry.owner(),
            scope: Scope::All,
            homes: &self.homes,
        };
        let mut plan = plan(&input);
        let beside = self.registry.rows_without_record().into_iter().map(|mut leftover| {
            leftover.row.zone = ZoneId::new("z");
            leftover
        });
        plan.tidy(&input, self.registry.leftovers(&owned.rows).into_iter().chain(beside));
        let changes = self.registry.decorate_all(plan.changes, &owned.rows);
        let failures = self.write(changes);
        let done = std::mem::take(&mut self.service.0.lock().unwrap().done);
        let mut warnings = owned.warnings;
        warnings.extend(self.registry.odd());
        Told { done, skips: plan.skips, failures, warnings }
    }

    fn write(&self, changes: Vec<ZoneChange>) -> Vec<ProviderError> {
        let zone_of = |change: &ZoneChange| match &change.change {
            Change::Create { new, .. } => new.zone.clone().unwrap_or_else(|| ZoneId::new("z")),
            Change::Update { old, .. } | Change::Delete { old, .. } => old.zone.clone(),
        };
        let mut by_zone: BTreeMap<ZoneId, Vec<ZoneChange>> = BTreeMap::new();
        changes.into_iter().for_each(|change| by_zone.entry(zone_of(&change)).or_default().push(change));
        let mut failures = Vec::new();
        for (id, changes) in by_zone {
            let outcomes = block_on(self.writer.apply(&Zone { id, name: None }, &changes));
            assert_eq!(outcomes.len(), changes.len());
            failures.extend(outcomes.into_iter().filter_map(Result::err));
        }
        failures
    }
}

impl Shared {
    fn with(rows: &[(&str, &str)], zone: Vec<Record>) -> Self {
        let shared = Self::default();
        let mut service = shared.0.lock().unwrap();
        service.rows = rows.iter().map(|(key, owner)| ((*key).to_owned(), item(key, owner))).collect();
        service.zone = zone;
        drop(service);
        shared
    }

    /// Key and owner of every row.
    fn rows(&self) -> Vec<(String, String)> {
        let service = self.0.lock().unwrap();
        service.rows.iter().map(|(key, item)| (key.clone(), item.owner.clone().unwrap_or_default())).collect()
    }

    fn zone(&self) -> Vec<String> {
        let service = self.0.lock().unwrap();
        let line = |r: &Record| format!("{} {} {} {:?}", r.zone, r.record_type, r.name, r.targets);
        let mut lines: Vec<String> = service.zone.iter().map(line).collect();
        lines.sort();
        lines
    }
}

const RESOURCE: &str = "crd/default/web";

fn item(key: &str, owner: &str) -> Item {
    Item {
        key: Some(key.to_owned()),
        owner: (!owner.is_empty()).then(|| owner.to_owned()),
        labels: [("resource", RESOURCE)].into_iter().collect(),
        has_odd_labels: false,
    }
}

fn record(name: &str, record_type: &str, target: &str) -> Record {
    Record::from_text(ZoneId::new("z"), name, RecordType::from_text(record_type), &[target]).unwrap()
}

fn wish(name: &str, record_type: &str, target: &str) -> Endpoint {
    Endpoint::new(name, RecordType::from_text(record_type), &[target], Properties::new())
        .unwrap()
        .with_label("resource", RESOURCE)
}

fn none() -> Holds {
    Holds::default()
}

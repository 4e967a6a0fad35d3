//! What a scenario plays on: the table under test, zones in memory that are as strict as real ones, and instances that do what the
//! daemon does. Everything that is written passes here, is noted, and may be kept from happening.

use super::{Problem, TableUnderTest};
use crate::{
    Item, ReadTable, Registry, RowError, Statement, TableRegistry, TableSettings, TxtRegistry, TxtSettings,
    WriteTable,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zonewright_planner::{
    Change, Endpoint, Holds, Homes, Labels, ManagedTypes, PlanInput, Policy, Record, Scope, Skip, ZoneId,
    plan,
};
use zonewright_provider_kit::{ErrorClass, Operation, ProviderError, WriteZone, Zone, ZoneChange};

/// The table under test and zones, which break down after some steps if they are told to.
#[derive(Debug, Clone)]
pub struct Stage {
    subject: Arc<dyn TableUnderTest>,
    reader: Arc<dyn ReadTable>,
    writer: Arc<dyn WriteTable>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    zone: Vec<Record>,
    /// What was done, one line each.
    done: Vec<String>,
    /// How many more steps are carried out.
    steps_left: Option<usize>,
    /// How often the table was read.
    scans: usize,
    /// What the next statements are answered with, whatever they say.
    answers: Vec<RowError>,
    /// What no zone would have let happen.
    nonsense: Vec<String>,
    /// Whether rows say what their records are.
    keeps_records: bool,
    /// Whether zones refuse everything.
    refuses: bool,
}

/// What stands in table and zones.
#[derive(Debug, Clone)]
pub struct Snapshot {
    rows: Vec<Item>,
    zone: Vec<Record>,
}

/// What becomes of a statement.
enum Fate {
    Answered(RowError),
    Sent,
}

impl State {
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

    fn fate(&mut self) -> Fate {
        match self.answers.pop() {
            Some(answer) => Fate::Answered(answer),
            None if self.may_step() => Fate::Sent,
            None => Fate::Answered(RowError::Failed(broken())),
        }
    }

    fn store(&mut self, zone: &Zone, operation: Operation<'_>) -> Result<(), ProviderError> {
        if !self.may_step() {
            return Err(broken());
        }
        if self.refuses {
            return Err(ProviderError::new(ErrorClass::InvalidRecord, "the zone takes no such record"));
        }
        let key = |r: &Record| (r.zone.clone(), r.key());
        let (sign, told) = match operation {
            Operation::Create(new) => ("+", format!("{} {}", new.record_type, new.name)),
            Operation::Update(_, new) => ("~", format!("{} {}", new.record_type, new.name)),
            Operation::Delete(old) => ("-", format!("{} {}", old.record_type, old.name)),
        };
        if let Operation::Update(old, _) | Operation::Delete(old) = operation {
            match self.zone.iter().position(|r| key(r) == key(old) && r.targets == old.targets) {
                Some(at) => drop(self.zone.remove(at)),
                None => self.nonsense.push(format!("{sign}{told}, which is not there as it was read")),
            }
        }
        if let Operation::Create(new) | Operation::Update(_, new) = operation {
            let new = Record { labels: Labels::new(), ..Record::from_endpoint(zone.id.clone(), new) };
            if self.zone.iter().any(|record| key(record) == key(&new)) {
                self.nonsense.push(format!("{sign}{told}, which is there already"));
            }
            self.zone.push(new);
        }
        self.done.push(format!("{sign}{told}"));
        Ok(())
    }
}

fn broken() -> ProviderError {
    ProviderError::new(ErrorClass::Unavailable, "broken down")
}

impl Stage {
    /// A table with these rows and nothing else, and zones with these records.
    ///
    /// # Errors
    /// The table cannot be seeded.
    pub async fn new(
        subject: &Arc<dyn TableUnderTest>,
        rows: &[Item],
        zone: Vec<Record>,
    ) -> Result<Self, Problem> {
        subject.seed(rows).await.map_err(|error| Problem::Call("seed", error))?;
        let state = State { zone, ..State::default() };
        Ok(Self {
            subject: subject.clone(),
            reader: subject.reader(),
            writer: subject.writer(),
            state: Arc::new(Mutex::new(state)),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the table is called in messages.
    pub fn table(&self) -> &str {
        self.reader.name()
    }

    /// Every row, by key.
    ///
    /// # Errors
    /// The table cannot be dumped.
    pub async fn items(&self) -> Result<Vec<Item>, Problem> {
        let mut items = self.subject.dump().await.map_err(|error| Problem::Call("dump", error))?;
        items.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(self.told(items))
    }

    /// Rows as those see them who do not ask what they say of records.
    fn told(&self, mut rows: Vec<Item>) -> Vec<Item> {
        if !self.state().keeps_records {
            rows.iter_mut().for_each(|row| row.is_confirmed = true);
        }
        rows
    }

    /// Key and owner of every row.
    ///
    /// # Errors
    /// The table cannot be dumped.
    pub async fn rows(&self) -> Result<Vec<(String, String)>, Problem> {
        let line = |item: Item| (item.key.unwrap_or_default(), item.owner.unwrap_or_default());
        Ok(self.items().await?.into_iter().map(line).collect())
    }

    /// The object that each row names.
    ///
    /// # Errors
    /// The table cannot be dumped.
    pub async fn resources(&self) -> Result<Vec<String>, Problem> {
        let resource = |item: Item| item.labels.resource().unwrap_or_default().to_owned();
        Ok(self.items().await?.into_iter().map(resource).collect())
    }

    /// Every record, a line each.
    pub fn zone(&self) -> Vec<String> {
        let line = |r: &Record| format!("{} {} {} {:?}", r.zone, r.record_type, r.name, r.targets);
        let mut lines: Vec<String> = self.state().zone.iter().map(line).collect();
        lines.sort();
        lines
    }

    /// Every record.
    pub fn records(&self) -> Vec<Record> {
        self.state().zone.clone()
    }

    /// Changes the records behind everybody's back.
    pub fn change_zone(&self, change: impl FnOnce(&mut Vec<Record>)) {
        change(&mut self.state().zone);
    }

    /// Writes a row behind everybody's back.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub async fn put(&self, row: Item) -> Result<(), Problem> {
        let mut rows = self.items().await?;
        rows.retain(|other| other.key != row.key);
        rows.push(row);
        self.seed(&rows).await
    }

    /// Makes these the rows behind everybody's back.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub async fn seed(&self, rows: &[Item]) -> Result<(), Problem> {
        self.subject.seed(rows).await.map_err(|error| Problem::Call("seed", error))
    }

    /// What stands there now.
    ///
    /// # Errors
    /// The table cannot be dumped.
    pub async fn snapshot(&self) -> Result<Snapshot, Problem> {
        Ok(Snapshot { rows: self.items().await?, zone: self.records() })
    }

    /// Makes everything as it was.
    ///
    /// # Errors
    /// The table cannot be reached.
    pub async fn restore(&self, snapshot: &Snapshot) -> Result<(), Problem> {
        self.change_zone(|zone| zone.clone_from(&snapshot.zone));
        self.seed(&snapshot.rows).await
    }

    /// After so many steps (a statement, a record) nothing works any more; `None`: everything does.
    pub fn break_after(&self, steps: Option<usize>) {
        self.state().steps_left = steps;
    }

    /// What the next statement is answered with; it is not carried out.
    pub fn answer(&self, answer: RowError) {
        self.state().answers.push(answer);
    }

    /// From now on rows say what their records are, for instances that are started after this. Other scenarios do without, so that they
    /// are the same for all tables.
    pub fn keep_records(&self) {
        self.state().keeps_records = true;
    }

    /// Whether zones refuse every change from now on.
    pub fn refuse(&self, refuses: bool) {
        self.state().refuses = refuses;
    }

    /// How often the table was read.
    pub fn scans(&self) -> usize {
        self.state().scans
    }
}

#[async_trait]
impl ReadTable for Stage {
    fn name(&self) -> &str {
        self.table()
    }

    fn keeps_records(&self) -> bool {
        self.state().keeps_records
    }

    async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        self.state().scans += 1;
        Ok(self.told(self.reader.read().await?))
    }
}

#[async_trait]
impl WriteTable for Stage {
    async fn execute(&self, statements: &[Statement]) -> Vec<Result<(), RowError>> {
        let fates: Vec<Fate> = {
            let mut state = self.state();
            statements.iter().map(|_| state.fate()).collect()
        };
        let sent = statements.iter().zip(&fates).filter(|(_, fate)| matches!(fate, Fate::Sent));
        let sent: Vec<Statement> = sent.map(|(statement, _)| statement.clone()).collect();
        let outcomes = if sent.is_empty() { Vec::new() } else { self.writer.execute(&sent).await };
        let mut state = self.state();
        if outcomes.len() != sent.len() {
            let (outcomes, sent) = (outcomes.len(), sent.len());
            state.nonsense.push(format!("{outcomes} outcomes for {sent} statements"));
        }
        let mut outcomes = outcomes.into_iter();
        let mut told = Vec::with_capacity(statements.len());
        for (statement, fate) in statements.iter().zip(fates) {
            let outcome = match fate {
                Fate::Answered(answer) => Err(answer),
                Fate::Sent => outcomes.next().unwrap_or_else(|| Err(RowError::Failed(broken()))),
            };
            if outcome.is_ok() {
                let sign = match statement {
                    Statement::Insert { .. } => '+',
                    Statement::Update { .. } => '~',
                    Statement::Mark { .. } => '=',
                    Statement::Delete { .. } => '-',
                };
                state.done.push(format!("{sign}row {}", statement.key()));
            }
            told.push(outcome);
        }
        told
    }
}

#[async_trait]
impl WriteZone for Stage {
    async fn apply(&self, zone: &Zone, changes: &[ZoneChange]) -> Vec<Result<(), ProviderError>> {
        let mut state = self.state();
        let write = |change: &ZoneChange| {
            change.operations().into_iter().try_for_each(|operation| state.store(zone, operation))
        };
        changes.iter().map(write).collect()
    }
}

/// One instance: a registry, and what it writes with.
pub struct Instance {
    stage: Stage,
    /// Its registry.
    pub registry: Registry,
    writer: Arc<dyn WriteZone>,
    policy: Policy,
    managed: ManagedTypes,
    /// The zones of names that stand in several.
    pub homes: Homes,
    /// Its clock: every cycle takes a minute.
    pub now: Instant,
}

/// What came of a cycle.
#[derive(Debug, Default)]
pub struct Told {
    /// What was done, in order.
    pub done: Vec<String>,
    /// What was not done, and why.
    pub skips: Vec<Skip>,
    /// What did not work.
    pub failures: Vec<ProviderError>,
    /// What the operator is told.
    pub warnings: Vec<String>,
}

impl Told {
    /// Why things were not done.
    pub fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.skips.iter().map(|skip| skip.reason.code()).collect();
        codes.dedup();
        codes
    }

    /// The one thing that did not work.
    ///
    /// # Errors
    /// Everything worked, or more did not.
    pub fn failure(&self) -> Result<&ProviderError, Problem> {
        match self.failures.as_slice() {
            [failure] => Ok(failure),
            other => Err(Problem::Failures(other.iter().map(ToString::to_string).collect())),
        }
    }
}

impl Instance {
    /// One with `--registry=dynamodb`, just started.
    ///
    /// # Errors
    /// The settings contradict themselves.
    pub fn new(stage: &Stage, settings: TxtSettings, policy: Policy) -> Result<Self, Problem> {
        let managed = settings.managed.clone();
        let registry = TableRegistry::new(TableSettings {
            txt: TxtRegistry::new(settings)?,
            managed: managed.clone(),
            prunes_txt: policy == Policy::Sync,
            reader: Arc::new(stage.clone()),
        });
        let writer = Arc::new(registry.writing(Arc::new(stage.clone()), Arc::new(stage.clone())));
        Ok(Self::made_of(stage, Registry::Table(Box::new(registry)), writer, managed, policy))
    }

    /// One with `--registry=txt`, just started, which knows nothing of the table.
    ///
    /// # Errors
    /// The settings contradict themselves.
    pub fn with_txt(stage: &Stage, settings: TxtSettings, policy: Policy) -> Result<Self, Problem> {
        let managed = settings.managed.clone();
        let registry = Registry::Txt(Box::new(TxtRegistry::new(settings)?));
        Ok(Self::made_of(stage, registry, Arc::new(stage.clone()), managed, policy))
    }

    /// One with the default settings and policy `sync`.
    ///
    /// # Errors
    /// The settings contradict themselves.
    pub fn of(stage: &Stage, owner: &str) -> Result<Self, Problem> {
        Self::new(stage, super::settings(owner), Policy::Sync)
    }

    fn made_of(
        stage: &Stage,
        registry: Registry,
        writer: Arc<dyn WriteZone>,
        managed: ManagedTypes,
        policy: Policy,
    ) -> Self {
        let (homes, now) = (Homes::new(), Instant::now());
        Self { stage: stage.clone(), registry, writer, policy, managed, homes, now }
    }

    /// A full run as the daemon makes it.
    ///
    /// # Errors
    /// The table cannot be read, or something was written that a real zone would not have taken.
    pub async fn cycle(&mut self, wishes: &[Endpoint], holds: &Holds) -> Result<Told, Problem> {
        self.now += Duration::from_secs(60);
        self.registry.refresh(self.now).await.map_err(|error| Problem::Call("read", error))?;
        let owned = self.registry.read(self.stage.records());
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
        let failures = self.write(changes).await?;
        let mut warnings = owned.warnings;
        warnings.extend(self.registry.odd());
        let mut state = self.stage.state();
        if !state.nonsense.is_empty() {
            return Err(Problem::Nonsense(std::mem::take(&mut state.nonsense)));
        }
        let done = std::mem::take(&mut state.done);
        drop(state);
        Ok(Told { done, skips: plan.skips, failures, warnings })
    }

    async fn write(&self, changes: Vec<ZoneChange>) -> Result<Vec<ProviderError>, Problem> {
        let zone_of = |change: &ZoneChange| match &change.change {
            Change::Create { new, .. } => new.zone.clone().unwrap_or_else(|| ZoneId::new("z")),
            Change::Update { old, .. } | Change::Delete { old, .. } => old.zone.clone(),
        };
        let mut by_zone: BTreeMap<ZoneId, Vec<ZoneChange>> = BTreeMap::new();
        changes.into_iter().for_each(|change| by_zone.entry(zone_of(&change)).or_default().push(change));
        let mut failures = Vec::new();
        for (id, changes) in by_zone {
            let outcomes = self.writer.apply(&Zone { id, name: None }, &changes).await;
            same!(outcomes.len(), changes.len());
            failures.extend(outcomes.into_iter().filter_map(Result::err));
        }
        Ok(failures)
    }
}

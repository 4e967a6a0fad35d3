//! The test suite that every provider runs against its emulator or a real server.
//!
//! A battery is a ladder of states. For each state it does what a cycle does: adjust the wishes, list, plan, give the changes
//! to their zones, write, list again; then it plans again and expects nothing left to do. That is the one property that users
//! feel: what was asked for is what is read back.
//!
//! Which steps run follows from the declared [`Capabilities`], never from who the provider is. What stands below the base
//! domain before the first step (SOA, NS, …) is left alone; the names that the battery uses must be free. It tidies up after
//! itself when it succeeds and leaves everything in place when it fails.
//!
//! ```no_run
//! # use zonewright_provider_kit::{ReadZones, WriteZone, battery::{Battery, BatteryError}};
//! # async fn test(reader: &dyn ReadZones, writer: &dyn WriteZone) -> Result<(), BatteryError> {
//! let base = "example.org".parse().unwrap();
//! Battery::new(reader, writer, base).run().await
//! # }
//! ```

#[expect(clippy::unwrap_used, reason = "a test ends there, as it does where it says so itself")]
mod cycle;
mod rows;
mod steps;

pub use cycle::{Cycle, Done, Held, Ownership, PlainRows};

use crate::{Capabilities, ProviderError, ReadZones, Unsupported, WriteZone, Zone, ZoneChange};
use crate::{batches, normalize_aliases, zone_for, zone_of_new};
use std::collections::{BTreeMap, BTreeSet};
use steps::Step;
use zonewright_planner::domain_filter::DomainFilterError;
use zonewright_planner::{
    Change, DnsName, DomainFilter, Endpoint, EndpointError, Holds, Homes, ManagedTypes, NameError, Plan,
    PlanInput, Policy, Properties, Record, RecordKey, RecordType, Scope, ZoneId, plan,
};

/// The suite, ready to run.
pub struct Battery<'a> {
    reader: &'a dyn ReadZones,
    writer: &'a dyn WriteZone,
    base: DnsName,
    reverse: String,
    big_batch: usize,
    set_identifier_properties: Properties,
}

/// Which step failed, and how.
#[derive(Debug, thiserror::Error)]
#[error("battery step \"{step}\": {problem}")]
pub struct BatteryError {
    /// The step.
    pub step: &'static str,
    /// What went wrong.
    pub problem: Problem,
}

/// What can go wrong in a step.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the messages say it
pub enum Problem {
    #[error("{0} failed: {1}")]
    Call(&'static str, ProviderError),
    #[error(
        "no zone takes {0}; a provider that stores PTR records needs a reverse zone as well (Battery::reverse_zone)"
    )]
    NoZone(DnsName),
    #[error("the provider's domain filter keeps {0} out")]
    FilteredOut(DnsName),
    #[error("{name} {record_type} stands there already; the battery needs a free base domain")]
    Occupied { name: DnsName, record_type: RecordType },
    #[error("the provider declares a type and then cannot store {0}: {1}")]
    Undeclared(DnsName, Unsupported),
    #[error("adjust rejected wishes: {0:?}")]
    Rejected(Vec<String>),
    #[error("adjust made {after} wishes out of {before}")]
    Dropped { before: usize, after: usize },
    #[error("adjust is not idempotent: {first:?} became {second:?}")]
    NotIdempotent { first: Box<Endpoint>, second: Box<Endpoint> },
    #[error("nothing was planned: the listing already shows what was never written")]
    NothingPlanned,
    #[error("the plan left something undone: {0:?}")]
    Skipped(Vec<String>),
    #[error("apply gave {outcomes} outcomes for {changes} changes")]
    Outcomes { changes: usize, outcomes: usize },
    #[error("{action} {name} {record_type} failed: {error}")]
    Refused { action: &'static str, name: DnsName, record_type: RecordType, error: ProviderError },
    #[error("after a successful write the listing still differs: {0:?}")]
    StillDiffers(Vec<String>),
    #[error("the listing contains what the provider itself cannot read: {0:?}")]
    Unreadable(Vec<String>),
    #[error("the record of ownership row {0} was written and is not listed")]
    Missing(DnsName),
    #[error("ownership row {name}: expected {expected:?}, found {found:?}")]
    Row { name: DnsName, expected: Option<String>, found: Option<String> },
    #[error("the battery's own data does not fit the base domain: {0}")]
    Endpoint(#[from] EndpointError),
    #[error("the battery's own data does not fit the base domain: {0}")]
    Name(#[from] NameError),
    #[error("the battery's own data does not fit the base domain: {0}")]
    Filter(#[from] DomainFilterError),
}

impl<'a> Battery<'a> {
    /// A suite that works at and below a base domain, which has to lie in one of the provider's zones.
    pub fn new(reader: &'a dyn ReadZones, writer: &'a dyn WriteZone, base: DnsName) -> Self {
        Self {
            reader,
            writer,
            base,
            // TEST-NET-1 of RFC 5737.
            reverse: "2.0.192.in-addr.arpa".to_owned(),
            big_batch: 500,
            set_identifier_properties: Properties::new(),
        }
    }

    /// Where to put PTR records instead of `2.0.192.in-addr.arpa`.
    #[must_use]
    pub fn reverse_zone(mut self, name: &DnsName) -> Self {
        self.reverse = name.to_string();
        self
    }

    /// How many records the big step writes at once; 500 unless told.
    #[must_use]
    pub fn big_batch(mut self, records: usize) -> Self {
        self.big_batch = records;
        self
    }

    /// Properties that the service wants on records with a set identifier, such as a weight.
    #[must_use]
    pub fn set_identifier_properties(mut self, properties: Properties) -> Self {
        self.set_identifier_properties = properties;
        self
    }

    /// Runs every step that the capabilities admit.
    ///
    /// # Errors
    /// The first step that fails, and how.
    pub async fn run(&self) -> Result<(), BatteryError> {
        let at = |step: &'static str| move |problem: Problem| BatteryError { step, problem };
        let mut run = self.start().await.map_err(at("start"))?;
        let steps = self.steps(self.reader.capabilities()).map_err(at("start"))?;
        run.check_free(&steps).map_err(at("start"))?;
        for step in steps {
            run.reach(step.wishes).await.map_err(at(step.name))?;
        }
        self.rows(&run).await.map_err(|(step, problem)| BatteryError { step, problem })
    }

    async fn start(&self) -> Result<Run<'_>, Problem> {
        let zones = self.reader.zones().await.map_err(|error| Problem::Call("zones", error))?;
        let offered =
            self.reader.domain_filter().await.map_err(|error| Problem::Call("domain_filter", error))?;
        let mut names = vec![self.base.clone()];
        if self.reader.capabilities().record_types.contains(&RecordType::Ptr) {
            names.push(DnsName::parse(&self.reverse)?);
        }
        for name in &names {
            zone_for(&zones, name).ok_or_else(|| Problem::NoZone(name.clone()))?;
            if !offered.matches(name) {
                return Err(Problem::FilteredOut(name.clone()));
            }
        }
        let ours = DomainFilter::from_suffixes(&names, &[])?;
        let managed = ManagedTypes::new(self.reader.capabilities().record_types.iter().cloned(), &[]);
        let mut run = Run {
            battery: self,
            zones,
            filters: vec![ours, offered],
            managed,
            furniture: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            wishes: Vec::new(),
        };
        let listing = run.list().await?;
        run.furniture = listing.records.iter().map(|record| (record.zone.clone(), record.key())).collect();
        run.unreadable = listing.unreadable.into_iter().collect();
        Ok(run)
    }
}

/// A battery under way.
struct Run<'a> {
    battery: &'a Battery<'a>,
    zones: Vec<Zone>,
    filters: Vec<DomainFilter>,
    managed: ManagedTypes,
    /// What stood there before; none of our business.
    furniture: BTreeSet<(ZoneId, RecordKey)>,
    /// What could not be read before; no fault of ours.
    unreadable: BTreeSet<String>,
    /// The wishes of the last step, adjusted.
    wishes: Vec<Endpoint>,
}

impl Run<'_> {
    fn check_free(&self, steps: &[Step]) -> Result<(), Problem> {
        let taken: BTreeSet<&DnsName> = self
            .furniture
            .iter()
            .filter(|(_, key)| self.managed.contains(&key.record_type) && !self.is_zone_furniture(key))
            .map(|(_, key)| &key.name)
            .collect();
        let wishes = steps.iter().flat_map(|step| &step.wishes);
        match wishes.into_iter().find(|wish| taken.contains(&wish.name)) {
            Some(wish) => {
                Err(Problem::Occupied { name: wish.name.clone(), record_type: wish.record_type.clone() })
            }
            None => Ok(()),
        }
    }

    /// The name servers at the apex belong to the zone itself.
    fn is_zone_furniture(&self, key: &RecordKey) -> bool {
        key.record_type == RecordType::Ns
            && self.zones.iter().any(|zone| zone.name.as_ref() == Some(&key.name))
    }

    /// One step: whatever the state is, make it these wishes, and see that it is.
    async fn reach(&mut self, wishes: Vec<Endpoint>) -> Result<(), Problem> {
        let adjusted = self.adjust(wishes).await?;
        let plan = self.plan(&adjusted, &self.current().await?)?;
        if plan.is_empty() && adjusted != self.wishes {
            return Err(Problem::NothingPlanned);
        }
        self.apply(plan.changes.into_iter().map(|change| ZoneChange { change, rows: Vec::new() }).collect())
            .await?;
        self.expect(&adjusted).await?;
        self.wishes = adjusted;
        Ok(())
    }

    /// Plans again and expects nothing.
    async fn expect(&self, wishes: &[Endpoint]) -> Result<(), Problem> {
        let left = self.plan(wishes, &self.current().await?)?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(Problem::StillDiffers(left.changes.iter().map(describe).collect()))
        }
    }

    async fn adjust(&self, wishes: Vec<Endpoint>) -> Result<Vec<Endpoint>, Problem> {
        let before = wishes.len();
        let first = self.adjust_once(wishes).await?;
        if first.len() != before {
            return Err(Problem::Dropped { before, after: first.len() });
        }
        let second = self.adjust_once(first.clone()).await?;
        for (first, second) in first.iter().zip(&second) {
            if first != second {
                return Err(Problem::NotIdempotent {
                    first: Box::new(first.clone()),
                    second: Box::new(second.clone()),
                });
            }
        }
        Ok(first)
    }

    async fn adjust_once(&self, wishes: Vec<Endpoint>) -> Result<Vec<Endpoint>, Problem> {
        let adjusted =
            self.battery.reader.adjust(wishes).await.map_err(|error| Problem::Call("adjust", error))?;
        if !adjusted.rejected.is_empty() {
            return Err(Problem::Rejected(adjusted.rejected.into_iter().map(|row| row.text).collect()));
        }
        let endpoints = normalize_aliases(adjusted.endpoints);
        for endpoint in &endpoints {
            let checked = self.capabilities().check(endpoint);
            checked.map_err(|why| Problem::Undeclared(endpoint.name.clone(), why))?;
        }
        Ok(endpoints)
    }

    fn capabilities(&self) -> &Capabilities {
        self.battery.reader.capabilities()
    }

    /// Every zone in reach, the furniture included.
    async fn list(&self) -> Result<crate::Listing, Problem> {
        let mut all = crate::Listing::default();
        for zone in &self.zones {
            let listing =
                self.battery.reader.records(zone).await.map_err(|error| Problem::Call("records", error))?;
            all.records.extend(listing.records);
            all.unreadable.extend(listing.unreadable);
        }
        Ok(all)
    }

    /// What the battery itself has written.
    async fn current(&self) -> Result<Vec<Record>, Problem> {
        let mut listing = self.list().await?;
        listing.unreadable.retain(|text| !self.unreadable.contains(text));
        if !listing.unreadable.is_empty() {
            return Err(Problem::Unreadable(listing.unreadable));
        }
        listing.records.retain(|record| !self.furniture.contains(&(record.zone.clone(), record.key())));
        Ok(listing.records)
    }

    fn plan(&self, desired: &[Endpoint], current: &[Record]) -> Result<Plan, Problem> {
        let plan = plan(&PlanInput {
            desired,
            current: current.iter().collect(),
            holds: &Holds::default(),
            claims: Vec::new(),
            filters: &self.filters,
            managed: &self.managed,
            policy: Policy::Sync,
            owner: None,
            scope: Scope::All,
            shared: Default::default(),
            homes: &Homes::new(),
        });
        if plan.skips.is_empty() {
            Ok(plan)
        } else {
            Err(Problem::Skipped(plan.skips.iter().map(|skip| format!("{skip:?}")).collect()))
        }
    }

    /// Gives each change to its zone, in writes of the declared size.
    async fn apply(&self, changes: Vec<ZoneChange>) -> Result<(), Problem> {
        let mut by_zone: BTreeMap<&Zone, Vec<ZoneChange>> = BTreeMap::new();
        for change in changes {
            by_zone.entry(self.zone_of(&change.change)?).or_default().push(change);
        }
        for (zone, changes) in by_zone {
            for mut batch in batches(&changes, self.capabilities().changes_per_write) {
                while !batch.is_empty() {
                    let fitting = self.battery.writer.fitting(zone, batch).clamp(1, batch.len());
                    let (now, rest) = batch.split_at(fitting);
                    let outcomes = self.battery.writer.apply(zone, now).await;
                    check_outcomes(now, outcomes)?;
                    batch = rest;
                }
            }
        }
        Ok(())
    }

    fn zone_of(&self, change: &Change) -> Result<&Zone, Problem> {
        zone_of(&self.zones, change).ok_or_else(|| Problem::NoZone(change.name().clone()))
    }
}

/// Where a change is to be made.
fn zone_of<'a>(zones: &'a [Zone], change: &Change) -> Option<&'a Zone> {
    match change {
        Change::Create { new, .. } => zone_of_new(zones, new),
        Change::Update { old, .. } | Change::Delete { old, .. } => {
            zones.iter().find(|zone| zone.id == old.zone)
        }
    }
}

fn check_outcomes(changes: &[ZoneChange], outcomes: Vec<Result<(), ProviderError>>) -> Result<(), Problem> {
    if outcomes.len() != changes.len() {
        return Err(Problem::Outcomes { changes: changes.len(), outcomes: outcomes.len() });
    }
    for (change, outcome) in changes.iter().zip(outcomes) {
        outcome.map_err(|error| Problem::Refused {
            action: change.change.action(),
            name: change.change.name().clone(),
            record_type: change.change.record_type().clone(),
            error,
        })?;
    }
    Ok(())
}

fn describe(change: &Change) -> String {
    let (old, new) = match change {
        Change::Create { new, .. } => (None, Some(&new.targets)),
        Change::Update { old, new, .. } => (Some(&old.targets), Some(&new.targets)),
        Change::Delete { old, .. } => (Some(&old.targets), None),
    };
    let show = |targets: Option<&Vec<zonewright_planner::Target>>| {
        targets.map_or_else(|| "nothing".to_owned(), |list| format!("{list:?}"))
    };
    format!(
        "{} {} {} ({}): {} -> {}",
        change.action(),
        change.name(),
        change.record_type(),
        change.reason(),
        show(old),
        show(new)
    )
}

//! What a cycle came to, and telling it: one summary line, one line per applied change, and each piece of bad news once.

use super::Applied;
use super::guard::Withheld;
use crate::sources::outcome::{Problem, Severity};
use crate::sources::pipeline::Duplicates;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tracing::{debug, error, info, warn};
use zonewright_planner::{
    Change, DnsName, Endpoint, Incomplete, Plan, Record, RecordType, Skip, SkipReason, Target,
};
use zonewright_provider_kit::{ProviderError, Rejected};

/// Numbers of records by lower-case type.
pub type ByType = BTreeMap<String, usize>;

/// What a cycle came to.
#[derive(Debug, Default)]
pub struct CycleReport {
    /// Running number since the start.
    pub cycle: u64,
    /// How long it took.
    pub duration: Duration,
    /// Wishes by type.
    pub wished: ByType,
    /// Records that exist by type, whoever owns them.
    pub existing: ByType,
    /// Wishes for which a record of that name and type exists.
    pub verified: ByType,
    /// What was asked for more than once.
    pub duplicates: Duplicates,
    /// What is wrong with which object.
    pub problems: Vec<Problem>,
    /// Sources that could not be read completely.
    pub incomplete: Vec<Incomplete>,
    /// Whether the listing of an earlier cycle was used; `None` without `--provider-cache-time`.
    pub listed_from_cache: Option<bool>,
    /// Zones that could not be read.
    pub unreadable: Vec<(String, ProviderError)>,
    /// Records and ownership rows that could not be made sense of.
    pub odd: Vec<String>,
    /// Wishes that the provider's adjust step returned malformed.
    pub rejected: Vec<Rejected>,
    /// What was planned.
    pub plan: Plan,
    /// What the delete guard withholds, in this plan and since earlier ones.
    pub withheld: Vec<Arc<Withheld>>,
    /// What was sent, and what became of it.
    pub applied: Vec<Applied>,
    /// What ended the cycle early.
    pub failure: Option<Failure>,
    /// Nothing was sent because this is a dry run.
    pub dry_run: bool,
}

/// What ended a cycle early.
#[derive(Debug)]
pub struct Failure {
    /// Which step.
    pub step: Step,
    /// What the provider said.
    pub error: ProviderError,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.step.what(), self.error)
    }
}

/// The steps of a cycle that may fail as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Reading zones.
    Read,
    /// The provider's adjust step.
    Adjust,
}

impl Step {
    fn what(self) -> &'static str {
        match self {
            Self::Read => "reading records from the provider failed",
            Self::Adjust => "the provider could not adjust the wanted endpoints",
        }
    }
}

impl CycleReport {
    /// Whether the provider did its part.
    pub fn provider_succeeded(&self) -> bool {
        self.failure.is_none() && self.unreadable.is_empty() && self.failed_changes() == 0
    }

    /// Whether `--once` ends with 0: nothing failed and nothing was skipped as bad.
    pub fn succeeded(&self) -> bool {
        self.provider_succeeded()
            && self.incomplete.is_empty()
            && self.rejected.iter().all(|row| row.name.is_some())
            && !self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// How many changes the provider refused.
    pub fn failed_changes(&self) -> usize {
        self.applied.iter().filter(|done| done.outcome.is_err()).count()
    }

    fn count(&self, action: &str) -> usize {
        if self.dry_run {
            return self.plan.count(action);
        }
        self.applied
            .iter()
            .filter(|done| done.outcome.is_ok() && done.change.change.action() == action)
            .count()
    }
}

/// Counts endpoints by type.
pub fn wishes_by_type(endpoints: &[Endpoint]) -> ByType {
    count_types(endpoints.iter().map(|endpoint| endpoint.record_type.as_str()))
}

/// Counts records by type.
pub fn records_by_type(records: &[Record]) -> ByType {
    count_types(records.iter().map(|record| record.record_type.as_str()))
}

/// Counts the wishes for which a record of that name and type exists.
pub fn verified_by_type(endpoints: &[Endpoint], records: &[Record]) -> ByType {
    let existing: HashSet<(&DnsName, &RecordType)> =
        records.iter().map(|r| (&r.name, &r.record_type)).collect();
    let verified = endpoints.iter().filter(|e| existing.contains(&(&e.name, &e.record_type)));
    count_types(verified.map(|endpoint| endpoint.record_type.as_str()))
}

fn count_types<'a>(types: impl Iterator<Item = &'a str>) -> ByType {
    let mut counts = ByType::new();
    for record_type in types {
        match counts.get_mut(&record_type.to_ascii_lowercase()) {
            Some(count) => *count += 1,
            None => {
                counts.insert(record_type.to_ascii_lowercase(), 1);
            }
        }
    }
    counts
}

/// Writes reports to the log. Remembers what it said, so that a lasting condition is one line, not one a minute.
#[derive(Debug, Default)]
pub struct Reporter {
    told: BTreeSet<String>,
    last_was_quiet: bool,
    failures: u32,
}

impl Reporter {
    /// Tells what a cycle came to.
    pub fn tell(&mut self, report: &CycleReport) {
        let mut news = BTreeSet::new();
        for problem in &report.problems {
            self.once(&mut news, problem.severity, format!("{}: {}", problem.object, problem.message));
        }
        for source in &report.incomplete {
            let text =
                format!("source {} is incomplete, what it owns is held: {}", source.source, source.reason);
            self.once(&mut news, Severity::Warning, text);
        }
        for (zone, error) in &report.unreadable {
            self.once(&mut news, Severity::Error, format!("zone {zone} could not be read: {error}"));
        }
        for what in &report.odd {
            self.once(&mut news, Severity::Warning, what.clone());
        }
        for row in &report.rejected {
            self.once(&mut news, Severity::Warning, describe_rejected(row));
        }
        for withheld in &report.withheld {
            // The numbers around it may change while it stays the same plan.
            self.once_for(&mut news, format!("withheld {}", withheld.hash), &withheld.to_string());
        }
        for skip in &report.plan.skips {
            match is_news(&skip.reason) {
                true => self.once(&mut news, Severity::Warning, describe_skip(skip)),
                false => debug!("{}", describe_skip(skip)),
            }
        }
        if report.failure.is_some() {
            // What depends on records could not be looked at; it is no news when it can be again.
            news.append(&mut self.told);
        }
        self.told = news;
        report.applied.iter().for_each(tell_applied);
        if report.dry_run {
            report
                .plan
                .changes
                .iter()
                .for_each(|change| info!("would {}: {}", change.action(), describe_change(change)));
        }
        self.tell_summary(report);
    }

    /// Says something unless it was already true in the last cycle.
    fn once(&self, news: &mut BTreeSet<String>, severity: Severity, text: String) {
        if !self.told.contains(&text) && !news.contains(&text) {
            match severity {
                Severity::Warning => warn!("{text}"),
                Severity::Error => error!("{text}"),
            }
        }
        news.insert(text);
    }

    /// Warns of something unless what it is about was already true in the last cycle.
    fn once_for(&self, news: &mut BTreeSet<String>, about: String, text: &str) {
        if !self.told.contains(&about) {
            warn!("{text}");
        }
        news.insert(about);
    }

    fn tell_summary(&mut self, report: &CycleReport) {
        let millis = report.duration.as_millis() as u64;
        if let Some(failure) = &report.failure {
            self.failures += 1;
            self.last_was_quiet = false;
            error!(
                cycle.id = report.cycle,
                error.class = failure.error.class().code(),
                "{failure} (failure {} in a row)",
                self.failures
            );
            return;
        }
        if self.failures > 0 && report.provider_succeeded() {
            info!(cycle.id = report.cycle, "works again after {} failed cycles", self.failures);
            self.failures = 0;
        }
        if report.plan.is_empty() {
            match self.last_was_quiet {
                false => {
                    info!(cycle.id = report.cycle, duration_ms = millis, "All records are already up to date")
                }
                true => debug!(
                    cycle.id = report.cycle,
                    duration_ms = millis,
                    "All records are already up to date"
                ),
            }
            self.last_was_quiet = true;
            return;
        }
        self.last_was_quiet = false;
        let (created, updated, deleted) =
            (report.count("create"), report.count("update"), report.count("delete"));
        let failed = report.failed_changes();
        let mode = if report.dry_run { "dry run: would be " } else { "" };
        info!(
            cycle.id = report.cycle,
            duration_ms = millis,
            "{mode}{created} created, {updated} updated, {deleted} deleted, {failed} failed"
        );
    }
}

/// Whether a skip is something an operator wants to hear of: somebody's wish is not fulfilled, or a record stays that would
/// otherwise go.
fn is_news(reason: &SkipReason) -> bool {
    !matches!(
        reason,
        SkipReason::DomainFilter
            | SkipReason::UnmanagedType
            | SkipReason::PolicyKeeps(_)
            | SkipReason::PolicyFreezes(_)
            // Told in one line for all of a zone.
            | SkipReason::Guarded { .. }
    )
}

fn tell_applied(done: &Applied) {
    let change = &done.change.change;
    let what = describe_change(change);
    match &done.outcome {
        Ok(()) => info!(
            zone.id = %done.zone,
            record.name = %change.name(),
            record.r#type = %change.record_type(),
            "{}d {what}",
            change.action()
        ),
        Err(error) => error!(
            zone.id = %done.zone,
            record.name = %change.name(),
            record.r#type = %change.record_type(),
            error.class = error.class().code(),
            "could not {} {what}: {error}",
            change.action()
        ),
    }
}

/// `A web.example.org -> 192.0.2.1 (new; ingress/default/web)`.
pub fn describe_change(change: &Change) -> String {
    let join = |targets: &[Target]| targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let (name, record_type) = (change.name(), change.record_type());
    let set = match change.set_identifier() {
        "" => String::new(),
        set => format!(" [{set}]"),
    };
    let targets = match change {
        Change::Create { new, .. } => join(&new.targets),
        Change::Update { old, new, .. } if old.has_targets(&new.targets) => join(&new.targets),
        Change::Update { old, new, .. } => format!("{} (was {})", join(&new.targets), join(&old.targets)),
        Change::Delete { old, .. } => join(&old.targets),
    };
    let objects = change.objects().iter().map(|object| object.to_string()).collect::<Vec<_>>().join(", ");
    let from = if objects.is_empty() { String::new() } else { format!("; {objects}") };
    format!("{record_type} {name}{set} -> {targets} ({}{from})", change.reason())
}

/// What the adjust step spoiled, and what follows from it.
pub fn describe_rejected(row: &Rejected) -> String {
    let consequence = match &row.name {
        Some(_) => "the name is held",
        None => "nothing is deleted until it is known what it was",
    };
    format!("the provider's adjust step returned a malformed wish, {consequence}: {}", row.text)
}

/// `A web.example.org is left alone: belongs to owner "other" (asked for by ingress/default/web)`.
pub fn describe_skip(skip: &Skip) -> String {
    let set = match &*skip.set_identifier {
        "" => String::new(),
        set => format!(" [{set}]"),
    };
    let objects = skip.objects.iter().map(|object| object.to_string()).collect::<Vec<_>>().join(", ");
    let from = if objects.is_empty() { String::new() } else { format!(" (asked for by {objects})") };
    format!("{} {}{set} is left alone: {}{from}", skip.record_type, skip.name, skip.reason)
}

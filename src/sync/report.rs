//! What a cycle came to, and telling it: one summary line, one line per applied change, and each piece of bad news once.

use super::guard::Withheld;
use super::{Applied, World};
use crate::sources::outcome::{Problem, Severity};
use crate::sources::pipeline::Duplicates;
use crate::sources::tenancy::SharedName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{debug, error, info, warn};
use zonewright_planner::{
    Change, DnsName, Endpoint, Incomplete, Plan, Record, Skip, SkipKind, SkipReason, Target,
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
    /// Names that objects of several namespaces share.
    pub shared: Vec<SharedName>,
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
    /// How many names were planned; `None` for all.
    pub names: Option<usize>,
    /// Which names were planned, where it was not all of them.
    pub planned_names: BTreeSet<DnsName>,
    /// Nothing has changed since the last run, so nothing was planned, and this is what that one came to.
    pub is_repeat: bool,
    /// What was planned. Of a run that writes, the changes themselves are told as they are made ([`Observer::applied`]).
    ///
    /// [`Observer::applied`]: super::daemon::Observer::applied
    pub plan: Plan,
    /// What the delete guard withholds, in this plan and since earlier ones.
    pub withheld: Vec<Arc<Withheld>>,
    /// How many changes were planned.
    pub planned: usize,
    /// What was sent, in numbers.
    pub sent: Tally,
    /// What was sent and failed.
    pub failed: Vec<Applied>,
    /// What ended the cycle early.
    pub failure: Option<Failure>,
    /// Nothing was sent because this is a dry run.
    pub dry_run: bool,
    /// How long ago the first of the changes was taken in that led to this run; `None` for full runs.
    pub since_event: Option<Duration>,
    /// Since when the oldest part of what is known to exist is known.
    pub oldest_listing: Option<Instant>,
}

/// How many changes were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Sent, usize>);

/// What changes are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// [`Change::reason_code`].
    pub reason: &'static str,
    /// Whether the provider made it.
    pub is_made: bool,
}

impl Tally {
    /// Counts changes.
    pub fn add(&mut self, applied: &[Applied]) {
        for done in applied {
            let change = &done.change.change;
            let is_made = done.outcome.is_ok();
            *self
                .0
                .entry(Sent { action: change.action(), reason: change.reason_code(), is_made })
                .or_default() += 1;
        }
    }

    /// How many were of which kind.
    pub fn iter(&self) -> impl Iterator<Item = (Sent, usize)> {
        self.0.iter().map(|(sent, count)| (*sent, *count))
    }

    /// How many of a kind there were.
    pub fn count(&self, is_meant: impl Fn(&Sent) -> bool) -> usize {
        self.iter().filter(|(sent, _)| is_meant(sent)).map(|(_, count)| count).sum()
    }
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
        let waits = |skip: &Skip| matches!(skip.reason, SkipReason::ZoneWaiting { .. });
        self.failure.is_none()
            && self.unreadable.is_empty()
            && self.failed_changes() == 0
            && !self.plan.skips.iter().any(waits)
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
        self.sent.count(|sent| !sent.is_made)
    }

    /// The same without what belongs to one run alone.
    pub fn without_details(&self) -> Self {
        Self {
            wished: self.wished.clone(),
            existing: self.existing.clone(),
            verified: self.verified.clone(),
            duplicates: self.duplicates.clone(),
            problems: self.problems.clone(),
            shared: self.shared.clone(),
            incomplete: self.incomplete.clone(),
            odd: self.odd.clone(),
            rejected: self.rejected.clone(),
            plan: Plan { changes: Vec::new(), skips: self.plan.skips.clone() },
            ..Self::default()
        }
    }

    /// How many changes of this action (`create`, `update`, `delete`) were made, or would be in a dry run.
    pub fn count(&self, action: &str) -> usize {
        if self.dry_run {
            return self.plan.count(action);
        }
        self.sent.count(|sent| sent.is_made && sent.action == action)
    }
}

#[cfg(test)]
impl CycleReport {
    /// What a run came to that did nothing but this.
    pub fn after(applied: Vec<Applied>) -> Self {
        let mut sent = Tally::default();
        sent.add(&applied);
        let failed = applied.into_iter().filter(|done| done.outcome.is_err()).collect();
        Self { sent, failed, ..Self::default() }
    }
}

/// Counts endpoints by type.
pub fn wishes_by_type(endpoints: &[Endpoint]) -> ByType {
    count_types(endpoints.iter().map(|endpoint| endpoint.record_type.as_str()))
}

/// Counts records by type.
pub fn records_by_type<'a>(records: impl Iterator<Item = &'a Record>) -> ByType {
    count_types(records.map(|record| record.record_type.as_str()))
}

/// Counts the wishes for which a record of that name and type exists.
pub fn verified_by_type(endpoints: &[Endpoint], world: &World) -> ByType {
    let exists = |wish: &&Endpoint| world.records_at(&wish.name).any(|r| r.record_type == wish.record_type);
    count_types(endpoints.iter().filter(exists).map(|endpoint| endpoint.record_type.as_str()))
}

fn count_types<'a>(types: impl Iterator<Item = &'a str>) -> ByType {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    types.for_each(|record_type| *counts.entry(record_type).or_default() += 1);
    let mut by_type = ByType::new();
    for (record_type, count) in counts {
        *by_type.entry(record_type.to_ascii_lowercase()).or_default() += count;
    }
    by_type
}

/// Writes reports to the log. Remembers what it said, so that a lasting condition is one line, not one a minute.
#[derive(Debug, Default)]
pub struct Reporter {
    told: BTreeSet<String>,
    /// What the last cycle said if it had nothing to do.
    quiet: Option<String>,
    failures: u32,
}

impl Reporter {
    /// Tells what a cycle came to.
    pub fn tell(&mut self, report: &CycleReport) {
        let mut news = BTreeSet::new();
        for problem in &report.problems {
            self.once(&mut news, problem.severity, format!("{}: {}", problem.object, problem.message));
        }
        for shared in &report.shared {
            let text = format!("{} {}: {shared}", shared.record_type, shared.name);
            self.once(&mut news, Severity::Warning, text);
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
        if report.failure.is_some() || report.names.is_some() {
            // What depends on records could not be looked at, or only some of them were; it is no news when they are again.
            news.append(&mut self.told);
        }
        self.told = news;
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
            self.quiet = None;
            error!(
                cycle.id = report.cycle,
                error.class = failure.error.class().code(),
                "{failure} (failure {} in a row)",
                self.failures
            );
            return;
        }
        if self.failures > 0 && report.provider_succeeded() {
            let cycles = if self.failures == 1 { "cycle" } else { "cycles" };
            info!(cycle.id = report.cycle, "works again after {} failed {cycles}", self.failures);
            self.failures = 0;
        }
        if report.names.is_some() && report.planned <= 1 {
            // The line of the change says it all.
            self.quiet = self.quiet.take().filter(|_| report.planned == 0);
            return;
        }
        if report.planned == 0 {
            let text = nothing_to_do(report);
            match self.quiet.as_ref() == Some(&text) {
                false => info!(cycle.id = report.cycle, duration_ms = millis, "{text}"),
                true => debug!(cycle.id = report.cycle, duration_ms = millis, "{text}"),
            }
            self.quiet = Some(text);
            return;
        }
        self.quiet = None;
        info!(cycle.id = report.cycle, duration_ms = millis, "{}", what_was_done(report));
    }
}

/// Why there is nothing to do. That all is well can only be said of what was read.
fn nothing_to_do(report: &CycleReport) -> String {
    let sources: Vec<&str> = report.incomplete.iter().map(|source| &*source.source).collect();
    let zones: Vec<&str> = report.unreadable.iter().map(|(zone, _)| &**zone).collect();
    let unread = match (&*sources, &*zones) {
        ([], []) => return "All records are already up to date".to_owned(),
        (sources, []) => format!("incomplete sources: {}", sources.join(", ")),
        ([], zones) => format!("unreadable zones: {}", zones.join(", ")),
        (sources, zones) => {
            format!("incomplete sources: {}; unreadable zones: {}", sources.join(", "), zones.join(", "))
        }
    };
    format!("Nothing to do as far as could be read, the other records are held ({unread})")
}

/// What became of the changes, or in a dry run, which there are.
fn what_was_done(report: &CycleReport) -> String {
    let (created, updated, deleted) =
        (report.count("create"), report.count("update"), report.count("delete"));
    match report.dry_run {
        true => format!("dry run: {created} to create, {updated} to update, {deleted} to delete"),
        false => format!(
            "{created} created, {updated} updated, {deleted} deleted, {} failed",
            report.failed_changes()
        ),
    }
}

/// Whether a skip is something an operator wants to hear of: somebody's wish is not fulfilled, or a record stays that would
/// otherwise go.
fn is_news(reason: &SkipReason) -> bool {
    // What is withheld is told in one line for all of a zone.
    !matches!(reason.kind(), SkipKind::Filtered | SkipKind::Policy | SkipKind::Withheld)
}

/// Tells of a change that was made or failed.
pub fn tell_applied(done: &Applied) {
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
    let set = match &**change.set_identifier() {
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
    format!("the provider does not take a wish, {consequence}: {}", row.text)
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

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::{CreateReason, Properties, RecordType};
    use zonewright_provider_kit::ErrorClass;

    fn incomplete(source: &str) -> Incomplete {
        Incomplete { source: source.into(), resource_prefixes: Vec::new(), reason: "forbidden".into() }
    }

    #[test]
    fn all_is_well_only_when_all_was_read() {
        let mut report = CycleReport::default();
        assert_eq!(nothing_to_do(&report), "All records are already up to date");
        report.incomplete = vec![incomplete("service"), incomplete("ingress")];
        let expected = "Nothing to do as far as could be read, the other records are held \
                        (incomplete sources: service, ingress)";
        assert_eq!(nothing_to_do(&report), expected);
        report.unreadable = vec![("z1".into(), ProviderError::new(ErrorClass::Unavailable, "away"))];
        assert!(
            nothing_to_do(&report).ends_with("(incomplete sources: service, ingress; unreadable zones: z1)")
        );
        report.incomplete.clear();
        assert!(nothing_to_do(&report).ends_with("(unreadable zones: z1)"));
    }

    #[test]
    fn what_lasts_is_remembered_and_what_changes_is_said_again() {
        let (mut reporter, mut report) = (Reporter::default(), CycleReport::default());
        report.incomplete = vec![incomplete("service")];
        reporter.tell(&report);
        let held = reporter.quiet.clone();
        assert!(held.is_some());
        reporter.tell(&report);
        assert_eq!(reporter.quiet, held);
        report.incomplete.clear();
        reporter.tell(&report);
        assert_ne!(reporter.quiet, held, "that all is well again is news");
    }

    #[test]
    fn a_dry_run_tells_what_is_to_be_done_and_nothing_of_failures() {
        let new = Endpoint::new("a.example.org", RecordType::A, &["192.0.2.1"], Properties::new()).unwrap();
        let mut report = CycleReport { dry_run: true, ..CycleReport::default() };
        report.plan.changes.push(Change::create(new, CreateReason::New));
        assert_eq!(what_was_done(&report), "dry run: 1 to create, 0 to update, 0 to delete");
        report.dry_run = false;
        assert_eq!(what_was_done(&report), "0 created, 0 updated, 0 deleted, 0 failed");
    }
}

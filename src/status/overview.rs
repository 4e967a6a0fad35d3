//! The state as a whole: who we are, what the last runs came to, zones, sources, and what waits for somebody.

use super::{Clock, Scene, State, timestamp, zone_text};
use crate::sources::SourceStatus;
use crate::sources::outcome::Severity;
use crate::sources::store::CacheStatus;
use crate::sync::board::{Done, Run};
use crate::sync::guard::Withheld;
use crate::sync::leadership::Standing;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::SystemTime;
use zonewright_planner::{Record, ZoneId};
use zonewright_provider_kit::Zone;

/// Object problems and oddities that are shown; the rest is counted.
const SHOWN: usize = 100;

/// The state as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Of the program.
    pub version: &'static str,
    /// `--txt-owner-id`, or absent with registry `noop`.
    pub owner: Option<String>,
    /// `--provider`.
    pub provider: String,
    /// `--policy`.
    pub policy: &'static str,
    /// What `--domain-filter` and its siblings let through.
    pub domain_filter: String,
    /// Whether nothing is ever written.
    pub dry_run: bool,
    /// Which replica writes; absent without an election.
    pub leadership: Option<LeadershipRow>,
    /// The last run over everything.
    pub last_full_run: Option<RunRow>,
    /// The last run over what had changed.
    pub last_partial_run: Option<RunRow>,
    /// Why the last run ended early.
    pub failure: Option<String>,
    /// Plans that wait for approval.
    pub withheld: Vec<WithheldRow>,
    /// How many records and wishes are in each state.
    pub states: BTreeMap<State, usize>,
    /// The zones.
    pub zones: Vec<ZoneRow>,
    /// The sources.
    pub sources: Vec<SourceRow>,
    /// What is wrong with objects, and what could not be made sense of.
    pub problems: Vec<ProblemRow>,
    /// How many more there are.
    pub more_problems: usize,
    /// What was written lately, the newest first.
    pub recent_changes: Vec<ChangeRow>,
}

/// A moment for programs and for people.
#[derive(Debug, Clone, Serialize)]
pub struct Moment {
    /// RFC 3339.
    pub at: String,
    /// Seen from when the view was made.
    #[serde(skip)]
    pub relative: String,
}

/// Which replica writes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeadershipRow {
    /// `leader`, `standby` or `candidate`.
    pub role: &'static str,
    /// Who holds the lease.
    pub holder: Option<String>,
    /// What is wrong with the lease.
    pub trouble: Option<String>,
}

/// A run that ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRow {
    /// When it ended.
    #[serde(flatten)]
    pub moment: Moment,
    /// In milliseconds.
    pub duration_ms: u64,
    /// How many names it was about; absent for all.
    pub names: Option<usize>,
    /// Changes made, or in a dry run, that would be made.
    pub created: usize,
    /// See `created`.
    pub updated: usize,
    /// See `created`.
    pub deleted: usize,
    /// Changes that failed.
    pub failed: usize,
}

/// A plan that waits for approval.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WithheldRow {
    /// The zone.
    pub zone: String,
    /// What to approve.
    pub hash: String,
    /// Why it is withheld.
    pub reason: String,
    /// How many deletes it holds.
    pub count: usize,
    /// The first of them; all are at `/api/withheld`.
    pub deletes: Vec<DeleteRow>,
}

/// A record that would be deleted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteRow {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Its set identifier; empty for plain records.
    pub set_identifier: String,
    /// What it points at.
    pub targets: Vec<String>,
    /// The object that it was made for.
    pub object: Option<String>,
}

/// A zone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ZoneRow {
    /// Its name, or its id where the provider does not say.
    pub zone: String,
    /// The provider's id.
    pub id: String,
    /// `ok`, `stale`, `waiting` or `unreadable`.
    pub state: &'static str,
    /// Why it is in this state.
    pub reason: Option<String>,
    /// When it was read.
    pub read: Option<Moment>,
    /// Until when it is left alone.
    pub waits_until: Option<Moment>,
    /// Records in it, without ownership records.
    pub records: usize,
    /// Those that we own.
    pub owned: usize,
}

/// A source.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceRow {
    /// The `--source` value.
    pub source: &'static str,
    /// `synced`, `pending` or `failing`.
    pub state: &'static str,
    /// Why it is incomplete.
    pub reason: Option<String>,
    /// What it reads.
    pub resources: Vec<String>,
}

/// Something wrong.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemRow {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// An object, or `records`.
    pub about: String,
    /// What.
    pub message: String,
}

/// A change that was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeRow {
    /// When.
    #[serde(flatten)]
    pub moment: Moment,
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// The record's name.
    pub name: String,
    /// The record's type.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Why.
    pub reason: String,
}

/// Deletes of a withheld plan that are shown.
const DELETES: usize = 20;

/// Sums everything up. `states` are those of all records, from [`super::table`].
pub fn overview(scene: Scene<'_>, states: BTreeMap<State, usize>) -> Overview {
    let Scene { notes, rules, clock, .. } = scene;
    let mut problems = problems(scene);
    let more_problems = problems.len().saturating_sub(SHOWN);
    problems.truncate(SHOWN);
    Overview {
        version: env!("CARGO_PKG_VERSION"),
        owner: rules.registry.owner().map(ToString::to_string),
        provider: rules.provider.clone(),
        policy: rules.settings.policy.as_str(),
        domain_filter: rules.settings.filter.describe(),
        dry_run: notes.dry_run,
        leadership: scene.standing.map(leadership),
        last_full_run: notes.full.as_ref().map(|run| run_row(clock, run)),
        last_partial_run: notes.partial.as_ref().map(|run| run_row(clock, run)),
        failure: notes.failure.clone(),
        withheld: notes.withheld.iter().map(|withheld| withheld_row(withheld)).collect(),
        states,
        zones: zones(scene),
        sources: scene.sources.iter().map(source_row).collect(),
        problems,
        more_problems,
        recent_changes: notes.recent.iter().map(|done| change_row(clock, done)).collect(),
    }
}

impl Clock {
    pub(super) fn moment(&self, at: SystemTime) -> Moment {
        Moment { at: timestamp(at), relative: self.relative(at) }
    }
}

fn leadership(standing: &Standing) -> LeadershipRow {
    LeadershipRow {
        role: standing.role.as_str(),
        holder: standing.holder.as_deref().map(str::to_owned),
        trouble: standing.trouble.as_deref().map(str::to_owned),
    }
}

fn run_row(clock: Clock, run: &Run) -> RunRow {
    RunRow {
        moment: clock.moment(run.at),
        duration_ms: u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX),
        names: run.names,
        created: run.created,
        updated: run.updated,
        deleted: run.deleted,
        failed: run.failed,
    }
}

fn withheld_row(withheld: &Withheld) -> WithheldRow {
    WithheldRow {
        zone: withheld.zone_text().to_owned(),
        hash: withheld.hash.clone(),
        reason: withheld.why(),
        count: withheld.deletes.len(),
        deletes: withheld.deletes.iter().take(DELETES).map(delete_row).collect(),
    }
}

fn delete_row(record: &Record) -> DeleteRow {
    DeleteRow {
        name: record.name.to_string(),
        record_type: record.record_type.to_string(),
        set_identifier: record.set_identifier.to_string(),
        targets: record.targets.iter().map(ToString::to_string).collect(),
        object: record.labels.resource().map(str::to_owned),
    }
}

fn zones(scene: Scene<'_>) -> Vec<ZoneRow> {
    let mut counts: BTreeMap<&ZoneId, (usize, usize)> = BTreeMap::new();
    for record in scene.world.records() {
        let (all, owned) = counts.entry(&record.zone).or_default();
        *all += 1;
        *owned += usize::from(record.is_owned_by(scene.rules.registry.owner()));
    }
    let readable = scene.world.parts.iter().flat_map(|part| part.zones.iter().map(move |zone| (part, zone)));
    let readable = readable.map(|(part, zone)| {
        let reason = "a write failed or its outcome is unknown; it is read again before the next plan";
        ZoneRow {
            state: if part.is_stale { "stale" } else { "ok" },
            reason: part.is_stale.then(|| reason.to_owned()),
            read: Some(scene.clock.moment(scene.clock.past(part.read_at))),
            ..zone_row(scene, zone, &counts)
        }
    });
    let unreadable = scene.world.unreadable.iter().map(|(zone, error)| ZoneRow {
        state: "unreadable",
        reason: Some(error.to_string()),
        ..zone_row(scene, zone, &counts)
    });
    let mut zones: Vec<ZoneRow> = readable.chain(unreadable).map(|row| with_pause(scene, row)).collect();
    zones.sort_by(|a, b| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
    zones
}

fn zone_row(scene: Scene<'_>, zone: &Zone, counts: &BTreeMap<&ZoneId, (usize, usize)>) -> ZoneRow {
    let (records, owned) = counts.get(&zone.id).copied().unwrap_or_default();
    let pause = scene.notes.resting.iter().find(|resting| resting.zone == zone.id);
    let until = pause.and_then(|resting| scene.clock.future(resting.until));
    ZoneRow {
        zone: zone_text(zone),
        id: zone.id.to_string(),
        state: "ok",
        reason: None,
        read: None,
        waits_until: until.map(|at| scene.clock.moment(at)),
        records,
        owned,
    }
}

/// A zone that is left alone says so, and why.
fn with_pause(scene: Scene<'_>, row: ZoneRow) -> ZoneRow {
    if row.waits_until.is_none() || row.state == "unreadable" {
        return row;
    }
    let why = scene.notes.resting.iter().find(|resting| resting.zone.as_str() == row.id);
    ZoneRow { state: "waiting", reason: why.map(|resting| resting.why.clone()), ..row }
}

fn source_row(source: &SourceStatus) -> SourceRow {
    let failing = source.caches.iter().find_map(|(_, status)| match status {
        CacheStatus::Failing(reason) => Some(reason.clone()),
        _ => None,
    });
    let pending = source.caches.iter().find(|(_, status)| *status == CacheStatus::Pending);
    let (state, reason) = match (failing, pending) {
        (Some(reason), _) => ("failing", Some(reason)),
        (None, Some((resource, _))) => ("pending", Some(format!("{resource} are still being listed"))),
        (None, None) => ("synced", None),
    };
    let resources = source.caches.iter().map(|(resource, _)| resource.clone()).collect();
    SourceRow { source: source.name, state, reason, resources }
}

fn problems(scene: Scene<'_>) -> Vec<ProblemRow> {
    let objects = scene.notes.problems.iter().map(|problem| ProblemRow {
        severity: match problem.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        },
        about: problem.object.to_string(),
        message: problem.message.clone(),
    });
    let odd = scene.notes.odd.iter().map(|what| ProblemRow {
        severity: "warning",
        about: "records".to_owned(),
        message: what.clone(),
    });
    objects.chain(odd).collect()
}

fn change_row(clock: Clock, done: &Done) -> ChangeRow {
    ChangeRow {
        moment: clock.moment(done.at),
        action: done.action,
        name: done.name.to_string(),
        record_type: done.record_type.to_string(),
        reason: done.reason.clone(),
    }
}

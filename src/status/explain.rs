//! Why a name is, or is not, published.
//!
//! ```text
//! objects that ask ─> filters ─> zone ─> records and their owners ─> what the plan does or leaves alone ─> verdict
//! ```

mod ownership;

use super::records::rows_at;
use super::{Row, Scene, State, advice, object_texts, zone_text, zone_text_among};
use crate::sources::{Asked, Asking};
use ownership::ownership;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use zonewright_planner::{DnsName, Endpoint, Hold, HoldReason, ObjectRef, SkipReason};
use zonewright_provider_kit::{Rejected, Zone, zone_for};

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that is asked for is there, as it is asked for.
    Published,
    /// The next run changes something.
    Changes,
    /// The delete guard withholds a delete.
    Withheld,
    /// It stays as it is, and that is not what is asked for.
    LeftAlone,
    /// Nobody asks for it, and nothing of ours is there.
    NotAskedFor,
}

/// All that is known about a name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The name as DNS has it.
    pub name: String,
    /// The answer in one word.
    pub verdict: Verdict,
    /// The answer in one sentence.
    pub summary: String,
    /// The objects that ask for it.
    pub objects: Vec<ObjectRow>,
    /// Objects that would ask for it if a flag were different. Only looked for by `zonewright explain`.
    pub filtered: Vec<FilteredRow>,
    /// Names like it that are asked for; only when nobody asks for this one.
    pub similar: Vec<SimilarRow>,
    /// What it has to pass.
    pub checks: Vec<Check>,
    /// The zone it belongs to; with a split horizon the first of them.
    pub zone: Option<String>,
    /// All zones in which its records stand.
    pub zones: Vec<String>,
    /// Other zones that contain it, or if none does, the zones there are.
    pub other_zones: Vec<String>,
    /// What exists and what is wished for, with the state of each.
    pub records: Vec<Row>,
    /// Ownership records of the records that exist, by name; and of other owners where no record is.
    pub ownership: Vec<OwnershipRow>,
    /// What the next run does, or what a run could not do yet.
    pub plan: Vec<PlanRow>,
    /// What is left alone, why, and what helps.
    pub left_alone: Vec<LeftAloneRow>,
    /// What could not be looked at, so that the answer may not be complete.
    pub incomplete: Vec<String>,
}

/// An object that asks for the name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRow {
    /// `ingress/default/web`.
    pub object: String,
    /// The `--source` value.
    pub source: &'static str,
    /// What it wishes: type and targets.
    pub wishes: Vec<String>,
    /// Why it holds the name instead, or as well.
    pub holds: Vec<String>,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

/// An object that does not count because of a flag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilteredRow {
    /// `ingress/default/web`.
    pub object: String,
    /// The flag.
    pub filter: String,
}

/// A name that is asked for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimilarRow {
    /// The name.
    pub name: String,
    /// Who asks for it.
    pub object: String,
    /// Whether it is a wildcard that answers for the name.
    pub is_wildcard: bool,
}

/// Something the name or its records have to pass.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What.
    pub check: String,
    /// Whether it passes.
    pub passes: bool,
    /// What lets it through or keeps it out.
    pub detail: String,
}

/// Who owns what.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnershipRow {
    /// The type of the record.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Its set identifier; empty for plain records.
    pub set_identifier: String,
    /// The owner; absent where there is no ownership record.
    pub owner: Option<String>,
    /// Where the ownership record of today's form stands: the name of a TXT record, or the key of a row in `table`. Of a shared record
    /// the row of this owner.
    pub row: Option<String>,
    /// The table in which it stands; absent for TXT records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Whether the record itself exists.
    pub exists: bool,
    /// Of a record that owners share: what this one has put into it. Empty while it is leaving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<Vec<String>>,
}

/// A change to come.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRow {
    /// `create`, `update` or `delete`.
    pub action: &'static str,
    /// The zone it is done in.
    pub zone: String,
    /// The record's type.
    #[serde(rename = "type")]
    pub record_type: String,
    /// The record's set identifier; empty for plain records.
    pub set_identifier: String,
    /// What it will point at; none for a delete.
    pub targets: Vec<String>,
    /// Why.
    pub reason: String,
}

/// A change that is not made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftAloneRow {
    /// The record's type; empty where no record exists and nobody can say what it would be.
    #[serde(rename = "type")]
    pub record_type: String,
    /// The record's set identifier; empty for plain records.
    pub set_identifier: String,
    /// A fixed word for the reason.
    pub code: &'static str,
    /// Why.
    pub reason: String,
    /// What helps.
    pub advice: String,
    /// Whose wish it is.
    pub objects: Vec<String>,
    /// When it is tried again, if that is known.
    pub next_try: Option<String>,
}

/// What has to be found out beside the scene.
#[derive(Debug, Default)]
pub struct Findings {
    /// Who asks.
    pub asked: Asked,
    /// Names like it, with the objects.
    pub similar: Vec<(DnsName, Arc<ObjectRef>)>,
    /// Objects that would ask for it if a flag were different.
    pub filtered: Vec<FilteredRow>,
}

/// Puts together all that is known about a name.
pub fn explain(scene: Scene<'_>, name: &DnsName, findings: &Findings) -> Explanation {
    let asked = &findings.asked;
    let records = rows_at(scene, name);
    let pending = scene.notes.pending_at(name).iter();
    let mut plan: Vec<PlanRow> = pending.map(|pending| plan_row(scene, name, pending)).collect();
    plan.sort_by(|a, b| {
        let key = |row: &PlanRow| {
            (row.record_type.clone(), row.set_identifier.clone(), row.action, row.zone.clone())
        };
        key(a).cmp(&key(b))
    });
    let homes = homes(scene, name);
    let zones: Vec<String> = homes.iter().map(|zone| zone_text_among(zone, scene.world)).collect();
    let mut explanation = Explanation {
        name: name.to_string(),
        verdict: verdict(scene, name, asked, &records, !plan.is_empty()),
        summary: String::new(),
        objects: asked.objects.iter().map(|asking| object_row(asking, name)).collect(),
        filtered: findings.filtered.clone(),
        similar: findings.similar.iter().map(|(similar, object)| similar_row(similar, object)).collect(),
        checks: checks(scene, name, asked),
        zone: homes.first().map(|zone| zone_text(zone)),
        zones,
        other_zones: other_zones(scene, name),
        ownership: ownership(scene, name),
        records,
        plan,
        left_alone: left_alone(scene, name, asked),
        incomplete: incomplete(scene),
    };
    explanation.summary = summary(&explanation);
    explanation
}

fn verdict(scene: Scene<'_>, name: &DnsName, asked: &Asked, records: &[Row], is_pending: bool) -> Verdict {
    let is_guarded = |reason: &SkipReason| matches!(reason, SkipReason::Guarded { .. });
    let skips = scene.notes.skips_at(name);
    let is_asked_for =
        !asked.desired.endpoints.is_empty() || asked.objects.iter().any(|asking| asks(asking, name));
    if skips.iter().any(|skip| is_guarded(&skip.reason)) {
        Verdict::Withheld
    } else if is_pending {
        Verdict::Changes
    } else if !skips.is_empty() || (is_asked_for && !records.iter().any(|row| row.state == State::InSync)) {
        Verdict::LeftAlone
    } else if records.iter().any(|row| row.state == State::InSync) {
        Verdict::Published
    } else {
        Verdict::NotAskedFor
    }
}

/// Whether an object asks for the very name, not only for something that nobody knows.
fn asks(asking: &Asking, name: &DnsName) -> bool {
    !asking.endpoints.is_empty() || asking.holds.iter().any(|hold| hold.name.as_ref() == Some(name))
}

fn summary(explanation: &Explanation) -> String {
    let mut text = answer(explanation);
    if let Some(first) = explanation.filtered.first() {
        text.push_str(&format!(" {} would ask for it, but is kept out by {}.", first.object, first.filter));
    }
    let wildcard = explanation.similar.iter().find(|similar| similar.is_wildcard);
    if let (Verdict::NotAskedFor, Some(wildcard)) = (explanation.verdict, wildcard) {
        text.push_str(&format!(" {} of {} answers for it.", wildcard.name, wildcard.object));
    }
    text
}

fn answer(explanation: &Explanation) -> String {
    let name = &explanation.name;
    let actions = |rows: &[PlanRow]| {
        let texts: BTreeSet<String> =
            rows.iter().map(|row| format!("{} {} ({})", row.action, row.record_type, row.reason)).collect();
        texts.into_iter().collect::<Vec<_>>().join("; ")
    };
    let reasons = || {
        let texts: BTreeSet<String> = explanation
            .left_alone
            .iter()
            .map(|row| match row.record_type.as_str() {
                "" => row.reason.clone(),
                record_type => format!("{record_type} is left alone: {}", row.reason),
            })
            .collect();
        let failed = explanation.checks.iter().filter(|check| !check.passes);
        let failed = failed.map(|check| format!("{}: {}", check.check, check.detail));
        if texts.is_empty() { failed.collect() } else { texts.into_iter().collect::<Vec<_>>() }.join("; ")
    };
    match explanation.verdict {
        Verdict::Published => format!("{name} is published as it is asked for."),
        Verdict::Changes => format!("{name} is about to change: {}.", actions(&explanation.plan)),
        Verdict::Withheld => {
            format!("{name} stays, because the delete guard withholds a delete: {}.", reasons())
        }
        Verdict::LeftAlone => match reasons() {
            reasons if reasons.is_empty() => {
                format!("{name} is asked for and is not published yet: it has not been planned.")
            }
            reasons => format!("{name} is not as it is asked for: {reasons}."),
        },
        Verdict::NotAskedFor => match explanation.records.first() {
            Some(row) => {
                format!("No object asks for {name}. What is there is not ours ({}).", row.state.as_str())
            }
            None => {
                let claims = explanation.ownership.iter().filter(|row| !row.exists && row.shares.is_none());
                let owners: BTreeSet<String> =
                    claims.filter_map(|row| Some(format!("{:?}", row.owner.as_ref()?))).collect();
                match owners.is_empty() {
                    true => format!("No object asks for {name}."),
                    false => format!(
                        "No object asks for {name}. An ownership record of owner {} holds it.",
                        owners.into_iter().collect::<Vec<_>>().join(" and of owner ")
                    ),
                }
            }
        },
    }
}

fn object_row(asking: &Asking, name: &DnsName) -> ObjectRow {
    let hold_text = |hold: &Hold| match &hold.name {
        Some(_) => hold.reason.to_string(),
        None => format!("it is not known whether it asks for {name}: {}", hold.reason),
    };
    ObjectRow {
        object: asking.object.to_string(),
        source: asking.object.source,
        wishes: asking.endpoints.iter().map(wish_text).collect(),
        holds: asking.holds.iter().map(hold_text).collect(),
        problems: asking.problems.iter().map(|problem| problem.message.clone()).collect(),
    }
}

fn wish_text(endpoint: &Endpoint) -> String {
    let targets: Vec<String> = endpoint.targets.iter().map(ToString::to_string).collect();
    let set = match &*endpoint.set_identifier {
        "" => String::new(),
        set => format!(" [{set}]"),
    };
    let ttl = endpoint.ttl.configured().map(|ttl| format!("  ttl={ttl}")).unwrap_or_default();
    let targets = if targets.is_empty() { "no target".to_owned() } else { targets.join(", ") };
    format!("{}{set} {targets}{ttl}", endpoint.record_type)
}

fn similar_row(name: &DnsName, object: &Arc<ObjectRef>) -> SimilarRow {
    SimilarRow { name: name.to_string(), object: object.to_string(), is_wildcard: name.is_wildcard() }
}

fn checks(scene: Scene<'_>, name: &DnsName, asked: &Asked) -> Vec<Check> {
    let settings = &scene.rules.settings;
    let filter = |check: &str, filter: &zonewright_planner::DomainFilter| Check {
        check: check.to_owned(),
        passes: filter.matches(name),
        detail: format!("lets through {}", filter.describe()),
    };
    let mut checks =
        vec![filter("domain filter", &settings.filter), filter("provider's own filter", &scene.world.filter)];
    let wished: BTreeSet<_> =
        asked.objects.iter().flat_map(|asking| &asking.endpoints).map(|e| &e.record_type).collect();
    for record_type in wished {
        let passes = settings.managed.contains(record_type);
        let detail = if passes { "managed" } else { "not among --managed-record-types" };
        checks.push(Check { check: format!("record type {record_type}"), passes, detail: detail.to_owned() });
    }
    let zones: Vec<String> =
        homes(scene, name).into_iter().map(|zone| zone_text_among(zone, scene.world)).collect();
    let unreadable = scene.world.unreadable.iter().find(|(zone, _)| zone.contains(name));
    checks.push(Check {
        check: "zone".to_owned(),
        passes: !zones.is_empty() && unreadable.is_none(),
        detail: match (zones.as_slice(), unreadable) {
            (_, Some((zone, error))) => {
                format!("zone {} could not be read: {error}", zone_text_among(zone, scene.world))
            }
            ([], None) => "no zone of the provider contains the name".to_owned(),
            ([zone], None) => format!("{zone} is the longest that contains the name"),
            (zones, None) => format!("its records stand in each of {}", zones.join(", ")),
        },
    });
    checks.extend(dropped_targets(asked));
    checks
}

/// Targets that an object names and that no wish has any more behind the stages.
fn dropped_targets(asked: &Asked) -> Option<Check> {
    let wished = asked.objects.iter().flat_map(|asking| &asking.endpoints).flat_map(|e| &e.targets);
    let left: BTreeSet<String> =
        asked.desired.endpoints.iter().flat_map(|e| &e.targets).map(ToString::to_string).collect();
    let dropped: BTreeSet<String> = wished.map(ToString::to_string).filter(|t| !left.contains(t)).collect();
    if dropped.is_empty() {
        return None;
    }
    let dropped = dropped.into_iter().collect::<Vec<_>>().join(", ");
    Some(Check {
        check: "targets".to_owned(),
        passes: !left.is_empty(),
        detail: format!(
            "left out: {dropped} (--target-net-filter, --exclude-target-net, --force-default-targets, or another \
             object's wish won)"
        ),
    })
}

fn homes<'a>(scene: Scene<'a>, name: &DnsName) -> Vec<&'a Zone> {
    scene.rules.homes.among(&scene.world.zones, name)
}

fn other_zones(scene: Scene<'_>, name: &DnsName) -> Vec<String> {
    let chosen = homes(scene, name);
    let others = scene.world.zones.iter().filter(|zone| match chosen.is_empty() {
        false => zone.contains(name) && chosen.iter().all(|chosen| chosen.id != zone.id),
        true => true,
    });
    /// More zones than this say nothing.
    const MOST: usize = 20;
    others.take(MOST).map(|zone| zone_text_among(zone, scene.world)).collect()
}

fn plan_row(scene: Scene<'_>, name: &DnsName, pending: &crate::sync::board::Pending) -> PlanRow {
    let zones = &scene.world.zones;
    let zone = match &pending.zone {
        Some(id) => zones.iter().find(|zone| zone.id == *id),
        None => zone_for(zones, name),
    };
    PlanRow {
        action: pending.action,
        zone: zone.map(|zone| zone_text_among(zone, scene.world)).unwrap_or_default(),
        record_type: pending.record_type.to_string(),
        set_identifier: pending.set_identifier.to_string(),
        targets: pending.targets.iter().map(ToString::to_string).collect(),
        reason: pending.reason.clone(),
    }
}

fn left_alone(scene: Scene<'_>, name: &DnsName, asked: &Asked) -> Vec<LeftAloneRow> {
    let retry = scene.notes.retries.get(name).and_then(|at| scene.clock.future(*at));
    let next_try = |reason: &SkipReason| match State::of(reason) {
        State::Quarantined | State::Fought => retry.map(super::timestamp),
        _ => None,
    };
    let row = |skip: &zonewright_planner::Skip| LeftAloneRow {
        record_type: skip.record_type.to_string(),
        set_identifier: skip.set_identifier.to_string(),
        code: skip.reason.code(),
        reason: skip.reason.to_string(),
        advice: advice(&skip.reason),
        objects: object_texts(&skip.objects),
        next_try: next_try(&skip.reason),
    };
    let mut rows: Vec<LeftAloneRow> = scene.notes.skips_at(name).iter().map(row).collect();
    if rows.is_empty() {
        // Without a record and without another wish there is nothing that the plan could have left alone.
        rows.extend(scene.notes.rejected_at(name).map(rejected));
    }
    if rows.is_empty() && asked.desired.endpoints.is_empty() {
        // Where no record exists, the plan has nothing to leave alone; and yet it is the hold that keeps the name away.
        rows.extend(
            asked.objects.iter().flat_map(|asking| &asking.holds).filter_map(|hold| held(hold, name)),
        );
    }
    rows
}

fn rejected(row: &Rejected) -> LeftAloneRow {
    let reason =
        SkipReason::Held(HoldReason::Invalid(format!("the provider does not take it: {}", row.text)));
    LeftAloneRow {
        record_type: String::new(),
        set_identifier: String::new(),
        code: reason.code(),
        reason: reason.to_string(),
        advice: advice(&reason),
        objects: object_texts(&row.objects),
        next_try: None,
    }
}

fn held(hold: &Hold, name: &DnsName) -> Option<LeftAloneRow> {
    let reason = SkipReason::Held(hold.reason.clone());
    (hold.name.as_ref() == Some(name)).then(|| LeftAloneRow {
        record_type: String::new(),
        set_identifier: hold.set_identifier.to_string(),
        code: reason.code(),
        reason: reason.to_string(),
        advice: advice(&reason),
        objects: vec![hold.object.to_string()],
        next_try: None,
    })
}

fn incomplete(scene: Scene<'_>) -> Vec<String> {
    let sources = scene.notes.incomplete.iter();
    let sources = sources.map(|source| format!("source {}: {}", source.source, source.reason));
    let zones =
        scene.world.unreadable.iter().map(|(zone, error)| format!("zone {}: {error}", zone_text(zone)));
    sources.chain(zones).collect()
}

//! A plan for programs. `docs/reference/plan.schema.json` says what each field means; fields are only ever added.

use super::problems;
use super::{Preview, objects};
use crate::sources::outcome::Severity;
use crate::sync::guard::Withheld;
use serde::Serialize;
use std::collections::BTreeMap;
use zonewright_planner::{
    Change, CreateReason, DeleteReason, Endpoint, Properties, Record, Skip, Target, Ttl, UpdateReason,
};
use zonewright_provider_kit::{Operation, Zone, ZoneChange};

pub(super) fn render(preview: Preview<'_>) -> String {
    let plan = &preview.report.plan;
    let document = Document {
        version: 1,
        policy: preview.policy.as_str(),
        succeeded: preview.succeeded(),
        summary: Summary {
            create: plan.count("create"),
            update: plan.count("update"),
            delete: plan.count("delete"),
            skip: plan.skips.len(),
        },
        changes: preview.changes.iter().map(|change| change_row(preview, change)).collect(),
        skips: plan.skips.iter().map(|skip| skip_row(preview, skip)).collect(),
        withheld: preview.report.withheld.iter().map(|withheld| withheld_row(withheld)).collect(),
        problems: problems::all(preview).into_iter().map(problem_row).collect(),
    };
    // Strings, numbers and lists of them cannot fail to be written.
    serde_json::to_string_pretty(&document).map(|text| text + "\n").unwrap_or_default()
}

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    policy: &'static str,
    succeeded: bool,
    summary: Summary,
    changes: Vec<ChangeRow<'a>>,
    skips: Vec<SkipRow<'a>>,
    withheld: Vec<WithheldRow<'a>>,
    problems: Vec<ProblemRow>,
}

#[derive(Serialize)]
struct Summary {
    create: usize,
    update: usize,
    delete: usize,
    skip: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeRow<'a> {
    action: &'static str,
    zone: &'a str,
    zone_id: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    record_type: &'a str,
    set_identifier: &'a str,
    codes: Vec<&'static str>,
    reason: String,
    objects: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Contents<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Contents<'a>>,
    ownership_records: Vec<OwnershipRow<'a>>,
}

#[derive(Serialize)]
struct Contents<'a> {
    targets: Vec<String>,
    ttl: Option<i64>,
    properties: BTreeMap<&'a str, &'a str>,
    resource: Option<&'a str>,
}

#[derive(Serialize)]
struct OwnershipRow<'a> {
    action: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SkipRow<'a> {
    zone: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    record_type: &'a str,
    set_identifier: &'a str,
    code: &'static str,
    reason: String,
    objects: Vec<String>,
}

#[derive(Serialize)]
struct WithheldRow<'a> {
    zone: &'a str,
    hash: &'a str,
    count: usize,
    owned: usize,
    reason: String,
}

#[derive(Serialize)]
struct ProblemRow {
    severity: &'static str,
    about: String,
    message: String,
}

fn change_row<'a>(preview: Preview<'a>, with_rows: &'a ZoneChange) -> ChangeRow<'a> {
    let change = &with_rows.change;
    let (old, new) = match change {
        Change::Create { new, .. } => (None, Some(new)),
        Change::Update { old, new, .. } => (Some(old), Some(new)),
        Change::Delete { old, .. } => (Some(old), None),
    };
    ChangeRow {
        action: change.action(),
        zone: zone_text(preview.zone_of(change)),
        zone_id: preview.zone_of(change).map_or("", |zone| zone.id.as_str()),
        name: change.name().as_str(),
        record_type: change.record_type().as_str(),
        set_identifier: change.set_identifier(),
        codes: codes(change),
        reason: change.reason(),
        objects: objects(change.objects()),
        old: old.map(|old| existing(old)),
        new: new.map(|new| wanted(new)),
        ownership_records: with_rows
            .rows
            .iter()
            .filter_map(|row| row.operation().map(ownership_row))
            .collect(),
    }
}

fn skip_row<'a>(preview: Preview<'a>, skip: &'a Skip) -> SkipRow<'a> {
    SkipRow {
        zone: zone_text(preview.zone_of_name(&skip.name)),
        name: skip.name.as_str(),
        record_type: skip.record_type.as_str(),
        set_identifier: &skip.set_identifier,
        code: skip.reason.code(),
        reason: skip.reason.to_string(),
        objects: objects(&skip.objects),
    }
}

fn withheld_row(withheld: &Withheld) -> WithheldRow<'_> {
    WithheldRow {
        zone: withheld.zone_text(),
        hash: &withheld.hash,
        count: withheld.deletes.len(),
        owned: withheld.owned,
        reason: withheld.why(),
    }
}

fn problem_row(problem: problems::Problem) -> ProblemRow {
    let severity = match problem.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    ProblemRow { severity, about: problem.about, message: problem.message }
}

fn zone_text(zone: Option<&Zone>) -> &str {
    zone.map_or("", |zone| zone.name.as_ref().map_or(zone.id.as_str(), |name| name.as_str()))
}

fn existing(record: &Record) -> Contents<'_> {
    contents(&record.targets, record.ttl, &record.properties, record.labels.resource())
}

fn wanted(endpoint: &Endpoint) -> Contents<'_> {
    contents(&endpoint.targets, endpoint.ttl, &endpoint.properties, endpoint.labels.resource())
}

fn contents<'a>(
    targets: &[Target],
    ttl: Ttl,
    properties: &'a Properties,
    resource: Option<&'a str>,
) -> Contents<'a> {
    Contents {
        targets: targets.iter().map(ToString::to_string).collect(),
        ttl: ttl.configured(),
        properties: properties.iter().collect(),
        resource,
    }
}

fn ownership_row(operation: Operation<'_>) -> OwnershipRow<'_> {
    match operation {
        Operation::Create(new) => OwnershipRow { action: "create", name: new.name.as_str() },
        Operation::Update(old, _) => OwnershipRow { action: "update", name: old.name.as_str() },
        Operation::Delete(old) => OwnershipRow { action: "delete", name: old.name.as_str() },
    }
}

fn codes(change: &Change) -> Vec<&'static str> {
    match change {
        Change::Create { reason, .. } => vec![match reason {
            CreateReason::New => "new",
            CreateReason::TypeAdded => "type-added",
            CreateReason::TypeChanged { .. } => "type-changed",
        }],
        Change::Update { reasons, .. } => reasons
            .iter()
            .map(|reason| match reason {
                UpdateReason::Ttl { .. } => "ttl",
                UpdateReason::Targets => "targets",
                UpdateReason::Properties(_) => "properties",
                UpdateReason::OwnershipRow => "ownership-record",
                UpdateReason::OwnerMigration(_) => "owner-migration",
                UpdateReason::RowMoved => "ownership-record-name",
                UpdateReason::RowIntoTable(_) => "ownership-record-table",
                UpdateReason::FormerRows => "former-ownership-records",
                UpdateReason::Adopted { .. } => "adopted",
                UpdateReason::Shared { .. } => "shared",
            })
            .collect(),
        Change::Delete { reason, .. } => vec![match reason {
            DeleteReason::NoLongerWanted => "no-longer-wanted",
            DeleteReason::TypeNotWanted => "type-not-wanted",
            DeleteReason::TypeChanged { .. } => "type-changed",
            DeleteReason::LeftoverRow | DeleteReason::LeftoverShare => "leftover-ownership-record",
        }],
    }
}

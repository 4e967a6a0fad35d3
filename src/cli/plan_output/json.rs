//! A plan for programs. The schema is `docs/plan.schema.json`; fields are only ever added.

use super::{Preview, objects, targets};
use crate::sources::outcome::Severity;
use serde_json::{Map, Value, json};
use zonewright_planner::{Change, Properties, Target, Ttl};

pub(super) fn render(preview: Preview<'_>) -> String {
    let report = preview.report;
    let plan = &report.plan;
    let changes: Vec<Value> = plan.changes.iter().map(|change| change_json(preview, change)).collect();
    let skips: Vec<Value> = plan
        .skips
        .iter()
        .map(|skip| {
            json!({
                "name": skip.name.as_str(),
                "type": skip.record_type.as_str(),
                "setIdentifier": &*skip.set_identifier,
                "code": skip.reason.code(),
                "reason": skip.reason.to_string(),
                "objects": objects(&skip.objects),
            })
        })
        .collect();
    let document = json!({
        "version": 1,
        "summary": {
            "create": plan.count("create"),
            "update": plan.count("update"),
            "delete": plan.count("delete"),
            "skip": plan.skips.len(),
        },
        "changes": changes,
        "skips": skips,
        "problems": problems(preview),
    });
    format!("{document:#}\n")
}

fn change_json(preview: Preview<'_>, change: &Change) -> Value {
    let mut object = Map::new();
    object.insert("action".into(), json!(change.action()));
    object.insert("zone".into(), json!(preview.zone_of(change)));
    object.insert("name".into(), json!(change.name().as_str()));
    object.insert("type".into(), json!(change.record_type().as_str()));
    object.insert("setIdentifier".into(), json!(change.set_identifier()));
    object.insert("reason".into(), json!(change.reason()));
    object.insert("objects".into(), json!(objects(change.objects())));
    if let Change::Update { old, .. } | Change::Delete { old, .. } = change {
        object.insert("old".into(), side(&old.targets, old.ttl, &old.properties));
    }
    if let Change::Create { new, .. } | Change::Update { new, .. } = change {
        object.insert("new".into(), side(&new.targets, new.ttl, &new.properties));
    }
    Value::Object(object)
}

fn side(values: &[Target], ttl: Ttl, properties: &Properties) -> Value {
    let properties: Map<String, Value> =
        properties.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    json!({"targets": targets(values), "ttl": ttl.configured(), "properties": properties})
}

fn problems(preview: Preview<'_>) -> Vec<Value> {
    let report = preview.report;
    let of_objects = report.problems.iter().map(|problem| {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        json!({"severity": severity, "about": problem.object.to_string(), "message": problem.message})
    });
    let of_sources = report.incomplete.iter().map(|source| {
        json!({"severity": "error", "about": format!("source {}", source.source), "message": source.reason})
    });
    let of_zones = report.unreadable.iter().map(|(zone, error)| {
        json!({"severity": "error", "about": format!("zone {zone}"), "message": error.to_string()})
    });
    let of_provider = report
        .rejected
        .iter()
        .map(|what| json!({"severity": "warning", "about": "provider", "message": what}));
    of_objects.chain(of_sources).chain(of_zones).chain(of_provider).collect()
}

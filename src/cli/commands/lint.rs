//! `zonewright lint`: mistakes in manifests, without a cluster and a provider.

use super::looking::{Outcome, look};
use super::output;
use super::prepare::read_manifests;
use crate::cli::{Config, ReportFormat};
use crate::sources::annotation_check;
use crate::sources::annotations::AnnotationKeys;
use crate::sources::index::SourceIndex;
use crate::sources::object::Metadata;
use crate::sources::store::{self, manifests::Loaded, manifests::Position};
use crate::wiring::{self, Sources, StartError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use tokio_util::sync::CancellationToken;

/// One mistake. The order is that of the result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// Where its object begins; absent for what is about a whole file, which the message names.
    place: Option<(String, usize)>,
    /// `ingress/shop/web`.
    object: Option<String>,
    message: String,
}

pub(super) async fn run(config: &Config, format: ReportFormat, stop: &CancellationToken) -> u8 {
    look(config, stop, check(config, format)).await
}

async fn check(config: &Config, format: ReportFormat) -> Outcome {
    let loaded = read_manifests(config.own.manifests.clone()).await?.loaded();
    let findings = findings(config, &loaded)?;
    let text = match format {
        ReportFormat::Text => as_text(loaded.objects.len(), &findings),
        ReportFormat::Json => as_json(loaded.objects.len(), &findings),
    };
    Ok(u8::from(!output::text(&text) || !findings.is_empty()))
}

/// Everything that is wrong: with files, with objects as the sources see them, and with annotations of any object.
fn findings(config: &Config, loaded: &Loaded) -> Result<BTreeSet<Finding>, StartError> {
    let Sources { all, caches, policy, .. } = wiring::sources(config)?;
    let of_files = store::fill(&caches, loaded);
    let mut index = SourceIndex::new(all, wiring::stages(config, policy.as_ref().map(|(policy, _)| policy)));
    let mut findings: BTreeSet<Finding> =
        of_files.into_iter().map(|message| Finding { place: None, object: None, message }).collect();
    for problem in index.collect().problems {
        let object = &problem.object;
        let place = position(loaded, object.api_version, object.kind, &object.namespace, &object.name);
        findings.insert(Finding { place, object: Some(object.to_string()), message: problem.message });
    }
    let keys = match &config.sources.annotation_prefix {
        Some(prefix) => AnnotationKeys::only(prefix),
        None => AnnotationKeys::default(),
    };
    for (object, at) in loaded.objects.iter().zip(&loaded.positions) {
        findings.extend(of_annotations(&keys, object, at));
    }
    Ok(findings)
}

/// Sources tell this of the objects that they read; here it is told of all.
fn of_annotations(keys: &AnnotationKeys, object: &Value, at: &Position) -> Vec<Finding> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, version) = (text(&object["kind"]), text(&object["apiVersion"]));
    let group = version.split_once('/').map_or("", |(group, _)| group);
    // What cannot be decoded is told of where the object is read.
    let Ok(metadata) = Metadata::deserialize(&object["metadata"]) else { return Vec::new() };
    let annotations = &metadata.annotations;
    let mut messages = keys.of(annotations).contradictions();
    messages.extend(annotation_check::oddities(keys, group, &kind, annotations));
    messages.extend(annotation_check::misspelt_prefixes(keys, annotations));
    let namespace = match (is_cluster_wide(&kind), &*metadata.namespace) {
        (true, _) => "",
        (false, "") => "default",
        (false, namespace) => namespace,
    };
    let path = [&*kind.to_ascii_lowercase(), namespace, &metadata.name];
    let name = path.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let finding =
        |message| Finding { place: Some((at.file.clone(), at.line)), object: Some(name.clone()), message };
    messages.into_iter().map(finding).collect()
}

fn is_cluster_wide(kind: &str) -> bool {
    ["Node", "Namespace"].contains(&kind)
}

fn position(
    loaded: &Loaded,
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Option<(String, usize)> {
    let group = |version: &str| version.split_once('/').map_or("", |(group, _)| group).to_owned();
    let is_it = |object: &Value| {
        let metadata = &object["metadata"];
        let in_namespace = metadata["namespace"].as_str().filter(|text| !text.is_empty());
        object["kind"] == kind
            && group(object["apiVersion"].as_str().unwrap_or_default()) == group(api_version)
            && metadata["name"] == name
            && (in_namespace.unwrap_or("default") == namespace || namespace.is_empty())
    };
    let at = loaded.positions.get(loaded.objects.iter().position(is_it)?)?;
    Some((at.file.clone(), at.line))
}

fn as_text(objects: usize, findings: &BTreeSet<Finding>) -> String {
    let mut text = String::new();
    for finding in findings {
        // Writing to a string cannot fail.
        if let Some((file, line)) = &finding.place {
            let _ = write!(text, "{file}:{line}: ");
        }
        if let Some(object) = &finding.object {
            let _ = write!(text, "{object}: ");
        }
        let _ = writeln!(text, "{}", finding.message);
    }
    let noun = if objects == 1 { "object" } else { "objects" };
    let _ = match findings.len() {
        0 => writeln!(text, "{objects} {noun} checked, nothing found."),
        1 => writeln!(text, "\n{objects} {noun} checked, 1 mistake."),
        n => writeln!(text, "\n{objects} {noun} checked, {n} mistakes."),
    };
    text
}

fn as_json(objects: usize, findings: &BTreeSet<Finding>) -> String {
    let finding = |finding: &Finding| {
        json!({
            "file": finding.place.as_ref().map(|(file, _)| file),
            "line": finding.place.as_ref().map(|(_, line)| line),
            "object": finding.object,
            "message": finding.message,
        })
    };
    let findings: Vec<Value> = findings.iter().map(finding).collect();
    format!("{:#}\n", json!({"objects": objects, "findings": findings}))
}

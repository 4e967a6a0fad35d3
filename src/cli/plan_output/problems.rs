//! What went wrong on the way to the plan, whoever noticed it.

use super::Preview;
use crate::sources::outcome::Severity;
use crate::sync::report::{CycleReport, describe_rejected};

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) severity: Severity,
    /// An object, `manifests`, `source …`, `zone …`, `provider` or `records`.
    pub(super) about: String,
    pub(super) message: String,
}

/// Every problem: files and objects first, then what could not be read.
pub(super) fn all(preview: Preview<'_>) -> Vec<Problem> {
    let report = preview.report;
    let error = |about: String, message: String| Problem { severity: Severity::Error, about, message };
    let warning = |about: &str, message: String| Problem {
        severity: Severity::Warning,
        about: about.to_owned(),
        message,
    };
    let files = preview.manifest_problems.iter().map(|what| error("manifests".to_owned(), what.clone()));
    let objects = report.problems.iter().map(|problem| Problem {
        severity: problem.severity,
        about: problem.object.to_string(),
        message: problem.message.clone(),
    });
    let sources = report
        .incomplete
        .iter()
        .map(|source| error(format!("source {}", source.source), incomplete(preview, &source.reason)));
    let zones = report
        .unreadable
        .iter()
        .map(|(zone, what)| error(format!("zone {zone}"), format!("could not be read: {what}")));
    let shared = report
        .shared
        .iter()
        .map(|shared| warning("records", format!("{} {}: {shared}", shared.record_type, shared.name)));
    files
        .chain(objects)
        .chain(shared)
        .chain(sources)
        .chain(zones)
        .chain(of_provider(report, warning))
        .collect()
}

fn of_provider(
    report: &CycleReport,
    warning: impl Fn(&str, String) -> Problem + Copy,
) -> impl Iterator<Item = Problem> {
    let rejected = report.rejected.iter().map(move |row| {
        let problem = warning("provider", describe_rejected(row));
        let severity = if row.name.is_none() { Severity::Error } else { Severity::Warning };
        Problem { severity, ..problem }
    });
    rejected.chain(report.odd.iter().map(move |what| warning("records", what.clone())))
}

/// Every source is incomplete while manifests are malformed; which and how was said once.
fn incomplete(preview: Preview<'_>, reason: &str) -> String {
    let by_manifests = preview.manifest_problems.first().is_some_and(|first| reason.contains(first.as_str()));
    match by_manifests {
        true => "incomplete because of the manifests; records from there are held".to_owned(),
        false => format!("incomplete; records from there are held: {reason}"),
    }
}

/// The same with sources that have the same problem in one line, for people.
pub(super) fn for_people(preview: Preview<'_>) -> Vec<Problem> {
    let mut merged: Vec<Problem> = Vec::new();
    for problem in all(preview) {
        let Some(source) = problem.about.strip_prefix("source ") else {
            merged.push(problem);
            continue;
        };
        let same = merged.iter_mut().find(|m| m.about.starts_with("source") && m.message == problem.message);
        match same {
            Some(earlier) => {
                let names = earlier.about.split_once(' ').map_or("", |(_, names)| names);
                earlier.about = format!("sources {names}, {source}");
            }
            None => merged.push(problem),
        }
    }
    merged
}

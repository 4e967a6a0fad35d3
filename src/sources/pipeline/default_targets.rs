//! `--default-targets`: what wishes without targets point at.

use super::PipelineSettings;
use crate::sources::outcome::{Problem, Severity};
use zonewright_planner::{Endpoint, RecordType, suitable_type};

/// Gives wishes without targets (all wishes, when forced) the default targets. Their type follows from those: whatever was
/// asked for, A, AAAA and CNAME come out.
pub(super) fn apply(
    endpoints: Vec<Endpoint>,
    settings: &PipelineSettings,
    problems: &mut Vec<Problem>,
) -> Vec<Endpoint> {
    if settings.default_targets.is_empty() {
        return endpoints;
    }
    let mut result = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        if endpoint.targets.is_empty() || settings.force_default_targets {
            result.extend(replaced(&endpoint, &settings.default_targets, problems));
        } else {
            result.push(endpoint);
        }
    }
    result
}

fn replaced(endpoint: &Endpoint, defaults: &[String], problems: &mut Vec<Problem>) -> Vec<Endpoint> {
    let mut made = Vec::new();
    for record_type in [RecordType::A, RecordType::Aaaa, RecordType::Cname] {
        let targets: Vec<&String> = defaults.iter().filter(|t| suitable_type(t) == record_type).collect();
        if targets.is_empty() {
            continue;
        }
        match Endpoint::new(endpoint.name.as_str(), record_type, &targets, endpoint.properties.clone()) {
            Ok(new) => made.push(Endpoint {
                ttl: endpoint.ttl,
                set_identifier: endpoint.set_identifier.clone(),
                labels: endpoint.labels.clone(),
                objects: endpoint.objects.clone(),
                ..new
            }),
            Err(error) => problems.extend(endpoint.objects.first().map(|object| Problem {
                object: object.clone(),
                severity: Severity::Warning,
                message: format!("default target left out: {error}"),
                invalid: Some(endpoint.record_type.clone()),
            })),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use zonewright_planner::Properties;

    fn run(record_type: RecordType, targets: &[&str], force: bool) -> Vec<String> {
        let endpoint = Endpoint::new("a.example.org", record_type, targets, Properties::new()).unwrap();
        let settings = PipelineSettings {
            default_targets: vec!["192.0.2.9".into(), "lb.example.net".into()],
            force_default_targets: force,
            ..PipelineSettings::default()
        };
        apply(vec![endpoint], &settings, &mut Vec::new())
            .iter()
            .map(|e| format!("{} {}", e.record_type, e.targets[0]))
            .collect()
    }

    #[test]
    fn only_empty_wishes_are_filled_unless_forced() {
        assert_eq!(run(RecordType::A, &[], false), ["A 192.0.2.9", "CNAME lb.example.net"]);
        assert_eq!(run(RecordType::A, &["192.0.2.1"], false), ["A 192.0.2.1"]);
        assert_eq!(run(RecordType::Txt, &["x"], true), ["A 192.0.2.9", "CNAME lb.example.net"]);
    }
}

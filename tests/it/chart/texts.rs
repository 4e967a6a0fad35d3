//! What lies beside the templates: the table of values, the schema, the dashboard and the alerts.

use super::{of_kind, path, render};
use crate::cluster::metrics::Metrics;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use zonewright::sources::store::parse_yaml;

fn read(file: &str) -> String {
    std::fs::read_to_string(path("charts/zonewright").join(file)).unwrap_or_default()
}

fn values() -> Value {
    parse_yaml(&read("values.yaml")).remove(0).content.unwrap()
}

/// A value that `values.yaml` explains.
struct Explained {
    /// `image.tag`.
    path: String,
    /// What is said of its type, if it is not that of its default.
    kind: Option<String>,
    meaning: String,
}

/// The comments of `values.yaml` that begin with `# --`, each with the key below it.
fn explained(text: &str) -> Vec<Explained> {
    let (mut all, mut comment, mut parents) = (Vec::new(), String::new(), Vec::<(usize, String)>::new());
    for line in text.lines() {
        let (indent, content) = (line.len() - line.trim_start().len(), line.trim_start());
        if let Some(begin) = content.strip_prefix("# -- ") {
            comment = begin.to_owned();
        } else if let Some(more) = content.strip_prefix("# ").filter(|_| !comment.is_empty()) {
            write!(comment, " {more}").unwrap();
        } else if let Some((key, _)) =
            content.split_once(':').filter(|(key, _)| !key.contains(['#', '-', ' ']))
        {
            parents.retain(|(parent, _)| *parent < indent);
            parents.push((indent, key.to_owned()));
            if !comment.is_empty() {
                let path = parents.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
                let told = comment.strip_prefix('(').and_then(|rest| rest.split_once(") "));
                let (kind, meaning) = match told {
                    Some((kind, meaning)) => (Some(kind.to_owned()), meaning.to_owned()),
                    None => (None, comment.clone()),
                };
                all.push(Explained { path, kind, meaning });
                comment.clear();
            }
        }
    }
    all
}

fn at<'a>(values: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(values, |value, key| value.get(key).unwrap_or_else(|| panic!("no value {path}")))
}

const INTRODUCTION: &str = "\
# Helm chart of Zonewright

<!-- Generated from values.yaml; run `UPDATE_DOCS=1 cargo test --test it chart_readme` after a change. -->

<!-- needs: cluster -->
```sh
helm install zonewright charts/zonewright --namespace dns --create-namespace \\
  --set policy=upsert-only --set provider.name=aws --set txtOwnerId=my-cluster
```

[docs/guides/helm.md](../../docs/guides/helm.md) has the rest: taking over a release of the ExternalDNS chart, replicas, roles, alerts, the way back.

Values of the ExternalDNS chart mean what they mean there; those marked *new* are not there.

| Value | Type | Default | Meaning |
|---|---|---|---|
";

#[test]
fn chart_readme_is_up_to_date() {
    let (values, mut text) = (values(), INTRODUCTION.to_owned());
    for Explained { path, kind, meaning } in explained(&read("values.yaml")) {
        let value = at(&values, &path);
        let kind = kind.unwrap_or_else(|| kind_of(value).to_owned());
        let default = if value.is_null() { String::new() } else { format!("`{}`", shortened(value)) };
        let meaning =
            meaning.replacen("New: ", "*New:* ", 1).replacen("New, ", "*New,* ", 1).replace('|', "\\|");
        writeln!(text, "| `{path}` | {kind} | {default} | {meaning} |").unwrap();
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path("charts/zonewright/README.md"), &text).unwrap();
    }
    assert!(read("README.md") == text, "run UPDATE_DOCS=1 cargo test --test it chart_readme");
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => panic!("a value without a default needs its type in the comment"),
        Value::Bool(_) => "bool",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > 60 { "see values.yaml".to_owned() } else { text }
}

/// Every value, whether it is a leaf or explained as a whole.
fn paths(values: &Value, explained: &BTreeSet<String>, prefix: &str, all: &mut Vec<String>) {
    for (key, value) in values.as_object().unwrap() {
        let path = format!("{prefix}{key}");
        match value {
            Value::Object(fields) if !fields.is_empty() && !explained.contains(&path) => {
                paths(value, explained, &format!("{path}."), all);
            }
            _ => all.push(path),
        }
    }
}

#[test]
fn every_value_is_explained_and_in_the_schema() {
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    let explained = explained(&read("values.yaml")).into_iter().map(|value| value.path).collect();
    let mut all = Vec::new();
    paths(&values(), &explained, "", &mut all);
    assert!(all.len() > 100);
    for path in all {
        assert!(explained.contains(&path), "{path} has no comment that begins with `# --`");
        let is_known =
            path.split('.').try_fold(&schema, |schema, key| schema["properties"].get(key)).is_some();
        assert!(is_known, "values.schema.json does not know {path}");
    }
}

/// Every path of the ExternalDNS chart's values.yaml, as of v0.22 (kubernetes-sigs/external-dns at 2bf1bf8).
#[test]
fn every_value_of_the_external_dns_chart_is_there() {
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap();
    let theirs = std::fs::read_to_string(path("tests/it/chart/externaldns-values.txt")).unwrap();
    assert!(theirs.lines().count() > 100);
    for value in theirs.lines() {
        let explains = |schema: &Value| schema["properties"].is_object();
        let next = |schema, key| match explains(schema) {
            true => schema["properties"].get(key),
            // An object of Kubernetes, taken as it is.
            false => Some(schema),
        };
        assert!(
            value.split('.').try_fold(&schema, next).is_some(),
            "values.schema.json does not know {value}"
        );
        let (top, _) = value.split_once('.').unwrap_or((value, ""));
        assert!(values().get(top).is_some(), "values.yaml does not have {top}");
    }
}

/// The queries of dashboard and alerts, those of alerts for a release that elects a leader.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("files/dashboard.json")).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut queries: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    queries
        .extend(variables.iter().filter_map(|variable| variable["definition"].as_str()).map(str::to_owned));
    let objects = render(("zonewright", "dns"), &["prometheusRule.enabled=true", "replicaCount=2"]).unwrap();
    let rules = of_kind(&objects, "PrometheusRule")[0]["spec"]["groups"][0]["rules"].as_array().unwrap();
    queries.extend(rules.iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()));
    queries
}

/// Names in dashboard and alerts that a scrape does not have.
pub fn unknown_metrics(metrics: &Metrics) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let queries = queries();
    let names = queries.iter().flat_map(|query| query.split(|c| !is_word(c)));
    let names: BTreeSet<&str> =
        names.filter(|name| name.starts_with("external_dns_") || name.starts_with("process_")).collect();
    assert!(names.len() >= 15, "{names:?}");
    let of_family = |name: &str, end: &str| {
        name.strip_suffix(end).is_some_and(|family| metrics.types.contains_key(family))
    };
    let is_known = |name: &&str| {
        metrics.types.contains_key(*name)
            || ["_bucket", "_count", "_sum"].iter().any(|end| of_family(name, end))
    };
    names.into_iter().filter(|name| !is_known(name)).map(str::to_owned).collect()
}

#[test]
fn panels_of_the_dashboard_do_not_overlap() {
    let dashboard: Value = serde_json::from_str(&read("files/dashboard.json")).unwrap();
    let (mut taken, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let side = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in side("x")..side("x") + side("w") {
            for y in side("y")..side("y") + side("h") {
                assert!(x < 24 && taken.insert((x, y)), "{} overlaps or is off the grid", panel["title"]);
            }
        }
    }
}

/// Grafana and Prometheus have braces of their own, which must not be taken for those of the chart.
#[test]
fn alerts_arrive_as_they_are_meant() {
    let values = [
        "prometheusRule.enabled=true",
        "leaderElection.enabled=true",
        "prometheusRule.selector=job=~\"dns.*\"",
    ];
    let objects = render(("zonewright", "dns"), &values).unwrap();
    let rules = of_kind(&objects, "PrometheusRule")[0]["spec"]["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 7);
    let leaderless = rules.iter().find(|rule| rule["alert"] == "ZonewrightNoLeader").unwrap();
    let expected = "absent(external_dns_controller_lease_state{job=~\"dns.*\",state=\"leader\"} == 1)";
    assert_eq!(leaderless["expr"], expected);
    assert_eq!(leaderless["labels"]["severity"], "warning");
    let withheld = rules.iter().find(|rule| rule["alert"] == "ZonewrightDeletesWithheld").unwrap();
    assert_eq!(withheld["annotations"]["summary"], "The delete guard withholds {{ $value }} deletes.");
}

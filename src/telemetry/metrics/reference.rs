//! `docs/reference/metrics.md`, made from where the metrics are made.

use super::Metrics;
use crate::reference::{GENERATED, hold};
use regex::Regex;
use std::fmt::Write;
use std::sync::Arc;

const INTRODUCTION: &str = "\
Served at `/metrics` on `--metrics-address` (port 7979), in the text format of Prometheus. All names begin with `external_dns_`, which is
left out below. Names, types and labels are those of ExternalDNS v0.22, except for those marked *own*. Values per type are of the last
cycle; types are in lower case. The chart has alerts and a dashboard made of them.
";

/// Those that ExternalDNS v0.22 does not have; `cluster::telemetry` holds the others against its list.
const OWN: [&str; 10] = [
    "controller_skipped_records",
    "controller_plan_size",
    "controller_quarantined_names",
    "controller_event_to_record_seconds",
    "controller_snapshot_age_seconds",
    "controller_lease_state",
    "controller_events_total",
    "controller_withheld_deletes",
    "controller_changes_total",
    "provider_requests_total",
];

/// What a label may say.
const LABELS: &str = "
## Labels

| label | values |
|---|---|
| `record_type` | `a`, `aaaa`, `cname`, `txt`, … |
| `reason` of `controller_skipped_records` | the [codes of what is left alone](codes.md#left-alone) |
| `operation`, `reason` of `controller_plan_size` | `create`, `update`, `delete`, and the [codes of changes](codes.md#changes) |
| `action`, `outcome` of `controller_changes_total` | `create`, `update`, `delete`; `ok`, `error` |
| `state` of `controller_lease_state` | `candidate`, `standby`, `leader` |
| `outcome` of `controller_events_total` | `written`, `failed`, `dropped` |
| `operation` of `provider_requests_total` | calls of the provider's API: `negotiate`, `list`, `adjust`, `apply` of a webhook provider, `ListHostedZones`, `ListResourceRecordSets`, `ChangeResourceRecordSets`, … of AWS |
| `code` of `provider_requests_total` | HTTP status, or `none` where no answer came |
| `source_type` | the `--source` value, or `unknown` |

`process_*` are those of every Prometheus client: CPU, memory, open files, start.
";

struct Row {
    name: String,
    kind: String,
    labels: Vec<String>,
    meaning: String,
}

/// Every call of `make` in the file that makes them, and the two that are made in other ways.
fn rows() -> Vec<Row> {
    let call = Regex::new(r#"make\s*\.(\w+)\(\s*"(\w+)",\s*"([^"]+)",?\s*(?:&\[([^\]]*)\])?"#).unwrap();
    let made = call.captures_iter(include_str!("../metrics.rs")).map(|found| {
        let text = |group| found.get(group).map(|text| text.as_str()).unwrap_or_default();
        let kind = ["gauge", "counter", "histogram"].into_iter().find(|kind| text(1).contains(kind)).unwrap();
        let labels = text(4).split(',').map(|label| label.trim().trim_matches('"').to_owned());
        Row {
            name: text(2).to_owned(),
            kind: kind.to_owned(),
            labels: labels.filter(|label| !label.is_empty()).collect(),
            meaning: text(3).to_owned(),
        }
    });
    let mut rows: Vec<Row> = made.collect();
    let labels = ["handler", "scheme", "host", "path", "method", "status"];
    rows.push(Row {
        name: "http_request_duration_seconds".to_owned(),
        kind: "summary".to_owned(),
        labels: labels.map(str::to_owned).into(),
        meaning: "Calls of the Kubernetes API and of the provider; path is the last segment.".to_owned(),
    });
    rows.push(Row {
        name: "webhook_provider_{records,applychanges,adjustendpoints}_{requests,errors}_total".to_owned(),
        kind: "gauge".to_owned(),
        labels: Vec::new(),
        meaning: "Calls of the webhook provider.".to_owned(),
    });
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    rows
}

#[test]
fn metrics_reference_is_up_to_date() {
    let mut text = format!(
        "# Metrics\n\n{GENERATED}\n\n{INTRODUCTION}\n| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n"
    );
    for Row { name, kind, labels, meaning } in rows() {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let own = if OWN.contains(&&*name) { "*own*: " } else { "" };
        writeln!(text, "| `{name}` | {kind} | {} | {own}{meaning} |", labels.join(", ")).unwrap();
    }
    text.push_str(LABELS);
    hold("metrics.md", &text);
}

/// What is scraped has to be in the table, with its type: it is made from the text of a file.
#[test]
fn nothing_is_published_that_the_reference_lacks() {
    let metrics = Metrics::new("me").unwrap();
    metrics.add_webhook(Arc::default()).unwrap();
    let scrape = String::from_utf8(metrics.render().unwrap()).unwrap();
    let rows = rows();
    let published = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE external_dns_"));
    let mut count = 0;
    for (name, kind) in published.filter_map(|line| line.split_once(' ')) {
        count += 1;
        let webhook = name.starts_with("webhook_provider_") && kind == "gauge";
        assert!(webhook || rows.iter().any(|row| row.name == name && row.kind == kind), "{name} {kind}");
    }
    assert!(count > 15 && rows.len() > 25, "{count} {}", rows.len());
    OWN.iter().for_each(|own| assert!(rows.iter().any(|row| row.name == *own), "{own}"));
}

//! Prometheus metrics: ExternalDNS v0.22's names and labels under `external_dns_`. Every gauge vector with per-type values is reset
//! each cycle, so that a type that is gone does not linger.

use super::summary::SummaryVec;
use crate::kubernetes;
use crate::kubernetes::events::EventOutcome;
use crate::sync::daemon::Observer;
use crate::sync::leadership::{Leadership, Role};
use crate::sync::report::{ByType, CycleReport, Step};
use prometheus::{
    Encoder, Gauge, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry, TextEncoder,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;
use zonewright_planner::{DnsName, Skip, SkipReason};
use zonewright_provider_kit::RequestRecord;
use zonewright_provider_webhook::{self as webhook, WebhookStats};

mod make;

use make::{Make, Shared, WebhookCollector};

const NAMESPACE: &str = "external_dns";

/// Seconds. Around the 50 ms and the half second that an operator may count on, and up to where something is wrong.
const EVENT_TO_RECORD: [f64; 13] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// All metrics of the process.
pub struct Metrics {
    owner: String,
    registry: Registry,
    http_requests: Arc<SummaryVec>,
    consecutive_soft_errors: IntGauge,
    last_reconcile: Gauge,
    last_sync: Gauge,
    no_op_runs: IntCounter,
    verified_records: IntGaugeVec,
    cache_records_calls: IntCounterVec,
    cache_apply_calls: IntCounter,
    registry_total: IntGauge,
    registry_errors: IntCounter,
    registry_records: IntGaugeVec,
    owner_mismatch: IntGaugeVec,
    deduplicated: IntGaugeVec,
    invalid: IntGaugeVec,
    source_total: IntGauge,
    source_errors: IntCounter,
    source_records: IntGaugeVec,
    skipped: IntGaugeVec,
    withheld_deletes: IntGauge,
    changes: IntCounterVec,
    events: IntCounterVec,
    plan_size: IntGaugeVec,
    quarantined: IntGauge,
    provider_requests: IntCounterVec,
    webhook_server_requests: IntCounterVec,
    event_to_record: Histogram,
    snapshot_age: Gauge,
    oldest_listing: Mutex<Option<Instant>>,
    lease: IntGaugeVec,
    leadership: OnceLock<Leadership>,
}

impl Metrics {
    /// Registers everything. The owner id is a label of the owner mismatch metric.
    ///
    /// # Errors
    /// When two metrics share a name, which is a mistake in this file.
    pub fn new(owner: &str) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let make = Make { registry: &registry };
        let info = make.gauge_vec(
            "build_info",
            "Always 1; revision and go_version are empty.",
            &["version", "revision", "go_version", "os", "arch"],
        )?;
        let os = std::env::consts::OS;
        info.with_label_values(&[env!("CARGO_PKG_VERSION"), "", "", os, std::env::consts::ARCH]).set(1.0);
        let http_requests = SummaryVec::new(
            &format!("{NAMESPACE}_http_request_duration_seconds"),
            "Calls of the Kubernetes API and of the provider; path is the last segment.",
            &["handler", "scheme", "host", "path", "method", "status"],
        )?;
        let http_requests = Arc::new(http_requests);
        registry.register(Box::new(Shared(http_requests.clone())))?;
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        let metrics = Self {
            owner: owner.to_owned(),
            http_requests,
            consecutive_soft_errors: make
                .int_gauge("controller_consecutive_soft_errors", "Cycles in a row in which the provider failed.")?,
            last_reconcile: make
                .gauge("controller_last_reconcile_timestamp_seconds", "When the last cycle started.")?,
            last_sync: make.gauge(
                "controller_last_sync_timestamp_seconds",
                "When the last cycle ended in which the provider did its part. Alert on its age.",
            )?,
            no_op_runs: make.counter("controller_no_op_runs_total", "Cycles that found nothing to do.")?,
            verified_records: make.int_gauge_vec(
                "controller_verified_records",
                "Wanted records that exist.",
                &["record_type"],
            )?,
            cache_records_calls: make.counter_vec(
                "provider_cache_records_calls",
                "With --provider-cache-time: listings; true where an earlier one was used again.",
                &["from_cache"],
            )?,
            cache_apply_calls: make
                .counter("provider_cache_apply_changes_calls", "With --provider-cache-time: writes.")?,
            registry_total: make.int_gauge("registry_endpoints_total", "Records that exist, whoever owns them, without ownership records.")?,
            registry_errors: make.counter("registry_errors_total", "Cycles in which reading or writing records failed.")?,
            registry_records: make.int_gauge_vec(
                "registry_records",
                "Records that exist, whoever owns them, without ownership records.",
                &["record_type"],
            )?,
            owner_mismatch: make.int_gauge_vec(
                "registry_skipped_records_owner_mismatch_per_sync",
                "Wanted records left alone because somebody else owns what stands there.",
                &["record_type", "owner", "foreign_owner", "domain"],
            )?,
            deduplicated: make.int_gauge_vec(
                "source_deduplicated_endpoints",
                "Record sets that were asked for twice.",
                &["record_type", "source_type"],
            )?,
            invalid: make.int_gauge_vec(
                "source_invalid_endpoints",
                "Record sets that are malformed and left out.",
                &["record_type", "source_type"],
            )?,
            source_total: make.int_gauge("source_endpoints_total", "Record sets that all sources ask for.")?,
            source_errors: make
                .counter("source_errors_total", "Cycles in which a source or an object failed.")?,
            source_records: make.int_gauge_vec(
                "source_records",
                "Record sets that all sources ask for.",
                &["record_type"],
            )?,
            skipped: make.int_gauge_vec(
                "controller_skipped_records",
                "Records left alone in the last cycle, by code.",
                &["reason"],
            )?,
            withheld_deletes: make
                .int_gauge("controller_withheld_deletes", "Deletes that the delete guard withholds. Alert when above 0.")?,
            changes: make.counter_vec(
                "controller_changes_total",
                "Changes sent to the provider.",
                &["action", "outcome"],
            )?,
            events: make.counter_vec(
                "controller_events_total",
                "Kubernetes Events that were to be written, by what became of them.",
                &["outcome"],
            )?,
            plan_size: make.int_gauge_vec(
                "controller_plan_size",
                "Changes that the last run planned, of all names or of some.",
                &["operation", "reason"],
            )?,
            quarantined: make.int_gauge(
                "controller_quarantined_names",
                "Names with a record that the provider refuses, as of the last full run.",
            )?,
            provider_requests: make.counter_vec(
                "provider_requests_total",
                "Calls of the provider's API, repetitions included; the HTTP status, or none where no answer came.",
                &["operation", "code"],
            )?,
            webhook_server_requests: make.counter_vec(
                "webhook_server_requests_total",
                "Calls that the webhook server has answered.",
                &["call", "code"],
            )?,
            event_to_record: make.histogram(
                "controller_event_to_record_seconds",
                "From the moment a changed object was taken in to the provider's answer, once per record written.",
                &EVENT_TO_RECORD,
            )?,
            snapshot_age: make.gauge(
                "controller_snapshot_age_seconds",
                "Age of the oldest listing that plans are made with.",
            )?,
            oldest_listing: Mutex::default(),
            lease: make.int_gauge_vec(
                "controller_lease_state",
                "1 for what this replica is with --leader-elect.",
                &["state"],
            )?,
            leadership: OnceLock::new(),
            registry,
        };
        Ok(metrics)
    }

    /// Publishes the counters of the webhook client.
    ///
    /// # Errors
    /// When they are published already.
    pub fn add_webhook(&self, stats: Arc<WebhookStats>) -> prometheus::Result<()> {
        let gauge = |call: &str, what: &str| {
            let name = format!("{NAMESPACE}_webhook_provider_{call}_{what}_total");
            IntGauge::new(name, format!("{what} of the webhook provider's {call} call"))
        };
        let mut gauges = Vec::new();
        for call in ["records", "applychanges", "adjustendpoints"] {
            gauges.push((gauge(call, "requests")?, gauge(call, "errors")?));
        }
        self.registry.register(Box::new(WebhookCollector { stats, gauges }))
    }

    /// Notes a call to the Kubernetes API.
    pub fn kubernetes_request(&self, call: &kubernetes::RequestRecord) {
        let server = &call.server;
        self.http_request(&HttpRequest {
            scheme: server.scheme_str().unwrap_or_default(),
            host: server.authority().map_or("", |authority| without_user(authority.as_str())),
            path: &call.path,
            method: call.method.as_str(),
            status: call.status.map(|status| status.as_u16()),
            duration: call.duration,
        });
    }

    /// From now on shows what this replica is, if there is an election.
    pub fn watch_leadership(&self, leadership: &Leadership) {
        if leadership.is_elected() {
            // Set once, before the first run.
            drop(self.leadership.set(leadership.clone()));
        }
    }

    /// Notes a call to a webhook provider.
    pub fn webhook_request(&self, call: &webhook::RequestRecord) {
        let code = call.status.map_or("none".to_owned(), |status| status.as_u16().to_string());
        self.provider_requests.with_label_values(&[operation_of(call), &code]).inc();
        self.http_request(&HttpRequest {
            scheme: call.url.scheme(),
            // With the port, if the URL names one.
            host: without_user(call.url.authority()),
            path: call.url.path(),
            method: call.method.as_str(),
            status: call.status.map(|status| status.as_u16()),
            duration: call.duration,
        });
    }

    /// Notes a call to any other provider's API.
    pub fn provider_request(&self, call: &RequestRecord) {
        let code = call.status.map_or("none".to_owned(), |status| status.to_string());
        self.provider_requests.with_label_values(&[&call.operation, &code]).inc();
        let url: http::Uri = call.url.parse().unwrap_or_default();
        self.http_request(&HttpRequest {
            scheme: url.scheme_str().unwrap_or_default(),
            host: url.authority().map_or("", |authority| without_user(authority.as_str())),
            path: url.path(),
            method: &call.method,
            status: call.status,
            duration: call.duration,
        });
    }

    /// Notes a call that the webhook server has answered.
    pub fn webhook_served(&self, call: &str, status: u16) {
        self.webhook_server_requests.with_label_values(&[call, &status.to_string()]).inc();
    }

    /// Notes what became of a Kubernetes Event.
    pub fn event(&self, outcome: EventOutcome) {
        self.events.with_label_values(&[outcome.code()]).inc();
    }

    fn http_request(&self, request: &HttpRequest<'_>) {
        let status = request.status.map(|status| status.to_string()).unwrap_or_default();
        // As upstream: only the last segment, which bounds the number of series for lists and watches.
        let path = request.path.rsplit('/').next().unwrap_or_default();
        let labels = ["instrumented_http", request.scheme, request.host, path, request.method, &status];
        self.http_requests.observe(&labels, request.duration.as_secs_f64());
    }

    /// Everything in the text format of Prometheus.
    ///
    /// # Errors
    /// When a metric cannot be encoded.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        self.take_stock();
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// What is different each time somebody looks.
    fn take_stock(&self) {
        // A panic elsewhere does not make the moment wrong.
        if let Some(oldest) = *self.oldest_listing.lock().unwrap_or_else(PoisonError::into_inner) {
            self.snapshot_age.set(oldest.elapsed().as_secs_f64());
        }
        if let Some(leadership) = self.leadership.get() {
            let role = leadership.standing().role;
            for state in [Role::Candidate, Role::Standby, Role::Leader] {
                self.lease.with_label_values(&[state.as_str()]).set(i64::from(state == role));
            }
        }
    }

    fn note_plan(&self, report: &CycleReport) {
        self.plan_size.reset();
        for change in &report.plan.changes {
            self.plan_size.with_label_values(&[change.action(), change.reason_code()]).inc();
        }
        for (sent, count) in report.sent.iter() {
            self.plan_size.with_label_values(&[sent.action, sent.reason]).add(count as i64);
            let outcome = if sent.is_made { "ok" } else { "error" };
            self.changes.with_label_values(&[sent.action, outcome]).inc_by(count as u64);
        }
        let written = report.sent.count(|sent| sent.is_made);
        if let Some(since) = report.since_event {
            (0..written).for_each(|_| self.event_to_record.observe(since.as_secs_f64()));
        }
    }

    fn note_outcome(&self, report: &CycleReport) {
        let failed = |step| report.failure.as_ref().is_some_and(|failure| failure.step == step);
        if failed(Step::Read) || !report.unreadable.is_empty() || report.failed_changes() > 0 {
            self.registry_errors.inc();
        }
        if !report.incomplete.is_empty()
            || report.problems.iter().any(|p| p.severity == crate::sources::outcome::Severity::Error)
        {
            self.source_errors.inc();
        }
        if !report.provider_succeeded() {
            self.consecutive_soft_errors.inc();
            return;
        }
        self.consecutive_soft_errors.set(0);
        self.last_sync.set(now());
        if report.planned == 0 {
            self.no_op_runs.inc();
        }
    }

    fn note_cache(&self, report: &CycleReport) {
        let Some(from_cache) = report.listed_from_cache else { return };
        let from_cache = if from_cache { "true" } else { "false" };
        self.cache_records_calls.with_label_values(&[from_cache]).inc();
        if report.sent.count(|_| true) > 0 {
            self.cache_apply_calls.inc();
        }
    }

    fn note_skips(&self, skips: &[Skip]) {
        self.owner_mismatch.reset();
        self.skipped.reset();
        let is_refused = |skip: &&Skip| matches!(skip.reason, SkipReason::Quarantined { .. });
        let refused: BTreeSet<&DnsName> = skips.iter().filter(is_refused).map(|skip| &skip.name).collect();
        self.quarantined.set(refused.len() as i64);
        for skip in skips {
            self.skipped.with_label_values(&[skip.reason.code()]).inc();
            let foreign_owner = match &skip.reason {
                SkipReason::ForeignOwner { owner }
                | SkipReason::Claimed { owner }
                | SkipReason::TypeConflict { owner, .. } => owner.as_str(),
                SkipReason::Unowned => "",
                _ => continue,
            };
            // As upstream: the set identifier stands in for an unknown owner.
            let foreign_owner = if foreign_owner.is_empty() { &skip.set_identifier } else { foreign_owner };
            let labels = [skip.record_type.as_str(), &self.owner, foreign_owner, &domain_of(&skip.name)]
                .map(str::to_lowercase);
            self.owner_mismatch.with_label_values(&labels.each_ref().map(String::as_str)).inc();
        }
    }
}

/// A host and its port, without the user name and password before them.
fn without_user(authority: &str) -> &str {
    authority.rsplit('@').next().unwrap_or_default()
}

/// The call of the webhook protocol; it has no others than these.
fn operation_of(call: &webhook::RequestRecord) -> &'static str {
    let last = call.url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    match (last, call.method == http::Method::POST) {
        ("records", false) => "list",
        ("records", true) => "apply",
        ("adjustendpoints", _) => "adjust",
        _ => "negotiate",
    }
}

/// One call over HTTP, whoever was called.
struct HttpRequest<'a> {
    scheme: &'a str,
    host: &'a str,
    path: &'a str,
    method: &'a str,
    status: Option<u16>,
    duration: Duration,
}

impl Observer for Metrics {
    fn started(&self) {
        self.last_reconcile.set(now());
    }

    /// What was known of the zones is forgotten.
    fn stands_by(&self) {
        *self.oldest_listing.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.snapshot_age.set(0.0);
    }

    fn ended(&self, report: &CycleReport) {
        self.note_outcome(report);
        self.note_plan(report);
        *self.oldest_listing.lock().unwrap_or_else(PoisonError::into_inner) = report.oldest_listing;
        if report.names.is_some() {
            // The gauges below count everything, and this run looked at some names only.
            return;
        }
        self.note_cache(report);
        set_by_type(&self.source_records, &report.wished);
        self.source_total.set(total(&report.wished));
        self.deduplicated.reset();
        for ((record_type, source), count) in &report.duplicates {
            self.deduplicated.with_label_values(&[record_type, source]).set(*count as i64);
        }
        self.invalid.reset();
        for problem in &report.problems {
            if let Some(record_type) = &problem.invalid {
                let record_type = record_type.as_str().to_lowercase();
                self.invalid.with_label_values(&[record_type.as_str(), problem.object.source]).inc();
            }
        }
        if report.failure.is_some() {
            return;
        }
        set_by_type(&self.registry_records, &report.existing);
        self.registry_total.set(total(&report.existing));
        set_by_type(&self.verified_records, &report.verified);
        self.note_skips(&report.plan.skips);
        let withheld = report.withheld.iter().map(|withheld| withheld.deletes.len());
        self.withheld_deletes.set(withheld.sum::<usize>() as i64);
    }
}

/// The name without its first label, unless only one label would be left (ExternalDNS's rule for the label `domain`).
fn domain_of(name: &DnsName) -> String {
    match name.parent() {
        Some(parent) if parent.label_count() > 1 => parent.to_string(),
        _ => name.to_string(),
    }
}

fn set_by_type(gauges: &IntGaugeVec, counts: &ByType) {
    gauges.reset();
    for (record_type, count) in counts {
        gauges.with_label_values(&[record_type]).set(*count as i64);
    }
}

fn total(counts: &ByType) -> i64 {
    counts.values().sum::<usize>() as i64
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

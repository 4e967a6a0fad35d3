//! Making metrics, and those that are read from elsewhere.

use super::NAMESPACE;
use crate::telemetry::summary::SummaryVec;
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};
use std::sync::Arc;
use zonewright_provider_webhook::WebhookStats;

/// Makes metrics and registers them in one go, so that none can be forgotten.
pub(super) struct Make<'a> {
    pub registry: &'a Registry,
}

impl Make<'_> {
    fn add<C: Collector + Clone + 'static>(&self, metric: C) -> prometheus::Result<C> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn opts(name: &str, help: &str) -> Opts {
        Opts::new(format!("{NAMESPACE}_{name}"), help)
    }

    pub fn gauge(&self, name: &str, help: &str) -> prometheus::Result<Gauge> {
        self.add(Gauge::with_opts(Self::opts(name, help))?)
    }

    pub fn int_gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::with_opts(Self::opts(name, help))?)
    }

    pub fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::with_opts(Self::opts(name, help))?)
    }

    pub fn gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
        self.add(GaugeVec::new(Self::opts(name, help), labels)?)
    }

    pub fn int_gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.add(IntGaugeVec::new(Self::opts(name, help), labels)?)
    }

    pub fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> prometheus::Result<Histogram> {
        let opts = HistogramOpts::new(format!("{NAMESPACE}_{name}"), help).buckets(buckets.to_vec());
        self.add(Histogram::with_opts(opts)?)
    }

    pub fn counter_vec(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.add(IntCounterVec::new(Self::opts(name, help), labels)?)
    }
}

/// Lets a collector be observed from outside the registry.
pub(super) struct Shared(pub Arc<SummaryVec>);

impl Collector for Shared {
    fn desc(&self) -> Vec<&prometheus::core::Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
        self.0.collect()
    }
}

/// Reads the webhook client's counters when asked. Upstream publishes them as gauges.
pub(super) struct WebhookCollector {
    pub stats: Arc<WebhookStats>,
    pub gauges: Vec<(IntGauge, IntGauge)>,
}

impl Collector for WebhookCollector {
    fn desc(&self) -> Vec<&prometheus::core::Desc> {
        self.gauges.iter().flat_map(|(requests, errors)| [requests.desc(), errors.desc()].concat()).collect()
    }

    fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
        let mut families = Vec::new();
        let calls = [&self.stats.records, &self.stats.apply_changes, &self.stats.adjust_endpoints];
        for ((requests, errors), call) in self.gauges.iter().zip(calls) {
            requests.set(call.requests() as i64);
            errors.set(call.errors() as i64);
            families.extend(requests.collect());
            families.extend(errors.collect());
        }
        families
    }
}

//! A Prometheus summary: quantiles, sum and count. The metrics library has no such type.

use prometheus::core::{Collector, Desc};
use prometheus::proto;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// The quantiles that ExternalDNS publishes.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];
/// How many of the latest observations the quantiles are taken from.
const WINDOW: usize = 512;

/// A summary with labels.
#[derive(Debug)]
pub(super) struct SummaryVec {
    desc: Desc,
    label_names: Vec<&'static str>,
    series: Mutex<BTreeMap<Vec<String>, Series>>,
}

#[derive(Debug, Default)]
struct Series {
    count: u64,
    sum: f64,
    latest: VecDeque<f64>,
}

impl SummaryVec {
    pub(super) fn new(name: &str, help: &str, label_names: &[&'static str]) -> prometheus::Result<Self> {
        let names = label_names.iter().map(|name| (*name).to_owned()).collect();
        let desc = Desc::new(name.to_owned(), help.to_owned(), names, Default::default())?;
        Ok(Self { desc, label_names: label_names.to_vec(), series: Mutex::default() })
    }

    pub(super) fn observe(&self, labels: &[&str], value: f64) {
        let key = labels.iter().map(|label| (*label).to_owned()).collect();
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = all.entry(key).or_default();
        series.count += 1;
        series.sum += value;
        if series.latest.len() == WINDOW {
            series.latest.pop_front();
        }
        series.latest.push_back(value);
    }

    fn metric(&self, labels: &[String], series: &Series) -> proto::Metric {
        let mut sorted: Vec<f64> = series.latest.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let quantiles = QUANTILES.map(|q| {
            let position = ((sorted.len() as f64 * q) as usize).min(sorted.len().saturating_sub(1));
            let mut quantile = proto::Quantile::default();
            quantile.set_quantile(q);
            quantile.set_value(sorted.get(position).copied().unwrap_or(f64::NAN));
            quantile
        });
        let mut summary = proto::Summary::default();
        summary.set_sample_count(series.count);
        summary.set_sample_sum(series.sum);
        summary.set_quantile(quantiles.to_vec());
        let pairs = self.label_names.iter().zip(labels).map(|(name, value)| {
            let mut pair = proto::LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value(value.clone());
            pair
        });
        let mut metric = proto::Metric::default();
        metric.set_label(pairs.collect());
        metric.set_summary(summary);
        metric
    }
}

impl Collector for SummaryVec {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let mut family = proto::MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(proto::MetricType::SUMMARY);
        family.set_metric(all.iter().map(|(labels, series)| self.metric(labels, series)).collect());
        vec![family]
    }
}

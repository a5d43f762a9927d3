//! Metrics: made of what was published last whenever somebody scrapes, so the series of a tenant
//! end with it.
//!
//! ```text
//! Published --TABLE: name, kind, help, labels, samples--> OpenMetrics at /metrics
//!                                 \-- names and help --> src/guide/metrics.md
//! ```
//!
//! **Invariant:** no label names a person: labels are tenants, codes and words of this program.

mod page;
mod table;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};

pub use page::markdown;
pub(super) use table::Sampled;
use table::{Labels, Metric, MetricKind, MetricValue, TABLE};

/// What every name begins with.
const PREFIX: &str = "dialplane";

/// The type of the text.
pub(super) const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics as they are now.
pub(super) fn text(seen: Sampled) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(seen));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

impl Collector for Sampled {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        TABLE.iter().try_for_each(|metric| write(metric, self, &mut encoder))
    }
}

/// Writes one metric. One without a sample is not there.
fn write(
    metric: &Metric,
    seen: &Sampled,
    encoder: &mut DescriptorEncoder<'_>,
) -> Result<(), std::fmt::Error> {
    let samples = (metric.samples)(seen);
    if samples.is_empty() {
        return Ok(());
    }
    let seconds = metric.seconds.then_some(Unit::Seconds);
    let kind = match metric.kind {
        MetricKind::Gauge => MetricType::Gauge,
        MetricKind::Counter => MetricType::Counter,
        MetricKind::Histogram => MetricType::Histogram,
    };
    let mut family = encoder.encode_descriptor(metric.name, metric.help, seconds.as_ref(), kind)?;
    for sample in &samples {
        let labels: Labels = sample.labels.clone();
        if labels.is_empty() {
            value(&sample.value, &mut family)?;
        } else {
            value(&sample.value, &mut family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn value(value: &MetricValue, encoder: &mut MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
    match value {
        MetricValue::Gauge(value) => encoder.encode_gauge(value),
        MetricValue::Counter(value) => encoder.encode_counter::<NoLabelSet, _, u64>(value, None),
        MetricValue::Histogram(sum, count, buckets) => {
            encoder.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
        }
    }
}

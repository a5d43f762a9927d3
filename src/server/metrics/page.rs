//! The page of the guide, from the same table.

use std::fmt::{self, Write as _};

use super::{
    PREFIX,
    table::{Metric, MetricKind, TABLE},
};
use crate::words::list;

/// `src/guide/metrics.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(&mut out);
    out
}

fn write_page(out: &mut String) -> fmt::Result {
    out.push_str(
        "# Metrics\n\nWhat `/metrics` has, as OpenMetrics. No label names a person. The series of a \
            tenant end with it.\nMoments are Unix timestamps: an alert computes ages itself, as in \
            `time() - dialplane_tenant_last_success_timestamp_seconds > 3600`.\n\
            `examples/prometheus` has alert rules and a dashboard. This page is written from the \
            table in `src/server/metrics`.\n\n| metric | type | labels | what it is |\n\
            |---|---|---|---|\n",
    );
    for metric in TABLE {
        let kind = match metric.kind {
            MetricKind::Gauge => "gauge",
            MetricKind::Counter => "counter",
            MetricKind::Histogram => "histogram",
        };
        let labels = list(metric.labels.iter().map(|label| format!("`{label}`")));
        writeln!(out, "| `{}` | {kind} | {labels} | {} |", metric.shown(), metric.help)?;
    }
    Ok(())
}

impl Metric {
    /// Its name as people write it in a query.
    fn shown(&self) -> String {
        let unit = if self.seconds { "_seconds" } else { "" };
        let total = if matches!(self.kind, MetricKind::Counter) { "_total" } else { "" };
        format!("{PREFIX}_{}{unit}{total}", self.name)
    }
}

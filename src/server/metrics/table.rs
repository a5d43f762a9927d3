//! The table of all metrics: each row says its name, what it is, and how it is made of what was
//! published.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::super::Published;
use crate::board::{Durations, Group, LeadRow, Need, ReceiverRow, TenantRow};

/// Labels of a sample.
pub(super) type Labels = Vec<(&'static str, String)>;

/// What samples are made of.
#[derive(Debug)]
pub(in super::super) struct Sampled {
    /// What was published last.
    pub(in super::super) published: Arc<Published>,
    /// How long ago the loop made its last turn.
    pub(in super::super) beat: Duration,
    /// The time of the scrape.
    pub(in super::super) now: Timestamp,
}

/// What a metric is.
#[derive(Debug, Clone, Copy)]
pub(super) enum MetricKind {
    Gauge,
    Counter,
    Histogram,
}

/// One metric.
pub(super) struct Metric {
    /// Without the prefix, the unit and `_total`.
    pub(super) name: &'static str,
    pub(super) kind: MetricKind,
    /// Whether its unit is seconds.
    pub(super) seconds: bool,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
    pub(super) samples: fn(&Sampled) -> Vec<Sample>,
}

/// One value.
pub(super) struct Sample {
    pub(super) labels: Labels,
    pub(super) value: MetricValue,
}

/// A value.
pub(super) enum MetricValue {
    Gauge(f64),
    Counter(u64),
    /// The sum, the count, and how often it was within each bound and above the one before.
    Histogram(f64, u64, Vec<(f64, u64)>),
}

const fn row(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    samples: fn(&Sampled) -> Vec<Sample>,
) -> Metric {
    Metric { name, kind: MetricKind::Gauge, seconds: false, labels, help, samples }
}

const fn moment(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    samples: fn(&Sampled) -> Vec<Sample>,
) -> Metric {
    Metric { name, kind: MetricKind::Gauge, seconds: true, labels, help, samples }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
    samples: fn(&Sampled) -> Vec<Sample>,
) -> Metric {
    Metric { name, kind: MetricKind::Counter, seconds: false, labels, help, samples }
}

const OF_TENANT: &[&str] = &["tenant"];
const OF_RECEIVER: &[&str] = &["receiver"];

/// All of them.
#[rustfmt::skip]
pub(super) const TABLE: &[Metric] = &[
    row("build_info", &["version", "commit"], "1; the version of the program, and the commit of the manifests in force.", build),
    moment("start_timestamp", &[], "When the process began.", |seen| one(stamp(seen.status().started))),
    moment("loop_beat_timestamp", &[], "When the service's loop made its last turn; it makes one each second.", |seen| {
        let beat = stamp(seen.now) - seen.beat.as_secs_f64();
        one(beat)
    }),
    row("stopped", &[], "1 while the stop switch is on: nothing is written.", |seen| one(flag(seen.status().stop.is_some()))),
    row("journal_away", &[], "1 while the journal cannot be reached: nothing new begins.", |seen| one(flag(seen.status().journal_away.is_some()))),
    row("leader", &[], "1 if this service leads: of several that share a journal it alone does the passes; 0 if it stands by. Absent of the only one.", |seen| lead(seen, |lead| lead.leads)),
    row("leader_behind", &[], "1 while it leads and waits, because its manifests may be older than those in force.", |seen| lead(seen, |lead| lead.behind.is_some())),
    row("manifests_errors", &[], "Mistakes in the manifests that were looked at last.", |seen| one(count(seen.status().manifests.errors))),
    moment("manifests_taken_timestamp", &[], "When manifests last changed what is in force.", |seen| {
        seen.status().manifests.taken_at.map(stamp).map(one).unwrap_or_default()
    }),
    row("sources_behind", &[], "Branches of git whose newest commit is not in force.", |seen| {
        let behind = seen.status().manifests.sources.iter().filter(|source| source.trouble.is_some());
        one(count(behind.count()))
    }),
    row("notices_undelivered", OF_RECEIVER, "What a receiver of notices is to be told and has not taken yet.", |seen| receivers(seen, |row| Some(count(row.undelivered)))),
    moment("notices_last_delivery_timestamp", OF_RECEIVER, "When a receiver last took a notice; absent if it took none since the process began.", |seen| receivers(seen, |row| row.last_delivery.map(stamp))),
    counter("notices", &["receiver", "outcome"], "Notices since the process began that were `delivered`, and tries that `failed`.", notices),
    row("tenants", &["mode"], "Tenants by mode; `broken` are those that have no version in force.", tenants),
    row("tenants_in_need", &["need"], "Tenants that need somebody, by why: `manifests`, `failing`, `held`, `problems`.", in_need),
    row("tenant_managed_users", OF_TENANT, "Users that the manifests name.", |seen| each(seen, |row| Some(count(row.managed)))),
    moment("tenant_last_attempt_timestamp", OF_TENANT, "When the last pass ended.", |seen| each(seen, |row| row.last_at.map(stamp))),
    moment("tenant_last_success_timestamp", OF_TENANT, "When a pass last read live state and nothing failed in it, whether or not something was held.", |seen| each(seen, |row| row.last_success.map(stamp))),
    moment("tenant_next_attempt_timestamp", OF_TENANT, "When the next pass is due; absent while one runs.", |seen| each(seen, |row| row.next_at.map(stamp))),
    row("tenant_failures", OF_TENANT, "Passes that failed since one last did not.", |seen| each(seen, |row| Some(f64::from(row.failures)))),
    row("tenant_held", &["tenant", "reason"], "1 if the last plan held the tenant as a whole, by the code of the reason.", |seen| groups(seen, |row| &row.holds, |hold| (hold.count == 0).then_some(1.0))),
    row("tenant_held_steps", &["tenant", "reason"], "Steps that the last plan held, by the code of the reason.", |seen| groups(seen, |row| &row.holds, |hold| (hold.count > 0).then(|| count(hold.count)))),
    moment("tenant_suspended_since_timestamp", OF_TENANT, "Since when somebody has suspended the tenant; absent if nobody has.", |seen| each(seen, |row| row.suspended.as_ref().map(|suspended| stamp(suspended.at)))),
    row("tenant_problem_users", &["tenant", "reason"], "Users that nothing could be planned for, by the code of the reason.", |seen| groups(seen, |row| &row.problems, |problem| Some(count(problem.count)))),
    row("tenant_drift_users", OF_TENANT, "What differs and is only shown, because the mode is `report`.", |seen| each(seen, |row| Some(count(row.drift)))),
    moment("tenant_drift_since_timestamp", OF_TENANT, "Since when there has been such drift.", |seen| each(seen, |row| row.drift_since.map(stamp))),
    moment("tenant_sync_owed_since_timestamp", OF_TENANT, "Since when a sync is owed; absent if none is.", |seen| each(seen, |row| row.sync_owed_since.map(stamp))),
    moment("tenant_last_sync_timestamp", OF_TENANT, "When the service last accepted a sync.", |seen| each(seen, |row| row.last_sync.map(stamp))),
    row("tenant_unknown_outcomes", OF_TENANT, "Users with a call whose answer was lost and is not decided yet.", |seen| each(seen, |row| Some(count(row.lost_answers)))),
    row("tenant_settling_users", OF_TENANT, "Users whose last writes are not visible yet, which is normal for a while.", |seen| each(seen, |row| Some(count(row.settling)))),
    row("tenant_did_not_land_steps", OF_TENANT, "Steps of the last plan that send again what did not become visible in time.", |seen| each(seen, |row| Some(count(row.did_not_land)))),
    row("tenant_confirmed_users", OF_TENANT, "Managed users that Teams shows as the service does, where that is asked.", |seen| each(seen, |row| row.confirmed.map(|(confirmed, _)| count(confirmed)))),
    row("tenant_unconfirmed_users", OF_TENANT, "Managed users that Teams shows otherwise, or not yet.", |seen| each(seen, |row| row.confirmed.map(|(confirmed, of)| count(of.saturating_sub(confirmed))))),
    counter("steps", &["verb", "outcome"], "Steps that were tried since the process began.", |seen| {
        let steps = seen.published.counts.steps.iter();
        steps.map(|((verb, outcome), times)| counted(vec![("verb", (*verb).to_owned()), ("outcome", (*outcome).to_owned())], *times)).collect()
    }),
    counter("syncs", &["outcome"], "Syncs that were due since the process began.", |seen| {
        let syncs = seen.published.counts.syncs.iter();
        syncs.map(|(outcome, times)| counted(vec![("outcome", (*outcome).to_owned())], *times)).collect()
    }),
    Metric {
        name: "pass_duration", kind: MetricKind::Histogram, seconds: true, labels: &["ending"],
        help: "How long passes took, by how they ended: `done`, `held`, `waits`, `failed`.",
        samples: passes,
    },
];

impl Sampled {
    fn status(&self) -> &crate::board::Status {
        &self.published.status
    }
}

/// A moment as metrics have it.
fn stamp(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "there are not that many of anything")]
fn count(count: usize) -> f64 {
    count as f64
}

fn flag(on: bool) -> f64 {
    f64::from(u8::from(on))
}

/// A metric without labels.
fn one(value: f64) -> Vec<Sample> {
    vec![gauge(Labels::new(), value)]
}

fn gauge(labels: Labels, value: f64) -> Sample {
    Sample { labels, value: MetricValue::Gauge(value) }
}

fn counted(labels: Labels, times: u64) -> Sample {
    Sample { labels, value: MetricValue::Counter(times) }
}

/// Something of a service that shares its journal with others.
fn lead(seen: &Sampled, is_so: impl Fn(&LeadRow) -> bool) -> Vec<Sample> {
    seen.status().lead.as_ref().map(|lead| one(flag(is_so(lead)))).unwrap_or_default()
}

/// One sample for each tenant that has one.
fn each(seen: &Sampled, value: impl Fn(&TenantRow) -> Option<f64>) -> Vec<Sample> {
    let rows = seen.status().tenants.iter();
    let sample = |row: &Arc<TenantRow>| {
        let labels = vec![("tenant", row.tenant.clone())];
        Some(gauge(labels, value(row)?))
    };
    rows.filter_map(sample).collect()
}

/// One sample for each receiver of notices that has one.
fn receivers(seen: &Sampled, value: impl Fn(&ReceiverRow) -> Option<f64>) -> Vec<Sample> {
    let rows = seen.status().receivers.iter();
    let sample = |row: &ReceiverRow| {
        let labels = vec![("receiver", row.name.clone())];
        Some(gauge(labels, value(row)?))
    };
    rows.filter_map(sample).collect()
}

fn notices(seen: &Sampled) -> Vec<Sample> {
    let mut samples = Vec::new();
    for row in &seen.status().receivers {
        for (outcome, times) in [("delivered", row.delivered), ("failed", row.failed)] {
            let labels = vec![("receiver", row.name.clone()), ("outcome", outcome.to_owned())];
            samples.push(counted(labels, times));
        }
    }
    samples
}

/// One sample for each group of each tenant that has one.
fn groups(
    seen: &Sampled,
    of: impl Fn(&TenantRow) -> &[Group],
    value: impl Fn(&Group) -> Option<f64>,
) -> Vec<Sample> {
    let mut samples = Vec::new();
    for row in &seen.status().tenants {
        for group in of(row) {
            let labels = vec![("tenant", row.tenant.clone()), ("reason", group.code.clone())];
            samples.extend(value(group).map(|value| gauge(labels, value)));
        }
    }
    samples
}

fn build(seen: &Sampled) -> Vec<Sample> {
    let revision = seen.status().manifests.revision.as_ref();
    let commit = revision.map(|revision| revision.commit.clone()).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    vec![gauge(vec![("version", version), ("commit", commit)], 1.0)]
}

fn tenants(seen: &Sampled) -> Vec<Sample> {
    let mut modes =
        BTreeMap::from(["enforce", "report", "suspend", "broken"].map(|mode| (mode, 0)));
    for row in &seen.status().tenants {
        let mode = if row.mode.is_empty() { "broken" } else { row.mode.as_str() };
        if let Some(tenants) = modes.get_mut(mode) {
            *tenants += 1;
        }
    }
    let sample =
        |(mode, tenants): (&str, usize)| gauge(vec![("mode", mode.to_owned())], count(tenants));
    modes.into_iter().map(sample).collect()
}

fn in_need(seen: &Sampled) -> Vec<Sample> {
    let needs = [Need::Manifests, Need::Failing, Need::Held, Need::Problems];
    let sample = |need: Need| {
        let rows = seen.status().tenants.iter().filter(|row| row.needs.contains(&need));
        gauge(vec![("need", need.name().to_owned())], count(rows.count()))
    };
    needs.into_iter().map(sample).collect()
}

fn passes(seen: &Sampled) -> Vec<Sample> {
    let passes = seen.published.counts.passes.iter();
    let sample = |(ending, took): (&&'static str, &Durations)| {
        let above = took.count - took.within.iter().sum::<u64>();
        let bounds = Durations::BOUNDS.into_iter().zip(took.within);
        let buckets = bounds.chain([(f64::INFINITY, above)]).collect();
        Sample {
            labels: vec![("ending", (*ending).to_owned())],
            value: MetricValue::Histogram(took.sum, took.count, buckets),
        }
    };
    passes.map(sample).collect()
}

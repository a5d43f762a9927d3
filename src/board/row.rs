//! One tenant at one moment: a row of the status.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Group, Need,
    moments::{moment, moment_or_none},
};
use crate::{
    execute::{SyncOutcome, TenantReport},
    model::{Debts, DesiredTenant, Memory, Mode, StepOutcome},
    plan::{Note, TenantPlan},
    reconcile::Ending,
    words::many,
};

/// One tenant at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct TenantRow {
    /// Its name.
    pub tenant: String,
    /// `enforce`, `report` or `suspend`; empty if no version of its manifests is in force.
    pub mode: String,
    /// The users that the manifests name.
    pub managed: usize,
    /// Why somebody has to look at it. Empty if nobody has to.
    pub needs: Vec<Need>,
    /// How its last pass ended.
    pub last: Option<LastPass>,
    /// When.
    #[schemars(schema_with = "moment_or_none")]
    pub last_at: Option<Timestamp>,
    /// When a pass last read live state and nothing failed in it, whether or not something was held.
    #[schemars(schema_with = "moment_or_none")]
    pub last_success: Option<Timestamp>,
    /// How many passes have failed since.
    pub failures: u32,
    /// Why the last pass failed, if it did.
    pub failure: Option<String>,
    /// When the next pass is due; absent while one runs.
    #[schemars(schema_with = "moment_or_none")]
    pub next_at: Option<Timestamp>,
    /// What is wrong with the tenant's manifests.
    pub note: Option<String>,
    /// That somebody has suspended it. That is not its mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspended>,
    /// What the last plan held, by reason.
    pub holds: Vec<Group>,
    /// Users that nothing could be planned for, by reason.
    pub problems: Vec<Group>,
    /// What differs and is only shown, because the mode is `report`.
    pub drift: usize,
    /// Since when there has been such drift.
    #[schemars(schema_with = "moment_or_none")]
    pub drift_since: Option<Timestamp>,
    /// Since when a sync is owed.
    #[schemars(schema_with = "moment_or_none")]
    pub sync_owed_since: Option<Timestamp>,
    /// When the service last accepted a sync.
    #[schemars(schema_with = "moment_or_none")]
    pub last_sync: Option<Timestamp>,
    /// Users with a call whose answer was lost, or cut off by a crash, and is not decided yet.
    pub lost_answers: usize,
    /// Users whose last writes are not visible yet, which is normal until `settlingUntil`.
    pub settling: usize,
    /// Until when that is normal.
    #[schemars(schema_with = "moment_or_none")]
    pub settling_until: Option<Timestamp>,
    /// Writes of earlier runs that did not become visible in time and were sent again.
    pub did_not_land: usize,
    /// How many managed users Teams shows as the service does, and of how many, where that is
    /// asked.
    pub confirmed: Option<(usize, usize)>,
    /// The last run that sent something.
    pub last_run: Option<String>,
    /// The pass that it was part of.
    pub last_pass: Option<String>,
}

/// That somebody has suspended a tenant: it is planned, and nothing of it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suspended {
    /// Since when.
    #[schemars(schema_with = "moment")]
    pub at: Timestamp,
    /// Who.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it ends without a person; absent if somebody has to end it.
    #[schemars(schema_with = "moment_or_none")]
    pub until: Option<Timestamp>,
}

/// How the last pass of a tenant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LastPass {
    /// Everything that may be done is done.
    Done,
    /// Something is held.
    Held,
    /// Something failed.
    Failed,
    /// Everything is done but the sync, which may not be sent yet.
    Waits,
}

impl LastPass {
    /// As one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Waits => "waits",
        }
    }
}

impl From<Ending> for LastPass {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::Done,
            Ending::Held => Self::Held,
            Ending::Failed => Self::Failed,
            Ending::Waits(_) => Self::Waits,
        }
    }
}

/// Failed passes in a row after which somebody is needed: one alone is tried again.
const FAILING: u32 = 2;

impl TenantRow {
    /// The row of a tenant that nobody has looked at yet.
    pub(super) fn new(tenant: &str) -> Self {
        Self { tenant: tenant.to_owned(), ..Self::default() }
    }

    /// The row of a tenant that has no version in force.
    pub(super) fn broken(tenant: &str, note: String) -> Self {
        Self { note: Some(note), needs: vec![Need::Manifests], ..Self::new(tenant) }
    }

    /// Whether it is as the manifests want it, as far as the last pass could tell.
    #[must_use]
    pub fn is_well(&self) -> bool {
        let open = self.drift + self.lost_answers + self.did_not_land;
        let done = self.last == Some(LastPass::Done) && self.sync_owed_since.is_none();
        done && open == 0 && self.needs.is_empty()
    }

    /// What the manifests say of it now; `note` is what is wrong with them.
    pub(super) fn manifests(&mut self, desired: &DesiredTenant, note: Option<String>) {
        desired.mode.name().clone_into(&mut self.mode);
        self.managed = desired.users.len();
        self.note = note;
        self.judge();
    }

    /// What an earlier run of the program left open.
    pub(super) fn recovered(&mut self, debts: &Debts) {
        self.sync_owed_since = debts.sync.as_ref().map(|debt| debt.since);
        self.lost_answers = debts.lost + debts.cut_off;
    }

    /// What was planned.
    pub(super) fn planned(&mut self, plan: &TenantPlan, at: Timestamp) {
        self.holds = Group::of_holds(plan, &self.holds, at);
        self.problems = Group::of_problems(plan, &self.problems, at);
        let before = std::mem::replace(&mut self.drift, plan.drift().len());
        self.drift_since = match (self.drift, before) {
            (0, _) => None,
            (_, 0) => Some(at),
            _ => self.drift_since.or(Some(at)),
        };
        let settling = plan.remarks.notes.iter().find_map(|note| match note {
            Note::Settling(users, until) => Some((*users, *until)),
            _ => None,
        });
        self.settling = settling.map_or(0, |(users, _)| users);
        self.settling_until = settling.map(|(_, until)| until);
        self.did_not_land = plan.late_steps().count();
        self.confirmed = plan.remarks.confirmed.map(|now| (now.confirmed, now.of()));
        self.judge();
    }

    /// What became of it.
    pub(super) fn finished(&mut self, plan: &TenantPlan, report: &TenantReport) {
        let sent = report.steps.iter().flatten().count() > 0;
        if sent || report.sync == SyncOutcome::Accepted {
            self.last_run = Some(report.run.to_string());
            self.last_pass = report.pass.as_ref().map(ToString::to_string);
        }
        self.failure = failure(plan, report);
    }

    /// What the journal knows of it now. A suspension may be over at that moment.
    pub(super) fn remembered(&mut self, memory: &Memory, now: Timestamp) {
        self.suspended = memory.suspension(now).map(|suspension| Suspended {
            at: suspension.at,
            by: Some(suspension.by.clone()),
            reason: Some(suspension.reason.clone()),
            until: suspension.until,
        });
        self.sync_owed_since = memory.sync_owed.as_ref().map(|debt| debt.since);
        self.last_sync = memory.last_sync;
        let lost = |written: &&crate::model::LastWrites| written.unknown.is_some();
        self.lost_answers = memory.written.values().filter(lost).count();
    }

    /// How a pass has ended; `failure` is why nothing could be planned, if so.
    pub(super) fn ended(&mut self, ending: Ending, at: Timestamp, failure: Option<&str>) {
        self.last = Some(ending.into());
        self.last_at = Some(at);
        if ending == Ending::Failed {
            self.failures = self.failures.saturating_add(1);
            self.failure = failure.map(str::to_owned).or_else(|| self.failure.take());
        } else {
            self.failures = 0;
            self.failure = None;
            self.last_success = Some(at);
        }
        self.judge();
    }

    /// Finds out whether somebody is needed. A suspended tenant is as somebody wants it.
    fn judge(&mut self) {
        let for_people = |groups: &[Group]| groups.iter().any(|group| group.for_people);
        let suspended = self.mode == Mode::Suspend.name();
        self.needs = [
            (Need::Manifests, self.note.is_some()),
            (Need::Failing, !suspended && self.failures >= FAILING),
            (Need::Held, !suspended && for_people(&self.holds)),
            (Need::Problems, !suspended && for_people(&self.problems)),
        ]
        .into_iter()
        .filter_map(|(need, applies)| applies.then_some(need))
        .collect();
    }
}

/// Why a pass failed that came as far as a plan.
fn failure(plan: &TenantPlan, report: &TenantReport) -> Option<String> {
    if let Some(stop) = &report.stopped {
        return Some(stop.to_string());
    }
    if plan.is_unread() {
        return plan.hold().map(|hold| hold.reason.clone());
    }
    let bad = |outcome: &&StepOutcome| {
        matches!(outcome, StepOutcome::Failed(_) | StepOutcome::Unknown(_))
    };
    let failed: Vec<&StepOutcome> = report.steps.iter().flatten().filter(bad).collect();
    let first = failed.first().and_then(|outcome| outcome.reason());
    match (first, &report.sync) {
        (Some(reason), _) => {
            Some(format!("{} without success, the first: {reason}", many(failed.len(), "step")))
        }
        (None, SyncOutcome::Failed(fault)) => Some(format!("the sync: {fault}")),
        (None, SyncOutcome::NotTried(reason)) => Some(format!("the sync was not sent: {reason}")),
        (None, _) => None,
    }
}

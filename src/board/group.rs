//! What a plan holds or cannot plan, by reason: what people read of 300 tenants.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moments::{moment, moment_or_none};
use crate::plan::{Hold, HoldKind, Lifter, Problem, ProblemCode, TenantPlan};

/// Steps or users of one tenant with the same code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The code, which `dialplane explain` explains.
    pub code: String,
    /// How many steps or users. 0 if it holds the tenant as a whole.
    pub count: usize,
    /// Why; of the first of them.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
    /// Since when the service has seen it.
    #[schemars(schema_with = "moment")]
    pub since: Timestamp,
    /// When the first of them ends automatically, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "moment_or_none")]
    pub until: Option<Timestamp>,
    /// Whether it waits for people, and not for time or another step.
    pub for_people: bool,
}

impl Group {
    /// Whether it is that somebody has suspended the tenant.
    #[must_use]
    pub fn is_suspension(&self) -> bool {
        self.code == HoldKind::Suspended.code()
    }

    /// Whether it holds the tenant as a whole: then nothing is told of what holds its steps.
    #[must_use]
    pub fn is_of_tenant(&self) -> bool {
        self.count == 0 && self.code != HoldKind::SyncUnclear.code()
    }

    /// Whether it says that live state is not known: then nothing else is told of the tenant.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        let is_of = |kind: HoldKind| self.code == kind.code();
        self.is_of_tenant() && (is_of(HoldKind::NotRead) || is_of(HoldKind::Coverage))
    }

    /// What a plan holds, but for its mode. `before` are those of the plan before.
    pub(super) fn of_holds(plan: &TenantPlan, before: &[Self], at: Timestamp) -> Vec<Self> {
        let whole = plan.holds.iter().filter(|hold| hold.kind != HoldKind::Mode);
        let mut groups: Vec<Self> = whole.map(|hold| Self::of_hold(hold, 0, at)).collect();
        if plan.holds.is_empty() {
            let mut steps: BTreeMap<&str, (&Hold, usize)> = BTreeMap::new();
            for step in &plan.steps {
                let Some(first) = step.holds.first() else { continue };
                steps.entry(first.kind.code()).or_insert((first, 0)).1 += 1;
            }
            groups.extend(steps.into_values().map(|(hold, count)| Self::of_hold(hold, count, at)));
            groups.extend(plan.sync_hold.iter().map(|hold| Self::of_hold(hold, 0, at)));
        }
        keep_since(groups, before)
    }

    /// The users that nothing could be planned for.
    pub(super) fn of_problems(plan: &TenantPlan, before: &[Self], at: Timestamp) -> Vec<Self> {
        let mut users: BTreeMap<&str, (&Problem, usize)> = BTreeMap::new();
        for problem in &plan.remarks.problems {
            users.entry(problem.kind.code().code()).or_insert((problem, 0)).1 += 1;
        }
        let groups =
            users.into_values().map(|(problem, count)| Self::of_problem(problem, count, at));
        keep_since(groups.collect(), before)
    }

    fn of_problem(problem: &Problem, count: usize, at: Timestamp) -> Self {
        let code = problem.kind.code();
        Self {
            code: code.code().to_owned(),
            count,
            reason: problem.kind.to_string(),
            hint: problem.kind.remedy(),
            since: at,
            until: None,
            // A later look decides what became of a lost answer.
            for_people: code != ProblemCode::AnswerLost,
        }
    }

    fn of_hold(hold: &Hold, count: usize, at: Timestamp) -> Self {
        Self {
            code: hold.kind.code().to_owned(),
            count,
            reason: hold.reason.clone(),
            hint: hold.remedy.clone(),
            since: at,
            until: hold.until,
            for_people: is_for_people(hold),
        }
    }
}

/// Whether a hold is lifted by people alone. The stop switch concerns all tenants and is told once;
/// a tenant that could not be read is tried again, and told if that fails again.
fn is_for_people(hold: &Hold) -> bool {
    match hold.kind.rule().lifted_by {
        Lifter::Time | Lifter::OtherStep | Lifter::Operator => false,
        _ => hold.until.is_none() && hold.kind != HoldKind::NotRead,
    }
}

/// What was there before is there since then.
fn keep_since(mut groups: Vec<Group>, before: &[Group]) -> Vec<Group> {
    for group in &mut groups {
        let known = before.iter().find(|known| known.code == group.code);
        group.since = known.map_or(group.since, |known| known.since);
    }
    groups
}

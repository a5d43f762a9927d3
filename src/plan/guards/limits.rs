//! Limits: how many people one run of a tenant, and one hour of the fleet, may touch.
//!
//! Over a limit nothing of its kind runs, because the mistake may be any part of it. Everything
//! else goes on.

use std::collections::BTreeSet;

use super::context::Context;
use crate::{
    model::{Field, Limit, LiveCalling, LiveTenant, PerHour, SentCounts, Upn, Value},
    plan::{Action, FieldChange, Grounds, LimitCount, LiveValue, Step, StepId, Steps},
};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LimitKind {
    Disable,
    Numbers,
    Changes,
}

impl LimitKind {
    const ALL: [Self; 3] = [Self::Disable, Self::Numbers, Self::Changes];

    fn of(self, step: &Step, enabled: impl Fn(&Upn) -> bool) -> bool {
        match self {
            Self::Disable => step.action == Action::Disable,
            Self::Numbers => step.changes.iter().any(takes_known_number),
            // Who has no calling has nothing to lose: a new tenant may be set up at once.
            Self::Changes => step.action != Action::Enable && enabled(&step.user),
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Numbers => "numbers",
            Self::Changes => "changes",
        }
    }

    /// What would happen to people.
    fn consequence(self) -> &'static str {
        match self {
            Self::Disable => "lose calling",
            Self::Numbers => "lose their present number",
            Self::Changes => "be changed",
        }
    }
}

/// Whether a change takes a number from somebody who is known to have one.
fn takes_known_number(change: &FieldChange) -> bool {
    let had = matches!(
        change.live,
        LiveValue::Value(Value::Phone(_))
            | LiveValue::Written(Value::Phone(_))
            | LiveValue::Unreadable(_)
    );
    change.field == Field::PhoneNumber && had
}

/// Whether a step is held for a reason of its own, so limits do not count it.
fn held_for_another_reason(step: &Step) -> bool {
    step.holds.iter().any(|hold| hold.kind.rule().counts == LimitCount::Apart)
}

/// The people that each kind of step would touch.
fn people<'s>(kind: LimitKind, steps: &'s [Step], live: &LiveTenant) -> BTreeSet<&'s Upn> {
    let enabled = |user: &Upn| is_enabled(live, user);
    let counted =
        steps.iter().filter(|step| !held_for_another_reason(step) && kind.of(step, enabled));
    counted.map(|step| &step.user).collect()
}

fn is_enabled(live: &LiveTenant, user: &Upn) -> bool {
    live.users.get(user).is_some_and(|user| user.calling == LiveCalling::Enabled)
}

/// Holds disables that are more than the tenant allows in one run.
pub(super) fn disables(context: &Context<'_>, steps: &Steps) -> Vec<(StepId, Grounds)> {
    over(LimitKind::Disable, context.desired().limits.disable, context, steps)
}

/// The same of changed numbers.
pub(super) fn numbers(context: &Context<'_>, steps: &Steps) -> Vec<(StepId, Grounds)> {
    over(LimitKind::Numbers, context.desired().limits.numbers, context, steps)
}

/// The same of all changes of people with calling.
pub(super) fn changes(context: &Context<'_>, steps: &Steps) -> Vec<(StepId, Grounds)> {
    over(LimitKind::Changes, context.desired().limits.changes, context, steps)
}

/// Everything of a kind, if it is more than the limit.
fn over(
    kind: LimitKind,
    limit: Limit,
    context: &Context<'_>,
    steps: &Steps,
) -> Vec<(StepId, Grounds)> {
    let live = context.live;
    let count = people(kind, steps, live).len();
    if count == 0 {
        return Vec::new();
    }
    let enabled = live.users.values().filter(|user| user.is_person_with_calling()).count();
    let allowed = limit.allows(enabled);
    if count <= allowed {
        return Vec::new();
    }
    let reason = format!(
        "{count} of {enabled} people would {}; the limit is {allowed} ({})",
        kind.consequence(),
        shown(limit)
    );
    let remedy = format!(
        "if that is meant, approve this plan (`dialplane plan --approve`), or split the change; a \
            raised `limits.{}` of tenant {} stays raised",
        kind.key(),
        context.desired().name
    );
    all_of(kind, steps, live, &Grounds::new(reason, remedy))
}

fn shown(limit: Limit) -> String {
    let floor = if limit.floor > 0 { format!("at least {}, ", limit.floor) } else { String::new() };
    format!("{} %, {floor}at most {}", limit.percent, limit.count)
}

/// Every step of a kind that limits count.
fn all_of(
    kind: LimitKind,
    steps: &Steps,
    live: &LiveTenant,
    grounds: &Grounds,
) -> Vec<(StepId, Grounds)> {
    steps
        .numbered()
        .filter(|(_, step)| kind.of(step, |user| is_enabled(live, user)))
        .filter(|(_, step)| !held_for_another_reason(step))
        .map(|(id, _)| (id, grounds.clone()))
        .collect()
}

/// What one tenant would send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::plan) struct Wanted([usize; 3]);

impl Wanted {
    /// Of the steps that nothing holds.
    pub(in crate::plan) fn of(steps: &[Step], live: &LiveTenant) -> Self {
        let free: Vec<&Step> = steps.iter().filter(|step| step.holds.is_empty()).collect();
        let count = |kind: LimitKind| {
            let touched = free
                .iter()
                .filter(|step| kind.of(step, |user| is_enabled(live, user)))
                .map(|step| &step.user);
            touched.collect::<BTreeSet<_>>().len()
        };
        Self(LimitKind::ALL.map(count))
    }

    /// So many users of each kind.
    #[cfg(test)]
    pub(in crate::plan) fn from_counts(counts: [usize; 3]) -> Self {
        Self(counts)
    }

    /// Adds what another tenant would send.
    pub(in crate::plan) fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum = sum.saturating_add(more));
    }

    /// Takes away what was added before.
    pub(in crate::plan) fn take(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, less)| *sum = sum.saturating_sub(less));
    }
}

/// The present hour of the fleet: what was sent and what would be.
#[derive(Debug, Default)]
pub(in crate::plan) struct Hour {
    sent: SentCounts,
    wanted: Wanted,
    limits: PerHour,
}

impl Hour {
    pub(in crate::plan) fn new(sent: SentCounts, wanted: Wanted, limits: PerHour) -> Self {
        Self { sent, wanted, limits }
    }
}

/// Holds what is more than the fleet may see in an hour.
pub(super) fn in_an_hour(
    context: &Context<'_>,
    steps: &Steps,
    hour: &Hour,
) -> Vec<(StepId, Grounds)> {
    let mut found = Vec::new();
    for (kind, wanted) in LimitKind::ALL.into_iter().zip(hour.wanted.0) {
        let (sent, limit) = match kind {
            LimitKind::Disable => (hour.sent.disable, hour.limits.disable),
            LimitKind::Numbers => (hour.sent.numbers, hour.limits.numbers),
            LimitKind::Changes => (hour.sent.changes, hour.limits.changes),
        };
        let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        if wanted == 0 || wanted.saturating_add(whole(sent)) <= whole(limit) {
            continue;
        }
        let reason = format!(
            "over all tenants {wanted} people would {} now, after {sent} within the last hour; \
                the limit is {limit} an hour",
            kind.consequence()
        );
        let remedy = format!(
            "if that is meant, approve this plan (`dialplane plan --approve`), or split the \
                change; a raised `execution.perHour.{}` stays raised",
            kind.key()
        );
        found.extend(all_of(kind, steps, context.live, &Grounds::new(reason, remedy)));
    }
    found
}

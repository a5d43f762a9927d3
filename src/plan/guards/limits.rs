//! Limits: how many people one run of a tenant, and one hour of the fleet, may touch.
//!
//! Over a limit nothing of its kind runs, because nobody knows which part is the mistake;
//! everything else goes on.

use std::collections::BTreeSet;

use crate::{
    model::{
        DesiredTenant, Field, Limit, LiveCalling, LiveTenant, PerHour, SentCounts, Upn, Value,
    },
    plan::{Action, Counts, Hold, HoldKind, Seen, Step},
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
            Self::Numbers => step.changes.iter().any(|change| {
                let had = matches!(
                    change.live,
                    Seen::Value(Value::Phone(_))
                        | Seen::Written(Value::Phone(_))
                        | Seen::Unreadable(_)
                );
                change.field == Field::PhoneNumber && had
            }),
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

    fn hold(self) -> HoldKind {
        match self {
            Self::Disable => HoldKind::Limit,
            Self::Numbers => HoldKind::NumberLimit,
            Self::Changes => HoldKind::ChangeLimit,
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

/// Whether a step is held for a reason of its own, so that limits do not count it.
fn held_for_another_reason(step: &Step) -> bool {
    step.holds.iter().any(|hold| hold.kind.rule().counts == Counts::Apart)
}

/// The people whom each kind of step would touch.
fn people<'s>(kind: LimitKind, steps: &'s [Step], live: &LiveTenant) -> BTreeSet<&'s Upn> {
    let enabled = |user: &Upn| is_enabled(live, user);
    let counted =
        steps.iter().filter(|step| !held_for_another_reason(step) && kind.of(step, enabled));
    counted.map(|step| &step.user).collect()
}

fn is_enabled(live: &LiveTenant, user: &Upn) -> bool {
    live.users.get(user).is_some_and(|user| user.calling == LiveCalling::Enabled)
}

/// Holds what is more than the tenant allows in one run.
pub(in crate::plan) fn hold_over_limits(
    steps: &mut [Step],
    desired: &DesiredTenant,
    live: &LiveTenant,
) {
    let enabled = live.users.values().filter(|user| user.is_person_with_calling()).count();
    for kind in LimitKind::ALL {
        let limit = match kind {
            LimitKind::Disable => desired.limits.disable,
            LimitKind::Numbers => desired.limits.numbers,
            LimitKind::Changes => desired.limits.changes,
        };
        let (count, allowed) = (people(kind, steps, live).len(), limit.allows(enabled));
        if count > allowed {
            let reason = format!(
                "{count} of {enabled} people would {}; the limit is {allowed} ({})",
                kind.consequence(),
                shown(limit)
            );
            let (key, name) = (kind.key(), &desired.name);
            let remedy = format!(
                "if that is meant, approve this plan (`dialplane plan --approve`), or split the \
                    change; a raised `limits.{key}` of tenant {name} stays raised"
            );
            hold(steps, kind, live, &Hold::new(kind.hold(), reason, remedy));
        }
    }
}

fn shown(limit: Limit) -> String {
    let floor = if limit.floor > 0 { format!("at least {}, ", limit.floor) } else { String::new() };
    format!("{} %, {floor}at most {}", limit.percent, limit.count)
}

fn hold(steps: &mut [Step], kind: LimitKind, live: &LiveTenant, hold: &Hold) {
    for step in steps.iter_mut().filter(|step| kind.of(step, |user| is_enabled(live, user))) {
        if !held_for_another_reason(step) {
            step.holds.push(hold.clone());
        }
    }
}

/// What one tenant would send.
#[derive(Debug, Clone, Copy, Default)]
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

    /// Holds what is more than the fleet may see in an hour.
    pub(in crate::plan) fn hold(&self, steps: &mut [Step], live: &LiveTenant) {
        for (kind, wanted) in LimitKind::ALL.into_iter().zip(self.wanted.0) {
            let (sent, limit) = match kind {
                LimitKind::Disable => (self.sent.disable, self.limits.disable),
                LimitKind::Numbers => (self.sent.numbers, self.limits.numbers),
                LimitKind::Changes => (self.sent.changes, self.limits.changes),
            };
            let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
            if wanted == 0 || wanted.saturating_add(whole(sent)) <= whole(limit) {
                continue;
            }
            let reason = format!(
                "over all tenants {wanted} people would {} now, after {sent} within the last \
                    hour; the limit is {limit} an hour",
                kind.consequence()
            );
            let remedy = format!(
                "if that is meant, approve this plan (`dialplane plan --approve`), or split the \
                    change; a raised `execution.perHour.{}` stays raised",
                kind.key()
            );
            hold(steps, kind, live, &Hold::new(HoldKind::HourLimit, reason, remedy));
        }
    }
}

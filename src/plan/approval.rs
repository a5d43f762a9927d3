//! Approvals: which of a plan's holds a reviewed file lifts, and what is said of each file.
//!
//! **Invariant:** a hold is lifted only by an approval that was made for exactly this plan, is
//! neither used nor expired, and names its gate and its user. Whatever is no matter of judgement
//! has no gate ([`HoldKind::gate`]).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Hold, HoldKind, Note, Step, TenantPlan};
use crate::{
    model::{Approval, Fingerprint, Gate, Memory, TenantName, Upn, Whom},
    words::{many, time},
};

impl HoldKind {
    /// The gate that an approval opens to lift a hold of this kind.
    #[must_use]
    pub fn gate(self) -> Option<Gate> {
        match self {
            Self::Limit => Some(Gate::Limit),
            Self::NumberLimit => Some(Gate::NumberLimit),
            Self::ChangeLimit => Some(Gate::ChangeLimit),
            Self::HourLimit => Some(Gate::HourLimit),
            Self::EmptyDesired => Some(Gate::EmptyDesired),
            Self::Protected => Some(Gate::Protected),
            Self::LastOfSite => Some(Gate::LastOfSite),
            Self::Mode
            | Self::Manifests
            | Self::Incomplete
            | Self::Absent
            | Self::NotRead
            | Self::Coverage
            | Self::Consent
            | Self::Reseller
            | Self::Stopped
            | Self::Window
            | Self::ReasonMissing
            | Self::Quarantined
            | Self::Renamed
            | Self::NumberTaken
            | Self::NumberRing
            | Self::NumberRelease
            | Self::NumberUnproven
            | Self::Unread
            | Self::Unmatched
            | Self::AfterHeld
            | Self::Flap
            | Self::SyncUnclear => None,
        }
    }
}

impl TenantPlan {
    /// The approvals without which some step that may run would be held.
    #[must_use]
    pub fn approvals(&self) -> Vec<&TenantName> {
        let running = self.steps.iter().filter(|step| self.may_run(step));
        running.flat_map(|step| &step.approved).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Lifts what the approvals lift, and says what became of each.
pub(super) fn lift(
    steps: &mut [Step],
    approvals: &[Approval],
    plan: &Fingerprint,
    memory: &Memory,
    now: Timestamp,
) -> Vec<Note> {
    let ruling = |approval| Note::Approval(rule(steps, approval, plan, memory, now));
    approvals.iter().map(ruling).collect()
}

fn rule(
    steps: &mut [Step],
    approval: &Approval,
    plan: &Fingerprint,
    memory: &Memory,
    now: Timestamp,
) -> String {
    let whole = format!("approval {} ({})", approval.name, approval.origin);
    if let Some(used) = memory.approvals.get(&(approval.name.clone(), approval.plan.clone())) {
        return format!(
            "{whole} was used by run {} on {}: it opens nothing more, and can be removed",
            used.run,
            time(used.at)
        );
    }
    if now >= approval.expires {
        return format!("{whole} expired on {}: it opens nothing", time(approval.expires));
    }
    if approval.plan != *plan {
        let (made_for, now) = (approval.plan.short(), plan.short());
        return format!(
            "{whole} is dead: it was made for plan {made_for}, and this is plan {now}: manifests \
                or live state have moved since; look at the plan again, and make a new one with \
                `dialplane plan --approve`"
        );
    }
    let concerned =
        |hold: &Hold| hold.kind.gate().is_some_and(|gate| approval.gates.contains(&gate));
    let covered = |user: &Upn| match &approval.whom {
        Whom::Users(users) => users.contains(user),
        Whom::AtMost(_) => true,
    };
    let lifted = |step: &Step| covered(&step.user) && step.holds.iter().any(concerned);
    let users: BTreeSet<Upn> =
        steps.iter().filter(|step| lifted(step)).map(|step| step.user.clone()).collect();
    let people = many(users.len(), "user");
    match &approval.whom {
        Whom::AtMost(most) if users.len() > usize::try_from(*most).unwrap_or(usize::MAX) => {
            return format!(
                "{whole} covers {most} at most, and the plan holds {people}: it opens nothing"
            );
        }
        _ if users.is_empty() => {
            return format!("{whole} opens nothing: nobody whom it covers is held at its gates");
        }
        _ => {}
    }
    for step in steps.iter_mut().filter(|step| lifted(step)) {
        step.holds.retain(|hold| !concerned(hold));
        step.approved.push(approval.name.clone());
    }
    let gates: Vec<String> = approval.gates.iter().map(ToString::to_string).collect();
    format!("{whole} opens {} for {people}, once: {}", gates.join(" and "), approval.reason)
}

/// The gates and users that an approval of this plan would have to name, so that it lets something
/// run.
#[must_use]
pub fn wanted(steps: &[Step]) -> Option<(BTreeSet<Gate>, BTreeSet<Upn>)> {
    // What only waits is lifted by time.
    let waits = |hold: &Hold| matches!(hold.kind, HoldKind::Window | HoldKind::Absent);
    let judged =
        |step: &&Step| step.holds.iter().all(|hold| hold.kind.gate().is_some() || waits(hold));
    let judged: Vec<&Step> = steps.iter().filter(judged).collect();
    let gated = |step: &&&Step| step.holds.iter().any(|hold| hold.kind.gate().is_some());
    let gates: BTreeSet<Gate> =
        judged.iter().flat_map(|step| &step.holds).filter_map(|hold| hold.kind.gate()).collect();
    let users = judged.iter().filter(gated).map(|step| step.user.clone()).collect();
    (!gates.is_empty()).then_some((gates, users))
}

//! The planner: desired and live state in, every decision out.
//!
//! ```text
//! desired, live, memory --diff--> steps --numbers--> order --guards, window--> holds --approval--> Plan --render--> text, JSON, Markdown
//! ```
//!
//! **Invariant:** pure and total: no clock (`now` is a value), no I/O, no iteration in hash order; the same input gives the
//! same bytes. What is not done is in the plan too, with its reason.
//!
//! Deliberately not here: number moves across tenants in one run (the taker waits for the next one), and parking numbers that
//! are swapped (a ring is held).

mod approval;
mod confirm;
mod diff;
mod fingerprint;
mod guards;
mod interruption;
mod numbers;
mod order;
mod present;
pub mod render;
mod types;
mod undo;
pub mod window;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

pub use approval::wanted;
pub use interruption::Estimates;
pub use types::{Action, Cause, Change, Confirmed, Hold, HoldKind, Note, Plan, Problem, Seen, Step, SyncPlan, TenantPlan};
pub use undo::{Undone, undo};

use crate::{
    model::{Approval, Coverage, DesiredTenant, LiveTenant, Memory, Mode, TenantName},
    ports::Fault,
};

/// Everything that the planner may know.
#[derive(Debug)]
pub struct PlanInput<'a> {
    /// The tenants to plan.
    pub tenants: Vec<TenantInput<'a>>,
    /// Tenants that cannot be planned because their manifests are broken, and what is wrong.
    pub broken: &'a BTreeMap<TenantName, String>,
    /// The time at which this is decided.
    pub now: Timestamp,
    /// How long writes may stay invisible.
    pub settle: Settle,
}

/// One tenant to plan.
#[derive(Debug)]
pub struct TenantInput<'a> {
    /// What the manifests want.
    pub desired: &'a DesiredTenant,
    /// Why an older version of the manifests is in force, if one is.
    pub kept: Option<&'a str>,
    /// What was observed.
    pub live: Observation<'a>,
    /// What the journal remembers.
    pub memory: &'a Memory,
    /// The approvals that stand beside the manifests now, whichever version of those is in force.
    pub approvals: &'a [Approval],
    /// How long changes are expected to interrupt people's calls.
    pub estimates: Estimates,
}

/// The outcome of looking at a tenant.
#[derive(Debug, Clone, Copy)]
pub enum Observation<'a> {
    /// It was observed.
    Seen(&'a LiveTenant),
    /// It could not be.
    Failed(&'a Fault),
    /// Nobody looked: the tenant is suspended.
    NotAsked,
}

/// How long writes may stay invisible before they count as not landed (contract 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// After a later sync.
    pub later: Duration,
    /// After a tenant's first sync.
    pub first: Duration,
}

impl Settle {
    /// When a write must have become visible. What was written before a tenant's first sync takes longest.
    fn deadline(self, memory: &Memory, at: Timestamp, now: Timestamp) -> Timestamp {
        let first = memory.first_sync.is_none_or(|sync| at <= sync && sync <= now);
        at.checked_add(if first { self.first } else { self.later }).unwrap_or(Timestamp::MAX)
    }

    /// Whether a write may still become visible. One from the future was dated by a clock that has been set right since: it
    /// does not count, or it would be waited for until then.
    fn is_open(self, memory: &Memory, at: Timestamp, now: Timestamp) -> bool {
        let future = now.checked_add(self.first).is_ok_and(|latest| at > latest);
        !future && now < self.deadline(memory, at, now)
    }
}

/// Plans all tenants.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let seen = input.tenants.iter().filter_map(|tenant| match tenant.live {
        Observation::Seen(live) => Some((&tenant.desired.name, live, tenant.memory)),
        Observation::Failed(_) | Observation::NotAsked => None,
    });
    let holders = numbers::Holders::of(seen, input.now, input.settle);
    let mut tenants: Vec<TenantPlan> =
        input.tenants.iter().map(|tenant| plan_tenant(tenant, &holders, input.now, input.settle)).collect();
    tenants.extend(input.broken.iter().map(|(name, reason)| {
        let hold = Hold::new(HoldKind::Manifests, reason.clone(), "correct the manifests; `dialplane validate` shows each error");
        TenantPlan::held(name.clone(), None, Mode::Enforce, hold)
    }));
    tenants.sort_by(|a, b| a.tenant.cmp(&b.tenant));
    Plan { tenants }
}

/// Plans one tenant; `elsewhere` are the others, as far as they were observed: their users hold numbers too, or will soon.
#[must_use]
pub fn plan_one(
    tenant: &TenantInput<'_>,
    elsewhere: &[(&TenantName, &LiveTenant, &Memory)],
    now: Timestamp,
    settle: Settle,
) -> TenantPlan {
    let own = match tenant.live {
        Observation::Seen(live) => Some((&tenant.desired.name, live, tenant.memory)),
        Observation::Failed(_) | Observation::NotAsked => None,
    };
    let holders = numbers::Holders::of(own.into_iter().chain(elsewhere.iter().copied()), now, settle);
    plan_tenant(tenant, &holders, now, settle)
}

fn plan_tenant(tenant: &TenantInput<'_>, holders: &numbers::Holders<'_>, now: Timestamp, settle: Settle) -> TenantPlan {
    let desired = tenant.desired;
    let held = |hold| TenantPlan::held(desired.name.clone(), Some(desired.reference()), desired.mode, hold);
    let live = match tenant.live {
        Observation::Seen(live) => live,
        Observation::Failed(fault) => return held(Hold::not_read(fault)),
        Observation::NotAsked => return held(guards::suspended()),
    };
    if let Some(hold) = guards::nobody_there(desired, live) {
        return held(hold);
    }
    let diff::Outcome { mut steps, mut problems, mut notes, landed } = diff::tenant(desired, live, tenant.memory, now, settle);
    numbers::release_before_take(&mut steps, desired, live, holders);
    guards::hold_steps(&mut steps, desired, live, tenant.kept);
    window::hold_steps(&mut steps, desired, live, now);
    interruption::estimate(&mut steps, live, tenant.estimates);
    // Where there is nothing to do there is nothing to compare, and most tenants are so.
    let judged = !steps.is_empty() || !tenant.approvals.is_empty();
    let fingerprint = judged.then(|| fingerprint::of(desired, live, tenant.memory, &steps, (now, settle)));
    let ruled = fingerprint.as_ref().map(|plan| approval::lift(&mut steps, tenant.approvals, plan, tenant.memory, now));
    order::spread_holds(&mut steps);
    let steps = order::topological(steps);
    let holds = guards::hold_tenant(desired, live);
    let told = !problems.is_empty() || steps.iter().flat_map(|step| &step.holds).any(|hold| hold.kind == HoldKind::Coverage);
    if let (Coverage::Suspect(what), false) = (&live.coverage, told) {
        notes.push(Note::Suspect(what.clone()));
    }
    notes.extend(tenant.kept.map(|reason| Note::Kept(reason.to_owned())));
    notes.extend(ruled.into_iter().flatten());
    notes.extend(interruption::note(&steps));
    let confirmed = confirm::tenant(desired, live, tenant.memory, (now, settle), &mut problems, &mut notes);
    let runs = holds.is_empty() && steps.iter().any(|step| step.holds.is_empty());
    // A debt comes first: it is paid even if every step of this run is refused.
    let sync = match &tenant.memory.sync_owed {
        Some(debt) => SyncPlan::Owed(debt.clone()),
        None if runs => SyncPlan::AfterSteps,
        None => SyncPlan::NotNeeded,
    };
    TenantPlan {
        tenant: desired.name.clone(),
        reference: Some(desired.reference()),
        mode: desired.mode,
        steps,
        holds,
        problems,
        notes,
        sync,
        landed,
        fingerprint,
        confirmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_dated_by_a_clock_that_ran_ahead_are_not_waited_for() {
        let hours = |hours: i64| Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1_000 + hours);
        let settle = Settle { later: Duration::from_secs(4 * 3600), first: Duration::from_secs(24 * 3600) };
        let memory = |first_sync| Memory { first_sync, ..Memory::default() };
        let open = |first_sync: Option<i64>, at| settle.is_open(&memory(first_sync.map(hours)), hours(at), hours(0));
        assert!(open(None, -23) && !open(None, -25), "a day before the first sync");
        assert!(open(Some(-100), -3) && !open(Some(-100), -5), "four hours after it");
        assert!(!open(None, 1_000), "a write of the future");
        assert!(!open(Some(1_000), -5), "a first sync of the future lengthens nothing");
    }
}

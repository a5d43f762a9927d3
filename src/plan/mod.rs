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
pub mod inventory;
mod numbers;
mod order;
mod past;
mod patience;
mod present;
pub mod render;
mod shrink;
mod types;
mod undo;
pub mod window;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use approval::wanted;
pub use interruption::Estimates;
pub use patience::Patience;
pub use types::{Action, Cause, Change, Confirmed, Hold, HoldKind, Note, Plan, Problem, Seen, Step, SyncPlan, TenantPlan};
pub use undo::{Undone, undo};

use crate::{
    model::{Approval, Coverage, DesiredTenant, LiveTenant, Memory, Mode, TenantName, Upn, Written},
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
    /// How long things may take.
    pub patience: Patience,
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

/// Plans all tenants.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let seen = input.tenants.iter().filter_map(|tenant| match tenant.live {
        Observation::Seen(live) => Some((&tenant.desired.name, live, tenant.memory)),
        Observation::Failed(_) | Observation::NotAsked => None,
    });
    let holders = numbers::Holders::of(seen, input.now, input.patience);
    let mut tenants: Vec<TenantPlan> =
        input.tenants.iter().map(|tenant| plan_tenant(tenant, &holders, input.now, input.patience)).collect();
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
    patience: Patience,
) -> TenantPlan {
    let own = match tenant.live {
        Observation::Seen(live) => Some((&tenant.desired.name, live, tenant.memory)),
        Observation::Failed(_) | Observation::NotAsked => None,
    };
    let holders = numbers::Holders::of(own.into_iter().chain(elsewhere.iter().copied()), now, patience);
    plan_tenant(tenant, &holders, now, patience)
}

fn plan_tenant(tenant: &TenantInput<'_>, holders: &numbers::Holders<'_>, now: Timestamp, patience: Patience) -> TenantPlan {
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
    let doubted;
    let live = match shrink::doubt(desired, live, tenant.memory) {
        Some(what) => {
            doubted = LiveTenant { coverage: Coverage::Suspect(what), ..live.clone() };
            &doubted
        }
        None => live,
    };
    let diff::Outcome { mut steps, mut problems, mut notes, landed, decided, undecided } =
        diff::tenant(desired, live, tenant.memory, now, patience);
    numbers::release_before_take(&mut steps, desired, live, holders);
    guards::hold_steps(&mut steps, desired, live, tenant.kept);
    window::hold_steps(&mut steps, desired, live, now);
    interruption::estimate(&mut steps, live, tenant.estimates);
    // Where there is nothing to do there is nothing to compare, and most tenants are so.
    let judged = !steps.is_empty() || !tenant.approvals.is_empty();
    let fingerprint = judged.then(|| fingerprint::of(desired, live, tenant.memory, &steps, (now, patience)));
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
    let confirmed = confirm::tenant(desired, live, tenant.memory, (now, patience), &mut problems, &mut notes);
    let runs = holds.is_empty() && steps.iter().any(|step| step.holds.is_empty());
    // A debt comes first: it is paid even if every step of this run is refused.
    let too_early = |user: &Upn| tenant.memory.written.get(user).is_some_and(Written::is_synced_since_lost);
    let late = decided.iter().filter(|(user, _)| too_early(user)).map(|(_, at)| *at).min();
    let sync = match (&tenant.memory.sync_owed, late) {
        (Some(debt), _) => SyncPlan::Owed(debt.clone()),
        (None, Some(at)) => SyncPlan::Again(at),
        (None, None) if runs => SyncPlan::AfterSteps,
        (None, None) => SyncPlan::NotNeeded,
    };
    let sync_from = patience.sync_from(tenant.memory, now).filter(|_| sync != SyncPlan::NotNeeded);
    TenantPlan {
        tenant: desired.name.clone(),
        reference: Some(desired.reference()),
        mode: desired.mode,
        steps,
        holds,
        problems,
        notes,
        sync,
        sync_from,
        landed,
        fingerprint,
        counted: shrink::news(desired, live, tenant.memory),
        decided: decided.into_iter().map(|(user, _)| user).collect(),
        undecided,
        confirmed,
    }
}

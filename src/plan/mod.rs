//! The planner: desired and live state in, every decision out.
//!
//! ```text
//! desired, live, memory --diff--> steps --numbers--> order --guards, window, the fleet's hour--> holds --approval--> Plan
//!                                                                     Plan --render--> text, JSON, Markdown
//! ```
//!
//! **Invariant:** pure and total: no clock (`now` is a value), no I/O, no iteration in hash order;
//! the same input gives the same bytes. What is not done is in the plan too, with its reason.
//!
//! Deliberately not here: number moves across tenants in one run; the taker waits for a later one.

mod absence;
mod approval;
pub mod codes;
mod confirm;
mod diff;
mod fingerprint;
mod graph;
mod guards;
mod hold;
mod interruption;
pub mod inventory;
mod note;
mod numbers;
mod order;
mod past;
mod patience;
mod people;
mod present;
mod problem;
mod prune;
mod refused;
pub mod render;
mod shrink;
mod steps;
mod types;
mod undo;
mod unread;
mod verdict;
mod why;
pub mod window;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;

pub use approval::wanted;
pub use graph::{StepGraph, Walk};
pub use hold::{Counts, Hold, HoldKind, Lifter, Rule};
pub use interruption::Estimates;
pub use note::{Note, NoteCode, Ruling};
pub use patience::Patience;
pub use problem::{Difference, NotUndone, OddValue, Problem, ProblemCode, ProblemKind};
pub use steps::{ByStep, StepId, Steps};
pub use types::{Action, Cause, Change, Confirmed, Plan, Seen, Step, SyncPlan, TenantPlan};
pub use undo::Undo;
pub use unread::{nowhere, unread_numbers};
pub use why::{About, Found, Sent, Wait, Why, wants, why};

use unread::UnreadNumbers;

use crate::model::{
    Approval, Coverage, DesiredTenant, Fault, LiveTenant, Memory, Mode, PerHour, TenantName, Upn,
    Written,
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
    /// How much may be sent for the whole fleet in an hour.
    pub per_hour: PerHour,
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
    /// Nobody has looked yet: another tenant came first.
    NotYet,
}

/// Plans all tenants.
#[must_use]
pub fn plan(input: &PlanInput<'_>) -> Plan {
    let fleet = Fleet::of(input.tenants.iter(), input);
    let drafts: Vec<_> = input.tenants.iter().map(|tenant| fleet.draft(tenant)).collect();
    let hour = fleet.hour(&drafts);
    let mut tenants: Vec<TenantPlan> =
        drafts.into_iter().map(|draft| fleet.finish(draft, &hour)).collect();
    tenants.extend(input.broken.iter().map(|(name, reason)| {
        let hold = Hold::new(
            HoldKind::Manifests,
            reason.clone(),
            "correct the manifests; `dialplane validate` shows each error",
        );
        TenantPlan::held(name.clone(), None, Mode::Enforce, hold)
    }));
    tenants.sort_by(|a, b| a.tenant.cmp(&b.tenant));
    Plan { tenants }
}

/// Plans one tenant; `others` has all others, as they were last seen: their users hold numbers too,
/// and the fleet's limits are for all of them together.
#[must_use]
pub fn plan_one(tenant: &TenantInput<'_>, others: &PlanInput<'_>) -> TenantPlan {
    let fleet = Fleet::of(std::iter::once(tenant).chain(&others.tenants), others);
    let mut drafts: Vec<_> = others.tenants.iter().map(|tenant| fleet.draft(tenant)).collect();
    drafts.push(fleet.draft(tenant));
    let hour = fleet.hour(&drafts);
    match drafts.pop() {
        Some(draft) => fleet.finish(draft, &hour),
        None => TenantPlan::held(
            tenant.desired.name.clone(),
            None,
            tenant.desired.mode,
            guards::suspended(),
        ),
    }
}

/// What is to be known of all tenants before one can be planned.
struct Fleet<'a> {
    ledger: numbers::Ledger<'a>,
    per_hour: PerHour,
    memories: Vec<&'a Memory>,
    now: Timestamp,
    patience: Patience,
}

/// A tenant's plan before the whole fleet is counted.
struct Draft<'a> {
    tenant: &'a TenantInput<'a>,
    live: Cow<'a, LiveTenant>,
    steps: Steps,
    holds: Vec<Hold>,
    outcome: diff::Outcome,
    waits_for: BTreeSet<TenantName>,
}

impl<'a> Fleet<'a> {
    fn of(
        tenants: impl Iterator<Item = &'a TenantInput<'a>> + Clone,
        input: &'a PlanInput<'_>,
    ) -> Self {
        let ledger =
            numbers::Ledger::of(tenants.clone(), input.broken.keys(), input.now, input.patience);
        let memories = tenants.map(|tenant| tenant.memory).collect();
        Self {
            ledger,
            per_hour: input.per_hour,
            memories,
            now: input.now,
            patience: input.patience,
        }
    }

    /// `Err` is the plan of a tenant that nothing can be planned for.
    fn draft(&self, tenant: &'a TenantInput<'a>) -> Result<Draft<'a>, Box<TenantPlan>> {
        let desired = tenant.desired;
        let held = |hold| {
            Box::new(TenantPlan::held(
                desired.name.clone(),
                Some(desired.reference()),
                desired.mode,
                hold,
            ))
        };
        let live = match tenant.live {
            Observation::Seen(live) => live,
            Observation::Failed(fault) => return Err(held(Hold::not_read(fault))),
            Observation::NotAsked => return Err(held(guards::suspended())),
            Observation::NotYet => return Err(held(guards::not_yet())),
        };
        if let Some(hold) = guards::nobody_there(desired, live) {
            return Err(held(hold));
        }
        let live = match shrink::doubt(desired, live, tenant.memory) {
            Some(what) => {
                Cow::Owned(LiveTenant { coverage: Coverage::Suspect(what), ..live.clone() })
            }
            None => Cow::Borrowed(live),
        };
        let mut outcome = diff::tenant(desired, &live, tenant.memory, self.now, self.patience);
        let mut steps = std::mem::take(&mut outcome.steps);
        let waits_for = numbers::arrange(&mut steps, desired, &live, &self.ledger);
        guards::hold_steps(&mut steps, desired, &live, tenant.kept);
        absence::hold(&mut steps, desired, self.now);
        guards::hold_if_emptied(&mut steps, desired, tenant.memory);
        guards::hold_over_limits(&mut steps, desired, &live);
        window::hold_steps(&mut steps, desired, &live, self.now);
        interruption::estimate(&mut steps, &live, tenant.estimates);
        let holds = guards::hold_tenant(desired, &live);
        Ok(Draft { tenant, live, steps, holds, outcome, waits_for })
    }

    /// What all tenants together would send now and have sent lately.
    fn hour(&self, drafts: &[Result<Draft<'_>, Box<TenantPlan>>]) -> guards::Hour {
        let mut hour = guards::Hour::new(self.per_hour, self.memories.iter().copied(), self.now);
        for draft in drafts.iter().flatten().filter(|draft| draft.holds.is_empty()) {
            hour.add(guards::Wanted::of(&draft.steps, &draft.live));
        }
        hour
    }

    fn finish(&self, draft: Result<Draft<'_>, Box<TenantPlan>>, hour: &guards::Hour) -> TenantPlan {
        let Draft { tenant, live, mut steps, holds, outcome, waits_for } = match draft {
            Ok(draft) => draft,
            Err(held) => return *held,
        };
        let (desired, now, patience) = (tenant.desired, self.now, self.patience);
        let diff::Outcome {
            mut problems,
            mut notes,
            landed,
            managed,
            vanished,
            decided,
            undecided,
            ..
        } = outcome;
        hour.hold(&mut steps, &live);
        // Where there is nothing to do there is nothing to compare, and most tenants are so.
        let judged = !steps.is_empty() || !tenant.approvals.is_empty();
        let fingerprint =
            judged.then(|| fingerprint::of(desired, &live, tenant.memory, &steps, (now, patience)));
        let ruled = fingerprint
            .as_ref()
            .map(|plan| approval::lift(&mut steps, tenant.approvals, plan, tenant.memory, now));
        order::spread_holds(&mut steps);
        let mut steps = order::topological(steps);
        let told = !problems.is_empty()
            || steps
                .iter()
                .flat_map(|step| &step.holds)
                .any(|hold| hold.kind == HoldKind::Coverage);
        if let (Coverage::Suspect(what), false) = (&live.coverage, told) {
            notes.push(Note::Suspect(what.clone()));
        }
        notes.extend(tenant.kept.map(|reason| Note::Kept(reason.to_owned())));
        notes.extend(ruled.into_iter().flatten());
        notes.extend(interruption::note(&steps));
        let confirmed = confirm::tenant(
            desired,
            &live,
            tenant.memory,
            (now, patience),
            &mut problems,
            &mut notes,
        );
        let runs = holds.is_empty() && steps.iter().any(|step| step.holds.is_empty());
        let decided = refused::judge(&mut steps, runs, &live, tenant.memory, decided);
        // A debt comes first: it is paid even if every step of this run is refused.
        let too_early =
            |user: &Upn| tenant.memory.written.get(user).is_some_and(Written::owes_again);
        let late = decided.iter().filter(|(user, _)| too_early(user)).map(|(_, at)| *at).min();
        let sync = match (&tenant.memory.sync_owed, late) {
            (Some(debt), _) => SyncPlan::Owed(debt.clone()),
            (None, Some(at)) => SyncPlan::Again(at),
            (None, None) if runs => SyncPlan::AfterSteps,
            (None, None) => SyncPlan::NotNeeded,
        };
        let owed = sync != SyncPlan::NotNeeded;
        let (unclear, sync_hold) =
            patience.unclear_syncs(tenant.memory, now).filter(|_| owed).unzip();
        let sync_from = patience.sync_from(tenant.memory, now).filter(|_| owed).max(unclear);
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
            sync_hold,
            sync_settings: patience.sync_settings,
            landed,
            fingerprint,
            counted: shrink::news(desired, &live, tenant.memory),
            decided: decided.into_iter().map(|(user, _)| user).collect(),
            undecided,
            managed,
            vanished,
            waits_for,
            confirmed,
        }
    }
}

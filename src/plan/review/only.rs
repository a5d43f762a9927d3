//! The part of a review that somebody asks for: some tenants, some users.
//!
//! **Invariant:** it is taken from the review of the whole fleet, so a number is compared with every
//! holder whatever is asked for. Steps that wait for each other stay together, and what is left out
//! is counted.

use std::collections::BTreeSet;

use super::{Review, split};
use crate::{
    model::{TenantName, Upn},
    plan::{Action, Note, Plan, StepId, SyncPlan, TenantPlan, interruption},
};

/// Whose part is asked for.
pub struct ReviewScope<'s> {
    /// Of which tenants.
    pub tenant: &'s dyn Fn(&TenantName) -> bool,
    /// Of which of their users; all if absent.
    pub user: Option<&'s dyn Fn(&Upn) -> bool>,
}

/// What is left out of a review.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// Tenants of which nothing is shown.
    pub tenants: usize,
    /// Steps that the change causes.
    pub steps: usize,
    /// Disables among them that may run.
    pub losing_calling: usize,
    /// Users in need of attention because of the change.
    pub problems: usize,
    /// Values that are asked for and that no step is planned for.
    pub waits: usize,
    /// Steps of drift.
    pub drift: usize,
}

impl LeftOut {
    /// What a review says in all.
    fn all(review: &Review) -> Self {
        let caused = &review.caused.tenants;
        let steps = |plan: &Plan| plan.tenants.iter().map(|tenant| tenant.steps.len()).sum();
        Self {
            tenants: told(review).len(),
            steps: steps(&review.caused),
            losing_calling: caused.iter().map(losing).sum(),
            problems: caused.iter().map(|tenant| tenant.remarks.problems.len()).sum(),
            waits: review.touched.values().map(|touched| touched.waits.len()).sum(),
            drift: steps(&review.drift),
        }
    }

    fn without(self, shown: Self) -> Self {
        Self {
            tenants: self.tenants - shown.tenants,
            steps: self.steps - shown.steps,
            losing_calling: self.losing_calling - shown.losing_calling,
            problems: self.problems - shown.problems,
            waits: self.waits - shown.waits,
            drift: self.drift - shown.drift,
        }
    }
}

/// Disables of a tenant that may run.
fn losing(tenant: &TenantPlan) -> usize {
    let disables = tenant.steps.iter().filter(|step| step.action == Action::Disable);
    disables.filter(|step| tenant.may_run(step)).count()
}

/// The tenants of which anything is told.
fn told(review: &Review) -> BTreeSet<&TenantName> {
    let plans = review.caused.tenants.iter().chain(&review.drift.tenants);
    let planned = plans.map(|plan| &plan.tenant);
    planned
        .chain(review.touched.keys())
        .chain(&review.dropped)
        .chain(&review.broken_before)
        .collect()
}

impl Review {
    /// Leaves the part that is asked for, and counts the rest. Such a part has no fingerprint:
    /// nobody can carry it out alone.
    pub fn only(&mut self, scope: &ReviewScope<'_>) -> LeftOut {
        let all = LeftOut::all(self);
        self.fingerprint = None;
        let is_asked = scope.tenant;
        self.caused.retain(|plan| is_asked(&plan.tenant));
        self.drift.retain(|plan| is_asked(&plan.tenant));
        self.touched.retain(|tenant, _| is_asked(tenant));
        self.dropped.retain(|tenant| is_asked(tenant));
        self.broken_before.retain(|tenant| is_asked(tenant));
        if let Some(user) = scope.user {
            self.only_users(user);
        }
        all.without(LeftOut::all(self))
    }

    fn only_users(&mut self, user: &dyn Fn(&Upn) -> bool) {
        for touched in self.touched.values_mut() {
            touched.already.retain(|asked| user(&asked.user));
            touched.waits.retain(|waiting| user(&waiting.asked.user));
            touched.off_unproven.retain(user);
        }
        let asks = |tenant: &TenantPlan| {
            let touched = self.touched.get(&tenant.tenant);
            touched.is_some_and(|touched| !touched.waits.is_empty())
        };
        for plan in &mut self.caused.tenants {
            let waits = asks(plan);
            only_users(plan, user, waits);
        }
        self.drift.tenants.iter_mut().for_each(|plan| only_users(plan, user, false));
        self.caused.retain(TenantPlan::says_something);
        self.drift.retain(TenantPlan::says_something);
        let shown: BTreeSet<TenantName> =
            self.caused.tenants.iter().map(|plan| plan.tenant.clone()).collect();
        // A setting of a tenant concerns a user of whom something is told.
        self.touched.retain(|tenant, touched| {
            shown.contains(tenant)
                || !touched.already.is_empty()
                || !touched.waits.is_empty()
                || !touched.off_unproven.is_empty()
        });
    }
}

/// Leaves what concerns the users: their steps with those that these wait for or that wait for them,
/// their problems, and what is said of them.
fn only_users(plan: &mut TenantPlan, user: &dyn Fn(&Upn) -> bool, waits: bool) {
    let mut wanted: Vec<bool> = plan.steps.iter().map(|step| user(&step.user)).collect();
    split::together(&plan.steps, &mut wanted);
    plan.steps = split::only(&plan.steps, |id: StepId| wanted[id.0]);
    let remarks = &mut plan.remarks;
    remarks.problems.retain(|problem| user(&problem.user));
    remarks.undecided.retain(user);
    let notes = remarks.notes.drain(..).filter_map(|note| match split::naming(&note) {
        Some((users, again)) => {
            let users: Vec<Upn> = users.iter().filter(|named| user(named)).cloned().collect();
            (!users.is_empty()).then(|| again(users))
        }
        None => None,
    });
    let notes: Vec<Note> = notes.collect();
    remarks.notes = notes;
    remarks.notes.extend(interruption::note(&plan.steps));
    if plan.steps.is_empty() && !waits {
        // What holds a tenant holds nothing of theirs; its mode and that it was not read are told
        // with what is asked for.
        plan.holds.clear();
    }
    if !plan.steps.iter().any(|step| plan.holds.is_empty() && step.holds.is_empty()) {
        plan.sync = SyncPlan::NotNeeded;
        plan.sync_hold = None;
    }
}

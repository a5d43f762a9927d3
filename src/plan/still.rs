//! Tenants of which nothing is to be done and nothing is told: as long as nothing of one changes, and
//! no moment comes at which time alone would change something, it is not compared again.
//!
//! **Invariant:** what is kept is the plan that a comparison would give now.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Facts, Observation, Remarks, SyncPlan, TenantInput, TenantPlan, validity::Validity};
use crate::model::{RecalledMemory, TenantName};

/// Empty plans, each with the span of time in which it is empty.
#[derive(Debug, Default)]
pub(super) struct EmptyPlans(BTreeMap<TenantName, (TenantPlan, Validity)>);

impl EmptyPlans {
    /// The plan of a tenant that is still at this moment.
    pub(super) fn plan(&self, input: &TenantInput, now: Timestamp) -> Option<TenantPlan> {
        let (plan, _) = self.0.get(input.name()).filter(|(_, span)| span.holds(now))?;
        Some(TenantPlan { lease: input.lease.clone(), ..plan.clone() })
    }

    /// Keeps a plan, if it is empty.
    pub(super) fn keep(&mut self, plan: &TenantPlan, span: Validity) {
        if is_empty(plan) {
            self.0.insert(plan.tenant.clone(), (plan.clone(), span));
        } else {
            self.changed(&plan.tenant);
        }
    }

    /// Something of a tenant has changed.
    pub(super) fn changed(&mut self, name: &TenantName) {
        self.0.remove(name);
    }

    /// Something of all of them has changed.
    pub(super) fn all_changed(&mut self) {
        self.0.clear();
    }
}

/// Whether nothing is to be done, and nothing is told or put on record.
fn is_empty(plan: &TenantPlan) -> bool {
    // Taken apart, so what is new is not forgotten here.
    let TenantPlan {
        tenant: _,
        reference: _,
        mode: _,
        lease: _,
        steps,
        holds,
        sync,
        sync_from,
        sync_hold,
        due,
        fingerprint,
        waits_for,
        gateways: _,
        remarks,
        facts,
    } = plan;
    steps.is_empty()
        && holds.is_empty()
        && *sync == SyncPlan::NotNeeded
        && sync_from.is_none()
        && sync_hold.is_none()
        && due.is_none()
        && fingerprint.is_none()
        && waits_for.is_empty()
        && *remarks == Remarks::default()
        && *facts == Facts::default()
}

/// Whether a look shows what was known before, as far as that shows without a look at anybody.
pub(super) fn is_as_before(
    input: &TenantInput,
    look: &Observation,
    recalled: &RecalledMemory,
) -> bool {
    let is_same = match (&input.live, look) {
        (Observation::Seen(before), Observation::Seen(now)) => before.is_plainly(now),
        _ => false,
    };
    is_same && input.memory == recalled.memory
}

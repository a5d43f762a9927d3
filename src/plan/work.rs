//! What of a plan is carried out and recorded: all that the executor takes. What is told to people
//! stays with the plan.

use jiff::Timestamp;

use super::{Facts, Step, Steps, SyncPlan, TenantPlan, render};
use crate::model::{Fingerprint, LeaseId, TenantName, TenantRef};

/// One tenant's plan as it is carried out.
#[derive(Debug, Clone)]
pub struct Work<'p> {
    /// The tenant.
    pub tenant: &'p TenantName,
    /// How to address it. Without it nothing was read, and there is nothing to do or to record.
    pub reference: Option<&'p TenantRef>,
    /// The only lease under which it may be carried out.
    pub lease: Option<&'p LeaseId>,
    /// What the observation has shown: goes on record even if nothing may be sent.
    pub facts: &'p Facts,
    /// All steps, those that are held included.
    pub steps: &'p Steps,
    /// Whether the tenant as a whole is held: then no step runs and no sync is sent.
    pub is_held: bool,
    /// Whether the service is asked to sync after the steps.
    pub sync: &'p SyncPlan,
    /// Until when the sync has to wait.
    pub sync_from: Option<Timestamp>,
    /// The plan that the approvals were given for.
    pub fingerprint: Option<&'p Fingerprint>,
    /// Approvals that are used up by it.
    pub approvals: Vec<&'p TenantName>,
    /// The plan as people read it, for the journal; empty if nothing is sent.
    pub text: String,
}

impl TenantPlan {
    /// What of it is carried out.
    #[must_use]
    pub fn work(&self) -> Work<'_> {
        Work {
            tenant: &self.tenant,
            reference: self.reference.as_ref(),
            lease: self.lease.as_ref(),
            facts: &self.facts,
            steps: &self.steps,
            is_held: !self.holds.is_empty(),
            sync: &self.sync,
            sync_from: self.sync_from,
            fingerprint: self.fingerprint.as_ref(),
            approvals: self.approvals(),
            text: if self.writes() { render::plain(self) } else { String::new() },
        }
    }
}

impl Work<'_> {
    /// Whether a step may run.
    #[must_use]
    pub fn may_run(&self, step: &Step) -> bool {
        !self.is_held && step.holds.is_empty()
    }

    /// Whether carrying it out calls the service to change anything.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.is_held && *self.sync != SyncPlan::NotNeeded
    }

    /// How many steps send what was sent before and did not land.
    #[must_use]
    pub fn late_steps(&self) -> usize {
        self.steps.iter().filter(|step| self.may_run(step) && step.is_late()).count()
    }
}

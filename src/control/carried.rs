//! What became of a tenant's plan that a service carried out for somebody.

use serde::{Deserialize, Serialize};

use crate::{
    execute::{Stop, SyncOutcome, TenantReport},
    model::{PassId, RunId, StepOutcome},
    plan::TenantPlan,
};

/// What became of a tenant's plan, as a service answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CarriedPlan {
    /// The tenant.
    pub tenant: String,
    /// The run, as journal and log call it.
    pub run: String,
    /// The pass that the run is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<String>,
    /// What became of each step, in the plan's order; nothing for a held one.
    pub steps: Vec<Option<StepOutcome>>,
    /// What became of the sync.
    pub sync: SyncOutcome,
    /// Why the tenant was given up before the end, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stop>,
}

impl From<&TenantReport> for CarriedPlan {
    fn from(report: &TenantReport) -> Self {
        let TenantReport { tenant, run, pass, steps, sync, stopped } = report;
        Self {
            tenant: tenant.to_string(),
            run: run.to_string(),
            pass: pass.as_ref().map(ToString::to_string),
            steps: steps.iter().cloned().collect(),
            sync: sync.clone(),
            stopped: stopped.clone(),
        }
    }
}

impl CarriedPlan {
    /// The report of this plan; nothing if it is about another one.
    #[must_use]
    pub fn report(&self, plan: &TenantPlan) -> Option<TenantReport> {
        let is_of_it = plan.tenant.as_str() == self.tenant && plan.steps.len() == self.steps.len();
        let mut outcomes = self.steps.iter().cloned();
        is_of_it.then(|| TenantReport {
            tenant: plan.tenant.clone(),
            run: RunId::new(&self.run),
            pass: self.pass.as_deref().map(PassId::new),
            steps: plan.steps.map(|_| outcomes.next().flatten()),
            sync: self.sync.clone(),
            stopped: self.stopped.clone(),
        })
    }
}

//! One pass: observe, plan, carry out. Shared by the commands that run once and by the service.
//!
//! Async, and without I/O of its own: readers, writers and journals are handed in. [`observe`] and [`decide`] are all that a dry
//! run uses; they are not given a [`Provisioner`], so that it cannot write.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use crate::{
    config::{Execution, Interruption},
    execute::{Executor, TenantReport},
    manifest::InForce,
    model::{DesiredTenant, LiveTenant, Memory, Mode, RunId, TenantId, TenantName},
    plan::{self, Estimates, Observation, Plan, PlanInput, Settle, Step, TenantInput, TenantPlan},
    ports::{Fault, Journal, LiveReader, Provisioner, StepOutcome},
};

/// What was observed, by tenant. Suspended tenants are not in it.
pub type Observed = BTreeMap<TenantName, Result<Arc<LiveTenant>, Fault>>;

/// Observes all tenants, some side by side. `progress` hears of each that was looked at.
pub async fn observe<R: LiveReader>(
    reader: &R,
    tenants: impl Iterator<Item = &Arc<DesiredTenant>>,
    side_by_side: usize,
    progress: impl Fn(&TenantName),
) -> Observed {
    let asked = tenants.filter(|tenant| tenant.mode != Mode::Suspend);
    stream::iter(asked)
        .map(|tenant| async {
            let live = reader.observe(&tenant.reference()).await;
            (tenant.name.clone(), live.map(Arc::new))
        })
        .buffer_unordered(side_by_side)
        .inspect(|(name, _)| progress(name))
        .collect()
        .await
}

/// Plans all tenants that are in force.
pub fn decide(
    in_force: &InForce,
    observed: &Observed,
    memory: impl Fn(&TenantId) -> Memory,
    now: Timestamp,
    execution: &Execution,
) -> Plan {
    let memories: BTreeMap<&TenantName, Memory> =
        in_force.desired.tenants.iter().map(|(name, tenant)| (name, memory(&tenant.id))).collect();
    let nothing = Memory::default();
    let tenants = in_force.desired.tenants.values().map(|tenant| TenantInput {
        desired: tenant,
        kept: in_force.kept.get(&tenant.name).map(String::as_str),
        live: observation(observed, &tenant.name),
        memory: memories.get(&tenant.name).unwrap_or(&nothing),
        approvals: in_force.approvals.get(&tenant.name).map(Vec::as_slice).unwrap_or_default(),
        estimates: estimates(execution),
    });
    plan::plan(&PlanInput { tenants: tenants.collect(), broken: &in_force.broken, now, settle: settle(execution) })
}

fn observation<'o>(observed: &'o Observed, tenant: &TenantName) -> Observation<'o> {
    match observed.get(tenant) {
        Some(Ok(live)) => Observation::Seen(live),
        Some(Err(fault)) => Observation::Failed(fault),
        None => Observation::NotAsked,
    }
}

/// The planner's part of the execution settings.
#[must_use]
pub fn settle(execution: &Execution) -> Settle {
    Settle { later: execution.settle, first: execution.first_settle }
}

/// The planner's part of the execution settings, too.
#[must_use]
pub fn estimates(execution: &Execution) -> Estimates {
    let Interruption { number, gateway, details } = execution.interruption;
    Estimates { number, gateway, details }
}

/// Carries out all tenants of a plan, some side by side. The reports are in the plan's order.
pub async fn carry_out<P: Provisioner, J: Journal>(
    plan: &Plan,
    executor: &Executor<'_, P, J>,
    side_by_side: usize,
    run: impl Fn(&TenantName) -> RunId,
    progress: &(dyn Fn(&TenantPlan, &Step, &StepOutcome) + Sync),
) -> Vec<TenantReport> {
    let mut reports: BTreeMap<usize, TenantReport> = stream::iter(plan.tenants.iter().enumerate())
        .map(|(number, tenant)| {
            let run = run(&tenant.tenant);
            async move {
                let heard = |step: &Step, outcome: &StepOutcome| progress(tenant, step, outcome);
                (number, executor.tenant(tenant, run, &heard).await)
            }
        })
        .buffer_unordered(side_by_side)
        .collect()
        .await;
    (0..plan.tenants.len()).filter_map(|number| reports.remove(&number)).collect()
}

/// The id of a run: sorts by time, and no two are the same on one machine.
#[must_use]
pub fn run_id(now: Timestamp, process: u32, number: u64) -> RunId {
    RunId::new(&format!("{}-{process}-{number}", now.strftime("%Y%m%dT%H%M%SZ")))
}

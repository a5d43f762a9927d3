//! One pass: observe, plan, carry out. Shared by the commands that run once and by the service.
//!
//! Async, and without I/O of its own: readers, writers and journals are handed in. [`observe`] and
//! [`decide`] are all that a dry run uses; they are not given a
//! [`Provisioner`](crate::ports::Provisioner), so it cannot write.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Arc, LazyLock},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use crate::{
    config::{Execution, Interruption},
    manifest::InForce,
    model::{
        DesiredTenant, Fault, Inventory, LiveTenant, Mode, PassId, RecalledMemory, RunId, TenantId,
        TenantName, TenantRef,
    },
    plan::{self, Estimates, Fleet, Observation, Patience, Plan, Rules, Undo},
    ports::LiveReader,
};

mod back;
mod first;
mod leases;
mod review;
mod shared;
mod suspend;
mod tenant;

pub use back::{UndescribedRun, by_tenant};
pub use first::{FirstLook, first_looks};
pub use leases::{Leases, Memories, Progress, carry_out};
pub use review::{Observations, Versions, review, see, see_nothing};
pub use shared::SharedFleet;
pub use suspend::{StopSwitchChange, resume, suspend, switch};
pub use tenant::{PassResult, TenantPass};

/// What was observed, by tenant. Suspended tenants are not in it.
pub type ObservedTenants = BTreeMap<TenantName, Result<Arc<LiveTenant>, Fault>>;

/// What the account of each tenant has, as far as that is known.
pub type Inventories = BTreeMap<TenantName, Arc<Inventory>>;

/// Observes all tenants, some side by side. `progress` hears of each that was looked at.
pub async fn observe<R: LiveReader>(
    reader: &R,
    tenants: impl Iterator<Item = &Arc<DesiredTenant>>,
    side_by_side: usize,
    progress: impl Fn(&TenantName),
) -> ObservedTenants {
    let asked = tenants.filter(|tenant| tenant.mode != Mode::Suspend);
    stream::iter(asked)
        .map(|tenant| async move {
            let live = reader.observe(&tenant.reference()).await;
            (tenant.name.clone(), live.map(Arc::new))
        })
        .buffer_unordered(side_by_side)
        .inspect(|(name, _)| progress(name))
        .collect()
        .await
}

/// The same for tenants that no manifest has to describe.
pub async fn look<R: LiveReader>(
    reader: &R,
    tenants: impl Iterator<Item = TenantRef>,
    side_by_side: usize,
    progress: impl Fn(&TenantName),
) -> ObservedTenants {
    stream::iter(tenants)
        .map(|tenant| async move {
            let live = reader.observe(&tenant).await;
            (tenant.name, live.map(Arc::new))
        })
        .buffer_unordered(side_by_side)
        .inspect(|(name, _)| progress(name))
        .collect()
        .await
}

/// Plans all tenants that are in force.
pub fn decide<M: Into<RecalledMemory>>(
    in_force: &InForce,
    observed: &ObservedTenants,
    memory: impl Fn(&TenantId) -> M,
    now: Timestamp,
    execution: &Execution,
) -> Plan {
    fleet(in_force, observed, memory, execution).plan_all(now)
}

/// The same for a plan that is only shown.
pub fn show<M: Into<RecalledMemory>>(
    in_force: &InForce,
    observed: &ObservedTenants,
    memory: impl Fn(&TenantId) -> M,
    now: Timestamp,
    execution: &Execution,
) -> Plan {
    fleet(in_force, observed, memory, execution).show_all(now)
}

/// Plans to take back what runs did to these tenants, as far as they are in force.
pub fn decide_undo<M: Into<RecalledMemory>>(
    undos: &[(Undo<'_>, &TenantName)],
    in_force: &InForce,
    observed: &ObservedTenants,
    memory: impl Fn(&TenantId) -> M,
    now: Timestamp,
    execution: &Execution,
) -> Plan {
    let mut fleet = fleet(in_force, observed, memory, execution);
    let prepared: Vec<_> = undos
        .iter()
        .filter_map(|(undo, of)| Some((undo, undo.prepare(of, &mut fleet, now)?)))
        .collect();
    let tenants = prepared.into_iter().map(|(undo, prepared)| undo.plan(prepared, &mut fleet, now));
    Plan::of(tenants.collect())
}

/// All tenants that are in force, as they were observed.
fn fleet<M: Into<RecalledMemory>>(
    in_force: &InForce,
    observed: &ObservedTenants,
    memory: impl Fn(&TenantId) -> M,
    execution: &Execution,
) -> Fleet {
    let mut fleet = Fleet::new(rules(execution));
    fleet.take(in_force.tenants(), &in_force.broken);
    for (name, tenant) in &in_force.desired.tenants {
        let look = observation(observed.get(name).cloned());
        fleet.looked(name, &tenant.id, look, memory(&tenant.id));
    }
    fleet
}

/// Asks what the account of each tenant has: beside [`observe`], because neither needs the other.
/// Suspended tenants and what could not be asked are not in it.
pub async fn inventories<R: LiveReader>(
    reader: &R,
    tenants: impl Iterator<Item = &Arc<DesiredTenant>>,
    side_by_side: usize,
) -> Inventories {
    let asked = tenants.filter(|tenant| tenant.mode != Mode::Suspend);
    stream::iter(asked.map(|tenant| tenant.reference()))
        .map(|tenant| async move { Some((reader.inventory(&tenant).await?, tenant.name)) })
        .buffered(side_by_side)
        .filter_map(|asked| async { asked.map(|(inventory, tenant)| (tenant, inventory)) })
        .collect()
        .await
}

/// Adds to a plan what the accounts do not have of what the manifests name.
pub fn check_inventory(
    plan: &mut Plan,
    inventories: &Inventories,
    tenants: &BTreeMap<TenantName, Arc<DesiredTenant>>,
) {
    for plan in &mut plan.tenants {
        if let Some(inventory) = inventories.get(&plan.tenant)
            && let Some(desired) = tenants.get(&plan.tenant)
        {
            plan::inventory::check(plan, desired, inventory);
        }
    }
}

/// What a look means for the planner; nobody looks at a suspended tenant.
fn observation(look: Option<Result<Arc<LiveTenant>, Fault>>) -> Observation {
    match look {
        Some(Ok(live)) => Observation::Seen(live),
        Some(Err(fault)) => Observation::Failed { fault, before: None },
        None => Observation::NotAsked,
    }
}

/// The planner's part of the execution settings.
#[must_use]
pub fn rules(execution: &Execution) -> Rules {
    let Interruption { number, gateway, details } = execution.interruption;
    Rules {
        patience: patience(execution),
        per_hour: execution.per_hour,
        estimates: Estimates { number, gateway, details },
        looked: None,
    }
}

/// How long things may take.
#[must_use]
pub fn patience(execution: &Execution) -> Patience {
    let Execution {
        settle,
        first_settle,
        sync_spacing,
        flap_limit,
        flap_window,
        sync_settings,
        ..
    } = *execution;
    Patience { settle, first_settle, sync_spacing, flap_limit, flap_window, sync_settings }
}

/// The id of a run: sorts by time, and no two are the same on any machine. Each process draws 32
/// bits of the system's own chance when it starts, and counts its runs; two processes would have to
/// draw the same and begin their runs of one number within the same second.
#[must_use]
pub fn run_id(now: Timestamp, number: u64) -> RunId {
    let process = *PROCESS;
    RunId::new(&format!("{}-{process:08x}-{number}", now.strftime("%Y%m%dT%H%M%SZ")))
}

/// The id of a new pass: ten digits that nobody can foresee, few enough to type the first of them.
#[must_use]
pub fn pass_id() -> PassId {
    PassId::new(&format!("{:010x}", chance() >> 24))
}

/// What tells this process from all others in the names of runs.
static PROCESS: LazyLock<u32> = LazyLock::new(|| {
    let [.., a, b, c, d] = chance().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
});

/// Hashing nothing with keys from the system gives what nobody can foresee.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

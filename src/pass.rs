//! One pass: observe, plan, carry out. Shared by the commands that run once and by the service.
//!
//! Async, and without I/O of its own: readers, writers and journals are handed in. [`observe`] and
//! [`decide`] are all that a dry run uses; they are not given a [`Provisioner`], so that it cannot
//! write.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Arc, LazyLock},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use crate::{
    config::{Execution, Interruption},
    execute::{Executor, TenantReport},
    manifest::InForce,
    model::{
        Approval, DesiredTenant, Fault, LiveTenant, Memory, Mode, RunId, StepOutcome, TenantId,
        TenantName, TenantRef,
    },
    plan::{
        self, Estimates, Observation, Patience, Plan, PlanInput, Step, SyncPlan, TenantInput,
        TenantPlan, Undo,
    },
    ports::{Journal, JournalError, Lease, LiveReader, Provisioner, Recall},
    stop::StopSwitch,
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
    look(reader, asked.map(|tenant| tenant.reference()), side_by_side, progress).await
}

/// The same for tenants that no manifest has to describe.
pub async fn look<R: LiveReader>(
    reader: &R,
    tenants: impl Iterator<Item = TenantRef>,
    side_by_side: usize,
    progress: impl Fn(&TenantName),
) -> Observed {
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
pub fn decide(
    in_force: &InForce,
    observed: &Observed,
    memory: impl Fn(&TenantId) -> Arc<Memory>,
    now: Timestamp,
    execution: &Execution,
) -> Plan {
    let memories: BTreeMap<&TenantName, Arc<Memory>> =
        in_force.desired.tenants.iter().map(|(name, tenant)| (name, memory(&tenant.id))).collect();
    let nothing = Memory::default();
    plan::plan(&input(
        in_force,
        observed,
        |name| memories.get(name).map_or(&nothing, |memory| &**memory),
        now,
        execution,
    ))
}

/// Plans to take back what a run did to the tenant `of`; nothing if that is not in force.
pub fn decide_undo(
    (undo, of): (Undo<'_>, &TenantName),
    in_force: &InForce,
    observed: &Observed,
    memory: impl Fn(&TenantId) -> Arc<Memory>,
    now: Timestamp,
    execution: &Execution,
) -> Option<TenantPlan> {
    let memories: BTreeMap<&TenantName, Arc<Memory>> =
        in_force.desired.tenants.iter().map(|(name, tenant)| (name, memory(&tenant.id))).collect();
    let nothing = Memory::default();
    let mut all = input(
        in_force,
        observed,
        |name| memories.get(name).map_or(&nothing, |memory| &**memory),
        now,
        execution,
    );
    let position = all.tenants.iter().position(|tenant| tenant.desired.name == *of)?;
    let tenant = all.tenants.remove(position);
    Some(undo.plan(&tenant, &all))
}

fn input<'a>(
    in_force: &'a InForce,
    observed: &'a Observed,
    memory: impl Fn(&TenantName) -> &'a Memory,
    now: Timestamp,
    execution: &Execution,
) -> PlanInput<'a> {
    let tenants = in_force.desired.tenants.values().map(|tenant| TenantInput {
        desired: tenant,
        kept: in_force.kept.get(&tenant.name).map(String::as_str),
        live: observation(observed, &tenant.name),
        memory: memory(&tenant.name),
        approvals: in_force.approvals.get(&tenant.name).map(Vec::as_slice).unwrap_or_default(),
        estimates: estimates(execution),
    });
    let (tenants, broken, per_hour) = (tenants.collect(), &in_force.broken, execution.per_hour);
    PlanInput { tenants, broken, now, patience: patience(execution), per_hour }
}

/// Adds to a plan what the accounts do not have of what the manifests name.
pub async fn check_inventory<R: LiveReader>(
    plan: &mut Plan,
    reader: &R,
    tenants: &BTreeMap<TenantName, Arc<DesiredTenant>>,
) {
    for plan in &mut plan.tenants {
        let Some(desired) = tenants.get(&plan.tenant).filter(|tenant| tenant.mode != Mode::Suspend)
        else {
            continue;
        };
        if let Some(inventory) = reader.inventory(&desired.reference()).await {
            plan::inventory::check(plan, desired, &inventory);
        }
    }
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

/// The planner's part of the execution settings, too.
#[must_use]
pub fn estimates(execution: &Execution) -> Estimates {
    let Interruption { number, gateway, details } = execution.interruption;
    Estimates { number, gateway, details }
}

/// What is remembered of tenants, by their ids.
#[derive(Debug, Default)]
pub struct Memories(BTreeMap<TenantId, Arc<Memory>>);

impl Memories {
    /// What is remembered of each of these tenants now: for plans that are only shown.
    pub async fn recall<H: Recall>(
        journal: &H,
        tenants: impl Iterator<Item = &Arc<DesiredTenant>>,
    ) -> Result<Self, JournalError> {
        let mut memories = BTreeMap::new();
        for tenant in tenants {
            memories.insert(tenant.id.clone(), journal.recall(&tenant.id).await?);
        }
        Ok(Self(memories))
    }

    /// Of one tenant.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Arc<Memory> {
        self.0.get(tenant).map(Arc::clone).unwrap_or_default()
    }
}

/// The right to write of several tenants, or why somebody else has it.
#[derive(Debug, Default)]
pub struct Leases(BTreeMap<TenantName, Result<Lease, JournalError>>);

impl Leases {
    /// Takes the leases of these tenants. One that somebody else has is a matter of its tenant; a
    /// journal that cannot be used is a matter of all.
    pub async fn take<J: Journal>(
        journal: &J,
        tenants: impl Iterator<Item = (&TenantName, &TenantId)>,
    ) -> Result<Self, JournalError> {
        let mut leases = BTreeMap::new();
        for (name, id) in tenants {
            let lease = match journal.lease(id).await {
                Err(error @ (JournalError::Held { .. } | JournalError::Lost)) => Err(error),
                taken => Ok(taken?),
            };
            leases.insert(name.clone(), lease);
        }
        Ok(Self(leases))
    }

    /// What is remembered of all these tenants: of those that are leased, what nobody else can
    /// change meanwhile.
    pub async fn memories<J: Journal>(
        &self,
        journal: &J,
        tenants: impl Iterator<Item = &Arc<DesiredTenant>>,
    ) -> Result<Memories, JournalError> {
        let mut memories = BTreeMap::new();
        for tenant in tenants {
            let memory = match self.0.get(&tenant.name) {
                Some(Ok(lease)) => journal.memory(lease).await?,
                Some(Err(_)) | None => journal.recall(&tenant.id).await?,
            };
            memories.insert(tenant.id.clone(), memory);
        }
        Ok(Memories(memories))
    }

    /// The lease of one tenant. One that was never asked for is lost.
    fn give(&mut self, tenant: &TenantName) -> Result<Lease, JournalError> {
        self.0.remove(tenant).unwrap_or(Err(JournalError::Lost))
    }
}

/// Carries out all tenants of a plan under their leases, some side by side; those that owe a sync
/// first. The reports are in the plan's order.
pub async fn carry_out<P: Provisioner, J: Journal>(
    plan: &Plan,
    mut leases: Leases,
    executor: &Executor<'_, P, J>,
    side_by_side: usize,
    run: impl Fn(&TenantName) -> RunId,
    progress: &(dyn Fn(&TenantPlan, &Step, &StepOutcome) + Sync),
) -> Vec<TenantReport> {
    let mut order: Vec<(usize, &TenantPlan)> = plan.tenants.iter().enumerate().collect();
    order.sort_by_key(|(_, tenant)| !matches!(tenant.sync, SyncPlan::Owed(_) | SyncPlan::Again(_)));
    let mut reports: BTreeMap<usize, TenantReport> = stream::iter(order)
        .map(|(number, tenant)| {
            let run = run(&tenant.tenant);
            let lease = leases.give(&tenant.tenant);
            async move {
                let heard = |step: &Step, outcome: &StepOutcome| progress(tenant, step, outcome);
                (number, executor.tenant(tenant, lease, run, &heard).await)
            }
        })
        .buffer_unordered(side_by_side)
        .collect()
        .await;
    (0..plan.tenants.len()).filter_map(|number| reports.remove(&number)).collect()
}

/// One pass of one tenant, as the service makes it.
#[derive(Debug)]
pub struct TenantPass<'a, R, P, J> {
    /// Reads live state.
    pub reader: &'a R,
    /// Carries the plan out.
    pub executor: Executor<'a, P, J>,
    /// The settings.
    pub execution: &'a Execution,
    /// What is wanted.
    pub desired: &'a DesiredTenant,
    /// Why an older version of the manifests is in force, if one is.
    pub kept: Option<&'a str>,
    /// The approvals beside the manifests.
    pub approvals: &'a [Approval],
    /// What stops everything; none in a rehearsal.
    pub switch: Option<&'a StopSwitch>,
    /// The other tenants.
    pub elsewhere: &'a [Elsewhere],
    /// Tenants that cannot be planned because their manifests are broken, and what is wrong.
    pub broken: &'a BTreeMap<TenantName, String>,
    /// What journal and logs call it.
    pub run: RunId,
}

/// Another tenant as it was last seen: its users hold numbers too.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// What is wanted of it.
    pub desired: Arc<DesiredTenant>,
    /// What was seen; nothing if nobody has looked yet.
    pub live: Option<Arc<LiveTenant>>,
}

/// What a pass of a tenant saw, wanted and did.
#[derive(Debug)]
pub struct Passed {
    /// What was seen; nothing of a suspended tenant.
    pub observed: Option<Result<Arc<LiveTenant>, Fault>>,
    /// What was to be done.
    pub plan: TenantPlan,
    /// What became of it.
    pub report: TenantReport,
}

impl<R: LiveReader, P: Provisioner, J: Journal> TenantPass<'_, R, P, J> {
    /// Takes the lease, looks, decides, carries out. `planned` hears of the plan before anything is
    /// sent. Without the lease nothing is planned: somebody else may change what is remembered.
    pub async fn go(self, planned: &(dyn Fn(&TenantPlan) + Sync)) -> Result<Passed, JournalError> {
        let journal = self.executor.journal;
        let lease = journal.lease(&self.desired.id).await?;
        let observed = match self.desired.mode {
            Mode::Suspend => None,
            Mode::Enforce | Mode::Report => {
                Some(self.reader.observe(&self.desired.reference()).await.map(Arc::new))
            }
        };
        let own = journal.memory(&lease).await?;
        let others = self.elsewhere.iter().map(|other| &other.desired);
        let elsewhere = Memories::recall(journal, others).await?;
        let mut plan = self.plan(observed.as_ref().map(|live| live.as_deref()), &own, &elsewhere);
        // A run changes what is remembered; who still holds it makes it be cloned.
        drop((own, elsewhere));
        if self.desired.mode != Mode::Suspend
            && let Some(inventory) = self.reader.inventory(&self.desired.reference()).await
        {
            plan::inventory::check(&mut plan, self.desired, &inventory);
        }
        if let Some(Err(fault)) = self.switch.map(StopSwitch::check) {
            plan.stop(&fault);
        }
        planned(&plan);
        let report = self.executor.tenant(&plan, Ok(lease), self.run.clone(), &|_, _| {}).await;
        Ok(Passed { observed, plan, report })
    }

    fn plan(
        &self,
        observed: Option<Result<&LiveTenant, &Fault>>,
        own: &Memory,
        elsewhere: &Memories,
    ) -> TenantPlan {
        let live = match observed {
            Some(Ok(live)) => Observation::Seen(live),
            Some(Err(fault)) => Observation::Failed(fault),
            None => Observation::NotAsked,
        };
        let (desired, kept, approvals) = (self.desired, self.kept, self.approvals);
        let estimates = estimates(self.execution);
        let tenant = TenantInput { desired, kept, live, memory: own, approvals, estimates };
        let memories: Vec<Arc<Memory>> =
            self.elsewhere.iter().map(|other| elsewhere.of(&other.desired.id)).collect();
        let others = self.elsewhere.iter().zip(&memories).map(|(other, memory)| TenantInput {
            desired: &other.desired,
            kept: None,
            live: match &other.live {
                _ if other.desired.mode == Mode::Suspend => Observation::NotAsked,
                Some(live) => Observation::Seen(live),
                None => Observation::NotYet,
            },
            memory,
            approvals: &[],
            estimates,
        });
        let (now, patience, per_hour) =
            (self.executor.journal.now(), patience(self.execution), self.execution.per_hour);
        plan::plan_one(
            &tenant,
            &PlanInput { tenants: others.collect(), broken: self.broken, now, patience, per_hour },
        )
    }
}

/// The id of a run: sorts by time, and no two are the same on any machine. Each process draws 32
/// bits of the system's own chance when it starts, and counts its runs; two processes would have to
/// draw the same and begin their runs of one number within the same second.
#[must_use]
pub fn run_id(now: Timestamp, number: u64) -> RunId {
    let process = *PROCESS;
    RunId::new(&format!("{}-{process:08x}-{number}", now.strftime("%Y%m%dT%H%M%SZ")))
}

/// What tells this process from all others in the names of runs.
static PROCESS: LazyLock<u32> = LazyLock::new(|| {
    // Hashing nothing with keys from the system gives what nobody can foresee.
    let [.., a, b, c, d] = RandomState::new().build_hasher().finish().to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
});

//! One pass: observe, plan, carry out. Shared by the commands that run once and by the service.
//!
//! Async, and without I/O of its own: readers, writers and journals are handed in. [`observe`] and
//! [`decide`] are all that a dry run uses; they are not given a [`Provisioner`], so that it cannot
//! write.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use crate::{
    config::{Execution, Interruption},
    execute::{Executor, TenantReport},
    manifest::InForce,
    model::{
        DesiredTenant, Fault, LiveTenant, Memory, Mode, RunId, StepOutcome, TenantId,
        TenantInForce, TenantName, TenantRef,
    },
    plan::{
        self, Estimates, Fleet, Observation, Patience, Plan, Rules, Step, SyncPlan, TenantPlan,
        Undo,
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
    fleet(in_force, observed, memory, execution).plan_all(now)
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
    undo.plan(of, &mut fleet(in_force, observed, memory, execution), now)
}

/// All tenants that are in force, as they were observed.
fn fleet(
    in_force: &InForce,
    observed: &Observed,
    memory: impl Fn(&TenantId) -> Arc<Memory>,
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

/// The fleet as passes share it that run side by side.
#[derive(Debug)]
pub struct Shared {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    fleet: Fleet,
    /// Tenants of which more may be remembered by now: a pass of them may be writing, or the journal
    /// was away at its end.
    moving: BTreeMap<TenantName, TenantId>,
}

impl Shared {
    /// A fleet of nobody, by the rules of the settings.
    #[must_use]
    pub fn new(execution: &Execution) -> Self {
        let fleet = Fleet::new(rules(execution));
        Self { inner: Mutex::new(Inner { fleet, moving: BTreeMap::new() }) }
    }

    /// Takes what is in force now.
    pub fn take(&self, in_force: &InForce) {
        let mut inner = self.inner();
        inner.fleet.take(in_force.tenants(), &in_force.broken);
        inner.moving.retain(|name, _| in_force.desired.tenants.contains_key(name));
    }

    /// Takes the first look at a tenant.
    pub fn first_look(&self, look: &FirstLook) {
        let FirstLook { tenant, id, live, memory } = look;
        let mut inner = self.inner();
        if memory.is_none() {
            inner.moving.insert(tenant.clone(), id.clone());
        }
        let memory = memory.as_ref().map(Arc::clone).unwrap_or_default();
        inner.fleet.looked(tenant, id, observation(live.clone()), memory);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tenant as it was found when the service began.
#[derive(Debug, Clone)]
pub struct FirstLook {
    /// Which.
    pub tenant: TenantName,
    /// The customer.
    pub id: TenantId,
    /// What was seen; nothing of a suspended tenant, nor while the journal was away.
    pub live: Option<Result<Arc<LiveTenant>, Fault>>,
    /// What was remembered then; nothing if the journal was away.
    pub memory: Option<Arc<Memory>>,
}

/// Looks at all tenants once, some side by side: before anything is planned, everybody's numbers
/// are known, and what was sent within the last hour.
pub async fn first_looks<R: LiveReader, J: Journal>(
    reader: &R,
    journal: &J,
    tenants: Vec<Arc<DesiredTenant>>,
    side_by_side: usize,
) -> Vec<FirstLook> {
    stream::iter(tenants)
        .map(|tenant| first_look(reader, journal, tenant))
        .buffer_unordered(side_by_side)
        .collect()
        .await
}

async fn first_look<R: LiveReader, J: Journal>(
    reader: &R,
    journal: &J,
    tenant: Arc<DesiredTenant>,
) -> FirstLook {
    let memory = journal.recall(&tenant.id).await.ok();
    let live = match tenant.mode {
        Mode::Enforce | Mode::Report if memory.is_some() => {
            Some(reader.observe(&tenant.reference()).await.map(Arc::new))
        }
        Mode::Enforce | Mode::Report | Mode::Suspend => None,
    };
    FirstLook { tenant: tenant.name.clone(), id: tenant.id.clone(), live, memory }
}

/// One pass of one tenant, as the service makes it.
#[derive(Debug)]
pub struct TenantPass<'a, R, P, J> {
    /// Reads live state.
    pub reader: &'a R,
    /// Carries the plan out.
    pub executor: Executor<'a, P, J>,
    /// What is in force for the tenant.
    pub tenant: &'a TenantInForce,
    /// What was found when the service began, if this is the first pass.
    pub first_look: Option<FirstLook>,
    /// All tenants.
    pub fleet: &'a Shared,
    /// What stops everything; none in a rehearsal.
    pub switch: Option<&'a StopSwitch>,
    /// What journal and logs call it.
    pub run: RunId,
}

/// What a pass of a tenant saw, wanted and did.
#[derive(Debug)]
pub struct Passed {
    /// What was seen; nothing of a suspended tenant.
    pub observed: Option<Result<Arc<LiveTenant>, Fault>>,
    /// Whether it was seen for the first time.
    pub first: bool,
    /// What was to be done.
    pub plan: TenantPlan,
    /// What became of it.
    pub report: TenantReport,
}

/// A tenant whose pass may be writing.
struct Moves<'a> {
    fleet: &'a Shared,
    tenant: &'a DesiredTenant,
}

impl<'a> Moves<'a> {
    fn begin(fleet: &'a Shared, tenant: &'a DesiredTenant) -> Self {
        fleet.inner().moving.insert(tenant.name.clone(), tenant.id.clone());
        Self { fleet, tenant }
    }

    /// The pass has ended, and this is remembered now.
    fn end(self, memory: Arc<Memory>) {
        let mut inner = self.fleet.inner();
        inner.moving.remove(&self.tenant.name);
        inner.fleet.remembers(&self.tenant.name, &self.tenant.id, memory);
    }
}

impl<R: LiveReader, P: Provisioner, J: Journal> TenantPass<'_, R, P, J> {
    /// Takes the lease, looks, decides, carries out. `planned` hears of the plan before anything is
    /// sent. Without the lease nothing is planned: somebody else may change what is remembered.
    pub async fn go(
        mut self,
        planned: &(dyn Fn(&TenantPlan) + Sync),
    ) -> Result<Passed, JournalError> {
        let desired = &*self.tenant.desired;
        let journal = self.executor.journal;
        let lease = journal.lease(&desired.id).await?;
        let memory = journal.memory(&lease).await?;
        let first_look = self.first_look.take();
        let observed = self.look(first_look, &memory).await;
        let moves = Moves::begin(self.fleet, desired);
        let (mut plan, first) = self.plan(observed.clone(), memory).await?;
        if desired.mode != Mode::Suspend
            && let Some(inventory) = self.reader.inventory(&desired.reference()).await
        {
            plan::inventory::check(&mut plan, desired, &inventory);
        }
        if let Some(Err(fault)) = self.switch.map(StopSwitch::check) {
            plan.stop(&fault);
        }
        planned(&plan);
        let report = self.executor.tenant(&plan, Ok(lease), self.run.clone(), &|_, _| {}).await;
        if let Ok(memory) = journal.recall(&desired.id).await {
            moves.end(memory);
        }
        Ok(Passed { observed, first, plan, report })
    }

    /// What was found when the service began serves as long as nothing was written since.
    async fn look(
        &self,
        first: Option<FirstLook>,
        memory: &Arc<Memory>,
    ) -> Option<Result<Arc<LiveTenant>, Fault>> {
        let tenant = &self.tenant.desired;
        if tenant.mode == Mode::Suspend {
            return None;
        }
        if let Some(FirstLook { id, live: Some(Ok(live)), memory: then, .. }) = first
            && id == tenant.id
            && then.as_ref() == Some(memory)
        {
            return Some(Ok(live));
        }
        Some(self.reader.observe(&tenant.reference()).await.map(Arc::new))
    }

    /// Plans the tenant as the fleet has it, which may be newer than what this pass began with:
    /// then the pass was told to stop, and the plan is only shown.
    async fn plan(
        &self,
        observed: Option<Result<Arc<LiveTenant>, Fault>>,
        memory: Arc<Memory>,
    ) -> Result<(TenantPlan, bool), JournalError> {
        let (name, id) = (&self.tenant.desired.name, &self.tenant.desired.id);
        let moving = self.fleet.inner().moving.clone();
        let mut others = Vec::new();
        for (name, id) in moving.into_iter().filter(|(other, _)| other != name) {
            let memory = self.executor.journal.recall(&id).await?;
            others.push((name, id, memory));
        }
        let mut inner = self.fleet.inner();
        for (name, id, memory) in others {
            inner.fleet.remembers(&name, &id, memory);
        }
        let first = inner.fleet.looked(name, id, observation(observed), memory);
        let plan = inner.fleet.plan(name, self.executor.journal.now());
        Ok((plan, first))
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

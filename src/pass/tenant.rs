//! One pass of one tenant, as the service makes it.

use std::sync::Arc;

use futures_util::future::join;

use super::{FirstLook, SharedFleet, observation, shared::MovingTenant};
use crate::{
    execute::{Executor, TenantReport},
    model::{Fault, Inventory, LiveTenant, Memory, Mode, RecalledMemory, RunId, TenantInForce},
    plan::{self, TenantPlan},
    ports::{Journal, JournalError, LiveReader, Provisioner},
    stop::StopSwitch,
};

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
    pub fleet: &'a SharedFleet,
    /// What stops everything; none in a rehearsal.
    pub switch: Option<&'a StopSwitch>,
    /// What journal and logs call it.
    pub run: RunId,
}

/// What a pass of a tenant saw, wanted and did.
#[derive(Debug)]
pub struct PassResult {
    /// What was seen; nothing of a suspended tenant.
    pub observed: Option<Result<Arc<LiveTenant>, Fault>>,
    /// Whether it was seen for the first time.
    pub first: bool,
    /// What was to be done.
    pub plan: TenantPlan,
    /// What became of it.
    pub report: TenantReport,
    /// What the journal knows after it, if it can tell now.
    pub memory: Option<Arc<Memory>>,
}

impl<R: LiveReader, P: Provisioner, J: Journal> TenantPass<'_, R, P, J> {
    /// Takes the lease, looks, decides, carries out. `planned` hears of the plan before anything is
    /// sent. Without the lease nothing is planned: somebody else may change what is remembered.
    pub async fn go(
        mut self,
        planned: &(dyn Fn(&TenantPlan) + Sync),
    ) -> Result<PassResult, JournalError> {
        let desired = &*self.tenant.desired;
        let journal = self.executor.journal;
        let lease = journal.lease(&desired.id).await?;
        let memory = journal.memory(&lease).await?;
        let first_look = self.first_look.take();
        // Boxed: both are large, and a pass would be with them.
        let look = Box::pin(self.look(first_look, &memory));
        let (observed, inventory) = join(look, Box::pin(self.inventory())).await;
        let moves = MovingTenant::begin(self.fleet, desired);
        let recalled = RecalledMemory { memory, lease: Some(lease.id()) };
        let (mut plan, first) = self.plan(observed.clone(), recalled).await?;
        if let Some(inventory) = inventory {
            plan::inventory::check(&mut plan, desired, &inventory);
        }
        if let Some(Err(fault)) = self.switch.map(StopSwitch::check) {
            plan.stop(&fault);
        }
        planned(&plan);
        let run = self.run.clone();
        let report = self.executor.tenant(plan.work(), Ok(lease), run, &|_, _| {}).await;
        let memory = journal.recall(&desired.id).await.ok();
        if let Some(memory) = &memory {
            moves.end(Arc::clone(memory));
        }
        Ok(PassResult { observed, first, plan, report, memory })
    }

    /// What was found when the service began, if it serves; otherwise what is found now.
    async fn look(
        &self,
        first: Option<FirstLook>,
        memory: &Arc<Memory>,
    ) -> Option<Result<Arc<LiveTenant>, Fault>> {
        let tenant = &self.tenant.desired;
        if tenant.mode == Mode::Suspend {
            return None;
        }
        let reference = tenant.reference();
        let now = self.executor.journal.now();
        match first.and_then(|first| first.serves(&reference, memory, now)) {
            Some(live) => Some(Ok(live)),
            None => Some(self.reader.observe(&reference).await.map(Arc::new)),
        }
    }

    /// What the account has; nobody asks for a suspended tenant.
    async fn inventory(&self) -> Option<Arc<Inventory>> {
        let tenant = &self.tenant.desired;
        if tenant.mode == Mode::Suspend {
            return None;
        }
        self.reader.inventory(&tenant.reference()).await
    }

    /// Plans the tenant as the fleet has it, which may be newer than what this pass began with:
    /// then the pass was told to stop, and the plan is only shown.
    async fn plan(
        &self,
        observed: Option<Result<Arc<LiveTenant>, Fault>>,
        recalled: RecalledMemory,
    ) -> Result<(TenantPlan, bool), JournalError> {
        let name = &self.tenant.desired.name;
        let id = &self.tenant.desired.id;
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
        let first = inner.fleet.looked(name, id, observation(observed), recalled);
        let plan = inner.fleet.plan(name, self.executor.journal.now());
        Ok((plan, first))
    }
}

//! The right to write of several tenants, what is remembered of them, and carrying out under it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt, stream};

use crate::{
    execute::{Executor, TenantReport},
    model::{
        DesiredTenant, Memory, Mode, RecalledMemory, RunId, StepOutcome, TenantId, TenantName,
    },
    plan::{Plan, Step, SyncPlan, TenantPlan},
    ports::{Journal, JournalError, Lease, Provisioner, Recall},
};

/// What is remembered of tenants, by their ids.
#[derive(Debug, Default)]
pub struct Memories(BTreeMap<TenantId, RecalledMemory>);

impl Memories {
    /// What is remembered of each of these tenants now: for plans that are only shown.
    pub async fn recall<H: Recall>(
        journal: &H,
        tenants: impl Iterator<Item = &Arc<DesiredTenant>>,
    ) -> Result<Self, JournalError> {
        let mut memories = BTreeMap::new();
        for tenant in tenants {
            memories.insert(tenant.id.clone(), journal.recall(&tenant.id).await?.into());
        }
        Ok(Self(memories))
    }

    /// What is remembered of one tenant.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Arc<Memory> {
        self.0.get(tenant).map(|recalled| Arc::clone(&recalled.memory)).unwrap_or_default()
    }

    /// The tenants whose users may be written to, and of which no look was ever recorded.
    #[must_use]
    pub fn never_looked<'t>(
        &self,
        tenants: impl Iterator<Item = &'t Arc<DesiredTenant>>,
    ) -> BTreeSet<TenantName> {
        let unknown = |tenant: &&Arc<DesiredTenant>| {
            tenant.mode == Mode::Enforce && !self.of(&tenant.id).has_looked()
        };
        tenants.filter(unknown).map(|tenant| tenant.name.clone()).collect()
    }

    /// What is remembered of one tenant, with the lease that it came with.
    #[must_use]
    pub fn recalled(&self, tenant: &TenantId) -> RecalledMemory {
        self.0.get(tenant).cloned().unwrap_or_default()
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
            let recalled = match self.of(&tenant.name) {
                Some(lease) => {
                    RecalledMemory { memory: journal.memory(lease).await?, lease: Some(lease.id()) }
                }
                None => journal.recall(&tenant.id).await?.into(),
            };
            memories.insert(tenant.id.clone(), recalled);
        }
        Ok(Memories(memories))
    }

    /// The lease of one tenant, if it was given out.
    #[must_use]
    pub fn of(&self, tenant: &TenantName) -> Option<&Lease> {
        self.0.get(tenant)?.as_ref().ok()
    }

    /// The lease of one tenant. One that was never asked for is lost.
    fn give(&mut self, tenant: &TenantName) -> Result<Lease, JournalError> {
        self.0.remove(tenant).unwrap_or(Err(JournalError::Lost))
    }
}

/// What is heard while a plan is carried out.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'p> {
    /// What became of a step.
    Step(&'p Step, &'p StepOutcome),
    /// A tenant is over, its sync too.
    Ended(&'p TenantReport),
}

/// Tells what becomes of a tenant's steps.
fn steps_of<'p>(
    tenant: &'p TenantPlan,
    progress: &'p (dyn Fn(&TenantPlan, Progress<'_>) + Sync),
) -> impl Fn(&Step, &StepOutcome) + Send + Sync + 'p {
    move |step: &Step, outcome: &StepOutcome| progress(tenant, Progress::Step(step, outcome))
}

/// Carries out all tenants of a plan under their leases, some side by side; those that owe a sync
/// first. The reports are in the plan's order.
pub async fn carry_out<P: Provisioner, J: Journal>(
    plan: &Plan,
    mut leases: Leases,
    executor: &Executor<'_, P, J>,
    side_by_side: usize,
    run: impl Fn(&TenantName) -> RunId,
    progress: &(dyn Fn(&TenantPlan, Progress<'_>) + Sync),
) -> Vec<TenantReport> {
    let owes = |number: &usize| {
        matches!(plan.tenants[*number].sync, SyncPlan::Owed(_) | SyncPlan::Again(_))
    };
    // By number: what borrows from the plan could not go to another thread.
    let mut order: Vec<usize> = (0..plan.tenants.len()).collect();
    order.sort_by_key(|number| !owes(number));
    let mut reports: BTreeMap<usize, TenantReport> = stream::iter(order)
        .map(|number| {
            let tenant = &plan.tenants[number];
            let run = run(&tenant.tenant);
            let lease = leases.give(&tenant.tenant);
            async move {
                let heard = steps_of(tenant, progress);
                (number, executor.tenant(tenant.work(), lease, run, &heard).await)
            }
        })
        .buffer_unordered(side_by_side)
        .inspect(|(number, report)| progress(&plan.tenants[*number], Progress::Ended(report)))
        .collect()
        .await;
    (0..plan.tenants.len()).filter_map(|number| reports.remove(&number)).collect()
}

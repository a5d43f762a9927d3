//! An undo that somebody hands over: the service plans it under its own leases, and carries it out
//! if it is the plan that this person has seen.

use std::{fmt, num::NonZeroUsize, sync::Arc};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::{Daemon, Listeners};
use crate::{
    board::News,
    control::TakeBack,
    execute::{Executor, TenantReport},
    manifest::InForce,
    model::{Entry, Mode, PartOf, PassId, RunId, TenantName, TenantRef},
    pass::{self, Leases, Memories, SharedFleet},
    plan::{Plan, TenantPlan, Undo, fingerprint_of},
    ports::{Journal, JournalError, LiveReader, Provisioner},
};

/// Looks up what is on record of runs, in their order; or says why that cannot be read.
#[derive(Clone)]
pub struct RunLookup(Arc<RunLookupFn>);

type RunLookupFn =
    dyn Fn(Vec<RunId>) -> BoxFuture<'static, Result<Vec<Entry>, String>> + Send + Sync;

impl RunLookup {
    /// One that is asked in this way.
    pub fn new(
        look: impl Fn(Vec<RunId>) -> BoxFuture<'static, Result<Vec<Entry>, String>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(look))
    }

    /// Of a service whose journal cannot be looked back at.
    #[must_use]
    pub fn nothing() -> Self {
        Self::new(|_| Box::pin(async { Err("this service keeps no journal".to_owned()) }))
    }
}

impl fmt::Debug for RunLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Past")
    }
}

/// Why nothing was done: what is wrong, and what to do.
pub(super) type UndoRefusal = (String, String);

/// What became of it.
pub(super) struct UndoResult {
    /// The request.
    pub(super) id: String,
    /// The report of each tenant, or why nothing was done.
    pub(super) reports: Result<Vec<TenantReport>, UndoRefusal>,
}

/// An undo that is about to be planned.
pub(super) struct Undoing<R, P, J> {
    pub(super) daemon: Arc<Daemon<R, P, J>>,
    pub(super) listeners: Listeners,
    pub(super) stop: CancellationToken,
    pub(super) fleet: Arc<SharedFleet>,
    pub(super) in_force: InForce,
    pub(super) order: TakeBack,
    /// Who wants it.
    pub(super) by: String,
    pub(super) pass: PassId,
    /// The number of its first run.
    pub(super) first: u64,
}

impl<R: LiveReader, P: Provisioner, J: Journal> Undoing<R, P, J> {
    pub(super) async fn go(self) -> Result<Vec<TenantReport>, UndoRefusal> {
        let tenants = &self.in_force.desired.tenants;
        let own = self.order.tenants.iter().filter_map(|name| tenants.get(name));
        let own = own.map(|tenant| (&tenant.name, &tenant.id));
        let journal = &*self.daemon.journal;
        let leases = Leases::take(journal, own).await.map_err(without_journal)?;
        let memories = leases.memories(journal, tenants.values()).await.map_err(without_journal)?;
        let plan = tokio::select! {
            plan = self.plan(&memories) => plan?,
            () = self.stop.cancelled() => return Err(ended()),
        };
        // Carrying out changes what is remembered.
        drop(memories);
        // Each call is held against it again.
        if let Err(fault) = self.daemon.switch.check() {
            return Err((fault.message, fault.hint.unwrap_or_default()));
        }
        let now = fingerprint_of(&plan);
        if now != self.order.plan {
            return Err(another_plan());
        }
        Ok(self.carry_out(&plan, leases).await)
    }

    /// All tenants are looked at, because a number may have moved to any of them.
    async fn plan(&self, memories: &Memories) -> Result<Plan, UndoRefusal> {
        let Self { daemon, in_force, order, .. } = self;
        let unreadable = |reason| (reason, "`dialplane journal check` says more".to_owned());
        let entries = (daemon.past.0)(order.runs.clone()).await.map_err(unreadable)?;
        let by_tenant = pass::by_tenant(entries, in_force)
            .map_err(|error| (error.to_string(), error.hint().to_owned()))?;
        let tenants = in_force.desired.tenants.values();
        let asked = tenants.filter(|tenant| tenant.mode != Mode::Suspend);
        let asked: Vec<TenantRef> = asked.map(|tenant| tenant.reference()).collect();
        let readers = daemon.execution.readers;
        let observed = pass::look(&daemon.reader, asked.into_iter(), readers, |_| {}).await;
        let undos: Vec<(Undo<'_>, &TenantName)> = by_tenant
            .iter()
            .map(|(tenant, entries)| (Undo { what: &order.what, entries }, tenant))
            .collect();
        let plan = pass::decide_undo(
            &undos,
            in_force,
            &observed,
            |tenant| memories.recalled(tenant),
            daemon.journal.now(),
            &daemon.execution,
        );
        Ok(plan)
    }

    async fn carry_out(&self, plan: &Plan, leases: Leases) -> Vec<TenantReport> {
        let daemon = &self.daemon;
        let journal = &*daemon.journal;
        let users = NonZeroUsize::new(daemon.execution.users_per_tenant);
        let part_of = PartOf { pass: self.pass.clone(), undoes: Some(self.order.what.clone()) };
        let executor = Executor {
            provisioner: &daemon.provisioner,
            journal,
            users: users.unwrap_or(NonZeroUsize::MIN),
            sync_settings: daemon.execution.sync_settings,
            // No version of the manifests wants this.
            revision: None,
            by: Some(self.by.clone()),
            part_of: Some(part_of),
            stop: self.stop.clone(),
            newer: CancellationToken::new(),
        };
        for tenant in &plan.tenants {
            self.listeners.tell(&News::Planned(tenant, journal.now()));
        }
        let run = |tenant: &TenantName| {
            let place = plan.tenants.iter().position(|planned| planned.tenant == *tenant);
            pass::run_id(journal.now(), self.first + place.unwrap_or_default() as u64)
        };
        let side_by_side = daemon.execution.tenants;
        let reports = pass::carry_out(plan, leases, &executor, side_by_side, run, &|_, _| {}).await;
        for (tenant, report) in plan.tenants.iter().zip(&reports) {
            self.tell(tenant, report).await;
        }
        reports
    }

    /// Everybody hears what became of a tenant, and its next pass begins with what was written.
    async fn tell(&self, plan: &TenantPlan, report: &TenantReport) {
        let journal = &*self.daemon.journal;
        self.listeners.tell(&News::Finished(plan, report));
        let Some(tenant) = self.in_force.desired.tenants.get(&plan.tenant) else { return };
        let memory = journal.recall(&tenant.id).await.ok();
        if let Some(memory) = &memory {
            self.listeners.tell(&News::Remembered(&tenant.name, memory, journal.now()));
        }
        self.fleet.was_written(tenant, memory);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn without_journal(error: JournalError) -> UndoRefusal {
    (error.to_string(), error.hint().to_owned())
}

pub(super) fn ended() -> UndoRefusal {
    ("the service ends, and has done nothing of it".to_owned(), "undo again".to_owned())
}

fn another_plan() -> UndoRefusal {
    let message = "nothing was changed: the service would do something else than was shown";
    let hint = "live state has moved meanwhile, or the service has another version of the \
        manifests in force (`dialplane status`): undo again, and look at the plan";
    (message.to_owned(), hint.to_owned())
}

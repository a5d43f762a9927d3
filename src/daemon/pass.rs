//! One pass of one tenant: look, decide, carry out, tell.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Daemon, Listener, News};
use crate::{
    execute::{Executor, Stop},
    model::{DesiredTenant, LiveTenant, Memory, Mode, RunId, TenantId, TenantName},
    pass,
    plan::{self, Observation, PlanInput, TenantInput, TenantPlan},
    ports::{Fault, Journal, JournalError, LiveReader, Provisioner},
    reconcile::Ending,
};

/// How a pass of a tenant ended.
pub(super) struct Ended {
    pub(super) tenant: TenantName,
    pub(super) ending: Ending,
    pub(super) live: Option<Arc<LiveTenant>>,
    pub(super) id: TenantId,
    /// Whether anything was accepted.
    pub(super) wrote: bool,
    /// Tenants whose next pass may lift a hold of this one.
    pub(super) waits_for: BTreeSet<TenantName>,
    pub(super) journal_failed: Option<JournalError>,
}

/// Another tenant as it was last seen, if it was: its users hold numbers too.
pub(super) struct Elsewhere {
    pub(super) desired: Arc<DesiredTenant>,
    pub(super) live: Option<Arc<LiveTenant>>,
}

/// One pass of one tenant.
pub(super) struct Pass<R, P, J> {
    pub(super) daemon: Arc<Daemon<R, P, J>>,
    pub(super) listener: Listener,
    pub(super) stop: CancellationToken,
    pub(super) desired: Arc<DesiredTenant>,
    pub(super) kept: Option<String>,
    pub(super) elsewhere: Vec<Elsewhere>,
    pub(super) broken: BTreeMap<TenantName, String>,
    pub(super) run: RunId,
}

impl<R: LiveReader, P: Provisioner, J: Journal> Pass<R, P, J> {
    pub(super) async fn go(self) -> Ended {
        let daemon = &self.daemon;
        let observed = match self.desired.mode {
            Mode::Suspend => None,
            Mode::Enforce | Mode::Report => Some(daemon.reader.observe(&self.desired.reference()).await.map(Arc::new)),
        };
        let plan = self.plan(observed.as_ref().map(|live| live.as_deref()));
        (self.listener)(News::Planned(&plan));
        let executor = Executor {
            provisioner: &daemon.provisioner,
            journal: &daemon.journal,
            users: NonZeroUsize::new(daemon.execution.users_per_tenant).unwrap_or(NonZeroUsize::MIN),
            clock: Timestamp::now,
            stop: self.stop.clone(),
        };
        let report = executor.tenant(&plan, self.run.clone(), &|_, _| {}).await;
        (self.listener)(News::Finished(&plan, &report));
        let read = !matches!(observed, Some(Err(_)));
        let ending = match (read && report.is_complete(), plan.is_held()) {
            (false, _) => Ending::Failed,
            (true, true) => Ending::Held,
            (true, false) => Ending::Done,
        };
        let (wrote, waits_for) = (report.accepted() > 0, plan.waits_for);
        let journal_failed = match report.stopped {
            Some(Stop::Journal(error)) => Some(error),
            _ => None,
        };
        let (tenant, id) = (self.desired.name.clone(), self.desired.id.clone());
        Ended { tenant, ending, live: observed.and_then(Result::ok), id, wrote, waits_for, journal_failed }
    }

    fn plan(&self, observed: Option<Result<&LiveTenant, &Fault>>) -> TenantPlan {
        let journal = &self.daemon.journal;
        let memory = journal.memory(&self.desired.id);
        let live = match observed {
            Some(Ok(live)) => Observation::Seen(live),
            Some(Err(fault)) => Observation::Failed(fault),
            None => Observation::NotAsked,
        };
        let tenant = TenantInput { desired: &self.desired, kept: self.kept.as_deref(), live, memory: &memory };
        let memories: Vec<Memory> = self.elsewhere.iter().map(|other| journal.memory(&other.desired.id)).collect();
        let others = self.elsewhere.iter().zip(&memories).map(|(other, memory)| TenantInput {
            desired: &other.desired,
            kept: None,
            live: match &other.live {
                Some(live) => Observation::Seen(live),
                None if other.desired.mode == Mode::Suspend => Observation::NotAsked,
                None => Observation::NotYet,
            },
            memory,
        });
        let (settle, per_hour) = (pass::settle(&self.daemon.execution), self.daemon.execution.per_hour);
        let others = PlanInput { tenants: others.collect(), broken: &self.broken, now: Timestamp::now(), settle, per_hour };
        plan::plan_one(&tenant, &others)
    }
}

//! One pass of one tenant: look, decide, carry out, tell.

use std::{num::NonZeroUsize, sync::Arc};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Daemon, Listener, News};
use crate::{
    execute::{Executor, Stop},
    model::{Approval, DesiredTenant, LiveTenant, Memory, Mode, RunId, TenantId, TenantName},
    pass,
    plan::{self, Observation, TenantInput, TenantPlan},
    ports::{Fault, Journal, JournalError, LiveReader, Provisioner},
    reconcile::Ending,
};

/// How a pass of a tenant ended.
pub(super) struct Ended {
    pub(super) tenant: TenantName,
    pub(super) ending: Ending,
    pub(super) live: Option<Arc<LiveTenant>>,
    pub(super) id: TenantId,
    pub(super) journal_failed: Option<JournalError>,
    /// When something that it held may run by itself.
    pub(super) resumes: Option<Timestamp>,
}

/// Another tenant as it was last seen: its users hold numbers too.
pub(super) struct Elsewhere {
    pub(super) tenant: TenantName,
    pub(super) id: TenantId,
    pub(super) live: Arc<LiveTenant>,
}

/// One pass of one tenant.
pub(super) struct Pass<R, P, J> {
    pub(super) daemon: Arc<Daemon<R, P, J>>,
    pub(super) listener: Listener,
    pub(super) stop: CancellationToken,
    pub(super) desired: Arc<DesiredTenant>,
    pub(super) kept: Option<String>,
    pub(super) approvals: Vec<Approval>,
    pub(super) elsewhere: Vec<Elsewhere>,
    pub(super) run: RunId,
}

impl<R: LiveReader, P: Provisioner, J: Journal> Pass<R, P, J> {
    pub(super) async fn go(self) -> Ended {
        let daemon = &self.daemon;
        let observed = match self.desired.mode {
            Mode::Suspend => None,
            Mode::Enforce | Mode::Report => Some(daemon.reader.observe(&self.desired.reference()).await.map(Arc::new)),
        };
        let mut plan = self.plan(observed.as_ref().map(|live| live.as_deref()));
        if let Err(fault) = daemon.switch.check() {
            plan.stop(&fault);
        }
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
        let journal_failed = match report.stopped {
            Some(Stop::Journal(error)) => Some(error),
            _ => None,
        };
        let (tenant, id) = (self.desired.name.clone(), self.desired.id.clone());
        Ended { tenant, ending, live: observed.and_then(Result::ok), id, journal_failed, resumes: plan.resumes() }
    }

    fn plan(&self, observed: Option<Result<&LiveTenant, &Fault>>) -> TenantPlan {
        let memory = self.daemon.journal.memory(&self.desired.id);
        let live = match observed {
            Some(Ok(live)) => Observation::Seen(live),
            Some(Err(fault)) => Observation::Failed(fault),
            None => Observation::NotAsked,
        };
        let (kept, approvals) = (self.kept.as_deref(), self.approvals.as_slice());
        let estimates = pass::estimates(&self.daemon.execution);
        let tenant = TenantInput { desired: &self.desired, kept, live, memory: &memory, approvals, estimates };
        let settle = pass::settle(&self.daemon.execution);
        let memories: Vec<Memory> = self.elsewhere.iter().map(|other| self.daemon.journal.memory(&other.id)).collect();
        let elsewhere = self.elsewhere.iter().zip(&memories);
        let elsewhere: Vec<_> = elsewhere.map(|(other, memory)| (&other.tenant, other.live.as_ref(), memory)).collect();
        plan::plan_one(&tenant, &elsewhere, Timestamp::now(), settle)
    }
}

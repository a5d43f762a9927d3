//! One pass of one tenant: look, decide, carry out, tell.

use std::{collections::BTreeSet, num::NonZeroUsize, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    Daemon, Listeners,
    signs::{SignallingWriter, Signs},
};
use crate::{
    board::News,
    execute::{Executor, Stop, TenantReport},
    model::{PartOf, PassId, Revision, RunId, TenantInForce, TenantName},
    pass::{FirstLook, PassResult, SharedFleet, TenantPass},
    plan::TenantPlan,
    ports::{Journal, JournalError, LiveReader, Provisioner},
    reconcile::Ending,
};

/// How a pass of a tenant ended.
pub(super) struct EndedPass {
    pub(super) tenant: TenantName,
    pub(super) ending: Ending,
    /// Whether anything was accepted, or the tenant was seen for the first time: others may wait
    /// for that.
    pub(super) news: bool,
    /// Tenants whose next pass may lift a hold of this one.
    pub(super) waits_for: BTreeSet<TenantName>,
    /// Why nothing could be planned, if so.
    pub(super) failure: Option<String>,
    pub(super) journal_failed: Option<JournalError>,
    /// When something that it held may run without a person.
    pub(super) resumes: Option<Timestamp>,
}

impl EndedPass {
    /// A pass that could not begin: nobody has looked, nothing was sent.
    fn without_journal(tenant: &TenantName, error: JournalError) -> Self {
        Self {
            tenant: tenant.clone(),
            ending: Ending::Failed,
            news: false,
            waits_for: BTreeSet::new(),
            failure: Some(error.to_string()),
            journal_failed: Some(error).filter(JournalError::is_final),
            resumes: None,
        }
    }
}

/// One pass of one tenant.
pub(super) struct Pass<R, P, J> {
    pub(super) daemon: Arc<Daemon<R, P, J>>,
    pub(super) listeners: Listeners,
    pub(super) stop: CancellationToken,
    pub(super) newer: CancellationToken,
    pub(super) tenant: TenantInForce,
    pub(super) first_look: Option<FirstLook>,
    pub(super) fleet: Arc<SharedFleet>,
    pub(super) run: RunId,
    /// The round of the service that it is part of.
    pub(super) part_of: PassId,
    /// Of the manifests that are in force; not of an older version that is kept.
    pub(super) revision: Option<Revision>,
    pub(super) signs: Signs,
}

impl<R: LiveReader, P: Provisioner, J: Journal> Pass<R, P, J> {
    pub(super) async fn go(self) -> EndedPass {
        let daemon = &self.daemon;
        let provisioner = SignallingWriter { inner: &daemon.provisioner, signs: &self.signs };
        let pass = TenantPass {
            reader: &daemon.reader,
            executor: Executor {
                provisioner: &provisioner,
                journal: &*daemon.journal,
                users: NonZeroUsize::new(daemon.execution.users_per_tenant)
                    .unwrap_or(NonZeroUsize::MIN),
                sync_settings: daemon.execution.sync_settings,
                revision: self.revision,
                by: None,
                part_of: Some(PartOf { pass: self.part_of, undoes: None }),
                stop: self.stop,
                newer: self.newer,
            },
            tenant: &self.tenant,
            first_look: self.first_look,
            fleet: &self.fleet,
            switch: Some(&daemon.switch),
            run: self.run,
        };
        let tell = |plan: &TenantPlan| {
            self.signs.heard();
            self.listeners.tell(&News::Planned(plan, daemon.journal.now()));
        };
        let passed = match pass.go(&tell).await {
            Ok(passed) => passed,
            Err(error) => {
                let tenant = &self.tenant.desired.name;
                warn!(%tenant, hint = error.hint(), "not looked at: {error}");
                return EndedPass::without_journal(tenant, error);
            }
        };
        let PassResult { observed, first, plan, report, memory } = passed;
        self.listeners.tell(&News::Finished(&plan, &report));
        if let Some(memory) = memory {
            let tenant = &self.tenant.desired.name;
            self.listeners.tell(&News::Remembered(tenant, &memory, daemon.journal.now()));
        }
        let read = !matches!(observed, Some(Err(_)));
        let ending = if read {
            ending(&plan, &report, daemon.journal.now(), daemon.execution.sync_spacing)
        } else {
            Ending::Failed
        };
        let resumes = plan.resumes();
        let news = first || report.accepted() > 0;
        let waits_for = plan.waits_for;
        let journal_failed = match report.stopped {
            Some(Stop::Journal(error)) if error.is_final() => Some(error),
            _ => None,
        };
        let tenant = self.tenant.desired.name.clone();
        EndedPass { tenant, ending, news, waits_for, failure: None, journal_failed, resumes }
    }
}

/// How a pass has ended that could look.
fn ending(plan: &TenantPlan, report: &TenantReport, now: Timestamp, spacing: Duration) -> Ending {
    match report.waits() {
        Some(_) if plan.sync_hold.is_some() => Ending::Held,
        // A clock that is set right meanwhile must not make it wait for longer than the spacing.
        Some(until) => {
            Ending::Waits(Duration::try_from(until - now).unwrap_or_default().min(spacing))
        }
        None if !report.is_complete() => Ending::Failed,
        None if plan.is_held() => Ending::Held,
        None => Ending::Done,
    }
}

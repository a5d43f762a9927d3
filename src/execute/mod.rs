//! Carries out the plan of one tenant. Every choice is in the plan, but for those that the answers
//! of the run itself call for (`policy`).
//!
//! ```text
//! consent again -> began (journal: from now on a sync is owed)
//!   -> each step, as its predecessors are accepted: intent (journal), call, outcome (journal);
//!      the outcome and the intent of the worker's next step are recorded at once
//!   -> consent again -> syncing (journal), one sync -> synced (journal)
//! ```
//!
//! The sync alone may wait: until the last one is long enough ago, or for a newer plan that follows
//! at once. Then it stays owed.
//!
//! **Invariant:** nothing is sent before the journal holds the intent, and nothing without the
//! lease that the plan was made under: a plan of another lease is refused. A lost answer is never
//! sent again here. Nothing is retried here: waiting as the service tells is the business of
//! the one who implements [`Provisioner`].

mod interrupt;
mod policy;
mod record;
mod report;
mod turn;
mod walk;

use std::num::NonZeroUsize;

use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, warn_span};

pub use report::{Stop, SyncOutcome, TenantReport};

use crate::{
    model::{PartOf, Revision, RunId, StepOutcome},
    plan::{Step, Work},
    ports::{Journal, JournalError, Lease, Provisioner},
};
use {
    interrupt::Interrupt,
    record::Record,
    walk::{NOT_YET, TenantWalk},
};

/// What a run is carried out with.
#[derive(Debug)]
pub struct Executor<'a, P, J> {
    /// Changes the service.
    pub provisioner: &'a P,
    /// Remembers.
    pub journal: &'a J,
    /// Users that are worked on side by side.
    pub users: NonZeroUsize,
    /// How the settings have a sync sent, as a number: put on record with an answer that is not
    /// understood.
    pub sync_settings: u32,
    /// Which version of the manifests is carried out, where that is known.
    pub revision: Option<Revision>,
    /// Who carries it out by hand: user and machine. Nobody does for the service.
    pub by: Option<String>,
    /// The pass that its runs are part of.
    pub part_of: Option<PartOf>,
    /// When this is cancelled no new step is begun; the sync is still sent.
    pub stop: CancellationToken,
    /// The same, but a newer plan of the tenant follows at once: the sync is left to that.
    pub newer: CancellationToken,
}

impl<P: Provisioner, J: Journal> Executor<'_, P, J> {
    /// Carries out one plan under the lease that the memory came with of which it is made. One that
    /// was made under another lease, or under none, is refused.
    /// `progress` hears of each step that ended.
    pub async fn tenant(
        &self,
        work: Work<'_>,
        lease: Result<Lease, JournalError>,
        run: RunId,
        progress: &(dyn Fn(&Step, &StepOutcome) + Sync),
    ) -> TenantReport {
        // On the level of warnings: without it they would not say whose they are.
        let span = warn_span!("run", tenant = %work.tenant, id = %run);
        self.run(work, lease, run, progress).instrument(span).await
    }

    async fn run(
        &self,
        work: Work<'_>,
        lease: Result<Lease, JournalError>,
        run: RunId,
        progress: &(dyn Fn(&Step, &StepOutcome) + Sync),
    ) -> TenantReport {
        let mut report = TenantReport::untouched(&work, run.clone());
        report.pass = self.part_of.as_ref().map(|part_of| part_of.pass.clone());
        // A plan without a reference has no steps and has seen nothing: there is nothing to record
        // of it.
        let Some(tenant) = work.reference else { return report };
        if work.facts.is_empty() && !work.writes() {
            return report;
        }
        let record = match lease {
            Ok(lease) if work.lease != Some(&lease.id()) => {
                report.stopped = Some(Stop::OtherLease);
                return report;
            }
            Ok(lease) => Record { journal: self.journal, tenant, run, lease },
            Err(error) => {
                report.stopped = Some(Stop::Journal(error));
                return report;
            }
        };
        if let Err(stop) = record.seen(work.facts).await {
            report.stopped = Some(stop);
            return report;
        }
        if !work.writes() {
            return report;
        }
        for (step, outcome) in work.steps.iter().zip(&mut report.steps) {
            *outcome = work.may_run(step).then(|| StepOutcome::NotTried(NOT_YET.to_owned()));
        }
        let walk = TenantWalk {
            work,
            provisioner: self.provisioner,
            record,
            interrupt: Interrupt { stop: &self.stop, newer: &self.newer },
            users: self.users,
            sync_settings: self.sync_settings,
            progress,
            report,
        };
        walk.finish(self.revision.clone(), self.by.clone(), self.part_of.clone()).await
    }
}

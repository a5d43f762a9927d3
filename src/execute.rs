//! Carries out the plan of one tenant, and decides nothing: every choice is in the plan.
//!
//! ```text
//! consent again -> began (journal: from now on a sync is owed)
//!   -> each step, as its predecessors are accepted: intent (journal), call, outcome (journal)
//!   -> consent again -> one sync -> synced (journal)
//! ```
//!
//! **Invariant:** nothing is sent before the journal holds the intent. A lost answer is never sent again here. Nothing is
//! retried here: waiting as the service tells is the business of whoever implements [`Provisioner`].

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, info, info_span, warn};

use crate::{
    model::{Consent, RunId, TenantName, TenantRef, Verb},
    plan::{Action, Step, SyncPlan, TenantPlan},
    ports::{Entry, Event, Fault, FaultKind, Journal, JournalError, Provisioner, StepOutcome, WriteVerdict},
};

/// Lost answers in a row after which a tenant is given up: each freezes a user for hours, and what is not tried can be tried
/// again soon.
const MAX_LOST: u32 = 3;

/// What a step says that nobody has come to.
const NOT_YET: &str = "the run ended before its turn";

/// What a run is carried out with.
#[derive(Debug)]
pub struct Executor<'a, P, J> {
    /// Changes the service.
    pub provisioner: &'a P,
    /// Remembers.
    pub journal: &'a J,
    /// Users that are worked on side by side.
    pub users: NonZeroUsize,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// When this is cancelled no new step is begun; the sync is still sent.
    pub stop: CancellationToken,
}

/// What became of a tenant's plan.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantReport {
    /// The tenant.
    pub tenant: TenantName,
    /// The run, as journal and logs call it.
    pub run: RunId,
    /// What became of each step, by its number; nothing for a held one.
    pub steps: Vec<Option<StepOutcome>>,
    /// What became of the sync.
    pub sync: SyncOutcome,
    /// Why the tenant was given up before the end, if it was.
    pub stopped: Option<Stop>,
}

/// Why a tenant was given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The next call would have failed as well.
    #[error("{0}")]
    Fault(Fault),
    /// The customer's consent is gone.
    #[error("the customer no longer allows the provider to manage its users")]
    Consent,
    /// The journal cannot be written, so nothing may be sent.
    #[error("{0}")]
    Journal(JournalError),
    /// Somebody asked the program to stop.
    #[error("stopped on request")]
    Asked,
}

/// What became of the sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncOutcome {
    /// Nothing was written and none was owed.
    NotNeeded,
    /// The service accepted it.
    Accepted,
    /// It was refused or its answer was lost: it stays owed.
    Failed(Fault),
    /// It was not sent, for this reason: it stays owed.
    NotTried(String),
}

impl Stop {
    /// Whether a sync would fare no better; then it stays owed.
    fn bars_sync(&self) -> bool {
        match self {
            Self::Fault(fault) => matches!(
                fault.kind,
                FaultKind::Unreachable | FaultKind::Throttled | FaultKind::NotConfigured | FaultKind::Stopped
            ),
            Self::Consent | Self::Journal(_) => true,
            Self::Asked => false,
        }
    }
}

impl TenantReport {
    /// The report of a plan that may not run.
    #[must_use]
    pub fn untouched(plan: &TenantPlan, run: RunId) -> Self {
        let steps = plan.steps.iter().map(|_| None).collect();
        Self { tenant: plan.tenant.clone(), run, steps, sync: SyncOutcome::NotNeeded, stopped: None }
    }

    /// Whether everything that was allowed to run was accepted.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let accepted = |outcome: &Option<StepOutcome>| matches!(outcome, None | Some(StepOutcome::Accepted));
        let synced = matches!(self.sync, SyncOutcome::NotNeeded | SyncOutcome::Accepted);
        self.stopped.is_none() && synced && self.steps.iter().all(accepted)
    }

    /// How many steps the service accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.steps.iter().filter(|outcome| matches!(outcome, Some(StepOutcome::Accepted))).count()
    }
}

impl<P: Provisioner, J: Journal> Executor<'_, P, J> {
    /// Carries out one plan. `progress` hears of each step that ended.
    pub async fn tenant(&self, plan: &TenantPlan, run: RunId, progress: &(dyn Fn(&Step, &StepOutcome) + Sync)) -> TenantReport {
        let span = info_span!("run", tenant = %plan.tenant, id = %run);
        self.run(plan, run, progress).instrument(span).await
    }

    async fn run(&self, plan: &TenantPlan, run: RunId, progress: &(dyn Fn(&Step, &StepOutcome) + Sync)) -> TenantReport {
        let mut report = TenantReport::untouched(plan, run.clone());
        if !plan.landed.is_empty()
            && let Err(error) = self.record(plan, &run, Event::Landed(plan.landed.clone())).await
        {
            report.stopped = Some(Stop::Journal(error));
            return report;
        }
        let (true, Some(tenant)) = (plan.writes(), plan.reference.as_ref()) else { return report };
        for (step, outcome) in plan.steps.iter().zip(&mut report.steps) {
            *outcome = plan.may_run(step).then(|| StepOutcome::NotTried(NOT_YET.to_owned()));
        }
        let mut walk = Walk { executor: self, plan, tenant, run, progress, report };
        if let Err(stop) = walk.all().await {
            warn!(reason = %stop, "tenant given up");
            walk.give_up(stop);
        }
        walk.report
    }

    async fn record(&self, plan: &TenantPlan, run: &RunId, event: Event) -> Result<(), JournalError> {
        // A plan without a reference has no steps and has seen nothing: there is nothing to record of it.
        let Some(tenant) = &plan.reference else { return Ok(()) };
        let (tenant, tenant_id) = (tenant.name.clone(), tenant.id.clone());
        self.journal.record(Entry { at: (self.clock)(), run: run.clone(), tenant, tenant_id, event }).await
    }
}

/// One tenant on its way.
struct Walk<'w, P, J> {
    executor: &'w Executor<'w, P, J>,
    plan: &'w TenantPlan,
    tenant: &'w TenantRef,
    run: RunId,
    progress: &'w (dyn Fn(&Step, &StepOutcome) + Sync),
    report: TenantReport,
}

impl<P: Provisioner, J: Journal> Walk<'_, P, J> {
    async fn all(&mut self) -> Result<(), Stop> {
        self.consent().await?;
        let steps = self.report.steps.iter().flatten().count();
        self.record(Event::Began { steps }).await?;
        info!(steps, "run began");
        self.use_approvals().await?;
        let stop = self.steps().await.err();
        if let Some(stop @ Stop::Journal(_)) = stop {
            return Err(stop);
        }
        if !self.owes_sync() {
            self.record(Event::NothingSent).await?;
        } else if !stop.as_ref().is_some_and(Stop::bars_sync) {
            // One user whom the service refuses for ever must not keep all others unsynced.
            self.sync().await?;
        }
        stop.map_or(Ok(()), Err)
    }

    /// Approvals are used up before the first step that they let through: a crash behind this must not use them twice.
    async fn use_approvals(&mut self) -> Result<(), Stop> {
        let Some(plan) = &self.plan.fingerprint else { return Ok(()) };
        for approval in self.plan.approvals() {
            self.record(Event::Approved { approval: approval.clone(), plan: plan.clone() }).await?;
        }
        Ok(())
    }

    /// Whether something was or may have been written, now or by an earlier run.
    fn owes_sync(&self) -> bool {
        let wrote = |outcome: &StepOutcome| matches!(outcome, StepOutcome::Accepted | StepOutcome::Unknown(_));
        matches!(self.plan.sync, SyncPlan::Owed(_)) || self.report.steps.iter().flatten().any(wrote)
    }

    async fn consent(&self) -> Result<(), Stop> {
        match self.executor.provisioner.consent(self.tenant).await {
            Ok(Consent::Granted) => Ok(()),
            Ok(Consent::Missing | Consent::Disagrees { .. }) => Err(Stop::Consent),
            Err(fault) => Err(Stop::Fault(fault)),
        }
    }

    /// Walks the graph: a step begins when all that it comes after are accepted.
    async fn steps(&mut self) -> Result<(), Stop> {
        let runnable = |id: &usize| self.report.steps.get(*id).is_some_and(Option::is_some);
        let ids: Vec<usize> = (0..self.plan.steps.len()).filter(runnable).collect();
        let mut open: BTreeMap<usize, usize> = BTreeMap::new();
        let mut behind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut ready: BTreeSet<usize> = BTreeSet::new();
        for id in ids {
            let after = self.plan.steps.get(id).map(|step| step.after.as_slice()).unwrap_or_default();
            open.insert(id, after.len());
            if after.is_empty() {
                ready.insert(id);
            }
            for before in after {
                behind.entry(*before).or_default().push(id);
            }
        }
        let mut lost_in_a_row = 0;
        let mut running = FuturesUnordered::new();
        let mut stop = None;
        loop {
            while stop.is_none() && running.len() < self.executor.users.get() {
                if self.executor.stop.is_cancelled() {
                    stop = Some(Stop::Asked);
                    break;
                }
                let Some(id) = ready.pop_first() else { break };
                let Some(step) = self.plan.steps.get(id) else { continue };
                let one = One { executor: self.executor, plan: self.plan, tenant: self.tenant, run: self.run.clone() };
                running.push(async move { (id, step, one.step(step).await) });
            }
            let Some((id, step, (outcome, stopped))) = running.next().await else { break };
            (self.progress)(step, &outcome);
            let followers = behind.remove(&id).unwrap_or_default();
            if outcome == StepOutcome::Accepted {
                for next in followers {
                    if let Some(count) = open.get_mut(&next) {
                        *count = count.saturating_sub(1);
                        if *count == 0 {
                            ready.insert(next);
                        }
                    }
                }
            } else {
                self.skip(&followers, &behind, step);
            }
            lost_in_a_row = if matches!(outcome, StepOutcome::Unknown(_)) { lost_in_a_row + 1 } else { 0 };
            let stopped = match &outcome {
                StepOutcome::Unknown(fault) if lost_in_a_row >= MAX_LOST => Some(Stop::Fault(fault.clone())),
                _ => stopped,
            };
            if let Some(slot) = self.report.steps.get_mut(id) {
                *slot = Some(outcome);
            }
            stop = stop.or(stopped);
        }
        stop.map_or(Ok(()), Err)
    }

    /// What comes after a step that was not accepted is not tried.
    fn skip(&mut self, first: &[usize], behind: &BTreeMap<usize, Vec<usize>>, failed: &Step) {
        let mut next = first.to_vec();
        let reason = format!("it comes after the {} of {}, which did not succeed", failed.action.verb(), failed.user);
        while let Some(id) = next.pop() {
            if let Some(slot @ Some(_)) = self.report.steps.get_mut(id) {
                *slot = Some(StepOutcome::NotTried(reason.clone()));
            }
            next.extend(behind.get(&id).map(Vec::as_slice).unwrap_or_default());
        }
    }

    async fn sync(&mut self) -> Result<(), Stop> {
        self.report.sync = SyncOutcome::NotTried("the customer's consent could not be confirmed".to_owned());
        self.consent().await?;
        match self.executor.provisioner.sync(self.tenant).await {
            Ok(()) => {
                self.report.sync = SyncOutcome::Accepted;
                info!("sync accepted");
                self.record(Event::Synced).await
            }
            Err(fault) => {
                warn!(fault = %fault, "sync not accepted; it stays owed");
                self.report.sync = SyncOutcome::Failed(fault);
                Ok(())
            }
        }
    }

    async fn record(&self, event: Event) -> Result<(), Stop> {
        self.executor.record(self.plan, &self.run, event).await.map_err(Stop::Journal)
    }

    fn give_up(&mut self, stop: Stop) {
        let reason = match &stop {
            // The fault speaks of one user and is told once, as the reason of the stop.
            Stop::Fault(_) => "the tenant was given up".to_owned(),
            stop => stop.to_string(),
        };
        for outcome in self.report.steps.iter_mut().flatten() {
            if matches!(outcome, StepOutcome::NotTried(why) if why == NOT_YET) {
                *outcome = StepOutcome::NotTried(reason.clone());
            }
        }
        if self.owes_sync() && self.report.sync == SyncOutcome::NotNeeded {
            self.report.sync = SyncOutcome::NotTried(reason);
        }
        self.report.stopped = Some(stop);
    }
}

/// One step on its way; apart from [`Walk`], so that many can be.
struct One<'w, P, J> {
    executor: &'w Executor<'w, P, J>,
    plan: &'w TenantPlan,
    tenant: &'w TenantRef,
    run: RunId,
}

impl<P: Provisioner, J: Journal> One<'_, P, J> {
    async fn step(&self, step: &Step) -> (StepOutcome, Option<Stop>) {
        let (user, verb) = (step.user.clone(), step.action.verb());
        let intent = Event::Intent { user: user.clone(), verb, details: step.action.details(), before: step.before() };
        if let Err(error) = self.executor.record(self.plan, &self.run, intent).await {
            return (StepOutcome::NotTried(error.to_string()), Some(Stop::Journal(error)));
        }
        let provisioner = self.executor.provisioner;
        let answer = match &step.action {
            Action::Enable => provisioner.enable(self.tenant, &user).await,
            Action::Disable => provisioner.disable(self.tenant, &user).await,
            Action::Update(update) => provisioner.update(self.tenant, update).await,
        };
        let (outcome, stop) = judge(answer);
        Self::tell(step, verb, &outcome);
        let record = Event::Outcome { user, verb, outcome: outcome.clone() };
        match self.executor.record(self.plan, &self.run, record).await {
            Ok(()) => (outcome, stop),
            Err(error) => (outcome, Some(Stop::Journal(error))),
        }
    }

    fn tell(step: &Step, verb: Verb, outcome: &StepOutcome) {
        match outcome {
            StepOutcome::Accepted => {
                debug!(user = %step.user, %verb, "step accepted");
            }
            StepOutcome::Failed(fault) | StepOutcome::Unknown(fault) => {
                // The words of the fault name the user.
                warn!(%verb, kind = ?fault.kind, "step not accepted");
                debug!(user = %step.user, %verb, %fault, "step not accepted");
            }
            StepOutcome::NotTried(_) => {}
        }
    }
}

fn judge(answer: Result<(), Fault>) -> (StepOutcome, Option<Stop>) {
    let Err(fault) = answer else { return (StepOutcome::Accepted, None) };
    match fault.kind.of_write() {
        WriteVerdict::Failed => (StepOutcome::Failed(fault), None),
        WriteVerdict::StopTenant => (StepOutcome::Failed(fault.clone()), Some(Stop::Fault(fault))),
        WriteVerdict::Unknown => (StepOutcome::Unknown(fault), None),
    }
}

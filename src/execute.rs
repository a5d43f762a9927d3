//! Carries out the plan of one tenant, and decides nothing: every choice is in the plan.
//!
//! ```text
//! consent again -> began (journal: from now on a sync is owed)
//!   -> each step, as its predecessors are accepted: intent (journal), call, outcome (journal)
//!   -> consent again -> syncing (journal), one sync -> synced (journal)
//! ```
//!
//! The sync alone may wait: until the last one is long enough ago, or for a newer plan that follows at once. Then it stays owed.
//!
//! **Invariant:** nothing is sent before the journal holds the intent. A lost answer is never sent again here. Nothing is
//! retried here: waiting as the service tells is the business of whoever implements [`Provisioner`].

mod report;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, info, info_span, warn};

pub use report::{Stop, SyncOutcome, TenantReport};

use crate::{
    model::{Consent, RunId, TenantRef, Verb},
    plan::{Action, Step, SyncPlan, TenantPlan},
    ports::{Entry, Event, Fault, Journal, JournalError, Provisioner, StepOutcome, WriteVerdict},
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
    /// The same, but a newer plan of the tenant follows at once: the sync is left to that.
    pub newer: CancellationToken,
}

impl<P: Provisioner, J: Journal> Executor<'_, P, J> {
    /// Carries out one plan. `progress` hears of each step that ended.
    pub async fn tenant(&self, plan: &TenantPlan, run: RunId, progress: &(dyn Fn(&Step, &StepOutcome) + Sync)) -> TenantReport {
        let span = info_span!("run", tenant = %plan.tenant, id = %run);
        self.run(plan, run, progress).instrument(span).await
    }

    /// Why no new step may begin, if so.
    fn asked(&self) -> Option<Stop> {
        if self.stop.is_cancelled() {
            return Some(Stop::Asked);
        }
        self.newer.is_cancelled().then_some(Stop::Newer)
    }

    async fn run(&self, plan: &TenantPlan, run: RunId, progress: &(dyn Fn(&Step, &StepOutcome) + Sync)) -> TenantReport {
        let mut report = TenantReport::untouched(plan, run.clone());
        if let Err(error) = self.record_seen(plan, &run).await {
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

    /// Puts on record what the plan's observation has shown: of earlier writes, and how many there are. What is decided first: it
    /// may owe a sync again.
    async fn record_seen(&self, plan: &TenantPlan, run: &RunId) -> Result<(), JournalError> {
        if !plan.decided.is_empty() {
            self.record(plan, run, Event::Decided(plan.decided.clone())).await?;
        }
        if !plan.landed.is_empty() {
            self.record(plan, run, Event::Landed(plan.landed.clone())).await?;
        }
        if !plan.managed.is_empty() {
            self.record(plan, run, Event::Managed(plan.managed.clone())).await?;
        }
        if !plan.vanished.is_empty() {
            self.record(plan, run, Event::Vanished(plan.vanished.clone())).await?;
        }
        if let (Some(users), Some(tenant)) = (plan.counted, &plan.reference) {
            self.record(plan, run, Event::Counted { users, by: tenant.live }).await?;
        }
        Ok(())
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
        let steps = self.report.steps.iter().flatten().count();
        if let (0, Some(until)) = (steps, self.sync_waits()) {
            self.report.sync = SyncOutcome::Waits(until);
            return Ok(());
        }
        self.consent().await?;
        self.record(Event::Began { steps }).await?;
        info!(steps, "run began");
        let late = self.plan.late_steps().count();
        if late > 0 {
            warn!(steps = late, "sent before and did not land; sent again");
        }
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

    /// Until when the sync has to wait, if it has to.
    fn sync_waits(&self) -> Option<Timestamp> {
        self.plan.sync_from.filter(|from| (self.executor.clock)() < *from)
    }

    /// Whether something was or may have been written, now or by an earlier run.
    fn owes_sync(&self) -> bool {
        let wrote = |outcome: &StepOutcome| matches!(outcome, StepOutcome::Accepted | StepOutcome::Unknown(_));
        let owed = matches!(self.plan.sync, SyncPlan::Owed(_) | SyncPlan::Again(_));
        owed || self.report.steps.iter().flatten().any(wrote)
    }

    async fn consent(&self) -> Result<(), Stop> {
        match self.executor.provisioner.consent(self.tenant).await {
            Ok(Consent::Granted) => Ok(()),
            Ok(Consent::Missing | Consent::Disagrees { .. } | Consent::TokenUnusable(_)) => Err(Stop::Consent),
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
                stop = self.executor.asked();
                if stop.is_some() {
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
        if let Some(until) = self.sync_waits() {
            info!(%until, "the sync waits; it stays owed");
            self.report.sync = SyncOutcome::Waits(until);
            return Ok(());
        }
        self.report.sync = SyncOutcome::NotTried("the customer's consent could not be confirmed".to_owned());
        self.consent().await?;
        self.record(Event::Syncing).await?;
        match self.executor.provisioner.sync(self.tenant).await {
            Ok(()) => {
                self.report.sync = SyncOutcome::Accepted;
                info!("sync accepted");
                self.record(Event::Synced).await
            }
            Err(fault) => {
                warn!(fault = %fault, "sync not accepted; it stays owed");
                let lost = fault.kind.of_write() == WriteVerdict::Unknown;
                let reason = fault.message.clone();
                self.report.sync = SyncOutcome::Failed(fault);
                self.record(Event::NotSynced { lost, reason }).await
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

//! Carries out the plan of one tenant, and decides nothing: every choice is in the plan.
//!
//! ```text
//! consent again -> began (journal: from now on a sync is owed)
//!   -> each step, as its predecessors are accepted: intent (journal), call, outcome (journal)
//!   -> consent again -> syncing (journal), one sync -> synced (journal)
//! ```
//!
//! The sync alone may wait: until the last one is long enough ago, or for a newer plan that follows
//! at once. Then it stays owed.
//!
//! **Invariant:** nothing is sent before the journal holds the intent, and nothing without the
//! lease of the tenant, which is taken before the plan is made. A lost answer is never sent again here. Nothing is retried here: waiting as
//! the service tells is the business of whoever implements [`Provisioner`].

mod report;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, info, warn, warn_span};

pub use report::{Stop, SyncOutcome, TenantReport};

use crate::{
    model::{
        Call, Consent, Entry, Event, Fault, FaultKind, Revision, RunId, StepOutcome, TenantRef,
        Verb, WriteVerdict,
    },
    plan::{Step, SyncPlan, TenantPlan, render},
    ports::{Journal, JournalError, Lease, Provisioner},
};

/// Lost answers in a row after which a tenant is given up: each freezes a user for hours, and what
/// is not tried can be tried again soon.
const MAX_LOST: u32 = 3;

/// How often the end of a call is tried to be put on record while the journal is away.
const AWAY_PAUSE: Duration = Duration::from_millis(200);

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
    /// Which version of the manifests is carried out, where that is known.
    pub revision: Option<Revision>,
    /// Who carries it out by hand: user and machine. Nobody does for the service.
    pub by: Option<String>,
    /// When this is cancelled no new step is begun; the sync is still sent.
    pub stop: CancellationToken,
    /// The same, but a newer plan of the tenant follows at once: the sync is left to that.
    pub newer: CancellationToken,
}

impl<P: Provisioner, J: Journal> Executor<'_, P, J> {
    /// Carries out one plan under the lease that the memory came with of which it is made.
    /// `progress` hears of each step that ended.
    pub async fn tenant(
        &self,
        plan: &TenantPlan,
        lease: Result<Lease, JournalError>,
        run: RunId,
        progress: &(dyn Fn(&Step, &StepOutcome) + Sync),
    ) -> TenantReport {
        // On the level of warnings: without it they would not say whose they are.
        let span = warn_span!("run", tenant = %plan.tenant, id = %run);
        self.run(plan, lease, run, progress).instrument(span).await
    }

    /// Why no new step may begin, if so.
    fn asked(&self) -> Option<Stop> {
        if self.stop.is_cancelled() {
            return Some(Stop::Asked);
        }
        self.newer.is_cancelled().then_some(Stop::Newer)
    }

    async fn run(
        &self,
        plan: &TenantPlan,
        lease: Result<Lease, JournalError>,
        run: RunId,
        progress: &(dyn Fn(&Step, &StepOutcome) + Sync),
    ) -> TenantReport {
        let mut report = TenantReport::untouched(plan, run.clone());
        // A plan without a reference has no steps and has seen nothing: there is nothing to record
        // of it.
        let Some(tenant) = &plan.reference else { return report };
        if !tells(plan) && !plan.writes() {
            return report;
        }
        let record = match lease {
            Ok(lease) => Record { executor: self, tenant, run, lease },
            Err(error) => {
                report.stopped = Some(Stop::Journal(error));
                return report;
            }
        };
        if let Err(stop) = record.seen(plan).await {
            report.stopped = Some(stop);
            return report;
        }
        if !plan.writes() {
            return report;
        }
        for (step, outcome) in plan.steps.iter().zip(&mut report.steps) {
            *outcome = plan.may_run(step).then(|| StepOutcome::NotTried(NOT_YET.to_owned()));
        }
        let mut walk = Walk { plan, record, progress, report };
        if let Err(stop) = walk.all().await {
            warn!(reason = %stop, "tenant given up");
            walk.give_up(stop);
        }
        walk.report
    }
}

/// The right to write of one tenant, and all that is written with it.
struct Record<'w, P, J> {
    executor: &'w Executor<'w, P, J>,
    tenant: &'w TenantRef,
    run: RunId,
    lease: Lease,
}

impl<P, J: Journal> Record<'_, P, J> {
    /// Puts on record what the plan's observation has shown: of earlier writes, and how many users
    /// there are. What is decided first: it may owe a sync again.
    async fn seen(&self, plan: &TenantPlan) -> Result<(), Stop> {
        if !plan.decided.is_empty() {
            self.record(Event::Decided(plan.decided.clone())).await?;
        }
        if !plan.landed.is_empty() {
            self.record(Event::Landed(plan.landed.clone())).await?;
        }
        if !plan.managed.is_empty() {
            self.record(Event::Managed(plan.managed.clone())).await?;
        }
        if !plan.vanished.is_empty() {
            self.record(Event::Vanished(plan.vanished.clone())).await?;
        }
        if let Some(users) = plan.counted {
            self.record(Event::Counted { users, by: self.tenant.live }).await?;
        }
        Ok(())
    }

    async fn record(&self, event: Event) -> Result<(), Stop> {
        self.keep(self.entry(event)).await.map_err(Stop::Journal)
    }

    /// Puts on record how something ended that was begun. A store that is away is waited for as
    /// long as the lease counts: what is not on record counts as unknown, and freezes its user.
    async fn record_end(&self, event: Event) -> Result<(), Stop> {
        let entry = self.entry(event);
        loop {
            match self.keep(entry.clone()).await {
                Err(JournalError::Away { .. }) if self.lease.is_good() => {
                    tokio::time::sleep(AWAY_PAUSE).await;
                }
                recorded => return recorded.map_err(Stop::Journal),
            }
        }
    }

    fn entry(&self, event: Event) -> Entry {
        let TenantRef { name, id, .. } = self.tenant;
        Entry {
            at: self.executor.journal.now(),
            run: self.run.clone(),
            tenant: name.clone(),
            tenant_id: id.clone(),
            event,
        }
    }

    async fn keep(&self, entry: Entry) -> Result<(), JournalError> {
        self.executor.journal.record(&self.lease, entry).await
    }

    /// Whether a call may be begun. Whoever lost the lease stops before anybody else starts.
    fn may_call(&self) -> Result<(), Stop> {
        if self.lease.is_good() { Ok(()) } else { Err(Stop::Journal(JournalError::Lost)) }
    }
}

/// One tenant on its way.
struct Walk<'w, P, J> {
    plan: &'w TenantPlan,
    record: Record<'w, P, J>,
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
        let (revision, by) =
            (self.record.executor.revision.clone(), self.record.executor.by.clone());
        let plan = render::plain(self.plan);
        self.record.record(Event::Began { steps, revision, by, plan }).await?;
        info!(steps, "run began");
        self.use_approvals().await?;
        let late = self.plan.late_steps().count();
        if late > 0 {
            warn!(steps = late, "sent before and did not land; sent again");
        }
        let stop = self.steps().await.err();
        if let Some(stop @ Stop::Journal(_)) = stop {
            return Err(stop);
        }
        if !self.owes_sync() {
            self.record.record_end(Event::NothingSent).await?;
        } else if !stop.as_ref().is_some_and(Stop::bars_sync) {
            // One user whom the service refuses for ever must not keep all others unsynced.
            self.sync().await?;
        }
        stop.map_or(Ok(()), Err)
    }

    /// Approvals are used up before the first step that they let through: a crash behind this must
    /// not use them twice.
    async fn use_approvals(&mut self) -> Result<(), Stop> {
        let Some(plan) = &self.plan.fingerprint else { return Ok(()) };
        for approval in self.plan.approvals() {
            self.record
                .record(Event::Approved { approval: approval.clone(), plan: plan.clone() })
                .await?;
        }
        Ok(())
    }

    /// Until when the sync has to wait, if it has to.
    fn sync_waits(&self) -> Option<Timestamp> {
        self.plan.sync_from.filter(|from| self.record.executor.journal.now() < *from)
    }

    /// Whether something was or may have been written, now or by an earlier run.
    fn owes_sync(&self) -> bool {
        let wrote = |(step, outcome): (&Step, &Option<StepOutcome>)| match outcome {
            Some(StepOutcome::Accepted | StepOutcome::Unknown(_)) => true,
            // A refusal is not always true. One that is paid for already waits, see `Refused`.
            Some(StepOutcome::Failed(fault)) => {
                fault.kind == FaultKind::Rejected && !step.refused_before
            }
            Some(StepOutcome::NotTried(_)) | None => false,
        };
        let owed = matches!(self.plan.sync, SyncPlan::Owed(_) | SyncPlan::Again(_));
        owed || self.plan.steps.iter().zip(&self.report.steps).any(wrote)
    }

    async fn consent(&self) -> Result<(), Stop> {
        match self.record.executor.provisioner.consent(self.record.tenant).await {
            Ok(Consent::Granted) => Ok(()),
            Ok(_) => Err(Stop::Consent),
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
            let after =
                self.plan.steps.get(id).map(|step| step.after.as_slice()).unwrap_or_default();
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
            while stop.is_none() && running.len() < self.record.executor.users.get() {
                stop = self.record.executor.asked();
                if stop.is_some() {
                    break;
                }
                let Some(id) = ready.pop_first() else { break };
                let Some(step) = self.plan.steps.get(id) else { continue };
                let record = &self.record;
                running.push(async move { (id, step, record.step(step).await) });
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
                skip(&mut self.report, &followers, &behind, step);
            }
            lost_in_a_row =
                if matches!(outcome, StepOutcome::Unknown(_)) { lost_in_a_row + 1 } else { 0 };
            let stopped = match &outcome {
                StepOutcome::Unknown(fault) if lost_in_a_row >= MAX_LOST => {
                    Some(Stop::Fault(fault.clone()))
                }
                _ => stopped,
            };
            if let Some(slot) = self.report.steps.get_mut(id) {
                *slot = Some(outcome);
            }
            stop = stop.or(stopped);
        }
        stop.map_or(Ok(()), Err)
    }

    async fn sync(&mut self) -> Result<(), Stop> {
        if let Some(until) = self.sync_waits() {
            info!(%until, "the sync waits; it stays owed");
            self.report.sync = SyncOutcome::Waits(until);
            return Ok(());
        }
        self.report.sync =
            SyncOutcome::NotTried("the customer's consent could not be confirmed".to_owned());
        self.consent().await?;
        self.record.record(Event::Syncing).await?;
        self.record.may_call()?;
        match self.record.executor.provisioner.send(self.record.tenant, &Call::Sync).await {
            Ok(()) => {
                self.report.sync = SyncOutcome::Accepted;
                info!("sync accepted");
                self.record.record_end(Event::Synced).await
            }
            Err(fault) => {
                warn!(fault = %fault, hint = fault.hint.as_deref(), "sync not accepted; it stays \
                    owed");
                let lost = fault.kind.of_write() == WriteVerdict::Unknown;
                let unclear = (fault.kind == FaultKind::Garbled).then_some(self.plan.sync_settings);
                let reason = fault.message.clone();
                self.report.sync = SyncOutcome::Failed(fault);
                self.record.record_end(Event::NotSynced { lost, unclear, reason }).await
            }
        }
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

impl<P: Provisioner, J: Journal> Record<'_, P, J> {
    async fn step(&self, step: &Step) -> (StepOutcome, Option<Stop>) {
        let (user, verb) = (step.user.clone(), step.action.verb());
        let (details, before, origin) = (step.action.details(), step.before(), step.origin.clone());
        let intent = Event::Intent { user: user.clone(), verb, details, before, origin };
        if let Err(stop) = self.record(intent).await {
            return (StepOutcome::NotTried(stop.to_string()), Some(stop));
        }
        if let Err(stop) = self.may_call() {
            let outcome = StepOutcome::NotTried(stop.to_string());
            // If the journal does not take it, the next look at live state decides, as after a
            // crash.
            let _ = self.record_end(Event::Outcome { user, verb, outcome: outcome.clone() }).await;
            return (outcome, Some(stop));
        }
        let answer = self.executor.provisioner.send(self.tenant, &step.call()).await;
        let (outcome, stop) = judge(answer);
        tell(step, verb, &outcome);
        let record = Event::Outcome { user, verb, outcome: outcome.clone() };
        match self.record_end(record).await {
            Ok(()) => (outcome, stop),
            Err(lost) => (outcome, Some(lost)),
        }
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

/// What comes after a step that was not accepted is not tried.
fn skip(
    report: &mut TenantReport,
    first: &[usize],
    behind: &BTreeMap<usize, Vec<usize>>,
    failed: &Step,
) {
    let mut next = first.to_vec();
    let reason = format!(
        "it comes after the {} of {}, which did not succeed",
        failed.action.verb(),
        failed.user
    );
    while let Some(id) = next.pop() {
        if let Some(slot @ Some(_)) = report.steps.get_mut(id) {
            *slot = Some(StepOutcome::NotTried(reason.clone()));
        }
        next.extend(behind.get(&id).map(Vec::as_slice).unwrap_or_default());
    }
}

/// Whether the plan's observation has shown something that belongs on record.
fn tells(plan: &TenantPlan) -> bool {
    let TenantPlan { decided, landed, managed, vanished, counted, .. } = plan;
    !(decided.is_empty()
        && landed.is_empty()
        && managed.is_empty()
        && vanished.is_empty()
        && counted.is_none())
}

fn judge(answer: Result<(), Fault>) -> (StepOutcome, Option<Stop>) {
    let Err(fault) = answer else { return (StepOutcome::Accepted, None) };
    match fault.kind.of_write() {
        WriteVerdict::Failed => (StepOutcome::Failed(fault), None),
        WriteVerdict::StopTenant => (StepOutcome::Failed(fault.clone()), Some(Stop::Fault(fault))),
        WriteVerdict::Unknown => (StepOutcome::Unknown(fault), None),
    }
}

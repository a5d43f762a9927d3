//! One tenant's run: consent, the steps as they become ready, and the sync.

use std::num::NonZeroUsize;

use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use tracing::{info, warn};

use super::{
    interrupt::Interrupt,
    policy::{self, LostInARow},
    record::Record,
    report::{Stop, SyncOutcome, TenantReport},
    turn::{EndedStep, SendContext, StepAnswer, StepTurn, TurnResult, not_sent},
};
use crate::{
    model::{
        Call, Consent, Event, FaultKind, PartOf, Revision, StepOutcome, TenantName, WriteVerdict,
    },
    plan::{GraphWalk as Order, Step, StepGraph, StepId, Work},
    ports::{Journal, JournalError, Permit, Provisioner},
};

/// What a step says whose turn has not come.
pub(super) const NOT_YET: &str = "the run ended before its turn";

/// One tenant on its way.
pub(super) struct TenantWalk<'w, P, J> {
    pub(super) work: Work<'w>,
    pub(super) provisioner: &'w P,
    pub(super) record: Record<'w, J>,
    pub(super) interrupt: Interrupt<'w>,
    /// Users that are worked on side by side.
    pub(super) users: NonZeroUsize,
    /// How the settings have a sync sent, as a number.
    pub(super) sync_settings: u32,
    pub(super) progress: &'w (dyn Fn(&Step, &StepOutcome) + Sync),
    pub(super) report: TenantReport,
}

impl<'w, P: Provisioner, J: Journal> TenantWalk<'w, P, J> {
    /// All of it. What ended it early is in the report.
    pub(super) async fn finish(
        mut self,
        revision: Option<Revision>,
        by: Option<String>,
        part_of: Option<PartOf>,
    ) -> TenantReport {
        if let Err(stop) = self.all(revision, by, part_of).await {
            warn!(reason = %stop, "tenant given up");
            self.give_up(stop);
        }
        self.report
    }

    async fn all(
        &mut self,
        revision: Option<Revision>,
        by: Option<String>,
        part_of: Option<PartOf>,
    ) -> Result<(), Stop> {
        let steps = self.report.steps.iter().flatten().count();
        if let (0, Some(until)) = (steps, self.sync_waits()) {
            self.report.sync = SyncOutcome::Waits(until);
            return Ok(());
        }
        self.consent().await?;
        let plan = std::mem::take(&mut self.work.text);
        self.record.add(Event::Began { steps, revision, by, part_of, plan }).await?;
        info!(steps, "run began");
        self.use_approvals().await?;
        let late = self.work.late_steps();
        if late > 0 {
            warn!(steps = late, "sent before and did not land; sent again");
        }
        let stop = self.steps().await.err();
        if let Some(stop @ Stop::Journal(_)) = stop {
            return Err(stop);
        }
        if !self.owes_sync() {
            self.record.add_end(Event::NothingSent).await?;
        } else if !stop.as_ref().is_some_and(policy::bars_sync) {
            // One user that the service always refuses must not keep all others unsynced.
            self.sync().await?;
        }
        stop.map_or(Ok(()), Err)
    }

    /// Approvals are used up before the first step that they let through: a crash behind this must
    /// not use them twice.
    async fn use_approvals(&mut self) -> Result<(), Stop> {
        let Some(plan) = self.work.fingerprint else { return Ok(()) };
        for approval in &self.work.approvals {
            let approval = TenantName::clone(approval);
            self.record.add(Event::Approved { approval, plan: plan.clone() }).await?;
        }
        Ok(())
    }

    /// Until when the sync has to wait, if it has to.
    fn sync_waits(&self) -> Option<Timestamp> {
        self.work.sync_from.filter(|from| self.record.journal.now() < *from)
    }

    fn owes_sync(&self) -> bool {
        policy::owes_sync(&self.work, &self.report.steps)
    }

    async fn consent(&self) -> Result<(), Stop> {
        match self.provisioner.consent(self.record.tenant).await {
            Ok(Consent::Granted) => Ok(()),
            Ok(_) => Err(Stop::Consent),
            Err(fault) => Err(Stop::Fault(fault)),
        }
    }

    /// What every call needs: the lease, for as long as the call waits.
    fn permit(&self) -> Permit {
        let is_good = self.record.lease.goodness();
        Permit::new(move || {
            if is_good() { Ok(()) } else { Err(not_sent(&Stop::Journal(JournalError::Lost))) }
        })
    }

    /// What a step needs: that nothing ends the run early, either.
    fn permit_of_step(&self) -> Permit {
        let stop = self.interrupt.stop.clone();
        let newer = self.interrupt.newer.clone();
        self.permit().and(move || {
            let interrupt = Interrupt { stop: &stop, newer: &newer };
            interrupt.asked().map_or(Ok(()), |stop| Err(not_sent(&stop)))
        })
    }

    /// Walks the graph: a step begins when all that it comes after are accepted.
    async fn steps(&mut self) -> Result<(), Stop> {
        let graph = StepGraph::of(self.work.steps);
        let mut order = graph.walk();
        let mut lost = LostInARow::default();
        let permit = self.permit_of_step();
        let mut running = FuturesUnordered::new();
        let mut stop = None;
        let way = SendContext {
            record: &self.record,
            provisioner: self.provisioner,
            interrupt: &self.interrupt,
            permit: &permit,
        };
        loop {
            while stop.is_none() && running.len() < self.users.get() {
                let Some(next) = self.next(&mut order, None, &mut stop) else { break };
                running.push(way.go(StepTurn::Record { ended: None, next: Some(next) }));
            }
            let Some(came) = running.next().await else { break };
            let StepAnswer { id, outcome, open, stopped } = match came {
                TurnResult::Recorded { accepted, next } => {
                    if let Some(id) = accepted {
                        order.done(id);
                    }
                    running.extend(next.map(|next| way.go(StepTurn::Send(next))));
                    continue;
                }
                TurnResult::NotRecorded { next: None, stopped: failed } => {
                    stop = stop.or(Some(failed));
                    continue;
                }
                TurnResult::NotRecorded { next: Some((id, _)), stopped } => {
                    let outcome = StepOutcome::NotTried(stopped.to_string());
                    StepAnswer { id, outcome, open: None, stopped: Some(stopped) }
                }
                TurnResult::Answered(answer) => *answer,
            };
            let step = self.work.steps.at(id);
            (self.progress)(step, &outcome);
            let accepted = (outcome == StepOutcome::Accepted).then_some(id);
            if accepted.is_none() {
                skip(&mut self.report, &graph, id, step);
            }
            stop = stop.or(lost.count(&outcome)).or(stopped);
            *self.report.steps.at_mut(id) = Some(outcome);
            if let Some(event) = open {
                let next = match stop {
                    None => self.next(&mut order, accepted, &mut stop),
                    Some(_) => None,
                };
                let ended = Some(Box::new(EndedStep { accepted, event }));
                running.push(way.go(StepTurn::Record { ended, next }));
            }
        }
        stop.map_or(Ok(()), Err)
    }

    /// The step that begins next, if one may: with the outcome of the one that was accepted last,
    /// or without.
    fn next(
        &self,
        order: &mut Order<'_>,
        accepted: Option<StepId>,
        stop: &mut Option<Stop>,
    ) -> Option<(StepId, &'w Step)> {
        *stop = self.interrupt.asked();
        while stop.is_none() {
            let id = match accepted {
                Some(accepted) => order.take_after(accepted)?,
                None => order.take()?,
            };
            // A held step is not begun, so nothing behind it is.
            if self.report.steps.at(id).is_some() {
                return Some((id, self.work.steps.at(id)));
            }
        }
        None
    }

    async fn sync(&mut self) -> Result<(), Stop> {
        if let Some(until) = self.sync_waits() {
            info!(%until, "the sync waits; it stays owed");
            self.report.sync = SyncOutcome::Waits(until);
            return Ok(());
        }
        if let Err(stop) = self.consent().await {
            let reason = match &stop {
                Stop::Fault(fault) if fault.kind == FaultKind::Failing => fault.message.clone(),
                _ => "the customer's consent could not be confirmed".to_owned(),
            };
            self.report.sync = SyncOutcome::NotTried(reason);
            return Err(stop);
        }
        self.record.add(Event::Syncing).await?;
        self.record.may_call()?;
        match self.provisioner.send(self.record.tenant, &Call::Sync, &self.permit()).await {
            Ok(()) => {
                self.report.sync = SyncOutcome::Accepted;
                info!("sync accepted");
                self.record.add_end(Event::Synced).await
            }
            Err(fault) => {
                warn!(fault = %fault, hint = fault.hint.as_deref(), "sync not accepted; it stays \
                    owed");
                let lost = fault.kind.of_write() == WriteVerdict::Unknown;
                let unclear = (fault.kind == FaultKind::Garbled).then_some(self.sync_settings);
                let reason = fault.message.clone();
                self.report.sync = SyncOutcome::Failed(fault);
                self.record.add_end(Event::NotSynced { lost, unclear, reason }).await
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

/// What comes after a step that was not accepted is not tried.
fn skip(report: &mut TenantReport, graph: &StepGraph, failed: StepId, step: &Step) {
    let reason = format!(
        "it comes after the {} of {}, which did not succeed",
        step.action.verb(),
        step.user
    );
    for id in graph.all_behind(failed) {
        if let Some(outcome) = report.steps.at_mut(id) {
            *outcome = StepOutcome::NotTried(reason.clone());
        }
    }
}

//! One turn of a run: how a step ended goes on record with the intent of the next one, or a step
//! whose intent is on record is sent. Which step is next is the walk's to say.

use tracing::{debug, warn};

use super::{interrupt::Interrupt, policy, record::Record, report::Stop};
use crate::{
    model::{Event, Fault, FaultKind, StepOutcome, Verb},
    plan::{Step, StepId},
    ports::{Journal, Permit, Provisioner},
};

/// What is done next for a step.
pub(super) enum StepTurn<'s> {
    /// How one ended and that the next one begins go on record together. Nothing is sent before
    /// both are.
    Record { ended: Option<Box<EndedStep>>, next: Option<(StepId, &'s Step)> },
    /// Its intent is on record: it is sent.
    Send((StepId, &'s Step)),
}

/// How a step ended, which is not on record yet.
pub(super) struct EndedStep {
    /// Its number if it was accepted: what comes after it may begin, but not before this is on
    /// record. After a crash in between, it would not be known which call of a user has ended.
    pub(super) accepted: Option<StepId>,
    pub(super) event: Event,
}

/// What came of a turn.
pub(super) enum TurnResult<'s> {
    Recorded { accepted: Option<StepId>, next: Option<(StepId, &'s Step)> },
    NotRecorded { next: Option<(StepId, &'s Step)>, stopped: Stop },
    Answered(Box<StepAnswer>),
}

/// What became of a step that was begun.
pub(super) struct StepAnswer {
    pub(super) id: StepId,
    pub(super) outcome: StepOutcome,
    /// The same for the record, unless it is there already.
    pub(super) open: Option<Event>,
    pub(super) stopped: Option<Stop>,
}

/// What a step is sent with.
pub(super) struct SendContext<'s, P, J> {
    pub(super) record: &'s Record<'s, J>,
    pub(super) provisioner: &'s P,
    pub(super) interrupt: &'s Interrupt<'s>,
    pub(super) permit: &'s Permit,
}

impl<P, J> Clone for SendContext<'_, P, J> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, J> Copy for SendContext<'_, P, J> {}

impl<'s, P: Provisioner, J: Journal> SendContext<'s, P, J> {
    pub(super) async fn go(self, turn: StepTurn<'s>) -> TurnResult<'s> {
        match turn {
            StepTurn::Record { ended, next } => self.record(ended, next).await,
            StepTurn::Send((id, step)) => TurnResult::Answered(Box::new(self.send(id, step).await)),
        }
    }

    async fn record(
        self,
        ended: Option<Box<EndedStep>>,
        next: Option<(StepId, &'s Step)>,
    ) -> TurnResult<'s> {
        let accepted = ended.as_ref().and_then(|ended| ended.accepted);
        let intent = next.map(|(_, step)| intent(step));
        let recorded = match (ended, intent) {
            (Some(ended), Some(intent)) => self.record.add_end_and(ended.event, intent).await,
            (Some(ended), None) => self.record.add_end(ended.event).await,
            (None, Some(intent)) => self.record.add(intent).await,
            (None, None) => Ok(()),
        };
        match recorded {
            Ok(()) => TurnResult::Recorded { accepted, next },
            Err(stopped) => TurnResult::NotRecorded { next, stopped },
        }
    }

    /// Sends a step, unless the run has been ended by now or is while the call waits.
    async fn send(self, id: StepId, step: &Step) -> StepAnswer {
        let record = self.record;
        let answer = match self.is_open() {
            Ok(()) => self.provisioner.send(record.tenant, &step.call(), self.permit).await,
            Err(stop) => Err(not_sent(&stop)),
        };
        let was_stopped = |fault: &Fault| fault.kind == FaultKind::Stopped;
        if answer.as_ref().is_err_and(was_stopped)
            && let Err(stop) = self.is_open()
        {
            let outcome = StepOutcome::NotTried(stop.to_string());
            // If the journal does not take it, the next look at live state decides, as after a
            // crash.
            let _ = record.add_end(end(step, &outcome)).await;
            return StepAnswer { id, outcome, open: None, stopped: Some(stop) };
        }
        let (outcome, stopped) = policy::judge(answer);
        tell(step, step.action.verb(), &outcome);
        let open = Some(end(step, &outcome));
        StepAnswer { id, outcome, open, stopped }
    }

    /// Whether a step may still be sent.
    fn is_open(&self) -> Result<(), Stop> {
        self.record.may_call()?;
        self.interrupt.asked().map_or(Ok(()), Err)
    }
}

/// The fault of a call that was not sent because the run ends.
pub(super) fn not_sent(stop: &Stop) -> Fault {
    Fault::new(FaultKind::Stopped, stop.to_string())
}

fn intent(step: &Step) -> Event {
    Event::Intent {
        user: step.user.clone(),
        verb: step.action.verb(),
        details: step.action.details(),
        before: step.before(),
        origin: step.origin.clone(),
    }
}

fn end(step: &Step, outcome: &StepOutcome) -> Event {
    Event::Outcome { user: step.user.clone(), verb: step.action.verb(), outcome: outcome.clone() }
}

fn tell(step: &Step, verb: Verb, outcome: &StepOutcome) {
    match outcome {
        StepOutcome::Accepted => {
            debug!(user = %step.user, %verb, "step accepted");
        }
        StepOutcome::Failed(fault) | StepOutcome::Unknown(fault) => {
            let hint = fault.hint.as_deref();
            warn!(user = %step.user, %verb, %fault, hint, "step not accepted");
        }
        StepOutcome::NotTried(_) => {}
    }
}

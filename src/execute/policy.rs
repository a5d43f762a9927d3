//! What is decided while a run is under way, because no plan can know it: what an answer means for
//! the rest of the run, when a tenant is given up, and whether its sync is sent.
//!
//! Pure: nothing is sent and nothing recorded here.

use super::report::Stop;
use crate::{
    model::{Fault, FaultKind, StepOutcome, WriteVerdict},
    plan::{Step, SyncPlan, Work},
};

/// Lost answers in a row after which a tenant is given up: each freezes a user for hours, and what
/// is not tried can be tried again soon. What fails for all tenants is stopped for all of them by
/// implementations of [`crate::ports::Provisioner`], as [`FaultKind::Failing`].
const MAX_LOST: u32 = 3;

/// What became of a step, and whether the whole tenant has to be given up for it.
pub(super) fn judge(answer: Result<(), Fault>) -> (StepOutcome, Option<Stop>) {
    let Err(fault) = answer else { return (StepOutcome::Accepted, None) };
    match fault.kind.of_write() {
        WriteVerdict::Failed => (StepOutcome::Failed(fault), None),
        WriteVerdict::StopTenant => (StepOutcome::Failed(fault.clone()), Some(Stop::Fault(fault))),
        WriteVerdict::Unknown => (StepOutcome::Unknown(fault), None),
    }
}

/// Lost answers, counted while they follow each other.
#[derive(Debug, Default)]
pub(super) struct LostInARow(u32);

impl LostInARow {
    /// Counts one more outcome. The stop, if these were too many.
    pub(super) fn count(&mut self, outcome: &StepOutcome) -> Option<Stop> {
        let StepOutcome::Unknown(fault) = outcome else {
            self.0 = 0;
            return None;
        };
        self.0 += 1;
        (self.0 >= MAX_LOST).then(|| Stop::Fault(fault.clone()))
    }
}

/// Whether something was or may have been written, now or by an earlier run.
pub(super) fn owes_sync(work: &Work<'_>, outcomes: &[Option<StepOutcome>]) -> bool {
    let owed = matches!(work.sync, SyncPlan::Owed(_) | SyncPlan::Again(_));
    owed || work.steps.iter().zip(outcomes).any(may_have_written)
}

fn may_have_written((step, outcome): (&Step, &Option<StepOutcome>)) -> bool {
    match outcome {
        Some(StepOutcome::Accepted | StepOutcome::Unknown(_)) => true,
        // A refusal is not always true. One that is paid for already waits, see `RefusedCall`.
        Some(StepOutcome::Failed(fault)) => {
            fault.kind == FaultKind::Rejected && !step.refused_before
        }
        Some(StepOutcome::NotTried(_)) | None => false,
    }
}

/// Whether a sync would fare no better than what stopped the run; then it stays owed.
pub(super) fn bars_sync(stop: &Stop) -> bool {
    match stop {
        Stop::Fault(fault) => matches!(
            fault.kind,
            FaultKind::Unreachable
                | FaultKind::Throttled
                | FaultKind::NotConfigured
                | FaultKind::Stopped
                | FaultKind::Failing
        ),
        Stop::Consent | Stop::Journal(_) | Stop::OtherLease | Stop::Newer => true,
        Stop::Asked => false,
    }
}

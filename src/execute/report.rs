//! What became of a plan, tenant by tenant: data only.

use jiff::Timestamp;

use crate::{
    model::{Fault, PassId, RunId, StepOutcome, TenantName},
    plan::{ByStep, Work},
    ports::JournalError,
};

/// What became of a tenant's plan.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantReport {
    /// The tenant.
    pub tenant: TenantName,
    /// The run, as journal and logs call it.
    pub run: RunId,
    /// What the run is part of, if it is part of a pass.
    pub pass: Option<PassId>,
    /// What became of each step, by its number; nothing for a held one.
    pub steps: ByStep<Option<StepOutcome>>,
    /// What became of the sync.
    pub sync: SyncOutcome,
    /// Why the tenant was given up before the end, if it was.
    pub stopped: Option<Stop>,
}

/// Why a tenant was given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
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
    /// The plan was made under another lease than it was to be carried out with, or under none.
    #[error(
        "the plan was not made under this lease of the tenant, so what it was made of may have \
            changed since; nothing was sent: plan again"
    )]
    OtherLease,
    /// Somebody asked the program to stop.
    #[error("stopped on request")]
    Asked,
    /// What the plan wants is no longer what is wanted.
    #[error("stopped for a newer revision")]
    Newer,
}

/// What became of the sync.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SyncOutcome {
    /// Nothing was written and none was owed.
    NotNeeded,
    /// The service accepted it.
    Accepted,
    /// It was refused or its answer was lost: it stays owed.
    Failed(Fault),
    /// It was not sent, for this reason: it stays owed.
    NotTried(String),
    /// It may not be sent before then: it stays owed.
    Waits(Timestamp),
}

impl SyncOutcome {
    /// In one word, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotNeeded => "notNeeded",
            Self::Accepted => "accepted",
            Self::Failed(_) => "failed",
            Self::NotTried(_) => "notTried",
            Self::Waits(_) => "waits",
        }
    }

    /// Why it was not accepted.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Failed(fault) => Some(&fault.message),
            Self::NotTried(reason) => Some(reason),
            Self::NotNeeded | Self::Accepted | Self::Waits(_) => None,
        }
    }
}

impl TenantReport {
    /// The report of a plan that may not run.
    #[must_use]
    pub fn untouched(work: &Work<'_>, run: RunId) -> Self {
        let steps = work.steps.map(|_| None);
        Self {
            tenant: work.tenant.clone(),
            run,
            pass: None,
            steps,
            sync: SyncOutcome::NotNeeded,
            stopped: None,
        }
    }

    /// Whether everything that was allowed to run was accepted.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps_accepted() && matches!(self.sync, SyncOutcome::NotNeeded | SyncOutcome::Accepted)
    }

    /// Until when the sync waits, if that is all that is left to do.
    #[must_use]
    pub fn waits(&self) -> Option<Timestamp> {
        match self.sync {
            SyncOutcome::Waits(until) if self.steps_accepted() => Some(until),
            _ => None,
        }
    }

    fn steps_accepted(&self) -> bool {
        let accepted =
            |outcome: &Option<StepOutcome>| matches!(outcome, None | Some(StepOutcome::Accepted));
        self.stopped.is_none() && self.steps.iter().all(accepted)
    }

    /// How many steps the service accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.steps.iter().filter(|outcome| matches!(outcome, Some(StepOutcome::Accepted))).count()
    }
}

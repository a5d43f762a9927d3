//! The journal's facts: what was meant, what was sent, and what came back.

use std::fmt;

use jiff::Timestamp;

use super::{
    Before, Details, Fault, Fingerprint, Landing, LiveSource, Managed, Origin, PassId, Revision,
    RunId, TenantId, TenantName, Upn, Verb,
};

/// One fact in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it became known.
    pub at: Timestamp,
    /// In which run.
    pub run: RunId,
    /// Of which tenant, by the name that it had then.
    pub tenant: TenantName,
    /// The tenant itself.
    pub tenant_id: TenantId,
    /// What.
    pub event: Event,
}

/// What the journal records.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run is about to write: from now on a sync is owed.
    Began {
        /// How many steps it means to carry out.
        steps: usize,
        /// Which version of the manifests wants it, where that is known.
        revision: Option<Revision>,
        /// Who carries it out by hand: user and machine. Absent for the service.
        by: Option<String>,
        /// The pass that it is part of. Absent in older journals, where a run is its own pass.
        part_of: Option<PartOf>,
        /// The plan as text, perhaps cut short: for people who look back.
        plan: String,
    },
    /// An approval is used up by this run: from now on it opens nothing.
    Approved {
        /// What the approval is called.
        approval: TenantName,
        /// The plan that it was made for.
        plan: Fingerprint,
    },
    /// A step is about to be sent.
    Intent {
        /// The user that it changes.
        user: Upn,
        /// The verb.
        verb: Verb,
        /// What an update carries; empty for the other verbs.
        details: Details,
        /// What was there before, as far as it was known: what would undo the step.
        before: Before,
        /// Which line of the manifests wants it; absent for users that no manifest names.
        origin: Option<Origin>,
    },
    /// A step was answered, or its answer was lost.
    Outcome {
        /// The user that it changed.
        user: Upn,
        /// The verb.
        verb: Verb,
        /// What became of it.
        outcome: StepOutcome,
    },
    /// The sync is about to be sent.
    Syncing,
    /// A sync was accepted: the debt is paid.
    Synced,
    /// A sync was refused, or its answer was lost: the debt stays.
    NotSynced {
        /// Whether it may be running all the same.
        lost: bool,
        /// An answer came and said neither yes nor no; how the settings had the call made then, see
        /// [`crate::model::UnclearSyncs`].
        unclear: Option<u32>,
        /// What the service said, or did not.
        reason: String,
    },
    /// The run ended and owes no sync: nothing of it was sent, or the service refused once more
    /// what it had refused before, see [`crate::model::RefusedCall`].
    NothingSent,
    /// What became of these users' lost answers is no longer waited for: an observation has shown
    /// it, or the time for that is over. Or what was refused is no longer sent again. A sync that
    /// was accepted meanwhile may have come too early for them, so one is owed again.
    Decided(Vec<Upn>),
    /// Observations have shown values that were written before.
    Landed(Vec<Landing>),
    /// These users are named by the manifests and visible, which was not known of them before.
    Managed(Vec<Managed>),
    /// These users were managed before and are no longer visible.
    Vanished(Vec<Upn>),
    /// Somebody took what lay there for the journal, of every tenant: calls may have been carried
    /// out that it does not know, so each tenant owes a sync. Its own tenant is none.
    Accepted,
    /// Somebody has suspended the tenant: from now on nothing of it is written. Of
    /// [`TenantRef::all`](super::TenantRef::all) it says that the stop switch is on.
    Suspended {
        /// Who: user and machine.
        by: String,
        /// Why.
        reason: String,
        /// When that ends without a person.
        until: Option<Timestamp>,
    },
    /// Somebody has ended that, or let go of the stop switch.
    Resumed {
        /// Who: user and machine.
        by: String,
    },
    /// A whole list of users was seen, and has another number of them than the last one.
    Counted {
        /// How many.
        users: usize,
        /// Who showed it.
        by: LiveSource,
    },
}

/// The pass that a run is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOf {
    /// Which.
    pub pass: PassId,
    /// What it takes back, in words, if it is an undo: `pass 1f0c5e7a93`.
    pub undoes: Option<String>,
}

/// That a run began, for people who look for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    /// When.
    pub at: Timestamp,
    /// Which run.
    pub run: RunId,
    /// Of which tenant, by the name that it had then.
    pub tenant: String,
    /// Its pass; that of an older journal is named after its only run.
    pub pass: PassId,
    /// What it takes back, in words, if it is an undo.
    pub undoes: Option<String>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum StepOutcome {
    /// The service took it.
    Accepted,
    /// The service says that it refused it, or it was never sent.
    Failed(Fault),
    /// It was sent and the answer was lost or made no sense: it may or may not have been carried
    /// out.
    Unknown(Fault),
    /// It was not sent, for this reason.
    NotTried(String),
}

impl StepOutcome {
    /// In one word, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
            Self::NotTried(_) => "notTried",
        }
    }

    /// In a word or two, for people.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "answer lost",
            Self::NotTried(_) => "not tried",
        }
    }

    /// Why it was not accepted.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Accepted => None,
            Self::Failed(fault) | Self::Unknown(fault) => Some(&fault.message),
            Self::NotTried(reason) => Some(reason),
        }
    }
}

/// `accepted`, or `answer lost: ` and why.
impl fmt::Display for StepOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())?;
        self.reason().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

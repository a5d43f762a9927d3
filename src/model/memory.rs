//! Memory: what the journal gives the planner. Debts that are still owed, and writes that may not be visible yet.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use super::{Calling, Field, Fingerprint, RunId, TenantName, Upn, Used, Value};

/// What is remembered of one tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// A sync that was promised by a run and not yet accepted by the service.
    pub sync_owed: Option<SyncDebt>,
    /// When the service first accepted a sync: what was written before it takes longest to show (contract 4.4).
    pub first_sync: Option<Timestamp>,
    /// When the service last accepted a sync.
    pub last_sync: Option<Timestamp>,
    /// What was last sent for each user.
    pub written: BTreeMap<Upn, Written>,
    /// The approvals that were used up, by name and plan.
    pub approvals: BTreeMap<(TenantName, Fingerprint), Used>,
}

/// A sync that is still owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDebt {
    /// Since when.
    pub since: Timestamp,
    /// By which run.
    pub run: RunId,
}

/// What was last sent for a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The last enable or disable.
    pub calling: Option<Write<Calling>>,
    /// The last value of each field that an update carried.
    pub details: BTreeMap<Field, Write<Value>>,
    /// A call whose answer was lost: nobody knows whether it was carried out.
    pub unknown: Option<(Verb, Timestamp)>,
}

/// A value that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write<T> {
    /// The value.
    pub value: T,
    /// When the service accepted it, or its answer was lost.
    pub at: Timestamp,
    /// Whether the answer was lost: then only an observation can tell that the value is there.
    pub lost: bool,
    /// Whether an observation has shown it since: then it is a fact, and a later difference is drift at once.
    pub landed: bool,
}

/// The verb of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `enableCallingForUser`.
    Enable,
    /// `updateUserDetails`.
    Update,
    /// `disableCallingForUser`.
    Disable,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Enable => "enable",
            Self::Update => "update",
            Self::Disable => "disable",
        })
    }
}

/// The image of a user before a step: the fields that the step changes, each with its value, or with nothing where nothing was
/// set. A field whose earlier value was not known is not in it. That calling was the other way round is in the verb.
pub type Before = BTreeMap<Field, Option<Value>>;

/// Which of a user's written values an observation has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    /// Who.
    pub user: Upn,
    /// Whether the calling state that was written was seen.
    pub calling: bool,
    /// The fields whose written values were seen.
    pub fields: Vec<Field>,
}

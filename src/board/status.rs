//! The status: the board at one moment, as it is written into the status file.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{plan::TenantPlan, reconcile::Ending};

/// The service at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The version of this shape.
    pub version: u32,
    /// The process.
    pub process: u32,
    /// When this was written.
    pub at: Timestamp,
    /// Until when it counts; a service that is alive writes a new one before.
    pub until: Timestamp,
    /// Mistakes in the manifests that were looked at last.
    pub manifest_errors: usize,
    /// Why nothing new begins: the journal cannot be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_away: Option<String>,
    /// The tenants: those in force by name, then those that have no version in force.
    pub tenants: Vec<Arc<TenantRow>>,
}

impl Status {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;
}

/// One tenant at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantRow {
    /// Its name.
    pub tenant: String,
    /// How its last pass ended.
    pub last: Option<LastPass>,
    /// When.
    pub last_at: Option<Timestamp>,
    /// When the next pass is due; absent while one runs.
    pub next_at: Option<Timestamp>,
    /// What is wrong with the tenant's manifests.
    pub note: Option<String>,
    /// How many managed users Teams shows as the service does, and of how many, where that is
    /// asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<(usize, usize)>,
    /// What its last plan could not do. Absent before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

/// How the last pass of a tenant ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LastPass {
    /// Everything that may be done is done.
    Done,
    /// Something is held.
    Held,
    /// Something failed.
    Failed,
    /// Everything is done but the sync, which may not be sent yet.
    Waits,
}

impl From<Ending> for LastPass {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::Done,
            Ending::Held => Self::Held,
            Ending::Failed => Self::Failed,
            Ending::Waits(_) => Self::Waits,
        }
    }
}

/// What a plan shows and does not do. The words mean what they mean in a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// What holds the whole tenant, if anything but its mode does.
    pub hold: Option<String>,
    /// The steps that are held, if the tenant as a whole is not.
    pub held_steps: usize,
    /// Users that nothing can be planned for.
    pub problems: usize,
    /// What differs and is only shown, because the mode is `report`.
    pub drift: usize,
}

impl Left {
    /// Of this plan.
    pub(super) fn of(plan: &TenantPlan) -> Self {
        Self {
            hold: plan.hold().map(|hold| hold.reason.clone()),
            held_steps: plan.held_steps(),
            problems: plan.problems.len(),
            drift: plan.drift().len(),
        }
    }
}

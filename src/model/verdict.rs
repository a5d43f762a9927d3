//! What the last plan of a tenant said of its users, for people who ask later. Data only.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Verb;

/// What a plan said: of the whole tenant, and of each user that there was something to do or to
/// say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The version of this shape.
    pub version: u32,
    /// When it was made.
    pub at: Timestamp,
    /// What held the whole tenant, but for its mode and the stop switch, which are known without
    /// it.
    pub holds: Vec<Reason>,
    /// The users, by the key of their names.
    pub users: BTreeMap<String, UserVerdict>,
}

/// Why something does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Why.
    pub reason: String,
    /// What lifts it.
    pub hint: String,
    /// When it is lifted automatically, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What was said of one user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserVerdict {
    /// What was to be done.
    pub steps: Vec<Pending>,
    /// Why nothing could be planned, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Reason>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// What was to be done.
    pub action: Verb,
    /// What held it.
    pub holds: Vec<Reason>,
    /// What became of it, if it ran: `accepted`, or why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

impl Verdict {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;
}

//! What entries add up to, as it is kept on disk: a start need not read all history, and
//! old entries may go.
//!
//! **Invariant:** thawing what was frozen gives the same sum. Every part of the sum is named here
//! one by one, so a new one cannot be forgotten: it would not compile. A part that is new
//! needs a default for sums that were stored before.

mod freeze;
mod thaw;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::value::{WrittenBefore, WrittenValue};
use crate::model::{Calling, Verb};

/// The newest format. A higher number means that a newer program wrote it.
pub(super) const VERSION: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Frozen {
    v: u32,
    tenants: BTreeMap<String, FrozenTenant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<(Timestamp, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrozenTenant {
    sync_owed: Option<(Timestamp, String)>,
    first_sync: Option<Timestamp>,
    last_sync: Option<Timestamp>,
    sync_sent: Option<Timestamp>,
    /// How many, the last one, the settings then, and what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear_syncs: Option<(u32, Timestamp, u32, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counted: Option<(usize, String, Timestamp)>,
    /// Since when, by whom, why, until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspended: Option<(Timestamp, String, String, Option<Timestamp>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    managed: Vec<FrozenKnown>,
    /// By the minute: disables, numbers, changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sent: Vec<(i64, u32, u32, u32)>,
    /// Name, plan, when and by which run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<(String, String, Timestamp, String)>,
    users: Vec<FrozenUser>,
    pending: Vec<FrozenCall>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenKnown {
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    vanished: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenUser {
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calling: Option<FrozenWrite<Calling>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, FrozenWrite<WrittenValue>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unknown: Option<(Verb, Timestamp)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reverted: Vec<(Option<String>, Vec<Timestamp>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<FrozenRefusal>,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenRefusal {
    verb: Verb,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, WrittenValue)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
    at: Timestamp,
    settled: bool,
    owed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenCall {
    user: String,
    verb: Verb,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, WrittenValue)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: WrittenBefore,
    at: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct FrozenWrite<T> {
    value: T,
    at: Timestamp,
    lost: bool,
    landed: bool,
    tells: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    synced: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_zero")]
    in_vain: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        journal::fold::Fold,
        model::{Entry, Event, RunId, TenantId, TenantName},
    };

    /// It would write of a tenant that is suspended, or forget what tenants owe that it does not
    /// know.
    #[test]
    fn an_older_program_does_not_read_a_sum_of_which_it_does_not_know_all() {
        let suspended =
            Event::Suspended { by: "ann".to_owned(), reason: "storm".to_owned(), until: None };
        for (event, version) in [(Event::Syncing, 1), (suspended, 2), (Event::Accepted, 2)] {
            let entry = Entry {
                at: Timestamp::UNIX_EPOCH,
                run: RunId::new("r"),
                tenant: TenantName::parse("contoso").unwrap(),
                tenant_id: TenantId::parse("5e93b6a1-0c48-4d27-b1fa-94d7e2c3508b").unwrap(),
                event,
            };
            let mut fold = Fold::default();
            fold.add(&entry);
            assert_eq!(Frozen::from(&fold).v, version, "{:?}", entry.event);
        }
    }
}

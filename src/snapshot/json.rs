//! Snapshots as JSON: versioned, one user a line, so two of them can be compared line by line.
//!
//! The fast path is one typed parse. Only a file in which something is wrong is looked at a second
//! time, as YAML (of which JSON is a part), to tell every problem at its place.

mod read;
mod write;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value as Json;

pub(super) use read::read;
pub(super) use write::write;

use super::{
    account::{ConsentEntry, InventoryEntry},
    beside::BesideEntry,
    spell::{AsText, CallingEntry, CoverageEntry, DetailsEntry},
};
use crate::model::{
    AccountName, ExtensionPrefix, FaultKind, Field, TenantId, TenantName, Upn, UserId,
};

/// The version of the shape that is written, and the newest that is read. The first one has nothing
/// beside users.
const VERSION: u32 = 2;
const KIND: &str = "Snapshot";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "version")]
    _version: serde::de::IgnoredAny,
    #[serde(rename = "kind")]
    _kind: serde::de::IgnoredAny,
    tenants: Vec<TenantEntry>,
}

/// What is looked at before anything else: a newer shape has keys of its own.
#[derive(Deserialize)]
struct Head {
    version: Option<Json>,
    kind: Option<Json>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TenantEntry {
    name: AsText<TenantName>,
    id: AsText<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extension_prefix: Option<AsText<ExtensionPrefix>>,
    #[serde(deserialize_with = "time")]
    observed_at: Timestamp,
    reader: String,
    /// The account that reads and writes the tenant, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<AsText<AccountName>>,
    /// What that account has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inventory: Option<InventoryEntry>,
    /// Exactly one of these two is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unread: Option<FaultEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    live: Option<LiveEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LiveEntry {
    consent: ConsentEntry,
    coverage: CoverageEntry,
    sees: Vec<AsText<Field>>,
    /// What the list shows beside its users, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<BesideEntry>,
    /// What Teams itself shows, where the tenant asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    teams: Option<TeamsEntry>,
    users: Vec<UserEntry>,
}

/// Either `failed` or the rest.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TeamsEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
    coverage: CoverageEntry,
    users: Vec<UserEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserEntry {
    user_principal_name: AsText<Upn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<AsText<UserId>>,
    calling: CallingEntry,
    details: DetailsEntry,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultEntry {
    kind: AsText<FaultKind>,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        D::Error::custom(format!("`{text}` is not a time such as 2026-07-04T08:15:30Z"))
    })
}

//! The documents as they are written: one type for each kind, from which the JSON Schema is made.
//!
//! Every key has a default here, so all that is missing can be told at once; the schema names
//! what is required by hand, and a test holds the two together.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};

use super::{
    choices::{
        AdoptEntry, ConfirmEntry, LiveEntry, ModeEntry, PruneEntry, ReleaseEntry, WritesEntry,
    },
    entry::{FieldDefaults, UserEntry},
    parts,
    windows::{WindowsEntry, zone},
};
use crate::{
    model::{AccountName, ExtensionPrefix, Limit, Limits, ShrinkLimit, TenantId, TenantName},
    yaml::{some, word},
};

/// A customer and the rules for it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "Tenant", extend("required" = ["apiVersion", "kind", "metadata", "spec"]))]
pub(super) struct TenantDocument {
    #[schemars(schema_with = "parts::api_version")]
    api_version: serde::de::IgnoredAny,
    #[schemars(schema_with = "kind_tenant")]
    kind: serde::de::IgnoredAny,
    pub(super) metadata: TenantMetadata,
    pub(super) spec: TenantSpec,
}

/// Users of a tenant, split as people like: by site, by team.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(title = "UserSet", extend("required" = ["apiVersion", "kind", "metadata", "spec"]))]
pub(super) struct UserSetDocument {
    #[schemars(schema_with = "parts::api_version")]
    api_version: serde::de::IgnoredAny,
    #[schemars(schema_with = "kind_user_set")]
    kind: serde::de::IgnoredAny,
    pub(super) metadata: UserSetMetadata,
    pub(super) spec: UserSetSpec,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["name"]))]
pub(super) struct TenantMetadata {
    /// How reports and the command line call the tenant; unique.
    #[serde(deserialize_with = "parts::name")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"))]
    pub(super) name: Option<TenantName>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "tenant"]))]
pub(super) struct UserSetMetadata {
    /// The name of the set; unique in its tenant.
    #[serde(deserialize_with = "parts::name")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"))]
    pub(super) name: Option<TenantName>,
    /// The tenant that the users belong to.
    #[serde(deserialize_with = "parts::name")]
    #[schemars(with = "String")]
    pub(super) tenant: Option<TenantName>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["tenantId", "mode", "prune"]))]
pub(super) struct TenantSpec {
    /// The Microsoft 365 tenant.
    #[serde(deserialize_with = "tenant_id")]
    #[schemars(
        with = "String",
        regex(pattern = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
    )]
    pub(super) tenant_id: Option<TenantId>,
    /// The account of the configuration that manages the tenant, if there are several.
    #[serde(deserialize_with = "account")]
    #[schemars(with = "String", regex(pattern = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"))]
    pub(super) account: Option<AccountName>,
    /// enforce: differences are corrected; report: they are shown; suspend: the tenant is left
    /// alone.
    #[serde(deserialize_with = "some_word")]
    #[schemars(with = "ModeEntry")]
    pub(super) mode: Option<ModeEntry>,
    /// What becomes of enabled users that no manifest names.
    #[serde(deserialize_with = "some_word")]
    #[schemars(with = "PruneEntry")]
    pub(super) prune: Option<PruneEntry>,
    /// Which of them may be pruned: those that a manifest has named before, or all.
    #[serde(deserialize_with = "word")]
    #[schemars(with = "AdoptEntry")]
    pub(super) adopt: AdoptEntry,
    /// Where live state is read: from the service that is written through, or from Microsoft Graph.
    #[serde(deserialize_with = "word")]
    pub(super) live: LiveEntry,
    /// Who is asked whether Teams really shows what the service says. It changes nothing; a number
    /// that Teams shows with somebody else than a user is given to nobody.
    #[serde(deserialize_with = "word")]
    pub(super) confirm: ConfirmEntry,
    /// Which call of the service stores details: updateUserDetails, or configureUser, which must
    /// name `pbxLocation` and `pbxUserId` of every user.
    #[serde(deserialize_with = "word")]
    #[schemars(with = "WritesEntry")]
    pub(super) writes: WritesEntry,
    /// Fields of every user of the tenant who does not say otherwise.
    pub(super) defaults: FieldDefaults,
    /// How much may change in one run.
    pub(super) limits: LimitsEntry,
    /// Who is never disabled, whatever the rest says: users, holders of numbers, and
    /// `{ site: NAME }` for everybody there.
    #[schemars(schema_with = "protect")]
    pub(super) protect: Vec<serde_yaml::Value>,
    /// How the tenant's numbers are written and given up.
    pub(super) numbers: Numbers,
    /// By whose clocks dates of users are meant: an IANA name, such as Europe/Berlin; absent: by
    /// those of `windows`.
    #[serde(deserialize_with = "zone")]
    #[schemars(with = "String")]
    pub(super) time_zone: Option<jiff::tz::TimeZone>,
    /// When changes that interrupt people's calls may be made; absent: at any time.
    #[serde(deserialize_with = "some")]
    #[schemars(with = "WindowsEntry")]
    pub(super) windows: Option<WindowsEntry>,
}

impl TenantSpec {
    /// The clocks that dates of users are meant by.
    pub(super) fn zone(&self) -> Option<jiff::tz::TimeZone> {
        let of_windows = || self.windows.as_ref().and_then(WindowsEntry::zone);
        self.time_zone.clone().or_else(of_windows)
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["users"]))]
pub(super) struct UserSetSpec {
    /// Fields of every user of the set who does not say otherwise; they go over the tenant's.
    pub(super) defaults: FieldDefaults,
    /// The users.
    #[serde(deserialize_with = "some")]
    #[schemars(with = "Vec<UserEntry>")]
    pub(super) users: Option<Vec<serde_yaml::Value>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ShrinkEntry {
    /// Of the users in the last whole list, rounded up.
    #[serde(deserialize_with = "share")]
    #[schemars(range(max = 100))]
    percent: u8,
    /// As many as these, whatever the share.
    floor: u32,
}

impl Default for ShrinkEntry {
    fn default() -> Self {
        let ShrinkLimit { percent, floor } = ShrinkLimit::DEFAULT;
        Self { percent, floor }
    }
}

impl ShrinkEntry {
    pub(super) fn limit(&self) -> ShrinkLimit {
        ShrinkLimit { percent: self.percent, floor: self.floor }
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct LimitsEntry {
    /// People who may lose calling in one run.
    disable: LimitEntry,
    /// People whose present number may be replaced or given up in one run.
    numbers: LimitEntry,
    /// People with calling who may be changed in one run, at most.
    changes: LimitEntry,
    /// How many users may vanish from the list between two looks before it is doubted; the larger
    /// bound counts.
    pub(super) shrink: ShrinkEntry,
}

impl LimitsEntry {
    pub(super) fn limits(&self) -> Limits {
        let Limits { disable, numbers, changes } = Limits::DEFAULT;
        Limits {
            disable: self.disable.over(disable),
            numbers: self.numbers.over(numbers),
            changes: self.changes.over(changes),
        }
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct LimitEntry {
    /// Of the people whose calling is enabled now, rounded up.
    #[serde(deserialize_with = "percent")]
    #[schemars(with = "u8", range(max = 100))]
    percent: Option<u8>,
    /// In any case no more than these.
    #[serde(deserialize_with = "some")]
    #[schemars(with = "u32")]
    count: Option<u32>,
    /// As many as these, whatever the share; not above `count`, and not with 0 percent.
    #[serde(deserialize_with = "some")]
    #[schemars(with = "u32")]
    floor: Option<u32>,
}

impl LimitEntry {
    fn over(&self, default: Limit) -> Limit {
        Limit {
            percent: self.percent.unwrap_or(default.percent),
            count: self.count.unwrap_or(default.count),
            floor: self.floor.unwrap_or(default.floor),
        }
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Numbers {
    /// What the platform shows before a short extension: `+` and the country code of the users'
    /// location.
    #[serde(deserialize_with = "prefix")]
    #[schemars(with = "String", regex(pattern = r"^\+[0-9]{1,4}$"))]
    pub(super) extension_prefix: Option<ExtensionPrefix>,
    /// How a number is given up that no other replaces: by a person in the portal, with an empty
    /// number, or for a parking number.
    #[serde(deserialize_with = "word")]
    #[schemars(with = "ReleaseEntry")]
    pub(super) release: ReleaseEntry,
    /// Numbers that nobody wants: places for numbers that move in a cycle, and for those that
    /// are given up.
    #[schemars(with = "Vec<String>")]
    pub(super) parking: Vec<serde_yaml::Value>,
    /// How long a number of somebody whose `until` has passed is kept from the next one, such as
    /// 30d; absent: not at all.
    #[serde(deserialize_with = "quarantine")]
    #[schemars(with = "String")]
    pub(super) quarantine: Duration,
}

fn some_word<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    word(deserializer).map(Some)
}

fn account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AccountName>, D::Error> {
    parts::parsed(deserializer, AccountName::parse)
}

fn tenant_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TenantId>, D::Error> {
    parts::parsed(deserializer, |text| match TenantId::parse(text) {
        Ok(id) if id == TenantId::nil() => {
            Err(format!("`{text}` is a placeholder: no tenant has this id"))
        }
        parsed => parsed,
    })
}

fn prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ExtensionPrefix>, D::Error> {
    parts::parsed(deserializer, ExtensionPrefix::parse)
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let percent = i64::deserialize(deserializer)?;
    let fits = u8::try_from(percent).ok().filter(|percent| *percent <= 100);
    fits.map(Some).ok_or_else(|| {
        D::Error::custom(format!("{percent} is not a percentage: 0 to 100 is expected"))
    })
}

fn quarantine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|error| D::Error::custom(format!("`{text}` is not a time such as 30d: {error}")))
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    percent(deserializer).map(Option::unwrap_or_default)
}

fn protect(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let site = schemars::json_schema!({
        "type": "object", "additionalProperties": false, "properties": { "site": { "type": "string" } }, "required": ["site"],
    });
    schemars::json_schema!({ "type": "array", "items": { "anyOf": [{ "type": "string" }, site] } })
}

fn kind_tenant(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    parts::constant("Tenant")
}

fn kind_user_set(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    parts::constant("UserSet")
}

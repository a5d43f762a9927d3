//! How plans are carried out.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::span::{self, Span};
use crate::model::PerHour;

/// How plans are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Execution {
    /// Users of one tenant that are worked on side by side.
    pub users_per_tenant: usize,
    /// Tenants that are worked on side by side.
    pub tenants: usize,
    /// Tenants that are read side by side. Reads move nobody and are made again if they fail, so
    /// there may be more of them: sixteen are as many as the changes that are sent side by side by
    /// default. A wait that the service asks for holds all calls of the account, these as well.
    pub readers: usize,
    /// How long a write may stay invisible before it counts as not landed (contract 4.4: up to 4
    /// hours after a sync).
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub settle: Duration,
    /// The same after a tenant's first sync (contract 4.4: up to 24 hours).
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub first_settle: Duration,
    /// The least time between two syncs of a tenant: the vendor asks not to start one while another
    /// may run (contract 4.4).
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub sync_spacing: Duration,
    /// How often somebody else may change one value back within `flapWindow` before it is left
    /// alone and people are asked.
    pub flap_limit: usize,
    /// The time within which `flapLimit` counts.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub flap_window: Duration,
    /// How much may be sent for the whole fleet within an hour.
    pub per_hour: PerHour,
    /// What the accounts say of the `sync` row, as a number; 0 for the default. Not a setting of
    /// its own.
    #[serde(skip)]
    pub sync_settings: u32,
    /// How long changes are expected to leave a user without calls.
    pub interruption: Interruption,
}

impl Default for Execution {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            users_per_tenant: 4,
            tenants: 4,
            readers: 16,
            settle: hours(4),
            first_settle: hours(24),
            sync_spacing: Duration::from_secs(5 * 60),
            flap_limit: 3,
            flap_window: hours(24),
            interruption: Interruption::default(),
            per_hour: PerHour::default(),
            sync_settings: 0,
        }
    }
}

/// How long each kind of change is expected to leave a user who could call without calls. The
/// vendor does not say; these are estimates for those who decide when a plan is carried out, and
/// hold nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Interruption {
    /// A number that is replaced or taken away.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub number: Duration,
    /// Another gateway.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub gateway: Duration,
    /// Any other detail.
    #[serde(with = "span")]
    #[schemars(with = "Span")]
    pub details: Duration,
}

impl Default for Interruption {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self { number: minutes(15), gateway: minutes(5), details: Duration::ZERO }
    }
}

//! Keys with a fixed set of words, as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Adopt, LiveSource, Mode, Prune, Release, Service, WritePath};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ModeEntry {
    Enforce,
    Report,
    Suspend,
}

impl From<ModeEntry> for Mode {
    fn from(entry: ModeEntry) -> Self {
        match entry {
            ModeEntry::Enforce => Self::Enforce,
            ModeEntry::Report => Self::Report,
            ModeEntry::Suspend => Self::Suspend,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum PruneEntry {
    Never,
    Disable,
}

impl From<PruneEntry> for Prune {
    fn from(entry: PruneEntry) -> Self {
        match entry {
            PruneEntry::Never => Self::Never,
            PruneEntry::Disable => Self::Disable,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum LiveEntry {
    #[default]
    ConnecttoTeams,
    Graph,
    File,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ConfirmEntry {
    #[default]
    None,
    Graph,
}

impl From<LiveEntry> for LiveSource {
    fn from(entry: LiveEntry) -> Self {
        match entry {
            LiveEntry::ConnecttoTeams => Self::ConnecttoTeams,
            LiveEntry::Graph => Self::Graph,
            LiveEntry::File => Self::File,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum AdoptEntry {
    #[default]
    Named,
    All,
}

impl From<AdoptEntry> for Adopt {
    fn from(entry: AdoptEntry) -> Self {
        match entry {
            AdoptEntry::Named => Self::Named,
            AdoptEntry::All => Self::All,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReleaseEntry {
    #[default]
    Manual,
    Clear,
    Park,
}

impl From<ReleaseEntry> for Release {
    fn from(entry: ReleaseEntry) -> Self {
        match entry {
            ReleaseEntry::Manual => Self::Manual,
            ReleaseEntry::Clear => Self::Clear,
            ReleaseEntry::Park => Self::Park,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WritesEntry {
    #[default]
    UpdateUserDetails,
    ConfigureUser,
}

impl From<WritesEntry> for WritePath {
    fn from(entry: WritesEntry) -> Self {
        match entry {
            WritesEntry::UpdateUserDetails => Self::UpdateUserDetails,
            WritesEntry::ConfigureUser => Self::ConfigureUser,
        }
    }
}

/// Which service users have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum ServiceEntry {
    Phone,
    CallApp,
}

impl From<ServiceEntry> for Service {
    fn from(entry: ServiceEntry) -> Self {
        match entry {
            ServiceEntry::Phone => Self::Phone,
            ServiceEntry::CallApp => Self::CallApp,
        }
    }
}

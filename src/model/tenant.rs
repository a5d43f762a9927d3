//! A tenant as it is addressed: by name and id, through an account, read in one place.

use super::{AccountName, ExtensionPrefix, TenantId, TenantName};

/// A tenant as readers and writers address it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRef {
    /// The name in reports.
    pub name: TenantName,
    /// The Microsoft tenant.
    pub id: TenantId,
    /// What the platform shows before a short extension.
    pub extension_prefix: Option<ExtensionPrefix>,
    /// The account at the service that manages it; the only one if absent.
    pub account: Option<AccountName>,
    /// Where its live state is read.
    pub live: LiveSource,
    /// Whether Graph is asked as well, to confirm that Teams shows it.
    pub confirm: bool,
}

impl TenantRef {
    /// A tenant of the only account, read through the service that writes to it.
    #[must_use]
    pub fn new(name: TenantName, id: TenantId) -> Self {
        Self {
            name,
            id,
            extension_prefix: None,
            account: None,
            live: LiveSource::default(),
            confirm: false,
        }
    }

    /// All tenants together, of which the journal keeps what is of no tenant alone.
    #[must_use]
    pub fn all() -> Self {
        Self::new(TenantName::all(), TenantId::nil())
    }
}

/// Where the live state of a tenant is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LiveSource {
    /// The service that is written through (contract 3).
    #[default]
    ConnecttoTeams,
    /// Microsoft Graph: what Teams itself holds (contract 12).
    Graph,
    /// A file that somebody keeps up to date: a snapshot, or a list that the portal exported
    /// (contract 9).
    File,
}

impl LiveSource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ConnecttoTeams, Self::Graph, Self::File];

    /// The word in manifests, in snapshots and in the journal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnecttoTeams => "connecttoteams",
            Self::Graph => "graph",
            Self::File => "file",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

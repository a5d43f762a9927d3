//! What can be changed in a tenant: the calls that write, each with all that it carries.
//!
//! **Invariant:** a write is a value before it is sent. Whatever has to happen to each of them (the
//! stop switch, a log, a double in a test) handles one value, and cannot forget a kind of it.

use std::fmt;

use super::{Calling, SetUp, UpdateRequest, Upn};

/// A call that changes a tenant (contract 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `enableCallingForUser`: switches calling on (contract 4.1).
    Enable(Upn),
    /// `disableCallingForUser`: switches calling off (contract 4.2).
    Disable(Upn),
    /// Switches the Call App of a user on or off, by the call that the settings name: no public page
    /// does (contract 5.5).
    SwitchCallApp(Upn, Calling),
    /// `updateUserDetails`, `configureUser` or `configureValetUser`: changes stored details (contract
    /// 4.3, 5.3, 5.5).
    Update(UpdateRequest),
    /// `configureUser` or `configureValetUser`: sets up somebody who is not (contract 5.3, 5.5).
    Configure(SetUp),
    /// `syncTeamsRegistrations`: pushes what is stored to Microsoft, for the whole tenant
    /// (contract 4.4).
    Sync,
}

impl Call {
    /// The user that it changes; none for a sync.
    #[must_use]
    pub fn user(&self) -> Option<&Upn> {
        match self {
            Self::Enable(user) | Self::Disable(user) | Self::SwitchCallApp(user, _) => Some(user),
            Self::Update(update) => Some(update.user()),
            Self::Configure(set_up) => Some(set_up.user()),
            Self::Sync => None,
        }
    }
}

/// `enable adele@contoso.com`, `sync`; never what an update carries.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enable(user) => write!(f, "enable {user}"),
            Self::Disable(user) => write!(f, "disable {user}"),
            Self::SwitchCallApp(user, Calling::Enabled) => {
                write!(f, "enable the Call App of {user}")
            }
            Self::SwitchCallApp(user, Calling::Disabled) => {
                write!(f, "disable the Call App of {user}")
            }
            Self::Update(update) => write!(f, "update {}", update.user()),
            Self::Configure(set_up) => write!(f, "configure {}", set_up.user()),
            Self::Sync => f.write_str("sync"),
        }
    }
}

/// The verb of a step.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// `enableCallingForUser`.
    Enable,
    /// `updateUserDetails`, or another call that stores details, of somebody who is set up.
    Update,
    /// `disableCallingForUser`.
    Disable,
    /// `configureUser` or `configureValetUser` of somebody who is not set up.
    Configure,
}

impl Verb {
    /// As a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Update => "update",
            Self::Disable => "disable",
            Self::Configure => "configure",
        }
    }

    /// Whether its call stores details.
    #[must_use]
    pub fn stores_details(self) -> bool {
        matches!(self, Self::Update | Self::Configure)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

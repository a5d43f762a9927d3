//! Which of the vendor's services a user has: they are set up by different calls, and switched by
//! different ones or by none that is known.

use super::Calling;

/// Which calls the settings name that switch the Call App: no public page does (contract 5.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CallAppCalls {
    /// One that switches it on.
    pub enable: bool,
    /// One that switches it off.
    pub disable: bool,
}

impl CallAppCalls {
    /// Whether one of them switches it so.
    #[must_use]
    pub const fn switch(self, to: Calling) -> bool {
        match to {
            Calling::Enabled => self.enable,
            Calling::Disabled => self.disable,
        }
    }
}

/// The service of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Service {
    /// Calling in Teams itself.
    #[default]
    Phone,
    /// The Call App, which the vendor's API calls Valet (contract 5.5).
    CallApp,
}

impl Service {
    /// The word in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::CallApp => "callApp",
        }
    }
}

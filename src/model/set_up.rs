//! Setting somebody up: what is asked for, and the call that does it.

use std::sync::Arc;

use super::{UpdateRequest, Upn};

/// That a user may be set up who is known to the directory and not set up at the service. Users of
/// a set share one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Onboard {
    /// What the settings call the source of the user's secrets, if there are any.
    pub secrets: Option<Arc<str>>,
}

/// One call for somebody who is not set up (contract 5.3, 5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetUp {
    /// What is stored of the user.
    pub request: UpdateRequest,
    /// What the settings call the source of the user's secrets: they are read when the call is
    /// sent, and are part of nothing else.
    pub secrets: Option<Arc<str>>,
}

impl SetUp {
    /// The user.
    #[must_use]
    pub fn user(&self) -> &Upn {
        self.request.user()
    }
}

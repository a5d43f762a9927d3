//! One account, looked at from outside: what checks of the set-up ask.
//!
//! **Invariant:** nothing here changes anything.

use std::{fmt, sync::Arc};

use jiff::SignedDuration;

use super::{core::Core, identity::Identity};
use crate::model::{Customer, Fault, Inventory};

/// Checks one account.
#[derive(Clone)]
pub struct Probe {
    core: Arc<Core>,
}

impl Probe {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The section of the settings that the account is in.
    #[must_use]
    pub fn section(&self) -> &str {
        self.core.section().name()
    }

    /// The host of the service.
    #[must_use]
    pub fn host(&self) -> &str {
        self.core.host()
    }

    /// The API admin's user name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.core.account.username
    }

    /// Logs in, or finds that a usable token is at hand (contract 2.1).
    pub async fn log_in(&self) -> Result<(), Fault> {
        self.core.token().await.map(drop)
    }

    /// Whether the service answers at all: asked without credentials, and whatever it says is an
    /// answer.
    pub async fn reach(&self) -> Result<(), Fault> {
        self.core.reach().await
    }

    /// Who the service says that the API admin is (contract 2.2).
    pub async fn identity(&self) -> Result<Identity, Fault> {
        self.core.identity().await.cloned()
    }

    /// The reseller id that the settings name, if they do.
    #[must_use]
    pub fn configured_reseller(&self) -> Option<i64> {
        self.core.account.reseller_id
    }

    /// What the account has.
    pub async fn inventory(&self) -> Result<Arc<Inventory>, Fault> {
        self.core.inventory().await
    }

    /// The customers of the account, as its lists show them (contract 6.2).
    pub async fn customers(&self) -> Result<Vec<Customer>, Fault> {
        self.core.customers().await
    }

    /// How far the service's clock is ahead of this machine's, by its last answer.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<SignedDuration> {
        self.core.transport().clock_ahead()
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("host", &self.core.host()).finish_non_exhaustive()
    }
}

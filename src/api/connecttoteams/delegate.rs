//! What is kept of a tenant that is written with a token of its own.

use super::{auth::Auth, gate::Pace, msal::Msal};
use crate::config::Enterprise;

/// One such tenant.
pub(super) struct Delegate {
    pub(super) settings: Enterprise,
    pub(super) auth: Auth,
    pub(super) msal: Msal,
}

impl Delegate {
    /// `whose` names it in the log.
    pub(super) fn new(whose: &str, settings: &Enterprise, pace: &Pace) -> Self {
        Self {
            settings: settings.clone(),
            auth: Auth::new(whose, pace),
            msal: Msal::new(settings.msal.clone()),
        }
    }
}

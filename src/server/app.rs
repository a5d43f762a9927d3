//! What every answer is made of.

use std::sync::Arc;

use axum::extract::State;
use tokio::sync::Semaphore;

use super::{Feed, access::Access, hook::Hook};

/// What every answer is made of.
pub(super) struct App {
    pub(super) feed: Feed,
    /// Who may ask.
    pub(super) access: Access,
    /// Takes calls of a host of git, if there is a secret for them.
    pub(super) hook: Option<Hook>,
    /// Whose turn it is to have a user explained.
    pub(super) asking: Semaphore,
}

/// How answers are handed it.
pub(super) type SharedApp = State<Arc<App>>;

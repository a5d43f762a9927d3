//! What the journal and the thread that writes it both see.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    fold::Fold,
    guard::Guard,
    lease::{Clock, Leases},
};
use crate::ports::JournalError;

/// What the journal and its writer both see.
#[derive(Clone)]
pub(super) struct SharedJournal {
    pub(super) fold: Arc<Mutex<Fold>>,
    pub(super) leases: Arc<Mutex<Leases>>,
    pub(super) clock: Clock,
    pub(super) guard: Arc<Mutex<Guard>>,
    pub(super) holder: Arc<str>,
}

impl SharedJournal {
    /// Whether the files are still those of the folder.
    pub(super) fn look(&self) -> Result<(), JournalError> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).look().map_err(JournalError::Gone)
    }
}

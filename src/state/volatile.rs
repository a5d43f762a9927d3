//! A journal that forgets with the process: for rehearsals.

use std::sync::{Mutex, PoisonError};

use super::fold::Fold;
use crate::{
    model::{Memory, TenantId},
    ports::{Entry, Journal, JournalError},
};

/// Remembers until the process ends.
#[derive(Debug, Default)]
pub struct VolatileJournal(Mutex<Fold>);

impl Journal for VolatileJournal {
    fn memory(&self, tenant: &TenantId) -> Memory {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).memory(tenant)
    }

    async fn record(&self, entry: Entry) -> Result<(), JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(&entry);
        Ok(())
    }
}

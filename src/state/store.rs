//! Either store, chosen at start.

use super::{FileJournal, VolatileJournal};
use crate::{
    model::{Memory, TenantId},
    ports::{Entry, Journal, JournalError},
};

/// A journal in a file, or one that forgets.
#[derive(Debug)]
pub enum Store {
    /// In a file.
    File(FileJournal),
    /// In memory.
    Volatile(VolatileJournal),
}

impl Journal for Store {
    fn memory(&self, tenant: &TenantId) -> Memory {
        match self {
            Self::File(journal) => journal.memory(tenant),
            Self::Volatile(journal) => journal.memory(tenant),
        }
    }

    async fn record(&self, entry: Entry) -> Result<(), JournalError> {
        match self {
            Self::File(journal) => journal.record(entry).await,
            Self::Volatile(journal) => journal.record(entry).await,
        }
    }
}

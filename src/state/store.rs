//! Either store, chosen at start.

use super::{SqliteJournal, VolatileJournal};
use crate::{
    model::{Entry, Memory, TenantId},
    ports::{Journal, JournalError, Lease},
};

/// A journal in a file, or one that forgets.
#[derive(Debug)]
pub enum Store {
    /// In a file.
    File(SqliteJournal),
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

    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        match self {
            Self::File(journal) => journal.lease(tenant).await,
            Self::Volatile(journal) => journal.lease(tenant).await,
        }
    }

    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        match self {
            Self::File(journal) => journal.record(lease, entry).await,
            Self::Volatile(journal) => journal.record(lease, entry).await,
        }
    }

    fn trouble(&self) -> Option<JournalError> {
        match self {
            Self::File(journal) => journal.trouble(),
            Self::Volatile(journal) => journal.trouble(),
        }
    }
}

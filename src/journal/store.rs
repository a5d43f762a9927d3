//! One of the stores, chosen at start.

use std::sync::Arc;

use jiff::Timestamp;

use super::{PostgresJournal, SqliteJournal, VolatileJournal};
use crate::{
    model::{Entry, Memory, TenantId},
    ports::{Journal, JournalError, Lease, Recall},
};

/// A journal in a file, in a database, or one that forgets.
#[derive(Debug)]
pub enum Store {
    /// In a file.
    File(SqliteJournal),
    /// In a database that machines share.
    Shared(PostgresJournal),
    /// In memory.
    Volatile(VolatileJournal),
}

impl Recall for Store {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        match self {
            Self::File(journal) => journal.recall(tenant).await,
            Self::Shared(journal) => journal.recall(tenant).await,
            Self::Volatile(journal) => journal.recall(tenant).await,
        }
    }
}

impl Journal for Store {
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        match self {
            Self::File(journal) => journal.memory(lease).await,
            Self::Shared(journal) => journal.memory(lease).await,
            Self::Volatile(journal) => journal.memory(lease).await,
        }
    }

    fn now(&self) -> Timestamp {
        match self {
            Self::File(journal) => journal.now(),
            Self::Shared(journal) => journal.now(),
            Self::Volatile(journal) => journal.now(),
        }
    }

    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        match self {
            Self::File(journal) => journal.lease(tenant).await,
            Self::Shared(journal) => journal.lease(tenant).await,
            Self::Volatile(journal) => journal.lease(tenant).await,
        }
    }

    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        match self {
            Self::File(journal) => journal.record(lease, entry).await,
            Self::Shared(journal) => journal.record(lease, entry).await,
            Self::Volatile(journal) => journal.record(lease, entry).await,
        }
    }

    async fn record_both(
        &self,
        lease: &Lease,
        first: Entry,
        second: Entry,
    ) -> [Result<(), JournalError>; 2] {
        match self {
            Self::File(journal) => journal.record_both(lease, first, second).await,
            Self::Shared(journal) => journal.record_both(lease, first, second).await,
            Self::Volatile(journal) => journal.record_both(lease, first, second).await,
        }
    }

    async fn pause(&self) {
        match self {
            Self::File(journal) => journal.pause().await,
            Self::Shared(journal) => journal.pause().await,
            Self::Volatile(journal) => journal.pause().await,
        }
    }

    fn trouble(&self) -> Option<JournalError> {
        match self {
            Self::File(journal) => journal.trouble(),
            Self::Shared(journal) => journal.trouble(),
            Self::Volatile(journal) => journal.trouble(),
        }
    }
}

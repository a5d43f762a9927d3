//! A journal that forgets with the process: for rehearsals.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    fold::Fold,
    lease::{Clock, Leases},
    lock,
};
use crate::{
    model::{Entry, Memory, TenantId},
    ports::{Journal, JournalError, Lease, Recall},
};

/// Remembers until the process ends.
#[derive(Clone)]
pub struct VolatileJournal {
    inner: Arc<Mutex<VolatileInner>>,
    clock: Clock,
    holder: String,
}

#[derive(Debug, Default)]
struct VolatileInner {
    fold: Fold,
    leases: Leases,
}

impl VolatileJournal {
    /// One whose leases lapse by this clock.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        Self { inner: Arc::default(), clock, holder: lock::identity() }
    }

    /// One that remembers these entries.
    #[must_use]
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let journal = Self::default();
        entries.into_iter().for_each(|entry| journal.inner().fold.add(&entry));
        journal
    }

    /// What is remembered of a tenant.
    #[must_use]
    pub fn remembered(&self, tenant: &TenantId) -> Arc<Memory> {
        self.inner().fold.memory(tenant)
    }

    fn inner(&self) -> MutexGuard<'_, VolatileInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for VolatileJournal {
    fn default() -> Self {
        Self::with_clock(Arc::new(Timestamp::now))
    }
}

impl fmt::Debug for VolatileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VolatileJournal").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl Recall for VolatileJournal {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        Ok(self.remembered(tenant))
    }
}

impl Journal for VolatileJournal {
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        if !self.inner().leases.is_last(lease.tenant(), lease.token()) {
            return Err(JournalError::Lost);
        }
        Ok(self.remembered(lease.tenant()))
    }

    /// It lives in this process and is never away.
    async fn pause(&self) {}

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        let token = self.inner().leases.take(tenant, &self.holder, (self.clock)())?;
        let store = self.clone();
        let released = self.clone();
        let asked = tenant.clone();
        let of = tenant.clone();
        // Nobody renews what lives in this process alone: the one who asks is there, and nobody
        // else has asked since.
        let good = move || store.inner().leases.renew(&asked, token, (store.clock)()).is_ok();
        Ok(Lease::new(tenant.clone(), token, good, move || {
            released.inner().leases.release(&of, token);
        }))
    }

    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        let mut inner = self.inner();
        if *lease.tenant() != entry.tenant_id {
            return Err(JournalError::Lost);
        }
        inner.leases.renew(lease.tenant(), lease.token(), (self.clock)())?;
        inner.fold.add(&entry);
        Ok(())
    }
}

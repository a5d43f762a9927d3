//! The right to write of one tenant, and all that is recorded with it.

use super::report::Stop;
use crate::{
    model::{Entry, Event, RunId, TenantRef},
    plan::Facts,
    ports::{Journal, JournalError, Lease},
};

/// What one run records of its tenant.
pub(super) struct Record<'w, J> {
    pub(super) journal: &'w J,
    pub(super) tenant: &'w TenantRef,
    pub(super) run: RunId,
    pub(super) lease: Lease,
}

impl<J: Journal> Record<'_, J> {
    /// Puts on record what an observation has shown: of earlier writes, and how many users
    /// there are. What is decided first: it may owe a sync again.
    pub(super) async fn seen(&self, facts: &Facts) -> Result<(), Stop> {
        self.may_call()?;
        if !facts.decided.is_empty() {
            self.add(Event::Decided(facts.decided.clone())).await?;
        }
        if !facts.landed.is_empty() {
            self.add(Event::Landed(facts.landed.clone())).await?;
        }
        if !facts.managed.is_empty() {
            self.add(Event::Managed(facts.managed.clone())).await?;
        }
        if !facts.vanished.is_empty() {
            self.add(Event::Vanished(facts.vanished.clone())).await?;
        }
        if let Some(users) = facts.counted {
            self.add(Event::Counted { users, by: self.tenant.live }).await?;
        }
        Ok(())
    }

    /// Puts one fact on record.
    pub(super) async fn add(&self, event: Event) -> Result<(), Stop> {
        self.keep(self.entry(event)).await.map_err(Stop::Journal)
    }

    /// Puts on record how something ended that was begun. A store that is away is waited for as
    /// long as the lease counts: what is not on record counts as unknown, and freezes its user.
    pub(super) async fn add_end(&self, event: Event) -> Result<(), Stop> {
        self.keep_end(self.entry(event)).await
    }

    /// Puts on record how one thing ended, as [`Self::add_end`] does, and that another begins, with
    /// one flush where the store can.
    pub(super) async fn add_end_and(&self, end: Event, next: Event) -> Result<(), Stop> {
        let end = self.entry(end);
        let begin = self.entry(next.clone());
        let both = self.journal.record_both(&self.lease, end.clone(), begin).await;
        let [Err(JournalError::Away { .. }), _] = both else {
            return both.into_iter().collect::<Result<(), _>>().map_err(Stop::Journal);
        };
        self.keep_end(end).await?;
        self.add(next).await
    }

    async fn keep_end(&self, end: Entry) -> Result<(), Stop> {
        loop {
            match self.keep(end.clone()).await {
                Err(JournalError::Away { .. }) if self.lease.is_good() => {
                    self.journal.pause().await;
                }
                recorded => return recorded.map_err(Stop::Journal),
            }
        }
    }

    fn entry(&self, event: Event) -> Entry {
        Entry {
            at: self.journal.now(),
            run: self.run.clone(),
            tenant: self.tenant.name.clone(),
            tenant_id: self.tenant.id.clone(),
            event,
        }
    }

    async fn keep(&self, entry: Entry) -> Result<(), JournalError> {
        self.journal.record(&self.lease, entry).await
    }

    /// Whether a call may be begun. A process that lost the lease stops before anybody else starts.
    pub(super) fn may_call(&self) -> Result<(), Stop> {
        if self.lease.is_good() { Ok(()) } else { Err(Stop::Journal(JournalError::Lost)) }
    }
}

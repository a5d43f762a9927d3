//! What this process knows of the database: of each tenant what its entries add up to, where its
//! chain ends, and the lease that is out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use jiff::Timestamp;

use super::{
    failure::PostgresFailure,
    load,
    seen::{SeenChain, SeenChains, SeenFile, went_back},
    times::{ClockReading, Times},
};
use crate::{
    journal::{chain::Link, fold::Fold, load::LoadError},
    model::{Entry, Memory, TenantId},
    ports::JournalError,
};

/// What the journal and its writer both see.
#[derive(Clone)]
pub(super) struct PostgresState(Arc<PostgresStateInner>);

struct PostgresStateInner {
    tenants: Mutex<BTreeMap<TenantId, CachedTenant>>,
    trouble: Mutex<Option<JournalError>>,
    /// How far this machine saw the chains, if that is kept.
    seen: Mutex<Option<SeenFile>>,
    times: Times,
    /// This start of the program: no other has this name, on any machine.
    owner: String,
    /// The same for people.
    holder: String,
}

/// A tenant.
#[derive(Debug, Default)]
pub(super) struct CachedTenant {
    /// A person has accepted so often what was there.
    pub(super) epoch: i64,
    pub(super) fold: Fold,
    pub(super) head: Link,
    pub(super) anchor: Link,
    /// Entries after the stored fold.
    pub(super) since_fold: usize,
    pub(super) lease: Option<PostgresLease>,
    /// What was sent and not answered.
    pub(super) doubt: Option<UncertainEntries>,
    /// What turned out to be durable of that, until it is asked for again.
    pub(super) settled: Vec<Entry>,
    /// When the age of its entries was looked at.
    pub(super) aged: Option<Instant>,
}

/// A lease that is out.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostgresLease {
    pub(super) token: i64,
    /// Rises when an append was not answered: a late one is refused then.
    pub(super) attempt: i64,
    pub(super) asked: ClockReading,
}

/// Entries of which it is not known whether they are durable.
#[derive(Debug)]
pub(super) struct UncertainEntries {
    pub(super) head: Link,
    pub(super) entries: Vec<Entry>,
}

impl PostgresState {
    pub(super) fn new(times: Times, owner: String, holder: String, seen: Option<SeenFile>) -> Self {
        let (tenants, trouble) = <(Mutex<BTreeMap<_, _>>, Mutex<Option<_>>)>::default();
        let seen = Mutex::new(seen);
        Self(Arc::new(PostgresStateInner { tenants, trouble, seen, times, owner, holder }))
    }

    pub(super) fn tenants(&self) -> MutexGuard<'_, BTreeMap<TenantId, CachedTenant>> {
        self.0.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn times(&self) -> &Times {
        &self.0.times
    }

    pub(super) fn owner(&self) -> &str {
        &self.0.owner
    }

    pub(super) fn holder(&self) -> &str {
        &self.0.holder
    }

    /// How far this machine saw the chains. None if that is not kept.
    pub(super) fn marks(&self) -> Option<SeenChains> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(SeenFile::marks)
    }

    /// The chain of a tenant was seen up to there.
    pub(super) fn saw(&self, tenant: &TenantId, mark: SeenChain) {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = &mut *seen {
            seen.note(tenant, mark);
        }
    }

    /// What is remembered of a tenant, if this lease is the one that was given out last.
    pub(super) fn memory(&self, tenant: &TenantId, token: i64) -> Option<Arc<Memory>> {
        let tenants = self.tenants();
        let known = tenants.get(tenant)?;
        known.lease.filter(|held| held.token == token)?;
        Some(known.fold.memory(tenant))
    }

    /// The same of a tenant that this process writes, whichever lease is out.
    pub(super) fn own(&self, tenant: &TenantId) -> Option<Arc<Memory>> {
        let tenants = self.tenants();
        let known = tenants.get(tenant)?;
        known.lease?;
        known.doubt.is_none().then(|| known.fold.memory(tenant))
    }

    /// Whether the holder of this lease may begin a call.
    pub(super) fn is_good(&self, tenant: &TenantId, token: i64) -> bool {
        let tenants = self.tenants();
        let held = tenants.get(tenant).and_then(|known| known.lease);
        held.is_some_and(|held| held.token == token && self.0.times.is_good(held.asked))
    }

    /// Why nothing can be recorded now.
    pub(super) fn trouble(&self) -> Option<JournalError> {
        self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The database answers.
    pub(super) fn is_back(&self) {
        *self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// It does not.
    pub(super) fn is_away(&self, failure: &PostgresFailure) -> JournalError {
        let mut trouble = self.0.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match &*trouble {
            Some(JournalError::Away { since, .. }) => *since,
            _ => Timestamp::now(),
        };
        let away = JournalError::Away { since, reason: failure.words.clone() };
        *trouble = Some(away.clone());
        away
    }
}

impl CachedTenant {
    /// How far its chain is known.
    pub(super) fn mark(&self) -> SeenChain {
        SeenChain { epoch: self.epoch, link: self.head }
    }

    /// Whether this lease is out.
    pub(super) fn has(&self, token: i64) -> bool {
        self.lease.is_some_and(|held| held.token == token)
    }

    /// Entries are durable, up to this link.
    pub(super) fn add(&mut self, head: Link, entries: &[Entry]) {
        for entry in entries {
            self.fold.add(entry);
        }
        self.since_fold += entries.len();
        self.head = head;
    }

    /// Whether an entry is what was found to be durable before; it is asked for again only once.
    pub(super) fn was_settled(&mut self, entry: &Entry) -> bool {
        let same = |settled: &Entry| settled.run == entry.run && settled.event == entry.event;
        match self.settled.iter().position(same) {
            Some(place) => {
                self.settled.remove(place);
                true
            }
            None => false,
        }
    }
}

impl CachedTenant {
    /// A lease is out from now on.
    pub(super) fn begin(&mut self, held: PostgresLease) {
        self.lease = Some(held);
        (self.doubt, self.settled) = (None, Vec::new());
    }

    /// The lease is not out any more.
    pub(super) fn end(&mut self) {
        self.lease = None;
        (self.doubt, self.settled) = (None, Vec::new());
    }

    /// The head of the chain tells what became of an append. The answer is why it is not what was
    /// written, if it is not.
    pub(super) fn settle(
        &mut self,
        found: Option<(i64, Link)>,
        doubt: UncertainEntries,
    ) -> Option<String> {
        let Some((attempt, head)) = found else {
            self.end();
            return None;
        };
        if let Some(held) = &mut self.lease {
            held.attempt = attempt;
        }
        if head == doubt.head {
            self.add(head, &doubt.entries);
            self.settled = doubt.entries;
            return None;
        }
        if head == self.head {
            return None;
        }
        let known = self.head.sequence;
        self.end();
        Some(went_back(head, known))
    }

    /// Adds what the database has. The answer is what is wrong.
    pub(super) fn bring_up(
        &mut self,
        row: &load::StoredTenant,
        entries: &[load::HashedRow],
        from: Option<Link>,
    ) -> Result<(), LoadError> {
        match from {
            None => {
                let (head, fold) = row.stored()?;
                (self.head, self.fold, self.since_fold) = (head, fold, 0);
            }
            Some(known) if entries.is_empty() && row.head != known => {
                return Err(LoadError::Damaged(went_back(row.head, known.sequence)));
            }
            Some(_) => {}
        }
        let mut head = self.head;
        let mut fold = std::mem::take(&mut self.fold);
        let added = load::add_up((&mut head, &mut fold), row, entries);
        self.fold = if added.is_ok() { fold } else { Fold::default() };
        added?;
        self.since_fold += entries.len();
        (self.head, self.anchor, self.epoch) = (head, row.anchor, row.epoch);
        Ok(())
    }
}

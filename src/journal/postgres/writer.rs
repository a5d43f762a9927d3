//! The task that owns the writing connection. It takes whatever waits and makes it durable with one
//! transaction.
//!
//! ```text
//! settle what was not answered -> append -> give leases back -> take leases, look
//! ```
//!
//! **Invariant:** nothing is added to a chain of which an append was not answered before the head
//! of the chain has told what became of it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc::UnboundedReceiver, oneshot},
    time::timeout,
};
use tracing::warn;

use super::{
    compare,
    connect::{Dialer, Session},
    known::{PostgresLease, PostgresState},
    lease::{self, LeaseAnswer},
    line::SessionKeeper,
    load::{self, TenantLookup},
    retain,
};
use crate::{
    journal::{Retention, fold::Fold, load::LoadError},
    model::{Entry, Memory, TenantId},
    ports::JournalError,
};

/// Jobs that share one transaction, at most: bounds how long the first of them waits.
const GROUP: usize = 512;
/// How often leases are renewed.
const TICK: Duration = Duration::from_secs(20);
/// How often it is looked for what others wrote, and for a database that is away, though nobody
/// asks.
const LOOK: Duration = Duration::from_secs(1);

pub(super) type ResultSender<T> = oneshot::Sender<Result<T, JournalError>>;

/// What the writer is asked for.
pub(super) enum Job {
    /// Keep entries of one tenant, all or none.
    Record(Recording),
    /// Give out a lease.
    Lease { tenant: TenantId, done: ResultSender<i64> },
    /// Take a lease back.
    Release { tenant: TenantId, token: i64 },
    /// What is remembered of a tenant.
    Recall { tenant: TenantId, done: ResultSender<Arc<Memory>> },
    /// End.
    End,
}

/// Entries of one tenant, each as a line and as a value.
pub(super) struct Recording {
    pub(super) tenant: TenantId,
    pub(super) token: i64,
    pub(super) lines: Vec<(String, Entry)>,
    pub(super) done: ResultSender<()>,
}

/// The owner of the connection.
pub(super) struct PostgresWriter {
    pub(super) line: SessionKeeper,
    pub(super) shared: PostgresState,
    retention: Retention,
    /// What was there when this machine last saw all chains.
    sum: Option<String>,
}

impl PostgresWriter {
    pub(super) fn new(
        (dialer, session): (Dialer, Session),
        shared: PostgresState,
        retention: Retention,
    ) -> Self {
        Self {
            line: SessionKeeper::new(dialer, session, shared.clone()),
            shared,
            retention,
            sum: None,
        }
    }

    /// Works until it is told to end.
    pub(super) async fn run(mut self, mut jobs: UnboundedReceiver<Job>) {
        let mut renewed = tokio::time::Instant::now();
        let mut followed = renewed;
        loop {
            let mut group = Vec::new();
            match timeout(LOOK, jobs.recv_many(&mut group, GROUP)).await {
                Ok(0) => break,
                Ok(_) => {
                    let ends = group.iter().any(|job| matches!(job, Job::End));
                    self.group(group).await;
                    if ends {
                        break;
                    }
                }
                Err(_) if self.shared.trouble().is_some() => {
                    self.renew().await;
                    renewed = tokio::time::Instant::now();
                }
                Err(_) => {}
            }
            if followed.elapsed() >= LOOK {
                self.follow().await;
                followed = tokio::time::Instant::now();
            }
            if renewed.elapsed() >= TICK {
                self.renew().await;
                renewed = tokio::time::Instant::now();
            }
        }
        self.leave().await;
    }

    async fn group(&mut self, group: Vec<Job>) {
        let mut recordings = Vec::new();
        let mut released = Vec::new();
        let mut others = Vec::new();
        for job in group {
            match job {
                Job::Record(recording) => recordings.push(recording),
                Job::Release { tenant, token } => released.push((tenant, token)),
                job => others.push(job),
            }
        }
        if !recordings.is_empty() {
            self.record(recordings).await;
        }
        if !released.is_empty() {
            self.release(released).await;
        }
        for job in others {
            // A caller that no longer waits for the answer does not need it.
            match job {
                Job::Lease { tenant, done } => drop(done.send(self.lease(&tenant).await)),
                Job::Recall { tenant, done } => drop(done.send(self.recall(&tenant).await)),
                Job::Record(_) | Job::Release { .. } | Job::End => {}
            }
        }
    }

    /// Sees what others wrote.
    async fn follow(&mut self) {
        let shared = self.shared.clone();
        let schema = self.line.schema().to_owned();
        let sum = self.sum.take();
        let Ok(session) = self.line.session().await else { return };
        let followed = compare::follow(session, &schema, &shared, sum).await;
        self.sum = self.line.heard(followed).ok().flatten();
    }

    /// Looks what became of appends that were not answered.
    pub(super) async fn settle(&mut self) -> Result<(), JournalError> {
        let doubtful: Vec<(TenantId, Option<PostgresLease>)> = self
            .shared
            .tenants()
            .iter()
            .filter(|(_, known)| known.doubt.is_some())
            .map(|(tenant, known)| (tenant.clone(), known.lease))
            .collect();
        for (tenant, held) in doubtful {
            let found = match held {
                None => None,
                Some(PostgresLease { token, .. }) => {
                    let shared = self.shared.clone();
                    let schema = self.line.schema().to_owned();
                    let session = self.line.session().await?;
                    let asked = lease::settle(session, &schema, (&tenant, token), &shared).await;
                    self.line.heard(asked)?
                }
            };
            let went_back = self.shared.tenants().get_mut(&tenant).and_then(|known| {
                let doubt = known.doubt.take()?;
                let went_back = known.settle(found, doubt);
                if went_back.is_none() && known.lease.is_some() {
                    self.shared.saw(&tenant, known.mark());
                }
                went_back
            });
            if let Some(reason) = went_back {
                self.refuse(&tenant, &reason).await?;
            }
        }
        Ok(())
    }

    /// Nobody writes of a tenant whose journal is not what was written here.
    pub(super) async fn refuse(
        &mut self,
        tenant: &TenantId,
        reason: &str,
    ) -> Result<(), JournalError> {
        warn!(%tenant, reason, "the journal of a tenant is not what was written");
        let schema = self.line.schema().to_owned();
        let session = self.line.session().await?;
        let refused = lease::refuse(session, &schema, tenant, reason).await;
        self.line.heard(refused)
    }

    async fn lease(&mut self, tenant: &TenantId) -> Result<i64, JournalError> {
        self.settle().await?;
        let shared = self.shared.clone();
        let schema = self.line.schema().to_owned();
        let live =
            shared.tenants().get(tenant).and_then(|known| known.lease).map(|held| held.token);
        let session = self.line.session().await?;
        let taken = lease::take(session, &schema, tenant, live, &shared).await;
        let held = match self.line.heard(taken)? {
            LeaseAnswer::Leased(held) => held,
            LeaseAnswer::Refused(why) => return Err(why),
        };
        if let Err(error) = self.load(tenant).await {
            // Nobody is to wait for a lease that nobody has.
            let given_back = [(tenant.clone(), held.token)];
            if let Ok(session) = self.line.session().await {
                let owner = shared.owner();
                let released = lease::release(session, &schema, Some(&given_back), owner).await;
                let _ = self.line.heard(released);
            }
            return Err(error);
        }
        let mut tenants = shared.tenants();
        tenants.entry(tenant.clone()).or_default().begin(held);
        Ok(held.token)
    }

    async fn recall(&mut self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        self.settle().await?;
        if let Some(memory) = self.shared.own(tenant) {
            return Ok(memory);
        }
        if let Some(beginning) = self.load(tenant).await? {
            return Ok(beginning.memory(tenant));
        }
        let tenants = self.shared.tenants();
        Ok(tenants.get(tenant).map(|known| known.fold.memory(tenant)).unwrap_or_default())
    }

    /// Brings what is known of a tenant up to what the database has. A chain that does not go on
    /// where this process knew it to be is refused. The answer is what a tenant begins with that has
    /// none.
    async fn load(&mut self, tenant: &TenantId) -> Result<Option<Fold>, JournalError> {
        let known = self.shared.tenants().get(tenant).map(|known| (known.head, known.epoch));
        let known = known.filter(|(head, _)| head.sequence > 0);
        let schema = self.line.schema().to_owned();
        let behind = known.map(|(head, _)| head.sequence);
        let session = self.line.session().await?;
        let found = load::tenant(session, &schema, tenant, behind).await;
        let found = self.line.heard(found)?;
        let gone = || "all of it is gone".to_owned();
        let (row, entries) = match (found, known) {
            (TenantLookup::There(row, entries), _) => (row, entries),
            (TenantLookup::Absent(beginning), None) => return Ok(Some(beginning)),
            (TenantLookup::Absent(_), Some(_)) => return Err(JournalError::Doubtful(gone())),
        };
        let goes_on = known
            .filter(|(head, epoch)| *epoch == row.epoch && row.anchor.sequence <= head.sequence);
        if goes_on.is_none() && known.is_some() {
            self.shared.tenants().remove(tenant);
            return Box::pin(self.load(tenant)).await;
        }
        let added = self.shared.tenants().entry(tenant.clone()).or_default().bring_up(
            &row,
            &entries,
            goes_on.map(|(head, _)| head),
        );
        let Err(bad) = added else { return Ok(None) };
        self.shared.tenants().remove(tenant);
        let newer = matches!(bad, LoadError::Newer(..));
        let reason = load::why(bad);
        if newer {
            return Err(JournalError::Unreadable(reason));
        }
        self.refuse(tenant, &reason).await?;
        Err(JournalError::Doubtful(reason))
    }

    async fn release(&mut self, leases: Vec<(TenantId, i64)>) {
        // An append that was not answered is fenced by the token of the next lease.
        let shared = self.shared.clone();
        for (tenant, token) in &leases {
            if shared.tenants().get(tenant).is_some_and(|known| known.has(*token)) {
                self.tidy(tenant).await;
            }
            if let Some(known) = shared.tenants().get_mut(tenant).filter(|known| known.has(*token))
            {
                known.end();
            }
        }
        let schema = self.line.schema().to_owned();
        let Ok(session) = self.line.session().await else { return };
        let owner = shared.owner();
        let released = lease::release(session, &schema, Some(&leases), owner).await;
        // Those that were not given back lapse, or are taken again by this process.
        let _ = self.line.heard(released);
    }

    async fn tidy(&mut self, tenant: &TenantId) {
        let shared = self.shared.clone();
        let schema = self.line.schema().to_owned();
        let Ok(session) = self.line.session().await else { return };
        let tidied = retain::tidy(session, &schema, tenant, self.retention, &shared).await;
        if let Err(error) = self.line.heard(tidied) {
            warn!(%error, "old entries cannot be removed from the journal; this is tried again");
        }
    }

    /// Holders live in this process: as long as it works, their leases count. One that somebody
    /// took is known to be lost from then on.
    async fn renew(&mut self) {
        if self.settle().await.is_err() {
            return;
        }
        let shared = self.shared.clone();
        let leases: Vec<(TenantId, i64)> = shared
            .tenants()
            .iter()
            .filter_map(|(tenant, known)| Some((tenant.clone(), known.lease?.token)))
            .collect();
        let schema = self.line.schema().to_owned();
        let Ok(session) = self.line.session().await else { return };
        let kept = lease::renew(session, &schema, &leases, &shared).await;
        let Ok(kept) = self.line.heard(kept) else { return };
        let mut tenants = shared.tenants();
        for (tenant, token) in &leases {
            let same = |(id, of, _): &&(String, i64, _)| id == tenant.as_str() && of == token;
            let Some(known) = tenants.get_mut(tenant).filter(|known| known.has(*token)) else {
                continue;
            };
            match (kept.iter().find(same), &mut known.lease) {
                (Some((.., asked)), Some(held)) => held.asked = *asked,
                _ => known.end(),
            }
        }
    }

    /// Gives everything back. Leases in a database that is away lapse.
    async fn leave(&mut self) {
        if self.shared.trouble().is_some() {
            return;
        }
        let shared = self.shared.clone();
        let schema = self.line.schema().to_owned();
        if let Ok(session) = self.line.session().await {
            let released = lease::release(session, &schema, None, shared.owner()).await;
            let _ = self.line.heard(released);
        }
    }
}

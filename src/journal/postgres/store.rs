//! The journal in a database, opened to write.

use std::{fmt, path::Path, sync::Arc, thread::JoinHandle, time::Duration};

use jiff::Timestamp;
use tokio::sync::{
    mpsc::{UnboundedSender, unbounded_channel},
    oneshot,
};

use super::{
    compare,
    connect::{Dialer, Session},
    failure::{FailureKind, PostgresFailure},
    known::PostgresState,
    schema,
    seen::SeenFile,
    times::Times,
    writer::{Job, PostgresWriter, Recording},
};
use crate::{
    config::Postgres,
    journal::{
        OpenError, Retention,
        lease::Clock,
        load,
        lock::{self, Lock},
        name,
    },
    model::{Entry, Memory, TenantId},
    ports::{Journal, JournalError, Lease, Recall},
};

/// How long is waited before it is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// The journal in a PostgreSQL database. Its leases are given back when it is dropped.
pub struct PostgresJournal {
    shared: PostgresState,
    queue: UnboundedSender<Job>,
    writer: Option<JoinHandle<()>>,
    journal: String,
    /// The state folder of this machine, given back last.
    folder: Option<Lock>,
}

impl PostgresJournal {
    /// Opens the journal in the database, and makes its tables if there are none.
    pub async fn open(settings: &Postgres, retention: Retention) -> Result<Self, OpenError> {
        Self::begin(settings, (retention, None), Times::new(None)).await
    }

    /// The same, with what was seen of it kept in the folder of this machine: entries that are
    /// missing when it is opened again are noticed.
    pub async fn open_beside(
        settings: &Postgres,
        retention: Retention,
        folder: &Path,
    ) -> Result<Self, OpenError> {
        let seen = SeenFile::open(folder)?;
        Self::begin(settings, (retention, Some(seen)), Times::new(None)).await
    }

    /// The same with a clock of its own instead of the database's, by which leases lapse.
    pub async fn with_clock(
        settings: &Postgres,
        retention: Retention,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        Self::begin(settings, (retention, None), Times::new(Some(clock))).await
    }

    async fn begin(
        settings: &Postgres,
        (retention, seen): (Retention, Option<SeenFile>),
        times: Times,
    ) -> Result<Self, OpenError> {
        let shared = PostgresState::new(times, name::fresh(), lock::identity(), seen);
        let (queue, jobs) = unbounded_channel();
        let (opened, answer) = oneshot::channel();
        let dialer = Dialer::new(settings, true);
        let of_writer = shared.clone();
        // A thread with a runtime of its own: it ends after its last answer, whatever becomes of
        // the runtime that others are on.
        let work = async move {
            let session = match open(&dialer, &of_writer).await {
                Ok((session, journal)) => {
                    let _ = opened.send(Ok(journal));
                    session
                }
                Err(error) => return drop(opened.send(Err(error))),
            };
            PostgresWriter::new((dialer, session), of_writer, retention).run(jobs).await;
        };
        let ended = |words: String| PostgresFailure::new(FailureKind::Other, words).at("database");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ended(error.to_string()))?;
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || runtime.block_on(work))
            .map_err(|error| ended(error.to_string()))?;
        let journal = answer.await.map_err(|_| ended("its writer has ended".to_owned()))??;
        Ok(Self { shared, queue, writer: Some(thread), journal, folder: None })
    }

    /// The name of the journal, which no other has.
    pub(in crate::journal) fn name(&self) -> &str {
        &self.journal
    }

    /// Keeps the folder of this machine for as long as it is open.
    pub(in crate::journal) fn holding(mut self, folder: Lock) -> Self {
        self.folder = Some(folder);
        self
    }

    async fn record_all(&self, lease: &Lease, entries: Vec<Entry>) -> Result<(), JournalError> {
        if entries.iter().any(|entry| *lease.tenant() != entry.tenant_id) {
            return Err(JournalError::Lost);
        }
        let mut lines = Vec::with_capacity(entries.len());
        for entry in entries {
            let line = load::line(&entry);
            lines.push((line.map_err(|error| JournalError::Broken(error.to_string()))?, entry));
        }
        let tenant = lease.tenant().clone();
        let token = number(lease.token());
        self.ask(|done| Job::Record(Recording { tenant, token, lines, done })).await
    }

    /// Asks the writer for something and waits for its answer.
    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, JournalError>>) -> Job,
    ) -> Result<T, JournalError> {
        let ended = || JournalError::Broken("its writer has ended".to_owned());
        let (done, answer) = oneshot::channel();
        self.queue.send(job(done)).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

async fn open(dialer: &Dialer, shared: &PostgresState) -> Result<(Session, String), OpenError> {
    let session =
        dialer.dial().await.map_err(|failure| failure.at("the database of the journal"))?;
    let about = schema::bring_up(&session, dialer.schema()).await?;
    let compared = compare::follow(&session, dialer.schema(), shared, None).await;
    compared.map_err(|failure| failure.at(&session.shown()))?;
    Ok((session, about.journal))
}

/// A token as the database counts.
fn number(token: u64) -> i64 {
    i64::try_from(token).unwrap_or(i64::MAX)
}

impl Recall for PostgresJournal {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        if let Some(memory) = self.shared.own(tenant) {
            return Ok(memory);
        }
        let tenant = tenant.clone();
        self.ask(|done| Job::Recall { tenant, done }).await
    }
}

impl Journal for PostgresJournal {
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        let memory = self.shared.memory(lease.tenant(), number(lease.token()));
        memory.ok_or(JournalError::Lost)
    }

    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        let of = tenant.clone();
        let token = self.ask(|done| Job::Lease { tenant: of, done }).await?;
        let shared = self.shared.clone();
        let queue = self.queue.clone();
        let asked = tenant.clone();
        let of = tenant.clone();
        let good = move || shared.is_good(&asked, token);
        // Behind what its holder has recorded: an outcome on its way is not refused.
        let release = move || drop(queue.send(Job::Release { tenant: of, token }));
        Ok(Lease::new(tenant.clone(), u64::try_from(token).unwrap_or(0), good, release))
    }

    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        self.record_all(lease, vec![entry]).await
    }

    async fn record_both(
        &self,
        lease: &Lease,
        first: Entry,
        second: Entry,
    ) -> [Result<(), JournalError>; 2] {
        let both = self.record_all(lease, vec![first, second]).await;
        [both.clone(), both]
    }

    fn now(&self) -> Timestamp {
        self.shared.times().now()
    }

    async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }

    fn trouble(&self) -> Option<JournalError> {
        self.shared.trouble()
    }
}

impl Drop for PostgresJournal {
    fn drop(&mut self) {
        let _ = self.queue.send(Job::End);
        if let Some(writer) = self.writer.take() {
            // Nothing to report: each entry was answered on its own.
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for PostgresJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresJournal")
            .field("holder", &self.shared.holder())
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

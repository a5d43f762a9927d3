//! The thread that owns the database. It takes whatever waits, and makes it durable with one flush:
//! that dominates, so many steps side by side share it.

use std::{
    sync::{
        MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use tokio::sync::oneshot;
use tracing::warn;

use super::{
    Retention, chain::Link, db, error, lease::Leases, mark::MarkKeeper, retain, seal::SealedPart,
    shared::SharedJournal,
};
use crate::{
    model::{Entry, TenantId},
    ports::JournalError,
    words,
};

/// Jobs that share one flush, at most: bounds how long the first of them waits.
const GROUP: usize = 512;
/// How often leases are renewed and the file is looked after.
const TICK: Duration = Duration::from_secs(20);
/// How often entries are looked at that may have become too old.
const AGING: Duration = Duration::from_secs(3600);

type ResultSender<T> = oneshot::Sender<Result<T, JournalError>>;

/// What the writer is asked for.
pub(super) enum Job {
    /// Keep entries of one tenant, all or none; each as a line and as a value.
    Record { tenant: TenantId, token: u64, lines: Vec<(String, Entry)>, done: ResultSender<()> },
    /// Give out a lease.
    Lease { tenant: TenantId, done: ResultSender<u64> },
    /// Take a lease back.
    Release { tenant: TenantId, token: u64 },
    /// End.
    End,
}

/// What became of a job, to be told once it is durable.
enum JobAnswer {
    Recorded(Vec<Entry>, ResultSender<()>),
    Refused(JournalError, ResultSender<()>),
    Leased(Result<u64, JournalError>, ResultSender<u64>),
}

/// The owner of the database.
pub(super) struct JournalWriter {
    db: Connection,
    shared: SharedJournal,
    /// The end of the chain.
    head: Link,
    /// Entries after the stored fold.
    since_fold: usize,
    retention: Retention,
    renewed: Instant,
    /// Why nothing more is written. A new writer begins with what is durable.
    failed: Option<JournalError>,
    mark: MarkKeeper,
    /// Whether the mark could be moved on.
    marked: bool,
    /// When the age of entries was looked at.
    aged: Option<Instant>,
}

/// The last fencing tokens.
pub(super) fn tokens(db: &Connection) -> rusqlite::Result<Leases> {
    let mut leases = Leases::default();
    let mut statement = db.prepare("SELECT tenant_id, token FROM leases")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let (Ok(tenant), Ok(token)) =
            (TenantId::parse(&row.get::<_, String>(0)?), u64::try_from(row.get::<_, i64>(1)?))
        {
            leases.remember(tenant, token);
        }
    }
    Ok(leases)
}

impl JournalWriter {
    pub(super) fn new(
        db: Connection,
        shared: SharedJournal,
        (head, mark): (Link, MarkKeeper),
        since_fold: usize,
        retention: Retention,
    ) -> Self {
        Self {
            db,
            shared,
            head,
            since_fold,
            retention,
            renewed: Instant::now(),
            failed: None,
            mark,
            marked: true,
            aged: None,
        }
    }

    /// Works until it is told to end.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            match jobs.recv_timeout(TICK) {
                Ok(first) => {
                    let group = std::iter::once(first)
                        .chain(jobs.try_iter().take(GROUP - 1))
                        .collect::<Vec<_>>();
                    let ends = group.iter().any(|job| matches!(job, Job::End));
                    self.group(group);
                    if ends {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.tidy() {
                        warn!(%error, "old entries cannot be removed from the journal; this is tried again");
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.renew();
        }
    }

    /// Stores what all entries add up to, if many came since, and lets go of entries that are too
    /// old.
    pub(super) fn tidy(&mut self) -> rusqlite::Result<()> {
        if self.failed.is_some() {
            return Ok(());
        }
        let look_at_age = self.aged.is_none_or(|aged| aged.elapsed() >= AGING);
        if look_at_age {
            self.aged = Some(Instant::now());
        }
        let fold = self.shared.fold.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stored) = retain::tidy(
            &mut self.db,
            self.head,
            &fold,
            self.since_fold,
            self.retention,
            look_at_age,
        )? {
            self.since_fold = stored;
        }
        Ok(())
    }

    /// Holders live in this process: as long as it works, their leases count.
    fn renew(&mut self) {
        if self.renewed.elapsed() >= TICK {
            self.leases().renew_all((self.shared.clock)());
            self.renewed = Instant::now();
        }
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.shared.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn group(&mut self, group: Vec<Job>) {
        let mut answers = Vec::with_capacity(group.len());
        let done = match self.failed.clone() {
            Some(failed) => Err((failed, group)),
            None => self.write(group, &mut answers),
        };
        match done {
            Ok(()) => self.tell(answers),
            Err((failed, unheard)) => {
                refuse(answers, unheard, &failed);
                self.failed = Some(failed);
            }
        }
    }

    /// One transaction. On a failure nothing of it is kept, and the jobs that were not come to are
    /// handed back.
    fn write(
        &mut self,
        group: Vec<Job>,
        answers: &mut Vec<JobAnswer>,
    ) -> Result<(), (JournalError, Vec<Job>)> {
        let broken = |error: &rusqlite::Error| JournalError::Broken(error::words(error));
        if let Err(gone) = self.shared.look() {
            return Err((gone, group));
        }
        let mut jobs = group.into_iter();
        let transaction = match self.db.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(transaction) => transaction,
            Err(error) => return Err((broken(&error), jobs.collect())),
        };
        let mut head = self.head;
        let now = (self.shared.clock)();
        let mut leased = false;
        let mut leases = self.shared.leases.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(job) = jobs.next() {
            let written = match job {
                Job::Record { tenant, token, lines, done } => {
                    match leases.renew(&tenant, token, now) {
                        Ok(()) => {
                            let (added, entries) = add(&transaction, &mut head, lines);
                            answers.push(JobAnswer::Recorded(entries, done));
                            added
                        }
                        Err(lost) => {
                            answers.push(JobAnswer::Refused(lost, done));
                            Ok(())
                        }
                    }
                }
                Job::Lease { tenant, done } => {
                    let taken = leases.take(&tenant, &self.shared.holder, now);
                    let reserved = taken.as_ref().ok().and_then(|_| leases.reserve(&tenant));
                    leased |= reserved.is_some();
                    answers.push(JobAnswer::Leased(taken, done));
                    reserved.map_or(Ok(()), |token| keep_token(&transaction, &tenant, token))
                }
                Job::Release { tenant, token } => {
                    leases.release(&tenant, token);
                    Ok(())
                }
                Job::End => Ok(()),
            };
            if let Err(error) = written {
                return Err((broken(&error), jobs.collect()));
            }
        }
        drop(leases);
        let sealed = if leased { SealedPart::Leases.seal(&transaction) } else { Ok(()) };
        sealed.and_then(|()| transaction.commit()).map_err(|error| (broken(&error), Vec::new()))?;
        self.keep_mark(head);
        Ok(())
    }

    /// The mark follows what is durable.
    fn keep_mark(&mut self, head: Link) {
        if head == self.head {
            return;
        }
        self.head = head;
        let kept = self.mark.keep(head);
        if let Err(error) = kept.as_ref().map_err(words::system)
            && self.marked
        {
            warn!(%error, "the mark beside the journal cannot be moved on: an older copy of it \
                would not be noticed");
        }
        self.marked = kept.is_ok();
    }

    fn tell(&mut self, answers: Vec<JobAnswer>) {
        let mut fold = self.shared.fold.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = answers.iter().filter_map(|answer| match answer {
            JobAnswer::Recorded(entries, _) => Some(entries),
            JobAnswer::Refused(..) | JobAnswer::Leased(..) => None,
        });
        for entry in recorded.flatten() {
            fold.add(entry);
            self.since_fold += 1;
        }
        drop(fold);
        for answer in answers {
            // A caller that no longer waits for the answer does not need it.
            match answer {
                JobAnswer::Recorded(_, done) => drop(done.send(Ok(()))),
                JobAnswer::Refused(why, done) => drop(done.send(Err(why))),
                JobAnswer::Leased(lease, done) => drop(done.send(lease)),
            }
        }
    }
}

/// Nothing of this is durable.
fn refuse(answers: Vec<JobAnswer>, unheard: Vec<Job>, why: &JournalError) {
    for answer in answers {
        match answer {
            JobAnswer::Recorded(_, done) | JobAnswer::Refused(_, done) => {
                drop(done.send(Err(why.clone())));
            }
            JobAnswer::Leased(_, done) => drop(done.send(Err(why.clone()))),
        }
    }
    for job in unheard {
        match job {
            Job::Record { done, .. } => drop(done.send(Err(why.clone()))),
            Job::Lease { done, .. } => drop(done.send(Err(why.clone()))),
            Job::Release { .. } | Job::End => {}
        }
    }
}

/// Adds lines to the end of the chain. A failure is one of the whole transaction.
fn add(
    transaction: &Transaction<'_>,
    head: &mut Link,
    lines: Vec<(String, Entry)>,
) -> (rusqlite::Result<()>, Vec<Entry>) {
    let mut added = Ok(());
    let mut entries = Vec::with_capacity(lines.len());
    for (line, entry) in lines {
        *head = head.next(&line);
        added = added.and_then(|()| db::add(transaction, *head, &line));
        entries.push(entry);
    }
    (added, entries)
}

fn keep_token(db: &Transaction<'_>, tenant: &TenantId, token: u64) -> rusqlite::Result<()> {
    let token = i64::try_from(token).unwrap_or(i64::MAX);
    let mut statement =
        db.prepare_cached("INSERT OR REPLACE INTO leases (tenant_id, token) VALUES (?1, ?2)")?;
    statement.execute(params![tenant.as_str(), token]).map(drop)
}

//! The journal in an embedded database: one file, nothing to install.
//!
//! ```text
//! record, lease --queue--> [writer]  one transaction and one flush for all that waits  --> answers
//!                             |
//!                             v
//!                           Fold (shared) --memory--> planner
//! ```

use std::{
    fmt,
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::{
    OpenError, Retention, brought_back, db, former,
    guard::Guard,
    lease::Clock,
    load::{self, LoadedJournal},
    lock::{self, Lock},
    mark::{self, Mark},
    moved,
    shared::SharedJournal,
    writer::{self, Job, JournalWriter},
};
use crate::{
    model::{Entry, Event, Memory, RunId, TenantId, TenantName},
    ports::{Journal, JournalError, Lease, Recall},
};

/// How long is waited before it is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// The journal in a file. It holds its folder until it is dropped.
pub struct SqliteJournal {
    shared: SharedJournal,
    queue: Sender<Job>,
    writer: Option<JoinHandle<()>>,
    /// Given back last.
    _lock: Lock,
}

impl SqliteJournal {
    /// Opens the journal in `folder`, which is made if it does not exist, and takes the right to
    /// write.
    pub fn open(folder: &Path, retention: Retention) -> Result<Self, OpenError> {
        Self::with_clock(folder, retention, Arc::new(Timestamp::now))
    }

    /// The same with a clock of its own, by which leases lapse.
    pub fn with_clock(
        folder: &Path,
        retention: Retention,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        make_folder(folder)?;
        let path = folder.join(db::FILE);
        moved::refuse_to_write(folder)?;
        // Before the lock is taken, which may be what shows it.
        if !db::exists(&path).map_err(at(&path))? && !former::is_there(folder) {
            mark::refuse_if_gone(folder, &path)?;
        }
        let holder: Arc<str> = lock::identity().into();
        let lock = lock::take(folder, &holder)?;
        // Under the lock: it is moved under the lock as well.
        moved::refuse_to_write(folder)?;
        let opened = OpenedJournal::marked(folder)?;
        if opened.brought_back {
            warn!(hint = brought_back::REMEDY, "{}: {}", path.display(), brought_back::REASON);
        }
        let marked = opened.mark(folder, &lock, &holder)?;
        let OpenedJournal { db, loaded, .. } = opened;
        let leases = writer::tokens(&db).map_err(|error| OpenError::of(&path, &error))?;
        let fold = Arc::new(Mutex::new(loaded.fold));
        let leases = Arc::new(Mutex::new(leases));
        let guard = Arc::new(Mutex::new(Guard::of(folder).map_err(at(folder))?));
        let shared = SharedJournal { fold, leases, clock, guard, holder };
        let (queue, waiting) = channel();
        let mut writer = JournalWriter::new(
            db,
            shared.clone(),
            (loaded.head, marked),
            loaded.since_fold,
            retention,
        );
        writer.tidy().map_err(|error| OpenError::of(&path, &error))?;
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&waiting));
        Ok(Self { shared, queue, writer: Some(thread.map_err(at(&path))?), _lock: lock })
    }

    /// Takes the journal in `folder` for the newest: it was moved there, and nothing was done that it
    /// does not know.
    pub fn accept_as_newest(folder: &Path) -> Result<(), OpenError> {
        let path = folder.join(db::FILE);
        if !db::exists(&path).map_err(at(&path))? && !former::is_there(folder) {
            mark::refuse_if_gone(folder, &path)?;
            return Err(brought_back::nothing(folder));
        }
        let holder = lock::identity();
        let lock = lock::take(folder, &holder)?;
        moved::refuse_to_write(folder)?;
        let mut opened = OpenedJournal::marked(folder)?;
        opened.brought_back = false;
        opened.mark(folder, &lock, &holder).map(drop)
    }

    /// Takes what is in `folder` for its journal from now on, whatever was written there before:
    /// an older copy, another journal, or none. Tells whether there is one; else one begins. Calls
    /// may have been carried out that it does not know, so every tenant owes a sync.
    pub fn accept(folder: &Path) -> Result<bool, OpenError> {
        let holder = lock::identity();
        let lock = lock::take(folder, &holder)?;
        moved::refuse_to_write(folder)?;
        let path = folder.join(db::FILE);
        let there = db::exists(&path).map_err(at(&path))?;
        if !there {
            mark::forget(folder).map_err(at(folder))?;
        }
        let mut opened = OpenedJournal::open(folder)?;
        opened.accept(&path)?;
        opened.mark(folder, &lock, &holder)?;
        Ok(there)
    }

    /// What is remembered of a tenant.
    #[must_use]
    pub fn remembered(&self, tenant: &TenantId) -> Arc<Memory> {
        self.shared.fold.lock().unwrap_or_else(PoisonError::into_inner).memory(tenant)
    }

    /// Records entries, all or none.
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
        let token = lease.token();
        self.ask(|done| Job::Record { tenant, token, lines, done }).await
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

/// A journal that is proved to be whole.
pub(super) struct OpenedJournal {
    pub(super) db: Connection,
    pub(super) loaded: LoadedJournal,
    /// It was just made from lines.
    restored: bool,
    /// It was of a former format.
    upgraded: bool,
    /// It may be older than what was done, and no person has said otherwise.
    pub(super) brought_back: bool,
}

impl OpenedJournal {
    /// The one that was last written in `folder`.
    pub(super) fn marked(folder: &Path) -> Result<Self, OpenError> {
        let mark = Mark::read(folder)?;
        let mut opened = Self::open(folder)?;
        let mark = mark.filter(|_| !opened.restored);
        let head = opened.loaded.head;
        if let Some(mark) = &mark {
            let path = folder.join(db::FILE);
            let differs = mark.differs_from(&opened.db, head);
            if let Some(reason) = differs.map_err(|error| OpenError::of(&path, &error))? {
                return Err(OpenError::Other { path, reason });
            }
        }
        // Former programs left no mark.
        let is_former = mark.is_none() && opened.upgraded;
        opened.brought_back = !is_former
            && mark::is_brought_back(folder, mark.as_ref(), head.sequence).map_err(at(folder))?;
        if opened.brought_back {
            opened.loaded.fold.doubt();
        }
        Ok(opened)
    }

    fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(db::FILE);
        let mut db = db::open(&path)?;
        let format = db::known(&db, &path)?;
        // A former journal is proved before it is changed: what is sealed is taken for right ever
        // after.
        if format > 1 && format < db::SEALED {
            load::load_unsealed(&db).map_err(|bad| bad.at(&path))?;
        }
        db::migrate(&mut db, &path)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
        let restored = former::take_over(folder, &mut db, &path)?;
        let loaded = load::load(&db).map_err(|bad| bad.at(&path))?;
        let upgraded = (1..db::SEALED).contains(&format);
        if upgraded {
            info!(
                entries = loaded.head.sequence,
                "a journal of the former format was taken over; from now on all of it is sealed"
            );
        }
        Ok(Self { db, loaded, restored, upgraded, brought_back: false })
    }

    /// Adds that it was taken for the right one.
    fn accept(&mut self, path: &Path) -> Result<(), OpenError> {
        let other = |reason| OpenError::Other { path: path.to_owned(), reason };
        let entry = Entry {
            at: Timestamp::now(),
            run: RunId::new("journal-accept"),
            tenant: TenantName::all(),
            tenant_id: TenantId::nil(),
            event: Event::Accepted,
        };
        let line = load::line(&entry).map_err(|error| other(error.to_string()))?;
        let head = self.loaded.head.next(&line);
        db::add(&self.db, head, &line).map_err(|error| OpenError::of(path, &error))?;
        self.loaded.head = head;
        Ok(())
    }

    /// From now on this is the journal of the folder.
    pub(super) fn mark(
        &self,
        folder: &Path,
        lock: &Lock,
        holder: &str,
    ) -> Result<mark::MarkKeeper, OpenError> {
        let id = db::id(&self.db).map_err(|error| OpenError::of(&folder.join(db::FILE), &error))?;
        lock.name_journal(holder, &id).map_err(at(folder))?;
        mark::MarkKeeper::begin(folder, id, self.loaded.head, self.brought_back).map_err(at(folder))
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Io { path, source }
}

/// It holds people's names and numbers.
pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))
}

impl Recall for SqliteJournal {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        Ok(self.remembered(tenant))
    }
}

impl Journal for SqliteJournal {
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        let leases = self.shared.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if !leases.is_last(lease.tenant(), lease.token()) {
            return Err(JournalError::Lost);
        }
        drop(leases);
        Ok(self.remembered(lease.tenant()))
    }

    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        let of = tenant.clone();
        let token = self.ask(|done| Job::Lease { tenant: of, done }).await?;
        let shared = self.shared.clone();
        let queue = self.queue.clone();
        let asked = tenant.clone();
        let of = tenant.clone();
        let good = move || {
            let leases = shared.leases.lock().unwrap_or_else(PoisonError::into_inner);
            leases.is_good(&asked, token, (shared.clock)())
        };
        // Behind what its holder has recorded: an outcome on its way is not refused. A writer that
        // has ended has no leases.
        let release = move || drop(queue.send(Job::Release { tenant: of, token }));
        Ok(Lease::new(tenant.clone(), token, good, release))
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
        (self.shared.clock)()
    }

    async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }

    fn trouble(&self) -> Option<JournalError> {
        self.shared.look().err()
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        // Leases that are still out have a way to the writer too, so it would not end by
        // itself.
        let _ = self.queue.send(Job::End);
        if let Some(writer) = self.writer.take() {
            // Nothing to report: each entry was answered on its own.
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("holder", &self.shared.holder).finish_non_exhaustive()
    }
}

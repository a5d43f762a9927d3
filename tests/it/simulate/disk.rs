//! The journal of the made-up world: one in memory, or the program's own store in a folder. Each
//! record has an instant before and one after it at which the program can die.
//!
//! A death leaves the folder as it is at that moment: what the next start opens is a copy of the
//! files that were open, logs and all. The store may be away for a while; what it was told then may
//! be on record all the same.

use std::{fs, path::Path, sync::Arc};

use dialplane::{
    journal::{Retention, SqliteHistory, SqliteJournal, Store, VolatileJournal},
    model::{Entry, Memory, TenantId},
    ports::{Journal, JournalError, Lease, Recall},
};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::{
    ports::Service,
    time::{HOUR, MINUTE, clock, now, pass_time, store_clock},
};
use crate::folder::folder;

/// What the journal of a world is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its entries survive, and its sum is made anew after each death.
    Memory,
    /// A file.
    Sqlite,
}

pub(super) struct Disk {
    service: Service,
    store: Store,
    file: Option<File>,
    /// Waits for the thread of the store.
    runtime: Runtime,
}

/// Where the store keeps its file, and for how long.
struct File {
    folder: TempDir,
    retention: Retention,
}

impl File {
    fn open(&self) -> Store {
        let journal = SqliteJournal::with_clock(self.folder.path(), self.retention, store_clock());
        Store::File(journal.unwrap())
    }
}

impl Disk {
    pub(super) fn new(service: &Service, kind: Kind) -> Self {
        let file = (kind == Kind::Sqlite).then(|| {
            let dice = &mut service.world().store_dice;
            let entries = [20, 60, Retention::default().entries][dice.usize(0..3)];
            let age = [HOUR * 6, Retention::default().age][dice.usize(0..2)];
            File { folder: folder(), retention: Retention { entries, age } }
        });
        let store =
            file.as_ref().map_or_else(|| Store::Volatile(VolatileJournal::default()), File::open);
        let runtime = Builder::new_current_thread().build().unwrap();
        Self { service: service.clone(), store, file, runtime }
    }

    /// The program starts again, after a kill or an orderly end, and finds what the disk holds.
    pub(super) fn reopen(&mut self, killed: bool) {
        let durable = VolatileJournal::of(self.service.world().durable.clone());
        self.service.world().disk_full = false;
        let Some(file) = &mut self.file else {
            self.store = Store::Volatile(durable);
            return;
        };
        let left = killed.then(|| copy(file.folder.path()));
        // Ends the store of the program that was before: it lets go of its folder.
        self.store = Store::Volatile(VolatileJournal::default());
        if let Some(left) = left {
            bring_back(left.path(), file.folder.path());
        }
        self.store = file.open();
        let world = &mut *self.service.world();
        world.tally.reopened[usize::from(!killed)] += 1;
        for tenant in world.desired.values() {
            let same = match &self.store {
                Store::File(journal) => {
                    journal.remembered(&tenant.id) == durable.remembered(&tenant.id)
                }
                Store::Shared(_) | Store::Volatile(_) => false,
            };
            world.judge.check(same, || {
                format!("{}: the store remembers something else than was recorded", tenant.name)
            });
        }
    }

    /// All that is kept is what was written.
    pub(super) fn prove(&self) {
        let Some(file) = &self.file else { return };
        let history = SqliteHistory::sound(file.folder.path()).unwrap();
        let checked = history.check().unwrap();
        let whole = checked.problems.is_empty() && checked.entries > 0;
        self.service.world().judge.check(whole, || format!("the store is not whole: {checked:?}"));
    }

    /// Whether it can be reached now.
    fn reach(&self) -> Result<(), JournalError> {
        if self.service.world().is_away() { Err(self.away()) } else { Ok(()) }
    }

    fn away(&self) -> JournalError {
        JournalError::Away { since: self.now(), reason: "made up".to_owned() }
    }

    /// Puts an entry on record. What is told again, because nobody heard that it was kept, changes
    /// nothing that the judge has not seen.
    fn keep(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        self.runtime.block_on(self.store.record(lease, entry.clone()))?;
        self.kept(entry);
        Ok(())
    }

    /// The same for two of them; the file keeps both or neither.
    fn keep_both(&self, lease: &Lease, first: Entry, second: Entry) -> Result<(), JournalError> {
        let both = self.store.record_both(lease, first.clone(), second.clone());
        let [one, other] = self.runtime.block_on(both);
        let same = one == other;
        self.service.world().judge.check(same, || "one of two facts was kept".to_owned());
        one?;
        self.kept(first);
        self.kept(second);
        Ok(())
    }

    fn kept(&self, entry: Entry) {
        let world = &mut *self.service.world();
        world.say(format_args!("{}: recorded {:?}", entry.tenant, entry.event));
        world.tally.stored += u64::from(self.file.is_some());
        let of_tenant = world.durable.iter().rev().filter(|it| it.tenant_id == entry.tenant_id);
        if of_tenant.take(2).all(|earlier| *earlier != entry) {
            world.judge.recorded(&entry);
        }
        world.durable.push(entry);
    }
}

/// The folder as a kill leaves it.
fn copy(from: &Path) -> TempDir {
    let to = folder();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}

/// Makes the files of a folder what they were, and leaves none beside them. They are the same files of
/// the disk: a folder that somebody copied is another matter.
fn bring_back(from: &Path, to: &Path) {
    for file in fs::read_dir(to).unwrap() {
        let name = file.unwrap().file_name();
        if !from.join(&name).exists() {
            fs::remove_file(to.join(name)).unwrap();
        }
    }
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

impl Recall for Disk {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        self.reach()?;
        self.store.recall(tenant).await
    }
}

impl Journal for Disk {
    async fn memory(&self, lease: &Lease) -> Result<Arc<Memory>, JournalError> {
        self.reach()?;
        self.store.memory(lease).await
    }
    fn now(&self) -> Timestamp {
        clock()
    }
    async fn lease(&self, tenant: &TenantId) -> Result<Lease, JournalError> {
        self.reach()?;
        self.runtime.block_on(self.store.lease(tenant))
    }
    async fn record(&self, lease: &Lease, entry: Entry) -> Result<(), JournalError> {
        let what = format!("{:?}", entry.event);
        self.service.point(&format!("before the record {what}")).await;
        if self.service.world().disk_full {
            return Err(JournalError::Broken("the disk is full".to_owned()));
        }
        let was_away = now() < self.service.world().away_until;
        if let Err(away) = self.reach() {
            // It went away over this: nobody knows whether it was kept.
            if !was_away && self.service.world().store_dice.bool() {
                self.service.world().tally.unheard += 1;
                self.keep(lease, entry)?;
            }
            return Err(away);
        }
        self.keep(lease, entry)?;
        self.service.point(&format!("after the record {what}")).await;
        Ok(())
    }
    async fn record_both(
        &self,
        lease: &Lease,
        first: Entry,
        second: Entry,
    ) -> [Result<(), JournalError>; 2] {
        if self.file.is_none() {
            // A store that keeps one after the other: the program can die between them.
            let first = self.record(lease, first).await;
            let second = match &first {
                Ok(()) => self.record(lease, second).await,
                Err(error) => Err(error.clone()),
            };
            return [first, second];
        }
        let what = format!("{:?} and {:?}", first.event, second.event);
        self.service.point(&format!("before the record {what}")).await;
        if self.service.world().disk_full {
            let full = Err(JournalError::Broken("the disk is full".to_owned()));
            return [full.clone(), full];
        }
        let was_away = now() < self.service.world().away_until;
        if let Err(away) = self.reach() {
            if !was_away && self.service.world().store_dice.bool() {
                self.service.world().tally.unheard += 1;
                if let Err(error) = self.keep_both(lease, first, second) {
                    return [Err(error.clone()), Err(error)];
                }
            }
            return [Err(away.clone()), Err(away)];
        }
        let kept = self.keep_both(lease, first, second);
        if kept.is_ok() {
            self.service.point(&format!("after the record {what}")).await;
        }
        [kept.clone(), kept]
    }
    async fn pause(&self) {
        let waits = MINUTE / 60 * self.service.world().store_dice.u32(1..10);
        pass_time(waits);
        self.service.point("while the journal is away").await;
    }
}

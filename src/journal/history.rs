//! The journal, read: by dry runs, and by people who look back. Nothing is written, nobody is kept
//! from writing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{Connection, Params, params};

use super::{
    Finding, OpenError, Run, brought_back,
    db::{self, ToRead},
    fold::Fold,
    former,
    load::{self, LoadError},
    mark::{self, Mark},
    moved,
};
use crate::{
    model::{Entry, Event, Memory, RunId, RunStart, TenantId, TenantName, Upn},
    ports::{History, HistoryError, JournalCheck, JournalError, JournalExport, Recall},
};

/// How often a journal is read again that seems damaged: somebody may have begun to write in the
/// middle of a look.
const LOOKS: u32 = 3;

/// A journal to look at.
#[derive(Debug)]
pub struct SqliteHistory {
    pub(super) path: PathBuf,
    db: Mutex<Connection>,
    /// The folder whose mark tells of it; nothing of one that was never written here.
    marked: Option<PathBuf>,
    /// It is of a former format.
    is_former: bool,
    /// What all of it adds up to, if it was proved.
    sum: Option<Fold>,
}

impl SqliteHistory {
    /// Opens the journal in `folder`, whole or damaged; one that never was is empty.
    pub fn read(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(db::FILE);
        moved::refuse_to_look(folder)?;
        if let Some(ToRead { db, is_former }) = db::open_to_read(&path)? {
            return Ok(Self { is_former, ..Self::of(path, db, Some(folder.to_owned())) });
        }
        if !former::is_there(folder) {
            mark::refuse_if_gone(folder, &path)?;
        }
        let mut db = db::in_memory()?;
        former::read(folder, &mut db)?;
        Ok(Self::of(path, db, None))
    }

    fn of(path: PathBuf, db: Connection, marked: Option<PathBuf>) -> Self {
        Self { path, db: Mutex::new(db), marked, is_former: false, sum: None }
    }

    pub(super) fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, once all of it is proved. An absent journal remembers nothing.
    pub fn sound(folder: &Path) -> Result<Self, OpenError> {
        let mut looks = 1;
        loop {
            let proved = Self::read(folder)
                .and_then(|history| Ok(Self { sum: Some(history.fold()?), ..history }));
            match proved {
                Err(OpenError::Damaged { .. } | OpenError::Other { .. }) if looks < LOOKS => {
                    looks += 1;
                }
                proved => return proved,
            }
        }
    }

    /// What is to be known of it, if it was proved and anything is.
    pub(super) fn doubt(&self) -> Option<Finding> {
        self.sum.as_ref().filter(|sum| sum.brought_back).map(|_| brought_back::finding())
    }

    /// What was remembered of a tenant when it was opened; nothing unless it was proved then.
    #[must_use]
    pub fn remembered(&self, tenant: &TenantId) -> Arc<Memory> {
        self.sum.as_ref().map(|sum| sum.memory(tenant)).unwrap_or_default()
    }

    /// Which journal was last written where this one is.
    pub(super) fn mark(&self) -> Result<Option<Mark>, OpenError> {
        self.marked.as_deref().map_or(Ok(None), Mark::read)
    }

    fn fold(&self) -> Result<Fold, OpenError> {
        // The mark first: a writer updates it after the journal.
        let mark = self.mark()?;
        let db = self.db();
        let loaded = load::load(&db).map_err(|bad| bad.at(&self.path))?;
        let differs = mark.as_ref().map_or(Ok(None), |mark| mark.differs_from(&db, loaded.head));
        if let Some(reason) = differs.map_err(|error| OpenError::of(&self.path, &error))? {
            return Err(OpenError::Other { path: self.path.clone(), reason });
        }
        drop(db);
        let mut fold = loaded.fold;
        if self.is_brought_back(loaded.head.sequence)? {
            fold.doubt();
        }
        Ok(fold)
    }

    /// Whether it may be older than what was done, if `last` is its last entry.
    pub(super) fn is_brought_back(&self, last: i64) -> Result<bool, OpenError> {
        let Some(folder) = &self.marked else { return Ok(last > 0) };
        let at = |source| OpenError::Io { path: self.path.clone(), source };
        for _ in 0..LOOKS {
            // Both at once: somebody may begin to write in between.
            let mark = Mark::read(folder)?;
            // Former programs left none.
            let is_as_ever = mark.is_none() && self.is_former;
            if is_as_ever || !mark::is_brought_back(folder, mark.as_ref(), last).map_err(at)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The last runs that meant to write, newest first; of one tenant, by the name that it had
    /// then, if it is named.
    pub fn runs(&self, tenant: Option<&TenantName>, limit: usize) -> Result<Vec<RunId>, OpenError> {
        runs(&self.db(), tenant, limit).map_err(|error| OpenError::of(&self.path, &error))
    }

    /// That the last runs began that meant to write, newest first.
    pub fn begun(&self, limit: usize) -> Result<Vec<RunStart>, OpenError> {
        begun(&self.db(), limit).map_err(|bad| bad.at(&self.path))
    }

    /// That tenants were suspended and resumed, newest first.
    pub fn suspensions(&self, limit: usize) -> Result<Vec<Entry>, OpenError> {
        // Finding the words costs less than reading each line.
        let query = "SELECT sequence, line FROM entries WHERE (instr(line, '\"suspended\"') > 0 OR \
            instr(line, '\"resumed\"') > 0) AND kind IN ('suspended', 'resumed') \
            ORDER BY sequence DESC LIMIT ?1";
        select(&self.db(), query, [at_most(limit)], |_| true).map_err(|bad| bad.at(&self.path))
    }

    /// The names of all tenants that runs meant to write of.
    pub fn tenants(&self) -> Result<BTreeSet<String>, OpenError> {
        tenants(&self.db()).map_err(|error| OpenError::of(&self.path, &error))
    }

    /// What was recorded of a run, in its order. Nothing if there is no such run, or it is too long
    /// ago.
    pub fn entries(&self, run: &RunId) -> Result<Vec<Entry>, OpenError> {
        let query = "SELECT sequence, line FROM entries WHERE run = ?1 ORDER BY sequence";
        select(&self.db(), query, [run.as_str()], |_| true).map_err(|bad| bad.at(&self.path))
    }

    /// What was recorded of a user of a tenant, newest first.
    pub fn entries_of(&self, tenant: &TenantId, user: &Upn) -> Result<Vec<Entry>, OpenError> {
        // The database folds the case of ASCII only: a name beyond that is looked for in every
        // entry.
        let part = if user.key().is_ascii() { user.key() } else { "" };
        let query = "SELECT sequence, line FROM entries WHERE line ->> 'tenantId' = ?1 AND \
            instr(lower(line), ?2) > 0 ORDER BY sequence DESC";
        let of_user = |entry: &Entry| speaks_of(&entry.event, user);
        select(&self.db(), query, [tenant.as_str(), part], of_user)
            .map_err(|bad| bad.at(&self.path))
    }
}

/// A limit as the database takes it.
fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn runs(
    db: &Connection,
    tenant: Option<&TenantName>,
    limit: usize,
) -> rusqlite::Result<Vec<RunId>> {
    let query = "SELECT run FROM entries WHERE kind = 'began' AND (?1 IS NULL OR tenant = ?1) \
        ORDER BY sequence DESC LIMIT ?2";
    let mut statement = db.prepare(query)?;
    let wanted = params![tenant.map(TenantName::as_str), at_most(limit)];
    let rows = statement.query_map(wanted, |row| row.get::<_, String>(0))?;
    rows.map(|run| Ok(RunId::new(&run?))).collect()
}

fn begun(db: &Connection, limit: usize) -> Result<Vec<RunStart>, LoadError> {
    let query = "SELECT sequence, line FROM entries WHERE kind = 'began' \
        ORDER BY sequence DESC LIMIT ?1";
    let mut statement = db.prepare(query)?;
    let mut rows = statement.query([at_most(limit)])?;
    let mut begun = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = load::parse(&row.get::<_, String>(1)?, row.get(0)?)?;
        begun.extend(Run::of(&[entry]).map(Run::beginning));
    }
    Ok(begun)
}

fn tenants(db: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = db.prepare("SELECT DISTINCT tenant FROM entries WHERE kind = 'began'")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// The entries that a query finds and that are asked for, in its order.
fn select(
    db: &Connection,
    query: &str,
    of: impl Params,
    asked: impl Fn(&Entry) -> bool,
) -> Result<Vec<Entry>, LoadError> {
    let mut statement = db.prepare(query)?;
    let mut rows = statement.query(of)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let entry = load::parse(&row.get::<_, String>(1)?, row.get(0)?)?;
        if asked(&entry) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

impl Recall for SqliteHistory {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        if let Some(sum) = &self.sum {
            return Ok(sum.memory(tenant));
        }
        let unreadable = |error: OpenError| JournalError::Unreadable(error.to_string());
        self.fold().map(|sum| sum.memory(tenant)).map_err(unreadable)
    }
}

impl History for SqliteHistory {
    async fn runs(
        &self,
        tenant: Option<&TenantName>,
        limit: usize,
    ) -> Result<Vec<RunId>, HistoryError> {
        Ok(self.runs(tenant, limit)?)
    }

    async fn begun(&self, limit: usize) -> Result<Vec<RunStart>, HistoryError> {
        Ok(self.begun(limit)?)
    }

    async fn suspensions(&self, limit: usize) -> Result<Vec<Entry>, HistoryError> {
        Ok(self.suspensions(limit)?)
    }

    async fn tenants(&self) -> Result<BTreeSet<String>, HistoryError> {
        Ok(self.tenants()?)
    }

    async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, HistoryError> {
        Ok(self.entries(run)?)
    }

    async fn entries_of(&self, tenant: &TenantId, user: &Upn) -> Result<Vec<Entry>, HistoryError> {
        Ok(self.entries_of(tenant, user)?)
    }

    async fn check(&self) -> Result<JournalCheck, HistoryError> {
        Ok(self.check()?)
    }

    async fn export(&self, each: &mut (dyn FnMut(&str) + Send)) -> JournalExport {
        self.export(each)
    }
}

pub(super) fn speaks_of(event: &Event, user: &Upn) -> bool {
    match event {
        Event::Intent { user: of, .. } | Event::Outcome { user: of, .. } => of == user,
        Event::Landed(landings) => landings.iter().any(|landing| landing.user == *user),
        Event::Decided(users) | Event::Vanished(users) => users.contains(user),
        // That a manifest began to name somebody is a fact of the manifests.
        Event::Managed(_)
        | Event::Began { .. }
        | Event::Approved { .. }
        | Event::Accepted
        | Event::Syncing
        | Event::Synced
        | Event::NotSynced { .. }
        | Event::NothingSent
        | Event::Suspended { .. }
        | Event::Resumed { .. }
        | Event::Counted { .. } => false,
    }
}

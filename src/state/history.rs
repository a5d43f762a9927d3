//! The journal, read: by dry runs, and by people who look back. Nothing is written, nobody is kept
//! from writing.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, params};

use super::{
    OpenError, db,
    fold::Fold,
    former,
    load::{self, Bad},
    mark::{self, Mark},
};
use crate::{
    model::{Entry, Event, Memory, RunId, TenantId, TenantName, Upn},
    ports::{JournalError, Recall},
};

/// How often a journal is read again that seems damaged: somebody may have begun to write in the
/// middle of a look.
const LOOKS: u32 = 3;

/// A journal to look at.
#[derive(Debug)]
pub struct History {
    pub(super) path: PathBuf,
    pub(super) db: Connection,
    /// The folder whose mark tells of it; nothing of one that was never written here.
    marked: Option<PathBuf>,
}

/// What a journal remembered at one moment, without the right to write: for dry runs.
#[derive(Debug, Default)]
pub struct Remembered {
    fold: Fold,
}

impl Remembered {
    /// What the journal in `folder` remembers. An absent journal remembers nothing.
    pub fn read(folder: &Path) -> Result<Self, OpenError> {
        look(folder).map(|(_, fold)| Self { fold })
    }

    /// What was remembered of a tenant.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> Arc<Memory> {
        self.fold.memory(tenant)
    }
}

impl Recall for Remembered {
    async fn recall(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        Ok(self.of(tenant))
    }
}

fn look(folder: &Path) -> Result<(History, Fold), OpenError> {
    let mut looks = 1;
    loop {
        let looked =
            History::read(folder).and_then(|history| history.fold().map(|fold| (history, fold)));
        match looked {
            Err(OpenError::Damaged { .. } | OpenError::Other { .. }) if looks < LOOKS => looks += 1,
            looked => return looked,
        }
    }
}

impl History {
    /// Opens the journal in `folder`, whole or damaged; one that never was is empty.
    pub fn read(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(db::FILE);
        if let Some(db) = db::open_to_read(&path)? {
            return Ok(Self { path, db, marked: Some(folder.to_owned()) });
        }
        if !former::is_there(folder) {
            mark::refuse_if_gone(folder, &path)?;
        }
        let mut db = db::in_memory()?;
        former::read(folder, &mut db)?;
        Ok(Self { path, db, marked: None })
    }

    /// The same, once all of it is proved.
    pub fn sound(folder: &Path) -> Result<Self, OpenError> {
        look(folder).map(|(history, _)| history)
    }

    /// Which journal was last written where this one lies.
    pub(super) fn mark(&self) -> Result<Option<Mark>, OpenError> {
        self.marked.as_deref().map_or(Ok(None), Mark::read)
    }

    fn fold(&self) -> Result<Fold, OpenError> {
        // The mark first: whoever writes meanwhile writes it after the journal.
        let mark = self.mark()?;
        let loaded = load::load(&self.db).map_err(|bad| bad.at(&self.path))?;
        let differs = mark.map_or(Ok(None), |mark| mark.differs_from(&self.db, loaded.head));
        match differs.map_err(|error| OpenError::of(&self.path, &error))? {
            Some(reason) => Err(OpenError::Other { path: self.path.clone(), reason }),
            None => Ok(loaded.fold),
        }
    }

    /// What the planner may know of each tenant.
    pub fn memory(&self) -> Result<Remembered, OpenError> {
        self.fold().map(|fold| Remembered { fold })
    }

    /// The last runs that meant to write, newest first; of one tenant, by the name that it had
    /// then, if it is named.
    pub fn runs(&self, tenant: Option<&TenantName>, limit: usize) -> Result<Vec<RunId>, OpenError> {
        let query = "SELECT run FROM entries WHERE kind = 'began' AND (?1 IS NULL OR tenant = ?1) \
            ORDER BY sequence DESC LIMIT ?2";
        let runs = || {
            let mut statement = self.db.prepare(query)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement
                .query_map(params![tenant.map(TenantName::as_str), limit], |row| {
                    row.get::<_, String>(0)
                })?;
            rows.map(|run| run.map(|run| RunId::new(&run))).collect::<rusqlite::Result<Vec<_>>>()
        };
        runs().map_err(|error| OpenError::of(&self.path, &error))
    }

    /// The names of all tenants that runs meant to write of.
    pub fn tenants(&self) -> Result<BTreeSet<String>, OpenError> {
        let names = || {
            let mut statement =
                self.db.prepare("SELECT DISTINCT tenant FROM entries WHERE kind = 'began'")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect::<rusqlite::Result<BTreeSet<String>>>()
        };
        names().map_err(|error| OpenError::of(&self.path, &error))
    }

    /// What was recorded of a run, in its order. Nothing if there is no such run, or it is too long
    /// ago.
    pub fn entries(&self, run: &RunId) -> Result<Vec<Entry>, OpenError> {
        let entries = || -> Result<Vec<Entry>, Bad> {
            let mut statement = self
                .db
                .prepare("SELECT sequence, line FROM entries WHERE run = ?1 ORDER BY sequence")?;
            let mut rows = statement.query([run.as_str()])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(load::parse(&row.get::<_, String>(1)?, row.get(0)?)?);
            }
            Ok(entries)
        };
        entries().map_err(|bad| bad.at(&self.path))
    }

    /// What was recorded of a user of a tenant, newest first.
    pub fn entries_of(&self, tenant: &TenantId, user: &Upn) -> Result<Vec<Entry>, OpenError> {
        // The database folds the case of ASCII only: a name beyond that is looked for in every
        // entry.
        let part = if user.key().is_ascii() { user.key() } else { "" };
        let entries = || -> Result<Vec<Entry>, Bad> {
            let query = "SELECT sequence, line FROM entries WHERE line ->> 'tenantId' = ?1 AND \
                instr(lower(line), ?2) > 0 ORDER BY sequence DESC";
            let mut statement = self.db.prepare(query)?;
            let mut rows = statement.query([tenant.as_str(), part])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                let entry = load::parse(&row.get::<_, String>(1)?, row.get(0)?)?;
                if speaks_of(&entry.event, user) {
                    entries.push(entry);
                }
            }
            Ok(entries)
        };
        entries().map_err(|bad| bad.at(&self.path))
    }
}

fn speaks_of(event: &Event, user: &Upn) -> bool {
    match event {
        Event::Intent { user: of, .. } | Event::Outcome { user: of, .. } => of == user,
        Event::Landed(landings) => landings.iter().any(|landing| landing.user == *user),
        Event::Decided(users) | Event::Vanished(users) => users.contains(user),
        // That a manifest began to name somebody is a fact of the manifests.
        Event::Managed(_)
        | Event::Began { .. }
        | Event::Approved { .. }
        | Event::Syncing
        | Event::Synced
        | Event::NotSynced { .. }
        | Event::NothingSent
        | Event::Counted { .. } => false,
    }
}

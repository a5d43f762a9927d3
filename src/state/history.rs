//! The journal, read: by dry runs, and by people who look back. Nothing is written, nobody is kept from writing.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::{
    OpenError, db,
    fold::Fold,
    former,
    load::{self, Bad},
};
use crate::{
    model::{Memory, RunId, TenantId, TenantName},
    ports::Entry,
};

/// How often a journal is read again that seems damaged: somebody may have begun to write in the middle of a look.
const LOOKS: u32 = 3;

/// A journal to look at.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    db: Connection,
}

/// What a journal remembers, without the right to write: for dry runs. An absent journal remembers nothing.
pub fn read_memory(folder: &Path) -> Result<impl Fn(&TenantId) -> Memory + use<>, OpenError> {
    let mut looks = 1;
    let fold = loop {
        match History::read(folder).and_then(|history| history.fold()) {
            Err(OpenError::Damaged { .. }) if looks < LOOKS => looks += 1,
            fold => break fold?,
        }
    };
    Ok(move |tenant: &TenantId| fold.memory(tenant))
}

impl History {
    /// Opens the journal in `folder`; an absent one is empty.
    pub fn read(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(db::FILE);
        if let Some(db) = db::open_to_read(&path)? {
            return Ok(Self { path, db });
        }
        let mut db = db::in_memory()?;
        former::read(folder, &mut db)?;
        Ok(Self { path, db })
    }

    fn fold(&self) -> Result<Fold, OpenError> {
        load::load(&self.db).map(|loaded| loaded.fold).map_err(|bad| bad.at(&self.path))
    }

    /// The last runs that meant to write, newest first; of one tenant, by the name that it had then, if it is named.
    pub fn runs(&self, tenant: Option<&TenantName>, limit: usize) -> Result<Vec<RunId>, OpenError> {
        let query =
            "SELECT run FROM entries WHERE kind = 'began' AND (?1 IS NULL OR tenant = ?1) ORDER BY sequence DESC LIMIT ?2";
        let runs = || {
            let mut statement = self.db.prepare(query)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![tenant.map(TenantName::as_str), limit], |row| row.get::<_, String>(0))?;
            rows.map(|run| run.map(|run| RunId::new(&run))).collect::<rusqlite::Result<Vec<_>>>()
        };
        runs().map_err(|error| OpenError::of(&self.path, &error))
    }

    /// What was recorded of a run, in its order. Nothing if there is no such run, or it is too long ago.
    pub fn entries(&self, run: &RunId) -> Result<Vec<Entry>, OpenError> {
        let entries = || -> Result<Vec<Entry>, Bad> {
            let mut statement = self.db.prepare("SELECT sequence, line FROM entries WHERE run = ?1 ORDER BY sequence")?;
            let mut rows = statement.query([run.as_str()])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(load::parse(&row.get::<_, String>(1)?, row.get(0)?)?);
            }
            Ok(entries)
        };
        entries().map_err(|bad| bad.at(&self.path))
    }
}

//! A journal in a file as a whole, proved and held, for the way into a database.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, params};

use super::{
    OpenError,
    chain::Link,
    db,
    fold::Fold,
    load,
    lock::Lock,
    moved::{self, JournalMove},
    sqlite::OpenedJournal,
};
use crate::model::{SyncDebt, TenantId};

/// Lines that are read at a time.
const PAGE: i64 = 2_000;

/// A line with its place in the file, and the tenant that it is about.
pub(super) struct StoredLine {
    pub(super) sequence: i64,
    pub(super) tenant: TenantId,
    pub(super) line: String,
}

/// A journal that nobody else can write to as long as this is there.
pub(super) struct LockedJournal {
    /// Its name.
    pub(super) id: String,
    pub(super) head: Link,
    /// Behind this, entries are kept.
    pub(super) anchor: Link,
    /// What the entries of each tenant add up to.
    pub(super) sums: Vec<(TenantId, Fold)>,
    /// What a tenant owes of which nothing is known.
    pub(super) accepted: Option<SyncDebt>,
    db: Connection,
    folder: PathBuf,
    /// Given back last.
    _lock: Lock,
}

impl LockedJournal {
    /// The journal that was opened, and proved by that.
    pub(super) fn of(folder: &Path, lock: Lock, opened: OpenedJournal) -> Result<Self, OpenError> {
        let OpenedJournal { db, loaded, .. } = opened;
        let of = |error| OpenError::of(&folder.join(db::FILE), &error);
        let id = db::id(&db).map_err(of)?;
        let anchor = db::anchor(&db).map_err(of)?;
        let Fold { tenants, accepted, brought_back: _ } = loaded.fold;
        let alone = |(id, tenant)| {
            let tenants = std::iter::once((TenantId::clone(&id), tenant)).collect();
            (id, Fold { tenants, accepted: accepted.clone(), ..Fold::default() })
        };
        let mut sums: Vec<(TenantId, Fold)> = tenants.into_iter().map(alone).collect();
        if accepted.is_some() {
            // What was said of all tenants is a chain as well.
            sums.push((TenantId::nil(), Fold { accepted: accepted.clone(), ..Fold::default() }));
        }
        let folder = folder.to_owned();
        Ok(Self { id, head: loaded.head, anchor, sums, accepted, db, folder, _lock: lock })
    }

    /// The next lines behind a place; none at the end.
    pub(super) fn page(&mut self, behind: i64) -> Result<Vec<StoredLine>, OpenError> {
        let path = self.folder.join(db::FILE);
        let of = |error| OpenError::of(&path, &error);
        let query = "SELECT sequence, line FROM entries WHERE sequence > ?1 ORDER BY sequence \
            LIMIT ?2";
        let mut statement = self.db.prepare_cached(query).map_err(of)?;
        let mut rows = statement.query(params![behind, PAGE]).map_err(of)?;
        let mut page = Vec::new();
        while let Some(row) = rows.next().map_err(of)? {
            let sequence: i64 = row.get(0).map_err(of)?;
            let line: String = row.get(1).map_err(of)?;
            let entry = load::parse(&line, sequence).map_err(|bad| bad.at(&path))?;
            page.push(StoredLine { sequence, tenant: entry.tenant_id, line });
        }
        Ok(page)
    }

    /// It is elsewhere from now on: it gets another name. May be cut off anywhere and begun again.
    /// The answer is what it is called then.
    pub(super) fn retire(self, moved: &JournalMove) -> Result<PathBuf, OpenError> {
        let Self { db, folder, _lock, .. } = self;
        let path = folder.join(db::FILE);
        let of = |error| OpenError::of(&path, &error);
        // All of it in the one file that is renamed.
        db.pragma_update(None, "journal_mode", "DELETE").map_err(of)?;
        db.close().map_err(|(_, error)| of(error))?;
        let kept = folder.join(moved::KEPT);
        rename(moved, &folder, &kept).map_err(|source| OpenError::Io { path, source })?;
        Ok(kept)
    }
}

fn rename(moved: &JournalMove, folder: &Path, kept: &Path) -> io::Result<()> {
    moved.write(folder)?;
    fs::rename(folder.join(db::FILE), kept)?;
    File::open(folder)?.sync_all()
}

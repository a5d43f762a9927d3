//! From the database to what it adds up to: the stored fold and the entries after it, each link of
//! the chain proved.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    OpenError,
    chain::{Hash, Link},
    db,
    fold::Fold,
    frozen::{self, Frozen},
    record::{self, JournalLine},
    seal::SealedPart,
};
use crate::model::Entry;

/// What a journal adds up to, and where its chain ends.
#[derive(Debug, Default)]
pub(super) struct LoadedJournal {
    pub(super) fold: Fold,
    pub(super) head: Link,
    /// Entries after the stored fold.
    pub(super) since_fold: usize,
}

/// Why something in the database is not what was written.
pub(super) enum LoadError {
    Sql(rusqlite::Error),
    Newer(u32, u32),
    Damaged(String),
}

impl From<rusqlite::Error> for LoadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl LoadError {
    pub(super) fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Sql(error) => OpenError::of(&path, &error),
            Self::Newer(version, known) => {
                OpenError::Newer { path, version: version.into(), known: known.into() }
            }
            Self::Damaged(reason) => OpenError::Damaged { path, reason },
        }
    }
}

/// Adds up a journal, and proves all of it: its pages, its seals, its chain from the first entry
/// that is kept.
pub(super) fn load(db: &Connection) -> Result<LoadedJournal, LoadError> {
    // One moment of it, though a process writes meanwhile.
    let moment = db.unchecked_transaction()?;
    if let Some(problem) = pages(&moment)?.into_iter().next() {
        return Err(LoadError::Damaged(problem));
    }
    for part in SealedPart::ALL {
        if !part.is_whole(&moment)? {
            return Err(LoadError::Damaged(part.broken().to_owned()));
        }
    }
    add_up(&moment)
}

/// The same for a journal of a former format, that had no seals.
pub(super) fn load_unsealed(db: &Connection) -> Result<LoadedJournal, LoadError> {
    match pages(db)?.into_iter().next() {
        Some(problem) => Err(LoadError::Damaged(problem)),
        None => add_up(db),
    }
}

/// What the database itself finds wrong with its pages and indices.
pub(super) fn pages(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare("PRAGMA integrity_check(20)")?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

/// The stored sum, and the entries after it.
pub(super) fn add_up(db: &Connection) -> Result<LoadedJournal, LoadError> {
    let anchor = db::anchor(db)?;
    let (at, mut fold) = match stored_fold(db)? {
        Some((at, fold)) if at.sequence >= anchor.sequence => (at, fold),
        Some((at, _)) => {
            return Err(LoadError::Damaged(format!(
                "entries up to {} are gone, but it adds up to {}",
                anchor.sequence, at.sequence
            )));
        }
        None if anchor.sequence > 0 => {
            return Err(LoadError::Damaged(
                "what its first entries added up to is gone".to_owned(),
            ));
        }
        None => (anchor, Fold::default()),
    };
    let mut head = anchor;
    // What is in the sum is only proved.
    walk(db, &mut head, Some(at.sequence), |_, _| Ok(()))?;
    if head.sequence != at.sequence {
        return Err(LoadError::Damaged(format!(
            "it adds up to entry {}, but ends at {}",
            at.sequence, head.sequence
        )));
    }
    if head.hash != at.hash {
        return Err(LoadError::Damaged(format!(
            "it adds up to another entry {} than the one that is there",
            at.sequence
        )));
    }
    walk(db, &mut head, None, |link, line| {
        fold.add(&parse(line, link.sequence)?);
        Ok(())
    })?;
    let since_fold = usize::try_from(head.sequence - at.sequence).unwrap_or(usize::MAX);
    Ok(LoadedJournal { fold, head, since_fold })
}

/// Hands out the lines behind `head` one by one, to `until` if it is given, and moves it along.
/// Each must follow the one before.
pub(super) fn walk(
    db: &Connection,
    head: &mut Link,
    until: Option<i64>,
    mut each: impl FnMut(Link, &str) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let query = "SELECT sequence, line, hash FROM entries WHERE sequence > ?1 AND sequence <= ?2 \
        ORDER BY sequence";
    let mut statement = db.prepare(query)?;
    let mut rows = statement.query(params![head.sequence, until.unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let sequence: i64 = row.get(0)?;
        let hash: Hash = row.get(2)?;
        let line = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let next = head.next(line);
        if sequence != next.sequence {
            return Err(LoadError::Damaged(format!("entry {} is missing", next.sequence)));
        }
        if hash != next.hash {
            return Err(LoadError::Damaged(format!(
                "entry {sequence} is not what was written: the chain of hashes breaks there"
            )));
        }
        each(next, line)?;
        *head = next;
    }
    Ok(())
}

/// The entry that a line says.
pub(super) fn parse(line: &str, sequence: i64) -> Result<Entry, LoadError> {
    record::read(line).map_err(|wrong| match wrong {
        record::LineError::Newer(version) => LoadError::Newer(version, record::VERSION),
        record::LineError::Damaged(reason) => {
            LoadError::Damaged(format!("entry {sequence}: {reason}"))
        }
    })
}

/// The line of an entry.
pub(super) fn line(entry: &Entry) -> Result<String, serde_json::Error> {
    serde_json::to_string(&JournalLine::from(entry))
}

fn stored_fold(db: &Connection) -> Result<Option<(Link, Fold)>, LoadError> {
    let row = db.query_row("SELECT sequence, hash, state FROM fold", [], |row| {
        Ok((Link { sequence: row.get(0)?, hash: row.get(1)? }, row.get::<_, String>(2)?))
    });
    row.optional()?.map(|(link, state)| Ok((link, thaw(&state)?))).transpose()
}

/// The sum that was stored as this text.
pub(super) fn thaw(state: &str) -> Result<Fold, LoadError> {
    let wrong =
        |reason: String| LoadError::Damaged(format!("what it adds up to cannot be read: {reason}"));
    let version = record::version(state).map_err(|error| wrong(error.to_string()))?;
    if version > frozen::VERSION {
        return Err(LoadError::Newer(version, frozen::VERSION));
    }
    let frozen: Frozen = serde_json::from_str(state).map_err(|error| wrong(error.to_string()))?;
    frozen.thaw().map_err(wrong)
}

/// Stores what all entries up to `head` add up to.
pub(super) fn store_fold(db: &Connection, head: Link, fold: &Fold) -> rusqlite::Result<()> {
    let state = serde_json::to_string(&Frozen::from(fold))
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    store_frozen(db, head, &state)
}

pub(super) fn store_frozen(db: &Connection, head: Link, state: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO fold VALUES (1, ?1, ?2, ?3)",
        params![head.sequence, head.hash, state],
    )?;
    SealedPart::Fold.seal(db)
}

//! From the database to what it adds up to: the stored fold and the entries after it, each link of the chain proved.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    OpenError,
    db::{self, Hash, Link},
    fold::Fold,
    frozen::{self, Frozen},
    record::{self, Line},
};
use crate::ports::Entry;

/// What a journal adds up to, and where its chain ends.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) fold: Fold,
    pub(super) head: Link,
    /// Entries after the stored fold.
    pub(super) since_fold: usize,
}

/// Why something in the database is not what was written.
pub(super) enum Bad {
    Sql(rusqlite::Error),
    Newer(u32, u32),
    Damaged(String),
}

impl From<rusqlite::Error> for Bad {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Bad {
    pub(super) fn at(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Sql(error) => OpenError::of(&path, &error),
            Self::Newer(version, known) => OpenError::Newer { path, version: version.into(), known: known.into() },
            Self::Damaged(reason) => OpenError::Damaged { path, reason },
        }
    }
}

/// Adds up a journal.
pub(super) fn load(db: &Connection) -> Result<Loaded, Bad> {
    let anchor = db::anchor(db)?;
    let (mut fold, mut head) = match stored_fold(db)? {
        Some((link, fold)) if link.sequence >= anchor.sequence => (fold, link),
        Some((link, _)) => {
            return Err(Bad::Damaged(format!("entries up to {} are gone, but it adds up to {}", anchor.sequence, link.sequence)));
        }
        None if anchor.sequence > 0 => return Err(Bad::Damaged("what its first entries added up to is gone".to_owned())),
        None => (Fold::default(), anchor),
    };
    let from = head.sequence;
    walk(db, &mut head, |_, entry| fold.add(&entry))?;
    let since_fold = usize::try_from(head.sequence - from).unwrap_or(usize::MAX);
    Ok(Loaded { fold, head, since_fold })
}

/// Hands out the entries behind `head`, one by one, and moves it along. Each must follow the one before.
pub(super) fn walk(db: &Connection, head: &mut Link, mut each: impl FnMut(Link, Entry)) -> Result<(), Bad> {
    let mut statement = db.prepare("SELECT sequence, line, hash FROM entries WHERE sequence > ?1 ORDER BY sequence")?;
    let mut rows = statement.query([head.sequence])?;
    while let Some(row) = rows.next()? {
        let (sequence, line, hash): (i64, String, Hash) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let next = head.next(&line);
        if sequence != next.sequence {
            return Err(Bad::Damaged(format!("entry {} is missing", next.sequence)));
        }
        if hash != next.hash {
            return Err(Bad::Damaged(format!("entry {sequence} is not what was written: the chain of hashes breaks there")));
        }
        each(next, parse(&line, sequence)?);
        *head = next;
    }
    Ok(())
}

/// The entry that a line says.
pub(super) fn parse(line: &str, sequence: i64) -> Result<Entry, Bad> {
    record::read(line).map_err(|wrong| match wrong {
        record::Unread::Newer(version) => Bad::Newer(version, record::VERSION),
        record::Unread::Damaged(reason) => Bad::Damaged(format!("entry {sequence}: {reason}")),
    })
}

/// The line of an entry.
pub(super) fn line(entry: &Entry) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Line::from(entry))
}

pub(super) fn stored_fold(db: &Connection) -> Result<Option<(Link, Fold)>, Bad> {
    let row = db.query_row("SELECT sequence, hash, state FROM fold", [], |row| {
        Ok((Link { sequence: row.get(0)?, hash: row.get(1)? }, row.get::<_, String>(2)?))
    });
    let Some((link, state)) = row.optional()? else { return Ok(None) };
    let wrong = |reason: String| Bad::Damaged(format!("what it adds up to cannot be read: {reason}"));
    let version = record::version(&state).map_err(|error| wrong(error.to_string()))?;
    if version > frozen::VERSION {
        return Err(Bad::Newer(version, frozen::VERSION));
    }
    let frozen: Frozen = serde_json::from_str(&state).map_err(|error| wrong(error.to_string()))?;
    Ok(Some((link, frozen.melt().map_err(wrong)?)))
}

/// Stores what all entries up to `head` add up to.
pub(super) fn store_fold(db: &Connection, head: Link, fold: &Fold) -> rusqlite::Result<()> {
    let state =
        serde_json::to_string(&Frozen::from(fold)).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    db.execute("INSERT OR REPLACE INTO fold VALUES (1, ?1, ?2, ?3)", params![head.sequence, head.hash, state]).map(drop)
}

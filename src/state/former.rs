//! The journal's former format, a file of JSON lines: read, and taken over once.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::{
    OpenError,
    db::{self, Link},
    record,
};

/// The file in the state folder.
const FILE: &str = "journal.jsonl";
/// What it is called once it is taken over.
const TAKEN: &str = "journal.jsonl.taken-over";

/// The lines of the former journal in `folder`, if there is one. A last line that a crash cut off was never acknowledged.
fn lines(folder: &Path) -> Result<Option<(PathBuf, Vec<String>)>, OpenError> {
    let path = folder.join(FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::Io { path, source }),
    };
    let whole = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).enumerate();
    let mut lines = Vec::new();
    for (number, line) in whole {
        let damaged =
            |reason: String| OpenError::Damaged { path: path.clone(), reason: format!("line {}: {reason}", number + 1) };
        let line = std::str::from_utf8(line.trim_ascii_end()).map_err(|error| damaged(error.to_string()))?;
        record::read(line).map_err(|wrong| match wrong {
            record::Unread::Damaged(reason) => damaged(reason),
            record::Unread::Newer(version) => {
                OpenError::Newer { path: path.clone(), version: version.into(), known: record::VERSION.into() }
            }
        })?;
        lines.push(line.to_owned());
    }
    Ok(Some((path, lines)))
}

/// Reads the former journal into an empty database.
pub(super) fn read(folder: &Path, db: &mut Connection) -> Result<(), OpenError> {
    let Some((path, lines)) = lines(folder)? else { return Ok(()) };
    insert(db, &lines).map_err(|error| OpenError::of(&path, &error))
}

/// Takes the former journal over, and keeps it under another name. May be cut off anywhere and begun anew.
pub(super) fn take_over(folder: &Path, db: &mut Connection, journal: &Path) -> Result<(), OpenError> {
    let Some((path, lines)) = lines(folder)? else { return Ok(()) };
    let of = |error| OpenError::of(journal, &error);
    if is_empty(db).map_err(of)? {
        insert(db, &lines).map_err(of)?;
    } else if !begins_with(db, &lines).map_err(of)? {
        return Err(OpenError::Two { path: journal.to_owned(), former: path });
    }
    let taken = folder.join(TAKEN);
    fs::rename(&path, &taken)
        .and_then(|()| fs::File::open(folder)?.sync_all())
        .map_err(|source| OpenError::Io { path, source })?;
    tracing::info!(entries = lines.len(), kept = %taken.display(), "the journal of the former format is taken over");
    Ok(())
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT NOT EXISTS (SELECT 1 FROM entries)", [], |row| row.get(0))
}

/// Whether these were the first entries: then an earlier take-over was cut off before the file had its new name.
fn begins_with(db: &Connection, lines: &[String]) -> rusqlite::Result<bool> {
    let mut statement = db.prepare("SELECT line FROM entries WHERE sequence <= ?1 ORDER BY sequence")?;
    let stored =
        statement.query_map([db::number(lines.len())], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(stored == lines)
}

fn insert(db: &mut Connection, lines: &[String]) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    let mut link = Link::default();
    for line in lines {
        link = link.next(line);
        db::add(&transaction, link, line)?;
    }
    transaction.commit()
}

//! The journal as a file of JSON lines, read, and taken over once: its former format, and what
//! `journal export` saves. There a line may stand for all entries before it that are no longer
//! kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use super::{
    OpenError,
    chain::Link,
    db,
    load::{self, LoadError},
    record,
};

/// The file in the state folder.
const FILE: &str = "journal.jsonl";
/// What it is called once it is taken over.
const TAKEN: &str = "journal.jsonl.taken-over";

/// A line.
enum FormerLine {
    Entry(String),
    /// What all entries up to this place add up to, though the first ones are no longer there.
    Fold(String),
}

impl FormerLine {
    fn read(line: &str) -> Result<Self, LoadError> {
        #[derive(serde::Deserialize)]
        struct FormerSum {
            fold: serde_json::Value,
        }
        if let Ok(FormerSum { fold }) = serde_json::from_str(line) {
            let state = fold.to_string();
            load::thaw(&state)?;
            return Ok(Self::Fold(state));
        }
        record::read(line).map_err(|wrong| match wrong {
            record::LineError::Damaged(reason) => LoadError::Damaged(reason),
            record::LineError::Newer(version) => LoadError::Newer(version, record::VERSION),
        })?;
        Ok(Self::Entry(line.to_owned()))
    }

    fn entry(&self) -> Option<&String> {
        if let Self::Entry(line) = self { Some(line) } else { None }
    }
}

/// The lines of the former journal in `folder`, if there is one. A last line that a crash cut off
/// was never acknowledged.
fn lines(folder: &Path) -> Result<Option<(PathBuf, Vec<FormerLine>)>, OpenError> {
    let path = folder.join(FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(OpenError::Io { path, source }),
    };
    let whole = text
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n"))
        .enumerate();
    let mut lines = Vec::new();
    for (number, line) in whole {
        let damaged = |reason: String| OpenError::Damaged {
            path: path.clone(),
            reason: format!("line {}: {reason}", number + 1),
        };
        let line = std::str::from_utf8(line.trim_ascii_end())
            .map_err(|error| damaged(error.to_string()))?;
        let newer = |version: u32, known: u32| OpenError::Newer {
            path: path.clone(),
            version: version.into(),
            known: known.into(),
        };
        lines.push(FormerLine::read(line).map_err(|bad| match bad {
            LoadError::Damaged(reason) => damaged(reason),
            LoadError::Newer(version, known) => newer(version, known),
            LoadError::Sql(error) => OpenError::of(&path, &error),
        })?);
    }
    Ok(Some((path, lines)))
}

/// Reads the former journal into an empty database.
pub(super) fn read(folder: &Path, db: &mut Connection) -> Result<(), OpenError> {
    let Some((path, lines)) = lines(folder)? else { return Ok(()) };
    insert(db, &lines).map_err(|error| OpenError::of(&path, &error))
}

/// Whether there is a former journal, or one that somebody has saved as lines and put there.
pub(super) fn is_there(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(FILE)).is_ok()
}

/// Takes the former journal over, and keeps it under another name. May be cut off anywhere and
/// begun again. Returns whether there was one.
pub(super) fn take_over(
    folder: &Path,
    db: &mut Connection,
    journal: &Path,
) -> Result<bool, OpenError> {
    let Some((path, lines)) = lines(folder)? else { return Ok(false) };
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
    tracing::info!(entries = lines.len(), kept = %taken.display(), "the journal of the former \
        format is taken over");
    Ok(true)
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT NOT EXISTS (SELECT 1 FROM entries)", [], |row| row.get(0))
}

/// Whether these were the first entries: then an earlier take-over was cut off before the file had
/// its new name.
fn begins_with(db: &Connection, lines: &[FormerLine]) -> rusqlite::Result<bool> {
    let lines: Vec<&String> = lines.iter().filter_map(FormerLine::entry).collect();
    let mut statement =
        db.prepare("SELECT line FROM entries WHERE sequence <= ?1 ORDER BY sequence")?;
    let stored = statement
        .query_map([db::number(lines.len())], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(stored.iter().eq(lines))
}

fn insert(db: &mut Connection, lines: &[FormerLine]) -> rusqlite::Result<()> {
    let transaction = db.transaction()?;
    let mut link = Link::default();
    for line in lines {
        match line {
            FormerLine::Entry(line) => {
                link = link.next(line);
                db::add(&transaction, link, line)?;
            }
            FormerLine::Fold(state) => load::store_frozen(&transaction, link, state)?,
        }
    }
    transaction.commit()
}

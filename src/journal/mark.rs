//! The mark beside the journal: which journal was last written here, and how far. A journal that is
//! gone, emptied, cut, replaced or older than that is not taken for a new one.
//!
//! **Invariant:** the mark is written after the journal, so it never tells of an entry that
//! the disk might not have.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    OpenError,
    chain::{Hash, Link},
    db, lock, status,
};
use crate::words::hex;

/// The file in the state folder.
pub(super) const FILE: &str = "journal.id";

/// Which journal was last written in a folder, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Mark {
    journal: String,
    sequence: i64,
    hash: String,
    /// Which file of the disk it is in; absent in older marks.
    #[serde(default)]
    file: Option<String>,
    /// Over all of it.
    check: String,
}

/// The mark of the journal that this process writes.
#[derive(Debug)]
pub(super) struct MarkKeeper {
    file: File,
    journal: String,
    /// Which file of the disk the journal is.
    place: String,
}

/// Always of one length, so a new one covers the one before.
fn text(journal: &str, place: &str, Link { sequence, hash }: Link) -> String {
    let hash = hex(&hash);
    let file = format!("{place:<40}");
    let check = check(journal, sequence, &hash, Some(&file));
    format!(
        "{{\"journal\":\"{journal}\",\"sequence\":{sequence:>20},\"hash\":\"{hash}\",\"file\":\"{file}\",\"check\":\"{check}\"}}\n"
    )
}

fn check(journal: &str, sequence: i64, hash: &str, file: Option<&str>) -> String {
    let file = file.map(|file| format!(" {file}")).unwrap_or_default();
    hex(&Sha256::digest(format!("{journal} {sequence} {hash}{file}")))
}

/// Which file of the disk the journal of a folder is: a copy of it is another one. Its number alone
/// may be given to the next file.
fn place(folder: &Path) -> io::Result<String> {
    let found = fs::metadata(folder.join(db::FILE))?;
    let made = found.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    let made = made.map_or(0, |made| made.as_millis());
    Ok(format!("{}.{made}", found.ino()))
}

impl Mark {
    /// Whether the journal is a copy of the file that was written here: the folder was copied, or
    /// brought back as a whole.
    pub(super) fn is_of_a_copy(&self, folder: &Path) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        Ok(file.trim() != place(folder)?)
    }

    fn is_whole(&self) -> bool {
        let Self { journal, sequence, hash, file, check } = self;
        self::check(journal, *sequence, hash, file.as_deref()) == *check
    }

    /// Reads it; nothing if there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(OpenError::Io { path, source }),
            Ok(bytes) => match serde_json::from_slice::<Self>(&bytes) {
                Ok(mark) if mark.is_whole() => Ok(Some(mark)),
                _ => Err(OpenError::Other {
                    path,
                    reason: "it does not say any more which journal was written here".to_owned(),
                }),
            },
        }
    }

    /// Why this is not the journal that was last written here, if it is not.
    pub(super) fn differs_from(
        &self,
        db: &Connection,
        head: Link,
    ) -> rusqlite::Result<Option<String>> {
        if db::id(db)? != self.journal {
            return Ok(Some(
                "it is another journal than the one that was last written here".to_owned(),
            ));
        }
        let Self { sequence, .. } = *self;
        if head.sequence < sequence {
            let last = head.sequence;
            return Ok(Some(format!(
                "it ends at entry {last}, but {sequence} was written here: it is an older copy, \
                    or was cut"
            )));
        }
        let query = "SELECT hash FROM entries WHERE sequence = ?1 UNION ALL SELECT hash FROM \
            anchor WHERE sequence = ?1";
        let there = db.query_row(query, [sequence], |row| row.get::<_, Hash>(0)).optional()?;
        let same = there.is_none_or(|hash| hex(&hash) == self.hash);
        Ok((!same).then(|| format!("its entry {sequence} is another one than was written here")))
    }
}

impl MarkKeeper {
    /// Replaces the mark: it is there as a whole or not at all.
    pub(super) fn begin(folder: &Path, journal: String, link: Link) -> io::Result<Self> {
        let beside = folder.join(format!("{FILE}.new"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let place = place(folder)?;
        file.write_all(text(&journal, &place, link).as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, folder.join(FILE))?;
        File::open(folder)?.sync_all()?;
        Ok(Self { file, journal, place })
    }

    /// Moves it on. It is not flushed: one that is older than the journal is still true.
    pub(super) fn keep(&self, link: Link) -> io::Result<()> {
        self.file.write_all_at(text(&self.journal, &self.place, link).as_bytes(), 0)
    }
}

/// What shows that there was a journal in a folder, where none is.
pub(super) fn trace(folder: &Path) -> Option<PathBuf> {
    let is_there =
        |name: &str| fs::symlink_metadata(folder.join(name)).is_ok().then(|| folder.join(name));
    is_there(FILE).or_else(|| is_there(status::FILE)).or_else(|| lock::names_a_journal(folder))
}

/// Nothing if there is no journal at `path` and never was one.
pub(super) fn refuse_if_gone(folder: &Path, path: &Path) -> Result<(), OpenError> {
    match trace(folder) {
        Some(trace) => Err(OpenError::Gone { path: path.to_owned(), trace }),
        None => Ok(()),
    }
}

/// Forgets that there was a journal here.
pub(super) fn forget(folder: &Path) -> io::Result<()> {
    for name in [FILE, status::FILE] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

    fn is_of_a_copy(folder: &Path) -> Outcome<bool> {
        let Some(mark) = Mark::read(folder)? else { return Ok(false) };
        Ok(mark.is_of_a_copy(folder)?)
    }

    #[test]
    fn a_copy_of_the_journal_is_not_the_file_that_was_written() -> Outcome<()> {
        let folder = tempfile::tempdir()?;
        let at = folder.path();
        fs::write(at.join(db::FILE), "journal")?;
        let keeper = MarkKeeper::begin(at, "j".to_owned(), Link::default())?;
        assert!(!is_of_a_copy(at)?);
        keeper.keep(Link { sequence: 7, ..Link::default() })?;
        assert!(!is_of_a_copy(at)?, "it was written since");
        fs::copy(at.join(db::FILE), at.join("copy"))?;
        fs::rename(at.join("copy"), at.join(db::FILE))?;
        assert!(is_of_a_copy(at)?, "a copy");
        // Marks of the former form name no file.
        let check = check("j", 7, "0", None);
        let former = format!(r#"{{"journal":"j","sequence":7,"hash":"0","check":"{check}"}}"#);
        fs::write(at.join(FILE), former)?;
        assert!(!is_of_a_copy(at)?);
        Ok(())
    }
}

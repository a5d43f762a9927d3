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
    db, lock, session, status,
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
    /// Which file of the disk it is in, and who wrote it last and before; absent in older marks.
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
    /// Which file of the disk the journal is, and who writes it.
    place: String,
}

/// What stands for the file of a journal that may be older than what was done, until a person has
/// said otherwise: no file is called that.
const BROUGHT_BACK: &str = "brought-back";

/// Always of one length, so a new one covers the one before.
fn text(journal: &str, place: &str, Link { sequence, hash }: Link) -> String {
    let hash = hex(&hash);
    let file = format!("{place:<64}");
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

/// Whether the journal of a folder, whose last entry is `last`, may be older than what was done
/// with it: it is not the file that was written there, or another process has written since.
pub(super) fn is_brought_back(folder: &Path, mark: Option<&Mark>, last: i64) -> io::Result<bool> {
    match mark {
        Some(mark) => mark.is_of_a_copy(folder),
        // Who writes here leaves one.
        None => Ok(last > 0),
    }
}

impl Mark {
    /// Whether the journal is a copy of the file that was written here: the folder was copied, or
    /// brought back as a whole, to another place or over what was there.
    fn is_of_a_copy(&self, folder: &Path) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let mut words = file.split_whitespace();
        if words.next() != Some(&place(folder)?) {
            return Ok(true);
        }
        let known: Vec<&str> = words.collect();
        let found = session::found(folder)?;
        let is_known = |session: &String| known.contains(&session.as_str());
        Ok(!known.is_empty() && (found.len() != 1 || !found.iter().all(is_known)))
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
    /// Replaces the mark: it is there as a whole or not at all. Of a journal that was brought back,
    /// it goes on to say so.
    pub(super) fn begin(
        folder: &Path,
        journal: String,
        link: Link,
        brought_back: bool,
    ) -> io::Result<Self> {
        let session = session::fresh();
        let found = session::found(folder)?;
        if found.is_empty() {
            session::make(folder, &session)?;
        }
        let beside = folder.join(format!("{FILE}.new"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        // A crash may come before the name of the session is another one.
        let before = found.first().unwrap_or(&session);
        let place = if brought_back {
            BROUGHT_BACK.to_owned()
        } else {
            format!("{} {session} {before}", place(folder)?)
        };
        file.write_all(text(&journal, &place, link).as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, folder.join(FILE))?;
        File::open(folder)?.sync_all()?;
        session::replace(folder, &found, &session)?;
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
        Ok(is_brought_back(folder, Mark::read(folder)?.as_ref(), 7)?)
    }

    fn begin(folder: &Path) -> Outcome<MarkKeeper> {
        let brought_back = is_of_a_copy(folder)?;
        Ok(MarkKeeper::begin(folder, "j".to_owned(), Link::default(), brought_back)?)
    }

    fn written() -> Outcome<tempfile::TempDir> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join(db::FILE), "journal")?;
        MarkKeeper::begin(folder.path(), "j".to_owned(), Link::default(), false)?;
        Ok(folder)
    }

    /// Copies all files, each over the one of its name: their places on the disk stay.
    fn copy(from: &Path, to: &Path) -> Outcome<()> {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            fs::write(to.join(entry.file_name()), fs::read(entry.path())?)?;
        }
        Ok(())
    }

    #[test]
    fn a_copy_of_the_journal_is_not_the_file_that_was_written() -> Outcome<()> {
        let folder = written()?;
        let at = folder.path();
        assert!(!is_of_a_copy(at)?);
        begin(at)?.keep(Link { sequence: 7, ..Link::default() })?;
        assert!(!is_of_a_copy(at)?, "it was written since");
        fs::copy(at.join(db::FILE), at.join("copy"))?;
        fs::rename(at.join("copy"), at.join(db::FILE))?;
        assert!(is_of_a_copy(at)?, "a copy");
        for _ in 0..2 {
            begin(at)?;
            assert!(is_of_a_copy(at)?, "it stays one, however often it is written");
        }
        MarkKeeper::begin(at, "j".to_owned(), Link::default(), false)?;
        assert!(!is_of_a_copy(at)?, "a person has said that it counts");
        // Marks of the former form name no file.
        let check = check("j", 7, "0", None);
        let former = format!(r#"{{"journal":"j","sequence":7,"hash":"0","check":"{check}"}}"#);
        fs::write(at.join(FILE), former)?;
        assert!(!is_of_a_copy(at)?);
        fs::remove_file(at.join(FILE))?;
        assert!(is_of_a_copy(at)?, "entries without a mark come from elsewhere");
        Ok(())
    }

    #[test]
    fn a_backup_that_is_copied_over_what_was_there_shows() -> Outcome<()> {
        let folder = written()?;
        let backup = tempfile::tempdir()?;
        let at = folder.path();
        copy(at, backup.path())?;
        copy(backup.path(), at)?;
        assert!(!is_of_a_copy(at)?, "nobody has written since");
        begin(at)?;
        copy(backup.path(), at)?;
        assert!(is_of_a_copy(at)?, "somebody has");
        assert_eq!(session::found(at)?.len(), 2);
        begin(at)?;
        assert_eq!(session::found(at)?.len(), 1);
        assert!(is_of_a_copy(at)?, "and it stays so");
        Ok(())
    }

    #[test]
    fn a_crash_between_the_mark_and_the_name_of_the_session_is_no_copy() -> Outcome<()> {
        let folder = written()?;
        let at = folder.path();
        let before = session::found(at)?;
        begin(at)?;
        let after = session::found(at)?;
        session::replace(at, &after, &before[0])?;
        assert!(!is_of_a_copy(at)?, "the mark was written, and the name not changed yet");
        begin(at)?;
        assert!(!is_of_a_copy(at)?);
        Ok(())
    }
}

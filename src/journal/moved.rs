//! The mark of a folder whose journal goes to a database, or went there: nothing is written to the
//! one in the folder any more.
//!
//! **Invariant:** the mark is on the disk before the database takes the journal for its own, so at
//! no moment do both take entries.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{OpenError, db};
use crate::foreign;

/// The file in the state folder.
pub(super) const FILE: &str = "journal.moved";
/// What the journal in the folder is called once it is elsewhere.
pub(super) const KEPT: &str = "journal.db.moved";

/// Where a journal goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JournalMove {
    /// The name of the journal.
    pub(super) journal: String,
    /// The name of the journal in the database.
    pub(super) database: String,
    /// The same for people.
    pub(super) to: String,
    /// Since when.
    pub(super) at: Option<Timestamp>,
}

impl JournalMove {
    /// Reads it; nothing if there is none. One that is damaged still says that it is there.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let path = folder.join(FILE);
        match fs::read(&path) {
            // What is wrong with the folder itself is told of the journal in it.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(source) => Err(OpenError::Io { path, source }),
            Ok(bytes) => {
                let moved = serde_json::from_slice::<Self>(&bytes).unwrap_or_default();
                let to = if moved.to.is_empty() { "a database" } else { &moved.to };
                Ok(Some(Self { to: foreign::line(to), ..moved }))
            }
        }
    }

    /// Puts it in place: it is there as a whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        let beside = folder.join(format!("{FILE}.new"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, folder.join(FILE))?;
        File::open(folder)?.sync_all()
    }

    fn told(self, folder: &Path, is_over: bool) -> OpenError {
        OpenError::Moved { path: folder.to_owned(), to: self.to, at: self.at, is_over }
    }
}

/// Takes it away, as the database has not taken the journal.
pub(super) fn forget(folder: &Path) -> io::Result<()> {
    fs::remove_file(folder.join(FILE))?;
    File::open(folder)?.sync_all()
}

/// Whether there is still a journal in the folder.
fn is_there(folder: &Path) -> Result<bool, OpenError> {
    let path = folder.join(db::FILE);
    db::exists(&path).map_err(|source| OpenError::Io { path, source })
}

/// Nobody writes to a journal that goes elsewhere.
pub(super) fn refuse_to_write(folder: &Path) -> Result<(), OpenError> {
    match JournalMove::read(folder)? {
        Some(moved) => Err(moved.told(folder, !is_there(folder)?)),
        None => Ok(()),
    }
}

/// Nobody looks for it where it is no longer.
pub(super) fn refuse_to_look(folder: &Path) -> Result<(), OpenError> {
    match JournalMove::read(folder)? {
        Some(moved) if !is_there(folder)? => Err(moved.told(folder, true)),
        _ => Ok(()),
    }
}

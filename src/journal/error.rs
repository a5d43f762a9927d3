//! Why a journal cannot be used, in words.

use std::{
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::ErrorCode;

use crate::{
    ports::HistoryError,
    words::{self, time},
};

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it cannot be used.
    #[error("{path}: {words}", path = path.display(), words = io_words(path, source))]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process works on the same state.
    #[error("{path} is in use by {holder}", path = path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The file is of a format that this program does not know yet.
    #[error("{path}: the journal was written by a newer dialplane (format {version}; this one \
        knows {known})", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// The file holds something that no dialplane wrote, or not any more what it wrote.
    #[error("{path}: the journal is damaged: {reason}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where in it.
        reason: String,
    },
    /// There was a journal, and there is none.
    #[error("{path}: the journal is gone or empty; {trace} shows that there was one", path = path.display(), trace = trace.display())]
    Gone {
        /// Where it was.
        path: PathBuf,
        /// What shows it.
        trace: PathBuf,
    },
    /// This is not the journal that was last written here.
    #[error("{path}: {reason}", path = path.display())]
    Other {
        /// The journal.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// The database cannot be used.
    #[error("{place}: {reason}")]
    Database {
        /// Which database.
        place: String,
        /// Why.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// The journal goes to a database, or went there.
    #[error("{}", went(path, to, at.as_ref(), *is_over))]
    Moved {
        /// The folder.
        path: PathBuf,
        /// Where to.
        to: String,
        /// Since when, as far as it is known.
        at: Option<Timestamp>,
        /// Whether it has come there.
        is_over: bool,
    },
    /// Two journals are side by side, and it is not known which of them counts.
    #[error("{path}: beside it lies a journal of the former format with other entries, {former}", path = path.display(), former = former.display())]
    Two {
        /// The journal.
        path: PathBuf,
        /// The one of the former format.
        former: PathBuf,
    },
}

impl OpenError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "make room, or move the folder to another disk and set `state.path` to it"
            }
            Self::Io { path, source } if is_no_folder(path, source) => {
                "move it away, or set `state.path` to a folder"
            }
            Self::Io { source, .. } if is_no_file(source) => {
                "move it away; if it was a journal, restore it from a backup"
            }
            Self::Io { .. } => {
                "make the folder writable for this user, or run as the user that owns it; in another \
                    `state.path` nothing is known of earlier runs"
            }
            Self::InUse { .. } => {
                "only one dialplane may write with the same state; stop the other one first"
            }
            Self::Newer { .. } => {
                "nothing was changed; use a dialplane that is at least as new as the one that \
                    wrote it"
            }
            Self::Damaged { .. } => {
                "nothing was changed; restore the folder from a backup, or save what can be read: \
                    see `dialplane journal export --help`"
            }
            Self::Gone { .. } => {
                "restore the folder from a backup. Nothing else knows which syncs are owed: \
                    to begin a new one all the same, run `dialplane journal accept`"
            }
            Self::Other { .. } => {
                "restore the newest copy of the folder. To go on with this one all the same, run \
                    `dialplane journal accept`: syncs that the other one owed are then forgotten"
            }
            Self::Database { hint, .. } => hint,
            Self::Moved { is_over: false, .. } => {
                "finish it: end all services, set `state.postgres` to that database and run \
                    `dialplane journal move --to postgres` again; nothing is lost"
            }
            Self::Moved { .. } => {
                "set `state.postgres` to that database. To have a journal in a file again, see \
                    `dialplane guide operating`: nothing else knows what is owed now"
            }
            Self::Two { .. } => {
                "an older dialplane has written here since; move the file away that does not count"
            }
        }
    }

    /// What a failure of the database at `path` means.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                Self::Io { path, source: io::Error::new(io::ErrorKind::StorageFull, words(error)) }
            }
            Some(
                ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OutOfMemory
                | ErrorCode::SystemIoFailure,
            ) => Self::Io { path, source: io::Error::other(words(error)) },
            // It is not the disk but what is on it: a table that is missing, a column of
            // another type, text that is not a text.
            _ => Self::Damaged { path, reason: words(error) },
        }
    }
}

/// That a journal is not here any more, or not for long.
fn went(path: &Path, to: &str, at: Option<&Timestamp>, is_over: bool) -> String {
    let path = path.display();
    let since = at.map(|at| format!(" since {}", time(*at))).unwrap_or_default();
    if is_over {
        format!("{path}: the journal of this folder is in {to}{since}")
    } else {
        format!(
            "{path}: the journal of this folder is on its way to {to}{since}, and has not arrived"
        )
    }
}

/// Whether something is where a folder was to be.
fn is_no_folder(path: &Path, source: &io::Error) -> bool {
    matches!(source.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory)
        || leads_nowhere(path)
}

/// Whether something else is where a file was to be.
fn is_no_file(source: &io::Error) -> bool {
    matches!(source.kind(), io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput)
}

fn leads_nowhere(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

/// What the system says of a file, in the words of the house.
fn io_words(path: &Path, source: &io::Error) -> String {
    match source.kind() {
        _ if leads_nowhere(path) => "it is a link to nothing".to_owned(),
        io::ErrorKind::AlreadyExists => "it is a file, not a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of this path is a file, not a folder".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk may only be read".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::PermissionDenied => match owner(path) {
            Some((owner, mode)) => {
                format!("this user may not use it (it is of user {owner}, mode {mode:o})")
            }
            None => "this user may not use it".to_owned(),
        },
        _ => words::system(source),
    }
}

/// Who owns it, or the folder that it was to be in, and who may what.
fn owner(path: &Path) -> Option<(u32, u32)> {
    let there = path.ancestors().find_map(|path| path.metadata().ok())?;
    Some((there.uid(), there.mode() & 0o7777))
}

/// What the database says, in the words of the house.
pub(super) fn words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly) => "it may not be written to".to_owned(),
        Some(ErrorCode::CannotOpen) => "it cannot be opened or made".to_owned(),
        Some(ErrorCode::NotADatabase) => "its header is broken, or it is not a journal".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => "a part of it is overwritten".to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked it".to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => format!("the disk fails ({error})"),
        Some(ErrorCode::ConstraintViolation) => {
            "another process writes to the same journal".to_owned()
        }
        _ => match error {
            // Without the statement.
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            error => error.to_string(),
        },
    }
}

impl From<OpenError> for HistoryError {
    fn from(error: OpenError) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

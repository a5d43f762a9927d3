//! Folders of ours.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::trouble::{GitTrouble, GitTroubleKind};
use crate::words;

/// What is wrong with a file or folder of ours.
pub(super) fn of_disk(path: &Path, error: &io::Error) -> GitTrouble {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "make room on that disk",
        _ => "make it writable for this user, or set `state.path`",
    };
    GitTrouble::new(
        GitTroubleKind::Cache,
        format!("{}: {}", path.display(), words::system(error)),
        hint,
    )
}

/// Removes a folder, if it is there.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Replaces a small file: it is there as a whole or not at all, and stays if the power goes.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("beside");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

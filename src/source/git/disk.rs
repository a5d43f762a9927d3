//! Folders of ours.

use std::{fs, io, path::Path};

use super::trouble::{Trouble, TroubleKind};

/// What is wrong with a file or folder of ours.
pub(super) fn of_disk(path: &Path, error: &io::Error) -> Trouble {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => "make room on that disk",
        _ => "make it writable for this user, or set `state.path`",
    };
    Trouble::new(TroubleKind::Cache, format!("{}: {error}", path.display()), hint)
}

/// Removes a folder, if it is there.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

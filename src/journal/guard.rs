//! Whether the files that this process writes are still those that the folder names. A file that
//! was deleted or put in the place of another takes whatever is written and keeps nothing of it.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{db, lock};
use crate::words;

/// The files as they were last seen.
#[derive(Debug)]
pub(super) struct Guard {
    files: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    place: (u64, u64),
    /// None of them ever gets shorter while a process works.
    length: u64,
    grows: bool,
}

impl Guard {
    /// Watches the journal in `folder` and what belongs to it, as they are now.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        for (name, grows) in
            [(db::FILE, true), (db::LOG, true), (db::SHARED, false), (lock::FILE, false)]
        {
            let path = folder.join(name);
            match fs::metadata(&path) {
                Ok(now) => {
                    files.push(Watched { path, place: place(&now), length: now.len(), grows });
                }
                // The log and its index are made when they are needed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { files })
    }

    /// What has befallen them, if anything.
    pub(super) fn look(&mut self) -> Result<(), String> {
        for file in &mut self.files {
            let path = file.path.display();
            match fs::metadata(&file.path) {
                Ok(now) if place(&now) != file.place => return Err(format!("{path} was replaced")),
                Ok(now) if file.grows && now.len() < file.length => {
                    return Err(format!("{path} was cut short"));
                }
                Ok(now) => file.length = now.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(format!("{path} was deleted"));
                }
                Err(error) => return Err(format!("{path}: {}", words::system(error))),
            }
        }
        Ok(())
    }
}

fn place(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

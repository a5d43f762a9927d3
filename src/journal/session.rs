//! Which process has written in a folder last: an empty file whose name changes with each. A backup
//! that is copied over the files of a folder, each in its place, brings the name of its own time and
//! leaves the one that it met, so the older journal shows.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use super::name;

/// How the names of the file begin.
const BEGIN: &str = "journal.session.";
/// So many digits tell two apart.
const DIGITS: usize = 8;

/// A new one.
pub(super) fn fresh() -> String {
    let mut name = name::fresh();
    name.truncate(DIGITS);
    name
}

/// All that a folder tells of: mostly one.
pub(super) fn found(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let session = name.to_str().and_then(|name| name.strip_prefix(BEGIN));
        found.extend(session.map(str::to_owned));
    }
    found.sort_unstable();
    Ok(found)
}

/// Makes the first one of a folder.
pub(super) fn make(folder: &Path, session: &str) -> io::Result<()> {
    let mut how = OpenOptions::new();
    how.write(true).create(true).truncate(false).mode(0o600);
    how.open(folder.join(format!("{BEGIN}{session}"))).map(drop)
}

/// From now on the folder tells of this one alone. At no time it tells of none.
pub(super) fn replace(folder: &Path, found: &[String], session: &str) -> io::Result<()> {
    let name = |session: &str| folder.join(format!("{BEGIN}{session}"));
    let mut others = found.iter().filter(|other| *other != session);
    if let Some(last) = others.next() {
        fs::rename(name(last), name(session))?;
    }
    others.try_for_each(|other| fs::remove_file(name(other)))
}

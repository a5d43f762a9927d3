//! What a new folder has beside settings and manifests: what git leaves alone, and a place for
//! secrets.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use super::{StartingPoint, files};
use crate::{
    cli::{exit::Failure, out},
    foreign::line,
};

/// What `.gitignore` lacks of what is not for git: the journal, secrets, lists with names of people.
pub(super) fn ignored(folder: &Path, begin: &StartingPoint) -> Result<String, Failure> {
    let lines: &[&str] = match begin {
        StartingPoint::Demo => &["/.dialplane/"],
        StartingPoint::List(_) => &["/.dialplane/", "*.csv"],
        StartingPoint::Graph | StartingPoint::Account => &["/.dialplane/", "/secrets/"],
    };
    let path = folder.join(files::GITIGNORE);
    let found = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        found => found.map_err(|error| {
            Failure::new(format!("{}: {error}: nothing was written", path.display()))
        })?,
    };
    Ok(files::ignored(&found, lines))
}

/// Adds it.
pub(super) fn ignore(folder: &Path, added: &str) -> Result<(), Failure> {
    let path = folder.join(files::GITIGNORE);
    let failure = |error: io::Error| Failure::new(format!("{}: {error}", path.display()));
    if added.is_empty() {
        return Ok(());
    }
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(failure)?;
    file.write_all(added.as_bytes()).map_err(failure)?;
    out::data(&format!("{}\n", line(path.display())));
    Ok(())
}

/// Makes the folder that the settings read secrets from, for its owner alone.
pub(super) fn make_secrets(folder: &Path) -> Result<(), Failure> {
    let path = folder.join("secrets");
    let made = DirBuilder::new().mode(0o700).create(&path);
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Failure::new(format!("{}: {error}", path.display()))),
        Ok(()) => {
            out::data(&format!("{}/\n", line(path.display())));
            Ok(())
        }
    }
}

//! The status of the service, in a file: health checks need no port, and a look works after its end
//! as well.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::board::Status;

/// The file in the state folder.
pub(super) const FILE: &str = "status.json";

/// Writes it beside and puts it in place, so a reader never meets half of it.
pub(super) fn write(folder: &Path, status: &Status) -> io::Result<()> {
    let beside: PathBuf = folder.join(format!("{FILE}.new"));
    fs::create_dir_all(folder)?;
    // It names customers and users.
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&serde_json::to_vec_pretty(status)?)?;
    fs::rename(&beside, folder.join(FILE))
}

/// Reads what was last written; absent if no service ever ran here.
pub(super) fn read(folder: &Path) -> io::Result<Option<Status>> {
    match fs::read(folder.join(FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let path = folder.join(FILE);
            io::Error::other(format!("{} is damaged ({error}); it may be deleted", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

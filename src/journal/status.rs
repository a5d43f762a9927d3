//! What the service says of itself, in files: its status, so health checks need no port and a look
//! works after its end as well, what it told people, and how much differed on the last days.

use std::{fs, io, path::Path};

use super::beside::put;
use crate::board::Status;

/// The file in the state folder.
pub(super) const FILE: &str = "status.json";
/// The file of what people were told.
const NOTICES: &str = "notices.json";

/// The file of how much differed on the last days.
const DRIFT: &str = "drift.json";

/// Writes the status.
pub(super) fn write(folder: &Path, status: &Status) -> io::Result<()> {
    put(folder, FILE, &serde_json::to_vec_pretty(status)?)
}

/// Writes what people were told.
pub(super) fn write_notices(folder: &Path, text: &str) -> io::Result<()> {
    put(folder, NOTICES, text.as_bytes())
}

/// What was last written of that; absent if nobody was ever told anything.
pub(super) fn read_notices(folder: &Path) -> io::Result<Option<String>> {
    text(folder, NOTICES)
}

/// Writes how much differed on the last days.
pub(super) fn write_drift(folder: &Path, text: &str) -> io::Result<()> {
    put(folder, DRIFT, text.as_bytes())
}

/// What was last written of that; absent if nothing was ever counted.
pub(super) fn read_drift(folder: &Path) -> io::Result<Option<String>> {
    text(folder, DRIFT)
}

fn text(folder: &Path, file: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(folder.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the status that was last written; absent if no service ever ran here.
pub(super) fn read(folder: &Path) -> io::Result<Option<Status>> {
    match fs::read(folder.join(FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let path = folder.join(FILE);
            io::Error::other(format!("{} is damaged ({error}); it may be deleted", path.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let path = folder.join(FILE);
            Err(io::Error::new(error.kind(), format!("{} cannot be read: {error}", path.display())))
        }
    }
}

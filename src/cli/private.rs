//! Files that only their owner may read: they hold names and numbers of people.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use crate::file;

/// Writes a file that only its owner can read, and that is there as a whole or not at all. What is
/// no regular file is not replaced: a device, or the pipe that `/dev/stdout` leads to.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Ok(found) = fs::metadata(path)
        && !found.is_file()
    {
        let kind = file::kind(found.file_type());
        return Err(io::Error::other(format!("it is {kind}, and no regular file")));
    }
    // A link is kept: what it leads to is replaced.
    let path = &*fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // What is left of it holds names and numbers.
        let _ = fs::remove_file(&beside);
    })
}

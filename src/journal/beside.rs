//! Small files beside the journal that people read: the status, notices, last plans. Each is replaced
//! as a whole. They are only a help, so they are not flushed; the journal is.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Writes it beside and puts it in place, so a reader never meets half of it. Only its owner may
/// read it: it names customers and users.
pub(super) fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(&beside)?.write_all(bytes)?;
    fs::rename(&beside, folder.join(name))
}

//! Folders for tests.

use std::{env, fs, path::Path, sync::LazyLock};

use tempfile::TempDir;

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// Whether files go there: it exists, programs may be started from it, and nobody said where
/// temporary files belong.
static IN_MEMORY: LazyLock<bool> = LazyLock::new(|| {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mut options = mounts
        .lines()
        .map(|line| line.split(' '))
        .filter_map(|mut words| (words.nth(1) == Some(MEMORY)).then(|| words.nth(1)));
    let usable = options.next().flatten().is_some_and(|options| {
        options.split(',').all(|option| option != "noexec" && option != "ro")
    });
    usable && env::var_os("TMPDIR").is_none()
});

/// A folder that goes with the test. It lies in memory where that can be: the journal waits for the
/// disk at each entry, and what a test writes need not outlive the machine.
/// `TMPDIR=/var/tmp cargo test` keeps to the disk.
pub(crate) fn folder() -> TempDir {
    let in_memory = IN_MEMORY.then(|| tempfile::tempdir_in(Path::new(MEMORY)).ok()).flatten();
    in_memory.unwrap_or_else(|| tempfile::tempdir().unwrap())
}

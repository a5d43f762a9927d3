//! The right to work with a state folder: a file whose lock the system gives back when its process
//! ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use super::OpenError;
use crate::words::time;

/// The file whose lock is the right to write.
pub(super) const FILE: &str = "lock";
/// How the line begins that names the journal of the folder.
const JOURNAL: &str = "writes the journal ";
/// How often a lock that is taken is tried again, and after which pause.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// A lock that is held; given back when this is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would do, but for a child process that is just being started and still
        // shares it. It does not matter if unlocking fails: closing unlocks too.
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// Says who holds it. Others read the holder in the first line.
    fn say(&self, words: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all_at(words.as_bytes(), 0)
    }

    /// Says as well that there is a journal here: if it is gone later, this shows that there was
    /// one.
    pub(super) fn name_journal(&self, identity: &str, journal: &str) -> io::Result<()> {
        self.say(&format!("{identity}\n{JOURNAL}{journal}\n"))
    }
}

/// Who this process is, as others are told: process, machine, since when.
pub(super) fn identity() -> String {
    let host = host();
    format!("process {} on {host} since {}", std::process::id(), time(jiff::Timestamp::now()))
}

/// The name of this machine.
pub(super) fn host() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim().to_owned());
    host.filter(|name| !name.is_empty()).unwrap_or_else(|| "this machine".to_owned())
}

/// Takes the lock of a folder for the process that calls itself `identity`.
pub(super) fn take(folder: &Path, identity: &str) -> Result<Lock, OpenError> {
    let path = folder.join(FILE);
    let at = |source| OpenError::Io { path: path.clone(), source };
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = how.open(&path).map_err(at)?;
    // A look at the lock (`is_held`) takes it for a moment; a process that works holds it for long.
    let mut taken = file.try_lock();
    for _ in 0..TRIES {
        if !matches!(taken, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(PAUSE);
        taken = file.try_lock();
    }
    match taken {
        Ok(()) => {
            let lock = Lock { file };
            lock.say(identity).map_err(at)?;
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => {
            let holder = first_line(&path).unwrap_or_else(|| "another process".to_owned());
            Err(OpenError::InUse { path: folder.to_owned(), holder })
        }
        Err(TryLockError::Error(source)) => Err(at(source)),
    }
}

fn first_line(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().filter(|line| !line.is_empty()).map(str::to_owned)
}

/// The lock of a folder, if it says that its last holder had a journal there.
pub(super) fn names_a_journal(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(FILE);
    let text = std::fs::read_to_string(&path).ok()?;
    text.lines().any(|line| line.starts_with(JOURNAL)).then_some(path)
}

/// Whether a process that is alive works with the state in `folder`.
pub(super) fn is_held(folder: &Path) -> io::Result<bool> {
    match File::open(folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
    }
}

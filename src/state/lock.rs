//! The right to work with a state folder: a file whose lock the system gives back when its process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::Duration,
};

use super::OpenError;

/// The file whose lock is the right to write.
const FILE: &str = "lock";
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
        // Closing the file would do, but for a child process that is just being started and still shares it. Not to be able to
        // unlock is no loss: then closing does it.
        let _ = self.file.unlock();
    }
}

/// Who this process is, as others are told: process, machine, since when.
pub(super) fn identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned());
    let host = host.filter(|name| !name.is_empty()).unwrap_or_else(|| "this machine".to_owned());
    format!("process {} on {host} since {}", std::process::id(), jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC"))
}

/// Takes the lock of a folder for the process that calls itself `identity`.
pub(super) fn take(folder: &Path, identity: &str) -> Result<Lock, OpenError> {
    let path = folder.join(FILE);
    let at = |source| OpenError::Io { path: path.clone(), source };
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(at)?;
    // A look at the lock (`is_held`) takes it for a moment; whoever works holds it for long.
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
            file.set_len(0).map_err(at)?;
            file.rewind().map_err(at)?;
            file.write_all(identity.as_bytes()).map_err(at)?;
            Ok(Lock { file })
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let told = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
            let holder = if told { holder } else { "another process".to_owned() };
            Err(OpenError::InUse { path: folder.to_owned(), holder })
        }
        Err(TryLockError::Error(source)) => Err(at(source)),
    }
}

/// Whether a process that is alive works with the state in `folder`.
pub fn is_held(folder: &Path) -> io::Result<bool> {
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

//! A journal in one file of JSON lines.
//!
//! A thread owns the file. It takes whatever waits, writes it at once and makes it durable once: the disk's flush dominates,
//! so many steps side by side share it.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    fold::Fold,
    record::{Line, VERSION},
};
use crate::{
    model::{Memory, TenantId},
    ports::{Entry, Journal, JournalError},
};

/// The file in the state folder.
const FILE: &str = "journal.jsonl";
/// The file whose lock is the right to write.
const LOCK: &str = "lock";
/// How often a lock that is taken is tried again, and after which pause.
const LOCK_TRIES: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Entries that share one flush, at most: bounds how long the first of them waits.
const GROUP: usize = 512;

type Waiting = (Vec<u8>, oneshot::Sender<Result<(), JournalError>>);

/// A journal in a file.
#[derive(Debug)]
pub struct FileJournal {
    fold: Arc<Mutex<Fold>>,
    queue: Option<Sender<Waiting>>,
    writer: Option<JoinHandle<()>>,
    lock: File,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it cannot be used.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process works on the same state.
    #[error("{path} is in use by {holder}", path = path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The file holds entries of a format that this program does not know yet.
    #[error("{path}:{line}: the journal was written by a newer dialplane (format {version}; this one knows {VERSION})", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The format.
        version: u32,
    },
    /// The file holds something that is no entry.
    #[error("{path}:{line}: the journal is damaged: {reason}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl OpenError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "set `state.path` to a folder that this user may write to",
            Self::InUse { .. } => "only one dialplane may write with the same state; stop the other one first",
            Self::Newer { .. } => "nothing was changed; use a dialplane that is at least as new as the one that wrote it",
            Self::Damaged { .. } => {
                "nothing was changed; restore the file from a backup, or move it away after making sure that no sync is owed"
            }
        }
    }
}

/// What a journal remembers, without the right to write: for dry runs. An absent journal remembers nothing.
pub fn read_memory(folder: &Path) -> Result<impl Fn(&TenantId) -> Memory + use<>, OpenError> {
    let path = folder.join(FILE);
    let (fold, _) = match File::open(&path) {
        Ok(mut file) => replay(&path, &mut file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Fold::default(), 0),
        Err(source) => return Err(OpenError::Io { path, source }),
    };
    Ok(move |tenant: &TenantId| fold.memory(tenant))
}

impl FileJournal {
    /// Opens the journal in `folder`, which is made if it does not exist, and takes the right to write.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        // It holds people's names and numbers.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))?;
        let lock = take_lock(folder)?;
        let path = folder.join(FILE);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(0o600).open(&path).map_err(at(&path))?;
        let (fold, whole) = replay(&path, &mut file)?;
        // A line that was cut off by a crash was never acknowledged.
        file.set_len(whole).and_then(|()| file.sync_all()).map_err(at(&path))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
        let (queue, waiting) = channel();
        let name = "journal".to_owned();
        let writer = std::thread::Builder::new().name(name).spawn(move || write(file, &waiting)).map_err(at(&path))?;
        Ok(Self { fold: Arc::new(Mutex::new(fold)), queue: Some(queue), writer: Some(writer), lock })
    }
}

impl Journal for FileJournal {
    fn memory(&self, tenant: &TenantId) -> Memory {
        self.fold.lock().unwrap_or_else(PoisonError::into_inner).memory(tenant)
    }

    async fn record(&self, entry: Entry) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(&Line::from(&entry)).map_err(|error| JournalError(error.to_string()))?;
        line.push(b'\n');
        let ended = || JournalError("its writer has ended".to_owned());
        let (done, durable) = oneshot::channel();
        self.queue.as_ref().ok_or_else(ended)?.send((line, done)).map_err(|_| ended())?;
        durable.await.map_err(|_| ended())??;
        self.fold.lock().unwrap_or_else(PoisonError::into_inner).add(&entry);
        Ok(())
    }
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // Nothing to report: each entry was answered on its own.
            let _ = writer.join();
        }
        // Closing the file would do, but for a child process that is just being started and still shares it. Not to be able to
        // unlock is no loss: then closing does it.
        let _ = self.lock.unlock();
    }
}

/// Writes groups until nobody can send any more. After a failure nothing is written: the file may end in half a line.
fn write(mut file: File, waiting: &Receiver<Waiting>) {
    let mut failed: Option<JournalError> = None;
    while let Ok(first) = waiting.recv() {
        let group: Vec<Waiting> = std::iter::once(first).chain(waiting.try_iter().take(GROUP - 1)).collect();
        let bytes: Vec<u8> = group.iter().flat_map(|(line, _)| line.iter().copied()).collect();
        if failed.is_none() {
            let written = file.write_all(&bytes).and_then(|()| file.sync_data());
            failed = written.err().map(|error| JournalError(error.to_string()));
        }
        for (_, done) in group {
            // Whoever no longer waits for the answer does not need it.
            let _ = done.send(failed.clone().map_or(Ok(()), Err));
        }
    }
}

/// Whether a process that is alive works with the state in `folder`. The lock ends with its process, however that ends.
pub fn is_held(folder: &Path) -> io::Result<bool> {
    match File::open(folder.join(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
    }
}

fn take_lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK);
    let at = |source| OpenError::Io { path: path.clone(), source };
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(at)?;
    // A look at the lock (`is_held`) takes it for a moment; whoever works holds it for long.
    let mut taken = file.try_lock();
    for _ in 0..LOCK_TRIES {
        if !matches!(taken, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(LOCK_PAUSE);
        taken = file.try_lock();
    }
    match taken {
        Ok(()) => {
            file.set_len(0).map_err(at)?;
            file.rewind().map_err(at)?;
            write!(file, "process {} since {}", std::process::id(), jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC"))
                .map_err(at)?;
            Ok(file)
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

/// Adds up the whole lines of a file, and says how many bytes they are.
fn replay(path: &Path, file: &mut File) -> Result<(Fold, u64), OpenError> {
    let mut text = Vec::new();
    let regular = file.metadata().map(|metadata| metadata.is_file());
    if !regular.map_err(|source| OpenError::Io { path: path.to_owned(), source })? {
        return Err(OpenError::Io { path: path.to_owned(), source: io::Error::other("it is no regular file") });
    }
    file.read_to_end(&mut text).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    let mut fold = Fold::default();
    let mut whole = 0;
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            break;
        }
        let entry = read_line(line.trim_ascii_end()).map_err(|wrong| {
            let (path, line) = (path.to_owned(), number + 1);
            match wrong {
                BadLine::Newer(version) => OpenError::Newer { path, line, version },
                BadLine::Damaged(reason) => OpenError::Damaged { path, line, reason },
            }
        })?;
        fold.add(&entry);
        whole += line.len() as u64;
    }
    Ok((fold, whole))
}

/// Why a line gives no entry.
enum BadLine {
    Newer(u32),
    Damaged(String),
}

fn read_line(line: &[u8]) -> Result<Entry, BadLine> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let damaged = |error: serde_json::Error| BadLine::Damaged(why(&error));
    let Version { v } = serde_json::from_slice(line).map_err(damaged)?;
    if v > VERSION {
        return Err(BadLine::Newer(v));
    }
    serde_json::from_slice::<Line>(line).map_err(damaged)?.entry().map_err(BadLine::Damaged)
}

/// The parser's words without its place: it counts from the start of the line, which it calls line 1.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

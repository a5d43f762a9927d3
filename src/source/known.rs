//! Files as they were last read. One that has not moved since is not read again.
//!
//! **Invariant:** no edit is hidden. Size, times, inode and device must be those that the file had
//! before it was read, and by then its times must have been [`SETTLED`] ago: two writes within one
//! tick of a file system's clock leave the same times. All files are read every [`PATIENCE`], for
//! file systems whose times cannot be trusted, and whenever somebody doubts them
//! ([`KnownFiles::doubt`]).

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use sha2::{Digest as _, Sha256};

use crate::{file, yaml};

/// How old the times of a file must be before they can prove that it has not moved. The clocks of
/// the oldest file systems tick every two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// How long times are believed.
const PATIENCE: Duration = Duration::from_secs(600);

/// Files as they were last read, for [`read_tree_again`](super::read_tree_again).
#[derive(Debug)]
pub struct KnownFiles {
    clock: fn() -> SystemTime,
    former: BTreeMap<PathBuf, Known>,
    now: BTreeMap<PathBuf, Known>,
    /// When all files were last read, whatever their times said.
    all_read: Option<Instant>,
    /// Nothing is kept: nobody will look again.
    forgets: bool,
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) text: Arc<str>,
    pub(super) hash: [u8; 32],
}

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    /// Whether the times were old enough when the file was read.
    is_settled: bool,
    content: Content,
}

/// What tells one version of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Default for KnownFiles {
    fn default() -> Self {
        Self::with_clock(SystemTime::now)
    }
}

impl KnownFiles {
    pub(super) fn with_clock(clock: fn() -> SystemTime) -> Self {
        let former = BTreeMap::new();
        let now = BTreeMap::new();
        Self { clock, former, now, all_read: None, forgets: false }
    }

    /// For a single look.
    pub(super) fn of_nothing() -> Self {
        Self { forgets: true, ..Self::default() }
    }

    /// A tree is read from here on.
    pub(super) fn begin(&mut self) {
        if self.all_read.is_none_or(|at| at.elapsed() >= PATIENCE) {
            self.doubt();
            self.all_read = Some(Instant::now());
        }
    }

    /// All of it was read: what was not met is gone.
    pub(super) fn end(&mut self) {
        self.former = std::mem::take(&mut self.now);
    }

    /// No time proves anything at the next look: all files are read.
    pub fn doubt(&mut self) {
        self.former.values_mut().for_each(|known| known.is_settled = false);
    }

    /// What the file at `path` holds, or why that is not known.
    pub(super) fn read(&mut self, path: &Path) -> Result<Content, String> {
        if let Some(content) = self.now.get(path).map(|known| known.content.clone()) {
            return Ok(content);
        }
        let former = self.former.remove(path);
        let known = match former {
            Some(known) if known.is_settled && Stamp::at(path) == Some(known.stamp) => known,
            former => Known::read(path, former.map(|former| former.content), (self.clock)())?,
        };
        if self.forgets {
            return Ok(known.content);
        }
        let content = known.content.clone();
        self.now.insert(path.to_owned(), known);
        Ok(content)
    }
}

impl Known {
    /// Reads the file; `now` is the time before that.
    fn read(path: &Path, former: Option<Content>, now: SystemTime) -> Result<Self, String> {
        let (text, before) = file::read_text_opened(path, yaml::MAX_BYTES)?;
        let stamp = Stamp::of(&before);
        let hash = Sha256::digest(text.as_bytes()).into();
        // A text that is the same stays the same text, so its reading can be kept.
        let content = former
            .filter(|former| former.hash == hash)
            .unwrap_or_else(|| Content { text: text.into(), hash });
        Ok(Self { stamp, is_settled: stamp.is_settled(now), content })
    }
}

impl Stamp {
    fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether a later write would show in the times.
    fn is_settled(&self, now: SystemTime) -> bool {
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let Some(latest) = since_epoch.checked_sub(SETTLED) else { return false };
        let latest = i64::try_from(latest.as_secs()).unwrap_or(i64::MAX);
        self.modified.0 < latest && self.changed.0 < latest
    }
}

#[cfg(test)]
mod tests;

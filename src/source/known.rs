//! Files as they were last read. One that has not moved since is not read again, and its text is let
//! go: whoever has understood it has no need of it.
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
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{file, manifest::ManifestText, yaml};

/// How old the times of a file must be before they can prove that it has not moved. The clocks of
/// the oldest file systems tick every two seconds.
const SETTLED: Duration = Duration::from_secs(2);

/// How long times are believed.
const PATIENCE: Duration = Duration::from_secs(600);

/// Files as they were last read, for [`read_tree_again`](super::read_tree_again).
#[derive(Debug)]
pub struct KnownFiles {
    clock: fn() -> SystemTime,
    former: BTreeMap<PathBuf, KnownFile>,
    now: BTreeMap<PathBuf, KnownFile>,
    /// When all files were last read, whatever their times said.
    all_read: Option<Instant>,
    /// Nothing is kept: nobody will look again.
    forgets: bool,
}

#[derive(Debug)]
struct KnownFile {
    stamp: FileStamp,
    /// Whether the times were old enough when the file was read.
    is_settled: bool,
    text: ManifestText,
}

/// What tells one version of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
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
        // What has no name as text could not be read again by it.
        let named = self.former.iter_mut().filter(|(path, _)| path.to_str().is_some());
        named.for_each(|(_, known)| known.text = known.text.let_go());
    }

    /// No time proves anything at the next look: all files are read.
    pub fn doubt(&mut self) {
        self.former.values_mut().for_each(|known| known.is_settled = false);
    }

    /// What the file at `path` holds, or why that is not known. The text of a file that has not moved
    /// since it was last read is not at hand.
    pub(super) fn read(&mut self, path: &Path) -> Result<ManifestText, String> {
        if let Some(text) = self.now.get(path).map(|known| known.text.clone()) {
            return Ok(text);
        }
        let former = self.former.remove(path);
        let known = match former {
            Some(known) if known.is_settled && FileStamp::at(path) == Some(known.stamp) => known,
            _ => KnownFile::read(path, (self.clock)())?,
        };
        if self.forgets {
            return Ok(known.text);
        }
        let text = known.text.clone();
        self.now.insert(path.to_owned(), known);
        Ok(text)
    }
}

impl KnownFile {
    /// Reads the file; `now` is the time before that.
    fn read(path: &Path, now: SystemTime) -> Result<Self, String> {
        let (text, before) = file::read_text_opened(path, yaml::MAX_BYTES)?;
        let stamp = FileStamp::of(&before);
        Ok(Self { stamp, is_settled: stamp.is_settled(now), text: text.into() })
    }
}

impl FileStamp {
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

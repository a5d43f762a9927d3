//! Where a journal is kept. Here alone settings become a store, for those who write and for those
//! who look back; nobody else knows that it is a folder.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{
    About, OpenError, Retention, SqliteHistory, SqliteJournal, Store, lock, status, verdict,
};
use crate::{
    board::Status,
    config::State,
    model::{TenantId, Verdict},
};

/// So many bytes show that there is room: what a pass of a few users writes.
const SAMPLE: usize = 16 * 1024;

/// A folder on this machine. It is shown as that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    folder: PathBuf,
    retention: Retention,
}

#[expect(clippy::unused_async, reason = "places on other machines are asked over a network")]
impl Place {
    /// What the settings say.
    #[must_use]
    pub fn of(state: &State) -> Self {
        Self { folder: state.path.clone(), retention: state.keeps() }
    }

    /// Opens the journal to write, and makes it if there is none.
    pub async fn open(&self) -> Result<Store, OpenError> {
        SqliteJournal::open(&self.folder, self.retention).map(Store::File)
    }

    /// Opens it to look back, once all of it is proved. One that never was is empty.
    pub async fn look(&self) -> Result<SqliteHistory, OpenError> {
        SqliteHistory::sound(&self.folder)
    }

    /// The same, whole or damaged.
    pub async fn look_at_all(&self) -> Result<SqliteHistory, OpenError> {
        SqliteHistory::read(&self.folder)
    }

    /// Takes what is there for the journal from now on, whatever was written there before. Tells
    /// whether there is anything.
    pub async fn accept(&self) -> Result<bool, OpenError> {
        SqliteJournal::accept(&self.folder)
    }

    /// How much it holds. Nothing is proved.
    pub async fn about(&self) -> Result<About, OpenError> {
        About::of(&self.folder)
    }

    /// Whether a process has the right to write now.
    pub async fn is_held(&self) -> io::Result<bool> {
        lock::is_held(&self.folder)
    }

    /// Whether it could be written: a file with something in it is made there, or where the folder
    /// would be made, and removed again.
    pub async fn try_to_write(&self) -> io::Result<()> {
        let folder = std::path::absolute(&self.folder)?;
        let there = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
        let file = there.join(format!(".dialplane-doctor-{}", std::process::id()));
        let mut opened = OpenOptions::new().write(true).create_new(true).open(&file)?;
        // A full disk lets files be made that hold nothing.
        let written = opened.write_all(&[0; SAMPLE]).and_then(|()| opened.sync_all());
        fs::remove_file(file).and(written)
    }

    /// Writes what the service says of itself.
    pub fn write_status(&self, status: &Status) -> io::Result<()> {
        status::write(&self.folder, status)
    }

    /// What a service last said of itself; absent if none ever ran with this.
    pub fn read_status(&self) -> io::Result<Option<Status>> {
        status::read(&self.folder)
    }

    /// Writes what people were told, for the next start of the service.
    pub fn write_notices(&self, text: &str) -> io::Result<()> {
        status::write_notices(&self.folder, text)
    }

    /// What the service last wrote of that; absent if it never told anybody anything.
    pub fn read_notices(&self) -> io::Result<Option<String>> {
        status::read_notices(&self.folder)
    }

    /// Keeps what a plan said of a tenant.
    pub fn write_verdict(&self, tenant: &TenantId, verdict: &Verdict) -> io::Result<()> {
        verdict::write(&self.folder, tenant, verdict)
    }

    /// What the last plan of a tenant said. Nothing if nothing was kept, or it cannot be
    /// understood: it is only a help.
    #[must_use]
    pub fn read_verdict(&self, tenant: &TenantId) -> Option<Verdict> {
        verdict::read(&self.folder, tenant)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.folder.display().fmt(f)
    }
}

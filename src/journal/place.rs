//! Where a journal is kept. Here alone settings become a store, for those who write and for those
//! who look back; nobody else knows whether it is a file or a database. What belongs to this machine
//! is in a folder in any case.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{
    Finding, JournalSize, OpenError, PostgresHistory, PostgresJournal, Retention, SqliteHistory,
    SqliteJournal, Store, StoredHistory, TransferSummary, db, former, lock, postgres, sqlite,
    status, transfer, verdict,
};
use crate::{
    board::Status,
    config::{Postgres, State},
    model::{TenantId, Verdict},
};

/// So many bytes show that there is room: what a pass of a few users writes.
const SAMPLE: usize = 16 * 1024;

/// A folder on this machine, or a database beside one. It is shown as that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLocation {
    folder: PathBuf,
    retention: Retention,
    postgres: Option<Postgres>,
}

/// What a person has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// The journal in the folder.
    Journal,
    /// A new journal: there was none.
    Nothing,
    /// So many tenants of a database.
    Tenants(usize),
}

#[expect(clippy::unused_async, reason = "what is asked of a folder is asked of a database as well")]
impl JournalLocation {
    /// What the settings say.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let postgres = state.postgres.clone();
        Self { folder: state.path.clone(), retention: state.keeps(), postgres }
    }

    /// Opens the journal to write, and makes it if there is none.
    pub async fn open(&self) -> Result<Store, OpenError> {
        let Some(settings) = &self.postgres else {
            return SqliteJournal::open(&self.folder, self.retention).map(Store::File);
        };
        let at = |source| OpenError::Io { path: self.folder.clone(), source };
        sqlite::make_folder(&self.folder)?;
        self.refuse_two()?;
        let holder = lock::identity();
        let lock = lock::take(&self.folder, &holder)?;
        let journal = PostgresJournal::open_beside(settings, self.retention, &self.folder).await?;
        // A file that is begun here later is noticed: what is known is elsewhere.
        lock.name_journal(&holder, journal.name()).map_err(at)?;
        Ok(Store::Shared(journal.holding(lock)))
    }

    /// What is owed or unknown in a file that was not moved would be forgotten, and who looks back
    /// at the database alone would be told that nothing was.
    fn refuse_two(&self) -> Result<(), OpenError> {
        let at = |source| OpenError::Io { path: self.folder.clone(), source };
        if !db::exists(&self.folder.join(db::FILE)).map_err(at)? && !former::is_there(&self.folder)
        {
            return Ok(());
        }
        Err(OpenError::Database {
            place: self.folder.display().to_string(),
            reason: "it holds a journal in a file, whose debts are not in the database".to_owned(),
            hint: "move it there: end all services and run `dialplane journal move --to postgres`",
        })
    }

    /// Opens it to look back. What is in a file is proved as a whole, of a database what is asked
    /// for. One that never was is empty.
    pub async fn look(&self) -> Result<StoredHistory, OpenError> {
        match &self.postgres {
            None => SqliteHistory::sound(&self.folder).map(Box::new).map(StoredHistory::File),
            Some(settings) => {
                self.refuse_two()?;
                let history = PostgresHistory::read_beside(settings, &self.folder).await?;
                Ok(StoredHistory::Shared(Box::new(history)))
            }
        }
    }

    /// The same, whole or damaged.
    pub async fn look_at_all(&self) -> Result<StoredHistory, OpenError> {
        match &self.postgres {
            None => SqliteHistory::read(&self.folder).map(Box::new).map(StoredHistory::File),
            Some(settings) => {
                self.refuse_two()?;
                let history = PostgresHistory::read_beside(settings, &self.folder).await?;
                Ok(StoredHistory::Shared(Box::new(history)))
            }
        }
    }

    /// Takes what is there for the journal from now on, whatever was written there before.
    pub async fn accept(&self) -> Result<Accepted, OpenError> {
        match &self.postgres {
            None if SqliteJournal::accept(&self.folder)? => Ok(Accepted::Journal),
            None => Ok(Accepted::Nothing),
            Some(settings) => postgres::accept(settings, &self.folder).await.map(Accepted::Tenants),
        }
    }

    /// Takes what is in the folder for the newest: nothing is forgotten. Only of a file.
    pub async fn accept_as_newest(&self) -> Result<(), OpenError> {
        match &self.postgres {
            None => SqliteJournal::accept_as_newest(&self.folder),
            Some(_) => Err(OpenError::Database {
                place: self.to_string(),
                reason: "only a journal in a folder can be moved and be the newest all the same"
                    .to_owned(),
                hint: "leave `--newest` out: what the database lost is not known",
            }),
        }
    }

    /// Moves the journal of the folder to the database. Nothing if no database is set.
    pub async fn transfer(&self) -> Result<Option<TransferSummary>, OpenError> {
        match &self.postgres {
            None => Ok(None),
            Some(settings) => transfer::transfer(&self.folder, settings).await.map(Some),
        }
    }

    /// How much it holds. Nothing is proved.
    pub async fn about(&self) -> Result<JournalSize, OpenError> {
        match &self.postgres {
            None => JournalSize::of(&self.folder),
            Some(settings) => {
                self.refuse_two()?;
                PostgresHistory::read(settings).await?.about().await
            }
        }
    }

    /// What is to be known of the database; nothing of a file.
    pub async fn examine(&self) -> Vec<Finding> {
        match &self.postgres {
            None => Vec::new(),
            Some(settings) => postgres::examine(settings).await,
        }
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

    /// Writes how much differed on the last days, for the next start of the service.
    pub fn write_drift(&self, text: &str) -> io::Result<()> {
        status::write_drift(&self.folder, text)
    }

    /// What the service last wrote of that; absent if it never counted anything.
    pub fn read_drift(&self) -> io::Result<Option<String>> {
        status::read_drift(&self.folder)
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

impl fmt::Display for JournalLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.postgres {
            None => self.folder.display().fmt(f),
            Some(Postgres { schema, .. }) => write!(f, "the schema {schema} of the database"),
        }
    }
}

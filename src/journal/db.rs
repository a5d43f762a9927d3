//! The journal's database: its tables, the way from older formats, and how it is opened.
//!
//! ```text
//! entries   sequence, line (an entry as JSON), hash over the hash before it and the line: a chain
//! fold      one row: what all entries up to a sequence add up to
//! anchor    one row: the sequence and the hash before the first entry that is kept
//! leases    the last fencing token of each tenant
//! journal   one row: its name, which no other journal has
//! seals     a hash of each table but `entries`, which has its chain, and of what the tables are
//! made of
//! ```
//!
//! **Invariant:** what a line says is in the line alone; the other columns of an entry are computed
//! from it.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    path::Path,
    time::Duration,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior, params,
};

use super::{OpenError, chain::Link, name, seal::SealedPart};

/// The file in the state folder.
pub(super) const FILE: &str = "journal.db";
/// What is beside it while a process works: what was written last, and an index of it.
pub(super) const LOG: &str = "journal.db-wal";
pub(super) const SHARED: &str = "journal.db-shm";
/// "Dial": tells a journal from other databases.
const APPLICATION: i32 = 0x4469_616c;
/// The way from each format to the next; a new file walks all of it.
const MIGRATIONS: [fn(&Transaction<'_>) -> rusqlite::Result<()>; 3] = [begin, chain_up, seal_up];
/// The first format whose sum of entries is sealed. A sum that is older can be proved by its
/// entries only.
pub(super) const SEALED: usize = 3;
/// How long a reader that looks at the same moment may keep a statement waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Format 1.
fn begin(db: &Transaction<'_>) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TABLE entries (
           sequence INTEGER PRIMARY KEY,
           line TEXT NOT NULL,
           kind TEXT GENERATED ALWAYS AS (line ->> 'event'),
           at TEXT GENERATED ALWAYS AS (line ->> 'at'),
           run TEXT GENERATED ALWAYS AS (line ->> 'run'),
           tenant TEXT GENERATED ALWAYS AS (line ->> 'tenant')
         ) STRICT;
         CREATE TABLE leases (tenant_id TEXT PRIMARY KEY, token INTEGER NOT NULL) STRICT, WITHOUT \
         ROWID;",
    )
}

/// Format 2: the chain, the fold, and what finds a run.
fn chain_up(db: &Transaction<'_>) -> rusqlite::Result<()> {
    db.execute_batch(
        "ALTER TABLE entries ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
         CREATE TABLE fold (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, \
         hash BLOB NOT NULL, state TEXT NOT NULL) STRICT;
         CREATE TABLE anchor (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, \
         hash BLOB NOT NULL) STRICT;
         CREATE INDEX entries_of_run ON entries (run);
         CREATE INDEX runs ON entries (sequence) WHERE kind = 'began';",
    )?;
    let mut link = Link::default();
    db.execute("INSERT INTO anchor VALUES (1, ?1, ?2)", params![link.sequence, link.hash])?;
    let mut lines = db.prepare("SELECT line FROM entries WHERE sequence = ?1")?;
    let mut chain = db.prepare("UPDATE entries SET hash = ?2 WHERE sequence = ?1")?;
    while let Some(line) =
        lines.query_row([link.sequence + 1], |row| row.get::<_, String>(0)).optional()?
    {
        link = link.next(&line);
        chain.execute(params![link.sequence, link.hash])?;
    }
    Ok(())
}

/// Format 3: a name, and seals. A sum that was not sealed is made again from its entries, as long
/// as they are all kept.
fn seal_up(db: &Transaction<'_>) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TABLE journal (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;
         CREATE TABLE seals (part TEXT PRIMARY KEY, hash BLOB NOT NULL) STRICT, WITHOUT ROWID;
         DELETE FROM fold WHERE (SELECT sequence FROM anchor) = 0;",
    )?;
    db.execute("INSERT INTO journal VALUES (1, ?1)", [name::fresh()])?;
    SealedPart::ALL.into_iter().try_for_each(|part| part.seal(db))
}

/// The name of a journal.
pub(super) fn id(db: &Connection) -> rusqlite::Result<String> {
    db.query_row("SELECT id FROM journal", [], |row| row.get(0))
}

pub(super) fn set_anchor(db: &Connection, link: Link) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR REPLACE INTO anchor VALUES (1, ?1, ?2)",
        params![link.sequence, link.hash],
    )?;
    SealedPart::Anchor.seal(db)
}

pub(super) fn anchor(db: &Connection) -> rusqlite::Result<Link> {
    db.query_row("SELECT sequence, hash FROM anchor", [], |row| {
        Ok(Link { sequence: row.get(0)?, hash: row.get(1)? })
    })
}

/// Adds one entry to the end of the chain.
pub(super) fn add(db: &Connection, link: Link, line: &str) -> rusqlite::Result<()> {
    let mut statement =
        db.prepare_cached("INSERT INTO entries (sequence, line, hash) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![link.sequence, line, link.hash]).map(drop)
}

/// Opens the database at `path` for writing, and makes it if there is none. Older formats stay as
/// they are until [`migrate`].
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    let at = |source| OpenError::Io { path: path.to_owned(), source };
    if is_no_file(path).map_err(at)? {
        return Err(at(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    // It holds people's names and numbers; what is beside it is made with the same rights.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(at)?;
    let of = |error| OpenError::of(path, &error);
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(of)?;
    db.busy_timeout(PATIENCE).map_err(of)?;
    // First of all, so a file that is not a journal stays as it is.
    known(&db, path)?;
    db.pragma_update(None, "journal_mode", "WAL").map_err(of)?;
    // Each commit is on the disk before it is acknowledged.
    db.pragma_update(None, "synchronous", "FULL").map_err(of)?;
    Ok(db)
}

/// Whether there is something that is neither a file nor a link to one: to open it might wait for
/// ever.
fn is_no_file(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(!metadata.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether there is a journal at `path`: an empty file is none.
pub(super) fn exists(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(!metadata.is_file() || metadata.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// One in memory, for what is read from elsewhere.
pub(super) fn in_memory() -> Result<Connection, OpenError> {
    let path = Path::new(":memory:");
    let mut db = Connection::open_in_memory().map_err(|error| OpenError::of(path, &error))?;
    migrate(&mut db, path)?;
    Ok(db)
}

/// A database to look at.
pub(super) struct ToRead {
    pub(super) db: Connection,
    /// It is of a former format, and this is a copy that is up to date.
    pub(super) is_former: bool,
}

/// Opens the database at `path` for reading; nothing is locked for others. `None` if there is none.
pub(super) fn open_to_read(path: &Path) -> Result<Option<ToRead>, OpenError> {
    let at = |source| OpenError::Io { path: path.to_owned(), source };
    if !exists(path).map_err(at)? {
        return Ok(None);
    }
    if is_no_file(path).map_err(at)? {
        return Err(at(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    // Without a log beside it all is in the file, and SQLite need not make anything to read it.
    // With one, a process is writing or was killed: then both are read.
    let log = fs::metadata(path.with_extension("db-wal")).is_ok_and(|log| log.len() > 0);
    let how = if log { "" } else { "?immutable=1" };
    let name: String = percent_encode(path.as_os_str().as_bytes(), PATH).collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let of = |error| OpenError::of(path, &error);
    let db = Connection::open_with_flags(format!("file:{name}{how}"), flags).map_err(of)?;
    db.busy_timeout(PATIENCE).map_err(of)?;
    if known(&db, path)? < MIGRATIONS.len() {
        let db = in_memory_of(&db, path)?;
        return Ok(Some(ToRead { db, is_former: true }));
    }
    Ok(Some(ToRead { db, is_former: false }))
}

/// What a file name may hold as it is, in the address of a file.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The same in memory and up to date: who may only read cannot walk the way from an older format on
/// disk.
fn in_memory_of(db: &Connection, path: &Path) -> Result<Connection, OpenError> {
    let of = |error| OpenError::of(path, &error);
    let mut copy = Connection::open_in_memory().map_err(of)?;
    rusqlite::backup::Backup::new(db, &mut copy)
        .and_then(|backup| backup.run_to_completion(100, Duration::ZERO, None))
        .map_err(of)?;
    migrate(&mut copy, path)?;
    Ok(copy)
}

/// The format of a database, if it is a journal or nothing yet.
pub(super) fn known(db: &Connection, path: &Path) -> Result<usize, OpenError> {
    let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let of = |error| OpenError::of(path, &error);
    let application = pragma("application_id").map_err(of)?;
    let version = pragma("user_version").map_err(of)?;
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(of)?;
    if application != i64::from(APPLICATION) && (application, version, tables) != (0, 0, 0) {
        return Err(OpenError::Damaged {
            path: path.to_owned(),
            reason: "it is the database of another program".to_owned(),
        });
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(OpenError::Newer {
            path: path.to_owned(),
            version,
            known: number(MIGRATIONS.len()),
        }),
    }
}

/// As the database counts.
pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Brings the database up to date.
pub(super) fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let from = known(db, path)?;
    migrate_from(from, db).map_err(|error| OpenError::of(path, &error))
}

fn migrate_from(from: usize, db: &mut Connection) -> rusqlite::Result<()> {
    for (version, step) in MIGRATIONS.iter().enumerate().skip(from) {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", number(version + 1))?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_commit_is_flushed_before_it_is_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        // Made, opened again, and where something else was set meanwhile.
        for _ in 0..3 {
            let mut db = open(&path).unwrap();
            migrate(&mut db, &path).unwrap();
            let pragma = |name: &str| {
                db.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                    .unwrap()
            };
            assert_eq!(pragma("journal_mode"), rusqlite::types::Value::Text("wal".to_owned()));
            // FULL: the log is flushed with each commit, and before what is in it goes to the file.
            assert_eq!(pragma("synchronous"), rusqlite::types::Value::Integer(2));
            drop(db);
            let other = Connection::open(&path).unwrap();
            other.pragma_update(None, "journal_mode", "DELETE").unwrap();
        }
    }
}

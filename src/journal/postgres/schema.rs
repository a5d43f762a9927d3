//! The tables, and the way from older formats.
//!
//! ```text
//! about     one row: the journal's name, its format, the oldest programs that may read and write,
//!           which journal was moved here, what a tenant owes of which nothing is known
//! tenants   who may write of a tenant (owner, token, until), where its chain ends (sequence, hash),
//!           what its entries add up to (fold) and where those that are kept begin (anchor)
//! service   one row: the process that leads, until when, and its token
//! stops     who stopped everything, when and why; the one without an end is in force
//! orders    what services that stand by hand to the one that leads, and its answers
//! heads     the versions of the manifests that were in force, in their order
//! entries   line (an entry as JSON), hash over the hash before it and the line: a chain per tenant
//! ```
//!
//! **Invariants:** formats only add, so an older program works beside a newer one for as long as
//! `min_writer` lets it. What a line says is in the line alone; `kind`, `run` and `tenant` are
//! computed from it.

use tokio_postgres::{Row, types::Type};

use super::{
    connect::Session,
    failure::{FailureKind, PostgresFailure},
    relay, service,
};
use crate::journal::OpenError;

/// The lock that one migration at a time has: "Dial" and what it is for.
const LOCK: i64 = 0x4469_616c_0000_0001;
/// The way from each format to the next; `{s}` is the schema.
const MIGRATIONS: [&str; 5] = [
    "
    CREATE TABLE {s}.about (
      one boolean PRIMARY KEY DEFAULT true CHECK (one),
      journal text NOT NULL,
      version int NOT NULL,
      min_reader int NOT NULL,
      min_writer int NOT NULL
    );
    INSERT INTO {s}.about VALUES (true, replace(gen_random_uuid()::text, '-', ''), 1, 1, 1);
    CREATE TABLE {s}.tenants (
      tenant_id text COLLATE \"C\" PRIMARY KEY,
      owner text,
      holder text,
      token bigint NOT NULL DEFAULT 0,
      attempt bigint NOT NULL DEFAULT 0,
      until timestamptz,
      epoch bigint NOT NULL DEFAULT 0,
      refused text,
      sequence bigint NOT NULL DEFAULT 0,
      hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
      fold text,
      fold_sequence bigint,
      fold_hash bytea,
      anchor_sequence bigint NOT NULL DEFAULT 0,
      anchor_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
      seal bytea
    ) WITH (fillfactor = 50);
    CREATE TABLE {s}.entries (
      tenant_id text COLLATE \"C\" NOT NULL,
      sequence bigint NOT NULL,
      arrived bigint GENERATED ALWAYS AS IDENTITY,
      line text NOT NULL,
      hash bytea NOT NULL,
      kind text COLLATE \"C\" GENERATED ALWAYS AS (line::json ->> 'event') STORED,
      run text COLLATE \"C\" GENERATED ALWAYS AS (line::json ->> 'run') STORED,
      tenant text COLLATE \"C\" GENERATED ALWAYS AS (line::json ->> 'tenant') STORED,
      PRIMARY KEY (tenant_id, sequence)
    );
    CREATE INDEX entries_of_run ON {s}.entries (run);
    CREATE INDEX runs ON {s}.entries (arrived) WHERE kind = 'began';
    CREATE INDEX suspensions ON {s}.entries (arrived) WHERE kind IN ('suspended', 'resumed');
",
    service::TABLES,
    "
    ALTER TABLE {s}.about ADD COLUMN accepted text, ADD COLUMN moved text;
    ALTER TABLE {s}.tenants ADD COLUMN accepted text;
",
    "
    CREATE TABLE {s}.stops (
      stop bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      by text,
      reason text,
      ended_at timestamptz,
      ended_by text
    );
    CREATE UNIQUE INDEX one_stop ON {s}.stops ((true)) WHERE ended_at IS NULL;
",
    relay::TABLES,
];
/// The format that this program writes.
pub(super) const VERSION: i32 = 5;
/// The oldest format that it looks at without bringing it up to date.
const READS: i32 = 4;

/// What the database says of itself.
#[derive(Debug, Clone)]
pub(super) struct DatabaseInfo {
    /// A name that no other journal has.
    pub(super) journal: String,
    version: i32,
    min_reader: i32,
    min_writer: i32,
}

impl DatabaseInfo {
    fn of(row: &Row) -> Result<Self, PostgresFailure> {
        let wrong = |error: tokio_postgres::Error| PostgresFailure::of(&error);
        Ok(Self {
            journal: row.try_get(0).map_err(wrong)?,
            version: row.try_get(1).map_err(wrong)?,
            min_reader: row.try_get(2).map_err(wrong)?,
            min_writer: row.try_get(3).map_err(wrong)?,
        })
    }

    /// Its format.
    pub(super) fn version(&self) -> i32 {
        self.version
    }

    /// Whether a program of this format may only look at it, or not even that.
    fn refuses(&self, writes: bool) -> Option<String> {
        let least = if writes { self.min_writer } else { self.min_reader };
        (least > VERSION).then(|| {
            format!(
                "the journal was written by a newer dialplane (format {}, which takes programs of \
                    format {least} and above; this one is of {VERSION})",
                self.version
            )
        })
    }
}

/// What is there; nothing if no journal was ever begun in the schema.
pub(super) async fn find(
    session: &Session,
    schema: &str,
) -> Result<Option<DatabaseInfo>, PostgresFailure> {
    let table = format!("{schema}.about");
    let there =
        session.ask(("SELECT to_regclass($1) IS NOT NULL", &[(&table, Type::TEXT)])).await?;
    let is_there = there.first().is_some_and(|row| row.try_get(0).unwrap_or(false));
    if !is_there {
        return Ok(None);
    }
    let query = format!("SELECT journal, version, min_reader, min_writer FROM {schema}.about");
    let rows = session.ask((&query, &[])).await?;
    match rows.first() {
        Some(row) => DatabaseInfo::of(row).map(Some),
        None => Err(PostgresFailure::new(
            FailureKind::Other,
            format!("the table {schema}.about is empty"),
        )),
    }
}

/// The same for those who look back, if this program may.
pub(super) async fn open(
    session: &Session,
    schema: &str,
) -> Result<Option<DatabaseInfo>, OpenError> {
    let place = session.shown();
    let about = find(session, schema).await.map_err(|failure| failure.at(&place))?;
    match about {
        Some(DatabaseInfo { version, .. }) if version < READS => Err(OpenError::Database {
            place,
            reason: format!("its tables are of format {version}; this dialplane reads {READS}"),
            hint: "run a command that writes, such as `dialplane apply`: it brings the tables up \
                to date",
        }),
        about => match about.as_ref().and_then(|about| about.refuses(false)) {
            Some(reason) => Err(newer(place, reason)),
            None => Ok(about),
        },
    }
}

/// Brings the tables up to date, and makes them if there are none.
pub(super) async fn bring_up(session: &Session, schema: &str) -> Result<DatabaseInfo, OpenError> {
    let place = session.shown();
    let at = |failure: PostgresFailure| failure.at(&place);
    let mut about = find(session, schema).await.map_err(at)?;
    if about.as_ref().is_none_or(|about| about.version < VERSION) {
        migrate(session, schema).await.map_err(at)?;
        about = find(session, schema).await.map_err(at)?;
    }
    let about =
        about.ok_or_else(|| at(PostgresFailure::new(FailureKind::Other, "its tables are gone")))?;
    match about.refuses(true) {
        Some(reason) => Err(newer(place, reason)),
        None => Ok(about),
    }
}

fn newer(place: String, reason: String) -> OpenError {
    let hint = "nothing was changed; use a dialplane that is at least as new as the one that wrote \
        it";
    OpenError::Database { place, reason, hint }
}

/// One at a time does it; who waited finds it done.
async fn migrate(session: &Session, schema: &str) -> Result<(), PostgresFailure> {
    let done = steps(session, schema).await;
    if done.is_err() {
        // What was begun goes, if the connection still answers.
        let _ = session.batch("ROLLBACK").await;
    }
    done
}

async fn steps(session: &Session, schema: &str) -> Result<(), PostgresFailure> {
    session
        .batch(&format!(
            "BEGIN; SET LOCAL lock_timeout = '8s'; SELECT pg_advisory_xact_lock({LOCK})"
        ))
        .await?;
    let from = find(session, schema).await?.map_or(0, |about| about.version);
    let from = usize::try_from(from).unwrap_or(0);
    if from == 0 {
        let query = "SELECT to_regnamespace($1) IS NULL";
        let rows = session.ask((query, &[(&schema, Type::TEXT)])).await?;
        if rows.first().is_some_and(|row| row.try_get(0).unwrap_or(true)) {
            session.batch(&format!("CREATE SCHEMA {schema}")).await?;
        }
    }
    for (version, step) in MIGRATIONS.iter().enumerate().skip(from) {
        session.batch(&step.replace("{s}", schema)).await?;
        let version = version + 1;
        session.batch(&format!("UPDATE {schema}.about SET version = {version}")).await?;
    }
    session.batch("COMMIT").await
}

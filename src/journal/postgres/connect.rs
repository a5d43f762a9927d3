//! Connections to the database. Each call has an end; one that took too long takes its connection
//! with it.

use std::{future::Future, pin::Pin, time::Duration};

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Row,
    types::{ToSql, Type},
};

use super::{
    address::{self, Address},
    failure::{FailureKind, PostgresFailure},
    tls,
};
use crate::config::Postgres;

/// How long a call may take, to the answer that it is durable. The server ends it a little earlier.
const CALL: Duration = Duration::from_secs(10);
/// How every transaction begins that writes.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '8s'; SET LOCAL lock_timeout = '5s'";
/// How every look begins that needs one moment.
const LOOK: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '8s'";

/// A value with its type: only built-in ones, whose names the server is not asked for.
pub(super) type Param<'a> = (&'a (dyn ToSql + Sync), Type);
/// A statement with its values.
pub(super) type Statement<'a> = (&'a str, &'a [Param<'a>]);
type QueryResult = Result<Vec<Row>, tokio_postgres::Error>;

/// What it takes to reach the database.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    settings: Postgres,
    schema: String,
    writes: bool,
}

impl Dialer {
    pub(super) fn new(settings: &Postgres, writes: bool) -> Self {
        // In quotes: it may be a word of SQL.
        let schema = format!("\"{}\"", settings.schema);
        Self { settings: settings.clone(), schema, writes }
    }

    /// The schema, as statements name it.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// Connects. The address is read again each time, so a password that was changed is found.
    pub(super) async fn dial(&self) -> Result<Session, PostgresFailure> {
        let login = |words: String| PostgresFailure::new(FailureKind::Login, words);
        let fetched = self.settings.url.read().await;
        let fetched = fetched.map_err(|error| login(error.to_string()))?;
        let read = address::read(fetched.secret.expose_secret(), self.writes);
        let address = read.map_err(|problem| {
            login(format!("the address of the database: {problem}; {}", address::FORM))
        })?;
        let tls = tls::connector(self.settings.root_certificate.as_deref())
            .map_err(|words| PostgresFailure::new(FailureKind::Certificate, words))?;
        let dialled = timeout(address.patience(), address.config.connect(tls)).await;
        let unanswered = |_| {
            PostgresFailure::new(
                FailureKind::Unanswered,
                format!("{} does not answer", address.shown()),
            )
        };
        let (client, connection) = dialled
            .map_err(unanswered)?
            .map_err(|error| not_connected(&PostgresFailure::of(&error), &address))?;
        let task = tokio::spawn(async move {
            // Whoever waits for an answer hears of it.
            let _ = connection.await;
        });
        Ok(Session { client, task, address })
    }

    /// The connection that was kept of an earlier call, or a new one. Whatever ends a call early
    /// takes its connection with it.
    pub(super) async fn connected(
        &self,
        kept: &mut Option<Session>,
    ) -> Result<Session, PostgresFailure> {
        match kept.take() {
            Some(session) => Ok(session),
            None => self.dial().await,
        }
    }
}

/// Keeps the connection of a call that was answered well. A transaction that failed in the middle
/// may still be open.
pub(super) fn keep<T>(
    kept: &mut Option<Session>,
    taken: Session,
    answer: Result<T, PostgresFailure>,
) -> Result<T, PostgresFailure> {
    if answer.is_ok() {
        *kept = Some(taken);
    }
    answer
}

/// Says which database it was.
fn not_connected(failure: &PostgresFailure, address: &Address) -> PostgresFailure {
    PostgresFailure::new(failure.kind, format!("{}: {}", address.shown(), failure.words))
}

/// A connection. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    task: JoinHandle<()>,
    address: Address,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Which database it is, for people.
    pub(super) fn shown(&self) -> String {
        self.address.shown()
    }

    /// Whether it is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.address.is_encrypted()
    }

    /// Asks one thing.
    pub(super) async fn ask(
        &self,
        (query, values): Statement<'_>,
    ) -> Result<Vec<Row>, PostgresFailure> {
        let asked = timeout(CALL, self.client.query_typed(query, values)).await;
        asked.map_err(|_| too_long())?.map_err(|error| PostgresFailure::of(&error))
    }

    /// Carries out all statements or none, in one round trip. The answer is durable.
    pub(super) async fn write(
        &self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<Row>>, PostgresFailure> {
        self.transaction(BEGIN, statements).await
    }

    /// Looks at several things at one moment.
    pub(super) async fn look(
        &self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<Row>>, PostgresFailure> {
        self.transaction(LOOK, statements).await
    }

    /// Carries out a text of statements, such as a migration.
    pub(super) async fn batch(&self, text: &str) -> Result<(), PostgresFailure> {
        let done = timeout(CALL, self.client.batch_execute(text)).await;
        done.map_err(|_| too_long())?.map_err(|error| PostgresFailure::of(&error))
    }

    /// All are sent before the first answer comes. The end of a transaction that failed says that
    /// it ended, not that it failed: each answer has to be a good one.
    async fn transaction(
        &self,
        begin: &str,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<Row>>, PostgresFailure> {
        let mut calls: Vec<Pin<Box<dyn Future<Output = QueryResult> + Send + '_>>> = Vec::new();
        calls.push(Box::pin(self.simple(begin)));
        for (query, values) in statements {
            calls.push(Box::pin(self.client.query_typed(query, values)));
        }
        calls.push(Box::pin(self.simple("COMMIT")));
        let answers = timeout(CALL, join_all(calls)).await.map_err(|_| too_long())?;
        let mut rows = Vec::with_capacity(statements.len());
        for answer in answers {
            rows.push(answer.map_err(|error| PostgresFailure::of(&error))?);
        }
        rows.pop();
        rows.remove(0);
        Ok(rows)
    }

    async fn simple(&self, text: &str) -> QueryResult {
        self.client.batch_execute(text).await.map(|()| Vec::new())
    }
}

fn too_long() -> PostgresFailure {
    let seconds = CALL.as_secs();
    PostgresFailure::new(
        FailureKind::Unanswered,
        format!("the database did not answer within {seconds}s"),
    )
}

//! The stop switch of all that work with one database: a row that each of them looks at once a
//! second.
//!
//! **Invariants:** that it is off counts for a few seconds from the question on which it was told,
//! by both clocks of the machine; from then on it is not known. A table that is not there says that
//! it is off only where no journal is.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::{sync::Mutex as AsyncMutex, task::JoinHandle, time::sleep};
use tokio_postgres::{Row, types::Type};

use super::{
    connect::{Dialer, Session, keep},
    failure::{FailureKind, PostgresFailure},
    load::value,
    schema,
};
use crate::{
    config::Postgres,
    foreign::typed,
    model::{StopNote, StopSeen},
    ports::CommonStop,
};

/// The longest that is told of what somebody wrote.
const TOLD: usize = 200;
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The stop switch in a database.
pub struct DatabaseStop {
    watch: Arc<Watch>,
    worker: JoinHandle<()>,
}

struct Watch {
    dialer: Dialer,
    heard: Mutex<StopNews>,
    /// One call at a time.
    session: AsyncMutex<Option<Session>>,
}

/// What was last heard, and why nothing was since.
struct StopNews {
    last: Option<(QueryTime, Option<StopNote>)>,
    trouble: String,
    /// There is a journal, so its tables cannot be absent.
    is_begun: bool,
}

/// When something was asked, by both clocks: one stands still while a machine sleeps, the other may
/// be set.
#[derive(Clone, Copy)]
struct QueryTime {
    at: Instant,
    clock: Timestamp,
}

impl QueryTime {
    fn now() -> Self {
        Self { at: Instant::now(), clock: Timestamp::now() }
    }

    fn counts(&self) -> bool {
        let by_clock = Duration::try_from(Timestamp::now().duration_since(self.clock));
        self.at.elapsed() < DatabaseStop::COUNTS
            && by_clock.is_ok_and(|passed| passed < DatabaseStop::COUNTS)
    }
}

impl DatabaseStop {
    /// How long it counts that it was heard to be off.
    pub const COUNTS: Duration = Duration::from_secs(8);

    /// Looks at it from now on. It was looked at once when this is there.
    pub async fn watch(settings: &Postgres) -> Arc<Self> {
        let heard =
            StopNews { last: None, trouble: "it was not read yet".to_owned(), is_begun: false };
        let watch = Arc::new(Watch {
            dialer: Dialer::new(settings, true),
            heard: Mutex::new(heard),
            session: AsyncMutex::new(None),
        });
        watch.look().await;
        let worker = tokio::spawn(Watch::work(Arc::downgrade(&watch)));
        Arc::new(Self { watch, worker })
    }
}

impl Drop for DatabaseStop {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Watch {
    fn heard(&self) -> MutexGuard<'_, StopNews> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn work(watch: Weak<Self>) {
        loop {
            sleep(LOOK).await;
            let Some(watch) = watch.upgrade() else { return };
            watch.look().await;
        }
    }

    async fn look(&self) {
        let asked = QueryTime::now();
        let found = self.read().await;
        self.note(asked, found);
    }

    fn note(&self, asked: QueryTime, found: Result<Option<StopNote>, PostgresFailure>) {
        let mut heard = self.heard();
        let is_newest = heard.last.as_ref().is_none_or(|(last, _)| last.at <= asked.at);
        match found {
            // An answer that was overtaken is no news.
            Ok(_) if !is_newest => {}
            Ok(note) => heard.last = Some((asked, note)),
            Err(failure) => heard.trouble = failure.words,
        }
    }

    async fn read(&self) -> Result<Option<StopNote>, PostgresFailure> {
        let schema = self.dialer.schema();
        if !self.heard().is_begun {
            let mut session = self.session.lock().await;
            let taken = self.dialer.connected(&mut session).await?;
            let about = schema::find(&taken, schema).await;
            if keep(&mut session, taken, about)?.is_none() {
                return Ok(None);
            }
            self.heard().is_begun = true;
        }
        let query = format!("SELECT {NOTE} FROM {schema}.stops WHERE ended_at IS NULL");
        let mut session = self.session.lock().await;
        let taken = self.dialer.connected(&mut session).await?;
        let rows = taken.ask((&query, &[])).await;
        let rows = keep(&mut session, taken, rows)?;
        rows.first().map(note).transpose()
    }

    /// Switches it on. The answer is what is on, and whether it was before.
    async fn put(&self, note: &StopNote) -> Result<(StopNote, bool), PostgresFailure> {
        let schema = self.dialer.schema();
        let put = format!(
            "INSERT INTO {schema}.stops (by, reason) VALUES ($1, $2) ON CONFLICT DO NOTHING \
                RETURNING stop"
        );
        let look = format!("SELECT {NOTE} FROM {schema}.stops WHERE ended_at IS NULL");
        let mut session = self.session.lock().await;
        let taken = self.dialer.connected(&mut session).await?;
        if let Err(error) = schema::bring_up(&taken, schema).await {
            return Err(PostgresFailure::new(FailureKind::Other, error.to_string()));
        }
        let asked = QueryTime::now();
        let values: [_; 2] = [(&note.by as _, Type::TEXT), (&note.reason as _, Type::TEXT)];
        let answers = taken.write(&[(&put, &values), (&look, &[])]).await;
        let answers = keep(&mut session, taken, answers)?;
        let [made, found] = &answers[..] else { return Err(odd()) };
        let note = self::note(found.first().ok_or_else(odd)?)?;
        self.note(asked, Ok(Some(note.clone())));
        Ok((note, made.is_empty()))
    }

    /// Lets go. The answer is what was on.
    async fn remove(&self, by: &str) -> Result<Option<StopNote>, PostgresFailure> {
        let schema = self.dialer.schema();
        let query = format!(
            "UPDATE {schema}.stops SET ended_at = clock_timestamp(), ended_by = $1 \
                WHERE ended_at IS NULL RETURNING {NOTE}"
        );
        let mut session = self.session.lock().await;
        let taken = self.dialer.connected(&mut session).await?;
        if let Err(error) = schema::bring_up(&taken, schema).await {
            return Err(PostgresFailure::new(FailureKind::Other, error.to_string()));
        }
        let asked = QueryTime::now();
        let answers = taken.write(&[(&query, &[(&by as _, Type::TEXT)])]).await;
        let answers = keep(&mut session, taken, answers)?;
        let was = answers.iter().flatten().next().map(note).transpose()?;
        self.note(asked, Ok(None));
        Ok(was)
    }
}

/// What a row of a stop says.
const NOTE: &str = "by, (extract(epoch FROM at) * 1000000)::bigint, reason";

fn note(row: &Row) -> Result<StopNote, PostgresFailure> {
    let at: i64 = value(row, 1)?;
    let text = |text: Option<String>| text.map(|text| typed(&text, TOLD));
    Ok(StopNote {
        by: text(value(row, 0)?),
        at: Timestamp::from_microsecond(at).ok(),
        reason: text(value(row, 2)?),
    })
}

fn odd() -> PostgresFailure {
    PostgresFailure::new(FailureKind::Other, "the row of the stop switch is gone")
}

impl CommonStop for DatabaseStop {
    fn seen(&self) -> StopSeen {
        let heard = self.watch.heard();
        match &heard.last {
            // What is on stays on until it was heard that it is not.
            Some((_, Some(note))) => StopSeen::On(note.clone()),
            Some((asked, None)) if asked.counts() => StopSeen::Off,
            _ => StopSeen::Unknown(heard.trouble.clone()),
        }
    }

    fn put<'a>(&'a self, note: &'a StopNote) -> BoxFuture<'a, Result<(StopNote, bool), String>> {
        Box::pin(async move { self.watch.put(note).await.map_err(|failure| failure.words) })
    }

    fn remove<'a>(&'a self, by: &'a str) -> BoxFuture<'a, Result<Option<StopNote>, String>> {
        Box::pin(async move { self.watch.remove(by).await.map_err(|failure| failure.words) })
    }
}

impl fmt::Debug for DatabaseStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseStop").field("seen", &self.seen()).finish_non_exhaustive()
    }
}

//! The stop switch of all that work with one database: a row that each of them looks at once a
//! second.
//!
//! **Invariants:** that it is off counts for a few seconds from the question on which it was told,
//! by both clocks of the machine; from then on it is not known. A table that is not there says that
//! it is off only where no journal is. What was on is off once somebody let go of it: if the database
//! lost it, those who saw it put it there again.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant, SystemTime},
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::{sync::Mutex as AsyncMutex, task::JoinHandle, time::sleep};
use tokio_postgres::{Row, types::Type};
use tracing::warn;

use super::{
    connect::{Dialer, Param, Session, keep},
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
    /// What was on last, and who let go of it.
    ended: Option<(StopNote, String)>,
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
        let heard = StopNews {
            last: None,
            ended: None,
            trouble: "it was not read yet".to_owned(),
            is_begun: false,
        };
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
        let before = self.heard().last.as_ref().and_then(|(_, on)| on.clone());
        let query = format!(
            "SELECT {NOTE}, ended_by, ended_at IS NULL FROM {schema}.stops WHERE ended_at IS NULL \
                OR at = $1 ORDER BY ended_at IS NULL DESC LIMIT 1"
        );
        let at = before.as_ref().and_then(moment);
        let rows = self.ask(&query, &[(&at, Type::TIMESTAMPTZ)]).await?;
        let found = rows.first().map(note).transpose()?;
        let is_on = rows.first().map(|row| value::<bool>(row, 4)).transpose()? == Some(true);
        let Some(before) = before.filter(|_| !is_on) else { return Ok(found.filter(|_| is_on)) };
        match found.filter(|found| *found == before) {
            Some(found) => {
                let by: Option<String> =
                    rows.first().map(|row| value(row, 3)).transpose()?.flatten();
                self.heard().ended = by.map(|by| (found, typed(&by, TOLD)));
                Ok(None)
            }
            None => self.put_again(before).await.map(Some),
        }
    }

    /// Nobody has let go of this: the database lost it, as when a standby takes over that was behind.
    async fn put_again(&self, was: StopNote) -> Result<StopNote, PostgresFailure> {
        let schema = self.dialer.schema();
        let put = format!(
            "INSERT INTO {schema}.stops (at, by, reason) VALUES (coalesce($1, clock_timestamp()), \
                $2, $3) ON CONFLICT DO NOTHING"
        );
        let look = format!("SELECT {NOTE} FROM {schema}.stops WHERE ended_at IS NULL");
        let at = moment(&was);
        let values: [Param<'_>; 3] =
            [(&at, Type::TIMESTAMPTZ), (&was.by, Type::TEXT), (&was.reason, Type::TEXT)];
        let mut session = self.session.lock().await;
        let taken = self.dialer.connected(&mut session).await?;
        let answers = taken.write(&[(&put, &values), (&look, &[])]).await;
        let answers = keep(&mut session, taken, answers)?;
        warn!("the database lost the stop switch of all machines, {was}: it is on again");
        let [_, found] = &answers[..] else { return Err(odd()) };
        note(found.first().ok_or_else(odd)?)
    }

    async fn ask(&self, query: &str, values: &[Param<'_>]) -> Result<Vec<Row>, PostgresFailure> {
        let mut session = self.session.lock().await;
        let taken = self.dialer.connected(&mut session).await?;
        let rows = taken.ask((query, values)).await;
        keep(&mut session, taken, rows)
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
        let now = self::note(found.first().ok_or_else(odd)?)?;
        self.note(asked, Ok(Some(now.clone())));
        Ok((now, made.is_empty()))
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

/// When it was given, as the database takes it.
fn moment(note: &StopNote) -> Option<SystemTime> {
    note.at.and_then(|at| SystemTime::try_from(at).ok())
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

    fn let_go_by(&self, note: &StopNote) -> Option<String> {
        let heard = self.watch.heard();
        heard.ended.as_ref().filter(|(ended, _)| ended == note).map(|(_, by)| by.clone())
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

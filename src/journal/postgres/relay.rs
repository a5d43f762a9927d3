//! Orders on their way to the service that leads, as rows.
//!
//! ```text
//! open --a leader takes it--> taken --it answers--> settled
//!   |                           |
//!   |                           +--it gave it up--> open
//!   +--nobody took it in time--> settled: withdrawn by those who gave it
//! ```
//!
//! **Invariant:** an order that its giver was told nobody took is never carried out.

use std::time::Duration;

use tokio::{
    sync::Mutex as AsyncMutex,
    time::{Instant, sleep},
};
use tokio_postgres::{Row, types::Type};

use super::{
    connect::{Dialer, Param, Session, keep},
    failure::{FailureKind, PostgresFailure},
    load::value,
};
use crate::ports::HandedOrder;

/// The table of this part; `{s}` is the schema.
pub(super) const TABLES: &str = "
    CREATE TABLE {s}.orders (
      id text PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      host text NOT NULL,
      placed text NOT NULL,
      taken bigint,
      answer text,
      settled boolean NOT NULL DEFAULT false
    );
    CREATE INDEX open_orders ON {s}.orders (at) WHERE NOT settled;
";

/// How often the giver looks for the answer.
const LOOK: Duration = Duration::from_millis(500);
/// How long an order waits for a leader, and for a database that is away.
const PATIENCE: Duration = Duration::from_secs(300);
/// The same as an interval of the database.
const IN_TIME: &str = "interval '300 s'";
/// How often an order is handed in that was not answered.
const TRIES: u32 = 3;

/// The way to the rows.
pub(super) struct OrderRelay {
    dialer: Dialer,
    /// One call at a time.
    session: AsyncMutex<Option<Session>>,
}

impl OrderRelay {
    pub(super) fn new(dialer: Dialer) -> Self {
        Self { dialer, session: AsyncMutex::new(None) }
    }

    /// Hands an order over, and waits for what becomes of it. Nothing if nobody took it in time.
    pub(super) async fn hand(
        &self,
        id: &str,
        host: &str,
        order: &str,
    ) -> Result<Option<String>, PostgresFailure> {
        let insert = format!(
            "INSERT INTO {}.orders (id, host, placed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            self.dialer.schema()
        );
        let values: [Param<'_>; 3] = [(&id, Type::TEXT), (&host, Type::TEXT), (&order, Type::TEXT)];
        // One that was not answered may have arrived; it does so once.
        let mut tries = 1;
        while let Err(failure) = self.write(&insert, &values).await {
            if tries == TRIES {
                return Err(failure);
            }
            tries += 1;
        }
        let mut heard = Instant::now();
        loop {
            sleep(LOOK).await;
            match self.look(id).await {
                Ok(Some(told)) => return Ok(told),
                Ok(None) => heard = Instant::now(),
                Err(failure) if heard.elapsed() >= PATIENCE => return Err(failure),
                Err(_) => {}
            }
        }
    }

    /// What became of it, if that is known: the answer, or that nobody took it.
    async fn look(&self, id: &str) -> Result<Option<Option<String>>, PostgresFailure> {
        let schema = self.dialer.schema();
        let look = format!(
            "SELECT settled, answer, taken IS NULL AND at < clock_timestamp() - {IN_TIME} \
                FROM {schema}.orders WHERE id = $1"
        );
        let rows = self.write(&look, &[(&id, Type::TEXT)]).await?;
        let gone = || PostgresFailure::new(FailureKind::Other, "the order is not there any more");
        let row = rows.first().ok_or_else(gone)?;
        if value(row, 0)? {
            return Ok(Some(value(row, 1)?));
        }
        let is_late: bool = value(row, 2)?;
        if !is_late {
            return Ok(None);
        }
        let withdraw = format!(
            "UPDATE {schema}.orders SET settled = true WHERE id = $1 AND taken IS NULL RETURNING id"
        );
        let withdrawn = self.write(&withdraw, &[(&id, Type::TEXT)]).await?;
        Ok((!withdrawn.is_empty()).then_some(None))
    }

    /// The orders that the leader of this term has to serve. Those that nobody took in time are not
    /// among them, and old ones go.
    pub(super) async fn handed(
        &self,
        owner: &str,
        term: u64,
    ) -> Result<Vec<HandedOrder>, PostgresFailure> {
        let schema = self.dialer.schema();
        let query = format!(
            "WITH open AS (SELECT o.id, o.taken FROM {schema}.orders o WHERE NOT o.settled AND \
                coalesce(o.taken, -1) <= $1 AND (o.taken IS NOT NULL OR \
                o.at > clock_timestamp() - {IN_TIME}) AND EXISTS (SELECT 1 FROM {schema}.service \
                WHERE id = $2 AND token = $1) FOR UPDATE), \
             gone AS (DELETE FROM {schema}.orders WHERE at < clock_timestamp() - interval '1 day') \
             UPDATE {schema}.orders o SET taken = $1 FROM open WHERE o.id = open.id \
                RETURNING o.id, o.placed, coalesce(open.taken < $1, false), \
                (extract(epoch FROM o.at) * 1000000)::bigint"
        );
        let term = number(term);
        let rows = self.write(&query, &[(&term, Type::INT8), (&owner, Type::TEXT)]).await?;
        let mut handed = Vec::new();
        for row in &rows {
            let at: i64 = value(row, 3)?;
            let one = HandedOrder {
                id: value(row, 0)?,
                order: value(row, 1)?,
                was_taken: value(row, 2)?,
            };
            handed.push((at, one));
        }
        // In the order in which they were given.
        handed.sort_by_key(|(at, _)| *at);
        Ok(handed.into_iter().map(|(_, handed)| handed).collect())
    }

    /// Answers one.
    pub(super) async fn answer(&self, id: &str, answer: &str) -> Result<(), PostgresFailure> {
        let query = format!(
            "UPDATE {}.orders SET settled = true, answer = $2 WHERE id = $1 AND NOT settled",
            self.dialer.schema()
        );
        self.write(&query, &[(&id, Type::TEXT), (&answer, Type::TEXT)]).await.map(drop)
    }

    /// Another leader is to take it.
    pub(super) async fn put_back(&self, id: &str, term: u64) -> Result<(), PostgresFailure> {
        let query = format!(
            "UPDATE {}.orders SET taken = NULL WHERE id = $1 AND taken = $2 AND NOT settled",
            self.dialer.schema()
        );
        let values: [Param<'_>; 2] = [(&id, Type::TEXT), (&number(term), Type::INT8)];
        self.write(&query, &values).await.map(drop)
    }

    async fn write(&self, query: &str, values: &[Param<'_>]) -> Result<Vec<Row>, PostgresFailure> {
        let mut session = self.session.lock().await;
        let taken = self.dialer.connected(&mut session).await?;
        let answer = taken.write(&[(query, values)]).await;
        let rows = answer.map(|mut answers| answers.pop().unwrap_or_default());
        keep(&mut session, taken, rows)
    }
}

fn number(term: u64) -> i64 {
    i64::try_from(term).unwrap_or(i64::MAX)
}

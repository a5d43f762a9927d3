//! What is done with the row: looked at, taken, renewed, given up.

use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::time::sleep;
use tokio_postgres::{Row, types::Type};

use super::{
    super::{
        connect::{Param, keep},
        failure::{FailureKind, PostgresFailure},
    },
    Attempt, BEATS, COLUMNS, LOOK, LeadShared, LeadState, OwnRow,
    row::{self, away, get, leader, one},
};
use crate::{
    model::{Adopted, Fault, FaultKind, Head, Leader, Standing, VersionGrounds},
    ports::JournalError,
};

impl LeadShared {
    pub(super) fn state(&self) -> MutexGuard<'_, LeadState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A third of the term is left to the calls under way.
    pub(super) fn may_begin(&self) -> Result<(), Fault> {
        let state = self.state();
        let leads = state.standing.term().is_some();
        let is_good = state.renewed.is_some_and(|attempt| attempt.is_within(self.term * 2 / 3));
        if leads && is_good {
            return Ok(());
        }
        let message = if leads {
            "this process could not renew its right to lead: another one may lead soon"
        } else {
            "this process does not lead: another one does the passes"
        };
        Err(Fault::new(FaultKind::Stopped, message).hint("nothing more is sent from here"))
    }

    pub(super) async fn work(self: Arc<Self>) {
        loop {
            let turn = self.turn().await;
            self.note(turn.err());
            let pause = LOOK.min(self.term / (BEATS * 2));
            sleep(pause).await;
        }
    }

    /// Why the database could not be asked, or that it was.
    fn note(&self, failure: Option<PostgresFailure>) {
        let mut state = self.state();
        state.trouble = failure.map(|failure| away(failure, state.trouble.as_ref()));
    }

    /// Renews the right if it is time, or looks whether it is free, and takes it.
    pub(super) async fn turn(&self) -> Result<(), PostgresFailure> {
        let _turn = self.turns.lock().await;
        let (term, stands, renewed) = {
            let state = self.state();
            (state.standing.term(), state.stands, state.renewed)
        };
        let Some(term) = term else {
            let (leader, is_free) = self.look().await?;
            if is_free && stands {
                return self.claim().await;
            }
            self.state().standing = Standing::StandsBy(leader.filter(|_| !is_free));
            return Ok(());
        };
        match renewed {
            Some(attempt) if attempt.is_within(self.term / BEATS) => Ok(()),
            _ => self.renew(term).await,
        }
    }

    async fn look(&self) -> Result<(Option<Leader>, bool), PostgresFailure> {
        let schema = self.dialer.schema();
        let query = format!("SELECT {COLUMNS} FROM {schema}.service");
        let rows = self.ask(&query, &[]).await?;
        let row = one(&rows)?;
        let id: Option<String> = get(row, 0)?;
        let leader = leader(row)?;
        // A right that this process has without knowing it: the answer was lost.
        let is_own = id.as_ref() == Some(&self.own.id);
        let is_over: bool = get(row, 7)?;
        Ok((id.map(|_| leader), is_own || is_over))
    }

    /// The leases of the one who led go with its right: what it still writes is refused.
    async fn claim(&self) -> Result<(), PostgresFailure> {
        let schema = self.dialer.schema();
        let query = format!(
            "WITH led AS (UPDATE {schema}.service SET id = $1, host = $2, process = $3, \
               version = $4, since = clock_timestamp(), token = token + 1, \
               until = clock_timestamp() + make_interval(secs => $5) \
               WHERE until <= clock_timestamp() OR id = $1 RETURNING {COLUMNS}), \
             freed AS (UPDATE {schema}.tenants SET until = clock_timestamp() FROM led \
               WHERE tenants.until > clock_timestamp()) \
             SELECT * FROM led"
        );
        let OwnRow { id, host, process, version } = &self.own;
        let seconds = self.term.as_secs_f64();
        let values: [Param<'_>; 5] = [
            (id, Type::TEXT),
            (host, Type::TEXT),
            (process, Type::INT8),
            (version, Type::TEXT),
            (&seconds, Type::FLOAT8),
        ];
        let attempt = Attempt::now();
        let rows = self.write(&query, &values).await?;
        match rows.first() {
            Some(row) => self.leads(row, attempt),
            // Another one was quicker; the next look tells who.
            None => Ok(()),
        }
    }

    /// A right that has run out and that nobody has taken counts again.
    async fn renew(&self, term: u64) -> Result<(), PostgresFailure> {
        let schema = self.dialer.schema();
        let query = format!(
            "UPDATE {schema}.service SET until = clock_timestamp() + make_interval(secs => $1) \
             WHERE id = $2 AND token = $3 RETURNING {COLUMNS}"
        );
        let seconds = self.term.as_secs_f64();
        let token = i64::try_from(term).unwrap_or(i64::MAX);
        let values: [Param<'_>; 3] =
            [(&seconds, Type::FLOAT8), (&self.own.id, Type::TEXT), (&token, Type::INT8)];
        let attempt = Attempt::now();
        let rows = self.write(&query, &values).await?;
        if let Some(row) = rows.first() {
            return self.leads(row, attempt);
        }
        let mut state = self.state();
        state.standing = Standing::StandsBy(None);
        state.renewed = None;
        Ok(())
    }

    fn leads(&self, row: &Row, attempt: Attempt) -> Result<(), PostgresFailure> {
        let own = leader(row)?;
        let term: i64 = get(row, 6)?;
        let mut state = self.state();
        if state.is_over {
            return Ok(());
        }
        state.standing = Standing::Leads { term: u64::try_from(term).unwrap_or_default(), own };
        state.renewed = Some(attempt);
        Ok(())
    }

    /// One statement: the row of the leader is held meanwhile, so nobody else takes over before it is
    /// durable.
    pub(super) async fn adopt(
        &self,
        head: Head,
        grounds: VersionGrounds,
    ) -> Result<Adopted, JournalError> {
        let Some(term) = self.state().standing.term() else { return Err(JournalError::Lost) };
        let schema = self.dialer.schema();
        let query = format!(
            "WITH own AS (SELECT id, host FROM {schema}.service WHERE id = $1 AND token = $2 \
               FOR UPDATE), \
             newest AS (SELECT head, digest, commits, at, host FROM {schema}.heads \
               ORDER BY head DESC LIMIT 1), \
             older AS (SELECT EXISTS (SELECT 1 FROM {schema}.heads WHERE digest = $3 \
               AND commits IS NOT DISTINCT FROM $4) AS was), \
             added AS (INSERT INTO {schema}.heads (digest, commits, host, id) \
               SELECT $3, $4, own.host, own.id FROM own CROSS JOIN older \
               WHERE NOT EXISTS (SELECT 1 FROM newest WHERE digest = $3) \
                 AND (NOT EXISTS (SELECT 1 FROM newest) \
                   OR EXISTS (SELECT 1 FROM newest WHERE head = $5) \
                   OR ($6 AND ($7 OR NOT older.was))) \
               RETURNING head) \
             SELECT EXISTS (SELECT 1 FROM own), (SELECT head FROM added), newest.head, \
               coalesce(newest.digest = $3, false), newest.commits, \
               (extract(epoch FROM newest.at) * 1000000)::bigint, newest.host, older.was \
             FROM older LEFT JOIN newest ON true"
        );
        let token = i64::try_from(term).unwrap_or(i64::MAX);
        let VersionGrounds { follows, read_twice, vouched_for } = grounds;
        let values: [Param<'_>; 7] = [
            (&self.own.id, Type::TEXT),
            (&token, Type::INT8),
            (&head.digest, Type::TEXT),
            (&head.commit, Type::TEXT),
            (&follows, Type::INT8),
            (&read_twice, Type::BOOL),
            (&vouched_for, Type::BOOL),
        ];
        let rows = self.write(&query, &values).await;
        let read = rows.and_then(|rows| row::adopted(one(&rows)?));
        match read {
            Ok(adopted) => adopted.ok_or(JournalError::Lost),
            Err(failure) => {
                let before = self.state().trouble.clone();
                Err(away(failure, before.as_ref()))
            }
        }
    }

    /// A call under way ends before; none comes after.
    pub(super) async fn give_up(&self) {
        let mut session = self.session.lock().await;
        {
            let mut state = self.state();
            (state.is_over, state.stands, state.renewed) = (true, false, None);
            state.standing = Standing::StandsBy(None);
        }
        let schema = self.dialer.schema();
        let query = format!(
            "UPDATE {schema}.service SET id = NULL, until = clock_timestamp() WHERE id = $1"
        );
        // The connection may be one that a restart of the database has ended. Where the second fails
        // too, others wait until the term is over.
        for _ in 0..2 {
            let Ok(session) = self.dialer.connected(&mut session).await else { return };
            if session.write(&[(&query, &[(&self.own.id, Type::TEXT)])]).await.is_ok() {
                return;
            }
        }
    }

    async fn ask(&self, query: &str, values: &[Param<'_>]) -> Result<Vec<Row>, PostgresFailure> {
        let mut session = self.session.lock().await;
        self.goes_on()?;
        let taken = self.dialer.connected(&mut session).await?;
        let answer = taken.ask((query, values)).await;
        keep(&mut session, taken, answer)
    }

    /// Bounded, and durable once it is answered.
    async fn write(&self, query: &str, values: &[Param<'_>]) -> Result<Vec<Row>, PostgresFailure> {
        let mut session = self.session.lock().await;
        self.goes_on()?;
        let taken = self.dialer.connected(&mut session).await?;
        let answer = taken.write(&[(query, values)]).await;
        let rows = answer.map(|mut answers| answers.pop().unwrap_or_default());
        keep(&mut session, taken, rows)
    }

    fn goes_on(&self) -> Result<(), PostgresFailure> {
        let is_over = self.state().is_over;
        if is_over {
            Err(PostgresFailure::new(FailureKind::Again, "this process ends"))
        } else {
            Ok(())
        }
    }
}

//! The right to lead: one row, which one process at a time has. It alone writes, so limits, guards
//! and rules of numbers hold over the whole fleet as they do with one machine.
//!
//! ```text
//! stands by --free, by the database's clock--> takes it: token + 1 --> renews it by its own id
//!     ^                                                                    |
//!     +---- another one has it: nothing more is sent <---------------------+
//! ```
//!
//! **Invariants:** who may take over is decided by the database's clock alone. A leader stops to begin
//! calls well before anybody else may lead, counted from the start of the attempt that renewed its
//! right, by both of its own clocks: one stands still while a machine sleeps, the other may be set.
//! Renewal and release name the id that is made at each start, never the name of a machine.

mod row;
mod work;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::{sync::Mutex as AsyncMutex, task::JoinHandle};

use self::row::away;
use super::{
    connect::{Dialer, Session},
    failure::PostgresFailure,
    relay::OrderRelay,
};
use crate::{
    config::Postgres,
    journal::{lock, name},
    model::{Adopted, Head, Leader, Standing, VersionGrounds},
    ports::{HandedOrder, JournalError, Lead, Permit},
};

/// The tables of this part; `{s}` is the schema.
pub(super) const TABLES: &str = "
    CREATE TABLE {s}.service (
      one boolean PRIMARY KEY DEFAULT true CHECK (one),
      id text,
      host text NOT NULL DEFAULT '',
      process bigint NOT NULL DEFAULT 0,
      version text NOT NULL DEFAULT '',
      since timestamptz NOT NULL DEFAULT clock_timestamp(),
      until timestamptz NOT NULL DEFAULT clock_timestamp(),
      token bigint NOT NULL DEFAULT 0
    );
    INSERT INTO {s}.service DEFAULT VALUES;
    CREATE TABLE {s}.heads (
      head bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      digest text NOT NULL,
      commits text,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      host text NOT NULL,
      id text NOT NULL
    );
";

/// A row of the one who leads, as it is read; the last column says whether anybody may take
/// over.
const COLUMNS: &str = "id, host, process, version, (extract(epoch FROM since) * 1000000)::bigint, \
    (extract(epoch FROM until) * 1000000)::bigint, token, until <= clock_timestamp()";

/// How often those who stand by look.
const LOOK: Duration = Duration::from_secs(1);
/// Renewals in a term.
const BEATS: u32 = 4;

/// The right to lead, of this process.
pub struct PostgresLead {
    shared: Arc<LeadShared>,
    /// Over a connection of its own: no order keeps the right from being renewed.
    relay: OrderRelay,
    worker: JoinHandle<()>,
}

struct LeadShared {
    dialer: Dialer,
    term: Duration,
    own: OwnRow,
    state: Mutex<LeadState>,
    /// One turn at a time.
    turns: AsyncMutex<()>,
    /// One call at a time.
    session: AsyncMutex<Option<Session>>,
}

/// What the row says of this process.
struct OwnRow {
    id: String,
    host: String,
    process: i64,
    version: String,
}

struct LeadState {
    /// Whether it would take the right, if it is free.
    stands: bool,
    /// It asks nothing any more.
    is_over: bool,
    standing: Standing,
    /// When the attempt began that last renewed the right, by both clocks.
    renewed: Option<Attempt>,
    trouble: Option<JournalError>,
}

#[derive(Clone, Copy)]
struct Attempt {
    at: Instant,
    clock: Timestamp,
}

impl Attempt {
    fn now() -> Self {
        Self { at: Instant::now(), clock: Timestamp::now() }
    }

    /// Whether it is no longer ago than this. A clock that was set back tells nothing.
    fn is_within(&self, most: Duration) -> bool {
        let by_clock = Duration::try_from(Timestamp::now().duration_since(self.clock));
        self.at.elapsed() < most && by_clock.is_ok_and(|passed| passed < most)
    }
}

impl PostgresLead {
    /// Looks who leads in this database from now on, and stands for the right to from
    /// [`Lead::stand`] on. The tables have to be there.
    #[must_use]
    pub fn start(settings: &Postgres) -> Self {
        let dialer = Dialer::new(settings, true);
        // How long the right counts after it was last renewed.
        let term = settings.takeover;
        let own = OwnRow {
            id: name::fresh(),
            host: lock::host(),
            process: i64::from(std::process::id()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let state = LeadState {
            stands: false,
            is_over: false,
            standing: Standing::StandsBy(None),
            renewed: None,
            trouble: None,
        };
        let relay = OrderRelay::new(dialer.clone());
        let shared = Arc::new(LeadShared {
            dialer,
            term,
            own,
            state: Mutex::new(state),
            turns: AsyncMutex::default(),
            session: AsyncMutex::new(None),
        });
        let worker = tokio::spawn(Arc::clone(&shared).work());
        Self { shared, relay, worker }
    }

    /// Who leads now.
    pub async fn leader(&self) -> Result<Option<Leader>, JournalError> {
        self.shared.turn().await.map_err(|failure| away(failure, None))?;
        match self.standing() {
            Standing::Leads { own, .. } => Ok(Some(own)),
            Standing::StandsBy(leader) => Ok(leader),
        }
    }

    /// Takes the right for a while, for a command: nothing else may write meanwhile. Tells who has
    /// it, if somebody else does.
    pub async fn take(&self) -> Result<(), JournalError> {
        self.shared.state().stands = true;
        let done = self.shared.turn().await;
        done.map_err(|failure| away(failure, None))?;
        match self.standing() {
            Standing::Leads { .. } => Ok(()),
            Standing::StandsBy(leader) => {
                self.shared.state().stands = false;
                let until = leader.as_ref().map_or_else(Timestamp::now, |leader| leader.until);
                let holder = leader.map_or_else(|| "another process".to_owned(), shown);
                Err(JournalError::Held { holder, until })
            }
        }
    }
}

fn words(failure: PostgresFailure) -> String {
    failure.words
}

fn shown(leader: Leader) -> String {
    let Leader { host, process, .. } = leader;
    format!("process {process} on {host}")
}

impl Drop for PostgresLead {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl fmt::Debug for PostgresLead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("standing", &self.shared.state().standing)
            .finish_non_exhaustive()
    }
}

impl Lead for PostgresLead {
    fn standing(&self) -> Standing {
        self.shared.state().standing.clone()
    }

    fn permit(&self) -> Permit {
        let shared = Arc::clone(&self.shared);
        Permit::new(move || shared.may_begin())
    }

    fn trouble(&self) -> Option<JournalError> {
        self.shared.state().trouble.clone()
    }

    fn stand(&self) {
        self.shared.state().stands = true;
    }

    fn adopt(
        &self,
        head: Head,
        grounds: VersionGrounds,
    ) -> BoxFuture<'_, Result<Adopted, JournalError>> {
        Box::pin(self.shared.adopt(head, grounds))
    }

    fn hand<'a>(
        &'a self,
        id: &'a str,
        order: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, String>> {
        let OwnRow { id: own, host, .. } = &self.shared.own;
        let id = format!("{own}-{id}");
        Box::pin(async move { self.relay.hand(&id, host, order).await.map_err(words) })
    }

    fn handed(&self, term: u64) -> BoxFuture<'_, Result<Vec<HandedOrder>, String>> {
        let own = &self.shared.own.id;
        Box::pin(async move { self.relay.handed(own, term).await.map_err(words) })
    }

    fn answer<'a>(&'a self, id: &'a str, answer: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.relay.answer(id, answer).await.map_err(words) })
    }

    fn put_back<'a>(&'a self, id: &'a str, term: u64) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.relay.put_back(id, term).await.map_err(words) })
    }

    fn give_up(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.shared.give_up().await;
            self.worker.abort();
        })
    }
}

//! The database, read: by dry runs, and by people who look back. Nothing is written, nobody is kept
//! from writing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use futures_util::future::BoxFuture;
use tokio_postgres::{Row, types::Type};

use super::{
    compare,
    connect::{Dialer, Param, Session},
    failure::PostgresFailure,
    load::{self, StoredTenant, TENANT, TenantLookup, value},
    schema, seen,
};
use crate::{
    config::Postgres,
    journal::{OpenError, Run, fold::Fold, history::speaks_of, load as lines},
    model::{Entry, Memory, RunId, RunStart, TenantId, TenantName, Upn},
    ports::{JournalError, Recall},
};

/// A journal in a database to look at. One that never was is empty.
#[derive(Debug)]
pub struct PostgresHistory {
    session: Session,
    schema: String,
    /// None if no journal was ever begun there.
    journal: Option<String>,
    /// What of it was seen on this machine and is not there, in words.
    lost: BTreeMap<TenantId, String>,
}

impl PostgresHistory {
    /// Connects to the database.
    pub async fn read(settings: &Postgres) -> Result<Self, OpenError> {
        Self::connect(settings, &seen::SeenChains::new()).await
    }

    /// The same, compared with what was seen of it on the machine of this folder.
    pub async fn read_beside(settings: &Postgres, folder: &Path) -> Result<Self, OpenError> {
        Self::connect(settings, &seen::read(folder)?).await
    }

    async fn connect(settings: &Postgres, marks: &seen::SeenChains) -> Result<Self, OpenError> {
        let dialer = Dialer::new(settings, true);
        let session = match dialer.dial().await {
            Ok(session) => session,
            Err(failure) => to_look(settings, failure).await?,
        };
        let about = schema::open(&session, dialer.schema()).await?;
        let schema = dialer.schema().to_owned();
        let journal = about.map(|about| about.journal);
        let lost = match &journal {
            Some(_) => {
                let compared = compare::compare(&session, &schema, marks).await;
                compared.map_err(|failure| failure.at(&session.shown()))?.lost
            }
            // There are no tables to compare with.
            None => compare::all(marks),
        };
        let lost = lost.into_iter().map(|lost| (lost.tenant, lost.reason)).collect();
        Ok(Self { session, schema, journal, lost })
    }

    pub(super) fn at(&self, failure: PostgresFailure) -> OpenError {
        failure.at(&self.session.shown())
    }

    /// What a query finds, whose `{s}` is the schema; nothing where no journal is.
    pub(super) async fn find(
        &self,
        query: &str,
        values: &[Param<'_>],
    ) -> Result<Vec<Row>, OpenError> {
        if self.journal.is_none() {
            return Ok(Vec::new());
        }
        let query = query.replace("{s}", &self.schema);
        self.session.ask((&query, values)).await.map_err(|failure| self.at(failure))
    }

    /// The first column of what a query finds.
    async fn texts(&self, query: &str, values: &[Param<'_>]) -> Result<Vec<String>, OpenError> {
        let rows = self.find(query, values).await?;
        rows.iter().map(|row| value(row, 0)).collect::<Result<_, _>>().map_err(|why| self.at(why))
    }

    /// Entries that a query finds as lines.
    async fn entries_by(&self, query: &str, values: &[Param<'_>]) -> Result<Vec<Entry>, OpenError> {
        let lines = self.texts(query, values).await?;
        lines.iter().map(|line| self.entry(line)).collect()
    }

    fn entry(&self, line: &str) -> Result<Entry, OpenError> {
        lines::parse(line, 0).map_err(|bad| self.damaged(&load::why(bad)))
    }

    /// What is there is not what was written.
    pub(super) fn damaged(&self, reason: &str) -> OpenError {
        OpenError::Database {
            place: self.session.shown(),
            reason: format!("the journal is damaged: {reason}"),
            hint: "nothing was changed; restore the database from a backup, or save what can be \
                read: see `dialplane journal export --help`",
        }
    }

    /// The last runs that meant to write, newest first; of one tenant, by the name that it had
    /// then, if it is named.
    pub async fn runs(
        &self,
        tenant: Option<&TenantName>,
        limit: usize,
    ) -> Result<Vec<RunId>, OpenError> {
        let query = "SELECT run FROM {s}.entries WHERE kind = 'began' AND \
            ($1 IS NULL OR tenant = $1) ORDER BY arrived DESC LIMIT $2";
        let tenant = tenant.map(TenantName::as_str);
        let values: [Param<'_>; 2] = [(&tenant, Type::TEXT), (&at_most(limit), Type::INT8)];
        let runs = self.texts(query, &values).await?;
        Ok(runs.iter().map(|run| RunId::new(run)).collect())
    }

    /// That the last runs began that meant to write, newest first.
    pub async fn begun(&self, limit: usize) -> Result<Vec<RunStart>, OpenError> {
        let query = "SELECT line FROM {s}.entries WHERE kind = 'began' \
            ORDER BY arrived DESC LIMIT $1";
        let entries = self.entries_by(query, &[(&at_most(limit), Type::INT8)]).await?;
        Ok(entries.into_iter().filter_map(|entry| Run::of(&[entry])).map(Run::beginning).collect())
    }

    /// That tenants were suspended and resumed, newest first.
    pub async fn suspensions(&self, limit: usize) -> Result<Vec<Entry>, OpenError> {
        let query = "SELECT line FROM {s}.entries WHERE kind IN ('suspended', 'resumed') \
            ORDER BY arrived DESC LIMIT $1";
        self.entries_by(query, &[(&at_most(limit), Type::INT8)]).await
    }

    /// The names of all tenants that runs meant to write of.
    pub async fn tenants(&self) -> Result<BTreeSet<String>, OpenError> {
        let query = "SELECT DISTINCT tenant FROM {s}.entries WHERE kind = 'began'";
        Ok(self.texts(query, &[]).await?.into_iter().collect())
    }

    /// What was recorded of a run, in its order.
    pub async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, OpenError> {
        let query = "SELECT line FROM {s}.entries WHERE run = $1 ORDER BY tenant_id, sequence";
        self.entries_by(query, &[(&run.as_str(), Type::TEXT)]).await
    }

    /// What was recorded of a user of a tenant, newest first.
    pub async fn entries_of(&self, tenant: &TenantId, user: &Upn) -> Result<Vec<Entry>, OpenError> {
        // By these rules the database folds the case of ASCII only: a name beyond that is looked
        // for in every entry.
        let part = if user.key().is_ascii() { user.key() } else { "" };
        let query = "SELECT line FROM {s}.entries WHERE tenant_id = $1 AND \
            strpos(lower(line COLLATE \"C\"), $2) > 0 ORDER BY sequence DESC";
        let values: [Param<'_>; 2] = [(&tenant.as_str(), Type::TEXT), (&part, Type::TEXT)];
        let mut entries = self.entries_by(query, &values).await?;
        entries.retain(|entry| speaks_of(&entry.event, user));
        Ok(entries)
    }

    /// What of it was seen on this machine and is not there, in words.
    pub(super) fn lost(&self) -> &BTreeMap<TenantId, String> {
        &self.lost
    }

    /// All tenants that have a chain.
    pub(super) async fn rows(&self) -> Result<Vec<StoredTenant>, OpenError> {
        let query = format!("SELECT {TENANT} FROM {{s}}.tenants t ORDER BY t.tenant_id");
        let rows = self.find(&query, &[]).await?;
        rows.iter().map(StoredTenant::of).collect::<Result<_, _>>().map_err(|why| self.at(why))
    }

    async fn memory(&self, tenant: &TenantId) -> Result<Arc<Memory>, JournalError> {
        let doubtful = |reason: &str| JournalError::Doubtful(format!("tenant {tenant}: {reason}"));
        if let Some(reason) = self.lost.get(tenant) {
            return Err(doubtful(reason));
        }
        if self.journal.is_none() {
            return Ok(Arc::default());
        }
        let unreadable = |reason: String| JournalError::Unreadable(reason);
        let found = load::tenant(&self.session, &self.schema, tenant, None).await;
        let found = found.map_err(|failure| unreadable(self.at(failure).to_string()))?;
        let (row, entries) = match found {
            TenantLookup::There(row, entries) => (row, entries),
            TenantLookup::Absent(beginning) => return Ok(beginning.memory(tenant)),
        };
        if let Some(reason) = &row.refused {
            return Err(doubtful(reason));
        }
        let sum = || {
            let (mut head, mut fold) = row.stored()?;
            load::add_up((&mut head, &mut fold), &row, &entries)?;
            Ok::<Fold, lines::LoadError>(fold)
        };
        let fold =
            sum().map_err(|bad| unreadable(format!("tenant {tenant}: {}", load::why(bad))))?;
        Ok(fold.memory(tenant))
    }
}

/// A server that takes no writes of this user. One that follows another may be behind: what it
/// does not have may have happened.
async fn to_look(settings: &Postgres, why: PostgresFailure) -> Result<Session, OpenError> {
    let at = |failure: PostgresFailure| failure.at("the database of the journal");
    let Ok(session) = Dialer::new(settings, false).dial().await else { return Err(at(why)) };
    let rows = session.ask(("SELECT pg_is_in_recovery()", &[])).await.map_err(at)?;
    let follows = rows.first().map(|row| value::<bool>(row, 0)).transpose().map_err(at)?;
    if follows == Some(false) {
        return Ok(session);
    }
    Err(OpenError::Database {
        place: session.shown(),
        reason: "it is a standby, which may be behind what was done".to_owned(),
        hint: "name the primary in `state.postgres.url`; all servers may be named, with commas",
    })
}

/// A limit as the database takes it.
fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Recall for PostgresHistory {
    fn recall(
        &self,
        tenant: &TenantId,
    ) -> impl Future<Output = Result<Arc<Memory>, JournalError>> + Send {
        let tenant = tenant.clone();
        let memory: BoxFuture<'_, _> = Box::pin(async move { self.memory(&tenant).await });
        memory
    }
}

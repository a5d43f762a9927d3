//! A person takes what is in the database for the journal from now on.

use std::path::Path;

use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::{
    compare,
    connect::{Dialer, Param, Session},
    failure::{FailureKind, PostgresFailure},
    load::{self, StoredTenant, TENANT, value},
    schema, seen,
};
use crate::{
    config::Postgres,
    foreign,
    journal::{OpenError, load as lines},
    model::{Entry, Event, RunId, SyncDebt, TenantId, TenantName},
};

/// The run of an acceptance.
const RUN: &str = "journal-accept";

/// Accepts the tenants that are refused, or all if none is: calls may have been carried out that
/// the journal does not know, so each owes a sync from then on. Those count as refused of which the
/// machine of this folder saw more. Tells how many there are.
pub(in crate::journal) async fn accept(
    settings: &Postgres,
    folder: &Path,
) -> Result<usize, OpenError> {
    let dialer = Dialer::new(settings, true);
    let dialled = dialer.dial().await;
    let session = dialled.map_err(|failure| failure.at("the database of the journal"))?;
    let schema = dialer.schema();
    schema::bring_up(&session, schema).await?;
    let at = |failure: PostgresFailure| failure.at(&session.shown());
    let Ok(marks) = seen::read(folder) else {
        // What was seen here cannot be read: then all is accepted.
        let done = all(&session, schema).await?;
        let at = |source| OpenError::Io { path: folder.to_owned(), source };
        return seen::forget(folder).map_err(at).map(|()| done);
    };
    let compared = compare::compare(&session, schema, &marks).await.map_err(at)?;
    compare::hold(&session, schema, &compared.lost).await.map_err(at)?;
    all(&session, schema).await
}

async fn all(session: &Session, schema: &str) -> Result<usize, OpenError> {
    let at = |failure: PostgresFailure| failure.at(&session.shown());
    let query = format!("SELECT {TENANT} FROM {schema}.tenants t ORDER BY t.tenant_id");
    let rows = session.ask((&query, &[])).await.map_err(at)?;
    let mut all = rows.iter().map(StoredTenant::of).collect::<Result<Vec<_>, _>>().map_err(at)?;
    // What was said of all tenants, in a journal that was moved here, is of none.
    all.retain(|tenant| tenant.id != TenantId::nil());
    // The tenants first of which nothing is known: entries of theirs may be what is missing.
    others(session, schema).await.map_err(at)?;
    let refused = all.iter().any(|tenant| tenant.refused.is_some());
    let mut accepted = 0;
    for tenant in all.iter().filter(|tenant| !refused || tenant.refused.is_some()) {
        if !one(session, schema, tenant).await.map_err(at)? {
            let id = &tenant.id;
            let holder = tenant.holder.as_ref().map_or_else(String::new, foreign::line);
            return Err(OpenError::Database {
                place: session.shown(),
                reason: format!("tenant {id} is being worked on, by {holder}"),
                hint: "wait until that process is done, or stop it, and run it again: tenants that \
                    were accepted stay so",
            });
        }
        // What is on record of all tenants together is of none.
        accepted += usize::from(tenant.id != TenantId::nil());
    }
    Ok(accepted)
}

/// Adds to the chain of a tenant that it was taken for the right one, unless somebody works on it.
async fn one(
    session: &Session,
    schema: &str,
    tenant: &StoredTenant,
) -> Result<bool, PostgresFailure> {
    let now = now(session).await?;
    let line =
        line(&tenant.id, now).map_err(|words| PostgresFailure::new(FailureKind::Other, words))?;
    let head = tenant.head.next(&line);
    let query = format!(
        "WITH ok AS (UPDATE {schema}.tenants SET refused = NULL, epoch = epoch + 1, \
            token = token + 1, attempt = attempt + 1, owner = NULL, holder = NULL, until = NULL, \
            sequence = $2, hash = $3 WHERE tenant_id = $1 AND sequence = $4 AND hash = $5 AND \
            (owner IS NULL OR until <= clock_timestamp()) RETURNING tenant_id), \
            kept AS (INSERT INTO {schema}.entries (tenant_id, sequence, line, hash) \
            SELECT tenant_id, $2, $6, $3 FROM ok) SELECT tenant_id FROM ok"
    );
    let hashes = [&head.hash[..], &tenant.head.hash[..]];
    let values: [Param<'_>; 6] = [
        (&tenant.id.as_str(), Type::TEXT),
        (&head.sequence, Type::INT8),
        (&hashes[0], Type::BYTEA),
        (&tenant.head.sequence, Type::INT8),
        (&hashes[1], Type::BYTEA),
        (&line, Type::TEXT),
    ];
    let answers = session.write(&[(&query, &values)]).await?;
    Ok(answers.iter().flatten().next().is_some())
}

/// From now on a tenant that was never written of owes a sync.
async fn others(session: &Session, schema: &str) -> Result<(), PostgresFailure> {
    let since = now(session).await?;
    let debt = load::debt_text(&SyncDebt { since, run: RunId::new(RUN) });
    let query = format!("UPDATE {schema}.about SET accepted = $1");
    session.write(&[(&query, &[(&debt, Type::TEXT)])]).await.map(drop)
}

/// The database's time.
async fn now(session: &Session) -> Result<Timestamp, PostgresFailure> {
    let now = session.ask(("SELECT clock_timestamp()", &[])).await?;
    let now = now.first().map(|row| value::<std::time::SystemTime>(row, 0)).transpose()?;
    Ok(now.and_then(|now| Timestamp::try_from(now).ok()).unwrap_or_else(Timestamp::now))
}

fn line(tenant: &TenantId, now: Timestamp) -> Result<String, String> {
    let entry = Entry {
        at: now,
        run: RunId::new(RUN),
        tenant: TenantName::all(),
        tenant_id: tenant.clone(),
        event: Event::Accepted,
    };
    lines::line(&entry).map_err(|error| error.to_string())
}

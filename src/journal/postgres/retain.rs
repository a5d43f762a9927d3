//! What is kept of a tenant's history, by the rules of every store: an entry goes only once the
//! stored sum holds what it added up to.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::{
    connect::Session,
    failure::{FailureKind, PostgresFailure},
    known::PostgresState,
    load::{StoredTenant, value},
};
use crate::{
    journal::{
        Retention,
        chain::Link,
        frozen::Frozen,
        retain::{Ages, FOLD_AFTER, cut_between},
    },
    model::TenantId,
};

/// How often entries of a tenant are looked at that may have become too old.
const AGING: Duration = Duration::from_secs(3600);

/// What is stored of a tenant, and where its entries begin from then on.
struct StoredSum {
    token: i64,
    head: Link,
    anchor: Link,
    fold: String,
}

/// Stores what the entries of a tenant add up to, if many came since, and lets go of those that are
/// too many or too old. Its lease is still out.
pub(super) async fn tidy(
    session: &Session,
    schema: &str,
    tenant: &TenantId,
    retention: Retention,
    shared: &PostgresState,
) -> Result<(), PostgresFailure> {
    let by_age = if is_due(tenant, shared) {
        by_age(session, schema, tenant, retention, shared.times().now()).await?
    } else {
        None
    };
    let Some((sum, cut)) = sum(tenant, retention, by_age, shared)? else { return Ok(()) };
    let anchor = match cut {
        Some(cut) => Some(place(session, schema, tenant, cut).await?),
        None => None,
    };
    store(
        session,
        schema,
        tenant,
        &StoredSum { anchor: anchor.unwrap_or(sum.anchor), ..sum },
        shared,
    )
    .await
}

fn is_due(tenant: &TenantId, shared: &PostgresState) -> bool {
    let mut tenants = shared.tenants();
    let Some(known) = tenants.get_mut(tenant) else { return false };
    let due = known.aged.is_none_or(|aged| aged.elapsed() >= AGING);
    if due {
        known.aged = Some(Instant::now());
    }
    due
}

/// What is worth storing now, and the last entry that may go.
fn sum(
    tenant: &TenantId,
    retention: Retention,
    by_age: Option<i64>,
    shared: &PostgresState,
) -> Result<Option<(StoredSum, Option<i64>)>, PostgresFailure> {
    let tenants = shared.tenants();
    let Some(known) = tenants.get(tenant).filter(|known| known.doubt.is_none()) else {
        return Ok(None);
    };
    let Some(held) = known.lease else { return Ok(None) };
    let cut = cut_between(known.anchor, known.head, retention, by_age);
    if cut.is_none() && known.since_fold < FOLD_AFTER + known.fold.size() {
        return Ok(None);
    }
    let fold = serde_json::to_string(&Frozen::from(&known.fold))
        .map_err(|error| PostgresFailure::new(FailureKind::Other, error.to_string()))?;
    let sum = StoredSum { token: held.token, head: known.head, anchor: known.anchor, fold };
    Ok(Some((sum, cut)))
}

/// The last entry that is too old. None is, unless the first one is older than all that is kept.
async fn by_age(
    session: &Session,
    schema: &str,
    tenant: &TenantId,
    retention: Retention,
    now: Timestamp,
) -> Result<Option<i64>, PostgresFailure> {
    let at = format!(
        "SELECT sequence, line::json ->> 'at' FROM {schema}.entries WHERE tenant_id = $1 \
            ORDER BY sequence"
    );
    let id = tenant.as_str();
    let values: [_; 1] = [(&id as _, Type::TEXT)];
    let first = session.ask((&format!("{at} LIMIT 1"), &values)).await?;
    let first = first.first().map(|row| value::<String>(row, 1)).transpose()?;
    let first = first.and_then(|first| first.parse::<Timestamp>().ok());
    let age = first.and_then(|first| Duration::try_from(now.duration_since(first)).ok());
    if age.is_none_or(|age| age <= retention.age) {
        return Ok(None);
    }
    let mut ages = Ages::new(retention);
    for row in session.ask((&format!("{at} DESC"), &values)).await? {
        ages.add(value(&row, 0)?, &value::<String>(&row, 1)?);
    }
    Ok(ages.cut())
}

/// The place in the chain after an entry.
async fn place(
    session: &Session,
    schema: &str,
    tenant: &TenantId,
    sequence: i64,
) -> Result<Link, PostgresFailure> {
    let query = format!("SELECT hash FROM {schema}.entries WHERE tenant_id = $1 AND sequence = $2");
    let id = tenant.as_str();
    let values: [_; 2] = [(&id as _, Type::TEXT), (&sequence as _, Type::INT8)];
    let rows = session.ask((&query, &values)).await?;
    let hash = rows.first().map(|row| value::<Vec<u8>>(row, 0)).transpose()?;
    match hash.map(TryInto::try_into) {
        Some(Ok(hash)) => Ok(Link { sequence, hash }),
        _ => Err(PostgresFailure::new(FailureKind::Other, format!("entry {sequence} is gone"))),
    }
}

async fn store(
    session: &Session,
    schema: &str,
    tenant: &TenantId,
    sum: &StoredSum,
    shared: &PostgresState,
) -> Result<(), PostgresFailure> {
    let seal = StoredTenant::sealed(tenant, sum.anchor, &(sum.head, sum.fold.clone()));
    let query = format!(
        "WITH ok AS (UPDATE {schema}.tenants SET fold = $4, fold_sequence = $5, fold_hash = $6, \
            anchor_sequence = $7, anchor_hash = $8, seal = $9 WHERE tenant_id = $1 AND owner = $2 \
            AND token = $3 AND sequence = $5 AND hash = $6 RETURNING tenant_id), \
            gone AS (DELETE FROM {schema}.entries e USING ok WHERE e.tenant_id = ok.tenant_id AND \
            e.sequence <= $7) SELECT tenant_id FROM ok"
    );
    let id = tenant.as_str();
    let owner = shared.owner();
    let hashes = [&sum.head.hash[..], &sum.anchor.hash[..], &seal[..]];
    let answers = session
        .write(&[(
            &query,
            &[
                (&id, Type::TEXT),
                (&owner, Type::TEXT),
                (&sum.token, Type::INT8),
                (&sum.fold, Type::TEXT),
                (&sum.head.sequence, Type::INT8),
                (&hashes[0], Type::BYTEA),
                (&sum.anchor.sequence, Type::INT8),
                (&hashes[1], Type::BYTEA),
                (&hashes[2], Type::BYTEA),
            ],
        )])
        .await?;
    if answers.iter().flatten().next().is_some()
        && let Some(known) = shared.tenants().get_mut(tenant)
    {
        (known.since_fold, known.anchor) = (0, sum.anchor);
    }
    Ok(())
}

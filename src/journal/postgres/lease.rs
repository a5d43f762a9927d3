//! The rows that say who may write: taking, renewing, giving back, and what became of an append
//! that was not answered.
//!
//! **Invariant:** each statement names the start of the program and the token. `until` says who may
//! take over, the token who may write: a lapsed lease that nobody took counts again.

use std::time::SystemTime;

use tokio_postgres::types::Type;

use super::{
    connect::Session,
    failure::{FailureKind, PostgresFailure},
    known::{PostgresLease, PostgresState},
    load::{StoredTenant, TENANT, value},
    times::ClockReading,
};
use crate::{
    journal::{chain::Link, lease::LEASE_TERM},
    model::TenantId,
    ports::JournalError,
};

/// What became of asking for a lease.
pub(super) enum LeaseAnswer {
    Leased(PostgresLease),
    Refused(JournalError),
}

/// How long a lease counts, in the database's words.
pub(super) fn term() -> f64 {
    LEASE_TERM.as_secs_f64()
}

/// Takes the right to write of a tenant, if nobody has it. A lease that this start of the program
/// holds without knowing of it (`live` is the one that it knows) is taken as well: its answer was
/// lost.
pub(super) async fn take(
    session: &Session,
    schema: &str,
    tenant: &TenantId,
    live: Option<i64>,
    shared: &PostgresState,
) -> Result<LeaseAnswer, PostgresFailure> {
    let asked = shared.times().moment();
    let make = format!(
        "INSERT INTO {schema}.tenants (tenant_id, accepted) SELECT $1, accepted FROM \
            {schema}.about ON CONFLICT DO NOTHING"
    );
    let take = format!(
        "UPDATE {schema}.tenants t SET owner = $2, holder = $3, token = t.token + 1, \
            attempt = t.attempt + 1, until = n.now + make_interval(secs => $6) \
            FROM (SELECT coalesce($5, clock_timestamp()) AS now) n \
            WHERE t.tenant_id = $1 AND t.refused IS NULL AND (t.owner IS NULL OR t.until <= n.now \
            OR (t.owner = $2 AND t.token <> $4)) RETURNING t.token, t.attempt, n.now"
    );
    let look = format!("SELECT {TENANT} FROM {schema}.tenants t WHERE t.tenant_id = $1");
    let id = tenant.as_str();
    let owner = shared.owner();
    let holder = shared.holder();
    let live = live.unwrap_or(-1);
    let given = shared.times().given();
    let answers = session
        .write(&[
            (&make, &[(&id, Type::TEXT)]),
            (
                &take,
                &[
                    (&id, Type::TEXT),
                    (&owner, Type::TEXT),
                    (&holder, Type::TEXT),
                    (&live, Type::INT8),
                    (&given, Type::TIMESTAMPTZ),
                    (&term(), Type::FLOAT8),
                ],
            ),
            (&look, &[(&id, Type::TEXT)]),
        ])
        .await?;
    let [_, taken, found] = &answers[..] else { return Err(odd()) };
    if let Some(row) = taken.first() {
        shared.times().heard(asked, value(row, 2)?);
        return Ok(LeaseAnswer::Leased(PostgresLease {
            token: value(row, 0)?,
            attempt: value(row, 1)?,
            asked,
        }));
    }
    let found = found.first().map(StoredTenant::of).transpose()?.ok_or_else(odd)?;
    Ok(LeaseAnswer::Refused(match (found.refused, found.holder, found.until) {
        (Some(reason), ..) => JournalError::Doubtful(reason),
        (None, Some(holder), Some(until)) => {
            JournalError::Held { holder: crate::foreign::line(holder), until }
        }
        // It was given back between the two statements.
        (None, ..) => JournalError::Lost,
    }))
}

fn odd() -> PostgresFailure {
    PostgresFailure::new(FailureKind::Other, "the row of a tenant is gone")
}

/// Renews these leases, and tells which of them still count.
pub(super) async fn renew(
    session: &Session,
    schema: &str,
    leases: &[(TenantId, i64)],
    shared: &PostgresState,
) -> Result<Vec<(String, i64, ClockReading)>, PostgresFailure> {
    let asked = shared.times().moment();
    let query = format!(
        "WITH n AS MATERIALIZED (SELECT coalesce($4, clock_timestamp()) AS now), \
            kept AS (UPDATE {schema}.tenants t SET until = n.now + make_interval(secs => $5) \
            FROM unnest($1, $2) AS h(tenant_id, token), n WHERE t.tenant_id = h.tenant_id AND \
            t.token = h.token AND t.owner = $3 RETURNING t.tenant_id, t.token) \
            SELECT kept.tenant_id, kept.token, n.now FROM n LEFT JOIN kept ON true"
    );
    let ids: Vec<&str> = leases.iter().map(|(tenant, _)| tenant.as_str()).collect();
    let tokens: Vec<i64> = leases.iter().map(|(_, token)| *token).collect();
    let owner = shared.owner();
    let given = shared.times().given();
    let answers = session
        .write(&[(
            &query,
            &[
                (&ids, Type::TEXT_ARRAY),
                (&tokens, Type::INT8_ARRAY),
                (&owner, Type::TEXT),
                (&given, Type::TIMESTAMPTZ),
                (&term(), Type::FLOAT8),
            ],
        )])
        .await?;
    let mut kept = Vec::new();
    for row in answers.iter().flatten() {
        shared.times().heard(asked, value::<SystemTime>(row, 2)?);
        if let (Some(tenant), Some(token)) = (value(row, 0)?, value(row, 1)?) {
            kept.push((tenant, token, asked));
        }
    }
    Ok(kept)
}

/// Gives leases back; all that this start of the program has if none are named.
pub(super) async fn release(
    session: &Session,
    schema: &str,
    leases: Option<&[(TenantId, i64)]>,
    owner: &str,
) -> Result<(), PostgresFailure> {
    let given_back = format!(
        "UPDATE {schema}.tenants t SET owner = NULL, holder = NULL, until = NULL WHERE t.owner = $1"
    );
    let Some(leases) = leases else {
        return session.write(&[(&given_back, &[(&owner, Type::TEXT)])]).await.map(drop);
    };
    let query = format!(
        "{given_back} AND EXISTS (SELECT FROM unnest($2, $3) AS h(tenant_id, token) WHERE \
            t.tenant_id = h.tenant_id AND t.token = h.token)"
    );
    let ids: Vec<&str> = leases.iter().map(|(tenant, _)| tenant.as_str()).collect();
    let tokens: Vec<i64> = leases.iter().map(|(_, token)| *token).collect();
    let values: [_; 3] = [
        (&owner as _, Type::TEXT),
        (&ids as _, Type::TEXT_ARRAY),
        (&tokens as _, Type::INT8_ARRAY),
    ];
    session.write(&[(&query, &values)]).await.map(drop)
}

/// Where a chain ends of which an append was not answered. Whatever is still on its way is refused
/// from now on. Nothing if the lease is lost.
pub(super) async fn settle(
    session: &Session,
    schema: &str,
    (tenant, token): (&TenantId, i64),
    shared: &PostgresState,
) -> Result<Option<(i64, Link)>, PostgresFailure> {
    let query = format!(
        "UPDATE {schema}.tenants t SET attempt = t.attempt + 1 WHERE t.tenant_id = $1 AND \
            t.owner = $2 AND t.token = $3 RETURNING {TENANT}"
    );
    let id = tenant.as_str();
    let owner = shared.owner();
    let values: [_; 3] =
        [(&id as _, Type::TEXT), (&owner as _, Type::TEXT), (&token as _, Type::INT8)];
    let answers = session.write(&[(&query, &values)]).await?;
    let Some(row) = answers.iter().flatten().next() else { return Ok(None) };
    let found = StoredTenant::of(row)?;
    Ok(Some((found.attempt, found.head)))
}

/// From now on nobody writes of a tenant before a person has judged it.
pub(super) async fn refuse(
    session: &Session,
    schema: &str,
    tenant: &TenantId,
    reason: &str,
) -> Result<(), PostgresFailure> {
    let query =
        format!("UPDATE {schema}.tenants SET refused = coalesce(refused, $2) WHERE tenant_id = $1");
    let id = tenant.as_str();
    let values: [_; 2] = [(&id as _, Type::TEXT), (&reason as _, Type::TEXT)];
    session.write(&[(&query, &values)]).await.map(drop)
}

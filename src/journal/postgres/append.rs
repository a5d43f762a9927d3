//! Adding entries to the chains of many tenants, in one statement: compare and swap on who may
//! write and where the chain ends.

use tokio_postgres::types::Type;

use super::{
    connect::Session,
    failure::PostgresFailure,
    known::{PostgresLease, PostgresState},
    lease::term,
    load::value,
    times::ClockReading,
};
use crate::{
    journal::chain::Link,
    model::{Entry, TenantId},
};

/// What is to be added to one chain.
pub(super) struct Addition {
    pub(super) tenant: TenantId,
    pub(super) held: PostgresLease,
    pub(super) was: Link,
    pub(super) links: Vec<(Link, String)>,
    pub(super) entries: Vec<Entry>,
}

impl Addition {
    /// Where the chain ends with it.
    pub(super) fn head(&self) -> Link {
        self.links.last().map_or(self.was, |(link, _)| *link)
    }
}

/// Adds them, and renews their leases. Tells which tenants took theirs: the others were lost.
pub(super) async fn append(
    session: &Session,
    schema: &str,
    additions: &[Addition],
    shared: &PostgresState,
) -> Result<(Vec<String>, ClockReading), PostgresFailure> {
    let asked = shared.times().moment();
    let query = format!(
        "WITH n AS MATERIALIZED (SELECT coalesce($13, clock_timestamp()) AS now), \
            head AS (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) AS \
            h(tenant_id, token, attempt, was, was_hash, sequence, hash)), \
            ok AS (UPDATE {schema}.tenants t SET sequence = h.sequence, hash = h.hash, \
            until = n.now + make_interval(secs => $14) FROM head h, n WHERE \
            t.tenant_id = h.tenant_id AND t.owner = $8 AND t.token = h.token AND \
            t.attempt = h.attempt AND t.sequence = h.was AND t.hash = h.was_hash AND \
            t.refused IS NULL RETURNING t.tenant_id), \
            kept AS (INSERT INTO {schema}.entries (tenant_id, sequence, line, hash) \
            SELECT e.tenant_id, e.sequence, e.line, e.hash FROM unnest($9, $10, $11, $12) AS \
            e(tenant_id, sequence, line, hash) JOIN ok USING (tenant_id) ORDER BY e.tenant_id, \
            e.sequence) \
            SELECT ok.tenant_id, n.now FROM n LEFT JOIN ok ON true"
    );
    let each = || additions.iter();
    let ids: Vec<&str> = each().map(|one| one.tenant.as_str()).collect();
    let tokens: Vec<i64> = each().map(|one| one.held.token).collect();
    let attempts: Vec<i64> = each().map(|one| one.held.attempt).collect();
    let was: Vec<i64> = each().map(|one| one.was.sequence).collect();
    let was_hash: Vec<&[u8]> = each().map(|one| &one.was.hash[..]).collect();
    let heads: Vec<Link> = each().map(Addition::head).collect();
    let ends: Vec<i64> = heads.iter().map(|head| head.sequence).collect();
    let hashes: Vec<&[u8]> = heads.iter().map(|head| &head.hash[..]).collect();
    let owner = shared.owner();
    let lines = || each().flat_map(|one| one.links.iter().map(move |link| (&one.tenant, link)));
    let of: Vec<&str> = lines().map(|(tenant, _)| tenant.as_str()).collect();
    let sequences: Vec<i64> = lines().map(|(_, (link, _))| link.sequence).collect();
    let texts: Vec<&str> = lines().map(|(_, (_, line))| line.as_str()).collect();
    let chain: Vec<&[u8]> = lines().map(|(_, (link, _))| &link.hash[..]).collect();
    let given = shared.times().given();
    let answers = session
        .write(&[(
            &query,
            &[
                (&ids, Type::TEXT_ARRAY),
                (&tokens, Type::INT8_ARRAY),
                (&attempts, Type::INT8_ARRAY),
                (&was, Type::INT8_ARRAY),
                (&was_hash, Type::BYTEA_ARRAY),
                (&ends, Type::INT8_ARRAY),
                (&hashes, Type::BYTEA_ARRAY),
                (&owner, Type::TEXT),
                (&of, Type::TEXT_ARRAY),
                (&sequences, Type::INT8_ARRAY),
                (&texts, Type::TEXT_ARRAY),
                (&chain, Type::BYTEA_ARRAY),
                (&given, Type::TIMESTAMPTZ),
                (&term(), Type::FLOAT8),
            ],
        )])
        .await?;
    let mut kept = Vec::new();
    for row in answers.iter().flatten() {
        shared.times().heard(asked, value(row, 1)?);
        kept.extend(value::<Option<String>>(row, 0)?);
    }
    Ok((kept, asked))
}

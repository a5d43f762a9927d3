//! What the database has, beside what this machine saw: at each new connection, and again and again
//! meanwhile, so a service that stands by has seen what the leader wrote.
//!
//! **Invariant:** nothing is written over a new connection before it was compared. A tenant that
//! does not go on where it was seen is held for all machines.

use tokio_postgres::{Row, types::Type};
use tracing::warn;

use super::{
    connect::{Param, Session},
    failure::PostgresFailure,
    known::PostgresState,
    load::value,
    seen::{FoundChain, SeenChain, SeenChains},
};
use crate::{
    journal::chain::{Hash, Link},
    model::TenantId,
};

/// A tenant whose entries were seen and are not there.
pub(super) struct LostChain {
    pub(super) tenant: TenantId,
    pub(super) reason: String,
    epoch: i64,
}

/// What was found at one look.
#[derive(Default)]
pub(super) struct ComparedChains {
    /// What is to be held and is not yet.
    pub(super) lost: Vec<LostChain>,
    /// What goes on where it was seen.
    there: Vec<(TenantId, SeenChain)>,
}

/// Compares if anything may have changed since `sum` was told, and holds what was lost. The answer is
/// what to tell it the next time.
pub(super) async fn follow(
    session: &Session,
    schema: &str,
    shared: &PostgresState,
    sum: Option<String>,
) -> Result<Option<String>, PostgresFailure> {
    let Some(marks) = shared.marks() else { return Ok(None) };
    let query = format!("SELECT concat(sum(epoch), ' ', sum(sequence)) FROM {schema}.tenants");
    let rows = session.ask((&query, &[])).await?;
    let now = rows.first().map(|row| value::<String>(row, 0)).transpose()?;
    if now.is_some() && now == sum {
        return Ok(now);
    }
    let ComparedChains { lost, there } = compare(session, schema, &marks).await?;
    hold(session, schema, &lost).await?;
    for (tenant, mark) in there {
        shared.saw(&tenant, mark);
    }
    Ok(now)
}

/// What became of that which was seen.
pub(super) async fn compare(
    session: &Session,
    schema: &str,
    marks: &SeenChains,
) -> Result<ComparedChains, PostgresFailure> {
    let query = format!(
        "SELECT coalesce(t.tenant_id, m.tenant_id), t.epoch, t.sequence, t.hash, \
            t.refused IS NOT NULL, \
            CASE WHEN t.anchor_sequence = m.sequence THEN t.anchor_hash ELSE e.hash END \
            FROM {schema}.tenants t FULL JOIN unnest($1, $2) AS m(tenant_id, sequence) \
            ON t.tenant_id = m.tenant_id LEFT JOIN {schema}.entries e \
            ON e.tenant_id = m.tenant_id AND e.sequence = m.sequence"
    );
    let ids: Vec<&str> = marks.keys().map(TenantId::as_str).collect();
    let sequences: Vec<i64> = marks.values().map(|mark| mark.link.sequence).collect();
    let values: [Param<'_>; 2] = [(&ids, Type::TEXT_ARRAY), (&sequences, Type::INT8_ARRAY)];
    let mut compared = ComparedChains::default();
    for row in session.ask((&query, &values)).await? {
        let id: String = value(&row, 0)?;
        let Ok(tenant) = TenantId::parse(&id) else { continue };
        let found = found(&row)?;
        let mark = marks.get(&tenant);
        let reason = mark.and_then(|mark| mark.is_lost(found.as_ref()));
        let is_held = value::<Option<bool>>(&row, 4)? == Some(true);
        match (reason, mark, found) {
            (Some(reason), Some(SeenChain { epoch, .. }), _) => {
                let is_told = is_held && found.is_some_and(|found| found.now.epoch >= *epoch);
                if !is_told {
                    compared.lost.push(LostChain { tenant, reason, epoch: *epoch });
                }
            }
            (None, _, Some(found)) if !is_held => compared.there.push((tenant, found.now)),
            _ => {}
        }
    }
    Ok(compared)
}

/// The same of a database in which no journal was begun.
pub(super) fn all(marks: &SeenChains) -> Vec<LostChain> {
    let lost = |(tenant, mark): (&TenantId, &SeenChain)| {
        let reason = mark.is_lost(None)?;
        Some(LostChain { tenant: tenant.clone(), reason, epoch: mark.epoch })
    };
    marks.iter().filter_map(lost).collect()
}

/// Nothing if there is no such tenant.
fn found(row: &Row) -> Result<Option<FoundChain>, PostgresFailure> {
    let Some(epoch) = value::<Option<i64>>(row, 1)? else { return Ok(None) };
    let hash = |column| -> Result<Option<Hash>, PostgresFailure> {
        let hash: Option<Vec<u8>> = value(row, column)?;
        Ok(hash.map(|hash| hash.try_into().unwrap_or_default()))
    };
    let link = Link { sequence: value(row, 2)?, hash: hash(3)?.unwrap_or_default() };
    Ok(Some(FoundChain { now: SeenChain { epoch, link }, there: hash(5)? }))
}

/// From now on nobody writes of these before a person has judged them. What the person accepts is of
/// a later epoch than anything that was seen.
pub(super) async fn hold(
    session: &Session,
    schema: &str,
    lost: &[LostChain],
) -> Result<(), PostgresFailure> {
    if lost.is_empty() {
        return Ok(());
    }
    for LostChain { tenant, reason, .. } in lost {
        warn!(%tenant, reason, "the journal of a tenant is not what was seen here");
    }
    let query = format!(
        "INSERT INTO {schema}.tenants AS t (tenant_id, accepted, refused, epoch) \
            SELECT x.tenant_id, a.accepted, x.reason, x.epoch FROM unnest($1, $2, $3) AS \
            x(tenant_id, reason, epoch), {schema}.about a ORDER BY x.tenant_id \
            ON CONFLICT (tenant_id) DO UPDATE SET refused = coalesce(t.refused, excluded.refused), \
            epoch = greatest(t.epoch, excluded.epoch)"
    );
    let ids: Vec<&str> = lost.iter().map(|lost| lost.tenant.as_str()).collect();
    let reasons: Vec<&str> = lost.iter().map(|lost| lost.reason.as_str()).collect();
    let epochs: Vec<i64> = lost.iter().map(|lost| lost.epoch).collect();
    let values: [Param<'_>; 3] =
        [(&ids, Type::TEXT_ARRAY), (&reasons, Type::TEXT_ARRAY), (&epochs, Type::INT8_ARRAY)];
    session.write(&[(&query, &values)]).await.map(drop)
}

//! From the rows of a tenant to what they add up to, each link of its chain and its seal proved.

use std::time::SystemTime;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use super::{
    connect::Session,
    failure::{FailureKind, PostgresFailure},
};
use crate::{
    journal::{
        chain::{Hash, Link},
        fold::Fold,
        load::{self as lines, LoadError},
    },
    model::{RunId, SyncDebt, TenantId},
};

/// The row of a tenant.
#[derive(Debug, Clone)]
pub(super) struct StoredTenant {
    pub(super) id: TenantId,
    pub(super) token: i64,
    pub(super) attempt: i64,
    pub(super) epoch: i64,
    pub(super) refused: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) holder: Option<String>,
    pub(super) until: Option<Timestamp>,
    pub(super) head: Link,
    pub(super) anchor: Link,
    pub(super) fold: Option<(Link, String)>,
    /// What it owed before its first entry.
    accepted: Option<SyncDebt>,
    seal: Option<Vec<u8>>,
}

/// A row with its hash.
#[derive(Debug, Clone)]
pub(super) struct HashedRow {
    pub(super) sequence: i64,
    pub(super) line: String,
    pub(super) hash: Hash,
}

/// What the columns of [`StoredTenant`] are.
pub(super) const TENANT: &str = "t.tenant_id, t.token, t.attempt, t.epoch, t.refused, t.owner, \
    t.holder, t.until, t.sequence, t.hash, t.anchor_sequence, t.anchor_hash, t.fold, \
    t.fold_sequence, t.fold_hash, t.seal, t.accepted";

/// A value of a row.
pub(super) fn value<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, PostgresFailure> {
    row.try_get(column).map_err(|error| PostgresFailure::new(FailureKind::Other, error.to_string()))
}

fn link(row: &Row, column: usize) -> Result<Link, PostgresFailure> {
    let hash: Vec<u8> = value(row, column + 1)?;
    Ok(Link { sequence: value(row, column)?, hash: hash_of(&hash)? })
}

fn hash_of(bytes: &[u8]) -> Result<Hash, PostgresFailure> {
    bytes
        .try_into()
        .map_err(|_| PostgresFailure::new(FailureKind::Other, "a hash has another length"))
}

impl StoredTenant {
    pub(super) fn of(row: &Row) -> Result<Self, PostgresFailure> {
        let id: String = value(row, 0)?;
        let odd =
            |reason| PostgresFailure::new(FailureKind::Other, format!("a tenant's id: {reason}"));
        let fold: Option<String> = value(row, 12)?;
        let at: Option<i64> = value(row, 13)?;
        let until: Option<SystemTime> = value(row, 7)?;
        Ok(Self {
            id: TenantId::parse(&id).map_err(odd)?,
            token: value(row, 1)?,
            attempt: value(row, 2)?,
            epoch: value(row, 3)?,
            refused: value(row, 4)?,
            owner: value(row, 5)?,
            holder: value(row, 6)?,
            until: until.and_then(|until| Timestamp::try_from(until).ok()),
            head: link(row, 8)?,
            anchor: link(row, 10)?,
            fold: match (fold, at) {
                (Some(fold), Some(_)) => Some((link(row, 13)?, fold)),
                _ => None,
            },
            seal: value(row, 15)?,
            accepted: debt(value(row, 16)?)?,
        })
    }

    /// A hash over what the chain does not prove.
    pub(super) fn sealed(id: &TenantId, anchor: Link, fold: &(Link, String)) -> Hash {
        let (at, text) = fold;
        let mut hash = Sha256::new_with_prefix(id.as_str());
        for link in [anchor, *at] {
            hash.update(link.sequence.to_le_bytes());
            hash.update(link.hash);
        }
        hash.update(text);
        hash.finalize().into()
    }

    /// Whether what the chain does not prove is as it was written.
    pub(super) fn is_sealed(&self) -> bool {
        match (&self.fold, &self.seal) {
            (Some(fold), Some(seal)) => Self::sealed(&self.id, self.anchor, fold)[..] == seal[..],
            (None, None) => self.anchor == Link::default(),
            _ => false,
        }
    }

    /// What it is before its first entry.
    fn beginning(&self) -> Fold {
        Fold { accepted: self.accepted.clone(), ..Fold::default() }
    }

    /// The sum that was stored, and where it is.
    pub(super) fn stored(&self) -> Result<(Link, Fold), LoadError> {
        if !self.is_sealed() {
            return damaged("the stored sum of its entries is not what was written");
        }
        match &self.fold {
            Some((at, text)) => Ok((*at, lines::thaw(text)?)),
            None => Ok((self.anchor, self.beginning())),
        }
    }
}

/// What a tenant owes by an acceptance of the whole journal, as it is kept.
pub(super) fn debt_text(SyncDebt { since, run }: &SyncDebt) -> String {
    serde_json::json!([since, run.as_str()]).to_string()
}

fn debt(text: Option<String>) -> Result<Option<SyncDebt>, PostgresFailure> {
    let Some(text) = text else { return Ok(None) };
    let odd =
        |error| PostgresFailure::new(FailureKind::Other, format!("what tenants owe: {error}"));
    let (since, run): (Timestamp, String) = serde_json::from_str(&text).map_err(odd)?;
    Ok(Some(SyncDebt { since, run: RunId::new(&run) }))
}

/// What is found of a tenant at one moment.
pub(super) enum TenantLookup {
    /// Its row, with its entries behind a place.
    There(Box<StoredTenant>, Vec<HashedRow>),
    /// It was never written of: what it would begin with.
    Absent(Fold),
}

/// A tenant as it is at one moment, with its entries behind that place, or behind its stored sum.
pub(super) async fn tenant(
    session: &Session,
    schema: &str,
    tenant: &TenantId,
    behind: Option<i64>,
) -> Result<TenantLookup, PostgresFailure> {
    // The sum of those who know it already need not travel.
    let columns = TENANT.replace(" t.fold,", " CASE WHEN $2 IS NULL THEN t.fold END,");
    let row = format!("SELECT {columns} FROM {schema}.tenants t WHERE t.tenant_id = $1");
    let entries = format!(
        "SELECT e.sequence, e.line, e.hash FROM {schema}.entries e JOIN {schema}.tenants t \
            USING (tenant_id) WHERE t.tenant_id = $1 AND e.sequence > \
            coalesce($2, t.fold_sequence, t.anchor_sequence) ORDER BY e.sequence"
    );
    let accepted = format!("SELECT accepted FROM {schema}.about");
    let id = tenant.as_str();
    let answers = session
        .look(&[
            (&row, &[(&id, Type::TEXT), (&behind, Type::INT8)]),
            (&entries, &[(&id, Type::TEXT), (&behind, Type::INT8)]),
            (&accepted, &[]),
        ])
        .await?;
    let [row, entries, about] = &answers[..] else {
        return Err(PostgresFailure::new(FailureKind::Other, "an answer is missing"));
    };
    let Some(row) = row.first() else {
        let accepted = about.first().map(|row| value(row, 0)).transpose()?;
        return Ok(TenantLookup::Absent(Fold {
            accepted: debt(accepted.flatten())?,
            ..Fold::default()
        }));
    };
    let stored = entries.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    Ok(TenantLookup::There(Box::new(StoredTenant::of(row)?), stored))
}

/// A row of an entry: sequence, line, hash.
pub(super) fn stored(row: &Row) -> Result<HashedRow, PostgresFailure> {
    let hash: Vec<u8> = value(row, 2)?;
    Ok(HashedRow { sequence: value(row, 0)?, line: value(row, 1)?, hash: hash_of(&hash)? })
}

/// Follows the chain over these entries.
pub(super) fn follow(
    head: &mut Link,
    entries: &[HashedRow],
    mut each: impl FnMut(&HashedRow) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    for entry in entries {
        let next = head.next(&entry.line);
        if entry.sequence != next.sequence {
            return damaged(format!("entry {} is missing", next.sequence));
        }
        if entry.hash != next.hash {
            return damaged(format!(
                "entry {} is not what was written: the chain of hashes breaks there",
                entry.sequence
            ));
        }
        each(entry)?;
        *head = next;
    }
    Ok(())
}

/// Adds entries to what those before them add up to, and moves the head along.
pub(super) fn add_up(
    (head, fold): (&mut Link, &mut Fold),
    tenant: &StoredTenant,
    entries: &[HashedRow],
) -> Result<(), LoadError> {
    follow(head, entries, |entry| {
        fold.add(&lines::parse(&entry.line, entry.sequence)?);
        Ok(())
    })?;
    if *head == tenant.head {
        return Ok(());
    }
    damaged(format!("it ends at entry {}, but {} was written", head.sequence, tenant.head.sequence))
}

fn damaged<T>(reason: impl Into<String>) -> Result<T, LoadError> {
    Err(LoadError::Damaged(reason.into()))
}

pub(super) fn why(bad: LoadError) -> String {
    match bad {
        LoadError::Sql(error) => error.to_string(),
        LoadError::Newer(version, known) => {
            format!("an entry is of a newer format ({version}; this one knows {known})")
        }
        LoadError::Damaged(reason) => reason,
    }
}

//! The row of the one who leads, and what a statement about manifests answered.

use jiff::Timestamp;
use tokio_postgres::{Row, types::FromSql};

use super::super::failure::{FailureKind, PostgresFailure};
use crate::{
    model::{Adopted, Leader, VersionInForce},
    ports::JournalError,
};

/// Whether manifests are in force now; nothing if this process does not lead.
pub(super) fn adopted(row: &Row) -> Result<Option<Adopted>, PostgresFailure> {
    let is_own: bool = get(row, 0)?;
    let added: Option<i64> = get(row, 1)?;
    let newest: Option<i64> = get(row, 2)?;
    let is_same: bool = get(row, 3)?;
    if !is_own {
        return Ok(None);
    }
    match (added, newest) {
        (Some(added), _) => Ok(Some(Adopted::InForce(added))),
        (None, Some(newest)) if is_same => Ok(Some(Adopted::InForce(newest))),
        (None, Some(_)) => {
            let at = moment(get(row, 5)?);
            let newest = VersionInForce {
                commit: get(row, 4)?,
                at,
                host: get(row, 6)?,
                is_older: get(row, 7)?,
            };
            Ok(Some(Adopted::Behind(newest)))
        }
        (None, None) => {
            Err(PostgresFailure::new(FailureKind::Other, "the manifests were not put on record"))
        }
    }
}

/// Who leads, or led last.
pub(super) fn leader(row: &Row) -> Result<Leader, PostgresFailure> {
    let process: i64 = get(row, 2)?;
    Ok(Leader {
        host: get(row, 1)?,
        process: u32::try_from(process).unwrap_or_default(),
        version: get(row, 3)?,
        since: moment(get(row, 4)?),
        until: moment(get(row, 5)?),
    })
}

pub(super) fn one(rows: &[Row]) -> Result<&Row, PostgresFailure> {
    rows.first().ok_or_else(|| {
        PostgresFailure::new(FailureKind::Other, "the row of the one who leads is gone")
    })
}

pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, at: usize) -> Result<T, PostgresFailure> {
    row.try_get(at).map_err(|error| PostgresFailure::of(&error))
}

pub(super) fn moment(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or_default()
}

/// It goes on being away since then.
pub(super) fn away(failure: PostgresFailure, before: Option<&JournalError>) -> JournalError {
    let since = match before {
        Some(JournalError::Away { since, .. }) => *since,
        _ => Timestamp::now(),
    };
    JournalError::Away { since, reason: failure.words }
}

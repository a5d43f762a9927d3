//! What is kept of history: the sum of all entries, and those that are not too old.
//!
//! **Invariant:** an entry goes only once the stored fold holds what it added up to, so that no debt, no unknown outcome and no
//! open write goes with it. The last entry stays.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::{
    db::{self, Hash, Link},
    fold::Fold,
    load,
    sqlite::Retention,
};

/// Entries after the stored fold from which on it is stored anew; more if the fold is large, so that storing it stays cheap beside
/// what made it.
const FOLD_AFTER: usize = 2_000;

/// Stores the fold if it is worth it, and lets go of what is too old. The answer is how many entries there are after the
/// stored fold now, if it was stored.
pub(super) fn tidy(
    db: &mut Connection,
    head: Link,
    fold: &Fold,
    since_fold: usize,
    retention: Retention,
) -> rusqlite::Result<Option<usize>> {
    let cut = cut(db, head, retention)?;
    if cut.is_none() && since_fold < FOLD_AFTER + fold.size() {
        return Ok(None);
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    load::store_fold(&transaction, head, fold)?;
    if let Some(cut) = cut {
        let hash: Hash = transaction.query_row("SELECT hash FROM entries WHERE sequence = ?1", [cut], |row| row.get(0))?;
        transaction.execute("DELETE FROM entries WHERE sequence <= ?1", [cut])?;
        db::set_anchor(&transaction, Link { sequence: cut, hash })?;
    }
    transaction.commit()?;
    Ok(Some(0))
}

/// The last entry that may go, if so many may go that it is worth it: a tenth more than is to be kept.
fn cut(db: &Connection, head: Link, retention: Retention) -> rusqlite::Result<Option<i64>> {
    let first = db::anchor(db)?.sequence + 1;
    let kept = u64::try_from(head.sequence - first + 1).unwrap_or(0);
    let too_many = kept > retention.entries.saturating_add(retention.entries / 10).max(1);
    let by_count = too_many.then(|| head.sequence - i64::try_from(retention.entries).unwrap_or(i64::MAX));
    let by_age = by_age(db, first, head, retention)?;
    Ok(by_count.max(by_age).map(|cut| cut.min(head.sequence - 1)).filter(|cut| *cut >= first))
}

fn by_age(db: &Connection, first: i64, head: Link, retention: Retention) -> rusqlite::Result<Option<i64>> {
    let Some(newest) = at(db, head.sequence)? else { return Ok(None) };
    let before = |age| newest.checked_sub(age).unwrap_or(Timestamp::MIN);
    let worth_it = before(retention.age.saturating_add(retention.age / 10));
    if at(db, first)?.is_none_or(|oldest| oldest >= worth_it) {
        return Ok(None);
    }
    let limit = before(retention.age);
    let mut statement = db.prepare("SELECT sequence, at FROM entries ORDER BY sequence")?;
    let mut rows = statement.query([])?;
    let mut cut = None;
    while let Some(row) = rows.next()? {
        let time: String = row.get(1)?;
        if time.parse::<Timestamp>().is_ok_and(|time| time >= limit) {
            break;
        }
        cut = Some(row.get(0)?);
    }
    Ok(cut)
}

fn at(db: &Connection, sequence: i64) -> rusqlite::Result<Option<Timestamp>> {
    let time =
        db.query_row("SELECT at FROM entries WHERE sequence = ?1", [sequence], |row| row.get::<_, String>(0)).optional()?;
    Ok(time.and_then(|time| time.parse().ok()))
}

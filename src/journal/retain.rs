//! What is kept of history: the sum of all entries, and those that are not too old.
//!
//! **Invariant:** an entry goes only once the stored fold holds what it added up to, so no
//! debt, no unknown outcome and no open write goes with it. The last entry stays.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::{
    Retention,
    chain::{Hash, Link},
    db,
    fold::Fold,
    load,
};

/// Entries after the stored fold from which on it is stored again; more if the fold is large, so
/// that storing it stays cheap beside what made it.
pub(super) const FOLD_AFTER: usize = 2_000;

/// Stores the fold if it is worth it, and lets go of what is too old. The answer is how many
/// entries there are after the stored fold now, if it was stored. To look at the age of entries is
/// to read them all.
pub(super) fn tidy(
    db: &mut Connection,
    head: Link,
    fold: &Fold,
    since_fold: usize,
    retention: Retention,
    look_at_age: bool,
) -> rusqlite::Result<Option<usize>> {
    let by_age = if look_at_age { by_age(db, retention)? } else { None };
    let cut = cut(db, head, retention, by_age)?;
    if cut.is_none() && since_fold < FOLD_AFTER + fold.size() {
        return Ok(None);
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    load::store_fold(&transaction, head, fold)?;
    if let Some(cut) = cut {
        let hash: Hash = transaction.query_row(
            "SELECT hash FROM entries WHERE sequence = ?1",
            [cut],
            |row| row.get(0),
        )?;
        transaction.execute("DELETE FROM entries WHERE sequence <= ?1", [cut])?;
        db::set_anchor(&transaction, Link { sequence: cut, hash })?;
    }
    transaction.commit()?;
    Ok(Some(0))
}

/// The last entry that may go, if so many may go that it is worth it: a tenth more than is to be
/// kept.
fn cut(
    db: &Connection,
    head: Link,
    retention: Retention,
    by_age: Option<i64>,
) -> rusqlite::Result<Option<i64>> {
    Ok(cut_between(db::anchor(db)?, head, retention, by_age))
}

/// The same for entries behind one place of a chain, to another.
pub(super) fn cut_between(
    anchor: Link,
    head: Link,
    retention: Retention,
    by_age: Option<i64>,
) -> Option<i64> {
    let first = anchor.sequence + 1;
    let kept = u64::try_from(head.sequence - first + 1).unwrap_or(0);
    let too_many = kept > retention.entries.saturating_add(retention.entries / 10).max(1);
    let by_count =
        too_many.then(|| head.sequence - i64::try_from(retention.entries).unwrap_or(i64::MAX));
    by_count.max(by_age).map(|cut| cut.min(head.sequence - 1)).filter(|cut| *cut >= first)
}

fn by_age(db: &Connection, retention: Retention) -> rusqlite::Result<Option<i64>> {
    let mut statement = db.prepare("SELECT sequence, at FROM entries ORDER BY sequence DESC")?;
    let mut rows = statement.query([])?;
    let mut ages = Ages::new(retention);
    while let Some(row) = rows.next()? {
        ages.add(row.get(0)?, &row.get::<_, String>(1)?);
    }
    Ok(ages.cut())
}

/// Looks for the last entry that is too old, from the newest on. An entry ages by the time that
/// passed between those after it: a pause counts for a tenth of what is kept at most, and a step
/// back for nothing. So a clock that is ahead by years makes nothing older by more than that.
pub(super) struct Ages {
    least: i64,
    pause: i64,
    age: i64,
    later: Option<i64>,
    cut: Option<i64>,
}

impl Ages {
    pub(super) fn new(retention: Retention) -> Self {
        let least = seconds(retention.age);
        let pause = seconds(retention.age / 10);
        Self { least, pause, age: 0, later: None, cut: None }
    }

    /// The entry before the one that was added last.
    pub(super) fn add(&mut self, sequence: i64, at: &str) {
        let Ok(time) = at.parse::<Timestamp>() else { return };
        let time = time.as_second();
        let passed = self.later.replace(time).map_or(0, |later| later - time);
        self.age = self.age.saturating_add(passed.clamp(0, self.pause));
        if self.age > self.least {
            self.cut.get_or_insert(sequence);
        }
    }

    /// The last entry that is too old, if it is worth it to let it go.
    pub(super) fn cut(self) -> Option<i64> {
        let worth_it = self.age > self.least.saturating_add(self.least / 10);
        self.cut.filter(|_| worth_it)
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

//! Bits that turn over anywhere in the file of a journal: whatever we read of it is as it was
//! written, or the check finds it.

use std::{fs, path::Path};

use dialplane::{
    journal::{Retention, SqliteHistory, SqliteJournal},
    model::{Event, RunId, StepOutcome, Verb},
};
use rusqlite::{Connection, OpenFlags, types::Value};

use super::{at, began, details, entry, intent, known, outcome, record};
use crate::support::id;

/// Bits in the ordinary run; `FLIPS=100000` tries more.
const FLIPS: usize = 500;

/// A journal whose first entries are gone, with debts and lost answers in what they add up to.
async fn cut_journal(folder: &Path) {
    let retention = Retention { entries: 60, ..Retention::default() };
    for run in 0..40 {
        let journal = SqliteJournal::open(folder, retention).unwrap();
        let (name, user, at) = (format!("run{run}"), format!("user{run}@contoso.com"), run * 100);
        let lost = run % 7 == 0;
        record(
            &journal,
            &[
                entry(at, &name, began(1)),
                entry(at + 1, &name, intent(&user, Verb::Update, details())),
                entry(
                    at + 2,
                    &name,
                    outcome(
                        &user,
                        Verb::Update,
                        if lost { super::lost() } else { StepOutcome::Accepted },
                    ),
                ),
                entry(at + 3, &name, if run > 30 { Event::Syncing } else { Event::Synced }),
            ],
        )
        .await;
    }
}

const TABLES: [&str; 6] = [
    "SELECT * FROM entries ORDER BY sequence",
    "SELECT * FROM fold",
    "SELECT * FROM anchor",
    "SELECT * FROM leases ORDER BY tenant_id",
    "SELECT * FROM journal",
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name",
];

/// All that the tables say, read by no code of ours. Nothing if they cannot be read.
fn tables(folder: &Path) -> Option<Vec<Vec<Value>>> {
    let name = format!("file:{}?immutable=1", folder.join("journal.db").display());
    let db = Connection::open_with_flags(
        name,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    )
    .ok()?;
    let mut all = Vec::new();
    for query in TABLES {
        let mut statement = db.prepare(query).ok()?;
        let columns = statement.column_count();
        let mut rows = statement.query([]).ok()?;
        while let Some(row) = rows.next().ok()? {
            all.push((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>().ok()?);
        }
    }
    let version = |name: &str| db.pragma_query_value(None, name, |row| row.get(0)).ok();
    all.push(vec![version("user_version")?, version("application_id")?]);
    Some(all)
}

/// What the commands that look back are told.
fn told(folder: &Path) -> Option<String> {
    let history = SqliteHistory::read(folder).ok()?;
    let runs = history.runs(None, 1000).ok()?;
    let entries: Vec<_> =
        runs.iter().map(|run: &RunId| history.entries(run)).collect::<Result<_, _>>().ok()?;
    Some(format!(
        "{runs:?}{entries:?}{:?}",
        known(&SqliteHistory::sound(folder).ok()?.remembered(&id("contoso")))
    ))
}

fn found(folder: &Path) -> bool {
    SqliteHistory::read(folder)
        .and_then(|history| history.check())
        .map_or(true, |checked| !checked.problems.is_empty())
}

#[tokio::test]
async fn whatever_bit_of_the_file_turns_over_it_is_found_or_changes_nothing() {
    let whole = crate::folder::folder();
    cut_journal(whole.path()).await;
    let (right, right_told) = (tables(whole.path()).unwrap(), told(whole.path()).unwrap());
    assert!(right_told.contains("sync_owed: Some") && !found(whole.path()));
    let bytes = fs::read(whole.path().join("journal.db")).unwrap();
    let mark = fs::read(whole.path().join("journal.id")).unwrap();
    let wanted = std::env::var("FLIPS").ok().and_then(|text| text.parse().ok()).unwrap_or(FLIPS);
    let mut dice = fastrand::Rng::with_seed(7);
    let (mut changed, mut seen) = (0, 0);
    let folder = crate::folder::folder();
    fs::write(folder.path().join("journal.id"), mark).unwrap();
    for flip in 0..wanted {
        // The header and the tables' own text now and then: they are a small part of the file.
        let end = if flip % 5 == 0 { 4096 } else { bytes.len() };
        let (place, bit) = (dice.usize(0..end), dice.u8(0..8));
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << bit;
        fs::write(folder.path().join("journal.db"), flipped).unwrap();
        let found = found(folder.path());
        seen += u32::from(found);
        if tables(folder.path()).as_ref() != Some(&right) {
            changed += 1;
            assert!(found, "byte {place}, bit {bit}: the tables say something else");
            let opened = SqliteJournal::open(folder.path(), Retention::default());
            assert!(opened.is_err(), "byte {place}, bit {bit}: it is written to all the same");
            for beside in ["journal.db-wal", "journal.db-shm"] {
                drop(fs::remove_file(folder.path().join(beside)));
            }
        }
        assert!(
            found || told(folder.path()).as_ref() == Some(&right_told),
            "byte {place}, bit {bit}: it tells something else"
        );
    }
    assert!(changed > wanted / 3, "{changed} of {wanted} changed anything");
    println!("{wanted} bits turned over: {changed} changed what the tables say, {seen} were found");
}

#[tokio::test]
async fn whatever_bit_of_the_mark_turns_over_it_is_refused_or_says_the_same() {
    let folder = crate::folder::folder();
    cut_journal(folder.path()).await;
    let path = folder.path().join("journal.id");
    let mark = fs::read(&path).unwrap();
    let right: serde_json::Value = serde_json::from_slice(&mark).unwrap();
    let memory = SqliteHistory::sound(folder.path()).unwrap().remembered(&id("contoso"));
    assert_eq!(memory.sync_owed.as_ref().map(|debt| debt.since), Some(at(3100)));
    for place in 0..mark.len() {
        for bit in 0..8 {
            let mut flipped = mark.clone();
            flipped[place] ^= 1 << bit;
            fs::write(&path, &flipped).unwrap();
            let same = serde_json::from_slice::<serde_json::Value>(&flipped)
                .is_ok_and(|says| says == right);
            assert_eq!(
                SqliteHistory::sound(folder.path()).is_ok(),
                same,
                "byte {place}, bit {bit}"
            );
        }
    }
}

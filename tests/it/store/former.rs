//! Journals that older programs wrote: taken over once, or brought up to date.

use std::fs;

use dialplane::{
    model::{Field, Verb},
    ports::Journal as _,
    state::{Retention, SqliteJournal, read_memory},
};

use super::{at, began, entry, open, record, reopened};
use crate::support::{id, upn};

/// A journal of lines, as the first dialplane wrote it.
const LINES: &str = include_str!("journal.jsonl");
/// A database of format 1.
const FORMAT_1: &str = include_str!("format1.sql");

#[tokio::test]
async fn a_journal_of_lines_is_taken_over_once_and_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (lines, taken) = (folder.path().join("journal.jsonl"), folder.path().join("journal.jsonl.taken-over"));
    // Its last line was cut off by a crash.
    fs::write(&lines, format!("{LINES}{{\"v\":1,\"at\":\"20")).unwrap();
    let looked = read_memory(folder.path()).unwrap()(&id("contoso"));
    assert!(lines.exists() && !folder.path().join("journal.db").exists(), "a look takes nothing over");
    let memory = reopened(folder.path());
    assert_eq!(looked, memory);
    assert_eq!(memory.sync_owed.as_ref().map(|debt| (debt.run.as_str(), debt.since)), Some(("r2", at(8))));
    assert_eq!((memory.first_sync, memory.last_sync), (Some(at(7)), Some(at(7))));
    let adele = &memory.written[&upn("adele@contoso.com")];
    assert!(adele.unknown.is_none() && adele.details[&Field::PhoneNumber].landed && !adele.details[&Field::SbcGatewayId].landed);
    assert_eq!(memory.written[&upn("bert@contoso.com")].unknown, Some((Verb::Disable, at(6))));
    assert_eq!(memory.written[&upn("carl@contoso.com")].unknown, Some((Verb::Update, at(9))), "r2 was cut off");
    assert!(!lines.exists() && fs::read_to_string(&taken).unwrap().starts_with(LINES));
    // A crash between the two steps of it: the lines are still there and are not taken twice.
    fs::copy(&taken, &lines).unwrap();
    assert_eq!(reopened(folder.path()), memory);
    // It goes on from there.
    let journal = open(folder.path());
    record(&journal, &[entry(100, "r9", began(1))]).await;
    drop(journal);
    // An older program has written beside it: nobody knows which of both counts.
    let other = LINES.lines().next().unwrap().replace("\"run\":\"r1\"", "\"run\":\"r0\"") + "\n";
    fs::write(&lines, other).unwrap();
    let error = SqliteJournal::open(folder.path(), Retention::default()).expect_err("two journals");
    assert!(error.to_string().contains("journal.jsonl"), "{error}");
    assert!(lines.exists());
}

#[tokio::test]
async fn a_database_of_the_first_format_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(FORMAT_1).unwrap();
    let before = fs::read(&path).unwrap();
    let looked = read_memory(folder.path()).unwrap()(&id("contoso"));
    assert_eq!(fs::read(&path).unwrap(), before, "a look changes nothing");
    let memory = reopened(folder.path());
    assert_eq!(looked, memory);
    // It holds the same entries as the lines do.
    let lines = tempfile::tempdir().unwrap();
    fs::write(lines.path().join("journal.jsonl"), LINES).unwrap();
    assert_eq!(memory, reopened(lines.path()));
    let journal = open(folder.path());
    assert_eq!(journal.lease(&id("contoso")).await.unwrap().token(), 8, "after the 7 that the file knows");
    record(&journal, &[entry(100, "r9", began(1))]).await;
    let with_it = journal.memory(&id("contoso"));
    drop(journal);
    assert_eq!(reopened(folder.path()), with_it);
}

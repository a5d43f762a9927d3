//! Journals that older programs wrote: taken over once, or brought up to date.

use std::fs;

use dialplane::{
    journal::{Retention, SqliteHistory, SqliteJournal},
    model::{Field, Verb},
    ports::Journal as _,
};

use super::{at, began, entry, history, known, open, record, reopened, write};
use crate::support::{id, upn};

/// A journal of lines, as the first dialplane wrote it.
const LINES: &str = include_str!("journal.jsonl");
/// A database of format 1.
const FORMAT_1: &str = include_str!("format1.sql");

#[tokio::test]
async fn a_journal_of_lines_is_taken_over_once_and_kept_aside() {
    let folder = crate::folder::folder();
    let (lines, taken) =
        (folder.path().join("journal.jsonl"), folder.path().join("journal.jsonl.taken-over"));
    // Its last line was cut off by a crash.
    fs::write(&lines, format!("{LINES}{{\"v\":1,\"at\":\"20")).unwrap();
    let looked = SqliteHistory::sound(folder.path()).unwrap().remembered(&id("contoso"));
    assert!(looked.brought_back, "lines may be older than what was done");
    let looked = known(&looked);
    assert!(
        lines.exists() && !folder.path().join("journal.db").exists(),
        "a look takes nothing over"
    );
    let memory = reopened(folder.path());
    assert_eq!(looked, memory);
    assert_eq!(
        memory.sync_owed.as_ref().map(|debt| (debt.run.as_str(), debt.since)),
        Some(("r2", at(8)))
    );
    assert_eq!((memory.first_sync, memory.last_sync), (Some(at(7)), Some(at(7))));
    let adele = &memory.written[&upn("adele@contoso.com")];
    assert!(
        adele.unknown.is_none()
            && adele.details[&Field::PhoneNumber].landed
            && !adele.details[&Field::SbcGatewayId].landed
    );
    assert_eq!(memory.written[&upn("bert@contoso.com")].unknown, Some((Verb::Disable, at(6))));
    assert_eq!(
        memory.written[&upn("carl@contoso.com")].unknown,
        Some((Verb::Update, at(9))),
        "r2 was cut off"
    );
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
    let folder = crate::folder::folder();
    let path = folder.path().join("journal.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(FORMAT_1).unwrap();
    let before = fs::read(&path).unwrap();
    let looked = SqliteHistory::sound(folder.path()).unwrap().remembered(&id("contoso"));
    assert_eq!(fs::read(&path).unwrap(), before, "a look changes nothing");
    let memory = reopened(folder.path());
    assert_eq!(looked, memory);
    // It holds the same entries as the lines do.
    let lines = crate::folder::folder();
    fs::write(lines.path().join("journal.jsonl"), LINES).unwrap();
    assert_eq!(memory, reopened(lines.path()));
    let journal = open(folder.path());
    assert_eq!(
        journal.lease(&id("contoso")).await.unwrap().token(),
        8,
        "after the 7 that the file knows"
    );
    record(&journal, &[entry(100, "r9", began(1))]).await;
    let with_it = journal.remembered(&id("contoso"));
    drop(journal);
    assert_eq!(reopened(folder.path()), with_it);
}

/// Makes a journal that was just written one of format 2, as the program before this one left it.
fn make_format_2(folder: &std::path::Path) {
    let back = "DROP TABLE seals; DROP TABLE journal; PRAGMA user_version = 2";
    rusqlite::Connection::open(folder.join("journal.db")).unwrap().execute_batch(back).unwrap();
    fs::remove_file(folder.join("journal.id")).unwrap();
    fs::write(folder.join("lock"), "process 7 on somewhere since 2026-01-01 00:00:00 UTC").unwrap();
}

#[tokio::test]
async fn a_journal_without_seals_is_taken_over_once_and_sealed() {
    for entries in [u64::MAX, 10] {
        let folder = crate::folder::folder();
        write(folder.path(), &history()).await;
        drop(
            SqliteJournal::open(folder.path(), Retention { entries, ..Retention::default() })
                .unwrap(),
        );
        let memory = reopened(folder.path());
        make_format_2(folder.path());
        let before = fs::read(folder.path().join("journal.db")).unwrap();
        assert_eq!(SqliteHistory::sound(folder.path()).unwrap().remembered(&id("contoso")), memory);
        let checked = SqliteHistory::read(folder.path()).unwrap().check().unwrap();
        assert!(checked.problems.is_empty(), "{checked:?}");
        assert_eq!(
            fs::read(folder.path().join("journal.db")).unwrap(),
            before,
            "a look changes nothing"
        );
        assert_eq!(reopened(folder.path()), memory, "{entries}");
        assert!(folder.path().join("journal.id").exists());
        assert_eq!(write(folder.path(), &[]).await, memory);
    }
}

#[tokio::test]
async fn a_sum_without_a_seal_is_made_again_from_its_entries_while_they_are_kept() {
    let folder = crate::folder::folder();
    let memory = write(folder.path(), &history()).await;
    make_format_2(folder.path());
    let lie = "INSERT INTO fold SELECT 1, sequence, hash, '{\"v\":1,\"tenants\":{}}' FROM entries \
        ORDER BY sequence DESC LIMIT 1";
    rusqlite::Connection::open(folder.path().join("journal.db"))
        .unwrap()
        .execute_batch(lie)
        .unwrap();
    assert_eq!(reopened(folder.path()), memory);
}

#[tokio::test]
async fn a_damaged_journal_of_the_former_format_is_not_sealed() {
    let folder = crate::folder::folder();
    write(folder.path(), &history()).await;
    make_format_2(folder.path());
    let change = "UPDATE entries SET line = replace(line, 'adele', 'bert') WHERE sequence = 4";
    rusqlite::Connection::open(folder.path().join("journal.db"))
        .unwrap()
        .execute_batch(change)
        .unwrap();
    let before = fs::read(folder.path().join("journal.db")).unwrap();
    let error =
        SqliteJournal::open(folder.path(), Retention::default()).expect_err("it is damaged");
    assert!(error.to_string().contains("entry 4 is not what was written"), "{error}");
    assert!(fs::read(folder.path().join("journal.db")).unwrap() == before);
}

#[tokio::test]
async fn what_is_exported_makes_the_same_journal_again_though_its_first_entries_are_gone() {
    let folder = crate::folder::folder();
    write(folder.path(), &history()).await;
    drop(
        SqliteJournal::open(folder.path(), Retention { entries: 10, ..Retention::default() })
            .unwrap(),
    );
    let memory = write(folder.path(), &[entry(100, "r9", began(1))]).await;
    let mut lines = String::new();
    let history = SqliteHistory::read(folder.path()).unwrap();
    let exported = history.export(|line| lines += &format!("{line}\n"));
    assert_eq!((exported.entries, exported.problems.len()), (11, 0), "{exported:?}");
    // Into the folder that lost it, marks and all, or into a new one.
    fs::remove_file(folder.path().join("journal.db")).unwrap();
    for place in [folder.path(), crate::folder::folder().path()] {
        fs::create_dir_all(place).unwrap();
        fs::write(place.join("journal.jsonl"), &lines).unwrap();
        assert_eq!(reopened(place), memory);
        assert_eq!(reopened(place), memory);
        assert_eq!(SqliteHistory::read(place).unwrap().check().unwrap().entries, 11);
    }
}

//! Journals that cannot be used: each is refused with its reason, and stays as it is.

use std::{
    fmt::Write as _,
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use dialplane::journal::{Retention, SqliteHistory, SqliteJournal};
use rusqlite::Connection;

use super::{history, write};
use crate::snapshot::snapshot;

fn sql(folder: &Path, change: &str) {
    Connection::open(folder.join("journal.db")).unwrap().execute_batch(change).unwrap();
}

fn overwrite(folder: &Path, at: u64, with: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(folder.join("journal.db")).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(with).unwrap();
}

/// What is wrong, and what makes it so.
type Damage = (&'static str, fn(&Path));

const DAMAGES: &[Damage] = &[
    ("the header is broken", |folder| overwrite(folder, 0, b"gibberish")),
    ("a page is overwritten", |folder| {
        let root: i64 = Connection::open(folder.join("journal.db"))
            .unwrap()
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'entries'", [], |row| {
                row.get(0)
            })
            .unwrap();
        overwrite(folder, u64::try_from(root - 1).unwrap() * 4096, &[0xaa; 4096]);
    }),
    ("an entry was changed", |folder| {
        sql(folder, "UPDATE entries SET line = replace(line, 'adele', 'bert') WHERE sequence = 4");
    }),
    ("an entry was taken out", |folder| sql(folder, "DELETE FROM entries WHERE sequence = 4")),
    ("an entry is no entry", |folder| {
        sql(
            folder,
            "UPDATE entries SET line = '{\"v\":1,\"event\":\"danced\"}' WHERE sequence = 1",
        );
    }),
    ("it is the database of another program", |folder| sql(folder, "PRAGMA application_id = 7")),
    ("it is of a newer format", |folder| sql(folder, "PRAGMA user_version = 99")),
    ("its first entries are gone", |folder| {
        sql(folder, "UPDATE anchor SET sequence = 3; DELETE FROM entries WHERE sequence <= 3");
    }),
];

#[tokio::test]
async fn a_damaged_or_newer_journal_is_refused_and_stays_as_it_is() {
    let mut said = String::new();
    for (what, damage) in DAMAGES {
        let folder = crate::folder::folder();
        write(folder.path(), &history()).await;
        damage(folder.path());
        let path = folder.path().join("journal.db");
        let before = fs::read(&path).unwrap();
        let error = SqliteJournal::open(folder.path(), Retention::default()).expect_err(what);
        assert!(
            SqliteHistory::sound(folder.path()).is_err(),
            "{what}: a dry run must not plan without its memory"
        );
        assert!(fs::read(&path).unwrap() == before, "{what}: nothing is repaired in silence");
        let _ = write!(said, "# {what}\n{error}\nhint: {}\n\n", error.hint());
        said = said.replace(&folder.path().display().to_string(), "[state]");
    }
    snapshot!(said);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_said_to_be_so() {
    let folder = crate::folder::folder();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let inside = folder.path().join("state");
    fs::create_dir_all(inside.join("journal.db")).unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    let waits = folder.path().join("waits");
    fs::create_dir(&waits).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(waits.join("journal.db")).status().unwrap();
    assert!(pipe.success());
    let mut said = String::new();
    for place in [&file, &file.join("state"), &inside, &link, &waits] {
        let error =
            SqliteJournal::open(place, Retention::default()).expect_err("it cannot be used");
        let _ = writeln!(said, "{error}\nhint: {}\n", error.hint());
        assert!(
            SqliteHistory::sound(place).is_err() || place == &link,
            "{}: a look finds nothing wrong",
            place.display()
        );
    }
    snapshot!(said.replace(&folder.path().display().to_string(), "[folder]"));
}

/// Changes that a statement makes to what stands beside the entries: each is found by the check,
/// and refused by whatever would act.
const BESIDE: &[(&str, &str)] = &[
    (
        "a debt is taken out of the sum",
        "UPDATE fold SET state = replace(state, '\"syncOwed\":[', '\"syncOwes\":[')",
    ),
    (
        "the sum is of another tenant",
        "UPDATE fold SET state = replace(state, '87d349ed', '87d349ee')",
    ),
    ("the sum is of other entries", "UPDATE fold SET sequence = sequence - 1"),
    ("the sum is gone", "DELETE FROM fold"),
    ("there is no sum's table", "DROP TABLE fold"),
    ("another entry is the first one", "UPDATE anchor SET hash = zeroblob(32)"),
    ("nothing was cut", "UPDATE anchor SET sequence = 0"),
    ("there is no anchor", "DELETE FROM anchor"),
    ("a lease was given out less often", "UPDATE leases SET token = token - 1"),
    ("a lease was never given out", "DELETE FROM leases"),
    ("it has another name", "UPDATE journal SET id = 'other'"),
    ("a seal is missing", "DELETE FROM seals WHERE part = 'fold'"),
    ("there are no seals", "DROP TABLE seals"),
    (
        "a column says something else",
        "CREATE TABLE more (n); DROP INDEX runs; CREATE INDEX runs ON entries (sequence) WHERE \
            kind = 'began'",
    ),
    (
        "the last entries are gone",
        "DELETE FROM entries WHERE sequence > (SELECT max(sequence) - 3 FROM entries)",
    ),
    (
        "two entries changed places",
        "UPDATE entries SET sequence = -1 WHERE sequence = 20; UPDATE entries SET sequence = 20 \
            WHERE sequence = 21; UPDATE entries SET sequence = 21 WHERE sequence = -1",
    ),
    (
        "an entry is there twice",
        "INSERT INTO entries (sequence, line, hash) SELECT max(sequence) + 1, line, hash FROM \
            entries",
    ),
    ("the format is an older one", "PRAGMA user_version = 2"),
    ("the format is the first one", "PRAGMA user_version = 1"),
];

#[tokio::test]
async fn what_stands_beside_the_entries_is_proved_too() {
    let mut said = String::new();
    for (what, change) in BESIDE {
        let folder = crate::folder::folder();
        write(folder.path(), &history()).await;
        drop(
            SqliteJournal::open(folder.path(), Retention { entries: 10, ..Retention::default() })
                .unwrap(),
        );
        let whole = SqliteHistory::read(folder.path()).unwrap().check().unwrap();
        assert_eq!((whole.entries, whole.problems.len()), (10, 0), "{whole:?}");
        sql(folder.path(), change);
        let before = fs::read(folder.path().join("journal.db")).unwrap();
        let found = SqliteHistory::read(folder.path()).and_then(|history| history.check());
        let found =
            found.map_or_else(|error| error.to_string(), |checked| checked.problems.join("; "));
        assert!(!found.is_empty(), "{what}: the check finds nothing");
        let error = SqliteJournal::open(folder.path(), Retention::default()).expect_err(what);
        assert!(
            error.hint().contains("backup") || error.hint().contains("newest copy"),
            "{what}: {error}, {}",
            error.hint()
        );
        assert!(
            SqliteHistory::sound(folder.path()).is_err(),
            "{what}: a dry run must not plan without its memory"
        );
        assert!(
            SqliteHistory::sound(folder.path()).is_err(),
            "{what}: nobody is told what it says"
        );
        assert!(
            fs::read(folder.path().join("journal.db")).unwrap() == before,
            "{what}: nothing is repaired in silence"
        );
        let _ = writeln!(said, "# {what}\n{error}\n");
        said = said.replace(&folder.path().display().to_string(), "[state]");
    }
    snapshot!(said);
}

//! Journals that cannot be used: each is refused with its reason, and stays as it is.

use std::{
    fmt::Write as _,
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use dialplane::state::{Retention, SqliteJournal, read_memory};
use rusqlite::Connection;

use super::{history, write};

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
            .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'entries'", [], |row| row.get(0))
            .unwrap();
        overwrite(folder, u64::try_from(root - 1).unwrap() * 4096, &[0xaa; 4096]);
    }),
    ("an entry was changed", |folder| sql(folder, "UPDATE entries SET line = replace(line, 'adele', 'bert') WHERE sequence = 4")),
    ("an entry was taken out", |folder| sql(folder, "DELETE FROM entries WHERE sequence = 4")),
    ("an entry is no entry", |folder| {
        sql(folder, "UPDATE entries SET line = '{\"v\":1,\"event\":\"danced\"}' WHERE sequence = 1");
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
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &history()).await;
        damage(folder.path());
        let path = folder.path().join("journal.db");
        let before = fs::read(&path).unwrap();
        let error = SqliteJournal::open(folder.path(), Retention::default()).expect_err(what);
        assert!(read_memory(folder.path()).is_err(), "{what}: a dry run must not plan without its memory");
        assert!(fs::read(&path).unwrap() == before, "{what}: nothing is repaired in silence");
        let _ = write!(said, "# {what}\n{error}\nhint: {}\n\n", error.hint());
        said = said.replace(&folder.path().display().to_string(), "[state]");
    }
    insta::assert_snapshot!("damages", said);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let inside = folder.path().join("state");
    fs::create_dir_all(inside.join("journal.db")).unwrap();
    let mut said = String::new();
    for place in [&file, &inside] {
        let error = SqliteJournal::open(place, Retention::default()).expect_err("it cannot be used");
        let _ = writeln!(said, "{error}\nhint: {}\n", error.hint());
    }
    insta::assert_snapshot!("unusable", said.replace(&folder.path().display().to_string(), "[folder]"));
}

//! The journal on disk: what a process that is killed leaves, who may write, and what a look makes.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use dialplane::journal::{Retention, SqliteHistory, SqliteJournal};

use super::{history, known, open, record, reopened, write};
use crate::support::id;

/// Every file of a folder but for the lock, which says who held it last.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let file = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
    };
    let all = fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap()));
    all.filter(|(name, _)| name != "lock").collect()
}

/// The state folder as a kill at this moment would leave it.
fn killed(folder: &Path) -> tempfile::TempDir {
    let left = crate::folder::folder();
    for (name, content) in files(folder) {
        fs::write(left.path().join(name), content).unwrap();
    }
    left
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill_at_any_point() {
    let folder = crate::folder::folder();
    let journal = open(folder.path());
    for entry in history() {
        record(&journal, &[entry]).await;
        let left = killed(folder.path());
        assert!(left.path().join("journal.db-wal").exists(), "the log was not written back yet");
        assert_eq!(reopened(left.path()), journal.remembered(&id("contoso")));
    }
}

#[tokio::test]
async fn a_log_that_was_cut_off_loses_what_was_not_acknowledged_and_nothing_else() {
    let folder = crate::folder::folder();
    let journal = open(folder.path());
    let (last, first) =
        history().split_last().map(|(last, first)| (last.clone(), first.to_vec())).unwrap();
    record(&journal, &first).await;
    let (before, log) = (journal.remembered(&id("contoso")), folder.path().join("journal.db-wal"));
    let whole = fs::metadata(&log).unwrap().len();
    let mark = fs::read(folder.path().join("journal.id")).unwrap();
    record(&journal, &[last]).await;
    let longer = fs::metadata(&log).unwrap().len();
    assert!(longer > whole);
    // The last transaction ends with its commit in the last page: cut anywhere in between, it never
    // was.
    for cut in (whole..longer - 1).step_by(509) {
        let left = killed(folder.path());
        let log =
            fs::OpenOptions::new().write(true).open(left.path().join("journal.db-wal")).unwrap();
        log.set_len(cut).unwrap();
        // It was acknowledged, and is gone: that is noticed.
        let lost = SqliteJournal::open(left.path(), Retention::default())
            .expect_err("an entry is missing");
        assert!(lost.to_string().contains("was cut"), "{lost}");
        // The mark is moved on once an entry is durable, so that a crash leaves the one before.
        fs::write(left.path().join("journal.id"), &mark).unwrap();
        let mut memory = reopened(left.path());
        // The lease of the last entry is a transaction of its own.
        if memory != before {
            memory = before.clone();
            assert!(cut > whole);
        }
        assert_eq!(memory, before, "cut at {cut} of {longer}");
    }
}

#[tokio::test]
async fn one_process_at_a_time() {
    let folder = crate::folder::folder();
    let first = open(folder.path());
    let error = SqliteJournal::open(folder.path(), Retention::default()).expect_err("it is in use");
    let text = error.to_string();
    assert!(
        text.contains(&format!("is in use by process {} on ", std::process::id()))
            && text.contains(" since "),
        "{text}"
    );
    assert!(error.hint().contains("stop the other one"));
    // A dry run may look all the same.
    assert_eq!(
        SqliteHistory::sound(folder.path()).unwrap().remembered(&id("contoso")),
        Arc::default()
    );
    drop(first);
    open(folder.path());
}

#[tokio::test]
async fn a_look_sees_what_is_written_meanwhile_and_keeps_nobody_from_writing() {
    let folder = crate::folder::folder();
    let journal = open(folder.path());
    for entry in history() {
        record(&journal, &[entry]).await;
        assert_eq!(
            SqliteHistory::sound(folder.path()).unwrap().remembered(&id("contoso")),
            journal.remembered(&id("contoso"))
        );
    }
    drop(journal);
    assert!(!folder.path().join("journal.db-wal").exists(), "a clean end leaves one file");
}

#[tokio::test]
async fn a_look_makes_and_changes_nothing() {
    let folder = crate::folder::folder();
    let absent = folder.path().join("absent");
    assert_eq!(SqliteHistory::sound(&absent).unwrap().remembered(&id("contoso")), Arc::default());
    assert!(!absent.exists());
    let memory = write(folder.path(), &history()).await;
    // Not even where it may not write.
    for mode in [0o500, 0o700] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let before = files(folder.path());
        assert_eq!(SqliteHistory::sound(folder.path()).unwrap().remembered(&id("contoso")), memory);
        assert!(files(folder.path()) == before, "mode {mode:o}");
    }
    // What a kill left is read, and stays as it was left.
    let journal = open(folder.path());
    record(&journal, &history()).await;
    let left = killed(folder.path());
    let before = files(left.path());
    assert_eq!(
        known(&SqliteHistory::sound(left.path()).unwrap().remembered(&id("contoso"))),
        journal.remembered(&id("contoso"))
    );
    let after = files(left.path());
    assert!(["journal.db", "journal.db-wal"].iter().all(|name| after[*name] == before[*name]));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn only_its_owner_reads_the_journal() {
    let folder = crate::folder::folder();
    let state = folder.path().join("state");
    let journal = open(&state);
    record(&journal, &history()).await;
    for path in ["", "journal.db", "journal.db-wal"].map(|name| state.join(name)) {
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o077,
            0,
            "{}",
            path.display()
        );
    }
}

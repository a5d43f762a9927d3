//! Journals that are no longer what was last written in their folder: gone, emptied, cut, replaced,
//! brought back from a backup.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use dialplane::{
    board::Status,
    config::State,
    journal::{JournalLocation, OpenError, Retention, SqliteHistory, SqliteJournal},
    model::{Details, Event, Managed, Memory, StepOutcome, Verb},
    ports::{Journal as _, JournalError},
};
use rusqlite::Connection;

use super::{began, entry, entry_of, history, intent, open, outcome, record, reopened, write};
use crate::support::{id, upn};

/// Every way to look at a journal says that something is wrong with it, and the words are those of
/// the way that writes.
fn refused(folder: &Path) -> String {
    let error =
        SqliteJournal::open(folder, Retention::default()).expect_err("it is not what was written");
    let look =
        SqliteHistory::sound(folder).expect_err("a dry run must not plan without its memory");
    assert_eq!(look.to_string(), error.to_string());
    let (error, hint) = (error.to_string(), error.hint());
    let found = match SqliteHistory::read(folder).and_then(|history| history.check()) {
        Ok(checked) => checked.problems.join("; "),
        Err(error) => error.to_string(),
    };
    assert!(error.contains(&found) && !found.is_empty(), "{error} but {found}");
    assert!(hint.contains("backup") || hint.contains("newest copy"), "{hint}");
    assert!(hint.contains("dialplane journal accept"), "{hint}");
    error
}

fn file(folder: &Path) -> PathBuf {
    folder.join("journal.db")
}

#[tokio::test]
async fn a_journal_that_is_gone_or_empty_is_not_taken_for_a_new_one() {
    type Loss = (&'static str, fn(&Path));
    let losses: &[Loss] = &[
        ("deleted", |folder| fs::remove_file(file(folder)).unwrap()),
        ("emptied", |folder| fs::write(file(folder), "").unwrap()),
        ("deleted with its mark", |folder| {
            fs::remove_file(file(folder)).unwrap();
            fs::remove_file(folder.join("journal.id")).unwrap();
        }),
        ("emptied, and only the status of a service is left", |folder| {
            let at = super::at(0);
            let status = Status { process: 7, at, until: at, ..Status::default() };
            let state = State { path: folder.to_owned(), ..State::default() };
            JournalLocation::of(&state).write_status(&status).unwrap();
            fs::write(file(folder), "").unwrap();
            fs::remove_file(folder.join("journal.id")).unwrap();
            fs::remove_file(folder.join("lock")).unwrap();
        }),
    ];
    for (what, lose) in losses {
        let folder = crate::folder::folder();
        write(folder.path(), &history()).await;
        lose(folder.path());
        for _ in 0..2 {
            let error = refused(folder.path());
            assert!(
                error.contains("the journal is gone or empty; ")
                    && error.contains(" shows that there was one"),
                "{what}: {error}"
            );
        }
        // On purpose it is begun anew.
        assert!(!SqliteJournal::accept(folder.path()).unwrap());
        let memory = reopened(folder.path());
        assert_eq!(without_debt(&memory), Memory::default(), "{what}");
        assert!(memory.sync_owed.is_some(), "{what}: nobody knows what was sent");
    }
}

#[tokio::test]
async fn a_first_start_is_no_loss_whatever_it_left_behind() {
    // Nothing; a lock of a start that got no further; a file that was just made.
    for left in [&[][..], &["lock"], &["lock", "journal.db"], &["journal.id.new"]] {
        let folder = crate::folder::folder();
        for name in left {
            let text = if *name == "lock" {
                "process 7 on somewhere since 2026-01-01 00:00:00 UTC"
            } else {
                ""
            };
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(reopened(folder.path()), Arc::default(), "{left:?}");
        let memory = write(folder.path(), &history()).await;
        assert_eq!(reopened(folder.path()), memory);
    }
}

#[tokio::test]
async fn an_older_copy_or_another_journal_is_noticed() {
    let (first, rest) = (history()[..9].to_vec(), history()[9..].to_vec());
    let folder = crate::folder::folder();
    write(folder.path(), &first).await;
    let older = fs::read(file(folder.path())).unwrap();
    let older_memory = reopened(folder.path());
    let memory = write(folder.path(), &rest).await;
    let newest = fs::read(file(folder.path())).unwrap();
    let other = crate::folder::folder();
    write(other.path(), &history()).await;

    fs::write(file(folder.path()), &older).unwrap();
    let error = refused(folder.path());
    assert!(error.contains("it ends at entry 9, but 25 was written here"), "{error}");
    fs::copy(file(other.path()), file(folder.path())).unwrap();
    assert!(refused(folder.path()).contains("it is another journal"), "another one");
    // Its last entries are cut out, and nothing else.
    fs::write(file(folder.path()), &newest).unwrap();
    let cut = "DELETE FROM entries WHERE sequence > 20";
    Connection::open(file(folder.path())).unwrap().execute_batch(cut).unwrap();
    assert!(refused(folder.path()).contains("it ends at entry 20, but 25 was written here"), "cut");
    // The newest copy is right again without a word.
    fs::write(file(folder.path()), &newest).unwrap();
    assert_eq!(reopened(folder.path()), memory);
    // Two went on from the same copy.
    fs::write(file(folder.path()), &older).unwrap();
    SqliteJournal::accept(folder.path()).unwrap();
    let many: Vec<_> = (0..30).map(|second| entry(100 + second, "r9", began(1))).collect();
    write(folder.path(), &many).await;
    let forked = fs::read(file(folder.path())).unwrap();
    fs::write(file(folder.path()), &older).unwrap();
    SqliteJournal::accept(folder.path()).unwrap();
    write(folder.path(), &rest).await;
    fs::write(file(folder.path()), forked).unwrap();
    assert!(refused(folder.path()).contains("its entry 26 is another one"), "forked");

    // An older copy is right if somebody says so.
    fs::write(file(folder.path()), &older).unwrap();
    assert!(SqliteJournal::accept(folder.path()).unwrap());
    assert!(older_memory.sync_owed.is_some());
    assert_eq!(reopened(folder.path()), older_memory, "what it owed, it owes");
}

/// What is remembered but for the sync that is owed.
fn without_debt(memory: &Memory) -> Memory {
    Memory { sync_owed: None, ..memory.clone() }
}

#[tokio::test]
async fn every_tenant_owes_one_sync_after_a_journal_was_accepted() {
    let folder = crate::folder::folder();
    let synced = [
        entry(0, "r1", began(1)),
        entry(1, "r1", intent("adele@contoso.com", Verb::Enable, Details::default())),
        entry(2, "r1", outcome("adele@contoso.com", Verb::Enable, StepOutcome::Accepted)),
        entry(3, "r1", Event::Synced),
        entry(4, "r2", began(1)),
        entry(5, "r2", intent("adele@contoso.com", Verb::Disable, Details::default())),
    ];
    write(folder.path(), &synced[..4]).await;
    assert_eq!(reopened(folder.path()).sync_owed, None);
    assert!(SqliteJournal::accept(folder.path()).unwrap());
    let owes = |tenant: &str| open(folder.path()).remembered(&id(tenant)).sync_owed.is_some();
    // Of the second one nothing is known here.
    for tenant in ["contoso", "fabrikam"] {
        assert!(owes(tenant), "{tenant}");
    }
    // What is accepted is a fact like any other: it outlives its entry, and one sync pays for it.
    drop(
        SqliteJournal::open(folder.path(), Retention { age: Duration::ZERO, entries: 0 }).unwrap(),
    );
    // Neither the entry nor what it adds up to is read by a program that would not pay for it.
    let first = |column: &str, table: &str| -> String {
        let query = format!("SELECT {column} FROM {table} ORDER BY sequence DESC LIMIT 1");
        Connection::open(file(folder.path()))
            .unwrap()
            .query_row(&query, [], |row| row.get(0))
            .unwrap()
    };
    for text in [first("line", "entries"), first("state", "fold")] {
        assert!(text.starts_with("{\"v\":2,") && text.contains("accepted"), "{text}");
    }
    write(folder.path(), &[entry_of("fabrikam", 10, "r3", began(0))]).await;
    assert!(owes("contoso") && owes("fabrikam"));
    write(folder.path(), &[entry_of("fabrikam", 11, "r3", Event::Synced)]).await;
    write(folder.path(), &[entry(11, "r3", Event::Synced)]).await;
    assert!(!owes("contoso") && !owes("fabrikam"));
    let checked = SqliteHistory::read(folder.path()).unwrap().check().unwrap();
    assert_eq!(checked.problems, [""; 0]);
    // A call that was under way in that copy has an unknown outcome.
    write(folder.path(), &synced[4..]).await;
    assert!(SqliteJournal::accept(folder.path()).unwrap());
    let adele = &reopened(folder.path()).written[&upn("adele@contoso.com")];
    assert_eq!(adele.unknown, Some((Verb::Disable, super::at(5))));
}

#[tokio::test]
async fn whom_an_accepted_journal_knows_may_have_been_away_meanwhile() {
    let folder = crate::folder::folder();
    let adele = upn("adele@contoso.com");
    let seen = |second| {
        let managed = Managed { user: adele.clone(), id: None };
        entry(second, "r1", Event::Managed(vec![managed]))
    };
    let vanished = || reopened(folder.path()).managed.get(&adele).map(|known| known.vanished);
    write(folder.path(), &[seen(0)]).await;
    assert_eq!(vanished(), Some(false));
    assert!(SqliteJournal::accept(folder.path()).unwrap());
    assert_eq!(vanished(), Some(true));
    // That outlives its entry.
    drop(
        SqliteJournal::open(folder.path(), Retention { age: Duration::ZERO, entries: 0 }).unwrap(),
    );
    assert_eq!(vanished(), Some(true));
    write(folder.path(), &[seen(1)]).await;
    assert_eq!(vanished(), Some(false), "named, and there");
}

#[tokio::test]
async fn a_newer_copy_and_a_folder_without_its_mark_may_not_know_all() {
    // A mark of an earlier time, and a backup of the journal alone.
    let folder = crate::folder::folder();
    write(folder.path(), &history()[..9]).await;
    let mark = fs::read(folder.path().join("journal.id")).unwrap();
    let memory = write(folder.path(), &history()[9..]).await;
    let is_doubted = || open(folder.path()).remembered(&id("fabrikam")).brought_back;
    assert!(!is_doubted());
    fs::write(folder.path().join("journal.id"), mark).unwrap();
    assert_eq!(reopened(folder.path()), memory);
    assert!(is_doubted());
    SqliteJournal::accept_as_newest(folder.path()).unwrap();
    assert!(!is_doubted());
    fs::remove_file(folder.path().join("journal.id")).unwrap();
    assert_eq!(reopened(folder.path()), memory);
    assert!(is_doubted());
    SqliteJournal::accept(folder.path()).unwrap();
    assert!(!is_doubted());
    let mode = fs::metadata(folder.path().join("journal.id")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[tokio::test]
async fn what_is_taken_away_from_a_journal_at_work_is_noticed_before_anything_is_written() {
    type Theft = (&'static str, fn(&Path));
    // Each in one move: the journal looks after itself now and then, and would tell of what it sees
    // in between.
    let thefts: &[Theft] = &[
        ("journal.db was deleted", |folder| fs::remove_file(file(folder)).unwrap()),
        ("journal.db-wal was deleted", |folder| {
            fs::remove_file(folder.join("journal.db-wal")).unwrap();
        }),
        ("journal.db was deleted", |folder| {
            fs::rename(folder, folder.with_file_name("away")).unwrap();
        }),
        ("journal.db was replaced", |folder| {
            fs::copy(file(folder), folder.join("copy")).unwrap();
            fs::rename(folder.join("copy"), file(folder)).unwrap();
        }),
        ("journal.db was cut short", |folder| fs::write(file(folder), "").unwrap()),
        ("journal.db-wal was cut short", |folder| {
            fs::write(folder.join("journal.db-wal"), "").unwrap();
        }),
        ("lock was deleted", |folder| fs::remove_file(folder.join("lock")).unwrap()),
        ("lock was replaced", |folder| {
            fs::write(folder.join("other"), "").unwrap();
            fs::rename(folder.join("other"), folder.join("lock")).unwrap();
        }),
    ];
    for (what, take_away) in thefts {
        let folder = crate::folder::folder();
        let state = folder.path().join("state");
        let journal = open(&state);
        let lease = journal.lease(&id("contoso")).await.unwrap();
        journal.record(&lease, entry(0, "r1", began(1))).await.unwrap();
        let memory = journal.remembered(&id("contoso"));
        assert_eq!(journal.trouble(), None);
        take_away(&state);
        let Some(JournalError::Gone(told)) = journal.trouble() else {
            panic!("{what}: nothing is told")
        };
        assert!(told.ends_with(what), "{what}: {told}");
        let refused = journal.record(&lease, entry(1, "r1", began(2))).await;
        assert_eq!(refused, Err(JournalError::Gone(told)), "{what}");
        assert_eq!(
            journal.remembered(&id("contoso")),
            memory,
            "{what}: nothing of it is remembered"
        );
        assert!(
            matches!(journal.lease(&id("fabrikam")).await, Err(JournalError::Gone(_))),
            "{what}"
        );
    }
}

#[tokio::test]
async fn who_lost_the_lock_writes_nothing_beside_who_has_it() {
    let folder = crate::folder::folder();
    let first = open(folder.path());
    record(&first, &history()[..3]).await;
    fs::remove_file(folder.path().join("lock")).unwrap();
    let second = open(folder.path());
    record(&second, &history()[3..5]).await;
    let lost = first.lease(&id("contoso")).await;
    assert!(matches!(&lost, Err(JournalError::Gone(why)) if why.contains("lock was ")), "{lost:?}");
    record(&second, &history()[5..]).await;
    let memory = second.remembered(&id("contoso"));
    drop((first, second));
    assert_eq!(reopened(folder.path()), memory);
}

#[test]
fn in_use_is_told_by_the_first_line_of_the_lock() {
    let folder = crate::folder::folder();
    let _journal = open(folder.path());
    let Err(OpenError::InUse { holder, .. }) =
        SqliteJournal::open(folder.path(), Retention::default())
    else {
        panic!("in use")
    };
    assert!(!holder.contains('\n') && holder.starts_with("process "), "{holder}");
}

//! What the store in a database does beyond what every store does: several processes, a server that
//! goes and comes, history that was lost.

use std::sync::Arc;

use dialplane::{
    journal::{LEASE_TERM, PostgresHistory, PostgresJournal, Retention, VolatileJournal},
    model::{Details, Event, Memory, Verb},
    ports::{Journal as _, JournalError, Recall as _},
};
use tokio_postgres::NoTls;

use super::{TestClock, began, entry, entry_of, history, intent, lost, outcome, record};
use crate::support::{
    id,
    postgres::{self, Cluster, Database},
};

async fn open(database: &Database) -> PostgresJournal {
    PostgresJournal::open(&database.settings(), Retention::default()).await.unwrap()
}

async fn open_by(database: &Database, clock: &TestClock) -> PostgresJournal {
    let settings = database.settings();
    PostgresJournal::with_clock(&settings, Retention::default(), clock.clock()).await.unwrap()
}

/// What somebody else does with the database.
async fn sql(database: &Database, text: &str) {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    client.batch_execute(&text.replace("{s}", &database.schema)).await.unwrap();
    drop(client);
    let _ = task.await;
}

async fn remembered(journal: &PostgresJournal) -> Arc<Memory> {
    journal.recall(&id("contoso")).await.unwrap()
}

fn term() -> i64 {
    i64::try_from(LEASE_TERM.as_secs()).unwrap()
}

fn step(second: i64) -> dialplane::model::Entry {
    entry(second, "r1", intent("adele@contoso.com", Verb::Enable, Details::default()))
}

#[tokio::test]
async fn another_process_takes_over_once_the_lease_has_lapsed_and_the_first_writes_no_more() {
    let Some(database) = postgres::database() else { return };
    let clock = TestClock::default();
    let first = open_by(&database, &clock).await;
    let second = open_by(&database, &clock).await;
    let lease = first.lease(&id("contoso")).await.unwrap();
    first.record(&lease, entry(0, "r1", began(1))).await.unwrap();
    first.record(&lease, step(1)).await.unwrap();
    let held = second.lease(&id("contoso")).await.err();
    assert!(matches!(held, Some(JournalError::Held { .. })), "{held:?}");
    assert_eq!(second.recall(&id("contoso")).await.unwrap().cut_off.len(), 1);
    // The first one is not heard of: it stands still, as a machine that sleeps does.
    clock.pass(term());
    let taken = second.lease(&id("contoso")).await.unwrap();
    assert!(taken.token() > lease.token() && !lease.is_good());
    assert_eq!(second.memory(&taken).await.unwrap().cut_off.len(), 1, "the step without an end");
    let end = entry(2, "r1", outcome("adele@contoso.com", Verb::Enable, lost()));
    assert_eq!(first.record(&lease, end).await, Err(JournalError::Lost));
    second.record(&taken, entry(3, "r2", began(1))).await.unwrap();
    // It ends, and takes nothing away from the second; then it knows what the second wrote.
    drop(lease);
    let held = first.lease(&id("contoso")).await.err();
    assert!(matches!(held, Some(JournalError::Held { .. })), "{held:?}");
    drop(taken);
    // What was given back is, once the next lease is out.
    second.lease(&id("fabrikam")).await.unwrap();
    let again = first.lease(&id("contoso")).await.unwrap();
    assert_eq!(first.memory(&again).await.unwrap(), remembered(&second).await);
}

#[tokio::test]
async fn what_a_process_wrote_is_there_for_those_who_look_back() {
    let Some(database) = postgres::database() else { return };
    let none = PostgresHistory::read(&database.settings()).await.unwrap();
    assert_eq!((none.check().await.unwrap().entries, none.begun(9).await.unwrap().len()), (0, 0));
    let journal = open(&database).await;
    record(&journal, &history()).await;
    record(&journal, &[entry_of("fabrikam", 20, "r3", began(1))]).await;
    let seen = PostgresHistory::read(&database.settings()).await.unwrap();
    let checked = seen.check().await.unwrap();
    assert_eq!((checked.entries, &checked.problems[..]), (26, &[][..]));
    let runs: Vec<String> =
        seen.runs(None, 9).await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(runs, ["r3", "r2", "r1"]);
    assert_eq!(seen.entries(&runs_of("r1")).await.unwrap(), history()[..13]);
    let names: Vec<String> = seen.tenants().await.unwrap().into_iter().collect();
    assert_eq!(names, ["contoso", "fabrikam"]);
    let adele = crate::support::upn("ADELE@contoso.com");
    assert_eq!(seen.entries_of(&id("contoso"), &adele).await.unwrap().len(), 7);
    let right = VolatileJournal::of(history()).remembered(&id("contoso"));
    assert_eq!(seen.recall(&id("contoso")).await.unwrap(), right);
    let mut lines = Vec::new();
    let exported = seen.export(&mut |line: &str| lines.push(line.to_owned())).await;
    assert_eq!((exported.entries, exported.problems.len()), (26, 0));
    // A journal in a file is made again of these lines.
    let folder = crate::folder::folder();
    std::fs::write(folder.path().join("journal.jsonl"), lines.join("\n") + "\n").unwrap();
    let file = super::open(folder.path());
    assert_eq!(super::known(&file.remembered(&id("contoso"))), right);
}

fn runs_of(run: &str) -> dialplane::model::RunId {
    dialplane::model::RunId::new(run)
}

#[tokio::test]
async fn old_entries_go_once_the_stored_sum_holds_what_they_add_up_to() {
    let Some(database) = postgres::database() else { return };
    let few = Retention { entries: 5, ..Retention::default() };
    let journal = PostgresJournal::open(&database.settings(), few).await.unwrap();
    record(&journal, &history()).await;
    let right = VolatileJournal::of(history()).remembered(&id("contoso"));
    // The lease is given back, and with it old entries go.
    assert_eq!(remembered(&journal).await, right);
    let seen = PostgresHistory::read(&database.settings()).await.unwrap();
    let checked = seen.check().await.unwrap();
    assert_eq!((checked.entries, &checked.problems[..]), (5, &[][..]));
    drop(journal);
    assert_eq!(remembered(&open(&database).await).await, right);
    let mut lines = Vec::new();
    seen.export(&mut |line: &str| lines.push(line.to_owned())).await;
    let folder = crate::folder::folder();
    std::fs::write(folder.path().join("journal.jsonl"), lines.join("\n") + "\n").unwrap();
    let of_its_export = super::open(folder.path()).remembered(&id("contoso"));
    assert_eq!(super::known(&of_its_export), right);
    // The stored sum is sealed.
    sql(&database, "UPDATE {s}.tenants SET fold = replace(fold, 'r2', 'rx')").await;
    let told = seen.check().await.unwrap().problems;
    assert!(told[0].contains("the stored sum of its entries is not what was written"), "{told:?}");
    let refused = open(&database).await.lease(&id("contoso")).await.err();
    assert!(matches!(refused, Some(JournalError::Doubtful(_))), "{refused:?}");
}

#[tokio::test]
async fn an_entry_that_was_changed_is_noticed_and_holds_its_tenant_alone() {
    let Some(database) = postgres::database() else { return };
    let journal = open(&database).await;
    record(&journal, &history()).await;
    record(&journal, &[entry_of("fabrikam", 20, "r3", began(1))]).await;
    drop(journal);
    sql(
        &database,
        "UPDATE {s}.entries SET line = replace(line, 'bert', 'carl') WHERE sequence = 6",
    )
    .await;
    let seen = PostgresHistory::read(&database.settings()).await.unwrap();
    let told = seen.check().await.unwrap().problems;
    assert!(told[0].contains("entry 6 is not what was written"), "{told:?}");
    let journal = open(&database).await;
    let refused = journal.lease(&id("contoso")).await.err();
    assert!(matches!(refused, Some(JournalError::Doubtful(_))), "{refused:?}");
    assert!(!refused.unwrap().is_final());
    journal.lease(&id("fabrikam")).await.unwrap();
}

/// As a standby does that takes over and was behind: the last entries are gone.
const LOSE_TWO: &str = "DELETE FROM {s}.entries WHERE sequence > (SELECT sequence - 2 FROM \
    {s}.tenants); UPDATE {s}.tenants t SET sequence = e.sequence, hash = e.hash FROM {s}.entries e \
    WHERE e.sequence = t.sequence - 2";

#[tokio::test]
async fn a_database_that_lost_acknowledged_entries_holds_the_tenant_until_a_person_accepts() {
    let Some(database) = postgres::database() else { return };
    for under_a_lease in [false, true] {
        let journal = open(&database).await;
        record(&journal, &[entry(0, "r1", began(1)), step(1), step(2), step(3)]).await;
        let lease = if under_a_lease {
            Some(journal.lease(&id("contoso")).await.unwrap())
        } else {
            remembered(&journal).await;
            None
        };
        sql(&database, LOSE_TWO).await;
        let refused = match &lease {
            Some(lease) => journal.record(lease, step(4)).await.unwrap_err(),
            None => journal.lease(&id("contoso")).await.unwrap_err(),
        };
        let JournalError::Doubtful(reason) = &refused else { panic!("{refused:?}") };
        assert!(reason.contains("was acknowledged: the database lost entries"), "{reason}");
        drop(lease);
        // For every process, and after a restart.
        let other = open(&database).await;
        let refused = other.lease(&id("contoso")).await.err();
        assert!(matches!(refused, Some(JournalError::Doubtful(_))), "{refused:?}");
        accept(&database).await;
        let lease = journal.lease(&id("contoso")).await.unwrap();
        assert!(journal.memory(&lease).await.unwrap().sync_owed.is_some());
        journal.record(&lease, step(5)).await.unwrap();
        drop((lease, other, journal));
    }
}

async fn accept(database: &Database) {
    let state = dialplane::config::State {
        postgres: Some(database.settings()),
        ..dialplane::config::State::default()
    };
    dialplane::journal::JournalLocation::of(&state).accept().await.unwrap();
}

async fn away(journal: &PostgresJournal, lease: &dialplane::ports::Lease, second: i64) {
    let away = journal.record(lease, step(second)).await;
    assert!(matches!(away, Err(JournalError::Away { .. })), "{away:?}");
    assert!(matches!(journal.trouble(), Some(JournalError::Away { .. })));
}

#[tokio::test]
async fn a_server_that_is_stopped_hard_and_started_again_ends_nothing() {
    let Some(cluster) = postgres::cluster() else { return };
    let database = Cluster::database(&cluster);
    let journal = open(&database).await;
    let lease = journal.lease(&id("contoso")).await.unwrap();
    journal.record(&lease, entry(0, "r1", began(1))).await.unwrap();
    cluster.stop_hard();
    away(&journal, &lease, 1).await;
    assert!(lease.is_good(), "what is under way may end");
    cluster.start();
    // As the executor does with what has to be on record.
    while let Err(away) = journal.record(&lease, step(1)).await {
        assert!(matches!(away, JournalError::Away { .. }) && lease.is_good(), "{away:?}");
        journal.pause().await;
    }
    assert_eq!(journal.trouble(), None);
    drop((lease, journal));
    let checked = PostgresHistory::read(&database.settings()).await.unwrap().check().await.unwrap();
    assert_eq!((checked.entries, checked.problems), (2, vec![]));
}

#[tokio::test]
async fn accepting_a_whole_journal_makes_each_tenant_owe_a_sync() {
    let Some(database) = postgres::database() else { return };
    let journal = open(&database).await;
    let of = |second, event| entry(second, "r1", event);
    record(&journal, &[of(0, began(1)), of(1, Event::Syncing), of(2, Event::Synced)]).await;
    assert_eq!(remembered(&journal).await.sync_owed, None);
    accept(&database).await;
    assert!(remembered(&journal).await.sync_owed.is_some());
}

//! A journal that goes from a file into a database: the real binary, killed at each step, and a
//! database that does not give back what it was given.

use std::{fs, path::PathBuf, time::Duration};

use dialplane::{
    journal::{PostgresJournal, Retention, SqliteHistory},
    model::TenantId,
    ports::Recall as _,
    sandbox::{FaultRule, InjectedFault, Route},
};
use tokio_postgres::{Client, NoTls};

use crate::{
    kill::everybody,
    shared::{keep_in, write_secret},
    snapshot::snapshot,
    stage::{Ended, Stage},
    support::postgres::{self, Database},
};

const MOVE: [&str; 4] = ["journal", "move", "--to", "postgres"];
/// The tenants of the stage, by their ids, and one that it does not have.
const TENANTS: [&str; 4] = [
    "00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000003",
];

/// A stage whose journal is in a file, with a lost answer, a suspension and a sync that is owed.
async fn stage() -> Stage {
    let stage = Stage::drifted().await;
    let lost = FaultRule::new(InjectedFault::Lost).on(Route::Disable).times(1);
    stage.sandbox.faults(|faults| faults.rules.push(lost));
    let ended = stage.run(&["apply"]).await;
    assert!(matches!(ended.code, 3..=5), "{}{}", ended.stdout, ended.stderr);
    let suspend = ["suspend", "adatum", "--reason", "storm"];
    assert_eq!(stage.run(&suspend).await.code, 0);
    stage
}

fn id(tenant: &str) -> TenantId {
    TenantId::parse(tenant).unwrap()
}

fn folder(stage: &Stage) -> PathBuf {
    stage.path().join(".dialplane/sandbox")
}

fn has(stage: &Stage, name: &str) -> bool {
    folder(stage).join(name).exists()
}

/// Takes the database out of the configuration again.
fn back_to_a_file(stage: &Stage, database: &Database) {
    let url = "{ file: database-url }";
    let postgres = format!(", postgres: {{ url: {url}, schema: {} }}", database.schema);
    stage.configure(&postgres, "");
}

async fn client(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The tables of a journal in which nothing is.
async fn empty(database: &Database) {
    drop(PostgresJournal::open(&database.settings(), Retention::default()).await.unwrap());
}

async fn done(stage: &Stage) -> Ended {
    let moved = stage.run(&MOVE).await;
    assert_eq!(moved.code, 0, "{}{}", moved.stdout, moved.stderr);
    assert!(!has(stage, "journal.db") && has(stage, "journal.db.moved"));
    moved
}

/// What people read of a journal.
async fn read(stage: &Stage) -> Vec<String> {
    let mut all = Vec::new();
    for command in [&["journal", "export"][..], &["history", "--output", "json"]] {
        let ended = stage.run(command).await;
        assert_eq!(ended.code, 0, "{command:?}: {}{}", ended.stdout, ended.stderr);
        all.push(ended.stdout);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_is_known_and_the_file_is_written_no_more() {
    let Some(database) = postgres::database() else { return };
    let stage = stage().await;
    assert_eq!(stage.run(&["journal", "accept"]).await.code, 0, "tenants owe a sync, all of them");
    let before = read(&stage).await;
    let file = SqliteHistory::sound(&folder(&stage)).unwrap();
    let known = TENANTS.map(|tenant| file.remembered(&id(tenant)));
    drop(file);
    assert!(known[3].sync_owed.is_some() && known[0].suspended.is_some());
    let without = stage.run(&MOVE).await;
    keep_in(&stage, &database, &database.url);
    let refused = stage.run(&["apply"]).await;
    let moved = done(&stage).await;
    let again = stage.run(&MOVE).await;
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(read(&stage).await, before);
    assert_eq!(stage.run(&["journal", "check"]).await.code, 0);
    let journal = PostgresJournal::open(&database.settings(), Retention::default()).await.unwrap();
    for (tenant, known) in TENANTS.iter().zip(&known) {
        assert_eq!(journal.recall(&id(tenant)).await.unwrap(), *known, "{tenant}");
    }
    drop(journal);
    back_to_a_file(&stage, &database);
    let mut told = vec![without, refused, moved, again];
    for command in [&["apply"][..], &["journal", "check"], &["journal", "accept"], &["plan"]] {
        let ended = stage.run(command).await;
        assert_ne!(ended.code, 0, "{command:?}: {}", ended.stdout);
        told.push(ended);
    }
    let text: Vec<String> = told.into_iter().map(|ended| ended.stdout + &ended.stderr).collect();
    let text = text.join("---\n").replace(&database.schema, "SCHEMA");
    let socket = database.url.split(['@', '/']).nth(3).unwrap().replace("%2F", "/");
    snapshot!(text.replace(&socket, "SOCKET"));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_in_the_database_to_the_same_end() {
    let Some(database) = postgres::database() else { return };
    let calm = Stage::drifted().await;
    assert_eq!(calm.run(&["apply"]).await.code, 3);
    let stage = Stage::drifted().await;
    stage.configure("{ path: .dialplane/sandbox }", "{ path: .dialplane/sandbox, entries: 12 }");
    let some = ["apply", "--tenant", "adatum"];
    assert!(matches!(stage.run(&some).await.code, 0 | 3));
    stage.configure(", entries: 12 }", " }");
    keep_in(&stage, &database, &database.url);
    done(&stage).await;
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    assert_eq!(everybody(&stage), everybody(&calm));
    let checked = stage.run(&["journal", "check"]).await;
    assert_eq!(checked.code, 0, "{}", checked.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_refused_while_somebody_works_with_either_and_where_a_journal_is() {
    let Some(database) = postgres::database() else { return };
    let stage = stage().await;
    keep_in(&stage, &database, &database.url);
    empty(&database).await;
    back_to_a_file(&stage, &database);
    let mut service = stage.start(&["run"]);
    service.until("it works", || has(&stage, "control.sock")).await;
    keep_in(&stage, &database, &database.url);
    let refused = stage.run(&MOVE).await;
    assert!(
        refused.code == 1 && refused.stderr.contains("is in use by process"),
        "{}",
        refused.stderr
    );
    service.stop().await;
    let client = client(&database).await;
    let run = |text: &str| {
        let text = text.replace("{s}", &database.schema);
        let client = &client;
        async move { client.batch_execute(&text).await.unwrap() }
    };
    let term = "clock_timestamp() + interval '1 h'";
    run(&format!("UPDATE {{s}}.service SET id = 'x', host = 'there', until = {term}")).await;
    let refused = stage.run(&MOVE).await;
    assert!(refused.code == 1 && refused.stderr.contains("on there leads"), "{}", refused.stderr);
    run("UPDATE {s}.service SET id = NULL; INSERT INTO {s}.tenants (tenant_id) VALUES ('x')").await;
    let refused = stage.run(&MOVE).await;
    assert!(refused.code == 1 && refused.stderr.contains("another journal"), "{}", refused.stderr);
    run("DELETE FROM {s}.tenants").await;
    assert!(!has(&stage, "journal.moved"));
    done(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_keeps_something_else_than_it_was_given_gets_no_journal() {
    let Some(database) = postgres::database() else { return };
    let stage = stage().await;
    keep_in(&stage, &database, &database.url);
    empty(&database).await;
    let client = client(&database).await;
    for damage in [
        "NEW.line = replace(NEW.line, '\"run\":', '\"run\": '); RETURN NEW;",
        "IF NEW.sequence = 3 THEN RETURN NULL; END IF; RETURN NEW;",
    ] {
        let text = format!(
            "CREATE OR REPLACE FUNCTION {s}.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                {damage} END $$; CREATE OR REPLACE TRIGGER t BEFORE INSERT ON {s}.entries FOR \
                EACH ROW EXECUTE FUNCTION {s}.f()",
            s = database.schema
        );
        client.batch_execute(&text).await.unwrap();
        let refused = stage.run(&MOVE).await;
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        let what = "what was read back is not what was written";
        assert!(refused.stderr.contains(what), "{}", refused.stderr);
        assert!(has(&stage, "journal.db") && !has(&stage, "journal.moved"));
    }
    let text = format!("DROP FUNCTION {}.f() CASCADE", database.schema);
    client.batch_execute(&text).await.unwrap();
    done(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_not_moved_is_told_by_what_looks_back_at_the_database_as_well() {
    let stage = stage().await;
    // It is refused before the database is asked, which is not even there.
    write_secret(&stage, "postgres://u:p@127.0.0.1:1/d?sslmode=disable");
    stage.configure(
        "path: .dialplane/sandbox",
        "path: .dialplane/sandbox, postgres: { url: { file: database-url } }",
    );
    for (asked, code) in [
        (&["plan"][..], 1),
        (&["apply", "--yes"], 1),
        (&["history"], 1),
        (&["why", "user1@adatum.example"], 1),
        (&["undo", "--last"], 1),
    ] {
        let refused = stage.run(asked).await;
        assert_eq!(refused.code, code, "{asked:?}: {}", refused.stdout);
        let told = "it holds a journal in a file, whose debts are not in the database";
        assert!(refused.stderr.contains(told), "{asked:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("journal move --to postgres"), "{}", refused.stderr);
    }
    assert!(has(&stage, "journal.db"));
}

/// A move that waits for a lock of the test, and is killed there. `and` is done before the lock is
/// let go.
async fn killed_at(stage: &Stage, client: &mut Client, lock: &str, and: &str) {
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute(lock).await.unwrap();
    let mut running = stage.start(&MOVE);
    let waits = "SELECT count(*) FROM pg_locks w JOIN pg_locks h USING (locktype) WHERE NOT \
        w.granted AND h.granted AND h.pid = pg_backend_pid() AND \
        w.database IS NOT DISTINCT FROM h.database AND \
        w.relation IS NOT DISTINCT FROM h.relation AND \
        w.classid IS NOT DISTINCT FROM h.classid AND w.objid IS NOT DISTINCT FROM h.objid";
    while transaction.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(running.child.try_wait().unwrap().is_none(), "{}", running.text("stderr"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    running.signal("-KILL");
    running.child.wait().unwrap();
    transaction.batch_execute(and).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_each_step_it_can_be_begun_again() {
    let Some(database) = postgres::database() else { return };
    let stage = stage().await;
    let before = read(&stage).await;
    keep_in(&stage, &database, &database.url);
    empty(&database).await;
    let schema = &database.schema;
    let mut client = client(&database).await;
    // While it adds: nothing has changed.
    let lock = format!("LOCK TABLE {schema}.entries IN SHARE MODE");
    killed_at(&stage, &mut client, &lock, "SELECT 1").await;
    assert!(has(&stage, "journal.db") && !has(&stage, "journal.moved"));
    back_to_a_file(&stage, &database);
    assert_eq!(read(&stage).await, before);
    keep_in(&stage, &database, &database.url);
    // In the commit, which comes to nothing; then in one that the database carries out.
    let key = schema.bytes().fold(7_i64, |key, byte| (key * 31 + i64::from(byte)) % 1_000_003);
    let text = format!(
        "CREATE FUNCTION {schema}.f() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ \
            BEGIN PERFORM pg_advisory_xact_lock({key}); RETURN NULL; END $$; \
            CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON {schema}.about DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION \
            {schema}.f()"
    );
    client.batch_execute(&text).await.unwrap();
    let lock = format!("SELECT pg_advisory_xact_lock({key})");
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND \
            objid = {key} AND NOT granted"
    );
    for (and, arrives) in [(&end[..], false), ("SELECT 1", true)] {
        killed_at(&stage, &mut client, &lock, and).await;
        assert!(has(&stage, "journal.db") && has(&stage, "journal.moved"));
        // Neither the file nor the database takes anything now.
        let refused = stage.run(&["apply"]).await;
        assert!(refused.stderr.contains("journal move --to postgres"), "{}", refused.stderr);
        back_to_a_file(&stage, &database);
        let refused = stage.run(&["apply"]).await;
        assert!(refused.stderr.contains("on its way to the schema"), "{}", refused.stderr);
        assert_eq!(read(&stage).await, before, "it can still be read");
        keep_in(&stage, &database, &database.url);
        let query = format!("SELECT moved IS NOT NULL FROM {schema}.about");
        // The commit of a process that is dead comes to its end all the same.
        while arrives && !client.query_one(&query, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::task::yield_now().await;
        }
    }
    let moved = done(&stage).await;
    assert!(moved.stderr.contains("an earlier run moved"), "{}", moved.stderr);
    assert_eq!(read(&stage).await, before);
    // As if it had been killed between the commit and the new name.
    fs::rename(folder(&stage).join("journal.db.moved"), folder(&stage).join("journal.db")).unwrap();
    let moved = done(&stage).await;
    assert!(moved.stderr.contains("an earlier run moved"), "{}", moved.stderr);
    assert_eq!(read(&stage).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_comes_to_the_same_end() {
    let Some(database) = postgres::database() else { return };
    let stage = stage().await;
    let before = read(&stage).await;
    keep_in(&stage, &database, &database.url);
    for moment in 0.. {
        let mut running = stage.start(&MOVE);
        tokio::time::sleep(Duration::from_millis(moment * 8)).await;
        let ended = running.child.try_wait().unwrap();
        drop(running);
        if ended.is_some_and(|ended| ended.success()) {
            break;
        }
    }
    done(&stage).await;
    assert_eq!(read(&stage).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_written_after_it_went_is_not_taken_for_what_went() {
    let Some(database) = postgres::database() else { return };
    let stage = stage().await;
    keep_in(&stage, &database, &database.url);
    done(&stage).await;
    let folder = folder(&stage);
    fs::rename(folder.join("journal.db.moved"), folder.join("journal.db")).unwrap();
    fs::remove_file(folder.join("journal.moved")).unwrap();
    back_to_a_file(&stage, &database);
    assert_eq!(stage.run(&["resume", "adatum"]).await.code, 0);
    keep_in(&stage, &database, &database.url);
    let refused = stage.run(&MOVE).await;
    let what = "something has written to the file since";
    assert!(refused.code == 1 && refused.stderr.contains(what), "{}", refused.stderr);
    assert!(has(&stage, "journal.db"));
}

//! The real binary with its journal in a database: commands, a database that stops in the middle, a
//! process that dies or stands still, and what people read when the database cannot be used.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    time::Duration,
};

use dialplane::{
    journal::{PostgresJournal, Retention},
    model::TenantId,
    ports::{Journal as _, Recall as _},
    sandbox::{FaultRule, InjectedFault, Route},
};
use tokio_postgres::NoTls;

use crate::{
    kill::everybody,
    snapshot::snapshot,
    stage::Stage,
    support::postgres::{self, Cluster, Database},
};

/// The word that nobody may read anywhere.
pub(crate) const PASSWORD: &str = "hunter2hunter2";
/// Where the state is, in the configuration.
const FOLDER: &str = "path: .dialplane/sandbox";

/// A stage whose journal is in this database.
async fn stage(database: &Database) -> Stage {
    let stage = Stage::drifted().await;
    keep_in(
        &stage,
        database,
        &database.url.replace("dialplane@", &format!("dialplane:{PASSWORD}@")),
    );
    stage
}

pub(crate) fn keep_in(stage: &Stage, database: &Database, url: &str) {
    write_secret(stage, url);
    let Database { schema, .. } = database;
    let postgres = format!("postgres: {{ url: {{ file: database-url }}, schema: {schema} }}");
    let (before, after) = (format!("{{ {FOLDER} }}"), format!("{{ {FOLDER}, {postgres} }}"));
    stage.configure(&before, &after);
}

pub(crate) fn write_secret(stage: &Stage, url: &str) {
    let path = stage.path().join("database-url");
    fs::write(&path, url).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

/// Lets leases and the right to lead lapse: as if their time had passed.
async fn lapse(database: &Database) {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    let text = format!(
        "UPDATE {schema}.tenants SET until = clock_timestamp() - interval '1 s' \
           WHERE owner IS NOT NULL; \
         UPDATE {schema}.service SET until = clock_timestamp() - interval '1 s' \
           WHERE id IS NOT NULL",
        schema = database.schema
    );
    client.batch_execute(&text).await.unwrap();
    drop(client);
    let _ = task.await;
}

/// What the same fleet comes to with a journal in a file.
async fn calm() -> (crate::kill::Everybody, usize) {
    let calm = Stage::drifted().await;
    let ended = calm.run(&["apply"]).await;
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    (everybody(&calm), calm.sandbox.writes().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_do_the_same_as_with_a_file() {
    let Some(database) = postgres::database() else { return };
    let stage = stage(&database).await;
    let (right, writes) = calm().await;
    let plan = stage.run(&["plan"]).await;
    assert!(matches!(plan.code, 2 | 3), "{}", plan.stderr);
    let applied = stage.run(&["apply"]).await;
    assert_eq!(applied.code, 3, "{}", applied.stderr);
    assert_eq!((everybody(&stage), stage.sandbox.writes().len()), (right, writes));
    let mut all = vec![plan, applied];
    let user = ["why", "user1@adatum.example"];
    for arguments in [&["history"][..], &["journal", "check"], &["journal", "export"], &user] {
        let ended = stage.run(arguments).await;
        assert_eq!(ended.code, 0, "{arguments:?}: {}{}", ended.stdout, ended.stderr);
        assert!(!ended.stdout.is_empty(), "{arguments:?}");
        all.push(ended);
    }
    let doctor = stage.run(&["doctor"]).await;
    assert!(doctor.stdout.contains("PostgreSQL 1"), "{}", doctor.stdout);
    let accepted = stage.run(&["journal", "accept"]).await;
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    assert!(accepted.stderr.contains("tenants is the journal from now on"), "{}", accepted.stderr);
    // Also one that the database does not know: what it owes may be what was lost.
    let unknown = TenantId::parse("00000000-0000-4000-8000-00000000000f").unwrap();
    let journal = PostgresJournal::open(&database.settings(), Retention::default()).await.unwrap();
    assert!(journal.recall(&unknown).await.unwrap().sync_owed.is_some());
    let lease = journal.lease(&unknown).await.unwrap();
    assert!(journal.memory(&lease).await.unwrap().sync_owed.is_some());
    drop((lease, journal));
    all.extend([doctor, accepted]);
    for ended in all {
        let told = ended.stdout + &ended.stderr;
        assert!(!told.contains(PASSWORD), "{told}");
    }
    // A file is not begun beside it.
    let configuration = stage.path().join("dialplane.yaml");
    let with = fs::read_to_string(&configuration).unwrap();
    let (begin, end) = (with.find(", postgres:").unwrap(), with.find("} }").unwrap());
    assert!(begin < end, "{with}");
    fs::write(&configuration, format!("{}{}", &with[..begin], &with[end + 1..])).unwrap();
    let gone = stage.run(&["apply"]).await;
    assert!(gone.stderr.contains("the journal is gone or empty"), "{}", gone.stderr);
}

/// What it does not have may have happened: "nothing to do" would be a guess.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_be_behind_is_not_asked_what_was_done() {
    let Some(cluster) = postgres::cluster() else { return };
    let stage = stage(&Cluster::database(&cluster)).await;
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    cluster.stop_hard();
    let signal = cluster.put("data/standby.signal", "");
    cluster.start();
    let commands = [
        &["history"][..],
        &["why", "user1@adatum.example"],
        &["journal", "check"],
        &["journal", "export"],
        &["plan"],
    ];
    for command in commands {
        let ended = stage.run(command).await;
        let is_told = ended.stderr.contains("it is a standby, which may be behind");
        assert!(ended.code == 1 && is_told, "{command:?}: {}{}", ended.stdout, ended.stderr);
    }
    cluster.stop_hard();
    fs::remove_file(signal).unwrap();
    cluster.start();
    assert_eq!(stage.run(&["history"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_may_be_named_by_a_word_of_sql() {
    let Some(cluster) = postgres::cluster() else { return };
    let database = Database { schema: "order".to_owned(), ..Cluster::database(&cluster) };
    let stage = stage(&database).await;
    let ended = stage.run(&["apply"]).await;
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    let doctor = stage.run(&["doctor"]).await.stdout;
    assert!(doctor.contains("the schema order of the database can be written"), "{doctor}");
    for command in [&["journal", "check"][..], &["history"], &["journal", "accept"]] {
        let ended = stage.run(command).await;
        assert_eq!(ended.code, 0, "{command:?}: {}{}", ended.stdout, ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_debts_is_not_left_behind() {
    let Some(database) = postgres::database() else { return };
    let stage = Stage::drifted().await;
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    keep_in(&stage, &database, &database.url);
    let refused = stage.run(&["apply"]).await;
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("whose debts are not in the database"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stops_hard_in_the_middle_of_an_apply_ends_as_if_it_had_not() {
    let Some(cluster) = postgres::cluster() else { return };
    let database = Cluster::database(&cluster);
    let stage = stage(&database).await;
    stage.configure("settle: 10m, firstSettle: 10m", "settle: 200ms, firstSettle: 200ms");
    stage.sandbox.faults(|faults| faults.latency.random_ms = 40);
    let mut run = stage.start(&["apply"]);
    run.until("some writes", || stage.sandbox.writes().len() > 3).await;
    cluster.stop_hard();
    tokio::time::sleep(Duration::from_millis(300)).await;
    cluster.start();
    let code = tokio::task::spawn_blocking(move || run.child.wait().unwrap().code()).await.unwrap();
    assert!(matches!(code, Some(1 | 3..=5)), "{code:?} {}", stage.text("stderr"));
    // Where it ended before the database was back, nothing was given back.
    lapse(&database).await;
    crate::kill::finish(&stage).await;
    let (right, _) = calm().await;
    assert_eq!(everybody(&stage), right);
    assert!(crate::kill::unsynced(&stage).is_empty());
    let checked = stage.run(&["journal", "check"]).await;
    assert_eq!(checked.code, 0, "{}", checked.stderr);
}

/// An apply that waits for the answer of a disable, and has the lease of that tenant.
async fn waiting(stage: &Stage) -> crate::stage::Running {
    let late =
        FaultRule { delay_ms: 60_000, ..FaultRule::new(InjectedFault::Late).on(Route::Disable) };
    stage.sandbox.faults(|faults| faults.rules.push(late));
    let mut run = stage.start(&["apply"]);
    let is_waiting = || {
        let writes = stage.sandbox.writes();
        writes.iter().any(|call| call.path.contains("disableCalling") && call.fault.is_some())
    };
    run.until("the call", is_waiting).await;
    stage.sandbox.faults(|faults| faults.rules.clear());
    run
}

/// Another machine: the same manifests and configuration in a folder of its own.
fn elsewhere(stage: &Stage) -> tempfile::TempDir {
    let folder = crate::folder::folder();
    for name in ["dialplane.yaml", "database-url"] {
        fs::copy(stage.path().join(name), folder.path().join(name)).unwrap();
    }
    fs::create_dir(folder.path().join("manifests")).unwrap();
    fs::copy(stage.manifest(), folder.path().join("manifests/fleet.yaml")).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn another_machine_goes_on_for_one_that_was_killed_in_a_step_once_its_lease_is_over() {
    let Some(database) = postgres::database() else { return };
    let stage = stage(&database).await;
    let mut run = waiting(&stage).await;
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    let other = elsewhere(&stage);
    let held = stage.run_in(other.path(), &["apply"]).await;
    let told = format!("{}{}", held.stdout, held.stderr);
    assert!(told.contains("leads: it alone writes, and has the right to until"), "{told}");
    lapse(&database).await;
    let before = stage.sandbox.writes().len();
    let ended = stage.run_in(other.path(), &["apply"]).await;
    let told = format!("{}{}", ended.stdout, ended.stderr);
    assert!(told.contains("recovered "), "{told}");
    assert!(!told.contains("is working on this tenant"), "{told}");
    // The user whose call was cut off is left alone until live state decides.
    let users = |writes: &[String]| {
        writes.iter().filter(|path| path.contains("disable")).cloned().collect::<Vec<_>>()
    };
    let cut = users(&stage.writes()[..before]);
    assert!(stage.writes()[before..].iter().all(|path| !cut.contains(path)), "{cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stood_still_past_its_lease_writes_nothing_more() {
    let Some(database) = postgres::database() else { return };
    let stage = stage(&database).await;
    let schema = &database.schema;
    stage.configure(&format!("schema: {schema}"), &format!("schema: {schema}, takeover: 4s"));
    let late =
        FaultRule { delay_ms: 3_000, ..FaultRule::new(InjectedFault::Late).on(Route::Disable) };
    stage.sandbox.faults(|faults| faults.rules.push(late));
    let mut run = stage.start(&["apply"]);
    let is_waiting = || stage.writes().iter().any(|path| path.contains("disableCalling"));
    run.until("the call", is_waiting).await;
    run.signal("-STOP");
    stage.sandbox.faults(|faults| faults.rules.clear());
    let other = elsewhere(&stage);
    let mut ended = stage.run_in(other.path(), &["apply"]).await;
    // Its own clock has to know as well that its time is over.
    while ended.stderr.contains("leads: it alone writes") {
        ended = stage.run_in(other.path(), &["apply"]).await;
    }
    assert!(ended.stdout.contains("accepted"), "{}{}", ended.stdout, ended.stderr);
    let before = stage.sandbox.writes().len();
    run.signal("-CONT");
    let code = tokio::task::spawn_blocking(move || run.child.wait().unwrap().code()).await.unwrap();
    let told = stage.text("stdout") + &stage.text("stderr");
    assert_ne!(code, Some(0), "{told}");
    // By the journal, or before by its own clocks.
    let reasons = ["the right to write of this tenant was lost", "right to lead"];
    assert!(reasons.iter().any(|reason| told.contains(reason)), "{told}");
    let after: Vec<String> = stage.writes()[before..].to_vec();
    assert!(after.is_empty(), "{after:?}\n{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_read_of_a_database_that_cannot_be_used() {
    let Some(database) = postgres::database() else { return };
    let stage = stage(&database).await;
    let socket = database.url.split('@').nth(1).unwrap().replace("/postgres", "");
    let mut told = String::new();
    for (case, url) in [
        ("no such user", format!("postgres://nobody:{PASSWORD}@{socket}/postgres")),
        ("no such database", format!("postgres://dialplane:{PASSWORD}@{socket}/nothing")),
        ("nobody listens", format!("postgres://ada:{PASSWORD}@127.0.0.1:9/d?sslmode=disable")),
        ("no TLS", format!("postgres://ada:{PASSWORD}@db.acme.example/d?sslmode=disable")),
        ("not an address", PASSWORD.to_owned()),
    ] {
        write_secret(&stage, &url);
        let ended = stage.run(&["apply"]).await;
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
        let text = ended.stderr.replace(&socket.replace("%2F", "/"), "SOCKET");
        told += &format!("{case}:\n{text}\n");
    }
    assert!(stage.writes().is_empty());
    snapshot!(told);
}

//! One stop switch for all machines that share a database: given anywhere it acts everywhere, and
//! what cannot be read is not taken for "off".

use std::{fs, path::Path};

use tokio_postgres::NoTls;

use crate::{
    replicas::{LONG, Replica, command, stage},
    stage::{Ended, Stage, fleet},
    support::postgres::{Cluster, Database, cluster, database},
};

const ALL: &str = "everything is stopped, on all machines";
const UNKNOWN: &str = "it is not known whether the stop switch of all machines is on";

/// A machine that runs no service.
async fn elsewhere(stage: &Stage, arguments: &[&str]) -> Ended {
    let mut command = command(stage, &stage.path().join("elsewhere"), arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ended::from(output)
}

pub(crate) async fn sql(database: &Database, text: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    let rows = client.simple_query(&text.replace("{s}", &database.schema)).await.unwrap();
    drop(client);
    let _ = task.await;
    let text = |message: &_| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("").to_owned()),
        _ => None,
    };
    rows.iter().filter_map(text).collect()
}

fn edit(stage: &Stage, number: usize) {
    let text = fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", number);
    fs::write(stage.manifest(), text).unwrap();
}

fn has_a_file(folder: &Path) -> bool {
    folder.join("state/stop").exists()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_given_anywhere_acts_everywhere_and_is_let_go_anywhere() {
    let Some(database) = database() else { return };
    let stage = stage(&database, LONG).await;
    let mut first = Replica::start(&stage, "first");
    first.says("this service leads", 1).await;
    let mut second = Replica::start(&stage, "second");
    second.says("stands by: ", 1).await;
    first.rests().await;
    let calm = stage.writes().len();
    let stopped = elsewhere(&stage, &["stop", "--reason", "the vendor is moving"]).await;
    assert_eq!(stopped.code, 0, "{}", stopped.stderr);
    let all = stopped.stdout.contains(ALL) && stopped.stdout.contains("the vendor is moving");
    assert!(all, "{}", stopped.stdout);
    for replica in [&mut first, &mut second] {
        replica.says(ALL, 1).await;
        let status = replica.shows(ALL).await;
        assert!(status.stdout.contains("by ada@"), "{}", status.stdout);
        let doctor = replica.run(&["doctor"]).await;
        assert!(doctor.stdout.contains(ALL), "{}", doctor.stdout);
        let why = replica.run(&["why", "user1@adatum.example"]).await;
        assert!(why.stdout.contains(ALL), "{}", why.stdout);
    }
    edit(&stage, 1);
    let looked = first.run(&["reconcile", "--wait"]).await;
    assert_eq!(stage.writes().len(), calm, "{}{}", looked.stdout, looked.stderr);
    assert!(!has_a_file(&stage.path().join("elsewhere")), "the switch of all is enough");
    // One that starts hears of it before anything else.
    assert_eq!(first.running.stop().await, Some(0));
    second.says("this service leads", 1).await;
    let mut third = Replica::start(&stage, "third");
    third.says(ALL, 1).await;
    let looked = second.run(&["reconcile", "--wait"]).await;
    assert_eq!(stage.writes().len(), calm, "{}{}", looked.stdout, looked.stderr);
    let again = third.run(&["stop", "--reason", "another one"]).await;
    assert!(again.code == 0 && again.stdout.contains("it was stopped before"), "{}", again.stdout);
    assert!(again.stdout.contains("the vendor is moving"), "{}", again.stdout);
    let resumed = third.run(&["resume"]).await;
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(resumed.stdout.contains("it was stopped on all machines"), "{}", resumed.stdout);
    second.says("going on: the stop switch was let go", 1).await;
    second.running.until("the edit", || stage.writes().len() > calm).await;
    let query = "SELECT by || ' ' || reason || ' ' || (ended_at > at) || ' ' || ended_by FROM \
        {s}.stops";
    let kept = sql(&database, query).await;
    assert!(kept.len() == 1 && kept[0].contains("the vendor is moving true ada@"), "{kept:?}");
    // The service that leads keeps it in the journal as well, where it is told with the passes.
    let history = second.run(&["history"]).await;
    for told in ["all tenants  stopped: the vendor is moving", "all tenants  let go"] {
        assert_eq!(history.stdout.matches(told).count(), 1, "{}{}", history.stdout, history.stderr);
    }
    assert!(!history.stdout.contains("somebody"), "{}", history.stdout);
    // The file of a machine goes on working, for that machine.
    let file = stage.path().join("second/state/stop");
    fs::write(&file, "by hand\n").unwrap();
    let status = second.shows("the stop file ").await;
    // Tenants may still say what held them when they were looked at last.
    let line = status.stdout.lines().next().unwrap();
    assert!(line.contains("the stop file ") && line.contains("by hand"), "{}", status.stdout);
    assert_eq!(second.run(&["resume"]).await.code, 0);
    assert!(!file.exists());
    assert_eq!(second.running.stop().await, Some(0));
    assert_eq!(third.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_nobody_is_there_to_hear_is_kept_in_the_journal_all_the_same() {
    let Some(database) = database() else { return };
    let stage = stage(&database, LONG).await;
    let stopped = elsewhere(&stage, &["stop", "--reason", "the night is quiet"]).await;
    assert!(stopped.code == 0 && stopped.stdout.contains("  run "), "{}", stopped.stdout);
    let resumed = elsewhere(&stage, &["resume"]).await;
    assert!(resumed.code == 0 && resumed.stdout.contains("  run "), "{}", resumed.stdout);
    let history = stage.run(&["history"]).await;
    let stopped = "all tenants  stopped: the night is quiet";
    for told in [stopped, "all tenants  let go"] {
        assert_eq!(history.stdout.matches(told).count(), 1, "{}{}", history.stdout, history.stderr);
    }
    assert!(!history.stdout.contains("somebody"), "{}", history.stdout);
    // Where one leads, it alone keeps it.
    let mut first = Replica::start(&stage, "first");
    first.says("this service leads", 1).await;
    let stopped = elsewhere(&stage, &["stop", "--reason", "again"]).await;
    assert!(stopped.code == 0 && !stopped.stdout.contains("  run "), "{}", stopped.stdout);
    first.says(ALL, 1).await;
    assert_eq!(elsewhere(&stage, &["resume"]).await.code, 0);
    first.says("going on: the stop switch was let go", 1).await;
    assert_eq!(first.running.stop().await, Some(0));
    let history = stage.run(&["history"]).await;
    assert_eq!(history.stdout.matches("all tenants  let go").count(), 2, "{}", history.stdout);
    assert!(!history.stdout.contains("somebody"), "{}", history.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_not_taken_for_off() {
    let Some(cluster) = cluster() else { return };
    let database = Cluster::database(&cluster);
    let stage = stage(&database, LONG).await;
    assert!(matches!(stage.run(&["apply", "--yes"]).await.code, 0 | 3));
    edit(&stage, 1);
    let calm = stage.writes().len();
    cluster.stop_hard();
    let doctor = stage.run(&["doctor"]).await;
    assert!(doctor.stdout.contains(UNKNOWN), "{}{}", doctor.stdout, doctor.stderr);
    let stopped = elsewhere(&stage, &["stop", "--reason", "now"]).await;
    assert_eq!(stopped.code, 1, "{}", stopped.stdout);
    assert!(stopped.stderr.contains("only this machine is stopped"), "{}", stopped.stderr);
    assert!(has_a_file(&stage.path().join("elsewhere")));
    let resumed = elsewhere(&stage, &["resume"]).await;
    assert!(resumed.code == 1 && resumed.stderr.contains("cannot be let go"), "{}", resumed.stderr);
    cluster.start();
    assert_eq!(elsewhere(&stage, &["resume"]).await.code, 0);
    assert!(!has_a_file(&stage.path().join("elsewhere")));
    // A table that is gone says nothing.
    sql(&database, "ALTER TABLE {s}.stops RENAME TO lost").await;
    let plan = stage.run(&["plan"]).await;
    assert!(plan.stdout.contains(UNKNOWN), "{}{}", plan.stdout, plan.stderr);
    let apply = stage.run(&["apply", "--yes"]).await;
    assert_eq!(stage.writes().len(), calm, "{}{}", apply.stdout, apply.stderr);
    sql(&database, "ALTER TABLE {s}.lost RENAME TO stops").await;
    let apply = stage.run(&["apply", "--yes"]).await;
    assert!(stage.writes().len() > calm, "{}{}", apply.stdout, apply.stderr);
}

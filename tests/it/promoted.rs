//! A database that lost what it had acknowledged, while nobody was looking: whoever starts
//! afterwards notices, holds the tenants that it concerns, and says so before anything is taken for
//! done.

use std::{fs, path::Path};

use crate::{
    replicas::{LONG, Replica, command, stage},
    stage::{Ended, Stage, fleet},
    support::postgres::{Cluster, cluster},
};

const LEADS: &str = "this service leads";
const LOST: &str = "was acknowledged: the database lost entries";
/// Users of the first tenant whom an edit of its defaults concerns.
const EDITED: usize = 10;

async fn on(stage: &Stage, machine: &str, arguments: &[&str]) -> Ended {
    let mut command = command(stage, &stage.path().join(machine), arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ended::from(output)
}

/// How far a machine saw the journal, tenant by tenant.
fn seen(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("state/journal.seen")).unwrap_or_default();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Two services have done an edit of one tenant and ended, and the database has lost what it knew
/// of it: a server was promoted that was behind.
async fn loses(cluster: &Cluster, stage: &Stage) {
    let mut first = Replica::start(stage, "first");
    first.says(LEADS, 1).await;
    first.rests().await;
    assert_eq!(first.running.stop().await, Some(0));
    cluster.falls_behind();
    let mut first = Replica::start(stage, "first");
    first.says(LEADS, 1).await;
    let mut second = Replica::start(stage, "second");
    second.says("stands by: ", 1).await;
    let text = fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1);
    fs::write(stage.manifest(), text).unwrap();
    let updates = || stage.writes().iter().filter(|path| path.contains("update")).count();
    let before = updates();
    first.running.until("the edit", || updates() == before + EDITED).await;
    first.rests().await;
    let (one, other) = (first.folder.clone(), second.folder.clone());
    let is_seen = || !seen(&one).is_empty() && seen(&one) == seen(&other);
    second.running.until("what the first wrote is seen", is_seen).await;
    assert_eq!(second.running.stop().await, Some(0));
    assert_eq!(first.running.stop().await, Some(0));
    cluster.promote();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_starts_after_the_database_lost_entries_holds_their_tenants() {
    let Some(cluster) = cluster() else { return };
    let stage = stage(&cluster.database(), LONG).await;
    loses(&cluster, &stage).await;
    let calm = stage.writes();
    // Commands notice as well, and say it before "nothing to do".
    for command in [&["plan"][..], &["apply", "--yes"], &["why", "user1@adatum.example"]] {
        let ended = on(&stage, "second", command).await;
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(ended.code == 1 && told.contains(LOST), "{command:?}: {told}");
        assert!(told.contains("dialplane journal accept"), "{told}");
    }
    let checked = on(&stage, "second", &["journal", "check"]).await;
    let waits = "waits for `journal accept`: it ends at entry ";
    assert!(checked.code == 1 && checked.stderr.contains(waits), "{}", checked.stderr);
    // The one that never wrote leads first.
    let mut second = Replica::start(&stage, "second");
    second.says(LEADS, 1).await;
    second.says(LOST, 1).await;
    let held = second.shows(LOST).await;
    assert!(held.stdout.contains("dialplane journal accept"), "{}", held.stdout);
    second.says("the journal of this tenant is not what was written", 1).await;
    assert_eq!(stage.writes(), calm, "nothing is written over it");
    // A machine that has seen nothing hears of it from the others.
    let elsewhere = on(&stage, "elsewhere", &["plan"]).await;
    assert!(elsewhere.code == 1 && elsewhere.stderr.contains(LOST), "{}", elsewhere.stderr);
    let accepted = on(&stage, "elsewhere", &["journal", "accept"]).await;
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    // The third tenant gives no consent.
    let looked = second.run(&["reconcile", "--wait"]).await;
    assert_eq!(looked.code, 3, "{}{}", looked.stdout, looked.stderr);
    second.rests().await;
    let after = stage.writes()[calm.len()..].to_vec();
    assert!(after.iter().any(|path| path.contains("sync")), "it may have missed one: {after:?}");
    // What was sent and is not seen yet may be sent once more; nobody loses calling by that.
    assert!(!after.iter().any(|path| path.contains("disable")), "{after:?}");
    // Who saw more before it was accepted goes on with what was accepted.
    assert_eq!(second.running.stop().await, Some(0));
    let mut first = Replica::start(&stage, "first");
    first.says(LEADS, 1).await;
    let looked = first.run(&["reconcile", "--wait"]).await;
    assert_eq!(looked.code, 3, "{}{}", looked.stdout, looked.stderr);
    assert!(!first.log().contains(LOST), "{}", first.log());
    assert_eq!(first.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_begins_anew_is_not_taken_for_the_one_that_was_seen() {
    let Some(cluster) = cluster() else { return };
    let stage = stage(&cluster.database(), LONG).await;
    cluster.falls_behind();
    let applied = on(&stage, "first", &["apply", "--yes"]).await;
    assert_eq!(applied.code, 3, "{}", applied.stderr);
    cluster.promote();
    let calm = stage.writes().len();
    for command in ["plan", "apply"] {
        let ended = on(&stage, "first", &[command]).await;
        assert!(ended.code == 1 && ended.stderr.contains(LOST), "{command}: {}", ended.stderr);
    }
    assert_eq!(stage.writes().len(), calm);
    assert_eq!(on(&stage, "first", &["journal", "accept"]).await.code, 0);
    let applied = on(&stage, "first", &["apply", "--yes"]).await;
    assert_eq!(applied.code, 3, "{}", applied.stderr);
    let checked = on(&stage, "first", &["journal", "check"]).await;
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    // What was seen cannot be read: it is not taken for nothing.
    let file = stage.path().join("first/state/journal.seen");
    let damaged = fs::read_to_string(&file).unwrap().replacen("epoch\":1", "epoch\":0", 1);
    fs::write(&file, damaged).unwrap();
    for command in [&["plan"][..], &["apply", "--yes"], &["journal", "check"]] {
        let ended = on(&stage, "first", command).await;
        let words = "it does not say any more how far the journal was seen here";
        assert!(ended.code == 1 && ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert_eq!(on(&stage, "first", &["journal", "accept"]).await.code, 0);
    let applied = on(&stage, "first", &["apply", "--yes"]).await;
    assert_eq!(applied.code, 3, "{}", applied.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_the_database_lost_stays_on_until_somebody_lets_go() {
    let Some(cluster) = cluster() else { return };
    let stage = stage(&cluster.database(), LONG).await;
    let mut first = Replica::start(&stage, "first");
    first.says(LEADS, 1).await;
    first.rests().await;
    cluster.falls_behind();
    first.says("going on: the journal can be reached again", 1).await;
    let stop = ["stop", "--reason", "the vendor is moving"];
    assert_eq!(on(&stage, "elsewhere", &stop).await.code, 0);
    first.says("everything is stopped, on all machines", 1).await;
    let calm = stage.writes();
    cluster.promote();
    first.says("the database lost the stop switch of all machines", 1).await;
    // All others see it as well.
    let text = fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1);
    fs::write(stage.manifest(), text).unwrap();
    let apply = on(&stage, "elsewhere", &["plan"]).await;
    assert!(apply.stdout.contains("the vendor is moving"), "{}{}", apply.stdout, apply.stderr);
    first.shows("the vendor is moving").await;
    assert_eq!(stage.writes(), calm);
    let resumed = on(&stage, "elsewhere", &["resume"]).await;
    assert!(resumed.stdout.contains("the vendor is moving"), "{}", resumed.stdout);
    first.says("going on: the stop switch was let go", 1).await;
    first.running.until("the edit", || stage.writes().len() > calm.len()).await;
    assert_eq!(first.running.stop().await, Some(0));
}

//! Services whose network to the database is cut, stalls or is slow: the one that leads sends nothing
//! more before another one does, and nothing is done twice.

use std::fs;

use crate::{
    replicas::{LONG, Replica, command, stage, twice_since},
    stage::{Stage, fleet},
    support::{
        postgres::{Database, database},
        wire::{Flow, Wire},
    },
};

const LEADS: &str = "this service leads";
const STANDS_BY: &str = "stands by: ";
/// Users of the first tenant whom an edit of its defaults concerns.
const EDITED: usize = 10;

/// A service with a network of its own to the database.
fn far<'s>(stage: &'s Stage, name: &str, wire: &Wire) -> Replica<'s> {
    let Database { url, .. } = wire.database();
    let path = stage.path().join("far-url");
    fs::write(&path, url).unwrap();
    let folder = stage.path().join(name);
    fs::create_dir_all(&folder).unwrap();
    let mut command = command(stage, &folder, &["run", "manifests"]);
    command.env("DIALPLANE_STATE__POSTGRES__URL__FILE", path);
    Replica::of(stage, folder, command)
}

fn updates(stage: &Stage) -> usize {
    stage.writes().iter().filter(|path| path.contains("update")).count()
}

fn edit(stage: &Stage) {
    let text = fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1);
    fs::write(stage.manifest(), text).unwrap();
}

/// The leader's network is so from the middle of its work on.
async fn is_replaced(flow: Flow) {
    let Some(database) = database() else { return };
    let stage = stage(&database, "4s").await;
    let wire = Wire::to(&database).await;
    let mut first = far(&stage, "first", &wire);
    first.says(LEADS, 1).await;
    first.rests().await;
    let mut second = Replica::start(&stage, "second");
    second.says(STANDS_BY, 1).await;
    let before = updates(&stage);
    let calls = stage.writes().len();
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 150);
    edit(&stage);
    first.running.until("the edit has begun", || updates(&stage) > before).await;
    wire.set(flow);
    second.says(LEADS, 1).await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    // Users whose outcome is not on record are left alone until live state shows it.
    second.says("sync accepted", 1).await;
    second.rests().await;
    let after = stage.writes();
    wire.set(Flow::Open);
    first.says("no longer leads", 1).await;
    first.says(STANDS_BY, 1).await;
    assert_eq!(stage.writes(), after, "what was late is refused, or was never sent");
    assert_eq!(twice_since(&stage, calls), [""; 0]);
    let checked = second.run(&["journal", "check"]).await;
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert_eq!(first.running.stop().await, Some(0));
    assert_eq!(second.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_network_is_cut_is_replaced_and_nothing_is_done_twice() {
    is_replaced(Flow::Cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_network_stalls_is_replaced_and_what_arrives_late_is_refused() {
    is_replaced(Flow::Stalled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_cut_for_a_moment_changes_nothing() {
    let Some(database) = database() else { return };
    let stage = stage(&database, LONG).await;
    let wire = Wire::to(&database).await;
    let mut first = far(&stage, "first", &wire);
    first.says(LEADS, 1).await;
    first.rests().await;
    let before = updates(&stage);
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 20);
    edit(&stage);
    for round in 0..5 {
        first.running.until("a call", || updates(&stage) > before + round).await;
        wire.set(Flow::Cut);
        tokio::task::yield_now().await;
        wire.set(Flow::Open);
    }
    let done = || updates(&stage) >= before + EDITED && crate::kill::unsynced(&stage).is_empty();
    first.running.until("the edit", done).await;
    first.rests().await;
    assert_eq!(updates(&stage), before + EDITED);
    assert_eq!(first.log().matches(LEADS).count(), 1, "it led all the time");
    let checked = first.run(&["journal", "check"]).await;
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert_eq!(first.running.stop().await, Some(0));
}

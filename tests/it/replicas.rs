//! Several services over one database: one leads, the others stand by, and what happens when the one
//! that leads ends, dies, hangs, loses the database or has older manifests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use crate::{
    kill::unsynced,
    stage::{Ended, Running, Stage, dialplane, fleet, leave_in},
    support::postgres::{Cluster, Database, cluster, database},
};

/// Nobody takes over from the living in a test that sets this.
pub(crate) const LONG: &str = "10m";
/// What a test waits for that is about taking over.
const SHORT: &str = "4s";
/// Users of the first tenant whom an edit of its defaults concerns.
const EDITED: usize = 10;

/// A stage whose journal is in this database.
pub(crate) async fn stage(database: &Database, takeover: &str) -> Stage {
    let stage = Stage::drifted().await;
    fs::write(stage.path().join("database-url"), &database.url).unwrap();
    let Database { schema, .. } = database;
    let before = "state: { path: .dialplane/sandbox }";
    let postgres =
        format!("{{ url: {{ file: database-url }}, schema: {schema}, takeover: {takeover} }}");
    stage
        .configure(before, &format!("state: {{ path: .dialplane/sandbox, postgres: {postgres} }}"));
    stage
}

/// One of several services, with a state folder and logs of its own.
pub(crate) struct Replica<'s> {
    stage: &'s Stage,
    pub(crate) folder: PathBuf,
    pub(crate) running: Running,
}

impl<'s> Replica<'s> {
    /// Starts one that reads these manifests.
    fn with(stage: &'s Stage, name: &str, manifests: &str) -> Self {
        let folder = stage.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        let command = command(stage, &folder, &["run", manifests]);
        Self::of(stage, folder, command)
    }

    /// Starts this command with a folder of its own.
    pub(crate) fn of(stage: &'s Stage, folder: PathBuf, mut command: Command) -> Self {
        let running = leave_in(&folder, &mut command);
        Self { stage, folder, running }
    }

    pub(crate) fn start(stage: &'s Stage, name: &str) -> Self {
        Self::with(stage, name, "manifests")
    }

    pub(crate) fn log(&self) -> String {
        self.running.text("stderr")
    }

    /// Until its log says this, so often.
    pub(crate) async fn says(&mut self, what: &str, times: usize) {
        let log = self.folder.join("stderr");
        let said = || fs::read_to_string(&log).unwrap_or_default().matches(what).count() >= times;
        self.running.until(what, said).await;
    }

    /// Until tenants were looked at and synced, or are as they should be.
    pub(crate) async fn rests(&mut self) {
        let stage = self.stage;
        let writes = || stage.writes().len();
        // The third tenant gives no consent.
        let synced = || synced(stage) == 2 && unsynced(stage).is_empty();
        self.running.until("all is synced", synced).await;
        let mut before = usize::MAX;
        while before != writes() {
            before = writes();
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            self.run(&["status"]).await;
        }
    }

    /// Until its status says this.
    pub(crate) async fn shows(&mut self, what: &str) -> Ended {
        loop {
            let status = self.run(&["status"]).await;
            if status.stdout.contains(what) {
                return status;
            }
            let ended = self.running.child.try_wait().unwrap();
            assert!(ended.is_none(), "never shown: {what}: {}", status.stdout);
        }
    }

    /// Runs a command beside it.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = command(self.stage, &self.folder, arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Ended::from(output)
    }
}

pub(crate) fn command(stage: &Stage, folder: &std::path::Path, arguments: &[&str]) -> Command {
    let mut command = dialplane(stage.path(), arguments);
    command.env("DIALPLANE_STATE__PATH", folder.join("state"));
    command
}

/// Tenants that were synced.
fn synced(stage: &Stage) -> usize {
    let syncs = stage.sandbox.writes().into_iter();
    let syncs = syncs.filter(|call| call.path.contains("syncTeamsRegistrations"));
    syncs.filter_map(|call| call.tenant).collect::<BTreeSet<_>>().len()
}

/// How often each call was accepted, by tenant, user and what it was; syncs left out.
fn twice(stage: &Stage) -> Vec<String> {
    twice_since(stage, 0)
}

/// The same of all calls but the first so many.
pub(crate) fn twice_since(stage: &Stage, from: usize) -> Vec<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for call in stage.sandbox.writes().into_iter().skip(from) {
        if !call.path.contains("syncTeamsRegistrations") && call.status == Some(200) {
            *times
                .entry(format!("{} {:?} {:?}", call.path, call.tenant, call.user))
                .or_default() += 1;
        }
    }
    times.into_iter().filter(|(_, times)| *times > 1).map(|(call, _)| call).collect()
}

const LEADS: &str = "this service leads";
const STANDS_BY: &str = "stands by: ";

#[tokio::test(flavor = "multi_thread")]
async fn of_three_one_leads_and_hands_over_at_once_when_it_is_asked_to_end() {
    let Some(database) = database() else { return };
    let stage = stage(&database, LONG).await;
    let mut first = Replica::start(&stage, "first");
    first.says(LEADS, 1).await;
    let mut others = [Replica::start(&stage, "second"), Replica::start(&stage, "third")];
    for other in &mut others {
        other.says(STANDS_BY, 1).await;
    }
    first.rests().await;
    let leads = first.shows("\nleads for ").await;
    assert!(leads.code == 0 && leads.stdout.contains("as the manifests want"), "{}", leads.stdout);
    let leader = format!("process {}, leads for ", first.running.child.id());
    for other in &mut others {
        let stands_by = other.shows(&leader).await;
        let words = "\nstands by: ";
        assert!(stands_by.code == 0 && stands_by.stdout.contains(words), "{}", stands_by.stdout);
        for untrue in ["as the manifests want", "in force"] {
            assert!(!stands_by.stdout.contains(untrue), "{}", stands_by.stdout);
        }
        assert!(
            stands_by.stdout.contains("manifests: unchanged here for "),
            "{}",
            stands_by.stdout
        );
        let handed = other.run(&["reconcile"]).await;
        let words = "which leads";
        assert!(handed.code == 0 && handed.stdout.contains(words), "{}", handed.stdout);
        let stop = other.run(&["stop"]).await;
        let words = "everything is stopped, on all machines";
        assert!(stop.code == 0 && stop.stdout.contains(words), "{}{}", stop.stdout, stop.stderr);
        assert_eq!(other.run(&["resume"]).await.code, 0);
        assert!(!other.log().contains(LEADS));
    }
    // On another machine that runs no service.
    let elsewhere = stage.path().join("elsewhere");
    let beside: [&[&str]; 2] = [&["apply", "--yes"], &["suspend", "contoso", "--reason", "test"]];
    for arguments in beside {
        let mut command = command(&stage, &elsewhere, arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let Ended { code, stdout, stderr } = Ended::from(output);
        let words = " leads: it alone writes, and has the right to until ";
        assert!(code == 1 && stderr.contains(words), "{stdout}{stderr}");
    }
    let before = stage.writes().len();
    assert_eq!(first.running.stop().await, Some(0));
    // The term is far longer than a test waits.
    let [second, third] = &mut others;
    let led = |replica: &Replica<'_>| replica.log().contains(LEADS);
    second
        .running
        .until("one of two leads", || {
            [&stage.path().join("second/stderr"), &stage.path().join("third/stderr")]
                .iter()
                .any(|log| fs::read_to_string(log).unwrap_or_default().contains(LEADS))
        })
        .await;
    assert!(led(second) != led(third), "one of them");
    assert_eq!(stage.writes().len(), before, "there was nothing to do");
    fs::write(
        stage.manifest(),
        fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1),
    )
    .unwrap();
    let updates = || stage.writes()[before..].iter().filter(|path| path.contains("update")).count();
    second.running.until("the edit", || updates() >= EDITED && unsynced(&stage).is_empty()).await;
    assert_eq!(updates(), EDITED, "one of them did it");
    let [second, third] = others;
    assert_eq!(second.running.stop().await, Some(0));
    assert_eq!(third.running.stop().await, Some(0));
    let apply = stage.run(&["apply", "--yes"]).await;
    assert!(apply.code == 0 || apply.code == 3, "{}{}", apply.stdout, apply.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_killed_in_the_middle_is_replaced_and_no_call_is_sent_twice() {
    let Some(database) = database() else { return };
    let stage = stage(&database, SHORT).await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 150);
    let mut first = Replica::start(&stage, "first");
    first.says(LEADS, 1).await;
    let mut second = Replica::start(&stage, "second");
    second.says(STANDS_BY, 1).await;
    first.running.until("some writes", || stage.writes().len() > 2).await;
    first.running.child.kill().unwrap();
    first.running.child.wait().unwrap();
    assert!(!unsynced(&stage).is_empty(), "it was killed in the middle");
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    second.says(LEADS, 1).await;
    second.says("recovered: ", 1).await;
    second.rests().await;
    assert_eq!(twice(&stage), [""; 0]);
    assert_eq!(second.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_hung_for_longer_than_its_term_sends_nothing_more() {
    let Some(database) = database() else { return };
    let stage = stage(&database, SHORT).await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 150);
    let mut first = Replica::start(&stage, "first");
    first.says(LEADS, 1).await;
    let mut second = Replica::start(&stage, "second");
    second.says(STANDS_BY, 1).await;
    first.running.until("some writes", || stage.writes().len() > 2).await;
    first.running.signal("-STOP");
    assert!(!unsynced(&stage).is_empty(), "it was stopped in the middle");
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    second.says(LEADS, 1).await;
    second.rests().await;
    let before = stage.writes();
    first.running.signal("-CONT");
    first.says("no longer leads", 1).await;
    first.says(STANDS_BY, 1).await;
    assert_eq!(stage.writes(), before);
    assert_eq!(twice(&stage), [""; 0]);
    assert_eq!(first.running.stop().await, Some(0));
    assert_eq!(second.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_database_is_away_begins_nothing_and_goes_on_when_it_is_back() {
    let Some(cluster) = cluster() else { return };
    let cluster: Cluster = cluster;
    let stage = stage(&cluster.database(), LONG).await;
    let mut first = Replica::start(&stage, "first");
    first.says(LEADS, 1).await;
    first.rests().await;
    let mut second = Replica::start(&stage, "second");
    second.says(STANDS_BY, 1).await;
    cluster.stop_hard();
    first.says("nothing new begins", 1).await;
    second.says("nothing new begins", 1).await;
    let before = stage.writes();
    fs::write(
        stage.manifest(),
        fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1),
    )
    .unwrap();
    first.says("manifests taken", 2).await;
    first.shows("nothing new begins:").await;
    assert_eq!(stage.writes(), before);
    first.says("it is not known whether the stop switch of all machines is on", 1).await;
    cluster.start();
    first.says("going on: the journal can be reached again", 1).await;
    let updates =
        || stage.writes()[before.len()..].iter().filter(|path| path.contains("update")).count();
    first.running.until("the edit", || updates() >= EDITED && unsynced(&stage).is_empty()).await;
    assert_eq!(first.log().matches(LEADS).count(), 1, "it led all the time");
    assert!(!second.log().contains(LEADS));
    // Nobody has stopped anything: that it could not be seen is no news for the journal.
    let history = first.run(&["history"]).await;
    assert_eq!(history.code, 0, "{}", history.stderr);
    assert!(!history.stdout.contains("all tenants"), "{}", history.stdout);
    assert_eq!(first.running.stop().await, Some(0));
    assert_eq!(second.running.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_yesterdays_manifests_does_not_put_them_in_force() {
    let Some(database) = database() else { return };
    let stage = stage(&database, LONG).await;
    let older = stage.path().join("older");
    fs::create_dir(&older).unwrap();
    fs::write(older.join("fleet.yaml"), fleet()).unwrap();
    let mut first = Replica::start(&stage, "first");
    first.says(LEADS, 1).await;
    first.rests().await;
    let mut second = Replica::with(&stage, "second", "older");
    second.says(STANDS_BY, 1).await;
    let newer = fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1);
    fs::write(stage.manifest(), &newer).unwrap();
    let updates = || stage.writes().iter().filter(|path| path.contains("update")).count();
    let before = updates();
    first
        .running
        .until("the edit", || updates() >= before + EDITED && unsynced(&stage).is_empty())
        .await;
    let before = stage.writes();
    assert_eq!(first.running.stop().await, Some(0));
    second.says(LEADS, 1).await;
    second.says("the manifests here are older than those", 1).await;
    // More readings of the folder prove nothing: nobody answers for its age.
    let beats = || fs::read_to_string(stage.path().join("second/state/status.json")).unwrap();
    for _ in 0..3 {
        let last = beats();
        second.running.until("a look", || beats() != last).await;
    }
    let waits = second.shows("nothing is written: the manifests here").await;
    assert!(!waits.stdout.contains("manifests: in force"), "{}", waits.stdout);
    let needed = second.run(&["status", "--check"]).await;
    assert_eq!(needed.code, 3, "{}", needed.stdout);
    assert_eq!(stage.writes(), before, "nothing is taken back");
    // It is brought up to date.
    fs::write(older.join("fleet.yaml"), &newer).unwrap();
    second.says("looking at all tenants", 1).await;
    fs::write(older.join("fleet.yaml"), fleet()).unwrap();
    let back =
        || stage.writes()[before.len()..].iter().filter(|path| path.contains("update")).count();
    second
        .running
        .until("a change of its own", || back() >= EDITED && unsynced(&stage).is_empty())
        .await;
    assert_eq!(second.running.stop().await, Some(0));
}

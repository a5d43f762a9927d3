//! What the service does as a branch moves: the sandbox's calls are just those that were due.

use std::{fs, time::Duration};

use dialplane::sandbox::World;
use serde_json::Value;

use super::repo::{
    Repo, can_serve, carried_out, edited, follow, has_git, in_force, serve, status, trouble,
};
use crate::stage::{PROGRAM, Running, Stage, child, fleet};

/// A stage whose service is as its manifests want.
pub(super) async fn well() -> Stage {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("backoff: 100ms", "backoff: 50ms, resync: 1h");
    stage
}

/// Waits until the status says so.
pub(super) async fn until_status(stage: &Stage, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let now = status(stage).await;
        if is(&now["status"]) {
            return now["status"].clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came: {what}\n{}\n{}", status(stage).await, stage.text("stderr"));
}

pub(super) async fn first_pass(stage: &Stage, service: &mut Running) {
    let told = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_followed_and_its_last_good_commit_stays_whatever_happens_to_it() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    let (server, url) = serve(&repo);
    fs::write(stage.path().join("token"), "s3cret-token\n").unwrap();
    follow(&stage, &url, ", auth: { token: { file: token } }");
    server.set(|manner| {
        manner.authorization = Some("Basic eC1hY2Nlc3MtdG9rZW46czNjcmV0LXRva2Vu".to_owned());
    });
    let mut service = stage.start(&["run"]);
    first_pass(&stage, &mut service).await;
    assert_eq!(carried_out(&stage), [""; 0]);

    // One edit is one update and one sync, on record with who made it.
    let second = repo.commit(&edited(806), "Adele has another tag");
    service
        .until("the sync", || carried_out(&stage).iter().any(|path| path.contains("sync")))
        .await;
    until_status(&stage, "the commit", |status| in_force(status) == second).await;
    assert_eq!(carried_out(&stage).len(), 2, "{:?}", carried_out(&stage));
    let run: Value =
        serde_json::from_str(&stage.run(&["history", "--output", "json"]).await.stdout).unwrap();
    let revision = &run["runs"][0]["revision"];
    assert_eq!(revision["commit"], second.as_str(), "{run}");
    assert_eq!(revision["author"], "ann <ann@example.org>", "{run}");
    assert_eq!(revision["subject"], "Adele has another tag", "{run}");
    assert!(revision["at"].is_string(), "{run}");

    // A mistake: what was in force stays, and somebody is needed.
    let wrong = edited(807).replacen("mode: enforce", "mode: enfroce", 1);
    repo.commit(&wrong, "oops");
    let now =
        until_status(&stage, "the mistake", |status| status["manifests"]["errors"] == 1).await;
    assert!(now["needs"].as_array().unwrap().contains(&"manifests".into()), "{now}");

    // Mended: only now something is sent.
    assert_eq!(carried_out(&stage).len(), 2, "{:?}", carried_out(&stage));
    let fourth = repo.commit(&edited(807), "mended");
    until_status(&stage, "the mending", |status| in_force(status) == fourth).await;
    service.until("its sync", || carried_out(&stage).len() == 4).await;

    // The folder is gone, then the branch, then the server: nobody loses anything.
    repo.in_work(&["rm", "--quiet", "-r", "manifests"]);
    repo.in_work(&["commit", "--quiet", "--message", "everything is gone"]);
    repo.push();
    until_status(&stage, "the folder is gone", |status| trouble(status) == "folder-gone").await;
    repo.in_work(&["push", "--quiet", "origin", "--delete", "main"]);
    let now = until_status(&stage, "no branch", |status| trouble(status) == "branch-gone").await;
    assert!(now["needs"].as_array().unwrap().contains(&"source".into()), "{now}");
    server.set(|manner| manner.away = true);
    let now = until_status(&stage, "no server", |status| trouble(status) == "away").await;
    assert_eq!(in_force(&now), fourth);
    let told = stage.run(&["status"]).await.stdout;
    assert!(told.contains(&format!("{} stays in force", &fourth[..12])), "{told}");
    let why = stage.run(&["why", "user0@adatum.example"]).await;
    assert!(why.stdout.contains("userTag \"tag 807\""), "{}{}", why.stdout, why.stderr);
    server.set(|manner| manner.away = false);

    // The branch comes back, rewritten: its commit builds on nothing that was in force.
    repo.in_work(&["reset", "--quiet", "--hard", "HEAD~3"]);
    let rewritten = repo.commit(&edited(808), "another story");
    until_status(&stage, "the rewriting", |status| {
        in_force(status) == rewritten && trouble(status).is_empty()
    })
    .await;
    service.until("its sync", || carried_out(&stage).len() == 6).await;
    let log = stage.text("stderr");
    assert!(log.contains("the branch was rewritten") && log.contains("stays in force"), "{log}");
    assert_eq!(service.stop().await, Some(0));
    assert!(!log.contains("s3cret") && !log.contains("eC1hY2Nlc3M"), "{log}");
    assert_eq!(stage.calling("adatum", "user0@adatum.example"), dialplane::model::Calling::Enabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_without_network_the_last_good_commit_is_in_force() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    let (server, url) = serve(&repo);
    follow(&stage, &url, "");
    let mut service = stage.start(&["run"]);
    first_pass(&stage, &mut service).await;
    // The newest commit has a mistake in one tenant, and an edit of another.
    let edited = edited(806);
    let (adatum, contoso) = edited.split_once("{ name: contoso }").unwrap();
    let contoso = contoso.replacen("mode: enforce", "mode: enfroce", 1);
    let wrong = format!("{adatum}{{ name: contoso }}{contoso}");
    let newest = repo.commit(&wrong, "half a mistake");
    until_status(&stage, "the mistake", |status| in_force(status) == newest).await;
    service.until("the edit", || carried_out(&stage).len() == 2).await;
    assert_eq!(service.stop().await, Some(0));
    server.set(|manner| manner.away = true);
    let mut service = stage.start(&["run"]);
    let told = |what: &str| stage.text("stdout").matches(what).count();
    service.until("the two of the commit", || told("as the manifests want it") == 2).await;
    service.until("the third", || told("the last good version of its manifests stays") == 1).await;
    assert_eq!(told("contoso  as"), 0, "{}", stage.text("stdout"));
    let now = until_status(&stage, "away", |status| trouble(status) == "away").await;
    assert_eq!(in_force(&now), newest);
    let rows = now["tenants"].as_array().unwrap();
    let note = |row: &Value| row["note"].as_str().unwrap_or_default().to_owned();
    let contoso = rows.iter().find(|row| row["tenant"] == "contoso").unwrap();
    assert!(note(contoso).contains("an older version is in force"), "{now}");
    assert_eq!(carried_out(&stage).len(), 2, "{:?}", carried_out(&stage));
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_wants_a_look_has_the_server_asked_before_it() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    follow(&stage, &repo.url(), "");
    stage.configure("interval: 1s", "interval: 1h");
    let mut command = child("env", stage.path());
    // Signals may be ignored where the tests were started.
    let mut service = stage.leave(command.args(["--default-signal=HUP", PROGRAM, "run"]));
    first_pass(&stage, &mut service).await;
    let second = repo.commit(&edited(806), "Adele has another tag");
    let told = stage.run(&["reconcile", "adatum", "--wait"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert_eq!(carried_out(&stage).len(), 2, "{:?}", carried_out(&stage));
    until_status(&stage, "the commit", |status| in_force(status) == second).await;
    repo.commit(&edited(807), "and another");
    service.signal("-HUP");
    service.until("the sync", || carried_out(&stage).len() == 4).await;
    // A tenant that keeps an older version is behind, and no other.
    repo.commit(&edited(807).replacen("mode: enforce", "mode: enfroce", 1), "oops");
    let told = stage.run(&["reconcile", "adatum", "--wait"]).await;
    assert_eq!(told.code, 3, "{}{}", told.stdout, told.stderr);
    let behind = "behind  adatum: its manifests have errors, see manifests/fleet.yaml";
    assert!(told.stdout.contains(behind), "{}", told.stdout);
    let told = stage.run(&["reconcile", "contoso", "--wait"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    // A server that is away is asked as well, and what was in force is looked at.
    fs::rename(repo.root().join("origin.git"), repo.root().join("elsewhere")).unwrap();
    let told = stage.run(&["reconcile", "--wait"]).await;
    assert_eq!(told.code, 3, "{}{}", told.stdout, told.stderr);
    assert!(told.stdout.starts_with("3 tenants looked at\n"), "{}", told.stdout);
    assert!(told.stdout.contains("behind  file:"), "{}", told.stdout);
    assert!(told.stdout.contains("stays in force"), "{}", told.stdout);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_branch_can_be_held() {
    if !has_git() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    let first = repo.commit(&fleet(), "the second");
    follow(&stage, &repo.url(), ", forcePush: hold");
    let mut service = stage.start(&["run"]);
    first_pass(&stage, &mut service).await;
    repo.in_work(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.commit(&edited(806), "another story");
    let now = until_status(&stage, "the hold", |status| trouble(status) == "rewritten").await;
    assert_eq!(in_force(&now), first);
    assert_eq!(carried_out(&stage), [""; 0]);
    // It holds over a restart, and is let go by what builds on the commit in force.
    assert_eq!(service.stop().await, Some(0));
    let mut service = stage.start(&["run"]);
    until_status(&stage, "the hold", |status| trouble(status) == "rewritten").await;
    repo.in_work(&["reset", "--quiet", "--hard", &first]);
    let third = repo.commit(&edited(807), "on top of it");
    until_status(&stage, "the third", |status| in_force(status) == third).await;
    service.until("its sync", || carried_out(&stage).len() == 2).await;
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_middle_of_a_fetch_and_a_lock_left_behind_hold_nothing_up() {
    if !can_serve() {
        return;
    }
    let (stage, repo) = (well().await, Repo::new(&fleet()));
    let (server, url) = serve(&repo);
    follow(&stage, &url, "");
    let mut service = stage.start(&["run"]);
    first_pass(&stage, &mut service).await;
    server.set(|manner| manner.hangs = true);
    let second = repo.commit(&edited(806), "the second");
    let fetches = || server.calls().iter().filter(|call| call.wants).count();
    service.until("the fetch hangs", || fetches() == 2).await;
    service.child.kill().unwrap();
    service.child.wait().unwrap();
    drop(service);
    // What git leaves where it is killed.
    let caches = fs::read_dir(stage.path().join(".dialplane/sandbox/git")).unwrap();
    let cache = caches.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    fs::write(cache.join("shallow.lock"), "").unwrap();
    server.set(|manner| manner.hangs = false);
    let mut service = stage.start(&["run"]);
    until_status(&stage, "the second", |status| in_force(status) == second).await;
    service.until("its sync", || carried_out(&stage).len() == 2).await;
    // A stop does not wait for a server that hangs.
    server.set(|manner| manner.hangs = true);
    repo.commit(&edited(807), "the third");
    let before = fetches();
    service.until("the fetch hangs", || fetches() > before).await;
    assert_eq!(service.stop().await, Some(0));
    let log = stage.text("stderr");
    assert!(!log.contains("did not end within"), "it waited for the fetch: {log}");
}

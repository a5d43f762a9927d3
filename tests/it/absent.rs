//! Absent for a moment is not gone: files that are emptied, moved, renamed or half copied while
//! somebody looks.

use std::{fs, path::Path};

use dialplane::{
    manifest::{InForce, Keeper, ManifestFile, Role, load},
    model::{Calling, Doubt},
    sandbox::World,
};

use crate::{
    reviewed,
    stage::{self, Running, Stage, desired},
    support::contoso,
};

const TENANT: &str = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
    { name: contoso }\nspec:\n  tenantId: 00000000-0000-4000-8000-000000000007\n  mode: \
    enforce\n  prune: disable\n  limits: { disable: { percent: 100 } }\n";

/// A set of its own for each user.
fn of(user: &str) -> String {
    format!(
        "---\napiVersion: dialplane/v1\nkind: UserSet\nmetadata: \
            {{ name: {user}, tenant: contoso }}\nspec:\n  users:\n    - \
            {{ userPrincipalName: {user}@contoso.example, calling: enabled }}\n"
    )
}

const USERS: [&str; 6] = ["ann", "bob", "cat", "dan", "eve", "fay"];

/// A tenant of six users: four in one file, and one file each for eve and fay.
async fn stage() -> Stage {
    let text = TENANT.to_owned() + &USERS.map(of).concat();
    let stage = Stage::with(text, |desired| World::from_desired(desired, 1)).await;
    stage.sandbox.world(|world| assert_eq!(world.tenants.len(), 1));
    write(
        &stage,
        "fleet.yaml",
        &(TENANT.to_owned() + &USERS[..4].iter().map(|user| of(user)).collect::<String>()),
    );
    write(&stage, "eve.yaml", &of("eve"));
    write(&stage, "fay.yaml", &of("fay"));
    assert_eq!(desired(&(TENANT.to_owned() + &of("eve"))).tenants.len(), 1);
    stage
}

fn folder(stage: &Stage) -> std::path::PathBuf {
    stage.path().join("manifests")
}

fn write(stage: &Stage, name: &str, text: &str) {
    fs::write(folder(stage).join(name), text).unwrap();
}

/// The service, after its first pass: everybody is managed.
async fn service(stage: &Stage) -> Running {
    let mut service = stage.start(&["run"]);
    service
        .until("the end of the first pass", || {
            fs::read_to_string(status(stage)).is_ok_and(|status| status.contains("\"done\""))
        })
        .await;
    service
}

fn status(stage: &Stage) -> std::path::PathBuf {
    stage.path().join(".dialplane/sandbox/status.json")
}

fn disables(stage: &Stage) -> Vec<String> {
    stage.writes().into_iter().filter(|path| path.contains("disable")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_manifest_costs_nobody_the_phone() {
    let stage = stage().await;
    let mut service = service(&stage).await;
    let kept = || stage.text("stderr").matches("an older version stays in force").count();
    for (turn, empty) in
        ["", "\u{feff}", "# eve works from home\n", "null\n"].into_iter().enumerate()
    {
        write(&stage, "eve.yaml", empty);
        service.until("the older version", || kept() > turn).await;
        write(&stage, "eve.yaml", &of("eve"));
        let taken = || stage.text("stderr").matches("manifests taken").count();
        service.until("the way back", || taken() >= 3 + 2 * turn).await;
    }
    assert!(stage.text("stderr").contains("this file is empty"), "{}", stage.text("stderr"));
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_moves_slowly_costs_nobody_the_phone() {
    let stage = stage().await;
    let mut service = service(&stage).await;
    for (from, to) in [("eve.yaml", "sales/eve.yaml"), ("fay.yaml", "fay.yaml.txt")] {
        fs::create_dir_all(folder(&stage).join("sales")).unwrap();
        fs::rename(folder(&stage).join(from), stage.path().join("away")).unwrap();
        let waits = || stage.text("stdout").matches("a line that is missing counts from").count();
        let before = waits();
        service.until("the wait", || waits() > before).await;
        fs::rename(stage.path().join("away"), folder(&stage).join(to)).unwrap();
    }
    service.until("the warning", || stage.text("stderr").contains("this file is not read")).await;
    service
        .until("the doubt", || stage.text("stdout").contains("fay.yaml.txt looks like a manifest"))
        .await;
    let told = stage.text("stderr");
    let last = told.lines().rfind(|line| line.contains("manifests taken")).unwrap_or_default();
    assert!(last.contains("files=2 "), "what is not read is not counted: {last}");
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_stays_away_counts_in_the_end() {
    let stage = stage().await;
    stage.configure("run: {", "run: { absence: 1500ms,");
    let mut service = service(&stage).await;
    fs::remove_file(folder(&stage).join("eve.yaml")).unwrap();
    service.until("the disable", || !disables(&stage).is_empty()).await;
    assert!(disables(&stage)[0].contains("eve@contoso.example"), "{:?}", disables(&stage));
    service.until("the sync", || stage.writes().iter().any(|path| path.contains("sync"))).await;
    assert_eq!(service.stop().await, Some(0));
    assert_eq!(stage.run(&["plan"]).await.code, 0);
}

fn git(folder: &Path, arguments: &[&str]) {
    stage::git(folder, ("ann", "ann@example.com"), arguments);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_says_it_at_once() {
    let stage = stage().await;
    git(&folder(&stage), &["init", "--quiet"]);
    git(&folder(&stage), &["add", "."]);
    git(&folder(&stage), &["commit", "--quiet", "-m", "all"]);
    let mut service = service(&stage).await;
    // Gone from the folder only: it waits. With the commit it is said.
    fs::remove_file(folder(&stage).join("eve.yaml")).unwrap();
    service
        .until("the wait", || stage.text("stdout").contains("a line that is missing counts from"))
        .await;
    assert_eq!(stage.writes(), [""; 0]);
    git(&folder(&stage), &["commit", "--quiet", "--all", "-m", "eve has left"]);
    service.until("the disable", || disables(&stage).len() == 1).await;
    assert_eq!(stage.calling("contoso", "fay@contoso.example"), Calling::Enabled);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_git_still_fills_removes_nobody() {
    let stage = stage().await;
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    git(&folder(&stage), &["init", "--quiet"]);
    git(&folder(&stage), &["add", "."]);
    git(&folder(&stage), &["commit", "--quiet", "-m", "all"]);
    fs::remove_file(folder(&stage).join("eve.yaml")).unwrap();
    let held = stage.run(&["apply"]).await;
    assert!(
        held.code == 3 && held.stdout.contains("eve.yaml, which is not there"),
        "{}{}",
        held.stdout,
        held.stderr
    );
    git(&folder(&stage), &["rm", "--quiet", "eve.yaml"]);
    fs::write(folder(&stage).join(".git/index.lock"), "").unwrap();
    let held = stage.run(&["apply"]).await;
    assert!(
        held.code == 3 && held.stdout.contains("git is at work in"),
        "{}{}",
        held.stdout,
        held.stderr
    );
    fs::remove_file(folder(&stage).join(".git/index.lock")).unwrap();
    assert_eq!(stage.writes(), [""; 0]);
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    assert_eq!(disables(&stage).len(), 1);
    assert_eq!(stage.run(&["plan"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_without_memory_of_files_holds_what_an_empty_one_or_a_copy_may_name() {
    let stage = stage().await;
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    let is_empty = "eve.yaml is empty, so it is not known which users it named";
    let doubtful: [(&str, &str, &str); 5] = [
        ("eve.yaml", "", is_empty),
        ("eve.yaml", "# eve\n", is_empty),
        ("eve.yaml", "null\n", is_empty),
        ("eve.yaml", "---\n~ # eve\n--- null\n...\n", is_empty),
        ("eve.yaml.bak", "", "eve.yaml.bak looks like a manifest and is not read"),
    ];
    for (name, text, reason) in doubtful {
        fs::remove_file(folder(&stage).join("eve.yaml")).unwrap();
        write(&stage, name, text);
        for command in ["plan", "apply"] {
            let held = stage.run(&[command]).await;
            assert!(
                held.code == 3 && held.stdout.contains(reason),
                "{command} {name}: {}{}",
                held.stdout,
                held.stderr
            );
            assert!(held.stderr.contains("warning: this file"), "{}", held.stderr);
        }
        let validated = stage.run(&["validate"]).await;
        assert!(
            validated.code == 0 && validated.stdout.contains("valid, with 1 warning"),
            "{}",
            validated.stdout
        );
        fs::remove_file(folder(&stage).join(name)).unwrap();
        write(&stage, "eve.yaml", &of("eve"));
    }
    // A volume that is not mounted, and the folder that a container gets where a file to mount is
    // missing.
    for (empty, named) in [("sales", "/sales is empty"), ("eve.yaml", "/eve.yaml is empty")] {
        fs::remove_file(folder(&stage).join("eve.yaml")).unwrap();
        fs::create_dir(folder(&stage).join(empty)).unwrap();
        let held = stage.run(&["apply"]).await;
        assert!(
            held.code == 3
                && held.stdout.contains(named)
                && held.stderr.contains("this folder is empty"),
            "{}{}",
            held.stdout,
            held.stderr
        );
        fs::remove_dir(folder(&stage).join(empty)).unwrap();
        write(&stage, "eve.yaml", &of("eve"));
    }
    fs::create_dir(folder(&stage).join("lost+found")).unwrap();
    write(&stage, "eve.yaml~", "");
    assert_eq!(stage.run(&["plan"]).await.code, 0, "a copy beside its original holds nothing");
    // In any case of its ending it is the same manifest.
    fs::rename(folder(&stage).join("eve.yaml"), folder(&stage).join("Eve.YAML")).unwrap();
    assert_eq!(stage.run(&["plan"]).await.code, 0);
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_the_shell_makes_for_an_approval_changes_nothing() {
    let stage = stage().await;
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    write(
        &stage,
        "fleet.yaml",
        &fs::read_to_string(stage.manifest()).unwrap().replace("percent: 100", "percent: 0"),
    );
    fs::remove_file(folder(&stage).join("eve.yaml")).unwrap();
    write(&stage, "approval.yaml", "");
    let approve = stage.run(&["plan", "--approve", "--reason", "eve has left"]).await;
    assert_eq!(approve.code, 0, "{}", approve.stderr);
    assert!(!approve.stderr.contains("warning"), "{}", approve.stderr);
    write(&stage, "approval.yaml", &approve.stdout);
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    assert_eq!(disables(&stage).len(), 1);
    assert_eq!(stage.run(&["plan"]).await.code, 0);
}

#[test]
fn what_looks_like_a_manifest_and_is_not_read_leaves_a_doubt_which_no_other_replaces() {
    let read = ManifestFile::new("a.yaml", &contoso("", &["ann enabled"]));
    let aside = ManifestFile {
        text: Err("it ends in `.yaml~`".to_owned()),
        role: Role::Aside,
        ..ManifestFile::new("b.yaml~", "")
    };
    let mut in_force = Keeper::default().take(load(&[read, aside]));
    let doubts = |in_force: &InForce| -> Vec<String> {
        let doubts = in_force.desired.tenants.values().map(|tenant| &tenant.missing.doubt);
        doubts.flatten().map(ToString::to_string).collect()
    };
    let first = "b.yaml~ looks like a manifest and is not read: it may name this user";
    assert_eq!(doubts(&in_force), [first]);
    let other = Doubt { reason: "half checked out".to_owned(), remedy: "wait".to_owned() };
    in_force.doubt(&other);
    assert_eq!(doubts(&in_force), [first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_in_the_base_alone_counts_as_managed_where_hardly_anybody_is_left() {
    if reviewed::no_git() {
        return;
    }
    let stage = reviewed::committed().await;
    assert_eq!(stage.run(&["observe", "--out", "live.json"]).await.code, 0);
    let text = reviewed::pruning();
    // Two of twelve users of contoso are left; no journal knows any of them.
    let mut left = text.clone();
    for user in 2..12 {
        let gone = reviewed::entry(&text, &format!("user{user}@contoso.example")).to_owned();
        left = left.replacen(&gone, "", 1);
    }
    reviewed::commit(&stage, &left, "most of contoso is gone");
    let review = ["plan", "--base", "HEAD~1", "--live", "live.json"];
    let shown = stage.run(&review).await;
    let told = "the manifests name 2 users of this tenant, and 12 were managed";
    assert!(shown.stdout.contains(told), "{}{}", shown.stdout, shown.stderr);
    assert!(shown.stdout.contains("[manifests-emptied]"), "{}", shown.stdout);
}

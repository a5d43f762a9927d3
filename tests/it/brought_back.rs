//! A state folder that was copied from elsewhere, or brought back from a backup: the journal in it may
//! not know who was missing since, so nobody is pruned until a person has said that it counts.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dialplane::{model::Calling, sandbox::World};

use crate::stage::{Ended, Stage, child};

const TENANT: &str = "apiVersion: dialplane/v1\nkind: Tenant\nmetadata: \
    { name: contoso }\nspec:\n  tenantId: 00000000-0000-4000-8000-000000000007\n  mode: \
    enforce\n  prune: disable\n  limits: { disable: { percent: 100 } }\n---\napiVersion: \
    dialplane/v1\nkind: UserSet\nmetadata: { name: all, tenant: contoso }\nspec:\n  users:\n";

const USERS: [&str; 6] = ["ann", "bob", "cat", "dan", "eve", "fay"];

const CODE: &str = "journal-brought-back";

fn manifest(users: &[&str]) -> String {
    let line = |user: &&str| {
        format!("    - {{ userPrincipalName: {user}@contoso.example, calling: enabled }}\n")
    };
    TENANT.to_owned() + &users.iter().map(line).collect::<String>()
}

fn state(stage: &Stage) -> PathBuf {
    stage.path().join(".dialplane/sandbox")
}

/// All are managed, and eve and fay are named no more.
async fn stage() -> Stage {
    let stage = Stage::with(manifest(&USERS), |desired| World::from_desired(desired, 1)).await;
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    stage
}

fn take_two_out(stage: &Stage) {
    fs::write(stage.manifest(), manifest(&USERS[..4])).unwrap();
}

fn copy(from: &Path, to: &Path) {
    let mut copy = child("cp", Path::new("/"));
    assert!(copy.arg("-a").args([from, to]).status().unwrap().success());
}

/// A backup of the folder, made while nothing runs.
fn backup(stage: &Stage) -> PathBuf {
    let backup = stage.path().join("backup");
    copy(&state(stage), &backup);
    backup
}

fn keep_calling(stage: &Stage) {
    for user in ["eve@contoso.example", "fay@contoso.example"] {
        assert_eq!(stage.calling("contoso", user), Calling::Enabled, "{user}");
    }
}

/// Nobody is pruned, however often somebody tries, and each command says why and what to do.
async fn is_held(stage: &Stage) {
    take_two_out(stage);
    for _ in 0..2 {
        let plan = stage.run(&["plan"]).await;
        let held = format!("[{CODE}]");
        assert!(plan.code == 3 && plan.stdout.contains(&held), "{}{}", plan.stdout, plan.stderr);
        told(&plan);
        let applied = stage.run(&["apply", "--yes"]).await;
        assert_eq!(applied.code, 3, "{}", applied.stdout);
        told(&applied);
        keep_calling(stage);
    }
    let doctor = stage.run(&["doctor"]).await;
    let warned = |line: &str| line.starts_with("warn") && line.contains("was copied here");
    assert!(doctor.stdout.lines().any(warned), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("dialplane journal accept --newest"), "{}", doctor.stdout);
}

fn told(Ended { stderr, .. }: &Ended) {
    assert!(
        stderr.contains("the journal was copied here, or brought back")
            && stderr.contains("dialplane journal accept"),
        "{stderr}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_pruned_with_a_folder_that_was_copied_until_somebody_says_it_is_the_newest() {
    let stage = stage().await;
    let backup = backup(&stage);
    fs::remove_dir_all(state(&stage)).unwrap();
    fs::rename(&backup, state(&stage)).unwrap();
    is_held(&stage).await;
    let accepted = stage.run(&["journal", "accept", "--newest"]).await;
    assert!(accepted.code == 0, "{}", accepted.stderr);
    let applied = stage.run(&["apply", "--yes"]).await;
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert!(!applied.stderr.contains("brought back"), "{}", applied.stderr);
    assert_eq!(stage.calling("contoso", "eve@contoso.example"), Calling::Disabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_copied_over_what_was_there_prunes_nobody_either() {
    let stage = stage().await;
    let backup = backup(&stage);
    // What was done since is not in the backup.
    assert_eq!(stage.run(&["apply"]).await.code, 0);
    copy(&backup.join("."), &state(&stage));
    is_held(&stage).await;
    // It may not be the newest: it is not known who was missing since.
    assert_eq!(stage.run(&["journal", "accept"]).await.code, 0);
    let applied = stage.run(&["apply", "--yes"]).await;
    assert!(applied.stdout.contains("[quarantined]"), "{}", applied.stdout);
    keep_calling(&stage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_without_its_mark_or_out_of_lines_prunes_nobody() {
    for of_lines in [false, true] {
        let stage = stage().await;
        if of_lines {
            let exported = stage.run(&["journal", "export"]).await;
            fs::remove_dir_all(state(&stage)).unwrap();
            fs::create_dir(state(&stage)).unwrap();
            fs::write(state(&stage).join("journal.jsonl"), exported.stdout).unwrap();
        } else {
            fs::remove_file(state(&stage).join("journal.id")).unwrap();
        }
        is_held(&stage).await;
        // A user that is named is disabled all the same.
        let named = manifest(&USERS[..5]).replace(
            "eve@contoso.example, calling: enabled",
            "eve@contoso.example, calling: disabled",
        );
        fs::write(stage.manifest(), named).unwrap();
        assert_eq!(stage.run(&["apply", "--yes"]).await.code, 3);
        assert_eq!(stage.calling("contoso", "eve@contoso.example"), Calling::Disabled);
        assert_eq!(stage.calling("contoso", "fay@contoso.example"), Calling::Enabled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_service_with_a_copied_folder_tells_it_and_needs_somebody() {
    let stage = stage().await;
    let backup = backup(&stage);
    fs::remove_dir_all(state(&stage)).unwrap();
    fs::rename(&backup, state(&stage)).unwrap();
    let mut service = stage.start(&["run"]);
    let status = || fs::read_to_string(state(&stage).join("status.json"));
    service
        .until("the end of the first pass", || {
            status().is_ok_and(|status| status.contains("\"done\""))
        })
        .await;
    let told = stage.run(&["status", "--check"]).await;
    assert_eq!(told.code, 3, "{}", told.stdout);
    assert!(told.stdout.contains("so `prune` disables nobody"), "{}", told.stdout);
    let json = stage.run(&["status", "--output", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["journal"]["broughtBack"], true);
    assert_eq!(json["needsSomebody"], true);
    let refused = stage.run(&["journal", "accept", "--newest"]).await;
    assert!(refused.code == 1 && refused.stderr.contains("is in use"), "{}", refused.stderr);
    assert_eq!(service.stop().await, Some(0));
    assert_eq!(stage.run(&["journal", "accept", "--newest"]).await.code, 0);
    let json = stage.run(&["status", "--output", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["journal"]["broughtBack"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_the_newest_is_not_accepted_as_that() {
    let stage = stage().await;
    let journal = state(&stage).join("journal.db");
    let older = fs::read(&journal).unwrap();
    take_two_out(&stage);
    assert_eq!(stage.run(&["apply", "--yes"]).await.code, 0);
    fs::write(&journal, older).unwrap();
    let refused = stage.run(&["journal", "accept", "--newest"]).await;
    assert!(refused.code == 1 && refused.stderr.contains("an older copy"), "{}", refused.stderr);
    fs::remove_dir_all(state(&stage)).unwrap();
    let nothing = stage.run(&["journal", "accept", "--newest"]).await;
    assert!(nothing.code == 1 && nothing.stderr.contains("no journal"), "{}", nothing.stderr);
}

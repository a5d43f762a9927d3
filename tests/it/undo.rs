//! `dialplane undo` through the real binary: shown, carried out, refused, and what git says to it
//! afterwards.

mod handed;

use std::fs;

use dialplane::{
    model::{Calling, Details, Field},
    sandbox::{User, World},
};
use serde_json::Value;

use crate::{
    stage::{Ended, Stage, fleet, git},
    support::{number, tenant, upn},
};

fn assert_code(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
}

/// A fleet in which a run has just disabled one of contoso's people and given another a new number;
/// and that run.
async fn applied() -> (Stage, String) {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let wanted = fleet()
        .replace(
            "user0@contoso.example\n      calling: enabled",
            "user0@contoso.example\n      calling: disabled",
        )
        .replace("+14255551001", "+14255551901");
    fs::write(stage.manifest(), wanted).unwrap();
    let applied = stage.run(&["apply", "--tenant", "contoso", "--output", "json"]).await;
    assert_code(&applied, 0);
    let report: Value = serde_json::from_str(&applied.stdout).unwrap();
    let run = report["tenants"][0]["run"].as_str().unwrap().to_owned();
    assert_eq!(stage.calling("contoso", "user0@contoso.example"), Calling::Disabled);
    (stage, run)
}

/// The pass of a run.
async fn pass_of(stage: &Stage, run: &str) -> String {
    let shown = stage.run(&["history", run, "--output", "json"]).await;
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    shown["run"]["pass"].as_str().unwrap().to_owned()
}

fn has(stage: &Stage, user: &str, text: &str) -> bool {
    let stored =
        stage.sandbox.world(|world| tenant(world, "contoso").users[&upn(user)].stored.clone());
    stored.get(Field::PhoneNumber) == Some(&number(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_then_taken_back_and_git_wants_it_again() {
    let (stage, run) = applied().await;
    let writes = stage.writes().len();
    let shown = stage.run(&["undo", &run]).await;
    assert_code(&shown, 2);
    assert_eq!(stage.writes().len(), writes, "it was only to be shown");
    insta::assert_snapshot!(shown.stdout.replace(&run, "[run]"), @r"
    contoso  enforce  00000000-0000-4000-8000-000000000001
      update   user1@contoso.example                    run [run]
          - phoneNumber: +14255551901 (as last written)
          + phoneNumber: +14255551001
      enable   user0@contoso.example                    run [run]
      sync     once, after the steps
      note: about 15 min of interruption for user1@contoso.example [interruption]
      note: git still wants what run [run] did for 2 users, and the next run, by the service or by `apply`, does it again: revert the commit that asks for it (which one it carried out is not on record) [undo-not-lasting]

    plan: 1 to enable, 1 to update in 1 tenant, then 1 sync
    ");

    let stop = stage.path().join(".dialplane/sandbox/stop");
    fs::write(&stop, "").unwrap();
    assert_code(&stage.run(&["undo", &run, "--apply"]).await, 3);
    assert_eq!(stage.writes().len(), writes, "the stop switch holds it");
    fs::remove_file(stop).unwrap();

    let done = stage.run(&["undo", &run, "--apply"]).await;
    assert_code(&done, 0);
    assert!(done.stdout.contains("2 of 2 steps accepted, sync accepted"), "{}", done.stdout);
    assert_eq!(stage.calling("contoso", "user0@contoso.example"), Calling::Enabled);
    assert!(has(&stage, "user1@contoso.example", "+14255551001"));

    let git = stage.run(&["plan"]).await;
    assert_code(&git, 2);
    assert!(git.stdout.contains("1 to update, 1 to disable"), "{}", git.stdout);
    let writes = stage.writes().len();
    assert_code(&stage.run(&["undo", &run, "--apply"]).await, 0);
    assert_eq!(stage.writes().len(), writes, "it is back already");
    fs::write(stage.manifest(), fleet()).unwrap();
    assert_code(&stage.run(&["plan", "--tenant", "contoso"]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_has_moved_on_stays_where_it_is() {
    let (stage, run) = applied().await;
    stage.sandbox.world(|world| {
        let mut stored = Details::default();
        stored.set(Field::PhoneNumber, number("+14255551001"));
        tenant(world, "adatum")
            .users
            .insert(upn("taker@adatum.example"), User::new(Calling::Enabled, stored));
    });
    let done = stage.run(&["undo", &run, "--apply"]).await;
    assert_code(&done, 3);
    assert!(
        done.stdout
            .contains("+14255551001 is held by taker@adatum.example (enabled) in tenant adatum"),
        "{}",
        done.stdout
    );
    assert!(has(&stage, "user1@contoso.example", "+14255551901"));
    assert_eq!(
        stage.calling("contoso", "user0@contoso.example"),
        Calling::Enabled,
        "the rest goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_knows_is_refused() {
    let (stage, run) = applied().await;
    let refused = stage.run(&["undo", "yesterday"]).await;
    assert_code(&refused, 1);
    let told = refused.stderr.replace(&pass_of(&stage, &run).await, "[pass]");
    insta::assert_snapshot!(told, @"
    error: the journal knows no pass and no run `yesterday`
      hint: the last passes that wrote are [pass]; `dialplane history` lists them, and old ones are let go of (`state.retention`)
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_anything_was_written_there_is_nothing_to_undo_and_it_says_so() {
    let stage = Stage::drifted().await;
    for which in [&["--last"][..], &["--since", "1h"], &["1f0c"]] {
        let refused = stage.run(&[&["undo"], which].concat()).await;
        assert_code(&refused, 1);
        let told = "error: no pass has written anything yet, as far as the journal knows\n  hint: ";
        assert!(refused.stderr.contains(told), "{which:?}: {}", refused.stderr);
    }
}

/// A fleet in which one apply has changed two tenants: contoso lost a phone, adatum got another
/// number; and that pass.
async fn passed() -> (Stage, String) {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let wanted = fleet()
        .replace(
            "user0@contoso.example\n      calling: enabled",
            "user0@contoso.example\n      calling: disabled",
        )
        .replace("+14255550004", "+14255550904");
    fs::write(stage.manifest(), wanted).unwrap();
    assert_code(&stage.run(&["apply"]).await, 0);
    let shown = stage.run(&["history", "--output", "json"]).await;
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let passes = shown["passes"].as_array().unwrap();
    assert_eq!((passes.len(), passes[0]["runs"].as_array().unwrap().len()), (1, 2), "{shown}");
    let by = passes[0]["by"].as_str().unwrap();
    assert!(by.starts_with("ada@"), "{shown}");
    (stage, passes[0]["pass"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_is_one_thing_to_look_at_and_to_take_back() {
    let (stage, pass) = passed().await;
    let listed = stage.run(&["history"]).await.stdout;
    assert!(listed.contains("2 tenants") && listed.contains(&format!("pass {pass}")), "{listed}");
    let one = stage.run(&["history", &pass[..6]]).await.stdout;
    assert!(one.contains("\n  adatum ") && one.contains("\n  contoso "), "{one}");
    let only = stage.run(&["history", &pass, "--tenant", "con*"]).await.stdout;
    assert!(
        !only.contains("\n  adatum ") && only.contains("left out by --tenant: 1 run"),
        "{only}"
    );

    // One of its tenants alone, then all of it.
    let alone = stage.run(&["undo", &pass, "--tenant", "contoso"]).await;
    assert_code(&alone, 2);
    assert!(!alone.stdout.contains("adatum  enforce"), "{}", alone.stdout);
    assert!(alone.stderr.contains(&format!("left out by --tenant: 1 run of pass {pass}")));
    let undone = stage.run(&["undo", "--last", "--apply"]).await;
    assert_code(&undone, 0);
    assert!(undone.stdout.contains(&format!("pass {pass}")), "{}", undone.stdout);
    assert_eq!(stage.calling("contoso", "user0@contoso.example"), Calling::Enabled);

    let listed = stage.run(&["history"]).await.stdout;
    let first = listed.lines().nth(1).unwrap();
    assert!(first.contains(&format!("undo of pass {pass}, by hand: ada@")), "{listed}");
    let refused = stage.run(&["undo", "--last"]).await;
    assert_code(&refused, 1);
    assert!(refused.stderr.contains("is itself an undo of pass"), "{}", refused.stderr);
    // Since a moment before both: what was before is there again.
    let since = stage.run(&["undo", "--since", "1h", "--tenant", "contoso"]).await;
    assert_code(&since, 0);
    let refused = stage.run(&["undo", "--since", "0s"]).await;
    assert!(refused.stderr.contains("nothing was written since"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_makes_an_undo_last() {
    let (stage, pass) = passed().await;
    let writes = stage.writes().len();
    let patch = stage.run(&["undo", &pass, "--patch"]).await;
    assert_code(&patch, 0);
    assert_eq!(stage.writes().len(), writes, "it is only printed");
    git(stage.path(), ("Ada", "ada@example.com"), &["init", "-q"]);
    fs::write(stage.path().join("undo.patch"), &patch.stdout).unwrap();
    git(stage.path(), ("Ada", "ada@example.com"), &["apply", "undo.patch"]);
    assert_eq!(fs::read_to_string(stage.manifest()).unwrap(), fleet());
    let again = stage.run(&["undo", &pass, "--patch"]).await;
    assert_code(&again, 0);
    assert!(again.stdout.is_empty() && again.stderr.contains("already want"), "{}", again.stderr);
    assert_code(&stage.run(&["undo", &pass, "--apply"]).await, 0);
    assert_code(&stage.run(&["plan", "--tenant", "contoso"]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_the_service_is_a_pass_and_nobody_did_it_by_hand() {
    let stage = Stage::drifted().await;
    let mut service = stage.start(&["run"]);
    let synced = || stage.writes().iter().filter(|path| path.contains("syncTeams")).count() >= 2;
    service.until("two syncs", synced).await;
    service.stop().await;
    let shown = stage.run(&["history", "--output", "json"]).await;
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let runs = shown["runs"].as_array().unwrap();
    assert!(runs.len() >= 2, "{shown}");
    assert_eq!(runs[0]["pass"], runs[1]["pass"], "{shown}");
    assert!(stage.run(&["history"]).await.stdout.contains("by the service"));
}

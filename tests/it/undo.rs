//! `dialplane undo` through the real binary: shown, carried out, refused, and what git says to it
//! afterwards.

use std::fs;

use dialplane::{
    model::{Calling, Details, Field},
    sandbox::{User, World},
};
use serde_json::Value;

use crate::{
    stage::{Ended, Stage, fleet},
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
      note: git still wants what run [run] did for 2 users, and the next run, by the service or by `apply`, does it again: revert the commit that asks for it (which one the run carried out is not on record) [undo-not-lasting]

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
    assert_code(&stage.run(&["plan"]).await, 0);
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
    insta::assert_snapshot!(refused.stderr.replace(&run, "[run]"), @"
    error: the journal knows no run `yesterday`
      hint: the last runs that wrote are [run]
    ");
}

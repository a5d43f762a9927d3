//! The service as a process over time: edits, reverts, signals, death, and what it says of itself
//! meanwhile.

use std::fs;

use dialplane::{
    model::Calling,
    sandbox::{FaultRule, InjectedFault, Route, World},
};

use crate::stage::{Stage, fleet};

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_stops_the_pass_that_it_reverts() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    // Time enough on a busy machine: 33 updates, two at a time.
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 2,");
    let mut service = stage.start(&["run"]);
    service.until("the first passes", || stage.text("stderr").contains("manifests taken")).await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 100);
    let updates =
        || stage.writes().iter().filter(|path| path.contains("updateUserDetails")).count();
    fs::write(
        stage.manifest(),
        fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false"),
    )
    .unwrap();
    service.until("the first of 33 updates", || updates() > 0).await;
    fs::write(stage.manifest(), fleet()).unwrap();
    service
        .until("the revert", || stage.text("stderr").matches("manifests taken").count() >= 3)
        .await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    service
        .until("the way back", || stage.text("stdout").contains("stopped for a newer revision"))
        .await;
    // Far fewer than 33 forth and 33 back.
    assert!(updates() < 50, "{} updates", updates());
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn status_knows_the_dead_from_the_living() {
    let stage = Stage::drifted().await;
    let mut service = stage.start(&["run"]);
    service
        .until("the status", || stage.path().join(".dialplane/sandbox/status.json").exists())
        .await;
    let alive = stage.run(&["status"]).await;
    assert!(
        alive.code == 0 && alive.stdout.contains("is alive"),
        "{}{}",
        alive.stdout,
        alive.stderr
    );
    service.child.kill().unwrap();
    service.child.wait().unwrap();
    let dead = stage.run(&["status"]).await;
    assert!(
        dead.code == 1 && dead.stdout.contains("is not alive or hangs"),
        "{}{}",
        dead.stdout,
        dead.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_what_teams_confirms() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    fs::write(
        stage.manifest(),
        fleet().replacen("  mode: enforce\n", "  mode: enforce\n  confirm: graph\n", 1),
    )
    .unwrap();
    let mut service = stage.start(&["run"]);
    let status = || {
        fs::read_to_string(stage.path().join(".dialplane/sandbox/status.json")).unwrap_or_default()
    };
    service.until("the status", || status().contains("\"confirmed\": [")).await;
    let said = stage.run(&["status"]).await.stdout;
    assert_eq!(said.matches("12 of 12 users confirmed in Teams").count(), 1, "{said}");
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_mode_is_suspend_is_not_even_read() {
    let stage = Stage::drifted().await;
    let text = fleet().replacen("mode: enforce", "mode: suspend", 1);
    fs::write(stage.manifest(), text).unwrap();
    for command in ["plan", "apply"] {
        let ended = stage.run(&[command]).await;
        assert!(ended.stdout.contains("suspended and not looked at"), "{}", ended.stdout);
    }
    let mut service = stage.start(&["run"]);
    service.until("the pass", || stage.text("stdout").contains("the tenant is left alone")).await;
    assert_eq!(service.stop().await, Some(0));
    let named = |tenant: &str| {
        stage.sandbox.calls().iter().filter(|call| format!("{call:?}").contains(tenant)).count()
    };
    assert_eq!(named("00000000-0000-4000-8000-000000000000"), 0);
    assert!(named("00000000-0000-4000-8000-000000000001") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_stopped_at_once_and_changes_nothing() {
    let stage = Stage::drifted().await;
    let late =
        FaultRule { delay_ms: 60_000, ..FaultRule::new(InjectedFault::Late).on(Route::ListUsers) };
    stage.sandbox.faults(|faults| faults.rules.push(late));
    for command in ["plan", "apply"] {
        let before = stage.sandbox.calls().len();
        let mut run = stage.start(&[command]);
        run.until("it asks", || {
            stage.sandbox.calls()[before..].iter().any(|call| call.path.contains("getEnterprise"))
        })
        .await;
        assert_eq!(run.stop().await, Some(1), "{}", stage.text("stderr"));
        assert!(
            stage.text("stderr").contains("stopped before anything was changed"),
            "{}",
            stage.text("stderr")
        );
    }
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_an_error_and_not_nothing_to_do() {
    let stage = Stage::drifted().await;
    let rule = FaultRule::new(InjectedFault::Server).on(Route::ListUsers);
    stage.sandbox.faults(|faults| faults.rules.push(rule.clone()));
    for command in ["plan", "apply"] {
        let ended = stage.run(&[command]).await;
        assert_eq!(ended.code, 1, "{command}: {}", ended.stdout);
        assert!(
            ended.stdout.contains("no difference in what could be read; not read: 3 tenants"),
            "{}",
            ended.stdout
        );
    }
    stage.sandbox.faults(|faults| faults.rules = vec![rule.times(1)]);
    assert_eq!(stage.run(&["apply"]).await.code, 4, "one of three could not be read");
    assert_eq!(stage.calling("adatum", "user0@adatum.example"), Calling::Enabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_in_the_configuration_are_meant_from_its_folder() {
    let stage = Stage::drifted().await;
    let elsewhere = crate::folder::folder();
    let config = stage.path().join("dialplane.yaml");
    let ended =
        stage.run_in(elsewhere.path(), &["--config", config.to_str().unwrap(), "apply"]).await;
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert!(stage.path().join(".dialplane/sandbox/journal.db").exists());
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_renamed_keeps_its_debt() {
    let stage = Stage::drifted().await;
    stage
        .sandbox
        .faults(|faults| faults.rules.push(FaultRule::new(InjectedFault::Server).on(Route::Sync)));
    assert_eq!(stage.run(&["apply"]).await.code, 4);
    stage.sandbox.faults(|faults| faults.rules.clear());
    fs::write(
        stage.manifest(),
        fleet()
            .replace("name: adatum }", "name: renamed }")
            .replace("tenant: adatum }", "tenant: renamed }"),
    )
    .unwrap();
    let plan = stage.run(&["plan"]).await;
    assert!(
        plan.code == 2 && plan.stdout.contains("plan: 2 syncs owed"),
        "{}{}",
        plan.stdout,
        plan.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_finds_nothing_new_says_nothing() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("backoff: 100ms", "backoff: 50ms, resync: 100ms");
    let mut service = stage.start(&["run"]);
    let calls = || stage.sandbox.calls().len();
    let several = |more: usize| {
        let before = calls();
        move || calls() > before + more
    };
    let told = |tenant: &str| format!("{tenant}  as the manifests want it\n");
    let all = || {
        ["adatum", "contoso", "fabrikam"]
            .iter()
            .all(|tenant| stage.text("stdout").contains(&told(tenant)))
    };
    service.until("the first passes", all).await;
    let said = stage.text("stdout");
    assert_eq!(said.lines().count(), 3, "{said}");
    service.until("many more passes", several(20)).await;
    assert_eq!(stage.text("stdout"), said);
    // What changed is told, and that it is right again.
    fs::write(
        stage.manifest(),
        fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1),
    )
    .unwrap();
    service.until("the edit", || stage.text("stdout").contains("sync accepted")).await;
    let settles = || stage.text("stdout").contains("adatum  1 disabled user");
    service.until("the end of it", settles).await;
    let said = stage.text("stdout");
    service.until("many more passes", several(20)).await;
    assert_eq!(stage.text("stdout"), said);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_a_line_a_change_and_whole_plans_if_it_is_asked_to() {
    for (arguments, whole) in [(&["run"][..], false), (&["run", "-v"], true)] {
        let stage = Stage::drifted().await;
        let mut service = stage.start(arguments);
        let synced = || stage.text("stdout").matches("sync accepted").count() >= 2;
        service.until("the first syncs", synced).await;
        assert_eq!(service.stop().await, Some(0));
        let said = stage.text("stdout");
        assert_eq!(said.contains("\nplan: "), whole, "{said}");
        assert_eq!(said.contains("  disable user7@adatum.example"), !whole, "{said}");
        assert!(said.contains("\nadatum  ") && said.contains("  hint: "), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_doctor_tell_how_much_the_journal_holds() {
    let stage = Stage::drifted().await;
    let mut service = stage.start(&["run"]);
    service
        .until("the first syncs", || stage.text("stdout").matches("sync accepted").count() >= 2)
        .await;
    let said = stage.run(&["status"]).await;
    let line = said
        .stdout
        .lines()
        .find(|line| line.starts_with("journal: "))
        .unwrap_or_default()
        .to_owned();
    assert!(
        said.code == 0
            && line.contains(" entries, 2")
            && line.contains(" UTC to ")
            && line.ends_with(" KiB"),
        "{}",
        said.stdout
    );
    let doctor = stage.run(&["doctor"]).await.stdout;
    let line = doctor.lines().find(|line| line.contains(" journal ")).unwrap_or_default();
    assert!(
        line.contains("and a running dialplane does: ") && line.contains(" entries, 2"),
        "{doctor}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&stage.run(&["status", "--output", "json"]).await.stdout).unwrap();
    assert!(
        json["journal"]["entries"].as_u64().is_some_and(|entries| entries > 10)
            && json["journalProblem"].is_null(),
        "{json}"
    );
    service.child.kill().unwrap();
    service.child.wait().unwrap();
    fs::remove_file(stage.path().join(".dialplane/sandbox/journal.db")).unwrap();
    let lost = stage.run(&["status"]).await;
    assert!(
        lost.code == 1
            && lost.stdout.contains("journal: it cannot be read")
            && lost.stderr.contains("gone or empty"),
        "{}",
        lost.stdout
    );
}

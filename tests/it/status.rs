//! `status`: whether the service is well, not only whether it is alive.

use std::fs;

use dialplane::sandbox::{FaultRule, InjectedFault, Route, World};
use serde_json::Value;

use crate::stage::{Ended, Running, Stage, fleet};

/// What the service last said of itself.
fn kept(stage: &Stage) -> Value {
    let path = stage.path().join(".dialplane/sandbox/status.json");
    fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The row of a tenant in it.
fn row(stage: &Stage, tenant: &str) -> Value {
    let status = kept(stage);
    let rows = status["tenants"].as_array().cloned().unwrap_or_default();
    rows.into_iter().find(|row| row["tenant"] == tenant).unwrap_or_default()
}

/// The service, after a pass of each tenant.
async fn service(stage: &Stage) -> Running {
    let mut service = stage.start(&["run"]);
    let all = ["adatum", "contoso", "fabrikam"];
    service
        .until("a pass of each", || all.iter().all(|name| row(stage, name)["last"].is_string()))
        .await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_fails_as_soon_as_somebody_is_needed_and_nothing_is_due_after_the_end() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let mut service = service(&stage).await;
    let well = stage.run(&["status", "--check"]).await;
    assert_eq!(well.code, 0, "{}{}", well.stdout, well.stderr);
    assert!(well.stdout.contains("all 3 tenants are as the manifests want"), "{}", well.stdout);

    fs::write(stage.manifest(), fleet().replacen("useTeamsVoicemail", "useTeamVoicemail", 1))
        .unwrap();
    service.until("the mistake", || kept(&stage)["manifests"]["errors"] == 1).await;
    let wrong = stage.run(&["status", "--check"]).await;
    assert_eq!(wrong.code, 3, "{}", wrong.stdout);
    assert!(wrong.stdout.contains("1 error in the manifests"), "{}", wrong.stdout);
    let kept_version = wrong.stdout.lines().find(|line| line.contains("  adatum ")).unwrap();
    assert!(kept_version.contains("older version") && !kept_version.contains("done"));
    assert_eq!(stage.run(&["status"]).await.code, 0, "it is alive all the same");

    assert_eq!(service.stop().await, Some(0));
    let over = stage.run(&["status"]).await;
    assert_eq!(over.code, 1);
    assert!(over.stdout.contains("has ended in order"), "{}", over.stdout);
    assert!(!over.stdout.contains("next ") && !over.stdout.contains("running now"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_concerns_no_tenant_needs_somebody_all_the_same() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let mut service = service(&stage).await;
    let check = ["status", "--check", "--output", "json"];
    let needed = |said: &Ended| {
        let json: Value = serde_json::from_str(&said.stdout).unwrap();
        (said.code, json["needsSomebody"].as_bool())
    };
    assert_eq!(needed(&stage.run(&check).await), (0, Some(false)));
    // The switch is seen before the service has told of it.
    assert_eq!(stage.run(&["stop", "--reason", "an audit"]).await.code, 0);
    assert_eq!(needed(&stage.run(&check).await), (3, Some(true)));
    service.until("the stop", || kept(&stage)["stop"].is_object()).await;
    assert_eq!(stage.run(&["resume"]).await.code, 0);
    service.until("it goes on", || kept(&stage)["stop"].is_null()).await;
    assert_eq!(needed(&stage.run(&check).await), (0, Some(false)));
    // A file that says nothing of any tenant.
    fs::write(stage.path().join("manifests/other.yaml"), "kind: Nonsense\n").unwrap();
    service.until("the mistake", || kept(&stage)["manifests"]["errors"] != 0).await;
    assert_eq!(kept(&stage)["needs"], serde_json::json!(["manifests"]));
    assert_eq!(needed(&stage.run(&check).await), (3, Some(true)));
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_fails_again_and_again_says_why_and_what_it_owes() {
    let stage = Stage::drifted().await;
    stage
        .sandbox
        .faults(|faults| faults.rules.push(FaultRule::new(InjectedFault::Server).on(Route::Sync)));
    let mut service = service(&stage).await;
    let failing = |name: &str| row(&stage, name)["needs"].to_string().contains("failing");
    service.until("two failures", || failing("adatum")).await;
    let adatum = row(&stage, "adatum");
    assert!(adatum["syncOwedSince"].is_string() && adatum["failure"].is_string(), "{adatum}");
    let said = stage.run(&["status", "--check"]).await;
    assert_eq!(said.code, 3);
    assert!(said.stdout.contains("a sync is owed for "), "{}", said.stdout);
    stage.sandbox.faults(|faults| faults.rules.clear());
    service.until("the sync", || row(&stage, "adatum")["failures"] == 0).await;
    assert_eq!(row(&stage, "adatum")["syncOwedSince"], Value::Null);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_keeps_to_its_schema() {
    let stage = Stage::drifted().await;
    let service = service(&stage).await;
    let schema = stage.run(&["schema", "status"]).await.stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let status = kept(&stage);
    let errors: Vec<String> =
        validator.iter_errors(&status).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0], "{status:#}");
    assert_eq!(status["version"], 2);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_cannot_be_written_or_read_is_told_once_with_its_place() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let folder = stage.path().join(".dialplane/sandbox");
    // What is in the way of the file that is written beside.
    fs::create_dir_all(folder.join("status.json.new")).unwrap();
    let mut service = stage.start(&["run"]);
    let passes = || stage.text("stdout").matches("as the manifests want it").count();
    service.until("the passes", || passes() == 3).await;
    for turn in 0..3 {
        stage.run(&["reconcile", "--wait"]).await;
        let told = stage.text("stderr").matches("the status cannot be written").count();
        assert_eq!(told, 1, "turn {turn}: {}", stage.text("stderr"));
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    }
    fs::remove_dir(folder.join("status.json.new")).unwrap();
    let again = || stage.text("stderr").contains("the status can be written again");
    service.until("the way back", again).await;
    assert_eq!(service.stop().await, Some(0));
    fs::remove_file(folder.join("status.json")).unwrap();
    fs::create_dir(folder.join("status.json")).unwrap();
    let told = stage.run(&["status"]).await;
    assert_eq!(told.code, 1);
    assert!(told.stderr.contains("status.json cannot be read: "), "{}", told.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_force_is_as_old_as_its_last_change() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let mut service = service(&stage).await;
    let taken = || kept(&stage)["manifests"]["takenAt"].clone();
    let looked = || row(&stage, "adatum")["lastAt"].clone();
    let (first, before) = (taken(), looked());
    assert!(first.is_string(), "{first}");
    fs::write(stage.manifest(), fleet() + "# a comment\n").unwrap();
    let told = stage.run(&["reconcile", "--wait"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    service.until("another look", || looked() != before).await;
    assert_eq!(taken(), first, "a comment asks for nothing else");
    let other = fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1);
    fs::write(stage.manifest(), other).unwrap();
    service.until("another version", || taken() != first).await;
    assert_eq!(service.stop().await, Some(0));
}

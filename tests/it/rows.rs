//! The endpoint table as people write it: rows that say a part, bodies of their own, mistakes.

use std::fs;

use dialplane::sandbox::World;

use crate::snapshot::snapshot;
use crate::stage::Stage;

/// Somebody has something to be updated.
async fn to_update() -> Stage {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let text = fs::read_to_string(stage.manifest()).unwrap();
    fs::write(
        stage.manifest(),
        text.replace("useTeamsVoicemail: true", "useTeamsVoicemail: false"),
    )
    .unwrap();
    stage
}

async fn all_is_done(stage: &Stage) {
    let done = stage.run(&["apply"]).await;
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("3 syncs accepted"), "{}", done.stdout);
    assert_eq!(stage.run(&["plan"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_keeps_what_it_does_not_say() {
    let stage = to_update().await;
    let rows = "    sync: \
        { method: POST, path: /provisioning/syncTeamsRegistrations }\n    update: \
        { path: /provisioning/updateUserDetails }\n    enterprise: { method: GET }\n";
    stage.configure("  endpoints:\n", &format!("  endpoints:\n{rows}"));
    all_is_done(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_by_the_enterprises_number_and_with_a_body() {
    for call in [
        "{ method: GET, path: \"/sandbox/listUsers?enterpriseId={enterpriseId}\" }",
        "{ method: POST, path: /sandbox/listUsers, body: { tenantId: \"{tenantId}\", filter: ALL, draw: \"{draw}\", start: \"{start}\", length: \"{length}\" } }",
        "{ method: POST, path: /sandbox/listUsers, body: { enterpriseId: \"{enterpriseId}\", search: { value: \"\" }, draw: \"{draw}\", start: \"{start}\", length: \"{length}\" } }",
    ] {
        let stage = to_update().await;
        stage.configure("{ method: GET, path: \"/sandbox/listUsers?tenantId={tenantId}\" }", call);
        stage.configure("pageSize: 200\n      items", "pageSize: 5\n      items");
        all_is_done(&stage).await;
        let pages =
            stage.sandbox.calls().iter().filter(|call| call.path == "/sandbox/listUsers").count();
        assert_eq!(pages, 18, "three pages of each of three tenants, twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_has_the_body_that_its_row_says() {
    let stage = to_update().await;
    let rows = "    sync: \
        { body: { tenantId: \"{tenantId}\", resellerId: \"{resellerId}\" } }\n    update: \
        { body: { authenticationResult: \"{authorisation}\", userTag: from the row } }\n";
    stage.configure("  endpoints:\n", &format!("  endpoints:\n{rows}"));
    all_is_done(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_rows_are_told_at_their_places() {
    let stage = to_update().await;
    let rows = "    enable: { body: 7 }\n    disable: { body: wraped }\n    sync: \
        { body: { auth: \"{authorization}\" } }\n    update: \
        { method: { POST: 1 } }\n    enterprise: \
        { path: \"/e/{enterpriseId}\" }\n    refreshMsal: { path: /r, body: [flat] }\n    token: \
        { body: !flat x }\n";
    stage.configure("  endpoints:\n", &format!("  endpoints:\n{rows}"));
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 1);
    assert!(!plan.stderr.contains("Value::") && !plan.stderr.contains("enum"), "{}", plan.stderr);
    let told: Vec<&str> = plan
        .stderr
        .lines()
        .filter(|line| line.contains("error:") || line.contains("-->") || line.contains("hint"))
        .collect();
    snapshot!("all_at_once", told.join("\n"));
    let stage = to_update().await;
    stage.configure(
        "  endpoints:\n",
        "  endpoints:\n    sync: { body: { auth: \"{authorization}\" } }\n    enterprise: \
            { path: \"/e/{enterpriseId}\" }\n",
    );
    let plan = stage.run(&["plan"]).await;
    let told: Vec<&str> = plan
        .stderr
        .lines()
        .filter(|line| line.contains("error:") || line.contains("-->"))
        .collect();
    snapshot!("beside_a_sound_row", told.join("\n"));
}

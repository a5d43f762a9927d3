//! What a running service is told: on its socket, over HTTP, and without one in the journal. Each
//! with the real binary.

use std::{fs, os::unix::fs::PermissionsExt as _};

use dialplane::{
    model::{Calling, TenantName, Upn},
    sandbox::{FaultRule, InjectedFault, Route, World},
};
use serde_json::Value;

use crate::{
    server::serving,
    stage::{Running, Stage, fleet},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The user that tests take calling from, or give it to.
const USER: &str = "user0@contoso.example";

/// A service whose tenants are as the manifests want, and that looks again only when it is told to.
async fn settled() -> (Stage, Running) {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let service = started(&stage).await;
    (stage, service)
}

async fn started(stage: &Stage) -> Running {
    let mut service = stage.start(&["run"]);
    let looked = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", looked).await;
    service
}

/// Manifests in which one user of contoso loses calling.
fn without_user() -> String {
    let text = format!("userPrincipalName: {USER}\n      calling: ");
    fleet().replace(&format!("{text}enabled"), &format!("{text}disabled"))
}

/// Whether a call is about contoso: its users have its name, its syncs its id.
fn of_contoso(path: &str) -> bool {
    path.contains("contoso") || path.contains("000000000001")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_is_planned_and_not_written_by_anybody_until_it_is_resumed() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    // A disable has its user in its path, an update only in its body.
    let text = without_user().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false");
    fs::write(stage.manifest(), text).unwrap();
    let reason = ["--reason", "the vendor is moving"];
    let told = stage.run(&[&["suspend", "contoso"][..], &reason].concat()).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert!(told.stdout.starts_with("contoso is suspended: it is planned"), "{}", told.stdout);
    assert!(told.stderr.contains("no service works with the state in"), "{}", told.stderr);
    for command in ["plan", "apply"] {
        let ended = stage.run(&[command]).await;
        let text = &ended.stdout;
        assert!(text.contains("the tenant is suspended since"), "{command}: {text}");
        assert!(text.contains("the vendor is moving"), "{command}: {text}");
        assert!(text.contains("`dialplane resume contoso`"), "{command}: {text}");
    }
    let writes = stage.writes();
    assert!(!writes.is_empty(), "the others go on");
    assert!(!writes.iter().any(|path| of_contoso(path)), "{writes:?}");
    let why = stage.run(&["why", USER]).await.stdout;
    assert!(why.contains("the tenant is suspended since"), "{why}");
    assert!(why.contains("nothing is written while the tenant is suspended"), "{why}");
    let explained = stage.run(&["explain", "suspended"]).await;
    assert!(explained.stdout.contains("dialplane resume TENANT"), "{}", explained.stdout);
    let told = stage.run(&["resume", "contoso"]).await.stdout;
    assert!(told.starts_with("contoso goes on; it was suspended since"), "{told}");
    let told = stage.run(&["resume", "contoso"]).await.stdout;
    assert_eq!(told, "contoso was not suspended\n");
    let applied = stage.run(&["apply"]).await;
    assert!(stage.writes().iter().any(|path| of_contoso(path)), "{}", applied.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_obeys_at_once_and_remembers_through_its_death() {
    let (stage, mut service) = settled().await;
    let told = stage.run(&["suspend", "contoso", "--reason", "ticket 4711", "-o", "json"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    let request = json(&told.stdout);
    assert_eq!((&request["state"], &request["order"]), (&"done".into(), &"suspend".into()));
    assert!(request["by"].as_str().unwrap().starts_with("ada@"), "{request}");
    assert!(request["run"].is_string(), "{request}");
    fs::write(stage.manifest(), without_user()).unwrap();
    let held = || stage.text("stdout").contains("the tenant is suspended since");
    service.until("the hold", held).await;
    let kept = || {
        fs::read_to_string(stage.path().join(".dialplane/sandbox/status.json")).unwrap_or_default()
    };
    service.until("the status", || kept().contains("\"suspended\"")).await;
    let status = stage.run(&["status", "--check"]).await;
    assert_eq!(status.code, 3, "{}", status.stdout);
    assert!(status.stdout.contains("ticket 4711"), "{}", status.stdout);
    service.child.kill().unwrap();
    service.child.wait().unwrap();
    // The socket of the dead is replaced.
    let mut service = stage.start(&["run"]);
    service.until("the hold again", held).await;
    assert_eq!(stage.calling("contoso", USER), Calling::Enabled);
    let resumed = stage.run(&["resume", "contoso"]).await;
    assert_eq!(resumed.code, 0, "{}{}", resumed.stdout, resumed.stderr);
    service.until("the change", || stage.calling("contoso", USER) == Calling::Disabled).await;
    assert_eq!(service.stop().await, Some(0));
    let socket = stage.path().join(".dialplane/sandbox/control.sock");
    assert!(!socket.exists(), "it goes with the service");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_beside_a_rehearsal_goes_to_the_real_journal_and_says_so() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let mut rehearsal = stage.start(&["run", "--sandbox"]);
    rehearsal.until("its first passes", || stage.text("stdout").contains("sync accepted")).await;
    for order in [&["suspend", "contoso", "--reason", "x"][..], &["resume", "contoso"]] {
        let told = stage.run(order).await;
        assert_eq!(told.code, 0, "{}", told.stderr);
        let of = "no service works with the state in .dialplane/sandbox";
        assert!(told.stderr.contains(of), "{order:?}: {}", told.stderr);
        assert!(told.stderr.contains("A rehearsal (`--sandbox`) has a journal of its own"));
    }
    let told = stage.run(&["stop"]).await;
    assert!(told.stdout.contains("A rehearsal (`--sandbox`) reaches no phone"), "{}", told.stdout);
    let nobody = stage.run(&["reconcile"]).await;
    assert!(
        nobody.stderr.contains("a rehearsal (`--sandbox`) takes no orders"),
        "{}",
        nobody.stderr
    );
    assert_eq!(rehearsal.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_under_way_begins_no_step_more_once_its_tenant_is_suspended() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 1,");
    let mut service = started(&stage).await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 200);
    let text = fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false");
    fs::write(stage.manifest(), text).unwrap();
    let updates = || stage.writes().iter().filter(|path| path.contains("updateUser")).count();
    service.until("the first update", || updates() > 0).await;
    let told = stage.run(&["suspend", "adatum", "--reason", "wrong file"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    let syncs = || stage.text("stdout").matches("sync accepted").count();
    service.until("the end of all three", || syncs() >= 3).await;
    assert!(updates() < 3 * 11, "{} updates: adatum was written to the end", updates());
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_that_was_told_is_on_record_though_the_service_ends() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 1,");
    let mut service = started(&stage).await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 2000);
    fs::write(stage.manifest(), without_user()).unwrap();
    let disables = || stage.writes().iter().filter(|path| path.contains("disable")).count();
    service.until("the disable", || disables() > 0).await;
    // It waits for the pass that is under way, and the service ends with that.
    let suspend = ["suspend", "contoso", "--reason", "ticket 4711"];
    let told = || stage.text("stderr").contains("order=\"suspend\"");
    let end = async {
        service.until("the order", told).await;
        service.signal("-TERM");
    };
    let (suspended, ()) = tokio::join!(stage.run(&suspend), end);
    let ended = tokio::task::spawn_blocking(move || service.child.wait().unwrap().code());
    assert_eq!(ended.await.unwrap(), Some(0));
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    let plan = stage.run(&["plan"]).await.stdout;
    assert!(plan.contains("ticket 4711"), "{plan}");
    assert_eq!(suspended.code, 0, "{}{}", suspended.stdout, suspended.stderr);
    assert!(suspended.stdout.starts_with("contoso is suspended"), "{}", suspended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_is_seen_wherever_somebody_looks() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let settings = format!(", token: {{ command: [printf, {TOKEN}] }}");
    let (mut service, door) = serving(&stage, &settings).await;
    let get = |path: &str| door.get(path, &[&format!("authorization: Bearer {TOKEN}")]);
    let told = stage.run(&["suspend", "contoso", "--reason", "ticket 4711", "--until", "8h"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    let run = told.stdout.split("run ").nth(1).unwrap().trim().to_owned();
    let suspended = || json(&get("/status/contoso").body)["suspended"].clone();
    service.until("the status", || suspended().is_object()).await;
    assert_eq!(suspended()["reason"], "ticket 4711");
    assert!(suspended()["until"].is_string() && suspended()["by"].is_string(), "{}", suspended());
    let page = get("/").body;
    assert!(
        page.contains("<strong class=\"wait\">contoso is suspended</strong> by ada@"),
        "{page}"
    );
    assert!(
        page.contains(": ticket 4711<p") && page.contains("dialplane resume contoso"),
        "{page}"
    );
    assert!(!page.contains("[suspended]"), "it is told once: {page}");
    let metric = "dialplane_tenant_suspended_since_timestamp_seconds{tenant=\"contoso\"} 1";
    assert!(get("/metrics").body.contains(metric), "{}", get("/metrics").body);
    let status = stage.run(&["status"]).await.stdout;
    assert!(status.contains("contoso                        suspended"), "{status}");
    let resumed = stage.run(&["resume", "contoso"]).await;
    assert_eq!(resumed.code, 0, "{}{}", resumed.stdout, resumed.stderr);
    service.until("the end of it", || suspended().is_null()).await;
    assert!(!get("/metrics").body.contains("tenant_suspended_since_timestamp_seconds{"));
    assert_eq!(service.stop().await, Some(0));

    let history = stage.run(&["history"]).await.stdout;
    let told: Vec<&str> = history.lines().filter(|line| line.contains("  contoso  ")).collect();
    assert_eq!(told.len(), 2, "{history}");
    assert!(told[0].ends_with("  contoso  resumed"), "{history}");
    assert!(
        told[1].contains("  suspended until ") && told[1].ends_with(": ticket 4711"),
        "{history}"
    );
    assert!(history.contains(&format!("    run {run}, by hand: ada@")), "{history}");
    let one = stage.run(&["history", &run]).await.stdout;
    assert!(one.contains("  contoso  suspended until "), "{one}");
    let all = json(&stage.run(&["history", "--output", "json"]).await.stdout);
    let kinds: Vec<&Value> =
        all["suspensions"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["Resumed", "Suspended"], "{all}");
    let others = stage.run(&["history", "--tenant", "adatum"]).await;
    assert!(!others.stdout.contains("contoso"), "{}", others.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_with_an_end_ends_by_itself() {
    let (stage, mut service) = settled().await;
    fs::write(stage.manifest(), without_user()).unwrap();
    let told =
        stage.run(&["suspend", "contoso", "--reason", "for a moment", "--until", "2s"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    // The next look would be in a quarter of an hour.
    service.until("the change", || stage.calling("contoso", USER) == Calling::Disabled).await;
    assert_eq!(service.stop().await, Some(0));
    for (until, why) in [("yesterday", "is not a date"), ("2020-01-01", "is over already")] {
        let wrong = stage.run(&["suspend", "contoso", "--reason", "x", "--until", until]).await;
        assert!(wrong.code == 1 && wrong.stderr.contains(why), "{}", wrong.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reconcile_waits_for_the_pass_that_saw_what_was_edited_before_it() {
    let (stage, service) = settled().await;
    fs::write(stage.manifest(), without_user()).unwrap();
    let told = stage.run(&["reconcile", "contoso", "--wait", "-o", "json"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert_eq!(stage.calling("contoso", USER), Calling::Disabled);
    let request = json(&told.stdout);
    let passes = request["passes"].as_array().unwrap();
    assert_eq!(passes.len(), 1, "{request}");
    assert_eq!((&passes[0]["tenant"], &passes[0]["ending"]), (&"contoso".into(), &"done".into()));
    // Drift that only a look shows.
    stage.sandbox.world(|world| {
        let name = TenantName::parse("adatum").unwrap();
        let user = Upn::parse("user0@adatum.example").unwrap();
        let tenant = world.tenant_mut(&name).unwrap();
        tenant.users.get_mut(&user).unwrap().calling = Calling::Disabled;
    });
    let told = stage.run(&["reconcile", "--wait"]).await;
    assert_eq!(told.code, 0, "{}{}", told.stdout, told.stderr);
    assert!(told.stdout.starts_with("3 tenants looked at\n"), "{}", told.stdout);
    assert_eq!(stage.calling("adatum", "user0@adatum.example"), Calling::Enabled);
    let unknown = stage.run(&["reconcile", "nobody", "--wait"]).await;
    assert_eq!(unknown.code, 1);
    assert!(unknown.stderr.contains("no manifest describes tenant `nobody`"), "{}", unknown.stderr);
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Server).on(Route::ListUsers));
    });
    let failed = stage.run(&["reconcile", "adatum", "--wait"]).await;
    assert_eq!(failed.code, 4, "{}{}", failed.stdout, failed.stderr);
    assert_eq!(service.stop().await, Some(0));
    let nobody = stage.run(&["reconcile"]).await;
    assert_eq!(nobody.code, 1);
    assert!(nobody.stderr.contains("no service answers at"), "{}", nobody.stderr);
    assert!(!nobody.stderr.contains("os error"), "in words: {}", nobody.stderr);
    assert!(nobody.stderr.contains("dialplane apply"), "{}", nobody.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_is_for_its_user_and_one_that_cannot_be_is_told() {
    let (stage, service) = settled().await;
    let socket = stage.path().join(".dialplane/sandbox/control.sock");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    assert_eq!(service.stop().await, Some(0));
    let long = "x".repeat(100);
    stage.configure("state: { path: .dialplane/sandbox", &format!("state: {{ path: {long}"));
    let service = started(&stage).await;
    let log = stage.text("stderr");
    assert!(log.contains("the system allows 107"), "{log}");
    let told = stage.run(&["suspend", "contoso", "--reason", "x"]).await;
    assert!(
        told.stderr.contains("is in use") || told.stderr.contains("process"),
        "{}",
        told.stderr
    );
    let told = stage.run(&["reconcile"]).await;
    assert!(told.stderr.contains("the system allows 107"), "{}", told.stderr);
    assert!(told.stderr.contains("set `state.path`"), "{}", told.stderr);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_orders_need_the_token_and_come_from_no_browser() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let settings = format!(", token: {{ command: [printf, {TOKEN}] }}");
    let (service, door) = serving(&stage, &settings).await;
    let word = format!("authorization: Bearer {TOKEN}");
    let kind = "content-type: application/json";
    let suspend = "/api/suspend/contoso";
    let body = r#"{ "reason": "ticket 4711", "by": "bert@pager" }"#;
    for (headers, body, status) in [
        (&[kind][..], body, 401),
        (&[kind, &word, "origin: https://evil.example"], body, 403),
        (&[kind, &word, "sec-fetch-site: same-origin"], body, 403),
        (&["content-type: text/plain", &word], body, 415),
        (&[kind, &word], "{ \"reason\": 7 }", 400),
        (&[kind, &word], "{}", 400),
        (&[kind, &word], &format!("{{\"reason\":\"{}\"}}", "x".repeat(5000)), 413),
    ] {
        let answer = door.post(suspend, headers, body);
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
    }
    assert_eq!(door.get("/api/requests/1", &[]).status, 401);
    assert_eq!(door.get(suspend, &[&word]).status, 405);
    let unknown = door.post("/api/suspend/nobody", &[kind, &word], body);
    assert_eq!(unknown.status, 409, "{}", unknown.body);
    let done = door.post(suspend, &[kind, &word], body);
    assert_eq!(done.status, 200, "{}", done.body);
    let request = done.json();
    assert_eq!(request["by"], "bert@pager over HTTP");
    let id = request["id"].as_str().unwrap();
    let again = door.get(&format!("/api/requests/{id}"), &[&word]);
    assert_eq!(again.json(), request);
    assert_eq!(door.get("/api/requests/other", &[&word]).status, 404);
    let asked = door.post("/api/reconcile/contoso", &[kind, &word], "{}");
    assert!(matches!(asked.status, 200 | 202), "{}", asked.body);
    let undo = door.post("/api/undo", &[kind, &word], "{}");
    assert_eq!(undo.status, 403, "{}", undo.body);
    assert!(undo.body.contains("not taken over the network"), "{}", undo.body);
    let plan = stage.run(&["why", USER]).await.stdout;
    assert!(plan.contains("bert@pager over HTTP: ticket 4711"), "{plan}");
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nobody_gives_orders_over_http() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let (service, door) = serving(&stage, "").await;
    let answer = door.post("/api/reconcile", &["content-type: application/json"], "{}");
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("server.token"), "{}", answer.body);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_socket_is_gone_is_not_called_absent() {
    let (stage, service) = settled().await;
    fs::remove_file(stage.path().join(".dialplane/sandbox/control.sock")).unwrap();
    for order in [
        &["reconcile"][..],
        &["suspend", "contoso", "--reason", "ticket 4711"],
        &["resume", "contoso"],
    ] {
        let told = stage.run(order).await;
        assert_eq!(told.code, 1, "{order:?}: {}", told.stdout);
        assert!(told.stderr.contains("and takes no orders"), "{order:?}: {}", told.stderr);
        assert!(told.stderr.contains("restart it. `dialplane stop`"), "{}", told.stderr);
    }
    assert_eq!(service.stop().await, Some(0));
}

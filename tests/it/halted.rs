//! `stop`, `resume` and `status` beside a service: it answers itself, and without an answer the files of
//! the state folder do.

use std::fs;

use dialplane::sandbox::World;

use crate::{
    server::serving,
    stage::{Ended, Running, Stage},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const FILE: &str = ".dialplane/sandbox/stop";

fn assert_code(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
}

async fn well() -> Stage {
    Stage::set(|desired| World::from_desired(desired, 1)).await
}

async fn running(stage: &Stage) -> Running {
    let mut service = stage.start(&["run"]);
    let looked = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", looked).await;
    // They are told a moment before they are over.
    let status = stage.path().join(".dialplane/sandbox/status.json");
    let ended = || {
        fs::read_to_string(&status).unwrap_or_default().matches("\"last\": \"done\"").count() == 3
    };
    service.until("their end", ended).await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_confirms_the_stop_at_once_and_says_that_it_goes_on() {
    let stage = well().await;
    let service = running(&stage).await;
    let stopped = stage.run(&["stop", "--reason", "the vendor is moving"]).await;
    assert_code(&stopped, 0);
    for told in [
        "everything is stopped: the stop file ",
        " by ada@",
        ": the vendor is moving); no new call begins, no pass is under way\n",
        "\nconfirmed by the service that works with the state in ",
    ] {
        assert!(stopped.stdout.contains(told), "{told}: {}", stopped.stdout);
    }
    // What it said is what it has seen: its log has it before the answer is printed.
    let log = stage.text("stderr");
    assert!(log.contains("everything is stopped") && log.contains("the vendor is moving"), "{log}");
    let again = stage.run(&["stop", "--reason", "another"]).await;
    assert_code(&again, 0);
    assert!(again.stdout.starts_with("it was stopped before; everything is"), "{}", again.stdout);
    assert!(again.stdout.contains(": the vendor is moving)"), "{}", again.stdout);
    let status = stage.run(&["status", "--check"]).await;
    assert_code(&status, 3);
    assert!(status.stdout.contains(" is alive and answers, last heard "), "{}", status.stdout);

    let resumed = stage.run(&["resume"]).await;
    assert_code(&resumed, 0);
    assert!(resumed.stdout.contains(" is removed; it was stopped since 20"), "{}", resumed.stdout);
    assert!(
        resumed.stdout.contains(": the vendor is moving; the service goes on\n  run 20"),
        "{}",
        resumed.stdout
    );
    assert!(stage.text("stderr").contains("the stop switch was let go"));
    let nothing = stage.run(&["resume"]).await;
    assert_code(&nothing, 0);
    assert_eq!(nothing.stdout, "nothing was stopped\n");
    assert_eq!(service.stop().await, Some(0));
    let status = stage.run(&["status", "--output", "json"]).await.stdout;
    assert!(
        status.contains("\"answers\": false") && status.contains("\"alive\": false"),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_is_stopped_all_the_same_and_has_not_confirmed_it() {
    let stage = well().await;
    let service = running(&stage).await;
    service.signal("-STOP");
    let stopped = stage.run(&["stop", "--reason", "it hangs"]).await;
    assert_code(&stopped, 0);
    assert!(stopped.stdout.contains("begins no new call until"), "{}", stopped.stdout);
    assert!(!stopped.stdout.contains("confirmed by"), "{}", stopped.stdout);
    assert!(stopped.stderr.starts_with("not confirmed: the service has not"), "{}", stopped.stderr);
    assert!(fs::read_to_string(stage.path().join(FILE)).unwrap().contains("it hangs"));
    let status = stage.run(&["status"]).await;
    assert!(status.stdout.contains("process ") && !status.stdout.contains("and answers"));
    service.signal("-CONT");
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_with_another_stop_file_stops_the_service_and_lets_it_go() {
    let stage = well().await;
    let service = running(&stage).await;
    // Not yet known to the service: it changes with a new start only.
    stage.configure("run: {", "stopFile: elsewhere/stop\nrun: {");
    assert_code(&stage.run(&["stop"]).await, 0);
    let files = [stage.path().join(FILE), stage.path().join("elsewhere/stop")];
    assert!(files.iter().all(|file| file.exists()), "the service's own, and the named one");
    let resumed = stage.run(&["resume"]).await;
    assert_code(&resumed, 0);
    assert_eq!(resumed.stdout.matches(" is removed; it was stopped").count(), 2);
    assert!(!files.iter().any(|file| file.exists()));
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_a_stop_needs_the_token_and_is_kept_with_who_and_why() {
    let stage = well().await;
    let settings = format!(", token: {{ command: [printf, {TOKEN}] }}");
    let (service, door) = serving(&stage, &settings).await;
    let (kind, word) = ("content-type: application/json", format!("authorization: Bearer {TOKEN}"));
    let body = r#"{ "reason": "ticket 4711", "by": "bert@pager" }"#;
    for path in ["/api/stop", "/api/resume"] {
        assert_eq!(door.post(path, &[kind], body).status, 401, "{path}");
    }
    assert!(!stage.path().join(FILE).exists());
    let stopped = door.post("/api/stop", &[kind, &word], body);
    assert_eq!(stopped.status, 200, "{}", stopped.body);
    assert_eq!(stopped.json()["order"], "stop");
    let run = stopped.json()["run"].as_str().unwrap().to_owned();
    let told = stage.run(&["history", &run]).await.stdout;
    assert!(told.contains("stopped: ticket 4711\n"), "{told}");
    assert!(told.contains("by hand: bert@pager over HTTP"), "{told}");
    let note = fs::read_to_string(stage.path().join(FILE)).unwrap();
    assert!(note.contains("by: bert@pager over HTTP\n"), "{note}");
    assert!(note.contains("reason: ticket 4711\n"), "{note}");
    let plan = stage.run(&["plan"]).await.stdout;
    assert!(plan.contains("by bert@pager over HTTP: ticket 4711"), "{plan}");
    let resumed = door.post("/api/resume", &[kind, &word], "{}");
    assert_eq!(resumed.status, 200, "{}", resumed.body);
    assert!(!stage.path().join(FILE).exists());
    assert_eq!(service.stop().await, Some(0));
}

//! An undo beside a running service: planned and asked about by the command, carried out by the
//! service, and told as without one.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixListener,
    time::Duration,
};

use dialplane::model::Calling;

use super::{assert_code, passed};
use crate::{
    stage::{Running, Stage, fleet},
    terminal::at_a_terminal,
};

const USER: &str = "user0@contoso.example";

/// A service that works where a pass was just applied, and has looked at everybody.
async fn serving() -> (Stage, String, Running) {
    let (stage, pass) = passed().await;
    let service = started(&stage).await;
    (stage, pass, service)
}

async fn started(stage: &Stage) -> Running {
    let mut service = stage.start(&["run"]);
    let looked = || stage.text("stdout").matches("as the manifests want it").count() == 3;
    service.until("the first passes", looked).await;
    service
}

/// What differs from run to run.
fn told(stage: &Stage, pass: &str, text: &str) -> String {
    let text = text.replace(pass, "[pass]").replace(stage.sandbox.base_url().as_str(), "[url]");
    let line = |line: &str| {
        let end = line.find(" in ").filter(|_| line.starts_with("done:"));
        format!("{}\n", end.map_or(line, |end| &line[..end]))
    };
    text.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_and_does_the_same_as_without_a_service_and_is_on_record() {
    let (stage, pass) = passed().await;
    // As the service does at first, so that nothing is only known as last written.
    assert_code(&stage.run(&["apply"]).await, 0);
    let without = stage.run(&["undo", &pass, "--apply"]).await;
    assert_code(&without, 0);
    let without = told(&stage, &pass, &without.stdout);

    let (stage, other, service) = serving().await;
    let writes = stage.writes().len();
    let undone = stage.run(&["undo", &other, "--apply"]).await;
    assert_code(&undone, 0);
    assert_eq!(told(&stage, &other, &undone.stdout), without);
    assert!(undone.stderr.contains("handed over to the running service"), "{}", undone.stderr);
    let again = "the service does it again within 15m";
    assert!(undone.stderr.contains(again), "{}", undone.stderr);
    assert!(undone.stderr.contains("`dialplane suspend adatum --reason TEXT`"));
    assert_eq!(stage.calling("contoso", USER), Calling::Enabled);
    let listed = stage.run(&["history"]).await.stdout;
    let first = listed.lines().nth(1).unwrap();
    assert!(first.contains(&format!("undo of pass {other}, by hand: ada@")), "{listed}");
    let sent = stage.writes().len();
    assert!(sent > writes);
    // Nobody else does anything meanwhile, and what the manifests no longer want is not done again.
    fs::write(stage.manifest(), fleet()).unwrap();
    let looked = stage.run(&["reconcile", "--wait"]).await;
    assert_code(&looked, 0);
    assert_eq!(stage.writes().len(), sent, "{}", looked.stdout);
    assert_code(&stage.run(&["undo", &other, "--apply"]).await, 0);
    assert_eq!(stage.writes().len(), sent, "it is back already");
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_held_as_any_plan_by_the_stop_switch_and_by_a_suspension() {
    let (stage, pass, service) = serving().await;
    let writes = stage.writes().len();
    assert_code(&stage.run(&["stop", "--reason", "wait"]).await, 0);
    let stopped = stage.run(&["undo", &pass, "--apply"]).await;
    assert_code(&stopped, 3);
    assert!(!stopped.stderr.contains("handed over"), "{}", stopped.stderr);
    assert_code(&stage.run(&["resume"]).await, 0);
    assert_code(&stage.run(&["suspend", "contoso", "--reason", "ticket 4711"]).await, 0);
    let undone = stage.run(&["undo", &pass, "--apply"]).await;
    assert_code(&undone, 3);
    assert!(undone.stdout.contains("ticket 4711"), "{}", undone.stdout);
    assert_eq!(stage.calling("contoso", USER), Calling::Disabled);
    assert!(stage.writes().len() > writes, "adatum is not suspended");
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_terminal_it_asks_before_anything_is_handed_over() {
    let (stage, pass, service) = serving().await;
    let writes = stage.writes().len();
    let undo = ["undo", &pass, "--apply"];
    let (code, shown, _) = at_a_terminal(stage.path(), &undo, "no\n").await;
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("Nobody loses calling. Type `yes`"), "{shown}");
    assert!(!shown.contains("handed over"), "{shown}");
    assert_eq!(stage.writes().len(), writes);
    let (code, shown, stdout) = at_a_terminal(stage.path(), &undo, "yes\n").await;
    assert_eq!(code, 0, "{shown}{stdout}");
    assert_eq!(stage.calling("contoso", USER), Calling::Enabled);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_would_do_something_else_than_was_shown_does_nothing() {
    let (stage, pass) = passed().await;
    let elsewhere = stage.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let other = fleet().replace("mode: enforce", "mode: report");
    assert_ne!(other, fleet());
    fs::write(elsewhere.join("fleet.yaml"), other).unwrap();
    let mut service = stage.start(&["run", "elsewhere"]);
    // Before it has the journal, the command would do it itself.
    let socket = stage.path().join(".dialplane/sandbox/control.sock");
    service.until("its socket", || socket.exists()).await;
    let before = stage.calling("contoso", USER);
    let refused = loop {
        let undone = stage.run(&["undo", &pass, "--apply"]).await;
        let early = ["has just begun", "no version of tenant", "nobody listens there"];
        if !early.iter().any(|early| undone.stderr.contains(early)) {
            break undone;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_code(&refused, 1);
    let told = "nothing was changed: the service would do something else";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);
    assert_eq!(stage.calling("contoso", USER), before);
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_service_that_knows_no_undo_is_told_as_that() {
    let (stage, pass, service) = serving().await;
    let writes = stage.writes().len();
    let socket = stage.path().join(".dialplane/sandbox/control.sock");
    fs::remove_file(&socket).unwrap();
    let listener = UnixListener::bind(&socket).unwrap();
    let answers = std::thread::spawn(move || {
        // The first only looks whether somebody listens.
        drop(listener.accept().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let body = r#"{"error":"nothing is here","hint":"there are /, /livez"}"#;
        let head = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json";
        let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let refused = stage.run(&["undo", &pass, "--apply"]).await;
    answers.join().unwrap();
    assert_code(&refused, 1);
    assert!(
        refused.stderr.contains("nothing was changed: ")
            && refused.stderr.contains("it is an older dialplane"),
        "{}",
        refused.stderr
    );
    assert_eq!(stage.writes().len(), writes);
    assert_eq!(service.stop().await, Some(0));
}

/// Calls take a while, and one comes after the other.
async fn slow() -> (Stage, String, Running) {
    let (stage, pass) = passed().await;
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 1,");
    let service = started(&stage).await;
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 1500);
    (stage, pass, service)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_in_the_middle_is_told_and_the_next_undo_does_the_rest() {
    let (stage, pass, mut service) = slow().await;
    let writes = stage.writes().len();
    let kill = async {
        let began = || stage.writes().len() > writes;
        service.until("the first write", began).await;
        service.child.kill().unwrap();
        service.child.wait().unwrap();
    };
    let undo = ["undo", &pass, "--apply"];
    let (undone, ()) = tokio::join!(stage.run(&undo), kill);
    assert_code(&undone, 5);
    let ended = "the service ended before it said what became of the undo";
    assert!(undone.stderr.contains(ended), "{}", undone.stderr);
    assert!(undone.stderr.contains("`dialplane history` shows what was done"));
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    // Without a service, what is left is done here.
    let rest = stage.run(&undo).await;
    assert_ne!(rest.code, 1, "{}{}", rest.stdout, rest.stderr);
    assert_eq!(stage.calling("contoso", USER), Calling::Enabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_ended_or_whose_tenant_is_suspended_says_what_it_did_not_try() {
    for suspends in [false, true] {
        let (stage, pass, mut service) = slow().await;
        let writes = stage.writes().len();
        let end = async {
            service.until("the first write", || stage.writes().len() > writes).await;
            if suspends {
                let reason = ["suspend", "contoso", "--reason", "ticket 4711"];
                assert_code(&stage.run(&reason).await, 0);
            } else {
                service.signal("-TERM");
            }
        };
        let undo = ["undo", &pass, "--apply"];
        let (undone, ()) = tokio::join!(stage.run(&undo), end);
        assert_code(&undone, 4);
        assert!(undone.stdout.contains("stopped on request"), "{}", undone.stdout);
        assert!(undone.stdout.contains("not tried"), "{}", undone.stdout);
        stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
        if suspends {
            let held = stage.run(&["undo", &pass]).await;
            assert!(held.stdout.contains("ticket 4711"), "{}", held.stdout);
            assert_eq!(service.stop().await, Some(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_takes_no_orders_has_to_end_first() {
    let (stage, pass, service) = serving().await;
    fs::remove_file(stage.path().join(".dialplane/sandbox/control.sock")).unwrap();
    let refused = stage.run(&["undo", &pass, "--apply"]).await;
    assert_code(&refused, 1);
    assert!(
        refused.stderr.contains("is in use by") && refused.stderr.contains("nobody listens there"),
        "{}",
        refused.stderr
    );
    assert_eq!(service.stop().await, Some(0));
}

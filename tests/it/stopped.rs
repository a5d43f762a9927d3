//! The stop switch while something is under way, through the real binary.

use std::fs;

use dialplane::sandbox::{Failure, Route, Rule, World};

use crate::{
    managed::listening,
    stage::{Stage, fleet},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_a_call_waits_as_the_service_asks_keeps_it_from_being_sent() {
    let stage = Stage::drifted().await;
    let too_many = Rule { retry_after_seconds: Some(3), ..Rule::new(Failure::Throttled) };
    stage.sandbox.faults(|faults| {
        for route in [Route::Update, Route::Enable, Route::Disable] {
            faults.rules.push(too_many.clone().on(route));
        }
    });
    let mut run = stage.start(&["-vv", "apply"]);
    run.until("the first refusal", || stage.text("stderr").contains("sent again after")).await;
    let said = stage.run(&["stop", "--reason", "wrong file"]).await;
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    stage.sandbox.faults(|faults| faults.rules.clear());
    let sent = stage.writes().len();
    let ended =
        tokio::task::spawn_blocking(move || run.child.wait().unwrap().code()).await.unwrap();
    assert_eq!(ended, Some(4), "{}", stage.text("stdout"));
    assert!(stage.text("stdout").contains("wrong file"), "{}", stage.text("stdout"));
    assert_eq!(stage.writes().len(), sent, "what waited was sent all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_configuration_ends_an_apply_under_way() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let text = fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false");
    fs::write(stage.manifest(), text).unwrap();
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 1,");
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 300);
    let mut run = stage.start(&["apply"]);
    run.until("the first write", || !stage.writes().is_empty()).await;
    stage.configure("run: {", "stop: true\nrun: {");
    let ended =
        tokio::task::spawn_blocking(move || run.child.wait().unwrap().code()).await.unwrap();
    assert_eq!(ended, Some(4), "{}", stage.text("stdout"));
    assert!(stage.writes().len() < 30, "33 updates and 3 syncs: {:?}", stage.writes());
    assert!(stage.text("stdout").contains("`stop` is true"), "{}", stage.text("stdout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_emptied_or_away_lets_no_stop_go() {
    let stage = Stage::drifted().await;
    let path = stage.path().join("dialplane.yaml");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{good}stop: true\n")).unwrap();
    let mut service = stage.leave(&mut listening(&stage));
    service.until("the stop", || stage.text("stderr").contains("everything is stopped")).await;
    fs::write(&path, "").unwrap();
    let pause = std::time::Duration::from_millis(3500);
    tokio::time::sleep(pause).await;
    fs::remove_file(&path).unwrap();
    tokio::time::sleep(pause).await;
    // What is asked for is refused as well.
    service.signal("-HUP");
    service.until("the refusal", || stage.text("stderr").contains("is refused")).await;
    assert_eq!(stage.writes(), [""; 0], "{}", stage.text("stderr"));
    fs::write(&path, good).unwrap();
    service.until("the writes", || !stage.writes().is_empty()).await;
    assert_eq!(service.stop().await, Some(0));
}

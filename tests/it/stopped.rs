//! The stop switch while something is under way, through the real binary.

use std::fs;

use dialplane::{
    journal::VolatileJournal,
    model::RunId,
    pass::{self, StopSwitchChange},
    sandbox::{FaultRule, InjectedFault, Route, World},
};

use crate::{
    managed::listening,
    stage::{Stage, fleet},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_a_call_waits_as_the_service_asks_keeps_it_from_being_sent() {
    let stage = Stage::drifted().await;
    let too_many =
        FaultRule { retry_after_seconds: Some(3), ..FaultRule::new(InjectedFault::Throttled) };
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

/// What the journal has of the stop switch, newest first, as `history` tells it without times and
/// runs.
async fn on_record(stage: &Stage) -> Vec<String> {
    let history = stage.run(&["history"]).await.stdout;
    let lines: Vec<&str> = history.lines().collect();
    let of_all = |pair: &&[&str]| pair[0].contains("  all tenants  ");
    let told = |pair: &[&str]| {
        let what = pair[0].split("  all tenants  ").nth(1).unwrap();
        let by = pair[1].split("by hand: ").nth(1).unwrap();
        format!("{what} | {}", by.split('@').next().unwrap())
    };
    lines.windows(2).filter(of_all).map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stopped_and_why_and_who_let_go_is_on_record_with_a_service_and_across_its_starts() {
    let stage = Stage::drifted().await;
    let mut service = stage.leave(&mut listening(&stage));
    service.until("the first passes", || !stage.writes().is_empty()).await;
    assert_eq!(on_record(&stage).await, [""; 0], "it was never on");
    let said = stage.run(&["stop", "--reason", "wrong file"]).await;
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    let run = said.stdout.split("  run ").nth(1).expect("it says under which run").trim();
    let one = stage.run(&["history", run]).await.stdout;
    assert!(one.contains("  all tenants  stopped: wrong file\n"), "{one}");
    let again = stage.run(&["stop", "--reason", "another"]).await;
    assert!(again.stdout.starts_with("it was stopped before; "), "{}", again.stdout);
    let stopped = "stopped: wrong file | ada".to_owned();
    assert_eq!(on_record(&stage).await, std::slice::from_ref(&stopped), "once");
    assert_eq!(service.stop().await, Some(0));
    let mut service = stage.leave(&mut listening(&stage));
    service.until("the stop", || stage.text("stderr").contains("everything is stopped")).await;
    let told = stage.run(&["resume"]).await;
    assert!(told.code == 0 && told.stdout.contains("\n  run "), "{}{}", told.stdout, told.stderr);
    assert_eq!(on_record(&stage).await, ["let go | ada".to_owned(), stopped]);
    // It concerns each tenant.
    let of_one = stage.run(&["history", "--tenant", "contoso", "-o", "json"]).await.stdout;
    let of_one: serde_json::Value = serde_json::from_str(&of_one).unwrap();
    let all = of_one["suspensions"].as_array().unwrap();
    assert_eq!((&all[0]["kind"], &all[1]["kind"]), (&"LetGo".into(), &"Stopped".into()));
    assert!(all.iter().all(|one| one["tenant"].is_null()), "{of_one}");
    assert_eq!(service.stop().await, Some(0));
    assert_eq!(stage.run(&["journal", "check"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_the_stop_is_on_record_as_well_and_beside_a_command_later() {
    let stage = Stage::drifted().await;
    for (command, told) in [(&["stop", "--reason", "storm"][..], 1), (&["resume"], 2)] {
        let said = stage.run(command).await;
        assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
        assert!(said.stdout.contains("\n  run "), "{}", said.stdout);
        assert_eq!(on_record(&stage).await.len(), told);
    }
    assert_eq!(on_record(&stage).await, ["let go | ada", "stopped: storm | ada"]);
    // A command has the journal, and is stopped by the file.
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 500);
    let mut run = stage.start(&["apply"]);
    run.until("the first write", || !stage.writes().is_empty()).await;
    let said = stage.run(&["stop", "--reason", "wrong file"]).await;
    assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains("not in the journal yet: another process has it"));
    tokio::task::spawn_blocking(move || run.child.wait().unwrap()).await.unwrap();
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    // What nobody has put there yet, letting go does.
    assert_eq!(stage.run(&["resume"]).await.code, 0);
    let told = on_record(&stage).await;
    assert_eq!(told[..2], ["let go | ada", "stopped: wrong file | ada"], "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_nobody_ordered_is_on_record_as_what_it_is() {
    let stage = Stage::drifted().await;
    let file = stage.path().join(".dialplane/sandbox/stop");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "").unwrap();
    let service = stage.leave(&mut listening(&stage));
    let kept = async |stage: &Stage, count: usize| {
        for _ in 0..600 {
            let told = on_record(stage).await;
            if told.len() >= count {
                return told;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("never on record: {:?}", on_record(stage).await);
    };
    let told = kept(&stage, 1).await;
    assert!(told[0].starts_with("stopped: the stop file ") && told[0].ends_with(" | somebody"));
    fs::remove_file(&file).unwrap();
    assert_eq!(kept(&stage, 2).await[0], "let go | somebody");
    stage.configure("run: {", "stop: true\nrun: {");
    let told = kept(&stage, 3).await;
    assert_eq!(told[0], "stopped: `stop` is true in the configuration | somebody");
    // Let go while no service runs: the next one sees that it is.
    assert_eq!(service.stop().await, Some(0));
    stage.configure("stop: true\nrun: {", "run: {");
    let mut service = stage.leave(&mut listening(&stage));
    assert_eq!(kept(&stage, 4).await[0], "let go | somebody");
    service.until("the writes", || !stage.writes().is_empty()).await;
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test]
async fn the_journal_has_each_stop_once_and_a_stop_by_somebody_else_or_for_another_reason_anew() {
    let journal = VolatileJournal::default();
    let ada = Some("ada");
    let wrong = Some("wrong file");
    for (by, on, is_news) in [
        (ada, None, false),
        (ada, wrong, true),
        (ada, wrong, false),
        (Some("bert"), wrong, true),
        (Some("bert"), Some("wrong list"), true),
        (ada, None, true),
        (ada, None, false),
    ] {
        let change = StopSwitchChange { by: by.map(str::to_owned), on: on.map(str::to_owned) };
        let recorded = pass::switch(&journal, RunId::new("r"), &change).await.unwrap();
        assert_eq!(recorded, is_news, "{change:?}");
    }
}

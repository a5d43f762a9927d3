//! What people brake with, through the real binary: approvals from plan to commit, saved plans, the
//! stop switch.

use std::fs;

use dialplane::{model::Calling, sandbox::World};

use crate::stage::{Ended, Stage, fleet};

/// A fleet that is right, and manifests that want four of contoso's people disabled, which is more
/// than its limit.
async fn leavers() -> (Stage, String) {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    let wanted = fleet();
    let wanted = (0..4).fold(wanted, |text, user| {
        let before = format!("user{user}@contoso.example\n      calling: enabled");
        assert!(text.contains(&before));
        text.replace(&before, &before.replace("enabled", "disabled"))
    });
    fs::write(stage.manifest(), &wanted).unwrap();
    (stage, wanted)
}

fn disabled(stage: &Stage) -> usize {
    (0..4)
        .filter(|user| {
            stage.calling("contoso", &format!("user{user}@contoso.example")) == Calling::Disabled
        })
        .count()
}

fn assert_code(ended: &Ended, code: i32) {
    assert_eq!(ended.code, code, "{}{}", ended.stdout, ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_limit_then_approved_then_applied_once() {
    let (stage, wanted) = leavers().await;
    let held = stage.run(&["apply"]).await;
    assert_code(&held, 3);
    assert!(
        held.stdout.contains("the limit is 2")
            && held.stdout.contains("can open limit for 4 users"),
        "{}",
        held.stdout
    );

    let written = stage.run(&["plan", "--approve"]).await;
    assert_code(&written, 0);
    assert!(written.stderr.contains("say why under `reason`"), "{}", written.stderr);
    let file = stage.path().join("manifests/approval.yaml");
    fs::write(&file, &written.stdout).unwrap();
    let unfilled = stage.run(&["apply"]).await;
    assert_code(&unfilled, 1);
    assert!(unfilled.stderr.contains("`reason` is empty"), "{}", unfilled.stderr);
    assert_eq!(disabled(&stage), 0);

    fs::write(&file, written.stdout.replace("reason: \"\"", "reason: \"the interns have left\""))
        .unwrap();
    let applied = stage.run(&["apply"]).await;
    assert_code(&applied, 0);
    assert!(
        applied.stdout.contains("opens limit for 4 users, once: the interns have left"),
        "{}",
        applied.stdout
    );
    assert_eq!(disabled(&stage), 4);
    let writes = stage.writes().len();
    let again = stage.run(&["apply"]).await;
    assert_code(&again, 0);
    assert!(again.stdout.contains("was used by run"), "{}", again.stdout);
    assert_eq!(stage.writes().len(), writes, "there is nothing to do");
    let nothing = stage.run(&["plan", "--approve"]).await;
    assert_code(&nothing, 1);
    assert!(
        nothing.stdout.is_empty()
            && nothing.stderr.contains("nothing in this plan waits for an approval"),
        "{}",
        nothing.stderr
    );

    // An approval for a plan that is no longer this one is dead, and says so.
    fs::write(stage.manifest(), fleet()).unwrap();
    assert_code(&stage.run(&["apply"]).await, 0);
    fs::write(stage.manifest(), &wanted).unwrap();
    let pasted = "they\u{1b}[2J have\nleft";
    let written = stage.run(&["plan", "--approve", "--reason", pasted]).await;
    assert_code(&written, 0);
    assert!(written.stdout.contains("reason: \"they [2J have left\""), "{}", written.stdout);
    fs::write(&file, written.stdout.replace("name: contoso-", "name: contoso-again-")).unwrap();
    fs::write(
        stage.manifest(),
        wanted.replace(
            "user5@contoso.example\n      calling: enabled",
            "user5@contoso.example\n      calling: disabled",
        ),
    )
    .unwrap();
    let dead = stage.run(&["apply"]).await;
    assert_code(&dead, 3);
    assert!(dead.stdout.contains("manifests or live state have moved since"), "{}", dead.stdout);
    assert_eq!(disabled(&stage), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_done_exactly_or_not_at_all() {
    let stage = Stage::drifted().await;
    let save = async |arguments: &[&str]| {
        let saved = stage.run(&[&["plan", "--output", "json"], arguments].concat()).await;
        assert_code(&saved, 2);
        fs::write(stage.path().join("plan.json"), &saved.stdout).unwrap();
    };
    save(&[]).await;
    stage.sandbox.world(|world| {
        let tenant = world.tenant_mut(&crate::support::name("contoso")).unwrap();
        let user = tenant.users.get_mut(&crate::support::upn("user3@contoso.example")).unwrap();
        user.stored
            .set(dialplane::model::Field::UseTeamsVoicemail, dialplane::model::Value::Flag(false));
        user.push();
    });
    let moved = stage.run(&["apply", "--plan", "plan.json"]).await;
    assert_code(&moved, 1);
    assert_eq!(stage.writes(), [""; 0], "{}", moved.stdout);
    insta::assert_snapshot!(crate::filters::plain(&moved.stderr), @r"
    account sandbox-admin at [service]
    error: plan.json is not what would be done now, so nothing is done; it has moved in contoso (now also update user3@contoso.example)
      hint: manifests, live state or what is held have changed since it was saved: look at the plan again
    ");
    save(&["--tenant", "contoso"]).await;
    let applied = stage.run(&["apply", "--plan", "plan.json"]).await;
    assert_code(&applied, 0);
    assert!(
        applied.stdout.contains("contoso") && !applied.stdout.contains("adatum"),
        "{}",
        applied.stdout
    );
    let again = stage.run(&["apply", "--plan", "plan.json"]).await;
    assert_code(&again, 1);
    for (text, told) in [
        ("{", "is not a saved plan"),
        ("{\"kind\": \"Report\"}", "`kind: Plan` or `kind: Review` and `version: 1` are expected"),
    ] {
        fs::write(stage.path().join("plan.json"), text).unwrap();
        let wrong = stage.run(&["apply", "--plan", "plan.json"]).await;
        assert_code(&wrong, 1);
        assert!(wrong.stderr.contains(told), "{}", wrong.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_carried_out_by_the_account_that_it_was_made_for_and_by_no_other() {
    let here = Stage::drifted().await;
    let there = Stage::drifted().await;
    assert_code(&here.run(&["plan", "--out", "plan.json"]).await, 2);
    let saved = fs::read_to_string(here.path().join("plan.json")).unwrap();
    fs::write(there.path().join("plan.json"), &saved).unwrap();
    let other_host = there.run(&["apply", "plan.json"]).await;
    assert_code(&other_host, 1);
    assert_eq!(there.writes(), [""; 0], "{}", other_host.stdout);
    insta::assert_snapshot!(crate::filters::plain(&other_host.stderr), @r"
    account sandbox-admin at [service]
    error: plan.json was made for another account than the one that would write now, so nothing is done: adatum (for sandbox-admin at [service] then, sandbox-admin at [service] now); contoso (for sandbox-admin at [service] then, sandbox-admin at [service] now); fabrikam (for sandbox-admin at [service] then, sandbox-admin at [service] now)
      hint: apply it with the configuration that it was made with, or plan again with this one and look at that plan
    ");
    let rehearsal = here.run(&["apply", "--sandbox", "--plan", "plan.json"]).await;
    assert_code(&rehearsal, 1);
    assert!(rehearsal.stderr.contains("then, a rehearsal now"), "{}", rehearsal.stderr);
    assert_code(&here.run(&["plan", "--sandbox", "--out", "rehearsed.json"]).await, 2);
    let real = here.run(&["apply", "rehearsed.json"]).await;
    assert_code(&real, 1);
    assert!(real.stderr.contains("for a rehearsal then"), "{}", real.stderr);
    assert_eq!(here.writes(), [""; 0]);
    here.configure("username: sandbox-admin", "username: another-admin");
    let other_login = here.run(&["apply", "plan.json"]).await;
    assert_code(&other_login, 1);
    assert!(other_login.stderr.contains("another-admin at "), "{}", other_login.stderr);
    here.configure("username: another-admin", "username: sandbox-admin");
    // One tenant is held.
    assert_code(&here.run(&["apply", "plan.json"]).await, 3);
    assert!(!here.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_obeyed_by_all_that_writes() {
    let stage = Stage::drifted().await;
    let state = stage.path().join(".dialplane/sandbox");
    fs::create_dir_all(&state).unwrap();
    let stop = state.join("stop");
    fs::write(&stop, "").unwrap();
    for arguments in [&["apply"][..], &["run", "--once"], &["plan"]] {
        let ended = stage.run(arguments).await;
        assert_code(&ended, 3);
        assert!(ended.stdout.contains("everything is stopped: the stop file"), "{}", ended.stdout);
        assert!(
            ended.stdout.contains("remove it to go on (`rm ") && ended.stdout.contains("update"),
            "{}",
            ended.stdout
        );
    }
    assert_eq!(stage.writes(), [""; 0]);
    fs::remove_file(&stop).unwrap();
    for (before, after, told) in [
        ("run: {", "stop: true\nrun: {", "`stop` is true in the configuration"),
        ("stop: true", "stopFile: gone/stop", "it is not known whether the stop file"),
    ] {
        stage.configure(before, after);
        let ended = stage.run(&["apply"]).await;
        assert_code(&ended, 3);
        assert!(ended.stdout.contains(told), "{}", ended.stdout);
        assert_eq!(stage.writes(), [""; 0]);
    }
    fs::create_dir(stage.path().join("gone")).unwrap();
    assert_code(&stage.run(&["apply"]).await, 3);
    assert!(!stage.writes().is_empty(), "lifted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_mid_run_lets_nothing_more_be_sent() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    fs::write(
        stage.manifest(),
        fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false"),
    )
    .unwrap();
    // Time enough on a busy machine: 33 updates, two at a time.
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 2,");
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 100);
    let mut run = stage.start(&["apply"]);
    run.until("the first write", || !stage.writes().is_empty()).await;
    fs::write(stage.path().join(".dialplane/sandbox/stop"), "").unwrap();
    let ended =
        tokio::task::spawn_blocking(move || run.child.wait().unwrap().code()).await.unwrap();
    assert_eq!(ended, Some(4));
    let writes = stage.writes();
    assert!(
        writes.len() < 30 && writes.iter().all(|path| !path.contains("syncTeams")),
        "{writes:?}"
    );
    assert!(stage.text("stdout").contains("everything is stopped"), "{}", stage.text("stdout"));
    // Lifted, the rest is done, and the sync that was owed.
    fs::remove_file(stage.path().join(".dialplane/sandbox/stop")).unwrap();
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    assert_code(&stage.run(&["apply"]).await, 0);
    let syncs = stage.writes().iter().filter(|path| path.contains("syncTeams")).count();
    assert_eq!(syncs, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_and_resume_know_the_place_and_everybody_tells_who_and_why() {
    let stage = Stage::drifted().await;
    let mut command = crate::stage::dialplane(
        stage.path(),
        &["stop", "--reason", "the vendor\u{7} moves\nhouse"],
    );
    command.env("USER", "ada").env_remove("SUDO_USER");
    let stopped =
        Ended::from(tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    assert_code(&stopped, 0);
    assert!(
        stopped.stdout.contains(".dialplane/sandbox/stop is there (since 20"),
        "{}",
        stopped.stdout
    );
    assert!(
        stopped.stdout.contains(" by ada@")
            && stopped.stdout.contains(": the vendor moves house)\n"),
        "{}",
        stopped.stdout
    );
    let again = stage.run(&["stop", "--reason", "another"]).await;
    assert!(
        again.stdout.starts_with("it was stopped before")
            && again.stdout.contains("the vendor moves house"),
        "{}",
        again.stdout
    );
    for arguments in [&["plan"][..], &["apply"], &["doctor"], &["why", "user7@adatum.example"]] {
        let ended = stage.run(arguments).await;
        let told = ended.stdout.contains("everything is stopped: the stop file")
            && ended.stdout.contains("the vendor moves house");
        assert!(told, "{arguments:?}: {}{}", ended.stdout, ended.stderr);
    }
    assert_code(&stage.run(&["doctor"]).await, 1);
    let status = stage.run(&["status"]).await;
    assert_code(&status, 1);
    assert!(
        status.stdout.starts_with("everything is stopped: the stop file")
            && status.stderr.contains("no service has run"),
        "{}{}",
        status.stdout,
        status.stderr
    );
    assert_eq!(stage.writes(), [""; 0]);
    let resumed = stage.run(&["resume"]).await;
    assert_code(&resumed, 0);
    assert!(resumed.stdout.contains("is removed; it was stopped since 20"), "{}", resumed.stdout);
    let nothing = stage.run(&["resume"]).await;
    assert!(
        nothing.code == 0 && nothing.stdout.contains("nothing was stopped"),
        "{}",
        nothing.stdout
    );
    // What the settings stop, no command lets go.
    stage.configure("run: {", "stop: true\nrun: {");
    let kept = stage.run(&["resume"]).await;
    assert!(
        kept.code == 1 && kept.stderr.contains("set `stop: false` to go on"),
        "{}{}",
        kept.stdout,
        kept.stderr
    );
    stage.configure("stop: true\n", "");
    // Anything at that place stops, and what it says is told on one line.
    let place = stage.path().join(".dialplane/sandbox/stop");
    for (text, told) in [
        ("", "is there [stopped], 3 times\n"),
        ("\u{1b}[2Jtea\n\nbreak", "is there ([2Jtea) [stopped], 3 times\n"),
        ("by: bob", "is there (by bob) [stopped], 3 times\n"),
    ] {
        fs::write(&place, text).unwrap();
        let plan = stage.run(&["plan"]).await;
        assert!(plan.stdout.contains(told), "{}", plan.stdout);
    }
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    assert!(stage.run(&["plan"]).await.stdout.contains("everything is stopped: the stop file"));
    assert_code(&stage.run(&["resume"]).await, 0);
    assert_code(&stage.run(&["apply"]).await, 3);
    assert!(!stage.writes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_tells_that_it_is_stopped_and_goes_on_at_once_when_it_is_let_go() {
    for by_setting in [false, true] {
        let stage = Stage::drifted().await;
        // Nothing but the switch brings a tenant back in the time of this test.
        stage.configure("poll: 1s", "poll: 1h, resync: 12h");
        let stop = async |stage: &Stage| {
            if by_setting {
                stage.configure("run: {", "stop: true\nrun: {");
            } else {
                assert_code(&stage.run(&["stop", "--reason", "moving house"]).await, 0);
            }
        };
        stop(&stage).await;
        let mut service = stage.start(&["run"]);
        let kept = || {
            fs::read_to_string(stage.path().join(".dialplane/sandbox/status.json"))
                .unwrap_or_default()
        };
        service
            .until("each tenant is held", || kept().matches("\"code\": \"stopped\"").count() == 3)
            .await;
        let status = stage.run(&["status"]).await;
        assert!(
            status.code == 0 && status.stdout.starts_with("everything is stopped: "),
            "{}",
            status.stdout
        );
        let json: serde_json::Value =
            serde_json::from_str(&stage.run(&["status", "--output", "json"]).await.stdout).unwrap();
        assert_eq!(
            json["stopped"]["reason"],
            if by_setting { serde_json::Value::Null } else { "moving house".into() }
        );
        let log = || stage.text("stderr");
        assert!(
            log().contains("WARN") && log().matches("everything is stopped").count() == 1,
            "{}",
            log()
        );
        assert_eq!(stage.writes(), [""; 0]);
        if by_setting {
            stage.configure("stop: true\n", "");
        } else {
            assert_code(&stage.run(&["resume"]).await, 0);
        }
        let syncs = || stage.writes().iter().filter(|path| path.contains("syncTeams")).count();
        service.until("what was held is done", || syncs() >= 2).await;
        assert!(log().contains("going on: the stop switch was let go"), "{}", log());
        // The status follows within half a second.
        service.until("the status says so", || !kept().contains("stopped")).await;
        assert!(!stage.run(&["status"]).await.stdout.contains("stopped"));
        assert_eq!(service.stop().await, Some(0));
    }
}

//! The real binary as a process, against a sandbox over a real socket: what it prints, how it ends,
//! what it calls.

use std::{fs, path::Path};

use dialplane::{
    model::{Calling, TenantName, Upn},
    sandbox::{FaultRule, InjectedFault, Route, World},
};

use crate::snapshot::snapshot;
use crate::stage::{Ended, Stage, dialplane, fleet};

#[tokio::test(flavor = "multi_thread")]
async fn no_dry_run_writes() {
    let stage = Stage::drifted().await;
    for arguments in [
        &["plan"][..],
        &["apply", "--dry-run"],
        &["run", "--dry-run"],
        &["plan", "--output", "json"],
        &["plan", "-o", "markdown"],
    ] {
        let ended = stage.run(arguments).await;
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stdout.is_empty(), "{arguments:?}: {}", ended.stderr);
        assert_eq!(
            ended.stderr,
            format!("account sandbox-admin at {}\n", stage.sandbox.address()),
            "{arguments:?}"
        );
    }
    assert_eq!(stage.writes(), [""; 0]);
    assert!(stage.sandbox.calls().len() > 15, "the dry runs did read");
    assert!(!stage.path().join(".dialplane").exists(), "a dry run leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn applying_twice_writes_once() {
    let stage = Stage::drifted().await;
    let first = stage.run(&["apply"]).await;
    assert_eq!(first.code, 3, "{}{}", first.stdout, first.stderr);
    let writes = stage.writes();
    let syncs = writes.iter().filter(|path| path.contains("syncTeamsRegistrations")).count();
    assert!(writes.len() > syncs && syncs == 2, "two tenants consent: {writes:?}");
    let second = stage.run(&["apply"]).await;
    assert_eq!(
        (second.code, stage.writes().len()),
        (3, writes.len()),
        "{}{}",
        second.stdout,
        second.stderr
    );
    assert!(
        second.stdout.contains("done: 0 steps accepted, 0 syncs accepted"),
        "{}",
        second.stdout
    );
    let third = stage.run(&["run", "--once"]).await;
    assert_eq!((third.code, stage.writes().len()), (3, writes.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_is_right_ends_with_zero() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    for arguments in [["apply"], ["plan"]] {
        let ended = stage.run(&arguments).await;
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("plan: nothing to do"), "{}", ended.stdout);
    }
    assert_eq!(stage.writes(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_line_counts_what_could_not_be_read() {
    let stage = Stage::set(|desired| World::from_desired(desired, 1)).await;
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Garbage).on(Route::ListUsers));
    });
    let ended = stage.run(&["apply"]).await;
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    let last = "done: 0 steps accepted, 0 syncs accepted; not read: 3 tenants in ";
    assert!(ended.stdout.contains(last), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_step_ends_with_four_and_names_the_user() {
    let stage = Stage::drifted().await;
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Refused).on(Route::Disable));
    });
    let ended = stage.run(&["apply"]).await;
    assert_eq!(ended.code, 4, "{}{}", ended.stdout, ended.stderr);
    let told =
        "failed    disable user7@adatum.example [call-refused]\n            disable calling of";
    assert!(ended.stdout.contains(told), "{}", ended.stdout);
    let json = stage.run(&["apply", "--output", "json"]).await;
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((json.code, &report["kind"], &report["version"]), (4, &"Report".into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_alone() {
    let stage = Stage::drifted().await;
    let ended = stage.run(&["apply", "--tenant", "contoso"]).await;
    assert!(
        ended.stdout.contains("contoso") && !ended.stdout.contains("adatum"),
        "{}",
        ended.stdout
    );
    let id = "00000000-0000-4000-8000-000000000001";
    let writes = stage.sandbox.writes();
    assert!(
        !writes.is_empty() && writes.iter().all(|call| call.tenant.as_deref() == Some(id)),
        "{writes:?}"
    );
    let wrong = stage.run(&["plan", "--tenant", "contosso"]).await;
    assert_eq!(wrong.code, 1);
    insta::assert_snapshot!(wrong.stderr, @r"
    error: no manifest describes tenant `contosso`
      hint: did you mean `contoso`? there are adatum, contoso, fabrikam
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_acts_on_an_edit_and_keeps_the_last_good_version() {
    let stage = Stage::drifted().await;
    let mut service = stage.start(&["run"]);
    let syncs = || stage.writes().iter().filter(|path| path.contains("syncTeams")).count();
    service.until("the first passes", || syncs() >= 2).await;

    let edited = fleet().replacen("calling: enabled", "calling: disabled", 1);
    fs::write(stage.manifest(), &edited).unwrap();
    service
        .until("the edit", || stage.calling("adatum", "user0@adatum.example") == Calling::Disabled)
        .await;

    fs::write(stage.manifest(), edited.replace("calling: disabled", "calling: [")).unwrap();
    service
        .until("the complaint", || {
            fs::read_to_string(stage.path().join("stderr"))
                .unwrap()
                .contains("an older version stays in force")
        })
        .await;
    fs::write(stage.manifest(), fleet()).unwrap();
    service
        .until("the repair", || stage.calling("adatum", "user0@adatum.example") == Calling::Enabled)
        .await;

    let status = stage.run(&["status"]).await;
    assert!(
        status.code == 0 && status.stdout.contains("is alive"),
        "{}{}",
        status.stdout,
        status.stderr
    );
    let second = stage.run(&["apply"]).await;
    assert_eq!(second.code, 1);
    assert!(
        second.stderr.contains("is in use by process")
            && second.stderr.contains("hint: only one dialplane"),
        "{}",
        second.stderr
    );
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_mid_run_begins_no_new_step_and_the_next_run_finishes() {
    let stage = Stage::drifted().await;
    // Time enough on a busy machine: 33 updates, two at a time.
    stage.configure("execution: {", "execution: { tenants: 1, usersPerTenant: 2,");
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 100);
    fs::write(
        stage.manifest(),
        fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false"),
    )
    .unwrap();
    let mut run = stage.start(&["apply"]);
    run.until("the first write", || !stage.writes().is_empty()).await;
    assert_eq!(run.stop().await, Some(4));
    let report = stage.text("stdout");
    assert!(report.contains("\nstopped: ") && !report.contains("\ndone: "), "{report}");
    let done = stage.writes().len();
    assert!(done < 20, "{done} writes were sent although it was asked to stop");
    stage.sandbox.faults(|faults| faults.latency.fixed_ms = 0);
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    assert_eq!(stage.run(&["plan"]).await.code, 3, "nothing is left but what is held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_owes_its_sync() {
    let stage = Stage::drifted().await;
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule {
            delay_ms: 60_000,
            ..FaultRule::new(InjectedFault::Late).on(Route::Sync)
        });
    });
    let mut run = stage.start(&["apply"]);
    let syncs = || stage.writes().iter().filter(|path| path.contains("syncTeams")).count();
    run.until("the syncs", || syncs() == 2).await;
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    stage.sandbox.faults(|faults| faults.rules.clear());
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 2, "{}", plan.stdout);
    assert!(
        plan.stdout.contains("owed since") && plan.stdout.contains("plan: 2 syncs owed"),
        "{}",
        plan.stdout
    );
    let before = stage.writes().len();
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    let after: Vec<String> = stage.writes().split_off(before);
    assert!(after.len() == 2 && after.iter().all(|path| path.contains("syncTeams")), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_never_told() {
    let stage = Stage::drifted().await;
    stage.configure(
        "clientSecret: { command: [printf, sandbox-secret] }",
        "clientSecret: { env: PLANTED_SECRET }",
    );
    stage.configure(
        "password: { command: [printf, sandbox-secret] }",
        "password: { file: password }",
    );
    for planted in ["sandbox-secret", "sentinel-7f3a91"] {
        fs::write(stage.path().join("password"), format!("{planted}\n")).unwrap();
        let mut command = dialplane(stage.path(), &["apply", "-vv"]);
        command.env("PLANTED_SECRET", planted).env("DIALPLANE_LOG", "trace");
        let ended = Ended::from(
            tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap(),
        );
        assert!(ended.stderr.len() > 1000, "the log says something");
        let journal = fs::read(stage.path().join(".dialplane/sandbox/journal.db")).unwrap();
        let journal = String::from_utf8_lossy(&journal);
        assert!(journal.contains("\"event\":\"intent\""), "the journal can be read like this");
        for (place, text) in [
            ("stdout", ended.stdout.as_str()),
            ("stderr", ended.stderr.as_str()),
            ("the journal", journal.as_ref()),
        ] {
            assert!(!text.contains(planted), "{place} tells a secret: {text}");
            assert!(!text.contains("Bearer "), "{place} tells a token");
        }
    }
}

#[test]
fn what_people_get_wrong_on_the_command_line() {
    let folder = crate::folder::folder();
    fs::write(folder.path().join("wrong.yaml"), "kind: Tenant\n").unwrap();
    fs::write(folder.path().join("config.yaml"), "conectToTeams: {}\n").unwrap();
    fs::write(folder.path().join("fleet.yaml"), fleet()).unwrap();
    let cases: &[&[&str]] = &[
        &["plan"],
        &["plan", "nowhere"],
        &["plan", "fleet.yaml"],
        &["validate", "wrong.yaml"],
        &["validate", "wrong.yaml", "--output", "github"],
        &["validate", "--config", "config.yaml"],
        &["validate", "--config", "absent.yaml"],
        &["status"],
        &["sandbox", "fleet.yaml", "--listen", "0.0.0.0:0"],
        &["plan", "--tenant", "Contoso Ltd"],
        &["plan", "--dryrun"],
        &["aply"],
        &["help", "pln"],
        &["help", "journal", "exprt"],
        &["history", "--limit", "0"],
        &["show", "absent.json"],
        &["stop", "--reason", "all phones are dead"],
        &["reconcile"],
    ];
    let mut told = String::new();
    for arguments in cases {
        let ended = Ended::from(dialplane(folder.path(), arguments).output().unwrap());
        assert_eq!(ended.code, 1, "{arguments:?}");
        assert!(!folder.path().join(".dialplane").exists(), "{arguments:?} leaves nothing behind");
        told += &format!("$ dialplane {}\n{}{}\n", arguments.join(" "), ended.stdout, ended.stderr);
    }
    snapshot!(told);
}

#[test]
fn the_tour_in_the_readme_shows_what_the_program_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let plan = Ended::from(dialplane(root, &["plan", "--sandbox", "manifests"]).output().unwrap());
    let apply =
        Ended::from(dialplane(root, &["apply", "--sandbox", "manifests"]).output().unwrap());
    let report = apply.stdout.strip_prefix(&plan.stdout).expect("an apply shows its plan first");
    let (done, _took) = report.rsplit_once(" in ").unwrap();
    assert!(readme.contains(done), "the README shows another report than this:\n{report}");
    assert_eq!((plan.code, apply.code), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_outlives_failures_and_corrects_drift_without_being_told() {
    let stage = Stage::drifted().await;
    stage.configure("backoff: 100ms", "backoff: 50ms, resync: 200ms");
    // What it sent itself may be late for so long only: what is shown then was done by somebody.
    stage.configure("settle: 10m, firstSettle: 10m", "settle: 200ms, firstSettle: 200ms");
    stage.sandbox.faults(|faults| {
        faults.rules.push(FaultRule::new(InjectedFault::Unavailable).on(Route::ListUsers).times(7));
    });
    let mut service = stage.start(&["run", "--output", "json"]);
    let disabled = || stage.calling("adatum", "user7@adatum.example") == Calling::Disabled;
    service
        .until("the first passes", || stage.writes().iter().any(|path| path.contains("syncTeams")))
        .await;
    // Somebody switches a leaver on in the portal, behind our back.
    stage.sandbox.world(|world| {
        let tenant = world.tenant_mut(&TenantName::parse("adatum").unwrap()).unwrap();
        tenant.users.get_mut(&Upn::parse("user7@adatum.example").unwrap()).unwrap().calling =
            Calling::Enabled;
    });
    service.until("the correction", disabled).await;
    service
        .until("the hold of another tenant", || {
            stage.text("stdout").contains("the customer has not allowed")
        })
        .await;
    let told = service.text("stdout");
    // The service may be in the middle of a line.
    let whole = told.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines: Vec<serde_json::Value> =
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.iter().any(|line| line["kind"] == "Plan")
            && lines.iter().any(|line| line["kind"] == "Report"),
        "{told}"
    );
    assert_eq!(
        told.matches("the customer has not allowed").count(),
        1,
        "a hold that stays the same is shown once:\n{told}"
    );
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_read_from_graph_by_the_program() {
    let stage = Stage::drifted().await;
    let text = fleet()
        .replace("  mode: enforce\n", "  mode: enforce\n  live: graph\n")
        .replace("sbcGatewayId: 805, ", "");
    fs::write(stage.manifest(), text).unwrap();
    let plan = stage.run(&["plan"]).await;
    assert_eq!(plan.code, 2, "{}{}", plan.stdout, plan.stderr);
    let listed = |path: &str| {
        stage.sandbox.calls().iter().filter(|call| call.path.starts_with(path)).count()
    };
    assert_eq!(
        (listed("/sandbox/listUsers"), listed("/v1.0/admin/teams/userConfigurations")),
        (0, 3)
    );
    assert!(listed("/00000000-0000-4000-8000-00000000000") == 3, "a token for each tenant");
    assert_eq!(stage.writes(), [""; 0]);

    stage.configure("graph:\n", "graphs:\n");
    let refused = stage.run(&["plan"]).await;
    assert!(
        refused.code == 1 && refused.stderr.contains("did you mean `graph`?"),
        "{}{}",
        refused.stdout,
        refused.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_wraps_its_lists_as_it_is_told_and_writes_a_configuration_to_match() {
    for envelope in ["datatables", "page", "bare"] {
        let stage = Stage::drifted().await;
        let mut sandbox = stage.start(&[
            "sandbox",
            "--listen",
            "127.0.0.1:0",
            "--write-config",
            "own.yaml",
            "--as-desired",
            "--envelope",
            envelope,
        ]);
        sandbox.until("the address", || stage.text("stdout").contains("http://")).await;
        let plan = stage.run(&["--config", "own.yaml", "plan"]).await;
        assert!(
            plan.code == 3 && plan.stdout.contains("plan: no difference is seen"),
            "{envelope}: {}{}",
            plan.stdout,
            plan.stderr
        );
        sandbox.stop().await;
    }
}

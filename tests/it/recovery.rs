//! The real binary after something was left open: what it says of that, in which order it pays, and
//! how it ends.

use std::{fs, time::Duration};

use dialplane::sandbox::{FaultRule, InjectedFault, Route};
use serde_json::Value;

use crate::stage::{Running, Stage, fleet};

fn late(route: Route) -> FaultRule {
    FaultRule { delay_ms: 60_000, ..FaultRule::new(InjectedFault::Late).on(route) }
}

/// An apply that is killed while a call of this kind waits for its answer, in so many tenants.
async fn killed(stage: &Stage, rule: FaultRule, path: &str, tenants: usize) {
    stage.sandbox.faults(|faults| faults.rules.push(rule));
    let mut run = stage.start(&["apply"]);
    let waiting = || {
        stage
            .sandbox
            .writes()
            .iter()
            .filter(|call| call.path.contains(path) && call.fault.is_some())
            .count()
    };
    run.until("the call", || waiting() == tenants).await;
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    stage.sandbox.faults(|faults| faults.rules.clear());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_open_is_told_and_paid_first() {
    let stage = Stage::drifted().await;
    stage.configure("execution: { ", "execution: { tenants: 1, readers: 1, ");
    // The last one of those that consent.
    let contoso = "00000000-0000-4000-8000-000000000001";
    killed(
        &stage,
        FaultRule { tenant: Some(contoso.to_owned()), ..late(Route::Sync) },
        "syncTeams",
        1,
    )
    .await;
    let before = stage.sandbox.calls().len();
    let ended = stage.run(&["apply", "--output", "json"]).await;
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("\nrecovered contoso: a sync owed since ")
            && ended.stderr.lines().count() == 2,
        "{}",
        ended.stderr
    );
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let owed = |index: usize| report["tenants"][index]["recovered"]["syncOwedBy"].is_string();
    assert_eq!([owed(0), owed(1), owed(2)], [false, true, false], "{report:#}");
    let asked: Vec<String> =
        stage.sandbox.calls()[before..].iter().filter_map(|call| call.tenant.clone()).collect();
    assert_eq!(asked.first().map(String::as_str), Some(contoso), "{asked:?}");
    // Paid: the next run has nothing to tell.
    let again = stage.run(&["apply"]).await;
    assert_eq!((again.code, again.stderr.contains("recovered")), (3, false), "{}", again.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_recovers_what_a_killed_run_left_in_the_middle_of_a_step() {
    let stage = Stage::drifted().await;
    stage.configure("backoff: 100ms", "backoff: 50ms, resync: 200ms");
    stage.configure(
        "settle: 10m, firstSettle: 10m",
        "usersPerTenant: 1, settle: 1s, firstSettle: 1s",
    );
    killed(&stage, late(Route::Disable), "disableCalling", 1).await;
    let mut service = stage.start(&["run", "--output", "json"]);
    let nothing_left = || {
        stage
            .text("stdout")
            .lines()
            .any(|line| line.contains("\"outcome\":\"accepted\",\"reason\":null,\"until\":null"))
    };
    service.until("the sync that was owed", nothing_left).await;
    let log = service.text("stderr");
    assert!(
        log.contains("recovered: a sync owed since ")
            && log.contains("1 step cut off before an outcome was on record"),
        "{log}"
    );
    let line = service
        .text("stdout")
        .lines()
        .find(|line| line.contains("\"kind\":\"Recovered\""))
        .map(str::to_owned);
    let line: Value = serde_json::from_str(&line.expect("a line")).unwrap();
    assert_eq!((&line["version"], &line["recovered"]["cutOff"]), (&1.into(), &1.into()), "{line}");
    assert_eq!(service.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_ends_with_five_until_it_is_decided() {
    let stage = Stage::drifted().await;
    stage.configure("settle: 10m, firstSettle: 10m", "settle: 1h, firstSettle: 1h");
    stage.sandbox.faults(|faults| {
        faults.visible_after_ms = 3_600_000;
        faults.rules.push(FaultRule::new(InjectedFault::Lost).on(Route::Disable).times(1));
    });
    let ended = stage.run(&["apply"]).await;
    assert_eq!(ended.code, 5, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("1 lost answer"), "{}", ended.stdout);
    let ended = stage.run(&["apply"]).await;
    assert_eq!(
        ended.code, 5,
        "nothing was sent, and nobody knows more: {}{}",
        ended.stdout, ended.stderr
    );
    assert!(ended.stderr.contains("1 step whose answer was lost"), "{}", ended.stderr);
    let plan: Value =
        serde_json::from_str(&stage.run(&["plan", "--output", "json"]).await.stdout).unwrap();
    let undecided: Vec<&Value> = plan["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|tenant| tenant["undecided"].as_array().unwrap())
        .collect();
    assert_eq!(undecided.len(), 1, "{plan:#}");
    // The list shows it: decided, and synced once more, because the last one may have come too
    // early.
    stage.sandbox.world(|world| {
        for user in world.tenants.values_mut().flat_map(|tenant| tenant.users.values_mut()) {
            *user = dialplane::sandbox::User::new(user.calling, user.stored.clone());
        }
    });
    let syncs = || stage.writes().iter().filter(|path| path.contains("syncTeams")).count();
    let before = (stage.writes().len(), syncs());
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    assert_eq!((stage.writes().len(), syncs()), (before.0 + 1, before.1 + 1));
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    assert_eq!(syncs(), before.1 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_waits_ends_with_four_and_says_until_when() {
    let stage = Stage::drifted().await;
    stage.configure("syncSpacing: 0s", "syncSpacing: 1h");
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    fs::write(
        stage.manifest(),
        fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1),
    )
    .unwrap();
    let before = stage.writes().len();
    let ended = stage.run(&["apply"]).await;
    assert_eq!(ended.code, 4, "{}{}", ended.stdout, ended.stderr);
    for words in [
        "steps accepted, sync waits",
        "sync: waits until ",
        "0 syncs accepted, 1 sync waiting",
        "run `dialplane apply` again",
    ] {
        assert!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    let written = stage.writes().split_off(before);
    assert!(
        !written.is_empty() && written.iter().all(|path| path.contains("updateUserDetails")),
        "{written:?}"
    );
    let again = stage.run(&["apply", "--output", "json"]).await;
    let report: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!(
        (again.code, &report["tenants"][0]["sync"]["outcome"]),
        (4, &"waits".into()),
        "{report:#}"
    );
    assert!(report["tenants"][0]["sync"]["until"].is_string());
    assert_eq!(stage.writes().len(), before + written.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_comes_back_for_a_sync_that_waits() {
    let stage = Stage::drifted().await;
    stage.configure("syncSpacing: 0s", "syncSpacing: 2s");
    let mut service = stage.start(&["run"]);
    let calls = |what: &str| stage.writes().iter().filter(|path| path.contains(what)).count();
    service.until("the first syncs", || calls("syncTeams") >= 2).await;
    let waits = || stage.text("stdout").contains("sync waits");
    // An edit whose sync comes at once, because the machine was slow, is followed by another one.
    for voicemail in ["false", "true"].into_iter().cycle() {
        let done = (calls("updateUserDetails"), calls("syncTeams"));
        let edited = format!("useTeamsVoicemail: {voicemail}");
        fs::write(stage.manifest(), fleet().replacen("useTeamsVoicemail: true", &edited, 1))
            .unwrap();
        service
            .until("the edit", || {
                calls("updateUserDetails") > done.0 && (waits() || calls("syncTeams") > done.1)
            })
            .await;
        if waits() {
            break;
        }
    }
    let syncs = calls("syncTeams");
    // Resync is a quarter of an hour away: it is the sync that brings the service back.
    service.until("the sync", || calls("syncTeams") > syncs).await;
    assert_eq!(service.stop().await, Some(0));
}

/// Waits for a process that is to end by itself.
async fn ended(service: &mut Running) -> Option<i32> {
    for _ in 0..3_000 {
        if let Some(status) = service.child.try_wait().unwrap() {
            return status.code();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it goes on: {}", service.text("stderr"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_journal_is_taken_away_stops_and_the_loss_is_told_from_then_on() {
    let stage = Stage::drifted().await;
    let state = stage.path().join(".dialplane/sandbox");
    stage.configure("backoff: 100ms", "backoff: 50ms, resync: 200ms");
    // A number that moves between tenants takes two runs. Afterwards the service finds nothing to
    // do, so that no call is under way.
    for _ in 0..2 {
        stage.run(&["apply"]).await;
    }
    assert_eq!(stage.run(&["plan"]).await.code, 3, "nothing is left to do but what is held");
    let mut service = stage.start(&["run"]);
    service.until("the first look", || stage.text("stderr").contains("manifests taken")).await;
    let before = stage.writes().len();
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        fs::remove_file(state.join(name)).unwrap();
    }
    // Not even an edit is carried out.
    fs::write(
        stage.manifest(),
        fleet().replace("useTeamsVoicemail: true", "useTeamsVoicemail: false"),
    )
    .unwrap();
    assert_eq!(ended(&mut service).await, Some(1));
    let said = service.text("stderr");
    assert!(
        said.contains("the journal was taken away while dialplane was using it: ")
            && said.contains("journal.db was deleted"),
        "{said}"
    );
    assert!(said.contains("hint: nothing more was sent"), "{said}");
    assert_eq!(stage.writes().len(), before, "it wrote what is on no record");
    for arguments in [
        &["plan"][..],
        &["apply"],
        &["run"],
        &["history"],
        &["why", "user1@adatum.example"],
        &["journal", "check"],
    ] {
        let refused = stage.run(arguments).await;
        assert_eq!(refused.code, 1, "{arguments:?}: {}", refused.stdout);
        assert!(
            refused.stderr.contains("the journal is gone or empty")
                && refused.stderr.contains("journal accept"),
            "{}",
            refused.stderr
        );
    }
    let accepted = stage.run(&["journal", "accept"]).await;
    assert!(
        accepted.code == 0 && accepted.stderr.contains("a new one begins"),
        "{}",
        accepted.stderr
    );
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    assert_eq!(stage.run(&["plan"]).await.code, 3, "nothing is left to do but what is held");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_the_journal_is_not_acted_on() {
    let stage = Stage::drifted().await;
    let journal = stage.path().join(".dialplane/sandbox/journal.db");
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    let older = fs::read(&journal).unwrap();
    fs::write(
        stage.manifest(),
        fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1),
    )
    .unwrap();
    // What the newer one knows alone: a sync is owed.
    stage
        .sandbox
        .faults(|faults| faults.rules.push(FaultRule::new(InjectedFault::Server).on(Route::Sync)));
    assert_eq!(stage.run(&["apply"]).await.code, 4);
    stage.sandbox.faults(|faults| faults.rules.clear());
    let newest = fs::read(&journal).unwrap();
    fs::write(&journal, &older).unwrap();
    let before = stage.writes().len();
    for arguments in [&["plan"][..], &["apply"], &["journal", "check"]] {
        let refused = stage.run(arguments).await;
        assert_eq!(refused.code, 1, "{arguments:?}: {}", refused.stdout);
        assert!(refused.stderr.contains("it is an older copy, or was cut"), "{}", refused.stderr);
    }
    assert_eq!(stage.writes().len(), before);
    fs::write(&journal, &newest).unwrap();
    let paid = stage.run(&["apply"]).await;
    assert!(
        paid.code == 3 && paid.stdout.contains("1 sync accepted"),
        "{}{}",
        paid.stdout,
        paid.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_meets_another_one_asks_whether_another_dialplane_is_at_work() {
    let stage = Stage::drifted().await;
    stage.sandbox.faults(|faults| faults.sync_takes_ms = 3_600_000);
    assert_eq!(stage.run(&["apply"]).await.code, 3, "one that is alone is asked nothing");
    // The same tenants, the same account, a state of its own.
    let config = fs::read_to_string(stage.path().join("dialplane.yaml")).unwrap();
    fs::write(
        stage.path().join("other.yaml"),
        config.replace(".dialplane/sandbox", ".dialplane/other"),
    )
    .unwrap();
    fs::write(
        stage.manifest(),
        fleet().replacen("useTeamsVoicemail: true", "useTeamsVoicemail: false", 1),
    )
    .unwrap();
    let other = stage.run(&["--config", "other.yaml", "apply"]).await;
    assert_eq!(other.code, 4, "{}{}", other.stdout, other.stderr);
    assert!(
        other.stdout.contains("another dialplane with a state of its own?"),
        "{}",
        other.stdout
    );
    assert!(
        stage.run(&["--config", "other.yaml", "plan"]).await.stdout.contains("sync"),
        "it stays owed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_the_journal_that_is_accepted_owes_each_tenant_one_sync() {
    let stage = Stage::drifted().await;
    assert_eq!(stage.run(&["apply"]).await.code, 3);
    let journal = stage.path().join(".dialplane/sandbox/journal.db");
    let older = fs::read(&journal).unwrap();
    let change = fleet().replace("sbcGatewayId: 805", "sbcGatewayId: 805, userTag: sales");
    let change =
        change.replace("prune: never", "prune: never\n  limits: { changes: { percent: 100 } }");
    fs::write(stage.manifest(), change).unwrap();
    let ended = stage.run(&["apply"]).await;
    assert!(ended.stdout.contains("update"), "{}{}", ended.stdout, ended.stderr);
    fs::write(&journal, older).unwrap();
    let refused = stage.run(&["plan"]).await;
    assert!(refused.stderr.contains("dialplane journal accept"), "{}", refused.stderr);
    let accepted = stage.run(&["journal", "accept"]).await;
    assert!(accepted.stderr.contains("each tenant owes a sync"), "{}", accepted.stderr);
    let plan: Value =
        serde_json::from_str(&stage.run(&["plan", "--output", "json"]).await.stdout).unwrap();
    for tenant in 0..3 {
        assert_eq!(plan["tenants"][tenant]["sync"], "owed", "{plan:#}");
    }
    let syncs = || stage.writes().iter().filter(|path| path.contains("syncTeams")).count();
    let before = (syncs(), stage.writes().len());
    stage.run(&["apply"]).await;
    // Of two tenants; the third does not consent.
    assert_eq!((syncs() - before.0, stage.writes().len() - before.1), (2, 2));
    stage.run(&["apply"]).await;
    assert_eq!(syncs() - before.0, 2, "once");
    assert_eq!(stage.run(&["journal", "check"]).await.code, 0);
}

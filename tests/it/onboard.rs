//! Onboarding over a socket: who is set up, who is not, and what is said of it.

use std::fs;

use dialplane::{
    model::{Calling, Field, Value, WritePath},
    plan::{ProblemKind, SyncPlan},
    sandbox::{InjectedFault, Route, User, World},
};

use crate::{
    filters::plain,
    secrets::kept,
    stage::Stage,
    support::{House, contoso, number, of, on, runnable, store, stranger, switch, text, upn, user},
};

const SPEC: &str = "writes: configureUser, limits: { disable: { percent: 100 } }, \
    defaults: { sbcGatewayId: 805, pbxLocation: \"7\", onboard: true }";
const ADELE: &str = "adele@contoso.com";
const WISH: &str = "adele enabled +14255550100 pbxUserId=a17";

/// Adele is licensed and listed, and not set up; bert is.
fn new_hire(world: &mut World) {
    *user(world, "adele") = User::not_set_up();
}

async fn house(wish: &str, change: impl FnOnce(&mut World)) -> House {
    House::open(&contoso(SPEC, &[wish, "bert enabled +14255550101 pbxUserId=b"]), change).await
}

#[tokio::test]
async fn somebody_whom_the_list_shows_without_set_up_is_set_up() {
    let house = house(WISH, new_hire).await;
    let plan = house.plan().await;
    insta::assert_snapshot!(text(&plan));
    let calls = house.pass().await;
    assert_eq!(calls, ["configure adele@contoso.com", "enable adele@contoso.com", "sync contoso"]);
    let adele = house.user(ADELE);
    assert_eq!((adele.calling, adele.set_up), (Calling::Enabled, true));
    assert_eq!(adele.stored.get(Field::PhoneNumber), Some(&number("+14255550100")));
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert_eq!(of(&plan, "contoso").sync, SyncPlan::NotNeeded);
}

#[tokio::test]
async fn whom_setting_up_again_and_again_does_not_help_is_told_and_left() {
    let at_once = |settings: &mut dialplane::config::Settings| {
        settings.execution.settle = std::time::Duration::ZERO;
        settings.execution.first_settle = std::time::Duration::ZERO;
    };
    let house = House::configured(&contoso(SPEC, &[WISH]), at_once, new_hire).await;
    for round in 0..3 {
        assert_eq!(house.pass().await.len(), 3, "{round}: configure, enable, sync");
        house.sandbox.world(new_hire);
    }
    let plan = house.plan().await;
    assert_eq!(runnable(&plan), [], "{}", text(&plan));
    let [problem] = &of(&plan, "contoso").remarks.problems[..] else { panic!("{}", text(&plan)) };
    assert!(matches!(&problem.kind, ProblemKind::NoEffect(all) if all.len() > 1), "{problem:?}");
    assert_eq!(house.pass().await, [""; 0]);
}

#[tokio::test]
async fn whoever_is_merely_not_visible_is_a_problem_and_never_a_step() {
    for change in [hide as fn(&mut World), remove] {
        let house = house(WISH, change).await;
        let plan = house.plan().await;
        assert!(runnable(&plan).is_empty(), "{}", text(&plan));
        assert_eq!(of(&plan, "contoso").remarks.problems[0].kind, ProblemKind::NotVisible);
    }
    // Nor is somebody who is not to be.
    let spec = SPEC.replace(", onboard: true", "");
    let house = House::open(&contoso(&spec, &[WISH]), new_hire).await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert_eq!(of(&plan, "contoso").remarks.problems[0].kind, ProblemKind::NotVisible);
}

fn hide(world: &mut World) {
    user(world, "adele").hidden = true;
}

fn remove(world: &mut World) {
    let (id, _) = world.tenants.iter().next().unwrap();
    let id = id.clone();
    world.tenants.get_mut(&id).unwrap().users.remove(&upn(ADELE));
}

#[tokio::test]
async fn teams_may_be_the_directory() {
    let spec = format!("{SPEC}, confirm: graph");
    let manifests = contoso(&spec, &[WISH, "bert enabled pbxUserId=b"]);
    // Hidden from the service; Teams shows everybody.
    let house = House::open(&manifests, |world| {
        *user(world, "adele") = User::not_set_up();
        hide(world);
    })
    .await;
    let plan = house.plan().await;
    assert_eq!(runnable(&plan)[0], ("configure".to_owned(), ADELE.to_owned()), "{}", text(&plan));
    // A list that may be cut short proves nothing.
    house.fault(on(InjectedFault::ShortList, Route::ListUsers));
    let plan = house.plan().await;
    let others = |step: &dialplane::plan::Step| step.user != upn(ADELE);
    assert!(of(&plan, "contoso").steps.iter().all(others), "no step, not even a held one");
    house.no_faults();
    // Who has calling in Teams has it from elsewhere.
    house.sandbox.world(|world| {
        switch(world, "adele", Calling::Enabled);
        store(world, "adele", Field::PhoneNumber, number("+14255550177"));
        hide(world);
    });
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("it comes from elsewhere"), "{}", text(&plan));
}

#[tokio::test]
async fn nobody_is_set_up_who_is_not_complete_or_not_to_have_calling() {
    let house = house("adele enabled +14255550100", new_hire).await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert_eq!(
        of(&plan, "contoso").remarks.problems[0].kind,
        ProblemKind::PbxMissing(WritePath::ConfigureUser, Field::PbxUserId)
    );
    let house = self::house("adele disabled pbxUserId=a17", new_hire).await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty() && of(&plan, "contoso").remarks.problems.is_empty());
}

#[tokio::test]
async fn a_number_that_somebody_keeps_is_not_given_to_a_new_hire() {
    let wish = "adele enabled +14255550101 pbxUserId=a17";
    let house = House::open(&contoso(SPEC, &[wish]), |world| {
        new_hire(world);
        let number = (Field::PhoneNumber, number("+14255550101"));
        stranger(world, "contoso", "bert@contoso.com", Calling::Enabled, &[number]);
    })
    .await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("number-taken"), "{}", text(&plan));
}

#[tokio::test]
async fn a_lost_answer_freezes_a_new_hire_until_a_list_shows_what_became_of_it() {
    let house = house(WISH, new_hire).await;
    house.sandbox.faults(|faults| faults.visible_after_ms = 3_600_000);
    house.fault(on(InjectedFault::Lost, Route::Configure).times(1));
    assert_eq!(house.pass().await[0], "configure adele@contoso.com: no answer");
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("the answer to the configure of"), "{}", text(&plan));
    // Not carried out, for all that is shown by then: it is sent again.
    assert_eq!(runnable(&house.plan_in(25).await)[0].0, "configure");
    // It was.
    house.show_all();
    let calls = house.pass().await;
    assert_eq!(calls, ["enable adele@contoso.com", "sync contoso"]);
}

#[tokio::test]
async fn what_is_accepted_has_time_to_become_visible() {
    let house = house(WISH, new_hire).await;
    house.sandbox.faults(|faults| faults.visible_after_ms = 3_600_000);
    assert_eq!(house.pass().await.len(), 3);
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert_eq!(runnable(&house.plan_in(25).await).len(), 2);
}

#[tokio::test]
async fn who_was_set_up_before_is_not_set_up_again() {
    let house = house(WISH, |_| {}).await;
    house.pass().await;
    house.sandbox.world(new_hire);
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("somebody has taken that back"), "{}", text(&plan));
}

/// A stage on which adele is to be set up, with passwords.
async fn stage() -> Stage {
    let spec = SPEC.replace("onboard: true", "onboard: true, secretsFrom: pbx");
    let manifests = contoso(&spec, &[WISH, "bert enabled +14255550101 pbxUserId=b"]);
    let stage = Stage::with(manifests, |desired| {
        let mut world = World::from_desired(desired, 1);
        new_hire(&mut world);
        world
    })
    .await;
    let secrets = "  userSecrets:\n    pbx:\n      password: { file: \"secrets/{userPrincipalName}\" }\n      \
        portalPassword: { command: [printf, \"s3ntinel-portal-{userPrincipalName}\"] }\n  endpoints:\n";
    stage.configure("  endpoints:\n", secrets);
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_users_are_in_nothing_that_is_told_or_kept() {
    let stage = stage().await;
    let refused = stage.run(&["apply"]).await;
    assert!(refused.stdout.contains("no password could be had"), "{}", refused.stdout);
    assert!(stage.sandbox.writes().iter().all(|call| call.user.is_none()), "nothing was sent");
    fs::create_dir(stage.path().join("secrets")).unwrap();
    fs::write(stage.path().join("secrets").join(ADELE), "s3ntinel-sip").unwrap();
    // The service repeats what it was sent.
    stage.sandbox.faults(|faults| {
        faults.words = Some(format!("bad: s3ntinel-sip, s3ntinel-portal-{ADELE}"));
        faults.rules.push(on(InjectedFault::Refused, Route::Configure).times(1));
    });
    let mut told = Vec::new();
    let commands: [&[&str]; 9] = [
        &["plan"],
        &["plan", "--output", "json"],
        &["plan", "--output", "markdown"],
        &["apply"],
        &["apply", "--output", "json"],
        &["history"],
        &["why", ADELE],
        &["journal", "export"],
        &["observe", "--out", "live.json"],
    ];
    for arguments in commands {
        let mut command = crate::stage::dialplane(stage.path(), arguments);
        command.env("DIALPLANE_LOG", "trace");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        told.push(String::from_utf8_lossy(&output.stdout).into_owned());
        told.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let all = told.concat();
    assert!(all.contains("[redacted]"), "{all}");
    assert!(!all.contains("s3ntinel"), "{all}");
    for (name, bytes) in kept(stage.path(), &["dialplane.yaml"]) {
        // The source itself.
        let is_source = name == ADELE;
        assert!(is_source || !String::from_utf8_lossy(&bytes).contains("s3ntinel"), "{name}");
    }
    let calling = stage.sandbox.world(|world| user(world, ADELE).calling);
    assert_eq!(calling, Calling::Enabled, "set up at the second try");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_onboarding_is_undone_by_disabling_and_what_stays_is_told() {
    let stage = stage().await;
    fs::create_dir(stage.path().join("secrets")).unwrap();
    fs::write(stage.path().join("secrets").join(ADELE), "s3ntinel-sip").unwrap();
    let applied = stage.run(&["apply", "--output", "json"]).await;
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    let report: serde_json::Value = serde_json::from_str(&applied.stdout).unwrap();
    let run = report["tenants"][0]["run"].as_str().unwrap().to_owned();
    let shown = stage.run(&["undo", &run]).await;
    insta::assert_snapshot!(plain(&shown.stdout));
    let undone = stage.run(&["undo", &run, "--apply"]).await;
    let adele = stage.sandbox.world(|world| user(world, ADELE).clone());
    assert_eq!((adele.calling, adele.set_up), (Calling::Disabled, true), "{}", undone.stdout);
    assert_eq!(adele.stored.get(Field::PhoneNumber), Some(&number("+14255550100")));
    assert!(matches!(adele.stored.get(Field::PbxUserId), Some(Value::Text(_))));
}

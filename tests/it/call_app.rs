//! Users of the Call App over a socket (contract 5.5): who is set up and changed by `configureValetUser`,
//! and for whom nothing is sent because nothing is known.

mod switched;

use std::time::Duration;

use dialplane::{
    config::Settings,
    model::{Calling, Field, GatewayId, Value},
    plan::{Plan, ProblemKind, SyncPlan},
    sandbox::{InjectedFault, Route, User, World},
};

use crate::{
    snapshot::snapshot,
    stage::Stage,
    support::{House, NOTHING, contoso, number, of, on, runnable, store, switch, text, upn, user},
};

const SPEC: &str = "timeZone: UTC, limits: { disable: { percent: 100 } }, \
    defaults: { sbcGatewayId: 805, useTeamsVoicemail: true }";
const DORA: &str = "dora@contoso.com";
const CALL: &str = "/valet/configureValetUser";
/// Dora is to have the Call App; what defaults say of phones is not said of her.
const WISH: &str = "dora enabled +14255550100 service=callApp onboard=true sbcGatewayId=-1 \
    pbxLocation=\"7\" pbxUserId=d17 userTag=shop";

/// The same, and she has left.
const LEAVER: &str = "dora enabled +14255550100 service=callApp until=\"2020-01-01\"";

fn manifests(spec: &str, wish: &str) -> String {
    contoso(spec, &[wish, "bert enabled +14255550101"])
}

async fn house(change: impl FnOnce(&mut World)) -> House {
    House::open(&manifests(SPEC, WISH), change).await
}

/// Nothing is known that switches them.
fn without_calls(settings: &mut Settings) {
    let account = settings.connect_to_teams.as_mut().unwrap();
    account.endpoints.enable_call_app = None;
    account.endpoints.disable_call_app = None;
}

/// The list does not say who has the Call App.
fn untold(settings: &mut Settings) {
    let account = settings.connect_to_teams.as_mut().unwrap();
    account.endpoints.list_users.as_mut().unwrap().call_app = None;
}

fn not_set_up(world: &mut World) {
    *user(world, "dora") = User::not_set_up();
}

fn with_phone(world: &mut World) {
    let dora = user(world, "dora");
    dora.stored.set(Field::SbcGatewayId, crate::support::gateway(805));
    *dora = User::new(Calling::Enabled, dora.stored.clone());
}

fn with_call_app(world: &mut World) {
    let dora = user(world, "dora");
    *dora = User::with_call_app(Calling::Enabled, dora.stored.clone());
}

fn tagged(world: &mut World) {
    store(world, "dora", Field::UserTag, Value::Text("old".into()));
}

fn problems(plan: &Plan) -> Vec<ProblemKind> {
    of(plan, "contoso").remarks.problems.iter().map(|problem| problem.kind.clone()).collect()
}

/// What a world, the manifests and the settings lead to: the plan, what is sent, and the plan after it.
async fn told(house: &House) -> String {
    let plan = house.plan().await;
    let calls = house.pass().await;
    let sent: Vec<String> = calls.iter().map(|call| format!("  {call}\n")).collect();
    let after = house.plan().await;
    assert!(runnable(&after).is_empty(), "it does not come to rest: {}", text(&after));
    assert_eq!(of(&after, "contoso").sync, SyncPlan::NotNeeded);
    format!("{}\nsent:\n{}\nafter it:\n{}", text(&plan), sent.concat(), text(&after))
}

/// A world and settings, and what is wanted of dora.
struct Case {
    name: &'static str,
    wish: &'static str,
    change: fn(&mut World),
    configure: fn(&mut Settings),
}

impl Case {
    fn new(name: &'static str, wish: &'static str, change: fn(&mut World)) -> Self {
        Self { name, wish, change, configure: |_| {} }
    }
}

#[tokio::test]
async fn what_the_contract_says_is_done_and_the_rest_is_told() {
    let off = "dora disabled service=callApp";
    let phone = "dora enabled +14255550100";
    let incomplete = "dora enabled service=callApp onboard=true";
    let cases = [
        Case::new("set-up", WISH, not_set_up),
        Case::new("update", WISH, tagged),
        Case::new("phone-is-there", WISH, with_phone),
        Case::new("call-app-is-there", phone, with_call_app),
        Case {
            configure: without_calls,
            ..Case::new("to-be-disabled", off, |world| switch(world, "dora", Calling::Enabled))
        },
        Case {
            configure: without_calls,
            ..Case::new("switched-off", WISH, |world| switch(world, "dora", Calling::Disabled))
        },
        Case::new("disable", off, |world| switch(world, "dora", Calling::Enabled)),
        Case::new("enable", WISH, |world| switch(world, "dora", Calling::Disabled)),
        Case::new("update-and-enable", WISH, |world| {
            tagged(world);
            switch(world, "dora", Calling::Disabled);
        }),
        Case::new("until-is-over", LEAVER, |world| switch(world, "dora", Calling::Enabled)),
        Case { configure: untold, ..Case::new("list-does-not-say", WISH, tagged) },
        Case::new("not-visible", WISH, |world| user(world, "dora").hidden = true),
        Case::new("incomplete", incomplete, not_set_up),
    ];
    for Case { name, wish, change, configure } in cases {
        let house = House::configured(&manifests(SPEC, wish), configure, change).await;
        snapshot!(name, told(&house).await);
    }
}

#[tokio::test]
async fn they_are_set_up_by_their_own_call_and_have_what_is_known() {
    let house = house(not_set_up).await;
    assert_eq!(house.pass().await, ["configure dora@contoso.com", "sync contoso"]);
    let path = |call: &dialplane::sandbox::RecordedCall| call.path.clone();
    let paths: Vec<String> = house.sandbox.writes().iter().map(path).collect();
    assert_eq!(paths, [CALL, "/provisioning/syncTeamsRegistrations"]);
    let dora = house.user(DORA);
    assert!(dora.set_up && dora.call_app && dora.calling == Calling::Enabled);
    let stored = |field| dora.stored.get(field).cloned();
    assert_eq!(stored(Field::SbcGatewayId), Some(Value::Gateway(GatewayId::CALL_APP)));
    assert_eq!(stored(Field::UseTeamsVoicemail), Some(Value::Flag(false)));
    assert_eq!(stored(Field::UserType), Some(Value::Text("Service".into())));
    assert_eq!(stored(Field::PhoneNumber), Some(number("+14255550100")));
}

#[tokio::test]
async fn nobody_is_set_up_whose_service_would_not_show_later() {
    let house = House::configured(&manifests(SPEC, WISH), untold, not_set_up).await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert_eq!(problems(&plan), [ProblemKind::ServiceNotShown]);
    assert_eq!(house.pass().await, NOTHING);
}

#[tokio::test]
async fn the_gateway_of_the_call_app_protects_where_the_list_does_not_say() {
    // A phone is wanted, and the list shows a gateway that no phone has.
    let spec = format!("prune: disable, {SPEC}");
    for wish in ["dora enabled +14255550100", "dora disabled", "anna disabled"] {
        let manifests = manifests(&spec, wish);
        let house = House::configured(&manifests, untold, |world| {
            let stored = [(Field::SbcGatewayId, Value::Gateway(GatewayId::CALL_APP))];
            let dora = User::with_call_app(Calling::Enabled, stored.into_iter().collect());
            crate::support::tenant(world, "contoso").users.insert(upn(DORA), dora);
        })
        .await;
        let plan = house.plan().await;
        let steps = runnable(&plan);
        assert!(!steps.iter().any(|(_, user)| user == DORA), "{wish}: {}", text(&plan));
        let told = problems(&plan);
        let is_told = told
            .iter()
            .any(|kind| matches!(kind, ProblemKind::OtherService(_) | ProblemKind::NotSwitched(_)));
        assert!(is_told, "{wish}: {}", text(&plan));
    }
}

#[tokio::test]
async fn prune_disables_nobody_with_the_call_app_where_no_call_is_known() {
    let spec = format!("prune: disable, {SPEC}");
    let manifests = contoso(&spec, &["bert enabled +14255550101"]);
    let house = House::configured(&manifests, without_calls, |world| {
        let users = &mut crate::support::tenant(world, "contoso").users;
        let stored = users[&upn("bert@contoso.com")].stored.clone();
        let stored = stored.iter().filter(|(field, _)| *field != Field::PhoneNumber);
        let stored = stored.map(|(field, value)| (field, value.clone())).collect();
        users.insert(upn(DORA), User::with_call_app(Calling::Enabled, stored));
    })
    .await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert_eq!(problems(&plan), [ProblemKind::NotSwitched(Calling::Disabled)]);
    assert_eq!(house.pass().await, NOTHING);
}

#[tokio::test]
async fn a_lost_answer_freezes_and_is_decided_by_a_look() {
    let house = house(not_set_up).await;
    house.sandbox.faults(|faults| faults.visible_after_ms = 3_600_000);
    house.fault(on(InjectedFault::Lost, Route::ConfigureCallApp).times(1));
    assert_eq!(house.pass().await[0], "configure dora@contoso.com: no answer");
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("the answer to the configure of"), "{}", text(&plan));
    house.show_all();
    assert_eq!(house.pass().await, ["sync contoso"], "it was carried out: only the sync is owed");
}

#[tokio::test]
async fn what_is_accepted_has_time_to_become_visible() {
    let house = house(not_set_up).await;
    house.sandbox.faults(|faults| faults.visible_after_ms = 3_600_000);
    assert_eq!(house.pass().await.len(), 2);
    assert!(runnable(&house.plan().await).is_empty());
    assert_eq!(runnable(&house.plan_in(25).await)[0].0, "configure");
}

#[tokio::test]
async fn teams_has_no_say_about_them() {
    let house = House::open(&manifests(&format!("confirm: graph, {SPEC}"), WISH), |_| {}).await;
    let plan = house.plan().await;
    assert_eq!(problems(&plan), [], "{}", text(&plan));
}

/// A stage on which dora has the Call App, or is to be set up with it.
async fn stage(change: fn(&mut World)) -> Stage {
    Stage::with(manifests(SPEC, WISH), |desired| {
        let mut world = World::from_desired(desired, 1);
        change(&mut world);
        world
    })
    .await
}

/// The run of an `apply`.
async fn applied(stage: &Stage) -> String {
    let applied = stage.run(&["apply", "--output", "json"]).await;
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    let report: serde_json::Value = serde_json::from_str(&applied.stdout).unwrap();
    report["tenants"][0]["run"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_undone_by_the_same_call() {
    let stage = stage(tagged).await;
    let run = applied(&stage).await;
    let undone = stage.run(&["undo", &run, "--apply"]).await;
    assert_eq!(undone.code, 0, "{}{}", undone.stdout, undone.stderr);
    let tag = |world: &mut World| user(world, "dora").stored.get(Field::UserTag).cloned();
    assert_eq!(stage.sandbox.world(tag), Some(Value::Text("old".into())));
    assert_eq!(stage.writes().iter().filter(|path| *path == CALL).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_is_undone_as_far_as_calling_goes() {
    let stage = stage(not_set_up).await;
    let run = applied(&stage).await;
    let shown = stage.run(&["undo", &run]).await;
    snapshot!(shown.stdout);
    let undone = stage.run(&["undo", &run, "--apply"]).await;
    assert!(stage.writes().iter().any(|path| path.contains("disableCallApp")), "{}", undone.stdout);
    let dora = stage.sandbox.world(|world| user(world, "dora").clone());
    assert!(dora.set_up && dora.calling == Calling::Disabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_is_not_undone_where_no_call_is_known_and_that_is_told() {
    let stage = stage(not_set_up).await;
    let off = "    disableCallApp: { path: \"/sandbox/disableCallApp/{userPrincipalName}\" }\n";
    stage.configure(off, "");
    let run = applied(&stage).await;
    let shown = stage.run(&["undo", &run]).await;
    snapshot!(shown.stdout);
    let before = stage.writes().len();
    stage.run(&["undo", &run, "--apply"]).await;
    assert_eq!(stage.writes().len(), before, "nothing is known that takes it back");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_set_up_it_ends_as_if_it_had_not_been() {
    let stage = stage(not_set_up).await;
    stage.configure("settle: 10m, firstSettle: 10m", "settle: 200ms, firstSettle: 200ms");
    stage.sandbox.faults(|faults| {
        let rule = on(InjectedFault::Late, Route::ConfigureCallApp).times(1);
        faults.rules.push(dialplane::sandbox::FaultRule { delay_ms: 60_000, ..rule });
    });
    let mut run = stage.start(&["apply"]);
    run.until("the set-up", || stage.writes().iter().any(|path| path == CALL)).await;
    run.child.kill().unwrap();
    run.child.wait().unwrap();
    let mut ended = stage.run(&["apply"]).await;
    for _ in 0..100 {
        if ended.code == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        ended = stage.run(&["apply"]).await;
    }
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(stage.writes().iter().filter(|path| *path == CALL).count(), 1, "not sent again");
    assert_eq!(crate::kill::unsynced(&stage), [""; 0], "a sync was lost");
    assert!(stage.sandbox.world(|world| user(world, "dora").call_app));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_of_the_call_app_is_made_only_when_it_is_meant() {
    let stage = stage(|_| {}).await;
    let account = upn("callappservice@contoso.com");
    let is_there = |stage: &Stage| {
        let has = |world: &mut World| world.users().any(|(_, upn, _)| *upn == account);
        stage.sandbox.world(has)
    };
    stage.sandbox.world(|world| {
        crate::support::tenant(world, "contoso").users.remove(&account);
    });
    let run = async |arguments: &[&str]| {
        let all = ["call-app", "service-account", "contoso"];
        let all: Vec<&str> = all.iter().chain(arguments).copied().collect();
        stage.run(&all).await
    };
    let silent = run(&[]).await;
    assert!(silent.code == 1 && silent.stderr.contains("--confirm contoso"), "{}", silent.stderr);
    let other = run(&["--confirm", "fabrikam"]).await;
    assert_eq!(
        (other.code, other.stderr.as_str()),
        (1, "error: `fabrikam` is not `contoso`: nothing was done\n")
    );
    stage.run(&["stop", "--reason", "a try"]).await;
    let stopped = run(&["--confirm", "contoso"]).await;
    assert!(stopped.code == 1 && !is_there(&stage), "{}", stopped.stderr);
    stage.run(&["resume"]).await;
    stage.sandbox.world(|world| crate::support::tenant(world, "contoso").consent_flag = false);
    let refused = run(&["--confirm", "contoso"]).await;
    assert!(refused.code == 1 && refused.stderr.contains("consent"), "{}", refused.stderr);
    assert_eq!(stage.writes(), [""; 0]);
    stage.sandbox.world(|world| crate::support::tenant(world, "contoso").consent_flag = true);
    let made = run(&["--confirm", "contoso"]).await;
    assert_eq!((made.code, is_there(&stage)), (0, true), "{}{}", made.stdout, made.stderr);
    assert_eq!(stage.writes(), ["/valet/configureValetServiceAccount"]);
    stage.sandbox.faults(|faults| {
        faults.rules.push(on(InjectedFault::Lost, Route::CallAppAccount));
    });
    let lost = run(&["--confirm", "contoso"]).await;
    assert!(lost.code == 1 && lost.stderr.contains("before you run this again"), "{}", lost.stderr);
    // Nothing else touches it.
    let applied = stage.run(&["apply"]).await;
    assert!(!applied.stdout.contains("callappservice"), "{}", applied.stdout);
    assert!(stage.sandbox.writes().iter().all(|call| call.user.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_whether_the_list_tells_them_apart() {
    let stage = stage(|_| {}).await;
    let fine = stage.run(&["doctor"]).await;
    assert!(fine.stdout.contains("1 user shown with it"), "{}", fine.stdout);
    stage.configure("      callApp: { at: /userService, values: [CALLAPP] }\n", "");
    let untold = stage.run(&["doctor"]).await;
    assert!(untold.stdout.contains("`listUsers.callApp`"), "{}", untold.stdout);
    // A place that no entry has says nothing either.
    let misspelt = "      callApp: { at: /userServise, values: [CALLAPP] }\n      fields:";
    stage.configure("      fields:", misspelt);
    let untold = stage.run(&["doctor"]).await;
    assert!(untold.stdout.contains("the list does not say who has it"), "{}", untold.stdout);
}

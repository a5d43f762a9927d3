//! The Call App of a user, switched on and off by calls that the settings name, since no public page
//! does.

use dialplane::{
    model::Calling,
    plan::ProblemKind,
    sandbox::{InjectedFault, Route, World},
};

use super::{DORA, SPEC, WISH, manifests, problems, tagged};
use crate::{
    stage::Stage,
    support::{House, NOTHING, contoso, on, runnable, switch, text},
};

#[tokio::test]
async fn a_call_that_the_settings_name_switches_them() {
    let off = manifests(SPEC, &WISH.replacen("enabled", "disabled", 1));
    let mut house = House::open(&off, |world| switch(world, "dora", Calling::Enabled)).await;
    assert_eq!(house.pass().await, ["disable dora@contoso.com", "sync contoso"]);
    assert_eq!(house.user(DORA).calling, Calling::Disabled);
    house.edit(&[("fleet.yaml", &manifests(SPEC, WISH))]);
    assert_eq!(house.pass().await, ["enable dora@contoso.com", "sync contoso"]);
    assert_eq!(house.user(DORA).calling, Calling::Enabled);
    let paths: Vec<String> = house.sandbox.writes().iter().map(|call| call.path.clone()).collect();
    let switches: Vec<&String> = paths.iter().filter(|path| path.contains("dora")).collect();
    assert_eq!(
        switches,
        ["/sandbox/disableCallApp/dora@contoso.com", "/sandbox/enableCallApp/dora@contoso.com"]
    );
}

#[tokio::test]
async fn one_known_call_is_no_proof_of_the_other() {
    let house = House::configured(
        &manifests(SPEC, WISH),
        |settings| {
            let account = settings.connect_to_teams.as_mut().unwrap();
            account.endpoints.enable_call_app = None;
        },
        |world| switch(world, "dora", Calling::Disabled),
    )
    .await;
    assert_eq!(problems(&house.plan().await), [ProblemKind::NotSwitched(Calling::Enabled)]);
    assert_eq!(house.pass().await, NOTHING);
}

#[tokio::test]
async fn guards_hold_a_switch_of_the_call_app_as_any_other() {
    let off = "dora disabled service=callApp";
    let limited = "limits: { disable: { count: 0 } }, defaults: { sbcGatewayId: 805 }";
    let protected = "limits: { disable: { percent: 100 } }, defaults: { sbcGatewayId: 805 }, \
        protect: [dora@contoso.com]";
    let shown = "mode: report, defaults: { sbcGatewayId: 805 }";
    for spec in [limited, protected, shown] {
        let enable = |world: &mut World| switch(world, "dora", Calling::Enabled);
        let house = House::open(&manifests(spec, off), enable).await;
        let plan = house.plan().await;
        assert!(text(&plan).contains("disable"), "{spec}: {}", text(&plan));
        assert!(runnable(&plan).is_empty(), "{spec}: {}", text(&plan));
        assert_eq!(house.pass().await, NOTHING, "{spec}");
    }
}

#[tokio::test]
async fn a_lost_switch_of_the_call_app_is_not_sent_again_blindly() {
    let off = manifests(SPEC, "dora disabled service=callApp");
    let house = House::open(&off, |world| switch(world, "dora", Calling::Enabled)).await;
    house.sandbox.faults(|faults| faults.visible_after_ms = 3_600_000);
    house.fault(on(InjectedFault::Lost, Route::DisableCallApp).times(1));
    assert_eq!(house.pass().await[0], "disable dora@contoso.com: no answer");
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    house.show_all();
    assert_eq!(house.pass().await, ["sync contoso"], "it was carried out: only the sync is owed");
}

#[tokio::test]
async fn prune_disables_the_call_app_by_its_own_call() {
    let spec = format!("prune: disable, {SPEC}");
    let bert = "bert enabled +14255550101";
    let mut house = House::open(&contoso(&spec, &[WISH, bert]), tagged).await;
    house.pass().await;
    house.edit(&[("fleet.yaml", &contoso(&spec, &[bert]))]);
    assert_eq!(house.pass().await, ["disable dora@contoso.com", "sync contoso"]);
    let last = house.sandbox.writes().into_iter().rfind(|call| call.path.contains("dora"));
    assert_eq!(last.unwrap().path, "/sandbox/disableCallApp/dora@contoso.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tells_ahead_that_nothing_takes_the_call_app_away() {
    let leaver = WISH.to_owned() + " until=\"2099-12-31\"";
    let manifests = manifests(SPEC, &leaver);
    let stage = Stage::with(manifests, |desired| World::from_desired(desired, 1)).await;
    let told = "`disableCallApp`";
    let fine = stage.run(&["doctor"]).await;
    assert!(!fine.stdout.contains(told), "{}", fine.stdout);
    stage.configure(
        "    disableCallApp: { path: \"/sandbox/disableCallApp/{userPrincipalName}\" }\n",
        "",
    );
    let warned = stage.run(&["doctor"]).await;
    assert!(warned.stdout.contains(told), "{}", warned.stdout);
    assert!(warned.stdout.contains("of 1 user with it"), "{}", warned.stdout);
    // Nor is one invented: the settings have to name the user and who authorises the call.
    stage.configure("    listUsers:\n", "    disableCallApp: { path: /off }\n    listUsers:\n");
    let wrong = stage.run(&["plan"]).await;
    assert!(wrong.code == 1 && wrong.stderr.contains("{userPrincipalName}"), "{}", wrong.stderr);
    stage.configure("{ path: /off }", "{ path: \"/delete/{userPrincipalName}\" }");
    let never = stage.run(&["plan"]).await;
    assert!(never.code == 1 && never.stderr.contains("delete"), "{}", never.stderr);
    assert_eq!(stage.writes(), [""; 0]);
}

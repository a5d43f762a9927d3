//! Details that are stored by `configureUser` (contract 5.3): with the same guards and the same
//! journal as by the other call, and without switching calling on by the way.

use dialplane::{
    config::{BodyFormat, Settings},
    model::{Calling, Field, Value},
    sandbox::{InjectedFault, Route, World},
};

use crate::{
    stage::Stage,
    support::{House, contoso, number, on, runnable, store, switch, text},
};

const SPEC: &str = "writes: configureUser, limits: { disable: { percent: 100 } }, \
    defaults: { sbcGatewayId: 805, pbxLocation: \"7\" }";

/// Adele with an old tag, and what she is wanted to have.
async fn house(wish: &str, configure: impl FnOnce(&mut Settings)) -> House {
    let wish = format!("adele {wish} pbxUserId=a17");
    House::configured(&contoso(SPEC, &[&wish]), configure, |world| {
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
    })
    .await
}

fn wrapped(settings: &mut Settings) {
    settings.connect_to_teams.as_mut().unwrap().endpoints.configure.body = BodyFormat::Wrapped;
}

fn tag(house: &House) -> Option<Value> {
    house.user("adele@contoso.com").stored.get(Field::UserTag).cloned()
}

#[tokio::test]
async fn details_are_stored_by_the_call_that_the_tenant_names() {
    let house = house("enabled userTag=sales", |_| {}).await;
    assert_eq!(house.pass().await, ["configure adele@contoso.com", "sync contoso"]);
    assert_eq!(tag(&house), Some(Value::Text("sales".into())));
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
}

#[tokio::test]
async fn a_number_moves_by_it_under_the_same_rules() {
    let users = ["adele enabled +14255550101 pbxUserId=a", "bert enabled +14255550100 pbxUserId=b"];
    let spec = format!("{SPEC}, numbers: {{ release: clear, parking: [\"+14255550199\"] }}");
    let house = House::open(&contoso(&spec, &users), |world| {
        store(world, "adele", Field::PhoneNumber, number("+14255550100"));
        store(world, "bert", Field::PhoneNumber, number("+14255550101"));
    })
    .await;
    let calls = house.pass().await;
    assert_eq!(calls.len(), 4, "parked, taken, taken, synced: {calls:?}");
    assert!(calls.iter().all(|call| !call.contains("HTTP")), "{calls:?}");
    let held = |user: &str| house.user(user).stored.get(Field::PhoneNumber).cloned();
    assert_eq!(held("adele@contoso.com"), Some(number("+14255550101")));
    assert_eq!(held("bert@contoso.com"), Some(number("+14255550100")));
}

#[tokio::test]
async fn a_number_of_somebody_without_calling_is_released_and_calling_stays_off() {
    for configure in [(|_| {}) as fn(&mut Settings), wrapped] {
        let wish = "adele disabled none pbxUserId=a17";
        let house = House::configured(&contoso(SPEC, &[wish]), configure, |world| {
            store(world, "adele", Field::PhoneNumber, number("+14255550100"));
            switch(world, "adele", Calling::Disabled);
        })
        .await;
        assert_eq!(house.pass().await, ["configure adele@contoso.com", "sync contoso"]);
        let user = house.user("adele@contoso.com");
        assert_eq!(user.calling, Calling::Disabled, "the call does not switch calling on");
        assert_eq!(user.stored.phone(), None);
    }
}

#[tokio::test]
async fn calling_is_switched_by_a_step_of_its_own_even_where_the_call_could() {
    let house = house("enabled userTag=sales", wrapped).await;
    house.sandbox.world(|world| switch(world, "adele", Calling::Disabled));
    house.fault(on(InjectedFault::Refused, Route::Enable));
    let calls = house.pass().await;
    assert_eq!(calls[..2], ["configure adele@contoso.com", "enable adele@contoso.com: HTTP 400"]);
    assert_eq!(house.user("adele@contoso.com").calling, Calling::Disabled);
}

#[tokio::test]
async fn who_authorises_the_call_goes_along_where_the_row_says_and_calling_is_on() {
    let house = house("enabled userTag=sales", wrapped).await;
    house.fault(on(InjectedFault::Refused, Route::Sync));
    house.pass().await;
    let pushed = house.user("adele@contoso.com").pushed.unwrap();
    assert_eq!(pushed.get(Field::UserTag), Some(&Value::Text("sales".into())), "without a sync");
    let house = self::house("enabled userTag=sales", |_| {}).await;
    house.fault(on(InjectedFault::Refused, Route::Sync));
    house.pass().await;
    let pushed = house.user("adele@contoso.com").pushed.unwrap();
    assert_eq!(pushed.get(Field::UserTag), Some(&Value::Text("old".into())), "stored, not pushed");
}

#[tokio::test]
async fn a_lost_answer_freezes_the_user_and_is_decided_by_a_look() {
    let house = house("enabled userTag=sales", |_| {}).await;
    house.sandbox.faults(|faults| faults.visible_after_ms = 3_600_000);
    house.fault(on(InjectedFault::Lost, Route::Configure).times(1));
    assert_eq!(house.pass().await[0], "configure adele@contoso.com: no answer");
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    assert!(text(&plan).contains("the answer to the update"), "{}", text(&plan));
    house.show_all();
    assert_eq!(house.pass().await, ["sync contoso"], "it was carried out: only the sync is owed");
}

#[tokio::test]
async fn who_the_user_is_at_the_pbx_must_be_known() {
    let house =
        House::open(&contoso("writes: configureUser", &["adele enabled userTag=x"]), |world| {
            store(world, "adele", Field::UserTag, Value::Text("old".into()));
        })
        .await;
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    insta::assert_snapshot!(text(&plan));
    // What the list shows serves as well.
    house.sandbox.world(|world: &mut World| {
        store(world, "adele", Field::PbxLocation, Value::Text("7".into()));
        store(world, "adele", Field::PbxUserId, Value::Text("a17".into()));
    });
    assert_eq!(house.pass().await, ["configure adele@contoso.com", "sync contoso"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_by_it_is_undone_by_it() {
    let manifests = contoso(SPEC, &["adele enabled userTag=sales pbxUserId=a17"]);
    let stage = Stage::with(manifests, |desired| {
        let mut world = World::from_desired(desired, 1);
        store(&mut world, "adele", Field::UserTag, Value::Text("old".into()));
        world
    })
    .await;
    let applied = stage.run(&["apply", "--output", "json"]).await;
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let report: serde_json::Value = serde_json::from_str(&applied.stdout).unwrap();
    let run = report["tenants"][0]["run"].as_str().unwrap();
    let undone = stage.run(&["undo", run, "--apply"]).await;
    assert_eq!(undone.code, 0, "{}{}", undone.stdout, undone.stderr);
    let tag = stage.sandbox.world(|world| {
        crate::support::user(world, "adele@contoso.com").stored.get(Field::UserTag).cloned()
    });
    assert_eq!(tag, Some(Value::Text("old".into())));
    let calls = stage.sandbox.writes();
    assert_eq!(calls.iter().filter(|call| call.path == "/enterprise/configureUser").count(), 2);
}

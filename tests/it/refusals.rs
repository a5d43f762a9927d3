//! What a "no" to a write is worth: whatever was done in spite of it is synced, and whoever is
//! refused for ever costs one sync.

use dialplane::{
    execute::{SyncOutcome, TenantReport},
    model::{Calling, Field, Value},
    plan::SyncPlan,
    sandbox::{FaultRule, InjectedFault, Route},
};

use crate::support::{House, NOTHING, contoso, of, on, runnable, store, switch, text};

/// A world in which this call for adele is all that is to be done.
async fn house(route: Route) -> House {
    let limits = "limits: { disable: { percent: 100 } }";
    let (spec, wish) = match route {
        Route::Update => ("", "adele enabled useTeamsVoicemail=true"),
        Route::Enable => ("", "adele enabled"),
        _ => (limits, "adele disabled"),
    };
    House::open(&contoso(spec, &[wish]), |world| match route {
        Route::Update => store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false)),
        Route::Enable => switch(world, "adele", Calling::Disabled),
        _ => switch(world, "adele", Calling::Enabled),
    })
    .await
}

const CALLS: [(&str, Route); 3] = [
    ("update adele@contoso.com", Route::Update),
    ("enable adele@contoso.com", Route::Enable),
    ("disable adele@contoso.com", Route::Disable),
];

async fn pass(house: &House) -> TenantReport {
    let plan = house.plan().await;
    house.apply(&plan).await.remove(0)
}

/// Passes until nothing is to be done any more.
async fn rest(house: &House) {
    for _ in 0..4 {
        let plan = house.plan().await;
        if runnable(&plan).is_empty() && of(&plan, "contoso").sync == SyncPlan::NotNeeded {
            return;
        }
        house.apply(&plan).await;
    }
    panic!("it does not come to rest: {:?}", house.writes());
}

#[tokio::test]
async fn what_was_done_in_spite_of_its_answer_is_synced() {
    let statuses =
        [400, 404, 405, 408, 409, 410, 418, 421, 422, 424, 425, 429, 440, 444, 460, 494, 499];
    let refused = statuses
        .iter()
        .filter(|status| **status != 429)
        .map(|status| on(InjectedFault::RefusedAfter, Route::Update).status(*status));
    let pages = [400, 403, 404, 408, 502]
        .map(|status| on(InjectedFault::PageAfter, Route::Update).status(status));
    let others = [
        InjectedFault::ErrorInsideAfter,
        InjectedFault::Text,
        InjectedFault::ServerAfter,
        InjectedFault::Lost,
    ]
    .map(|fault| on(fault, Route::Update));
    for rule in refused.chain(pages).chain(others) {
        for (write, route) in CALLS {
            let house = house(route).await;
            let rule = FaultRule { route: Some(route), ..rule.clone() }.times(1);
            house.fault(rule.clone());
            pass(&house).await;
            rest(&house).await;
            let writes = house.writes();
            let sent = writes.iter().filter(|sent| sent.starts_with(write)).count();
            assert_eq!(sent, 1, "{rule:?}: {writes:?}");
            assert!(
                writes.last().is_some_and(|last| last == "sync contoso"),
                "{rule:?}: {writes:?}"
            );
            assert!((1..=2).contains(&house.syncs("contoso")), "{rule:?}: {writes:?}");
        }
    }
}

/// 401, 403 and 429 say that nothing was begun. If that is not so, a list tells.
#[tokio::test]
async fn a_refusal_to_begin_that_was_not_true_is_synced_when_a_list_shows_it() {
    for status in [401, 403] {
        for (_, route) in CALLS {
            let house = house(route).await;
            house.fault(on(InjectedFault::RefusedAfter, route).status(status).times(2));
            let report = pass(&house).await;
            assert_eq!(
                (&report.sync, house.syncs("contoso")),
                (&SyncOutcome::NotNeeded, 0),
                "{status} {route:?}"
            );
            rest(&house).await;
            assert_eq!(house.syncs("contoso"), 1, "{status} {route:?}: {:?}", house.writes());
        }
    }
}

#[tokio::test]
async fn who_is_refused_for_ever_costs_one_sync() {
    for (_, route) in CALLS {
        let house = house(route).await;
        house.fault(on(InjectedFault::Refused, route));
        let report = pass(&house).await;
        assert_eq!(report.sync, SyncOutcome::Accepted, "a refusal is not always true");
        for _ in 0..3 {
            let report = pass(&house).await;
            assert_eq!(
                (report.sync, house.syncs("contoso")),
                (SyncOutcome::NotNeeded, 1),
                "{:?}",
                house.writes()
            );
        }
        // At last it is taken, and synced.
        house.no_faults();
        assert!(pass(&house).await.is_complete());
        assert_eq!(house.syncs("contoso"), 2);
        rest(&house).await;
        assert_eq!(house.syncs("contoso"), 2);
    }
}

#[tokio::test]
async fn who_is_refused_at_last_in_spite_of_being_done_is_synced_then() {
    for (_, route) in CALLS {
        let house = house(route).await;
        house.fault(on(InjectedFault::Refused, route).times(2));
        house.fault(on(InjectedFault::RefusedAfter, route));
        pass(&house).await;
        pass(&house).await;
        assert_eq!(house.syncs("contoso"), 1);
        pass(&house).await;
        assert_eq!(house.syncs("contoso"), 1, "the same refusal for the third time");
        let plan = house.plan().await;
        assert!(matches!(of(&plan, "contoso").sync, SyncPlan::Again(_)), "{}", text(&plan));
        house.apply(&plan).await;
        assert_eq!(house.syncs("contoso"), 2);
        rest(&house).await;
        assert_eq!(house.syncs("contoso"), 2);
    }
}

/// What no list shows is known by its being no longer wanted.
#[tokio::test]
async fn who_is_no_longer_wanted_after_refusals_is_synced_once() {
    let manifests = |users: &[&str]| contoso("", users);
    let mut house = House::configured(
        &manifests(&["adele enabled userTag=new"]),
        |settings| {
            let row =
                settings.connect_to_teams.as_mut().unwrap().endpoints.list_users.as_mut().unwrap();
            row.fields.remove("userTag");
        },
        |world| store(world, "adele", Field::UserTag, Value::Text("old".into())),
    )
    .await;
    house.fault(on(InjectedFault::Refused, Route::Update).times(1));
    house.fault(on(InjectedFault::RefusedAfter, Route::Update));
    for _ in 0..3 {
        pass(&house).await;
        assert_eq!(house.syncs("contoso"), 1);
    }
    house.edit(&[("fleet.yaml", &manifests(&["adele enabled"]))]);
    let plan = house.plan().await;
    assert!(runnable(&plan).is_empty(), "{}", text(&plan));
    house.apply(&plan).await;
    assert_eq!(house.syncs("contoso"), 2);
    rest(&house).await;
    assert_eq!(house.syncs("contoso"), 2);
}

#[tokio::test]
async fn what_was_never_sent_owes_nothing() {
    let house = House::open(&contoso("", &["adele enabled"]), |world| {
        switch(world, "adele", Calling::Disabled);
    })
    .await;
    let plan = house.plan().await;
    let report = house.apply_with(&plan, &house.client.writer(), &house.journal).await;
    assert!(report[0].is_complete());
    house.sandbox.world(|world| switch(world, "adele", Calling::Disabled));
    house.stop.cancel();
    let before = house.writes().len();
    let report = pass(&house).await;
    assert_eq!((report.sync, &house.writes()[before..]), (SyncOutcome::NotNeeded, &NOTHING[..]));
}

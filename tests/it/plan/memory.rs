//! What is remembered: a sync that is owed, writes that are not visible yet, answers that were
//! lost.

use dialplane::{
    model::{Calling, Field, Value},
    sandbox::{InjectedFault, Route},
};

use super::{carry_out, done};
use crate::snapshot::snapshot;
use crate::support::{House, contoso, number, of, on, runnable, store, stranger, switch, text};

const HOUR: u64 = 3_600_000;

#[tokio::test]
async fn a_sync_that_is_owed_is_sent_once_and_nothing_else() {
    let house = House::open(&contoso("", &["adele enabled"]), |world| {
        switch(world, "adele", Calling::Disabled);
    })
    .await;
    house.fault(on(InjectedFault::Server, Route::Sync).times(1));
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["enable adele@contoso.com", "sync contoso: HTTP 500"]
    );
    let plan = house.plan().await;
    snapshot!(text(&plan));
    assert_eq!(carry_out(&house, &plan).await, ["sync contoso"]);
    done(&house, &house.plan().await).await;
    assert_eq!(house.syncs("contoso"), 1);
}

#[tokio::test]
async fn a_sync_that_is_owed_does_not_wait_for_a_user_who_is_always_refused() {
    let house = House::open(
        &contoso("", &["adele enabled", "bert enabled useTeamsVoicemail=true"]),
        |world| {
            switch(world, "adele", Calling::Disabled);
            store(world, "bert", Field::UseTeamsVoicemail, Value::Flag(false));
        },
    )
    .await;
    house.fault(on(InjectedFault::Refused, Route::Update).user("bert@contoso.com"));
    house.fault(on(InjectedFault::Server, Route::Sync).times(1));
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    assert_eq!(house.syncs("contoso"), 0);
    let plan = house.plan().await;
    snapshot!(text(&plan));
    assert_eq!(
        carry_out(&house, &plan).await,
        ["update bert@contoso.com: HTTP 400", "sync contoso"]
    );
    // Paid: from here on, a refused step alone asks for no sync.
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update bert@contoso.com: HTTP 400"]);
}

#[tokio::test]
async fn a_write_has_time_to_become_visible() {
    let manifests = contoso(
        "limits: { disable: { percent: 100 } }",
        &[
            "adele enabled useTeamsVoicemail=true",
            "bert disabled",
            "carl enabled",
            "dora enabled +14255550104",
            "eric enabled none",
        ],
    );
    let house = House::open(&manifests, |world| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
        switch(world, "bert", Calling::Enabled);
        switch(world, "carl", Calling::Disabled);
        store(world, "dora", Field::PhoneNumber, Value::NoPhone);
        store(world, "eric", Field::PhoneNumber, number("+14255550104"));
    })
    .await;
    house.sandbox.faults(|faults| faults.visible_after_ms = HOUR);
    let plan = house.plan().await;
    let calls = carry_out(&house, &plan).await;
    assert_eq!(calls.len(), 6, "{calls:?}");
    // Nothing of it is shown yet, and nothing is sent again.
    let plan = house.plan().await;
    snapshot!("at_once", text(&plan));
    done(&house, &plan).await;
    done(&house, &house.plan_in(23).await).await;
    // After its time it counts as not landed, and is sent again.
    let late = house.plan_in(25).await;
    snapshot!("after_its_time", text(&late));
    assert_eq!(runnable(&late).len(), 5, "{}", text(&late));
    // Once it is shown, it is a fact; a difference after that is drift at once.
    house.show_all();
    house.sandbox.faults(|faults| faults.visible_after_ms = 0);
    done(&house, &house.plan().await).await;
    house
        .sandbox
        .world(|world| store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false)));
    let plan = house.plan().await;
    assert_eq!(runnable(&plan), [("update".to_owned(), "adele@contoso.com".to_owned())]);
    assert!(of(&plan, "contoso").steps[0].changes[0].did_not_land.is_none(), "{}", text(&plan));
}

#[tokio::test]
async fn a_changed_wish_does_not_wait() {
    let manifests = |tag: &str| contoso("", &[&format!("adele enabled userTag={tag}")]);
    let mut house = House::open(&manifests("sales"), |world| {
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
    })
    .await;
    house.sandbox.faults(|faults| faults.visible_after_ms = HOUR);
    let plan = house.plan().await;
    carry_out(&house, &plan).await;
    house.edit(&[("fleet.yaml", &manifests("support"))]);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn an_update_does_not_bring_back_what_lists_still_show() {
    let mut house = House::open(&contoso("", &["adele enabled userTag=new"]), |world| {
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    house.sandbox.faults(|faults| faults.visible_after_ms = HOUR);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    // The tag is nobody's wish any more, and an update says everything that is known of its user.
    house.edit(&[("fleet.yaml", &contoso("", &["adele enabled useTeamsVoicemail=true"]))]);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    let stored = house.user("adele").stored;
    assert_eq!(stored.get(Field::UserTag), Some(&Value::Text("new".into())));
    assert_eq!(stored.get(Field::UseTeamsVoicemail), Some(&Value::Flag(true)));
}

#[tokio::test]
async fn a_number_is_released_with_the_declared_gateway_where_none_is_shown() {
    let house = House::open(&contoso("", &["adele disabled none", "bert enabled"]), |world| {
        let adele = crate::support::user(world, "adele");
        adele.stored = [(Field::PhoneNumber, number("+14255550100"))].into_iter().collect();
        adele.push();
    })
    .await;
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["update adele@contoso.com", "sync contoso"],
        "{}",
        text(&plan)
    );
    assert_ne!(house.user("adele").stored.get(Field::PhoneNumber), Some(&number("+14255550100")));
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn a_wish_that_is_taken_back_is_sent_although_the_list_still_shows_it() {
    let manifests = |calling: &str, tag: &str| {
        contoso(
            "limits: { disable: { percent: 100 } }",
            &[&format!("adele {calling} userTag={tag}"), "bert enabled"],
        )
    };
    let mut house = House::open(&manifests("enabled", "new"), |world| {
        switch(world, "adele", Calling::Disabled);
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
    })
    .await;
    house.sandbox.faults(|faults| faults.visible_after_ms = HOUR);
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["update adele@contoso.com", "enable adele@contoso.com", "sync contoso"]
    );
    // The list still shows the user as disabled: that is not what is.
    house.edit(&[("fleet.yaml", &manifests("disabled", "new"))]);
    let plan = house.plan().await;
    snapshot!(text(&plan));
    assert_eq!(carry_out(&house, &plan).await, ["disable adele@contoso.com", "sync contoso"]);
    assert_eq!(house.user("adele").calling, Calling::Disabled);
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn somebody_pruned_is_not_disabled_again_while_the_list_lags() {
    for (failure, calls) in [
        (None, ["disable visitor@contoso.com", "sync contoso"]),
        (Some(InjectedFault::Lost), ["disable visitor@contoso.com: no answer", "sync contoso"]),
    ] {
        let house = House::open(&contoso("prune: disable", &["adele enabled"]), |world| {
            stranger(world, "contoso", "visitor@contoso.com", Calling::Enabled, &[]);
        })
        .await;
        house.sandbox.faults(|faults| faults.visible_after_ms = HOUR);
        if let Some(failure) = failure {
            house.fault(on(failure, Route::Disable).times(1));
        }
        let plan = house.plan().await;
        assert_eq!(carry_out(&house, &plan).await, calls);
        let plan = house.plan().await;
        snapshot!(if failure.is_some() { "lost" } else { "accepted" }, text(&plan));
        done(&house, &plan).await;
        // After its time, it is sent again.
        assert_eq!(runnable(&house.plan_in(25).await).len(), 1);
        // Seen as disabled, then switched on again by somebody: drift at once.
        house.show_all();
        house.sandbox.faults(|faults| faults.visible_after_ms = 0);
        let plan = house.plan().await;
        assert_eq!(
            carry_out(&house, &plan).await.len(),
            usize::from(failure.is_some()),
            "a lost answer owes a sync again"
        );
        done(&house, &house.plan().await).await;
        house.sandbox.world(|world| switch(world, "visitor", Calling::Enabled));
        assert_eq!(runnable(&house.plan().await).len(), 1);
    }
}

#[tokio::test]
async fn a_lost_answer_freezes_the_user_until_an_observation_decides() {
    let manifests = contoso(
        "",
        &["adele enabled useTeamsVoicemail=true", "bert enabled useTeamsVoicemail=true"],
    );
    let house = House::open(&manifests, |world| {
        store(world, "adele", Field::UseTeamsVoicemail, Value::Flag(false));
        store(world, "bert", Field::UseTeamsVoicemail, Value::Flag(false));
    })
    .await;
    // Carried out, and the list does not show it yet.
    house.sandbox.faults(|faults| faults.visible_after_ms = HOUR);
    house.fault(on(InjectedFault::Lost, Route::Update).user("adele@contoso.com").times(1));
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["update adele@contoso.com: no answer", "update bert@contoso.com", "sync contoso"]
    );
    let plan = house.plan().await;
    snapshot!(text(&plan));
    done(&house, &plan).await;
    assert!(of(&plan, "contoso").needs_attention());
    // Now it does.
    house.show_all();
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["sync contoso"],
        "the last one may have come too early"
    );
    let plan = house.plan().await;
    done(&house, &plan).await;
    assert!(!of(&plan, "contoso").is_held(), "{}", text(&plan));
}

#[tokio::test]
async fn a_lost_call_is_sent_again_after_its_time_and_not_before() {
    let house = House::open(&contoso("", &["adele enabled"]), |world| {
        switch(world, "adele", Calling::Disabled);
    })
    .await;
    house.fault(on(InjectedFault::Dropped, Route::Enable).times(1));
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["enable adele@contoso.com: no answer", "sync contoso"]
    );
    done(&house, &house.plan().await).await;
    done(&house, &house.plan_in(23).await).await;
    let plan = house.plan_in(25).await;
    snapshot!(text(&plan));
    assert_eq!(carry_out(&house, &plan).await, ["enable adele@contoso.com", "sync contoso"]);
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn a_lost_update_of_a_field_that_nobody_sees_does_not_count_as_written() {
    let blind = |settings: &mut dialplane::config::Settings| {
        let row =
            settings.connect_to_teams.as_mut().unwrap().endpoints.list_users.as_mut().unwrap();
        row.fields.remove("userTag").unwrap();
    };
    let house = House::configured(&contoso("", &["adele enabled userTag=sales"]), blind, |world| {
        store(world, "adele", Field::UserTag, Value::Text("old".into()));
    })
    .await;
    // Not carried out, and no list will ever tell.
    house.fault(on(InjectedFault::Dropped, Route::Update).times(1));
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["update adele@contoso.com: no answer", "sync contoso"]
    );
    let plan = house.plan().await;
    snapshot!("lost", text(&plan));
    done(&house, &plan).await;
    done(&house, &house.plan_in(23).await).await;
    let plan = house.plan_in(25).await;
    snapshot!("after_its_time", text(&plan));
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    assert_eq!(house.user("adele").stored.get(Field::UserTag), Some(&Value::Text("sales".into())));
    done(&house, &house.plan().await).await;
}

#[tokio::test]
async fn a_number_that_was_given_and_is_not_shown_yet_is_held_all_the_same() {
    let users = |adele: &str, aaron: &str| {
        contoso("", &[&format!("adele enabled {adele}"), &format!("aaron enabled {aaron}")])
    };
    let mut house = House::open(&users("+14255550102", "none"), |world| {
        store(world, "adele", Field::PhoneNumber, number("+14255550101"));
    })
    .await;
    house.sandbox.faults(|faults| faults.visible_after_ms = HOUR);
    let plan = house.plan().await;
    assert_eq!(carry_out(&house, &plan).await, ["update adele@contoso.com", "sync contoso"]);
    // Lists still show 0101 at adele; 0102 is hers nevertheless, and is released before aaron takes
    // it.
    house.edit(&[("fleet.yaml", &users("+14255550103", "+14255550102"))]);
    let plan = house.plan().await;
    assert_eq!(
        carry_out(&house, &plan).await,
        ["update adele@contoso.com", "update aaron@contoso.com", "sync contoso"]
    );
}
